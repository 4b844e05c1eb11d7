package intent

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestCalendar: what is due, and in which order, is what a sorted list says.
func TestCalendar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c calendar
		model := map[string]int64{}
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			id := fmt.Sprint(rapid.IntRange(0, 12).Draw(t, "id"))
			if ns := rapid.Int64Range(0, 8).Draw(t, "ns"); ns == 8 {
				delete(model, id)
				c.set(id, never)
			} else {
				model[id] = ns
				c.set(id, ns)
			}
		}
		ids := slices.SortedFunc(maps.Keys(model), func(a, b string) int {
			return cmp.Or(cmp.Compare(model[a], model[b]), cmp.Compare(a, b))
		})
		ns, ok := c.first()
		if ok != (len(ids) > 0) || ok && ns != model[ids[0]] {
			t.Fatalf("first %d %v, want %v of %v", ns, ok, ids, model)
		}
		now, most := rapid.Int64Range(0, 8).Draw(t, "now"), rapid.IntRange(1, 15).Draw(t, "most")
		want := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return model[id] > now })
		want = want[:min(most, len(want))]
		if got := c.until(now, most); !slices.Equal(got, want) {
			t.Fatalf("until %d at most %d: %v, want %v", now, most, got, want)
		}
	})
}
