package sim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/deconflict/deconflict/internal/bearer"
	"github.com/deconflict/deconflict/internal/channel"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/notice"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/record"
	"github.com/deconflict/deconflict/internal/terms"
)

// strip is Weir Strip, by which people check where the hospital is.
var strip = at(12.40, -30.00)

// hospital is S-1 at a place, as measured in some ways.
func (p *Play) hospital(where declared.Point, methods ...string) notice.Content {
	c := notice.Content{
		Name: "S-1", Kind: notice.Static, Function: "health", Persons: "101-1000",
		Point: &where, ErrorMM: 10_000,
		Footprint: &declared.Footprint{Circle: &declared.Circle{Centre: where, RadiusMM: 150_000}},
		Place:     &notice.Place{Name: "Weir Strip", Point: strip, DistanceMM: nm(5), ErrorMM: 500_000},
		Look:      "white tents, red roofs, lights at night",
		Contact:   notice.Contact{Address: "+999 5550", StopCall: "HARBOUR STOP"},
		ValidFrom: p.at("D 05:00"), ReviewBy: p.at("D+13 00:00"),
	}
	for _, m := range methods {
		c.Sources = append(c.Sources, notice.Source{Method: m, At: p.at("D-1 12:00"), ErrorMM: 20_000, Datum: "WGS84", Point: where})
	}
	return c
}

// mistypeSite is D 05:40.
func mistypeSite(p *Play) {
	p.connect(nc, el)
	typed, meant := at(12.63, -29.93), at(12.36, -29.93)
	p.say("HR types 12.63 N; it means 12.36 N. It also says that S-1 is 5 NM from Weir Strip.")
	taken := p.actor(hr).does("notice.declare", notice.Declare{Content: p.hospital(typed, "gnss"), Consent: []party.ID{nc, el}}, "hr-coordinator")
	d := came[notice.Declared](p, taken)
	p.names["S-1"] = d.Notice
	i := slices.IndexFunc(d.Doubts, func(d notice.Doubt) bool { return d.Kind == notice.PlaceDistance })
	p.part().check(i >= 0, "The node questions the distance to the named place")
	if i >= 0 {
		doubt := d.Doubts[i]
		p.check(len(doubt.Suspects) > 0, "The node suspects a slip of typing", doubt.Text)
		if len(doubt.Suspects) > 0 {
			s := doubt.Suspects[0]
			equal(p, "It names the place that was probably meant:", s.Point, meant)
			p.check(strings.Contains(s.Slip, "swapped"), "It says what slipped", s.Slip)
			p.part().miles("That is away from what was typed by", s.FarMM, 16.12)
			p.part().miles("and from Weir Strip by", apart(s.Point, strip), 4.75)
		}
	}
	p.check(d.HeldUntil != 0, "The notice is held back until HR corrects or confirms it")
	for _, id := range []party.ID{nc, el, sm, vc} {
		none(p.part(), fmt.Sprintf("Nothing of it goes to %s", called(id)), len(p.actor(id).inbox("notice.declared", "notice.sent")))
	}
}

// correctSite is D 05:52.
func correctSite(p *Play) {
	relief := p.actor(hr)
	relief.does("notice.correct", notice.Correct{
		Notice: p.names["S-1"], Version: 1, Content: p.hospital(at(12.36, -29.93), "gnss", "imagery"),
	}, "hr-coordinator")
	for _, id := range []party.ID{nc, el} {
		d := only[notice.Declared](p.actor(id), "of version 2 of S-1", func(d *notice.Declared) bool { return d.Notice == p.names["S-1"] })
		equal(p.part(), "It is version", d.Event.Version, 2)
		p.part().check(strings.Contains(d.Event.Wording, "not a request for leave"), "Its wording asks for no leave and promises nothing")
	}
	none(p, "Sandmere, to whom HR did not consent, is told nothing", len(p.actor(sm).inbox("notice.declared", "notice.sent")))
	p.steps(nc, "S-1", 2, notice.GotIt)
	p.steps(el, "S-1", 2, notice.GotIt, notice.Read)
	seen := look[notice.Shown](relief, "notice", "/v1/notices/", p.names["S-1"])
	p.reached(seen, nc, notice.GotIt)
	p.reached(seen, el, notice.Read)
	equal(p.part(), "The number of parties to whom it goes is", len(seen.Recipients), 2)
}

