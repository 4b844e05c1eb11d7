package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/deconflict/deconflict/internal/bearer"
	"github.com/deconflict/deconflict/internal/channel"
	"github.com/deconflict/deconflict/internal/intent"
)

// watchCentre has Tarrow Centre's program send heartbeats, on which TFA counts.
func (p *Play) watchCentre() {
	held := sha256.Sum256([]byte("the centre begins"))
	p.actor(centre).does("bearer.heartbeat", bearer.Heartbeat{To: tfa, State: hex.EncodeToString(held[:]), Clock: &bearer.Clock{Source: "gnss", ErrorNS: 1_000_000}})
	p.connect(centre)
	equal(p.part(), "Tarrow Centre is", p.centreSeen().Condition, bearer.Up)
}

// centreSeen is how the heartbeats of the centre stand towards TFA.
func (p *Play) centreSeen() bearer.BeatView {
	for _, h := range look[bearer.Link](p.actor(tfa), "link", "/v1/links/", string(centre)).Heartbeats {
		if h.Of == centre {
			return h
		}
	}
	p.part().check(false, "the link has heartbeats of the centre")
	return bearer.BeatView{}
}

// loseCentre is D 04:30.
func loseCentre(p *Play) {
	agency, ats := p.actor(tfa), p.actor(centre)
	p.disconnect(centre)
	equal(p.part(), "So far Tarrow Centre is", p.centreSeen().Condition, bearer.Up)
	heard1 := p.centreSeen().Last
	p.say("The centre's heartbeats stop.")
	p.clock("D 04:34")
	silent := only[bearer.Silenced](agency, "that Tarrow Centre is silent", nil)
	equal(p, "Heartbeats missed:", silent.Event.Misses, 3)
	p.part().check(silent.At-heard1 == 180e9, "That is three periods after the last")
	equal(p, "Its line is", p.centreSeen().Condition, bearer.Silent)
	equal(p.part(), "Why, is", p.centreSeen().Cause, bearer.Unknown)
	r1 := agency.zone("R-1")
	equal(p, "R-1 is still shown as", r1.State, intent.ZoneLive)
	equal(p.part(), "in version", r1.Version, 2)
	equal(p, "with its age: the centre was last heard at", p.centreSeen().Last, heard1)
	agency.does("channel.call", channel.Call{
		With: centre, Purpose: "safety", Outgoing: true, Bearer: "voice", Initiated: p.at("D 04:33"), Answered: p.at("D 04:33:20"), Ended: p.at("D 04:34"),
		EndedBy: "us", Outcome: "taken", Readability: 5, Fields: []channel.Field{textField("about", "R-1 stands, version 2")},
		Gist: map[string]string{"en": "Your data line is silent. R-1 stands."},
	}, "tfa-watch")

	// While the centre hears nothing, R-1 is made longer.
	p.clock("D 04:40")
	seen := ats.seen
	p.say("TFA has telephoned the centre. Now it makes R-1 longer, until 16:00.")
	agency.does("zone.change", intent.ZoneChange{ID: r1.ID, Token: r1.Token, Zone: p.r1("D 16:00")}, "tfa-watch")

	p.clock("D 04:45")
	back := func(reason string) {
		held := sha256.Sum256(fmt.Appendf(nil, "%s %d", reason, seen))
		ats.does("bearer.heartbeat", bearer.Heartbeat{State: hex.EncodeToString(held[:]), Seen: seen, Clock: &bearer.Clock{Source: "gnss", ErrorNS: 1_000_000}})
	}
	p.say("The centre is heard again.")
	back("returned")
	only[bearer.Returned](agency, "that Tarrow Centre is back", nil)
	equal(p, "Until it has read what it missed it is", p.centreSeen().Condition, bearer.Resync)
	newer := only[intent.ZoneDecided](ats, "that R-1 changed", nil).Event
	equal(p.part(), "to version", newer.Version, 3)
	p.part().check(newer.Volumes[0].End == p.at("D 16:00"), "It now ends at", newer.Volumes[0].End)
	equal(p.part(), "Both hold the same R-1", ats.zone("R-1").Token == agency.zone("R-1").Token, true)
	back("still reads")
	equal(p.part(), "Still it is", p.centreSeen().Condition, bearer.Resync)
	p.say("The centre has read on to the end.")
	seen = p.size() - 1
	back("has read")
	only[bearer.Resynced](agency, "that the centre has read all", nil)
	equal(p.part(), "Tarrow Centre is", p.centreSeen().Condition, bearer.Up)
}
