package sim

import (
	"math"

	"github.com/deconflict/deconflict/internal/channel"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/terms"
)

// Where R-31 starts, ends, and is when it has to leave.
var (
	r31From, r31To = at(-45.28, -130.50), at(-45.13, -130.42)
	r31Out         = at(-45.2267, -130.4715)
)

func (p *Play) r31(fixes ...fix) plan {
	d := p.low("R-31", "utility", fixes...)
	d.AircraftKind, d.Mode, d.SizeClass = "unmanned", "BVLOS", "light"
	return d
}

// fileR31 is the day before.
func fileR31(p *Play) {
	d := p.file(ridgeline, p.r31(fix{r31From, 3100, p.at("D 02:15")}, fix{r31To, 3100, p.at("D 03:00")}))
	equal(p, "R-31 is", d.State, intent.Accepted)
	none(p.part(), "It meets nothing", len(d.Verdicts))
	// CAR's flight is well clear of all that follows.
	far := p.file(car, p.low("CG-2", "training", fix{at(-45.60, -131.00), 3000, p.at("D 02:20")}, fix{at(-45.70, -131.10), 3000, p.at("D 02:50")}))
	equal(p.part(), "CG-2 is", far.State, intent.Accepted)
}

// textField is a field of a message.
func textField(name, text string) channel.Field {
	return channel.Field{Name: name, Value: terms.Value{Text: &text}}
}

func (p *Play) timeField(name, at string) channel.Field {
	t := p.at(at)
	return channel.Field{Name: name, Value: terms.Value{At: &t}}
}

// askForR1 is D 02:05.
func askForR1(p *Play) {
	agency := p.actor(tfa)
	for _, z := range []intent.Zone{p.contactRing("D 14:00"), p.r1("D 14:00")} {
		d := came[intent.ZoneDecided](p, agency.does("zone.declare", intent.ZoneDeclare{Zone: z}, "tfa-watch"))
		equal(p, z.Name+" is", d.State, intent.ZoneDraft)
		p.part().check(d.Service, "Its owner is known to serve all who fly there")
	}
	p.say("TFA declares both zones, as drafts, and asks Tarrow Centre to publish them.")
	radius := nm(7)
	r1 := agency.zone("R-1")
	asked := came[channel.Sent](p, agency.does("channel.send", channel.Send{
		To: channel.Address{Party: centre, Position: "watch"}, Type: channel.TypeQuery, Precedence: channel.Immediate, Ref: r1.ID,
		Fields: []channel.Field{
			textField("who", "Tarrow Fire Agency, air operations"), textField("what", "R-1, no entry, surface to 9,500 ft"),
			p.timeField("from", "D 02:30"), p.timeField("to", "D 14:00"), textField("phone", "+999 5510"),
			{Name: "centre", Value: terms.Value{Position: &fire}},
			{Name: "radius", Value: terms.Value{LengthMM: &radius}},
			textField("hazard", "wildfire"), textField("aircraft", "air attack, tankers, helicopters"), textField("media_contact", "+999 5519"),
		},
	}, "tfa-watch"))
	heardOf := only[channel.Sent](p.actor(centre), "of the request", nil).Event
	equal(p.part(), "Fields of the request:", len(heardOf.Fields), 10)
	p.actor(centre).does("channel.answer", channel.Respond{
		Message: asked.ID, Answer: channel.SayReply, Language: "en", Text: "Received. To be promulgated from 02:30.", Position: "watch",
	}, "tarrow-centre-watch")
	p.settle()
	found := p.actor(ridgeline).reviewed("R-31")
	equal(p, "R-31 is still", found.State, intent.Accepted)
	for _, name := range []string{"R-1", "contact-ring"} {
		equal(p, "To R-31, which meets "+name+", that is as yet", p.among(found.Verdicts, agency.zone(name).ID).Outcome, intent.AdvisoryOnly)
	}
	none(p, "CAR, whose flight is far away, is told nothing", len(p.actor(car).inbox("intent.reviewed")))
	p.watchCentre()
}

// flyR31 is D 02:15.
func flyR31(p *Play) {
	p.takeOff(ridgeline, "R-31")
	d := p.actor(ridgeline).declared("R-31")
	equal(p, "R-31 is", d.State, intent.Activated)
	v := p.verdict(&d, p.actor(tfa).zone("R-1").ID)
	m := p.measured(v)
	p.miles("It will pass the fire at", *m.CentreTenthMM/10, 2.27)
	p.about("at", m.At, "D 02:43:00")
	p.part().miles("It is farthest where it starts,", apart(fire, r31From), 6.40)
	p.about("It is inside R-1 from", v.From, "D 02:15")
	p.about("to", v.To, "D 03:00")
	p.say("Highmoor declares its first tanker, T-41.")
	t41 := p.file(highmoor, p.low("T-41", "fire", p.tankerWay()...))
	equal(p, "T-41 is", t41.State, intent.Accepted)
	knots := float64(apart(at(-45.50, -130.90), fire)) / mmOfNM * 6
	p.part().check(math.Round(knots) == 167, "It flies at 167 kt", knots)
}

