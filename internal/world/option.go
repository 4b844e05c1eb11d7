package world

import (
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/volume"
)

// Ground returns what a search for options of a party's intent goes by: see
// intent.State.Ground.
func (st *State) Ground(id string, by party.ID, reach volume.Need, nowNS int64) (*intent.Ground, error) {
	return st.Intent.Ground(id, by, reach, st.intentView(event.Env{NowNS: nowNS}), nowNS)
}

// Rehearse judges an intent with another plan: see intent.State.Rehearse.
func (st *State) Rehearse(id string, by party.ID, plan *intent.Plan, nowNS int64) (verdicts []intent.Verdict, readSet []string, blocked bool, err error) {
	return st.Intent.Rehearse(id, by, plan, st.intentView(event.Env{NowNS: nowNS}), nowNS)
}

// Try judges a draft: see intent.State.Try.
func (st *State) Try(d intent.Draft, nowNS int64) (*intent.Trial, error) {
	return st.Intent.Try(d, st.intentView(event.Env{NowNS: nowNS}), nowNS)
}

// DraftGround returns what a search for options of a draft goes by: see
// intent.State.DraftGround.
func (st *State) DraftGround(d intent.Draft, reach volume.Need, nowNS int64) (*intent.Ground, error) {
	return st.Intent.DraftGround(d, reach, st.intentView(event.Env{NowNS: nowNS}), nowNS)
}
