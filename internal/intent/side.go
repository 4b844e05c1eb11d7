package intent

import (
	"slices"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/volume"
)

// seen returns an intent of another party that this one is shown.
func (d *decision) seen(id string) (*Intent, error) {
	r := d.st.intents[id]
	if r == nil || !r.shows(d.by.Party, "id") {
		return nil, event.Refuse(event.NotFound, "found no intent %q", clip(id))
	}
	return r, nil
}

// acknowledge measures notice by when it was received at the other side, never
// by when it was sent.
func (d *decision) acknowledge(b *Acknowledge) ([]event.Event, error) {
	r, err := d.seen(b.ID)
	switch {
	case err != nil:
		return nil, err
	case r.Owner == d.by.Party:
		return nil, event.Refuse(event.NotAllowed, "the intent is the party's own: another acknowledges it")
	case r.State.over():
		return nil, event.Refuse(event.NotNow, "the intent is %s", r.State)
	case b.Version != r.Version:
		return nil, event.Refuse(event.Stale, "version: found %d, expected %d, which is current", b.Version, r.Version)
	case b.Step == Read && !r.shows(d.by.Party, "volumes"):
		return nil, event.Refuse(event.NotNow, "the party is not shown where the intent is: there is nothing to have read")
	case b.Step == Read && d.by.Person == "":
		return nil, event.Refuse(event.Incomplete, "person: found none, expected who read it")
	}
	ev := &Acknowledged{
		ID: r.ID, Version: r.Version, Owner: r.Owner, By: d.by.Party, Step: b.Step, Person: d.by.Person,
		LeadNS: bounded(int64(r.Start) - d.env.NowNS), // an intent may begin further ahead than a canonical integer can say
	}
	rules := d.v.Rules(r.Owner, d.by.Party)
	ev.Class = rules.Notice.Class(ev.LeadNS)
	if i := slices.IndexFunc(r.Receipts, func(x Receipt) bool { return x.Party == d.by.Party }); i >= 0 {
		if r.Receipts[i].Read != 0 || b.Step == Received {
			return nil, nil // said before
		}
		ev.LeadNS, ev.Class = r.Receipts[i].LeadNS, "" // measured when it was received
	}
	events := []event.Event{ev}
	m := rules.Margins
	if late := isLate([]Receipt{{Party: d.by.Party, Class: ev.Class}}, d.by.Party); late && m.Late > m.Declared || b.Step == Read && m.Acknowledged != m.Declared {
		events = append(events, d.st.unsettle("it was acknowledged", d.st.around(r))...)
	}
	return events, nil
}

// around returns an intent and those near it.
func (st *State) around(r *Intent) []string {
	ids := []string{r.ID}
	if r.entity == nil {
		return ids
	}
	for _, o := range st.near(r.entity, widestNeed, func(o *Intent) bool { return o.Owner != r.Owner }) {
		ids = append(ids, o.ID)
	}
	return ids
}

func (d *decision) evidence(b *Evidence) ([]event.Event, error) {
	r, err := d.seen(b.ID)
	if err != nil {
		return nil, err
	}
	ev := &Marked{
		ID: r.ID, Version: r.Version, Owner: r.Owner, By: d.by.Party, Kind: b.Kind, Person: d.by.Person, Detail: b.Detail,
		Service: d.v.Registry.Kind(d.by.Party) == registry.KindService,
	}
	switch b.Kind {
	case MarkTracked:
		if r.Owner == d.by.Party {
			return nil, event.Refuse(event.NotAllowed, "the intent is the party's own: that it is flown as declared counts from others")
		}
		if r.State.over() {
			return nil, event.Refuse(event.NotNow, "the intent is %s", r.State)
		}
	case MarkContradicted:
		if len(d.st.doubts[r.Owner]) >= maxDoubts {
			return nil, event.Refuse(event.NotNow, "found %d contradictions that nobody reviewed, expected fewer", maxDoubts)
		}
	case MarkReview:
		if err := d.review(r, ev); err != nil {
			return nil, err
		}
	}
	events := []event.Event{ev}
	if b.Kind == MarkReview && !ev.Cleared {
		return events, nil
	}
	var ids []string
	for _, o := range d.st.intents {
		if o.Owner == r.Owner && !o.State.over() {
			ids = append(ids, d.st.around(o)...)
		}
	}
	return append(events, d.st.unsettle("evidence about a declaration of its owner", ids)...), nil
}

// review: people of both sides must have looked at it.
func (d *decision) review(r *Intent, ev *Marked) error {
	if d.by.Person == "" || d.by.Level < party.Duty {
		return event.Refuse(event.NotAllowed, "a review is a person's of level duty or above: found %q at level %q", d.by.Person, d.by.Level)
	}
	i := slices.IndexFunc(d.st.doubts[r.Owner], func(x Doubt) bool {
		return x.Intent == r.ID && (d.by.Party == r.Owner || d.by.Party == x.By) && !slices.Contains(x.Reviewed, d.by.Party)
	})
	if i < 0 {
		return event.Refuse(event.NotNow, "found no contradiction of this intent that waits for the party's review")
	}
	for _, x := range d.st.doubts[r.Owner] {
		if x.Intent == r.ID {
			x.Reviewed = append(slices.Clip(x.Reviewed), d.by.Party)
			ev.Cleared = ev.Cleared || x.cleared(r.Owner)
		}
	}
	return nil
}

