package intent

import (
	"slices"
	"testing"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/terms"
)

// The parties of the Varanth Basin, a worked example: two coalitions, a
// humanitarian operator, a civil service and a neighbour without agreement.
const (
	nc party.ID = "northern-compact"
	el party.ID = "eastern-league"
	hr party.ID = "harbour-relief"
	vc party.ID = "varanth-control"
	sm party.ID = "sandmere"
)

var m1 = terms.Source{Agreement: "M1", Version: 3, Clause: "separation"}

func varanth(t testing.TB, at string) *node {
	n := newNode(t, at)
	n.enrol(nc, registry.KindSignatory)
	n.enrol(el, registry.KindSignatory)
	n.enrol(hr, registry.KindNotifier)
	n.enrol(vc, registry.KindService)
	n.enrol(sm, registry.KindThird)
	for _, pair := range [][2]party.ID{{nc, el}, {nc, hr}, {el, hr}} {
		n.agree(pair[0], pair[1], func(r *terms.Rules) {
			r.Minima = []terms.Minima{{Source: m1, LateralMM: 5 * nm, VerticalMM: feet(2000)}}
			r.Priority.Ranks = [][]string{{"humanitarian"}, {"routine"}}
			r.Notice = terms.Notice{Source: m1, RoutineNS: 48 * hourNS, ShortNS: hourNS}
		})
	}
	n.agree(nc, el, func(r *terms.Rules) {
		r.Lines = []terms.Line{{
			Source: m1, Name: "Orrin", Points: []declared.Point{pt(11, -30), pt(13, -30)}, Left: el, Right: nc,
			BufferMM: 5 * nm, NoticeNS: hourNS, ReadBack: true,
		}}
	})
	n.uncovered = func(p party.ID) bool { return p == "aldmar" }
	return n
}

func h17(t testing.TB) Plan {
	p := plan("humanitarian", flown(flight(t, nm, feet(1000), fix{11.60, -29.40, 9000, "09:00"}, fix{12.40, -30.00, 9000, "09:24"})))
	p.Alias = "H-17"
	return p
}

func n204(t testing.TB, floor float64, from string) Plan {
	p := plan("routine", volumes(circle(t, 12.10, -29.70, 12, floor, 16000, from, "10:00")))
	p.Alias, p.Member = "N-204", "aldmar"
	return p
}

func e88(t testing.TB) Plan {
	p := plan("routine", flown(flight(t, 0, feet(1000), fix{12.30, -30.60, 21000, "09:20"}, fix{12.00, -29.20, 21000, "09:34"})))
	p.Alias = "E-88"
	p.Crossings = []Crossing{{Line: "Orrin", At: pt(12.1723, -30), Time: clock(t, "09:26")}}
	return p
}

// TestVaranthMorning follows the morning of the worked example: a conflict with
// a humanitarian move, its way out, and a flight over a dividing line.
func TestVaranthMorning(t *testing.T) {
	n := varanth(t, "06:10")
	move := n.declare(hr, h17(t))
	wantState(t, move, Accepted)

	ack := n.must(nc, &Acknowledge{ID: move.ID, Version: 1, Step: Received})[0].(*Acknowledged)
	if ack.Class != terms.Short || ack.LeadNS != 170*minuteNS {
		t.Errorf("H-17 had a lead of %d ns, %s; want 2 h 50, short", ack.LeadNS, ack.Class)
	}
	if read := n.must(nc, &Acknowledge{ID: move.ID, Version: 1, Step: Read})[0].(*Acknowledged); read.Class != "" {
		t.Errorf("one notice is measured twice: %s", read.Class)
	}

	n.at("07:10")
	first := n.declare(nc, n204(t, 9000, "08:45"))
	wantState(t, first, Proposed)
	if first.Listed {
		t.Error("a proposal is part of the airspace")
	}
	c := verdict(first, move.ID)
	if c == nil || c.Outcome != Stands || c.Source != m1 || c.Required.LateralMM != 5*nm || c.Required.Percent != 100 {
		t.Fatalf("verdict against H-17: %+v", c)
	}
	wantAbout(t, "with 5 NM and half width, in", c.From, clock(t, "09:06:49"))
	wantAbout(t, "with 5 NM and half width, out", c.To, clock(t, "09:21:04"))
	wantNM(t, "centre-line to centre", c.Measure.CentreTenthMM, 3.52)
	wantAbout(t, "closest", c.Measure.At, clock(t, "09:13:57"))
	if !slices.Equal(first.Flags, []string{FlagUncovered}) {
		t.Errorf("flags %v, want that the member is not covered", first.Flags)
	}
	if v := verdict(first, "Orrin"); v != nil {
		t.Errorf("5.63 NM from the line, outside its buffer of 5, is flagged: %+v", v)
	}

	n.at("07:12")
	again := n.change(first, n204(t, 12000, "08:45"))
	wantState(t, again, Accepted)
	if again.Version != 2 || !again.Listed || verdict(again, move.ID) != nil {
		t.Errorf("floor 12,000 ft: version %d, listed %v, verdicts %+v", again.Version, again.Listed, again.Verdicts)
	}

	n.at("07:30")
	cross := n.declare(el, e88(t))
	wantState(t, cross, Accepted)
	for _, v := range cross.Verdicts {
		if v.Against == AgainstIntent {
			t.Errorf("E-88 conflicts: %+v", v)
		}
	}
	line := verdict(cross, "Orrin")
	if line == nil || line.Outcome != CrossDeclared || line.Party != nc {
		t.Fatalf("the crossing: %+v", line)
	}
	wantAbout(t, "crossing", line.From, clock(t, "09:26:00"))

	n.activate(again)
	wantState(t, n.st.Intent(again.ID), Activated)
	n.must(nc, &End{ID: again.ID})
	wantState(t, n.st.Intent(again.ID), Ended)
	if n.st.Intent(again.ID).Listed || n.air.Counts().Intents != 2 {
		t.Errorf("the ended intent is still in the airspace, which holds %d", n.air.Counts().Intents)
	}
}
