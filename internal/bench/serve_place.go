package bench

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"
)

// A flight of the generator is a strip of 200 x 40 m with cut corners (eight
// vertices), 30 m thick, for 15 minutes.
const (
	stripLengthM = 200.0
	stripWidthM  = 40.0
	stripCutM    = 10.0
	stripThickM  = 30.0
	stripTime    = 15 * time.Minute
)

// The places are around a point in mid ocean.
const (
	placeLat, placeLng = 45.0, -30.0
	metresPerDegree    = 111_132.0 // of latitude, near enough to lay out a grid
)

// Layouts of the places.
const (
	spreadSide, spreadPitchM = 300, 2000.0 // flights in a row, and between their centres

	cellColumns, cellPitchEastM = 2, 230.0 // side by side within the cell ...
	cellRows, cellPitchNorthM   = 8, 60.0
	cellLayers, cellPitchUpM    = 75, 40.0 // ... stacked up to 3 km ...
	cellWindows                 = 20       // ... and after each other
	cellPitchTime               = 16 * time.Minute

	crowdSideM    = 400.0 // the congested place
	crowdHeightM  = 120.0
	crowdDuration = time.Hour
)

// placeNames are the values of --place.
const placeNames = "spread, congested or same-cell"

// site gives flights their volumes. The layouts of spread and same-cell have
// numbered slots that do not meet; a flight has its slot to itself. In the
// congested place volumes are drawn at random and many meet.
type site struct {
	name  string
	start time.Time // no flight begins before it

	mu   sync.Mutex
	free []int32 // slots, the next to be taken last
}

// noSlot is that of a flight in the congested place.
const noSlot = -1

func newSite(name string, start time.Time, seed uint64) (*site, error) {
	s := &site{name: name, start: start}
	var slots, batch int
	switch name {
	case "spread":
		slots = spreadSide * spreadSide
		batch = slots
	case "same-cell":
		batch = cellColumns * cellRows * cellLayers // those of one window first
		slots = batch * cellWindows
	case "congested":
		return s, nil
	default:
		return nil, fmt.Errorf("found the place %q, expected %s", name, placeNames)
	}
	s.free = make([]int32, slots)
	for i := range s.free {
		s.free[i] = int32(slots - 1 - i)
	}
	rng := rand.New(rand.NewPCG(seed, 0x736974))
	for from := 0; from < slots; from += batch {
		part := s.free[from : from+batch]
		rng.Shuffle(batch, func(i, j int) { part[i], part[j] = part[j], part[i] })
	}
	return s, nil
}

// take returns a slot that nobody has.
func (s *site) take() (slot int32, ok bool) {
	if s.name == "congested" {
		return noSlot, true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.free) == 0 {
		return 0, false
	}
	slot = s.free[len(s.free)-1]
	s.free = s.free[:len(s.free)-1]
	return slot, true
}

// room returns how many more flights fit.
func (s *site) room() int {
	if s.name == "congested" {
		return math.MaxInt
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.free)
}

// give takes a slot back whose flight is gone from the server.
func (s *site) give(slot int32) {
	if slot == noSlot {
		return
	}
	s.mu.Lock()
	s.free = append(s.free, slot)
	s.mu.Unlock()
}

// strip is where and when a flight is: an offset from the site's centre and
// start, and a heading.
type strip struct {
	northM, eastM, floorM float64
	headingRad            float64 // of the long side, clockwise from north
	after                 time.Duration
}

// at returns the flight of a slot, or a drawn one.
func (s *site) at(slot int32, rng *rand.Rand) strip {
	n := int(slot)
	switch s.name {
	case "spread":
		return strip{
			northM:     (float64(n/spreadSide) - spreadSide/2) * spreadPitchM,
			eastM:      (float64(n%spreadSide) - spreadSide/2) * spreadPitchM,
			floorM:     rng.Float64() * 90,
			headingRad: rng.Float64() * math.Pi,
		}
	case "same-cell":
		column, n := n%cellColumns, n/cellColumns
		row, n := n%cellRows, n/cellRows
		layer, window := n%cellLayers, n/cellLayers
		return strip{
			northM:     (float64(row) - (cellRows-1)/2.0) * cellPitchNorthM,
			eastM:      (float64(column) - (cellColumns-1)/2.0) * cellPitchEastM,
			floorM:     float64(layer) * cellPitchUpM,
			headingRad: math.Pi / 2,
			after:      time.Duration(window) * cellPitchTime,
		}
	default:
		return strip{
			northM:     (rng.Float64() - 0.5) * crowdSideM,
			eastM:      (rng.Float64() - 0.5) * crowdSideM,
			floorM:     rng.Float64() * (crowdHeightM - stripThickM),
			headingRad: rng.Float64() * math.Pi,
			after:      time.Duration(rng.Int64N(int64(crowdDuration - stripTime))),
		}
	}
}

// stripOutline is the strip with its long side to the north: offsets of its
// vertices to the north and the east.
var stripOutline = func() (v [8][2]float64) {
	l, w := stripLengthM/2, stripWidthM/2
	return [8][2]float64{
		{-l, -w + stripCutM},
		{-l, w - stripCutM},
		{-l + stripCutM, w},
		{l - stripCutM, w},
		{l, w - stripCutM},
		{l, -w + stripCutM},
		{l - stripCutM, -w},
		{-l + stripCutM, -w},
	}
}()

// appendVolume appends the Volume4D of a flight as JSON.
func (s *site) appendVolume(dst []byte, v strip) []byte {
	sin, cos := math.Sincos(v.headingRad)
	dst = append(dst, `{"volume":{"outline_polygon":{"vertices":[`...)
	for i, o := range stripOutline {
		if i > 0 {
			dst = append(dst, ',')
		}
		lat, lng := position(v.northM+o[0]*cos-o[1]*sin, v.eastM+o[0]*sin+o[1]*cos)
		dst = append(dst, `{"lat":`...)
		dst = appendDegrees(dst, lat)
		dst = append(dst, `,"lng":`...)
		dst = appendDegrees(dst, lng)
		dst = append(dst, '}')
	}
	dst = append(dst, `]},"altitude_lower":{"value":`...)
	dst = strconv.AppendFloat(dst, v.floorM, 'f', 2, 64)
	dst = append(dst, `,"reference":"W84","units":"M"},"altitude_upper":{"value":`...)
	dst = strconv.AppendFloat(dst, v.floorM+stripThickM, 'f', 2, 64)
	dst = append(dst, `,"reference":"W84","units":"M"}},"time_start":{"value":"`...)
	from := s.start.Add(v.after).UTC().Truncate(time.Millisecond)
	dst = from.AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, `","format":"RFC3339"},"time_end":{"value":"`...)
	dst = from.Add(stripTime).AppendFormat(dst, time.RFC3339Nano)
	return append(dst, `","format":"RFC3339"}}`...)
}

// position returns the degrees of an offset from the centre.
func position(northM, eastM float64) (lat, lng float64) {
	lat = placeLat + northM/metresPerDegree
	return lat, placeLng + eastM/(metresPerDegree*math.Cos(lat*math.Pi/180))
}

func appendDegrees(dst []byte, deg float64) []byte {
	return strconv.AppendFloat(dst, deg, 'f', 9, 64)
}
