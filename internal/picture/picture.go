// Package picture draws conflicts, because people look before they read: for
// each a plan view and an altitude–time profile, as one SVG drawing that needs
// nothing from outside the file. In the same way it draws what an operator may
// do about its conflicts: a plan as declared, and each alternative to it.
//
// It draws what verdicts and entities say and decides nothing. Distances are
// true from the middle of each plan; altitudes are those that were compared,
// above mean sea level or above the WGS84 ellipsoid.
package picture

import (
	"fmt"
	"io"
	"math"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/volume"
)

// Conflict is a verdict with the entities it is about.
type Conflict struct {
	Verdict *conflict.Verdict
	A, B    *volume.Entity // A is the verdict's A
}

// name returns the id of a side, short enough for a label.
func (c *Conflict) name(side int) string {
	if side == 1 {
		return shorten(c.Verdict.B.ID, 30)
	}
	return shorten(c.Verdict.A.ID, 30)
}

// DefaultPanels is how many conflicts are drawn when Options leaves it open.
const DefaultPanels = 12

// Options say how to draw. The zero value is usable.
type Options struct {
	Units Units
	// MaxPanels bounds the number of conflicts drawn; 0 means DefaultPanels.
	// How many were left out is stated on the drawing.
	MaxPanels int
}

// Layout of the drawing, in pixels.
const (
	pageWidth   = 1160
	margin      = 24
	headHeight  = 84 // title and sentences of a panel
	frameHeight = 420
	planWidth   = 540
	profileLeft = planWidth + margin + 84
	panelHeight = headHeight + frameHeight + 74
	footHeight  = 40
)

// Write draws the conflicts in the order given; every verdict must be one of
// conflict. The result is the same for the same input.
func Write(w io.Writer, conflicts []Conflict, opt Options) error {
	limit := opt.MaxPanels
	if limit <= 0 {
		limit = DefaultPanels
	}
	opt.Units = opt.Units.orMetric()
	drawn := conflicts[:min(limit, len(conflicts))]
	c := &canvas{}
	y := float64(margin)
	for i := range drawn {
		drawPanel(c, y, i, drawn[i], opt.Units)
		y += panelHeight
	}
	left := len(conflicts) - len(drawn)
	note := "Times are UTC."
	switch {
	case len(conflicts) == 0:
		note = "No conflict to draw."
	case left > 0:
		note = fmt.Sprintf("%d of %d conflicts drawn; %d not drawn. %s", len(drawn), len(conflicts), left, note)
	}
	c.text(point{margin, y + 6}, 13, "start", inkColour, "", note)
	title := fmt.Sprintf("%d conflicts", len(conflicts))
	if len(conflicts) == 1 {
		title = "1 conflict"
	}
	return c.writeTo(w, pageWidth, y+footHeight-margin+4, title)
}

// drawPanel draws conflict number panel with its head at height y.
func drawPanel(c *canvas, y float64, panel int, cf Conflict, u Units) {
	v := PlanFirst(cf.Verdict)
	if v != cf.Verdict {
		cf = Conflict{v, cf.B, cf.A}
	}
	cf, above := asCompared(cf)
	title := fmt.Sprintf("%s and %s conflict, %s", shorten(nameOf(v.A), 44)+zoneOf(v.A), shorten(nameOf(v.B), 44)+zoneOf(v.B), Span(v.FromNS, v.ToNS))
	size := math.Min(18, 18*(pageWidth-2*margin)/(1.06*textWidth(title, 18))) // bold runs wider
	c.text(point{margin, y + 14}, size, "start", inkColour, `font-weight="bold"`, title)
	line := y + 38
	for _, s := range [][2]string{{"Lateral: ", u.LateralWords(v)}, {"Vertical: ", u.VerticalWords(v)}} {
		if s[1] == "" {
			continue
		}
		c.text(point{margin, line}, 13.5, "start", inkColour, "", s[0]+s[1]+".")
		line += 19
	}
	if v.WithinTolerance {
		c.text(point{margin, line}, 13.5, "start", dangerColour, `font-weight="bold"`,
			"Within numeric tolerance: the separation may just be kept.")
	}
	frameTop := y + headHeight
	drawPlan(c, box{margin, frameTop, margin + planWidth, frameTop + frameHeight}, panel, cf, u)
	drawProfile(c, box{profileLeft, frameTop, pageWidth - margin, frameTop + frameHeight}, panel, cf, u, above)
}