// tankerWay is the way of T-41 to the fire, in ten minutes.
func (p *Play) tankerWay() []fix {
	return []fix{{at(-45.50, -130.90), 4000, p.at("D 02:36")}, {fire, 4000, p.at("D 02:46")}}
}

// displaceR31 is D 02:30.
func displaceR31(p *Play) {
	agency, power := p.actor(tfa), p.actor(ridgeline)
	for _, name := range []string{"contact-ring", "R-1"} {
		z := agency.zone(name)
		agency.does("zone.activate", intent.ZoneActivate{ID: z.ID, Token: z.Token}, "tfa-watch")
	}
	r1 := agency.zone("R-1")
	equal(p, "R-1 is", r1.State, intent.ZoneLive)
	p.say("TFA puts both zones into force.")
	p.settle()
	gone := only[intent.Displaced](power, "that R-31 is displaced", nil).Event
	equal(p.part(), "The zone that displaces it is", gone.By, r1.ID)
	p.check(gone.Airborne && gone.ExitNeeded, "As it is in the air it needs a way out")
	equal(p, "R-31 is", power.declared("R-31").State, intent.GivesWay)
	only[intent.Displaced](agency, "that a flight is in R-1", nil)
	called := only[channel.Sent](power, "by a call to its watch", func(s *channel.Sent) bool { return s.From == "" }).Event
	equal(p.part(), "The call is", called.Precedence, channel.Immediate)

	p.clock("D 02:31")
	p.part().miles("R-31 is away from the fire by", apart(fire, r31Out), 3.43)
	landing := toward(r31Out, 270, 1.2)
	p.say("TFA's air attack proposes to Ridgeline a way out to the west, and to be down by 02:38.")
	offered := came[channel.Sent](p, agency.does("channel.send", channel.Send{
		To: channel.Address{Party: ridgeline, Position: "duty-director"}, From: "air-attack", Type: channel.TypePropose,
		Precedence: channel.Immediate, Ref: p.names["R-31"], Language: "en", Text: "We see a way out to the west, then to land.",
		Fields: []channel.Field{{Name: "way_out", Value: terms.Value{Position: &landing}}, p.timeField("down_by", "D 02:38")},
	}, "tfa-ta1"))
	p.clock("D 02:32")
	// What stays inside as long as before is no way out.
	p.say("Ridgeline first tries to change R-31 to a way that stays inside as long as before.")
	stay := p.r31(fix{r31Out, 3100, p.at("D 02:31")}, fix{r31To, 3100, p.at("D 03:00")})
	power.refused("act-conflict", "intent.change", intent.Change{
		ID: p.names["R-31"], Token: power.declared("R-31").Token, Plan: stay, ReadSet: power.read(),
	}, "ridgeline-watch")
	p.say("Ridgeline changes R-31 to the way west.")
	out := p.refile(ridgeline, p.r31(fix{r31Out, 3100, p.at("D 02:31")}, fix{landing, 3100, p.at("D 02:38")}))
	equal(p, "With its way out R-31 is", out.State, intent.Activated)
	equal(p, "R-1 takes it as", p.verdict(&out, r1.ID).Outcome, intent.Leaving)
	none(p, "It is in nobody's way", len(against(&out, intent.AgainstIntent)))
	clear := power.judge("R-31", "T-41")
	p.part().check(!clear.Conflict, "Ridgeline's own program finds it clear of T-41")
	equal(p.part(), "Messages that wait at Ridgeline:", len(open(power)), 2)
	said, ending := p.proposalAsked()
	p.say("Ridgeline's duty director answers: %s.", words(said))
	power.does("channel.answer", channel.Respond{Message: offered.ID, Answer: said, Position: "duty-director"}, "ridgeline-duty")
	power.does("channel.answer", channel.Respond{Message: called.ID, Answer: channel.SayRoger, Position: "watch"}, "ridgeline-watch")
	yes := only[channel.Responded](agency, "what Ridgeline answers", func(r *channel.Responded) bool { return r.Message == offered.ID })
	equal(p, "The proposal ends as", yes.Event.Ending, ending)
	p.about("at", yes.At, "D 02:32")
	none(p.part(), "No message waits any more", len(open(power)))
}

// open returns the messages that wait for the party's people.
func open(a *Actor) []channel.Message {
	var waiting []channel.Message
	for _, position := range []string{"watch", "duty-director"} {
		for _, m := range look[struct {
			Inbox []channel.Message `json:"inbox"`
		}](a, "desk", "/v1/desk/", position).Inbox {
			if m.Ended == 0 {
				waiting = append(waiting, m)
			}
		}
	}
	return waiting
}
