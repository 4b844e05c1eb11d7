package sim

import (
	"time"

	"github.com/deconflict/deconflict/internal/party"
)

// Begins is when the node's time begins.
func (s *Scenario) Begins() time.Time { return s.instant(s.Start) }

// ask returns what a party says where a person may take its part: the script's
// answer, or another. Whoever asks must go on with any answer.
func (p *Play) ask(who party.ID, question, answer string) string {
	if p.node.Ask == nil {
		return answer
	}
	return p.node.Ask(who, question, answer)
}
