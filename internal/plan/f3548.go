package plan

import (
	"errors"
	"reflect"
	"strconv"
	"strings"

	"github.com/deconflict/deconflict/internal/f3548wire"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

const supposeF3548Type = "a constraint of F3548-21 without one of the known types treated as no_entry"

// decodeF3548 reads operational intents and constraints of F3548-21, alone, in
// the messages that carry them or in an array, and arrays of Volume4D.
func decodeF3548(name string, root jsonValue, opt Options) (*File, error) {
	r := f3548Reader{file: &File{Name: name, Format: F3548JSON}}
	if err := r.document(root); err != nil {
		return nil, err
	}
	r.file.noteUnused(r.notes.unused...)
	return r.file, nil
}

type f3548Reader struct {
	file  *File
	notes noteList
}

func (r *f3548Reader) document(root jsonValue) error {
	if root.kind() != jsonArray {
		return r.entity(root)
	}
	elems, err := root.array()
	if err != nil {
		return err
	}
	if len(elems) == 0 {
		return root.fail("an empty array", "volumes, operational intents or constraints")
	}
	if first, err := elems[0].object(); err == nil {
		if _, ok := first.get("volume"); ok {
			item := Item{Place: "volumes"}
			err := r.volumes(elems, false, &item)
			r.file.Items = append(r.file.Items, item)
			return err
		}
	}
	for _, e := range elems {
		if err := r.entity(e); err != nil {
			return err
		}
	}
	return nil
}

func (r *f3548Reader) note(notes ...string) {
	for _, n := range notes {
		r.notes.unusedf("%s", n)
	}
}

// entity reads one object as what its members say it is.
func (r *f3548Reader) entity(v jsonValue) error {
	o, err := v.object()
	if err != nil {
		return err
	}
	if in, ok := o.get("operational_intent"); ok {
		r.noteEnvelope(o, "operational_intent_id", "subscriptions")
		return r.intent(in)
	}
	if in, ok := o.get("constraint"); ok {
		r.noteEnvelope(o, "constraint_id", "subscriptions")
		return r.constraint(in)
	}
	if details, ok := o.get("details"); ok {
		if isConstraintDetails(details) {
			return r.constraint(v)
		}
		return r.intent(v)
	}
	if _, ok := o.get("volumes"); ok {
		if isConstraintDetails(v) {
			return r.constraintDetails(v, Item{Place: placeOr(v.place(), "details")})
		}
		return r.intentDetails(v, false, Item{Place: placeOr(v.place(), "details")})
	}
	if extents, ok := o.get("extents"); ok {
		return r.extents(o, extents)
	}
	if _, ok := o.get("volume"); ok {
		item := Item{Place: placeOr(v.place(), "volume")}
		err := r.volumes([]jsonValue{v}, false, &item)
		r.file.Items = append(r.file.Items, item)
		return err
	}
	for _, key := range []string{"reference", "operational_intent_reference", "constraint_reference"} {
		if ref, ok := o.get(key); ok {
			return ref.fail("a reference without details", "details, which only the managing USS has")
		}
	}
	return v.fail("an object with "+keyList(v), "an operational intent, a constraint, their details, or volumes")
}

func isConstraintDetails(v jsonValue) bool {
	o, err := v.object()
	if err != nil {
		return false
	}
	_, typed := o.get("type")
	_, zoned := o.get("geozone")
	return typed || zoned
}

// noteEnvelope notes the members of a message beside the entity in it.
func (r *f3548Reader) noteEnvelope(o *jsonObject, known ...string) {
	o.ignore(known...)
	r.note(o.noteUnread()...)
}

// decode reads a value into a message and notes the members that the message
// does not have.
func (r *f3548Reader) decode(v jsonValue, into f3548wire.Message) error {
	if v.kind() != jsonObjectKind {
		return v.failHere("an object")
	}
	unknown, err := unknownMembers(v, reflect.TypeOf(into).Elem())
	if err != nil {
		return err
	}
	r.note(unknown...)
	return fieldError(v, f3548wire.Decode(v.raw(), into))
}

// fieldError places an error of package f3548wire, whose path begins at v.
func fieldError(v jsonValue, err error) error {
	var f *f3548wire.FieldError
	if !errors.As(err, &f) {
		return v.wrap(err)
	}
	place := v.place()
	switch {
	case place == "":
		place = f.Path
	case strings.HasPrefix(f.Path, "["), f.Path == "":
		place += f.Path
	default:
		place += "." + f.Path
	}
	return &Error{File: v.doc.file, Place: place, Found: f.Found, Expected: f.Expected, Err: f.Err}
}

// unknownMembers notes the members of a value that a Go type has no field for.
// A key that differs from a field's in case only is refused: it is a slip, and
// what it says would be lost.
func unknownMembers(v jsonValue, t reflect.Type) ([]string, error) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var notes []string
	switch {
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8 && v.kind() == jsonArray:
		elems, err := v.array()
		if err != nil {
			return nil, err
		}
		for _, e := range elems {
			more, err := unknownMembers(e, t.Elem())
			if err != nil {
				return nil, err
			}
			notes = append(notes, more...)
		}
	case t.Kind() == reflect.Struct && v.kind() == jsonObjectKind:
		o, err := v.object()
		if err != nil {
			return nil, err
		}
		for i := range t.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			if m, ok := o.get(name); ok {
				more, err := unknownMembers(m, t.Field(i).Type)
				if err != nil {
					return nil, err
				}
				notes = append(notes, more...)
			}
			for _, m := range o.unread() {
				if strings.EqualFold(o.keyOf(m), name) {
					return nil, m.fail("the key "+quoteShort(o.keyOf(m)), "the key "+name)
				}
			}
		}
		notes = append(notes, o.noteUnread()...)
	}
	if len(notes) > maxNotes {
		notes = append(notes[:maxNotes], "...")
	}
	return notes, nil
}

