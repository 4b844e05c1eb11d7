package airspace

import (
	"testing"
)

// benchNode returns a node with n intents, each with an implicit subscription,
// side by side without meeting.
func benchNode(b *testing.B, n int) *node {
	b.Helper()
	nd := newNode(b)
	here := box(b, 0, 0, 30)
	for i := range n {
		c := nd.intent("uss1", i, here)
		c.Outline[0] = box(b, float64(i)*150, 0, 30)
		c.Implicit = nd.implicit(1_000_000 + i)
		must(nd, c)
	}
	return nd
}

func BenchmarkDecide(b *testing.B) {
	n := benchNode(b, 1000)
	c := n.intent("uss2", 5_000_000, box(b, 75_000, 40, 60))
	c.Implicit = n.implicit(6_000_000)
	for b.Loop() {
		if _, _, err := c.Decide(n.st, Env{NowNS: nowNS}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	ev, _, err := Decode(benchNode(b, 1).events[0])
	if err != nil {
		b.Fatal(err)
	}
	var buf []byte
	for b.Loop() {
		buf = Encode(buf[:0], ev, nowNS)
	}
	b.ReportMetric(float64(len(buf)), "bytes")
}

func BenchmarkDecode(b *testing.B) {
	event := benchNode(b, 1).events[0]
	for b.Loop() {
		if _, _, err := Decode(event); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkApply(b *testing.B) {
	n := benchNode(b, 1)
	ev, at, err := Decode(n.events[0])
	if err != nil {
		b.Fatal(err)
	}
	put := ev.(*IntentPut)
	i := 0
	for b.Loop() {
		i++
		next := *put
		next.Number, next.ID = int64(i), newID(i)
		next.Implicit = []ImplicitChange{put.Implicit[0]}
		next.Implicit[0].Number, next.Implicit[0].ID = int64(i), newID(10_000_000+i)
		next.Subscription = next.Implicit[0].ID
		next.Notified = []Notified{{int64(i), 1}}
		n.st.Apply(&next, At{NS: at, Index: int64(i)})
	}
}
