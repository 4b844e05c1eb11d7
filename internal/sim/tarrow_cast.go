package sim

import (
	"fmt"
	"slices"

	"github.com/deconflict/deconflict/internal/agreement"
	"github.com/deconflict/deconflict/internal/bearer"
	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/volume"
)

// The parties of the range. Highmoor flies the tankers for the fire agency.
const (
	tfa       party.ID = "tfa"
	car       party.ID = "car"
	medilift  party.ID = "medilift"
	ridgeline party.ID = "ridgeline"
	highmoor  party.ID = "highmoor"
	centre    party.ID = "tarrow-centre"
)

// fire is where the range burns.
var fire = at(-45.20, -130.40)

// Frequencies of the letter.
const (
	primary   = "118.950 MHz"
	secondary = "119.450 MHz"
	primaryHz = 118_950_000
)

// crewPositions are the positions of who flies in the range; some have more.
func crewPositions(more ...registry.Position) []registry.Position {
	lines := func(n string) []registry.Bearer {
		return []registry.Bearer{{Name: "data", Kind: "data"}, {Name: "voice", Kind: "voice", Address: n}, {Name: "radio", Kind: "radio", Address: primary}}
	}
	return append([]registry.Position{
		{Name: "watch", Level: party.Watch, Bearers: lines("line 1")}, {Name: "duty-director", Level: party.Duty, Bearers: lines("line 2")},
	}, more...)
}

// crew enrols an operator of the range, and puts its people on watch.
func (p *Play) crew(id party.ID, kind registry.Kind, name string, more ...registry.Role) *Actor {
	s := string(id)
	record := registry.Party{
		ID: id, Kind: kind, Names: map[string]string{"en": name}, Languages: []string{"en"},
		Roles: append([]registry.Role{
			holds("chief", party.Policy, s+"-chief"), holds("duty-director", party.Duty, s+"-duty"), holds("watch", party.Watch, s+"-watch"),
		}, more...),
		Policies:  map[string]registry.Policy{"party.change": all(1, "chief"), "agreement.sign": all(1, "chief")},
		Positions: crewPositions(), Contact: "+999 55" + fmt.Sprint(10+len(p.actors)),
	}
	if id == tfa {
		record.Positions = crewPositions(registry.Position{Name: "air-attack", Level: party.Watch, Bearers: []registry.Bearer{{Name: "radio", Kind: "radio", Address: primary}}})
	}
	a := p.join(record, s+"-chief")
	a.stand("watch", s+"-watch", party.Watch, s+"-duty")
	a.stand("duty-director", s+"-duty", party.Duty, s+"-duty")
	a.shows(s+"-chief", registry.KindSignatory, registry.KindService)
	return a
}

// castTarrow enrols the parties of the range.
func castTarrow(p *Play) {
	agency := p.crew(tfa, registry.KindService, "Tarrow Fire Agency",
		holds("air-operations", party.Duty, "tfa-airops"), holds("air-attack", party.Duty, "tfa-ta1"))
	agency.stand("air-attack", "tfa-ta1", party.Duty, "tfa-duty")
	p.crew(car, registry.KindSignatory, "Coast Air Reserve")
	p.crew(medilift, registry.KindSignatory, "MediLift")
	p.crew(ridgeline, registry.KindSignatory, "Ridgeline Power")
	p.crew(highmoor, registry.KindSignatory, "Highmoor Tankers")
	p.crew(centre, registry.KindService, "Tarrow Centre")
}

// signLetter is the agreement for the season.
func signLetter(p *Play) {
	letter := p.text("tarrow")
	letter.Parties = append(letter.Parties, highmoor) // who flies the tankers signs too
	agency := p.actor(tfa)
	agency.does("agreement.propose", agreement.Propose{Text: letter, Results: p.results(letter)}, "tfa-chief")
	p.say("TFA tables the letter; TFA, CAR, MediLift, Ridgeline and Highmoor sign it, one after the other.")
	for i, id := range letter.Parties {
		p.signAsked(id, "TFA has tabled the letter of the season. Sign it?")
		p.part().check(agency.agreement(letter.ID).Legal.State != agreement.InForce, fmt.Sprintf("With %d of 5 signatures the letter is not in force", i))
		p.actor(id).sign(letter, string(id)+"-chief")
	}
	equal(p, "With the last signature the letter is", agency.agreement(letter.ID).Legal.State, agreement.InForce)
	// Where an agreement names a zone and its owner declares none, it holds as it
	// is written. There is no fire now.
	for _, z := range []intent.Zone{p.contactRing("D 01:00"), p.r1("D 01:00")} {
		z.Volumes[0].Start = stamp(p.now)
		d := came[intent.ZoneDecided](p, agency.does("zone.declare", intent.ZoneDeclare{Zone: z}, "tfa-watch"))
		agency.does("zone.cancel", intent.ZoneCancel{ID: d.ID}, "tfa-watch")
	}
}

// ring is a zone about the fire, from D 02:05.
func (p *Play) ring(name, kind string, miles float64, to string) intent.Zone {
	v := p.around(fire, miles, 0, 9500, "D 02:05", "D 02:06")
	v.Lower, v.End = nil, p.at(to)
	return intent.Zone{
		Name: name, Kind: kind, Volumes: []declared.Volume{v}, Contact: "air-attack", Primary: primary, Secondary: secondary,
		Conditions: "Contact air attack before entry. Give position, level and intention.",
	}
}

func (p *Play) r1(to string) intent.Zone { return p.ring("R-1", intent.NoEntry, 7, to) }

func (p *Play) contactRing(to string) intent.Zone {
	return p.ring("contact-ring", intent.EntryWithContact, 12, to)
}