func (r *f3548Reader) intent(v jsonValue) error {
	var in f3548wire.OperationalIntent
	if err := r.decode(v, &in); err != nil {
		return err
	}
	o, err := v.object()
	if err != nil {
		return err
	}
	item := Item{Place: placeOr(v.place(), "operational intent")}
	if ref := in.Reference; ref != nil {
		if ref.ID == "" {
			return o.missing("reference.id", "the id of the operational intent")
		}
		item.ID, item.Party = ref.ID, ref.Manager
		item.Version = wireVersion(ref.OVN, ref.Version)
		if ref.State != "" {
			item.Notes = append(item.Notes, "state "+ref.State)
		}
	}
	details, err := o.need("details", "the details of the operational intent")
	if err != nil {
		return err
	}
	return r.intentDetails(details, true, item)
}

// wireVersion is the OVN, or the number of the version.
func wireVersion(ovn string, version *int64) string {
	if ovn == "" && version != nil {
		return strconv.FormatInt(*version, 10)
	}
	return ovn
}

// intentDetails reads the volumes of an intent. Where the entity is whole, the
// standard requires all bounds of its volumes.
func (r *f3548Reader) intentDetails(v jsonValue, whole bool, item Item) error {
	var d f3548wire.OperationalIntentDetails
	if err := r.decode(v, &d); err != nil {
		return err
	}
	if d.Priority != nil {
		item.Notes = append(item.Notes, "priority "+strconv.FormatInt(*d.Priority, 10))
	}
	o, err := v.object()
	if err != nil {
		return err
	}
	for _, key := range []string{"volumes", "off_nominal_volumes"} {
		list, ok := o.optional(key)
		if !ok {
			continue
		}
		elems, err := list.array()
		if err != nil {
			return err
		}
		if err := r.volumes(elems, whole, &item); err != nil {
			return err
		}
	}
	if len(item.Volumes) == 0 {
		return v.fail("no volumes", "at least one in volumes or off_nominal_volumes")
	}
	r.file.Items = append(r.file.Items, item)
	return nil
}

func (r *f3548Reader) constraint(v jsonValue) error {
	var c f3548wire.Constraint
	if err := r.decode(v, &c); err != nil {
		return err
	}
	o, err := v.object()
	if err != nil {
		return err
	}
	item := Item{Place: placeOr(v.place(), "constraint")}
	if ref := c.Reference; ref != nil {
		if ref.ID == "" {
			return o.missing("reference.id", "the id of the constraint")
		}
		item.ID, item.Party = ref.ID, ref.Manager
		item.Version = wireVersion(ref.OVN, ref.Version)
	}
	details, err := o.need("details", "the details of the constraint")
	if err != nil {
		return err
	}
	return r.constraintDetails(details, item)
}

