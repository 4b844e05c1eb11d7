package geodesy

import (
	"bufio"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// table reads a tab-separated file with a header line.
func table(t testing.TB, path string) []map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	scan := bufio.NewScanner(f)
	var names []string
	var rows []map[string]string
	for scan.Scan() {
		cells := strings.Split(scan.Text(), "\t")
		if names == nil {
			names = cells
			continue
		}
		if len(cells) != len(names) {
			t.Fatalf("%s: row %d has %d cells, want %d", path, len(rows)+1, len(cells), len(names))
		}
		row := make(map[string]string, len(names))
		for i, n := range names {
			row[n] = cells[i]
		}
		rows = append(rows, row)
	}
	if err := scan.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

func number(t testing.TB, s string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func e9(t testing.TB, lat, lng string) LatLng {
	t.Helper()
	a, err := strconv.ParseInt(lat, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	b, err := strconv.ParseInt(lng, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return LatLng{a, b}
}

// angleDiff returns |a-b| in degrees, modulo a turn.
func angleDiff(a, b float64) float64 {
	return math.Abs(math.Remainder(a-b, 360))
}

// 15 nm is what both the reference and Inverse claim.
const geodesicTolM = 15e-9

func TestInverseAgainstVectors(t *testing.T) {
	rows := table(t, "testdata/geodesics.tsv")
	if len(rows) < 3000 {
		t.Fatalf("only %d vectors", len(rows))
	}
	worst := map[string]float64{}
	var worstAzi float64
	wellConditioned := 0
	for i, r := range rows {
		p, q := e9(t, r["lat1"], r["lng1"]), e9(t, r["lat2"], r["lng2"])
		s12, m12 := number(t, r["s12"]), math.Abs(number(t, r["m12"]))
		azi1, azi2 := number(t, r["azi1"]), number(t, r["azi2"])
		s, a1, a2 := Inverse(p, q)
		err := math.Abs(s - s12)
		worst[r["kind"]] = max(worst[r["kind"]], err)
		if !(err <= geodesicTolM) {
			t.Errorf("row %d (%s) %v to %v: distance %v, want %v", i+1, r["kind"], p, q, s, s12)
		}
		if p == q || s12 == 0 {
			continue
		}
		for _, a := range []float64{a1, a2} {
			if !(a > -180 && a <= 180) {
				t.Errorf("row %d (%s): azimuth %v out of range", i+1, r["kind"], a)
			}
		}
		// An azimuth that is off by d displaces the other end by d*m12.
		d := max(angleDiff(a1, azi1), angleDiff(a2, azi2))
		if !(d*radPerDeg*m12 <= 2*geodesicTolM) {
			t.Errorf("row %d (%s) %v to %v: azimuths %v, %v, want %v, %v", i+1, r["kind"], p, q, a1, a2, azi1, azi2)
		}
		// Near a pole an azimuth shares the rounding of the longitude.
		polar := max(math.Abs(float64(p.LatE9)), math.Abs(float64(q.LatE9))) > 80e9
		if m12 > 1e6 && !polar {
			wellConditioned++
			worstAzi = max(worstAzi, d)
		}
	}
	t.Logf("worst distance error by kind, m: %v", worst)
	t.Logf("worst azimuth error of %d well-conditioned lines: %.3g deg", wellConditioned, worstAzi)
	if worstAzi > 1e-13 || wellConditioned < 500 {
		t.Errorf("worst azimuth error of %d well-conditioned lines: %.3g deg, want at most 1e-13", wellConditioned, worstAzi)
	}
}

// The line between two vectors ends at them, and its length is the distance.
func TestLineBetweenAgainstVectors(t *testing.T) {
	worst := 0.0
	for i, r := range table(t, "testdata/geodesics.tsv") {
		p, q := e9(t, r["lat1"], r["lng1"]), e9(t, r["lat2"], r["lng2"])
		l := LineBetween(p, q)
		start := l.ECEF(0).Sub(p.ECEF()).Norm()
		end := l.ECEF(l.DistanceM()).Sub(q.ECEF()).Norm()
		worst = max(worst, start, end)
		if !(start <= geodesicTolM && end <= geodesicTolM) {
			t.Errorf("row %d (%s): line from %v to %v starts %g m and ends %g m off", i+1, r["kind"], p, q, start, end)
		}
		if s, _, _ := Inverse(p, q); s != l.DistanceM() {
			t.Errorf("row %d: Inverse %v, LineBetween %v", i+1, s, l.DistanceM())
		}
	}
	t.Logf("worst end error %.3g m", worst)
}

func TestDirectAgainstVectors(t *testing.T) {
	worst := 0.0
	for i, r := range table(t, "testdata/directs.tsv") {
		p := e9(t, r["lat1"], r["lng1"])
		azi1, s12 := number(t, r["azi1"]), number(t, r["s12"])
		lat2, lng2 := number(t, r["lat2"]), number(t, r["lng2"])
		l := NewLine(p, azi1)
		sphi, cphi := SincosDeg(lat2)
		slam, clam := SincosDeg(lng2)
		want := surface(sphi, cphi, slam, clam)
		got := l.ECEF(s12)
		err := got.Sub(want).Norm()
		worst = max(worst, err)
		// A turn and more round the earth adds rounding.
		if !(err <= geodesicTolM*max(1, math.Abs(s12)/20e6)) {
			t.Errorf("row %d: %v m from %v at %v: off by %g m", i+1, s12, p, azi1, err)
		}
		if q := Direct(p, azi1, s12); q != l.LatLng(s12) || !(q.ECEF().Sub(want).Norm() <= 0.8e-4) {
			t.Errorf("row %d: Direct gives %v, want %v %v", i+1, q, lat2, lng2)
		}
		if math.Abs(lat2) < 85 {
			if d := angleDiff(l.Azimuth(s12), number(t, r["azi2"])); !(d <= 1e-12) {
				t.Errorf("row %d: azimuth at the end %v, want %s", i+1, l.Azimuth(s12), r["azi2"])
			}
		}
	}
	t.Logf("worst error %.3g m", worst)
}

func TestInverseKnownLines(t *testing.T) {
	// Quarter meridian and half equator of WGS84, to the millimetre
	// (NGA.STND.0036 and a*pi).
	const quarterMeridian = 10001965.729
	for _, c := range []struct {
		name       string
		p, q       LatLng
		s, tol     float64
		azi1, azi2 float64
	}{
		{"coincident", LatLng{47e9, 8e9}, LatLng{47e9, 8e9}, 0, 0, 0, 0},
		{"quarter meridian", LatLng{0, 0}, LatLng{90e9, 0}, quarterMeridian, 1e-3, 0, 0},
		{"pole to pole", LatLng{90e9, 0}, LatLng{-90e9, 0}, 2 * quarterMeridian, 1e-3, 180, 180},
		{"equator east", LatLng{0, 0}, LatLng{0, 90e9}, EquatorialRadiusM * math.Pi / 2, 1e-8, 90, 90},
		{"equator west", LatLng{0, 90e9}, LatLng{0, 0}, EquatorialRadiusM * math.Pi / 2, 1e-8, -90, -90},
		{"across the antimeridian", LatLng{0, 179e9}, LatLng{0, -179e9}, EquatorialRadiusM * math.Pi / 90, 1e-8, 90, 90},
		{"antipodes on the equator", LatLng{0, 0}, LatLng{0, -180e9}, 2 * quarterMeridian, 1e-3, 0, 180},
		{"over the pole", LatLng{60e9, 0}, LatLng{60e9, -180e9}, 2 * 3349885.5, 5e5, 0, 180},
		{"two longitudes of one pole", LatLng{90e9, 0}, LatLng{90e9, 90e9}, 0, 1e-9, 90, 180},
		{"a nanodegree north", LatLng{0, 0}, LatLng{1, 0}, 110574.27e-9, 1e-9, 0, 0},
	} {
		s, a1, a2 := Inverse(c.p, c.q)
		if !(math.Abs(s-c.s) <= c.tol) {
			t.Errorf("%s: distance %v, want %v", c.name, s, c.s)
		}
		if c.s > 0 && (!(angleDiff(a1, c.azi1) <= 1e-9 && angleDiff(a2, c.azi2) <= 1e-9)) {
			t.Errorf("%s: azimuths %v, %v, want %v, %v", c.name, a1, a2, c.azi1, c.azi2)
		}
	}
}

// anyPair draws two positions: anywhere, near each other, near each other's
// antipode, or nearly on one meridian across a pole.
func anyPair(t *rapid.T) (p, q LatLng) {
	p, q = anyLatLng().Draw(t, "p"), anyLatLng().Draw(t, "q")
	kind := rapid.SampledFrom([]string{"anywhere", "near", "antipodal", "across"}).Draw(t, "kind")
	if kind == "anywhere" {
		return p, q
	}
	spread := rapid.SampledFrom([]int64{2, 1e3, 1e6, 1e9}).Draw(t, "spread")
	dlat := rapid.Int64Range(-spread, spread).Draw(t, "dlat")
	dlng := rapid.Int64Range(-spread, spread).Draw(t, "dlng")
	q = p
	switch kind {
	case "antipodal":
		q = LatLng{-p.LatE9, wrapE9(p.LngE9 + 180e9)}
	case "across":
		q.LngE9 = wrapE9(p.LngE9 + 180e9)
	}
	return p, LatLng{min(max(q.LatE9+dlat, -90e9), 90e9), wrapE9(q.LngE9 + dlng)}
}

func TestInverseIsSymmetric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, q := anyPair(t)
		s, _, _ := Inverse(p, q)
		r, _, _ := Inverse(q, p)
		if !(math.Abs(s-r) <= geodesicTolM) {
			t.Fatalf("%v to %v: %v one way, %v the other", p, q, s, r)
		}
		mirror := func(v LatLng) LatLng { return LatLng{-v.LatE9, wrapE9(-v.LngE9)} }
		if m, _, _ := Inverse(mirror(p), mirror(q)); !(math.Abs(s-m) <= geodesicTolM) {
			t.Fatalf("%v to %v: %v, mirrored %v", p, q, s, m)
		}
		turn := rapid.Int64Range(-180e9, 180e9).Draw(t, "turn")
		p.LngE9, q.LngE9 = wrapE9(p.LngE9+turn), wrapE9(q.LngE9+turn)
		if m, _, _ := Inverse(p, q); m != s {
			t.Fatalf("%v to %v: %v, before turning %v", p, q, m, s)
		}
	})
}

func TestInverseTriangleInequality(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, q, r := anyLatLng().Draw(t, "p"), anyLatLng().Draw(t, "q"), anyLatLng().Draw(t, "r")
		pq, _, _ := Inverse(p, q)
		qr, _, _ := Inverse(q, r)
		pr, _, _ := Inverse(p, r)
		if !(pr <= pq+qr+2*geodesicTolM) {
			t.Fatalf("%v %v %v: %v > %v + %v", p, q, r, pr, pq, qr)
		}
		// The chord is never longer; half the meridian is the longest of all.
		if chord := p.ECEF().Sub(q.ECEF()).Norm(); !(chord <= pq+geodesicTolM) {
			t.Fatalf("%v %v: chord %v > distance %v", p, q, chord, pq)
		}
		if !(pq <= 20_003_931.4587) {
			t.Fatalf("%v %v: distance %v is more than half a meridian", p, q, pq)
		}
	})
}

