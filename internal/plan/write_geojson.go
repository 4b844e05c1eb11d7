package plan

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// geoFeature is a feature as it is written.
type geoFeature struct {
	Type       string        `json:"type"`
	ID         string        `json:"id"`
	Properties geoProperties `json:"properties"`
	Geometry   *geoGeometry  `json:"geometry"`
}

type geoGeometry struct {
	Type        string          `json:"type"`
	Coordinates json.RawMessage `json:"coordinates"`
}

// geoProperties are the properties of docs/FORMATS.md. Numbers are texts of
// exact decimals.
type geoProperties struct {
	Version           string      `json:"version,omitempty"`
	Party             string      `json:"party,omitempty"`
	Name              string      `json:"name,omitempty"`
	Note              string      `json:"note,omitempty"`
	Kind              string      `json:"kind,omitempty"`
	Type              string      `json:"type,omitempty"`
	Lower             string      `json:"lower,omitempty"`
	Upper             string      `json:"upper,omitempty"`
	Start             string      `json:"start,omitempty"`
	End               string      `json:"end,omitempty"`
	RadiusM           json.Number `json:"radius_m,omitempty"`
	HalfWidthM        json.Number `json:"half_width_m,omitempty"`
	AltitudeReference string      `json:"altitude_reference,omitempty"`
	Times             []string    `json:"times,omitempty"`
	BufferLateralM    json.Number `json:"buffer_lateral_m,omitempty"`
	BufferVerticalM   json.Number `json:"buffer_vertical_m,omitempty"`
	BufferTimeS       json.Number `json:"buffer_time_s,omitempty"`
	Part              int         `json:"part,omitempty"`
	Parts             int         `json:"parts,omitempty"`
	Suppositions      []string    `json:"suppositions,omitempty"`
}

// WriteGeoJSON writes entities as a GeoJSON FeatureCollection, one feature a
// line, that Read and Resolve turn back into equal entities. An entity of
// several volumes or trajectories becomes several features with part and
// parts; one that has neither becomes a feature without geometry and without
// properties but a note, which a reader can only note.
func WriteGeoJSON(w io.Writer, entities []*volume.Entity) error {
	out := bufio.NewWriter(w)
	out.WriteString(`{"type":"FeatureCollection","features":[`)
	first := true
	for _, e := range entities {
		features, err := geoFeatures(e)
		if err != nil {
			return fmt.Errorf("entity %s: %w", quoteShort(e.ID), err)
		}
		for _, f := range features {
			text, err := marshalJSON(f)
			if err != nil {
				return fmt.Errorf("entity %s: %w", quoteShort(e.ID), err)
			}
			if !first {
				out.WriteByte(',')
			}
			first = false
			out.WriteByte('\n')
			out.Write(text)
		}
	}
	out.WriteString("\n]}\n")
	return out.Flush()
}

// marshalJSON is json.Marshal without escaping <, > and &.
func marshalJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

func geoFeatures(e *volume.Entity) ([]geoFeature, error) {
	if e.Kind == volume.Constraint && !isConstraintType(e.Type) {
		return nil, fmt.Errorf("found the constraint type %s, expected one of %s", quoteShort(e.Type), strings.Join(constraintTypes, ", "))
	}
	common := geoProperties{
		Version: e.Version, Party: e.Party, Name: e.Name, Kind: e.Kind.String(), Type: e.Type, Suppositions: e.Suppositions,
	}
	var features []geoFeature
	for i := range e.Volumes {
		f := geoFeature{Type: "Feature", ID: e.ID, Properties: common}
		f.volume(&e.Volumes[i])
		features = append(features, f)
	}
	for _, t := range e.Trajectories {
		f := geoFeature{Type: "Feature", ID: e.ID, Properties: common}
		f.trajectory(t)
		features = append(features, f)
	}
	switch len(features) {
	case 0:
		features = []geoFeature{{Type: "Feature", ID: e.ID, Properties: geoProperties{
			Name: e.Name, Note: strings.Join(append([]string{"a " + e.Kind.String() + " without areas and routes"}, e.Suppositions...), "; "),
		}}}
	case 1:
	default:
		for i := range features {
			features[i].Properties.Part, features[i].Properties.Parts = i+1, len(features)
		}
	}
	return features, nil
}

func (f *geoFeature) volume(v *volume.Volume4D) {
	p := &f.Properties
	p.Lower, p.Upper = formatLimit(v.Band.LowerMM, geodesy.W84), formatLimit(v.Band.UpperMM, geodesy.W84)
	if v.Datum.Sea {
		p.Lower, p.Upper = formatLimit(v.SeaBand.LowerMM, geodesy.AMSL), formatLimit(v.SeaBand.UpperMM, geodesy.AMSL)
	}
	p.Start, p.End = formatNS(v.Window.StartNS), formatNS(v.Window.EndNS)
	p.buffers(v.Buffers)
	vertices := v.Footprint.Vertices()
	var b []byte
	switch v.Footprint.Shape() {
	case volume.Circle:
		p.RadiusM = scaledNumber(v.Footprint.RadiusMM(), 3)
		f.Geometry = &geoGeometry{"Point", appendPosition(nil, vertices[0])}
	case volume.Corridor:
		p.HalfWidthM = scaledNumber(v.Footprint.RadiusMM(), 3)
		f.Geometry = &geoGeometry{"LineString", appendPositions(nil, vertices)}
	default:
		b = append(b, '[')
		ring := append(append([]geodesy.LatLng(nil), vertices...), vertices[0])
		b = append(appendPositions(b, ring), ']')
		f.Geometry = &geoGeometry{"Polygon", b}
	}
}

func (f *geoFeature) trajectory(t *volume.Trajectory) {
	p := &f.Properties
	p.AltitudeReference = string(geodesy.W84)
	if t.Datum().Sea {
		p.AltitudeReference = string(geodesy.AMSL)
	}
	p.buffers(t.Buffers())
	b := []byte{'['}
	for i, w := range t.Waypoints() {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '[')
		b = append(b, formatScaled(w.At.LngE9, 9)...)
		b = append(b, ',')
		b = append(b, formatScaled(w.At.LatE9, 9)...)
		b = append(b, ',')
		altMM := w.AltMM
		if t.Datum().Sea {
			altMM = w.SeaMM
		}
		b = append(b, formatScaled(altMM, 3)...)
		b = append(b, ']')
		p.Times = append(p.Times, formatNS(w.TimeNS))
	}
	f.Geometry = &geoGeometry{"LineString", append(b, ']')}
}

func (p *geoProperties) buffers(b volume.Buffers) {
	p.BufferLateralM = scaledNumber(b.LateralMM, 3)
	p.BufferVerticalM = scaledNumber(b.VerticalMM, 3)
	p.BufferTimeS = scaledNumber(b.TimeNS, 9)
}

// scaledNumber is n times 10^-digits, or nothing for zero.
func scaledNumber(n int64, digits int) json.Number {
	if n == 0 {
		return ""
	}
	return json.Number(formatScaled(n, digits))
}

func appendPositions(b []byte, list []geodesy.LatLng) []byte {
	b = append(b, '[')
	for i, p := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendPosition(b, p)
	}
	return append(b, ']')
}

func appendPosition(b []byte, p geodesy.LatLng) []byte {
	b = append(b, '[')
	b = append(b, formatScaled(p.LngE9, 9)...)
	b = append(b, ',')
	b = append(b, formatScaled(p.LatE9, 9)...)
	return append(b, ']')
}
