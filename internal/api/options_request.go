package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/f3548wire"
	domain "github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/resolve"
	"github.com/deconflict/deconflict/internal/volume"
)

// Limits of a request for options. A search takes a processor for as long as its
// plan, what is near and how far it may go make it.
const (
	// MaxOptionsBytes is the size of a body.
	MaxOptionsBytes = 1 << 20
	// MaxOptionsExtents is how many volumes a plan may have.
	MaxOptionsExtents = 50
	// MaxOptionsVertices is how many vertices they may have together, a circle
	// counting as one.
	MaxOptionsVertices = 1000
	// MaxOptions is how many options may be asked for.
	MaxOptions = 20
	// MaxOptionsHours bounds how much earlier and later a plan may be moved.
	MaxOptionsHours = 24
	// MaxOptionsMetres bounds how far up, down and sideways.
	MaxOptionsMetres = 20_000
)

// optionsQuery is what is asked for.
type optionsQuery struct {
	plan     *volume.Entity
	outlines []outline.Volume
	replaces airspace.ID  // zero: nothing
	native   string       // id of a native intent, instead of a plan
	draft    *domain.Plan // of a native intent that is not declared, instead of a plan
	minima   conflict.Minima
	query    resolve.Query
}

// planID is what the plan is called in a search. No id of an entity is.
const planID = "plan"

// optionsQuery reads the body.
func (c *call) optionsQuery() (*optionsQuery, error) {
	if _, err := c.parameters(); err != nil {
		return nil, err
	}
	body, err := c.body(MaxOptionsBytes)
	if err != nil {
		return nil, err
	}
	q := &optionsQuery{plan: &volume.Entity{ID: planID, Kind: volume.Intent}}
	var extents []f3548wire.Volume4D
	limits, weights := json.RawMessage("{}"), json.RawMessage("{}")
	err = members(body, "", map[string]func(json.RawMessage) error{
		"intent":   q.readNative,
		"plan":     func(raw json.RawMessage) (err error) { q.draft, err = readPlan(raw); return err },
		"extents":  func(raw json.RawMessage) error { return decodeExtents(raw, &extents) },
		"replaces": func(raw json.RawMessage) error { return decodeID(raw, &q.replaces) },
		"minima":   q.readMinima,
		"limits":   func(raw json.RawMessage) error { limits = raw; return nil },
		"weights":  func(raw json.RawMessage) error { weights = raw; return nil },
		"count":    func(raw json.RawMessage) error { return whole(raw, "count", 1, MaxOptions, &q.query.Count) },
	})
	switch {
	case err != nil:
		return nil, err
	case q.native != "" && (extents != nil || q.draft != nil || q.replaces != (airspace.ID{}) || q.minima != (conflict.Minima{})):
		return nil, badBody("intent", "it beside plan, extents, replaces or minima", "it alone: all of these are its own, or agreed")
	case q.draft != nil && (extents != nil || q.minima != (conflict.Minima{})):
		return nil, badBody("plan", "it beside extents or minima", "it without them: it says where itself, and minima are agreed")
	case q.native != "" || q.draft != nil:
		q.query = nativeQuery(q.query.Count)
	default:
		if err := q.readExtents(extents); err != nil {
			return nil, err
		}
		// The defaults depend on the minima.
		count := q.query.Count
		q.query = resolve.DefaultQuery(resolve.Rules{Minima: q.minima})
		q.query.Count, q.query.NoReroute = count, true
	}
	if err := q.readLimits(limits); err != nil {
		return nil, err
	}
	if err := q.readWeights(weights); err != nil {
		return nil, err
	}
	return q, nil
}

