package engine

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/release"
	"github.com/deconflict/deconflict/internal/terms"
)

// room is a volume about a place, from one instant to another.
func room(d *desk, from, to time.Duration) object {
	return object{
		"footprint": object{"circle": object{"centre": object{"lat_e9": 12_100_000_000, "lng_e9": -29_700_000_000}, "radius_mm": 3_000_000}},
		"lower":     object{"mm": 300_000, "reference": "W84"}, "upper": object{"mm": 400_000, "reference": "W84"},
		"start": d.at(from), "end": d.at(to), "h_error_mm": 50_000, "v_error_mm": 10_000, "t_error_ns": 1_000_000,
	}
}

// declare has a party declare an intent, and returns it.
func declare(d *desk, by party.ID, from, to time.Duration) object {
	d.Helper()
	return d.does(by, "intent.declare", object{
		"volumes": []any{room(d, from, to)}, "aircraft_kind": "manned", "contact": object{"position": "watch"},
		"position": object{"datum": "WGS84", "error_mm": 50_000, "method": "gnss"}, "priority": object{"rank": "other"},
		"time": object{"error_ns": 1_000_000, "source": "gnss"},
	}, "intent.decided")
}

var timersOfFlights = []timer{
	{
		name: "intent that nobody ends", brings: []string{"intent.closed"},
		lay: func(d *desk) []fall {
			enrol(d.T, d.e, "nc")
			flown := declare(d, "nc", 0, 2*time.Hour)
			declare(d, "nc", 3*time.Hour, 4*time.Hour)
			d.does("nc", "intent.activate", object{"id": flown["id"], "token": flown["token"]}, "intent.decided")
			return []fall{
				{"intent.closed", `"state":"ended"`, d.in(2*time.Hour + 12*time.Hour)},
				{"intent.closed", `"state":"withdrawn"`, d.in(4*time.Hour + 12*time.Hour)},
			}
		},
	},
	{
		name: "telling others", brings: []string{"intent.overdue"},
		lay: func(d *desk) []fall {
			enrol(d.T, d.e, "nc")
			enrolAs(d.T, d.e, "third", registry.KindThird, nil)
			soon := declare(d, "nc", 10*time.Minute, time.Hour)
			late := declare(d, "nc", 2*time.Hour, 3*time.Hour)
			return []fall{
				{"intent.overdue", fmt.Sprintf(`"id":%q`, soon["id"]), d.in(5 * time.Minute)},
				{"intent.overdue", fmt.Sprintf(`"id":%q`, late["id"]), d.in(2*time.Hour - 15*time.Minute)},
			}
		},
	},
	{
		name: "zone", brings: []string{"zone.cancelled", "intent.unsettled", "intent.reviewed", "intent.entering"},
		lay: func(d *desk) []fall {
			agree(d, nil)
			d.does("nc", "release.set", object{"purpose": release.Purpose, "rows": []any{object{
				"to": object{"party": "el"}, "shown": true, "groups": []string{release.Reference, release.VolumesExact}, "states": []string{release.StateAccepted},
			}}}, "release.changed")
			declare(d, "nc", time.Hour, 5*time.Hour)
			zone := d.does("el", "zone.declare", object{
				"name": "works", "kind": "no_entry", "volumes": []any{room(d, 0, 4*time.Hour)}, "contact": "watch",
			}, "zone.decided")
			d.does("el", "zone.activate", object{"id": zone["id"], "token": zone["token"]}, "zone.decided")
			ends := d.in(4 * time.Hour)
			return []fall{{"zone.cancelled", "", ends}, {"intent.unsettled", "", ends}, {"intent.reviewed", "", ends}, {"intent.entering", `"over":true`, ends}}
		},
	},
	{
		name: "agreement that displaces", kinds: []string{"agreement.dueEntry"},
		brings: []string{"agreement.entered", "intent.unsettled", "intent.reviewed", "intent.displaced", "intent.restated"},
		lay: func(d *desk) []fall {
			at := d.in(time.Hour)
			agree(d, func(text *terms.Text) {
				enters(at)(text)
				text.Clauses = append(text.Clauses, noEntry())
			})
			d.does("nc", "release.set", object{"purpose": release.Purpose, "rows": []any{object{
				"to": object{"party": "el"}, "shown": true, "groups": []string{release.Reference}, "states": []string{release.StateAccepted},
			}}}, "release.changed")
			declare(d, "nc", 2*time.Hour, 3*time.Hour)
			return []fall{{"agreement.entered", "", at}, {"intent.unsettled", "", at}, {"intent.reviewed", "", at}, {"intent.displaced", "", at}, {"intent.restated", `"state":"displaced"`, at}}
		},
	},
}

