package bearer

import (
	"testing"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
)

// No body, however made, stops the program.
func FuzzBodies(f *testing.F) {
	f.Add("bearer.test", []byte(`{"bearer":"phone","to":"compact"}`))
	f.Add("bearer.answer", []byte(`{"challenge":"x","clock":{"error_ns":1,"source":"ntp"},"delay_ms":0,"position":"watch","readability":5,"test":"x"}`))
	f.Add("bearer.heartbeat", []byte(`{"seen":0,"state":"0000000000000000000000000000000000000000000000000000000000000001"}`))
	f.Add("bearer.cause", []byte(`{"bearer":"heartbeat","cause":"technical","from":"league","to":"compact"}`))
	f.Add("bearer.announce", []byte(`{"bearer":"phone","cause":"deliberate","from":"2026-03-01T00:00:00Z","to":"compact","until":"2027-03-01T00:00:00Z"}`))
	f.Fuzz(func(t *testing.T, act string, text []byte) {
		kind, ok := Acts[act]
		if !ok || len(text) > 64<<10 {
			return
		}
		body := kind.New()
		if statement.Unmarshal(text, body) != nil {
			return
		}
		if body.(interface{ Check() error }).Check() != nil {
			return
		}
		n := newTrial(t)
		n.follow("league", "compact")
		n.until(at(6, 0, 0))
		a := &party.Act{Statement: party.Statement{Party: "league", At: statement.Instant(n.now)}, Content: body}
		events, err := n.st.Decide(a, registry.Authority{Party: "league", Custody: party.Held}, n.view, n.env())
		if err != nil {
			return
		}
		n.apply(events)
		n.until(at(7, 0, 0))
		n.check()
	})
}
