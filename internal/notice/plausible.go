package notice

import (
	"fmt"
	"math"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// Doubt is something in a notice that cannot be as stated. It is a query to the
// notifier, not a refusal.
type Doubt struct {
	Kind string `json:"kind"`
	Text string `json:"text"` // in words: what was found, what was expected
	// FoundMM and LimitMM are the distance, or the difference of distances, that
	// is too large and what it may be; 0 where the doubt is of another kind.
	FoundMM int64 `json:"found_mm,omitempty"`
	LimitMM int64 `json:"limit_mm,omitempty"`
	// Suspects are slips of typing that would explain it.
	Suspects []Suspect `json:"suspects,omitempty"`
}

// Kinds of doubt.
const (
	PlaceDistance    = "place_distance"    // the named place is not as far as stated
	PlaceBearing     = "place_bearing"     // it does not lie where stated
	SourceDisagrees  = "source_disagrees"  // a source lies elsewhere
	SourcesDisagree  = "sources_disagree"  // two sources contradict each other
	SourceTooFew     = "source_too_few"    // only one way of measuring, and no reason
	OutsideFootprint = "outside_footprint" // the reference point lies outside
	LegSpeed         = "leg_speed"         // nobody goes that fast
)

// Suspect is one slip of typing that makes a position agree with the rest.
type Suspect struct {
	Slip  string         `json:"slip"`
	Point declared.Point `json:"point"`  // where it would be
	FarMM int64          `json:"far_mm"` // from the point as typed
	OffMM int64          `json:"off_mm"` // what is left of the difference
	Fits  string         `json:"fits"`   // what it then agrees with
}

const (
	// placePercent of a stated distance from a named place is taken as rounding:
	// people say "5 NM" of 4.75.
	placePercent = 10
	// bearingDeg is how far a stated bearing may be off: half of the step
	// between the eight winds by which people give directions.
	bearingDeg = 22.5
	// Nothing that moves people or goods is faster, in metres a second.
	fastestAirMS     = 350
	fastestSurfaceMS = 50
)

// doubts checks what a notice says against itself. The content must have passed
// its check.
func (c *Content) doubts() []Doubt {
	var out []Doubt
	if c.Point != nil {
		out = append(out, c.placeDoubts()...)
		out = append(out, c.sourceDoubts()...)
		if d := c.footprintDoubt(); d != nil {
			out = append(out, *d)
		}
	}
	if c.Way != nil {
		out = append(out, c.Way.doubts()...)
	}
	return out
}

func (c *Content) placeDoubts() []Doubt {
	p := c.Place
	if p == nil {
		return nil
	}
	off, bearing := p.off(*c.Point)
	limit := p.limitMM(c.ErrorMM)
	var out []Doubt
	if off > limit {
		out = append(out, Doubt{
			Kind: PlaceDistance, FoundMM: off, LimitMM: limit,
			Text: fmt.Sprintf("the reference point lies %s from %s, stated are %s: more than the errors explain",
				nm(distanceMM(p.Point, *c.Point)), p.Name, nm(p.DistanceMM)),
		})
	}
	if bearing > bearingDeg {
		out = append(out, Doubt{
			Kind: PlaceBearing,
			Text: fmt.Sprintf("the bearing from %s to the reference point is %.0f degrees off the stated %d", p.Name, bearing, *p.BearingDeg),
		})
	}
	if len(out) == 0 {
		return nil
	}
	out[0].Suspects = c.suspects(p.Name, func(q declared.Point) (int64, bool) {
		off, bearing := p.off(q)
		return off, off <= limit && bearing <= bearingDeg
	})
	return out
}

// off returns by how much a point contradicts the statement about the place:
// the difference of distances, and of bearings in degrees. The bearing does not
// count where the errors are as large as the distance.
func (p *Place) off(q declared.Point) (mm int64, bearing float64) {
	d, azi, _ := geodesy.Inverse(latLng(p.Point), latLng(q))
	mm = int64(math.Abs(math.Round(float64(d*1000)) - float64(p.DistanceMM)))
	if p.BearingDeg == nil || p.DistanceMM <= 3*p.ErrorMM {
		return mm, 0
	}
	bearing = math.Abs(math.Mod(azi-float64(*p.BearingDeg)+540+360, 360) - 180)
	return mm, bearing
}

func (p *Place) limitMM(pointErrorMM int64) int64 {
	return p.DistanceMM*placePercent/100 + p.ErrorMM + pointErrorMM
}

func (c *Content) sourceDoubts() []Doubt {
	var out []Doubt
	methods := map[string]bool{}
	for i := range c.Sources {
		s := &c.Sources[i]
		methods[s.Method] = true
		limit := s.ErrorMM + c.ErrorMM
		if d := distanceMM(s.Point, *c.Point); d > limit {
			out = append(out, Doubt{
				Kind: SourceDisagrees, FoundMM: d, LimitMM: limit,
				Text: fmt.Sprintf("source %d (%s) lies %s from the reference point, with errors of %s", i+1, s.Method, nm(d), nm(limit)),
				Suspects: c.suspects("source "+fmt.Sprint(i+1), func(q declared.Point) (int64, bool) {
					d := distanceMM(s.Point, q)
					return d, d <= limit
				}),
			})
		}
		for k := range i {
			o := &c.Sources[k]
			if d, limit := distanceMM(s.Point, o.Point), s.ErrorMM+o.ErrorMM; d > limit {
				out = append(out, Doubt{
					Kind: SourcesDisagree, FoundMM: d, LimitMM: limit,
					Text: fmt.Sprintf("sources %d (%s) and %d (%s) lie %s from each other, with errors of %s", k+1, o.Method, i+1, s.Method, nm(d), nm(limit)),
				})
			}
		}
	}
	// Two readings of one instrument, or two looks at one map, repeat its error.
	if len(methods) < 2 && c.SingleSource == "" {
		out = append(out, Doubt{
			Kind: SourceTooFew,
			Text: fmt.Sprintf("the position was measured in one way only (%s), expected two independent ones or a reason", c.Sources[0].Method),
		})
	}
	return out
}

func (c *Content) footprintDoubt() *Doubt {
	f, err := c.Footprint.Build()
	if err != nil {
		return nil // the check has refused it
	}
	p, err := volume.NewCircle(latLng(*c.Point), 1)
	if err != nil {
		return nil
	}
	always := volume.Window{StartNS: volume.AlwaysNS, EndNS: volume.ForeverNS}
	band := volume.Band{LowerMM: volume.NoFloorMM, UpperMM: volume.NoCeilingMM}
	about := volume.Volumes(&volume.Volume4D{Footprint: f, Band: band, Window: always},
		&volume.Volume4D{Footprint: p, Band: band, Window: always}, volume.Need{LateralMM: c.ErrorMM}, false)
	if about.Conflict {
		return nil
	}
	return &Doubt{Kind: OutsideFootprint, LimitMM: c.ErrorMM, Text: "the reference point lies outside the footprint, by more than its error"}
}

func (w *Way) doubts() []Doubt {
	fastest := float64(fastestSurfaceMS)
	if w.Means == "air" {
		fastest = fastestAirMS
	}
	var out []Doubt
	for i := range w.Routes {
		points := w.Routes[i].Points
		for k := range len(points) - 1 {
			a, b := points[k], points[k+1]
			d := distanceMM(declared.Point{LatE9: a.LatE9, LngE9: a.LngE9}, declared.Point{LatE9: b.LatE9, LngE9: b.LngE9})
			seconds := float64(b.At-a.At) / 1e9
			if speed := float64(d) / 1000 / seconds; speed > fastest {
				out = append(out, Doubt{
					Kind: LegSpeed, FoundMM: d, LimitMM: int64(float64(fastest*seconds) * 1000),
					Text: fmt.Sprintf("leg %d of route %d takes %.0f m/s, expected at most %.0f: a position or a time is wrong", k+1, i+1, speed, fastest),
				})
			}
		}
	}
	return out[:min(len(out), maxListed)]
}

func latLng(p declared.Point) geodesy.LatLng {
	l, _ := p.LatLng() // checked before
	return l
}

func distanceMM(p, q declared.Point) int64 {
	d, _, _ := geodesy.Inverse(latLng(p), latLng(q))
	return int64(math.Round(float64(d * 1000)))
}

// nm writes a distance for people: nautical miles, or metres below a quarter.
func nm(mm int64) string {
	if mm < 463_000 {
		return fmt.Sprintf("%d m", (mm+500)/1000)
	}
	return fmt.Sprintf("%.2f NM", float64(mm)/1_852_000)
}
