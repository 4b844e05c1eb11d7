package oracle

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// Decades is the number of size decades of a Cell: 1 m, 10 m, ... 1,000 km.
const Decades = 7

// Cell is a class of pairs.
type Cell struct {
	A, B   Kind // A <= B
	Band   Band
	Decade int // the parts are about 10^Decade metres large
}

func (c Cell) String() string {
	return fmt.Sprintf("%s/%s %s 1e%d m", c.A, c.B, c.Band, c.Decade)
}

// Cells returns all classes, in order.
func Cells() []Cell {
	var out []Cell
	for a := range kinds {
		for b := a; b < kinds; b++ {
			for band := range bands {
				for d := range Decades {
					out = append(out, Cell{a, b, band, d})
				}
			}
		}
	}
	return out
}

// Dimension is one of the three in which a pair can be separated.
type Dimension uint8

// Dimensions.
const (
	Any Dimension = iota // no dimension in particular
	InLateral
	InVertical
	InTime
)

func (d Dimension) String() string {
	return [...]string{"any", "lateral", "vertical", "time"}[d]
}

// Pair is a made pair of entities.
type Pair struct {
	Cell Cell
	N    uint64 // which of its cell
	// Near is the dimension in which the pair was put next to the decision
	// boundary, the other two being violated.
	Near Dimension
	A, B *volume.Entity
	Need volume.Need
}

func (p *Pair) String() string { return fmt.Sprintf("%s #%d near %s", p.Cell, p.N, p.Near) }

// maker makes one pair.
type maker struct {
	*rand.Rand
	cell   Cell
	sizeM  float64
	centre geodesy.LatLng
	a, b   *recipe
	aziDeg float64 // B's centre seen from A's
	distM  float64
	need   volume.Need
}

// Generate returns pair n of a cell. Every other pair is next to the decision
// boundary in one dimension. The same arguments give the same pair.
func Generate(c Cell, n uint64) Pair {
	seed := uint64(c.A)<<24 | uint64(c.B)<<16 | uint64(c.Band)<<8 | uint64(c.Decade)
	for try := uint64(0); ; try++ {
		m := &maker{Rand: rand.New(rand.NewPCG(seed, n<<8|try)), cell: c}
		near := Any
		if n%2 == 1 {
			near = [...]Dimension{InLateral, InVertical, InLateral, InTime}[n/2%4]
		}
		if a, b, ok := m.make(near); ok {
			return Pair{Cell: c, N: n, Near: near, A: a, B: b, Need: m.need}
		}
		if try > 200 {
			panic(fmt.Sprintf("oracle: no pair %s #%d near %s", c, n, near))
		}
	}
}

func (m *maker) make(near Dimension) (a, b *volume.Entity, ok bool) {
	m.sizeM = math.Pow(10, float64(m.cell.Decade)+0.5*(m.Float64()-0.5))
	m.centre = m.cell.Band.centre(m.Rand, m.sizeM)
	sizeB := m.sizeM
	if m.IntN(3) == 0 {
		sizeB *= math.Pow(10, -1.5*m.Float64())
	}
	m.a, m.b = cook(m.Rand, m.cell.A, m.sizeM), cook(m.Rand, m.cell.B, sizeB)
	if m.IntN(2) == 0 {
		m.a, m.b = m.b, m.a
	}
	m.aziDeg, m.distM = m.Float64()*360, m.Float64()*1.3*m.sizeM
	if m.IntN(6) == 0 || m.cell.A == Flight && m.IntN(6) == 0 {
		m.align()
	}
	m.draw()
	switch near {
	case InLateral:
		m.overlapInTime()
		m.overlapInAltitude()
		ok = m.nearLateral()
	case InVertical:
		m.overlapInTime()
		m.reachAcross()
		ok = m.nearVertical()
	case InTime:
		m.overlapInAltitude()
		ok = m.nearTime()
	default:
		m.somewhere()
		ok = true
	}
	if !ok {
		return nil, nil, false
	}
	a, b, err := m.put()
	return a, b, err == nil
}

// align gives B places of A: the same shape elsewhere, so that edges and tracks
// run side by side, or at the same place, so that they have vertices or edges in
// common.
func (m *maker) align() {
	if m.a.kind == Circle || m.b.kind == Circle || len(m.a.points) < 3 && m.b.kind == Polygon {
		return
	}
	m.b.take(m.a.points)
	if m.a.kind == Flight && m.b.kind == Flight && m.IntN(2) == 0 {
		m.b.join(m.a)
	}
	switch m.IntN(4) {
	case 0:
		m.distM = 0
	case 1: // just ahead, behind or aside
		m.distM *= 0.01
	}
}

