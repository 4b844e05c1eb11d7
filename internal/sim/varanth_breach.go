package sim

import (
	"fmt"
	"slices"

	"github.com/deconflict/deconflict/internal/agreement"
	"github.com/deconflict/deconflict/internal/channel"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/incident"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/notice"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
	"github.com/deconflict/deconflict/internal/volume"
)

// west is the edge of N-204 nearest to the line. N204A leaves over it.
var west = toward(at(12.10, -29.70), 270, 12)

// trackPoint is where N204A is at a time, on its way west at 300 kt: it passes
// the edge of its volume at 09:17:49.
func (p *Play) trackPoint(time string) fix {
	t := p.at(time)
	return fix{toward(west, 270, float64(t-p.at("D 09:17:49"))/1e9*300/3600), 15_800, t}
}

// beginN204 is D 08:45.
func beginN204(p *Play) {
	equal(p, "N-204 is", p.activate(nc, "N-204").State, intent.Activated)
}

// beginH17 is D 09:00. Nobody holds the mover, and all have read of it.
func beginH17(p *Play) {
	equal(p, "H-17 is", p.activate(hr, "H-17").State, intent.Activated)
	risk := only[notice.Risk](p.actor(hr), "who of those notified has not read of it", nil).Event
	equal(p.part(), "Parties that have not:", len(risk.Unread)+len(risk.CannotAvoid), 0)
}

// warnBefore is D 09:17:10.
func warnBefore(p *Play) {
	rules := p.actor(nc).rules(el)
	when, crosses := predictCrossing(rules.Lines[0], p.trackPoint("D 09:17:00"), p.trackPoint("D 09:17:10"), 180e9)
	p.say("Varanth Control works it out from what it sees, and warns NC's watch.")
	p.check(crosses, "Carried straight on, the track crosses the line")
	p.about("at", when, "09:18:56")
	sent := came[channel.Sent](p, p.actor(vc).does("channel.send", channel.Send{
		To: channel.Address{Party: nc, Position: "watch"}, Type: channel.TypeWarn, Precedence: channel.Immediate, Ref: p.names["N-204"],
		Fields: p.lineFields("D 09:18:56"), Language: "en", Text: "N204A tracks toward the line at 300 kt.",
	}, "vc-watch"))
	p.actor(nc).does("channel.answer", channel.Respond{Message: sent.ID, Answer: channel.SayRoger, Position: "watch"}, "nc-watch")
}

// lineFields say where and when N204A crosses the line.
func (p *Play) lineFields(time string) []channel.Field {
	place, instant, alias := at(12.10, -30), p.at(time), "N204A"
	return []channel.Field{
		{Name: "alias", Value: terms.Value{Text: &alias}},
		{Name: "cross_point", Value: terms.Value{Position: &place}},
		{Name: "cross_time", Value: terms.Value{At: &instant}},
	}
}

// leaveVolume is 09:17:49.
func leaveVolume(p *Play) {
	north := p.actor(nc)
	now := declared.Shape{Volumes: []declared.Volume{p.around(west, 1, 15_000, 16_500, "D 09:17:40", "D 10:00")}}
	off := came[intent.Decided](p, north.does("intent.nonconforming", intent.Nonconform{ID: p.names["N-204"], OffNominal: &now}, "nc-watch"))
	equal(p, "N-204 is", off.State, intent.Nonconforming)
	seen := only[intent.Decided](p.actor(el), "that N-204 does not conform", func(d *intent.Decided) bool { return d.ID == off.ID })
	p.part().check(seen.Event.OffNominal != nil, "EL sees where the aircraft is")
	p.about("at", seen.At, "09:17:49")
	p.say("NC warns EL's watch: N204A left its area westward.")
	sent := came[channel.Sent](p, north.does("channel.send", channel.Send{
		To: channel.Address{Party: el, Position: "watch"}, Type: channel.TypeWarn, Precedence: channel.Immediate, Ref: off.ID,
		Fields: p.lineFields("D 09:18:56"), Language: "en", Text: "N204A left its volume westward.",
	}, "nc-watch"))
	p.names["warning"] = sent.ID
	p.about("The watch at EL has to answer by", sent.RespondBy, "09:27:49")
}

