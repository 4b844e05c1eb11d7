package plan

import (
	"strings"
)

// changeF3548 writes a change into the volumes of an intent or constraint, and
// into the times of its reference.
func changeF3548(c *changer, data []byte) ([]byte, error) {
	j, err := c.json(data)
	if err != nil {
		return nil, err
	}
	for i := range c.item.Volumes {
		v, err := j.find(c.item.Volumes[i].Place)
		if err != nil {
			return nil, err
		}
		j.volume4D(v)
	}
	// details.volumes[0], below what the entity is in.
	before, _, found := strings.Cut(c.item.Volumes[0].Place, "details.")
	if !found {
		return j.text(data), nil
	}
	entity, err := j.find(strings.TrimSuffix(before, "."))
	if err != nil {
		return nil, err
	}
	if reference, ok := member(entity, "reference"); ok {
		j.moveWindow(reference)
		if _, ok := member(reference, "ovn"); ok {
			c.notes.addf("%s.ovn is that of the plan before the change", reference.place())
		}
	}
	return j.text(data), nil
}

// volume4D moves a Volume4D of F3548-21.
func (j *jsonChange) volume4D(v jsonValue) {
	shape, _ := member(v, "volume")
	polygon, _ := member(shape, "outline_polygon")
	vertices, _ := member(polygon, "vertices")
	circle, _ := member(shape, "outline_circle")
	centre, _ := member(circle, "center")
	for _, at := range append(elements(vertices), centre) {
		lat, hasLat := member(at, "lat")
		lng, hasLng := member(at, "lng")
		if hasLat && hasLng {
			j.movePosition(lat, lng)
		}
	}
	for key, upper := range map[string]bool{"altitude_lower": false, "altitude_upper": true} {
		limit, _ := member(shape, key)
		if value, ok := member(limit, "value"); ok {
			j.setMetres(value, j.limitMM(upper))
		}
	}
	j.moveWindow(v)
}

// moveWindow moves time_start and time_end of an object.
func (j *jsonChange) moveWindow(v jsonValue) {
	trim := j.change.Trim
	for key, ns := range map[string]int64{"time_start": trim.LaterStartNS, "time_end": -trim.EarlierEndNS} {
		at, _ := member(v, key)
		if value, ok := member(at, "value"); ok {
			j.setTime(value, j.change.DelayNS+ns)
		}
	}
}
