package declared

import (
	"errors"
	"fmt"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/plan"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/volume"
)

// Limits of a Shape. What is signed is journalled whole and shown to others, so
// it must stay readable; F3548-21 (OPIN0020) allows an intent 10,000 vertices.
const (
	MaxParts    = 256    // volumes and trajectories together
	MaxVertices = 10_000 // corners and points over all parts
)

// Volume is a footprint between two altitudes during a half-open window. The
// errors say how far a craft may be from what is declared; they grow it.
type Volume struct {
	Footprint Footprint         `json:"footprint"`
	Lower     *Altitude         `json:"lower,omitempty"` // nil: no floor
	Upper     *Altitude         `json:"upper,omitempty"` // nil: no ceiling
	Start     statement.Instant `json:"start"`
	End       statement.Instant `json:"end"`
	HErrorMM  int64             `json:"h_error_mm"` // lateral, 0 or more
	VErrorMM  int64             `json:"v_error_mm"` // vertical, 0 or more
	TErrorNS  int64             `json:"t_error_ns"` // 0 or more
}

// TimedPoint is a place that a craft passes at an instant.
type TimedPoint struct {
	LatE9 int64             `json:"lat_e9"` // 1e-9 degree
	LngE9 int64             `json:"lng_e9"` // 1e-9 degree
	Alt   Altitude          `json:"alt"`
	At    statement.Instant `json:"at"`
}

// Trajectory is a path flown at constant speed between its points. HalfWidthMM
// is the lateral buffer, in which the position error is included.
type Trajectory struct {
	Points      []TimedPoint `json:"points"` // at least two, times increasing
	HalfWidthMM int64        `json:"half_width_mm"`
	VErrorMM    int64        `json:"v_error_mm"`
	TErrorNS    int64        `json:"t_error_ns"`
}

// Shape is where and when somebody will be: all of its parts.
type Shape struct {
	Volumes      []Volume     `json:"volumes,omitempty"`
	Trajectories []Trajectory `json:"trajectories,omitempty"`
}

// Label names what a shape is declared for.
type Label struct {
	ID, Version, Party, Name string
	Kind                     volume.Kind
	Type                     string // of a constraint, see volume.Entity
}

// Convert returns the altitude, or an error for a reference other than W84 and
// AMSL: others need an elevation or a pressure that a declaration cannot hold.
func (a Altitude) Convert() (geodesy.Altitude, error) {
	ref := geodesy.AltitudeReference(a.Reference)
	if ref != geodesy.W84 && ref != geodesy.AMSL {
		return geodesy.Altitude{}, fmt.Errorf("reference: found %q, expected W84 or AMSL", clip(a.Reference))
	}
	if a.MM > geodesy.MaxAltitudeMM || a.MM < -geodesy.MaxAltitudeMM {
		return geodesy.Altitude{}, fmt.Errorf("mm: found %d, expected a magnitude of at most %d", a.MM, geodesy.MaxAltitudeMM)
	}
	return geodesy.Altitude{MM: a.MM, Ref: ref}, nil
}

// Build returns the footprint, or an error that names the member.
func (f *Footprint) Build() (*volume.Footprint, error) {
	given := 0
	for _, there := range []bool{f.Circle != nil, len(f.Polygon) > 0, f.Corridor != nil} {
		if there {
			given++
		}
	}
	if given != 1 {
		return nil, fmt.Errorf("found %d of circle, polygon and corridor, expected one", given)
	}
	switch {
	case f.Circle != nil:
		centre, err := f.Circle.Centre.LatLng()
		if err != nil {
			return nil, fmt.Errorf("circle.centre: %w", err)
		}
		return named(volume.NewCircle(centre, f.Circle.RadiusMM))("circle")
	case f.Corridor != nil:
		line, err := latLngs(f.Corridor.Line)
		if err != nil {
			return nil, fmt.Errorf("corridor.line%w", err)
		}
		return named(volume.NewCorridor(line, f.Corridor.HalfWidthMM))("corridor")
	}
	ring, err := latLngs(f.Polygon)
	if err != nil {
		return nil, fmt.Errorf("polygon%w", err)
	}
	return named(volume.NewPolygon(ring))("polygon")
}

// named puts the name of the member before an error.
func named(f *volume.Footprint, err error) func(member string) (*volume.Footprint, error) {
	return func(member string) (*volume.Footprint, error) {
		if err != nil {
			return nil, fmt.Errorf("%s: %w", member, err)
		}
		return f, nil
	}
}

func latLngs(points []Point) ([]geodesy.LatLng, error) {
	out := make([]geodesy.LatLng, len(points))
	for i, p := range points {
		var err error
		if out[i], err = p.LatLng(); err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
	}
	return out, nil
}

func clip(s string) string {
	if len(s) > 32 {
		return s[:32] + "…"
	}
	return s
}

// Check tells whether the shape can be placed.
func (s *Shape) Check() error {
	_, err := s.Entity(Label{ID: "shape"})
	return err
}

