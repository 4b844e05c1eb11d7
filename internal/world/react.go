package world

import (
	"github.com/deconflict/deconflict/internal/event"
)

// maxFollowing bounds how many events may follow from one command, far above
// what any should: what goes beyond is a fault of the program.
const maxFollowing = 10_000

// Carry applies what was decided together, and then what follows from it: first
// from the first event, with all that follows from that, then from the next.
// Each step is decided on the state that the steps before it made. apply writes
// an event down and applies it. It returns false when the reactions had no end
// and were cut off.
func (st *State) Carry(decided []Event, env event.Env, apply func(Event)) bool {
	c := carrier{st: st, env: env, apply: apply, left: maxFollowing + len(decided)}
	c.carry(decided)
	for c.left > 0 {
		again := st.Agreement.Recheck(st.agreementView(env), env)
		if len(again) == 0 {
			return true
		}
		c.carry(list(again))
	}
	return false
}

type carrier struct {
	st    *State
	env   event.Env
	apply func(Event)
	left  int
}

func (c *carrier) carry(events []Event) {
	for _, ev := range events {
		c.left--
		c.apply(ev)
	}
	for _, ev := range events {
		e, ok := ev.(event.Event)
		if !ok {
			continue
		}
		for _, reaction := range reactionsTo(e) {
			if c.left <= 0 {
				return
			}
			c.carry(list(reaction(c.st, c.env)))
		}
	}
}

// reaction is what one domain has to say to an event of another.
type reaction func(st *State, env event.Env) []event.Event
