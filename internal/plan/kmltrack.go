package plan

import (
	"strconv"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/volume"
)

// multiTrack reads the tracks of a gx:MultiTrack as one path when it says that
// the gaps are to be interpolated, else as paths of their own.
func (g *kmlGeometry) multiTrack(n *xmlNode) error {
	join := false
	var tracks []*xmlNode
	for _, c := range n.children {
		switch c.name {
		case "Track":
			tracks = append(tracks, c)
		case "interpolate":
			var err error
			if join, err = c.boolean(); err != nil {
				return err
			}
		case "altitudeMode": // each track has its own
		default:
			g.notes.unusedf("%s is not used", c.path())
		}
	}
	if join {
		return g.tracks(n, tracks)
	}
	for _, t := range tracks {
		if err := g.tracks(t, []*xmlNode{t}); err != nil {
			return err
		}
	}
	return nil
}

// tracks reads one path that runs through several tracks.
func (g *kmlGeometry) tracks(n *xmlNode, tracks []*xmlNode) error {
	if err := g.props.refuse("a track", propLower, propUpper, propRadiusM, propHalfWidthM, propTimes, propOffsetsS, propSpeedMPS); err != nil {
		return err
	}
	route := Route{Place: n.place(), Buffers: g.props.buffers}
	for _, t := range tracks {
		if err := g.track(t, &route); err != nil {
			return err
		}
	}
	if len(route.Points) == 0 {
		return n.fail("an empty track", "when and gx:coord elements")
	}
	g.item.Routes = append(g.item.Routes, route)
	return nil
}

// track appends the points of one gx:Track: as many instants as positions.
func (g *kmlGeometry) track(n *xmlNode, route *Route) error {
	mode, err := kmlMode(n)
	if err != nil {
		return err
	}
	var whens []time.Time
	var coords []*xmlNode
	for _, c := range n.children {
		switch c.name {
		case "when":
			t, err := c.time()
			if err != nil {
				return err
			}
			whens = append(whens, t)
		case "coord":
			coords = append(coords, c)
		case "altitudeMode", "angles", "Model", "extrude", "tessellate", "ExtendedData":
		default:
			g.notes.unusedf("%s is not used", c.path())
		}
		if len(coords) > volume.MaxWaypoints {
			return n.fail("more than "+strconv.Itoa(volume.MaxWaypoints)+" positions", "fewer")
		}
	}
	if len(whens) != len(coords) {
		return n.fail(strconv.Itoa(len(whens))+" when and "+strconv.Itoa(len(coords))+" gx:coord", "as many of each")
	}
	base := n.path() + "/coord["
	for i, c := range coords {
		p, err := kmlTuple(strings.Fields(c.text))
		if err == error(errTuple) {
			return c.failHere("longitude latitude altitude, separated by spaces")
		}
		if err != nil {
			return c.wrap(err)
		}
		place := base + strconv.Itoa(i+1) + "] (line " + strconv.Itoa(c.line) + ")"
		alt, err := g.altitude(n, place, p, mode)
		if err != nil {
			return err
		}
		route.Points = append(route.Points, RoutePoint{Place: place, At: p.at, Altitude: alt, Time: whens[i]})
	}
	return nil
}