// Entity places the shape. Heights above mean sea level, suppositions and errors
// of conversion are those of package plan. Errors name the member, what was
// found and what was expected.
func (s *Shape) Entity(l Label) (*volume.Entity, error) {
	if err := s.size(); err != nil {
		return nil, err
	}
	item := plan.Item{ID: l.ID, Version: l.Version, Party: l.Party, Name: l.Name, Kind: l.Kind, Type: l.Type}
	for i := range s.Volumes {
		place := fmt.Sprintf("volumes[%d]", i)
		v, err := s.Volumes[i].item(place)
		if err != nil {
			return nil, fmt.Errorf("%s.%w", place, err)
		}
		item.Volumes = append(item.Volumes, v)
	}
	for i := range s.Trajectories {
		place := fmt.Sprintf("trajectories[%d]", i)
		r, err := s.Trajectories[i].route(place)
		if err != nil {
			return nil, fmt.Errorf("%s.%w", place, err)
		}
		item.Routes = append(item.Routes, r)
	}
	entities, err := plan.Resolve(&plan.File{Name: "declared", Items: []plan.Item{item}}, plan.ResolveOptions{})
	if err != nil {
		return nil, placed(err)
	}
	return entities[0], nil
}

// placed takes the name of the file, which there is none of, out of an error.
func placed(err error) error {
	var at *plan.Error
	if !errors.As(err, &at) {
		return err
	}
	if at.Err != nil {
		return fmt.Errorf("%s: %w", at.Place, at.Err)
	}
	return fmt.Errorf("%s: found %s, expected %s", at.Place, at.Found, at.Expected)
}

// size bounds what it costs to place the shape.
func (s *Shape) size() error {
	parts := len(s.Volumes) + len(s.Trajectories)
	if parts == 0 || parts > MaxParts {
		return fmt.Errorf("volumes and trajectories: found %d, expected 1 to %d", parts, MaxParts)
	}
	vertices := 0
	for i := range s.Volumes {
		f := &s.Volumes[i].Footprint
		vertices += len(f.Polygon)
		if f.Corridor != nil {
			vertices += len(f.Corridor.Line)
		}
	}
	for i := range s.Trajectories {
		vertices += len(s.Trajectories[i].Points)
	}
	if vertices > MaxVertices {
		return fmt.Errorf("volumes and trajectories: found %d corners and points, expected at most %d", vertices, MaxVertices)
	}
	return nil
}

func (v *Volume) item(place string) (plan.Volume, error) {
	f, err := v.Footprint.Build()
	if err != nil {
		return plan.Volume{}, fmt.Errorf("footprint.%w", err)
	}
	out := plan.Volume{
		Place: place, Footprint: f, LowerPlace: place + ".lower", UpperPlace: place + ".upper",
		Schedule: plan.Schedule{Windows: []volume.Window{{StartNS: int64(v.Start), EndNS: int64(v.End)}}},
		Buffers:  volume.Buffers{LateralMM: v.HErrorMM, VerticalMM: v.VErrorMM, TimeNS: v.TErrorNS},
	}
	if out.Lower, err = v.Lower.limit(); err != nil {
		return plan.Volume{}, fmt.Errorf("lower.%w", err)
	}
	if out.Upper, err = v.Upper.limit(); err != nil {
		return plan.Volume{}, fmt.Errorf("upper.%w", err)
	}
	return out, nil
}

func (a *Altitude) limit() (plan.Limit, error) {
	if a == nil {
		return plan.Limit{Unbounded: true}, nil
	}
	alt, err := a.Convert()
	return plan.Limit{Altitude: alt}, err
}

func (t *Trajectory) route(place string) (plan.Route, error) {
	if len(t.Points) < 2 {
		return plan.Route{}, fmt.Errorf("points: found %d, expected at least 2", len(t.Points))
	}
	out := plan.Route{
		Place:   place,
		Points:  make([]plan.RoutePoint, len(t.Points)),
		Buffers: volume.Buffers{LateralMM: t.HalfWidthMM, VerticalMM: t.VErrorMM, TimeNS: t.TErrorNS},
	}
	for i := range t.Points {
		p := &t.Points[i]
		at, err := Point{p.LatE9, p.LngE9}.LatLng()
		if err != nil {
			return plan.Route{}, fmt.Errorf("points[%d]: %w", i, err)
		}
		alt, err := p.Alt.Convert()
		if err != nil {
			return plan.Route{}, fmt.Errorf("points[%d].alt.%w", i, err)
		}
		out.Points[i] = plan.RoutePoint{
			Place: fmt.Sprintf("%s.points[%d]", place, i), At: at, Altitude: alt, Time: time.Unix(0, int64(p.At)).UTC(),
		}
	}
	return out, nil
}

// Window returns the first and the last instant of the shape, errors apart.
func (s *Shape) Window() (start, end statement.Instant) {
	first := true
	add := func(from, to statement.Instant) {
		if first {
			start, end, first = from, to, false
		}
		start, end = min(start, from), max(end, to)
	}
	for i := range s.Volumes {
		add(s.Volumes[i].Start, s.Volumes[i].End)
	}
	for i := range s.Trajectories {
		if p := s.Trajectories[i].Points; len(p) > 0 {
			add(p[0].At, p[len(p)-1].At)
		}
	}
	return start, end
}
