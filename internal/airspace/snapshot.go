package airspace

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"unique"

	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/party"
)

// Image is a State at one journal index. It stays as it is while the State goes
// on, and may be used by any goroutine.
type Image struct {
	intents       table[*intent]
	constraints   table[*constraint]
	subscriptions table[*subscription]
	notices       table[int32]
	next          [3]int64
	counts        Counts
	availability  map[party.ID]availability
	asked         []askedOVN
}

// Freeze returns the state as it is now. It costs a pointer per thousand
// entities. Like Apply it must have the State for itself.
func (st *State) Freeze() *Image {
	return &Image{
		intents:       st.intents.records.freeze(),
		constraints:   st.constraints.records.freeze(),
		subscriptions: st.subscriptions.records.freeze(),
		notices:       st.notices.freeze(),
		next:          [3]int64{st.intents.next, st.constraints.next, st.subscriptions.next},
		counts:        st.Counts(),
		availability:  maps.Clone(st.availability),
		asked:         st.asked.order, // only ever added to
	}
}

// stateMagic begins a written state and names its form.
const stateMagic = "deconflict state 1\n"

// WriteTo writes the state. Equal states have equal bytes, whatever events and
// snapshots they came from. Snapshots are caches: the journal is the record.
func (m *Image) WriteTo(w io.Writer) (int64, error) {
	e := &imageWriter{w: bufio.NewWriterSize(w, 1<<16)}
	e.buf = append(e.buf, stateMagic...)
	for _, n := range m.next {
		e.uint(n)
	}
	e.uint(int64(len(m.availability)))
	for _, uss := range slices.Sorted(maps.Keys(m.availability)) {
		e.text(string(uss))
		e.text(m.availability[uss].version)
		e.uint(int64(m.availability[uss].state))
	}
	e.uint(int64(len(m.asked)))
	for _, o := range m.asked {
		e.text(o.ovn)
		e.int(o.untilNS)
	}
	e.uint(int64(m.counts.Subscriptions))
	m.subscriptions.each(func(n int64, s *subscription) { e.subscription(n, m.notices.get(n)-1, s) })
	e.uint(int64(m.counts.Intents))
	m.intents.each(e.intent)
	e.uint(int64(m.counts.Constraints))
	m.constraints.each(e.constraint)
	e.flush()
	if e.err == nil {
		e.err = e.w.Flush()
	}
	return e.written, e.err
}

// imageWriter appends varints and texts.
type imageWriter struct {
	w       *bufio.Writer
	buf     []byte
	written int64
	err     error
}

func (e *imageWriter) flush() {
	if e.err == nil {
		var n int
		n, e.err = e.w.Write(e.buf)
		e.written += int64(n)
	}
	e.buf = e.buf[:0]
}

func (e *imageWriter) uint(n int64) { e.buf = binary.AppendUvarint(e.buf, uint64(n)) }
func (e *imageWriter) int(n int64)  { e.buf = binary.AppendVarint(e.buf, n) }

func (e *imageWriter) text(s string) {
	e.uint(int64(len(s)))
	e.buf = append(e.buf, s...)
}

func (e *imageWriter) outline(volumes []outline.Volume) {
	e.uint(int64(len(volumes)))
	for i := range volumes {
		e.buf = volumes[i].AppendBinary(e.buf)
	}
}

func (e *imageWriter) subscription(n int64, index int32, s *subscription) {
	e.uint(n)
	e.buf = append(e.buf, s.id[:]...)
	e.text(s.owner.Value())
	e.text(s.url.Value())
	e.text(s.version)
	e.uint(int64(index))
	var flags int64
	for i, set := range []bool{s.intents, s.constraints, s.implicit} {
		if set {
			flags |= 1 << i
		}
	}
	e.uint(flags)
	if !s.implicit { // that of an implicit one follows from its intents
		e.outline(s.outline)
	}
	e.flush()
}

func (e *imageWriter) intent(n int64, r *intent) {
	e.uint(n)
	e.buf = append(e.buf, r.id[:]...)
	e.text(r.manager.Value())
	e.text(r.url.Value())
	e.text(r.ovn)
	e.uint(int64(r.version))
	e.uint(int64(r.state))
	e.uint(r.modified)
	e.int(r.subscription)
	e.outline(r.outline)
	e.flush()
}

func (e *imageWriter) constraint(n int64, r *constraint) {
	e.uint(n)
	e.buf = append(e.buf, r.id[:]...)
	e.text(r.manager.Value())
	e.text(r.url.Value())
	e.text(r.ovn)
	e.uint(int64(r.version))
	e.uint(r.modified)
	e.outline(r.outline)
	e.flush()
}

// ReadState reads what WriteTo wrote. It trusts nothing: bytes that are not a
// written state give an error that names the place. Who reads a file checks its
// digest as well.
func ReadState(data []byte) (*State, error) {
	d := &imageReader{data: data}
	st := NewState()
	if d.bytes(len(stateMagic)); string(data[:d.at]) != stateMagic {
		return nil, errors.New("not a state of this version: it does not begin with " + stateMagic[:len(stateMagic)-1])
	}
	for _, next := range []*int64{&st.intents.next, &st.constraints.next, &st.subscriptions.next} {
		*next = d.uint()
	}
	for range d.count(3) {
		uss, version := party.ID(d.text()), d.text()
		st.availability[uss] = availability{Availability(d.uint()), version}
	}
	for range d.count(2) {
		o := askedOVN{ovn: d.text(), untilNS: d.int()}
		st.asked.add(o, o.untilNS-2*SuffixWindowNS)
	}
	d.subscriptions(st)
	d.intents(st)
	d.constraints(st)
	if d.err == nil && d.at != len(data) {
		d.fail("bytes after the end")
	}
	if d.err != nil {
		return nil, d.err
	}
	st.BuildIndex()
	return st, nil
}

