package sim

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/deconflict/deconflict/client"
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
	equal(p, "R-1 says", v.Outcome, intent.EntryBarred)
	equal(p.part(), "by the agreement", v.Source.Agreement, "LOA-Tarrow")
	m := p.measured(v)
	p.miles("It would pass the fire at", *m.CentreTenthMM/10, 0.46)
	p.about("at", m.At, "D 02:52:52")
	p.about("and be inside R-1, 7 NM, from", v.From, "D 02:49:13")
	p.about("to", v.To, "D 02:56:32")
	v = p.verdict(&d, reserve.zone("contact-ring").ID)
	p.part().about("It would be inside 12 NM from", v.From, "D 02:46:35")
	p.part().about("to", v.To, "D 02:59:09")
	five := reserve.within("CG-7", 5)
	p.part().about("CAR's own program finds it inside 5 NM from", statement.Instant(five.FromNS), "D 02:50:16")
	p.part().about("to", statement.Instant(five.ToNS), "D 02:55:29")
}

// rerouteA is D 02:36.
func rerouteA(p *Play) {
	d := p.refile(car, p.cg7(altA))
	equal(p, "By 45.20 S 130.10 W CG-7 is still", d.State, intent.Proposed)
	v := p.verdict(&d, p.actor(car).zone("R-1").ID)
	equal(p, "R-1 says", v.Outcome, intent.EntryBarred)
	p.miles("Its second leg passes the fire at", *p.measured(v).CentreTenthMM/10, 6.76)

	p.takeOff(highmoor, "T-41")
	p.say("T-41 takes off.")
	t41 := p.actor(highmoor).declared("T-41")
	ring := p.verdict(&t41, p.actor(highmoor).zone("contact-ring").ID)
	equal(p, "At 12 NM T-41 needs", ring.Outcome, intent.ContactNeeded)
	p.part().about("by the agreement", ring.From, "D 02:41:41")
	r1 := p.verdict(&t41, p.actor(highmoor).zone("R-1").ID)
	equal(p, "A fire aircraft is not kept out of R-1, but needs", r1.Outcome, intent.ContactNeeded)
	p.part().about("or to hold outside by", r1.From, "D 02:43:29")
}