// report files what is said of others, and shows it to those near it.
func (d *decision) report(b *Report) ([]event.Event, error) {
	n := 0
	for _, r := range d.st.reports {
		if r.By == d.by.Party && int64(r.Until) > d.env.NowNS {
			n++
		}
	}
	if n >= maxReports {
		return nil, event.Refuse(event.NotNow, "found %d reports of the party that are not over, expected fewer than %d", n, maxReports)
	}
	_, end := b.Shape.Window()
	if int64(end) <= d.env.NowNS || int64(end) > d.env.NowNS+maxAheadNS {
		return nil, event.Refuse(event.Invalid, "the report ends at %s, expected within 400 days after the node's time", end)
	}
	ev := &Reported{ID: d.env.ID(idIntent), By: d.by.Party, Until: end, Report: *b}
	placed := newReport(ev).entity
	var ids []string
	for _, o := range d.st.near(placed, volume.Need{LateralMM: bareMM, VerticalMM: bareMM}, func(o *Intent) bool { return true }) {
		if meets, err := conflict.Decide(placed, o.entity, noRuleMinima(placed, o.entity)); err == nil && !meets {
			continue
		}
		ids = append(ids, o.ID)
		if o.Owner != d.by.Party && !slices.Contains(ev.To, o.Owner) {
			ev.To = append(ev.To, o.Owner)
		}
	}
	slices.Sort(ev.To)
	return append([]event.Event{ev}, d.st.unsettle("a report about others near it", ids)...), nil
}

func (d *decision) ownZone(id string) (*ZoneRecord, error) {
	z := d.st.zones[id]
	switch {
	case z == nil:
		return nil, event.Refuse(event.NotFound, "found no zone %q", clip(id))
	case z.Owner != d.by.Party:
		return nil, event.Refuse(event.NotAllowed, "the zone is another party's: only its owner changes it")
	case z.State == ZoneOver:
		return nil, event.Refuse(event.NotNow, "the zone is cancelled")
	}
	return z, nil
}

func (d *decision) currentZone(id, token string) (*ZoneRecord, error) {
	z, err := d.ownZone(id)
	if err == nil && z.Token != token {
		return nil, event.Refuse(event.Stale, "token: found one that is not of version %d, which is current", z.Version)
	}
	return z, err
}

func (d *decision) declareZone(b *ZoneDeclare) ([]event.Event, error) {
	n := 0
	for _, z := range d.st.zones {
		switch {
		case z.Owner != d.by.Party:
		case z.Name != b.Name:
			n++
		case z.State != ZoneOver:
			return nil, event.Refuse(event.NotNow, "name: found a zone %q of the party that is not cancelled: change that one", clip(b.Name))
		}
	}
	if n >= maxZones {
		return nil, event.Refuse(event.NotNow, "found %d other names of zones of the party, cancelled ones included, expected fewer than %d: use one of them again", n, maxZones)
	}
	return d.zone(&ZoneDecided{ID: d.env.ID(idIntent), Version: 1, State: ZoneDraft, Zone: b.Zone}, nil)
}

func (d *decision) changeZone(b *ZoneChange) ([]event.Event, error) {
	z, err := d.currentZone(b.ID, b.Token)
	if err != nil {
		return nil, err
	}
	if z.Name != b.Name {
		return nil, event.Refuse(event.Invalid, "name: found %q, expected %q as before: agreements name zones", clip(b.Name), z.Name)
	}
	return d.zone(&ZoneDecided{ID: z.ID, Version: z.Version + 1, State: z.State, Zone: b.Zone}, z)
}

func (d *decision) activateZone(b *ZoneActivate) ([]event.Event, error) {
	z, err := d.currentZone(b.ID, b.Token)
	if err != nil {
		return nil, err
	}
	if z.State == ZoneLive {
		return nil, nil
	}
	return d.zone(&ZoneDecided{ID: z.ID, Version: z.Version + 1, State: ZoneLive, Zone: z.Zone}, z)
}

// zone makes the events of a version of a zone: all that come near it, or did,
// are looked at again.
func (d *decision) zone(ev *ZoneDecided, old *ZoneRecord) ([]event.Event, error) {
	ev.Owner, ev.Token = d.by.Party, d.env.ID(idToken)
	ev.Service = d.v.Registry.Kind(d.by.Party) == registry.KindService
	_, end := (&declared.Shape{Volumes: ev.Volumes}).Window()
	if int64(end) <= d.env.NowNS || int64(end) > d.env.NowNS+maxAheadNS {
		return nil, event.Refuse(event.Invalid, "the zone ends at %s, expected within 400 days after the node's time", end)
	}
	ids := d.st.inZone(ev.Zone.entity(ev.ID, ev.Owner))
	if old != nil {
		ids = append(ids, d.st.inZone(old.entity)...)
	}
	return append([]event.Event{ev}, d.st.unsettle("a zone near it changed", ids)...), nil
}

// inZone returns the intents that a zone may meet.
func (st *State) inZone(e *volume.Entity) []string {
	var ids []string
	for _, o := range st.near(e, volume.Need{}, func(*Intent) bool { return true }) {
		ids = append(ids, o.ID)
	}
	return ids
}

func (d *decision) cancelZone(b *ZoneCancel) ([]event.Event, error) {
	z, err := d.ownZone(b.ID)
	if err != nil {
		return nil, err
	}
	return append([]event.Event{&ZoneCancelled{ID: z.ID, Owner: z.Owner}}, d.st.unsettle("a zone near it is over", d.st.inZone(z.entity))...), nil
}
