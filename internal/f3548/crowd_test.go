package f3548

import (
	"net/http"
	"testing"
	"time"
)

// crowd is a little more than any round limit that a listing might have.
const crowd = 10_050

// Everything in one place is told of: by a query, and by a 409 as long as the key
// lacks it. The intents take turns, so that none stands in another's way.
func TestACrowdIsListedWhole(t *testing.T) {
	n := newNode(t, Limits{})
	ovns := make([]string, crowd)
	for i := range ovns {
		from := time.Duration(i) * time.Minute
		ovns[i] = n.create(alpha, i+1, object{
			"extents": []object{square(0, from, from+time.Minute)}, "state": "Accepted", "uss_base_url": "https://alpha.example.net/utm",
		})
	}
	whole := square(0, 0, crowd*time.Minute)
	found := n.want(http.StatusOK, bravo, "POST", oir+"query", object{"area_of_interest": whole})
	listed(t, found.list("operational_intent_references"), crowd)

	late := object{"extents": []object{whole}, "state": "Accepted", "uss_base_url": "https://bravo.example.net/utm"}
	path := oir + id(crowd+1)
	refused := n.want(http.StatusConflict, bravo, "PUT", path, late)
	listed(t, refused.list("missing_operational_intents"), crowd)

	late["key"] = append(append([]string(nil), ovns[:777]...), ovns[778:]...)
	refused = n.want(http.StatusConflict, bravo, "PUT", path, late)
	if missing := refused.list("missing_operational_intents"); len(missing) != 1 || missing[0].(object)["id"] != id(778) {
		t.Errorf("missing: %v", missing)
	}
	late["key"] = ovns
	n.want(http.StatusCreated, bravo, "PUT", path, late)
}

// listed requires that all of the crowd is there, each once, in the order of
// ids.
func listed(t *testing.T, references []any, want int) {
	t.Helper()
	if len(references) != want {
		t.Fatalf("%d are listed, want %d", len(references), want)
	}
	for i, r := range references {
		if got := r.(object)["id"]; got != id(i+1) {
			t.Fatalf("position %d holds %v, want %s", i, got, id(i+1))
		}
	}
}