// put returns the two entities as they stand.
func (m *maker) put() (a, b *volume.Entity, err error) {
	if a, err = m.a.put("a", m.centre); err != nil {
		return nil, nil, err
	}
	b, err = m.b.put("b", geodesy.Direct(m.centre, m.aziDeg, m.distM))
	return a, b, err
}

// upTo draws from [0, n], 0 half the time.
func (m *maker) upTo(n float64) int64 {
	if m.IntN(2) == 0 {
		return 0
	}
	return int64(n * m.Float64())
}

// draw draws buffers and minima.
func (m *maker) draw() {
	for _, p := range [2]*recipe{m.a, m.b} {
		p.buffers.LateralMM = m.upTo(m.sizeM * 100)
		p.buffers.VerticalMM = m.upTo(20_000)
		if p.kind != Flight && m.IntN(4) == 0 {
			p.buffers.TimeNS = m.Int64N(60e9)
		}
	}
	m.need.LateralMM = m.upTo(m.sizeM * 600)
	m.need.VerticalMM = m.upTo(60_000)
	if m.IntN(3) == 0 {
		m.need.TimeNS = m.Int64N(60e9)
	}
	if m.a.kind == Flight && m.b.kind == Flight {
		m.need.LateralMM++
		m.need.VerticalMM++
	}
}

// somewhere leaves times and altitudes to chance, but for making sure that most
// pairs meet in both.
func (m *maker) somewhere() {
	if m.IntN(3) > 0 {
		m.overlapInTime()
	}
	if m.IntN(3) > 0 {
		m.overlapInAltitude()
	}
}

// overlapInTime moves B so that the parts share much of their time.
func (m *maker) overlapInTime() {
	a0, a1 := m.a.lasts()
	b0, b1 := m.b.lasts()
	m.b.delay((a0+a1)/2 - (b0+b1)/2 + int64((m.Float64()-0.5)*float64(min(a1-a0, b1-b0))*0.5))
}

// overlapInAltitude moves B so that the parts share much of their altitudes.
func (m *maker) overlapInAltitude() {
	a0, a1 := m.a.reaches()
	b0, b1 := m.b.reaches()
	m.b.lift((a0+a1)/2 - (b0+b1)/2 + int64((m.Float64()-0.5)*float64(min(a1-a0, b1-b0))*0.5))
}

// reachAcross makes the lateral minimum so large that it is lost everywhere.
func (m *maker) reachAcross() {
	total := int64(m.sizeM*4000) + 1000
	for _, into := range [3]*int64{&m.need.LateralMM, &m.a.buffers.LateralMM, &m.b.buffers.LateralMM} {
		*into = min(total, volume.MaxBufferMM)
		total -= *into
	}
}

// offsetMM draws by how much separation is to be kept (positive) or lost.
func (m *maker) offsetMM() int64 {
	switch m.IntN(8) {
	case 0, 1:
		return 10
	case 2, 3:
		return -10
	case 4:
		return int64(m.IntN(3)) - 1
	}
	return int64(m.IntN(201)) - 100
}

// nearLateral puts the pair next to the boundary laterally: by the lateral
// minimum, radius or buffer or, every fourth time and where areas need only not
// meet, by moving B.
func (m *maker) nearLateral() bool {
	touching := m.a.kind == Polygon && m.b.kind == Polygon && m.IntN(3) == 0
	if touching {
		m.a.buffers.LateralMM, m.b.buffers.LateralMM, m.need.LateralMM = 0, 0, 0
	}
	if touching || m.IntN(4) == 0 {
		return m.approach(float64(m.offsetMM()) / 1000)
	}
	for range 4 {
		a, b, err := m.put()
		if err != nil {
			return false
		}
		t := Judge(a, b, m.need, Lateral)
		if !t.Lateral {
			return false
		}
		if t.Base.Lo > 0.15 {
			return m.require(t.Base)
		}
		m.distM += m.sizeM / 2
	}
	return false
}

// require makes the pair need base, less an offset, between its bases. The
// millimetre is rounded away from the boundary.
func (m *maker) require(base Interval) bool {
	off := m.offsetMM()
	total := int64(math.Floor(base.Lo*1000)) - off
	if off < 0 {
		total = int64(math.Ceil(base.Hi*1000)) - off
	}
	m.a.buffers.LateralMM, m.b.buffers.LateralMM = 0, 0
	m.need.LateralMM = 0
	share := func(into *int64, least int64) {
		*into = least + int64(float64(total)*m.Float64()*0.4)
		total -= *into
	}
	for _, p := range [2]*recipe{m.a, m.b} {
		if p.kind == Circle || p.kind == Corridor {
			share(&p.radiusMM, 1)
		}
		if m.IntN(2) == 0 {
			share(&p.buffers.LateralMM, 0)
		}
	}
	m.need.LateralMM = total
	if total < 0 || total > volume.MaxBufferMM {
		return false
	}
	if total > 0 && m.a.buffers.LateralMM+total <= volume.MaxBufferMM && m.IntN(3) == 0 {
		m.a.buffers.LateralMM, m.need.LateralMM = m.a.buffers.LateralMM+total, 0
	}
	return true
}