// steps says how far a notice got at a party, one link after the other; it is
// passed to six cells.
func (p *Play) steps(id party.ID, name string, version int64, links ...notice.Link) {
	for _, l := range links {
		s := notice.Step{Notice: p.names[name], Version: version, Step: l}
		if l == notice.Passed || l == notice.Loaded {
			s.Cells = 6
		}
		p.actor(id).does("notice.step", s, string(id)+"-watch")
	}
}

// reached checks how far a notice got at a recipient, as its notifier sees it.
func (p *Play) reached(seen notice.Shown, id party.ID, want notice.Link) {
	for _, r := range seen.Recipients {
		if r.Party == id {
			got := notice.Link("")
			if n := len(r.Steps); n > 0 {
				got = r.Steps[n-1].Step
			}
			equal(p, fmt.Sprintf("HR sees that %s has %s as", called(id), seen.Content.Name), got, want)
		}
	}
}

// testMorning is D 06:00. The line from EL over the satellite is hard to read.
func testMorning(p *Play) {
	good := p.tests(func(l bearer.Line) int64 {
		if l == (bearer.Line{From: el, To: nc, Bearer: "satellite"}) {
			return 2
		}
		return 5
	})
	equal(p, "All test calls are good but one, from EL over the satellite, which is hard to read. Good ones, of 6:", good, 5)
	link := look[bearer.Link](p.actor(nc), "link", "/v1/links/", string(el))
	for _, b := range link.Bearers {
		want := bearer.Up
		if b.Bearer == "satellite" {
			want = bearer.Degraded
			equal(p.part(), "Why, is", b.Cause, bearer.Unknown)
		}
		equal(p.part(), "The line over "+b.Bearer, b.Condition, want)
	}
	p.compareHeads(nc, el)
}

// testDaily is 06:00 and 18:00 of any day.
func testDaily(p *Play) {
	equal(p, "All six test calls are answered with the right challenge. Good ones:", p.tests(func(bearer.Line) int64 { return 5 }), 6)
}

// tests has the test calls that were opened in this row answered, each as well
// readable as said, and returns how many were good. Who is called over a bearer
// that is spoken over hears the challenge from who calls.
func (p *Play) tests(readable func(bearer.Line) int64) (good int) {
	opened := map[string]bearer.Opened{}
	for _, a := range []*Actor{p.actor(nc), p.actor(el)} {
		for _, n := range heard[bearer.Opened](a) {
			if n.Event.Challenge != "" {
				opened[n.Event.Test] = n.Event
			}
		}
	}
	equal(p.part(), "Test calls opened:", len(opened), 6)
	for _, o := range opened {
		taken := p.actor(o.To).does("bearer.answer", bearer.Answer{
			Test: o.Test, Challenge: o.Challenge, Readability: readable(o.Line), DelayMS: 300, Position: "watch",
			Clock: &bearer.Clock{Source: "gnss", ErrorNS: 1_000_000},
		}, string(o.To)+"-watch")
		if came[bearer.Answered](p, taken).Outcome == bearer.Good {
			good++
		}
	}
	return good
}

// compareHeads has the witness and two parties verify the journal, each for
// itself, and the parties say so with the witness's signature.
func (p *Play) compareHeads(a, b party.ID) {
	witness := p.actor(mar)
	head, err := witness.log().Update(p.ctx)
	p.fail(err)
	checkpoint, err := witness.Checkpoint(p.ctx)
	p.fail(err)
	signed, err := journal.Cosign(checkpoint, string(mar), witness.keys["mar-witness"], p.now.Unix())
	p.fail(err)
	p.fail(witness.AddCosignature(p.ctx, signed))
	for _, id := range []party.ID{a, b} {
		own, err := p.actor(id).log().Update(p.ctx)
		p.fail(err)
		p.check(own == head, fmt.Sprintf("%s verified the same %d entries as the witness, each on its own", called(id), head.Size))
	}
	for _, id := range []party.ID{a, b} {
		p.actor(id).does("record.head", record.Head{Size: head.Size, Root: fmt.Sprintf("%x", head.Root), Checkpoint: string(signed)})
	}
	for _, pair := range [][2]party.ID{{a, b}, {b, a}} {
		c := look[record.Comparison](p.actor(pair[0]), "heads", "/v1/heads/", string(pair[1]))
		q := p
		if pair[0] == b {
			q = p.part() // the other way round
		}
		equal(q, fmt.Sprintf("%s and %s hold one and the same record", called(a), called(b)), c.Equal, true)
		equal(p.part(), "Entries compared:", c.Size, head.Size)
		p.part().check(c.B != nil && slices.Equal(c.B.Witnesses, []string{string(mar)}), "The witness's signature is under it")
	}
}

