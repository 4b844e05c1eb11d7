package intent

import (
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// Entry is that another's intent meets a zone, as the zone's owner is told: the
// verdict of the intent itself, without its measures.
type Entry struct {
	Zone        string            `json:"zone"` // name of one that stands in an agreement
	ZoneVersion int64             `json:"zone_version,omitempty"`
	Outcome     Outcome           `json:"outcome"`
	Source      terms.Source      `json:"source,omitzero"` // of the rule that binds; zero: none does
	From        statement.Instant `json:"from,omitzero"`
	To          statement.Instant `json:"to,omitzero"`
}

// tellsEntries tells whether a party is told when the intent enters its zones:
// if it is shown all of what was judged, so that it could work it out. Of a
// proposal nothing is told, as nobody is to fly it yet.
func (d *Decided) tellsEntries(to party.ID) bool {
	return to != d.Owner && d.State != Proposed && d.shows(to, "volumes") &&
		(!d.State.offNominal() || d.OffNominal == nil || d.shows(to, "off_nominal"))
}

// entries returns which zones of a party the intent enters. When they may be more
// than are listed, or not all could be judged, partly is set.
func (r *Intent) entries(to party.ID) (all []Entry, partly bool) {
	if !r.tellsEntries(to) {
		return nil, false
	}
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		if v.Against != AgainstZone {
			continue
		}
		partly = partly || v.Outcome == TooMuch
		if v.Party == to {
			all = append(all, v.entry())
		}
	}
	// Verdicts on intents are the first that are left out.
	if r.More > 0 && !slices.ContainsFunc(r.Verdicts, func(v Verdict) bool { return v.Against == AgainstIntent }) {
		partly = true
	}
	return all, partly
}

func (v *Verdict) entry() Entry {
	return Entry{Zone: v.ID, ZoneVersion: v.Version, Outcome: v.Outcome, Source: v.Source, From: v.From, To: v.To}
}

// entering tells the owners of zones that the intent meets, of those verdicts
// that were not there before, and of those that are there no more.
func (d *Decided) entering(before, now []Verdict) []event.Event {
	var events []event.Event
	tell := func(v *Verdict, over bool) {
		if v.Against == AgainstZone && d.tellsEntries(v.Party) {
			events = append(events, &Entering{ID: d.ID, Version: d.Version, Owner: d.Owner, Party: v.Party, Entry: v.entry(), Over: over})
		}
	}
	same := func(v *Verdict, among []Verdict, alike func(a, b Entry) bool) bool {
		return slices.ContainsFunc(among, func(o Verdict) bool {
			return o.Against == v.Against && o.Party == v.Party && alike(o.entry(), v.entry())
		})
	}
	for i := range before {
		if v := &before[i]; !same(v, now, func(a, b Entry) bool { return a.Zone == b.Zone }) {
			tell(v, true)
		}
	}
	for i := range now {
		if v := &now[i]; !same(v, before, func(a, b Entry) bool { return a == b }) {
			tell(v, false)
		}
	}
	return events
}
