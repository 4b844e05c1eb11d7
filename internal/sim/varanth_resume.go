package sim

import (
	"errors"
	"fmt"
	"slices"

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
		p.check(r.Event.Seen+10 < r.Index, "it has entries to read", r.Index-r.Event.Seen)
		equal(p, "until then it is", p.standing(a.id), bearer.Resync)
	}
	for _, a := range pair {
		a.seen = p.size() - 1
	}
	p.clock("D+5 08:31")
	for _, a := range pair {
		only[bearer.Resynced](a, "that it has read what it missed", func(r *bearer.Resynced) bool { return r.Of == a.id })
		equal(p, "it is", p.standing(a.id), bearer.Up)
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
	for _, a := range []*Actor{p.actor(nc), p.actor(el)} {
		seen := a.agreement("M1")
		equal(p, fmt.Sprintf("to %s M1 is", a.id), seen.Legal.State, agreement.InSuspension)
		var open []agreement.Item
		if seen.Resuming == nil {
			p.check(false, "a resumption is under way")
			continue
		}
		for _, i := range seen.Resuming.Items {
			if !i.OK {
				open = append(open, i.Item)
			}
		}
		slices.Sort(open)
		slices.Sort(want)
		equal(p, "still open are", fmt.Sprint(open), fmt.Sprint(want))
	}
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
	positions := came[incident.Proposed](p, north.does("incident.fact", incident.Propose{
		Incident: i1, Kind: incident.Fact, Text: "At 09:29:53 the two were 0.45 NM and 1,100 ft apart.",
	}, "nc-duty")).Number
	east.does("incident.answer", incident.Reply{Incident: i1, Number: positions, Stance: incident.Agrees}, "el-duty")
	calls := []int64{p.entries["called 09:18:00"], p.entries["failed over voice"]}
	slices.Sort(calls)
	first := came[incident.Proposed](p, north.does("incident.fact", incident.Propose{
		Incident: i1, Kind: incident.Fact, Text: "NC called first, at 09:18:00.", Evidence: calls,
	}, "nc-duty"))
	equal(p, "evidence for it is in the record", len(first.Evidence), 2)
	east.does("incident.answer", incident.Reply{
		Incident: i1, Number: first.Number, Stance: incident.Disputes, Reason: "The watch heard no call.",
	}, "el-duty")
	for _, a := range []*Actor{north, east} {
		seen := look[incident.Shown](a, "incident", "/v1/incidents/", i1)
		equal(p, fmt.Sprintf("to %s, agreed are", a.id), fmt.Sprint(seen.AgreedPoints), fmt.Sprint([]int64{positions}))
		equal(p, "disputed are", fmt.Sprint(seen.DisputedPoints), fmt.Sprint([]int64{first.Number}))
		equal(p, "accounts beside each other", len(seen.Accounts), 2)
		equal(p, "as no crew says otherwise it is", seen.Category, incident.Category(incident.Separation))
		p.check(slices.ContainsFunc(seen.Frozen, func(e incident.Evidence) bool { return e.Index == calls[0] }), "the attempts are in the evidence")
	}
}

// testAgain is D+5 09:15.
func testAgain(p *Play) {
	for _, pair := range [][2]party.ID{{nc, el}, {el, nc}} {
		for _, b := range []string{"data", "voice", "satellite"} {
			p.actor(pair[0]).does("bearer.test", bearer.TestCall{To: pair[1], Bearer: b}, string(pair[0])+"-watch")
		}
	}
	equal(p, "good test calls of 6", p.tests(func(bearer.Line) int64 { return 5 }), 6)
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
					equal(p, "in conflict, and no more than proposed, is", d.ID, p.names["E-307"])
					equal(p, "with", v.ID, p.names["N-303"])
					equal(p, "which is", d.State, intent.Proposed)
				default:
					equal(p, name+" need not yield to what was accepted without a rule", v.Outcome, intent.Lapsed)
				}
			}
		}
	}
	equal(p, "intents declared again", count, 14)
	equal(p, "new conflicts among them", found, 1)
	p.lacks(agreement.Signatures)
	east := p.actor(el)
	raised := came[intent.Decided](p, east.does("intent.change", intent.Change{
		ID: p.names["E-307"], Token: east.declared("E-307").Token, Plan: p.e307(20_000),
	}, "el-watch"))
	equal(p, "E-307, raised to 20,000 ft, is", raised.State, intent.Accepted)
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
	equal(p, "the phase is", east.agreement("M1").Resuming.Phase, agreement.PhaseNotices)
	east.does("agreement.resume", agreement.Resume{Agreement: "M1", Procedure: p.names["resumption"], Keep: []string{"crossings"}}, "el-minister", "el-chief")
	for _, id := range []party.ID{nc, el} {
		seen := p.actor(id).agreement("M1").Legal
		equal(p, fmt.Sprintf("to %s M1 is", id), seen.State, agreement.InForce)
		equal(p, "since", seen.Since, p.at("D+5 09:40"))
		p.check(len(seen.Annexes) == 1 && seen.Annexes[0].Annex == "crossings" && seen.Annexes[0].State == agreement.InSuspension,
			"the annex on crossings stays suspended", seen.Annexes)
	}
	rules := p.actor(nc).rules(el)
	equal(p, "the minima hold again", rules.Minima[0].Suspended, false)
	equal(p, "lines, which the annex has", len(rules.Lines), 0)
}