// approach moves B along its bearing until the gap is gapM, or until the areas
// begin to meet and then by gapM.
func (m *maker) approach(gapM float64) bool {
	touch := m.a.radiusMM+m.b.radiusMM+m.a.buffers.LateralMM+m.b.buffers.LateralMM+m.need.LateralMM == 0
	target := gapM
	if touch {
		target = 1e-4
	}
	target += float64(m.a.radiusMM+m.b.radiusMM+m.a.buffers.LateralMM+m.b.buffers.LateralMM+m.need.LateralMM) / 1000
	nearer := func(d float64) (bool, bool) {
		m.distM = d
		a, b, err := m.put()
		if err != nil {
			return false, false
		}
		t := judgeUntil(a, b, m.need, target)
		return t.Base.Hi < target, t.Lateral && (t.Base.Hi < target || t.Base.Lo >= target)
	}
	lo, hi := 0.0, 4*m.sizeM
	if near, ok := nearer(lo); !ok || !near {
		return false
	}
	if near, ok := nearer(hi); !ok || near {
		return false
	}
	for hi-lo > 2e-4 {
		mid := (lo + hi) / 2
		near, ok := nearer(mid)
		if !ok {
			return false
		}
		if near {
			lo = mid
		} else {
			hi = mid
		}
	}
	m.distM = hi
	if touch {
		m.distM = max(0, hi+gapM)
	}
	return true
}

// nearVertical lifts B until the least vertical gap is the vertical need plus an
// offset. Times are exact, so is the gap.
func (m *maker) nearVertical() bool {
	if m.IntN(2) == 0 {
		m.trim()
	}
	a, b, err := m.put()
	if err != nil {
		return false
	}
	above := clearance(a, b, m.need)
	if above == nil {
		return false
	}
	need := m.need.VerticalMM + m.a.buffers.VerticalMM + m.b.buffers.VerticalMM
	if need == 0 && (m.a.kind == Flight && m.b.kind == Flight) {
		return false
	}
	off := m.offsetMM()
	// B is lifted by the least integer that keeps the need, plus the offset.
	gap := new(big.Int).Quo(above.Num(), above.Denom())
	if new(big.Rat).SetInt(gap).Cmp(above) > 0 {
		gap.Sub(gap, big.NewInt(1))
	}
	m.b.lift(need + off - gap.Int64())
	return true
}

// trim ends volumes in the middle of a leg of the flight that they are held
// against, at an instant at which the altitude is a whole number of millimetres.
func (m *maker) trim() {
	f, v := m.a, m.b
	if f.kind != Flight {
		f, v = v, f
	}
	if f.kind != Flight || v.kind == Flight {
		return
	}
	i := m.IntN(len(f.timeNS) - 1)
	n := int64(2 + m.IntN(9))
	last := f.timeNS[i+1] - f.timeNS[i]
	f.timeNS[i+1] += (n - last%n) % n
	for k := i + 2; k < len(f.timeNS); k++ {
		f.timeNS[k] += n
	}
	climb := f.altMM[i+1] - f.altMM[i]
	f.altMM[i+1] += ((n-climb%n)%n + n) % n
	at := f.timeNS[i] + (f.timeNS[i+1]-f.timeNS[i])/n*m.Int64N(n)
	slack := m.need.TimeNS + v.buffers.TimeNS + f.buffers.TimeNS
	if m.IntN(2) == 0 {
		v.window = volume.Window{StartNS: at - slack - 3600e9, EndNS: at - slack}
		if at == f.timeNS[0] {
			v.window.EndNS += 1e9
		}
	} else {
		v.window = volume.Window{StartNS: at + slack, EndNS: at + slack + 3600e9}
	}
}

// clearance returns the least of B's altitude less A's in millimetres, less the
// errors of heights, while the pair is close in time; nil when it never is.
func clearance(a, b *volume.Entity, need volume.Need) *big.Rat {
	var least *big.Rat
	fold := func(x *big.Rat) {
		if least == nil || x.Cmp(least) < 0 {
			least = x
		}
	}
	var addMM int64
	switch {
	case len(a.Volumes)+len(b.Volumes) == 2:
		v, w := &a.Volumes[0], &b.Volumes[0]
		sea, add := heights(v.Datum, w.Datum)
		fold(rat(bandOf(w, sea).LowerMM - bandOf(v, sea).UpperMM))
		addMM = add
	case len(a.Volumes) == 0 && len(b.Volumes) == 0:
		addMM = betweenFlights(a.Trajectories[0], b.Trajectories[0], need, fold)
	case len(a.Volumes) == 0:
		addMM = betweenFlightAndVolume(a.Trajectories[0], &b.Volumes[0], need, func(alt *big.Rat, v volume.Band) {
			fold(new(big.Rat).Sub(rat(v.LowerMM), alt))
		})
	default:
		addMM = betweenFlightAndVolume(b.Trajectories[0], &a.Volumes[0], need, func(alt *big.Rat, v volume.Band) {
			fold(new(big.Rat).Sub(alt, rat(v.UpperMM)))
		})
	}
	if least == nil {
		return nil
	}
	return new(big.Rat).Sub(least, rat(addMM))
}

