package terms

import (
	"math"
	"slices"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/volume"
)

// Standing is how something stands to a dividing line, for the party whose it is.
type Standing string

// Standings.
const (
	OwnSide   Standing = "own_side"   // outside the buffer
	InBuffer  Standing = "buffer"     // on the own side, nearer than the buffer, or on the line
	OtherSide Standing = "other_side" // any of it beyond the line
)

// Place is where a position lies to a line.
type Place struct {
	Side       party.ID // who works on that side; empty on the line itself
	DistanceMM int64    // to the line along the ellipsoid, rounded down
}

// Side returns where a position lies to the line. Beyond the ends of the line it
// is the side of the end legs, carried on as geodesics. A line that is not valid
// has no sides.
func (l Line) Side(at geodesy.LatLng) Place {
	legs := l.legs()
	best, nearest := offset{distanceM: math.Inf(1)}, 0
	for i, leg := range legs {
		if o := leg.offset(at); o.distanceM < best.distanceM {
			best, nearest = o, i
		}
	}
	if len(legs) == 0 || best.distanceM < 0.0005 {
		return Place{}
	}
	right := best.right
	bend := -1
	switch {
	case best.alongM <= 0 && nearest > 0:
		bend = nearest - 1
	case best.alongM >= legs[nearest].lengthM && nearest+1 < len(legs):
		bend = nearest
	}
	// Nearest to a bend, a position may be on one side of one leg and on the
	// other side of the next: then it is on the outer side of the bend.
	if bend >= 0 && legs[bend].offset(at).right != legs[bend+1].offset(at).right {
		turn, _ := geodesy.SincosDeg(legs[bend+1].line.Azimuth(0) - legs[bend].line.Azimuth(legs[bend].lengthM))
		right = turn < 0 // a turn to the left has its outer side on the right
	}
	side := l.Left
	if right {
		side = l.Right
	}
	return Place{side, int64(best.distanceM * 1000)}
}

// Standing returns how a position stands to the line for a party.
func (l Line) Standing(of party.ID, at geodesy.LatLng) Standing {
	return l.standing(of, l.Side(at))
}

func (l Line) standing(of party.ID, p Place) Standing {
	switch {
	case p.Side != of && p.Side != "":
		return OtherSide
	case p.Side == "" || p.DistanceMM < l.BufferMM:
		return InBuffer
	}
	return OwnSide
}

// Reach returns how a footprint stands to the line for a party, and its least
// distance from it: 0 when it meets the line. It must not be a footprint that
// NewPolygon, NewCircle or NewCorridor did not make.
func (l Line) Reach(of party.ID, f *volume.Footprint) (Standing, int64) {
	drawn, err := l.footprint()
	if err != nil || len(f.Vertices()) == 0 {
		return OtherSide, 0
	}
	always := volume.Window{StartNS: volume.AlwaysNS, EndNS: volume.ForeverNS}
	whole := volume.Band{LowerMM: volume.NoFloorMM, UpperMM: volume.NoCeilingMM}
	c := volume.Volumes(&volume.Volume4D{Footprint: drawn, Band: whole, Window: always},
		&volume.Volume4D{Footprint: f, Band: whole, Window: always}, volume.Need{}, true)
	gapMM := int64(c.Lateral.GapM*1000) + drawn.RadiusMM()
	if gapMM <= 0 || c.Conflict {
		return OtherSide, 0
	}
	p := l.Side(f.Vertices()[0])
	p.DistanceMM = gapMM
	return l.standing(of, p), gapMM
}

// footprint is the line itself, a millimetre to either side.
func (l Line) footprint() (*volume.Footprint, error) {
	var points []geodesy.LatLng
	for _, p := range l.Points {
		at, err := p.LatLng()
		if err != nil {
			return nil, err
		}
		points = append(points, at)
	}
	return volume.NewCorridor(points, 1)
}

// Crossing is where and when a craft passes over a line.
type Crossing struct {
	TimeNS   int64
	At       geodesy.LatLng
	From, To party.ID // whose sides
}

// Crossings returns where a trajectory passes over the line, in order of time.
func (l Line) Crossings(t *volume.Trajectory) []Crossing {
	var found []Crossing
	segments := l.legs()
	points := t.Waypoints()
	for i := range len(points) - 1 {
		from, to := points[i], points[i+1]
		if from.At == to.At {
			continue
		}
		start, end := from.At.ECEF(), to.At.ECEF()
		var path leg
		for _, s := range segments {
			if s.passed(start, end) {
				continue
			}
			if path.lengthM == 0 {
				path = newLeg(from.At, to.At)
			}
			alongM, ok := path.crossing(s)
			if !ok {
				continue
			}
			c := Crossing{
				TimeNS: from.TimeNS + int64(math.Round(alongM/path.lengthM*float64(to.TimeNS-from.TimeNS))),
				At:     path.line.LatLng(alongM), From: l.Left, To: l.Right,
			}
			if s.offset(from.At).right {
				c.From, c.To = c.To, c.From
			}
			found = append(found, c)
		}
	}
	slices.SortStableFunc(found, func(a, b Crossing) int { return min(max(int(a.TimeNS-b.TimeNS), -1), 1) })
	// A crossing at a bend may be seen on both legs of the line. From one side
	// nobody crosses twice.
	return slices.CompactFunc(found, func(a, b Crossing) bool { return a.To == b.To })
}

