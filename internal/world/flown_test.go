package world

import (
	"os"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/agreement"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/incident"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// basin is a node on which nc and el have M1 in force: 5 NM or 2,000 ft, and a
// line along 30 degrees west with nc to the east of it.
type basin struct {
	*node
	said int
}

func newBasin(t *testing.T) *basin {
	t.Helper()
	b := &basin{node: newNode(t)}
	b.nowNS = time.Date(2026, 3, 2, 16, 40, 0, 0, time.UTC).UnixNano()
	for _, id := range []party.ID{"nc", "el"} {
		record := recordOf(id)
		for _, name := range []string{"watch", "duty-director"} {
			level := map[string]party.Level{"watch": party.Watch, "duty-director": party.Duty}[name]
			if record.Position(name) == nil {
				record.Positions = append(record.Positions, registry.Position{Name: name, Level: level, Bearers: []registry.Bearer{{Name: "voice", Kind: "voice"}}})
			}
		}
		b.says(id, "party.enrol", registry.Enrol{Party: record})
		for _, name := range []string{"watch", "duty-director"} {
			b.says(id, "party.roster", registry.Roster{Position: name, Watches: []registry.Watch{{
				Position: name, Person: string(id) + "-a", Level: party.Duty,
				From: statement.Instant(b.nowNS), To: statement.Instant(b.nowNS + int64(7*24*time.Hour)),
			}}})
		}
	}
	var last *terms.Text
	for i, name := range []string{"v1", "v2", "v3", "v4"} {
		data, err := os.ReadFile("../sim/texts/varanth-" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if last, err = terms.Parse(data); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			b.says("nc", "agreement.propose", agreement.Propose{Text: last, Results: resultsOf(t, last)})
		} else {
			b.says([]party.ID{"nc", "el"}[i%2], "agreement.counter", agreement.Counter{Text: last, Results: resultsOf(t, last)})
		}
	}
	for _, id := range []party.ID{"nc", "el"} {
		b.says(id, "agreement.sign", agreement.Sign{Agreement: "M1", Version: last.Hash(), Results: resultsOf(t, last)})
	}
	if x, _ := b.st.Agreement.Axis("M1"); x.State != agreement.InForce {
		t.Fatalf("M1 is %s: %v", x.State, x.Blocked)
	}
	return b
}

func resultsOf(t *testing.T, text *terms.Text) string {
	t.Helper()
	results, err := terms.RunExamples(text)
	if err != nil {
		t.Fatal(err)
	}
	return terms.ResultsDigest(results)
}

// says does an act now, signed by the party's first person, and returns what came
// of it.
func (b *basin) says(id party.ID, act string, body any) []Event {
	b.Helper()
	b.said++
	a := saying(b, id, act, statement.Instant(b.said).String(), body)
	a.At = statement.Instant(b.nowNS)
	var err error
	if a.Text, err = statement.Marshal(a.Statement); err != nil {
		b.Fatal(err)
	}
	s, err := party.Sign(keyOf(string(id)+"-a"), a.Text)
	if err != nil {
		b.Fatal(err)
	}
	a.Signatures = []party.Signature{s}
	return b.mustAct(a)
}

// fly declares a flight about a place, between 10,000 and 12,000 ft.
func (b *basin) fly(id party.ID, lat, lng float64) (name string) {
	b.Helper()
	low, high := declared.Altitude{MM: 3_048_000, Reference: "AMSL"}, declared.Altitude{MM: 3_657_600, Reference: "AMSL"}
	events := b.says(id, "intent.declare", intent.Declare{Plan: intent.Plan{
		AircraftKind: "manned", Priority: intent.Priority{Rank: "state"}, Contact: intent.Contact{Position: "watch"},
		Position: intent.PositionBasis{Method: "gnss", Datum: "WGS84", ErrorMM: 1}, Time: intent.TimeBasis{Source: "gnss", ErrorNS: 1},
		Shape: declared.Shape{Volumes: []declared.Volume{{
			Footprint: declared.Footprint{Circle: &declared.Circle{Centre: degrees(lat, lng), RadiusMM: 3_704_000}},
			Lower:     &low, Upper: &high, Start: statement.Instant(b.nowNS), End: statement.Instant(b.nowNS + int64(2*time.Hour)), HErrorMM: 1, TErrorNS: 1,
		}}},
	}})
	return events[1].(*intent.Decided).ID
}

func degrees(lat, lng float64) declared.Point {
	return declared.Point{LatE9: int64(lat * 1e9), LngE9: int64(lng * 1e9)}
}

// strays says that a flight is elsewhere: from one place to another at 10,000 ft,
// in the minute that ends some time from now.
func (b *basin) strays(id party.ID, name string, from, to declared.Point, ends time.Duration) []Event {
	b.Helper()
	last := statement.Instant(b.nowNS + int64(ends))
	alt := declared.Altitude{MM: 3_048_000, Reference: "AMSL"}
	return b.says(id, "intent.nonconforming", intent.Nonconform{ID: name, OffNominal: &declared.Shape{Trajectories: []declared.Trajectory{{
		Points:      []declared.TimedPoint{{LatE9: from.LatE9, LngE9: from.LngE9, Alt: alt, At: last - 60e9}, {LatE9: to.LatE9, LngE9: to.LngE9, Alt: alt, At: last}},
		HalfWidthMM: 1, TErrorNS: 1,
	}}}})
}

func count[E any](events []Event, is func(E) bool) (n int) {
	for _, ev := range events {
		if e, ok := ev.(E); ok && is(e) {
			n++
		}
	}
	return n
}

// TestWhatWasFlownOverTheLineIsObserved: what is only expected, and what stays on
// its own side, is no breach.
func TestWhatWasFlownOverTheLineIsObserved(t *testing.T) {
	for what, c := range map[string]struct {
		to   declared.Point
		ends time.Duration
		want int
	}{
		"over and done":      {degrees(12.1, -30.01), 0, 1},
		"still to come":      {degrees(12.1, -30.01), time.Minute, 0},
		"back in the buffer": {degrees(12.1, -29.99), 0, 0},
	} {
		b := newBasin(t)
		name := b.fly("nc", 12.1, -29.7)
		b.nowNS += int64(10 * time.Minute)
		events := b.strays("nc", name, degrees(12.1, -29.95), c.to, c.ends)
		got := count(events, func(o *agreement.Observed) bool {
			return o.Clause == "4" && o.Party == "nc" && o.Outcome == agreement.Breached
		})
		if got != c.want {
			t.Errorf("%s: %d breaches observed, want %d: %v", what, got, c.want, types(events))
		}
	}
}

// TestSeparationLostOpensOneIncident: both flights have to be over the place, by
// their own parties' word.
func TestSeparationLostOpensOneIncident(t *testing.T) {
	opened := func(events []Event) int {
		return count(events, func(o *incident.Opened) bool { return o.Kind == incident.Separation })
	}
	for what, c := range map[string]struct {
		milesApart float64
		ends       time.Duration
		want       int
	}{
		"4.9 NM":                {4.9, 0, 1},
		"5.1 NM":                {5.1, 0, 0},
		"4.9 NM, still to come": {4.9, time.Minute, 0},
	} {
		b := newBasin(t)
		north, east := b.fly("nc", 12.6, -29.7), b.fly("el", 12.1, -30.3)
		b.nowNS += int64(10 * time.Minute)
		// On one latitude, a minute of longitude is cos 12 degrees of a mile; the
		// ellipsoid adds 0.1 %.
		lng := -29.5 + c.milesApart/60/0.97815/1.0016
		if n := opened(b.strays("nc", north, degrees(11.99, -29.5), degrees(12, -29.5), 0)); n != 0 {
			t.Errorf("%s: %d incidents by one side's word", what, n)
		}
		events := b.strays("el", east, degrees(11.99, lng), degrees(12, lng), c.ends)
		if got := opened(events); got != c.want {
			t.Errorf("%s: %d incidents, want %d: %v", what, got, c.want, types(events))
		}
		if got := opened(b.strays("el", east, degrees(11.99, lng), degrees(12, lng), c.ends)); got != 0 {
			t.Errorf("%s: said again it opens %d more", what, got)
		}
	}
}
