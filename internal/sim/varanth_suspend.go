package sim

import (
	"fmt"
	"slices"

	"github.com/deconflict/deconflict/internal/agreement"
	"github.com/deconflict/deconflict/internal/bearer"
	"github.com/deconflict/deconflict/internal/channel"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/incident"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/terms"
)

// endFlights is D 10:00: what was flown is over.
func endFlights(p *Play) {
	p.actor(el).does("intent.end", intent.End{ID: p.names["E-88"]}, "el-watch")
	p.actor(nc).does("intent.end", intent.End{ID: p.names["N-204"]}, "nc-watch")
	equal(p, "E-88 is", p.actor(nc).declared("E-88").State, intent.Ended)
	equal(p, "N-204 is", p.actor(el).declared("N-204").State, intent.Ended)
}

// openIntents are those that both sides have declared for D+5.
func openIntents() (names map[party.ID][]string) {
	names = map[party.ID][]string{}
	for i := range 7 {
		names[nc] = append(names[nc], fmt.Sprintf("N-30%d", i+1))
		if i < 6 {
			names[el] = append(names[el], fmt.Sprintf("E-30%d", i+1))
		}
	}
	names[el] = append(names[el], "E-307")
	return names
}

// declareLater is D 10:40: each side declares what it will do on D+5, on its own
// side of the line.
func declareLater(p *Play) {
	accepted := 0
	for _, id := range []party.ID{nc, el} {
		lng := -29.2
		if id == el {
			lng = -30.8
		}
		for i, name := range openIntents()[id] {
			if name == "E-307" {
				continue // comes later
			}
			where := declared.Shape{Volumes: []declared.Volume{p.around(at(11.1+0.3*float64(i), lng), 3, 10_000, 12_000, "D+5 12:00", "D+5 14:00")}}
			d := p.declare(id, name, p.plan(name, "state", where, nil))
			p.part().check(d.State == intent.Accepted, name+" is accepted", d.State)
			if d.State == intent.Accepted {
				accepted++
			}
		}
	}
	equal(p, "Flights that are accepted, of 13:", accepted, 13)
}

// suspendM1 is D 11:00.
func suspendM1(p *Play) {
	north, east := p.actor(nc), p.actor(el)
	east.does("agreement.suspend", agreement.Suspend{
		Agreement: "M1", Reason: "The events of 09:17 to 09:30.",
		Demands: []string{"A joint inquiry into the events of 09:17 to 09:30."}, ReplyBy: p.at("D+2 11:00"),
	}, "el-minister")
	p.say("EL's minister suspends M1 and demands a joint inquiry within two days.")
	before := north.agreement("M1")
	equal(p, "M1 is", before.Legal.State, agreement.InSuspension)
	equal(p.part(), "by", before.Legal.By, el)
	p.part().about("since", before.Legal.Since, "11:00:00")
	p.names["suspension"] = before.Notices[0].ID
	p.say("NC objects: to NC the memorandum is still in effect.")
	north.does("agreement.object", agreement.Object{
		Agreement: "M1", Notice: p.names["suspension"], Text: "The memorandum is still in effect.",
	}, "nc-commander")
	for i, a := range []*Actor{north, east} {
		p := p.beside(i)
		seen := a.agreement("M1").Legal
		equal(p.part(), fmt.Sprintf("%s sees M1 as", called(a.id)), seen.State, agreement.InSuspension)
		p.part().check(len(seen.Contested) == 1 && seen.Contested[0].By == nc, "NC's objection stands beside it. Objections:", len(seen.Contested))
		equal(p, "The floor is", a.agreement("M1-floor").Legal.State, agreement.InForce)
	}
	for _, beat := range look[bearer.Link](north, "link", "/v1/links/", string(el)).Heartbeats {
		equal(p.part(), fmt.Sprintf("The link to %s is", called(beat.Of)), beat.Condition, bearer.Up)
	}
	p.regraded(nc, el, 7)
	p.regraded(el, nc, 6)
	p.protected(nc)
	p.protected(el)
	// What a press office says moves nothing.
	p.say("NC sends a message that its press office says M1 is in effect.")
	press := came[channel.Sent](p, north.does("channel.send", channel.Send{
		To: channel.Address{Party: el, Position: "duty-director"}, Type: channel.TypeAdmin, Precedence: channel.Routine,
		Language: "en", Text: "Our press office says that the memorandum is in effect.",
	}, "nc-duty"))
	east.does("channel.answer", channel.Respond{Message: press.ID, Answer: channel.SayRoger, Position: "duty-director"}, "el-staff")
	equal(p, "After NC's word to the press M1 is", east.agreement("M1").Legal.State, agreement.InSuspension)
}

