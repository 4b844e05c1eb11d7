package plan

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// checkedLatLng makes a position of degrees as files state them: longitude
// within 180 degrees. Its error says when the two seem to be swapped.
func checkedLatLng(latDeg, lngDeg float64) (geodesy.LatLng, error) {
	latOK, lngOK := math.Abs(latDeg) <= 90, math.Abs(lngDeg) <= 180
	if latOK && lngOK {
		return geodesy.NewLatLng(latDeg, lngDeg)
	}
	hint := ""
	if !latOK && math.Abs(latDeg) <= 180 && math.Abs(lngDeg) <= 90 {
		hint = " (latitude and longitude are probably swapped)"
	}
	field, deg, limit := "latitude", latDeg, "-90 to 90"
	if latOK {
		field, deg, limit = "longitude", lngDeg, "-180 to 180"
	}
	return geodesy.LatLng{}, fmt.Errorf("found the %s %s, expected %s degrees%s",
		field, strconv.FormatFloat(deg, 'g', -1, 64), limit, hint)
}

// altitudeMM returns metres as millimetres, false beyond what can be converted.
func altitudeMM(metres float64) (int64, bool) {
	mm := math.Round(float64(metres * 1000))
	if !(math.Abs(mm) <= geodesy.MaxAltitudeMM) {
		return 0, false
	}
	return int64(mm), true
}

const expectMetres = "metres from -1,000,000 to 1,000,000"

// setTimes gives the points of a route times counted from a departure: zero
// for a route without a clock.
func setTimes(points []RoutePoint, departure time.Time, offsets []time.Duration) {
	for i := range points {
		if departure.IsZero() {
			points[i].Offset = offsets[i]
		} else {
			points[i].Time = departure.Add(offsets[i])
		}
	}
}

// maxFlight bounds how long a route may take.
const maxFlight = time.Duration(volume.MaxFlightNS)

// offsetsBySpeed returns when each point is reached at a constant ground speed
// in metres per second along geodesics, counted from the first. A climb on the
// spot takes no time at any ground speed and is refused, as are routes longer
// than maxFlight. A point that repeats the one before gets its offset.
func offsetsBySpeed(file string, points []RoutePoint, speedMPS float64) ([]time.Duration, error) {
	offsets := make([]time.Duration, len(points))
	var alongM float64
	for i := 1; i < len(points); i++ {
		a, b := &points[i-1], &points[i]
		distanceM, _, _ := geodesy.Inverse(a.At, b.At)
		alongM += distanceM
		if a.At == b.At && a.Altitude != b.Altitude {
			return nil, unsupported(file, b.Place, "a climb or descent on the spot in a route timed by its ground speed", "a time for each point")
		}
		seconds := alongM / speedMPS
		if seconds > maxFlight.Seconds() {
			return nil, unsupported(file, b.Place, fmt.Sprintf("a route of more than %d days", int(maxFlight.Hours()/24)), "a shorter one")
		}
		offsets[i] = time.Duration(math.Round(float64(seconds * 1e9)))
	}
	return offsets, nil
}

// dropRepeats removes points that repeat the one before in place and altitude,
// which a constant speed passes in no time.
func dropRepeats(points []RoutePoint) []RoutePoint {
	out := points[:0]
	for i, p := range points {
		if i > 0 && p.At == out[len(out)-1].At && p.Altitude == out[len(out)-1].Altitude {
			continue
		}
		out = append(out, p)
	}
	return out
}

// timeBySpeed gives the points times at a constant ground speed from a
// departure, which is zero for a route without a clock. It drops repeats.
func timeBySpeed(file string, points []RoutePoint, departure time.Time, speedMPS float64) ([]RoutePoint, error) {
	points = dropRepeats(points)
	offsets, err := offsetsBySpeed(file, points, speedMPS)
	if err != nil {
		return nil, err
	}
	setTimes(points, departure, offsets)
	return points, nil
}

