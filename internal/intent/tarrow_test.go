package intent

import (
	"os"
	"testing"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/terms"
)

// The parties of the Tarrow Range, a worked example: a wildfire.
const (
	tfa       party.ID = "tfa" // fire command, which also flies
	car       party.ID = "car"
	mediLift  party.ID = "medilift"
	ridgeline party.ID = "ridgeline"
	tarrowATS party.ID = "tarrow-centre"
)

// tarrow returns a node on which the letter of agreement of the fire season is
// in force between all who signed it.
func tarrow(t testing.TB, at string) *node {
	t.Helper()
	data, err := os.ReadFile("../sim/texts/tarrow.json")
	if err != nil {
		t.Fatal(err)
	}
	letter, err := terms.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	n := newNode(t, at)
	n.enrol(tfa, registry.KindService)
	n.enrol(tarrowATS, registry.KindService)
	signed := []party.ID{car, mediLift, ridgeline}
	for i, p := range signed {
		n.enrol(p, registry.KindSignatory)
		for _, q := range append([]party.ID{tfa}, signed[:i]...) {
			pair := terms.Pair(p, q)
			n.rules[pair] = terms.Compile([]terms.InForce{{Text: letter}}, pair)
		}
	}
	return n
}

func msl(ft float64) declared.Altitude { return declared.Altitude{MM: feet(ft), Reference: "AMSL"} }

// low is a flight at a height above mean sea level.
func low(t testing.TB, alias, rank string, fixes ...fix) Plan {
	tr := flight(t, 0, 0, fixes...)
	for i := range tr.Points {
		tr.Points[i].Alt.Reference = "AMSL"
	}
	p := plan(rank, flown(tr))
	p.Alias = alias
	return p
}

func restriction(t testing.TB, to string) Zone {
	upper := msl(9500)
	return Zone{
		Name: "R-1", Kind: NoEntry, Contact: "air-attack", Primary: "118.950 MHz",
		Volumes: []declared.Volume{{
			Footprint: declared.Footprint{Circle: &declared.Circle{Centre: pt(-45.20, -130.40), RadiusMM: 7 * nm}},
			Upper:     &upper, Start: clock(t, "02:05"), End: clock(t, to),
		}},
	}
}

