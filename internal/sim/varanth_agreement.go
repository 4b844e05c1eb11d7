package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/agreement"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// Varanth is two coalitions, a third operator and humanitarian flights in one
// basin.
func Varanth() *Scenario {
	s := &Scenario{
		Name: "varanth", About: "two coalitions, a third operator and humanitarian flights in the Varanth Basin",
		Day: time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC), Start: "D-3 07:00",
		Rows: []Row{
			{"D-3 08:00", "parties enrol, each with its own roles, keys and watches", castVaranth},
			{"D-3 09:00", "both sign the safety floor", signFloor},
			{"D-3 10:00", "NC tables M1, EL counters, one clause stays reserved", tableM1},
			{"D-2 16:40", "the radio language is set; 3 of 3 and 2 of 2 sign", signM1},
			{"D 05:40", "HR notifies the field hospital S-1, with digits swapped", mistypeSite},
			{"D 05:52", "HR corrects S-1 and attaches a second source", correctSite},
			{"D 06:00", "test calls over 3 bearers in both directions", testMorning},
			{"D 06:10", "HR notifies the movement H-17", notifyMove},
			{"D 07:10", "NC declares N-204, flown by Aldmar", declareN204},
			{"D 07:12", "NC asks for options and takes a floor of 12,000 ft", raiseN204},
			{"D 07:30", "EL declares E-88 and notifies its crossing of the line", declareE88},
			{"D 07:33", "NC reads the crossing back, with a wrong time", readBack},
			{"D 07:50", "HR declares the return flight H-18", declareH18},
			{"D 08:05", "EL relays what Sandmere will do", relaySandmere},
			{"D 08:30", "NC has not shown S-1 as loaded", loadSite},
			{"D 08:45", "N-204 begins", beginN204},
			{"D 09:00", "H-17 begins", beginH17},
			{"D 09:17:10", "N204A tracks west at 300 kt", warnBefore},
			{"D 09:17:49", "N204A leaves its volume", leaveVolume},
			{"D 09:17:56", "N204A is inside the buffer of the line", enterBuffer},
			{"D 09:18:30", "nobody answers at EL; the second bearer fails", nobodyAnswers},
			{"D 09:19:20", "EL's duty director answers", directorAnswers},
			{"D 09:19:45", "N204A has been beyond the line and is back", strayOver},
			{"D 09:20", "E-88 begins", func(p *Play) { equal(p, "E-88 is", p.activate(el, "E-88").State, intent.Activated) }},
			{"D 09:23", "H-17 has arrived", arriveH17},
			{"D 09:29:53", "E-88B has sunk, N204A passes it", loseSeparation},
			{"D 10:00", "N-204 and E-88 are over", endFlights},
			{"D 10:40", "both sides declare their flights of D+5", declareLater},
			{"D 11:00", "EL suspends M1, NC objects", suspendM1},
			{"D 11:10", "EL declares a flight that no rule holds", declareUnruled},
			{"D 11:20", "HR says STOP: aircraft low over S-1", stopLow},
			{"D 11:30", "both sides take their programs off the line", goQuiet},
			{"D+1 10:00", "NC answers the demand", answerDemand},
			{"D+5 08:30", "both are back and read what they missed", comeBack},
			{"D+5 09:00", "both begin to resume M1, without its annex on crossings", beginResumption},
			{"D+5 09:05", "the joint sheet about I-1", agreeFacts},
			{"D+5 09:15", "test calls over 3 bearers, and the record compared", testAgain},
			{"D+5 09:25", "14 open intents are declared again", declareAgain},
			{"D+5 09:40", "EL signs: M1 is in force again", resumeM1},
			{"D+5 10:00", "what each can prove, and the node started again", proveAll},
		},
	}
	// Test calls go on twice a day, whatever else is suspended.
	for day := -2; day <= 5; day++ {
		for _, hour := range []string{"06:00", "18:00"} {
			at := strings.Replace(fmt.Sprintf("D%+d %s", day, hour), "D+0", "D", 1)
			told := func(r Row) bool { return r.At == at }
			if when := s.instant(at); when.After(s.instant("D-2 16:40")) && when.Before(s.instant("D+5 08:30")) && !slices.ContainsFunc(s.Rows, told) {
				s.Rows = append(s.Rows, Row{at, "test calls over 3 bearers in both directions", testDaily})
			}
		}
	}
	slices.SortStableFunc(s.Rows, func(a, b Row) int { return s.instant(a.At).Compare(s.instant(b.At)) })
	return s
}

