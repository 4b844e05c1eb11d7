package index

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkChurn inserts and deletes beside boxes that stay.
func BenchmarkChurn(b *testing.B) {
	for _, n := range []int{0, 1000, 3000, 20_000} {
		b.Run(fmt.Sprintf("beside=%d", n), func(b *testing.B) {
			x := New[int64]()
			random := rand.New(rand.NewPCG(1, 2))
			box := func() Box {
				lat, lng, alt, at := random.Int32N(10_000_000), random.Int32N(10_000_000), random.Int32N(10_000), random.Int32N(86_400)
				return Box{[4]int32{lat, lng, alt, at}, [4]int32{lat + 20_000, lng + 20_000, alt + 3000, at + 900}}
			}
			for i := range n {
				x.Insert(int64(i), box())
			}
			x.Repack()
			next := int64(n)
			for b.Loop() {
				x.Insert(next, box())
				x.Delete(next - 20)
				next++
			}
		})
	}
}
