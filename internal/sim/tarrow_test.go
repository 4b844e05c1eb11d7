package sim

import (
	"slices"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/channel"
	"github.com/deconflict/deconflict/internal/intent"
)

func TestTarrow(t *testing.T) { play(t, Tarrow()) }

// What would have happened, had nobody at Ridgeline answered: air attack is
// warned of where R-31 may be.
func TestTarrowUnanswered(t *testing.T) {
	s := Tarrow()
	last := slices.IndexFunc(s.Rows, func(r Row) bool { return r.At == "D 02:30" })
	s.Rows = append(s.Rows[:last:last], Row{"D 02:30", "R-1 comes into force, and nobody answers", "", func(p *Play) {
		agency := p.actor(tfa)
		z := agency.zone("R-1")
		agency.does("zone.activate", intent.ZoneActivate{ID: z.ID, Token: z.Token}, "tfa-watch")
		p.settle()
		only[channel.Sent](p.actor(ridgeline), "it is displaced", nil)
		p.clock("D 02:39:59")
		equal(p, "warnings before the time to answer is over", len(agency.inbox("channel.sent")), 0)
		p.clock("D 02:40")
		warned := only[channel.Sent](agency, "nobody answers for R-31", nil).Event
		equal(p, "as", warned.Precedence, channel.Flash)
		equal(p, "about", warned.Ref, p.names["R-31"])
		equal(p, "to", warned.ToPosition, "air-attack")
		p.check(strings.Contains(warned.Text, "451648S1303000W"), "with its last volume", warned.Text)
	}})
	play(t, s)
}
