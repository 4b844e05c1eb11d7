package world

import (
	"fmt"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/channel"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
)

// crowd is a node on which as many parties enrolled.
func crowd(t testing.TB, parties int) *node {
	n := newNode(t)
	for i := range parties {
		id := party.ID(fmt.Sprintf("party-%03d", i))
		n.mustAct(saying(t, id, "party.enrol", "enrol", registry.Enrol{Party: recordOf(id)}, string(id)+"-a"))
	}
	return n
}

func stopBody() channel.CallStop {
	return channel.CallStop{Where: channel.Place{Text: "the valley"}, AtRisk: "people", Callback: "watch"}
}

// A STOP to a hundred parties is decided, carried, encoded and held to its decoder
// as the writer does it: all of that is before its first receiver hears of it.
func BenchmarkStopToAll(b *testing.B) {
	n := crowd(b, 100)
	round := 0
	for b.Loop() {
		round++
		n.nowNS += int64(time.Second)
		a := saying(b, "party-007", "channel.stop", fmt.Sprint("stop-", round), stopBody())
		env := event.Env{NowNS: n.nowNS, Random: [32]byte{1, byte(round), byte(round >> 8)}, Node: here}
		decided, err := n.st.Act(a, env)
		if err != nil {
			b.Fatal(err)
		}
		index, bytes := int64(len(n.entries)), 0
		if err := n.st.Carry(decided, env, func(ev Event) error {
			text := Encode(nil, ev, n.nowNS)
			if err := Readable(ev, text); err != nil {
				return err
			}
			bytes += len(text)
			n.st.Apply(ev, event.At{NS: n.nowNS, Index: index})
			index++
			return nil
		}); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(bytes), "B/stop")
		b.ReportMetric(float64(index-int64(len(n.entries))), "events/stop")
	}
}
