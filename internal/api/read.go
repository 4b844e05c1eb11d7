package api

import (
	"encoding/base64"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/journal"
)

// basis says what an answer rests on.
type basis struct {
	Node        string `json:"node"`
	NodeTime    string `json:"node_time"`
	JournalSize int64  `json:"journal_size"`
	JournalRoot string `json:"journal_root"`
	Means       string `json:"means"`
}

// means is what an answer about an area says and does not say.
const means = "What parties declared to this node, as coarse outlines of about 2 m, up to journal_size and perhaps later. " +
	"That nothing is listed means that nothing was declared here, not that the airspace is clear."

// intent is the form of an airspace.IntentView.
type intent struct {
	ID              string `json:"id"`
	Manager         string `json:"manager"`
	USSAvailability string `json:"uss_availability"`
	Version         int32  `json:"version"`
	State           string `json:"state"`
	OVN             string `json:"ovn,omitempty"`
	TimeStart       string `json:"time_start"`
	TimeEnd         string `json:"time_end"`
	USSBaseURL      string `json:"uss_base_url"`
	SubscriptionID  string `json:"subscription_id"`
	Modified        int64  `json:"modified"`
}

func (c *call) intentOf(v airspace.IntentView) intent {
	out := intent{
		ID: v.ID.String(), Manager: string(v.Manager), USSAvailability: v.Availability.String(), Version: v.Version,
		State: v.State.String(), TimeStart: instant(v.StartNS), TimeEnd: instant(v.EndNS), USSBaseURL: v.URL,
		SubscriptionID: v.Subscription.String(), Modified: v.Modified,
	}
	if v.Manager == c.who.Party {
		out.OVN = v.OVN
	}
	return out
}

// constraint is the form of an airspace.ConstraintView.
type constraint struct {
	ID              string `json:"id"`
	Manager         string `json:"manager"`
	USSAvailability string `json:"uss_availability"`
	Version         int32  `json:"version"`
	OVN             string `json:"ovn,omitempty"`
	TimeStart       string `json:"time_start"`
	TimeEnd         string `json:"time_end"`
	USSBaseURL      string `json:"uss_base_url"`
	Modified        int64  `json:"modified"`
}

func (c *call) constraintOf(v airspace.ConstraintView) constraint {
	out := constraint{
		ID: v.ID.String(), Manager: string(v.Manager), USSAvailability: v.Availability.String(), Version: v.Version,
		TimeStart: instant(v.StartNS), TimeEnd: instant(v.EndNS), USSBaseURL: v.URL, Modified: v.Modified,
	}
	if v.Manager == c.who.Party {
		out.OVN = v.OVN
	}
	return out
}

// subscription is the form of an airspace.SubscriptionView.
type subscription struct {
	ID                  string   `json:"id"`
	Version             string   `json:"version"`
	NotificationIndex   int32    `json:"notification_index"`
	TimeStart           string   `json:"time_start"`
	TimeEnd             string   `json:"time_end"`
	USSBaseURL          string   `json:"uss_base_url"`
	NotifyOfIntents     bool     `json:"notify_for_operational_intents"`
	NotifyOfConstraints bool     `json:"notify_for_constraints"`
	Implicit            bool     `json:"implicit_subscription"`
	Dependents          []string `json:"dependent_operational_intents"`
}

func subscriptionOf(v airspace.SubscriptionView) subscription {
	out := subscription{
		ID: v.ID.String(), Version: v.Version, NotificationIndex: v.Index, TimeStart: instant(v.StartNS), TimeEnd: instant(v.EndNS),
		USSBaseURL: v.URL, NotifyOfIntents: v.Intents, NotifyOfConstraints: v.Constraints, Implicit: v.Implicit,
		Dependents: make([]string, len(v.Dependents)),
	}
	for i, id := range v.Dependents {
		out.Dependents[i] = id.String()
	}
	return out
}

// instant writes nanoseconds since 1970 as people and programs read it.
func instant(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }

func base64Of(h journal.Hash) string { return base64.StdEncoding.EncodeToString(h[:]) }

// look reads the state and says what the answer rests on. The head is taken
// first, so that the state holds all of it.
func (h *handler) look(c *call, fn func(st *airspace.State, nowNS int64)) (basis, error) {
	head := h.Engine.Head()
	b := basis{Node: h.Origin, JournalSize: head.Size, JournalRoot: base64Of(head.Root), Means: means}
	err := h.Engine.Read(c.r.Context(), func(st *airspace.State, nowNS int64) {
		b.NodeTime = instant(nowNS)
		fn(st, nowNS)
	})
	return b, err
}

// listing is where a page stands: whether it is the last, and what to ask for
// the next one.
type listing struct {
	Complete bool   `json:"complete"`
	Next     string `json:"next,omitempty"`
	Basis    basis  `json:"basis"`
}

