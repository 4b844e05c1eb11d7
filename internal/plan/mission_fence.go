package plan

import (
	"fmt"

	"github.com/deconflict/deconflict/internal/volume"
)

// fence checks the geofence and notes it: its areas are the operator's own
// limits and occupy no airspace.
func (p *planReader) fence(doc *jsonObject) error {
	v, ok := doc.optional("geoFence")
	if !ok {
		return nil
	}
	f, err := v.object()
	if err != nil {
		return err
	}
	if err := needVersion(f, 2); err != nil {
		return err
	}
	count := map[string]int{}
	for _, kind := range []string{"polygons", "circles"} {
		list, ok := f.optional(kind)
		if !ok {
			continue
		}
		elems, err := list.array()
		if err != nil {
			return err
		}
		for _, e := range elems {
			inclusion, err := p.fenceArea(e, kind)
			if err != nil {
				return err
			}
			word := "exclusion "
			if inclusion {
				word = "inclusion "
			}
			count[word+kind]++
		}
	}
	for _, word := range []string{"inclusion polygons", "exclusion polygons", "inclusion circles", "exclusion circles"} {
		if n := count[word]; n > 0 {
			p.notes.unusedf("geofence: %d %s: the operator's own limits, which occupy no airspace", n, word)
		}
	}
	if v, ok := f.optional("breachReturn"); ok {
		at, _, err := p.coordinate(v)
		if err != nil {
			return err
		}
		p.notes.unusedf("geofence: craft that breach it return to %s", at)
	}
	for _, n := range f.noteUnread() {
		p.notes.unusedf("%s", n)
	}
	return nil
}

// fenceArea checks one polygon or circle of a geofence.
func (p *planReader) fenceArea(v jsonValue, kind string) (inclusion bool, err error) {
	o, err := v.object()
	if err != nil {
		return false, err
	}
	if inclusion, err = optionalBool(o, "inclusion", true); err != nil {
		return false, err
	}
	if kind == "polygons" {
		err = p.fencePolygon(o)
	} else {
		err = p.fenceCircle(o)
	}
	if err != nil {
		return false, err
	}
	o.ignore("version", "fenceAction")
	for _, n := range o.noteUnread() {
		p.notes.unusedf("%s", n)
	}
	return inclusion, nil
}

func (p *planReader) fencePolygon(o *jsonObject) error {
	ring, err := o.need("polygon", "the corners of the geofence")
	if err != nil {
		return err
	}
	corners, err := p.planRing(ring)
	if err != nil {
		return err
	}
	_, err = volume.NewPolygon(corners)
	return ring.wrap(err)
}

func (p *planReader) fenceCircle(o *jsonObject) error {
	v, err := o.need("circle", "centre and radius")
	if err != nil {
		return err
	}
	circle, err := v.object()
	if err != nil {
		return err
	}
	c, err := circle.need("center", "latitude and longitude")
	if err != nil {
		return err
	}
	centre, _, err := p.coordinate(c)
	if err != nil {
		return err
	}
	r, err := circle.need("radius", "the radius in metres")
	if err != nil {
		return err
	}
	radius, err := r.number()
	if err != nil {
		return err
	}
	_, err = circleOf(r, centre, radius, 1)
	return err
}

// rally checks the rally points and notes them: a craft goes to them only when
// its mission is broken off.
func (p *planReader) rally(doc *jsonObject) error {
	v, ok := doc.optional("rallyPoints")
	if !ok {
		return nil
	}
	o, err := v.object()
	if err != nil {
		return err
	}
	if err := needVersion(o, 1, 2); err != nil {
		return err
	}
	list, ok := o.optional("points")
	if !ok {
		return nil
	}
	points, err := list.array()
	if err != nil {
		return err
	}
	for i, e := range points {
		at, _, err := p.coordinate(e)
		if err != nil {
			return err
		}
		if i < 20 {
			p.notes.unusedf("rally point at %s: flown to only when the mission is broken off", at)
		}
	}
	if n := len(points) - 20; n > 0 {
		p.notes.unusedf("%s", fmt.Sprintf("%d more rally points", n))
	}
	for _, n := range o.noteUnread() {
		p.notes.unusedf("%s", n)
	}
	return nil
}
