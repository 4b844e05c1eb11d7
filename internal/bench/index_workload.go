package bench

import (
	"math"
	"math/rand/v2"

	"github.com/deconflict/deconflict/internal/index"
)

// The workload is drone traffic as it is expected to be: crowded in a few
// cities, thin elsewhere, most of it soon, and a few volumes that are a
// thousand times larger and longer than the rest.
const (
	cityCount    = 300
	cityZipf     = 0.9  // weight of the k-th city is k^-0.9
	citySigmaM   = 15e3 // spread of volumes around a city
	topCities    = 3    // "congested" and "area" queries are in these
	horizonS     = 7 * 86400
	soonS        = 86400 // half of all volumes start before this
	groundBandM  = 300   // floors of flights
	constraintPC = 0.05  // percent of volumes that are constraints

	metrePerE7 = 40_007_863.0 / 360e7 // metres in 1e-7 degree of a meridian
)

// workload draws volumes and queries. Equal seeds draw equal ones.
type workload struct {
	rng    *rand.Rand
	cities [cityCount]place
	cum    [cityCount]float64 // cumulated weights
}

// place is a point in 1e-7 degree.
type place struct{ lat, lng float64 }

func newWorkload(seed uint64) *workload {
	w := &workload{rng: rand.New(rand.NewPCG(seed, 0x4d696c6573))}
	sum := 0.0
	for i := range w.cities {
		w.cities[i] = w.anywhere()
		sum += math.Pow(float64(i+1), -cityZipf)
		w.cum[i] = sum
	}
	return w
}

// anywhere returns a place between 60 degrees south and north, far enough
// from the antimeridian for every box to stay on one side.
func (w *workload) anywhere() place {
	return place{w.between(-60e7, 60e7), w.between(-172e7, 172e7)}
}

func (w *workload) between(lo, hi float64) float64 { return lo + (hi-lo)*w.rng.Float64() }

// city returns the number of a city by weight.
func (w *workload) city() int {
	at := w.rng.Float64() * w.cum[cityCount-1]
	for i, c := range w.cum {
		if at < c {
			return i
		}
	}
	return cityCount - 1
}

// near returns a place around a city.
func (w *workload) near(city int) place {
	return w.cities[city].moved(w.rng.NormFloat64()*citySigmaM, w.rng.NormFloat64()*citySigmaM)
}

func (p place) moved(northM, eastM float64) place {
	lat := p.lat + northM/metrePerE7
	return place{lat, p.lng + eastM/(metrePerE7*math.Cos(lat*math.Pi/180e7))}
}

// volume returns the box of a volume of the mix.
func (w *workload) volume() index.Box {
	if w.rng.Float64() < constraintPC/100 {
		return w.constraint()
	}
	return w.flight(w.near(w.city()))
}

// flight returns the box of a drone volume: a compact place of work, or a leg
// of a corridor.
func (w *workload) flight(at place) index.Box {
	var northM, eastM float64
	if w.rng.IntN(2) == 0 {
		northM, eastM = w.between(100, 2000), w.between(100, 2000)
	} else {
		length, width := w.between(500, 5000), w.between(50, 200)
		sin, cos := math.Sincos(w.between(0, math.Pi))
		northM, eastM = length*math.Abs(cos)+width, length*math.Abs(sin)+width
	}
	return box(at, northM, eastM, w.between(0, groundBandM), w.between(15, 100), w.start(), w.between(5*60, 4*3600))
}

// constraint returns the box of a large volume that stays for months.
func (w *workload) constraint() index.Box {
	side := func() float64 { return 5e3 * math.Pow(60, w.rng.Float64()) }
	return box(w.near(w.city()), side(), side(), 0, w.between(500, 20e3), -w.between(0, 90*86400), w.between(100*86400, 250*86400))
}

// start returns when a flight begins, in seconds from now.
func (w *workload) start() float64 {
	if w.rng.IntN(2) == 0 {
		return w.between(0, soonS)
	}
	return w.between(0, horizonS)
}

// nowS is the present of the workload, in seconds since 2020.
const nowS = 200_000_000

// box returns the box of a volume around a place, rounded outward.
func box(at place, northM, eastM, floorM, heightM, startS, lengthS float64) index.Box {
	low, high := at.moved(-northM/2, -eastM/2), at.moved(northM/2, eastM/2)
	return index.Box{
		Lo: [4]int32{floor(low.lat), floor(low.lng), floor(floorM * 100), floor(nowS + startS)},
		Hi: [4]int32{ceil(high.lat), ceil(high.lng), ceil((floorM + heightM) * 100), ceil(nowS + startS + lengthS)},
	}
}

func floor(x float64) int32 { return int32(math.Floor(x)) }
func ceil(x float64) int32  { return int32(math.Ceil(x)) }

// queryClasses are the kinds of query, in the order of the report.
var queryClasses = [...]struct {
	name, what string
	share      int // of the number of queries asked for, 1/share is drawn
	draw       func(w *workload) index.Box
}{
	{"congested", "a drone volume in one of the three largest cities", 1, func(w *workload) index.Box {
		return w.flight(w.near(w.rng.IntN(topCities)))
	}},
	{"mixed", "a volume like those in the index", 1, func(w *workload) index.Box { return w.volume() }},
	{"sparse", "a drone volume anywhere", 1, func(w *workload) index.Box { return w.flight(w.anywhere()) }},
	{"area", "20 x 20 km, 500 m, 6 h in one of the three largest cities", 20, func(w *workload) index.Box {
		return box(w.near(w.rng.IntN(topCities)), 20e3, 20e3, 0, 500, w.start(), 6*3600)
	}},
}
