package plan

import (
	"math"
	"sync"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// The geoid grid of package geodesy is bilinear between nodes every 15
// minutes. Inside a cell it is a saddle and on the sides of a cell it is
// straight, so its extremes over a footprint lie on the boundary of the
// footprint or at nodes inside. The boundary is looked at every geoidStepM, and
// geoidSlope bounds what lies between.
const (
	geoidStepM = 100
	// maxGeoidLooks bounds the work a footprint or route may cause, and
	// maxFileLooks about that of a file. Beyond them looks are farther apart,
	// and the slope between them is allowed for.
	maxGeoidLooks = 1000
	minGeoidLooks = 32
	maxFileLooks  = 10_000_000
	// geoidSlope is above the steepest slope of the grid in metres a metre,
	// 0.00036 (a test measures it).
	geoidSlope = 0.0004
	// maxNodesM is the radius up to which the nodes inside are looked at one
	// by one; beyond it whole blocks of a degree are.
	maxNodesM = 250_000

	nodeE9 = 250_000_000
)

// geoidOver gives the lowest and highest geoid over a footprint, found when
// first asked for.
type geoidOver struct {
	footprint *volume.Footprint
	maxLooks  int
	known     bool
	lo, hi    int64 // millimetres
}

// geoidLooks is how many looks each footprint and route of a file may take. It
// is maxGeoidLooks in files of up to 10,000 of them.
func geoidLooks(f *File) int {
	return max(minGeoidLooks, min(maxGeoidLooks, maxFileLooks/max(1, countParts(f))))
}

// anchor is the place where limits are converted first.
func (g *geoidOver) anchor() geodesy.LatLng { return g.footprint.Vertices()[0] }

func (g *geoidOver) lowest() int64 {
	g.find()
	return g.lo
}

func (g *geoidOver) highest() int64 {
	g.find()
	return g.hi
}

func (g *geoidOver) look(at geodesy.LatLng) {
	mm := geoidMM(at)
	g.lo, g.hi = min(g.lo, mm), max(g.hi, mm)
}

func (g *geoidOver) find() {
	if g.known {
		return
	}
	g.known = true
	g.lo, g.hi = math.MaxInt64, math.MinInt64
	f := g.footprint
	gapM := 0.0
	switch f.Shape() {
	case volume.Circle:
		gapM = g.circle(f.Vertices()[0], float64(f.RadiusMM())/1000)
	case volume.Corridor:
		gapM = g.corridor(f.Vertices(), float64(f.RadiusMM())/1000)
	default:
		gapM = g.polygon(f.Vertices())
	}
	// No point of the boundary is farther than half a gap from a look.
	slack := int64(math.Ceil(float64(gapM * geoidSlope * 500)))
	g.lo -= slack
	g.hi += slack
}

// stepFor is how far apart looks are on a line of a length, at most.
func stepFor(lengthM float64, maxLooks int) float64 {
	return max(geoidStepM, lengthM/float64(maxLooks))
}

// pieces is into how many steps of at most stepM a length is cut.
func pieces(lengthM, stepM float64) int { return max(1, int(math.Ceil(lengthM/stepM))) }

func (g *geoidOver) circle(centre geodesy.LatLng, radiusM float64) (gapM float64) {
	rimM := float64(2 * math.Pi * radiusM)
	n := max(8, pieces(rimM, stepFor(rimM, g.maxLooks)))
	for i := range n {
		g.look(geodesy.Direct(centre, 360*float64(i)/float64(n), radiusM))
	}
	g.nodes(centre, radiusM)
	return rimM / float64(n)
}

// corridor looks at both sides of the line and around its vertices.
func (g *geoidOver) corridor(line []geodesy.LatLng, halfM float64) (gapM float64) {
	lengthM := 0.0
	for i := range len(line) - 1 {
		d, _, _ := geodesy.Inverse(line[i], line[i+1])
		lengthM += d
	}
	stepM := stepFor(lengthM, g.maxLooks)
	for i := range len(line) - 1 {
		l := geodesy.LineBetween(line[i], line[i+1])
		n := pieces(l.DistanceM(), stepM)
		for k := range n + 1 {
			s := l.DistanceM() * float64(k) / float64(n)
			at, azi := l.LatLng(s), l.Azimuth(s)
			g.look(at)
			g.look(geodesy.Direct(at, azi+90, halfM))
			g.look(geodesy.Direct(at, azi-90, halfM))
			// Discs along the line together cover the corridor.
			g.nodes(at, halfM+l.DistanceM()/float64(n))
		}
		gapM = max(gapM, l.DistanceM()/float64(n))
	}
	// Caps, and the outer side of bends.
	capM := float64(2 * math.Pi * halfM)
	n := max(8, pieces(capM, max(geoidStepM, capM*float64(len(line))/float64(g.maxLooks))))
	for _, v := range line {
		for i := range n {
			g.look(geodesy.Direct(v, 360*float64(i)/float64(n), halfM))
		}
	}
	return max(gapM, capM/float64(n))
}

func (g *geoidOver) polygon(ring []geodesy.LatLng) (gapM float64) {
	perimeterM := 0.0
	lines := make([]geodesy.Line, len(ring))
	var middle geodesy.Vec
	for i, v := range ring {
		lines[i] = geodesy.LineBetween(v, ring[(i+1)%len(ring)])
		perimeterM += lines[i].DistanceM()
		middle = middle.Add(v.ECEF())
	}
	stepM := stepFor(perimeterM, g.maxLooks)
	for _, l := range lines {
		n := pieces(l.DistanceM(), stepM)
		for k := range n {
			g.look(l.LatLng(l.DistanceM() * float64(k) / float64(n)))
		}
		gapM = max(gapM, l.DistanceM()/float64(n))
	}
	// A cap around all vertices contains the smaller area they bound; the
	// margin is for the ellipsoid.
	centre := ring[0]
	if norm := middle.Norm(); norm > 1 {
		centre = geodesy.FromECEF(middle.Scale(geodesy.EquatorialRadiusM / norm))
	}
	reachM := 0.0
	for _, v := range ring {
		reachM = max(reachM, v.ECEF().Sub(centre.ECEF()).Norm())
	}
	g.nodes(centre, float64(reachM*1.01))
	return gapM
}

// nodes looks at the nodes of the grid within radiusM of a place, in a straight
// line; for a large radius, and where the nodes are many, at all nodes of the
// one-degree blocks around it.
func (g *geoidOver) nodes(centre geodesy.LatLng, radiusM float64) {
	// The shortest degree of latitude is 110,574 m, and an arc is at most 1.15
	// times its chord up to 10,000 km.
	latReach := radiusM * 1.2 / 110_000
	latDeg, lngDeg := centre.Degrees()
	lngReach := 180.0
	if top := math.Abs(latDeg) + latReach; top < 89.9 {
		// A small circle of angular radius r about latitude b spans
		// asin(sin r / cos b) of longitude to either side.
		sinReach, _ := geodesy.SincosDeg(latReach)
		_, cosLat := geodesy.SincosDeg(latDeg)
		lngReach = geodesy.Asin(min(1, sinReach/cosLat))*180/math.Pi + 0.001
	}
	if radiusM > maxNodesM {
		g.blocks(latDeg, lngDeg, latReach, lngReach)
		return
	}
	south := int64(math.Ceil(max(-90, latDeg-latReach) * 4))
	north := int64(math.Floor(min(90, latDeg+latReach) * 4))
	west := int64(math.Ceil((lngDeg - lngReach) * 4))
	east := min(int64(math.Floor((lngDeg+lngReach)*4)), west+1439)
	if (north-south+1)*(east-west+1) > 20*int64(g.maxLooks) {
		g.blocks(latDeg, lngDeg, latReach, lngReach)
		return
	}
	origin := centre.ECEF()
	for lat := south; lat <= north; lat++ {
		for lng := west; lng <= east; lng++ {
			at := geodesy.LatLng{LatE9: lat * nodeE9, LngE9: wrapNode(lng) * nodeE9}
			if at.ECEF().Sub(origin).Norm() <= radiusM {
				g.look(at)
			}
		}
	}
}

// wrapNode brings a column of the grid into [-720, 720).
func wrapNode(lng int64) int64 { return ((lng+720)%1440+1440)%1440 - 720 }

// geoidBlocks has the extremes of the grid over every block of a degree, from
// 90 S and 180 W, in millimetres.
var geoidBlocks = sync.OnceValue(func() *[180][360][2]int64 {
	var blocks [180][360][2]int64
	for i := range blocks {
		for j := range blocks[i] {
			lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
			for lat := range int64(5) {
				for lng := range int64(5) {
					mm := geoidMM(geodesy.LatLng{
						LatE9: (int64(i)*4 - 360 + lat) * nodeE9,
						LngE9: wrapNode(int64(j)*4-720+lng) * nodeE9,
					})
					lo, hi = min(lo, mm), max(hi, mm)
				}
			}
			blocks[i][j] = [2]int64{lo, hi}
		}
	}
	return &blocks
})

func (g *geoidOver) blocks(latDeg, lngDeg, latReach, lngReach float64) {
	blocks := geoidBlocks()
	south := int(math.Floor(max(-90, latDeg-latReach))) + 90
	north := int(math.Floor(min(89, latDeg+latReach))) + 90
	west := int(math.Floor(lngDeg-lngReach)) + 180
	east := min(int(math.Floor(lngDeg+lngReach))+180, west+359)
	for i := max(south, 0); i <= min(north, 179); i++ {
		for j := west; j <= east; j++ {
			b := blocks[i][(j%360+360)%360]
			g.lo, g.hi = min(g.lo, b[0]), max(g.hi, b[1])
		}
	}
}

// geoidBow returns by how many millimetres at most the straight path between
// converted points departs from one that keeps its altitude above the geoid.
func geoidBow(points []RoutePoint, converted []conversion, maxLooks int) int64 {
	lengthM := 0.0
	for i := 1; i < len(points); i++ {
		if converted[i-1].geoid && converted[i].geoid {
			d, _, _ := geodesy.Inverse(points[i-1].At, points[i].At)
			lengthM += d
		}
	}
	stepM := stepFor(lengthM, maxLooks)
	bow, gapM := int64(0), 0.0
	for i := 1; i < len(points); i++ {
		a, b := &converted[i-1], &converted[i]
		if !a.geoid || !b.geoid || points[i-1].At == points[i].At {
			continue
		}
		l := geodesy.LineBetween(points[i-1].At, points[i].At)
		n := pieces(l.DistanceM(), stepM)
		gapM = max(gapM, l.DistanceM()/float64(n))
		for k := 1; k < n; k++ {
			f := float64(k) / float64(n)
			straight := float64(a.geoidMM) + float64(f*float64(b.geoidMM-a.geoidMM))
			d := math.Abs(float64(geoidMM(l.LatLng(l.DistanceM()*f))) - straight)
			bow = max(bow, int64(math.Ceil(d)))
		}
	}
	// Half a gap from a look, geoid and straight path can each have changed by
	// the slope.
	return bow + int64(math.Ceil(float64(gapM*geoidSlope*1000)))
}
