package resolve_test

import (
	"os"
	"testing"

	"github.com/deconflict/deconflict/internal/house/mutant"
)

// mutants are faults that tests must catch. As the decision accepts every
// option, none of them makes an option that is in conflict: they lose options,
// or make them dearer than they need be.
var mutants = mutant.Of([][4]string{
	{"amounts not rounded up", "resolve/single.go", "return (n + l.step - 1) / l.step * l.step", "return n"},
	{"spans that touch joined", "resolve/surroundings.go", "s.Lo < out[n-1].Hi {", "s.Lo <= out[n-1].Hi {"},
	{"minimum in time forgotten in delays", "volume/spans.go", "slackNS := m.need.TimeNS + m.t.buffers.TimeNS + m.u.buffers.TimeNS", "slackNS := m.t.buffers.TimeNS + m.u.buffers.TimeNS"},
	{"buffers forgotten in lifts", "volume/spans.go", "dst = append(dst, Span{-m.height - hi, m.height - lo})", "dst = append(dst, Span{-m.need.VerticalMM - hi, m.need.VerticalMM - lo})"},
	{"combinations never earlier", "resolve/combined.go", "Lo: -affordable(-lo, w.Earlier, left), Hi", "Lo: 0 * lo, Hi"},
	{"combinations stop at the first", "resolve/combined.go", "if got != nil && got.cost < below {", "if got != nil && best == nil {"},
	{"windows rounded outward", "resolve/windows.go", "from, to = -floorTo(-from, timeStep), floorTo(to, timeStep)", "from, to = floorTo(from, timeStep), -floorTo(-to, timeStep)"},
	{"zones of a condition as obstacles", "resolve/surroundings.go", "s.free[i] = e.Kind == volume.Constraint && r.Conditional(e)", "s.free[i] = false"},
	{"minima of intents towards constraints", "resolve/surroundings.go", "return *s.rules.Constraints", "return s.rules.Minima"},
	{"half of the shift forgotten in the search for what is near", "resolve/surroundings.go", "need.LateralMM += 2 * m.sidewaysMM", "need.LateralMM += m.sidewaysMM / 2"},
	{"delay forgotten in the search for what is near", "resolve/surroundings.go", "x.Window.EndNS+m.laterNS", "x.Window.EndNS"},
	{"ceiling forgotten", "resolve/finder.go", "hi = min(hi, max(0, l.CeilingMM-f.maxAltMM))", "hi = max(0, hi)"},
	{"no way to the least amount", "resolve/single.go", "return f.tighten(l, got)", "return got, nil"},
	{"trims that what comes later hinders", "resolve/trim.go", "if s.Lo < 0 {", "if true {"},
	{"the first bearing for the best", "resolve/sideways.go", "SidewaysMM || best != nil && guess >= best.n", "SidewaysMM || best != nil"},
	{"a hair of a conflict as an area", "resolve/sideways.go", "got != nil {\n\t\t\tl.guess = l.step\n", "got != nil {\n\t\t\tl.guess = -1\n"},
	{"few raises", "resolve/single.go", "const raises = 24", "const raises = 1"},
	{"an advance at the price of a delay", "resolve/single.go", "float64(w.Earlier * seconds(n))", "float64(w.Later * seconds(n))"},
	{"the greatest violation for the least", "resolve/violation.go", "share < best.Share ||", "share > best.Share ||"},
	{"the farthest for the closest", "resolve/options.go", "if share < least {", "if share < least && best == nil {"},
	{"shifts of the other side", "volume/sideways.go", "wx, wy = 0-wx, 0-wy", "wx, wy = 0-wx, wy"},
})

// TestMutantsApply checks that every mutant still changes the search.
func TestMutantsApply(t *testing.T) {
	mutant.Fit(t, mutants)
}

// TestMutants builds every mutant and expects the tests to fail, if the
// environment variable DECONFLICT_MUTANTS is set. It takes some minutes.
func TestMutants(t *testing.T) {
	if os.Getenv("DECONFLICT_MUTANTS") == "" {
		t.Skip("DECONFLICT_MUTANTS is not set")
	}
	suite := mutant.Suite{
		Tests: "^Test(SlotThatFitsExactly|OptionsAreExact|NoGridFindsCheaper|CombinedIsTheBestOfTheGrid|WindowsAreExact|Hair.*|TrafficNeverHelps|LeastViolation|Closest|NamesDoNotMatter|Varanth|Tarrow)$",
		More:  "DECONFLICT_OPTIONS_ROUNDS=2000", MoreWords: "in 2,000 worlds",
	}
	suite.Run(t, mutants)
}
