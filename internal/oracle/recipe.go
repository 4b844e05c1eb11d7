package oracle

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// Kind is a kind of part in a Cell.
type Kind uint8

// Kinds.
const (
	Polygon Kind = iota
	Circle
	Corridor
	Flight
	kinds
)

func (k Kind) String() string {
	return [...]string{"polygon", "circle", "corridor", "flight"}[k]
}

// polar is a place relative to a centre.
type polar struct{ aziDeg, distM float64 }

// recipe is a part that can be put anywhere on earth.
type recipe struct {
	kind     Kind
	points   []polar
	radiusMM int64
	band     volume.Band
	window   volume.Window
	buffers  volume.Buffers
	altMM    []int64 // of a flight, with timeNS
	timeNS   []int64
	datum    volume.Datum
	open     int // bits: a volume without floor, ceiling, start, end
}

// seaMM is the height above the sea less that above the ellipsoid: a geoid
// 21.345 m below the ellipsoid everywhere, for the same place cannot have two.
const seaMM = 21_345

// put returns the recipe's entity at a centre.
func (r *recipe) put(id string, centre geodesy.LatLng) (*volume.Entity, error) {
	at := make([]geodesy.LatLng, len(r.points))
	for i, p := range r.points {
		at[i] = geodesy.Direct(centre, p.aziDeg, p.distM)
	}
	e := &volume.Entity{ID: id}
	if r.kind == Flight {
		w := make([]volume.Waypoint, len(at))
		for i := range at {
			w[i] = volume.Waypoint{At: at[i], AltMM: r.altMM[i], TimeNS: r.timeNS[i]}
			if r.datum.Sea {
				w[i].SeaMM = r.altMM[i] + seaMM
			}
			if i > 0 && r.points[i] == r.points[i-1] {
				w[i].At = w[i-1].At
			}
		}
		t, err := volume.NewTrajectoryOn(r.datum, w, r.buffers)
		if err != nil {
			return nil, err
		}
		e.Trajectories = []*volume.Trajectory{t}
		return e, nil
	}
	var f *volume.Footprint
	var err error
	switch r.kind {
	case Polygon:
		f, err = volume.NewPolygon(at)
	case Circle:
		f, err = volume.NewCircle(at[0], r.radiusMM)
	default:
		f, err = volume.NewCorridor(at, r.radiusMM)
	}
	if err != nil {
		return nil, err
	}
	v := volume.Volume4D{Footprint: f, Band: r.band, Window: r.window, Buffers: r.buffers, Datum: r.datum}
	r.unbound(&v)
	if r.datum.Sea {
		v.SeaBand = volume.Band{LowerMM: r.band.LowerMM + seaMM, UpperMM: r.band.UpperMM + seaMM}
	}
	if err := v.Validate(); err != nil {
		return nil, err
	}
	e.Volumes = []volume.Volume4D{v}
	return e, nil
}

// unbound takes bounds of a volume away.
func (r *recipe) unbound(v *volume.Volume4D) {
	if r.open&1 != 0 {
		v.Band.LowerMM = volume.NoFloorMM
	}
	if r.open&2 != 0 {
		v.Band.UpperMM = volume.NoCeilingMM
	}
	if r.open&4 != 0 {
		v.Window.StartNS = volume.AlwaysNS
	}
	if r.open&8 != 0 {
		v.Window.EndNS = volume.ForeverNS
	}
}

// epochNS is the instant around which windows are drawn: 2031-05-05T09:00:00Z.
const epochNS = 1_935_738_000_000_000_000

