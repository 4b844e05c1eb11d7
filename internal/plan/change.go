package plan

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// ChangeOptions are what a file was read and its plans were resolved with.
type ChangeOptions struct {
	Read Options
	// Start and Duration are those of ResolveOptions, for plans without a clock.
	Start    time.Time
	Duration time.Duration
}

// ChangedFile is a file with one of its plans changed.
type ChangedFile struct {
	Data []byte
	File *File // Data, read again
	// Start and Duration are what the changed plan is to be resolved with: as
	// given, or moved where the file has no clock to move.
	Start    time.Time
	Duration time.Duration
	// Notes say in words what the file does not say, or says as before.
	Notes []string
}

// changers has one entry a format that holds plans. Each returns the text of
// the file with the change written into it.
var changers = map[Format]func(c *changer, data []byte) ([]byte, error){
	GeoJSON:   changeGeoJSON,
	F3548JSON: changeF3548,
	KML:       changeKML,
	KMZ:       changeKMZ,
	GPX:       changeGPX,
	QGCPlan:   changeQGCPlan,
	QGCWPL:    changeWPL,
}

// WriteChanged writes the file that data holds, and f was read from, with plan
// number item of f.Items changed. The format stays, and so does every byte that
// does not say what the change is about; without a change all bytes do. A
// mission keeps its home, take-off and landing. What is written reads again;
// what the format cannot say is an *Error. docs/FORMATS.md has the details.
func WriteChanged(f *File, data []byte, item int, change *volume.Change, opt ChangeOptions) (*ChangedFile, error) {
	if item < 0 || item >= len(f.Items) {
		return nil, &Error{File: f.Name, Found: fmt.Sprintf("no plan number %d", item), Expected: fmt.Sprintf("one of %d", len(f.Items))}
	}
	out := &ChangedFile{Data: data, File: f, Start: opt.Start, Duration: opt.Duration}
	if change.IsZero() {
		return out, nil
	}
	write := changers[f.Format]
	if write == nil {
		return nil, &Error{File: f.Name, Found: "zones in the format " + string(f.Format), Expected: "a plan: GeoJSON, KML, KMZ, GPX, QGroundControl plan, QGC WPL 110 or F3548-21 JSON"}
	}
	c := &changer{file: f, item: &f.Items[item], change: change, opt: opt, out: out}
	if err := c.prepare(); err != nil {
		return nil, err
	}
	var err error
	if out.Data, err = write(c, data); err != nil {
		return nil, err
	}
	back, err := ReadAs(f.Format, f.Name, out.Data, opt.Read)
	if err != nil {
		return nil, &Error{File: f.Name, Place: c.item.Place, Found: "a change that leaves no plan", Expected: "one that does", Err: err}
	}
	if len(back.Items) != len(f.Items) {
		return nil, c.fail("a change that leaves another number of plans", "one that does not")
	}
	out.File = back
	c.noteStart()
	out.Notes = c.notes.list
	return out, nil
}

// changer writes one change of one plan.
type changer struct {
	file   *File
	item   *Item
	change *volume.Change
	opt    ChangeOptions
	out    *ChangedFile
	move   func(geodesy.LatLng) geodesy.LatLng // nil: positions stay
	notes  remarks
	timed  bool // the file has a clock now that had none
}

func (c *changer) fail(found, expected string) error {
	return &Error{File: c.file.Name, Place: c.item.Place, Found: found, Expected: expected}
}

// prepare checks the change against the plan and finds its start.
func (c *changer) prepare() error {
	if len(c.item.Routes) == 0 && len(c.item.Volumes) == 0 {
		return c.fail("no path and no area", "a plan")
	}
	if c.change.Shift.DistanceMM != 0 {
		var err error
		if c.move, err = c.change.Shift.From(c.anchor()); err != nil {
			return wrap(c.file.Name, c.item.Place, err)
		}
	}
	if c.change.Trim != (volume.Trim{}) && len(c.item.Routes) > 0 {
		return c.fail("a trim of a path", "a trim of areas alone")
	}
	for i := range c.change.Paths {
		if err := c.checkPath(i); err != nil {
			return err
		}
	}
	return c.moveStart()
}

// anchor is volume.Anchor of the resolved plan.
func (c *changer) anchor() geodesy.LatLng {
	if len(c.item.Volumes) > 0 {
		return c.item.Volumes[0].Footprint.Vertices()[0]
	}
	return c.item.Routes[0].Points[0].At
}

