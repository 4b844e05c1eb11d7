package f3548

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/auth"
)

func createText(t testing.TB) string {
	t.Helper()
	text, err := json.Marshal(intentBody())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Whatever is sent, the answer is none of the server's faults, no redirect, and
// JSON; a refusal has a message and leaves no entry.
func FuzzRequest(f *testing.F) {
	n := newNode(f, Limits{})
	all := with("uss-alpha", auth.ScopeStrategicCoordination, auth.ScopeConstraintManagement, auth.ScopeConstraintProcessing,
		auth.ScopeConformanceMonitoring, auth.ScopeAvailability)
	ovn := n.create(all, 1, intentBody())
	f.Add(uint8(2), oir+id(2), createText(f))
	f.Add(uint8(2), oir+id(1)+"/"+ovn, createText(f))
	f.Add(uint8(1), oir+"query", `{"area_of_interest":{"volume":{"outline_circle":{"center":{"lat":45,"lng":10},"radius":{"value":100,"units":"M"}}}}}`)
	f.Add(uint8(2), sub+id(3), `{"extents":{"volume":{"outline_circle":{"center":{"lat":-90,"lng":180},"radius":{"value":1e3,"units":"M"}}}},"uss_base_url":"https://a.example","notify_for_constraints":true}`)
	f.Add(uint8(2), cr+id(3), createText(f))
	f.Add(uint8(2), "/dss/v1/uss_availability/x", `{"old_version":"","availability":"Normal"}`)
	f.Add(uint8(1), "/dss/v1/reports", `{"exchange":{"url":"u","method":"GET","recorder_role":"Client","request_time":{"value":"2026-03-01T10:00:00Z","format":"RFC3339"}}}`)
	f.Add(uint8(3), oir+id(1)+"/", "")
	f.Add(uint8(0), oir+"%2e%2e/%00", "")
	methods := []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions}
	f.Fuzz(func(t *testing.T, method uint8, path, body string) {
		if len(path)+len(body) > 64<<10 {
			return
		}
		u, err := url.ParseRequestURI(path)
		if err != nil || !strings.HasPrefix(path, "/") {
			return
		}
		before := n.dss.Engine.Head().Size
		r, err := http.NewRequest(methods[int(method)%len(methods)], "http://node.example/", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.URL.Path, r.URL.RawPath = u.Path, u.RawPath
		r.Header.Set("Authorization", string(all))
		got := n.serve(r)
		switch {
		case got.status >= 500, got.status >= 300 && got.status < 400:
			t.Fatalf("status %d: %s", got.status, got.text)
		case got.body == nil, !utf8.ValidString(got.text):
			t.Fatalf("no JSON object: %s", got.text)
		case got.status >= 400 && (got.str("message") == "" || n.dss.Engine.Head().Size != before):
			t.Fatalf("a refusal without words, or that changed something: %s", got.text)
		}
	})
}

// What a create costs beside the engine: reading, coarsening, and writing the
// answer.
func BenchmarkCreate(b *testing.B) {
	n := newNode(b, Limits{})
	text := createText(b)
	entity := airspace.ID{6: 0x40, 8: 0x80, 15: 1}
	caller, err := n.dss.Verifier.Verify(b.Context(), string(alpha))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r, _ := http.NewRequest("PUT", "http://node.example"+oir+id(1), strings.NewReader(text))
			if _, err := n.dss.parseIntent(&call{Request: r, caller: caller}, entity, ""); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("answer", func(b *testing.B) {
		b.ReportAllocs()
		c := &call{caller: caller}
		change := airspace.IntentChange{
			Intent: airspace.IntentView{ID: entity, Manager: caller.Party, Version: 1, State: airspace.Accepted, OVN: "0123456789abcdef012345", URL: "https://alpha.example.net/utm", EndNS: 1e18},
			Subscribers: []airspace.Subscriber{
				{URL: "https://alpha.example.net/utm", Notices: []airspace.Notice{{Subscription: entity, Index: 1}}},
				{URL: "https://bravo.example.net/utm", Notices: []airspace.Notice{{Subscription: entity, Index: 7}}},
			},
		}
		r, _ := http.NewRequest("PUT", "http://node.example"+oir+id(1), nil)
		for b.Loop() {
			n.dss.answer(discard{}, r, http.StatusCreated, c.intentChange(change))
		}
	})
	b.Run("refused at once", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r, _ := http.NewRequest("PUT", "http://node.example"+oir+id(1), strings.NewReader(`{}`))
			r.Header.Set("Authorization", string(alpha))
			n.dss.ServeHTTP(discard{}, r)
		}
	})
}

// discard is an answer that nobody reads.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}
