package airspace

import (
	"encoding/base64"
	"fmt"
	"math"

	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/statement"
)

// eventVersion is the version of every event's form so far.
const eventVersion = 1

// Encode appends the event, decided at nowNS, as a canonical JSON object. Its
// members are what can be disclosed one by one: see Release.
func Encode(dst []byte, ev Event, nowNS int64) []byte {
	w := encoder{statement.Writer{Buf: dst}}
	w.Begin('{')
	w.Key("at")
	w.Time(nowNS)
	switch e := ev.(type) {
	case *IntentPut:
		w.intentPut(e)
	case *IntentGone:
		w.text("id", e.ID.String())
		w.implicit(e.Implicit)
		w.text("manager", string(e.Manager))
		w.notified(e.Notified)
		w.int("number", e.Number)
		w.flag("swept", e.Swept)
		w.text("type", e.Type())
		w.int("v", eventVersion)
	case *ConstraintPut:
		w.constraintPut(e)
	case *ConstraintGone:
		w.text("id", e.ID.String())
		w.text("manager", string(e.Manager))
		w.notified(e.Notified)
		w.int("number", e.Number)
		w.flag("swept", e.Swept)
		w.text("type", e.Type())
		w.int("v", eventVersion)
	case *SubscriptionPut:
		w.subscriptionPut(e)
	case *SubscriptionGone:
		w.text("id", e.ID.String())
		w.int("number", e.Number)
		w.text("owner", string(e.Owner))
		w.flag("swept", e.Swept)
		w.text("type", e.Type())
		w.int("v", eventVersion)
	case *AvailabilitySet:
		w.text("availability", e.Availability.String())
		w.text("by", string(e.By))
		w.text("type", e.Type())
		w.text("uss", string(e.USS))
		w.int("v", eventVersion)
		w.text("version", e.Version)
	case *ReportFiled:
		w.text("by", string(e.By))
		w.text("problem", e.Problem)
		w.text("report", e.Report)
		w.Key("sha256")
		w.Hex(e.SHA256[:])
		w.text("type", e.Type())
		w.int("v", eventVersion)
	default:
		panic(fmt.Sprintf("event %T has no encoding", ev))
	}
	w.End('}')
	return w.Buf
}

// encoder writes the members that events share.
type encoder struct{ statement.Writer }

func (w *encoder) intentPut(e *IntentPut) {
	start, end := span(e.Outline)
	w.time("end", end)
	w.text("id", e.ID.String())
	w.implicit(e.Implicit)
	w.text("manager", string(e.Manager))
	w.notified(e.Notified)
	w.int("number", e.Number)
	w.outline(e.Outline)
	w.text("ovn", e.OVN)
	w.time("start", start)
	w.text("state", e.State.String())
	if e.Subscription != (ID{}) {
		w.text("subscription", e.Subscription.String())
	}
	w.text("type", e.Type())
	w.text("url", e.URL)
	w.int("v", eventVersion)
	w.int("version", int64(e.Version))
}

func (w *encoder) constraintPut(e *ConstraintPut) {
	start, end := span(e.Outline)
	w.time("end", end)
	w.text("id", e.ID.String())
	w.text("manager", string(e.Manager))
	w.notified(e.Notified)
	w.int("number", e.Number)
	w.outline(e.Outline)
	w.text("ovn", e.OVN)
	w.time("start", start)
	w.text("type", e.Type())
	w.text("url", e.URL)
	w.int("v", eventVersion)
	w.int("version", int64(e.Version))
}

func (w *encoder) subscriptionPut(e *SubscriptionPut) {
	w.flag("constraints", e.Constraints)
	w.text("id", e.ID.String())
	w.flag("intents", e.Intents)
	w.int("number", e.Number)
	w.outline([]outline.Volume{e.Outline})
	w.text("owner", string(e.Owner))
	w.text("type", e.Type())
	w.text("url", e.URL)
	w.int("v", eventVersion)
	w.text("version", e.Version)
}

func (w *encoder) text(name, value string)       { w.Key(name); w.String(value) }
func (w *encoder) int(name string, value int64)  { w.Key(name); w.Int(value) }
func (w *encoder) time(name string, value int64) { w.Key(name); w.Time(value) }

// flag writes a member that is left out when it is false.
func (w *encoder) flag(name string, value bool) {
	if value {
		w.Key(name)
		w.Bool(true)
	}
}

func (w *encoder) implicit(changes []ImplicitChange) {
	if len(changes) == 0 {
		return
	}
	w.Key("implicit")
	w.Begin('[')
	for i := range changes {
		c := &changes[i]
		w.Begin('{')
		w.flag("constraints", c.Constraints)
		w.flag("dropped", c.Dropped)
		w.text("id", c.ID.String())
		w.int("number", c.Number)
		w.text("url", c.URL)
		w.text("version", c.Version)
		w.End('}')
	}
	w.End(']')
}

// notified writes pairs of a subscription's number and its index, one after the
// other: in a busy place they are most of an event.
func (w *encoder) notified(notices []Notified) {
	if len(notices) == 0 {
		return
	}
	w.Key("notified")
	w.Begin('[')
	for _, n := range notices {
		w.Int(n.Number)
		w.Int(int64(n.Index))
	}
	w.End(']')
}

func (w *encoder) outline(volumes []outline.Volume) {
	w.Key("outline")
	w.Begin('[')
	var cells, text []byte
	for i := range volumes {
		v := &volumes[i]
		window := v.Window()
		lower, upper := v.BandM()
		cells = v.AppendCells(cells[:0])
		text = base64.RawURLEncoding.AppendEncode(text[:0], cells)
		w.Begin('{')
		w.text("cells", string(text))
		w.time("end", window.EndNS)
		if lower != math.MinInt32 {
			w.int("lower_m", int64(lower))
		}
		w.time("start", window.StartNS)
		if upper != math.MaxInt32 {
			w.int("upper_m", int64(upper))
		}
		w.End('}')
	}
	w.End(']')
}

// span returns the first and the last instant of the volumes.
func span(volumes []outline.Volume) (startNS, endNS int64) {
	startNS, endNS = math.MaxInt64, math.MinInt64
	for i := range volumes {
		w := volumes[i].Window()
		startNS, endNS = min(startNS, w.StartNS), max(endNS, w.EndNS)
	}
	return startNS, endNS
}