// imageReader reads varints and texts; the first error stays.
type imageReader struct {
	data []byte
	at   int
	err  error
}

func (d *imageReader) fail(what string) {
	if d.err == nil {
		d.err = fmt.Errorf("state: byte %d: %s", d.at, what)
	}
	d.at = len(d.data)
}

func (d *imageReader) bytes(n int) []byte {
	if n < 0 || n > len(d.data)-d.at {
		d.fail("truncated")
		return nil
	}
	d.at += n
	return d.data[d.at-n : d.at]
}

func (d *imageReader) uint() int64 {
	v, n := binary.Uvarint(d.data[d.at:])
	if n <= 0 || v > math.MaxInt64 {
		d.fail("expected a number")
		return 0
	}
	d.at += n
	return int64(v)
}

func (d *imageReader) int() int64 {
	v, n := binary.Varint(d.data[d.at:])
	if n <= 0 {
		d.fail("expected a number")
		return 0
	}
	d.at += n
	return v
}

// count reads how many things follow that take at least size bytes each.
func (d *imageReader) count(size int) int {
	n := d.uint()
	if n > int64((len(d.data)-d.at)/size) {
		d.fail("more are announced than can follow")
		return 0
	}
	return int(n)
}

func (d *imageReader) text() string { return string(d.bytes(d.count(1))) }

func (d *imageReader) name() unique.Handle[string] { return unique.Make(d.text()) }

func (d *imageReader) id() (id ID) {
	copy(id[:], d.bytes(len(id)))
	return id
}

func (d *imageReader) int32() int32 {
	n := d.uint()
	if n > math.MaxInt32 {
		d.fail("number too large")
	}
	return int32(n)
}

func (d *imageReader) outline() []outline.Volume {
	n := d.count(1)
	volumes := make([]outline.Volume, 0, min(n, 1024))
	for range n {
		v, rest, err := outline.ParseBinary(d.data[d.at:])
		if err != nil {
			d.fail(err.Error())
			return nil
		}
		d.at = len(d.data) - len(rest)
		volumes = append(volumes, v)
	}
	return volumes
}

// number reads the number of an entity, which must be new and ascend.
func (d *imageReader) number(last *int64, next int64) int64 {
	n := d.uint()
	if n <= *last || n >= next {
		d.fail("entity number out of order")
		return -1
	}
	*last = n
	return n
}

// minRecord is less than any record takes.
const minRecord = 20

func (d *imageReader) subscriptions(st *State) {
	n := d.count(minRecord)
	st.subscriptions.byID = make(map[ID]int64, n)
	last := int64(-1)
	for range n {
		number := d.number(&last, st.subscriptions.next)
		s := &subscription{id: d.id(), owner: d.name(), url: d.name(), version: d.text()}
		index, flags := d.int32(), d.uint()
		s.intents, s.constraints, s.implicit = flags&1 != 0, flags&2 != 0, flags&4 != 0
		if !s.implicit {
			if s.outline = d.outline(); len(s.outline) != 1 {
				d.fail("expected one volume")
			}
		}
		if d.err != nil {
			return
		}
		st.subscriptions.records.set(number, s)
		st.subscriptions.byID[s.id] = number
		st.notices.set(number, index+1)
	}
}

func (d *imageReader) intents(st *State) {
	n := d.count(minRecord)
	st.intents.byID = make(map[ID]int64, n)
	last := int64(-1)
	for range n {
		number := d.number(&last, st.intents.next)
		r := &intent{id: d.id(), manager: d.name(), url: d.name(), ovn: d.text(), version: d.int32()}
		r.state, r.modified, r.subscription = IntentState(d.uint()), d.uint(), d.int()
		r.outline = d.outline()
		if len(r.outline) == 0 || r.subscription != none && st.subscriptions.records.get(r.subscription) == nil {
			d.fail("intent without a volume or with a subscription that is not there")
		}
		if d.err != nil {
			return
		}
		r.startNS, r.endNS = span(r.outline)
		st.intents.records.set(number, r)
		st.intents.byID[r.id] = number
		st.calendar.add(entry{IntentKind, number}, r.endNS+IntentKeptNS)
		if r.subscription != none {
			st.resting.attach(r.subscription, number)
		}
	}
	d.finishSubscriptions(st)
}

// finishSubscriptions adds what follows from the intents.
func (d *imageReader) finishSubscriptions(st *State) {
	st.subscriptions.records.each(func(n int64, s *subscription) {
		if s.implicit {
			if s.outline = st.restingOutline(n); s.outline == nil {
				d.fail("implicit subscription without an intent")
				return
			}
		}
		s.startNS, s.endNS = span(s.outline)
		if !s.implicit {
			st.calendar.add(entry{subscriptionKind, n}, s.endNS+SubscriptionKeptNS)
		}
	})
}

func (d *imageReader) constraints(st *State) {
	n := d.count(minRecord)
	last := int64(-1)
	for range n {
		number := d.number(&last, st.constraints.next)
		r := &constraint{id: d.id(), manager: d.name(), url: d.name(), ovn: d.text(), version: d.int32()}
		r.modified, r.outline = d.uint(), d.outline()
		if len(r.outline) == 0 {
			d.fail("constraint without a volume")
		}
		if d.err != nil {
			return
		}
		r.startNS, r.endNS = span(r.outline)
		st.constraints.records.set(number, r)
		st.constraints.byID[r.id] = number
		st.calendar.add(entry{ConstraintKind, number}, r.endNS+ConstraintKeptNS)
	}
}
