package agreement

import (
	"cmp"
	"slices"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// Agenda is what the parties of an agreement review: the standing list, made of
// what is recorded.
type Agenda struct {
	Agreement string            `json:"agreement"`
	Due       statement.Instant `json:"due,omitempty"` // when the next review is
	Last      *ReviewRecord     `json:"last,omitempty"`
	Expires   statement.Instant `json:"expires,omitempty"`
	Counts    []Count           `json:"counts"`              // since the last review
	Breaches  []*Observed       `json:"breaches,omitempty"`  // and what could not be assessed, since then
	Queries   []QueryRecord     `json:"queries,omitempty"`   // without a reply, or replied late
	Open      []terms.OpenPoint `json:"open,omitempty"`      // reserved and unset in the last version
	Contested []Contest         `json:"contested,omitempty"` // objections that stand
	Demands   []NoticeRecord    `json:"demands,omitempty"`   // notices with demands neither answered nor waived
	Annexes   []AnnexState      `json:"annexes,omitempty"`   // out of force
	Uncovered []party.ID        `json:"uncovered,omitempty"` // members that have not received the terms
	Trend     []DayCounts       `json:"trend,omitempty"`     // by UTC day, since the last review
}

// DayCounts is what was observed in one UTC day.
type DayCounts struct {
	Day    string  `json:"day"` // as 2026-03-01
	Counts []Count `json:"counts"`
}

// Agenda returns the standing agenda of review of an agreement, for a signatory.
func (st *State) Agenda(v View, id string, reader party.ID, nowNS int64) (Agenda, bool) {
	a := st.signed(id, reader)
	if a == nil || a.Current == 0 {
		return Agenda{}, false
	}
	g := Agenda{
		Agreement: a.ID, Due: a.Review, Expires: expiresAt(a.current().Text), Counts: []Count{},
		Open: a.latest().Text.Open(), Contested: a.axis().Contested, Annexes: a.Annexes,
	}
	var since statement.Instant
	if n := len(a.Reviews); n > 0 {
		last := a.Reviews[n-1]
		g.Last, since = &last, last.At
	}
	g.Trend = a.daily(since.String()[:len("2026-03-01")], "")
	for _, d := range g.Trend {
		g.Counts = addCounts(g.Counts, d.Counts)
	}
	for _, o := range a.Breaches {
		if o.When >= since {
			g.Breaches = append(g.Breaches, o)
		}
	}
	for _, q := range a.Queries {
		if q.waits() || q.Late {
			g.Queries = append(g.Queries, *q)
		}
	}
	for _, n := range a.Notices {
		if !n.Ended && slices.ContainsFunc(n.Demands, Demand.open) {
			g.Demands = append(g.Demands, *n)
		}
	}
	for _, lead := range a.Parties {
		for _, m := range v.Registry.Members(lead, nowNS) {
			if a.Received[m.Member] < a.Current {
				g.Uncovered = append(g.Uncovered, m.Member)
			}
		}
	}
	return g, true
}

// Daily returns what was observed in each UTC day from one to another, both
// included, as 2026-03-01, for a signatory. An empty last day is no bound.
func (st *State) Daily(id string, reader party.ID, firstDay, lastDay string) ([]DayCounts, bool) {
	a := st.signed(id, reader)
	if a == nil {
		return nil, false
	}
	return a.daily(firstDay, lastDay), true
}

func (a *agreement) daily(firstDay, lastDay string) []DayCounts {
	var list []DayCounts
	for _, d := range a.Days {
		if d.Day >= firstDay && (lastDay == "" || d.Day <= lastDay) {
			list = append(list, DayCounts{d.Day, addCounts(nil, d.Counts)})
		}
	}
	return list
}

// addCounts returns the sums, by clause and party.
func addCounts(sum, more []Count) []Count {
	for _, c := range more {
		i := slices.IndexFunc(sum, func(s Count) bool { return s.Clause == c.Clause && s.Party == c.Party })
		if i < 0 {
			sum = append(sum, c)
			continue
		}
		sum[i].Met += c.Met
		sum[i].Breached += c.Breached
		sum[i].NotAssessable += c.NotAssessable
	}
	slices.SortFunc(sum, func(x, y Count) int {
		return cmp.Or(cmp.Compare(x.Clause, y.Clause), cmp.Compare(x.Party, y.Party))
	})
	return sum
}
