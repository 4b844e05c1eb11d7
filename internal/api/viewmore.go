package api

import (
	"encoding/json"
	"strconv"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// maxDeclared is how many ids of intents an answer names.
const maxDeclared = 1000

// declaredIntent is an intent as a party sees it.
type declaredIntent struct {
	Members json.RawMessage `json:"members"` // those that its owner shows to the party
	Grade   terms.Grade     `json:"grade"`   // how well it is assured towards the party
	// LastEvidence is when that was last shown; none for a bare claim.
	LastEvidence statement.Instant `json:"last_evidence,omitzero"`
	Notice       terms.Class       `json:"notice,omitempty"` // that the party had of it
	UnderReview  bool              `json:"under_review"`     // its verdicts rest on what no longer holds
	Since        statement.Instant `json:"since"`            // of its state
}

var (
	viewDeclaredIDs = view("ids", "", func(v *viewing) (any, bool) {
		ids := v.Intent.IDs(v.who, v.query.Get("after"), maxDeclared)
		return append([]string{}, ids...), true
	}, "after")
	viewDeclared = view("declared", "there is no such intent, or nothing of it is shown to you", func(v *viewing) (any, bool) {
		l, found := v.Intent.Look(v.arg, v.who)
		return declaredIntent{l.Members, l.Grade, l.LastEvidence, l.Notice, l.UnderReview, l.Since}, found
	})
	viewZones = view("zones", "", func(v *viewing) (any, bool) {
		all := []any{}
		for _, z := range v.Intent.Zones() {
			all = append(all, &z.ZoneDecided)
		}
		return all, true
	})
	viewDesk = view("desk", "your record has no such position", func(v *viewing) (any, bool) {
		p := v.Registry.Party(v.who)
		if p == nil || p.Position(v.arg) == nil {
			return nil, false
		}
		return map[string]any{
			"inbox": v.Channel.Inbox(v.who, v.arg), "outbox": v.Channel.Outbox(v.who), "stops": v.Channel.Stops(v.who),
			"undertakings": v.Channel.Undertakings(v.who), "tests": v.Bearer.OpenTests(v.who),
			"watch": v.Registry.OnWatch(v.who, v.arg, v.nowNS), "conflicts": v.Offer.Conflicts(v.who),
		}, true
	})
	viewMessage = view("message", "there is no such message of yours or to you, or it was long ago: the journal has it", func(v *viewing) (any, bool) {
		m := v.Channel.Message(v.arg, v.who)
		return m, m != nil
	})
	viewStop = view("stop", "there is no such STOP of yours or to you, or it was long ago: the journal has it", func(v *viewing) (any, bool) {
		s := v.Channel.StopOf(v.arg, v.who)
		return s, s != nil
	})
	viewOffers = view("offers", "", func(v *viewing) (any, bool) { return v.Offer.List(v.who), true })
	viewOffer  = view("offer", "there is no such offer of yours or to you", func(v *viewing) (any, bool) {
		o := v.Offer.Get(v.arg, v.who)
		return o, o != nil
	})
	viewIncidents = view("ids", "", func(v *viewing) (any, bool) { return v.Incident.IDs(v.who), true })
	viewIncident  = view("incident", "there is no such incident that you are involved in", func(v *viewing) (any, bool) {
		shown, err := v.Incident.Show(v.arg, v.who)
		return shown, err == nil
	})
	viewHeads = view("heads", "no such party is enrolled", func(v *viewing) (any, bool) {
		if v.Registry.Party(party.ID(v.arg)) == nil || v.arg == string(v.who) {
			return nil, false
		}
		return v.Record.Compare(v.who, party.ID(v.arg), 0), true
	})
)

// viewSites shows the protected sites near a place that were made known to the
// caller. There is no list of all of them: such lists were put to other uses.
var viewSites = view("sites", "", func(v *viewing) (any, bool) {
	lat, errLat := strconv.ParseInt(v.query.Get("lat_e9"), 10, 64)
	lng, errLng := strconv.ParseInt(v.query.Get("lng_e9"), 10, 64)
	radius, errRadius := strconv.ParseInt(v.query.Get("radius_mm"), 10, 64)
	if errLat != nil || errLng != nil || errRadius != nil {
		return BadParameter.With("expected lat_e9, lng_e9 and radius_mm, whole numbers"), true
	}
	near, err := v.Notice.Near(v.who, declared.Point{LatE9: lat, LngE9: lng}, radius)
	if err != nil {
		return err, true
	}
	return near, true
}, "lat_e9", "lng_e9", "radius_mm")