func (c *changer) checkPath(n int) error {
	p := &c.change.Paths[n]
	if p.Trajectory < 0 || p.Trajectory >= len(c.item.Routes) {
		return c.fail(fmt.Sprintf("a new path for path %d", p.Trajectory), fmt.Sprintf("one of %d paths", len(c.item.Routes)))
	}
	for i := range c.change.Paths[:n] {
		if c.change.Paths[i].Trajectory == p.Trajectory {
			return c.fail("two new paths for one", "one")
		}
	}
	points := len(c.item.Routes[p.Trajectory].Points)
	if len(p.Points) < 2 {
		return c.fail(fmt.Sprintf("a path of %d points", len(p.Points)), "2 points or more")
	}
	for i, at := range p.Points {
		if at.After < 0 || at.After >= points || i > 0 && at.After < p.Points[i-1].After {
			return c.fail(fmt.Sprintf("a point of a new path by point %d after one by point %d", at.After, p.Points[max(i, 1)-1].After),
				fmt.Sprintf("the order of the %d points of the path", points))
		}
		if i > 0 && at.TimeNS <= p.Points[i-1].TimeNS {
			return c.fail("a point of a new path that is not after the one before", "times that increase")
		}
	}
	return nil
}

// moveStart moves the start that the caller gives to plans without a clock.
func (c *changer) moveStart() error {
	areas, routes := false, false
	for i := range c.item.Volumes {
		s := &c.item.Volumes[i].Schedule
		if len(s.Recurring) > 0 || len(s.Offsets) > 0 {
			return c.fail("a schedule", "one window, or none")
		}
		areas = areas || !s.Always && len(s.Windows) == 0
	}
	for i := range c.item.Routes {
		routes = routes || c.item.Routes[i].Points[0].Time.IsZero()
	}
	if !areas && !routes {
		return nil
	}
	ch := c.change
	if ch.DelayNS == 0 && len(ch.Paths) == 0 && ch.Trim.LaterStartNS == 0 && ch.Trim.EarlierEndNS == 0 {
		return nil
	}
	if c.opt.Start.IsZero() {
		return wrap(c.file.Name, c.item.Place, ErrNeedStart)
	}
	c.out.Start = c.opt.Start.Add(time.Duration(ch.DelayNS))
	if areas {
		c.out.Start = c.out.Start.Add(time.Duration(ch.Trim.LaterStartNS))
		if c.out.Duration -= time.Duration(ch.Trim.LaterStartNS + ch.Trim.EarlierEndNS); c.out.Duration <= 0 {
			return c.fail(fmt.Sprintf("a trim to %v", c.out.Duration), "some time left")
		}
	}
	return nil
}

// noteStart tells the caller what the file does not say.
func (c *changer) noteStart() {
	if c.item.Version != "" {
		c.notes.addf("the version is still %s: give the changed plan one of its own", tidy(c.item.Version))
	}
	if c.timed {
		c.out.Start = c.opt.Start
		c.notes.addf("the points of the new path have times, which they had not before")
		return
	}
	if !c.out.Start.Equal(c.opt.Start) {
		c.notes.addf("start %s instead of %s: the file has no clock", formatNS(instantNS(c.out.Start)), formatNS(instantNS(c.opt.Start)))
		if len(c.file.Items) > 1 {
			c.notes.addf("that start is for this plan alone, of %d in the file", len(c.file.Items))
		}
	}
	if c.out.Duration != c.opt.Duration {
		c.notes.addf("duration %v instead of %v: the file has no clock", c.out.Duration, c.opt.Duration)
	}
}

// changedPoint is a point of a path as changed.
type changedPoint struct {
	of       int  // the old point that it is or, unless kept, follows
	kept     bool // it is the old point, moved
	at       geodesy.LatLng
	altitude geodesy.Altitude
	timeNS   int64 // of a new path only
}

// path returns the points of a path as changed, and whether it is a new one.
func (c *changer) path(route int) (points []changedPoint, isNew bool) {
	old := c.item.Routes[route].Points
	for i := range c.change.Paths {
		if c.change.Paths[i].Trajectory == route {
			return c.newPath(old, &c.change.Paths[i]), true
		}
	}
	points = make([]changedPoint, len(old))
	for i := range old {
		points[i] = changedPoint{of: i, kept: true, at: c.moved(old[i].At), altitude: c.lifted(old[i].Altitude)}
	}
	return points, false
}

