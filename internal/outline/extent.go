package outline

import (
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// boxes returns the one or two ranges of longitude of a hull, 1e-9 degree east
// of the antimeridian. There are two where it crosses the antimeridian: the
// eastern half of the map first.
func (h *hull) boxes() (all [2][2]int64, n int) {
	west, east := [2]int64{h.w0, h.w1}, [2]int64{h.e0, h.e1}
	switch {
	case h.w1 < h.w0:
		return [2][2]int64{east}, 1
	case h.e1 < h.e0:
		return [2][2]int64{west}, 1
	case h.e0 <= h.w1 || h.w0 > 0 || h.e1 < turnE9:
		return [2][2]int64{{min(h.w0, h.e0), max(h.w1, h.e1)}}, 1
	}
	return [2][2]int64{east, west}, 2
}

// extent returns one range of a hull as an extent. A unit more on each side
// covers rounding in where columns are told apart.
func (h *hull) extent(x [2]int64, band volume.Band, window volume.Window) volume.Extent {
	return volume.Extent{
		LatE9Lo: max(-90e9, h.y0-originE9-1), LatE9Hi: min(90e9, h.y1-originE9+1),
		LngE9Lo: max(-180e9, x[0]-turnE9/2-1), LngE9Hi: min(180e9, x[1]-turnE9/2+1),
		Band: band, Window: window,
	}
}

// bandMM returns altitudes in metres as a band.
func bandMM(lowerM, upperM int32) volume.Band {
	b := volume.Band{LowerMM: volume.NoFloorMM, UpperMM: volume.NoCeilingMM}
	if lowerM != NoFloorM {
		b.LowerMM = int64(lowerM) * 1000
	}
	if upperM != NoCeilingM {
		b.UpperMM = int64(upperM) * 1000
	}
	return b
}

// Extents appends the one or two boxes that hold the outline; two where it
// crosses the antimeridian. That of an instant starts and ends with it.
func (v Volume) Extents(dst []volume.Extent) []volume.Extent {
	if v.cells == "" {
		return dst
	}
	h := newHull()
	var c cursor
	c.open(v.cells)
	for c.next() {
		first, last := rowsOf(c.row, c.level)
		if c.kind == kindOne {
			lo, hi := c.one.widen(c.level)
			h.add(first, last, lo, hi)
			continue
		}
		for _, r := range c.runs() {
			lo, hi := r.widen(c.level)
			h.add(first, last, lo, hi)
		}
	}
	all, n := h.boxes()
	for _, x := range all[:n] {
		dst = append(dst, h.extent(x, bandMM(v.lowerM, v.upperM), v.Window()))
	}
	return dst
}

// ClipTo returns the box around the cells that two outlines share, the altitudes
// and the time in which both hold: where and when they meet. It is false when
// they do not. A box over the antimeridian has LngE9Lo > LngE9Hi.
func (v Volume) ClipTo(o Volume) (box volume.Extent, ok bool) {
	if !v.Meets(o) {
		return volume.Extent{}, false
	}
	h := newHull()
	share(v.cells, o.cells, func(row int32, lv, lo level, a, b []span) bool {
		last := row | (1<<min(lv.row, lo.row) - 1)
		for i, j := 0, 0; i < len(a) && j < len(b); {
			alo, ahi := a[i].widen(lv)
			blo, bhi := b[j].widen(lo)
			if from, to := max(alo, blo), min(ahi, bhi); from <= to {
				h.add(row, last, from, to)
			}
			if ahi < bhi {
				i++
			} else {
				j++
			}
		}
		return false
	})
	all, n := h.boxes()
	x := all[0]
	if n == 2 {
		x[1] = all[1][1]
	}
	window := volume.Window{StartNS: max(v.startNS, o.startNS), EndNS: min(v.until(), o.until())}
	if v.startNS == v.endNS || o.startNS == o.endNS {
		window.EndNS = window.StartNS
	}
	return h.extent(x, bandMM(max(v.lowerM, o.lowerM), min(v.upperM, o.upperM)), window), true
}

// AreaKM2 returns about how many square kilometres the cells cover: on a sphere
// of the earth's mean radius, 6371.0088 km, within 1 %.
func (v Volume) AreaKM2() float64 {
	if v.cells == "" {
		return 0
	}
	const kmPerE9 = radPerE9 * 6371.0088
	var c cursor
	c.open(v.cells)
	sum := 0.0
	for c.next() {
		first, last := rowsOf(c.row, c.level)
		south := max(-90e9, int64(first)*rowE9-originE9)
		north := min(90e9, (int64(last)+1)*rowE9-originE9)
		b := bandOf(c.row, c.level)
		widthE9 := int64(0)
		for _, r := range c.runs() {
			lo, hi := r.widen(c.level)
			widthE9 += min(turnE9, (int64(hi)+1)*int64(b.colE9)) - int64(lo)*int64(b.colE9)
		}
		_, cos := geodesy.SincosDeg(float64(south+north) / 2e9)
		sum += float64(float64(float64(north-south)*kmPerE9) * float64(float64(widthE9)*float64(cos*kmPerE9)))
	}
	return sum
}
