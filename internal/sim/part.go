package sim

import (
	"fmt"
	"strings"
	"time"

	"github.com/deconflict/deconflict/client"
	"github.com/deconflict/deconflict/internal/channel"
	"github.com/deconflict/deconflict/internal/party"
)

// Begins is when the node's time begins.
func (s *Scenario) Begins() time.Time { return (&Play{Scenario: s}).instant(s.Start) }

// ask returns what a party says: what who takes its part says, or the script.
// Whoever asks must go on with any answer.
func (p *Play) ask(who party.ID, question, answer string) string {
	if p.node.Part != who || p.node.Ask == nil {
		return answer
	}
	return p.node.Ask(question, answer)
}

// mostAsked is how often somebody is asked again before the script goes on.
const mostAsked = 5

// readBackAsked has who takes the part of NC read the crossing back, until the
// time is right.
func (p *Play) readBackAsked() {
	north := p.actor(nc)
	for n := 1; ; n++ {
		said := p.ask(nc, "EL: E-88 crosses the line at 12.1723 N at 09:26 at 20,000 ft. Read back the time", "09:26")
		if n > mostAsked {
			said = "09:26"
		}
		if _, err := time.Parse("15:04", said); err != nil {
			continue // no time as 09:26: asked again
		}
		taken := north.does("channel.readback", channel.SayBack{
			Message: p.names["crossing notice"], Values: crossingFields("D "+said, p), Method: channel.Blind, Position: "watch",
		}, "nc-watch")
		if !mismatched(taken) {
			p.check(true, "your read-back matches: EL knows that it was understood")
			return
		}
		p.check(true, "your read-back does not match, and the message stays open", said)
	}
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
func (p *Play) answerStop(who party.ID, about, answer string) string {
	words := []string{channel.Held, channel.NotMine, channel.Unable}
	said := p.ask(who, fmt.Sprintf("STOP: %s Answer %s", about, strings.Join(words, ", ")), answer)
	for _, w := range words {
		if said == w {
			return said
		}
	}
	return answer
}
