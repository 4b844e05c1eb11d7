package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

const day = 24 * time.Hour

// table has nc propose an agreement with el, without annexes and changed as a row
// needs it, and returns what signing it takes.
func table(d *desk, change func(*terms.Text)) object {
	d.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "sim", "texts", "varanth-v4.json"))
	if err != nil {
		d.Fatal(err)
	}
	text, err := terms.Parse(raw)
	if err != nil {
		d.Fatal(err)
	}
	text.Version, text.Parent, text.TabledBy, text.Protects = 1, "", "nc", nil
	text.Clauses = slices.DeleteFunc(text.Clauses, func(c terms.Clause) bool { return c.Annex != "" })
	text.Annexes = nil
	now, later := instantOf(time.Now()), instantOf(d.in(300*day))
	text.From, text.To, text.ReviewAt, text.ExpiresAt = &now, &later, &later, &later
	if change != nil {
		change(text)
	}
	results, err := terms.RunExamples(text)
	if err != nil {
		d.Fatal(err)
	}
	digest := terms.ResultsDigest(results)
	tabled := d.does("nc", "agreement.propose", object{"text": text, "results": digest}, "agreement.proposed")
	return object{"agreement": text.ID, "version": tabled["hash"], "results": digest}
}

func instantOf(at time.Time) statement.Instant { return statement.Instant(at.UnixNano()) }

// agree has nc and el enrol and sign an agreement.
func agree(d *desk, change func(*terms.Text)) {
	d.Helper()
	enrol(d.T, d.e, "nc")
	enrol(d.T, d.e, "el")
	what := table(d, change)
	d.does("nc", "agreement.sign", what, "agreement.signed")
	d.does("el", "agreement.sign", what, "agreement.signed")
}

// enters puts a text in force at an instant.
func enters(at time.Time) func(*terms.Text) {
	return func(text *terms.Text) {
		from := instantOf(at)
		text.Entry = &terms.Entry{Rule: "at", At: &from}
	}
}

// noticed has a party give a notice, and returns its id.
func noticed(d *desk, by party.ID, act string, more object) any {
	d.Helper()
	more["agreement"], more["reason"] = "M1", "nobody answers"
	return d.does(by, act, more, "agreement.noticed")["notice"]
}

