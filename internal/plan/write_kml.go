package plan

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// WriteKML writes entities as KML that Read and Resolve turn back into equal
// entities. Areas carry their limits and times as ExtendedData; polygons are
// also drawn at their upper limit. Trajectories are gx:Tracks. Circles and
// corridors, which KML cannot draw, are a point and a line, with outlines in a
// folder of their own that is marked as display only and not read.
func WriteKML(w io.Writer, entities []*volume.Entity) error {
	k := kmlWriter{out: bufio.NewWriter(w)}
	k.raw(xml.Header)
	k.raw(`<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2">` + "\n<Document>\n")
	for _, e := range entities {
		features, err := geoFeatures(e)
		if err != nil {
			return fmt.Errorf("entity %s: %w", quoteShort(e.ID), err)
		}
		if len(e.Volumes)+len(e.Trajectories) == 0 {
			continue
		}
		k.raw("<Folder>\n")
		k.element("name", e.Kind.String()+" "+nameOrID(e))
		for i := range features {
			if i < len(e.Volumes) {
				k.volume(&e.Volumes[i], &features[i])
			} else {
				k.trajectory(e.Trajectories[i-len(e.Volumes)], &features[i])
			}
		}
		k.outlines(e)
		k.raw("</Folder>\n")
	}
	k.raw("</Document>\n</kml>\n")
	return k.out.Flush()
}

func nameOrID(e *volume.Entity) string {
	if e.Name != "" {
		return e.Name
	}
	return e.ID
}

type kmlWriter struct{ out *bufio.Writer }

func (k *kmlWriter) raw(s string) { k.out.WriteString(s) }

// element writes an element with escaped text.
func (k *kmlWriter) element(name, text string) {
	k.raw("<" + name + ">" + escapeXML(text) + "</" + name + ">\n")
}

