package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// Paths of different lengths bend by different centimetres; they are supposed
// in the same words, which never say less than what is added.
func TestBendOfTheGeoidIsSaidInTheSameWords(t *testing.T) {
	path := func(id, to string) string {
		return feature(`"id":"`+id+`","times":["2026-03-01T10:00:00Z","2026-03-01T11:00:00Z"],"altitude":"900 m AMSL"`,
			`{"type":"LineString","coordinates":[[8,47],[8,`+to+`]]}`)
	}
	list := read(t, "f.geojson", `{"type":"FeatureCollection","features":[`+path("a", "47.01")+","+path("b", "47.05")+`]}`, ResolveOptions{})
	a, b := list[0], list[1]
	if a.Trajectories[0].Datum().ErrorMM == b.Trajectories[0].Datum().ErrorMM {
		t.Fatal("both paths bend alike: the test shows nothing")
	}
	if !slices.Equal(a.Suppositions, b.Suppositions) || len(a.Suppositions) != 2 || !strings.Contains(a.Suppositions[1], "up to 0.1 m added to that error for the bend") {
		t.Errorf("%q and %q", a.Suppositions, b.Suppositions)
	}
	for mm, want := range map[int64]int64{1: 10, 10: 10, 11: 100, 100: 100, 101: 1000, 999: 1000, 1001: 10_000, 10_001: 100_000} {
		if got := roundStepMM(mm); got != want {
			t.Errorf("%d mm are said as %d, want %d", mm, got, want)
		}
	}
}

// What decides is said before what nearly every file needs.
func TestDecisiveSuppositionsComeFirst(t *testing.T) {
	text := planText(simple(16, 3, "0, 0, 0, null, 0, 10.001, 30", ""), "", "")
	f, err := Read("f.plan", []byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	list, err := Resolve(f, ResolveOptions{Start: everythingGiven.Start, Ground: &geodesy.Ground{MM: 0, Ref: geodesy.AMSL}})
	if err != nil {
		t.Fatal(err)
	}
	at := -1
	for _, words := range []string{
		"start 2026-03-01T10:00:00Z given", "elevation of home in the file", "given elevation of 0 m AMSL is not used",
		"the plan has no take-off", "the plan ends in the air", "legs are flown straight", "heights above mean sea level compared",
	} {
		next := slices.IndexFunc(list[0].Suppositions, func(s string) bool { return strings.Contains(s, words) })
		if next <= at {
			t.Errorf("%q is at %d, want it after %d in\n%s", words, next, at, strings.Join(list[0].Suppositions, "\n"))
		}
		at = max(at, next)
	}
}
