package airspace

import (
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/party"
)

// Decide implements Command.
func (c PutSubscription) Decide(st *State, env Env) (Event, SubscriptionChange, error) {
	old, number := st.subscriptions.get(c.ID)
	if err := c.allowed(env); err != nil {
		return nil, SubscriptionChange{}, err
	}
	var was SubscriptionView
	if old == nil {
		number = st.subscriptions.next
		if c.Version != "" {
			return nil, SubscriptionChange{}, refuse(StaleVersion, "%s does not exist", thisSubscription)
		}
	} else {
		if err := c.replaces(st, old, number); err != nil {
			return nil, SubscriptionChange{}, err
		}
		was = st.viewSubscription(old, number)
	}
	ev := &SubscriptionPut{
		Number: number, ID: c.ID, Owner: c.By, Version: c.NewVersion, URL: c.URL,
		Intents: c.Intents, Constraints: c.Constraints, Outline: c.Outline,
	}
	w := c.Outline.Window()
	change := SubscriptionChange{Subscription: SubscriptionView{
		ID: c.ID, Owner: c.By, Version: c.NewVersion, Index: was.Index, StartNS: w.StartNS, EndNS: w.EndNS,
		URL: c.URL, Intents: c.Intents, Constraints: c.Constraints, Dependents: was.Dependents,
	}}
	if c.Intents {
		change.Intents = st.Intents(c.Outline)
	}
	if c.Constraints {
		change.Constraints = st.Constraints(c.Outline)
	}
	return ev, change, nil
}

// allowed checks what does not depend on what is known.
func (c *PutSubscription) allowed(env Env) error {
	w := c.Outline.Window()
	switch {
	case !c.Intents && !c.Constraints:
		return refuse(Invalid, "a subscription has to tell of operational intents, of constraints or of both")
	case w.EndNS <= env.NowNS:
		return inThePast("the subscription", w.EndNS, env.NowNS)
	case w.EndNS-w.StartNS > MaxSubscriptionNS:
		return refuse(Invalid, "the subscription is longer than 24 hours")
	}
	return nil
}

// replaces checks a change of a subscription that exists.
func (c *PutSubscription) replaces(st *State, old *subscription, number int64) error {
	switch {
	case c.Version == "":
		return refuse(Exists, "%s already exists: a change names the version it changes", thisSubscription)
	case old.owner.Value() != string(c.By):
		return refuse(NotOwner, "%s is another USS's", thisSubscription)
	case c.Version != old.version:
		return refuse(StaleVersion, "the version is not the current one of %s", thisSubscription)
	case old.implicit:
		return refuse(Invalid, "an implicit subscription follows its intents and cannot be changed by itself")
	case !c.Intents && st.resting.any(number):
		return refuse(Invalid, "intents rest on the subscription: it has to tell of operational intents")
	}
	uncovered := false
	st.resting.each(number, func(n int64) bool {
		uncovered = !contains(c.Outline, st.intents.records.get(n).outline)
		return !uncovered
	})
	if uncovered {
		return refuse(Invalid, "the subscription would not cover every intent that rests on it")
	}
	return nil
}

func contains(outer outline.Volume, volumes []outline.Volume) bool {
	for i := range volumes {
		if !outer.Contains(volumes[i]) {
			return false
		}
	}
	return true
}

// Decide implements Command.
func (c DeleteSubscription) Decide(st *State, _ Env) (Event, SubscriptionChange, error) {
	old, number := st.subscriptions.get(c.ID)
	switch {
	case old == nil:
		return nil, SubscriptionChange{}, refuse(NotFound, "%s does not exist", thisSubscription)
	case old.owner.Value() != string(c.By):
		return nil, SubscriptionChange{}, refuse(NotOwner, "%s is another USS's", thisSubscription)
	case c.Version != old.version:
		return nil, SubscriptionChange{}, refuse(StaleVersion, "the version is not the current one of %s", thisSubscription)
	case st.resting.any(number):
		return nil, SubscriptionChange{}, refuse(HasDependents, "operational intents rest on the subscription")
	}
	return &SubscriptionGone{Number: number, ID: c.ID, Owner: party.ID(old.owner.Value())},
		SubscriptionChange{Subscription: st.viewSubscription(old, number)}, nil
}