// notifyMove is D 06:10. The flight is notified, and declared as an intent that
// is linked to the notice.
func notifyMove(p *Play) {
	relief := p.actor(hr)
	way := flight(1, 1000, fix{at(11.60, -29.40), 9000, p.at("D 09:00")}, fix{strip, 9000, p.at("D 09:24")})
	taken := relief.does("notice.declare", notice.Declare{Consent: []party.ID{nc, el}, Content: notice.Content{
		Name: "H-17", Kind: notice.Movement, Function: "relief", Persons: "1-10",
		Contact:   notice.Contact{Address: "+999 5551", StopCall: "HARBOUR STOP"},
		ValidFrom: p.at("D 09:00"), ValidTo: p.at("D 09:24"),
		Way: &notice.Way{
			Means: "air", Craft: 1, Look: "white, twin turboprop", CallSigns: []string{"HARBOUR 17"},
			Routes: []declared.Trajectory{way},
		},
	}}, "hr-coordinator")
	d := came[notice.Declared](p, taken)
	p.names["H-17 notice"] = d.Notice
	none(p.part(), "The node doubts nothing in it", len(d.Doubts))
	p.part().miles("It flies", apart(at(11.60, -29.40), strip), 59.40)
	for i, id := range []party.ID{nc, el} {
		p := p.beside(i)
		sent := only[notice.Sent](p.actor(id), "of the movement", nil).Event
		p.check(sent.LeadS == 2*3600+50*60, "That is 2 h 50 min beforehand, and 48 h were wanted,")
		equal(p.part(), "Seconds beforehand that were agreed:", sent.TargetS, 48*3600)
		equal(p, "so by M1 it is", sent.Lead, terms.Short)
	}
	p.declare(hr, "H-17", p.plan("H-17", "humanitarian", declared.Shape{Trajectories: []declared.Trajectory{way}}, func(d *plan) {
		d.Links = []string{p.names["H-17 notice"]}
	}))
	// EL's house is quick; NC reads S-1 late and takes H-17 in, but not S-1.
	p.steps(el, "S-1", 2, notice.Checked, notice.Passed, notice.Loaded)
	p.steps(el, "H-17 notice", 1, notice.GotIt, notice.Read, notice.Checked, notice.Passed, notice.Loaded)
	p.steps(nc, "S-1", 2, notice.Read)
	p.steps(nc, "H-17 notice", 1, notice.GotIt, notice.Read, notice.Checked, notice.Passed, notice.Loaded)
}

// loadSite is D 08:30: nobody at NC has loaded S-1 in time.
func loadSite(p *Play) {
	for _, id := range []party.ID{nc, hr} {
		o := only[notice.Overdue](p.actor(id), "that S-1 is not loaded at NC", func(o *notice.Overdue) bool { return o.Notice == p.names["S-1"] }).Event
		equal(p.part(), "The step that lacks is", o.Link, notice.Loaded)
		equal(p.part(), "It lacks at", o.To, nc)
	}
	none(p, "EL is told nothing of it", len(p.actor(el).inbox("notice.overdue")))
	called := only[channel.Sent](p.actor(nc), "by a call to its duty director", func(s *channel.Sent) bool { return s.ToPosition == "duty-director" })
	p.actor(nc).does("channel.answer", channel.Respond{
		Message: called.Event.ID, Answer: channel.SayReply, Language: "en", Text: "It is being loaded now.", Position: "duty-director",
	}, "nc-duty")
	told := only[channel.Sent](p.actor(hr), "by a message to its watch", nil)
	p.actor(hr).does("channel.answer", channel.Respond{
		Message: told.Event.ID, Answer: channel.SayReply, Language: "en", Text: "We know.", Position: "watch",
	}, "hr-watch")
	p.clock("D 08:41")
	p.say("NC's systems have S-1 now.")
	p.steps(nc, "S-1", 2, notice.Checked, notice.Passed, notice.Loaded)
	seen := look[notice.Shown](p.actor(hr), "notice", "/v1/notices/", p.names["S-1"])
	p.reached(seen, nc, notice.Loaded)
	for _, r := range seen.Recipients {
		if r.Party == nc {
			last := r.Steps[len(r.Steps)-1]
			equal(p.part(), "Cells of NC's systems that hold it:", last.Cells, 6)
			equal(p.part(), "It was loaded at", last.At, p.at("D 08:41"))
		}
	}
}
