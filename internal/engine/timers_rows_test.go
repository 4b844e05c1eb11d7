package engine

import (
	"fmt"
	"slices"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/registry"
)

// timers are the deadlines of all domains.
var timers = slices.Concat(timersOfEntities, timersOfParties, timersOfAgreements, timersOfLines, timersOfMessages, timersOfFlights, timersOfOffers, timersOfNotices, timersOfIncidents, timersOfSeveral)

var timersOfEntities = []timer{
	{
		name: "airspace", brings: []string{"intent.gone", "constraint.gone", "subscription.gone"},
		lay: func(d *desk) []fall {
			const ends = 2 * time.Hour
			plan := planned(d.T, 0, time.Now()) // for a quarter of an hour from one hour on
			plan.Implicit = nil
			submit(d, plan)
			submit(d, zone(d.T, 1, ends))
			submit(d, airspace.PutSubscription{
				By: "uss1", ID: idOf(2), NewVersion: "version-00000002", Outline: square(d.T, 2, time.Now(), 0, ends),
				URL: "https://uss1.example", Constraints: true,
			})
			return []fall{
				{"subscription.gone", "", swept(d.in(ends), airspace.SubscriptionKeptNS)},
				{"intent.gone", "", swept(d.in(time.Hour+15*time.Minute), airspace.IntentKeptNS)},
				{"constraint.gone", "", swept(d.in(ends), airspace.ConstraintKeptNS)},
			}
		},
	},
}

var timersOfParties = []timer{
	{
		name: "watches", brings: []string{"party.manned", "party.unmanned"},
		lay: func(d *desk) []fall {
			enrol(d.T, d.e, "nc")
			mans(d, time.Hour, 2*time.Hour)
			return []fall{{"party.manned", "", d.in(time.Hour)}, {"party.unmanned", "", d.in(2 * time.Hour)}}
		},
	},
	{
		name: "co-signatures", brings: []string{"party.lapsed"},
		lay: func(d *desk) []fall {
			enrolAs(d.T, d.e, "nc", registry.KindSignatory, map[string]registry.Policy{"party.hook": {K: 2, Roles: []string{"chief", "deputy"}}})
			d.does("nc", "party.hook", object{"position": "watch", "url": "https://inbox.example/nc"}, "party.cosigned")
			return []fall{{"party.lapsed", `"act":"party.hook"`, d.in(time.Duration(registry.CosignNS))}}
		},
	},
}

// mans has nc put somebody on its watch for some time.
func mans(d *desk, from, to time.Duration) {
	d.Helper()
	d.does("nc", "party.roster", object{"position": "watch", "watches": []any{object{
		"position": "watch", "person": "one", "level": "policy", "linguist": false, "from": d.at(from), "to": d.at(to),
	}}}, "party.rostered")
}

var timersOfMessages = []timer{
	{
		name:   "message",
		brings: []string{"channel.overdue", "channel.escalated", "channel.attempt", "channel.fallback", "channel.expired"},
		lay: func(d *desk) []fall {
			enrol(d.T, d.e, "nc")
			enrol(d.T, d.e, "el")
			send(d, "PRIORITY", d.at(2*time.Hour))
			return append(climb(d.in(time.Hour)), fall{"channel.expired", "", d.in(2 * time.Hour)})
		},
		// It lost its sense meanwhile: nobody is called about it.
		slept: func(woke time.Time, _ []fall) []fall { return []fall{{"channel.expired", "", woke}} },
	},
	{
		name: "message that may wait", brings: []string{"channel.overdue", "channel.escalated", "channel.attempt", "channel.fallback"},
		lay: func(d *desk) []fall {
			enrol(d.T, d.e, "nc")
			enrol(d.T, d.e, "el")
			send(d, "IMMEDIATE", d.at(100*time.Hour))
			return climb(d.in(10 * time.Minute))
		},
		// Each rung has its whole time: a call that nobody made is not recorded.
		slept: func(woke time.Time, _ []fall) []fall { return climb(woke) },
	},
	{
		name: "message with STANDBY", brings: []string{"channel.overdue"},
		lay: func(d *desk) []fall {
			enrol(d.T, d.e, "nc")
			enrol(d.T, d.e, "el")
			id := send(d, "IMMEDIATE", d.at(100*time.Hour))
			due := d.in(12 * time.Minute)
			time.Sleep(time.Minute)
			d.does("el", "channel.answer", object{"message": id, "answer": "standby"}, "channel.answered")
			return []fall{{"channel.overdue", "", due}}
		},
	},
	{
		name: "FLASH", brings: []string{"channel.overdue", "channel.attempt", "channel.fallback"},
		lay: func(d *desk) []fall {
			enrol(d.T, d.e, "nc")
			enrol(d.T, d.e, "el")
			send(d, "FLASH", d.at(100*time.Hour))
			return append(higher(1, d.in(30*time.Second)), fall{"channel.overdue", "", d.in(3 * time.Minute)})
		},
		slept: climbOn,
	},
	{
		name: "STOP", brings: []string{"channel.overdue", "channel.attempt", "channel.fallback"},
		lay: func(d *desk) []fall {
			enrol(d.T, d.e, "nc")
			enrol(d.T, d.e, "el")
			d.does("nc", "channel.stop", object{
				"where": object{"text": "the river mouth"}, "at_risk": "people", "callback": "line 1", "to": []any{"el"},
			}, "channel.stopped")
			return append([]fall{{"channel.overdue", "", d.in(time.Minute)}}, higher(1, d.in(30*time.Second))...)
		},
		slept: climbOn,
	},
	{
		name: "undertaking on a call", brings: []string{"channel.late"},
		lay: func(d *desk) []fall {
			enrol(d.T, d.e, "nc")
			enrol(d.T, d.e, "el")
			promised(d, time.Hour)
			return []fall{{"channel.late", "", d.in(time.Hour)}}
		},
	},
}

