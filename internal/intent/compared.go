package intent

import (
	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/volume"
)

// InConflict is the outcome between what files hold: there are neither ranks nor
// agreements, so nothing more follows.
const InConflict Outcome = "conflict"

// Compared returns a conflict of what a file holds with another such thing.
func Compared(c *conflict.Verdict, other *volume.Entity) Verdict {
	v := Verdict{Against: AgainstIntent, ID: other.ID, Party: party.ID(other.Party), Outcome: InConflict, Required: requiredOf(c.Minima, 100)}
	if other.Kind == volume.Constraint {
		v.Against = AgainstZone
	}
	v.Measure, v.From, v.To = measureOf(c)
	return v
}