// list reads the entities of an area and returns the page that is asked for. It
// takes one entity beyond the page to tell whether that is the last.
func list[V, T any](h *handler, c *call, find func(*airspace.State, *query, int64) []V, id func(V) airspace.ID, form func(V) T) ([]T, listing, error) {
	q, err := c.query()
	if err != nil {
		return nil, listing{}, err
	}
	var found []V
	b, err := h.look(c, func(st *airspace.State, nowNS int64) { found = find(st, q, nowNS) })
	if err != nil {
		return nil, listing{}, err
	}
	part, complete := page(q, found, id)
	l := listing{Complete: complete, Basis: b}
	if !complete {
		l.Next = id(part[len(part)-1]).String()
	}
	out := make([]T, len(part))
	for i, v := range part {
		out[i] = form(v)
	}
	return out, l, nil
}

func (h *handler) intents(c *call) error {
	part, l, err := list(h, c,
		func(st *airspace.State, q *query, _ int64) []airspace.IntentView {
			return st.IntentsAfter(q.area, q.after, q.limit+1)
		},
		func(v airspace.IntentView) airspace.ID { return v.ID }, c.intentOf)
	if err != nil {
		return err
	}
	return c.answer(struct {
		Intents []intent `json:"intents"`
		listing
	}{part, l})
}

func (h *handler) constraints(c *call) error {
	part, l, err := list(h, c,
		func(st *airspace.State, q *query, _ int64) []airspace.ConstraintView {
			return st.ConstraintsAfter(q.area, q.after, q.limit+1)
		},
		func(v airspace.ConstraintView) airspace.ID { return v.ID }, c.constraintOf)
	if err != nil {
		return err
	}
	return c.answer(struct {
		Constraints []constraint `json:"constraints"`
		listing
	}{part, l})
}

func (h *handler) subscriptions(c *call) error {
	part, l, err := list(h, c,
		func(st *airspace.State, q *query, nowNS int64) []airspace.SubscriptionView {
			return st.Subscriptions(q.area, c.who.Party, nowNS)
		},
		func(v airspace.SubscriptionView) airspace.ID { return v.ID }, subscriptionOf)
	if err != nil {
		return err
	}
	return c.answer(struct {
		Subscriptions []subscription `json:"subscriptions"`
		listing
	}{part, l})
}

// single reads one entity; absent says that there is none that the caller may
// see.
func single[V any](h *handler, c *call, get func(*airspace.State, airspace.ID) (V, bool)) (v V, b basis, err error) {
	id, err := c.entityID()
	if err != nil {
		return v, b, err
	}
	there := false
	if b, err = h.look(c, func(st *airspace.State, _ int64) { v, there = get(st, id) }); err != nil {
		return v, b, err
	}
	if !there {
		return v, b, NotFound.With("nothing with this id is declared to this node")
	}
	return v, b, nil
}

func (h *handler) intent(c *call) error {
	v, b, err := single(h, c, (*airspace.State).Intent)
	if err != nil {
		return err
	}
	return c.answer(struct {
		Intent intent `json:"intent"`
		Basis  basis  `json:"basis"`
	}{c.intentOf(v), b})
}

func (h *handler) constraint(c *call) error {
	v, b, err := single(h, c, (*airspace.State).Constraint)
	if err != nil {
		return err
	}
	return c.answer(struct {
		Constraint constraint `json:"constraint"`
		Basis      basis      `json:"basis"`
	}{c.constraintOf(v), b})
}

// subscription shows a caller its own; another's is as if it were not there.
func (h *handler) subscription(c *call) error {
	v, b, err := single(h, c, func(st *airspace.State, id airspace.ID) (airspace.SubscriptionView, bool) {
		v, ok := st.Subscription(id)
		return v, ok && v.Owner == c.who.Party
	})
	if err != nil {
		return err
	}
	return c.answer(struct {
		Subscription subscription `json:"subscription"`
		Basis        basis        `json:"basis"`
	}{subscriptionOf(v), b})
}

func (h *handler) me(c *call) error {
	if _, err := c.parameters(); err != nil {
		return err
	}
	var v airspace.AvailabilityView
	b, err := h.look(c, func(st *airspace.State, _ int64) { v = st.Availability(c.who.Party) })
	if err != nil {
		return err
	}
	return c.answer(struct {
		Party        string   `json:"party"`
		Scopes       []string `json:"scopes"`
		TokenEnds    string   `json:"token_ends"`
		Availability string   `json:"uss_availability"`
		Basis        basis    `json:"basis"`
	}{string(c.who.Party), c.who.Scopes, instant(c.who.ExpiresNS), v.Availability.String(), b})
}

func (h *handler) status(c *call) error {
	if _, err := c.parameters(); err != nil {
		return err
	}
	b, err := h.look(c, func(*airspace.State, int64) {})
	if err != nil {
		return err
	}
	return c.answer(struct {
		Version     string       `json:"version"`
		VerifierKey string       `json:"verifier_key"`
		Clock       ClockQuality `json:"clock"`
		Basis       basis        `json:"basis"`
	}{h.Version, h.Engine.Journal().VerifierKey(), h.clock(), b})
}