// TestTarrowFire follows the worked example: a restriction that comes into force
// over a flight, a training flight and its ways round, and a medical flight that
// is never kept out.
func TestTarrowFire(t *testing.T) {
	n := tarrow(t, "02:05")
	n.must(tfa, &ZoneDeclare{Zone: restriction(t, "14:00")})
	r1 := n.st.Zones()[0]
	if r1.State != ZoneDraft || !r1.Service {
		t.Fatalf("R-1 is %s, want a draft of a service", r1.State)
	}
	r31 := n.declare(ridgeline, low(t, "R-31", "utility", fix{-45.28, -130.50, 3100, "02:15"}, fix{-45.13, -130.42, 3100, "03:00"}))
	wantState(t, r31, Accepted)
	if v := verdict(r31, r1.ID); v == nil || v.Outcome != AdvisoryOnly {
		t.Fatalf("against the draft of R-1: %+v, want advisory", v)
	}
	n.at("02:15")
	r31 = n.activate(r31)

	n.at("02:30")
	n.must(tfa, &ZoneActivate{ID: r1.ID, Token: r1.Token})
	if n.st.Intent(r31.ID).Review == "" {
		t.Error("R-31 is not under review in the block that puts R-1 in force")
	}
	n.settle()
	r31 = n.st.Intent(r31.ID)
	wantState(t, r31, GivesWay)
	if r31.By != r1.ID || !r31.Airborne || !r31.Listed {
		t.Errorf("R-31 gives way to %s, airborne %v, in the airspace %v", r31.By, r31.Airborne, r31.Listed)
	}
	v := verdict(r31, r1.ID)
	wantNM(t, "R-31 from the fire", v.Measure.CentreTenthMM, 2.27)
	wantAbout(t, "R-31 closest", v.Measure.At, clock(t, "02:43:00"))

	n.at("02:32")
	stay := low(t, "R-31", "utility", fix{-45.2267, -130.4715, 3100, "02:31"}, fix{-45.13, -130.42, 3100, "03:00"})
	n.refused(ridgeline, &Change{ID: r31.ID, Token: r31.Token, Plan: stay, ReadSet: n.tokens()}, event.Conflict)
	late := low(t, "R-31", "utility", fix{-45.2267, -130.4715, 3100, "02:33"}, fix{-45.2267, -130.49, 3100, "02:38"})
	n.refused(ridgeline, &Change{ID: r31.ID, Token: r31.Token, Plan: late, ReadSet: n.tokens()}, event.Conflict)
	r31 = n.change(r31, low(t, "R-31", "utility", fix{-45.2267, -130.4715, 3100, "02:31"}, fix{-45.2267, -130.49, 3100, "02:38"}))
	wantState(t, r31, Activated)
	if v := verdict(r31, r1.ID); v == nil || v.Outcome != Leaving {
		t.Errorf("the way out against R-1: %+v, want that it leaves", v)
	}
	n.settle()
	n.must(tfa, &ZoneChange{ID: r1.ID, Token: n.st.Zones()[0].Token, Zone: restriction(t, "15:00")})
	n.settle()
	wantState(t, n.st.Intent(r31.ID), Activated)
	n.at("02:38")
	n.must(ridgeline, &End{ID: r31.ID})

	n = tarrow(t, "02:34") // R-1 in force as it stands in the letter
	cg7 := n.declare(car, low(t, "CG-7", "training", fix{-45.55, -130.10, 3000, "02:40"}, fix{-45.00, -130.55, 3000, "03:00"}))
	wantState(t, cg7, Proposed)
	v = verdict(cg7, "R-1")
	if v.Outcome != EntryBarred || v.Party != tfa || v.Source.Clause == "" {
		t.Errorf("CG-7 against R-1: %+v", v)
	}
	wantAbout(t, "CG-7 inside 7 NM from", v.From, clock(t, "02:49:13"))
	wantAbout(t, "CG-7 inside 7 NM to", v.To, clock(t, "02:56:32"))
	wantNM(t, "CG-7 closest", v.Measure.CentreTenthMM, 0.46)
	v = verdict(cg7, "contact-ring")
	wantAbout(t, "CG-7 inside 12 NM from", v.From, clock(t, "02:46:35"))
	wantAbout(t, "CG-7 inside 12 NM to", v.To, clock(t, "02:59:09"))

	altA := n.change(cg7, low(t, "CG-7", "training", fix{-45.55, -130.10, 3000, "02:40"},
		fix{-45.20, -130.10, 3000, "02:50"}, fix{-45.00, -130.55, 3000, "03:00"}))
	wantState(t, altA, Proposed)
	wantNM(t, "ALT-A", verdict(altA, "R-1").Measure.CentreTenthMM, 6.76)

	altB := n.change(altA, low(t, "CG-7", "training", fix{-45.55, -130.10, 3000, "02:40"},
		fix{-45.00, -130.10, 3000, "02:50"}, fix{-45.00, -130.55, 3000, "03:00"}))
	wantState(t, altB, Accepted)
	if v := verdict(altB, "R-1"); v != nil {
		t.Errorf("ALT-B against R-1: %+v", v)
	}
	v = verdict(altB, "contact-ring")
	if v == nil || v.Outcome != ContactNeeded || v.Measure.WithinTolerance {
		t.Fatalf("ALT-B touches the ring of 12 NM by 0.01: %+v, want contact", v)
	}
	wantNM(t, "ALT-B", v.Measure.CentreTenthMM, 11.99)

	ml2 := n.declare(mediLift, low(t, "ML-2", "medical", fix{-45.05, -130.30, 3000, "02:50"}, fix{-45.26, -130.34, 3000, "02:57"}))
	wantState(t, ml2, Accepted)
	v = verdict(ml2, "R-1")
	if v == nil || v.Outcome != ContactNeeded {
		t.Fatalf("ML-2 against R-1: %+v, want contact, never exclusion", v)
	}
	wantNM(t, "ML-2 from the fire", v.Measure.CentreTenthMM, 3.00)
	wantAbout(t, "ML-2 closest", v.Measure.At, clock(t, "02:55:13"))
}
