package oracle

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// A Case is one hard case as its file in testdata/hardcases says it, in plain
// degrees, metres and RFC 3339 instants. README.md there describes the form.
type Case struct {
	ID    string     `json:"id"`
	Group string     `json:"group"`
	Title string     `json:"title"`
	Why   string     `json:"why"` // why it is hard
	Need  CaseNeed   `json:"minima"`
	A     CaseEntity `json:"a"`
	B     CaseEntity `json:"b"`
	Truth *CaseTruth `json:"truth,omitempty"`
}

// CaseNeed is the separation required between the grown shapes, in metres and
// seconds.
type CaseNeed struct {
	LateralM  float64 `json:"lateral_m"`
	VerticalM float64 `json:"vertical_m"`
	TimeS     float64 `json:"time_s"`
}

// CaseEntity is one side of a case.
type CaseEntity struct {
	Volumes      []CaseVolume     `json:"volumes,omitempty"`
	Trajectories []CaseTrajectory `json:"trajectories,omitempty"`
}

// CaseVolume is a footprint between two heights above the WGS84 ellipsoid, in
// metres, from Start until End.
type CaseVolume struct {
	Shape    string       `json:"shape"`              // polygon, circle or corridor
	Vertices [][2]float64 `json:"vertices,omitempty"` // latitude, longitude in degrees: the ring, the centre or the line
	Wave     *CaseWave    `json:"wave,omitempty"`     // instead of Vertices
	RadiusM  float64      `json:"radius_m,omitempty"` // of a circle, or half the width of a corridor
	LowerM   float64      `json:"lower_m"`
	UpperM   float64      `json:"upper_m"`
	Start    string       `json:"start"`
	End      string       `json:"end"`
	Buffers  *CaseBuffers `json:"buffers,omitempty"`
}

// CaseWave is a polygon of many vertices given by a formula: vertex k of n lies
// at azimuth 360·k/n degrees from the centre, at the geodesic distance
// RadiusM + AmplitudeM·cos(Waves·360·k/n degrees), rounded to 1e-9 degree.
type CaseWave struct {
	Centre     [2]float64 `json:"centre"`
	RadiusM    float64    `json:"radius_m"`
	AmplitudeM float64    `json:"amplitude_m"`
	Waves      int        `json:"waves"`
	Vertices   int        `json:"vertices"`
}

// CaseTrajectory is a craft's timed path: geodesic legs at constant ground speed
// and rate of climb.
type CaseTrajectory struct {
	Waypoints []CaseWaypoint `json:"waypoints"`
	Buffers   *CaseBuffers   `json:"buffers,omitempty"`
}

// CaseWaypoint is a place, a height above the WGS84 ellipsoid in metres and an
// instant.
type CaseWaypoint struct {
	Lat  float64 `json:"lat"`
	Lng  float64 `json:"lng"`
	AltM float64 `json:"alt_m"`
	Time string  `json:"time"`
}

// CaseBuffers say how far a craft may be from its declared place and time.
type CaseBuffers struct {
	LateralM  float64 `json:"lateral_m,omitempty"`
	VerticalM float64 `json:"vertical_m,omitempty"`
	TimeS     float64 `json:"time_s,omitempty"`
}

// CaseTruth is what is certain of a case.
type CaseTruth struct {
	Conflict bool `json:"conflict"`
	// DistanceM holds the least lateral distance between the grown shapes while
	// vertical and time separation are lost: 0 where an area is involved and they
	// overlap, negative by the depth where none is. Null when there is no such
	// instant.
	DistanceM *[2]float64 `json:"distance_m"`
	// First and Last hold the first and last instant of violation, and reach
	// outward to what they would be for a separation greater by the tolerance of
	// 1 mm in 5 km; only for a conflict.
	First *[2]string `json:"first,omitempty"`
	Last  *[2]string `json:"last,omitempty"`
}

// CaseAnswer is what an implementation says of a case. Only Conflict is
// required.
type CaseAnswer struct {
	Conflict  bool     `json:"conflict"`
	DistanceM *float64 `json:"distance_m,omitempty"`
	First     string   `json:"first,omitempty"`
	Last      string   `json:"last,omitempty"`
}

// exactly returns a decimal number of units as an integer of parts, and an error
// when it is not a whole number of them.
func exactly(x, parts float64) (int64, error) {
	n := math.Round(x * parts)
	if !(math.Abs(n) < 1<<53) || math.Abs(x*parts-n) > 1e-3 {
		return 0, fmt.Errorf("%v is not a whole number of 1/%g", x, parts)
	}
	return int64(n), nil
}

// reading gathers the first error of a conversion.
type reading struct{ err error }

func (r *reading) units(x, parts float64) int64 {
	n, err := exactly(x, parts)
	r.note(err)
	return n
}

func (r *reading) mm(m float64) int64 { return r.units(m, 1000) }
func (r *reading) ns(s float64) int64 { return r.units(s, 1e9) }

func (r *reading) place(lat, lng float64) geodesy.LatLng {
	r.units(lat, 1e9)
	r.units(lng, 1e9)
	p, err := geodesy.NewLatLng(lat, lng)
	r.note(err)
	return p
}

func (r *reading) instant(s string) int64 {
	t, err := time.Parse(time.RFC3339Nano, s)
	r.note(err)
	return t.UnixNano()
}

func (r *reading) note(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reading) buffers(b *CaseBuffers) volume.Buffers {
	if b == nil {
		return volume.Buffers{}
	}
	return volume.Buffers{LateralMM: r.mm(b.LateralM), VerticalMM: r.mm(b.VerticalM), TimeNS: r.ns(b.TimeS)}
}

