package plan

import (
	"bytes"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// plainEntity is an entity as values that can be compared.
type plainEntity struct {
	ID, Version, Party, Name, Kind, Type string
	Volumes                              []plainVolume4D
	Trajectories                         []plainTrajectory
	Suppositions                         []string
}

type plainVolume4D struct {
	Shape    string
	Vertices []geodesy.LatLng
	RadiusMM int64
	Band     volume.Band
	Window   volume.Window
	Buffers  volume.Buffers
	Datum    volume.Datum
	SeaBand  volume.Band
}

type plainTrajectory struct {
	Waypoints []volume.Waypoint
	Buffers   volume.Buffers
	Datum     volume.Datum
}

func plain(entities []*volume.Entity) []plainEntity {
	out := make([]plainEntity, len(entities))
	for i, e := range entities {
		p := plainEntity{
			ID: e.ID, Version: e.Version, Party: e.Party, Name: e.Name, Kind: e.Kind.String(), Type: e.Type,
			Suppositions: append([]string{}, e.Suppositions...),
		}
		for _, v := range e.Volumes {
			p.Volumes = append(p.Volumes, plainVolume4D{
				v.Footprint.Shape().String(), v.Footprint.Vertices(), v.Footprint.RadiusMM(), v.Band, v.Window, v.Buffers,
				v.Datum, v.SeaBand,
			})
		}
		for _, t := range e.Trajectories {
			p.Trajectories = append(p.Trajectories, plainTrajectory{t.Waypoints(), t.Buffers(), t.Datum()})
		}
		out[i] = p
	}
	return out
}

// reread writes entities, and reads and resolves what was written.
func reread(format Format, entities []*volume.Entity) ([]*volume.Entity, []byte, error) {
	write := map[Format]func(io.Writer, []*volume.Entity) error{GeoJSON: WriteGeoJSON, KML: WriteKML, F3548JSON: WriteF3548}[format]
	var b bytes.Buffer
	if err := write(&b, entities); err != nil {
		return nil, nil, fmt.Errorf("writing: %w", err)
	}
	f, err := Read("written", b.Bytes(), Options{})
	if err != nil {
		return nil, b.Bytes(), fmt.Errorf("reading: %w", err)
	}
	if f.Format != format {
		return nil, b.Bytes(), fmt.Errorf("found the format %s, expected %s", f.Format, format)
	}
	back, err := Resolve(f, ResolveOptions{})
	if err != nil {
		return nil, b.Bytes(), fmt.Errorf("resolving: %w", err)
	}
	return back, b.Bytes(), nil
}

// inPlace leaves out entities without volumes and paths, which no format can
// place.
func inPlace(entities []*volume.Entity) []*volume.Entity {
	var out []*volume.Entity
	for _, e := range entities {
		if len(e.Volumes)+len(e.Trajectories) > 0 {
			out = append(out, e)
		}
	}
	return out
}

// checkRoundTrip checks that a format keeps entities as they are.
func checkRoundTrip(t interface {
	Helper()
	Fatalf(string, ...any)
}, format Format, entities []*volume.Entity,
) {
	t.Helper()
	back, text, err := reread(format, entities)
	if err != nil {
		t.Fatalf("%s: %v\n%s", format, err, cutRunes(string(text), 4000))
	}
	if diff := cmp.Diff(plain(inPlace(entities)), plain(back)); diff != "" {
		t.Fatalf("%s changes entities (-written +read):\n%s\n%s", format, diff, cutRunes(string(text), 4000))
	}
}

// drawText draws a text that tidy leaves alone, with letters that formats
// have to escape.
func drawText(t *rapid.T, label string) string {
	s := rapid.StringOfN(rapid.SampledFrom([]rune("ab9 <>&\"'\\/#~,:{}é漢\u2028😀")), 0, 12, -1).Draw(t, label)
	return tidy(s)
}

// drawInstant draws an instant of this age, or one of the ends of time.
func drawInstant(t *rapid.T, label string) int64 {
	return rapid.Int64Range(-2_000_000_000_000_000_000, 2_000_000_000_000_000_000).Draw(t, label)
}

func drawBuffers(t *rapid.T) volume.Buffers {
	return volume.Buffers{
		LateralMM:  rapid.Int64Range(0, 20_000_000).Draw(t, "lateral"),
		VerticalMM: rapid.Int64Range(0, 2_000_000).Draw(t, "vertical"),
		TimeNS:     rapid.Int64Range(0, 4_000_000_000_000).Draw(t, "time buffer"),
	}
}

// drawPlace draws a place anywhere; near the seams of longitude and the poles
// often.
func drawPlace(t *rapid.T) geodesy.LatLng {
	lat := rapid.OneOf(
		rapid.Int64Range(-90e9, 90e9), rapid.SampledFrom([]int64{0, 89_999_000_000, -89_999_000_000}),
	).Draw(t, "lat")
	lng := rapid.OneOf(
		rapid.Int64Range(-180e9, 180e9-1), rapid.SampledFrom([]int64{0, -180e9, 180e9 - 1, 179_999_000_000}),
	).Draw(t, "lng")
	return geodesy.LatLng{LatE9: lat, LngE9: lng}
}

func drawFootprint(t *rapid.T) *volume.Footprint {
	f, _ := drawStar(t)
	return f
}

// drawStar draws a footprint and a place within it from which all of a polygon
// can be seen.
func drawStar(t *rapid.T) (f *volume.Footprint, centre geodesy.LatLng) {
	centre = drawPlace(t)
	sizeM := rapid.SampledFrom([]float64{2, 50, 1000, 40_000, 900_000}).Draw(t, "size")
	radiusMM := int64(sizeM * 1000 * rapid.Float64Range(0.1, 1).Draw(t, "radius"))
	n := rapid.IntRange(3, 9).Draw(t, "corners")
	// Corners around the centre at growing azimuths never cross.
	var ring []geodesy.LatLng
	for i := range n {
		ring = append(ring, geodesy.Direct(centre, 360*float64(i)/float64(n), sizeM*rapid.Float64Range(0.5, 1).Draw(t, "corner")))
	}
	var err error
	switch rapid.SampledFrom([]string{"circle", "corridor", "polygon"}).Draw(t, "shape") {
	case "circle":
		f, err = volume.NewCircle(centre, radiusMM)
	case "corridor":
		f, err = volume.NewCorridor(ring, radiusMM)
	default:
		f, err = volume.NewPolygon(ring)
	}
	if err != nil {
		t.Skip(err)
	}
	return f, centre
}

// drawLimit draws an altitude above the ellipsoid or the sea, or no limit.
func drawLimit(t *rapid.T, label string) Limit {
	if rapid.IntRange(0, 3).Draw(t, "no "+label) == 0 {
		return Limit{Unbounded: true}
	}
	return Limit{Altitude: geodesy.Altitude{
		MM:  rapid.Int64Range(-1_000_000, 20_000_000).Draw(t, label),
		Ref: rapid.SampledFrom([]geodesy.AltitudeReference{geodesy.W84, geodesy.AMSL}).Draw(t, label+" reference"),
	}}
}

func drawVolume(t *rapid.T) Volume {
	start := drawInstant(t, "start")
	w := volume.Window{StartNS: start, EndNS: start + rapid.Int64Range(1, 90_000_000_000_000).Draw(t, "duration")}
	if rapid.IntRange(0, 3).Draw(t, "always") == 0 {
		w.StartNS = volume.AlwaysNS
	}
	if rapid.IntRange(0, 3).Draw(t, "forever") == 0 {
		w.EndNS = volume.ForeverNS
	}
	return Volume{
		Footprint: drawFootprint(t),
		Lower:     drawLimit(t, "lower"),
		Upper:     drawLimit(t, "upper"),
		Schedule:  Schedule{Windows: []volume.Window{w}},
		Buffers:   drawBuffers(t),
	}
}

func drawRoute(t *rapid.T) Route {
	at, when := drawPlace(t), timeOfNS(drawInstant(t, "departure"))
	ref := rapid.SampledFrom([]geodesy.AltitudeReference{geodesy.W84, geodesy.AMSL}).Draw(t, "reference")
	r := Route{Buffers: drawBuffers(t)}
	for range rapid.IntRange(2, 8).Draw(t, "points") {
		alt := geodesy.Altitude{MM: rapid.Int64Range(-500_000, 20_000_000).Draw(t, "altitude"), Ref: ref}
		r.Points = append(r.Points, RoutePoint{At: at, Altitude: alt, Time: when})
		at = geodesy.Direct(at, rapid.Float64Range(0, 360).Draw(t, "track"), rapid.SampledFrom([]float64{0, 0.01, 30, 5000, 300_000}).Draw(t, "leg"))
		when = when.Add(time.Duration(rapid.Int64Range(1, 4_000_000_000_000).Draw(t, "leg time")))
	}
	return r
}

func drawTrajectory(t *rapid.T) *volume.Trajectory {
	e, err := Resolve(&File{Name: "drawn", Items: []Item{{Routes: []Route{drawRoute(t)}}}}, ResolveOptions{})
	if err != nil {
		t.Skip(err)
	}
	return e[0].Trajectories[0]
}

func drawItem(t *rapid.T, n int) Item {
	item := Item{
		ID:      tidy(fmt.Sprintf("%d %s", n, drawText(t, "id"))),
		Version: drawText(t, "version"), Party: drawText(t, "party"), Name: drawText(t, "name"),
		Kind: rapid.SampledFrom([]volume.Kind{volume.Intent, volume.Constraint}).Draw(t, "kind"),
	}
	if item.Kind == volume.Constraint {
		item.Type = rapid.SampledFrom(constraintTypes).Draw(t, "type")
	}
	for range rapid.IntRange(0, 2).Draw(t, "volumes") {
		item.Volumes = append(item.Volumes, drawVolume(t))
	}
	for range rapid.IntRange(0, 2).Draw(t, "routes") {
		item.Routes = append(item.Routes, drawRoute(t))
	}
	for range rapid.IntRange(0, 2).Draw(t, "suppositions") {
		item.Suppositions = append(item.Suppositions, drawText(t, "supposition"))
	}
	return item
}

// drawEntities draws what a file of any format may resolve to.
func drawEntities(t *rapid.T) []*volume.Entity {
	f := &File{Name: "drawn"}
	for i := range rapid.IntRange(1, 3).Draw(t, "items") {
		f.Items = append(f.Items, drawItem(t, i))
	}
	entities, err := Resolve(f, ResolveOptions{})
	if err != nil {
		t.Skip(err)
	}
	return entities
}

func TestWhatIsWrittenReadsBackTheSame(t *testing.T) {
	for _, format := range []Format{GeoJSON, KML} {
		t.Run(string(format), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				checkRoundTrip(t, format, drawEntities(t))
			})
		})
	}
}

