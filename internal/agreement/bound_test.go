package agreement

import (
	"fmt"
	"testing"

	"github.com/deconflict/deconflict/internal/event"
)

// A party has so many unsigned agreements of its own on the table, and so many
// that came to nothing, whoever countered them: texts are long.
func TestUnsignedAgreementsAreBounded(t *testing.T) {
	for _, c := range []struct {
		most int
		open int64
	}{{maxDrafts, 2}, {maxUnsigned, 0}} {
		n := newNode(t)
		put := func(id string, a agreement) {
			a.ID = id
			a.Versions = []*version{{Number: 1, By: north}, {Number: 2, By: north}}
			n.st.agreements[id] = &a
		}
		for i := range c.most - 1 {
			put(fmt.Sprint("a", i), agreement{Open: c.open})
		}
		put("signed", agreement{Steps: []Step{{State: FullySigned}}, Open: c.open})
		n.do(north, propose(m1()))
		other := m1()
		other.ID = "M2"
		if n.st.agreements["M1"] == nil {
			t.Fatal("the test proposes another id than it thinks")
		}
		if c.open == 0 {
			n.do(north, &Withdraw{Agreement: "M1", Version: m1().Hash()})
		}
		n.refused(event.NotNow, north, propose(other))
	}
}
