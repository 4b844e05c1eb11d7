package world

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/deconflict/deconflict/internal/agreement"
	"github.com/deconflict/deconflict/internal/bearer"
	"github.com/deconflict/deconflict/internal/channel"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/incident"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/notice"
	"github.com/deconflict/deconflict/internal/offer"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/record"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/release"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
	"github.com/deconflict/deconflict/internal/volume"
)

// What follows is what each domain sees of the others.

func (st *State) registryView(event.Env) registry.View { return registry.View{Bound: st.bound} }

// bound says what a party's kind entitled it to and is not over.
func (st *State) bound(id party.ID) string {
	switch {
	case st.Agreement.Binds(id):
		return "an agreement that is not over"
	case st.Intent.Flies(id):
		return "an intent that is not over"
	case st.Notice.Notifies(id):
		return "a notice that has not ended"
	}
	return ""
}

func (st *State) agreementView(env event.Env) agreement.View {
	checked := func(item agreement.Item, pair [2]party.ID, sinceNS int64) (bool, string) {
		return st.checked(item, pair, sinceNS, env)
	}
	return agreement.View{Registry: st.Registry, Checked: checked, Screen: screen}
}

func (st *State) intentView(env event.Env) intent.View {
	uncovered := func(member party.ID) bool { return st.uncovered(member, env.NowNS) }
	return intent.View{
		Registry: st.Registry, Airspace: st.Airspace, BaseURL: env.BaseURL, Rules: st.rules,
		Shown: st.shown, Silent: st.Bearer.Silent, Uncovered: uncovered, Sites: st.sites,
	}
}

func (st *State) channelView(event.Env) channel.View {
	return channel.View{Registry: st.Registry, Rules: st.rules}
}

func (st *State) offerView(event.Env) offer.View {
	return offer.View{Registry: st.Registry, Rules: st.rules, Intent: st.offered, Shown: st.seen, Volumes: volumesDigest, Between: st.between}
}

func (st *State) bearerView(event.Env) bearer.View {
	return bearer.View{Registry: st.Registry, Rules: st.rules, Partners: st.partners, Head: st.entries - 1}
}

func (st *State) noticeView(event.Env) notice.View {
	return notice.View{
		Known: st.enrolled,
		Sites: func(notifier, recipient party.ID) terms.Sites { return st.rules(notifier, recipient).Sites },
	}
}

func (st *State) incidentView(env event.Env) incident.View {
	entry := func(index int64, to party.ID) (string, bool) {
		leaf, _, ok := entryOf(env, index, to)
		return leaf, ok
	}
	return incident.View{Known: st.enrolled, Entry: entry, Rules: st.rules}
}

func (st *State) recordView(env event.Env) record.View {
	v := record.View{
		Entry: func(index int64, to party.ID) (string, party.ID, bool) { return entryOf(env, index, to) },
		Root:  func(int64) (string, bool) { return "", false }, Checkpoint: func(string) (record.Checkpoint, bool) { return record.Checkpoint{}, false },
	}
	if env.Journal != nil {
		v.Root = env.Journal.Root
		v.Checkpoint = func(text string) (record.Checkpoint, bool) {
			c, ok := env.Journal.Checkpoint(text, st.witnesses(env.NowNS))
			slices.Sort(c.Witnesses)
			c.Witnesses = slices.Compact(c.Witnesses)
			return record.Checkpoint(c), ok
		}
	}
	return v
}

// witnesses returns the keys of the witnesses that are enrolled.
func (st *State) witnesses(nowNS int64) []event.Witness {
	var keys []event.Witness
	for _, w := range st.Registry.Witnesses(nowNS) {
		keys = append(keys, event.Witness{Name: string(w.Name), Key: w.Key})
	}
	return keys
}

func (st *State) releaseView(event.Env) release.View { return release.View{Thing: st.thing} }

func (st *State) enrolled(id party.ID) bool { return st.Registry.Party(id) != nil }

