package channel

import (
	"time"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
)

// maxPromiseNS is how far ahead an undertaking can be due: a year.
const maxPromiseNS = int64(366 * 24 * time.Hour)

// call enters a call by voice. The entry is its own side's: the other enters the
// same call for itself.
func (d *decision) call(c *Call) ([]event.Event, error) {
	if c.With == d.act.Party || d.v.Registry.Party(c.With) == nil {
		return nil, event.Refuse(event.NotFound, "found no other party %q, expected one that enrolled", c.With)
	}
	if int64(c.Ended) > d.env.NowNS+maxAheadNS {
		return nil, event.Refuse(event.Invalid, "found a call that ended at %s, expected at most 5 minutes after %s", c.Ended, d.now)
	}
	id := c.Call
	if known := d.st.calls[id]; id == "" {
		id = d.env.ID(0)
	} else if known == nil || !known.sides(d.act.Party, c.With) {
		return nil, event.Refuse(event.NotFound, "found no call %q, expected the id that its first entry got", id)
	}
	for _, message := range c.Messages {
		if m := d.st.Message(message, d.act.Party); m == nil || d.st.Message(message, c.With) == nil {
			return nil, event.Refuse(event.NotFound, "found no message %q between the two parties", message)
		}
	}
	if n := d.st.promised[d.act.Party] + len(c.Undertakings); n > MaxUndertakings {
		return nil, event.Refuse(event.NotNow, "found %d undertakings, expected at most %d; say of some that they were kept", n, MaxUndertakings)
	}
	ev := &Called{Hand: d.hand(""), ID: id, Entry: *c, Remarks: c.Remarks, Interpreters: c.Interpreters}
	ev.Entry.Call, ev.Entry.Remarks, ev.Entry.Interpreters = "", "", nil
	for i, p := range c.Undertakings {
		if p.Who != d.act.Party && p.Who != c.With {
			return nil, event.Refuse(event.Invalid, "found an undertaking of %q, expected one of the two parties", p.Who)
		}
		if p.By < c.Initiated || int64(p.By) > d.env.NowNS+maxPromiseNS {
			return nil, event.Refuse(event.Invalid, "found an undertaking until %s, expected after the call and within a year", p.By)
		}
		ev.Undertakings = append(ev.Undertakings, d.env.ID(1+i))
	}
	if err := clean(c.screen()); err != nil {
		return nil, err
	}
	return []event.Event{ev}, nil
}

// sides reports whether the call was between two parties.
func (c *call) sides(a, b party.ID) bool {
	return c.Between == [2]party.ID{a, b} || c.Between == [2]party.ID{b, a}
}

// kept ends an undertaking: who undertook it says how, and the other side may
// say that it was done.
func (d *decision) kept(k *Kept) ([]event.Event, error) {
	u := d.st.undertakings[k.Undertaking]
	if u == nil || u.By != d.act.Party && u.With != d.act.Party {
		return nil, event.Refuse(event.NotFound, "found no open undertaking %q", k.Undertaking)
	}
	if k.Outcome != "done" && u.Who != d.act.Party {
		return nil, event.Refuse(event.NotAllowed, "found %s for an undertaking of the other side, expected done", k.Outcome)
	}
	if err := clean(k.screen()); err != nil {
		return nil, err
	}
	with := u.With
	if with == d.act.Party {
		with = u.By
	}
	return []event.Event{&UndertakingEnded{Hand: d.hand(""), Undertaking: u.ID, Outcome: k.Outcome, Note: k.Note, With: with}}, nil
}
