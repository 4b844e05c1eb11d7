package intent

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/release"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
	"github.com/deconflict/deconflict/internal/volume"
)

const (
	nm       = 1_852_000 // mm
	minuteNS = 60e9
	hourNS   = 3600e9
)

func feet(ft float64) int64 { return int64(math.Round(ft * 304.8)) }

func ft(n float64) *declared.Altitude { return &declared.Altitude{MM: feet(n), Reference: "W84"} }

func e9(deg float64) int64 { return int64(math.Round(deg * 1e9)) }

func pt(lat, lng float64) declared.Point { return declared.Point{LatE9: e9(lat), LngE9: e9(lng)} }

// clock is a time of the day on which everything happens, 2031-04-06.
func clock(t testing.TB, s string) statement.Instant {
	t.Helper()
	for _, layout := range []string{"15:04:05.999", "15:04"} {
		if v, err := time.Parse(layout, s); err == nil {
			return statement.Instant(v.AddDate(2031, 3, 5).UnixNano())
		}
	}
	t.Fatalf("bad clock %q", s)
	return 0
}

// errors is what every declaration says of its errors: small, and not none.
const errorMM, errorNS = 1, 1

func circle(t testing.TB, lat, lng, radiusNM, lower, upper float64, from, to string) declared.Volume {
	return declared.Volume{
		Footprint: declared.Footprint{Circle: &declared.Circle{Centre: pt(lat, lng), RadiusMM: int64(math.Round(radiusNM * nm))}},
		Lower:     ft(lower), Upper: ft(upper), Start: clock(t, from), End: clock(t, to), HErrorMM: errorMM, TErrorNS: errorNS,
	}
}

type fix struct {
	lat, lng, ft float64
	at           string
}

func flight(t testing.TB, halfMM, vErrorMM int64, fixes ...fix) declared.Trajectory {
	out := declared.Trajectory{HalfWidthMM: max(halfMM, errorMM), VErrorMM: vErrorMM, TErrorNS: errorNS}
	for _, f := range fixes {
		out.Points = append(out.Points, declared.TimedPoint{LatE9: e9(f.lat), LngE9: e9(f.lng), Alt: *ft(f.ft), At: clock(t, f.at)})
	}
	return out
}

func plan(rank string, shape declared.Shape) Plan {
	return Plan{
		AircraftKind: "manned", Priority: Priority{Rank: rank}, Contact: Contact{Position: "watch"}, Shape: shape,
		Position: PositionBasis{Method: "gnss", Datum: "WGS84", ErrorMM: errorMM}, Time: TimeBasis{Source: "gnss", ErrorNS: errorNS},
	}
}

func volumes(v ...declared.Volume) declared.Shape { return declared.Shape{Volumes: v} }

func flown(v ...declared.Trajectory) declared.Shape { return declared.Shape{Trajectories: v} }

// node decides, encodes, decodes and applies, as the engine does.
type node struct {
	t         testing.TB
	st        *State
	air       *airspace.State
	reg       *registry.State
	now       int64
	serial    int
	events    []event.Event // of this package
	ats       []event.At
	replay    *State // takes in the same events, when there is one
	rules     map[[2]party.ID]*terms.Rules
	shown     func(owner, to party.ID, state string) []string
	silent    func(of, to party.ID) bool
	uncovered func(party.ID) bool
	sites     func(*volume.Entity, party.ID) []Site
}

func newNode(t testing.TB, at string) *node {
	n := &node{
		t: t, st: New(), air: airspace.NewState(), reg: registry.New(), now: int64(clock(t, at)),
		rules: map[[2]party.ID]*terms.Rules{},
		shown: func(owner, to party.ID, state string) []string {
			return []string{release.Reference, release.VolumesExact, release.VolumesCoarse, release.Contact}
		},
	}
	return n
}

func (n *node) enrol(id party.ID, kind registry.Kind, area ...registry.Point) {
	n.reg.Apply(&registry.Enrolled{Party: registry.Party{ID: id, Kind: kind, Area: area}}, event.At{NS: n.now})
}

// agree puts rules between two parties in force.
func (n *node) agree(a, b party.ID, change func(*terms.Rules)) {
	pair := terms.Pair(a, b)
	r := *n.rulesOf(a, b)
	change(&r)
	n.rules[pair] = &r
}

func (n *node) rulesOf(a, b party.ID) *terms.Rules {
	if r := n.rules[terms.Pair(a, b)]; r != nil {
		return r
	}
	return terms.Default(terms.Pair(a, b))
}

func (n *node) view() View {
	return View{
		Registry: n.reg, Airspace: n.air, BaseURL: "https://node.example", Rules: n.rulesOf, Shown: n.shown,
		Silent: n.silent, Uncovered: n.uncovered, Sites: n.sites,
	}
}

func (n *node) env() event.Env {
	n.serial++
	env := event.Env{NowNS: n.now, Node: "node.example"}
	copy(env.Random[:], fmt.Sprintf("random %d", n.serial))
	return env
}

func (n *node) at(s string) { n.now = max(n.now, int64(clock(n.t, s))) }

// try decides an act, and applies what came of it by way of the journal's form.
func (n *node) try(by party.ID, body any) ([]event.Event, error) {
	n.t.Helper()
	return n.tryAs(registry.Authority{Party: by, Role: "watch", Person: "w1", Level: party.Duty, Custody: party.ByNode}, body)
}

