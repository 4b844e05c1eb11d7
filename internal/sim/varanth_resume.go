package sim

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/deconflict/deconflict/client"
	"github.com/deconflict/deconflict/internal/agreement"
	"github.com/deconflict/deconflict/internal/bearer"
	"github.com/deconflict/deconflict/internal/incident"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/party"
)

// comeBack is D+5 08:30.
func comeBack(p *Play) {
	pair := []*Actor{p.actor(nc), p.actor(el)}
	for _, a := range pair {
		a.seen = p.entries["read by "+string(a.id)] // its people went on by telephone
	}
	p.connect(nc, el)
	for _, a := range pair {
		r := only[bearer.Returned](a, "that it is heard again", func(r *bearer.Returned) bool { return r.Of == a.id })
		p.part().check(r.Event.Seen+10 < r.Index, "Entries that it has yet to read:", r.Index-r.Event.Seen)
		equal(p, "Until then it is", p.standing(a.id), bearer.Resync)
	}
	for _, a := range pair {
		a.seen = p.size() - 1
	}
	p.clock("D+5 08:31")
	for _, a := range pair {
		only[bearer.Resynced](a, "that it has read what it missed", func(r *bearer.Resynced) bool { return r.Of == a.id })
		equal(p.part(), "It is", p.standing(a.id), bearer.Up)
	}
}

// standing is how a party's heartbeats stand, of the pair NC and EL.
func (p *Play) standing(id party.ID) bearer.Condition {
	for _, b := range look[bearer.Link](p.actor(nc), "link", "/v1/links/", string(el)).Heartbeats {
		if b.Of == id {
			return b.Condition
		}
	}
	return ""
}

// beginResumption is D+5 09:00.
func beginResumption(p *Play) {
	opened := came[agreement.ResumptionOpened](p, p.actor(nc).does("agreement.resume",
		agreement.Resume{Agreement: "M1", Keep: []string{"crossings"}}, "nc-commander", "nc-legal"))
	p.names["resumption"] = opened.Procedure
	p.lacks(agreement.Signatures, agreement.Tests, agreement.Heads, agreement.Intents)
}

// lacks checks which items of the checklist of the resumption are open, to both
// sides.
func (p *Play) lacks(want ...agreement.Item) {
	for i, a := range []*Actor{p.actor(nc), p.actor(el)} {
		p := p.beside(i)
		seen := a.agreement("M1")
		equal(p.part(), fmt.Sprintf("%s sees M1 as", called(a.id)), seen.Legal.State, agreement.InSuspension)
		var open []agreement.Item
		if seen.Resuming == nil {
			p.part().check(false, "a resumption is under way")
			continue
		}
		for _, i := range seen.Resuming.Items {
			if !i.OK {
				open = append(open, i.Item)
			}
		}
		equal(p, "Both see what is still open:", listed(open), listed(want))
	}
}

// listed is a list for people, in order.
func listed[T ~string](list []T) string {
	slices.Sort(list)
	text := make([]string, len(list))
	for i, v := range list {
		text[i] = words(v)
	}
	return strings.Join(text, ", ")
}

// agreeFacts is D+5 09:05.
func agreeFacts(p *Play) {
	north, east := p.actor(nc), p.actor(el)
	i1 := p.names["I-1"]
	north.does("incident.account", incident.Account{
		Incident: i1, Text: "N204A was led back when E-88B sank toward it. The crews spoke to each other first.",
		Radio: []incident.Radio{{At: p.at("D 09:29:40"), Frequency: "123.450 MHz", Text: "Traffic ahead, turning left."}},
	}, "nc-duty")
	east.does("incident.account", incident.Account{
		Incident: i1, Language: "fr", Text: "E-88B est descendu après une panne. Les équipages se sont parlé.",
		Radio: []incident.Radio{{At: p.at("D 09:29:44"), Frequency: "123.450 MHz", Text: "En vue, je maintiens."}},
	}, "el-duty")
	p.say("NC proposes as a fact: at 09:29:53 the two were 0.45 NM and 1,100 ft apart. EL agrees.")
	positions := came[incident.Proposed](p, north.does("incident.fact", incident.Propose{
		Incident: i1, Kind: incident.Fact, Text: "At 09:29:53 the two were 0.45 NM and 1,100 ft apart.",
	}, "nc-duty")).Number
	east.does("incident.answer", incident.Reply{Incident: i1, Number: positions, Stance: incident.Agrees}, "el-duty")
	p.say("NC proposes: NC called first, at 09:18:00. EL disputes it: the watch heard no call.")
	calls := []int64{p.entries["called 09:18:00"], p.entries["failed over voice"]}
	slices.Sort(calls)
	first := came[incident.Proposed](p, north.does("incident.fact", incident.Propose{
		Incident: i1, Kind: incident.Fact, Text: "NC called first, at 09:18:00.", Evidence: calls,
	}, "nc-duty"))
	equal(p, "NC points to entries of the record for it, in number", len(first.Evidence), 2)
	east.does("incident.answer", incident.Reply{
		Incident: i1, Number: first.Number, Stance: incident.Disputes, Reason: "The watch heard no call.",
	}, "el-duty")
	for i, a := range []*Actor{north, east} {
		p := p.beside(i)
		seen := look[incident.Shown](a, "incident", "/v1/incidents/", i1)
		equal(p, "Both see that agreed is the fact", fmt.Sprint(seen.AgreedPoints), fmt.Sprint([]int64{positions}))
		equal(p, "and disputed the fact", fmt.Sprint(seen.DisputedPoints), fmt.Sprint([]int64{first.Number}))
		equal(p.part(), "Accounts beside each other:", len(seen.Accounts), 2)
		equal(p.part(), "As no crew says otherwise it is a loss of", seen.Category, incident.Category(incident.Separation))
		p.part().check(slices.ContainsFunc(seen.Frozen, func(e incident.Evidence) bool { return e.Index == calls[0] }), "The calls are in the evidence")
	}
}

