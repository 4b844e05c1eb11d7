package sim

import (
	"crypto/ed25519"
	"embed"
	"time"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/release"
	"github.com/deconflict/deconflict/internal/terms"
)

// The parties of the basin.
const (
	nc     party.ID = "nc"
	el     party.ID = "el"
	hr     party.ID = "hr"
	vc     party.ID = "varanth-control"
	sm     party.ID = "sandmere"
	aldmar party.ID = "aldmar"
	mar    party.ID = "mar"
)

//go:embed texts/*.json
var texts embed.FS

// text reads the text of an agreement.
func (p *Play) text(name string) *terms.Text {
	data, err := texts.ReadFile("texts/" + name + ".json")
	p.fail(err)
	t, err := terms.Parse(data)
	p.fail(err)
	return t
}

// results is the digest of what the worked examples of a text come to here.
func (p *Play) results(t *terms.Text) string {
	results, err := terms.RunExamples(t)
	p.fail(err)
	return terms.ResultsDigest(results)
}

// holds is a role and who has it.
func holds(role string, level party.Level, persons ...string) registry.Role {
	r := registry.Role{Name: role, Level: level}
	for _, person := range persons {
		key := party.NewKey(keyOf(person).Public().(ed25519.PublicKey))
		r.Holders = append(r.Holders, registry.Holder{Person: person, Key: key})
	}
	return r
}

// desks are the positions that each side of the basin has.
func desks() []registry.Position {
	return []registry.Position{
		{Name: "watch", Level: party.Watch, Bearers: []registry.Bearer{
			{Name: "data", Kind: "data"}, {Name: "voice", Kind: "voice", Address: "line 1"}, {Name: "satellite", Kind: "voice", Address: "line 2"},
		}},
		{Name: "duty-director", Level: party.Duty, Bearers: []registry.Bearer{{Name: "voice", Kind: "voice", Address: "line 3"}, {Name: "data", Kind: "data"}}},
	}
}

func all(k int, roles ...string) registry.Policy { return registry.Policy{K: k, Roles: roles} }

// stand puts a person on a watch for the time of the play.
func (a *Actor) stand(position, person string, level party.Level, signer string) {
	from := a.p.now
	a.does("party.roster", registry.Roster{Position: position, Watches: []registry.Watch{{
		Position: position, Person: person, Level: level, Languages: []string{"en", "fr"}, Linguist: true,
		From: stamp(from), To: stamp(from.Add(14 * 24 * time.Hour)),
	}}}, signer)
}

// shows releases the party's intents to parties of some kinds, for safety.
func (a *Actor) shows(signer string, kinds ...registry.Kind) {
	set := release.Set{Purpose: release.Purpose}
	for _, k := range kinds {
		set.Rows = append(set.Rows, release.Row{
			To: release.Recipient{Kind: string(k)}, Shown: true,
			Groups: []string{
				release.Alias, release.Contact, release.Crossing, release.Kind, release.OffNominal,
				release.Priority, release.Reference, release.VolumesExact,
			},
			States: []string{release.StateProposed, release.StateAccepted, release.StateActivated, release.StateOffNominal, release.StateEnded},
		})
	}
	a.does("release.set", set, signer)
}

