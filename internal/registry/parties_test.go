package registry

import (
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// holder has a key of its own name.
func holder(person string) Holder { return Holder{Person: person, Key: keyOf(person)} }

func hours(h int64) statement.Instant { return statement.Instant(noon + h*hourNS) }

func desks() []Position {
	return []Position{
		{"watch", party.Watch, []Bearer{{"ground", "data", "https://nc.example/inbox"}, {"satellite", "voice", "+881 000 001"}}},
		{"duty-director", party.Duty, []Bearer{{"line", "voice", "+881 000 002"}}},
	}
}

// compact is the Northern Compact: three ministries sign its agreements.
func compact() Party {
	return Party{
		ID: "northern-compact", Kind: KindSignatory,
		Names:     map[string]string{"en": "Northern Compact", "fr": "Pacte du Nord"},
		Languages: []string{"en"},
		Roles: []Role{
			{"watch", party.Watch, []Holder{holder("W-1"), holder("W-2"), {Person: "W-3"}}},
			{"duty-director", party.Duty, []Holder{holder("D-1"), {Person: "W-2", Key: keyOf("W-2")}}},
			{"air", party.Policy, []Holder{holder("A-1"), holder("X-1")}},
			{"foreign", party.Policy, []Holder{holder("F-1"), holder("X-1")}},
			{"security", party.Policy, []Holder{holder("S-1")}},
			{"planner", party.Senior, nil},
		},
		Policies: map[string]Policy{
			"party.change":   {2, []string{"air", "foreign", "security"}},
			"agreement.sign": {3, []string{"air", "foreign", "security"}},
			"offer.accept":   {2, []string{"watch", "duty-director"}},
		},
		Positions: desks(),
		Contact:   "inquiries@nc.example",
		Area:      []Point{{11e9, -31e9}, {11e9, -29e9}, {13e9, -29e9}, {13e9, -31e9}},
	}
}

// small is a party of one person who is competent for everything.
func small(id party.ID, kind Kind) Party {
	p := Party{
		ID: id, Kind: kind, Names: map[string]string{"en": string(id)},
		Roles: []Role{
			{"watch", party.Watch, []Holder{holder(string(id) + "/watch")}},
			{"manager", party.Policy, []Holder{holder(string(id))}},
		},
		Policies:  map[string]Policy{"party.change": {1, []string{"manager"}}},
		Positions: desks()[:1],
	}
	if kind == KindMember {
		p.Lead = "northern-compact"
	}
	return p
}

// enrol enrols parties, each by its own first keyed person of its policy.
func (n *node) enrol(parties ...Party) {
	n.t.Helper()
	for _, p := range parties {
		who := string(p.ID)
		if p.Role("air") != nil {
			who = "A-1"
		}
		n.must(n.say(p.ID, "party.enrol", Enrol{p}, signed(who)))
	}
}
