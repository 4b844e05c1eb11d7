package plan

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// decodeQGCPlan reads a QGroundControl .plan: the mission as one intent, flown
// from its planned home, and geofence and rally points as notes.
func decodeQGCPlan(name string, root jsonValue, opt Options) (*File, error) {
	doc, err := root.object()
	if err != nil {
		return nil, err
	}
	kind, err := doc.need("fileType", "Plan")
	if err != nil {
		return nil, err
	}
	if err := oneOf(kind, "Plan"); err != nil {
		return nil, err
	}
	if err := needVersion(doc, 1); err != nil {
		return nil, err
	}
	mission, err := doc.need("mission", "the mission")
	if err != nil {
		return nil, err
	}
	file := &File{Name: name, Format: QGCPlan}
	p := &planReader{file: file}
	item, err := p.mission(mission)
	if err != nil {
		return nil, err
	}
	file.Items = []Item{*item}
	if err := p.fence(doc); err != nil {
		return nil, err
	}
	if err := p.rally(doc); err != nil {
		return nil, err
	}
	if v, ok := doc.optional("groundStation"); ok {
		p.notes.addf("written by %s", plainText(v))
	}
	file.Notes, file.Unused = p.notes.list, p.notes.unused
	file.noteUnused(doc.noteUnread()...)
	return file, nil
}

// planReader reads one .plan.
type planReader struct {
	file     *File
	notes    remarks
	suppose  remarks
	commands []missionCommand
}

// needVersion refuses a version of an object other than those given.
func needVersion(o *jsonObject, known ...int64) error {
	expected := "the version"
	for i, k := range known {
		if i > 0 {
			expected += " or"
		}
		expected += " " + strconv.FormatInt(k, 10)
	}
	v, err := o.need("version", expected)
	if err != nil {
		return err
	}
	if n, err := v.integer(); err != nil || !slices.Contains(known, n) {
		return v.failHere(expected)
	}
	return nil
}

// mission reads the mission and flies it.
func (p *planReader) mission(v jsonValue) (*Item, error) {
	m, err := v.object()
	if err != nil {
		return nil, err
	}
	if err := needVersion(m, 2); err != nil {
		return nil, err
	}
	f := &flight{file: p.file.Name}
	if f.craft, err = planCraft(m); err != nil {
		return nil, err
	}
	home, err := p.plannedHome(m, f)
	if err != nil {
		return nil, err
	}
	list, err := m.need("items", "the items of the mission")
	if err != nil {
		return nil, err
	}
	items, err := list.array()
	if err != nil {
		return nil, err
	}
	for _, it := range items {
		if err := p.item(it); err != nil {
			return nil, err
		}
	}
	m.ignore("globalPlanAltitudeMode") // each item has its own
	for _, n := range m.noteUnread() {
		p.notes.unusedf("%s", n)
	}
	item, err := f.mission(v.place(), p.commands)
	if err != nil {
		return nil, err
	}
	item.Suppositions = append(item.Suppositions, p.suppose.list...)
	item.Home = home
	return item, nil
}

// mission flies commands and returns what they occupy.
func (f *flight) mission(place string, commands []missionCommand) (*Item, error) {
	commands, err := expandJumps(f.file, commands)
	if err != nil {
		return nil, err
	}
	if err := f.fly(commands); err != nil {
		return nil, err
	}
	if len(f.routes) == 0 {
		return nil, &Error{File: f.file, Place: place, Found: "a mission in which nothing flies", Expected: "a take-off or waypoints"}
	}
	return &Item{
		Place: place, Kind: volume.Intent, Routes: f.routes,
		Notes: f.payloadNotes(), Suppositions: slices.Concat(f.decisive.list, f.suppose.list),
	}, nil
}

