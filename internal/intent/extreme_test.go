package intent

import (
	"testing"

	"github.com/deconflict/deconflict/internal/statement"
)

// An intent may begin further ahead than a canonical integer can say in
// nanoseconds: its receipt is written down all the same.
func TestTheReceiptOfAnIntentFarAhead(t *testing.T) {
	n := pair(t, nil)
	far := around(t, 0)
	far.Start += 300 * 24 * hourNS
	far.End += 300 * 24 * hourNS
	a := n.declare(nc, alias(plan("other", volumes(far)), "A"))
	ack := n.must(el, &Acknowledge{ID: a.ID, Version: 1, Step: Received})[0].(*Acknowledged)
	if ack.LeadNS != statement.MaxInteger {
		t.Errorf("found the lead %d, want the most that can be said", ack.LeadNS)
	}
}
