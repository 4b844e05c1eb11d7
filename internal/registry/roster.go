package registry

import (
	"cmp"
	"slices"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// Watch is a person's turn at a position, from an instant until before another.
type Watch struct {
	Position  string            `json:"position"`
	Person    string            `json:"person"` // alias
	Level     party.Level       `json:"level"`  // at which the person acts
	Languages []string          `json:"languages,omitempty"`
	Linguist  bool              `json:"linguist"` // qualified to interpret
	From      statement.Instant `json:"from"`
	To        statement.Instant `json:"to"`
}

// desk is a position with its roster.
type desk struct {
	Watches []Watch `json:"watches,omitempty"` // by From, then person
	// Manned is what the others were told last; from Since on it is judged whether
	// that holds.
	Manned bool              `json:"manned"`
	Since  statement.Instant `json:"since"`

	nextNS int64 // when that is no longer so; 0: no such instant
}

type deskKey struct {
	party    party.ID
	position string
}

func (k deskKey) compare(o deskKey) int {
	return cmp.Or(cmp.Compare(k.party, o.party), cmp.Compare(k.position, o.position))
}

func (w *Watch) on(nowNS int64) bool { return int64(w.From) <= nowNS && nowNS < int64(w.To) }

// OnWatch returns who stands a position at an instant in nanoseconds since 1970,
// by the roster as it is now. None: it is unmanned.
func (st *State) OnWatch(id party.ID, position string, nowNS int64) []Watch {
	d := st.desks[deskKey{id, position}]
	if d == nil {
		return nil
	}
	var on []Watch
	for i := range d.Watches {
		if d.Watches[i].on(nowNS) {
			on = append(on, d.Watches[i])
		}
	}
	return on
}

// Manned reports whether anybody stands a position at an instant in nanoseconds
// since 1970.
func (st *State) Manned(id party.ID, position string, nowNS int64) bool {
	return len(st.OnWatch(id, position, nowNS)) > 0
}

// Watches returns the roster of a position, by start; nil for none. It must not
// be modified.
func (st *State) Watches(id party.ID, position string) []Watch {
	if d := st.desks[deskKey{id, position}]; d != nil {
		return d.Watches
	}
	return nil
}

// roster replaces the roster of a position. What it says of the time before it
// was said changes nothing of what the others were told.
func (st *State) roster(e *Rostered, atNS int64) {
	key := deskKey{e.Party, e.Position}
	d := desk{Watches: e.Watches, Since: statement.Instant(atNS)}
	if old := st.desks[key]; old != nil {
		d.Manned = old.Manned
	}
	st.put(key, d)
}

func (st *State) announce(id party.ID, position string, manned bool, since statement.Instant) {
	key := deskKey{id, position}
	d := desk{Manned: manned, Since: since}
	if old := st.desks[key]; old != nil {
		d.Watches = old.Watches
	}
	st.put(key, d)
}

// put stores a desk, unless nothing is left to say of it.
func (st *State) put(key deskKey, d desk) {
	if len(d.Watches) == 0 && !d.Manned {
		delete(st.desks, key)
		return
	}
	d.nextNS = d.flip()
	st.desks[key] = &d
}

// flip returns the first instant, not before Since, at which the position is
// manned and was not said to be, or the reverse; 0 for none.
func (d *desk) flip() int64 {
	instants := []int64{int64(d.Since)}
	for _, w := range d.Watches {
		for _, t := range []int64{int64(w.From), int64(w.To)} {
			if t > int64(d.Since) {
				instants = append(instants, t)
			}
		}
	}
	slices.Sort(instants)
	for _, t := range instants {
		if slices.ContainsFunc(d.Watches, func(w Watch) bool { return w.on(t) }) != d.Manned {
			return t
		}
	}
	return 0
}
