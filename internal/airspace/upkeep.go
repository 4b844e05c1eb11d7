package airspace

import (
	"github.com/deconflict/deconflict/internal/party"
)

// Decide implements Command.
func (c SetAvailability) Decide(st *State, _ Env) (Event, AvailabilityView, error) {
	if known := st.availability[c.USS].version; c.OldVersion != known {
		return nil, AvailabilityView{}, refuse(StaleVersion,
			"old_version is not the current version of this USS's availability")
	}
	ev := &AvailabilitySet{By: c.By, USS: c.USS, Availability: c.Availability, Version: c.NewVersion}
	return ev, AvailabilityView{USS: c.USS, Availability: c.Availability, Version: c.NewVersion}, nil
}

// Decide implements Command. What is returned is the report's id.
func (c FileReport) Decide(*State, Env) (Event, string, error) {
	return &ReportFiled{By: c.By, Report: c.Report, SHA256: c.SHA256, Problem: c.Problem}, c.Report, nil
}

// Deadline returns when the next Sweep is due, if anything is to be swept.
func (st *State) Deadline() (ns int64, ok bool) { return st.calendar.due() }

// Decide implements Command. It returns whether something was due.
func (c Sweep) Decide(st *State, env Env) (Event, bool, error) {
	dueNS, ok := st.calendar.due()
	if !ok || dueNS > env.NowNS {
		return nil, false, nil
	}
	switch e := st.calendar.first(); e.kind {
	case IntentKind:
		ev, _ := endIntent(st, env, e.number, st.intents.records.get(e.number), c.NewVersion)
		ev.Swept, ev.Notified = true, curbed(ev.Notified)
		return ev, true, nil
	case ConstraintKind:
		ev, _ := endConstraint(st, env, e.number, st.constraints.records.get(e.number))
		ev.Swept, ev.Notified = true, curbed(ev.Notified)
		return ev, true, nil
	default:
		old := st.subscriptions.records.get(e.number)
		return &SubscriptionGone{
			Number: e.number, ID: old.id, Owner: party.ID(old.owner.Value()), Swept: true,
		}, true, nil
	}
}

// maxCurbed is how many notification indexes a sweep raises; they take at most
// 2 MB of an event.
const maxCurbed = 100_000

// curbed leaves out what would make a sweep's event too large for the journal:
// a sweep that cannot be written would stop all that come after it. Nobody is
// notified by a sweep.
func curbed(notified []Notified) []Notified {
	return notified[:min(len(notified), maxCurbed)]
}
