package channel

import (
	"fmt"
	"testing"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// flood sends messages between as many parties, one a millisecond, each of which
// is opened at once and so ends. It returns the instant after the last.
func flood(st *State, parties, messages int) (ns int64) {
	numbers := map[direction]int64{}
	for i := range messages {
		ns = int64(i+1) * 1_000_000
		d := direction{party.ID(fmt.Sprint("p", i%parties)), party.ID(fmt.Sprint("q", i/parties%parties))}
		numbers[d]++
		m := Dispatch{
			ID: fmt.Sprint("m", i), From: d.from, To: d.to, Number: numbers[d], ToPosition: "watch", Type: TypeWarn, Precedence: Priority,
			RespondBy: statement.Instant(ns + 1e9), ValidUntil: statement.Instant(ns + MaxValidNS),
		}
		st.Apply(&Sent{m}, event.At{NS: ns, Index: int64(2 * i)})
		between := Between{Message: m.ID, From: m.From, To: m.To}
		st.Apply(&Progressed{Between: between, Hand: Hand{By: m.To}, Step: StepOpened, Ending: AsOpened}, event.At{NS: ns, Index: int64(2*i + 1)})
	}
	return ns
}

// What ended is kept up to a number, and nothing else of it stays: neither in the
// calendar nor in the lists of what ended. A day later all is forgotten, a little
// with each event.
func TestMemoryIsBounded(t *testing.T) {
	st := New()
	ns := flood(st, 5, KeepAll+30_000)
	check := func(most int) {
		t.Helper()
		held := 0
		for _, s := range st.series {
			held += len(s.ended)
			if len(s.ended) > KeepMost {
				t.Fatalf("%d ended messages of one direction are kept, expected at most %d", len(s.ended), KeepMost)
			}
		}
		if len(st.messages) > most || held > most || st.kept > most || len(st.ended) > 2*most+64 || len(st.calendar.entries) > 64 {
			t.Fatalf("%d messages, %d in directions, %d kept of %d ended, %d in the calendar, of at most %d",
				len(st.messages), held, st.kept, len(st.ended), len(st.calendar.entries), most)
		}
		if len(st.outgoing) > 0 || st.live != 0 {
			t.Fatalf("%d are taken for open: %v", st.live, st.outgoing)
		}
	}
	check(KeepAll)
	for i := range KeepAll/pruneMost + 1 {
		st.Apply(&UndertakingLate{}, event.At{NS: ns + KeepNS + int64(i)})
	}
	check(0)
}

// A party that floods all others runs into a limit of its own, below which
// nothing is that is urgent.
func TestOpenMessagesOfAParty(t *testing.T) {
	d := &desk{TB: t, st: New(), roster: newRoster(), rules: terms.Default([2]party.ID{north, east}), now: 1}
	view, by := d.view(), registry.Authority{Party: north, Level: party.Watch, Person: "w1"}
	try := func(p Precedence) error {
		_, err := d.st.Decide(&party.Act{Statement: party.Statement{Party: north}, Content: warn(east, p)}, by, view, d.env())
		return err
	}
	d.st.outgoing[north] = MaxOpenAll - 1
	if err := try(Immediate); err != nil {
		t.Errorf("below the limit: %v", err)
	}
	d.st.outgoing[north] = MaxOpenAll
	if try(Immediate) == nil || try(Flash) != nil {
		t.Error("at the limit, expected a FLASH to be taken and nothing less")
	}
	d.st.outgoing[north] = MaxOpenAllFlash
	if try(Flash) == nil {
		t.Error("at the limit of FLASH, expected a refusal")
	}
}

// A deadline costs the same however many messages were closed.
func BenchmarkDeadline(b *testing.B) {
	for _, closed := range []int{0, 100_000} {
		b.Run(fmt.Sprintf("closed=%d", closed), func(b *testing.B) {
			st := New()
			flood(st, 20, closed)
			for b.Loop() {
				st.Deadline()
			}
		})
	}
}