// leg is one geodesic of a line.
type leg struct {
	line    geodesy.Line
	lengthM float64
	start   geodesy.Vec
	left    geodesy.Vec // normal of the plane through both ends and the earth's centre
}

// chordSlack is the longest a geodesic leg may be against its chord: up to
// volume.MaxEdgeM of 15,000 km it is below 1.32.
const chordSlack = 1.35

// passed reports cheaply that a way from one point to another surely does not go
// over the leg: it is too far off, or both points lie clearly on one side of the
// plane through the leg. From that plane a geodesic of length L departs by less
// than L³f/R², flattening f and radius R (the two have the same ends, and the
// geodesic's excess of curvature is of the order of f/R per radian).
func (g leg) passed(start, end geodesy.Vec) bool {
	reachM := start.Sub(end).Norm()*chordSlack + g.lengthM + 1
	if start.Sub(g.start).Norm() > reachM {
		return true
	}
	bandM := 1 + 8*reachM*reachM*reachM*geodesy.Flattening/(meanRadiusM*meanRadiusM)
	a, b := g.left.Dot(start), g.left.Dot(end)
	return a > bandM && b > bandM || a < -bandM && b < -bandM
}

func (l Line) legs() []leg {
	var legs []leg
	for i := range len(l.Points) - 1 {
		p, err := l.Points[i].LatLng()
		q, errEnd := l.Points[i+1].LatLng()
		if err != nil || errEnd != nil {
			return nil
		}
		legs = append(legs, newLeg(p, q))
	}
	return legs
}

func newLeg(p, q geodesy.LatLng) leg {
	line := geodesy.LineBetween(p, q)
	start := p.ECEF()
	left := start.Cross(q.ECEF())
	return leg{line, line.DistanceM(), start, left.Scale(1 / left.Norm())}
}

// offset is where a position lies to a leg.
type offset struct {
	distanceM float64 // to the leg
	alongM    float64 // foot of the perpendicular, from the start; may lie beyond the ends
	right     bool    // of the leg's geodesic; on it is left
}

// meanRadiusM turns distances into angles where a few parts in a thousand do
// not matter, as what follows is repeated.
const meanRadiusM = 6371000

// offset finds the foot of the perpendicular: from a point of the geodesic, the
// position's distance and bearing tell, by the right-angled spherical triangle,
// how far along the foot lies; from there the rest is smaller. It converges as
// C. F. F. Karney's intersection by repeated projection does (Algorithms for
// geodesics, J. Geodesy 87, 2013, section 8); within a quarter of the
// circumference a few rounds leave less than a millimetre.
func (g leg) offset(at geodesy.LatLng) offset {
	var o offset
	var across float64
	s := 0.0
	for range 16 {
		d, bearing, _ := geodesy.Inverse(g.line.LatLng(s), at)
		sinTurn, cosTurn := geodesy.SincosDeg(bearing - g.line.Azimuth(s))
		sinD, cosD := geodesy.SincosDeg(d / meanRadiusM * (180 / math.Pi))
		step := meanRadiusM * geodesy.Atan2(sinD*cosTurn, cosD)
		o.distanceM, across = d, sinTurn
		if math.Abs(step) < 0.0005 {
			break
		}
		s += step
	}
	o.alongM, o.right = s, across > 0 && o.distanceM > 0.0005
	if s < 0 || s > g.lengthM {
		d, _, _ := geodesy.Inverse(g.line.LatLng(min(max(s, 0), g.lengthM)), at)
		o.distanceM = d
	}
	return o
}

// crossing returns where the leg passes over leg s, in metres along the former.
// Two geodesics that are not near half the circumference long meet once at most.
func (g leg) crossing(s leg) (alongM float64, ok bool) {
	start := s.offset(g.line.LatLng(0)).right
	if s.offset(g.line.LatLng(g.lengthM)).right == start {
		return 0, false
	}
	lo, hi := 0.0, g.lengthM
	for hi-lo > 0.0005 {
		mid := (lo + hi) / 2
		if s.offset(g.line.LatLng(mid)).right == start {
			lo = mid
		} else {
			hi = mid
		}
	}
	at := s.offset(g.line.LatLng(hi)).alongM
	return hi, at > -0.001 && at < s.lengthM+0.001
}

// meetsItself reports whether two legs of the line that are not neighbours meet,
// or two neighbours beyond their bend.
func (l Line) meetsItself() bool {
	legs := l.legs()
	for i := range legs {
		for j := i + 1; j < len(legs); j++ {
			alongM, ok := legs[i].crossing(legs[j])
			if ok && (j > i+1 || alongM < legs[i].lengthM-0.01) {
				return true
			}
		}
	}
	return false
}