// rules returns what holds between two parties now; never nil.
func (st *State) rules(a, b party.ID) *terms.Rules { return st.Agreement.Rules(a, b, 0) }

// shown returns the groups of an owner's intent that a party is shown: those that
// the owner's matrix opens to it.
func (st *State) shown(owner, to party.ID, state string) []string {
	return st.Release.Fields(owner, to, string(st.Registry.Kind(to)), state, st.Agreement.Between(owner, to)...)
}

// uncovered reports whether a member has not received the terms of an agreement
// that its lead has in force.
func (st *State) uncovered(member party.ID, nowNS int64) bool {
	lead, led := st.Registry.LeadOf(member, nowNS)
	if !led {
		return false
	}
	return slices.ContainsFunc(st.Registry.Parties(), func(p *registry.Party) bool {
		return len(st.Agreement.Uncovered(member, lead, p.ID)) > 0
	})
}

// sites returns the protected sites that an intent of a party meets.
func (st *State) sites(e *volume.Entity, of party.ID) []intent.Site {
	var sites []intent.Site
	for _, met := range st.Notice.SitesNear(of, e, st.widestSites(of)) {
		sites = append(sites, intent.Site{ID: met.Notice, Version: met.Version, Owner: met.Notifier, Acknowledged: met.Acknowledged})
	}
	return sites
}

// widestSites returns the rule on sites that asks most of a party.
func (st *State) widestSites(of party.ID) terms.Sites {
	widest := terms.Default(terms.Pair(of, "")).Sites
	for _, p := range st.Registry.Parties() {
		if s := st.rules(of, p.ID).Sites; p.ID != of && s.RadiusMM > widest.RadiusMM {
			widest = s
		}
	}
	return widest
}

// offered returns what offers need to know of an intent.
func (st *State) offered(id string) *offer.Intent {
	r := st.Intent.Intent(id)
	if r == nil {
		return nil
	}
	shape, err := statement.Marshal(r.Shape)
	if err != nil {
		return nil // what was declared has a canonical form
	}
	sum := sha256.Sum256(shape)
	volumes := hex.EncodeToString(sum[:])
	// The other side of a conflict sees the digest of the version, whether it is
	// shown where the intent is or not. The token, which nobody can guess, keeps
	// shapes from being tried against it, and is not told by it.
	version := sha256.Sum256([]byte(volumes + "/" + r.Token))
	return &offer.Intent{
		Owner: r.Owner, Version: r.Version, Digest: hex.EncodeToString(version[:]), Volumes: volumes,
		StartNS: int64(r.Start), EndNS: int64(r.End), Activated: r.Airborne, Ended: r.State == intent.Ended || r.State == intent.Withdrawn,
	}
}

// seen reports whether a party is shown anything of an intent.
func (st *State) seen(id string, to party.ID) bool {
	_, ok := st.Intent.Look(id, to)
	return ok
}

