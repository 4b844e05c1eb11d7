package conflict_test

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/oracle"
)

// TestAgainstOracle holds verdicts against package oracle on made pairs: 2,000
// of them, or as many as the environment variable DECONFLICT_ORACLE says
// ("100000", all cells at least 100 times each from 49000 on, takes about a
// minute on two cores), or for as long as it says ("5m"). It prints the table
// of cells with -v.
//
// No conflict may be missed and none reported beyond the tolerance; instants
// must hold the true ones and exceed them by no more than 2 ms and what the
// tolerance makes; the closest approach and the least vertical gap must be right
// within 1 cm.
func TestAgainstOracle(t *testing.T) {
	pairs, last := 2000, time.Duration(0)
	if testing.Short() {
		pairs = 980
	}
	if s := os.Getenv("DECONFLICT_ORACLE"); s != "" {
		if n, err := strconv.Atoi(s); err == nil {
			pairs = n
		} else if last, err = time.ParseDuration(s); err == nil {
			pairs = math.MaxInt
		} else {
			t.Fatalf("DECONFLICT_ORACLE is a number of pairs or a duration, found %q", s)
		}
	}
	b := newBoard(pairs)
	deadline := time.Now().Add(last)
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for {
				i, p, ok := b.next()
				if !ok || last > 0 && time.Now().After(deadline) {
					return
				}
				truth := oracle.Judge(p.A, p.B, p.Need, oracle.Full)
				b.note(i, &p, &truth, disagreements(&p, &truth))
			}
		})
	}
	group.Wait()
	for i, f := range b.found {
		if i == 20 {
			t.Errorf("and %d more", len(b.found)-i)
			break
		}
		t.Error(f)
	}
	for i, n := range b.count {
		if least := b.done / len(b.cells); n < least-1 {
			t.Errorf("%s: %d pairs, at least %d expected", b.cells[i], n, least-1)
		} else if pairs >= 100*len(b.cells) && last == 0 && n < 100 {
			t.Errorf("%s: %d pairs, at least 100 expected", b.cells[i], n)
		}
	}
	t.Log(b.table())
}

// board hands out pairs, round after round over all cells, and keeps the score.
type board struct {
	mu    sync.Mutex
	cells []oracle.Cell
	left  int
	given int

	done  int
	count []int // by cell
	bad   []int
	found []string
	kinds map[string]int // by dimension and truth
}

func newBoard(pairs int) *board {
	cells := oracle.Cells()
	return &board{cells: cells, left: pairs, count: make([]int, len(cells)), bad: make([]int, len(cells)), kinds: map[string]int{}}
}

func (b *board) next() (cell int, p oracle.Pair, ok bool) {
	b.mu.Lock()
	i := b.given
	ok = b.left > 0
	b.left--
	b.given++
	b.mu.Unlock()
	if !ok {
		return 0, oracle.Pair{}, false
	}
	cell = i % len(b.cells)
	// Cells begin at different places of the cycle of eight kinds of boundary,
	// so that a few rounds have them all.
	return cell, oracle.Generate(b.cells[cell], uint64(i/len(b.cells)+cell%8)), true
}

func (b *board) note(cell int, p *oracle.Pair, truth *oracle.Truth, found []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done++
	b.count[cell]++
	b.kinds[p.Near.String()+" "+truth.Decision.String()]++
	if len(found) > 0 {
		b.bad[cell]++
		b.found = append(b.found, fmt.Sprintf("%s: %s", p, strings.Join(found, "; ")))
	}
}

func (b *board) table() string {
	var s strings.Builder
	bad := 0
	for _, n := range b.bad {
		bad += n
	}
	fmt.Fprintf(&s, "%d pairs, %d disagree\n", b.done, bad)
	fmt.Fprintf(&s, "%-22s %-13s", "kinds", "latitude")
	for d := range oracle.Decades {
		fmt.Fprintf(&s, "%10s", fmt.Sprintf("1e%d m", d))
	}
	for i, c := range b.cells {
		if i%oracle.Decades == 0 {
			fmt.Fprintf(&s, "\n%-22s %-13s", c.A.String()+"/"+c.B.String(), c.Band)
		}
		n := strconv.Itoa(b.count[i])
		if b.bad[i] > 0 {
			n += fmt.Sprintf("(%d!)", b.bad[i])
		}
		fmt.Fprintf(&s, "%10s", n)
	}
	for _, near := range []oracle.Dimension{oracle.Any, oracle.InLateral, oracle.InVertical, oracle.InTime} {
		fmt.Fprintf(&s, "\nnext to the boundary: %-10s", near)
		for _, d := range []oracle.Decision{oracle.Clear, oracle.Conflict, oracle.Either} {
			fmt.Fprintf(&s, "  %s %d", d, b.kinds[near.String()+" "+d.String()])
		}
	}
	return s.String()
}