var timersOfAgreements = []timer{
	{
		name: "entry", kinds: []string{"agreement.dueEntry"}, brings: []string{"agreement.entered"},
		lay: func(d *desk) []fall {
			at := d.in(time.Hour)
			agree(d, enters(at))
			return []fall{{"agreement.entered", "", at}}
		},
	},
	{
		name: "entry that is blocked", kinds: []string{"agreement.dueEntry"}, brings: []string{"agreement.blocked"},
		lay: func(d *desk) []fall {
			at, ends := d.in(15*day), d.in(16*day) // the watches of enrol are over by then
			agree(d, func(text *terms.Text) {
				enters(at)(text)
				expires := instantOf(ends)
				text.ReviewAt, text.ExpiresAt = &expires, &expires
			})
			return []fall{{"agreement.blocked", `"reasons":["nobody stands the position watch of`, at}, {"agreement.blocked", `"reasons":["it expired`, ends}}
		},
		slept: func(woke time.Time, _ []fall) []fall {
			return []fall{{"agreement.blocked", `"reasons":["it expired`, woke}}
		},
	},
	{
		name: "notices", kinds: []string{"agreement.dueNotice"},
		brings: []string{"agreement.lapsed", "agreement.suspended", "agreement.terminated"},
		lay: func(d *desk) []fall {
			agree(d, func(text *terms.Text) {
				notice := int64(3 * time.Hour)
				text.TerminationNoticeNS = &notice
			})
			ends := d.in(3 * time.Hour)
			noticed(d, "nc", "agreement.suspend", object{"from": d.at(2 * time.Hour)})
			noticed(d, "nc", "agreement.terminate", object{})
			waived := noticed(d, "el", "agreement.suspend", object{"from": d.at(time.Hour), "conditional": true, "demands": []any{"say where"}})
			d.does("el", "agreement.waive", object{"agreement": "M1", "notice": waived, "demands": []any{1}}, "agreement.waived")
			return []fall{{"agreement.lapsed", "", d.in(time.Hour)}, {"agreement.suspended", "", d.in(2 * time.Hour)}, {"agreement.terminated", "", ends}}
		},
	},
	{
		name: "replies", kinds: []string{"agreement.dueDemands", "agreement.dueQuery"}, brings: []string{"agreement.overdue"},
		lay: func(d *desk) []fall {
			agree(d, nil)
			notice := noticed(d, "nc", "agreement.suspend", object{"from": d.at(30 * day), "reply_by": d.at(time.Hour), "demands": []any{"say where"}})
			query := d.does("el", "agreement.query", object{"agreement": "M1", "to": "nc", "clause": "10", "text": "what happened"}, "agreement.queried")["id"]
			return []fall{
				{"agreement.overdue", fmt.Sprintf(`"notice":%q`, notice), d.in(time.Hour)},
				{"agreement.overdue", fmt.Sprintf(`"query":%q`, query), d.in(48 * time.Hour)},
			}
		},
	},
	{
		name: "expiry and review", kinds: []string{"agreement.dueExpiry", "agreement.dueWarnExpiry", "agreement.dueWarnReview"},
		brings: []string{"agreement.warned", "agreement.expired"},
		lay: func(d *desk) []fall {
			review, ends := d.in(31*day), d.in(31*day+time.Hour)
			agree(d, func(text *terms.Text) {
				reviewed, expires := instantOf(review), instantOf(ends)
				text.ReviewAt, text.ExpiresAt = &reviewed, &expires
			})
			var list []fall
			for _, days := range []int{30, 7, 1} {
				for _, at := range []time.Time{review, ends} {
					list = append(list, fall{"agreement.warned", fmt.Sprintf(`"days":%d,"due":%q,`, days, instantOf(at)), at.Add(-time.Duration(days) * day)})
				}
			}
			return append(list, fall{"agreement.expired", "", ends})
		},
		// Of the warnings whose time has passed the last alone is given.
		slept: func(woke time.Time, falls []fall) []fall { return atOnce(woke, falls[len(falls)-3:]) },
	},
}

var timersOfLines = []timer{
	{
		name: "scheduled test calls", brings: []string{"bearer.test_opened", "bearer.test_missed", "bearer.woke"},
		lay: func(d *desk) []fall {
			agree(d, nil)
			six := time.Now().Truncate(day).Add(6 * time.Hour)
			var list []fall
			for range 2 * 3 { // both ways, on data, voice and satellite
				list = append(list, fall{"bearer.test_opened", "", six}, fall{"bearer.test_missed", "", six.Add(2 * time.Minute)})
			}
			return list
		},
		// The calls of the morning were not made, and nobody missed them.
		slept: func(woke time.Time, _ []fall) []fall { return []fall{{"bearer.woke", "", woke}} },
	},
	{
		name: "test call", brings: []string{"bearer.test_missed", "bearer.woke"},
		lay: func(d *desk) []fall {
			agree(d, nil)
			d.does("nc", "bearer.test", object{"to": "el", "bearer": "voice"}, "bearer.test_opened")
			return []fall{{"bearer.test_missed", "", d.in(2 * time.Minute)}}
		},
		slept: func(woke time.Time, _ []fall) []fall {
			return []fall{{"bearer.woke", "", woke}, {"bearer.test_missed", "", woke.Add(2 * time.Minute)}}
		},
	},
	{
		name: "heartbeat", brings: []string{"bearer.beat_missed", "bearer.silent", "bearer.woke"},
		lay: func(d *desk) []fall {
			agree(d, nil)
			d.does("nc", "bearer.heartbeat", object{"state": strings.Repeat("c", 64), "seen": 0}, "bearer.beat")
			return silence(time.Now())
		},
		slept: func(woke time.Time, _ []fall) []fall {
			return append([]fall{{"bearer.woke", "", woke}}, silence(woke)...)
		},
	},
}

// silence is what comes when nothing is heard of a party from an instant on.
func silence(from time.Time) []fall {
	return []fall{
		{"bearer.beat_missed", `"misses":1,`, from.Add(time.Minute)},
		{"bearer.beat_missed", `"misses":2,`, from.Add(2 * time.Minute)},
		{"bearer.silent", `"misses":3,`, from.Add(3 * time.Minute)},
	}
}