// enterBuffer is 09:17:56: five miles from the line.
func enterBuffer(p *Play) {
	north := p.actor(nc)
	line := north.rules(el).Lines[0]
	before, after := p.trackPoint("D 09:17:55"), p.trackPoint("D 09:17:57")
	equal(p.part(), "A second earlier the aircraft was on the", line.Standing(nc, latLng(before)), terms.OwnSide)
	equal(p.part(), "A second later it is in the", line.Standing(nc, latLng(after)), terms.InBuffer)
	sent := came[channel.Sent](p, north.does("channel.send", channel.Send{
		To: channel.Address{Party: el, Position: "watch"}, Type: channel.TypeWarn, Precedence: channel.Flash, Ref: p.names["warning"],
		Fields: p.lineFields("D 09:18:56"), Response: channel.ReadBack,
		Language: "en", Text: "N204A is in the buffer and will cross the line. It is being turned back.",
	}, "nc-watch"))
	p.names["flash"] = sent.ID
	p.entries["flash"] = only[channel.Sent](p.actor(el), "by FLASH", func(s *channel.Sent) bool { return s.ID == sent.ID }).Index
	p.clock("D 09:18")
	p.say("As nobody opens it, NC telephones EL's watch.")
	north.attempt(p.names["flash"], "watch", "voice", channel.Calling, "D 09:18", "")
	p.entries["called 09:18:00"] = only[channel.Attempted](p.actor(el), "that it was called", func(t *channel.Attempted) bool { return t.By == nc }).Index
}

func latLng(f fix) geodesy.LatLng { return geodesy.LatLng(f.Point) }

// attempt logs a call about a message, as its sender made it.
func (a *Actor) attempt(message, position, bearer string, outcome channel.Outcome, started, ended string) {
	t := channel.Try{Message: message, Position: position, Bearer: bearer, Outcome: outcome, Started: a.p.at(started)}
	if ended != "" {
		t.Ended = a.p.at(ended)
	}
	a.does("channel.attempt", t, string(a.id)+"-watch")
}

// nobodyAnswers is 09:18:30 and 09:19:00.
func nobodyAnswers(p *Play) {
	p.part().about("The first step of the ladder ends at", p.failed("watch", "voice", channel.NoAnswer), "09:18:30")
	missed := only[agreement.Observed](p.actor(el), "that its watch did not answer in time", func(o *agreement.Observed) bool { return o.Outcome == agreement.Breached }).Event
	equal(p, "By the agreement that is a breach by", missed.Party, el)
	equal(p.part(), "of clause", missed.Clause, "8")
	p.clock("D 09:18:59.5")
	p.say("NC tries the satellite line, which fails.")
	p.actor(nc).attempt(p.names["flash"], "watch", "satellite", channel.Fault, "D 09:18:30", "D 09:18:59.5")
	p.about("The second step ends at", p.failed("watch", "satellite", channel.Fault), "09:19:00")
	equal(p, "A line that fails is nobody's breach. Breaches so far:", len(breaches(p.actor(el))), 1)
	m := look[channel.Message](p.actor(nc), "message", "/v1/messages/", p.names["flash"])
	p.check(m.Climb != nil && m.Climb.Rung == 2, "The third step is tried next: EL's duty director")
}

// breaches are those that a party was told of in this row.
func breaches(a *Actor) (some []news[agreement.Observed]) {
	for _, n := range heard[agreement.Observed](a) {
		if n.Event.Outcome == agreement.Breached {
			some = append(some, n)
		}
	}
	return some
}

// failed checks that both sides have an attempt that failed in their records, in
// one and the same entry, and returns when it ended.
func (p *Play) failed(position, bearer string, outcome channel.Outcome) statement.Instant {
	is := func(t *channel.Attempted) bool {
		return t.Message == p.names["flash"] && t.Position == position && t.Bearer == bearer && t.Outcome == outcome
	}
	what := fmt.Sprintf("of the try to reach the %s over %s: %s", position, bearer, words(outcome))
	ours, theirs := only[channel.Attempted](p.actor(nc), what, is), only[channel.Attempted](p.actor(el), what, is)
	equal(p.part(), "Both have it as entry", ours.Index, theirs.Index)
	p.entries["failed over "+bearer] = ours.Index
	return ours.Event.Ended
}