// volumesDigest checks volumes as intents declare them, and digests them.
func volumesDigest(text json.RawMessage) (string, error) {
	var s declared.Shape
	if err := statement.Unmarshal(text, &s); err != nil {
		return "", err
	}
	if err := s.Check(); err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// between reports whether all of an intent is between two altitudes.
func (st *State) between(id string, floor, ceiling *offer.Altitude) bool {
	r := st.Intent.Intent(id)
	if r == nil {
		return false
	}
	above := func(a declared.Altitude, limit *offer.Altitude) bool {
		return limit == nil || a.Reference == limit.Reference && a.MM >= limit.MM
	}
	below := func(a declared.Altitude, limit *offer.Altitude) bool {
		return limit == nil || a.Reference == limit.Reference && a.MM <= limit.MM
	}
	for _, v := range r.Volumes {
		if v.Lower == nil || v.Upper == nil || !above(*v.Lower, floor) || !below(*v.Upper, ceiling) {
			return false
		}
	}
	for _, t := range r.Trajectories {
		for _, p := range t.Points {
			if !above(p.Alt, floor) || !below(p.Alt, ceiling) {
				return false
			}
		}
	}
	return true
}

// partners returns the parties that count on hearing from a party: those it has
// an agreement or a safety floor with, by id.
func (st *State) partners(id party.ID) []party.ID {
	var all []party.ID
	for _, p := range st.Registry.Parties() {
		if p.ID != id && (st.Agreement.Floor(id, p.ID) != nil || len(st.Agreement.Between(id, p.ID)) > 0) {
			all = append(all, p.ID)
		}
	}
	return all
}

// screen returns what a text must not say.
func screen(text string) []string {
	var found []string
	for _, f := range release.Screen(text) {
		found = append(found, f.ID)
	}
	return found
}

// checked says whether an item of the checklist of a resumption holds, and on
// what evidence.
func (st *State) checked(item agreement.Item, pair [2]party.ID, sinceNS int64, env event.Env) (ok bool, evidence string) {
	switch item {
	case agreement.Tests:
		if left := st.Bearer.Untested(pair[0], pair[1], sinceNS); len(left) > 0 {
			return false, "no good test call yet over " + left[0].Bearer + " from " + string(left[0].From)
		}
		return true, "good test calls both ways over all bearers"
	case agreement.Heads:
		c := st.Record.Compare(pair[0], pair[1], sinceNS)
		if !c.Equal {
			return false, "both have not verified one history yet"
		}
		return true, "both verified the same history"
	case agreement.Intents:
		if open := st.Intent.NotRedeclared(pair[0], pair[1], sinceNS); len(open) > 0 {
			return false, "not declared anew: " + strings.Join(open[:min(len(open), 8)], ", ")
		}
		return true, "all open intents were declared anew"
	case agreement.Clocks:
		limit := st.rules(pair[0], pair[1]).Heartbeat.ClockNS
		for _, id := range pair {
			if r, known := st.Bearer.ClockOf(id); !known || limit > 0 && max(r.OffsetNS, -r.OffsetNS) > limit {
				return false, "the clock of " + string(id) + " is not known to be within the limit"
			}
		}
		return true, "both clocks are within the limit"
	case agreement.Roster:
		for i, id := range pair {
			for _, rung := range st.rules(pair[0], pair[1]).Ladder.Rungs {
				if !st.Registry.Manned(pair[i], rung.Position, env.NowNS) {
					return false, rung.Position + " of " + string(id) + " is unmanned"
				}
			}
		}
		return true, "all positions of the ladder are manned"
	}
	return false, ""
}

// thing returns what somebody asks to look at, as far as it may be known to it.
func (st *State) thing(what, id string, to party.ID) (release.Thing, bool) {
	switch what {
	case release.History:
		r := st.Intent.Intent(id)
		if _, ok := st.Intent.Look(id, to); r == nil || !ok {
			return release.Thing{}, false
		}
		thing := release.Thing{Owner: r.Owner}
		if r.State == intent.Ended || r.State == intent.Withdrawn {
			thing.EndedNS = int64(r.Since)
		}
		return thing, true
	case release.Site:
		n := st.Notice.Notice(id)
		if _, err := st.Notice.Show(id, to); n == nil || err != nil {
			return release.Thing{}, false
		}
		return release.Thing{Owner: n.Notifier}, true
	}
	return release.Thing{}, false
}

// entryOf returns the leaf and the actor of a durable entry, if something of it
// is released to a party.
func entryOf(env event.Env, index int64, to party.ID) (leaf string, actor party.ID, ok bool) {
	if env.Journal == nil {
		return "", "", false
	}
	text, leaf, ok := env.Journal.Entry(index)
	if !ok {
		return "", "", false
	}
	ev, _, err := Decode(text)
	if err != nil {
		return "", "", false
	}
	e, ok := ev.(event.Event)
	if !ok || e.Actor() != to && len(e.Release(to)) == 0 {
		return "", "", false
	}
	return leaf, e.Actor(), true
}
