package intent

import (
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
)

// maxReviews is how many intents one call of Due reviews, so that a mass
// re-examination does not keep others waiting.
const maxReviews = 16

// maxDue is how many events one call returns, or a few more.
const maxDue = 64

// Due returns what is due: reviews, tellings that nobody did in time, zones and
// intents whose time is over.
func (st *State) Due(v View, env event.Env) []event.Event {
	d := decision{st: st, v: &v, env: env}
	var events []event.Event
	reviews := 0
	for _, id := range st.due.until(env.NowNS, 4*maxDue) {
		if len(events) >= maxDue {
			break
		}
		if z := st.zones[id]; z != nil {
			events = append(events, &ZoneCancelled{ID: z.ID, Owner: z.Owner, Expired: true})
			events = append(events, st.unsettle("a zone near it is over", st.inZone(z.entity))...)
			continue
		}
		r := st.intents[id]
		switch {
		case r == nil:
		case r.Successor != "" || int64(r.End)+lapseNS <= env.NowNS:
			// What the airspace tells of one end depends on the end before.
			if closing := slices.ContainsFunc(events, isClosed); !closing {
				events = append(events, d.over(r)...)
			}
		case r.Review != "":
			if reviews < maxReviews {
				reviews++
				events = append(events, d.reexamine(r)...)
			}
		default:
			for _, t := range r.Tellings {
				if t.Told == 0 && !t.Overdue && int64(t.Until) <= env.NowNS {
					events = append(events, &Overdue{ID: r.ID, Owner: r.Owner, Party: t.Party, By: t.By})
				}
			}
		}
	}
	return events
}

func isClosed(ev event.Event) bool {
	_, ok := ev.(*Closed)
	return ok
}

// over closes an intent whose time is over, or whose place another took.
func (d *decision) over(r *Intent) []event.Event {
	to := Ended
	if !r.Airborne {
		to = Withdrawn
	}
	return d.close(r, to, r.Successor == "")
}

// reexamine judges an intent again as it stands. One that was accepted is
// displaced when a higher rank, an earlier equal or an agreed zone is in its
// way now; one that was displaced is accepted again when nothing is. A proposal
// stays one: that it has become clear is its owner's to use.
func (d *decision) reexamine(r *Intent) []event.Event {
	own := r.Decided
	h := d.st.hear(d.v, d.env.NowNS, &own, nil)
	h.marks, h.before, h.got, h.order, h.again = r.Marks, r.Verdicts, r.Receipts, r.Index, r.Anew
	if own.State == Proposed {
		h.order = 0
	}
	outlines, err := outlinesOf(h.entity)
	if err != nil {
		outlines = nil
	}
	h.judge(outlines)
	ev := &Reviewed{
		ID: r.ID, Version: r.Version, Owner: r.Owner, State: r.State, Verdicts: h.verdicts, More: h.more,
		NoRule: union(r.NoRule, h.noRule), By: r.By,
		// Once nothing is suspended it is an intent like any other, and a further
		// suspension concerns it.
		Anew: r.Anew && slices.ContainsFunc(h.others(), func(p party.ID) bool { return h.rulesWith(p).Suspended }),
	}
	switch r.State {
	case Accepted, Activated:
		if by := h.displacer(); by != nil {
			ev.State, ev.By = GivesWay, by.ID
		}
	case GivesWay:
		if by := h.displacer(); by != nil {
			ev.By = by.ID
			break
		}
		ev.State, ev.By = Accepted, ""
		if r.Airborne {
			ev.State = Activated
		}
	}
	ev.Changed = ev.State != r.State || !sameOutcomes(r.Verdicts, ev.Verdicts)
	events := append([]event.Event{ev}, own.entering(r.Verdicts, ev.Verdicts)...)
	if ev.State == GivesWay && r.State != GivesWay {
		events = append(events, displacedBy(&r.Decided, h.displacer()))
	}
	if ev.State != r.State {
		events = append(events, r.restated(ev.State)...)
	}
	return events
}

// restated tells whom an intent is shown that it has another state.
func (d *Decided) restated(now Phase) []event.Event {
	to := d.shownTo()
	if len(to) == 0 {
		return nil
	}
	return []event.Event{&Restated{ID: d.ID, Version: d.Version, Owner: d.Owner, State: now, To: to}}
}

// displacedBy says that an intent gives way to what a verdict is against.
func displacedBy(d *Decided, v *Verdict) *Displaced {
	return &Displaced{
		ID: d.ID, Version: d.Version, Owner: d.Owner, By: v.ID, ByParty: v.Party,
		Airborne: d.Airborne, From: v.From, To: v.To, ExitNeeded: d.Airborne,
	}
}

// displacer returns the first thing that an accepted intent gives way to. That a
// site was not read, or that something cannot be judged, takes nobody's place.
func (h *hearing) displacer() *Verdict {
	for i := range h.verdicts {
		if v := &h.verdicts[i]; v.Outcome == Stands || v.Outcome == EntryBarred {
			return v
		}
	}
	return nil
}

// union keeps that rules were suspended: acceptance under them does not revive.
func union[T ~string](a, b []T) []T {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

func sameOutcomes(a, b []Verdict) bool {
	return slices.EqualFunc(a, b, func(x, y Verdict) bool {
		return x.Against == y.Against && x.ID == y.ID && x.Version == y.Version && x.Outcome == y.Outcome
	})
}
