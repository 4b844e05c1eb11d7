package f3548

import (
	"math"
	"strings"
	"testing"
	"time"
)

// Requests as large as they may be are answered with the status that their
// meaning has.
func TestLargestRequests(t *testing.T) {
	n := newNode(t, Limits{})
	body := intentBody()

	spread := make([]object, 10_000)
	for i := range spread {
		v := circle(25)
		v["volume"].(object)["outline_circle"].(object)["center"] = object{"lat": 40 + float64(i/100)*0.001, "lng": 10 + float64(i%100)*0.001}
		spread[i] = v
	}
	n.want(201, alpha, "PUT", oir+id(1), deep(body, spread, "extents"))

	ring := make([]object, 10_000)
	for i := range ring {
		a := 2 * math.Pi * float64(i) / float64(len(ring))
		r := 0.01 * (1 + 0.01*float64(i%2))
		ring[i] = object{"lat": 50 + r*math.Sin(a), "lng": 10 + r*math.Cos(a)}
	}
	star := square(0, 0, time.Hour)
	star["volume"].(object)["outline_polygon"] = object{"vertices": ring}
	n.want(201, alpha, "PUT", oir+id(2), deep(body, []object{star}, "extents"))

	keys := make([]string, 100_000)
	for i := range keys {
		keys[i] = "abcdefghijklmnop"
	}
	n.want(201, alpha, "PUT", oir+id(3), deep(body, keys, "key"))

	// Long and thin ones have little area, until there are many.
	slivers := make([]object, 1100)
	for i := range slivers {
		at := float64(i) * 1e-4
		slivers[i] = square(0, 0, time.Hour)
		slivers[i]["volume"].(object)["outline_polygon"] = object{"vertices": []object{{"lat": -20, "lng": at}, {"lat": 20, "lng": at}, {"lat": 20, "lng": at + 1e-6}}}
	}
	n.want(201, alpha, "PUT", oir+id(7), deep(body, slivers[:1], "extents"))
	n.want(413, alpha, "PUT", oir+id(4), deep(body, slivers, "extents"))
	for i := range slivers {
		at := float64(i) * 1e-5
		slivers[i] = deep(slivers[i], []object{{"lat": 45, "lng": at}, {"lat": 45.009, "lng": at + 1}, {"lat": 45.009, "lng": at + 1 + 1e-6}}, "volume", "outline_polygon", "vertices")
	}
	if got := n.want(413, alpha, "PUT", oir+id(4), deep(body, append(slivers, slivers...), "extents")); !strings.Contains(got.str("message"), "too intricate") {
		t.Error(got.text)
	}

	for _, radiusM := range []float64{1e5, 1e6, 4.9e6} {
		n.want(413, alpha, "PUT", oir+id(4), deep(body, []object{circle(radiusM)}, "extents"))
		n.want(413, alpha, "POST", oir+"query", object{"area_of_interest": circle(radiusM)})
	}
	pole := circle(1000)
	pole["volume"].(object)["outline_circle"].(object)["center"] = object{"lat": 90, "lng": 0}
	n.want(201, alpha, "PUT", oir+id(4), deep(body, []object{pole}, "extents"))
	pole["volume"].(object)["outline_circle"].(object)["center"] = object{"lat": 89.995, "lng": 123}
	if got := n.want(200, alpha, "POST", oir+"query", object{"area_of_interest": pole}); got.str("operational_intent_references", 0, "id") != id(4) {
		t.Error(got.text)
	}
	// Across the antimeridian.
	west, east := circle(500), circle(500)
	west["volume"].(object)["outline_circle"].(object)["center"] = object{"lat": 0, "lng": 179.999}
	east["volume"].(object)["outline_circle"].(object)["center"] = object{"lat": 0, "lng": -179.999}
	n.want(201, alpha, "PUT", oir+id(5), deep(body, []object{west}, "extents"))
	got := n.want(409, bravo, "PUT", oir+id(6), deep(body, []object{east}, "extents"))
	for i := range got.list("conflicts", 0, "where_and_when") {
		for j := range 4 {
			lng, ok := got.at("conflicts", 0, "where_and_when", i, "box", "volume", "outline_polygon", "vertices", j, "lng").(float64)
			if !ok || math.Abs(lng) > 180 || math.Abs(lng) < 179.9 {
				t.Errorf("longitude %v: %s", lng, got.text)
			}
		}
	}
}
