package api

import (
	"math"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// grown draws all that is within a radius of a line, or of an area and its
// edge.
func grown(vertices []geodesy.LatLng, closed bool, radiusM float64) []area {
	walk := distinct(vertices, closed)
	switch {
	case len(walk) == 1:
		return []area{{outer: circleRing(walk[0], radiusM)}}
	case closed && polygonTurns(walk) != 0 || len(walk) > maxWalk:
		return apart(walk, closed, radiusM)
	case closed:
		if !counterClockwise(walk) {
			walk = reversed(walk)
		}
	default:
		// There and back: what is on the right of that is on both sides.
		back := reversed(walk)
		walk = append(walk, back[1:len(back)-1]...)
	}
	r, round := rightOf(walk, radiusM)
	if round {
		return apart(vertices, closed, radiusM)
	}
	if a, ok := united(r); ok {
		return a
	}
	return apart(vertices, closed, radiusM)
}

// maxWalk bounds the corners of a walk that is drawn as one.
const maxWalk = 2048

// apart draws an area and what is beside each of its edges, each for itself:
// what cannot be drawn as one.
func apart(vertices []geodesy.LatLng, closed bool, radiusM float64) []area {
	var all []area
	n := len(vertices) - 1
	if closed {
		all, n = append(all, area{outer: polygonRing(vertices)}), n+1
	}
	for i := range n {
		from, to := vertices[i], vertices[(i+1)%len(vertices)]
		if from == to {
			continue
		}
		r, round := rightOf([]geodesy.LatLng{from, to}, radiusM)
		if round {
			// Around a pole each end has a circle of its own.
			all = append(all, area{outer: circleRing(from, radiusM)}, area{outer: circleRing(to, radiusM)})
		}
		all = append(all, area{outer: r})
	}
	return all
}

func distinct(vertices []geodesy.LatLng, closed bool) []geodesy.LatLng {
	var out []geodesy.LatLng
	for _, v := range vertices {
		if len(out) == 0 || out[len(out)-1] != v {
			out = append(out, v)
		}
	}
	if closed && len(out) > 1 && out[0] == out[len(out)-1] {
		out = out[:len(out)-1]
	}
	return out
}

func reversed(walk []geodesy.LatLng) []geodesy.LatLng {
	out := make([]geodesy.LatLng, len(walk))
	for i, v := range walk {
		out[len(walk)-1-i] = v
	}
	return out
}

// raw draws the corners of a polygon alone.
func raw(walk []geodesy.LatLng) *pen {
	p := pen{exact: true}
	for _, v := range walk {
		p.to(v)
	}
	return &p
}

// polygonTurns tells how often a polygon goes round a pole.
func polygonTurns(walk []geodesy.LatLng) int64 {
	r := raw(walk).ring
	return (beside(r[0].x, r[len(r)-1].x) - r[0].x) / turnE9
}

// counterClockwise tells which way a polygon goes by its turns: of one that is
// all but a line, that which geodesics bend by decides.
func counterClockwise(walk []geodesy.LatLng) bool {
	sum := 0.0
	all := stretches(walk)
	for i := range all {
		sum += math.Remainder(all[(i+1)%len(all)].startAz-all[i].endAz, 360)
	}
	return sum < 0
}

// stretch is one edge of a walk.
type stretch struct {
	line             geodesy.Line
	lengthM          float64
	startAz, endAz   float64 // degrees, where it begins and ends
	cutStart, cutEnd float64 // metres that the turns at its ends take
}

// stretches are the edges of a closed walk.
func stretches(walk []geodesy.LatLng) []stretch {
	all := make([]stretch, len(walk))
	for i, from := range walk {
		l := geodesy.LineBetween(from, walk[(i+1)%len(walk)])
		all[i] = stretch{line: l, lengthM: l.DistanceM(), startAz: l.Azimuth(0), endAz: l.Azimuth(l.DistanceM())}
	}
	return all
}

// rightOf draws the path at a distance to the right of a closed walk. Where the
// walk turns right, the paths of two stretches meet before its corner; round is
// whether it goes round a pole.
func rightOf(walk []geodesy.LatLng, radiusM float64) (r ring, round bool) {
	wide := radiusM*beyond + beyondM
	n := len(walk)
	all := stretches(walk)
	turn := make([]float64, n) // at the end of a stretch, positive to the right
	for i := range all {
		next := &all[(i+1)%n]
		turn[i] = turnDeg(all[i].endAz, next.startAz)
		if turn[i] > 0 && turn[i] < steepDeg {
			cut := wide * math.Tan(turn[i]/2*math.Pi/180)
			all[i].cutEnd, next.cutStart = cut, cut
		}
	}
	p := pen{}
	for i := range all {
		s, next := &all[i], &all[(i+1)%n]
		short := s.cutStart+s.cutEnd > s.lengthM
		from, to := s.cutStart, s.lengthM-s.cutEnd
		if short {
			from, to = 0, s.lengthM
		}
		p.along(s, from, to, wide)
		p.join(walk[(i+1)%n], s.endAz, turn[i], wide, short || next.cutStart+next.cutEnd > next.lengthM)
	}
	ring := p.ring
	if len(ring) < 3 {
		return ring, false
	}
	end := beside(ring[0].x, ring[len(ring)-1].x)
	return p.close(), end != ring[0].x
}

// steepDeg is the turn from which on the paths of two stretches are not led
// together: they would meet far away.
const steepDeg = 150

// turnDeg is the turn from one azimuth to another, in (-180, 180]; a turn back
// is to the left, so that the path goes round the end.
func turnDeg(from, to float64) float64 {
	t := math.Mod(to-from, 360)
	switch {
	case t > 180:
		t -= 360
	case t < -180:
		t += 360
	}
	if t > 179.999 {
		t = -180
	}
	return t
}

// along draws the path beside a stretch between two distances from its start.
// It is cut so finely that straight lines stay outside.
func (p *pen) along(s *stretch, from, to, wide float64) {
	const radiusM = 6_378_137
	at := s.line.LatLng((from + to) / 2)
	_, cos := geodesy.SincosDeg(float64(at.LatE9) / 1e9)
	// ℓ²/8R·tan φ is to stay below the margin.
	margin := wide*(beyond-1)/2 + beyondM/4
	longest := min(longestM, math.Sqrt(8*radiusM*margin*max(cos, 0.01)))
	n := max(1, min(maxCuts, math.Ceil((to-from)/longest)))
	for i := 0.0; i <= n; i++ {
		m := from + (to-from)*i/n
		p.to(geodesy.Direct(s.line.LatLng(m), s.line.Azimuth(m)+90, wide))
	}
}

// join draws the path from beside one stretch to beside the next. Apart: the
// paths are not led together, but by way of the corner itself.
func (p *pen) join(at geodesy.LatLng, az, turn, wide float64, apart bool) {
	if turn >= 0 {
		if apart || turn >= steepDeg {
			p.to(geodesy.Direct(at, az+90, wide))
			p.to(at)
			p.to(geodesy.Direct(at, az+turn+90, wide))
		}
		return
	}
	n := math.Ceil(-turn / (360.0 / circleCorners))
	step := turn / n
	for i := range int(n) {
		p.to(geodesy.Direct(at, az+90+(float64(i)+0.5)*step, wide*tangent(-step)))
	}
}
