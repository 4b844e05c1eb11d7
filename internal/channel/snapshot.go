package channel

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// snapshot is the form of a State. What follows from the records is not in it.
type snapshot struct {
	Messages     []*Message     `json:"messages"` // by direction and number
	Series       []seriesForm   `json:"series"`   // by direction
	Stops        []*StopCall    `json:"stops"`    // by id
	Calls        []*call        `json:"calls"`    // by id
	Undertakings []*Undertaking `json:"undertakings"`
	Statistics   []*Statistics  `json:"statistics"`
	Ended        []endedForm    `json:"ended"` // oldest first
}

type seriesForm struct {
	From party.ID `json:"from"`
	To   party.ID `json:"to"`
	Last int64    `json:"last"`
}

type endedForm struct {
	At statement.Instant `json:"at"`
	ID string            `json:"id"`
}

// values returns the values of a map in the order of its keys.
func values[K cmp.Ordered, V any](m map[K]V) []V {
	list := make([]V, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		list = append(list, m[k])
	}
	return list
}

// MarshalJSON implements json.Marshaler: the snapshot, the same for the same
// state.
func (st *State) MarshalJSON() ([]byte, error) {
	s := snapshot{
		Messages: slices.SortedFunc(maps.Values(st.messages), func(a, b *Message) int {
			return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Number, b.Number))
		}),
		Stops: values(st.stops), Calls: values(st.calls), Undertakings: values(st.undertakings),
		Statistics: values(st.statistics), Series: []seriesForm{}, Ended: []endedForm{},
	}
	for d, v := range st.series {
		s.Series = append(s.Series, seriesForm{d.from, d.to, v.last})
	}
	slices.SortFunc(s.Series, func(a, b seriesForm) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	for _, e := range st.ended {
		if st.knows(e.id) {
			s.Ended = append(s.Ended, endedForm{statement.Instant(e.ns), e.id})
		}
	}
	return json.Marshal(&s)
}

// UnmarshalJSON implements json.Unmarshaler.
func (st *State) UnmarshalJSON(data []byte) error {
	var s snapshot
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("snapshot of the channel: %w", err)
	}
	*st = *New()
	for _, v := range s.Series {
		st.direction(v.From, v.To).last = v.Last
	}
	for _, m := range s.Messages {
		if m.Ended != 0 {
			st.messages[m.ID] = m
			continue
		}
		// put counts on from the number of the message: the series knows better.
		last := st.direction(m.From, m.To).last
		st.put(m)
		st.direction(m.From, m.To).last = last
	}
	for _, stop := range s.Stops {
		st.stops[stop.ID] = stop
		if stop.Resumed == 0 {
			st.standing[stop.From]++
		}
	}
	for _, c := range s.Calls {
		st.calls[c.ID] = c
	}
	for _, u := range s.Undertakings {
		st.undertakings[u.ID] = u
		st.promised[u.By]++
		if u.Late == 0 {
			st.calendar.add(int64(u.Until), u.ID)
		}
	}
	for _, c := range s.Statistics {
		st.statistics[c.Party] = c
	}
	for _, e := range s.Ended {
		st.ended = append(st.ended, ended{int64(e.At), e.ID})
		st.kept++
		if m, c := st.messages[e.ID], st.calls[e.ID]; m != nil {
			v := st.direction(m.From, m.To)
			v.ended = append(v.ended, e.ID)
		} else if c != nil {
			v := st.direction(c.Between[0], c.Between[1])
			v.ended = append(v.ended, e.ID)
		}
	}
	return nil
}