// castVaranth enrols the parties of the basin.
func castVaranth(p *Play) {
	north := p.join(registry.Party{
		ID: nc, Kind: registry.KindSignatory, Names: map[string]string{"en": "Northern Compact", "fr": "Pacte du Nord"},
		Languages: []string{"en"},
		Roles: []registry.Role{
			holds("commander", party.Policy, "nc-commander"), holds("legal", party.Policy, "nc-legal"), holds("safety", party.Policy, "nc-safety"),
			holds("deputy", party.Senior, "nc-deputy"), holds("duty-director", party.Duty, "nc-duty"), holds("watch", party.Watch, "nc-watch"),
		},
		Policies: map[string]registry.Policy{
			"party.change": all(2, "commander", "legal"), "agreement.sign": all(3, "commander", "legal", "safety"),
			"agreement.suspend": all(2, "commander", "legal"), "agreement.resume": all(2, "commander", "legal"),
		},
		Positions: desks(),
	}, "nc-commander", "nc-legal")
	east := p.join(registry.Party{
		ID: el, Kind: registry.KindSignatory, Names: map[string]string{"en": "Eastern League", "fr": "Ligue de l'Est"},
		Languages: []string{"fr", "en"},
		Roles: []registry.Role{
			holds("minister", party.Policy, "el-minister"), holds("chief", party.Policy, "el-chief"), holds("staff", party.Senior, "el-staff"),
			holds("duty-director", party.Duty, "el-duty"), holds("watch", party.Watch, "el-watch"),
		},
		Policies: map[string]registry.Policy{
			"party.change": all(1, "minister", "chief"), "agreement.sign": all(2, "minister", "chief"),
			"agreement.suspend": all(1, "minister", "chief"), "agreement.resume": all(2, "minister", "chief"),
		},
		Positions: desks(),
	}, "el-minister")
	relief := p.join(registry.Party{
		ID: hr, Kind: registry.KindNotifier, Names: map[string]string{"en": "Harbour Relief", "fr": "Secours du Port"}, Languages: []string{"en"},
		Roles:     []registry.Role{holds("coordinator", party.Policy, "hr-coordinator"), holds("watch", party.Watch, "hr-watch")},
		Policies:  map[string]registry.Policy{"party.change": all(1, "coordinator")},
		Positions: desks()[:1],
	}, "hr-coordinator")
	p.join(registry.Party{
		ID: vc, Kind: registry.KindService, Names: map[string]string{"en": "Varanth Control"}, Languages: []string{"en"},
		Roles:     []registry.Role{holds("supervisor", party.Policy, "vc-supervisor"), holds("watch", party.Watch, "vc-watch")},
		Policies:  map[string]registry.Policy{"party.change": all(1, "supervisor")},
		Positions: desks()[:1],
	}, "vc-supervisor")
	p.join(registry.Party{
		ID: aldmar, Kind: registry.KindMember, Lead: nc, Names: map[string]string{"en": "Aldmar"}, Languages: []string{"en"},
		Roles:    []registry.Role{holds("liaison", party.Policy, "aldmar-liaison")},
		Policies: map[string]registry.Policy{"party.change": all(1, "liaison")},
	}, "aldmar-liaison")
	p.join(registry.Party{
		ID: sm, Kind: registry.KindThird, Names: map[string]string{"en": "Sandmere"}, Languages: []string{"en"},
		Roles:    []registry.Role{holds("air-office", party.Policy, "sm-officer")},
		Policies: map[string]registry.Policy{"party.change": all(1, "air-office")},
	}, "sm-officer")
	p.join(registry.Party{
		ID: mar, Kind: registry.KindWitness, Names: map[string]string{"en": "Institute of Mar"}, Languages: []string{"en"},
		Roles:    []registry.Role{holds("witness", party.Policy, "mar-witness")},
		Policies: map[string]registry.Policy{"party.change": all(1, "witness")},
	}, "mar-witness")
	north.stand("watch", "nc-watch", party.Watch, "nc-duty")
	north.stand("duty-director", "nc-duty", party.Duty, "nc-duty")
	east.stand("watch", "el-watch", party.Watch, "el-duty")
	east.stand("duty-director", "el-duty", party.Duty, "el-duty")
	relief.stand("watch", "hr-watch", party.Watch, "hr-coordinator")
	p.actor(vc).stand("watch", "vc-watch", party.Watch, "vc-supervisor")
	// What each shows to whom is its own to say; nobody is shown anything before.
	north.shows("nc-deputy", registry.KindSignatory, registry.KindNotifier, registry.KindService)
	east.shows("el-staff", registry.KindSignatory, registry.KindNotifier, registry.KindService)
	relief.shows("hr-coordinator", registry.KindSignatory, registry.KindService)
	// The lead names a member, and the member confirms that it is led.
	for _, name := range []struct{ by, signer party.ID }{{nc, "nc-commander"}, {aldmar, "aldmar-liaison"}} {
		p.actor(name.by).does("party.member", registry.Name{Lead: nc, Member: aldmar, Aircraft: []string{"manned"}, From: p.at("D-3 08:00")}, string(name.signer))
	}
}