// betweenFlights calls fold with u's altitude less t's at every pair of instants
// that may have the least, and returns the errors of heights.
func betweenFlights(t, u *volume.Trajectory, need volume.Need, fold func(*big.Rat)) int64 {
	sea, addMM := heights(t.Datum(), u.Datum())
	slack := need.TimeNS + t.Buffers().TimeNS + u.Buffers().TimeNS
	for _, l := range legsOf(t, sea) {
		for _, n := range legsOf(u, sea) {
			switch {
			case slack == 0:
				s := l.together(&n)
				if s.empty() {
					continue
				}
				for _, x := range [2]*big.Rat{s.lo, s.hi} {
					y := new(big.Rat).Sub(x, rat(n.from.TimeNS-l.from.TimeNS))
					fold(new(big.Rat).Sub(n.altitude(y), l.altitude(x)))
				}
			case l.apartNS(&n) < slack:
				for _, p := range l.moments(&n, slack) {
					fold(new(big.Rat).Sub(n.altitude(rat(p[1])), l.altitude(rat(p[0]))))
				}
			}
		}
	}
	return addMM
}

// betweenFlightAndVolume calls fold with the flight's altitude and the volume's
// band at every instant that may have an extreme, and returns the errors of
// heights.
func betweenFlightAndVolume(t *volume.Trajectory, v *volume.Volume4D, need volume.Need, fold func(*big.Rat, volume.Band)) int64 {
	sea, addMM := heights(t.Datum(), v.Datum)
	slack := need.TimeNS + t.Buffers().TimeNS + v.Buffers.TimeNS
	for _, l := range legsOf(t, sea) {
		if s := l.against(v, slack); !s.empty() {
			fold(l.altitude(s.lo), bandOf(v, sea))
			fold(l.altitude(s.hi), bandOf(v, sea))
		}
	}
	return addMM
}

// nearTime moves the pair next to the boundary in time: B begins when A's time
// and the time need are over, give or take; or a volume ends when the flight
// comes too near.
func (m *maker) nearTime() bool {
	if (m.a.kind == Flight) != (m.b.kind == Flight) && m.IntN(2) == 0 {
		return m.nearEntry()
	}
	m.reachAcross()
	m.need.VerticalMM += 1_000_000
	_, end := m.a.lasts()
	start, _ := m.b.lasts()
	off := [...]int64{0, 0, 1, -1, 1000, -1000, 1_000_000, -1_000_000}[m.IntN(8)]
	m.b.delay(end + m.a.buffers.TimeNS + m.b.buffers.TimeNS + m.need.TimeNS + off - start)
	return true
}

// nearEntry ends a volume within 10 cm of flight of the instant at which a
// flight comes too near, or begins it when it leaves.
func (m *maker) nearEntry() bool {
	m.overlapInTime()
	m.need.VerticalMM += 1_000_000
	f, v := m.a, m.b
	if f.kind != Flight {
		f, v = v, f
	}
	v.window = volume.Window{StartNS: volume.AlwaysNS, EndNS: volume.ForeverNS}
	a, b, err := m.put()
	if err != nil {
		return false
	}
	t := Judge(a, b, m.need, Full)
	slack := m.need.TimeNS + v.buffers.TimeNS + f.buffers.TimeNS
	grow := f.buffers.TimeNS + m.need.TimeNS/2
	speed := m.sizeM / (float64(f.timeNS[len(f.timeNS)-1]-f.timeNS[0]) / 1e9)
	off := int64((m.Float64() - 0.5) * 0.2 / speed * 1e9)
	from, to := f.lasts()
	if m.IntN(2) == 0 {
		if at := t.OriginNS + int64(t.First.Hi*1e9) + grow; at > from+1000 && at < to {
			v.window = volume.Window{StartNS: at - slack - 3600e9, EndNS: at - slack + off}
			return true
		}
	}
	if at := t.OriginNS + int64(t.Last.Lo*1e9) - grow; !math.IsInf(t.Last.Lo, 0) && at > from && at < to-1000 {
		v.window = volume.Window{StartNS: at + slack + off, EndNS: at + slack + 3600e9}
		return true
	}
	return false
}
