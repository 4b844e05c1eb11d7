package intent

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
)

// FuzzActs: any body of any act is refused, or decided into events that the
// journal can hold and that give the same state from it.
func FuzzActs(f *testing.F) {
	kinds := slices.Sorted(maps.Keys(Acts))
	seed := func(kind string, body any) {
		text, err := json.Marshal(body)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(slices.Index(kinds, kind), text)
	}
	seed("intent.declare", Declare{Plan: n204(f, 9000, "08:45")})
	seed("intent.declare", Declare{Plan: e88(f)})
	seed("zone.declare", ZoneDeclare{Zone: restriction(f, "14:00")})
	seed("intent.report", Report{About: "a", Origin: "b", Grade: "press", Shape: h17(f).Shape})
	seed("intent.end", End{ID: "x"})
	f.Fuzz(func(t *testing.T, kind int, data []byte) {
		if len(data) > 64<<10 || kind < 0 || kind >= len(kinds) {
			return
		}
		canonical, err := statement.Canonical(data)
		if err != nil {
			return
		}
		body := Acts[kinds[kind]].New()
		if statement.Unmarshal(canonical, body) != nil || body.(interface{ Check() error }).Check() != nil {
			return
		}
		n := varanth(t, "02:00")
		n.declare(hr, h17(t))
		if _, err := n.tryAs(registry.Authority{Party: nc, Person: "w1", Level: party.Duty}, body); err != nil {
			if _, ok := err.(*event.Refusal); !ok {
				t.Fatalf("refused with %T", err)
			}
			return
		}
		n.settle()
		back := &State{}
		text := written(t, n.st)
		if err := json.Unmarshal(text, back); err != nil {
			t.Fatal(err)
		}
		if again := written(t, back); string(again) != string(text) {
			t.Fatalf("a snapshot reads as another state:\n%s\n%s", text, again)
		}
	})
}
