package airspace

import (
	"github.com/deconflict/deconflict/internal/party"
)

// Decide implements Command.
func (c PutConstraint) Decide(st *State, env Env) (Event, ConstraintChange, error) {
	old, number := st.constraints.get(c.ID)
	if err := endsLater(c.Outline, env.NowNS, "the constraint"); err != nil {
		return nil, ConstraintChange{}, err
	}
	ev := &ConstraintPut{
		Number: number, ID: c.ID, Manager: c.By, Version: 1, OVN: c.NewOVN, URL: c.URL, Outline: c.Outline,
	}
	touched := c.Outline
	if old == nil {
		ev.Number = st.constraints.next
		if err := current(thisConstraint, c.By, c.OVN, false, "", ""); err != nil {
			return nil, ConstraintChange{}, err
		}
	} else {
		if err := current(thisConstraint, c.By, c.OVN, true, party.ID(old.manager.Value()), old.ovn); err != nil {
			return nil, ConstraintChange{}, err
		}
		ev.Version = old.version + 1
		touched = moves(old.outline, c.Outline)
	}
	told := notify{st: st, nowNS: env.NowNS, of: ConstraintKind}
	told.meeting(touched)
	ev.Notified = told.notified
	start, end := span(c.Outline)
	return ev, ConstraintChange{
		Constraint: ConstraintView{
			ID: c.ID, Manager: c.By, Availability: st.availability[c.By].state, Version: ev.Version,
			OVN: c.NewOVN, StartNS: start, EndNS: end, URL: c.URL,
		},
		Subscribers: told.subscribers(),
	}, nil
}

// Decide implements Command.
func (c DeleteConstraint) Decide(st *State, env Env) (Event, ConstraintChange, error) {
	old, number := st.constraints.get(c.ID)
	if old == nil {
		return nil, ConstraintChange{}, refuse(NotFound, "%s does not exist", thisConstraint)
	}
	if err := current(thisConstraint, c.By, c.OVN, true, party.ID(old.manager.Value()), old.ovn); err != nil {
		return nil, ConstraintChange{}, err
	}
	ev, told := endConstraint(st, env, number, old)
	return ev, ConstraintChange{Constraint: st.viewConstraint(old), Subscribers: told.subscribers()}, nil
}

func endConstraint(st *State, env Env, number int64, old *constraint) (*ConstraintGone, notify) {
	told := notify{st: st, nowNS: env.NowNS, of: ConstraintKind}
	told.meeting(old.outline)
	return &ConstraintGone{
		Number: number, ID: old.id, Manager: party.ID(old.manager.Value()), Notified: told.notified,
	}, told
}