// members reads a JSON object; each member has its reader, may stand once, and
// is skipped when it is null. What has no reader is refused, so that a
// misspelt limit does not silently limit nothing.
func members(data json.RawMessage, path string, read map[string]func(json.RawMessage) error) error {
	at := func(name string) string {
		if path == "" {
			return name
		}
		return path + "." + name
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return badBody(path, "no JSON object", "one")
	}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		var raw json.RawMessage
		if err == nil && ok {
			err = d.Decode(&raw)
		}
		switch {
		case err != nil || !ok:
			return badBody(path, "broken JSON at byte "+strconv.FormatInt(d.InputOffset(), 10), "a JSON object")
		case read[name] == nil:
			return badBody(at(clip(name)), "a member that is not known", "those of /v1/openapi.yaml")
		case seen[name]:
			return badBody(at(name), "the member twice", "once")
		}
		seen[name] = true
		if string(raw) == "null" {
			continue
		}
		if err := read[name](raw); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return badBody(path, "broken JSON at byte "+strconv.FormatInt(d.InputOffset(), 10), "a JSON object")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return badBody(path, "more after the object", "the end")
	}
	return nil
}

func badBody(path, found, want string) error {
	detail := "found " + found + ", expected " + want
	if path != "" {
		detail = path + ": " + detail
	}
	return BadBody.With(detail)
}

// decodeExtents reads the plan's volumes, as a PUT would.
func decodeExtents(raw json.RawMessage, into *[]f3548wire.Volume4D) error {
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return badBody("extents", "no array", "an array of volumes")
	}
	if len(list) > MaxOptionsExtents {
		return TooMuch.With(fmt.Sprintf("extents: found %d volumes, expected at most %d", len(list), MaxOptionsExtents))
	}
	*into = make([]f3548wire.Volume4D, len(list))
	for i := range list {
		if err := f3548wire.Decode(list[i], &(*into)[i]); err != nil {
			return BadBody.With(f3548wire.Within(fmt.Sprintf("extents[%d]", i), err).Error())
		}
	}
	return nil
}

func decodeID(raw json.RawMessage, into *airspace.ID) error {
	var text string
	err := json.Unmarshal(raw, &text)
	if err == nil {
		*into, err = airspace.ParseID(text)
	}
	if err != nil {
		return badBody("replaces", clip(string(raw)), "the id of an operational intent")
	}
	return nil
}

// readExtents converts the plan's volumes and coarsens them.
func (q *optionsQuery) readExtents(extents []f3548wire.Volume4D) error {
	if len(extents) == 0 {
		return badBody("extents", "nothing", "at least one volume")
	}
	vertices := 0
	for i := range extents {
		v, o, err := planVolume(&extents[i])
		if err != nil {
			return BadBody.With(f3548wire.Within(fmt.Sprintf("extents[%d]", i), err).Error())
		}
		if vertices += len(v.Footprint.Vertices()); vertices > MaxOptionsVertices {
			return TooMuch.With(fmt.Sprintf("extents: found more than %d vertices over all volumes, expected fewer", MaxOptionsVertices))
		}
		q.plan.Volumes, q.outlines = append(q.plan.Volumes, v), append(q.outlines, o)
	}
	return nil
}

// planVolume converts a volume of an intent, all of whose bounds must be there,
// and coarsens it as a PUT would.
func planVolume(wire *f3548wire.Volume4D) (v volume.Volume4D, o outline.Volume, err error) {
	for _, m := range []struct {
		path   string
		absent bool
	}{
		{"volume", wire.Volume == nil},
		{"volume.altitude_lower", wire.Volume != nil && wire.Volume.AltitudeLower == nil},
		{"volume.altitude_upper", wire.Volume != nil && wire.Volume.AltitudeUpper == nil},
		{"time_start", wire.TimeStart == nil},
		{"time_end", wire.TimeEnd == nil},
	} {
		if m.absent {
			return v, o, &f3548wire.FieldError{Path: m.path, Found: "nothing", Expected: "a bound"}
		}
	}
	if v, err = wire.ToVolume(); err != nil {
		return v, o, err
	}
	if circle := wire.Volume.OutlineCircle; circle != nil && circle.Radius.Units != f3548wire.UnitsMetres {
		return v, o, &f3548wire.FieldError{
			Path: "volume.outline_circle.radius.units", Found: strconv.Quote(circle.Radius.Units), Expected: f3548wire.UnitsMetres,
		}
	}
	if o, err = outline.Of(&v); err != nil {
		err = &f3548wire.FieldError{Path: "volume", Err: err}
	}
	return v, o, err
}

