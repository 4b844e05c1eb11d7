package world

import (
	"slices"
	"strconv"
	"strings"

	"github.com/deconflict/deconflict/internal/agreement"
	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/incident"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// What an intent that does not conform says of the past is what was flown. It is
// compared with the rules, once it is there.

// flown returns the part of where an intent is off its plan that is past.
func flown(d *intent.Decided, nowNS int64) *declared.Shape {
	if d.OffNominal == nil || d.State != intent.Nonconforming && d.State != intent.Contingent {
		return nil
	}
	var s declared.Shape
	for _, t := range d.OffNominal.Trajectories {
		if int64(t.Points[len(t.Points)-1].At) <= nowNS {
			s.Trajectories = append(s.Trajectories, t)
		}
	}
	if len(s.Trajectories) == 0 {
		return nil
	}
	return &s
}

// strayed notes that an aircraft flew over a dividing line without a word, once
// for each time that it went. It says nothing of why.
func strayed(e *intent.Decided) reaction {
	return func(st *State, env event.Env) []event.Event {
		if flown(e, env.NowNS) == nil {
			return nil
		}
		var found []agreement.Observation
		for _, v := range e.Verdicts {
			if v.Against != intent.AgainstLine || int64(v.From) > env.NowNS ||
				v.Outcome != intent.CrossUnsaid && v.Outcome != intent.CrossElsewhere {
				continue
			}
			if n := len(found); n > 0 && found[n-1].Source == v.Source { // and came back
				continue
			}
			found = append(found, st.observation(v.Source, e.Owner, agreement.Breached, int64(v.From)))
		}
		return st.Agreement.Observe(found...)
	}
}

// separationLost opens an incident for each two aircraft of different parties
// that, as both parties say, were flown closer to each other than is agreed.
func separationLost(e *intent.Decided) reaction {
	return func(st *State, env event.Env) []event.Event {
		own := flown(e, env.NowNS)
		if own == nil {
			return nil
		}
		var events []event.Event
		for _, v := range e.Verdicts {
			if v.Against != intent.AgainstIntent {
				continue
			}
			o := st.Intent.Intent(v.ID)
			if o == nil {
				continue
			}
			if other := flown(&o.Decided, env.NowNS); other != nil {
				events = append(events, st.lost(e, &o.Decided, own, other, env)...)
			}
		}
		return events
	}
}

// lost opens an incident when two flights lost the separation between their
// parties.
func (st *State) lost(a, b *intent.Decided, flownA, flownB *declared.Shape, env event.Env) []event.Event {
	x, errA := flownA.Entity(declared.Label{ID: a.ID, Party: string(a.Owner)})
	y, errB := flownB.Entity(declared.Label{ID: b.ID, Party: string(b.Owner)})
	if errA != nil || errB != nil {
		return nil // both were placed when they were said
	}
	for _, m := range st.rules(a.Owner, b.Owner).Minima {
		if !m.Covers(a.AircraftKind, b.AircraftKind) {
			continue
		}
		found, err := conflict.Judge(x, y, conflict.Minima{LateralMM: m.LateralMM, VerticalMM: m.VerticalMM, TimeNS: m.TimeNS})
		if err != nil || !found.Conflict || found.MinHorizontal == nil {
			continue
		}
		near := found.MinHorizontal
		place, horizontalMM, verticalMM := declared.PointOf(near.A), max(0, near.HorizontalTenthMM/10), max(0, near.VerticalMM)
		ids := []string{a.ID, b.ID}
		slices.Sort(ids)
		return st.Incident.Open(incident.Trigger{
			Key: "separation " + strings.Join(ids, " "), Kind: incident.Separation, Parties: []party.ID{a.Owner, b.Owner},
			At: statement.Instant(near.TimeNS), Place: &place, Subjects: ids, HorizontalMM: &horizontalMM, VerticalMM: &verticalMM,
			Rules:    []incident.Judged{{Source: m.Source, Verdict: string(agreement.Breached)}},
			Text:     "Two aircraft were flown closer to each other than is agreed: " + strconv.FormatInt(horizontalMM/1000, 10) + " m and " + strconv.FormatInt(verticalMM/1000, 10) + " m in height.",
			Evidence: frozen(env, st.entries, a.Owner, b.Owner),
		}, st.incidentView(env), env)
	}
	return nil
}

// How far back evidence is frozen: what an hour ago was said is in the journal
// all the same.
const (
	frozenEntries = 256
	frozenNS      = int64(30 * 60 * 1_000_000_000)
)

// frozen returns the last entries of the journal that both parties were shown
// and that are about what was flown and said.
func frozen(env event.Env, entries int64, a, b party.ID) []incident.Evidence {
	if env.Journal == nil {
		return nil
	}
	var found []incident.Evidence
	for i := entries - 1; i >= max(0, entries-frozenEntries); i-- {
		text, leaf, ok := env.Journal.Entry(i)
		if !ok {
			continue // decided together with this, and not durable yet
		}
		ev, ns, err := Decode(text)
		if err != nil || ns < env.NowNS-frozenNS {
			break
		}
		e, ok := ev.(event.Event)
		if !ok || !telling(e.Type()) || !shown(e, a) || !shown(e, b) {
			continue
		}
		found = append(found, incident.Evidence{Index: i, Leaf: leaf})
	}
	slices.Reverse(found)
	return found
}

func shown(e event.Event, to party.ID) bool { return e.Actor() == to || len(e.Release(to)) > 0 }

// telling reports whether an event is of a kind that tells what happened.
func telling(kind string) bool {
	return strings.HasPrefix(kind, "channel.") || strings.HasPrefix(kind, "intent.") || kind == "agreement.observed"
}