func (r *f3548Reader) constraintDetails(v jsonValue, item Item) error {
	var d f3548wire.ConstraintDetails
	if err := r.decode(v, &d); err != nil {
		return err
	}
	item.Kind = volume.Constraint
	if item.Type = d.Type; !isConstraintType(d.Type) {
		item.Type = noEntry
		item.Suppositions = append(item.Suppositions, supposeF3548Type)
		if d.Type != "" {
			item.Notes = append(item.Notes, "constraint type "+quoteShort(d.Type))
		}
	}
	if len(d.Geozone) > 0 {
		item.noteUnused("geozone data is not used: volumes say where and when")
	}
	o, err := v.object()
	if err != nil {
		return err
	}
	list, err := o.need("volumes", "at least one volume")
	if err != nil {
		return err
	}
	elems, err := list.array()
	if err != nil {
		return err
	}
	if len(elems) == 0 {
		return list.fail("no volumes", "at least one")
	}
	err = r.volumes(elems, false, &item)
	r.file.Items = append(r.file.Items, item)
	return err
}

// extents reads the parameters of a request to a DSS: an intent when they
// state a state, a constraint otherwise.
func (r *f3548Reader) extents(o *jsonObject, list jsonValue) error {
	item := Item{Place: placeOr(o.place(), "extents")}
	state, isIntent := o.get("state")
	if isIntent {
		item.Notes = append(item.Notes, "state "+state.describe())
	} else {
		item.Kind, item.Type = volume.Constraint, noEntry
		item.Suppositions = append(item.Suppositions, supposeF3548Type)
	}
	o.ignore("key", "uss_base_url", "subscription_id", "new_subscription", "requested_ovn_suffix")
	item.noteUnused(o.noteUnread()...)
	elems, err := list.array()
	if err != nil {
		return err
	}
	if len(elems) == 0 {
		return list.fail("no extents", "at least one")
	}
	err = r.volumes(elems, isIntent, &item)
	r.file.Items = append(r.file.Items, item)
	return err
}

// volumes adds Volume4Ds to an Item.
func (r *f3548Reader) volumes(elems []jsonValue, bounded bool, item *Item) error {
	for _, e := range elems {
		var w f3548wire.Volume4D
		if err := r.decode(e, &w); err != nil {
			return err
		}
		if bounded {
			if err := requireBounds(e, &w); err != nil {
				return err
			}
		}
		v, err := w.ToVolume()
		if err != nil {
			return fieldError(e, err)
		}
		out := Volume{
			Place: e.place(), Footprint: v.Footprint,
			Lower: w84Limit(v.Band.LowerMM), Upper: w84Limit(v.Band.UpperMM),
		}
		if v.Window.StartNS == volume.AlwaysNS && v.Window.EndNS == volume.ForeverNS {
			out.Schedule.Always = true
		} else {
			out.Schedule.Windows = []volume.Window{v.Window}
		}
		item.Volumes = append(item.Volumes, out)
	}
	return nil
}

// requireBounds checks that a volume of an operational intent has both
// altitudes and both times, as the standard requires.
func requireBounds(v jsonValue, w *f3548wire.Volume4D) error {
	for _, m := range []struct {
		path   string
		absent bool
	}{
		{"volume", w.Volume == nil},
		{"volume.altitude_lower", w.Volume != nil && w.Volume.AltitudeLower == nil},
		{"volume.altitude_upper", w.Volume != nil && w.Volume.AltitudeUpper == nil},
		{"time_start", w.TimeStart == nil},
		{"time_end", w.TimeEnd == nil},
	} {
		if m.absent {
			return fieldError(v, &f3548wire.FieldError{
				Path: m.path, Found: "nothing", Expected: "a bound (the volumes of an operational intent need all four)",
			})
		}
	}
	return nil
}

// w84Limit is a limit above the ellipsoid, or none.
func w84Limit(mm int64) Limit {
	if mm <= volume.NoFloorMM || mm >= volume.NoCeilingMM {
		return Limit{Unbounded: true}
	}
	return Limit{Altitude: geodesy.Altitude{MM: mm, Ref: geodesy.W84}}
}