// number reads a number within bounds and passes it on in thousandths of its
// unit (or what else scale says), rounded.
func number(raw json.RawMessage, path string, low, high, scale float64, into *int64) error {
	f, err := decimal(raw, path, low, high)
	*into = int64(math.Round(f * scale))
	return err
}

func decimal(raw json.RawMessage, path string, low, high float64) (float64, error) {
	var f float64
	if err := json.Unmarshal(raw, &f); err != nil || !(f >= low && f <= high) {
		return 0, badBody(path, clip(string(raw)), fmt.Sprintf("a number from %g to %g", low, high))
	}
	return f, nil
}

func whole(raw json.RawMessage, path string, low, high int, into *int) error {
	if err := json.Unmarshal(raw, into); err != nil || *into < low || *into > high {
		return badBody(path, clip(string(raw)), fmt.Sprintf("a whole number from %d to %d", low, high))
	}
	return nil
}

// scaled returns the reader of a number.
func scaled(path string, low, high, scale float64, into *int64) func(json.RawMessage) error {
	return func(raw json.RawMessage) error { return number(raw, path, low, high, scale, into) }
}

const (
	mmPerM = 1e3
	nsPerS = 1e9
)

func (q *optionsQuery) readMinima(raw json.RawMessage) error {
	return members(raw, "minima", map[string]func(json.RawMessage) error{
		"lateral_m":  scaled("minima.lateral_m", 0, MaxOptionsMetres, mmPerM, &q.minima.LateralMM),
		"vertical_m": scaled("minima.vertical_m", 0, MaxOptionsMetres, mmPerM, &q.minima.VerticalMM),
		"time_s":     scaled("minima.time_s", 0, 3600, nsPerS, &q.minima.TimeNS),
	})
}

func (q *optionsQuery) readLimits(raw json.RawMessage) error {
	l := &q.query.Limits
	l.UpMM, l.SidewaysMM = min(l.UpMM, MaxOptionsMetres*mmPerM), min(l.SidewaysMM, MaxOptionsMetres*mmPerM)
	const hours = MaxOptionsHours * 3600
	err := members(raw, "limits", map[string]func(json.RawMessage) error{
		"earlier_s":  scaled("limits.earlier_s", 0, hours, nsPerS, &l.EarlierNS),
		"later_s":    scaled("limits.later_s", 0, hours, nsPerS, &l.LaterNS),
		"down_m":     scaled("limits.down_m", 0, MaxOptionsMetres, mmPerM, &l.DownMM),
		"up_m":       scaled("limits.up_m", 0, MaxOptionsMetres, mmPerM, &l.UpMM),
		"sideways_m": scaled("limits.sideways_m", 0, MaxOptionsMetres, mmPerM, &l.SidewaysMM),
		"floor_m":    scaled("limits.floor_m", -8000, 100_000, mmPerM, &l.FloorMM),
		"ceiling_m":  scaled("limits.ceiling_m", -8000, 100_000, mmPerM, &l.CeilingMM),
		"trim": func(raw json.RawMessage) error {
			if err := json.Unmarshal(raw, &l.Trim); err != nil {
				return badBody("limits.trim", clip(string(raw)), "true or false")
			}
			return nil
		},
	})
	if err == nil && l.FloorMM >= l.CeilingMM {
		err = badBody("limits.floor_m", "a floor at or above the ceiling", "one below")
	}
	return err
}

func (q *optionsQuery) readWeights(raw json.RawMessage) error {
	w := &q.query.Weights
	weight := func(name string, into *float64) func(json.RawMessage) error {
		return func(raw json.RawMessage) (err error) {
			*into, err = decimal(raw, "weights."+name, 0, 1e6)
			return err
		}
	}
	return members(raw, "weights", map[string]func(json.RawMessage) error{
		"later":     weight("later", &w.Later),
		"earlier":   weight("earlier", &w.Earlier),
		"lift":      weight("lift", &w.Lift),
		"sideways":  weight("sideways", &w.Sideways),
		"trim_time": weight("trim_time", &w.TrimTime),
		"trim_band": weight("trim_band", &w.TrimBand),
	})
}
