package plan

import (
	"math"
	"strconv"
	"strings"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// changeQGCPlan writes a change into the items of a QGroundControl plan.
func changeQGCPlan(c *changer, data []byte) ([]byte, error) {
	j, err := c.json(data)
	if err != nil {
		return nil, err
	}
	mission, _ := member(j.root, "mission")
	list, _ := member(mission, "items")
	items := elements(list)
	reader := &planReader{file: &File{Name: c.file.Name}}
	for _, it := range items {
		if err := reader.item(it); err != nil {
			return nil, err
		}
	}
	own := make(map[string]bool, len(items))
	for _, it := range items {
		own[it.place()] = true
	}
	m, err := c.mission(reader.commands, func(place string) bool { return own[place] })
	if err != nil {
		return nil, err
	}
	q := &qgcChange{jsonChange: j, mission: m}
	for i := range reader.commands {
		q.nextID = max(q.nextID, reader.commands[i].id)
	}
	for i, it := range items {
		if err := q.item(it); err != nil {
			return nil, err
		}
		if err := q.insert(items, i); err != nil {
			return nil, err
		}
	}
	q.noteFence()
	return j.text(data), nil
}

type qgcChange struct {
	*jsonChange
	mission *missionChange
	nextID  int64 // the last doJumpId given
}

// item changes one item of the mission.
func (q *qgcChange) item(v jsonValue) error {
	kind, _ := member(v, "complexItemType")
	if !kind.exists() {
		return q.simple(v)
	}
	name, _ := kind.text()
	switch name {
	case "survey", "CorridorScan":
		return q.transects(v)
	case "StructureScan":
		q.corners(v, "polygon")
		return q.scan(v)
	case "vtolLandingPattern":
		for _, key := range []string{"landingApproachCoordinate", "loiterCoordinate"} {
			at, _ := member(v, key)
			if e := elements(at); len(e) == 3 {
				q.setMetres(e[2], q.change.LiftMM)
			}
		}
	case "fwLandingPattern":
		if q.change.LiftMM != 0 {
			q.notes.addf("%s keeps its heights: its glide path is the craft's", v.place())
		}
	}
	return nil
}

// simple changes one command.
func (q *qgcChange) simple(v jsonValue) error {
	i, ok := q.mission.at[v.place()]
	if !ok {
		return nil
	}
	mm, err := q.mission.rise(i)
	if err != nil {
		return err
	}
	list, _ := member(v, "params")
	params := elements(list)
	if mm != 0 {
		q.setMetres(params[6], mm)
		q.metresBy(v, mm, "Altitude", "AMSLAltAboveTerrain")
	}
	c := &q.mission.commands[i]
	if ns := q.mission.holdNS[c.place]; ns != 0 {
		q.set(params[0], formatScaled(int64(seconds(c.param(1)))+ns, 9))
	}
	if t, err := c.target(q.file.Name); err == nil && !t.here && c.cruises() && q.move != nil {
		q.setPosition(params[4], params[5], q.move(t.at))
		if mode, ok := member(v, "AltitudeMode"); ok && mode.describe() == strconv.Itoa(modeAboveTerrain) {
			q.notes.addf("altitudes computed from terrain (AltitudeMode 3) stay as they are above sea level: QGroundControl may compute them anew for the new places")
		}
	}
	return nil
}

// metresBy lifts members that are altitudes.
func (q *qgcChange) metresBy(v jsonValue, mm int64, keys ...string) {
	for _, key := range keys {
		if m, ok := member(v, key); ok {
			q.setMetres(m, mm)
		}
	}
}

// corners moves a list of positions, latitude first.
func (q *qgcChange) corners(v jsonValue, keys ...string) {
	for _, key := range keys {
		list, _ := member(v, key)
		for _, e := range elements(list) {
			if at := elements(e); len(at) >= 2 {
				q.movePosition(at[0], at[1])
			}
		}
	}
}

// scan lifts a structure scan. Layers must still be what the heights make, so
// that the top may be written a hair lower.
func (q *qgcChange) scan(v jsonValue) error {
	mm := q.change.LiftMM
	q.metresBy(v, mm, "ScanBottomAlt", "EntranceAltitude")
	top, _ := member(v, "StructureHeight")
	bottom, _ := member(v, "ScanBottomAlt")
	camera, _ := member(v, "CameraCalc")
	frontal, _ := member(camera, "AdjustedFootprintFrontal")
	was, _ := bottom.literal()
	low, _ := movedMetres(was, mm)
	was, err := top.literal()
	if err != nil {
		return err
	}
	high, ok := movedMetres(was, mm)
	if !ok {
		return nil
	}
	list, _ := member(v, "Layers")
	layers, _ := list.number()
	stepM, _ := frontal.number()
	lowM, _ := parseNumber(low)
	highM, _ := parseNumber(high)
	for range 4 {
		if math.Ceil((highM-lowM)/stepM) <= layers {
			break
		}
		highM = math.Nextafter(highM, lowM)
		high = strconv.FormatFloat(highM, 'f', -1, 64)
	}
	q.set(top, high)
	q.notes.addf("%s moves as a whole: it scans %s m from where it did", v.place(), formatScaled(mm, 3))
	return nil
}

// transects changes a survey or corridor scan: what is flown, what is drawn, and
// what it was made from.
func (q *qgcChange) transects(v jsonValue) error {
	t, _ := member(v, "TransectStyleComplexItem")
	list, _ := member(t, "Items")
	for _, it := range elements(list) {
		if err := q.simple(it); err != nil {
			return err
		}
	}
	q.corners(t, "VisualTransectPoints")
	q.corners(v, "polygon", "polyline")
	camera, _ := member(t, "CameraCalc")
	q.metresBy(camera, q.change.LiftMM, "DistanceToSurface")
	if q.change.LiftMM != 0 {
		q.notes.addf("%s keeps its transects: overlap and image density change with the height", v.place())
	}
	return nil
}

// insert puts the new waypoints before item i.
func (q *qgcChange) insert(items []jsonValue, i int) error {
	place := items[i].place()
	from, _ := items[i].extent()
	for at, points := range q.mission.before {
		if at != place && !strings.HasPrefix(at, place+".") {
			continue
		}
		separator := ", "
		if i > 0 {
			_, before := items[i-1].extent()
			separator = string(q.root.doc.data[before:from])
		}
		var b strings.Builder
		for _, p := range points {
			like, err := q.find(p.like)
			if err != nil {
				return err
			}
			b.WriteString(q.waypoint(like, p) + separator)
		}
		q.edits.replace(from, from, b.String())
	}
	return nil
}

// waypoint returns a new item like one of the file.
func (q *qgcChange) waypoint(like jsonValue, p insertedPoint) string {
	e := jsonChange{}
	list, _ := member(like, "params")
	params := elements(list)
	altitude := formatScaled(p.altitude.MM, 3)
	if c := &q.mission.commands[q.mission.at[p.like]]; int64(seconds(c.param(1))) != p.holdNS {
		e.set(params[0], formatScaled(p.holdNS, 9))
	}
	e.set(params[4], degreesText(p.at.LatE9))
	e.set(params[5], degreesText(p.at.LngE9))
	e.set(params[6], altitude)
	if v, ok := member(like, "Altitude"); ok {
		e.set(v, altitude)
	}
	if v, ok := member(like, "AMSLAltAboveTerrain"); ok {
		if p.altitude.Ref == geodesy.AMSL {
			e.set(v, altitude)
		} else {
			e.set(v, "null")
		}
	}
	if v, ok := member(like, "AltitudeMode"); ok && v.describe() == strconv.Itoa(modeAboveTerrain) {
		e.set(v, strconv.Itoa(modeAbsolute)) // the terrain at the new place is not known
	}
	if v, ok := member(like, "doJumpId"); ok {
		q.nextID++
		e.set(v, strconv.FormatInt(q.nextID, 10))
	}
	from, to := like.extent()
	return string(e.edits.apply(like.doc.data, from, to))
}

// noteFence says that what bounds the plan stays where it is.
func (q *qgcChange) noteFence() {
	if q.move == nil && q.change.LiftMM == 0 && len(q.change.Paths) == 0 {
		return
	}
	fence, _ := member(q.root, "geoFence")
	for _, key := range []string{"polygons", "circles"} {
		if list, _ := member(fence, key); len(elements(list)) > 0 {
			q.notes.addf("the geofence stays as it is: see that the changed mission lies within")
		}
	}
	if q.move != nil {
		q.notes.addf("home, take-off and landing stay where they are, as do rally points and regions of interest")
	}
}
