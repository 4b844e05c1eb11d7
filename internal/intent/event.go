package intent

import (
	"slices"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/release"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// Event is an event of this package.
type Event interface {
	event.Event
	intentEvent()
}

// Events are the events of intents and zones. Airspace events, which stand
// between them, are read by package airspace.
var Events = event.Table{
	"intent.decided":      func() event.Event { return new(Decided) },
	"intent.conflicting":  func() event.Event { return new(Conflicting) },
	"intent.entering":     func() event.Event { return new(Entering) },
	"intent.displaced":    func() event.Event { return new(Displaced) },
	"intent.restated":     func() event.Event { return new(Restated) },
	"intent.closed":       func() event.Event { return new(Closed) },
	"intent.acknowledged": func() event.Event { return new(Acknowledged) },
	"intent.marked":       func() event.Event { return new(Marked) },
	"intent.unsettled":    func() event.Event { return new(Unsettled) },
	"intent.reviewed":     func() event.Event { return new(Reviewed) },
	"intent.reported":     func() event.Event { return new(Reported) },
	"intent.undertaken":   func() event.Event { return new(Undertaken) },
	"intent.told":         func() event.Event { return new(Told) },
	"intent.overdue":      func() event.Event { return new(Overdue) },
	"zone.decided":        func() event.Event { return new(ZoneDecided) },
	"zone.cancelled":      func() event.Event { return new(ZoneCancelled) },
}

// Airspace carries an event of package airspace that was decided in the same
// act: an accepted intent is also an operational intent of F3548-21. It is
// journalled and applied as package airspace's own.
type Airspace struct{ airspace.Event }

// Release implements event.Event: airspace.Release speaks for it.
func (Airspace) Release(party.ID) []string { return nil }

// Decided says that a version of an intent was decided on.
type Decided struct {
	ID      string   `json:"id"`
	Version int64    `json:"version"`
	Owner   party.ID `json:"owner"`
	Plan
	State Phase `json:"state"`
	// Token stands for having read this version. It is also the OVN.
	Token    string            `json:"token"`
	Accepted statement.Instant `json:"accepted,omitzero"` // since when it stands against others
	Airborne bool              `json:"airborne,omitempty"`
	Start    statement.Instant `json:"start"`
	End      statement.Instant `json:"end"`
	Claim    Claim             `json:"claim"`
	Flags    []string          `json:"flags,omitempty"`
	Verdicts []Verdict         `json:"verdicts,omitempty"`
	More     int64             `json:"more,omitempty"`    // verdicts beyond those listed
	NoRule   []party.ID        `json:"no_rule,omitempty"` // with whom the agreement was suspended
	Anew     bool              `json:"anew,omitempty"`    // declared again, to resume what is suspended
	Tellings []Telling         `json:"tellings,omitempty"`
	Notified []Notified        `json:"notified,omitempty"` // subscribers of the airspace
	Listed   bool              `json:"listed,omitempty"`   // is an operational intent of the airspace
	Shown    []Shown           `json:"shown,omitempty"`
}

// Claim is who claimed the rank, and how surely.
type Claim struct {
	Role    string        `json:"role,omitempty"`
	Person  string        `json:"person,omitempty"`
	Custody party.Custody `json:"custody,omitempty"`
}

// Notified is a subscriber of the airspace that is to be told of a change.
type Notified struct {
	URL           string         `json:"url"`
	Subscriptions []Subscription `json:"subscriptions"`
}

// Subscription is one by which a subscriber is told.
type Subscription struct {
	ID    string `json:"id"`
	Index int64  `json:"index"`
}

// Shown are the members of an intent that a party may see.
type Shown struct {
	To      party.ID `json:"to"`
	Members []string `json:"members"`
}

// Conflicting tells the other side of a conflict that it exists. Measures are
// there when each side is shown where the other is.
type Conflicting struct {
	ID          string            `json:"id"`
	Version     int64             `json:"version"`
	Owner       party.ID          `json:"owner"`
	With        string            `json:"with"`
	WithVersion int64             `json:"with_version"`
	Party       party.ID          `json:"party"`
	Outcome     Outcome           `json:"outcome"`
	From        statement.Instant `json:"from"`
	To          statement.Instant `json:"to"`
	Source      terms.Source      `json:"source"`
	Measure     *Measure          `json:"measure,omitempty"`
}

// Entering tells the owner of a zone that an intent enters it, if it is shown
// where the intent is.
type Entering struct {
	ID      string   `json:"id"`
	Version int64    `json:"version"`
	Owner   party.ID `json:"owner"`
	Party   party.ID `json:"party"` // whose zone it is
	Entry
	Over bool `json:"over,omitempty"` // a review found that it enters it no more
}

// Displaced says that an intent has to give way.
type Displaced struct {
	ID       string            `json:"id"`
	Version  int64             `json:"version"`
	Owner    party.ID          `json:"owner"`
	By       string            `json:"by"` // id of the intent or zone
	ByParty  party.ID          `json:"by_party"`
	Airborne bool              `json:"airborne,omitempty"`
	From     statement.Instant `json:"from"`
	To       statement.Instant `json:"to"`
	// ExitNeeded: it has to be led out on a way that is itself free of conflict.
	ExitNeeded bool `json:"exit_needed"`
}

// Restated tells whom an intent is shown that it has another state without an act
// of its owner: it gives way, or no longer has to. It changes nothing itself.
type Restated struct {
	ID      string     `json:"id"`
	Version int64      `json:"version"`
	Owner   party.ID   `json:"owner"`
	State   Phase      `json:"state"`
	To      []party.ID `json:"to"`
}

// Closed says that an intent is over.
type Closed struct {
	ID       string     `json:"id"`
	Version  int64      `json:"version"`
	Owner    party.ID   `json:"owner"`
	State    Phase      `json:"state"`            // ended or withdrawn
	Lapsed   bool       `json:"lapsed,omitempty"` // by the node, long after its end
	Notified []Notified `json:"notified,omitempty"`
	To       []party.ID `json:"to,omitempty"` // who was shown it
}

// Acknowledged says how far an intent got at another party, and what notice
// that was.
type Acknowledged struct {
	ID      string      `json:"id"`
	Version int64       `json:"version"`
	Owner   party.ID    `json:"owner"`
	By      party.ID    `json:"by"`
	Step    Step        `json:"step"`
	Person  string      `json:"person,omitempty"`
	LeadNS  int64       `json:"lead_ns"` // from receipt to start; negative: after it
	Class   terms.Class `json:"class"`   // of the notice; empty for a step after the receipt
}

// Marked says that evidence about an intent was given.
type Marked struct {
	ID      string   `json:"id"`
	Version int64    `json:"version"`
	Owner   party.ID `json:"owner"`
	By      party.ID `json:"by"`
	Kind    Mark     `json:"kind"`
	Service bool     `json:"service,omitempty"` // by a service, which counts for all
	Person  string   `json:"person,omitempty"`
	Detail  string   `json:"detail,omitempty"`
	Cleared bool     `json:"cleared,omitempty"` // by this review, the doubt is over
}

// Unsettled says that intents are under review, and why.
type Unsettled struct {
	Reason string   `json:"reason"`
	IDs    []string `json:"ids"`
}

// Reviewed says what a review found.
type Reviewed struct {
	ID       string     `json:"id"`
	Version  int64      `json:"version"`
	Owner    party.ID   `json:"owner"`
	State    Phase      `json:"state"`
	Verdicts []Verdict  `json:"verdicts,omitempty"`
	More     int64      `json:"more,omitempty"`
	NoRule   []party.ID `json:"no_rule,omitempty"`
	Anew     bool       `json:"anew,omitempty"`
	By       string     `json:"displaced_by,omitempty"`
	Changed  bool       `json:"changed,omitempty"` // another outcome than before
}

// Reported says that somebody passed on what they heard. It changes no rule.
type Reported struct {
	ID    string            `json:"id"`
	By    party.ID          `json:"by"`
	Until statement.Instant `json:"until"` // nothing it says holds later
	Report
	To []party.ID `json:"to,omitempty"`
}

// Undertaken says who undertook to tell a party that an intent may affect.
type Undertaken struct {
	ID    string            `json:"id"`
	Owner party.ID          `json:"owner"`
	Party party.ID          `json:"party"` // to be told
	By    party.ID          `json:"by"`
	Until statement.Instant `json:"until"`
}

// Told says that it was done.
type Told struct {
	ID    string   `json:"id"`
	Owner party.ID `json:"owner"`
	Party party.ID `json:"party"`
	By    party.ID `json:"by"`
	How   string   `json:"how,omitempty"`
}

// Overdue says that a party was not told in time.
type Overdue struct {
	ID    string   `json:"id"`
	Owner party.ID `json:"owner"`
	Party party.ID `json:"party"`
	By    party.ID `json:"by,omitempty"` // who undertook it
}

// ZoneDecided says that a version of a zone was decided on.
type ZoneDecided struct {
	ID      string    `json:"id"`
	Version int64     `json:"version"`
	Owner   party.ID  `json:"owner"`
	State   ZoneState `json:"state"`
	Token   string    `json:"token"`
	Zone
	Service bool `json:"service,omitempty"` // its owner serves all who fly there
}

// ZoneCancelled says that a zone is over.
type ZoneCancelled struct {
	ID      string   `json:"id"`
	Owner   party.ID `json:"owner"`
	Expired bool     `json:"expired,omitempty"`
}

// Type implements event.Event.
func (*Decided) Type() string { return "intent.decided" }

// Type implements event.Event.
func (*Conflicting) Type() string { return "intent.conflicting" }

// Type implements event.Event.
func (*Entering) Type() string { return "intent.entering" }

// Type implements event.Event.
func (*Restated) Type() string { return "intent.restated" }

// Type implements event.Event.
func (*Displaced) Type() string { return "intent.displaced" }

// Type implements event.Event.
func (*Closed) Type() string { return "intent.closed" }

// Type implements event.Event.
func (*Acknowledged) Type() string { return "intent.acknowledged" }

// Type implements event.Event.
func (*Marked) Type() string { return "intent.marked" }

// Type implements event.Event.
func (*Unsettled) Type() string { return "intent.unsettled" }

// Type implements event.Event.
func (*Reviewed) Type() string { return "intent.reviewed" }

// Type implements event.Event.
func (*Reported) Type() string { return "intent.reported" }

// Type implements event.Event.
func (*Undertaken) Type() string { return "intent.undertaken" }

// Type implements event.Event.
func (*Told) Type() string { return "intent.told" }

// Type implements event.Event.
func (*Overdue) Type() string { return "intent.overdue" }

// Type implements event.Event.
func (*ZoneDecided) Type() string { return "zone.decided" }

// Type implements event.Event.
func (*ZoneCancelled) Type() string { return "zone.cancelled" }

// Actor implements event.Event.
func (e *Decided) Actor() party.ID { return e.Owner }

// Actor implements event.Event.
func (e *Conflicting) Actor() party.ID { return "" }

// Actor implements event.Event.
func (e *Entering) Actor() party.ID { return "" }

// Actor implements event.Event.
func (e *Restated) Actor() party.ID { return "" }

// Actor implements event.Event.
func (e *Displaced) Actor() party.ID { return "" }

// Actor implements event.Event.
func (e *Acknowledged) Actor() party.ID { return e.By }

// Actor implements event.Event.
func (e *Marked) Actor() party.ID { return e.By }

// Actor implements event.Event.
func (e *Unsettled) Actor() party.ID { return "" }

// Actor implements event.Event.
func (e *Reviewed) Actor() party.ID { return "" }

// Actor implements event.Event.
func (e *Reported) Actor() party.ID { return e.By }

// Actor implements event.Event.
func (e *Undertaken) Actor() party.ID { return e.By }

// Actor implements event.Event.
func (e *Told) Actor() party.ID { return e.By }

// Actor implements event.Event.
func (e *Overdue) Actor() party.ID { return "" }

// Actor implements event.Event.
func (e *ZoneDecided) Actor() party.ID { return e.Owner }

// Actor implements event.Event.
func (e *Closed) Actor() party.ID {
	if e.Lapsed {
		return ""
	}
	return e.Owner
}

// Actor implements event.Event.
func (e *ZoneCancelled) Actor() party.ID {
	if e.Expired {
		return ""
	}
	return e.Owner
}

// Release shows a party the members that were decided to be shown to it.
func (e *Decided) Release(to party.ID) []string {
	if to == e.Owner {
		return event.Whole
	}
	if i := slices.IndexFunc(e.Shown, func(s Shown) bool { return s.To == to }); i >= 0 {
		return append(slices.Clone(event.Envelope), e.Shown[i].Members...)
	}
	return nil
}

// Release shows a conflict to the other side of it; its own side has it in what
// was decided.
func (e *Conflicting) Release(to party.ID) []string { return wholeFor(to, e.Owner, e.Party) }

// Release shows it to both sides.
func (e *Entering) Release(to party.ID) []string { return wholeFor(to, e.Owner, e.Party) }

// Release shows it to who has to give way, and to whom it gives way.
func (e *Displaced) Release(to party.ID) []string { return wholeFor(to, e.Owner, e.ByParty) }

// Release shows the state to whom the intent is shown, but not who these are.
func (e *Restated) Release(to party.ID) []string {
	if slices.Contains(e.To, to) {
		return append(slices.Clone(event.Envelope), "id", "owner", "state", "version")
	}
	return nil
}

// Release shows the end to all who were shown the intent, without who in the
// airspace is told.
func (e *Closed) Release(to party.ID) []string {
	if to == e.Owner {
		return event.Whole
	}
	if slices.Contains(e.To, to) {
		return append(slices.Clone(event.Envelope), "id", "lapsed", "owner", "state", "version")
	}
	return nil
}

// Release shows a receipt to both sides of it.
func (e *Acknowledged) Release(to party.ID) []string { return wholeFor(to, e.Owner, e.By) }

// Release shows evidence to both sides of it.
func (e *Marked) Release(to party.ID) []string { return wholeFor(to, e.Owner, e.By) }

// Release shows nobody which intents are under review together; each owner has
// what the review finds.
func (e *Unsettled) Release(party.ID) []string { return nil }

// Release shows the result to the owner.
func (e *Reviewed) Release(to party.ID) []string { return wholeFor(to, e.Owner) }

// Release shows a report to those whom it concerns, with its origin and chain.
func (e *Reported) Release(to party.ID) []string {
	if to == e.By {
		return event.Whole
	}
	if slices.Contains(e.To, to) {
		return append(slices.Clone(event.Envelope), "about", "by", "chain", "grade", "id", "origin", "text", "trajectories", "until", "volumes")
	}
	return nil
}

// Release shows it to the owner, who undertook it and whom it is about.
func (e *Undertaken) Release(to party.ID) []string { return wholeFor(to, e.Owner, e.Party, e.By) }

// Release shows it to the owner, who did it and whom it is about.
func (e *Told) Release(to party.ID) []string { return wholeFor(to, e.Owner, e.Party, e.By) }

// Release shows it to the owner and to who undertook it.
func (e *Overdue) Release(to party.ID) []string { return wholeFor(to, e.Owner, e.By) }

// Release shows a zone to everybody: who does not know it cannot keep out.
func (e *ZoneDecided) Release(party.ID) []string { return event.Whole }

// Release shows the end of a zone to everybody.
func (e *ZoneCancelled) Release(party.ID) []string { return event.Whole }

func wholeFor(to party.ID, among ...party.ID) []string {
	if to != "" && slices.Contains(among, to) {
		return event.Whole
	}
	return nil
}

func (*Decided) intentEvent()       {}
func (*Conflicting) intentEvent()   {}
func (*Displaced) intentEvent()     {}
func (*Restated) intentEvent()      {}
func (*Closed) intentEvent()        {}
func (*Acknowledged) intentEvent()  {}
func (*Marked) intentEvent()        {}
func (*Unsettled) intentEvent()     {}
func (*Reviewed) intentEvent()      {}
func (*Reported) intentEvent()      {}
func (*Undertaken) intentEvent()    {}
func (*Told) intentEvent()          {}
func (*Overdue) intentEvent()       {}
func (*ZoneDecided) intentEvent()   {}
func (*ZoneCancelled) intentEvent() {}

// members are what each group of a release matrix opens of a Decided.
var members = map[string][]string{
	release.Reference:  {"airborne", "end", "flags", "id", "owner", "start", "state", "supersedes", "version"},
	release.OffNominal: {"off_nominal"},
	release.Contact:    {"contact"},
	release.Kind:       {"aircraft_kind", "count_band", "member", "mode", "size_class"},
	release.Priority:   {"priority"},
	release.Alias:      {"alias"},
	release.Crossing:   {"crossings"},
	release.Procedures: {"contingency_id", "endurance_ns", "thresholds"},
}

// where are the members that say exactly, or as coarsely as was declared, where
// an intent is. Who sees them holds the token: it stands for having read them.
var where = []string{"coarse", "fine_commitment", "place", "position", "time", "token", "trajectories", "volumes"}

// shownMembers returns the members of a plan that groups open, sorted.
func shownMembers(p *Plan, groups []string) []string {
	var out []string
	for _, g := range groups {
		out = append(out, members[g]...)
	}
	if slices.Contains(groups, whereGroup(p)) {
		out = append(out, where...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// whereGroup is the group that opens where a plan is.
func whereGroup(p *Plan) string {
	if p.Coarse {
		return release.VolumesCoarse
	}
	return release.VolumesExact
}
