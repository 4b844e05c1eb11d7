package main

import (
	"io"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/plan"
	"github.com/deconflict/deconflict/internal/volume"
)

// showSchema names the form of the JSON that show prints, which
// docs/CHECK-JSON.md describes.
const showSchema = "deconflict.show/1"

type shownFiles struct {
	Schema string      `json:"schema"`
	Files  []shownFile `json:"files"`
}

type shownFile struct {
	File   string      `json:"file"`
	Format string      `json:"format"`
	Items  []shownItem `json:"items"`
	Notes  []string    `json:"notes"`
}

type shownItem struct {
	sideJSON
	Place        string        `json:"place"`
	Home         *shownHome    `json:"home"`
	Volumes      []shownVolume `json:"volumes"`
	Routes       []shownRoute  `json:"routes"`
	Suppositions []string      `json:"suppositions"`
	Notes        []string      `json:"notes"`
}

type shownHome struct {
	LatDeg    float64       `json:"lat_deg"`
	LngDeg    float64       `json:"lng_deg"`
	Elevation shownAltitude `json:"elevation"`
}

type shownVolume struct {
	Shape    string         `json:"shape"`
	Vertices [][2]float64   `json:"vertices_lat_lng_deg"`
	RadiusM  float64        `json:"radius_m"` // or half width; 0 for a polygon
	Lower    *shownAltitude `json:"lower"`
	Upper    *shownAltitude `json:"upper"`
	Schedule shownSchedule  `json:"schedule"`
	Buffers  shownBuffers   `json:"buffers"`
}

type shownAltitude struct {
	M         float64 `json:"m"`
	Reference string  `json:"reference"`
}

type shownSchedule struct {
	Always    bool            `json:"always"`
	Windows   []shownWindow   `json:"windows"`
	Offsets   []shownOffset   `json:"offsets_from_start"`
	Recurring []shownRecurred `json:"recurring"`
}

type shownWindow struct {
	From *string `json:"from"`
	To   *string `json:"to"`
}

type shownOffset struct {
	FromS float64 `json:"from_s"`
	ToS   float64 `json:"to_s"`
}

type shownRecurred struct {
	Within shownWindow `json:"within"`
	Days   []string    `json:"days"` // empty: every day
	FromS  float64     `json:"from_midnight_utc_s"`
	ToS    float64     `json:"to_midnight_utc_s"`
}

type shownBuffers struct {
	LateralM  float64 `json:"lateral_m"`
	VerticalM float64 `json:"vertical_m"`
	TimeS     float64 `json:"time_s"`
}

type shownRoute struct {
	LengthM float64      `json:"length_m"`
	Points  []shownPoint `json:"points"`
	Buffers shownBuffers `json:"buffers"`
}

type shownPoint struct {
	LatDeg   float64       `json:"lat_deg"`
	LngDeg   float64       `json:"lng_deg"`
	Altitude shownAltitude `json:"altitude"`
	Time     *string       `json:"time"`
	OffsetS  *float64      `json:"offset_from_start_s"`
}

func showJSON(w io.Writer, files []*plan.File) error {
	out := shownFiles{Schema: showSchema, Files: []shownFile{}}
	for _, file := range files {
		f := shownFile{File: file.Name, Format: string(file.Format), Items: []shownItem{}, Notes: list(file.Notes)}
		for i := range file.Items {
			f.Items = append(f.Items, shownItemOf(&file.Items[i]))
		}
		out.Files = append(out.Files, f)
	}
	return encodeJSON(w, out)
}

func shownItemOf(item *plan.Item) shownItem {
	out := shownItem{
		sideJSON: sideJSON{item.ID, item.Version, item.Party, item.Name, item.Kind.String(), item.Type},
		Place:    item.Place, Volumes: []shownVolume{}, Routes: []shownRoute{},
		Suppositions: list(item.Suppositions), Notes: list(item.Notes),
	}
	if h := item.Home; h != nil {
		out.Home = &shownHome{Elevation: shownAltitudeOf(geodesy.Altitude{MM: h.AltMM, Ref: h.Ref})}
		out.Home.LatDeg, out.Home.LngDeg = h.At.Degrees()
	}
	for i := range item.Volumes {
		v := &item.Volumes[i]
		s := shownVolume{
			Shape: v.Footprint.Shape().String(), RadiusM: metresOfMM(v.Footprint.RadiusMM()),
			Lower: shownLimit(v.Lower), Upper: shownLimit(v.Upper),
			Schedule: shownScheduleOf(&v.Schedule), Buffers: shownBuffersOf(v.Buffers),
		}
		for _, p := range v.Footprint.Vertices() {
			lat, lng := p.Degrees()
			s.Vertices = append(s.Vertices, [2]float64{lat, lng})
		}
		out.Volumes = append(out.Volumes, s)
	}
	for i := range item.Routes {
		out.Routes = append(out.Routes, shownRouteOf(&item.Routes[i]))
	}
	return out
}

func shownRouteOf(r *plan.Route) shownRoute {
	out := shownRoute{Points: []shownPoint{}, Buffers: shownBuffersOf(r.Buffers)}
	at := make([]geodesy.LatLng, len(r.Points))
	for i, p := range r.Points {
		at[i] = p.At
		s := shownPoint{Altitude: shownAltitudeOf(p.Altitude)}
		s.LatDeg, s.LngDeg = p.At.Degrees()
		if p.Time.IsZero() {
			offset := p.Offset.Seconds()
			s.OffsetS = &offset
		} else {
			t := rfc3339(p.Time.UnixNano())
			s.Time = &t
		}
		out.Points = append(out.Points, s)
	}
	out.LengthM = metresOfMM(pathMM(at))
	return out
}

func shownLimit(l plan.Limit) *shownAltitude {
	if l.Unbounded {
		return nil
	}
	a := shownAltitudeOf(l.Altitude)
	return &a
}

func shownAltitudeOf(a geodesy.Altitude) shownAltitude {
	ref := string(a.Ref)
	if a.Ref == geodesy.Pressure {
		ref = "QNE"
	}
	return shownAltitude{metresOfMM(a.MM), ref}
}

func shownBuffersOf(b volume.Buffers) shownBuffers {
	return shownBuffers{metresOfMM(b.LateralMM), metresOfMM(b.VerticalMM), time.Duration(b.TimeNS).Seconds()}
}

func shownScheduleOf(s *plan.Schedule) shownSchedule {
	out := shownSchedule{Always: s.Always, Windows: []shownWindow{}, Offsets: []shownOffset{}, Recurring: []shownRecurred{}}
	for _, w := range s.Windows {
		out.Windows = append(out.Windows, shownWindow{instant(w.StartNS), instant(w.EndNS)})
	}
	for _, o := range s.Offsets {
		out.Offsets = append(out.Offsets, shownOffset{o.From.Seconds(), o.To.Seconds()})
	}
	for _, r := range s.Recurring {
		days := []string{}
		for _, d := range r.Days {
			days = append(days, d.String())
		}
		out.Recurring = append(out.Recurring, shownRecurred{
			shownWindow{instant(r.Outer.StartNS), instant(r.Outer.EndNS)}, days, r.From.Seconds(), r.To.Seconds(),
		})
	}
	return out
}