// directorAnswers is 09:19:20.
func directorAnswers(p *Play) {
	north, east := p.actor(nc), p.actor(el)
	north.attempt(p.names["flash"], "duty-director", "voice", channel.Reached, "D 09:19", "D 09:19:20")
	p.say("EL's duty director answers the telephone, and says ROGER.")
	east.does("channel.answer", channel.Respond{Message: p.names["flash"], Answer: channel.SayRoger, Position: "duty-director"}, "el-duty")
	m := look[channel.Message](north, "message", "/v1/messages/", p.names["flash"])
	equal(p, "After ROGER, which only says received, the message is", m.State(), "answered")
	back := p.directorAsked(east)
	equal(p, "It is read back by a person of level", back.Level, party.Duty)
	equal(p, "and closed as", back.Ending, channel.AsReadBack)
	east.does("channel.answer", channel.Respond{Message: p.names["warning"], Answer: channel.SayRoger, Position: "duty-director"}, "el-duty")
	p.clock("D 09:19:40")
	p.say("Each side writes down the call. NC promises to lead N204A back.")
	call := channel.Call{
		With: el, Purpose: "safety", Outgoing: true, Bearer: "voice", Line: "line 3", Initiated: p.at("D 09:19"), Answered: p.at("D 09:19:20"),
		Ended: p.at("D 09:19:40"), EndedBy: "us", Outcome: "taken", Messages: []string{p.names["flash"]},
		Caller: channel.Speaker{Position: "watch", Level: party.Watch}, Answerer: channel.Speaker{Position: "duty-director", Level: party.Duty},
		Gist:         map[string]string{"en": "N204A strays over the line and turns back."},
		Undertakings: []channel.Promise{{Who: nc, What: "N204A is led back to its volume", By: p.at("D 09:30")}},
	}
	ours := came[channel.Called](p, north.does("channel.call", call, "nc-watch"))
	call.Call, call.With, call.Outgoing, call.Undertakings = ours.ID, nc, false, nil
	call.Gist = map[string]string{"fr": "N204A s'égare au-delà de la ligne et fait demi-tour."}
	theirs := came[channel.Called](p, east.does("channel.call", call, "el-duty"))
	equal(p.part(), "Each side has its own account of one call, under the id", theirs.ID, ours.ID)
	p.names["promise"] = ours.Undertakings[0]
}

// strayOver is what the track of 09:18:56 to 09:19:21 shows, once it is over.
func strayOver(p *Play) {
	out := p.trackPoint("D 09:19:07")
	turned := fix{toward(at(12.10, -30), 90, 0.005), 15_800, p.at("D 09:19:21")}
	home := fix{toward(turned.Point, 90, 2), 15_800, p.at("D 09:19:45")}
	line := p.actor(nc).rules(el).Lines[0]
	p.check(line.Side(latLng(out)).DistanceMM <= nm(0.92), fmt.Sprintf("It came %.2f NM beyond the line", float64(line.Side(latLng(out)).DistanceMM)/mmOfNM))
	p.say("NC itself shows EL where it was flown.")
	flown := declared.Shape{Trajectories: []declared.Trajectory{flight(0, 0, p.trackPoint("D 09:17:49"), out, turned, home)}}
	p.actor(nc).does("intent.nonconforming", intent.Nonconform{ID: p.names["N-204"], OffNominal: &flown}, "nc-watch")
	for i, id := range []party.ID{nc, el} {
		p := p.beside(i)
		o := only[agreement.Observed](p.actor(id), "that the line was crossed", nil)
		equal(p, "against clause", o.Event.Clause, "4")
		equal(p, "by", o.Event.Party, nc)
		equal(p.part(), "The clause is", o.Event.Outcome, agreement.Breached)
		p.about("at", o.Event.When, "09:18:56")
		equal(p.part(), "Pieces of evidence:", len(o.Event.Evidence), 1)
		for _, e := range p.actor(id).inbox("agreement.observed") {
			p.part().check(e.Fields["text"] == nil && e.Fields["reason"] == nil, "The finding has no word on why")
		}
	}
	seen := p.actor(el).declared("N-204")
	crossings, errs := 0, ""
	for _, c := range line.Crossings(p.placed(seen.OffNominal).Trajectories[0]) {
		crossings++
		errs += fmt.Sprintf("%s from %s to %s; ", statement.Instant(c.TimeNS), c.From, c.To)
	}
	equal(p.part(), "EL's own program finds crossings:", crossings, 2)
	p.part().check(crossings == 2, "there and back", errs)
	p.actor(nc).does("channel.kept", channel.Kept{Undertaking: p.names["promise"], Outcome: "done"}, "nc-watch")
}