// regraded checks that the open intents of a party rest on no rule any more.
func (p *Play) regraded(owner, other party.ID, count int) {
	names := openIntents()[owner]
	found := 0
	for _, n := range heard[intent.Reviewed](p.actor(owner)) {
		if slices.ContainsFunc(names, func(name string) bool { return p.names[name] == n.Event.ID }) && slices.Contains(n.Event.NoRule, other) {
			found++
		}
	}
	equal(p, fmt.Sprintf("Flights of %s that now rest on no rule:", called(owner)), found, count)
	rules := p.actor(owner).rules(other)
	equal(p.part(), "The rules between the two are suspended", rules.Suspended, true)
	equal(p.part(), "Margins, in per cent:", rules.Margins.Of(terms.Declared, terms.Conditions{NoRule: rules.Suspended}), 200)
	equal(p.part(), "The separation of M1 binds nobody now", rules.Minima[0].Suspended, true)
	equal(p, fmt.Sprintf("To %s sites stay protected, by", called(owner)), rules.Sites.Source.Agreement, "M1-floor")
}

// protected checks that S-1 is in the way of whoever plans to fly low over it.
func (p *Play) protected(id party.ID) {
	where := declared.Shape{Volumes: []declared.Volume{p.around(at(12.36, -29.93), 1, 500, 3000, "D 13:00", "D 14:00")}}
	d := p.declare(id, "low", p.plan("low", "state", where, nil))
	sites := against(&d, intent.AgainstSite)
	p.check(len(sites) == 1 && sites[0].ID == p.names["S-1"], fmt.Sprintf("A low flight over the hospital is still found in %s's own plans", called(id)))
	p.actor(id).does("intent.withdraw", intent.Withdraw{ID: d.ID}, string(id)+"-watch")
}

// declareUnruled is D 11:10: a flight that the rules would not let pass.
func declareUnruled(p *Play) {
	d := p.declare(el, "E-307", p.e307(11_000))
	equal(p, "E-307 is", d.State, intent.Accepted)
	v := p.verdict(&d, p.names["N-303"])
	equal(p, "with the warning", v.Outcome, intent.NoRule)
	p.part().check(v.Required != nil && v.Required.Percent == 200 && v.Required.LateralMM == nm(10), "The warning counts twice the separation")
}

// e307 is a flight eastward, past N-303 at 3 NM.
func (p *Play) e307(level float64) plan {
	way := flight(0, 500, fix{at(11.80, -30.6), level, p.at("D+5 12:30")}, fix{at(11.80, -29.1), level, p.at("D+5 12:50")})
	return p.plan("E-307", "state", declared.Shape{Trajectories: []declared.Trajectory{way}}, nil)
}