// rerouteB is D 02:38.
func rerouteB(p *Play) {
	agency, power, reserve := p.actor(tfa), p.actor(ridgeline), p.actor(car)
	power.does("intent.end", intent.End{ID: p.names["R-31"]}, "ridgeline-watch")
	p.say("R-31 is down, and Ridgeline says so.")
	ended := only[intent.Closed](agency, "that R-31 has ended", func(c *intent.Closed) bool { return c.ID == p.names["R-31"] })
	p.about("at", ended.At, "D 02:38")
	p.names["end of R-31"] = fmt.Sprint(ended.Index)

	asked := came[channel.Sent](p, agency.does("channel.send", channel.Send{
		To: channel.Address{Party: car, Position: "duty-director"}, Type: channel.TypePropose, Precedence: channel.Immediate, Ref: p.names["CG-7"],
		Language: "en", Text: "By this place you would be clear of R-1.", Fields: []channel.Field{{Name: "by", Value: terms.Value{Position: &altB}}},
	}, "tfa-watch"))
	p.say("TFA proposes to CAR to fly by 45.00 S 130.10 W, and CAR changes CG-7 so.")
	d := p.refile(car, p.cg7(altB))
	equal(p, "By 45.00 S 130.10 W CG-7 is", d.State, intent.Accepted)
	none(p, "R-1 is not in its way any more", verdicts(&d, reserve.zone("R-1").ID))
	v := p.verdict(&d, reserve.zone("contact-ring").ID)
	equal(p, "For the outer ring it needs", v.Outcome, intent.ContactNeeded)
	m := p.measured(v)
	p.miles("as it passes the fire at", *m.CentreTenthMM/10, 11.99)
	p.part().check(*m.CentreTenthMM < nm(12)*10 && !m.WithinTolerance, "That is inside 12 NM, by a hundredth")
	legs := p.low("leg", "training", fix{cg7From, 3000, p.at("D 02:40")}, fix{altB, 3000, p.at("D 02:50")})
	p.part().miles("Its first leg is away from the fire by", closest(p.rings(&legs, 13)), 12.73)
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
	p.say("Air attack says by what %s comes in: altimeter, level, frequency.", name)
	equal(p.part(), "By the letter the message asks for", sent.Response, channel.ReadBack)
	back := func(hz int64) *client.Taken {
		return crew.does("channel.readback", channel.SayBack{Message: sent.ID, Values: said(hz), Method: channel.Blind, Position: "watch"}, string(id)+"-watch")
	}
	switch {
	case p.node.Part == id:
		question := fmt.Sprintf("Air attack says for %s: altimeter 1013 hPa, level %.0f ft, frequency %s. Read the frequency back, in MHz; try a wrong one, too", name, ft, primary)
		p.backAsked(id, question, "118.950", func(text string) (*client.Taken, error) {
			mhz, err := strconv.ParseFloat(strings.TrimSuffix(text, " MHz"), 64)
			if err != nil || mhz < 100 || mhz > 1000 {
				return nil, errors.New("a frequency as 118.950")
			}
			return back(int64(math.Round(mhz * 1e6))), nil
		})
	case heardHz != primaryHz:
		p.say("%s reads back, with a frequency that it misheard.", called(id))
		back(heardHz)
		wrong := only[channel.Mismatched](agency, "that "+name+" misheard", func(m *channel.Mismatched) bool { return m.Message == sent.ID }).Event
		equal(p, "The field that differs is", strings.Join(wrong.Fields, ", "), "frequency")
		equal(p, "and the message stays open", look[channel.Message](crew, "message", "/v1/messages/", sent.ID).Ended != 0, false)
		fallthrough
	default:
		back(primaryHz)
	}
	right := only[channel.Confirmed](agency, "that "+name+" read altimeter, level and frequency back", func(c *channel.Confirmed) bool { return c.Message == sent.ID })
	equal(p.part(), "It is closed as", right.Event.Ending, channel.AsReadBack)
	p.part().check(right.At == stamp(p.now), "at", right.At)
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
	call := only[channel.Sent](p.actor(tfa), "that T-41 calls", nil)
	p.about("at", call.At, "D 02:41:20")
	p.part().check(call.At < p.at("D 02:41:41"), "That is before it is at the ring of 12 NM")
	p.actor(tfa).does("channel.answer", channel.Respond{Message: call.Event.ID, Answer: channel.SayRoger, Position: "air-attack"}, "tfa-ta1")
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
	p.say("T-41 is through. T-42 is to come in at 3,200 ft, and ML-2 at 3,000 ft.")
	ml2 := p.low("ML-2", "medical", fix{at(-45.05, -130.30), 3000, p.at("D 02:50")}, fix{at(-45.26, -130.34), 3000, p.at("D 02:57")})
	first := p.file(medilift, ml2, "T-42")
	v := p.verdict(&first, doctors.zone("R-1").ID)
	equal(p, "ML-2 is not kept out of R-1, but needs", v.Outcome, intent.ContactNeeded)
	m := p.measured(v)
	p.miles("It passes the fire at", *m.CentreTenthMM/10, 3.00)
	p.about("at", m.At, "D 02:55:13")
	equal(p, "T-42, of equal rank, was there first and", p.verdict(&first, run.ID).Outcome, intent.Stands)
	told := only[intent.Decided](agency, "that ML-2 comes", func(d *intent.Decided) bool { return d.ID == first.ID }).Event
	equal(p.part(), "Its rank is", told.Priority.Rank, terms.RankMedical)

	made := p.settled(run, first)
	p.say("Both have agreed. Highmoor raises T-42 to 3,600 ft, as it promised.")
	higher := p.refile(highmoor, p.run(3600))
	equal(p, "T-42 is", higher.State, intent.Accepted)
	only[offer.Done](doctors, "that what was promised is done", func(d *offer.Done) bool { return d.Offer == made.Offer })
	p.say("MediLift declares ML-2 once more, as it was.")
	second := p.refile(medilift, ml2)
	equal(p, "ML-2 is", second.State, intent.Accepted)
	none(p.part(), "It is in conflict with nobody", len(against(&second, intent.AgainstIntent)))
	p.takeOff(medilift, "ML-2")
	p.contact(medilift, "ML-2", 3000, primaryHz)
	p.contact(highmoor, "T-42", 3600, primaryHz)
}
