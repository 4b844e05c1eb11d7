package world

import (
	"github.com/deconflict/deconflict/internal/agreement"
	"github.com/deconflict/deconflict/internal/bearer"
	"github.com/deconflict/deconflict/internal/channel"
	"github.com/deconflict/deconflict/internal/incident"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/notice"
	"github.com/deconflict/deconflict/internal/offer"
	"github.com/deconflict/deconflict/internal/record"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/release"
)

// domains are those that acts belong to.
var domains []domain

// What domains see of others looks entries up by their type, and so by this
// table: it cannot be a variable's initial value.
func init() {
	domains = []domain{
		enter("registry", registry.Acts, registry.Events, func(st *State) **registry.State { return &st.Registry }, (*State).registryView),
		enter("agreement", agreement.Acts, agreement.Events, func(st *State) **agreement.State { return &st.Agreement }, (*State).agreementView),
		enter("intent", intent.Acts, intent.Events, func(st *State) **intent.State { return &st.Intent }, (*State).intentView),
		enter("channel", channel.Acts, channel.Events, func(st *State) **channel.State { return &st.Channel }, (*State).channelView),
		enter("offer", offer.Acts, offer.Events, func(st *State) **offer.State { return &st.Offer }, (*State).offerView),
		enter("incident", incident.Acts, incident.Events, func(st *State) **incident.State { return &st.Incident }, (*State).incidentView),
		enter("record", record.Acts, record.Events, func(st *State) **record.State { return &st.Record }, (*State).recordView),
		enter("bearer", bearer.Acts, bearer.Events, func(st *State) **bearer.State { return &st.Bearer }, (*State).bearerView),
		enter("notice", notice.Acts, notice.Events, func(st *State) **notice.State { return &st.Notice }, (*State).noticeView),
		enter("release", release.Acts, release.Events, func(st *State) **release.State { return &st.Release }, (*State).releaseView),
	}
	index()
}
