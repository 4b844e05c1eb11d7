package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/deconflict/deconflict/internal/channel"
	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/incident"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// flyT42 is D 02:55.
func flyT42(p *Play) {
	p.takeOff(highmoor, "T-42")
	equal(p, "T-42 is", p.actor(highmoor).declared("T-42").State, intent.Activated)
}

// flying returns whose flights a party knows of inside a circle about the fire,
// from now on for ten minutes.
func (a *Actor) flying(miles float64) []party.ID {
	ring := declared.Shape{Volumes: []declared.Volume{a.p.around(fire, miles, 0, 9500, "D 02:05", "D 02:06")}}
	ring.Volumes[0].Start, ring.Volumes[0].End = stamp(a.p.now), stamp(a.p.now)+600e9
	var owners []party.ID
	for _, id := range look[[]string](a, "ids", "/v1/declared", "") {
		d := a.declaredID(id)
		if d.State != intent.Activated {
			continue
		}
		v, err := conflict.Judge(a.p.placed(&d.Shape), a.p.placed(&ring), conflict.Minima{})
		a.p.fail(err)
		if v.Conflict && !slices.Contains(owners, d.Owner) {
			owners = append(owners, d.Owner)
		}
	}
	slices.Sort(owners)
	return owners
}

// seeDrone is D 02:56.
func seeDrone(p *Play) {
	agency, tankers, doctors := p.actor(tfa), p.actor(highmoor), p.actor(medilift)
	p.part().miles("The drone is away from the fire by", apart(fire, drone), 2.20)
	equal(p.part(), "in the direction", fmt.Sprintf("%03.0f", bearing(fire, drone)), "035")
	inside := agency.flying(7)
	equal(p, "Flights inside 7 NM are those of", listed(inside), "Highmoor, MediLift")
	level, when := sea(3400), p.at("D 02:56")
	p.say("TA-1 tells them, and Tarrow Centre, by FLASH what it sees: grey, about 1 m, at 3,400 ft.")
	for _, id := range append(slices.Clone(inside), centre) {
		agency.does("channel.send", channel.Send{
			To: channel.Address{Party: id, Position: "watch"}, From: "air-attack", Type: channel.TypeSighting, Precedence: channel.Flash,
			Fields: []channel.Field{
				{Name: "position", Value: terms.Value{Position: &drone}},
				{Name: "level", Value: terms.Value{Level: &level}},
				{Name: "at", Value: terms.Value{At: &when}},
				textField("look", "grey, about 1 m, operator not seen"), textField("course", "south-west"),
			},
			Phrases: []string{"unknown_aircraft"},
		}, "tfa-ta1")
	}
	seen := declared.Volume{
		Footprint: declared.Footprint{Circle: &declared.Circle{Centre: drone, RadiusMM: nm(0.5)}}, Lower: seaAt(2700), Upper: seaAt(4100),
		Start: when, End: p.at("D 03:26"), HErrorMM: nm(0.1), TErrorNS: leastNS,
	}
	report := came[intent.Reported](p, agency.does("intent.report", intent.Report{
		About: "unknown drone", Origin: "TA-1", Grade: "relayed", Shape: declared.Shape{Volumes: []declared.Volume{seen}},
	}, "tfa-ta1"))
	words := p.ask(tfa, "An unknown drone, with two aircraft near it. You are TA-1 and call STOP: what do you say?", "unknown drone at 3,400 ft")
	p.say("TA-1 calls STOP within 7 NM of the fire: %s", words)
	said := agency.does("channel.stop", channel.CallStop{
		Where:  channel.Place{Point: &fire, RadiusMM: nm(7), Text: words},
		AtRisk: "aircraft", Callback: primary, To: inside, ResumeBy: &channel.Address{Party: tfa, Position: "air-operations"},
	}, "tfa-ta1")
	stop := came[channel.StopSent](p, said)
	p.names["STOP"], p.names["entry of STOP"] = stop.Stop, fmt.Sprint(said.Index)
	p.settle()
	passes := p.among(tankers.reviewed("T-42").Verdicts, report.ID)
	equal(p, "T-42 is warned; as a report of others it counts as", passes.Outcome, intent.Hearsay)
	m := p.measured(passes)
	p.miles("It would pass the drone at", *m.CentreTenthMM/10, 0.36)
	p.about("at", m.At, "D 02:57:59")
	for _, a := range []*Actor{tankers, doctors} {
		only[channel.StopSent](a, "STOP", func(s *channel.StopSent) bool { return s.Stop == stop.Stop })
	}
	for _, id := range []party.ID{car, ridgeline} {
		none(p, fmt.Sprintf("No STOP goes to %s, which is not inside", called(id)), len(p.actor(id).inbox("channel.stopped")))
	}

	p.clock("D 02:56:20")
	run := tankers.declared("T-42").Trajectories[0].Points
	here := toward(runFrom, bearing(runFrom, last(run)), float64(apart(runFrom, last(run)))/mmOfNM/3)
	const about = "an unknown drone at 3,400 ft, 2.2 NM from the fire."
	saysH, saysM := p.answerStop(highmoor, about, channel.Held), p.answerStop(medilift, about, channel.Unable)
	p.say("Highmoor answers %s. T-42 breaks off to the north-east.", strings.ReplaceAll(saysH, "_", " "))
	tankers.does("channel.hold", channel.Hold{Stop: stop.Stop, Outcome: saysH, Position: "watch", Note: "T-42 breaks off to the north-east."}, "highmoor-watch")
	away := p.refile(highmoor, p.low("T-42", "fire", fix{here, 3600, p.at("D 02:56:20")}, fix{toward(here, 45, 6), 3600, p.at("D 02:59")}))
	equal(p, "T-42, which breaks off, is", away.State, intent.Activated)
	none(p, "Its new way does not pass the drone", verdicts(&away, report.ID))
	p.clock("D 02:56:40")
	p.say("MediLift answers %s. ML-2 is about to land; that is for its pilot to say.", strings.ReplaceAll(saysM, "_", " "))
	doctors.does("channel.hold", channel.Hold{
		Stop: stop.Stop, Outcome: saysM, Position: "watch", Note: "ML-2 is about to land; the pilot goes on.",
	}, "medilift-watch")
	seenBy := look[channel.StopCall](agency, "stop", "/v1/stops/", stop.Stop)
	for i, want := range []struct {
		id      party.ID
		outcome string
		at      string
	}{{highmoor, saysH, "D 02:56:20"}, {medilift, saysM, "D 02:56:40"}} {
		got := seenBy.To[i]
		equal(p, fmt.Sprintf("TFA sees the answer of %s:", called(want.id)), got.Outcome, want.outcome)
		p.part().about("at", got.First, want.at)
	}
	p.isItYours()
}

