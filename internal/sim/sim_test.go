package sim

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/program"
)

// start runs the real program with a clock that the play sets.
func start(t *testing.T, s *Scenario) Node {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "deconflict")
	if err := program.Build(t.Context(), binary); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "node")
	begins := (&Play{Scenario: s}).instant(s.Start)
	cmd := exec.Command(binary, "serve", "--data", data, "--listen", "127.0.0.1:0", "--debug-listen", "127.0.0.1:0",
		"--builtin-issuer", "--log-format", "json", "--clock", begins.Format(time.RFC3339))
	process, err := program.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := process.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(process.Last(4000))
		}
	})
	url, err := process.URL(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := auth.NewIssuer(filepath.Join(data, "keys", "issuer.key"), auth.IssuerName)
	if err != nil {
		t.Fatal(err)
	}
	// An answer comes after all that the program says when it starts.
	if answer, err := http.Get(url + "/readyz"); err != nil {
		t.Fatal(err)
	} else {
		_ = answer.Body.Close()
	}
	debug := regexp.MustCompile(`metrics on (\S+)/metrics`).FindStringSubmatch(process.Said())
	if debug == nil {
		t.Fatal("the program does not say where its private listener is")
	}
	return Node{URL: url, Debug: debug[1], Token: func(id party.ID, role, person string) (string, error) {
		return issuer.MintAs(id, auth.Standing{Role: role, Person: person}, "localhost", auth.Scopes, time.Hour)
	}}
}

// play plays a scenario and fails where a row does not show what it must.
func play(t *testing.T, s *Scenario) {
	if testing.Short() {
		t.Skip("builds and runs the program")
	}
	node := start(t, s)
	checks := 0
	err := Run(t.Context(), s, node, func(r *Row) {}, func(c Check) {
		checks++
		switch {
		case !c.OK:
			t.Errorf("%s, %s: %s: %s", c.Row.At, c.Row.Event, c.What, c.Got)
		case os.Getenv("DECONFLICT_PLAY") != "":
			t.Logf("%s: %s %s", c.Row.At, c.What, c.Got)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if checks < len(s.Rows) {
		t.Errorf("%d rows showed %d things", len(s.Rows), checks)
	}
}

func TestVaranth(t *testing.T) { play(t, Varanth()) }