// noEntry is a clause on an area of el that others keep out of.
func noEntry() terms.Clause {
	rule := object{
		"name": "works", "type": "no_entry", "owner": "el", "lead_ns": 0, "contact": "watch", "primary": "123.450 MHz", "secondary": "128.950 MHz",
		"footprint": object{"circle": object{"centre": object{"lat_e9": 12_100_000_000, "lng_e9": -29_700_000_000}, "radius_mm": 5_000_000}},
	}
	parameters := map[string]json.RawMessage{}
	for name, value := range rule {
		raw, err := json.Marshal(value)
		if err != nil {
			panic(err)
		}
		parameters[name] = raw
	}
	return terms.Clause{
		ID: "20", Status: terms.Agreed, Rule: "zone", Parameters: parameters,
		Text: map[string]string{"en": "Nobody enters {name}.", "fr": "Personne n'entre dans {name}."},
		Examples: []terms.Example{{
			Given:  json.RawMessage(`{"craft":{"level":{"mm":350000,"reference":"AMSL"},"position":{"lat_e9":12100000000,"lng_e9":-29700000000}},"rank":"other"}`),
			Expect: "no_entry",
		}},
	}
}

// conflict has nc and el declare intents that meet an hour from now, and returns
// both.
func conflict(d *desk) (mine, theirs object) {
	d.Helper()
	agree(d, nil)
	return declare(d, "nc", time.Hour, 2*time.Hour), declare(d, "el", time.Hour, 2*time.Hour)
}

// offered has nc offer that it does something about its intent.
func offered(d *desk, undertaking object) (offer object) {
	d.Helper()
	mine, theirs := conflict(d)
	ref := func(o object) object { return object{"intent": o["id"], "version": o["version"]} }
	undertaking["by"], undertaking["intent"] = "nc", mine["id"]
	return d.does("nc", "offer.make", object{"to": "el", "mine": ref(mine), "theirs": ref(theirs), "undertakings": []any{undertaking}}, "offer.made")
}

// accepted has el accept it.
func accepted(d *desk, undertaking object) {
	d.Helper()
	offer := offered(d, undertaking)
	d.does("el", "offer.accept", object{"offer": offer["offer"], "digest": offer["digest"]}, "offer.accepted")
}

var timersOfOffers = []timer{
	{
		name: "offer without an answer", brings: []string{"offer.unresolved", "offer.escalate", "channel.sent"},
		lay: func(d *desk) []fall {
			offered(d, object{"kind": "other", "text": "stay low"})
			up := d.in(45 * time.Minute)
			return []fall{
				{"offer.unresolved", "", d.in(10 * time.Minute)},
				{"offer.escalate", "", up},
				{"channel.sent", "is not resolved", up},
				{"channel.sent", "is not resolved", up},
			}
		},
	},
	{
		name: "offer that is not done", brings: []string{"offer.failed", "offer.escalate"},
		lay: func(d *desk) []fall {
			accepted(d, object{"kind": "time_shift", "not_before": d.at(3 * time.Hour)})
			return []fall{{"offer.failed", `"reason":"not_done"`, d.in(time.Hour)}, {"offer.escalate", "", d.in(time.Hour)}}
		},
	},
	{
		name: "offer that nobody confirms", brings: []string{"offer.failed", "offer.escalate"},
		lay: func(d *desk) []fall {
			accepted(d, object{"kind": "other", "text": "stay low"})
			return []fall{{"offer.failed", `"reason":"not_confirmed"`, d.in(time.Hour)}, {"offer.escalate", "", d.in(time.Hour)}}
		},
	},
	{
		name: "offer to hold", brings: []string{"offer.complied"},
		lay: func(d *desk) []fall {
			accepted(d, object{"kind": "hold_mine", "not_before": d.at(90 * time.Minute)})
			return []fall{{"offer.complied", "", d.in(90 * time.Minute)}}
		},
	},
}