// cook draws a part of about sizeM metres.
func cook(r *rand.Rand, k Kind, sizeM float64) *recipe {
	out := &recipe{kind: k}
	switch k {
	case Polygon:
		out.points = ring(r, sizeM)
	case Circle:
		out.points = []polar{{}}
		out.radiusMM = max(1, int64(sizeM*500*(0.2+0.8*r.Float64())))
	case Corridor:
		out.points = walk(r, 2+r.IntN(5), sizeM)
		out.radiusMM = max(1, int64(sizeM*1000*(0.005+0.1*r.Float64())))
	default:
		out.fly(r, sizeM)
	}
	if r.IntN(5) == 0 {
		out.datum = volume.Datum{Sea: r.IntN(2) == 0, ErrorMM: r.Int64N(2_000)}
	}
	if r.IntN(10) == 0 {
		out.open = r.IntN(16)
		out.datum = volume.Datum{}
	}
	low := int64(r.IntN(400_000)) - 50_000
	out.band = volume.Band{LowerMM: low, UpperMM: low + 1000 + int64(r.IntN(200_000))}
	start := epochNS + int64(r.IntN(600))*1_000_000_000 + int64(r.IntN(2))*int64(r.IntN(1_000_000_000))
	out.window = volume.Window{StartNS: start, EndNS: start + int64(1e9) + r.Int64N(3600*1e9)}
	return out
}

// ring draws a polygon around the origin: a star, a sliver or a box, turned
// either way.
func ring(r *rand.Rand, sizeM float64) []polar {
	turn := r.Float64() * 360
	if r.IntN(8) == 0 {
		turn = float64(r.IntN(4)) * 90
	}
	var p []polar
	switch r.IntN(5) {
	case 0: // a sliver
		half, thin := sizeM/2, sizeM*(0.002+0.05*r.Float64())
		for _, c := range [][2]float64{{half, thin}, {-half, thin * 0.3}, {-half, -thin}, {half * 0.9, -thin * 0.5}} {
			p = append(p, polar{math.Atan2(c[0], c[1])*180/math.Pi + turn, math.Hypot(c[0], c[1])})
		}
	case 1: // a box
		x, y := sizeM/2*(0.3+0.7*r.Float64()), sizeM/2*(0.3+0.7*r.Float64())
		a := math.Atan2(x, y) * 180 / math.Pi
		d := math.Hypot(x, y)
		for _, k := range [4]float64{a, 180 - a, 180 + a, 360 - a} {
			p = append(p, polar{k + turn, d})
		}
	default: // a star, concave
		n := 3 + r.IntN(8)
		if r.IntN(10) == 0 {
			n = 20 + r.IntN(60)
			if r.IntN(10) == 0 {
				n *= 20
			}
		}
		for i := range n {
			p = append(p, polar{turn + 360/float64(n)*(float64(i)+0.6*r.Float64()), sizeM / 2 * (0.35 + 0.65*r.Float64())})
		}
	}
	if r.IntN(2) == 0 {
		for i, j := 0, len(p)-1; i < j; i, j = i+1, j-1 {
			p[i], p[j] = p[j], p[i]
		}
	}
	return p
}

// walk draws n places of a path about sizeM long. Some paths are straight along
// a meridian or a parallel, some go through the origin.
func walk(r *rand.Rand, n int, sizeM float64) []polar {
	step := sizeM / float64(n)
	dir, bend := r.Float64()*2*math.Pi, 1.5
	if r.IntN(8) == 0 {
		dir, bend = float64(r.IntN(4))*math.Pi/2, 0
	}
	x, y := -math.Sin(dir)*sizeM/2, -math.Cos(dir)*sizeM/2
	p := make([]polar, n)
	for i := range p {
		p[i] = polar{math.Atan2(x, y) * 180 / math.Pi, math.Hypot(x, y)}
		dir += (r.Float64() - 0.5) * bend
		k := step * (0.4 + 1.2*r.Float64())
		x, y = x+math.Sin(dir)*k, y+math.Cos(dir)*k
	}
	if r.IntN(10) == 0 {
		p[r.IntN(n)] = polar{}
	}
	return p
}

