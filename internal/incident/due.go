package incident

import (
	"cmp"
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// What can be late.
const (
	lateAccount = "account"
	latePoint   = "point"
	lateAction  = "action"
)

// maxDue bounds the events of one call of Due.
const maxDue = 64

// deadlines returns what an incident will say is late, in order.
func (in *Incident) deadlines() []*Overdue {
	if in.Over {
		return nil
	}
	head := Head{Incident: in.Opening.Incident, Parties: in.Opening.Parties, Around: in.Opening.Around}
	var out []*Overdue
	if !in.AccountsTold {
		var missing []party.ID
		for _, id := range head.Parties {
			if in.account(id) == nil {
				missing = append(missing, id)
			}
		}
		out = append(out, &Overdue{Head: head, What: lateAccount, Missing: missing, Due: in.Opening.ReplyBy})
	}
	for i := range in.Sheet {
		it := &in.Sheet[i]
		var missing []party.ID
		for _, id := range in.whoSee(it.By) {
			if it.stance(id) == "" {
				missing = append(missing, id)
			}
		}
		if !it.Late {
			out = append(out, &Overdue{Head: head, What: latePoint, Number: it.Number, Missing: missing, Due: it.ReplyBy})
		}
	}
	for _, a := range in.Actions {
		if !a.Late && a.Done == 0 {
			out = append(out, &Overdue{Head: head, What: lateAction, Number: a.Number, Missing: []party.ID{a.Owner}, Due: a.Due})
		}
	}
	out = slices.DeleteFunc(out, func(e *Overdue) bool { return len(e.Missing) == 0 })
	slices.SortStableFunc(out, func(a, b *Overdue) int { return cmp.Compare(a.Due, b.Due) })
	return out
}

// nextNS returns when something of the incident is late, 0 for never.
func (in *Incident) nextNS() int64 {
	if all := in.deadlines(); len(all) > 0 {
		return max(int64(all[0].Due), 1)
	}
	return 0
}

// Deadline returns the earliest instant at which Due has something to do.
func (st *State) Deadline() (ns int64, ok bool) { return st.first, st.first != 0 }

// Due returns what became late, in that order: at most 64 events.
func (st *State) Due(_ View, env event.Env) []event.Event {
	var all []*Overdue
	for id, ns := range st.due {
		if ns > env.NowNS {
			continue
		}
		for _, e := range st.incidents[id].deadlines() {
			if e.Due <= statement.Instant(env.NowNS) {
				all = append(all, e)
			}
		}
	}
	slices.SortFunc(all, func(a, b *Overdue) int {
		return cmp.Or(cmp.Compare(a.Due, b.Due), cmp.Compare(a.Incident, b.Incident), cmp.Compare(a.What, b.What), cmp.Compare(a.Number, b.Number))
	})
	var out []event.Event
	for _, e := range all[:min(len(all), maxDue)] {
		out = append(out, e)
	}
	return out
}
