package incident

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// Category says how an incident is counted.
type Category string

// Categories beside those of the kinds.
const (
	// NearMidair is a near mid-air collision: less than 500 ft between two
	// aircraft, or a crew says that there was a danger of collision (FAA
	// Aeronautical Information Manual, 7-7-3).
	NearMidair Category = "near_midair"
)

// nearMidairMM is 500 ft.
const nearMidairMM = 152_400

// categoryOf returns the category of an incident. Distances that are not known
// count as large.
func categoryOf(k Kind, horizontalMM, verticalMM *int64, hazard bool) Category {
	if hazard {
		return NearMidair
	}
	if k == Separation && horizontalMM != nil && verticalMM != nil {
		h, v := *horizontalMM, *verticalMM
		if h < nearMidairMM && v < nearMidairMM && h*h+v*v < nearMidairMM*nearMidairMM {
			return NearMidair
		}
	}
	return Category(k)
}

// Incident is an incident with all that was said of it. It is immutable.
type Incident struct {
	Opening  Opened            `json:"opening"`
	OpenedAt statement.Instant `json:"opened_at"`
	Index    int64             `json:"index"` // where the journal opens it
	Category Category          `json:"category"`
	Frozen   []Evidence        `json:"frozen,omitempty"` // by index
	Accounts []Told            `json:"accounts,omitempty"`
	Sheet    []Item            `json:"sheet,omitempty"`
	Actions  []Action          `json:"actions,omitempty"`
	Closings []Closing         `json:"closings,omitempty"`
	// AccountsTold is set when the node said whose account is late.
	AccountsTold bool `json:"accounts_told,omitempty"`
	Over         bool `json:"over,omitempty"`
	Published    bool `json:"published,omitempty"`
}

// Told is a party's account, in its latest version.
type Told struct {
	Party   party.ID          `json:"party"`
	Version int64             `json:"version"`
	At      statement.Instant `json:"at"`
	Index   int64             `json:"index"`
	Earlier []int64           `json:"earlier,omitempty"` // journal indices of earlier versions
	Account Account           `json:"account"`
}

// Item is a point of the joint sheet.
type Item struct {
	Number   int64             `json:"number"`
	Kind     Point             `json:"kind"`
	By       party.ID          `json:"by"`
	Text     string            `json:"text"`
	Evidence []Evidence        `json:"evidence,omitempty"`
	ReplyBy  statement.Instant `json:"reply_by"`
	Stances  []Stood           `json:"stances"` // by party
	Late     bool              `json:"late,omitempty"`
}

// Stood is how a party stands to a point.
type Stood struct {
	Party  party.ID          `json:"party"`
	Stance Stance            `json:"stance"`
	Reason string            `json:"reason,omitempty"`
	At     statement.Instant `json:"at"`
	Index  int64             `json:"index"`
}

// Status is where a point of the joint sheet stands.
type Status string

// Statuses. Nobody's silence agrees to anything.
const (
	Open     Status = "open"
	Agreed   Status = "agreed" // by every party involved
	Disputed Status = "disputed"
)

// status returns where the point stands among the parties involved.
func (it *Item) status(parties []party.ID) Status {
	out := Agreed
	for _, id := range parties {
		switch it.stance(id) {
		case Disputes:
			return Disputed
		case Agrees:
		default:
			out = Open
		}
	}
	return out
}

func (it *Item) stance(id party.ID) Stance {
	for _, s := range it.Stances {
		if s.Party == id {
			return s.Stance
		}
	}
	return ""
}

// Action is what a party took on.
type Action struct {
	Number int64             `json:"number"`
	Owner  party.ID          `json:"owner"`
	Text   string            `json:"text"`
	Due    statement.Instant `json:"due"`
	Done   statement.Instant `json:"done,omitempty"`
	How    string            `json:"how,omitempty"`
	Late   bool              `json:"late,omitempty"`
}