// fly draws a flight: level, climbing, hovering on the way, or with a time
// buffer.
func (out *recipe) fly(r *rand.Rand, sizeM float64) {
	style := r.IntN(5)
	out.points = walk(r, 2+r.IntN(4), sizeM)
	if style == 2 {
		at := r.IntN(len(out.points))
		out.points = append(out.points[:at+1], out.points[at:]...)
	}
	speed := 3 * math.Pow(100, r.Float64())
	now := epochNS + int64(r.IntN(3))*r.Int64N(60e9)
	alt := int64(r.IntN(400_000))
	for i := range out.points {
		if i > 0 {
			a, b := out.points[i-1], out.points[i]
			d := math.Sqrt(a.distM*a.distM + b.distM*b.distM - 2*a.distM*b.distM*math.Cos((a.aziDeg-b.aziDeg)*math.Pi/180))
			if math.IsNaN(d) || a == b {
				d = sizeM / 4
			}
			now += max(1000, int64(d/speed*1e9*(0.7+0.6*r.Float64())))
			if style == 1 || style == 3 || style == 2 && r.IntN(2) == 0 {
				alt += int64(r.IntN(200_000)) - 100_000
			}
		}
		out.timeNS = append(out.timeNS, now)
		out.altMM = append(out.altMM, alt)
	}
	if style >= 3 {
		out.buffers.TimeNS = r.Int64N(max(2, (now-out.timeNS[0])/4))
	}
}

// take replaces the part's places, keeping the rest.
func (r *recipe) take(points []polar) {
	if r.kind == Flight {
		for len(points) < len(r.timeNS) {
			points = append(points[:len(points):len(points)], points[len(points)-1])
		}
		points = points[:len(r.timeNS)]
	}
	if r.kind == Corridor { // no place twice in a row
		var p []polar
		for i, x := range points {
			if i == 0 || x != points[i-1] {
				p = append(p, x)
			}
		}
		points = p
	}
	r.points = points
}

// join makes a flight fly in formation with another: the same places at the same
// times.
func (r *recipe) join(lead *recipe) {
	r.points, r.timeNS = lead.points, slices.Clone(lead.timeNS)
	alt := r.altMM[0]
	r.altMM = slices.Clone(lead.altMM)
	r.lift(alt - r.altMM[0])
}

// lasts returns the first and last instant of the part.
func (r *recipe) lasts() (from, to int64) {
	if r.kind == Flight {
		return r.timeNS[0], r.timeNS[len(r.timeNS)-1]
	}
	return r.window.StartNS, r.window.EndNS
}

// delay moves the part in time.
func (r *recipe) delay(ns int64) {
	r.window.StartNS += ns
	r.window.EndNS += ns
	for i := range r.timeNS {
		r.timeNS[i] += ns
	}
}

// lift moves the part in altitude.
func (r *recipe) lift(mm int64) {
	r.band.LowerMM += mm
	r.band.UpperMM += mm
	for i := range r.altMM {
		r.altMM[i] += mm
	}
}

// reaches returns the lowest and highest altitude of the part.
func (r *recipe) reaches() (low, high int64) {
	if r.kind != Flight {
		return r.band.LowerMM, r.band.UpperMM
	}
	low, high = r.altMM[0], r.altMM[0]
	for _, h := range r.altMM {
		low, high = min(low, h), max(high, h)
	}
	return low, high
}

// Band is a band of latitudes, or another place on earth where maps go wrong.
type Band uint8

// Bands.
const (
	Equator Band = iota
	North30
	North52
	North70
	North85
	Pole
	Antimeridian
	bands
)

func (b Band) String() string {
	return [...]string{"equator", "30", "52", "70", "85", "pole", "antimeridian"}[b]
}

// centre draws a place in the band for parts of about sizeM.
func (b Band) centre(r *rand.Rand, sizeM float64) geodesy.LatLng {
	degrees := sizeM / 111_000
	lat, lng := 0.0, r.Float64()*360-180
	switch b {
	case Equator:
		lat = (r.Float64() - 0.5) * min(1, degrees)
	case Pole:
		lat = 90 - r.Float64()*min(20, degrees)
	case Antimeridian:
		lat = r.Float64()*150 - 75
		lng = 180 + (r.Float64()-0.5)*min(10, degrees)
	default:
		lat = [...]float64{North30: 30, North52: 52, North70: 70, North85: 85}[b] + r.Float64() - 0.5
	}
	if r.IntN(8) == 0 { // on the equator, the pole, the antimeridian
		switch b {
		case Equator:
			lat = 0
		case Pole:
			lat = 90
		case Antimeridian:
			lng = 180
		}
	}
	if r.IntN(2) == 0 {
		lat = -lat
	}
	p, err := geodesy.NewLatLng(lat, lng)
	if err != nil {
		panic(fmt.Sprintf("oracle: %v", err))
	}
	return p
}
