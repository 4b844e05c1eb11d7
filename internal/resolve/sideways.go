package resolve

import (
	"cmp"
	"math"
	"slices"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// sideways looks for shifts of the whole plan.
type sideways struct {
	f     *finder
	known map[int]*line // by bearing

	// Where the others lie as seen from the plan is found once for all bearings,
	// as that costs most by far.
	all []volume.Displacement
	of  []int // whose each is
}

func (f *finder) newSideways() *sideways {
	s := &sideways{f: f, known: map[int]*line{}}
	for _, p := range f.pairs(margin{sidewaysMM: f.q.Limits.SidewaysMM}) {
		s.all = volume.Displacements(s.all, f.parts[p.mine], p.other.part, f.s.need(p.other.of), f.q.Limits.SidewaysMM)
		for len(s.of) < len(s.all) {
			s.of = append(s.of, p.other.of)
		}
	}
	return s
}

// line returns the shifts towards a bearing in degrees.
func (s *sideways) line(bearing int) *line {
	bearing = (bearing%360 + 360) % 360
	if l := s.known[bearing]; l != nil {
		return l
	}
	f := s.f
	to := volume.NewSideways(f.own, bearing)
	limit := f.q.Limits.SidewaysMM
	var spans []owned
	for i := range s.all {
		if span, ok := s.all[i].Span(to); ok && span.Hi > 0 && span.Lo < limit {
			spans = append(spans, owned{span, s.of[i]})
		}
	}
	l := &line{
		kind: Sideways, limit: limit, step: sidewaysStep, proof: sidewaysProof, spans: spans,
		change: func(n int64) volume.Change {
			return volume.Change{Shift: volume.Shift{BearingDeg: bearing, DistanceMM: n}}
		},
		cost: func(n int64) float64 { return float64(f.q.Weights.Sideways * metres(n)) },
	}
	s.known[bearing] = l
	return l
}

// hairMM is by more than spans sideways are off where the plan stands still.
const hairMM = 1_000

// guess returns what the spans say of a bearing: the least amount that may be
// clear. Beyond the limit it may be too little, but tells where to look.
func (s *sideways) guess(bearing int) int64 {
	l := s.line(bearing)
	if l.guess > 0 {
		return l.guess
	}
	spans := unionOf(l.spans)
	l.guess = spans.from(0)
	if l.guess == 0 {
		// It is in conflict by a hair, less than the spans are off, or an area
		// holds it whole.
		if got, _ := s.f.try(l, min(hairMM, l.limit)); got != nil {
			l.guess = l.step
		} else if len(spans) > 0 {
			l.guess = spans[0].Hi
		}
	}
	if l.guess <= 0 {
		l.guess = math.MaxInt64
	}
	return l.guess
}

// cheapest returns the least shift towards any of the bearings, of those that
// lead elsewhere than away does if it is given, or nil.
func (s *sideways) cheapest(bearings []int, away *found) (*found, error) {
	var best *found
	for _, b := range bearings {
		if away != nil {
			if d := (b - away.change.Shift.BearingDeg + 360) % 360; d < 90 || d > 270 {
				continue
			}
		}
		// The spans do not notice areas that hold the plan whole: more than the
		// guess may be needed, never less.
		guess := s.guess(b)
		if guess > s.f.q.Limits.SidewaysMM || best != nil && guess >= best.n {
			continue
		}
		got, err := s.f.least(s.line(b))
		if err != nil {
			return nil, err
		}
		if got != nil && (best == nil || got.n < best.n) {
			best = got
		}
	}
	return best, nil
}

// starts is how many of the promising bearings are bettered.
const starts = 8

// bearings returns the bearings to try, the promising first: along the
// shortest ways out of each conflict, to both sides of the plan's course and to
// the main points of the compass, each bettered by trying its neighbours; and
// then the best of those that lead elsewhere.
func (s *sideways) bearings(conflicts []conflict.Verdict) []int {
	all := []int{0, 45, 90, 135, 180, 225, 270, 315}
	if course, ok := s.f.course(); ok {
		all = append(all, course+90, course+270)
	}
	for i := range conflicts {
		if a := conflicts[i].MinHorizontal; a != nil {
			mine, other := a.A, a.B
			if conflicts[i].A.ID != s.f.own.ID { // whatever names come first
				mine, other = other, mine
			}
			if distance, azimuth, _ := geodesy.Inverse(mine, other); distance > 0.01 {
				b := int(math.Round(azimuth))
				all = append(all, b, b+180)
			}
		}
	}
	for i := range all {
		all[i] = (all[i]%360 + 360) % 360
	}
	slices.Sort(all)
	all = slices.Compact(all)
	byGuess := func(a, b int) int { return cmp.Or(cmp.Compare(s.guess(a), s.guess(b)), cmp.Compare(a, b)) }
	slices.SortFunc(all, byGuess)
	best := all[0]
	for _, b := range all[:min(len(all), starts)] {
		if b = s.better(b); s.guess(b) < s.guess(best) {
			best = b
		}
	}
	out := []int{best}
	for _, b := range all {
		if d := (b - best + 360) % 360; d >= 90 && d <= 270 {
			out = append(out, s.better(b))
			break
		}
	}
	for _, b := range all {
		if !slices.Contains(out, b) {
			out = append(out, b)
		}
	}
	return out
}

// better tries neighbours of a bearing, ever nearer ones, and returns the best.
func (s *sideways) better(b int) int {
	if s.guess(b) == math.MaxInt64 {
		return b
	}
	for _, step := range [5]int{16, 8, 4, 2, 1} {
		for _, next := range [2]int{(b + step) % 360, (b + 360 - step) % 360} {
			if s.guess(next) < s.guess(b) {
				b = next
				break
			}
		}
	}
	return b
}

// course returns the bearing in degrees from where the plan's first path begins
// to where it ends.
func (f *finder) course() (int, bool) {
	if len(f.own.Trajectories) == 0 {
		return 0, false
	}
	w := f.own.Trajectories[0].Waypoints()
	distance, azimuth, _ := geodesy.Inverse(w[0].At, w[len(w)-1].At)
	if distance < 1 {
		return 0, false
	}
	return int(math.Round(azimuth)), true
}