// objections gathers what is wrong with a verdict.
type objections struct {
	pair  *oracle.Pair
	truth *oracle.Truth
	v     conflict.Verdict
	found []string
}

func (o *objections) object(format string, args ...any) {
	o.found = append(o.found, fmt.Sprintf(format, args...))
}

// disagreements returns how the kernel and the oracle differ on a pair.
func disagreements(p *oracle.Pair, truth *oracle.Truth) []string {
	m := conflict.Minima{LateralMM: p.Need.LateralMM, VerticalMM: p.Need.VerticalMM, TimeNS: p.Need.TimeNS}
	v, err := conflict.Judge(p.A, p.B, m)
	if err != nil {
		return []string{err.Error()}
	}
	o := &objections{pair: p, truth: truth, v: v}
	if d, err := conflict.Decide(p.A, p.B, m); err != nil || d != v.Conflict {
		o.object("Decide says %v, %v, Judge %v", d, err, v.Conflict)
	}
	o.decision()
	o.approach()
	if v.Conflict && truth.Decision == oracle.Conflict {
		o.window()
	}
	o.parts()
	return o.found
}

func (o *objections) decision() {
	v, t := &o.v, o.truth
	switch {
	case v.Conflict && t.Decision == oracle.Clear:
		o.object("false alarm: gap %v m, need %+v", t.Gap, o.pair.Need)
	case !v.Conflict && t.Decision == oracle.Conflict:
		o.object("missed: gap %v m, need %+v", t.Gap, o.pair.Need)
	}
	if tol := float64(v.ToleranceTenthMM-1) / 1e4; tol > t.ToleranceM {
		o.object("claims a tolerance of %v m, %v allowed", tol, t.ToleranceM)
	}
	need := float64(o.pair.Need.LateralMM) / 1000
	if v.Conflict && !v.WithinTolerance && t.Lateral && t.Gap.Lo >= need && (need > 0 || !t.Area) {
		o.object("claims to be firm: gap %v m, need %v", t.Gap, need)
	}
	if v.Conflict && v.WithinTolerance && t.Lateral && !t.Area && t.Gap.Hi < need-2*t.ToleranceM {
		o.object("claims to rest on the tolerance: gap %v m, need %v", t.Gap, need)
	}
}

func (o *objections) approach() {
	v, t := &o.v, o.truth
	if t.Lateral != (v.MinHorizontal != nil) {
		o.object("closest approach known: %v, want %v", v.MinHorizontal != nil, t.Lateral)
	} else if t.Lateral && t.Base.Lo >= 0 {
		got := float64(v.MinHorizontal.HorizontalTenthMM) / 1e4
		if got < t.Gap.Lo-0.01 || got > t.Gap.Hi+0.01 {
			o.object("closest approach %v m, want %v", got, t.Gap)
		}
	}
	if !t.Low {
		return
	}
	if v.MinVertical == nil {
		o.object("least vertical gap unknown, want %v mm", t.Vertical)
		return
	}
	got := float64(v.MinVertical.VerticalMM)
	if len(o.pair.A.Trajectories)+len(o.pair.B.Trajectories) == 1 {
		got = max(got, -float64(t.FloorMM))
	}
	if got < t.OuterVertical.Lo-10 || got > t.Vertical.Hi+10 {
		o.object("least vertical gap %v mm, want %v (%v with the tolerance)", got, t.Vertical, t.OuterVertical)
	}
}

// window holds the instants of violation to the truth: outward, by no more than
// the rounding to 1 ms, an error of 1 ms and what the tolerance makes.
func (o *objections) window() {
	const outward, rounding = 2e-3, 1e-8
	t := o.truth
	from, to := float64(o.v.FromNS-t.OriginNS)/1e9, float64(o.v.ToNS-t.OriginNS)/1e9
	if from > t.First.Hi+rounding || from < t.OuterFirst.Lo-outward {
		o.object("from %v s, want %v (%v with the tolerance)", from, t.First, t.OuterFirst)
	}
	if to < t.Last.Lo-rounding || to > t.OuterLast.Hi+outward {
		o.object("to %v s, want %v (%v with the tolerance)", to, t.Last, t.OuterLast)
	}
}

func (o *objections) parts() {
	v := &o.v
	if v.Conflict != (len(v.Parts) > 0) {
		o.object("conflict %v with %d parts", v.Conflict, len(v.Parts))
		return
	}
	for i := range v.Parts {
		p := &v.Parts[i]
		if p.FromNS < v.FromNS || p.ToNS > v.ToNS {
			o.object("part %d outside the window", i)
		}
		if i > 0 && p.A == v.Parts[i-1].A && p.B == v.Parts[i-1].B {
			o.object("part %v %v twice", p.A, p.B)
		}
		if p.Closest.HorizontalTenthMM < v.Parts[v.Worst].Closest.HorizontalTenthMM {
			o.object("part %d is worse than the worst", i)
		}
	}
}