func (c *changer) newPath(old []RoutePoint, path *volume.Path) []changedPoint {
	points := make([]changedPoint, len(path.Points))
	for i, p := range path.Points {
		points[i] = changedPoint{of: p.After, kept: p.Kept, at: p.At, altitude: c.lifted(old[p.After].Altitude), timeNS: p.TimeNS + c.change.DelayNS}
		if p.Kept {
			points[i].at = c.moved(old[p.After].At)
		}
		points[i].altitude.MM += p.LiftMM
	}
	return points
}

// oneAltitude tells whether all points have the altitude that their old points
// have, lifted.
func (c *changer) oneAltitude(route int, points []changedPoint) bool {
	old := c.item.Routes[route].Points
	for _, p := range points {
		if p.altitude != c.lifted(old[p.of].Altitude) {
			return false
		}
	}
	return true
}

// offsets returns when the points are passed, in seconds since the departure,
// which is moved earlier where it would come after the first point. departure
// is that of the file, not yet delayed; zero where it has none.
func (c *changer) offsets(points []changedPoint, departure time.Time) (texts []string, start time.Time) {
	clockless := departure.IsZero()
	if clockless {
		departure = c.opt.Start
	}
	start = departure.Add(time.Duration(c.change.DelayNS))
	if first := timeOfNS(points[0].timeNS); first.Before(start) {
		start = first
	}
	if clockless {
		c.out.Start = start
	}
	texts = make([]string, len(points))
	for i, p := range points {
		texts[i] = formatScaled(p.timeNS-start.UnixNano(), 9)
	}
	return texts, start
}

func (c *changer) moved(p geodesy.LatLng) geodesy.LatLng {
	if c.move == nil {
		return p
	}
	return c.move(p)
}

func (c *changer) lifted(a geodesy.Altitude) geodesy.Altitude {
	a.MM += c.change.LiftMM
	return a
}

// limitMM returns by how much a limit of an area moves.
func (c *changer) limitMM(upper bool) int64 {
	if upper {
		return c.change.LiftMM - c.change.Trim.LowerCeilingMM
	}
	return c.change.LiftMM + c.change.Trim.RaiseFloorMM
}

// movedLimit returns the text of a limit or altitude moved by millimetres: in its own
// unit where that says the same, else in metres. It reports false where the
// text stays: no limit, and a floor on the ground, which is none.
func movedLimit(text string, mm int64, lower bool) (string, bool) {
	was, err := parseLimit(text)
	if err != nil || was.Unbounded || lower && groundFloor(was.Altitude) || mm == 0 {
		return text, false
	}
	to := was.Altitude.MM + mm
	ref := string(was.Altitude.Ref)
	if was.Altitude.Ref == geodesy.Pressure {
		ref = "QNE"
	}
	unit := geodesy.Foot
	if at := strings.LastIndexByte(text, ' '); at >= 0 {
		number := strings.TrimSpace(text[:at])
		unit = geodesy.LengthUnit(strings.TrimLeft(number, "+-.0123456789eE "))
	}
	moved := geodesy.FormatLength(to, unit, 4) + " " + ref
	if is, err := parseLimit(moved); err != nil || is.Altitude.MM != to {
		moved = formatScaled(to, 3) + " m " + ref
	}
	return moved, true
}

// movedTime returns the text of an instant moved by nanoseconds, with the offset
// that it has. It reports false where the text stays: no such instant, and one
// beyond what a window can hold.
func movedTime(text string, ns int64) (string, bool) {
	t, err := parseTime(text)
	if err != nil || ns == 0 {
		return text, false
	}
	if was := instantNS(t); was <= volume.AlwaysNS || was >= volume.ForeverNS {
		return text, false
	}
	return timeLike(text, t.Add(time.Duration(ns))), true
}

// timeLike writes an instant with the offset that a text has.
func timeLike(text string, t time.Time) string {
	like, err := time.Parse(time.RFC3339Nano, strings.ToUpper(text))
	if err != nil {
		return t.UTC().Format(time.RFC3339Nano)
	}
	return t.In(like.Location()).Format(time.RFC3339Nano)
}

// movedMetres returns the text of a number of metres moved by millimetres,
// rounded to millimetres. It reports false where the text stays.
func movedMetres(text string, mm int64) (string, bool) {
	f, ok := parseNumber(text)
	if !ok || mm == 0 || math.Abs(f) > 1e9 {
		return text, false
	}
	was, ok := scaleDecimal(text, 3)
	if !ok {
		return text, false
	}
	return formatScaled(was+mm, 3), true
}

// degreesText writes degrees, given in units of 1e-9.
func degreesText(e9 int64) string { return formatScaled(e9, 9) }
