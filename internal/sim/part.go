package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deconflict/deconflict/client"
	"github.com/deconflict/deconflict/internal/channel"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/offer"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/terms"
)

// Begins is when the node's time begins.
func (s *Scenario) Begins() time.Time { return s.Instant(s.Start) }

// ask returns what a party says: what who takes its part says, or the script.
// Whoever asks must go on with any answer.
func (p *Play) ask(who party.ID, question, answer string) string {
	if !p.plays(who) {
		return answer
	}
	return p.node.Ask(p.toYou(question), answer)
}

// plays reports whether somebody takes the part of a party.
func (p *Play) plays(who party.ID) bool { return p.node.Part == who && p.node.Ask != nil }

// toYou is a question to who takes a part.
func (p *Play) toYou(question string) string {
	return fmt.Sprintf("You are %s. %s", called(p.node.Part), question)
}

// mostAsked is how often somebody is asked again before the script goes on.
const mostAsked = 5

// asked asks until take takes the answer. It gets what was said, and after so
// many times the script's answer, which it must take.
func (p *Play) asked(who party.ID, question, answer string, take func(said string) bool) {
	for n := 1; ; n++ {
		if n > mostAsked || !p.plays(who) {
			take(answer)
			return
		}
		if take(p.node.Ask(p.toYou(question), answer)) {
			return
		}
	}
}

// bufferAsked has EL choose the buffer of the line that it counters with, puts
// it into the text and returns it, in nautical miles.
func (p *Play) bufferAsked(text *terms.Text) (chosen string) {
	i := slices.IndexFunc(text.Clauses, func(c terms.Clause) bool { return c.ID == "4" })
	p.asked(el, "NC proposes a buffer of 3 NM along the line. Which one do you counter with, in NM?", "5", func(said string) bool {
		miles, err := strconv.ParseFloat(strings.TrimSuffix(said, " NM"), 64)
		if err != nil || !(miles > 0 && miles <= 50) {
			p.say("Expected a number of nautical miles, up to 50.")
			return false
		}
		text.Clauses[i].Parameters["buffer_mm"] = json.RawMessage(fmt.Sprint(nm(miles)))
		if _, err := terms.RunExamples(text); err != nil {
			p.say("That contradicts the worked examples of the text, which say what both meant, and so cannot be tabled: %s.", err)
			return false
		}
		chosen = strconv.FormatFloat(miles, 'f', -1, 64)
		return true
	})
	return chosen
}

// signAsked has a party sign, or wait.
func (p *Play) signAsked(who party.ID, question string) {
	p.asked(who, question+" yes or no", "yes", func(said string) bool {
		if strings.HasPrefix(strings.ToLower(said), "y") {
			return true
		}
		p.say("Without your signature it is not in force, for anybody, however long that takes.")
		return false
	})
}

// optionAsked has NC choose among what would clear N-204, where N-204 is changed
// so and the script's choice follows. It returns the version that N-204 then has.
func (p *Play) optionAsked(found []option, script int) int64 {
	north := p.actor(nc)
	if p.plays(nc) {
		p.say("The node's options for N-204:")
		for i := range found {
			p.say("%d: %s", i+1, found[i].Words)
		}
	}
	chosen := script
	p.asked(nc, "Which one do you take? Its number", strconv.Itoa(script+1), func(said string) bool {
		n, err := strconv.Atoi(said)
		if err != nil || n < 1 || n > len(found) || found[n-1].Body == nil {
			p.say("Expected one of the numbers, of an option that the node can write as a change.")
			return false
		}
		chosen = n - 1
		return true
	})
	if chosen == script {
		return 1
	}
	tried := came[intent.Decided](p, north.does("intent.change", found[chosen].Body, "nc-watch"))
	p.say("N-204 is now %s, in version %d. The rest of the morning was written for the higher floor, so NC changes it again.", words(tried.State), tried.Version)
	return tried.Version
}