// Entities returns the two sides of a case, named "a" and "b", and its minima.
func (c *Case) Entities() (a, b *volume.Entity, need volume.Need, err error) {
	var r reading
	need = volume.Need{LateralMM: r.mm(c.Need.LateralM), VerticalMM: r.mm(c.Need.VerticalM), TimeNS: r.ns(c.Need.TimeS)}
	a, b = r.entity("a", &c.A), r.entity("b", &c.B)
	if r.err != nil {
		return nil, nil, need, fmt.Errorf("case %s: %w", c.ID, r.err)
	}
	return a, b, need, nil
}

func (r *reading) entity(id string, c *CaseEntity) *volume.Entity {
	e := &volume.Entity{ID: id}
	for i := range c.Volumes {
		v := &c.Volumes[i]
		w := volume.Volume4D{
			Footprint: r.footprint(v),
			Band:      volume.Band{LowerMM: r.mm(v.LowerM), UpperMM: r.mm(v.UpperM)},
			Window:    volume.Window{StartNS: r.instant(v.Start), EndNS: r.instant(v.End)},
			Buffers:   r.buffers(v.Buffers),
		}
		if r.err == nil {
			r.note(w.Validate())
		}
		e.Volumes = append(e.Volumes, w)
	}
	for _, t := range c.Trajectories {
		var w []volume.Waypoint
		for _, p := range t.Waypoints {
			w = append(w, volume.Waypoint{At: r.place(p.Lat, p.Lng), AltMM: r.mm(p.AltM), TimeNS: r.instant(p.Time)})
		}
		u, err := volume.NewTrajectory(w, r.buffers(t.Buffers))
		r.note(err)
		e.Trajectories = append(e.Trajectories, u)
	}
	return e
}

func (r *reading) footprint(v *CaseVolume) *volume.Footprint {
	at := make([]geodesy.LatLng, len(v.Vertices))
	for i, p := range v.Vertices {
		at[i] = r.place(p[0], p[1])
	}
	if v.Wave != nil {
		at = r.wave(v.Wave)
	}
	if r.err != nil {
		return nil
	}
	var f *volume.Footprint
	var err error
	switch {
	case v.Shape == "polygon":
		f, err = volume.NewPolygon(at)
	case v.Shape == "circle" && len(at) == 1:
		f, err = volume.NewCircle(at[0], r.mm(v.RadiusM))
	case v.Shape == "corridor":
		f, err = volume.NewCorridor(at, r.mm(v.RadiusM))
	default:
		err = fmt.Errorf("shape %q with %d vertices: want polygon, circle (1) or corridor", v.Shape, len(at))
	}
	r.note(err)
	return f
}

// wave returns the vertices of a formula.
func (r *reading) wave(w *CaseWave) []geodesy.LatLng {
	if w.Vertices < 3 || w.Vertices > volume.MaxVertices {
		r.note(fmt.Errorf("%d vertices", w.Vertices))
		return nil
	}
	c := r.place(w.Centre[0], w.Centre[1])
	at := make([]geodesy.LatLng, w.Vertices)
	for k := range at {
		azi := 360 * float64(k) / float64(w.Vertices)
		phase := math.Mod(azi*float64(w.Waves), 360) * math.Pi / 180
		at[k] = geodesy.Direct(c, azi, w.RadiusM+w.AmplitudeM*math.Cos(phase))
	}
	return at
}

// Cases reads all cases of a directory, in order of their ids. An error names
// the file.
func Cases(dir string) ([]Case, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	var all []Case
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var cases []Case
		if err := json.Unmarshal(data, &cases); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, cases...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: no hard cases", dir)
	}
	slices.SortFunc(all, func(a, b Case) int { return strings.Compare(a.ID, b.ID) })
	return all, nil
}

// ErrUncertain is the cause when the truth of a case is too near the boundary
// for all that keep the tolerance to agree.
var ErrUncertain = errors.New("the truth is within the tolerance")

// Solve returns the truth of a case.
func (c *Case) Solve() (*CaseTruth, error) {
	a, b, need, err := c.Entities()
	if err != nil {
		return nil, err
	}
	t := Judge(a, b, need, Full)
	if t.Decision == Either {
		return nil, fmt.Errorf("case %s: %w: gap %v m, tolerance %v m", c.ID, ErrUncertain, t.Gap, t.ToleranceM)
	}
	out := &CaseTruth{Conflict: t.Decision == Conflict}
	if t.Lateral {
		// Rounded outward to a tenth of a micrometre.
		out.DistanceM = &[2]float64{math.Floor(t.Gap.Lo*1e7) / 1e7, math.Ceil(t.Gap.Hi*1e7) / 1e7}
	}
	if out.Conflict && !math.IsInf(t.First.Hi, 0) && !math.IsInf(t.Last.Lo, 0) {
		out.First = t.instants(Interval{min(t.First.Lo, t.OuterFirst.Lo), t.First.Hi})
		out.Last = t.instants(Interval{t.Last.Lo, max(t.Last.Hi, t.OuterLast.Hi)})
	}
	return out, nil
}

// instants returns an interval of seconds since the origin as instants, rounded
// outward to a microsecond.
func (t *Truth) instants(i Interval) *[2]string {
	at := func(s float64) string {
		return time.Unix(0, t.OriginNS).Add(time.Duration(s) * time.Microsecond).UTC().Format("2006-01-02T15:04:05.000000Z")
	}
	return &[2]string{at(math.Floor(i.Lo * 1e6)), at(math.Ceil(i.Hi * 1e6))}
}