// F3548-21 keeps polygons and circles without buffers, but neither names nor
// suppositions.
func TestF3548KeepsWhatItCanSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		item := Item{
			ID: "e1", Party: drawText(t, "party"),
			Version: rapid.SampledFrom([]string{"", "7", "07", "opaque/ovn=", "-1"}).Draw(t, "version"),
			Kind:    rapid.SampledFrom([]volume.Kind{volume.Intent, volume.Constraint}).Draw(t, "kind"),
		}
		if item.Kind == volume.Constraint {
			item.Type = rapid.SampledFrom(constraintTypes).Draw(t, "type")
		}
		for range rapid.IntRange(1, 3).Draw(t, "volumes") {
			v := drawVolume(t)
			v.Buffers = volume.Buffers{}
			v.Lower.Altitude.Ref, v.Upper.Altitude.Ref = geodesy.W84, geodesy.W84
			if v.Footprint.Shape() == volume.Corridor {
				t.Skip("a corridor")
			}
			item.Volumes = append(item.Volumes, v)
		}
		entities, err := Resolve(&File{Name: "drawn", Items: []Item{item}}, ResolveOptions{})
		if err != nil {
			t.Skip(err)
		}
		e := entities[0]
		back, text, err := reread(F3548JSON, []*volume.Entity{e})
		open := false
		for i := range e.Volumes {
			open = open || fullyBounded(&e.Volumes[i]) != nil
		}
		if e.Kind == volume.Intent && open {
			if err == nil {
				t.Fatalf("an intent without limits was written:\n%s", text)
			}
			return
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if diff := cmp.Diff(plain([]*volume.Entity{e}), plain(back)); diff != "" {
			t.Fatalf("changed (-written +read):\n%s\n%s", diff, text)
		}
	})
}

func TestTidyKeepsWhatItReturns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		once := tidy(s)
		if twice := tidy(once); twice != once {
			t.Fatalf("tidy(%q) = %q, then %q", s, once, twice)
		}
		if len(once) > maxTidyBytes {
			t.Fatalf("%d bytes", len(once))
		}
	})
}

func TestFormatNSReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ns := drawInstant(t, "instant")
		at, err := parseTime(formatNS(ns))
		if err != nil || at.UnixNano() != ns || at.Location() != time.UTC {
			t.Fatalf("%d becomes %q, %v, %v", ns, formatNS(ns), at, err)
		}
	})
}
