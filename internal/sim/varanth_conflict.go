package sim

import (
	"fmt"
	"slices"

	"github.com/deconflict/deconflict/internal/channel"
	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// n204 is what N-204 declares, with a floor in feet.
func (p *Play) n204(floor float64) plan {
	where := declared.Shape{Volumes: []declared.Volume{p.around(at(12.10, -29.70), 12, floor, 16_000, "D 08:45", "D 10:00")}}
	return p.plan("N-204", "state", where, func(d *plan) { d.Member = aldmar })
}

// declareN204 is D 07:10.
func declareN204(p *Play) {
	north := p.actor(nc)
	refusal := north.refused("act-stale", "intent.declare", intent.Declare{Plan: p.n204(9000)}, "nc-watch")
	missing := refusalOf[intent.StaleDetails](p, refusal).Missing
	p.check(len(missing) == 1 && missing[0].ID == p.names["H-17"], "who did not read H-17 is told that it meets it", missing)
	first := p.declare(nc, "N-204", p.n204(9000), "H-17")
	equal(p, "N-204 is", first.State, intent.Proposed)
	equal(p, "conflicts", len(against(&first, intent.AgainstIntent)), 1)
	c1 := p.verdict(&first, p.names["H-17"])
	equal(p, "H-17, which outranks it,", c1.Outcome, intent.Stands)
	m := p.measured(c1)
	p.about("closest", m.At, "09:13:57")
	if m.CentreTenthMM != nil {
		p.miles("centre line to centre", *m.CentreTenthMM/10, 3.52)
	} else {
		p.check(false, "the verdict has a distance of centre lines")
	}
	p.about("with the separation of 5 NM and the half width of 1 NM in conflict from", c1.From, "09:06:49")
	p.about("to", c1.To, "09:21:04")
	equal(p, "by the agreement", c1.Source.Agreement, "M1")
	bare := north.recompute("N-204", "H-17", leastMM)
	p.about("the centre line is inside 12 NM from", statement.Instant(bare.FromNS), "09:09:19")
	p.about("to", statement.Instant(bare.ToNS), "09:18:34")
	p.check(slices.Contains(first.Flags, intent.FlagUncovered), "it is flagged: the member is not covered", first.Flags)
	equal(p, "what it has to say of the line", len(against(&first, intent.AgainstLine)), 0)
	rules := north.rules(el)
	standing, distance := rules.Lines[0].Reach(nc, p.placed(&first.Shape).Volumes[0].Footprint)
	equal(p, "its western edge is on", standing, terms.OwnSide)
	p.miles("from the line", distance, 5.63)
	told := only[intent.Conflicting](p.actor(hr), "the conflict", nil).Event
	equal(p, "HR is told of the conflict with", told.ID, first.ID)
	equal(p, "HR's own flight", p.actor(hr).declared("H-17").State, intent.Accepted)
}

// raiseN204 is D 07:12.
func raiseN204(p *Play) {
	north := p.actor(nc)
	found := north.options("N-204")
	i := slices.IndexFunc(found, func(o option) bool { return o.Kind == "floor" && o.Body != nil })
	p.check(i >= 0, "an option: a higher floor", len(found), " options")
	if i < 0 {
		return
	}
	floor := found[i].Body.Volumes[0].Lower
	p.check(floor.MM >= feet(12_000) && floor.MM < feet(12_001), "of 12,000 ft", found[i].Words, ", ", floor.MM, " mm")
	k := slices.IndexFunc(found, func(o option) bool { return o.Kind == "start" && o.Body != nil })
	p.check(k >= 0, "an option: to start later")
	if k >= 0 {
		p.about("at", found[k].Body.Volumes[0].Start, "09:21:04")
	}
	moved := p.n204(9000)
	moved.Volumes[0].Footprint.Circle.Centre = toward(at(12.10, -29.70), 53.7, 14.6)
	h17 := north.declared("H-17")
	meets, err := conflict.Decide(p.placed(&moved.Shape), p.placed(&h17.Shape), conflict.Minima{LateralMM: nm(5), VerticalMM: feet(2000)})
	p.fail(err)
	p.check(!meets, "or to move by 14.6 NM, by NC's own program")
	second := came[intent.Decided](p, north.does("intent.change", found[i].Body, "nc-watch"))
	equal(p, "N-204 is", second.State, intent.Accepted)
	equal(p, "in version", second.Version, 2)
	equal(p, "conflicts", len(against(&second, intent.AgainstIntent)), 0)
	seen := p.actor(el).declared("N-204")
	p.check(slices.Contains(seen.Flags, intent.FlagUncovered), "EL sees that the member is not covered", seen.Flags)
	north.does("intent.told", intent.Tell{ID: second.ID, Party: vc, How: "by telephone"}, "nc-watch")
}

// declareE88 is D 07:30.
func declareE88(p *Play) {
	east, north := p.actor(el), p.actor(nc)
	way := flight(0, 1000, fix{at(12.30, -30.60), 21_000, p.at("D 09:20")}, fix{at(12.00, -29.20), 21_000, p.at("D 09:34")})
	crossing := intent.Crossing{Line: "Orrin", At: at(12.1723, -30), Time: p.at("D 09:26")}
	e88 := p.declare(el, "E-88", p.plan("E-88", "state", declared.Shape{Trajectories: []declared.Trajectory{way}}, func(d *plan) {
		d.Crossings = []intent.Crossing{crossing}
	}))
	equal(p, "E-88 is", e88.State, intent.Accepted)
	equal(p, "conflicts", len(against(&e88, intent.AgainstIntent)), 0)
	v := p.verdict(&e88, "Orrin")
	equal(p, "it crosses the line", v.Outcome, intent.CrossDeclared)
	p.about("at", v.From, "09:26:00")
	if place := p.measured(v).Place; place != nil {
		p.check(max(place.LatE9-12_172_300_000, 12_172_300_000-place.LatE9) < 100_000, "at 12.1723 N", place.LatE9)
	} else {
		p.check(false, "the verdict says where")
	}
	bare := north.recompute("E-88", "N-204", feet(6500))
	p.about("over N-204 from", statement.Instant(bare.FromNS), "09:27:02")
	p.about("to", statement.Instant(bare.ToNS), "09:31:00")
	if h := bare.MinVertical; h != nil {
		p.check(max(h.VerticalMM-feet(4000), feet(4000)-h.VerticalMM) < 1000, "4,000 ft above it", h.VerticalMM, " mm")
	} else {
		p.check(false, "the verdict has a height")
	}
	sent := came[channel.Sent](p, east.does("channel.send", channel.Send{
		To: channel.Address{Party: nc, Position: "watch"}, Type: channel.TypeCrossingNotice, Precedence: channel.Priority, Ref: e88.ID,
		Fields: crossingFields("D 09:26", p),
	}, "el-watch"))
	p.names["crossing notice"] = sent.ID
	equal(p, "it asks for", sent.Response, channel.ReadBack)
}

// crossingFields say where, when and how high E-88 crosses.
func crossingFields(time string, p *Play) []channel.Field {
	place, instant, level := at(12.1723, -30), p.at(time), sea(20_000)
	return []channel.Field{
		{Name: "cross_point", Value: terms.Value{Position: &place}},
		{Name: "cross_time", Value: terms.Value{At: &instant}},
		{Name: "level_from", Value: terms.Value{Level: &level}},
	}
}

// readBack is D 07:33: the time is misheard.
func readBack(p *Play) {
	if p.node.Part == nc {
		p.readBackAsked()
		return
	}
	north, east := p.actor(nc), p.actor(el)
	say := func(time string) {
		north.does("channel.readback", channel.SayBack{
			Message: p.names["crossing notice"], Values: crossingFields(time, p), Method: channel.Blind, Position: "watch",
		}, "nc-watch")
	}
	say("D 09:36")
	mismatch := only[channel.Mismatched](east, "the read-back does not match", nil).Event
	equal(p, "in", fmt.Sprint(mismatch.Fields), "[cross_time]")
	equal(p, "the message is closed", look[channel.Message](east, "message", "/v1/messages/", p.names["crossing notice"]).Ended != 0, false)
	p.clock("D 07:35")
	say("D 09:26")
	right := only[channel.Confirmed](east, "the second read-back matches", nil)
	equal(p, "which closes the message", right.Event.Ending, channel.AsReadBack)
	p.about("at", right.At, "07:35:00")
}
