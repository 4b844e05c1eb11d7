package sim

import (
	"fmt"
	"math"

	"github.com/deconflict/deconflict/internal/channel"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/offer"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// Where CG-7 starts and ends, and where it is led round.
var (
	cg7From, cg7To = at(-45.55, -130.10), at(-45.00, -130.55)
	altA, altB     = at(-45.20, -130.10), at(-45.00, -130.10)
)

// cg7 is CG-7 by a place that it passes at 02:50, if any.
func (p *Play) cg7(by ...declared.Point) plan {
	fixes := []fix{{cg7From, 3000, p.at("D 02:40")}}
	for _, b := range by {
		fixes = append(fixes, fix{b, 3000, p.at("D 02:50")})
	}
	return p.low("CG-7", "training", append(fixes, fix{cg7To, 3000, p.at("D 03:00")})...)
}

// fileCG7 is D 02:34.
func fileCG7(p *Play) {
	reserve := p.actor(car)
	d := p.file(car, p.cg7())
	equal(p, "CG-7 is", d.State, intent.Proposed)
	v := p.verdict(&d, reserve.zone("R-1").ID)
	equal(p, "against R-1", v.Outcome, intent.EntryBarred)
	equal(p, "by", v.Source.Agreement, "LOA-Tarrow")
	m := p.measured(v)
	p.miles("closest to the fire", *m.CentreTenthMM/10, 0.46)
	p.about("at", m.At, "D 02:52:52")
	p.about("inside 7 NM from", v.From, "D 02:49:13")
	p.about("to", v.To, "D 02:56:32")
	v = p.verdict(&d, reserve.zone("contact-ring").ID)
	p.about("inside 12 NM from", v.From, "D 02:46:35")
	p.about("to", v.To, "D 02:59:09")
	five := reserve.within("CG-7", 5)
	p.about("by CAR's own program, inside 5 NM from", statement.Instant(five.FromNS), "D 02:50:16")
	p.about("to", statement.Instant(five.ToNS), "D 02:55:29")
}

// rerouteA is D 02:36.
func rerouteA(p *Play) {
	d := p.refile(car, p.cg7(altA))
	equal(p, "by 45.20 S 130.10 W, CG-7 is still", d.State, intent.Proposed)
	v := p.verdict(&d, p.actor(car).zone("R-1").ID)
	equal(p, "against R-1", v.Outcome, intent.EntryBarred)
	p.miles("its second leg passes the fire at", *p.measured(v).CentreTenthMM/10, 6.76)

	p.takeOff(highmoor, "T-41")
	t41 := p.actor(highmoor).declared("T-41")
	ring := p.verdict(&t41, p.actor(highmoor).zone("contact-ring").ID)
	equal(p, "T-41 needs", ring.Outcome, intent.ContactNeeded)
	p.about("by", ring.From, "D 02:41:41")
	r1 := p.verdict(&t41, p.actor(highmoor).zone("R-1").ID)
	equal(p, "a fire aircraft is not kept out of R-1, but needs", r1.Outcome, intent.ContactNeeded)
	p.about("or holds by", r1.From, "D 02:43:29")
}

// rerouteB is D 02:38.
func rerouteB(p *Play) {
	agency, power, reserve := p.actor(tfa), p.actor(ridgeline), p.actor(car)
	power.does("intent.end", intent.End{ID: p.names["R-31"]}, "ridgeline-watch")
	ended := only[intent.Closed](agency, "R-31 has ended", func(c *intent.Closed) bool { return c.ID == p.names["R-31"] })
	p.about("at", ended.At, "D 02:38")
	p.names["end of R-31"] = fmt.Sprint(ended.Index)

	asked := came[channel.Sent](p, agency.does("channel.send", channel.Send{
		To: channel.Address{Party: car, Position: "duty-director"}, Type: channel.TypePropose, Precedence: channel.Immediate, Ref: p.names["CG-7"],
		Language: "en", Text: "By this place you would be clear of R-1.", Fields: []channel.Field{{Name: "by", Value: terms.Value{Position: &altB}}},
	}, "tfa-watch"))
	d := p.refile(car, p.cg7(altB))
	equal(p, "by 45.00 S 130.10 W, CG-7 is", d.State, intent.Accepted)
	equal(p, "against R-1 there is nothing", verdicts(&d, reserve.zone("R-1").ID), 0)
	v := p.verdict(&d, reserve.zone("contact-ring").ID)
	equal(p, "it is accepted with", v.Outcome, intent.ContactNeeded)
	m := p.measured(v)
	p.miles("as it passes the fire at", *m.CentreTenthMM/10, 11.99)
	p.check(*m.CentreTenthMM < nm(12)*10 && !m.WithinTolerance, "which is inside 12 NM, by a hundredth", *m.CentreTenthMM)
	legs := p.low("leg", "training", fix{cg7From, 3000, p.at("D 02:40")}, fix{altB, 3000, p.at("D 02:50")})
	p.miles("its first leg is from the fire", closest(p.rings(&legs, 13)), 12.73)
	reserve.does("channel.answer", channel.Respond{Message: asked.ID, Answer: channel.SayWilco, Position: "duty-director"}, "car-duty")
	p.contact(car, "CG-7", 3000, primaryHz)
}

// verdicts counts those against a thing.
func verdicts(d *intent.Decided, id string) (n int) {
	for _, v := range d.Verdicts {
		if v.ID == id {
			n++
		}
	}
	return n
}

// contact has air attack say by what a flight comes in, and its owner read that
// back, first with another frequency when it heard that.
func (p *Play) contact(id party.ID, name string, ft float64, heardHz int64) {
	agency, crew := p.actor(tfa), p.actor(id)
	level, setting := sea(ft), int64(101_300)
	said := func(hz int64) []channel.Field {
		return []channel.Field{
			{Name: "altimeter", Value: terms.Value{PressurePa: &setting}},
			{Name: "level", Value: terms.Value{Level: &level}},
			{Name: "frequency", Value: terms.Value{FrequencyHz: &hz}},
		}
	}
	sent := came[channel.Sent](p, agency.does("channel.send", channel.Send{
		To: channel.Address{Party: id, Position: "watch"}, From: "air-attack", Type: channel.TypeAccept, Precedence: channel.Immediate,
		Ref: p.names[name], Fields: said(primaryHz),
	}, "tfa-ta1"))
	equal(p, "by the letter, it asks for", sent.Response, channel.ReadBack)
	back := func(fields []channel.Field) {
		crew.does("channel.readback", channel.SayBack{Message: sent.ID, Values: fields, Method: channel.Blind, Position: "watch"}, string(id)+"-watch")
	}
	if heardHz != primaryHz {
		back(said(heardHz))
		wrong := only[channel.Mismatched](agency, name+" misheard", func(m *channel.Mismatched) bool { return m.Message == sent.ID }).Event
		equal(p, "in", fmt.Sprint(wrong.Fields), "[frequency]")
		equal(p, "the message is closed", look[channel.Message](crew, "message", "/v1/messages/", sent.ID).Ended != 0, false)
	}
	back(said(primaryHz))
	right := only[channel.Confirmed](agency, name+" read altimeter, level and frequency back", func(c *channel.Confirmed) bool { return c.Message == sent.ID })
	equal(p, "which closes the message", right.Event.Ending, channel.AsReadBack)
	p.check(right.At == stamp(p.now), "at once", right.At)
}

// meetT41 is D 02:41:20, before T-41 is at the ring.
func meetT41(p *Play) {
	where, when := toward(fire, 230, 13), p.at("D 02:41:20")
	level := sea(4000)
	came[channel.Sent](p, p.actor(highmoor).does("channel.send", channel.Send{
		To: channel.Address{Party: tfa, Position: "air-attack"}, Type: channel.TypeIntent, Precedence: channel.Immediate, Ref: p.names["T-41"],
		Fields: []channel.Field{
			{Name: "position", Value: terms.Value{Position: &where}},
			{Name: "level", Value: terms.Value{Level: &level}},
			{Name: "at", Value: terms.Value{At: &when}},
		},
	}, "highmoor-watch"))
	called := only[channel.Sent](p.actor(tfa), "T-41 calls air attack", nil)
	p.about("at", called.At, "D 02:41:20")
	p.check(called.At < p.at("D 02:41:41"), "before it is at the ring of 12 NM")
	p.actor(tfa).does("channel.answer", channel.Respond{Message: called.Event.ID, Answer: channel.SayRoger, Position: "air-attack"}, "tfa-ta1")
	p.contact(highmoor, "T-41", 4000, primaryHz+1_000_000)
}

// Where the drone is seen later, and how T-42 passes it.
var (
	drone   = at(-45.17, -130.37)
	runFrom = at(-45.23, -130.30)
)

// run is the run of T-42 past the place where the drone will be, at a height.
func (p *Play) run(ft float64) plan {
	away := float64(apart(runFrom, drone)) / mmOfNM
	course := bearing(runFrom, drone) + math.Asin(0.36/away)*180/math.Pi
	speed := math.Sqrt(away*away-0.36*0.36) / (2*60 + 59) // NM a second
	return p.low("T-42", "fire", fix{runFrom, ft, p.at("D 02:55")}, fix{toward(runFrom, course, speed*240), ft, p.at("D 02:59")})
}

// landML2 is D 02:50.
func landML2(p *Play) {
	tankers, doctors, agency := p.actor(highmoor), p.actor(medilift), p.actor(tfa)
	// T-41 is through, and T-42 comes next.
	tankers.does("intent.end", intent.End{ID: p.names["T-41"]}, "highmoor-watch")
	run := p.file(highmoor, p.run(3200))
	equal(p, "T-42 is", run.State, intent.Accepted)
	ml2 := p.low("ML-2", "medical", fix{at(-45.05, -130.30), 3000, p.at("D 02:50")}, fix{at(-45.26, -130.34), 3000, p.at("D 02:57")})
	first := p.file(medilift, ml2, "T-42")
	v := p.verdict(&first, doctors.zone("R-1").ID)
	equal(p, "ML-2 is not kept out of R-1, but needs", v.Outcome, intent.ContactNeeded)
	m := p.measured(v)
	p.miles("it passes the fire at", *m.CentreTenthMM/10, 3.00)
	p.about("at", m.At, "D 02:55:13")
	equal(p, "T-42, of equal rank, was there before it", p.verdict(&first, run.ID).Outcome, intent.Stands)
	told := only[intent.Decided](agency, "ML-2 comes", func(d *intent.Decided) bool { return d.ID == first.ID }).Event
	equal(p, "as", told.Priority.Rank, terms.RankMedical)

	// Highmoor offers to fly its run higher.
	floor := offer.Altitude{MM: feet(3600), Reference: "AMSL"}
	made := came[offer.Made](p, tankers.does("offer.make", offer.Make{
		To: medilift, Mine: offer.Ref{Intent: run.ID, Version: run.Version}, Theirs: offer.Ref{Intent: first.ID, Version: first.Version},
		Undertakings: []offer.Undertaking{{By: highmoor, Kind: offer.Level, Intent: run.ID, Floor: &floor}},
	}, "highmoor-watch"))
	only[offer.Made](doctors, "T-42 would fly at 3,600 ft", nil)
	doctors.does("offer.accept", offer.Accept{Offer: made.Offer, Digest: made.Digest}, "medilift-watch")
	higher := p.refile(highmoor, p.run(3600))
	equal(p, "T-42 is", higher.State, intent.Accepted)
	only[offer.Done](doctors, "what was undertaken is done", func(d *offer.Done) bool { return d.Offer == made.Offer })
	second := p.refile(medilift, ml2)
	equal(p, "ML-2 is", second.State, intent.Accepted)
	equal(p, "conflicts", len(against(&second, intent.AgainstIntent)), 0)
	p.takeOff(medilift, "ML-2")
	p.contact(medilift, "ML-2", 3000, primaryHz)
	p.contact(highmoor, "T-42", 3600, primaryHz)
}
