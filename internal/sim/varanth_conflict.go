package sim

import (
	"fmt"
	"slices"
	"strings"

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
	p.say("NC declares N-204, an area of 12 NM from 9,000 to 16,000 ft, without having looked at H-17.")
	refusal := north.refused("act-stale", "intent.declare", intent.Declare{Plan: p.n204(9000)}, "nc-watch")
	missing := refusalOf[intent.StaleDetails](p, refusal).Missing
	p.check(len(missing) == 1 && missing[0].ID == p.names["H-17"], "It names what NC has to read first: H-17, and nothing else")
	p.say("NC reads H-17 and declares N-204 again.")
	first := p.declare(nc, "N-204", p.n204(9000), "H-17")
	equal(p, "N-204 is", first.State, intent.Proposed)
	equal(p.part(), "Its conflicts with other flights number", len(against(&first, intent.AgainstIntent)), 1)
	c1 := p.verdict(&first, p.names["H-17"])
	equal(p, "H-17, which outranks it,", c1.Outcome, intent.Stands)
	m := p.measured(c1)
	p.about("The middle of N-204 and H-17 would be closest at", m.At, "09:13:57")
	if m.CentreTenthMM != nil {
		p.miles("at a distance of", *m.CentreTenthMM/10, 3.52)
	} else {
		p.part().check(false, "the verdict has a distance of centre lines")
	}
	p.about("With 5 NM of separation they are in conflict from", c1.From, "09:06:49")
	p.about("to", c1.To, "09:21:04")
	equal(p.part(), "The separation is that of", c1.Source.Agreement, "M1")
	bare := north.recompute("N-204", "H-17", leastMM)
	p.part().about("NC's own program finds H-17's centre line inside N-204 from", statement.Instant(bare.FromNS), "09:09:19")
	p.part().about("to", statement.Instant(bare.ToNS), "09:18:34")
	p.check(slices.Contains(first.Flags, intent.FlagUncovered), "The node flags that Aldmar, which flies it, is not covered by M1")
	none(p.part(), "The node has nothing to say of the line", len(against(&first, intent.AgainstLine)))
	rules := north.rules(el)
	standing, distance := rules.Lines[0].Reach(nc, p.placed(&first.Shape).Volumes[0].Footprint)
	equal(p.part(), "As to the line its western edge is on", standing, terms.OwnSide)
	p.part().miles("and away from it by", distance, 5.63)
	told := only[intent.Conflicting](p.actor(hr), "of the conflict", nil).Event
	equal(p.part(), "It is the conflict with", told.ID, first.ID)
	equal(p, "HR's own flight is still", p.actor(hr).declared("H-17").State, intent.Accepted)
}

// raiseN204 is D 07:12.
func raiseN204(p *Play) {
	north := p.actor(nc)
	found := north.options("N-204")
	i := slices.IndexFunc(found, func(o option) bool { return o.Kind == "floor" && o.Body != nil })
	p.check(i >= 0, fmt.Sprintf("The node finds %d ways; one is a higher floor", len(found)))
	if i < 0 {
		return
	}
	floor := found[i].Body.Volumes[0].Lower
	p.check(floor.MM >= feet(12_000) && floor.MM < feet(12_001), "of 12,000 ft")
	k := slices.IndexFunc(found, func(o option) bool { return o.Kind == "start" && o.Body != nil })
	p.check(k >= 0, "Another is to start later,")
	if k >= 0 {
		p.about("at", found[k].Body.Volumes[0].Start, "09:21:04")
	}
	moved := p.n204(9000)
	moved.Volumes[0].Footprint.Circle.Centre = toward(at(12.10, -29.70), 53.7, 14.6)
	h17 := north.declared("H-17")
	meets, err := conflict.Decide(p.placed(&moved.Shape), p.placed(&h17.Shape), conflict.Minima{LateralMM: nm(5), VerticalMM: feet(2000)})
	p.fail(err)
	p.check(!meets, "NC's own program finds another way: 14.6 NM to the north-east")
	version := p.optionAsked(found, i)
	p.say("NC takes the floor of 12,000 ft.")
	found[i].Body.Token = north.declared("N-204").Token
	second := came[intent.Decided](p, north.does("intent.change", found[i].Body, "nc-watch"))
	equal(p, "N-204 is", second.State, intent.Accepted)
	equal(p.part(), "in version", second.Version, version+1)
	equal(p.part(), "Its conflicts with other flights number", len(against(&second, intent.AgainstIntent)), 0)
	seen := p.actor(el).declared("N-204")
	p.check(slices.Contains(seen.Flags, intent.FlagUncovered), "EL sees, too, that Aldmar is not covered by M1")
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
	equal(p.part(), "Its conflicts with other flights number", len(against(&e88, intent.AgainstIntent)), 0)
	v := p.verdict(&e88, "Orrin")
	equal(p, "Against the line the node finds a", v.Outcome, intent.CrossDeclared)
	p.about("at", v.From, "09:26:00")
	if place := p.measured(v).Place; place != nil {
		p.part().check(max(place.LatE9-12_172_300_000, 12_172_300_000-place.LatE9) < 100_000, "at 12.1723 N, in billionths of a degree:", place.LatE9)
	} else {
		p.part().check(false, "the verdict says where")
	}
	bare := north.recompute("E-88", "N-204", feet(6500))
	p.about("It is over N-204 from", statement.Instant(bare.FromNS), "09:27:02")
	p.about("to", statement.Instant(bare.ToNS), "09:31:00")
	if h := bare.MinVertical; h != nil {
		p.check(max(h.VerticalMM-feet(4000), feet(4000)-h.VerticalMM) < 1000, "and 4,000 ft above it")
	} else {
		p.part().check(false, "the verdict has a height")
	}
	p.say("EL sends NC's watch the crossing: 12.1723 N, at 09:26, at 20,000 ft.")
	sent := came[channel.Sent](p, east.does("channel.send", channel.Send{
		To: channel.Address{Party: nc, Position: "watch"}, Type: channel.TypeCrossingNotice, Precedence: channel.Priority, Ref: e88.ID,
		Fields: crossingFields("D 09:26", p),
	}, "el-watch"))
	p.names["crossing notice"] = sent.ID
	equal(p, "By M1 the message asks for a", sent.Response, channel.ReadBack)
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
	p.say("NC's watch misheard, and says 09:36 where EL said 09:26.")
	say("D 09:36")
	mismatch := only[channel.Mismatched](east, "that the read-back does not match", nil).Event
	equal(p, "The field that differs is", strings.Join(mismatch.Fields, ", "), "cross_time")
	equal(p, "and the message stays open", look[channel.Message](east, "message", "/v1/messages/", p.names["crossing notice"]).Ended != 0, false)
	p.clock("D 07:35")
	p.say("NC's watch says 09:26.")
	say("D 09:26")
	right := only[channel.Confirmed](east, "that the second read-back matches", nil)
	equal(p, "It closes the message as", right.Event.Ending, channel.AsReadBack)
	p.about("at", right.At, "07:35:00")
}