// instant is that of Play.
func (s *Scenario) instant(at string) time.Time { return (&Play{Scenario: s}).instant(at) }

func stamp(t time.Time) statement.Instant { return statement.Instant(t.UnixNano()) }

// sign signs the version of a text, with all persons at once.
func (a *Actor) sign(t *terms.Text, persons ...string) {
	a.does("agreement.sign", agreement.Sign{Agreement: t.ID, Version: t.Hash(), Results: a.p.results(t)}, persons...)
}

// agreement is an agreement as a party sees it.
func (a *Actor) agreement(id string) agreement.Detail {
	return look[agreement.Detail](a, "agreement", "/v1/agreements/", id)
}

func signFloor(p *Play) {
	north, east := p.actor(nc), p.actor(el)
	floor := p.text("varanth-floor")
	north.does("agreement.propose", agreement.Propose{Text: floor, Results: p.results(floor)}, "nc-deputy")
	north.sign(floor, "nc-commander", "nc-legal", "nc-safety")
	east.sign(floor, "el-minister", "el-chief")
	equal(p, "the floor is in force", east.agreement("M1-floor").Legal.State, agreement.InForce)
}

func tableM1(p *Play) {
	north, east := p.actor(nc), p.actor(el)
	v1, v2, v3 := p.text("varanth-v1"), p.text("varanth-v2"), p.text("varanth-v3")
	north.does("agreement.propose", agreement.Propose{Text: v1, Results: p.results(v1)}, "nc-deputy")
	east.does("agreement.counter", agreement.Counter{Text: v2, Results: p.results(v2)}, "el-staff")
	north.does("agreement.counter", agreement.Counter{Text: v3, Results: p.results(v3)}, "nc-deputy")
	changes := terms.Difference(v1, v3)
	buffer := false
	for _, c := range changes {
		buffer = buffer || c.Clause == "4" && c.Field == "parameters.buffer_mm"
	}
	p.check(buffer, "the difference from v1 to v3 names the buffer of the line", fmt.Sprint(len(changes), " changes"))
	refusal := north.refused("act-incomplete", "agreement.sign",
		agreement.Sign{Agreement: "M1", Version: v3.Hash(), Results: p.results(v3)}, "nc-commander", "nc-legal", "nc-safety")
	p.check(strings.Contains(refusal.Detail, "radio_language"), "it cannot enter into force", refusal.Detail)
	reserved := false
	for _, point := range v3.Open() {
		reserved = reserved || point.Clause == "9" && point.Kind == terms.IsReserved
	}
	p.check(reserved, "clause 9 is an open point, reserved")
}

func signM1(p *Play) {
	north, east := p.actor(nc), p.actor(el)
	v4 := p.text("varanth-v4")
	east.does("agreement.counter", agreement.Counter{Text: v4, Results: p.results(v4)}, "el-staff")
	sign := agreement.Sign{Agreement: "M1", Version: v4.Hash(), Results: p.results(v4)}
	east.does("agreement.sign", sign, "el-minister", "el-chief")
	text, err := north.Statement("agreement.sign", sign)
	p.fail(err)
	for i, person := range []string{"nc-commander", "nc-legal", "nc-safety"} {
		p.check(north.agreement("M1").Legal.State != agreement.InForce, fmt.Sprintf("with %d of 3 roles of NC it is not in force", i))
		north.cosign(text, person)
	}
	seen := north.agreement("M1")
	equal(p, "M1 is in force at the last signature", seen.Legal.State, agreement.InForce)
	equal(p, "since", seen.Legal.Since.String(), p.at("D-2 16:40").String())
	received := true
	for _, m := range seen.Members {
		if m.Member == aldmar {
			received = m.Received
		}
	}
	p.check(!received, "Aldmar: terms not received")
}
