package notice

import (
	"fmt"
	"testing"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
)

// A notifier has so many notices that have not ended, and no more; what others
// have, and what has ended, counts for nothing.
func TestNoticesAreBounded(t *testing.T) {
	b := newBench(t)
	good := &Declare{Content: hospital(right, source("gnss", right, 10_000), source("map", right, 50_000)), Consent: []party.ID{nc}}
	for i := range MaxStanding - 1 {
		id := fmt.Sprint("n", i)
		b.st.notices[id] = &Notice{ID: id, Notifier: hr, Standing: Told, Content: &good.Content}
	}
	b.st.notices["over"] = &Notice{ID: "over", Notifier: hr, Standing: Over, Content: &good.Content}
	b.st.notices["other"] = &Notice{ID: "other", Notifier: el, Standing: Told, Content: &good.Content}
	b.do(hr, good)
	b.refused(event.NotNow, hr, good)
}
