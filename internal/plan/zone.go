package plan

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// Constraint types, see volume.Entity, from the strictest to the mildest.
const (
	noEntry          = "no_entry"
	callFirst        = "call_first"
	entryWithContact = "entry_with_contact"
	advisory         = "advisory"
)

// stricter returns the stricter of two constraint types; empty is the mildest.
func stricter(a, b string) string {
	for _, t := range []string{noEntry, callFirst, entryWithContact, advisory} {
		if a == t || b == t {
			return t
		}
	}
	return ""
}

// remarks collects sentences in order, each once.
type remarks struct {
	list   []string
	unused []string // those of the list about what the file says and is not used
	seen   map[string]struct{}
}

// unusedf is addf for what the file says and is not used.
func (r *remarks) unusedf(format string, args ...any) {
	if n := len(r.list); r.addf(format, args...) {
		r.unused = append(r.unused, r.list[n])
	}
}

// addf adds a sentence and reports whether it is a new one.
func (r *remarks) addf(format string, args ...any) bool {
	s := fmt.Sprintf(format, args...)
	if _, dup := r.seen[s]; dup {
		return false
	}
	if r.seen == nil {
		r.seen = make(map[string]struct{})
	}
	r.seen[s] = struct{}{}
	r.list = append(r.list, s)
	return true
}

// millimetres converts a length of the given metres a unit. It reports false
// when the length is beyond what altitudes and radii may be.
func millimetres(v, metresPerUnit float64) (int64, bool) {
	mm := math.Round(v * metresPerUnit * 1000)
	if !(math.Abs(mm) <= geodesy.MaxAltitudeMM) {
		return 0, false
	}
	return int64(mm), true
}

// endlessLimit is the upper limit that zone publishers write for "no limit":
// 99999, in metres or feet. No limit at all contains it, so that taking it for
// one can never hide a conflict.
const endlessLimit = 99999

// groundFloor tells whether a lower limit lies on or below the ground. Such a
// floor is taken as none: nothing flies below the ground, and the zone can then
// be placed without anybody's knowing how high the ground is.
func groundFloor(a geodesy.Altitude) bool { return a.Ref == geodesy.AGL && a.MM <= 0 }

const (
	supposeGroundFloor = "a floor at ground level is taken as no floor"
	supposeEndless     = "an upper limit of 99999 is taken as no upper limit"
)

// instantNS returns nanoseconds since 1970, kept within what a Window can
// hold: an instant beyond its range becomes AlwaysNS or ForeverNS.
func instantNS(t time.Time) int64 {
	switch s := t.Unix(); {
	case s >= volume.ForeverNS/int64(time.Second):
		return volume.ForeverNS
	case s <= volume.AlwaysNS/int64(time.Second):
		return volume.AlwaysNS
	default:
		return t.UnixNano()
	}
}

var weekdays = map[string]time.Weekday{
	"SUN": time.Sunday, "MON": time.Monday, "TUE": time.Tuesday, "WED": time.Wednesday,
	"THU": time.Thursday, "FRI": time.Friday, "SAT": time.Saturday,
}

const day = 24 * time.Hour

// dayTime is a time of day with its offset from UTC.
type dayTime struct {
	local  time.Duration // since local midnight, 0 to 24 h
	offset time.Duration // east of UTC
}

const expectDayTime = "a time of day with offset, such as 06:30Z or 06:30:00+02:00"

// parseDayTime reads hh:mm, hh:mm:ss or hh:mm:ss.fff followed by Z or ±hh:mm.
// 24:00 is the end of the day.
func parseDayTime(s string) (dayTime, bool) {
	clock, zone := s, ""
	if i := strings.IndexAny(s, "Zz+-"); i >= 0 {
		clock, zone = s[:i], s[i:]
	}
	var t dayTime
	switch {
	case zone == "Z" || zone == "z":
	case len(zone) == len("+02:00") && zone[3] == ':':
		h, okH := twoDigits(zone[1:3], 23)
		m, okM := twoDigits(zone[4:6], 59)
		if !okH || !okM {
			return t, false
		}
		t.offset = time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
		if zone[0] == '-' {
			t.offset = -t.offset
		}
	default:
		return t, false
	}
	if len(clock) < len("06:30") || clock[2] != ':' {
		return t, false
	}
	h, okH := twoDigits(clock[:2], 24)
	m, okM := twoDigits(clock[3:5], 59)
	if !okH || !okM {
		return t, false
	}
	t.local = time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	if rest := clock[5:]; rest != "" {
		sec, ok := parseSeconds(rest)
		if !ok {
			return t, false
		}
		t.local += sec
	}
	return t, t.local <= day
}

