package world

import (
	"errors"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/notice"
	"github.com/deconflict/deconflict/internal/offer"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
)

// What follows from a command may fail, as every program does: the command
// stands, the rest goes on, and it is told.
func TestAFaultOfAReaction(t *testing.T) {
	n := newNode(t)
	applied := 0
	c := carrier{st: n.st, left: 100, apply: func(ev Event) error {
		if _, ok := ev.(*notice.Ended); ok {
			return errors.New("too long for the journal")
		}
		applied++
		return nil
	}}
	if events := c.react(func(*State, event.Env) []event.Event { panic("a fault") }); events != nil || len(c.faults) != 1 {
		t.Errorf("a reaction that panics gives %v and the faults %v", events, c.faults)
	}
	c.carry([]Event{&registry.Lapsed{}, &notice.Ended{}, &registry.Lapsed{}})
	if applied != 1 || len(c.faults) != 2 || !strings.Contains(c.faults[1].Error(), "too long") {
		t.Errorf("%d events applied, faults %v", applied, c.faults)
	}
}

// The fault of one domain holds up nothing of the others.
func TestOverdueOfEachDomain(t *testing.T) {
	n := newNode(t)
	for i := range n.st.deadlines {
		n.st.deadlines[i] = deadline{known: true}
	}
	n.st.deadlines[1] = deadline{ns: noonNS - 1, ok: true, known: true}
	n.st.deadlines[3] = deadline{ns: noonNS - 2, ok: true, known: true}
	n.st.deadlines[4] = deadline{ns: noonNS + 1, ok: true, known: true}
	n.st.deadlines[len(domains)] = deadline{ns: noonNS, ok: true, known: true}
	asked := ""
	for _, i := range []int{1, 3, 4} {
		was := domains[i]
		t.Cleanup(func() { domains[i] = was })
		domains[i].due = func(*State, event.Env) []event.Event { asked += was.name + " "; return nil }
	}
	overdue := n.st.Overdue(noonNS)
	for _, due := range overdue {
		if events, err := due(n.st, event.Env{NowNS: noonNS}); len(events) != 0 || err != nil {
			t.Errorf("%v, %v", events, err)
		}
	}
	if want := domains[3].name + " " + domains[1].name + " "; asked != want || len(overdue) != 3 {
		t.Errorf("asked %q and %d in all, want %qand the airspace", asked, len(overdue), want)
	}
}

// A time that is computed from what others say may lie before all that they can
// say: the journal is read back all the same.
func TestComputedTimesAreReadBack(t *testing.T) {
	var first statement.Instant
	if err := first.UnmarshalText([]byte("1900-01-01T00:00:00Z")); err != nil {
		t.Fatal(err)
	}
	n := newNode(t)
	n.apply(&offer.Conflicted{Conflict: offer.Conflict{Start: first, EscalateAt: first - 1}}) // fails when it is read otherwise
}