// timeOfNS is the instant of nanoseconds since 1970.
func timeOfNS(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// formatNS writes an instant, or unbounded, so that it reads back the same.
func formatNS(ns int64) string {
	if ns <= volume.AlwaysNS || ns >= volume.ForeverNS {
		return unboundedWord
	}
	return timeOfNS(ns).Format(time.RFC3339Nano)
}

const supposeConstantSpeed = "constant ground speed between start and end"

// timeRoute gives the points of a route their times: by `times`, by
// `offsets_s`, by a speed, or by `start` and `end`.
func (p *properties) timeRoute(file string, opt Options, points []RoutePoint, item *Item) ([]RoutePoint, error) {
	var departure time.Time
	if p.start != nil {
		if *p.start <= volume.AlwaysNS {
			return nil, p.src.bad(propStart, unboundedWord, "the departure as "+expectTime)
		}
		departure = timeOfNS(*p.start)
	}
	times, hasTimes, err := p.src.list(propTimes)
	if err != nil {
		return nil, err
	}
	offsets, hasOffsets, err := p.src.list(propOffsetsS)
	switch {
	case err != nil:
		return nil, err
	case hasTimes && (hasOffsets || p.start != nil || p.end != nil || p.speedMPS != 0):
		return nil, p.src.bad(propTimes, "times beside start, end, offsets_s or speed_mps", "times alone")
	case hasOffsets && (p.end != nil || p.speedMPS != 0):
		return nil, p.src.bad(propOffsetsS, "offsets_s beside end or speed_mps", "one of them")
	case hasTimes:
		return points, p.applyTimes(points, times)
	case hasOffsets:
		return points, p.applyOffsets(points, offsets, departure)
	case p.end != nil && p.speedMPS != 0:
		return nil, p.src.bad(propSpeedMPS, "speed_mps beside end", "one of them")
	case p.end != nil:
		item.Suppositions = append(item.Suppositions, supposeConstantSpeed)
		return p.spread(file, points)
	}
	speed := p.speedMPS
	if speed == 0 {
		speed = opt.SpeedMPS
	}
	if !plausibleSpeed(speed) {
		return nil, p.src.bad(propTimes, "nothing", "one of times, offsets_s, speed_mps, or start and end for a route, or a speed for all files (--speed)")
	}
	return timeBySpeed(file, points, departure, speed)
}

// spread gives the points times at the one ground speed that leads from start
// to end.
func (p *properties) spread(file string, points []RoutePoint) ([]RoutePoint, error) {
	const expected = "an end after the start, at most 40 days later"
	if p.start == nil {
		return nil, p.src.bad(propStart, "nothing", "a start beside end")
	}
	flight := time.Duration(*p.end - *p.start)
	if *p.end >= volume.ForeverNS || flight <= 0 || flight > maxFlight {
		return nil, p.src.bad(propEnd, formatNS(*p.end), expected)
	}
	points = dropRepeats(points)
	lengthM := 0.0
	for i := 1; i < len(points); i++ {
		d, _, _ := geodesy.Inverse(points[i-1].At, points[i].At)
		lengthM += d
	}
	if lengthM == 0 {
		return nil, p.src.bad(propEnd, "a route that leads nowhere", "times for each point")
	}
	offsets, err := offsetsBySpeed(file, points, lengthM/flight.Seconds())
	if err != nil {
		return nil, err
	}
	offsets[len(offsets)-1] = flight
	setTimes(points, timeOfNS(*p.start), offsets)
	return points, nil
}

func (p *properties) applyTimes(points []RoutePoint, times []string) error {
	if len(times) != len(points) {
		return p.src.bad(propTimes, strconv.Itoa(len(times))+" times", strconv.Itoa(len(points))+", one a position")
	}
	for i, s := range times {
		t, err := parseTime(s)
		if err != nil {
			return p.src.bad(propTimes+"["+strconv.Itoa(i)+"]", quoteShort(s), expectTime)
		}
		points[i].Time = t
	}
	return nil
}

func (p *properties) applyOffsets(points []RoutePoint, offsets []string, departure time.Time) error {
	if len(offsets) != len(points) {
		return p.src.bad(propOffsetsS, strconv.Itoa(len(offsets))+" offsets", strconv.Itoa(len(points))+", one a position")
	}
	out := make([]time.Duration, len(points))
	for i, s := range offsets {
		ns, ok := scaleDecimal(s, 9)
		if !ok || ns < 0 || ns > int64(maxFlight) {
			return p.src.bad(propOffsetsS+"["+strconv.Itoa(i)+"]", shorten(s), "seconds since the start, from 0 to 40 days")
		}
		out[i] = time.Duration(ns)
	}
	setTimes(points, departure, out)
	return nil
}
