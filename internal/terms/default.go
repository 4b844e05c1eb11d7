package terms

import (
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/party"
)

const (
	second = int64(1_000_000_000)
	minute = 60 * second
	hour   = 60 * minute
)

// Ranks of priority, as Default orders them.
const (
	RankEmergency    = "emergency" // in progress
	RankMedical      = "medical"
	RankRescue       = "rescue" // search and rescue
	RankFire         = "fire"
	RankHumanitarian = "humanitarian" // notified
	RankState        = "state"        // state or public service
	RankScheduled    = "scheduled"
	RankOther        = "other"
)

// Default returns what holds between two parties where nothing is agreed: this
// program's own handling times and ladder, and no minima. All its numbers are
// choices of this program; an agreement replaces each part. Lists are shared
// among all Rules and must not be modified.
func Default(pair [2]party.ID) *Rules {
	r := *defaults
	r.Pair = Pair(pair[0], pair[1])
	return &r
}

// defaults are made once: a STOP asks for the rules of thousands of pairs.
var defaults = &Rules{
	Margins: Margins{Declared: 100, Acknowledged: 100, Tracked: 100, Contradicted: 200, Late: 150, NoRule: 200, Silent: 200},
	Notice:  Notice{RoutineNS: 24 * hour, ShortNS: hour},
	Priority: Priority{Ranks: [][]string{
		{RankEmergency},
		{RankMedical, RankRescue, RankFire},
		{RankHumanitarian},
		{RankState},
		{RankScheduled},
		{RankOther},
	}},
	Precedence: Precedence{
		StopNS: minute, FlashNS: 3 * minute, ImmediateNS: 10 * minute, PriorityNS: hour,
		StandbyNS: 2 * minute, FlashBytes: 500,
	},
	Ladder: Ladder{
		Rungs:    []Rung{{"watch", "data", 30 * second}, {"watch", "voice", 30 * second}, {"duty-director", "voice", minute}},
		Fallback: []string{"own_hold", "wider_margins", "common_frequency", "tell_neighbours"},
	},
	ReadBack: ReadBack{
		Types:      []string{"CROSSING-NOTICE", "CANCEL", "SITE-NOTICE", "MOVE-NOTICE"},
		PositionMM: 100_000, LevelMM: 30_480, TimeNS: 30 * second,
	},
	Tests:     Tests{AtNS: []int64{6 * hour, 18 * hour}, Bearers: []string{"data", "voice"}, WaitNS: 2 * minute},
	Heartbeat: Heartbeat{EveryNS: minute, Misses: 3, ClockNS: second},
	Offers:    Offers{AnswerNS: 10 * minute, UnresolvedNS: 15 * minute},
	Breach:    Breach{ReplyNS: 48 * hour},
	Sites: Sites{
		RadiusMM: 3_704_000, Ceiling: &declared.Altitude{MM: 1_524_000, Reference: "AMSL"},
		ReadNS: 30 * minute, LoadedNS: 2 * hour, MoveNS: 48 * hour, UrgentNS: 24 * hour,
	},
}

// Pair returns two parties in order.
func Pair(a, b party.ID) [2]party.ID {
	if b < a {
		a, b = b, a
	}
	return [2]party.ID{a, b}
}