func escapeXML(s string) string {
	var b bytes.Buffer
	// Writing to a bytes.Buffer does not fail.
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

// data writes ExtendedData from the properties that GeoJSON has, and more.
func (k *kmlWriter) data(f *geoFeature, more ...[2]string) {
	p := &f.Properties
	fields := [][2]string{
		{propID, f.ID},
		{propVersion, p.Version},
		{propParty, p.Party},
		{propName, p.Name},
		{propKind, p.Kind},
		{propType, p.Type},
		{propLower, p.Lower},
		{propUpper, p.Upper},
		{propStart, p.Start},
		{propEnd, p.End},
		{propRadiusM, string(p.RadiusM)},
		{propHalfWidthM, string(p.HalfWidthM)},
		{propBufferLateralM, string(p.BufferLateralM)},
		{propBufferVerticalM, string(p.BufferVerticalM)},
		{propBufferTimeS, string(p.BufferTimeS)},
		{propSuppositions, strings.Join(p.Suppositions, "\n")},
	}
	if p.Parts > 0 {
		fields = append(fields, [2]string{propPart, strconv.Itoa(p.Part)}, [2]string{propParts, strconv.Itoa(p.Parts)})
	}
	k.raw("<ExtendedData>\n")
	for _, field := range append(fields, more...) {
		if field[1] != "" {
			k.raw(`<Data name="` + field[0] + `"><value>` + escapeXML(field[1]) + "</value></Data>\n")
		}
	}
	k.raw("</ExtendedData>\n")
}

// begin opens a placemark. Its name is the entity's, or else the id, which the
// reader does not take for a name.
func (k *kmlWriter) begin(f *geoFeature) {
	k.raw("<Placemark>\n")
	name := f.Properties.Name
	if name == "" {
		name = f.ID
	}
	k.element("name", name)
}

func (k *kmlWriter) volume(v *volume.Volume4D, f *geoFeature) {
	k.begin(f)
	k.timeSpan(v.Window)
	k.data(f)
	vertices := v.Footprint.Vertices()
	switch v.Footprint.Shape() {
	case volume.Circle:
		k.raw("<Point>")
		k.coordinates(vertices, nil)
		k.raw("</Point>\n")
	case volume.Corridor:
		k.raw("<LineString><tessellate>1</tessellate>")
		k.coordinates(vertices, nil)
		k.raw("</LineString>\n")
	default:
		k.polygon(vertices, v)
	}
	k.raw("</Placemark>\n")
}

func (k *kmlWriter) timeSpan(w volume.Window) {
	if w.StartNS <= volume.AlwaysNS && w.EndNS >= volume.ForeverNS {
		return
	}
	k.raw("<TimeSpan>")
	if w.StartNS > volume.AlwaysNS {
		k.raw("<begin>" + formatNS(w.StartNS) + "</begin>")
	}
	if w.EndNS < volume.ForeverNS {
		k.raw("<end>" + formatNS(w.EndNS) + "</end>")
	}
	k.raw("</TimeSpan>\n")
}

// polygon draws a ring at the upper limit of a volume; on the ground when there
// is none. It is joined to the ground when there is no lower limit.
func (k *kmlWriter) polygon(ring []geodesy.LatLng, v *volume.Volume4D) {
	band := v.Band
	closed := append(append([]geodesy.LatLng(nil), ring...), ring[0])
	if band.UpperMM >= volume.NoCeilingMM {
		k.raw("<Polygon><tessellate>1</tessellate><outerBoundaryIs><LinearRing>")
		k.coordinates(closed, nil)
	} else {
		if band.LowerMM <= volume.NoFloorMM {
			k.raw("<Polygon><extrude>1</extrude>")
		} else {
			k.raw("<Polygon>")
		}
		k.raw("<altitudeMode>absolute</altitudeMode><outerBoundaryIs><LinearRing>")
		k.coordinates(closed, func(p geodesy.LatLng) int64 {
			if v.Datum.Sea {
				return v.SeaBand.UpperMM
			}
			return band.UpperMM - geoidMM(p)
		})
	}
	k.raw("</LinearRing></outerBoundaryIs></Polygon>\n")
}

// coordinates writes positions, with altitudes in millimetres where given.
func (k *kmlWriter) coordinates(list []geodesy.LatLng, altitudeMM func(geodesy.LatLng) int64) {
	k.raw("<coordinates>")
	for i, p := range list {
		if i > 0 {
			k.raw(" ")
		}
		k.raw(formatScaled(p.LngE9, 9) + "," + formatScaled(p.LatE9, 9))
		if altitudeMM != nil {
			k.raw("," + formatScaled(altitudeMM(p), 3))
		}
	}
	k.raw("</coordinates>")
}

func (k *kmlWriter) trajectory(t *volume.Trajectory, f *geoFeature) {
	k.begin(f)
	// KML's absolute altitudes are above mean sea level.
	sea := t.Datum().Sea
	if sea {
		k.data(f, [2]string{propAltitudeReference, string(geodesy.AMSL)})
	} else {
		k.data(f, [2]string{propAltitudesFrom, altitudesFromW84})
	}
	k.raw("<gx:Track>\n<altitudeMode>absolute</altitudeMode>\n")
	for _, w := range t.Waypoints() {
		k.element("when", formatNS(w.TimeNS))
	}
	for _, w := range t.Waypoints() {
		seaMM := w.SeaMM
		if !sea {
			seaMM = w.AltMM - geoidMM(w.At)
		}
		k.element("gx:coord", formatScaled(w.At.LngE9, 9)+" "+formatScaled(w.At.LatE9, 9)+" "+formatScaled(seaMM, 3))
	}
	k.raw("</gx:Track>\n</Placemark>\n")
}

// outlines draws the circles and corridors of an entity.
func (k *kmlWriter) outlines(e *volume.Entity) {
	open := false
	for i := range e.Volumes {
		v := &e.Volumes[i]
		var rings [][]geodesy.LatLng
		vertices, radiusM := v.Footprint.Vertices(), float64(v.Footprint.RadiusMM())/1000
		switch v.Footprint.Shape() {
		case volume.Circle:
			rings = append(rings, outline(vertices[0], radiusM))
		case volume.Corridor:
			for j := range len(vertices) - 1 {
				if leg, err := encloseLeg(vertices[j], vertices[j+1], v.Footprint.RadiusMM()); err == nil && leg.Shape() == volume.Polygon {
					rings = append(rings, leg.Vertices())
				}
			}
		}
		for _, ring := range rings {
			if len(ring) < 3 {
				continue
			}
			if !open {
				k.raw("<Folder>\n")
				k.element("name", "outlines, for display only")
				open = true
			}
			k.raw("<Placemark>\n")
			k.element("name", nameOrID(e))
			k.timeSpan(v.Window)
			k.raw(`<ExtendedData><Data name="` + propDisplayOnly + `"><value>1</value></Data></ExtendedData>` + "\n")
			k.polygon(ring, v)
			k.raw("</Placemark>\n")
		}
	}
	if open {
		k.raw("</Folder>\n")
	}
}
