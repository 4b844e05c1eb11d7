package api

import (
	"math"
	"strconv"
	"sync"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/volume"
)

// drawing is what is drawn of an item, as JSON arrays.
type drawing struct{ volumes, paths []byte }

var nothingDrawn = drawing{[]byte("[]"), []byte("[]")}

func (d *drawing) size() int { return len(d.volumes) + len(d.paths) }

// easel draws one item.
type easel struct {
	volumes, paths []byte
	anchor         int64 // longitude beside which all of it is
	anchored       bool
}

// drawEntity draws volumes and trajectories; from the numbers on, they are of a
// craft that does not do what was declared.
func drawEntity(e *volume.Entity, offVolume, offTrajectory int) drawing {
	var d easel
	for i := range e.Volumes {
		v := &e.Volumes[i]
		for _, a := range areasOf(v.Footprint, v.Buffers.LateralMM) {
			d.volume(v, &a, i >= offVolume)
		}
	}
	for i, t := range e.Trajectories {
		d.path(t, i >= offTrajectory)
	}
	return d.done()
}

// drawOutline draws a coarse outline, as polygons that together hold it.
func drawOutline(all []outline.Volume) drawing {
	var d easel
	for _, o := range all {
		hulls, err := o.Volumes4D(nil)
		if err != nil {
			continue // it reaches round half of the earth
		}
		w := o.Window()
		for i := range hulls {
			v := &hulls[i]
			v.Window = w
			for _, a := range areasOf(v.Footprint, 0) {
				d.volume(v, &a, false)
			}
		}
	}
	return d.done()
}

func (d *easel) done() drawing {
	closed := func(b []byte) []byte {
		if b == nil {
			return nothingDrawn.volumes
		}
		return append(b, ']')
	}
	return drawing{closed(d.volumes), closed(d.paths)}
}

// begun begins the next thing of an array.
func begun(b []byte) []byte {
	if b == nil {
		return append(b, '[')
	}
	return append(b, ',')
}

func (d *easel) at(x int64) {
	if !d.anchored {
		d.anchor, d.anchored = x, true
	}
}

func (d *easel) volume(v *volume.Volume4D, a *area, off bool) {
	if len(a.outer) < 3 {
		return
	}
	d.at(a.outer[0].x)
	b := append(begun(d.volumes), `{"ring":`...)
	b = a.outer.appendTo(b, d.anchor)
	for i, h := range a.holes {
		if i == 0 {
			b = append(b, `,"holes":[`...)
		} else {
			b = append(b, ',')
		}
		b = h.appendTo(b, d.anchor)
	}
	if len(a.holes) > 0 {
		b = append(b, ']')
	}
	if f := v.Footprint; f.Shape() == volume.Circle {
		centre := f.Vertices()[0]
		b = appendDegrees(append(b, `,"circle":{"centre":[`...), beside(centre.LngE9, d.anchor))
		b = appendDegrees(append(b, ','), centre.LatE9)
		b = appendMetres(append(b, `],"radius_m":`...), f.RadiusMM()+v.Buffers.LateralMM)
		b = append(b, '}')
	}
	band, datum := v.Band, geodesy.W84
	if v.Datum.Sea {
		band, datum = v.SeaBand, geodesy.AMSL
	}
	b = appendLimit(append(b, `,"lower_m":`...), band.LowerMM, band.LowerMM > volume.NoFloorMM)
	b = appendLimit(append(b, `,"upper_m":`...), band.UpperMM, band.UpperMM < volume.NoCeilingMM)
	b = strconv.AppendQuote(append(b, `,"datum":`...), string(datum))
	b = strconv.AppendQuote(append(b, `,"start":`...), instant(v.Window.StartNS))
	b = strconv.AppendQuote(append(b, `,"end":`...), instant(v.Window.EndNS))
	d.volumes = appendOff(b, off)
}

func appendLimit(b []byte, mm int64, bounded bool) []byte {
	if !bounded {
		return append(b, "null"...)
	}
	return appendMetres(b, mm)
}

func appendMetres(b []byte, mm int64) []byte { return appendDecimal(b, mm, 3) }

// appendOff ends a volume or a path.
func appendOff(b []byte, off bool) []byte {
	if off {
		b = append(b, `,"off_nominal":true`...)
	}
	return append(b, '}')
}

// maxLegCuts bounds into how many straight lines a leg is cut.
const maxLegCuts = 400

// path draws a trajectory: between its points there are so many more that
// straight lines follow it.
func (d *easel) path(t *volume.Trajectory, off bool) {
	points := t.Waypoints()
	sea := t.Datum().Sea
	b := append(begun(d.paths), `{"points":[`...)
	x := points[0].At.LngE9
	d.at(x)
	x = beside(x, d.anchor)
	put := func(at geodesy.LatLng, altMM, ns int64, first bool) {
		x = beside(at.LngE9, x)
		if !first {
			b = append(b, ',')
		}
		b = appendDegrees(append(b, '['), x)
		b = appendDegrees(append(b, ','), at.LatE9)
		b = appendMetres(append(b, ','), altMM)
		b = append(appendDecimal(append(b, ','), ns, 6), ']')
	}
	for i := range points {
		w := &points[i]
		altMM := heightOf(w, sea)
		put(w.At, altMM, w.TimeNS, i == 0)
		if i+1 == len(points) {
			break
		}
		next := &points[i+1]
		line := geodesy.LineBetween(w.At, next.At)
		n := min(maxLegCuts, int64(math.Ceil(line.DistanceM()/longestM)))
		for k := int64(1); k < n; k++ {
			f := float64(k) / float64(n)
			put(line.LatLng(line.DistanceM()*f), altMM+(heightOf(next, sea)-altMM)*k/n, w.TimeNS+(next.TimeNS-w.TimeNS)/n*k, false)
		}
	}
	b = appendMetres(append(b, `],"half_width_m":`...), t.Buffers().LateralMM)
	datum := geodesy.W84
	if sea {
		datum = geodesy.AMSL
	}
	b = strconv.AppendQuote(append(b, `,"datum":`...), string(datum))
	d.paths = appendOff(b, off)
}

func heightOf(w *volume.Waypoint, sea bool) int64 {
	if sea {
		return w.SeaMM
	}
	return w.AltMM
}

// gallery keeps drawings: most are asked for again, by others or after a change
// elsewhere. What it holds and nobody asks for goes when there is much else.
type gallery struct {
	mu       sync.Mutex
	now, old map[string]drawing
	bytes    int // of now
}

// maxGalleryBytes is half of what a gallery holds at most.
const maxGalleryBytes = 32 << 20

// get returns a drawing, made unless it is there. An empty key is never kept.
func (g *gallery) get(key string, draw func() drawing) drawing {
	if key == "" {
		return draw()
	}
	g.mu.Lock()
	d, ok := g.now[key]
	if !ok {
		if d, ok = g.old[key]; ok {
			g.put(key, d)
		}
	}
	g.mu.Unlock()
	if ok {
		return d
	}
	d = draw()
	g.mu.Lock()
	g.put(key, d)
	g.mu.Unlock()
	return d
}

// put keeps a drawing; the caller holds the lock.
func (g *gallery) put(key string, d drawing) {
	if g.bytes += len(key) + d.size(); g.now == nil || g.bytes > maxGalleryBytes {
		g.old, g.now, g.bytes = g.now, map[string]drawing{}, len(key)+d.size()
	}
	g.now[key] = d
}
