package agreement

import (
	"slices"
	"strconv"
	"strings"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// Outcome is what was found about a clause and a party.
type Outcome string

// Outcomes.
const (
	Met           Outcome = "met"
	Breached      Outcome = "breached"
	NotAssessable Outcome = "not_assessable" // the evidence does not tell
)

// Observation is what the node found about how a party kept a clause.
type Observation struct {
	Source   terms.Source // the clause, as the rules name it
	Party    party.ID     // that met or breached it
	Outcome  Outcome
	WhenNS   int64    // nanoseconds since 1970
	Evidence []string // journal indices or ids; at most MaxRefs are kept
}

// day counts what was observed in one UTC day.
type day struct {
	Day    string  `json:"day"` // as 2026-03-01
	Counts []Count `json:"counts"`
}

// Count is how often a party met and breached a clause.
type Count struct {
	Clause        string   `json:"clause"`
	Party         party.ID `json:"party"`
	Met           int64    `json:"met"`
	Breached      int64    `json:"breached"`
	NotAssessable int64    `json:"not_assessable"`
}

// QueryRecord is a question about what was observed.
type QueryRecord struct {
	ID           string            `json:"id"`
	By           party.ID          `json:"by"`
	Of           party.ID          `json:"of"`
	Clause       string            `json:"clause"`
	Observations []string          `json:"observations,omitempty"`
	Text         string            `json:"text"`
	Asked        statement.Instant `json:"asked"`
	Due          statement.Instant `json:"due"`
	Index        int64             `json:"evidence"`
	Reply        string            `json:"reply,omitempty"`
	Replied      statement.Instant `json:"replied,omitempty"`
	Late         bool              `json:"late,omitempty"`
	Overdue      bool              `json:"overdue,omitempty"`
}

func (q *QueryRecord) waits() bool { return q.Replied == 0 }

// ReviewRecord is one review.
type ReviewRecord struct {
	By     party.ID          `json:"by"`
	At     statement.Instant `json:"at"`
	Points []string          `json:"points"`
	Next   statement.Instant `json:"next,omitempty"`
	Index  int64             `json:"evidence"`
}

// Observe returns the events of what was observed of clauses in force. What the
// rules of this program alone say, and nobody agreed, cannot be breached: it
// gives no event.
func (st *State) Observe(found ...Observation) []event.Event {
	var events []event.Event
	more := map[string]int64{}
	for _, o := range found {
		a := st.agreements[o.Source.Agreement]
		if a == nil {
			continue
		}
		ver := a.version(o.Source.Version)
		if ver == nil || !hasClause(ver.Text, o.Source.Clause) || !slices.Contains(a.Parties, o.Party) {
			continue
		}
		more[a.ID]++
		events = append(events, &Observed{
			head: signatories(a), ID: strconv.FormatInt(a.Seen+more[a.ID], 10), Version: ver.Number, Clause: o.Source.Clause,
			Party: o.Party, Outcome: o.Outcome, When: statement.Instant(o.WhenNS),
			Evidence: append([]string{}, o.Evidence[:min(len(o.Evidence), MaxRefs)]...),
		})
	}
	return events
}

func (e *Observed) apply(a *agreement, _ event.At) {
	a.Seen++
	if e.Outcome != Met {
		kept := a.Breaches
		if len(kept) >= keptBreaches {
			kept = kept[len(kept)-keptBreaches+1:]
		}
		a.Breaches = append(slices.Clone(kept), e)
	}
	name := e.When.String()[:len("2026-03-01")]
	i, found := slices.BinarySearchFunc(a.Days, name, func(d *day, name string) int { return strings.Compare(d.Day, name) })
	days := slices.Clone(a.Days)
	if !found {
		days = slices.Insert(days, i, &day{Day: name})
	}
	d := &day{Day: name, Counts: slices.Clone(days[i].Counts)}
	j := slices.IndexFunc(d.Counts, func(c Count) bool { return c.Clause == e.Clause && c.Party == e.Party })
	if j < 0 {
		j = len(d.Counts)
		d.Counts = append(d.Counts, Count{Clause: e.Clause, Party: e.Party})
	}
	switch e.Outcome {
	case Met:
		d.Counts[j].Met++
	case Breached:
		d.Counts[j].Breached++
	default:
		d.Counts[j].NotAssessable++
	}
	days[i] = d
	a.Days = days[max(0, len(days)-keptDays):]
}

func (d *deciding) query(b *Query) ([]event.Event, error) {
	a := d.agreements[b.Agreement]
	if a == nil || d.v.bound(a, d.act.Party, d.env.NowNS) == "" {
		return nil, notFound(b.Agreement)
	}
	if a.Current == 0 {
		return nil, event.Refuse(event.NotNow, "%s was never in force", a.ID)
	}
	if b.To == d.act.Party || !slices.Contains(a.Parties, b.To) {
		return nil, event.Refuse(event.Invalid, "found the party %q, expected another signatory: %v", b.To, a.Parties)
	}
	if !slices.ContainsFunc(a.Versions, func(v *version) bool { return hasClause(v.Text, b.Clause) }) {
		return nil, event.Refuse(event.NotFound, "found no clause %q in %s", clip(b.Clause), a.ID)
	}
	for _, id := range b.Observations {
		if !slices.ContainsFunc(a.Breaches, func(o *Observed) bool { return o.ID == id }) {
			return nil, event.Refuse(event.NotFound, "found no observation %q of %s among the last %d", clip(id), a.ID, keptBreaches)
		}
	}
	waiting := 0
	for _, q := range a.Queries {
		if q.By == d.act.Party && q.waits() {
			waiting++
		}
	}
	if waiting >= maxQueries {
		return nil, event.Refuse(event.NotNow, "found %d queries of yours without a reply, expected fewer", waiting)
	}
	if err := d.screen(b.Text); err != nil {
		return nil, err
	}
	// The time to reply is that of the parties' rules, in force or last.
	reply := terms.Compile([]terms.InForce{{Text: a.current().Text}}, terms.Pair(a.Parties[0], a.Parties[1])).Breach.ReplyNS
	return one(&Queried{
		head: d.with(signatories(a)), ID: d.env.ID(0), By: d.act.Party, Of: b.To, Clause: b.Clause,
		Observations: b.Observations, Text: b.Text, Due: d.now() + statement.Instant(reply),
	})
}

// with adds the acting party, a member, to those who may know.
func (d *deciding) with(to head) head {
	if !slices.Contains(to.To, d.act.Party) {
		to.To = with(to.To, d.act.Party)
	}
	return to
}

func (e *Queried) apply(a *agreement, at event.At) {
	kept := slices.Clone(a.Queries)
	if len(kept) >= keptQueries {
		if i := slices.IndexFunc(kept, func(q *QueryRecord) bool { return !q.waits() }); i >= 0 {
			kept = slices.Delete(kept, i, i+1)
		}
	}
	a.Queries = append(kept, &QueryRecord{
		ID: e.ID, By: e.By, Of: e.Of, Clause: e.Clause, Observations: e.Observations, Text: e.Text,
		Asked: statement.Instant(at.NS), Due: e.Due, Index: at.Index,
	})
}

// reply answers a query, late or not: a late reply is better than none.
func (d *deciding) reply(b *Reply) ([]event.Event, error) {
	a := d.agreements[b.Agreement]
	if a == nil || d.v.bound(a, d.act.Party, d.env.NowNS) == "" {
		return nil, notFound(b.Agreement)
	}
	i := slices.IndexFunc(a.Queries, func(q *QueryRecord) bool { return q.ID == b.Query })
	if i < 0 || !slices.Contains(a.Parties, d.act.Party) && a.Queries[i].By != d.act.Party {
		return nil, event.Refuse(event.NotFound, "found no query %q of %s", clip(b.Query), a.ID)
	}
	q := a.Queries[i]
	switch {
	case q.Of != d.act.Party:
		return nil, event.Refuse(event.NotAllowed, "the query is to %s", q.Of)
	case !q.waits():
		return nil, event.Refuse(event.NotNow, "you replied %s", q.Replied)
	}
	if err := d.screen(b.Text); err != nil {
		return nil, err
	}
	to := signatories(a)
	if !slices.Contains(to.To, q.By) {
		to.To = with(to.To, q.By)
	}
	return one(&Replied{head: to, Query: q.ID, By: d.act.Party, Text: b.Text, Late: d.now() >= q.Due})
}

// changeQuery replaces a query by a changed copy.
func (a *agreement) changeQuery(id string, change func(*QueryRecord)) {
	i := slices.IndexFunc(a.Queries, func(q *QueryRecord) bool { return q.ID == id })
	if i < 0 {
		return
	}
	q := *a.Queries[i]
	change(&q)
	a.Queries = slices.Clone(a.Queries)
	a.Queries[i] = &q
}

func (e *Replied) apply(a *agreement, at event.At) {
	a.changeQuery(e.Query, func(q *QueryRecord) { q.Reply, q.Replied, q.Late = e.Text, statement.Instant(at.NS), e.Late })
}

func (d *deciding) review(b *Review) ([]event.Event, error) {
	a, err := d.signatory(b.Agreement)
	if err != nil {
		return nil, err
	}
	if a.Current == 0 {
		return nil, event.Refuse(event.NotNow, "%s was never in force", a.ID)
	}
	if b.Next != 0 && b.Next <= d.now() {
		return nil, event.Refuse(event.Invalid, "found next %s, which has passed", b.Next)
	}
	if err := d.screen(b.Points...); err != nil {
		return nil, err
	}
	return one(&Reviewed{head: signatories(a), By: d.act.Party, Points: b.Points, Next: b.Next})
}

func (e *Reviewed) apply(a *agreement, at event.At) {
	a.Reviews = with(a.Reviews, ReviewRecord{e.By, statement.Instant(at.NS), e.Points, e.Next, at.Index})
	a.Reviews = a.Reviews[max(0, len(a.Reviews)-keptReviews):]
	if e.Next != 0 {
		a.Review = e.Next
		a.Warned = mapWith(a.Warned, WarnReview, 0)
	}
}
