package bearer

import (
	"cmp"
	"maps"
	"slices"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// image is a snapshot of a State, in order.
type image struct {
	Pairs   []*Followed  `json:"pairs"`
	Lines   []*lineState `json:"lines"`
	Tests   []*openTest  `json:"tests"`
	Watches []*watch     `json:"watches"`
	Shares  []*Shared    `json:"shares,omitempty"`
	Beats   []*Beat      `json:"beats"`
	Clocks  []clockOf    `json:"clocks"`
	Outages []*Announced `json:"outages"`
}

type clockOf struct {
	Party party.ID `json:"party"`
	Clock *Reading `json:"clock"`
}

func (l Line) compare(o Line) int {
	return cmp.Or(cmp.Compare(l.From, o.From), cmp.Compare(l.To, o.To), cmp.Compare(l.Bearer, o.Bearer))
}

// MarshalJSON returns the snapshot of the state. Equal states have equal
// snapshots.
func (st *State) MarshalJSON() ([]byte, error) {
	m := image{
		Pairs: slices.SortedFunc(maps.Values(st.pairs), func(a, b *Followed) int { return slices.Compare(a.Pair[:], b.Pair[:]) }),
		Lines: slices.SortedFunc(maps.Values(st.lines), func(a, b *lineState) int { return a.compare(b.Line) }),
		Tests: slices.SortedFunc(maps.Values(st.tests), func(a, b *openTest) int { return cmp.Compare(a.Opened.Test, b.Opened.Test) }),
		Watches: slices.SortedFunc(maps.Values(st.watches), func(a, b *watch) int {
			return cmp.Or(cmp.Compare(a.Of, b.Of), cmp.Compare(a.To, b.To))
		}),
		Shares: slices.SortedFunc(maps.Values(st.shares), func(a, b *Shared) int {
			return cmp.Or(cmp.Compare(a.Of, b.Of), cmp.Compare(a.To, b.To))
		}),
		Beats:   slices.SortedFunc(maps.Values(st.beats), func(a, b *Beat) int { return cmp.Compare(a.Party, b.Party) }),
		Outages: slices.SortedFunc(maps.Values(st.outages), func(a, b *Announced) int { return a.compare(b.Line) }),
	}
	for _, id := range slices.Sorted(maps.Keys(st.clocks)) {
		m.Clocks = append(m.Clocks, clockOf{id, st.clocks[id]})
	}
	return statement.Marshal(m)
}

// UnmarshalJSON replaces the state by that of a snapshot.
func (st *State) UnmarshalJSON(text []byte) error {
	var m image
	if err := statement.Reread(text, &m); err != nil {
		return err
	}
	*st = *New()
	for _, f := range m.Pairs {
		st.pairs[f.Pair] = f
		for i, id := range f.Pair {
			st.partners[id] = append(st.partners[id], f.Pair[1-i])
		}
	}
	for _, list := range st.partners {
		slices.Sort(list)
	}
	for _, s := range m.Lines {
		st.lines[s.Line] = s
	}
	for _, t := range m.Tests {
		st.tests[t.Opened.Test] = t
	}
	for _, w := range m.Watches {
		st.watches[w.Direction] = w
	}
	for _, s := range m.Shares {
		st.share(s)
	}
	for _, b := range m.Beats {
		st.beats[b.Party] = b
	}
	for _, c := range m.Clocks {
		st.clocks[c.Party] = c.Clock
	}
	for _, o := range m.Outages {
		st.outages[o.Line] = o
	}
	return nil
}