// payloadNotes says which commands bear on no place.
func (f *flight) payloadNotes() []string {
	var numbers []int
	for n := range f.payload {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	var notes []string
	for _, n := range numbers {
		name := payloadCommands[n]
		if name == "" {
			name = "condition or parachute"
		}
		notes = append(notes, fmt.Sprintf("%d of command %d (%s), which moves nothing", f.payload[n], n, name))
	}
	return notes
}

// planCraft tells from vehicleType (MAV_TYPE) how the craft moves.
func planCraft(m *jsonObject) (c craft, err error) {
	v, err := m.need("vehicleType", "the type of vehicle, a MAV_TYPE")
	if err != nil {
		return c, err
	}
	n, err := v.integer()
	if err != nil {
		return c, err
	}
	hover, err := planSpeed(m, "hoverSpeed")
	if err != nil {
		return c, err
	}
	cruise, err := planSpeed(m, "cruiseSpeed")
	if err != nil {
		return c, err
	}
	switch {
	case n == 1:
		c = craft{wings: true}
	case n >= 2 && n <= 4, n >= 13 && n <= 15, n == 29, n == 35:
		c = craft{hovers: true}
	case n >= 19 && n <= 25:
		c = craft{hovers: true, wings: true}
	default:
		return c, v.failHere("1 (fixed wing), 2, 3, 4, 13, 14, 15, 29, 35 (multicopters and helicopters) or 19 to 25 (VTOL)")
	}
	c.hoverMPS, c.cruiseMPS, c.speedPlace = hover, cruise, m.place()
	c.ardupilot = true
	if v, ok := m.optional("firmwareType"); ok {
		firmware, err := v.integer()
		if err != nil {
			return c, err
		}
		c.ardupilot = firmware != 12 // MAV_AUTOPILOT_PX4
	}
	return c, nil
}

// planSpeed reads a speed; one that is missing is refused once it is needed.
func planSpeed(m *jsonObject, key string) (float64, error) {
	v, ok := m.optional(key)
	if !ok {
		return 0, nil
	}
	mps, err := v.number()
	if err != nil {
		return 0, err
	}
	if !plausibleSpeed(mps) {
		return 0, v.failHere(expectSpeed)
	}
	return mps, nil
}

// plannedHome reads latitude, longitude and elevation above mean sea level.
func (p *planReader) plannedHome(m *jsonObject, f *flight) (*Home, error) {
	v, err := m.need("plannedHomePosition", "latitude, longitude and elevation of home")
	if err != nil {
		return nil, err
	}
	at, alt, err := p.coordinate(v)
	if err != nil {
		return nil, err
	}
	if at == (geodesy.LatLng{}) {
		return nil, v.fail("0, 0, which QGroundControl writes for a home that is not set", "the place of take-off")
	}
	f.home = &at
	if alt == nil || !f.statesElevation(*alt) {
		return nil, nil
	}
	f.homeAlt = &geodesy.Altitude{MM: *alt, Ref: geodesy.AMSL}
	return &Home{At: at, AltMM: *alt, Ref: geodesy.AMSL}, nil
}

// supposeNoElevation says that the elevation of home is not taken for stated.
const supposeNoElevation = "the file has home at an elevation of exactly 0, which planners write for one that they do not know: it is taken as not stated"

// statesElevation tells whether an elevation of home in millimetres above mean
// sea level is one. Exactly 0 is what planners write for one they do not know.
func (f *flight) statesElevation(mm int64) bool {
	if mm == 0 {
		f.decisive.addf(supposeNoElevation)
	}
	return mm != 0
}

// coordinate reads latitude, longitude and, unless missing or null, altitude.
func (p *planReader) coordinate(v jsonValue) (at geodesy.LatLng, altMM *int64, err error) {
	elems, err := v.array()
	if err != nil {
		return at, nil, err
	}
	if len(elems) < 2 || len(elems) > 3 {
		return at, nil, v.failHere("latitude, longitude and altitude")
	}
	lat, err := elems[0].number()
	if err != nil {
		return at, nil, err
	}
	lng, err := elems[1].number()
	if err != nil {
		return at, nil, err
	}
	if at, err = geodesy.NewLatLng(lat, lng); err != nil {
		return at, nil, v.wrap(err)
	}
	if math.Abs(lng) > 180 {
		return at, nil, elems[1].failHere("a longitude within 180 degrees")
	}
	if len(elems) < 3 || elems[2].isNull() {
		return at, nil, nil
	}
	alt, err := elems[2].number()
	if err != nil {
		return at, nil, err
	}
	mm, ok := millimetres(alt, 1)
	if !ok {
		return at, nil, elems[2].failHere("an altitude within 1000 km")
	}
	return at, &mm, nil
}

// item reads one item of the mission into commands.
func (p *planReader) item(v jsonValue) error {
	o, err := v.object()
	if err != nil {
		return err
	}
	kind, err := o.need("type", "SimpleItem or ComplexItem")
	if err != nil {
		return err
	}
	if err := oneOf(kind, "SimpleItem", "ComplexItem"); err != nil {
		return err
	}
	if plainText(kind) == "ComplexItem" {
		return p.complexItem(o)
	}
	c, err := p.simpleItem(o)
	if err != nil {
		return err
	}
	return p.add(o.jsonValue, *c)
}

func (p *planReader) add(v jsonValue, c missionCommand) error {
	if len(p.commands) >= maxMissionCommands {
		return v.fail(fmt.Sprintf("more than %d commands", maxMissionCommands), "fewer")
	}
	p.commands = append(p.commands, c)
	return nil
}

// simpleItem reads one MAVLink command.
func (p *planReader) simpleItem(o *jsonObject) (*missionCommand, error) {
	c := &missionCommand{place: o.place(), field: planField(o.place())}
	for _, f := range []struct {
		key  string
		into *int
	}{{"command", &c.command}, {"frame", &c.frame}} {
		v, err := o.need(f.key, "the MAVLink number of the "+f.key)
		if err != nil {
			return nil, err
		}
		n, err := v.integer()
		if err != nil || n < 0 || n > math.MaxUint16 {
			return nil, v.failHere("the MAVLink number of the " + f.key)
		}
		*f.into = int(n)
	}
	v, err := o.need("params", "7 parameters")
	if err != nil {
		return nil, err
	}
	params, err := v.array()
	if err != nil {
		return nil, err
	}
	if len(params) != len(c.params) {
		return nil, v.failHere("7 parameters")
	}
	for i, e := range params {
		if c.params[i] = math.NaN(); e.isNull() {
			continue
		}
		if c.params[i], err = e.number(); err != nil {
			return nil, err
		}
	}
	if v, ok := o.optional("autoContinue"); ok {
		auto, err := v.boolean()
		if err != nil {
			return nil, err
		}
		if !auto {
			return nil, v.failHere("true: without it the mission stops here until somebody acts")
		}
	}
	if v, ok := o.optional("doJumpId"); ok {
		if c.id, err = v.integer(); err != nil {
			return nil, err
		}
	}
	if err := checkAltitudeMode(o, c); err != nil {
		return nil, err
	}
	o.ignore("type", "version", "MISSION_ITEM_ID")
	return c, o.refuseUnread("no such field of a SimpleItem")
}

// planField names the fields of a SimpleItem.
func planField(place string) func(string) string {
	return func(name string) string {
		if n := len("param"); len(name) > n && name[:n] == "param" {
			if i, err := strconv.Atoi(name[n:]); err == nil {
				return fmt.Sprintf("%s.params[%d]", place, i-1)
			}
		}
		return place + "." + name
	}
}

// Altitude modes of QGroundControl.
const (
	modeRelative     = 1
	modeAbsolute     = 2
	modeAboveTerrain = 3 // sent as AMSL, computed from terrain data
	modeTerrainFrame = 4
)

// checkAltitudeMode refuses an item whose altitude for the planner differs
// from the one for the autopilot.
func checkAltitudeMode(o *jsonObject, c *missionCommand) error {
	mode, hasMode := o.optional("AltitudeMode")
	altitude, hasAltitude := o.optional("Altitude")
	terrain, hasTerrain := o.optional("AMSLAltAboveTerrain")
	if !hasMode || c.frame == frameMission {
		return nil
	}
	n, err := mode.integer()
	if err != nil {
		return err
	}
	refs := map[int64]geodesy.AltitudeReference{
		modeRelative: geodesy.Home, modeAbsolute: geodesy.AMSL,
		modeAboveTerrain: geodesy.AMSL, modeTerrainFrame: geodesy.AGL,
	}
	ref, known := refs[n]
	if !known {
		return mode.failHere("1 (above home), 2 (above mean sea level), 3 (computed above terrain) or 4 (above terrain)")
	}
	if frames[c.frame] != ref {
		return mode.fail(fmt.Sprintf("AltitudeMode %d beside the frame %d", n, c.frame), "a mode that agrees with the frame")
	}
	same, value := altitude, hasAltitude
	if n == modeAboveTerrain {
		same, value = terrain, hasTerrain
	}
	if !value {
		return nil
	}
	a, err := same.number()
	if err != nil {
		return err
	}
	if !(math.Abs(a-c.params[6]) <= 0.01) {
		return same.fail(fmt.Sprintf("%v, while the parameters have %v", a, c.params[6]), "the same altitude")
	}
	return nil
}