// Direct undoes Inverse, and Inverse undoes Direct where the line is the
// shortest.
func TestDirectAndInverseClose(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, q := anyPair(t)
		s, a1, a2 := Inverse(p, q)
		l := NewLine(p, a1)
		// The azimuth in degrees is rounded: 3e-14 degrees at 1e7 m are 5 nm.
		if d := l.ECEF(s).Sub(q.ECEF()).Norm(); !(d <= 3*geodesicTolM) {
			t.Fatalf("%v at %v for %v m ends %g m from %v", p, a1, s, d, q)
		}
		if s > 1 && math.Abs(float64(q.LatE9)) < 89e9 {
			if d := angleDiff(l.Azimuth(s), a2) * radPerDeg * min(s, 1e6); !(d <= 3*geodesicTolM) {
				t.Fatalf("%v to %v: azimuth along the line %v, from Inverse %v", p, q, l.Azimuth(s), a2)
			}
		}
		dist := rapid.Float64Range(1, 9e6).Draw(t, "distance")
		azi := rapid.Float64Range(-180, 180).Draw(t, "azimuth")
		r := Direct(p, azi, dist)
		back, _, _ := Inverse(p, r)
		if !(math.Abs(back-dist) <= 0.8e-4) { // half of 1e-9 degree in both angles
			t.Fatalf("%v at %v: %v m out, %v m measured", p, azi, dist, back)
		}
	})
}

