package world

import (
	"slices"
	"strconv"

	"github.com/deconflict/deconflict/internal/agreement"
	"github.com/deconflict/deconflict/internal/bearer"
	"github.com/deconflict/deconflict/internal/channel"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/incident"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/notice"
	"github.com/deconflict/deconflict/internal/offer"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// reactionsTo returns what other domains have to say to an event, in the order
// agreement, intent, channel and offer, incident. It is the one place where
// domains meet that do not import each other.
func reactionsTo(ev event.Event) []reaction {
	switch e := ev.(type) {
	case *agreement.Entered, *agreement.Suspended, *agreement.Terminated, *agreement.Expired, *agreement.Resumed:
		return []reaction{follow, unsettle(e.Type(), boundBy(ev)...)}
	case *agreement.Received:
		return []reaction{unsettle("a member received the terms", e.Member)}
	case *registry.Enrolled:
		return []reaction{followWith(e.ID)}
	case *registry.Changed:
		return []reaction{followWith(e.ID)}
	case *registry.Unmanned:
		return []reaction{unmanned(e)}
	case *bearer.Silenced:
		return []reaction{unsettle("its party does not answer", e.Of)}
	case *bearer.ClockAlarm:
		return []reaction{unsettle("the clock of its party is off", e.Party)}
	case *bearer.Resynced:
		return []reaction{unsettle("its party answers again", e.Of)}
	case *bearer.Missed:
		return []reaction{tested(e.Line, agreement.NotAssessable)}
	case *bearer.Answered:
		return []reaction{tested(e.Line, agreement.Met)}
	case *channel.Attempted:
		return []reaction{attempted(e)}
	case *channel.Overdue:
		return []reaction{unheard(e)}
	case *channel.StopSent:
		return []reaction{stopped(e)}
	case *intent.Decided:
		return []reaction{strayed(e), offersAbout(e.ID), disputes(e), separationLost(e)}
	case *intent.Closed:
		return []reaction{offersAbout(e.ID)}
	case *intent.Reviewed:
		return []reaction{offersAbout(e.ID)}
	case *intent.Displaced:
		return []reaction{displaced(e)}
	case *intent.Acknowledged:
		return []reaction{given(e)}
	case *offer.Escalated:
		return []reaction{unresolved(e, 0), unresolved(e, 1)}
	case *notice.Overdue:
		return []reaction{lagging(e)}
	}
	return nil
}

// boundBy returns the parties that an agreement's event concerns.
func boundBy(ev event.Event) []party.ID {
	switch e := ev.(type) {
	case *agreement.Entered:
		return e.To
	case *agreement.Suspended:
		return e.To
	case *agreement.Terminated:
		return e.To
	case *agreement.Expired:
		return e.To
	case *agreement.Resumed:
		return e.To
	}
	return nil
}

// follow has the test calls and heartbeats of each pair go by the rules that
// hold now.
func follow(st *State, env event.Env) []event.Event {
	var events []event.Event
	view := st.bearerView(env)
	parties := st.Registry.Parties()
	for i, a := range parties {
		for _, b := range parties[i+1:] {
			events = append(events, st.Bearer.Follow(a.ID, b.ID, view)...)
		}
	}
	return events
}

// followWith is follow for the pairs of a party whose record is new: nothing else
// of it bears on others.
func followWith(id party.ID) reaction {
	return func(st *State, env event.Env) []event.Event {
		var events []event.Event
		view := st.bearerView(env)
		for _, p := range st.Registry.Parties() {
			events = append(events, st.Bearer.Follow(id, p.ID, view)...)
		}
		return events
	}
}

// unsettle puts the intents of parties, and of those that they lead, under
// review.
func unsettle(reason string, owners ...party.ID) reaction {
	return func(st *State, env event.Env) []event.Event {
		concerned := slices.Clone(owners)
		for _, lead := range owners {
			for _, m := range st.Registry.Members(lead, env.NowNS) {
				concerned = append(concerned, m.Member)
			}
		}
		if len(concerned) == 0 {
			return nil
		}
		return st.Intent.Unsettle(reason, intent.Concern{Owners: concerned})
	}
}

// unmanned notes that a position which a ladder goes by has nobody.
func unmanned(e *registry.Unmanned) reaction {
	return func(st *State, env event.Env) []event.Event {
		var found []agreement.Observation
		for _, other := range st.partners(e.Party) {
			ladder := st.rules(e.Party, other).Ladder
			if slices.ContainsFunc(ladder.Rungs, func(r terms.Rung) bool { return r.Position == e.Position }) {
				found = append(found, st.observation(ladder.Source, e.Party, agreement.Breached, int64(e.Since)))
			}
		}
		return st.Agreement.Observe(found...)
	}
}

// observation is what was found by the newest entry.
func (st *State) observation(clause terms.Source, of party.ID, outcome agreement.Outcome, whenNS int64) agreement.Observation {
	return agreement.Observation{
		Source: clause, Party: of, Outcome: outcome, WhenNS: whenNS, Evidence: []string{strconv.FormatInt(st.entries-1, 10)},
	}
}

// tested notes how a test call went: that it was missed says nothing about why.
func tested(line bearer.Line, outcome agreement.Outcome) reaction {
	return func(st *State, env event.Env) []event.Event {
		return st.Agreement.Observe(st.observation(st.rules(line.From, line.To).Tests.Source, line.To, outcome, env.NowNS))
	}
}

// attempted notes that a position which must be manned did not answer.
func attempted(e *channel.Attempted) reaction {
	return func(st *State, env event.Env) []event.Event {
		if e.From == "" || e.Rung < 0 {
			return nil
		}
		outcome := agreement.Breached
		switch e.Outcome {
		case channel.Reached:
			outcome = agreement.Met
		case channel.NoAnswer, channel.Refused:
		default: // a line that is broken is nobody's breach
			return nil
		}
		return st.Agreement.Observe(st.observation(st.rules(e.From, e.To).Ladder.Source, e.To, outcome, env.NowNS))
	}
}

// stopped opens the incident that every STOP is: around who called it, as a
// recipient does not see who else is one.
func stopped(e *channel.StopSent) reaction {
	return func(st *State, env event.Env) []event.Event {
		return st.Incident.Open(incident.Trigger{
			Key: "stop " + e.Stop, Kind: incident.Stop, Parties: append(slices.Clone(e.Recipients), e.By), Around: e.By,
			At: statement.Instant(env.NowNS), Place: e.Where.Point, Subjects: []string{e.Stop},
			Text: "STOP was called: " + e.AtRisk + " at risk",
		}, st.incidentView(env), env)
	}
}

// offersAbout has offers look at an intent that changed.
func offersAbout(id string) reaction {
	return func(st *State, env event.Env) []event.Event {
		return st.Offer.Observe(id, st.offerView(env), env)
	}
}

// disputes opens the conflicts that a decision found, so that they go up the
// ladder even if nobody makes an offer.
func disputes(e *intent.Decided) reaction {
	return func(st *State, env event.Env) []event.Event {
		var events []event.Event
		for _, v := range e.Verdicts {
			if v.Against == intent.AgainstIntent && (v.Outcome == intent.Stands || v.Outcome == intent.Yields) {
				events = append(events, st.Offer.Meet(e.ID, v.ID, st.offerView(env))...)
			}
		}
		return events
	}
}

// note is a message of the node to a position. Each event may cause sixteen.
func (st *State) note(n channel.Note, number int, env event.Env) []event.Event {
	return st.Channel.Notify(n, st.channelView(env), env, 1<<20+int(st.entries)<<4+number)
}

// displaced tells the owner of a displaced intent, at once when it is airborne.
func displaced(e *intent.Displaced) reaction {
	return func(st *State, env event.Env) []event.Event {
		n := channel.Note{
			To: channel.Address{Party: e.Owner, Position: "watch"}, Type: channel.TypeConflict, Precedence: channel.Priority,
			Ref:  e.ID,
			Text: "Your intent " + e.ID + " is displaced by " + e.By + ". What you do about it is yours to say.",
		}
		if e.Airborne {
			n.Precedence = channel.Immediate
		}
		return st.note(n, 0, env)
	}
}

// unheard warns the party by which a craft in the air was displaced that nobody
// at its owner answers: it may be where it was last declared.
func unheard(e *channel.Overdue) reaction {
	return func(st *State, env event.Env) []event.Event {
		m := st.Channel.Message(e.Message, e.To)
		if m == nil || m.From != "" || m.Type != channel.TypeConflict || m.Ref == "" {
			return nil
		}
		r := st.Intent.Intent(m.Ref)
		if r == nil || r.State != intent.GivesWay || !r.Airborne {
			return nil
		}
		to := channel.Address{Position: "watch"}
		if z := st.Intent.Zone(r.By); z != nil {
			to.Party = z.Owner
			if p := st.Registry.Party(z.Owner); p != nil && p.Position(z.Contact) != nil {
				to.Position = z.Contact
			}
		} else if o := st.Intent.Intent(r.By); o != nil {
			to.Party = o.Owner
		} else if i := slices.IndexFunc(r.Verdicts, func(v intent.Verdict) bool { return v.ID == r.By }); i >= 0 {
			to.Party = r.Verdicts[i].Party // a zone as an agreement has it
		}
		if st.Registry.Party(to.Party) == nil {
			return nil
		}
		text := "Nobody answers for " + r.ID + ", which is in the air and displaced by " + r.By + ". It may be where it was last declared."
		shown := func(s intent.Shown) bool { return s.To == to.Party && slices.Contains(s.Members, "volumes") }
		if w := intent.Warning(r); slices.ContainsFunc(r.Shown, shown) && len(text)+len(w) < channel.MaxTextBytes {
			text += "\n" + w
		}
		return st.note(channel.Note{To: to, Type: channel.TypeWarn, Precedence: channel.Flash, Ref: r.ID, Text: text}, 0, env)
	}
}

// given notes whether an intent was told in time.
func given(e *intent.Acknowledged) reaction {
	return func(st *State, env event.Env) []event.Event {
		outcome := agreement.Met
		switch e.Class {
		case terms.Late, terms.AfterFact:
			outcome = agreement.Breached
		case "":
			return nil
		}
		return st.Agreement.Observe(st.observation(st.rules(e.Owner, e.By).Notice.Source, e.Owner, outcome, env.NowNS))
	}
}

// unresolved goes up the ladder to one side of a conflict that nobody settled.
func unresolved(e *offer.Escalated, side int) reaction {
	return func(st *State, env event.Env) []event.Event {
		s := e.Sides[side]
		return st.note(channel.Note{
			To: channel.Address{Party: s.Owner, Position: "duty-director"}, Type: channel.TypeUnresolved, Precedence: channel.Immediate,
			Text: "The conflict of " + e.Sides[0].Intent + " and " + e.Sides[1].Intent + " is not resolved.",
		}, side, env)
	}
}

// lagging tells both ends that a notice has not got as far as it should have.
func lagging(e *notice.Overdue) reaction {
	return func(st *State, env event.Env) []event.Event {
		if e.To == "" {
			return nil
		}
		text := "Notice " + e.Notice + " is not " + string(e.Link) + " at " + string(e.To) + "."
		events := st.note(channel.Note{
			To: channel.Address{Party: e.To, Position: "duty-director"}, Type: channel.TypeQuery, Precedence: channel.Priority, Text: text,
		}, 0, env)
		return append(events, st.note(channel.Note{
			To: channel.Address{Party: e.Notifier, Position: "watch"}, Type: channel.TypeQuery, Precedence: channel.Priority, Text: text,
		}, 1, env)...)
	}
}