// Closing is that of one party.
type Closing struct {
	Party   party.ID          `json:"party"`
	At      statement.Instant `json:"at"`
	Publish bool              `json:"publish,omitempty"`
}

// Status returns where a point stands.
func (in *Incident) Status(number int64) Status {
	it := in.Sheet[number-1]
	return it.status(in.whoSee(it.By))
}

// sees reports whether a party involved is shown what another said.
func (in *Incident) sees(to, by party.ID) bool {
	around := in.Opening.Around
	return around == "" || by == around || to == around || to == by
}

// whoSee returns the parties that are shown what one of them said.
func (in *Incident) whoSee(by party.ID) []party.ID {
	if in.sees("", by) {
		return in.Opening.Parties
	}
	return sorted([]party.ID{by, in.Opening.Around})
}

// answerers returns the parties whose stances to a point of a party make up how
// it stands, as one of them sees it.
func (in *Incident) answerers(point, to party.ID) []party.ID {
	if in.sees(to, "") {
		return in.whoSee(point)
	}
	return in.whoSee(to)
}

// account returns that of a party, or nil.
func (in *Incident) account(id party.ID) *Told {
	for i := range in.Accounts {
		if in.Accounts[i].Party == id {
			return &in.Accounts[i]
		}
	}
	return nil
}

func (in *Incident) closedBy(id party.ID) bool {
	return slices.ContainsFunc(in.Closings, func(c Closing) bool { return c.Party == id })
}

// State is all that is known of incidents.
type State struct {
	incidents map[string]*Incident
	// The rest follows from the incidents.
	keys  map[string]string // latest incident of each cause
	due   map[string]int64
	first int64 // earliest of due; 0: nothing is
}

// New returns a state without incidents.
func New() *State {
	return &State{incidents: map[string]*Incident{}, keys: map[string]string{}, due: map[string]int64{}}
}

// Clone returns a copy that later events do not change.
func (st *State) Clone() *State {
	return &State{maps.Clone(st.incidents), maps.Clone(st.keys), maps.Clone(st.due), st.first}
}

// Incident returns an incident, or nil. It is the whole record.
func (st *State) Incident(id string) *Incident { return st.incidents[id] }

// put replaces an incident and what follows from it.
func (st *State) put(in *Incident) {
	id := in.Opening.Incident
	st.incidents[id] = in
	if last := st.incidents[st.keys[in.Opening.Key]]; last == nil || last.Index <= in.Index {
		st.keys[in.Opening.Key] = id
	}
	old, ns := st.due[id], in.nextNS()
	if ns == 0 {
		delete(st.due, id)
	} else {
		st.due[id] = ns
	}
	switch {
	case ns != 0 && (st.first == 0 || ns <= st.first):
		st.first = ns
	case old == st.first:
		st.first = 0
		for _, ns := range st.due {
			if st.first == 0 || ns < st.first {
				st.first = ns
			}
		}
	}
}

// Apply puts an event into effect. It cannot fail.
func (st *State) Apply(ev event.Event, at event.At) {
	now := statement.Instant(at.NS)
	if e, ok := ev.(*Opened); ok {
		st.put(&Incident{Opening: *e, OpenedAt: now, Index: at.Index, Category: e.Category, Frozen: e.Evidence})
		return
	}
	var in Incident
	switch e := ev.(type) {
	case *Accounted:
		in = *st.incidents[e.Incident]
		in.tell(e, at)
	case *Proposed:
		in = *st.incidents[e.Incident]
		in.Sheet = append(slices.Clone(in.Sheet), Item{
			Number: e.Number, Kind: e.Kind, By: e.By, Text: e.Text, Evidence: e.Evidence, ReplyBy: e.ReplyBy,
			Stances: []Stood{{Party: e.By, Stance: Agrees, At: now, Index: at.Index}},
		})
		in.freeze(e.Evidence)
		for _, id := range in.whoSee(e.By) {
			in.reopen(id) // nobody has answered it yet
		}
	case *Answered:
		in = *st.incidents[e.Incident]
		in.Sheet = slices.Clone(in.Sheet)
		in.Sheet[e.Number-1].stand(Stood{e.By, e.Stance, e.Reason, now, at.Index})
	case *Undertook:
		in = *st.incidents[e.Incident]
		in.Actions = slices.Clone(in.Actions)
		if e.Done {
			in.Actions[e.Number-1].Done, in.Actions[e.Number-1].How = now, e.Text
		} else {
			in.Actions = append(in.Actions, Action{Number: e.Number, Owner: e.By, Text: e.Text, Due: e.Due})
			in.reopen(e.By)
		}
	case *Closed:
		in = *st.incidents[e.Incident]
		in.Closings = append(slices.Clone(in.Closings), Closing{e.By, now, e.Publish})
		in.Over, in.Published = e.Final, e.Published
	case *Overdue:
		in = *st.incidents[e.Incident]
		in.overdue(e)
	default:
		return
	}
	st.put(&in)
}