// backAsked has a party read a message back until it is right. Back does so with
// what was said, and refuses what is no value.
func (p *Play) backAsked(who party.ID, question, right string, back func(said string) (*client.Taken, error)) {
	p.asked(who, question, right, func(said string) bool {
		taken, err := back(said)
		if err != nil {
			p.say("Expected %s.", err)
			return false
		}
		if mismatched(taken) {
			p.check(true, "Your read-back does not match, and the message stays open", said)
			return false
		}
		p.check(true, "Your read-back matches: now the sender knows that it was understood")
		return true
	})
}

// timeSaid reads a time of day that somebody said.
func timeSaid(said, layout string) error {
	if _, err := time.Parse(layout, said); err != nil {
		return fmt.Errorf("a time as %s", strings.NewReplacer("15", "09", "04", "26", "05", "00").Replace(layout))
	}
	return nil
}

// readBackAsked has who takes the part of NC read the crossing back.
func (p *Play) readBackAsked() {
	question := "EL: E-88 crosses the line at 12.1723 N at 09:26 at 20,000 ft. Read the time back; try a wrong one, too"
	p.backAsked(nc, question, "09:26", func(said string) (*client.Taken, error) {
		if err := timeSaid(said, "15:04"); err != nil {
			return nil, err
		}
		return p.actor(nc).does("channel.readback", channel.SayBack{
			Message: p.names["crossing notice"], Values: crossingFields("D "+said, p), Method: channel.Blind, Position: "watch",
		}, "nc-watch"), nil
	})
}

// directorAsked has EL's duty director read the FLASH back.
func (p *Play) directorAsked(east *Actor) channel.Confirmed {
	back := func(said string) *client.Taken {
		return east.does("channel.readback", channel.SayBack{
			Message: p.names["flash"], Values: p.lineFields("D " + said)[1:], Method: channel.Blind, Position: "duty-director",
		}, "el-duty")
	}
	const right = "09:18:56"
	if !p.plays(el) {
		p.say("He reads the place and the time back.")
		return came[channel.Confirmed](p, back(right))
	}
	var last *client.Taken
	question := "NC, on the telephone: N204A crosses the line at 12.1000 N at 09:18:56. Read the time back; try a wrong one, too"
	p.backAsked(el, question, right, func(said string) (*client.Taken, error) {
		if err := timeSaid(said, "15:04:05"); err != nil {
			return nil, err
		}
		last = back(said)
		return last, nil
	})
	return came[channel.Confirmed](p, last)
}

func mismatched(taken *client.Taken) bool {
	for i := range taken.Events {
		if taken.Events[i].Type() == "channel.mismatch" {
			return true
		}
	}
	return false
}

// answerStop returns what a party answers to a STOP.
func (p *Play) answerStop(who party.ID, about, answer string) (outcome string) {
	outcomes := []string{channel.Held, channel.NotMine, channel.Unable}
	p.asked(who, fmt.Sprintf("STOP: %s Answer %s", about, strings.Join(outcomes, ", ")), answer, func(said string) bool {
		outcome = said
		return slices.Contains(outcomes, said)
	})
	return outcome
}

// stopAsked lets a party call STOP to another, with which it just came too near.
func (p *Play) stopAsked(who, other party.ID) {
	if said := p.ask(who, "Two aircraft have come too near to each other. Do you call STOP? yes or no", "no"); !strings.HasPrefix(strings.ToLower(said), "y") {
		return
	}
	a := p.actor(who)
	where := at(12.10, -29.95)
	stop := came[channel.StopSent](p, a.does("channel.stop", channel.CallStop{
		Where:  channel.Place{Point: &where, RadiusMM: nm(20), Text: "Two aircraft too near to each other."},
		AtRisk: "aircraft", Callback: "line 1", To: []party.ID{other},
	}, watchOf(who)))
	p.check(true, fmt.Sprintf("%s is called at once; nobody is asked whether you were right", called(other)))
	p.actor(other).does("channel.hold", channel.Hold{Stop: stop.Stop, Outcome: channel.Held, Position: "watch"}, watchOf(other))
	p.say("%s holds its own aircraft, and says so. You lift the STOP when they are apart.", called(other))
	a.does("channel.resume", channel.Resume{Stop: stop.Stop, Reason: "They are apart."}, string(who)+"-duty")
	for _, n := range heard[channel.Sent](p.actor(other)) {
		if n.Event.Dispatch.Type == channel.TypeResumed {
			p.actor(other).does("channel.answer", channel.Respond{Message: n.Event.ID, Answer: channel.SayRoger, Position: "watch"}, watchOf(other))
		}
	}
}

