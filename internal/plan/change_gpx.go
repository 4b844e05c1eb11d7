package plan

import (
	"strings"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// changeGPX writes a change into the points of a track or route.
func changeGPX(c *changer, data []byte) ([]byte, error) {
	x, err := c.xml(data)
	if err != nil {
		return nil, err
	}
	segments := make(map[string]*xmlNode)
	for _, n := range x.root.children {
		switch n.name {
		case "rte":
			segments[n.place()] = n
		case "trk":
			for _, s := range n.children {
				segments[s.place()] = s
			}
		}
		if b := n.child("bounds"); n.name == "bounds" || b != nil && n.name == "metadata" {
			c.notes.addf("the bounds of the file are as before")
		}
	}
	g := gpxChange{x}
	for i := range c.item.Routes {
		segment, ok := segments[c.item.Routes[i].Place]
		if !ok {
			return nil, c.fail("no such segment", "the document that the plan was read from")
		}
		g.segment(segment, i)
	}
	return x.document(data), nil
}

type gpxChange struct{ *xmlChange }

// segment changes the points of a path.
func (g gpxChange) segment(segment *xmlNode, route int) {
	nodes := make(map[string]*xmlNode)
	name := "trkpt"
	if segment.name == "rte" {
		name = "rtept"
	}
	all := segment.children[:0:0]
	for _, n := range segment.children {
		if n.name == name {
			nodes[n.path()] = n
			all = append(all, n)
		}
	}
	points, isNew := g.path(route)
	if !isNew {
		for _, n := range all {
			at, err := gpxPosition(n)
			ele, ok := scaleDecimal(n.child("ele").value(), 3)
			if err == nil && ok {
				g.point(n, g.moved(at), ele+g.change.LiftMM)
			}
			if t := n.child("time"); t != nil {
				g.setTime(t, g.change.DelayNS)
			}
		}
		return
	}
	old := make([]*xmlNode, len(g.item.Routes[route].Points))
	for i, p := range g.item.Routes[route].Points {
		// The place of a point is its path, always with its number, and its line.
		at := strings.LastIndex(p.Place, " (line ")
		old[i] = nodes[p.Place[:at]]
		if old[i] == nil { // a lone point has no number in its path
			old[i] = all[0]
		}
	}
	g.newPath(segment, old, all, points)
}

// point writes a position and an elevation.
func (g gpxChange) point(n *xmlNode, at geodesy.LatLng, eleMM int64) {
	if was, err := gpxPosition(n); err == nil && was != at {
		g.setAttributes(n, map[string]string{"lat": degreesText(at.LatE9), "lon": degreesText(at.LngE9)})
	}
	ele := n.child("ele")
	if was, ok := scaleDecimal(ele.value(), 3); ok && was != eleMM {
		g.setText(ele, formatScaled(eleMM, 3))
	}
}

// newPath writes other points, each with its time: what else a point has stays
// with it, new points have nothing else.
func (g gpxChange) newPath(segment *xmlNode, old, all []*xmlNode, points []changedPoint) {
	kept := make(map[*xmlNode]bool)
	prefix := g.prefix(segment)
	tag := func(name, text string) string { return "<" + prefix + name + ">" + text + "</" + prefix + name + ">" }
	for _, p := range points {
		n := old[p.of]
		zone := ""
		t := n.child("time")
		if t != nil {
			zone = t.value()
		}
		when := timeLike(zone, timeOfNS(p.timeNS))
		if p.kept && !kept[n] {
			kept[n] = true
			g.point(n, p.at, p.altitude.MM)
			if t != nil {
				g.setText(t, when)
			} else {
				g.insertAfter(n.child("ele"), tag("time", when))
				g.timed = true
			}
			continue
		}
		g.insertAfter(n, "<"+prefix+n.name+` lat="`+degreesText(p.at.LatE9)+`" lon="`+degreesText(p.at.LngE9)+`">`+
			tag("ele", formatScaled(p.altitude.MM, 3))+tag("time", when)+"</"+prefix+n.name+">")
	}
	for _, n := range all {
		if !kept[n] {
			g.remove(n)
		}
	}
}
