package main

import (
	"encoding/hex"
	"io"
	"math"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// The GeoJSON of a check has, for each conflict, the line between the closest
// places and the paths that trajectories fly during the violation. The members
// are described in docs/CHECK-JSON.md.
type featureCollection struct {
	Type     string    `json:"type"`
	Features []feature `json:"features"`
}

type feature struct {
	Type       string             `json:"type"`
	Geometry   geometry           `json:"geometry"`
	Properties conflictProperties `json:"properties"`
}

type geometry struct {
	Type        string `json:"type"`
	Coordinates any    `json:"coordinates"`
}

// Kinds of feature.
const (
	closestApproach = "closest_approach"
	pathInConflict  = "path_in_conflict"
)

type conflictProperties struct {
	Feature           string   `json:"feature"`
	A                 string   `json:"a"`
	B                 string   `json:"b"`
	Of                string   `json:"of,omitempty"` // whose path it is
	From              *string  `json:"from"`
	To                *string  `json:"to"`
	Time              string   `json:"time,omitempty"`
	HorizontalM       *float64 `json:"horizontal_m,omitempty"`
	VerticalM         *float64 `json:"vertical_m,omitempty"`
	RequiredLateralM  float64  `json:"required_lateral_m"`
	RequiredVerticalM float64  `json:"required_vertical_m"`
	WithinTolerance   bool     `json:"within_tolerance"`
	VerdictDigest     string   `json:"verdict_digest"`
}

func (c *check) writeGeoJSON(w io.Writer) error {
	out := featureCollection{Type: "FeatureCollection", Features: []feature{}}
	for i := range c.result.Verdicts {
		v := &c.result.Verdicts[i]
		if v.MinHorizontal != nil {
			out.Features = append(out.Features, closestFeature(v))
		}
		for k := range v.Parts {
			p := &v.Parts[k]
			out.Features = appendPath(out.Features, v, p, c.byID[v.A.ID], p.A)
			out.Features = appendPath(out.Features, v, p, c.byID[v.B.ID], p.B)
		}
	}
	return encodeJSON(w, out)
}

func propertiesOf(v *conflict.Verdict, kind string) conflictProperties {
	return conflictProperties{
		Feature: kind, A: v.A.ID, B: v.B.ID, From: instant(v.FromNS), To: instant(v.ToNS),
		RequiredLateralM: metresOfMM(v.Minima.LateralMM), RequiredVerticalM: metresOfMM(v.Minima.VerticalMM),
		WithinTolerance: v.WithinTolerance, VerdictDigest: hex.EncodeToString(v.Digest[:]),
	}
}

// closestFeature is the line between both sides at closest approach, or their
// common point.
func closestFeature(v *conflict.Verdict) feature {
	near := v.MinHorizontal
	p := propertiesOf(v, closestApproach)
	p.Time = rfc3339(near.TimeNS)
	m := metresOfTenths(near.HorizontalTenthMM)
	p.HorizontalM, p.VerticalM = &m, altitude(near.VerticalMM)
	g := lineGeometry([]geodesy.LatLng{near.A, near.B})
	return feature{"Feature", g, p}
}

// appendPath adds the path that a leg in conflict takes during the violation.
func appendPath(out []feature, v *conflict.Verdict, p *conflict.Part, e *volume.Entity, ref conflict.PartRef) []feature {
	if ref.Kind != conflict.LegPart {
		return out
	}
	points := e.Trajectories[ref.Route].Waypoints()
	a, b := points[ref.Index], points[ref.Index+1]
	from, to := max(a.TimeNS, p.FromNS), min(b.TimeNS, p.ToNS)
	if from > to { // only within the time buffer
		return out
	}
	line := geodesy.LineBetween(a.At, b.At)
	along := func(ns int64) float64 {
		return line.DistanceM() * float64(ns-a.TimeNS) / float64(b.TimeNS-a.TimeNS)
	}
	// A geodesic is drawn as chords of at most about 20 km.
	s0, s1 := along(from), along(to)
	n := 1 + int(math.Ceil((s1-s0)/20_000))
	var path []geodesy.LatLng
	for i := 0; i <= n; i++ {
		path = append(path, line.LatLng(s0+(s1-s0)*float64(i)/float64(n)))
	}
	props := propertiesOf(v, pathInConflict)
	props.Of, props.From, props.To = e.ID, instant(p.FromNS), instant(p.ToNS)
	props.WithinTolerance = p.WithinTolerance
	return append(out, feature{"Feature", lineGeometry(path), props})
}

// lineGeometry writes a path, cut at the antimeridian as RFC 7946 section 3.1.9
// asks; a path that does not leave its start is a point.
func lineGeometry(path []geodesy.LatLng) geometry {
	type position = [2]float64
	lines := [][]position{{}}
	moved := false
	for i, p := range path {
		lat, lng := p.Degrees()
		last := len(lines) - 1
		if i > 0 {
			moved = moved || p != path[0]
			lat0, lng0 := path[i-1].Degrees()
			if math.Abs(lng-lng0) > 180 {
				edge := math.Copysign(180, lng0)
				across := lng - math.Copysign(360, lng)
				cut := lat0 + (lat-lat0)*(edge-lng0)/(across-lng0)
				lines[last] = append(lines[last], position{edge, cut})
				lines = append(lines, []position{{-edge, cut}})
				last++
			}
		}
		lines[last] = append(lines[last], position{lng, lat})
	}
	switch {
	case !moved:
		return geometry{"Point", lines[0][0]}
	case len(lines) == 1:
		return geometry{"LineString", lines[0]}
	}
	return geometry{"MultiLineString", lines}
}
