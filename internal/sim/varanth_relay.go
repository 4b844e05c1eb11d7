package sim

import (
	"slices"

	"github.com/deconflict/deconflict/internal/channel"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/statement"
)

// declareH18 is D 07:50: how HR flies back.
func declareH18(p *Play) {
	way := flight(0, 1000, fix{strip, 9000, p.at("D 10:10")}, fix{at(11.20, -29.80), 9000, p.at("D 10:38")})
	d := p.declare(hr, "H-18", p.plan("H-18", "humanitarian", declared.Shape{Trajectories: []declared.Trajectory{way}}, nil))
	equal(p, "H-18 is", d.State, intent.Accepted)
}

// relaySandmere is D 08:05: what EL heard of SM.
func relaySandmere(p *Play) {
	east, relief := p.actor(el), p.actor(hr)
	area := declared.Shape{Volumes: []declared.Volume{{
		Footprint: declared.Footprint{Polygon: []declared.Point{at(11.25, -30.10), at(11.25, -29.60), at(11.55, -29.60), at(11.55, -30.10)}},
		Upper:     seaAt(12_000), Start: p.at("D 10:15"), End: p.at("D 11:00"),
	}}}
	p.say("Sandmere tells EL that it works in an area below 12,000 ft. EL passes it on to HR.")
	report := intent.Report{
		About: "Sandmere", Origin: "Sandmere", Chain: []string{"el"}, Grade: "hearsay",
		Text: "Sandmere works in the area, below 12,000 ft.", Shape: area,
	}
	before := p.actor(hr).declared("H-18")
	reported := came[intent.Reported](p, east.does("intent.report", report, "el-watch"))
	told := only[intent.Reported](relief, "of the report, as hearsay by way of EL", func(r *intent.Reported) bool {
		return r.Grade == "hearsay" && slices.Equal(r.Chain, []string{"el"}) && r.By == el
	})
	equal(p.part(), "It is the report", told.Event.ID, reported.ID)
	after := relief.declared("H-18")
	v := p.verdict(&after, reported.ID)
	equal(p, "For H-18 the report is", v.Outcome, intent.Hearsay)
	p.about("H-18 would be in the area of the report from", v.From, "10:29:50")
	p.about("to", v.To, "10:36:50")
	equal(p, "H-18 is still", after.State, before.State)
	equal(p.part(), "in version", after.Version, before.Version)
	message := came[channel.Sent](p, east.does("channel.send", channel.Send{
		To: channel.Address{Party: hr, Position: "watch"}, Type: channel.TypeRelay, Precedence: channel.Priority, Ref: reported.ID,
		Relay:    &channel.Relay{Origin: "Sandmere", Chain: []string{"el"}, Grade: "hearsay"},
		Language: "en", Text: "Sandmere says that it works in an area that H-18 crosses.",
	}, "el-watch"))
	relief.does("channel.answer", channel.Respond{Message: message.ID, Answer: channel.SayRoger, Position: "watch"}, "hr-watch")
	// SM is told of H-18 by whom it talks to, and by nobody else.
	sandmere := func() intent.Telling {
		d := relief.declared("H-18")
		i := slices.IndexFunc(d.Tellings, func(t intent.Telling) bool { return t.Party == sm })
		p.part().check(i >= 0, "Sandmere is listed among those to be told of H-18")
		return d.Tellings[max(i, 0)]
	}
	equal(p.part(), "Nobody had undertaken to tell Sandmere", sandmere().By, "")
	east.does("intent.undertake", intent.Undertake{ID: p.names["H-18"], Party: sm, Until: p.at("D 09:30")}, "el-watch")
	t := sandmere()
	equal(p, "Sandmere is to be told of H-18 by", t.By, el)
	equal(p.part(), "It has not been told yet; this instant stands for none:", t.Told, statement.Instant(0))
	equal(p.part(), "Agreements that bind Sandmere:", len(look[[]any](p.actor(sm), "agreements", "/v1/agreements", "")), 0)
}
