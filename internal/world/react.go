package world

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/deconflict/deconflict/internal/event"
)

// maxFollowing bounds how many events may follow from one command, far above
// what any should: what goes beyond is a fault of the program.
const maxFollowing = 10_000

// Carry applies what was decided together, and then what follows from it: first
// from the first event, with all that follows from that, then from the next.
// Each step is decided on the state that the steps before it made. apply writes
// an event down and applies it, or says why it cannot be written, which it never
// says of what was decided.
//
// An error tells of faults of the program: reactions that could not be decided
// or written are left out, and those without end cut off. What was decided
// stands, or the same command would end the program whenever it comes.
func (st *State) Carry(decided []Event, env event.Env, apply func(Event) error) error {
	c := carrier{st: st, env: env, apply: apply, left: maxFollowing + len(decided)}
	c.carry(decided)
	for c.left > 0 {
		again := c.react(func(st *State, env event.Env) []event.Event { return st.Agreement.Recheck(st.agreementView(env), env) })
		if len(again) == 0 {
			return errors.Join(c.faults...)
		}
		c.carry(again)
	}
	return errors.Join(append(c.faults, errors.New("the reactions have no end"))...)
}

type carrier struct {
	st     *State
	env    event.Env
	apply  func(Event) error
	left   int
	faults []error
}

func (c *carrier) carry(events []Event) {
	for i, ev := range events {
		c.left--
		if err := c.apply(ev); err != nil {
			c.faults = append(c.faults, fmt.Errorf("%s: %w", ev.Type(), err))
			events = events[:i] // what comes behind may rest on it
			break
		}
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
			c.carry(c.react(reaction))
		}
	}
}

// react decides a reaction. Deciding changes nothing, so a panic leaves the
// state as it was.
func (c *carrier) react(r reaction) (events []Event) {
	defer func() {
		if p := recover(); p != nil {
			c.faults = append(c.faults, fmt.Errorf("deciding a reaction panicked: %v\n%s", p, debug.Stack()))
			events = nil
		}
	}()
	return list(r(c.st, c.env))
}

// reaction is what one domain has to say to an event of another.
type reaction func(st *State, env event.Env) []event.Event