// zone is a zone as a party sees it.
func (a *Actor) zone(name string) intent.ZoneDecided {
	all := look[[]intent.ZoneDecided](a, "zones", "/v1/zones", "")
	if i := slices.IndexFunc(all, func(z intent.ZoneDecided) bool { return z.Name == name }); i >= 0 {
		return all[i]
	}
	a.p.check(false, fmt.Sprintf("%s sees the zone %s", called(a.id), name))
	return intent.ZoneDecided{}
}

// read returns what stands for having read all zones, and some intents.
func (a *Actor) read(names ...string) []string {
	tokens := a.tokens(names)
	for _, z := range look[[]intent.ZoneDecided](a, "zones", "/v1/zones", "") {
		tokens = append(tokens, z.Token)
	}
	return tokens
}

// low is what a flight of the range declares: at the heights given, without more.
func (p *Play) low(alias, rank string, fixes ...fix) plan {
	where := declared.Shape{Trajectories: []declared.Trajectory{flight(0, 0, fixes...)}}
	return p.plan(alias, rank, where, func(d *plan) {
		d.Mode, d.Contact.Frequency, d.Contact.Backup = "VFR", primary, secondary
	})
}

// file declares a flight whose owner read all zones.
func (p *Play) file(id party.ID, d plan, read ...string) intent.Decided {
	a := p.actor(id)
	decided := came[intent.Decided](p, a.does("intent.declare", intent.Declare{Plan: d, ReadSet: a.read(read...)}, string(id)+"-watch"))
	p.names[d.Alias] = decided.ID
	return decided
}

// refile changes a flight.
func (p *Play) refile(id party.ID, d plan, read ...string) intent.Decided {
	a := p.actor(id)
	change := intent.Change{ID: p.names[d.Alias], Token: a.declared(d.Alias).Token, Plan: d, ReadSet: a.read(read...)}
	return came[intent.Decided](p, a.does("intent.change", change, string(id)+"-watch"))
}

// takeOff says that a flight begins.
func (p *Play) takeOff(id party.ID, name string) {
	a := p.actor(id)
	a.does("intent.activate", intent.Activate{ID: p.names[name], Token: a.declared(name).Token, ReadSet: a.read()}, string(id)+"-watch")
}

// within is how a flight, as a party sees it, passes the fire, judged by the
// party's own program.
func (a *Actor) within(flight string, miles float64) conflict.Verdict {
	d := a.declared(flight)
	return a.p.rings(&d.Plan, miles)
}

// rings judges a flight against a circle about the fire.
func (p *Play) rings(d *plan, miles float64) conflict.Verdict {
	ring := declared.Shape{Volumes: []declared.Volume{p.around(fire, miles, 0, 9500, "D 02:05", "D 14:00")}}
	zone, err := ring.Entity(declared.Label{ID: "ring", Kind: volume.Constraint, Type: intent.Advisory})
	p.fail(err)
	v, err := conflict.Judge(p.placed(&d.Shape), zone, conflict.Minima{})
	p.fail(err)
	return v
}

// closest is how near to the middle of a circle a flight comes, in millimetres;
// below zero when it was not found.
func closest(v conflict.Verdict) int64 {
	if v.MinHorizontal == nil {
		return -1
	}
	return v.MinHorizontal.CentreTenthMM / 10
}

// judge judges two flights, as a party sees them, by the separation of the
// letter and the party's own program.
func (a *Actor) judge(first, second string) conflict.Verdict {
	one, other := a.declared(first), a.declared(second)
	v, err := conflict.Judge(a.p.placed(&one.Shape), a.p.placed(&other.Shape), conflict.Minima{LateralMM: nm(1), VerticalMM: feet(500)})
	a.p.fail(err)
	return v
}

// settle lets the node do what is due now.
func (p *Play) settle() { p.set(p.now) }

// testRange is D 00:00: all call each other over radio and telephone.
func testRange(p *Play) {
	opened := map[string]bearer.Opened{}
	for _, a := range p.actors {
		for _, n := range heard[bearer.Opened](a) {
			if n.Event.From == a.id {
				opened[n.Event.Test] = n.Event
			}
		}
	}
	equal(p.part(), "Test calls, of each to each over two lines:", len(opened), 5*4*2)
	good := 0
	for _, o := range opened {
		taken := p.actor(o.To).does("bearer.answer", bearer.Answer{
			Test: o.Test, Challenge: o.Challenge, Readability: 5, DelayMS: 200, Position: "watch",
		}, string(o.To)+"-watch")
		if came[bearer.Answered](p, taken).Outcome == bearer.Good {
			good++
		}
	}
	equal(p, "Test calls that were good, of 40:", good, len(opened))
}

// reviewed returns what a review of the party's own flight found in this row,
// the last one.
func (a *Actor) reviewed(name string) intent.Reviewed {
	var last intent.Reviewed
	for _, n := range heard[intent.Reviewed](a) {
		if n.Event.ID == a.p.names[name] {
			last = n.Event
		}
	}
	a.p.part().check(last.ID != "", fmt.Sprintf("The node judges %s again", name))
	return last
}

// among returns the verdict against a thing, among some.
func (p *Play) among(verdicts []intent.Verdict, id string) intent.Verdict {
	return p.verdict(&intent.Decided{Verdicts: verdicts}, id)
}

// bearing is the direction of a place from another, in degrees from true north.
func bearing(from, to declared.Point) float64 {
	_, degrees, _ := geodesy.Inverse(geodesy.LatLng(from), geodesy.LatLng(to))
	return degrees
}