// parseSeconds reads :ss or :ss.fff.
func parseSeconds(s string) (time.Duration, bool) {
	if len(s) < 3 || s[0] != ':' {
		return 0, false
	}
	whole, ok := twoDigits(s[1:3], 59)
	if !ok {
		return 0, false
	}
	sec := time.Duration(whole) * time.Second
	frac := s[3:]
	if frac == "" {
		return sec, true
	}
	if frac[0] != '.' || len(frac) < 2 || len(frac) > 10 {
		return 0, false
	}
	n, err := strconv.ParseUint(frac[1:], 10, 32)
	if err != nil {
		return 0, false
	}
	ns := time.Duration(n)
	for range 10 - len(frac) {
		ns *= 10
	}
	return sec + ns, true
}

func twoDigits(s string, limit int) (int, bool) {
	if s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9' {
		return 0, false
	}
	n := int(s[0]-'0')*10 + int(s[1]-'0')
	return n, n <= limit
}

// recurrence returns the daily period from one time of day to another on the
// given weekdays (none: every day), which are those of the local clock. A
// period whose end is not after its start runs past midnight.
func recurrence(outer volume.Window, days []time.Weekday, from, to dayTime) Recurrence {
	length := (to.local - to.offset) - (from.local - from.offset)
	for length <= 0 {
		length += day
	}
	for length > day {
		length -= day
	}
	start, shift := from.local-from.offset, 0
	for start < 0 {
		start += day
		shift--
	}
	for start >= day {
		start -= day
		shift++
	}
	end := start + length
	if end > day {
		end -= day
	}
	return Recurrence{Outer: outer, Days: shiftDays(days, shift), From: start, To: end}
}

// shiftDays returns the weekdays n days later.
func shiftDays(days []time.Weekday, n int) []time.Weekday {
	if len(days) == 0 {
		return nil
	}
	out := make([]time.Weekday, len(days))
	for i, d := range days {
		out[i] = time.Weekday(((int(d)+n)%7 + 7) % 7)
	}
	return out
}

// dailyPeriod is one line of a weekly timetable, as ED-269 and ED-318 have it.
type dailyPeriod struct {
	days     []time.Weekday // none: every day
	from, to *dayTime       // nil: not stated
	events   bool           // an end is sunrise, sunset or a twilight
}

const supposeDaylight = "periods bounded by sunrise, sunset or twilight are widened to whole days, " +
	"from the day before to the day after those named: daylight is not computed"

// dailyPeriodOf reads a daily period. It reports false for a form left blank.
func dailyPeriodOf(v jsonValue, suppose *remarks) (p dailyPeriod, ok bool, err error) {
	o, err := v.object()
	if err != nil {
		return p, false, err
	}
	blank := true
	if d, ok := o.optional("day"); ok {
		list, err := d.array()
		if err != nil {
			return p, false, err
		}
		blank = len(list) == 0
		if p.days, err = weekdaysOf(list); err != nil {
			return p, false, err
		}
	}
	for _, end := range []struct {
		time, event string
		into        **dayTime
	}{{"startTime", "startEvent", &p.from}, {"endTime", "endEvent", &p.to}} {
		t, hasTime := o.optional(end.time)
		e, hasEvent := o.optional(end.event)
		blank = blank && !hasTime && !hasEvent
		if hasTime {
			s, err := t.text()
			if err != nil {
				return p, false, t.failHere(expectDayTime)
			}
			at, ok := parseDayTime(s)
			if !ok {
				return p, false, t.failHere(expectDayTime)
			}
			*end.into = &at
		}
		if hasEvent {
			if err := oneOf(e, "BMCT", "SR", "SS", "EECT"); err != nil {
				return p, false, err
			}
			if hasTime {
				return p, false, e.failHere("no " + end.event + " beside " + end.time)
			}
			p.events = true
		}
	}
	if err := o.refuseUnread("only day, startTime, startEvent, endTime and endEvent in a daily period"); err != nil {
		return p, false, err
	}
	if p.to != nil && p.to.local >= 23*time.Hour+59*time.Minute && p.to.local < day {
		suppose.addf("a daily period that ends in the last minute of the day is taken to end at midnight")
		p.to.local = day
	}
	return p, !blank, nil
}

// weekdaysOf reads day names; ANY among them, or none, means every day.
func weekdaysOf(list []jsonValue) ([]time.Weekday, error) {
	var days []time.Weekday
	every := false
	for _, v := range list {
		s, err := v.text()
		if err != nil {
			return nil, err
		}
		d, ok := weekdays[s]
		if !ok && s != "ANY" {
			return nil, v.failHere("one of MON, TUE, WED, THU, FRI, SAT, SUN, ANY")
		}
		every = every || !ok
		days = append(days, d)
	}
	if every {
		return nil, nil
	}
	return days, nil
}

