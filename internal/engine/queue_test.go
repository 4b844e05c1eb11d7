package engine

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/party"
)

// Each party's commands keep their order, nobody waits for more than one command
// of each other party, nothing is lost and nothing is taken beyond the limit. What
// is urgent goes before all of it, in order, and has room of its own.
func TestQueue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := newQueue(rapid.IntRange(1, 20).Draw(t, "max"))
		waiting := map[party.ID][]*request{}
		served := map[party.ID]int{} // by others since the party began to wait
		total := 0
		var urgent []*request
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "push") {
				p := party.ID(fmt.Sprint("uss", rapid.IntRange(1, 4).Draw(t, "party")))
				if rapid.IntRange(0, 5).Draw(t, "urgent") == 0 {
					r := &request{party: p, urgent: true}
					if taken := q.push(r); taken != (len(urgent) < q.max) {
						t.Fatalf("taken %v with %d urgent ones of %d", taken, len(urgent), q.max)
					} else if taken {
						urgent = append(urgent, r)
					}
					continue
				}
				r := &request{party: p}
				if taken := q.push(r); taken != (total < q.max) {
					t.Fatalf("taken %v with %d of %d", taken, total, q.max)
				} else if !taken {
					continue
				}
				total++
				if waiting[p] = append(waiting[p], r); len(waiting[p]) == 1 {
					served[p] = 0
				}
				continue
			}
			r := q.pop()
			if len(urgent) > 0 {
				if r != urgent[0] {
					t.Fatal("something goes before what is urgent")
				}
				urgent = urgent[1:]
				continue
			}
			if (r == nil) != (total == 0) {
				t.Fatalf("popped %v of %d", r, total)
			}
			if r == nil {
				continue
			}
			total--
			if waiting[r.party][0] != r {
				t.Fatalf("%s is served out of order", r.party)
			}
			waiting[r.party] = waiting[r.party][1:]
			served[r.party] = 0
			for p, w := range waiting {
				if p != r.party && len(w) > 0 {
					if served[p]++; served[p] > len(waiting)-1 {
						t.Fatalf("%s waits while others are served %d times", p, served[p])
					}
				}
			}
			if q.len() != total+len(urgent) {
				t.Fatalf("%d wait, want %d and %d urgent ones", q.len(), total, len(urgent))
			}
		}
		if n := len(q.of); n != len(slices.Compact(slices.Sorted(slices.Values(q.turns)))) || n != len(q.turns) {
			t.Fatalf("%d parties, turns %v", n, q.turns)
		}
	})
}
