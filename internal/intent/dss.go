package intent

import (
	"errors"
	"fmt"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/volume"
)

// outlinesOf returns the coarse outlines of an entity, all that the airspace of
// F3548-21 keeps of it.
func outlinesOf(e *volume.Entity) ([]outline.Volume, error) {
	plain, err := declared.Plain(e)
	if err != nil {
		return nil, err
	}
	out := make([]outline.Volume, len(plain))
	for i := range plain {
		if out[i], err = outline.Of(&plain[i]); err != nil {
			return nil, fmt.Errorf("volumes[%d]: %w", i, err)
		}
	}
	return out, nil
}

// list puts an accepted intent into the airspace, on an implicit subscription of
// its own, so that this node hears of changes near it.
//
// Keys are asked for what other USSs manage: this node itself judged all that it
// holds, exactly.
func (h *hearing) list(outlines []outline.Volume, old *Intent, readSet []string, env event.Env) (airspace.Event, []Notified, error) {
	id, err := airspace.ParseID(h.own.ID)
	if err != nil {
		return nil, nil, event.Refuse(event.Invalid, "id: %v", err)
	}
	c := airspace.PutIntent{
		By: h.own.Owner, ID: id, NewOVN: h.own.Token, Outline: outlines, State: listedState(h.own), URL: h.v.BaseURL,
		Key: append([]string(nil), readSet...), NewVersion: env.ID(idVersion),
		MayPlan: true, MayOffNominal: true,
	}
	view, there := h.v.Airspace.Intent(id)
	if there && view.Manager == h.own.Owner {
		c.OVN = view.OVN
	}
	if there && view.Subscription != airspace.NullID {
		c.Subscription = view.Subscription
	} else {
		sub, err := airspace.ParseID(env.ID(idSubscription))
		if err != nil {
			return nil, nil, event.Refuse(event.Invalid, "id: %v", err)
		}
		c.Implicit = &airspace.ImplicitSubscription{ID: sub, URL: h.v.BaseURL}
	}
	ev, change, err := c.Decide(h.v.Airspace, airspace.Env{NowNS: env.NowNS})
	var refusal *airspace.Refusal
	if errors.As(err, &refusal) && refusal.Kind == airspace.MissingKeys {
		foreign, own := h.missing(refusal)
		if len(foreign) > 0 {
			return nil, nil, &event.Refusal{
				Kind: event.Stale, Message: fmt.Sprintf("the read set lacks the OVN of %d foreign operational intents in the way", len(foreign)),
				Details: StaleDetails{Missing: foreign},
			}
		}
		c.Key = append(c.Key, own...)
		ev, change, err = c.Decide(h.v.Airspace, airspace.Env{NowNS: env.NowNS})
	}
	if err != nil {
		return nil, nil, refused(err)
	}
	return ev, notifiedOf(change.Subscribers), nil
}

// Numbers of the ids that one act makes.
const (
	idIntent = iota
	idToken
	idSubscription
	idVersion
)

func listedState(d *Decided) airspace.IntentState {
	switch d.State {
	case Nonconforming:
		return airspace.Nonconforming
	case Contingent:
		return airspace.Contingent
	}
	if d.Airborne {
		return airspace.Activated
	}
	return airspace.Accepted
}

// refused turns what package airspace refuses into a refusal of this one.
func refused(err error) error {
	var r *airspace.Refusal
	if !errors.As(err, &r) {
		return err
	}
	kind := event.Invalid
	switch r.Kind {
	case airspace.StaleVersion:
		kind = event.Stale
	case airspace.MarkedDown:
		kind = event.NotNow
	case airspace.NotOwner, airspace.NotAllowed:
		kind = event.NotAllowed
	case airspace.NotFound:
		kind = event.NotFound
	}
	return &event.Refusal{Kind: kind, Message: r.Message}
}

// StaleDetails lists what a write did not show to have read.
type StaleDetails struct {
	Missing []Missing `json:"missing"`
	More    int       `json:"more,omitempty"` // beyond those listed
}

// Missing is something whose current token a write lacked. Its token is not
// told: it stands for having read what it names.
type Missing struct {
	Against string   `json:"against"`
	ID      string   `json:"id"`
	Version int64    `json:"version"`
	Party   party.ID `json:"party"`
	Boxes   []Box    `json:"boxes,omitempty"` // where a foreign one meets the own volumes, coarsely
}

// Box is a box in space and time.
type Box struct {
	SouthE9 int64             `json:"south_e9"`
	WestE9  int64             `json:"west_e9"`
	NorthE9 int64             `json:"north_e9"`
	EastE9  int64             `json:"east_e9"`
	Start   statement.Instant `json:"start"`
	End     statement.Instant `json:"end"`
}

// missing parts what the key lacked into what other USSs manage and the OVNs of
// what this node holds itself.
func (h *hearing) missing(r *airspace.Refusal) (foreign []Missing, own []string) {
	for i := range r.MissingIntents {
		m := &r.MissingIntents[i]
		if native := h.st.intents[m.View.ID.String()]; native != nil && native.Listed {
			own = append(own, native.Token)
			continue
		}
		miss := Missing{Against: AgainstForeign, ID: m.View.ID.String(), Version: int64(m.View.Version), Party: m.View.Manager}
		for _, x := range m.Met {
			miss.Boxes = append(miss.Boxes, Box{
				x.LatE9Lo, x.LngE9Lo, x.LatE9Hi, x.LngE9Hi, statement.Instant(x.Window.StartNS), statement.Instant(x.Window.EndNS),
			})
		}
		foreign = append(foreign, miss)
	}
	return foreign, own
}

func notifiedOf(subscribers []airspace.Subscriber) []Notified {
	var out []Notified
	for _, s := range subscribers {
		n := Notified{URL: s.URL}
		for _, x := range s.Notices {
			n.Subscriptions = append(n.Subscriptions, Subscription{x.Subscription.String(), int64(x.Index)})
		}
		out = append(out, n)
	}
	return out
}

// unlist takes an intent out of the airspace. One that is not there any more, or
// that the airspace will not let go now, is not waited for.
func unlist(v *View, r *Intent, env event.Env) (airspace.Event, []Notified) {
	if !r.Listed || v.Airspace == nil {
		return nil, nil
	}
	id, err := airspace.ParseID(r.ID)
	if err != nil {
		return nil, nil
	}
	view, ok := v.Airspace.Intent(id)
	if !ok {
		return nil, nil
	}
	ev, change, err := airspace.DeleteIntent{By: r.Owner, ID: id, OVN: view.OVN, NewVersion: env.ID(idVersion)}.Decide(v.Airspace, airspace.Env{NowNS: env.NowNS})
	if err != nil {
		return nil, nil
	}
	return ev, notifiedOf(change.Subscribers)
}
