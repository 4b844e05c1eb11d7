package geodesy

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"math"
	"math/rand/v2"
	"testing"
)

// goldenDigest is the SHA-256 of the bits of all results in TestGoldenBits. It
// must be the same on every architecture:
//
//	GOARCH=arm64 go test -exec qemu-aarch64-static -run Golden ./internal/geodesy/
//
// It may change only with a change of the formulas, and then everywhere that
// digests of results are kept has to change with it.
const goldenDigest = "80ed6d2827198298bb34d9beb0f5564ac307791ff32d2532f5c78fe68c37f2f6"

// bits writes floats and integers to a hash exactly.
type bits struct{ hash.Hash }

func (b bits) floats(x ...float64) {
	for _, v := range x {
		_ = binary.Write(b, binary.BigEndian, math.Float64bits(v))
	}
}

func (b bits) position(p LatLng) {
	_ = binary.Write(b, binary.BigEndian, [2]int64{p.LatE9, p.LngE9})
}

func (b bits) vec(v Vec) { b.floats(v.X, v.Y, v.Z) }

func TestGoldenBits(t *testing.T) {
	b := bits{sha256.New()}
	rng := rand.New(rand.NewPCG(84, 1984))
	anywhere := func() LatLng {
		return LatLng{rng.Int64N(180_000_000_001) - 90_000_000_000, rng.Int64N(360_000_000_000) - 180_000_000_000}
	}
	for i := range 20_000 {
		p, q := anywhere(), anywhere()
		offset := int64(1) << (i % 38)
		switch i % 4 {
		case 1: // near
			q = LatLng{min(max(p.LatE9+rng.Int64N(offset)-offset/2, -90e9), 90e9), wrapE9(p.LngE9 + rng.Int64N(offset))}
		case 2: // nearly antipodal
			q = LatLng{min(max(rng.Int64N(offset)-offset/2-p.LatE9, -90e9), 90e9), wrapE9(p.LngE9 + 180e9 + rng.Int64N(offset))}
		}
		b.vec(p.ECEF())
		b.vec(p.Normal())
		b.vec(NormalAt(q.ECEF()))
		b.floats(Inverse(p, q))
		l := LineBetween(p, q)
		part := float64(rng.Int64N(1<<30)) / (1 << 29)
		s := l.DistanceM() * part
		v := l.ECEF(s)
		b.vec(v)
		b.floats(l.Azimuth(s))
		b.position(l.LatLng(s))
		b.position(FromECEF(v.Scale(1 + part/100)))
		azi := float64(rng.Int64N(360_000_000_000)-180_000_000_000) / 1e9
		b.position(Direct(p, azi, s))
		b.floats(NewFrame(p).ENU(v))
		b.floats(GeoidHeightM(p))

		x := float64(rng.Int64N(1<<53)-1<<52) * math.Ldexp(1, -52+i%12)
		y := float64(rng.Int64N(1<<53)-1<<52) * math.Ldexp(1, -52-i%50)
		b.floats(SincosDeg(x))
		b.floats(sincosRad(x))
		b.floats(Atan2(x, y), Atan2(y, x), Asin(y), Hypot(x, y), cbrt(x))
		qnh := 850 + float64(rng.Int64N(250_000))/1000
		c, err := Altitude{rng.Int64N(1e7), Pressure}.ToW84(p, Datum{QNHHPa: &qnh})
		if err != nil {
			t.Fatal(err)
		}
		b.floats(qnhHeightM(qnh), float64(c.MM), float64(c.ErrorMM))
	}
	if got := hex.EncodeToString(b.Sum(nil)); got != goldenDigest {
		t.Errorf("digest of all results %s, want %s", got, goldenDigest)
	}
}