// Points along a line divide it, and the line seen from one of its points, or
// walked backwards, is the same line.
func TestLineIsConsistent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, q := anyPair(t)
		l := LineBetween(p, q)
		s := l.DistanceM() * rapid.Float64Range(0, 1).Draw(t, "part")
		v := l.ECEF(s)
		// The point is on the ellipsoid.
		const a, b = EquatorialRadiusM, PolarRadiusM
		if d := math.Sqrt((v.X*v.X+v.Y*v.Y)/(a*a)+v.Z*v.Z/(b*b)) - 1; !(math.Abs(d)*a <= 5e-9) {
			t.Fatalf("point at %v m is %g m off the ellipsoid", s, d*a)
		}
		m := FromECEF(v)
		if m != l.LatLng(s) && !(m.ECEF().Sub(l.LatLng(s).ECEF()).Norm() <= 1.6e-4) {
			t.Fatalf("LatLng at %v m is %v, of the point %v", s, l.LatLng(s), m)
		}
		pm, _, _ := Inverse(p, m)
		mq, _, _ := Inverse(m, q)
		if !(math.Abs(pm-s) <= 1e-4 && math.Abs(mq-(l.DistanceM()-s)) <= 1e-4) {
			t.Fatalf("%v to %v: at %v of %v m, but %v and %v m from the ends", p, q, s, l.DistanceM(), pm, mq)
		}
		azi := rapid.Float64Range(-180, 180).Draw(t, "azimuth")
		forth, back := NewLine(p, azi), NewLine(p, azi+180)
		if d := forth.ECEF(-s).Sub(back.ECEF(s)).Norm(); !(d <= geodesicTolM) {
			t.Fatalf("from %v at %v: backwards differs by %g m", p, azi, d)
		}
	})
}

