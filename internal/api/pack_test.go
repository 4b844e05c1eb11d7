package api

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/outline"
)

// busy declares something of everybody and returns how many entries that made.
func (n *node) busy() int64 {
	at := n.circle(47.4, 8.5, 100)
	for range 5 {
		n.intent("uss-alpha", at)
		n.intent("uss-bravo", at)
		n.subscription("uss-alpha", at)
		n.constraint("rangers", at)
	}
	return n.engine.Head().Size
}

// judge runs the verifier that shares no code with this program.
func judge(t *testing.T, pack []byte, key string) {
	t.Helper()
	for _, program := range []string{"python3", "openssl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Logf("not judged by verify_pack.py: there is no %s", program)
			return
		}
	}
	name := filepath.Join(t.TempDir(), "pack")
	if err := os.WriteFile(name, pack, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("python3", "../../contrib/verify/verify_pack.py", "--key", key, name).CombinedOutput()
	if err != nil || !bytes.HasPrefix(out, []byte("GOOD ")) {
		t.Errorf("verify_pack.py: %v: %s", err, out)
	}
}

// A pack holds every entry of its range, shows of each what is released to the
// caller and nothing else, and both verifiers find it good.
func TestPacksShowWhatIsReleased(t *testing.T) {
	n := newNode(t)
	size := n.busy()
	key := n.engine.Journal().VerifierKey()
	for who, reader := range map[bearer]airspace.Reader{
		alpha:    {Party: "uss-alpha", Intents: true},
		onlooker: {Party: "onlooker", Intents: true},
		ranger:   {Party: "rangers", Constraints: true},
		arbiter:  {Party: "arbiter"},
	} {
		for query, span := range map[string][2]int64{
			"": {0, size}, "?from=3": {3, size}, "?to=7": {0, 7}, "?from=3&to=11": {3, 11}, "?from=4&to=5": {4, 5}, "?from=6&to=6": {6, 6},
		} {
			w := n.do(who, "GET", "/v1/packs"+query)
			if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/jsonl" {
				t.Fatalf("%s as %s: %d %v", query, who, w.Code, w.Header())
			}
			pack := w.Body.Bytes()
			shown := map[int64][]string{}
			got, err := journal.VerifyPack(bytes.NewReader(pack), key, func(e journal.PackEntry) error {
				names := []string{}
				for _, f := range e.Fields {
					names = append(names, f.Name)
				}
				shown[e.Index] = names
				return nil
			})
			if err != nil || got.From != span[0] || got.To != span[1] || got.Head.Size != size {
				t.Errorf("%s as %s: %+v, %v", query, who, got, err)
			}
			err = n.engine.Journal().Read(t.Context(), span[0], span[1], func(r journal.Record) error {
				if want := airspace.Release(r.Event, reader); !slices.Equal(shown[r.Index], want) {
					t.Errorf("%s as %s: entry %d shows %v, want %v", query, who, r.Index, shown[r.Index], want)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if query == "?from=3&to=11" {
				judge(t, pack, key)
			}
		}
	}
}

func TestPackOfAnEmptyJournal(t *testing.T) {
	n := newNode(t)
	w := n.do(alpha, "GET", "/v1/packs")
	if pack, err := journal.VerifyPack(w.Body, n.engine.Journal().VerifierKey(), nil); err != nil || pack.Head.Size != 0 {
		t.Errorf("%+v, %v", pack, err)
	}
	if w := n.do(alpha, "HEAD", "/v1/packs"); w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("HEAD: %d %q", w.Code, w.Body)
	}
}

// No range is cut to what fits: it is taken whole or refused.
func TestPackRanges(t *testing.T) {
	const size = 250_000
	for query, want := range map[string][2]int64{
		"from=150000":           {150_000, size},
		"to=100000":             {0, 100_000},
		"from=249999&to=250000": {249_999, size},
		"from=250000":           {size, size},
	} {
		p, _ := url.ParseQuery(query)
		from, to, err := packRange(p, size)
		if err != nil || from != want[0] || to != want[1] {
			t.Errorf("%s: %d to %d, %v", query, from, to, err)
		}
	}
	for query, want := range map[string]string{
		"":                       "found 250000 entries asked for, expected at most 100000 in a pack: begin with from=0&to=100000 and go on",
		"from=149999":            "found 100001 entries asked for, expected at most 100000 in a pack: begin with from=149999&to=249999 and go on",
		"from=2&to=1":            "found from=2 and to=1",
		"to=250001":              `to: found "250001", expected a number from 0 to the journal's size 250000`,
		"from=-1":                `from: found "-1"`,
		"from=":                  `from: found nothing`,
		"from=01":                `from: found "01"`,
		"to=9223372036854775808": `to: found "9223372036854775808"`,
	} {
		p, _ := url.ParseQuery(query)
		var problem Problem
		if _, _, err := packRange(p, size); !errors.As(err, &problem) || problem.Status != 400 || !strings.Contains(problem.Detail, want) {
			t.Errorf("%s: %v, want %q", query, err, want)
		}
	}
}

// broken is a connection that ends behind its first bytes.
type broken struct {
	httptest.ResponseRecorder
	left int
}

func (b *broken) Write(data []byte) (int, error) {
	if b.left--; b.left < 0 {
		return 0, errors.New("the connection is gone")
	}
	return b.ResponseRecorder.Write(data)
}

// A pack that cannot be finished must not look as if it were: the connection is
// cut.
func TestPackThatFailsIsCutOff(t *testing.T) {
	n := newNode(t)
	n.constraint("rangers", slices.Repeat([]outline.Volume{n.circle(47.4, 8.5, 300)}, 300)...)
	n.busy()
	r := httptest.NewRequest("GET", "/v1/packs", nil)
	r.Header.Set("Authorization", string(with("rangers", auth.ScopeConstraintManagement)))
	w := &broken{ResponseRecorder: *httptest.NewRecorder(), left: 1}
	defer func() {
		if failure := recover(); failure != http.ErrAbortHandler {
			t.Errorf("ended with %v, want http.ErrAbortHandler", failure)
		}
		if _, err := journal.VerifyPack(w.Body, "", nil); err == nil {
			t.Error("what was sent looks like a whole pack")
		}
	}()
	n.handler.ServeHTTP(w, r)
}
