package resolve

import (
	"testing"

	"github.com/deconflict/deconflict/internal/oracle"
	"github.com/deconflict/deconflict/internal/volume"
)

// TestOracleAgrees has package oracle, which is built differently, judge
// options: no pair is certainly in conflict, and 10 ms or 2 cm before, one pair
// is not certainly clear. In 300 worlds it judges more than 300 options.
func TestOracleAgrees(t *testing.T) {
	t.Parallel()
	first, n := worldsToTry(t, 300)
	judged, certain := 0, 0
	for seed := first; seed < first+n && !t.Failed(); seed++ {
		w := newWorld(seed)
		a := w.ask(t)
		for i := range a.Options {
			o := &a.Options[i]
			if got := w.truth(o.Entity); got == oracle.Conflict {
				t.Errorf("seed %d: %s %+v is in conflict", seed, o.Kind, o.Change)
			}
			for _, d := range append(dimensions, shifts) {
				if d.kind != o.Kind {
					continue
				}
				c := changeBy(d.kind, max(0, amountOf(d.kind, &o.Change)-d.proof), o.Change.Shift.BearingDeg)
				switch w.truth(w.apply(t, c)) {
				case oracle.Clear:
					t.Errorf("seed %d: %s %+v is clear", seed, o.Kind, c)
				case oracle.Conflict:
					certain++
				}
				judged++
			}
		}
	}
	t.Logf("%d options judged, %d certainly in conflict just before", judged, certain)
	if judged < int(n)/2 || certain < judged*9/10 {
		t.Errorf("%d options judged, %d certainly in conflict just before: too few", judged, certain)
	}
}

// truth is what the oracle says of a plan and all that it may not enter: of all
// pairs the worst.
func (w *world) truth(e *volume.Entity) oracle.Decision {
	worst := oracle.Clear
	for _, o := range w.others {
		if w.conditional(o) {
			continue
		}
		m := w.minimaTo(o)
		need := volume.Need{LateralMM: m.LateralMM, VerticalMM: m.VerticalMM, TimeNS: m.TimeNS}
		switch oracle.Judge(e, o, need, oracle.Decide).Decision {
		case oracle.Conflict:
			return oracle.Conflict
		case oracle.Either:
			worst = oracle.Either
		}
	}
	return worst
}