func (n *node) tryAs(by registry.Authority, body any) ([]event.Event, error) {
	n.t.Helper()
	if c, ok := body.(interface{ Check() error }); ok {
		if err := c.Check(); err != nil {
			return nil, event.Refuse(event.Invalid, "%v", err)
		}
	}
	events, err := n.st.Decide(&party.Act{Content: body}, by, n.view(), n.env())
	if err != nil {
		if _, ok := err.(*event.Refusal); !ok {
			n.t.Fatalf("%T was refused with %T: %v", body, err, err)
		}
		return nil, err
	}
	n.apply(events)
	return events, nil
}

func (n *node) apply(events []event.Event) {
	n.t.Helper()
	for _, ev := range events {
		at := event.At{NS: n.now, Index: int64(len(n.events))}
		if a, ok := ev.(Airspace); ok {
			back, _, err := airspace.Decode(airspace.Encode(nil, a.Event, n.now))
			if err != nil {
				n.t.Fatal(err)
			}
			n.air.Apply(back, airspace.At{NS: at.NS, Index: at.Index})
			continue
		}
		back := n.journalled(ev)
		n.st.Apply(back, at)
		if n.replay != nil {
			n.replay.Apply(n.journalled(ev), at)
		}
		n.events, n.ats = append(n.events, back), append(n.ats, at)
	}
}

// journalled returns an event as it comes back from the journal.
func (n *node) journalled(ev event.Event) event.Event {
	n.t.Helper()
	text := event.Encode(nil, ev, n.now)
	fields, err := statement.Fields(text)
	if err != nil {
		n.t.Fatal(err)
	}
	back, ok, err := Events.Decode(ev.Type(), 1, fields)
	if !ok || err != nil {
		n.t.Fatalf("%s does not decode: %v\n%s", ev.Type(), err, text)
	}
	if again := event.Encode(nil, back, n.now); string(again) != string(text) {
		n.t.Fatalf("an event changed on its way through the journal:\n%s\n%s", text, again)
	}
	return back
}

// must is try for what must be accepted.
func (n *node) must(by party.ID, body any) []event.Event {
	n.t.Helper()
	events, err := n.try(by, body)
	if err != nil {
		details, _ := json.Marshal(err.(*event.Refusal).Details)
		n.t.Fatalf("%T by %s was refused: %s: %v\n%s", body, by, err.(*event.Refusal).Kind, err, details)
	}
	return events
}

// refused is try for what must be refused.
func (n *node) refused(by party.ID, body any, want event.RefusalKind) *event.Refusal {
	n.t.Helper()
	_, err := n.try(by, body)
	if err == nil {
		n.t.Fatalf("%T by %s was accepted, want %s", body, by, want)
	}
	r := err.(*event.Refusal)
	if r.Kind != want {
		n.t.Fatalf("%T by %s was refused as %s (%v), want %s", body, by, r.Kind, err, want)
	}
	return r
}

// declare declares a plan, reading what it has to.
func (n *node) declare(by party.ID, p Plan) *Intent {
	n.t.Helper()
	events := n.must(by, &Declare{Plan: p, ReadSet: n.tokens()})
	return n.st.Intent(events[0].(*Decided).ID)
}

func (n *node) change(r *Intent, p Plan) *Intent {
	n.t.Helper()
	n.must(r.Owner, &Change{ID: r.ID, Token: n.st.Intent(r.ID).Token, Plan: p, ReadSet: n.tokens()})
	return n.st.Intent(r.ID)
}

func (n *node) activate(r *Intent) *Intent {
	n.t.Helper()
	n.must(r.Owner, &Activate{ID: r.ID, Token: n.st.Intent(r.ID).Token, ReadSet: n.tokens()})
	return n.st.Intent(r.ID)
}

// tokens are all tokens that there are.
func (n *node) tokens() []string {
	var all []string
	for _, r := range n.st.intents {
		all = append(all, r.Token)
	}
	for _, z := range n.st.zones {
		all = append(all, z.Token)
	}
	return all
}

// settle has everything done that is due.
func (n *node) settle() []event.Event {
	n.t.Helper()
	var all []event.Event
	for range 1000 {
		ns, ok := n.st.Deadline()
		if !ok || ns > n.now {
			return all
		}
		events := n.st.Due(n.view(), n.env())
		if len(events) == 0 {
			n.t.Fatalf("something is due at %d, before %d, and nothing is done", ns, n.now)
		}
		n.apply(events)
		all = append(all, events...)
	}
	n.t.Fatal("what is due does not end")
	return nil
}

// verdict returns the verdict against something.
func verdict(r *Intent, id string) *Verdict {
	for i := range r.Verdicts {
		if r.Verdicts[i].ID == id {
			return &r.Verdicts[i]
		}
	}
	return nil
}

func wantState(t testing.TB, r *Intent, want Phase) {
	t.Helper()
	if r.State != want {
		text, _ := json.MarshalIndent(r.Verdicts, "", " ")
		t.Fatalf("%s is %s, want %s\n%s", r.Alias, r.State, want, text)
	}
}

func wantAbout(t testing.TB, what string, got, want statement.Instant) {
	t.Helper()
	if apart(int64(got), int64(want)) > 1e9 {
		t.Errorf("%s at %s, want %s within a second", what, got, want)
	}
}

func wantNM(t testing.TB, what string, tenthMM *int64, want float64) {
	t.Helper()
	if tenthMM == nil {
		t.Errorf("%s is not told, want %.2f NM", what, want)
		return
	}
	if got := float64(*tenthMM) / 10 / nm; math.Abs(got-want) > 0.01 {
		t.Errorf("%s %.4f NM, want %.2f", what, got, want)
	}
}