// proposalAsked returns what Ridgeline answers to the proposal of a way out, and
// how that ends it.
func (p *Play) proposalAsked() (answer string, ending channel.Ending) {
	endings := map[string]channel.Ending{channel.SayWilco: channel.AsWilco, channel.SayUnable: channel.AsAnswered}
	p.asked(ridgeline, "Air attack proposes a way out to the west, down by 02:38. Answer wilco, we will, or unable", channel.SayWilco, func(said string) bool {
		answer, ending = said, endings[said]
		return ending != ""
	})
	return answer, ending
}

// settled has Highmoor and MediLift settle who moves. Who takes the part of
// MediLift accepts, rejects or counters what Highmoor offers.
func (p *Play) settled(run, first intent.Decided) (agreed offer.Made) {
	tankers, doctors := p.actor(highmoor), p.actor(medilift)
	higher := func(ft float64) []offer.Undertaking {
		return []offer.Undertaking{{By: highmoor, Kind: offer.Level, Intent: run.ID, Floor: &offer.Altitude{MM: feet(ft), Reference: "AMSL"}}}
	}
	offers := func() {
		p.say("Highmoor offers to fly T-42 no lower than 3,600 ft.")
		agreed = came[offer.Made](p, tankers.does("offer.make", offer.Make{
			To: medilift, Mine: offer.Ref{Intent: run.ID, Version: run.Version}, Theirs: offer.Ref{Intent: first.ID, Version: first.Version},
			Undertakings: higher(3600),
		}, "highmoor-watch"))
		only[offer.Made](doctors, "of the offer", func(m *offer.Made) bool { return m.Offer == agreed.Offer })
	}
	offers()
	p.asked(medilift, "Highmoor offers to fly T-42 at 3,600 ft, 600 ft above ML-2. Answer accept, reject or counter", "accept", func(said string) bool {
		switch said {
		case "accept":
			p.say("MediLift accepts: what it accepts is named by its digest, so that it cannot be another offer.")
			doctors.does("offer.accept", offer.Accept{Offer: agreed.Offer, Digest: agreed.Digest}, "medilift-watch")
			return true
		case "reject":
			doctors.does("offer.reject", offer.Reject{Offer: agreed.Offer}, "medilift-watch")
			p.say("The offer is gone, nobody's flight moves, and ML-2 stays proposed. Highmoor tries again.")
			offers()
		case "counter":
			p.counterAsked(agreed, higher)
			offers()
		default:
			p.say("Expected accept, reject or counter.")
		}
		return false
	})
	return agreed
}

// counterAsked has MediLift counter an offer with another height, which Highmoor
// rejects.
func (p *Play) counterAsked(made offer.Made, higher func(ft float64) []offer.Undertaking) {
	level := 4000.0
	p.asked(medilift, "How high would you have T-42 fly, in feet?", "4000", func(said string) bool {
		ft, err := strconv.ParseFloat(strings.ReplaceAll(said, ",", ""), 64)
		if err != nil || ft < 3600 || ft > 9500 || math.IsNaN(ft) {
			p.say("Expected a height from 3,600 to 9,500 ft.")
			return false
		}
		level = ft
		return true
	})
	taken, err := p.actor(medilift).tries("offer.counter", offer.Counter{Offer: made.Offer, Undertakings: higher(level)}, "medilift-watch")
	if err != nil {
		var problem *client.Problem
		if !errors.As(err, &problem) {
			p.fail(err)
		}
		p.say("The node refuses: %s", problem.Detail)
		return
	}
	countered := came[offer.Made](p, taken)
	p.actor(highmoor).does("offer.reject", offer.Reject{Offer: countered.Offer, Reason: "too high to hit the fire"}, "highmoor-watch")
	p.say("Highmoor rejects it, as from %.0f ft it would not hit the fire, and offers what it can.", level)
}