func last(points []declared.TimedPoint) declared.Point {
	t := points[len(points)-1]
	return declared.Point{LatE9: t.LatE9, LngE9: t.LngE9}
}

// isItYours asks the owner of R-31, and lets the record speak.
func (p *Play) isItYours() {
	agency, power := p.actor(tfa), p.actor(ridgeline)
	p.clock("D 02:57")
	doctors := p.actor(medilift)
	doctors.does("intent.end", intent.End{ID: p.names["ML-2"]}, "medilift-watch")
	p.say("TFA asks Ridgeline whether the drone is its own.")
	asked := came[channel.Sent](p, agency.does("channel.send", channel.Send{
		To: channel.Address{Party: ridgeline, Position: "watch"}, From: "air-attack", Type: channel.TypeQuery, Precedence: channel.Immediate,
		Ref: p.names["R-31"], Phrases: []string{"unknown_aircraft", "is_it_yours"}, Fields: []channel.Field{{Name: "position", Value: terms.Value{Position: &drone}}},
	}, "tfa-ta1"))
	p.clock("D 02:58")
	power.does("channel.answer", channel.Respond{
		Message: asked.ID, Answer: channel.SayReply, Language: "en", Text: "It is not ours. R-31 ended at 02:38.", Position: "watch",
	}, "ridgeline-watch")
	no := only[channel.Responded](agency, "that the drone is not Ridgeline's", func(r *channel.Responded) bool { return r.Message == asked.ID })
	equal(p.part(), "The question is", no.Event.Ending, channel.AsAnswered)
	p.say("Ridgeline says no: R-31 ended at 02:38. TFA need not believe it, and looks into the record.")
	index := p.index("end of R-31")
	_, err := agency.log().Update(p.ctx)
	p.fail(err)
	receipt, err := agency.log().Receipt(p.ctx, index)
	p.fail(err)
	equal(p, "For R-31 the record holds, with a proof that TFA verified itself:", strings.TrimPrefix(receipt.Type(), "intent."), "closed")
	equal(p.part(), "It is about the flight", field[string](p, &receipt.Entry, "id"), p.names["R-31"])
	p.about("at", field[statement.Instant](p, &receipt.Entry, "at"), "D 02:38")
}

