// Package outline makes the coarse outlines that a DSS keeps instead of
// volumes: for each volume the cells of one fixed grid that it touches, its
// altitudes rounded outward to metres, and its exact times. Whether two outlines
// meet, and whether one contains another, are exact questions about sets of
// cells.
//
// An outline holds its volume, so no pair of volumes that meet is missed. It does
// not depend on the order of vertices. A volume inside another has its outline
// inside the other's; the one exception is an edge that runs within 1/256 of a
// cell, 8 mm for shapes below a kilometre, of an edge that it does not share,
// where the two may fall on different sides of a cell's edge.
package outline

import (
	"math"
	"sync"

	"github.com/deconflict/deconflict/internal/volume"
)

// Volume is a coarse outline. It is immutable. The zero Volume covers nothing.
type Volume struct {
	cells          string
	startNS, endNS int64 // equal: an instant
	lowerM, upperM int32
}

// Unbounded altitudes of a Volume.
const (
	NoFloorM   = math.MinInt32
	NoCeilingM = math.MaxInt32
)

type workspace struct {
	pen    pen
	canvas canvas
	spans  []span
	out    []byte
}

var workspaces = sync.Pool{New: func() any { return new(workspace) }}

// Of returns the outline of a volume: grown by its buffers and the error of its
// heights, altitudes outward to whole metres. A window whose start equals its
// end is that instant. Errors are *volume.InvalidError.
func Of(v *volume.Volume4D) (Volume, error) {
	checked := *v
	instant := v.Window.StartNS == v.Window.EndNS
	if instant {
		checked.Window.EndNS++
	}
	if err := checked.Validate(); err != nil {
		return Volume{}, err
	}
	grow := v.Buffers.VerticalMM + v.Datum.ErrorMM
	out := Volume{
		startNS: max(volume.AlwaysNS, v.Window.StartNS-v.Buffers.TimeNS),
		endNS:   min(volume.ForeverNS, v.Window.EndNS+v.Buffers.TimeNS),
		lowerM:  NoFloorM,
		upperM:  NoCeilingM,
	}
	if v.Band.LowerMM > volume.NoFloorMM {
		out.lowerM = clampM(floorDiv(v.Band.LowerMM-grow, 1000))
	}
	if v.Band.UpperMM < volume.NoCeilingMM {
		out.upperM = clampM(-floorDiv(-v.Band.UpperMM-grow, 1000))
	}
	w := workspaces.Get().(*workspace)
	defer workspaces.Put(w)
	s := shapeOf(v)
	out.cells = w.draw(&s)
	return out, nil
}

func clampM(m int64) int32 { return int32(max(NoFloorM, min(NoCeilingM, m))) }

func floorDiv(n, unit int64) int64 {
	q := n / unit
	if n%unit < 0 {
		q--
	}
	return q
}

// draw returns the encoded cells that a shape touches.
func (w *workspace) draw(s *shape) string {
	guess := s.guess()
	l := guess.level()
	var f frame
	for {
		w.pen.level = l
		f = w.pen.frame(s)
		need := f.level()
		need = level{max(need.row, l.row), max(need.col, l.col)}
		if need == l {
			break
		}
		l = need
	}
	c := &w.canvas
	c.reset(&f, l)
	if s.oneRing() {
		c.ring(w.pen.path)
	} else {
		w.pen.rings(s, c.ring)
	}
	var out cellsWriter
	out.begin(w.out[:0], l, c.first)
	for i := range c.strips {
		strip := &c.strips[i]
		for row := strip.first; row <= strip.last; row++ {
			w.spans = c.spans(w.spans[:0], strip, row)
			out.add(w.spans)
		}
	}
	w.out = out.end()
	return string(w.out)
}

// Window returns the window; StartNS equals EndNS for an instant.
func (v Volume) Window() volume.Window { return volume.Window{StartNS: v.startNS, EndNS: v.endNS} }

// BandM returns the altitudes in metres above the ellipsoid; NoFloorM and
// NoCeilingM where there is no bound.
func (v Volume) BandM() (lower, upper int32) { return v.lowerM, v.upperM }

// Equal tells whether two outlines are the same.
func (v Volume) Equal(o Volume) bool { return v == o }
