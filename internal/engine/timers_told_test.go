package engine

import (
	"time"

	"github.com/deconflict/deconflict/internal/registry"
)

// notify has hr give nc a notice.
func notify(d *desk, content object) {
	d.Helper()
	enrol(d.T, d.e, "nc")
	enrolAs(d.T, d.e, "hr", registry.KindNotifier, nil)
	content["contact"] = object{"address": "line 4", "stop_call": "hold"}
	d.does("hr", "notice.declare", object{"content": content, "consent": []any{"nc"}}, "notice.declared")
}

var timersOfNotices = []timer{
	{
		name: "site in doubt", kinds: []string{"notice.dueHold", "notice.dueRead", "notice.dueLoaded", "notice.dueReview", "notice.dueEnd"},
		brings: []string{"notice.distributed", "notice.sent", "notice.overdue", "notice.review_due", "notice.ended", "channel.sent"},
		lay: func(d *desk) []fall {
			point := object{"lat_e9": 12_100_000_000, "lng_e9": -29_700_000_000}
			notify(d, object{
				"name": "S-1", "kind": "static", "function": "health", "persons": "11-100", "point": point, "error_mm": 20_000,
				"footprint": object{"circle": object{"centre": point, "radius_mm": 60_000}},
				"sources":   []any{object{"method": "map", "at": d.at(-time.Hour), "error_mm": 50_000, "datum": "WGS84", "point": point}},
				"review_by": d.at(10 * time.Hour), "valid_from": d.at(0), "valid_to": d.at(12 * time.Hour),
			})
			sent, read, loaded := d.in(time.Hour), d.in(90*time.Minute), d.in(3*time.Hour)
			return []fall{
				{"notice.distributed", "", sent},
				{"notice.sent", "", sent},
				{"notice.overdue", `"link":"read"`, read},
				{"channel.sent", "is not read", read},
				{"channel.sent", "is not read", read},
				{"notice.overdue", `"link":"loaded"`, loaded},
				{"channel.sent", "is not loaded", loaded},
				{"channel.sent", "is not loaded", loaded},
				{"notice.review_due", "", d.in(10 * time.Hour)},
				{"notice.ended", `"reason":"expired"`, d.in(12 * time.Hour)},
			}
		},
		// What was held back is told first, which gives its recipients their time.
		slept: func(woke time.Time, _ []fall) []fall {
			return []fall{
				{"notice.distributed", "", woke},
				{"notice.sent", "", woke},
				{"notice.review_due", "", woke},
				{"notice.ended", `"reason":"expired"`, woke},
			}
		},
	},
	{
		name: "movement", kinds: []string{"notice.dueRead", "notice.dueLoaded", "notice.dueRisk", "notice.dueArrival", "notice.dueEnd"},
		brings: []string{"notice.overdue", "notice.risk", "notice.ended"},
		lay: func(d *desk) []fall {
			leg := func(lat int64, at time.Duration) object {
				return object{"lat_e9": lat, "lng_e9": -29_700_000_000, "alt": object{"mm": 400_000, "reference": "W84"}, "at": d.at(at)}
			}
			notify(d, object{
				"name": "M-1", "kind": "movement", "function": "evacuation", "persons": "1-10", "error_mm": 0,
				"valid_from": d.at(50 * time.Hour), "valid_to": d.at(52 * time.Hour),
				"way": object{
					"means": "air", "craft": 2, "look": "white", "call_signs": []any{"relief 1"},
					"routes": []any{object{
						"points":        []any{leg(12_100_000_000, 50*time.Hour), leg(12_200_000_000, 51*time.Hour)},
						"half_width_mm": 100_000, "v_error_mm": 1000, "t_error_ns": 1_000_000,
					}},
				},
			})
			return []fall{
				{"notice.overdue", `"link":"read"`, d.in(30 * time.Minute)},
				{"notice.overdue", `"link":"loaded"`, d.in(2 * time.Hour)},
				{"notice.risk", "", d.in(50 * time.Hour)},
				{"notice.overdue", `"link":"arrived"`, d.in(52 * time.Hour)},
				{"notice.ended", `"reason":"expired"`, d.in(76 * time.Hour)},
			}
		},
	},
}

// reported has nc report an incident, about which el takes something on, and
// returns its id.
func reported(d *desk, due time.Duration) any {
	d.Helper()
	id := d.does("nc", "incident.report", object{"kind": "crew", "at": d.at(-time.Minute), "parties": []any{"el"}, "text": "came close"}, "incident.opened")["incident"]
	d.does("el", "incident.action", object{"incident": id, "text": "brief crews", "due": d.at(due)}, "incident.undertook")
	return id
}

var timersOfIncidents = []timer{
	{
		name: "incident", kinds: []string{"incident.lateAccount", "incident.latePoint", "incident.lateAction"}, brings: []string{"incident.overdue"},
		lay: func(d *desk) []fall {
			enrol(d.T, d.e, "nc")
			enrol(d.T, d.e, "el")
			id := reported(d, time.Hour)
			accounts := d.in(48 * time.Hour)
			time.Sleep(time.Minute)
			d.does("nc", "incident.fact", object{"incident": id, "kind": "fact", "text": "it rained"}, "incident.proposed")
			return []fall{
				{"incident.overdue", `"what":"action"`, accounts.Add(-47 * time.Hour)},
				{"incident.overdue", `"what":"account"`, accounts},
				{"incident.overdue", `"what":"point"`, d.in(48 * time.Hour)},
			}
		},
	},
}