// index is that of an entry of the journal, by what the script calls it.
func (p *Play) index(name string) int64 {
	n, err := strconv.ParseInt(p.names[name], 10, 64)
	p.fail(err)
	return n
}

// stillStopped is D 03:08: nothing ends a STOP by itself, nor anybody but those
// who may.
func stillStopped(p *Play) {
	agency, tankers := p.actor(tfa), p.actor(highmoor)
	equal(p, "The STOP still stands", look[channel.StopCall](agency, "stop", "/v1/stops/", p.names["STOP"]).Resumed != 0, false)
	lift := channel.Resume{Stop: p.names["STOP"], Reason: "no further sighting"}
	p.say("Highmoor tries to lift the STOP, and so does TFA's own watch.")
	tankers.refused("act-not-allowed", "channel.resume", lift, "highmoor-duty")
	agency.refused("act-not-allowed", "channel.resume", lift, "tfa-watch")
}

// resumeFlying is D 03:16.
func resumeFlying(p *Play) {
	agency := p.actor(tfa)
	lifted := came[channel.StopLifted](p, agency.does("channel.resume", channel.Resume{
		Stop: p.names["STOP"], Reason: "No sighting for 20 minutes; two crews looked.",
	}, "tfa-airops"))
	equal(p, "It is lifted by", lifted.Role, "air-operations")
	equal(p, "Minutes lost:", lifted.LostMS/60_000, 20)
	for _, id := range []party.ID{highmoor, medilift} {
		got := only[channel.StopLifted](p.actor(id), "that the STOP is lifted", nil)
		p.about("at", got.At, "D 03:16")
		p.part().check(got.Event.Reason != "", "and why", got.Event.Reason)
	}
	opened := look[[]string](agency, "ids", "/v1/incidents", "")
	equal(p.part(), "Incidents that the STOP opened:", len(opened), 1)
	agency.does("incident.account", incident.Account{
		Incident: opened[0], Text: "Unknown drone inside R-1. 3 runs cancelled.", LostS: 1200, Measures: "STOP to all inside 7 NM",
		Evidence:   []int64{p.index("entry of STOP")},
		NonParties: []string{"Tarrow Centre: told", "police: to be told"},
	}, "tfa-watch")
	shown := look[incident.Shown](p.actor(highmoor), "incident", "/v1/incidents/", opened[0])
	equal(p.part(), "It is a", shown.Opening.Kind, incident.Stop)
	equal(p, "The incident is shown to Highmoor as one between", listed(slices.Clone(shown.Opening.Parties)), "Highmoor, TFA")
	equal(p, "TFA states the seconds lost:", shown.Accounts[0].Account.LostS, 1200)
	p.part().check(len(shown.Frozen) > 0, "What it rests on is frozen")
	heading := int64(225)
	agency.does("incident.report", incident.Report{
		Kind: incident.Sighted, At: p.at("D 02:56"), Place: &drone, Altitude: seaAt(3400), Parties: []party.ID{centre},
		Text: "Unknown drone, operator not seen.", NonParties: []string{"police"},
		Sighting: &incident.Sighting{Look: "drone, about 1 m", Colour: "grey", SizeMM: 1000, HeadingDeg: &heading},
	}, "tfa-watch")
	told := only[incident.Opened](p.actor(centre), "of the sighting", nil).Event
	equal(p, "Outside the node are to be told:", strings.Join(told.NonParties, ", "), "police")
}