// arriveH17 is D 09:23.
func arriveH17(p *Play) {
	relief := p.actor(hr)
	relief.does("notice.end", notice.End{Notice: p.names["H-17 notice"], Version: 1, Reason: "arrived"}, "hr-watch")
	relief.does("intent.end", intent.End{ID: p.names["H-17"]}, "hr-watch")
	for _, id := range []party.ID{nc, el} {
		only[notice.Ended](p.actor(id), "that H-17 has arrived", nil)
		p.steps(id, "H-17 notice", 1, notice.Dropped)
	}
}

// loseSeparation is 09:29:53.
func loseSeparation(p *Play) {
	// E-88B has sunk along its way; N204A closes in from the side.
	d := p.actor(el).declared("E-88")
	t := p.placed(&d.Shape).Trajectories[0]
	last := p.at("D 09:29:53")
	place := func(ns int64) declared.Point { where, _ := t.At(ns); return declared.PointOf(where) }
	sunk := declared.Shape{Trajectories: []declared.Trajectory{flight(0, 0,
		fix{place(int64(last) - 60e9), 18_600, last - 60e9}, fix{place(int64(last)), 16_900, last})}}
	closing := declared.Shape{Trajectories: []declared.Trajectory{flight(0, 0,
		fix{toward(place(int64(last)), 15, 2.95), 15_800, last - 60e9}, fix{toward(place(int64(last)), 15, 0.45), 15_800, last})}}
	p.actor(nc).does("intent.nonconforming", intent.Nonconform{ID: p.names["N-204"], OffNominal: &closing}, "nc-watch")
	p.actor(el).does("intent.nonconforming", intent.Nonconform{ID: p.names["E-88"], OffNominal: &sunk}, "el-watch")
	p.say("Both say where their aircraft are: E-88B has sunk by 4,100 ft, and N204A closes in from the side.")
	var index int64
	for i, id := range []party.ID{nc, el} {
		p := p.beside(i)
		opened := only[incident.Opened](p.actor(id), "of the loss of separation", nil)
		o := opened.Event
		p.names["I-1"] = o.Incident
		p.part().check(index == 0 || index == opened.Index, "Both have it as entry", opened.Index)
		index = opened.Index
		p.about("at", o.At, "09:29:53")
		if o.HorizontalMM == nil || o.VerticalMM == nil {
			p.part().check(false, "it has distances")
			continue
		}
		p.miles("They were apart by", *o.HorizontalMM, 0.45)
		p.check(max(*o.VerticalMM-feet(1100), feet(1100)-*o.VerticalMM) < feet(1), "and by 1,100 ft")
		equal(p, "It is no near mid-air collision by the 500 ft test, but a loss of", o.Category, incident.Category(incident.Separation))
		p.check(len(o.Evidence) > 0, fmt.Sprintf("%d entries of the record are frozen as evidence", len(o.Evidence)))
		among := slices.ContainsFunc(o.Evidence, func(e incident.Evidence) bool { return e.Index == p.entries["flash"] })
		p.part().check(among, "The FLASH of 09:17:56 is among it")
	}
	p.stopAsked(nc, el)
	p.stopAsked(el, nc)
}

// predictCrossing returns when a track, carried straight on, crosses a line.
func predictCrossing(line terms.Line, first, second fix, lookAheadNS int64) (statement.Instant, bool) {
	d, bearing, _ := geodesy.Inverse(latLng(first), latLng(second))
	spanNS := int64(second.at - first.at)
	far := geodesy.Direct(latLng(first), bearing, d*float64(spanNS+lookAheadNS)/float64(spanNS))
	t, err := volume.NewTrajectory([]volume.Waypoint{
		{At: latLng(first), TimeNS: int64(first.at)}, {At: far, TimeNS: int64(second.at) + lookAheadNS},
	}, volume.Buffers{})
	if err != nil {
		return 0, false
	}
	crossings := line.Crossings(t)
	if len(crossings) == 0 {
		return 0, false
	}
	return statement.Instant(crossings[0].TimeNS), true
}