// Adjacent points along a line are as far apart as their parameters say: the
// chord of 1 m is 1 m to 5e-15 of curvature.
func TestLineHasUnitSpeed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := NewLine(anyLatLng().Draw(t, "p"), rapid.Float64Range(-180, 180).Draw(t, "azimuth"))
		s := rapid.Float64Range(-2e7, 2e7).Draw(t, "s")
		step := l.ECEF(s + 1000).Sub(l.ECEF(s))
		// A chord of an arc s is shorter by s^3/(24 R^2): 1.0 micrometres.
		if d := 1000 - step.Norm(); !(d >= 1.0e-6 && d <= 1.06e-6) {
			t.Fatalf("a chord of 1 km is %g m short", d)
		}
		// The direction agrees with Azimuth.
		if m := l.LatLng(s); math.Abs(float64(m.LatE9)) < 89e9 {
			e, n, _ := NewFrame(m).ENU(l.ECEF(s + 1))
			e0, n0, _ := NewFrame(m).ENU(l.ECEF(s - 1))
			if d := angleDiff(math.Atan2(e-e0, n-n0)/radPerDeg, l.Azimuth(s)); !(d <= 1e-5) {
				t.Fatalf("direction differs from the azimuth by %g degrees", d)
			}
		}
	})
}

func TestGeodesicsSurviveNonsense(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	p := LatLng{47e9, 8e9}
	for _, x := range []float64{nan, inf, -inf, 1e300, -1e300, math.MaxFloat64} {
		NewLine(p, x).ECEF(x)
		NewLine(p, 10).Azimuth(x)
		if got := Direct(p, 10, x); got.LatE9 < -90e9 || got.LatE9 > 90e9 || got.LngE9 < -180e9 || got.LngE9 >= 180e9 {
			t.Errorf("Direct by %v m gives %v", x, got)
		}
		Direct(p, x, 10)
	}
	for _, v := range []int64{math.MinInt64, math.MaxInt64, 91e9, -1e15} {
		Inverse(LatLng{v, v}, p)
		Inverse(p, LatLng{v, v})
		_ = LatLng{v, v}.ECEF()
		_ = LatLng{v, v}.String()
		GeoidHeightM(LatLng{v, v})
	}
}