// recurrences turns a daily period into recurrences within an outer window.
func (p dailyPeriod) recurrences(outer volume.Window, suppose *remarks) []Recurrence {
	midnight := dayTime{}
	if p.events {
		suppose.addf(supposeDaylight)
		if len(p.days) == 0 {
			return []Recurrence{recurrence(outer, nil, midnight, midnight)}
		}
		var days []time.Weekday
		for shift := -1; shift <= 1; shift++ {
			days = append(days, shiftDays(p.days, shift)...)
		}
		return []Recurrence{recurrence(outer, uniqueDays(days), midnight, midnight)}
	}
	from, to := midnight, dayTime{local: day}
	switch {
	case p.from != nil && p.to != nil:
		from, to = *p.from, *p.to
	case p.from != nil:
		from, to = *p.from, dayTime{day, p.from.offset}
	case p.to != nil:
		from, to = dayTime{0, p.to.offset}, *p.to
	}
	return []Recurrence{recurrence(outer, p.days, from, to)}
}

// uniqueDays sorts weekdays and drops repeats.
func uniqueDays(days []time.Weekday) []time.Weekday {
	var out []time.Weekday
	for d := time.Sunday; d <= time.Saturday; d++ {
		for _, x := range days {
			if x == d {
				out = append(out, d)
				break
			}
		}
	}
	return out
}

// periodOf reads the outer window of an applicability: startDateTime and
// endDateTime, either of which may be missing or null.
func periodOf(o *jsonObject) (w volume.Window, stated bool, err error) {
	w = volume.Window{StartNS: volume.AlwaysNS, EndNS: volume.ForeverNS}
	if v, ok := o.optional("startDateTime"); ok {
		t, err := v.time()
		if err != nil {
			return w, false, err
		}
		w.StartNS, stated = instantNS(t), true
	}
	if v, ok := o.optional("endDateTime"); ok {
		t, err := v.time()
		if err != nil {
			return w, false, err
		}
		w.EndNS, stated = instantNS(t), true
		if w.EndNS <= w.StartNS {
			return w, false, v.failHere("an end after the start")
		}
	}
	if w.StartNS == volume.ForeverNS {
		return w, false, o.failHere("a start before " + time.Unix(0, volume.ForeverNS).UTC().Format(time.RFC3339))
	}
	return w, stated, nil
}

// oneOf refuses a value that is not one of the given strings.
func oneOf(v jsonValue, allowed ...string) error {
	s, err := v.text()
	if err == nil {
		for _, a := range allowed {
			if s == a {
				return nil
			}
		}
	}
	return v.failHere("one of " + strings.Join(allowed, ", "))
}

// positionOf reads a GeoJSON position, longitude first. It reports whether the
// position has an altitude of its own.
func positionOf(v jsonValue) (p geodesy.LatLng, hasAltitude bool, err error) {
	c, err := v.numbers(2, 3)
	if err != nil {
		return p, false, err
	}
	if math.Abs(c[0]) > 180 {
		return p, false, v.fail("the longitude "+strconv.FormatFloat(c[0], 'g', -1, 64), "-180 to 180 degrees, longitude first")
	}
	if p, err = geodesy.NewLatLng(c[1], c[0]); err != nil {
		return p, false, v.wrap(err)
	}
	return p, len(c) == 3, nil
}

// ringOf reads a closed GeoJSON ring and returns it without its last vertex.
func ringOf(v jsonValue, notes *remarks) ([]geodesy.LatLng, error) {
	elems, err := v.array()
	if err != nil {
		return nil, err
	}
	if len(elems) < 4 {
		return nil, v.failHere("a ring of at least 4 positions, the last one repeating the first")
	}
	if len(elems) > volume.MaxVertices+1 {
		return nil, v.failHere(fmt.Sprintf("a ring of at most %d vertices", volume.MaxVertices))
	}
	ring := make([]geodesy.LatLng, len(elems))
	for i, e := range elems {
		var hasAltitude bool
		if ring[i], hasAltitude, err = positionOf(e); err != nil {
			return nil, err
		}
		if hasAltitude {
			notes.unusedf("altitudes within coordinates are not used: the limits of the zone count")
		}
	}
	last := len(ring) - 1
	if ring[last] != ring[0] {
		return nil, elems[last].fail(ring[last].String(), "the ring to end where it begins, at "+ring[0].String())
	}
	return withoutRepeats(ring[:last], notes), nil
}

// withoutRepeats drops vertices equal to the one before: they change nothing,
// yet no ring with such vertices is accepted.
func withoutRepeats(ring []geodesy.LatLng, notes *remarks) []geodesy.LatLng {
	out := make([]geodesy.LatLng, 0, len(ring))
	for i, p := range ring {
		if i > 0 && p == ring[i-1] {
			notes.addf("vertices that repeat the one before are dropped")
			continue
		}
		out = append(out, p)
	}
	return out
}
