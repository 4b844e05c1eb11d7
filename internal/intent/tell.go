package intent

import (
	"slices"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/volume"
)

// Telling is a party that an intent may affect and that is no party to what is
// agreed: it has to be told by somebody.
type Telling struct {
	Party   party.ID          `json:"party"`
	Kind    string            `json:"kind"`
	By      party.ID          `json:"by,omitempty"` // who undertook it; empty: nobody
	Until   statement.Instant `json:"until"`
	Told    statement.Instant `json:"told,omitzero"`
	Overdue bool              `json:"overdue,omitempty"`
}

// Times by which others are told, choices of this program: a quarter of an hour
// before the start, and not sooner than five minutes from now.
const (
	tellBeforeNS = 15 * 60e9
	tellWithinNS = 5 * 60e9
)

// tellings lists who has to be told of a version. What was done for the version
// before counts while it says the same of where and when.
func (d *decision) tellings(h *hearing, old *Intent) {
	own := h.own
	if old != nil && len(old.Tellings) > 0 && sameWhere(&old.Decided, own) {
		own.Tellings = old.Tellings
		return
	}
	own.Tellings = nil
	until := statement.Instant(max(int64(own.Start)-tellBeforeNS, d.env.NowNS+tellWithinNS))
	for _, p := range d.v.Registry.Parties() {
		if p.ID == own.Owner || !affects(p, h.entity) {
			continue
		}
		own.Tellings = append(own.Tellings, Telling{Party: p.ID, Kind: string(p.Kind), Until: until})
	}
}

// affects tells whether an intent may concern a party that agreed to nothing:
// services and third operators in their area of interest, which without limits
// is everywhere; notifiers in theirs.
func affects(p *registry.Party, e *volume.Entity) bool {
	switch p.Kind {
	case registry.KindService, registry.KindThird:
	case registry.KindNotifier:
		if len(p.Area) == 0 {
			return false
		}
	default:
		return false
	}
	if len(p.Area) == 0 {
		return true
	}
	var f declared.Footprint
	for _, c := range p.Area {
		f.Polygon = append(f.Polygon, declared.Point{LatE9: c.LatE9, LngE9: c.LngE9})
	}
	v := always(f, nil, nil)
	if v == nil {
		return true
	}
	meets, err := conflict.Decide(e, &volume.Entity{ID: "area", Kind: volume.Constraint, Volumes: []volume.Volume4D{*v}}, conflict.Minima{})
	return meets || err != nil
}

// telling returns the intent and its telling of a party, for who may see it.
func (d *decision) telling(id string, to party.ID) (*Intent, *Telling, error) {
	r := d.st.intents[id]
	if r == nil || r.State.over() || !r.shows(d.by.Party, "id") {
		return nil, nil, event.Refuse(event.NotFound, "found no intent %q", clip(id))
	}
	i := slices.IndexFunc(r.Tellings, func(t Telling) bool { return t.Party == to })
	if i < 0 {
		return nil, nil, event.Refuse(event.NotFound, "%s is not among those who have to be told of this intent", to)
	}
	return r, &r.Tellings[i], nil
}

func (d *decision) undertake(b *Undertake) ([]event.Event, error) {
	r, t, err := d.telling(b.ID, b.Party)
	if err != nil {
		return nil, err
	}
	switch {
	case t.Told != 0:
		return nil, event.Refuse(event.NotNow, "%s was told at %s", b.Party, t.Told)
	case int64(b.Until) <= d.env.NowNS:
		return nil, event.Refuse(event.Invalid, "until: found %s, expected after the node's time, %s", b.Until, statement.Instant(d.env.NowNS))
	case b.Until > r.End:
		return nil, event.Refuse(event.Invalid, "until: found %s, expected before the intent's end, %s", b.Until, r.End)
	}
	return []event.Event{&Undertaken{ID: r.ID, Owner: r.Owner, Party: b.Party, By: d.by.Party, Until: b.Until}}, nil
}

func (d *decision) told(b *Tell) ([]event.Event, error) {
	r, t, err := d.telling(b.ID, b.Party)
	if err != nil {
		return nil, err
	}
	if t.Told != 0 {
		return nil, event.Refuse(event.NotNow, "%s was told at %s", b.Party, t.Told)
	}
	return []event.Event{&Told{ID: r.ID, Owner: r.Owner, Party: b.Party, By: d.by.Party, How: b.How}}, nil
}
