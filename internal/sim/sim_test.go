package sim

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
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
	listen, private := "127.0.0.1:0", "127.0.0.1:0"
	var process *program.Process
	var node Node
	run := func(at time.Time) (err error) {
		cmd := exec.Command(binary, "serve", "--data", data, "--listen", listen, "--debug-listen", private,
			"--builtin-issuer", "--log-format", "json", "--clock", at.Format(time.RFC3339))
		if process, err = program.Start(cmd); err != nil {
			return err
		}
		if node.URL, err = process.URL(t.Context()); err != nil {
			return err
		}
		// An answer comes after all that the program says when it starts.
		answer, err := http.Get(node.URL + "/readyz")
		if err != nil {
			return err
		}
		_ = answer.Body.Close()
		debug := regexp.MustCompile(`metrics on (\S+)/metrics`).FindStringSubmatch(process.Said())
		if debug == nil {
			return errors.New("the program does not say where its private listener is")
		}
		node.Debug = debug[1]
		return nil
	}
	if err := run(s.Begins()); err != nil {
		t.Fatal(err)
	}
	listen, private = strings.TrimPrefix(node.URL, "http://"), strings.TrimPrefix(node.Debug, "http://")
	t.Cleanup(func() {
		if err := process.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(process.Last(4000))
		}
	})
	issuer, err := auth.NewIssuer(filepath.Join(data, "keys", "issuer.key"), auth.IssuerName)
	if err != nil {
		t.Fatal(err)
	}
	node.Token = func(id party.ID, role, person string) (string, error) {
		return issuer.MintAs(id, auth.Standing{Role: role, Person: person}, "localhost", auth.Scopes, time.Hour)
	}
	node.Restart = func(at time.Time) error {
		if err := process.Stop(); err != nil {
			return err
		}
		return run(at)
	}
	node.Verify = func(pack []byte) error {
		verify := exec.CommandContext(t.Context(), binary, "log", "verify", "-")
		verify.Stdin = bytes.NewReader(pack)
		if said, err := verify.CombinedOutput(); err != nil {
			return fmt.Errorf("log verify: %w\n%s", err, said)
		}
		return nil
	}
	return node
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
