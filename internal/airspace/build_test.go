package airspace

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/volume"
)

// nowNS is the instant at which tests begin.
var nowNS = time.Date(2031, 5, 7, 9, 0, 0, 0, time.UTC).UnixNano()

// box returns the outline of a square of 100 m, eastM metres east of a fixed
// place, 50 m to 80 m high, in the given minutes from now.
func box(t testing.TB, eastM float64, fromMin, toMin int) outline.Volume {
	t.Helper()
	centre := geodesy.Direct(latLng(t, 46.5, 7.1), 90, eastM)
	var ring []geodesy.LatLng
	for _, azi := range []float64{45, 135, 225, 315} {
		ring = append(ring, geodesy.Direct(centre, azi, 70.7))
	}
	return outlineOf(t, ring, fromMin, toMin)
}

func latLng(t testing.TB, lat, lng float64) geodesy.LatLng {
	t.Helper()
	p, err := geodesy.NewLatLng(lat, lng)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func outlineOf(t testing.TB, ring []geodesy.LatLng, fromMin, toMin int) outline.Volume {
	t.Helper()
	f, err := volume.NewPolygon(ring)
	if err != nil {
		t.Fatal(err)
	}
	v, err := outline.Of(&volume.Volume4D{
		Footprint: f,
		Band:      volume.Band{LowerMM: 50_000, UpperMM: 80_000},
		Window:    volume.Window{StartNS: nowNS + int64(fromMin)*minuteNS, EndNS: nowNS + int64(toMin)*minuteNS},
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// newID returns the n-th id of the tests.
func newID(n int) ID {
	var random [16]byte
	binary.BigEndian.PutUint64(random[8:], uint64(n))
	return NewID(random)
}

// node decides and applies, as the engine does, and keeps what was decided.
type node struct {
	t      rapid.TB
	st     *State
	now    int64
	events [][]byte
	serial int
}

func newNode(t rapid.TB) *node { return &node{t: t, st: NewState(), now: nowNS} }

// do decides a command and applies what came of it, by way of its encoding.
func do[R any](n *node, c Command[R]) (R, *Refusal) {
	n.t.Helper()
	ev, answer, err := c.Decide(n.st, Env{NowNS: n.now})
	if err != nil {
		refusal, ok := err.(*Refusal)
		if !ok {
			n.t.Fatalf("%T was refused with %T: %v", c, err, err)
		}
		return answer, refusal
	}
	if ev == nil {
		return answer, nil
	}
	encoded := Encode(nil, ev, n.now)
	back, at, err := Decode(encoded)
	if err != nil {
		n.t.Fatalf("an event does not decode: %v\n%s", err, encoded)
	}
	if at != n.now || string(Encode(nil, back, at)) != string(encoded) {
		n.t.Fatalf("an event changed on its way through the journal:\n%s\n%s", encoded, Encode(nil, back, at))
	}
	n.st.Apply(back, At{NS: at, Index: int64(len(n.events))})
	n.events = append(n.events, encoded)
	return answer, nil
}

// must is do for what must be accepted.
func must[R any](n *node, c Command[R]) R {
	n.t.Helper()
	answer, refusal := do(n, c)
	if refusal != nil {
		n.t.Fatalf("%T was refused: %s: %s", c, refusal.Kind, refusal.Message)
	}
	return answer
}

// refused is do for what must be refused.
func refused[R any](n *node, c Command[R], want RefusalKind) *Refusal {
	n.t.Helper()
	_, refusal := do(n, c)
	if refusal == nil {
		n.t.Fatalf("%T was accepted, want %s", c, want)
	}
	if refusal.Kind != want {
		n.t.Fatalf("%T was refused as %s (%s), want %s", c, refusal.Kind, refusal.Message, want)
	}
	return refusal
}

// opaque returns an OVN or version that was not used before.
func (n *node) opaque() string {
	n.serial++
	return fmt.Sprintf("opaque-%010d", n.serial)
}

// intent returns a command that plans an Accepted intent.
func (n *node) intent(by party.ID, id int, volumes ...outline.Volume) PutIntent {
	return PutIntent{
		By: by, ID: newID(id), NewOVN: n.opaque(), Outline: volumes, State: Accepted,
		URL: "https://" + string(by) + ".example", NewVersion: n.opaque(), MayPlan: true,
	}
}

// change returns a command that changes what is there into volumes.
func (n *node) change(by party.ID, id int, volumes ...outline.Volume) PutIntent {
	c := n.intent(by, id, volumes...)
	view, ok := n.st.Intent(c.ID)
	if !ok {
		n.t.Fatalf("no intent %d", id)
	}
	c.OVN, c.State = view.OVN, view.State
	return c
}

func (n *node) subscription(by party.ID, id int, area outline.Volume) PutSubscription {
	return PutSubscription{
		By: by, ID: newID(id), NewVersion: n.opaque(), Outline: area, URL: "https://" + string(by) + ".example",
		Intents: true,
	}
}

func (n *node) implicit(id int) *ImplicitSubscription {
	return &ImplicitSubscription{ID: newID(id), URL: "https://implicit.example"}
}
