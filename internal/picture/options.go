package picture

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/volume"
)

// Choice is a plan with what its operator may do instead.
type Choice struct {
	Plan *volume.Entity // as declared
	// Others are what the plan conflicts with or comes near.
	Others []*volume.Entity
	// Verdicts are those on the plan as declared and one of Others each, in
	// order of importance. Those that are clear are not drawn.
	Verdicts     []conflict.Verdict
	Alternatives []Alternative
}

// Alternative is the plan as changed in one way.
type Alternative struct {
	Number int            // as in the list that goes with the drawing
	Text   string         // what changes; wrapped to the page
	Cost   string         // written at the end of the line; may be empty
	Entity *volume.Entity // the plan as changed; nil: it is listed but not drawn
}

// Bounds of one drawing of alternatives. What is left out is stated on it.
const (
	maxAlternatives = 8
	maxOthers       = 60
	maxVerdicts     = 20
	maxText         = 1000 // runes of the words for one alternative
)

// ErrNoPlan is the error for a Choice without a Plan.
var ErrNoPlan = errors.New("no plan to draw alternatives to")

// WriteChoice draws a plan as declared, dashed, what it conflicts with or comes
// near, and its alternatives, each in a colour and with its number, over a list
// of them. The first 8 alternatives are drawn. The result is the same for the
// same input. Of opt, MaxPanels is not used.
func WriteChoice(w io.Writer, ch Choice, opt Options) error {
	if ch.Plan == nil {
		return ErrNoPlan
	}
	opt.Units = opt.Units.orMetric()
	c := &canvas{}
	found := counted(len(ch.Alternatives), "alternative")
	if len(ch.Alternatives) == 0 && len(ch.Verdicts) > 0 {
		found = "nothing within the limits clears it"
	}
	title := fmt.Sprintf("%s: %s", shorten(ownerOf(ch.Plan), 60), found)
	c.text(point{margin, margin + 14}, 18, "start", inkColour, `font-weight="bold"`, title)
	y := float64(margin + 38)
	for _, s := range conflictLines(ch) {
		c.text(point{margin, y}, 13.5, "start", inkColour, "", s)
		y += 19
	}
	d := newDisplay(ch, opt.Units)
	top := y
	d.drawPlan(c, box{margin, top, margin + planWidth, top + frameHeight})
	d.drawProfile(c, box{profileLeft, top, pageWidth - margin, top + frameHeight})
	y = d.drawSigns(c, top+frameHeight+60)
	y = drawList(c, y, ch)
	c.text(point{margin, y + 6}, 13, "start", inkColour, "", d.note())
	return c.writeTo(w, pageWidth, y+24, title)
}

// ownerOf names an entity by its id and party.
func ownerOf(e *volume.Entity) string { return nameOf(refOf(e)) }

func refOf(e *volume.Entity) conflict.Ref {
	return conflict.Ref{ID: e.ID, Version: e.Version, Party: e.Party, Name: e.Name, Kind: e.Kind, Type: e.Type}
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// conflicts returns the verdicts to draw with the plan as A, and how many there
// are in all.
func (ch *Choice) conflicts() (drawn []*conflict.Verdict, all int) {
	for i := range ch.Verdicts {
		v := &ch.Verdicts[i]
		if !v.Conflict || (v.A.ID != ch.Plan.ID && v.B.ID != ch.Plan.ID) {
			continue
		}
		all++
		if v.A.ID != ch.Plan.ID {
			v = turned(v)
		}
		if len(drawn) < maxVerdicts {
			drawn = append(drawn, v)
		}
	}
	return drawn, all
}

// conflictLines says what the plan conflicts with as declared, in a few lines.
func conflictLines(ch Choice) []string {
	const most = 3
	vs, all := ch.conflicts()
	if all == 0 {
		return []string{"As declared it conflicts with nothing drawn here."}
	}
	var lines []string
	for _, v := range vs[:min(most, len(vs))] {
		s := "As declared in conflict with " + shorten(nameOf(v.B), 44) + zoneOf(v.B) + ", " + Span(v.FromNS, v.ToNS)
		lines = append(lines, fit(shorten(s, maxText), 13.5, pageWidth-2*margin))
	}
	if all > most {
		lines = append(lines, fmt.Sprintf("and with %d more.", all-most))
	}
	return lines
}

// drawList lists the alternatives from height y on and returns where it ends.
func drawList(c *canvas, y float64, ch Choice) float64 {
	const size, indent, spacing, most = 13.5, 30.0, 18.0, 4
	for i, a := range ch.Alternatives[:min(len(ch.Alternatives), maxAlternatives)] {
		costWidth := 0.0
		if a.Cost != "" {
			cost := fit(shorten(a.Cost, 80), size, 300)
			costWidth = textWidth(cost, size) + 20
			c.text(point{pageWidth - margin, y}, size, "end", mutedColour, "", cost)
		}
		badge(c, point{margin + badgeRadius, y - 4.5}, i, a.Number)
		lines := wrap(shorten(a.Text, maxText), size, pageWidth-2*margin-indent-costWidth)
		if len(lines) > most {
			lines = append(lines[:most-1], fit(strings.Join(lines[most-1:], " "), size, pageWidth-2*margin-indent-costWidth))
		}
		for k, s := range lines {
			c.text(point{margin + indent, y + float64(k)*spacing}, size, "start", inkColour, "", s)
		}
		y += spacing*float64(max(1, len(lines))) + 6
	}
	return y
}

// wrap breaks text into lines no wider than width, at spaces where it can.
func wrap(s string, size, width float64) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		if joined := line + " " + word; line != "" && textWidth(joined, size) <= width {
			line = joined
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for textWidth(word, size) > width && utf8.RuneCountInString(word) > 1 {
			n, long := len(word), 0.0
			for i, r := range word {
				if long += textWidth(string(r), size); long > width && i > 0 {
					n = i
					break
				}
			}
			lines, word = append(lines, word[:n]), word[n:]
		}
		line = word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
