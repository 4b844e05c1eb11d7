package world

import (
	"github.com/deconflict/deconflict/internal/agreement"
	"github.com/deconflict/deconflict/internal/bearer"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/notice"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/release"
	"github.com/deconflict/deconflict/internal/terms"
)

// domains are those that acts belong to.
var domains = []domain{
	enter("registry", registry.Acts, registry.Events, func(st *State) **registry.State { return &st.Registry }, (*State).registryView),
	enter("agreement", agreement.Acts, agreement.Events, func(st *State) **agreement.State { return &st.Agreement }, (*State).agreementView),
	enter("bearer", bearer.Acts, bearer.Events, func(st *State) **bearer.State { return &st.Bearer }, (*State).bearerView),
	enter("notice", notice.Acts, notice.Events, func(st *State) **notice.State { return &st.Notice }, (*State).noticeView),
	enter("release", release.Acts, release.Events, func(st *State) **release.State { return &st.Release }, (*State).releaseView),
}

// Views are what each domain sees of the others.

func (st *State) registryView(event.Env) registry.View { return registry.View{} }

func (st *State) agreementView(event.Env) agreement.View {
	return agreement.View{Registry: st.Registry, Checked: st.checked}
}

func (st *State) bearerView(event.Env) bearer.View {
	return bearer.View{Registry: st.Registry, Rules: st.rules, Partners: st.partners, Head: st.entries}
}

func (st *State) noticeView(event.Env) notice.View {
	return notice.View{
		Known: func(id party.ID) bool { return st.Registry.Party(id) != nil },
		Sites: func(notifier, recipient party.ID) terms.Sites { return st.rules(notifier, recipient).Sites },
	}
}

func (st *State) releaseView(event.Env) release.View { return release.View{Thing: st.thing} }

// rules returns what holds between two parties now; never nil.
func (st *State) rules(a, b party.ID) *terms.Rules { return st.Agreement.Rules(a, b, 0) }

// partners returns the parties that count on hearing from a party: those it has
// an agreement or a safety floor with, by id.
func (st *State) partners(id party.ID) []party.ID {
	var all []party.ID
	for _, p := range st.Registry.Parties() {
		if p.ID == id {
			continue
		}
		if st.Agreement.Floor(id, p.ID) != nil || st.rules(id, p.ID).Heartbeat.Source.Agreement != "" {
			all = append(all, p.ID)
		}
	}
	return all
}

// checked says whether an item of the checklist of a resumption holds.
func (st *State) checked(item agreement.Item, pair [2]party.ID, sinceNS int64) (ok bool, evidence string) {
	switch item {
	case agreement.Tests:
		return st.testsHold(pair, sinceNS)
	}
	return false, "not known yet"
}

func (st *State) testsHold(pair [2]party.ID, sinceNS int64) (bool, string) {
	if left := st.Bearer.Untested(pair[0], pair[1], sinceNS); len(left) > 0 {
		return false, "no good test call yet over " + left[0].Bearer + " from " + string(left[0].From) + " to " + string(left[0].To)
	}
	return true, "good test calls both ways over all bearers"
}

// thing returns what somebody asks to look at.
func (st *State) thing(what, id string, to party.ID) (release.Thing, bool) {
	return release.Thing{}, false
}
