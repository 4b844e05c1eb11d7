package airspace

// rest decides on which subscription an intent rests after a change, and what
// becomes of the one that it leaves. It returns whether the first one tells of
// constraints.
func (c *PutIntent) rest(st *State, ev *IntentPut, old *intent) (constraints bool, err error) {
	switch {
	case c.Subscription != (ID{}) && c.Implicit != nil:
		return false, refuse(Invalid, "subscription_id and new_subscription exclude each other")
	case c.Subscription != (ID{}):
		given, number := st.subscriptions.get(c.Subscription)
		if err := c.canRestOn(given); err != nil {
			return false, err
		}
		constraints = given.constraints
		ev.Subscription = c.Subscription
		if given.implicit {
			if err := c.canStretch(st, number, ev.Number); err != nil {
				return false, err
			}
			ev.Implicit = append(ev.Implicit, ImplicitChange{
				Number: number, ID: given.id, URL: given.url.Value(),
				Constraints: given.constraints, Version: c.NewVersion,
			})
		}
	case c.Implicit != nil:
		if c.Implicit.Constraints && !c.MayConstraints {
			return false, refuse(NotAllowed, "notify_for_constraints needs scope utm.constraint_processing")
		}
		constraints = c.Implicit.Constraints
		ev.Subscription = c.Implicit.ID
		ev.Implicit = append(ev.Implicit, ImplicitChange{
			Number: st.subscriptions.next, ID: c.Implicit.ID, URL: c.Implicit.URL,
			Constraints: c.Implicit.Constraints, Version: c.NewVersion,
		})
	case c.State != Accepted:
		return false, refuse(Invalid, "an intent that is %s needs subscription_id or new_subscription", c.State)
	}
	if old != nil && old.subscription != none {
		if left := st.subscriptions.records.get(old.subscription); left != nil && left.id != ev.Subscription {
			ev.Implicit = append(ev.Implicit, leave(st, ev.Number, old, c.NewVersion)...)
		}
	}
	return constraints, nil
}

// canRestOn checks a subscription that the caller named. That it is another
// party's is not told from that it does not exist.
func (c *PutIntent) canRestOn(given *subscription) error {
	switch {
	case given == nil || given.owner.Value() != string(c.By):
		return refuse(Invalid, "subscription_id names no subscription of the caller")
	case !given.intents:
		return refuse(Invalid, "the subscription does not tell of operational intents")
	case given.implicit: // it stretches
		return nil
	}
	for i := range c.Outline {
		if !given.outline[0].Contains(c.Outline[i]) {
			return refuse(Invalid, "the subscription does not cover volume %d of the intent in space and time", i)
		}
	}
	return nil
}

// maxStretch is how many volumes an implicit subscription covers at most, twice
// as many as an intent may have: each change of an intent on it goes through all
// of them.
const maxStretch = 20_000

// canStretch checks that an implicit subscription does not grow without end.
func (c *PutIntent) canStretch(st *State, subscription, intent int64) error {
	volumes := len(c.Outline)
	st.resting.each(subscription, func(n int64) bool {
		if n != intent {
			volumes += len(st.intents.records.get(n).outline)
		}
		return volumes <= maxStretch
	})
	if volumes > maxStretch {
		return refuse(Invalid, "the implicit subscription would cover more than %d volumes: ask for a new one", maxStretch)
	}
	return nil
}

// leave returns what becomes of the implicit subscription that an intent leaves:
// it dies with its last intent, else it shrinks to those that stay.
func leave(st *State, number int64, old *intent, newVersion string) []ImplicitChange {
	left := st.subscriptions.records.get(old.subscription)
	if left == nil || !left.implicit {
		return nil
	}
	change := ImplicitChange{
		Number: old.subscription, ID: left.id, URL: left.url.Value(),
		Constraints: left.constraints, Version: newVersion, Dropped: true,
	}
	st.resting.each(old.subscription, func(other int64) bool {
		change.Dropped = other == number
		return change.Dropped
	})
	return []ImplicitChange{change}
}