// stopLow is D 11:20.
func stopLow(p *Play) {
	relief := p.actor(hr)
	site := at(12.36, -29.93)
	said := p.ask(hr, "White aircraft pass low over the hospital. You call STOP: what do you say?", "Aircraft low over S-1.")
	p.say("HR calls STOP within 2 NM of S-1: %s", said)
	stop := came[channel.StopSent](p, relief.does("channel.stop", channel.CallStop{
		Where:  channel.Place{Point: &site, RadiusMM: nm(2), Text: said},
		AtRisk: "people", Callback: "+999 5550", To: []party.ID{nc, el, vc},
	}, "hr-watch"))
	p.names["stop"] = stop.Stop
	for _, id := range []party.ID{nc, el, vc} {
		m := only[channel.Sent](p.actor(id), "of the STOP, while M1 is suspended,", func(s *channel.Sent) bool { return s.Precedence == channel.Stop })
		p.about("at", m.At, "11:20:00")
		calling := slices.ContainsFunc(heard[channel.StopAlarmed](p.actor(id)), func(n news[channel.StopAlarmed]) bool { return n.Event.Stop == stop.Stop })
		p.part().check(calling, fmt.Sprintf("People are called at %s", called(id)))
	}
	p.clock("D 11:20:30")
	const about = "aircraft low over S-1, people at risk."
	says := map[party.ID]string{
		nc: p.answerStop(nc, about, channel.NotMine), el: p.answerStop(el, about, channel.Held), vc: channel.NotMine,
	}
	p.say("EL's watch answers: %s.", words(says[el]))
	p.actor(el).does("channel.hold", channel.Hold{Stop: stop.Stop, Outcome: says[el], Position: "watch"}, "el-watch")
	p.clock("D 11:20:50")
	p.say("NC's watch answers: %s. Varanth Control has nobody there.", words(says[nc]))
	p.actor(nc).does("channel.hold", channel.Hold{Stop: stop.Stop, Outcome: says[nc], Position: "watch", Note: "We search."}, "nc-watch")
	p.actor(vc).does("channel.hold", channel.Hold{Stop: stop.Stop, Outcome: channel.NotMine, Position: "watch"}, "vc-watch")
	seen := look[channel.StopCall](relief, "stop", "/v1/stops/", stop.Stop)
	for _, r := range seen.To {
		p.check(r.Outcome == says[r.Party], fmt.Sprintf("HR sees that %s says: %s", called(r.Party), words(r.Outcome)))
		p.part().check(r.First-seen.At < 60e9, "Within a minute, at", r.First)
	}
	opened := only[incident.Opened](relief, "that an incident was opened", nil).Event
	equal(p.part(), "It is a", opened.Kind, incident.Stop)
	p.names["I-2"] = opened.Incident
	p.clock("D 11:26")
	p.say("HR says that the aircraft left, and lifts its STOP.")
	lifted := came[channel.StopLifted](p, relief.does("channel.resume", channel.Resume{Stop: stop.Stop, Reason: "The aircraft left."}, "hr-coordinator"))
	equal(p, "The STOP stood for so many minutes:", lifted.LostMS/60_000, 6)
	for _, id := range []party.ID{nc, el, vc} {
		m := only[channel.Sent](p.actor(id), "that it is over", func(s *channel.Sent) bool { return s.Dispatch.Type == channel.TypeResumed })
		p.actor(id).does("channel.answer", channel.Respond{Message: m.Event.ID, Answer: channel.SayRoger, Position: "watch"}, watchOf(id))
	}
	equal(p.part(), "All the while M1 is", p.actor(el).agreement("M1").Legal.State, agreement.InSuspension)
}

// goQuiet is D 11:30: both take their programs off the line, and say so.
func goQuiet(p *Play) {
	for _, pair := range [][2]party.ID{{nc, el}, {el, nc}} {
		p.actor(pair[0]).does("bearer.announce", bearer.Announce{
			To: pair[1], Bearer: bearer.HeartbeatBearer, From: p.at("D 11:30"), Until: p.at("D+5 08:30"), Cause: bearer.Deliberate,
		}, string(pair[0])+"-watch")
	}
	p.say("Both announce it, until D+5 08:30.")
	for _, id := range p.beating {
		p.entries["read by "+string(id)] = p.actor(id).seen
	}
	p.disconnect(nc, el)
	p.clock("D 11:35")
	p.say("The node has not heard of their programs for three heartbeats.")
	for _, a := range []*Actor{p.actor(nc), p.actor(el)} {
		s := only[bearer.Silenced](a, "that the other is silent", func(s *bearer.Silenced) bool { return s.To == a.id }).Event
		p.check(len(s.Causes) == 1 && s.Causes[0].Cause == bearer.Deliberate, "and that it is so on purpose, as the other announced")
	}
	for _, d := range look[registry.Shown](p.actor(nc), "party", "/v1/parties/", string(el)).Desks {
		p.check(d.Manned, "NC sees that the "+d.Position+" of EL is manned")
	}
}

// answerDemand is D+1 10:00.
func answerDemand(p *Play) {
	p.actor(nc).does("agreement.answer", agreement.Answer{
		Agreement: "M1", Notice: p.names["suspension"], Demand: 1, Text: "We take part in the inquiry, on the joint sheet of the incident.",
	}, "nc-commander")
	told := only[agreement.Answered](p.actor(el), "the answer to its demand", nil).Event
	equal(p.part(), "The answer is in time", told.Late, false)
}