// promised has nc enter a call on which el undertook something.
func promised(d *desk, within time.Duration) {
	d.Helper()
	d.does("nc", "channel.call", object{
		"with": "el", "purpose": "daily", "outgoing": true, "bearer": "voice", "outcome": "taken",
		"initiated": d.at(-90 * time.Second), "answered": d.at(-80 * time.Second), "ended": d.at(-5 * time.Second),
		"gist": object{"en": "talked"}, "undertakings": []any{object{"who": "el", "what": "call back", "by": d.at(within)}},
	}, "channel.called")
}

// climbOn is how a ladder goes on that a node slept on: the rung that was tried
// ends, and each that follows has its whole time.
func climbOn(woke time.Time, _ []fall) []fall {
	return append([]fall{{"channel.overdue", "", woke}}, higher(1, woke)...)
}

// send sends a question from nc to el and returns its id.
func send(d *desk, precedence, validUntil string) any {
	d.Helper()
	return d.does("nc", "channel.send", object{
		"to": object{"party": "el", "position": "watch"}, "type": "QUERY", "precedence": precedence, "valid_until": validUntil,
		"language": "en", "text": "Where do you cross?",
	}, "channel.sent")["id"]
}

// climb is the ladder where nothing is agreed, of a message that nobody dealt
// with in its time.
func climb(overdue time.Time) []fall {
	begun := []fall{{"channel.overdue", "", overdue}, {"channel.escalated", `"reason":"overdue"`, overdue}, attempt(0, "calling", overdue)}
	return append(begun, higher(1, overdue.Add(30*time.Second))...)
}

// higher is the ladder from the end of the rung before one.
func higher(rung int, at time.Time) []fall {
	silent := attempt(rung-1, "no_answer", at)
	if rung == 3 {
		return []fall{silent, {"channel.fallback", "", at}}
	}
	waits := [...]time.Duration{30 * time.Second, 30 * time.Second, time.Minute}
	return append([]fall{silent, attempt(rung, "calling", at)}, higher(rung+1, at.Add(waits[rung]))...)
}

func attempt(rung int, outcome string, at time.Time) fall {
	position := [...]string{"watch", "watch", "duty-director"}[rung]
	return fall{"channel.attempt", fmt.Sprintf(`"outcome":%q,"position":%q,"rung":%d,`, outcome, position, rung), at}
}

// Of several domains, the one that waited longest does all that it has to do
// first.
var timersOfSeveral = []timer{{
	name: "several domains", brings: []string{"channel.late", "party.manned", "incident.overdue"},
	lay: func(d *desk) []fall {
		enrol(d.T, d.e, "nc")
		enrol(d.T, d.e, "el")
		promised(d, time.Hour)
		promised(d, 4*time.Hour)
		mans(d, 2*time.Hour, 100*time.Hour)
		reported(d, 3*time.Hour)
		return []fall{
			{"channel.late", "", d.in(time.Hour)},
			{"channel.late", "", d.in(4 * time.Hour)},
			{"party.manned", "", d.in(2 * time.Hour)},
			{"incident.overdue", "", d.in(3 * time.Hour)},
		}
	},
}}

// submit has a command carried out.
func submit[R any](d *desk, cmd airspace.Command[R]) {
	d.Helper()
	if _, _, err := Submit(d.T.Context(), d.e, cmd); err != nil {
		d.Fatal(err)
	}
}

// swept is when something goes that is kept so long behind its end: on a minute.
func swept(ends time.Time, keptNS int64) time.Time {
	return ends.Add(time.Duration(keptNS) + time.Minute - 1).Truncate(time.Minute)
}
