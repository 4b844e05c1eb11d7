package incident

import (
	"fmt"
	"testing"

	"github.com/deconflict/deconflict/internal/event"
)

// A party has so many open incidents that it reported, and no more; those of
// others, those that opened themselves and those that are over do not count.
func TestReportsAreBounded(t *testing.T) {
	b := newBench(t)
	put := func(id string, in Incident) { b.st.incidents[id] = &in }
	for i := range MaxReported - 1 {
		put(fmt.Sprint("i", i), Incident{Opening: Opened{Head: Head{By: hr}}})
	}
	put("over", Incident{Opening: Opened{Head: Head{By: hr}}, Over: true})
	put("other", Incident{Opening: Opened{Head: Head{By: nc}}})
	put("machine", Incident{})
	report := &Report{Kind: Crew, At: b.now - 1, Text: "came close"}
	b.do(hr, report)
	b.refused(event.NotNow, hr, report)
	b.do(nc, report)
}
