package intent

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// TestChangesAreTold: whenever what a party is shown of an intent has another
// version or state than before, an event that it is shown names the intent. Who
// follows the events needs to ask again for nothing else.
func TestChangesAreTold(t *testing.T) {
	seen := map[Phase]int{}
	rapid.Check(t, func(rt *rapid.T) {
		w := &walk{varanth(t, "06:00"), rt}
		shown := func() map[party.ID]map[string]string {
			all := map[party.ID]map[string]string{}
			for _, to := range actors {
				all[to] = map[string]string{}
				for id := range w.st.intents {
					if s, ok := w.st.Sight(id, to); ok {
						all[to][id] = fmt.Sprint(s.Version, " ", s.State)
					}
				}
			}
			return all
		}
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			before := shown()
			old := len(w.events)
			if w.draw(2, "in one place") == 0 {
				p := plan(rapid.SampledFrom([]string{"humanitarian", "routine"}).Draw(rt, "rank"), volumes(circle(t, 12.2, -29.8, 2, 5000, 6000, "06:00", "07:00")))
				_, _ = w.try(rapid.SampledFrom(actors).Draw(rt, "by"), &Declare{Plan: p, ReadSet: w.tokens()})
			} else {
				w.step()
			}
			w.settle()
			for to, list := range shown() {
				for id, now := range list {
					if was := before[to][id]; was != now && !w.told(w.events[old:], to, id) {
						rt.Fatalf("%s was shown %q of %s of %s, now %q, and was told nothing", to, was, id, w.st.intents[id].Owner, now)
					}
				}
				for id := range before[to] {
					if list[id] == "" && !w.told(w.events[old:], to, id) {
						rt.Fatalf("%s is shown %s no more, and was told nothing", to, id)
					}
				}
			}
			for id, r := range w.st.intents {
				for to := range before {
					if to != r.Owner && before[to][id] != shown()[to][id] {
						seen[r.State]++
					}
				}
			}
		}
	})
	for _, state := range []Phase{Accepted, Activated, GivesWay, Ended} {
		if seen[state] == 0 && !testing.Short() {
			t.Errorf("no intent became %s before others' eyes", state)
		}
	}
}

// told tells whether a party is shown the id of an intent in one of some events.
func (w *walk) told(events []event.Event, to party.ID, id string) bool {
	for _, ev := range events {
		fields, err := statement.Fields(event.Encode(nil, ev, w.now))
		if err != nil {
			w.t.Fatal(err)
		}
		names := ev.Release(to)
		for _, f := range fields {
			if (slices.Contains(names, f.Name) || slices.Equal(names, event.Whole)) && string(f.Value) == strconv.Quote(id) {
				return true
			}
		}
	}
	return false
}