// testAgain is D+5 09:15.
func testAgain(p *Play) {
	for _, pair := range [][2]party.ID{{nc, el}, {el, nc}} {
		for _, b := range []string{"data", "voice", "satellite"} {
			p.actor(pair[0]).does("bearer.test", bearer.TestCall{To: pair[1], Bearer: b}, string(pair[0])+"-watch")
		}
	}
	equal(p, "All six test calls are answered with the right challenge. Good ones:", p.tests(func(bearer.Line) int64 { return 5 }), 6)
	p.lacks(agreement.Signatures, agreement.Heads, agreement.Intents)
	p.compareHeads(nc, el)
	p.lacks(agreement.Signatures, agreement.Intents)
}

// declareAgain is D+5 09:25.
func declareAgain(p *Play) {
	count, found := 0, 0
	for _, id := range []party.ID{nc, el} {
		for _, name := range openIntents()[id] {
			count++
			d := p.redeclare(id, name)
			for _, v := range against(&d, intent.AgainstIntent) {
				switch v.Outcome {
				case intent.Stands:
					found++
					equal(p, "It is the flight E-307 that is in conflict", d.ID == p.names["E-307"], true)
					equal(p.part(), "The other is N-303. Its id:", v.ID, p.names["N-303"])
					equal(p, "E-307 is now no more than", d.State, intent.Proposed)
				default:
					p.check(v.Outcome == intent.Lapsed, name+" need not yield to what was accepted without a rule", v.Outcome)
				}
			}
		}
	}
	equal(p.part(), "Flights declared again:", count, 14)
	equal(p, "New conflicts among them:", found, 1)
	p.lacks(agreement.Signatures)
	east := p.actor(el)
	p.say("EL raises E-307 to 20,000 ft.")
	raised := came[intent.Decided](p, east.does("intent.change", intent.Change{
		ID: p.names["E-307"], Token: east.declared("E-307").Token, Plan: p.e307(20_000),
	}, "el-watch"))
	equal(p, "Raised to 20,000 ft E-307 is", raised.State, intent.Accepted)
}

// redeclare declares an intent again as it stands, with what its owner then
// turns out not to have read.
func (p *Play) redeclare(id party.ID, name string) intent.Decided {
	a := p.actor(id)
	body := intent.Redeclare{ID: p.names[name], Token: a.declared(name).Token}
	taken, err := a.tries("intent.redeclare", body, string(id)+"-watch")
	var refused *client.Problem
	if errors.As(err, &refused) && refused.Kind() == "act-stale" {
		for _, m := range refusalOf[intent.StaleDetails](p, refused).Missing {
			body.ReadSet = append(body.ReadSet, a.declaredID(m.ID).Token)
		}
		taken, err = a.tries("intent.redeclare", body, string(id)+"-watch")
	}
	if err != nil {
		p.fail(fmt.Errorf("%s is declared again: %w%s", name, err, detailsOf(err)))
	}
	return came[intent.Decided](p, taken)
}

// resumeM1 is D+5 09:40.
func resumeM1(p *Play) {
	east := p.actor(el)
	equal(p.part(), "The procedure is at its", east.agreement("M1").Resuming.Phase, agreement.PhaseNotices)
	east.does("agreement.resume", agreement.Resume{Agreement: "M1", Procedure: p.names["resumption"], Keep: []string{"crossings"}}, "el-minister", "el-chief")
	for i, id := range []party.ID{nc, el} {
		p := p.beside(i)
		seen := p.actor(id).agreement("M1").Legal
		equal(p, "Both see M1 as", seen.State, agreement.InForce)
		equal(p.part(), "since", seen.Since, p.at("D+5 09:40"))
		p.check(len(seen.Annexes) == 1 && seen.Annexes[0].Annex == "crossings" && seen.Annexes[0].State == agreement.InSuspension,
			"The annex on crossings stays suspended")
	}
	rules := p.actor(nc).rules(el)
	equal(p, "The separation of M1 holds again", rules.Minima[0].Suspended, false)
	equal(p.part(), "Lines, which are in the annex:", len(rules.Lines), 0)
}