func (in *Incident) tell(e *Accounted, at event.At) {
	told := Told{Party: e.By, Version: e.Version, At: statement.Instant(at.NS), Index: at.Index, Account: e.Account}
	in.Accounts = slices.Clone(in.Accounts)
	i := slices.IndexFunc(in.Accounts, func(t Told) bool { return t.Party == e.By })
	if i >= 0 {
		told.Earlier = append(slices.Clone(in.Accounts[i].Earlier), in.Accounts[i].Index)
		in.Accounts[i] = told
	} else {
		in.Accounts = append(in.Accounts, told)
	}
	in.Category = e.Category
	if in.Opening.Around != "" && slices.ContainsFunc(in.Accounts, func(t Told) bool { return t.Account.CollisionHazard }) {
		in.Category = NearMidair // whoever saw it when
	}
	in.freeze(e.Evidence)
	in.reopen(e.By)
}

// reopen takes back a party's closing: who has more to say or to do is not
// through.
func (in *Incident) reopen(id party.ID) {
	in.Closings = slices.DeleteFunc(slices.Clone(in.Closings), func(c Closing) bool { return c.Party == id })
}

// freeze adds to the evidence; nothing is ever taken from it.
func (in *Incident) freeze(more []Evidence) {
	in.Frozen = slices.Clone(in.Frozen)
	for _, e := range more {
		if i, found := slices.BinarySearchFunc(in.Frozen, e.Index, func(e Evidence, index int64) int { return cmp.Compare(e.Index, index) }); !found {
			in.Frozen = slices.Insert(in.Frozen, i, e)
		}
	}
}

func (it *Item) stand(s Stood) {
	it.Stances = slices.DeleteFunc(slices.Clone(it.Stances), func(o Stood) bool { return o.Party == s.Party })
	it.Stances = append(it.Stances, s)
	slices.SortFunc(it.Stances, func(a, b Stood) int { return cmp.Compare(a.Party, b.Party) })
}

func (in *Incident) overdue(e *Overdue) {
	switch e.What {
	case lateAccount:
		in.AccountsTold = true
	case latePoint:
		in.Sheet = slices.Clone(in.Sheet)
		in.Sheet[e.Number-1].Late = true
	case lateAction:
		in.Actions = slices.Clone(in.Actions)
		in.Actions[e.Number-1].Late = true
	}
}

// MarshalJSON implements json.Marshaler: all incidents, by id.
func (st *State) MarshalJSON() ([]byte, error) {
	list := make([]*Incident, 0, len(st.incidents))
	for _, id := range slices.Sorted(maps.Keys(st.incidents)) {
		list = append(list, st.incidents[id])
	}
	return json.Marshal(list)
}

// UnmarshalJSON implements json.Unmarshaler.
func (st *State) UnmarshalJSON(data []byte) error {
	var list []*Incident
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	*st = *New()
	for _, in := range list {
		st.put(in)
	}
	return nil
}
