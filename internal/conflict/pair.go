// Package conflict decides whether two entities conflict, with what, where,
// when and by how much, and states everything needed to recompute the answer.
package conflict

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/volume"
)

// InputError says that an entity, or a pair, cannot be judged.
type InputError struct {
	ID   string // the entity, or both, comma separated
	Part string // `volume 3`, `trajectory 1`; empty for the whole
	Err  error
}

func (e *InputError) Error() string {
	if e.Part == "" {
		return fmt.Sprintf("%s: %v", e.ID, e.Err)
	}
	return fmt.Sprintf("%s, %s: %v", e.ID, e.Part, e.Err)
}

// Unwrap returns the cause.
func (e *InputError) Unwrap() error { return e.Err }

// ErrBare is the cause when two lines or points without extent are compared
// under minima that need one.
var ErrBare = errors.New("bare lines need a lateral and a vertical minimum or buffer above 0: they have no interior that could meet")

// ErrMinima is the cause when minima are negative or beyond all use.
var ErrMinima = errors.New("minima must be 0 or more, at most 2,000 km and 400 days")

// MaxLegPairs bounds how many pairs of legs of two trajectories are compared:
// with long buffers or minima in time every leg meets every other.
const MaxLegPairs = 5_000_000

// ErrTooMuch is the cause when two trajectories have too many legs that come
// close enough in time.
var ErrTooMuch = fmt.Errorf("more than %d pairs of legs come close enough in time: shorten the trajectories, or the buffers and minima in time", MaxLegPairs)

// ErrNothing is the cause when an entity has neither volumes nor trajectories.
var ErrNothing = errors.New("it has neither volumes nor trajectories")

// Validate checks every volume of an entity. Errors are *InputError.
func Validate(e *volume.Entity) error {
	if len(e.Volumes) == 0 && len(e.Trajectories) == 0 {
		return &InputError{ID: e.ID, Err: ErrNothing}
	}
	for i := range e.Volumes {
		if err := e.Volumes[i].Validate(); err != nil {
			return &InputError{ID: e.ID, Part: fmt.Sprintf("volume %d", i), Err: err}
		}
	}
	for i, t := range e.Trajectories {
		if t == nil {
			return &InputError{ID: e.ID, Part: fmt.Sprintf("trajectory %d", i), Err: ErrNothing}
		}
	}
	return nil
}

// Validate tells whether the minima can be used: zero or more, and within bounds.
func (m Minima) Validate() error {
	if m.LateralMM < 0 || m.VerticalMM < 0 || m.TimeNS < 0 ||
		m.LateralMM > volume.MaxBufferMM || m.VerticalMM > volume.MaxBufferMM || m.TimeNS > volume.MaxBufferNS {
		return fmt.Errorf("%w, found lateral %d mm, vertical %d mm, time %d ns", ErrMinima, m.LateralMM, m.VerticalMM, m.TimeNS)
	}
	return nil
}

func (m Minima) need() volume.Need {
	return volume.Need{LateralMM: m.LateralMM, VerticalMM: m.VerticalMM, TimeNS: m.TimeNS}
}

// checkPair refuses a pair that the minima cannot judge.
func checkPair(a, b *volume.Entity, m Minima) error {
	for _, t := range a.Trajectories {
		for _, u := range b.Trajectories {
			if bare(t, u, m) {
				return &InputError{ID: a.ID + ", " + b.ID, Err: ErrBare}
			}
			if t.Legs()*u.Legs() > MaxLegPairs && volume.LegPairs(t, u, m.need()) > MaxLegPairs {
				return &InputError{ID: a.ID + ", " + b.ID, Err: ErrTooMuch}
			}
		}
	}
	return nil
}

// Comparable tells whether the minima can judge two valid entities: an error,
// an *InputError, says that they are lines without extent, or too long.
func Comparable(a, b *volume.Entity, m Minima) error { return checkPair(a, b, m) }

// bare tells whether neither buffers nor minima give two trajectories width, or
// height, so that they could never conflict.
func bare(t, u *volume.Trajectory, m Minima) bool {
	p, q := t.Buffers(), u.Buffers()
	if m.LateralMM+p.LateralMM+q.LateralMM == 0 {
		return true
	}
	height := m.VerticalMM + p.VerticalMM + q.VerticalMM
	if d, e := t.Datum(), u.Datum(); !d.Sea || !e.Sea {
		height += d.ErrorMM + e.ErrorMM
	}
	return height == 0
}

// Decide tells whether two entities conflict, and nothing else. It agrees with
// Judge and costs a fraction of it. Both entities must be valid.
func Decide(a, b *volume.Entity, m Minima) (bool, error) {
	if err := m.Validate(); err != nil {
		return false, err
	}
	if err := checkPair(a, b, m); err != nil {
		return false, err
	}
	if before(b, a) {
		a, b = b, a
	}
	return decide(a, b, m.need()), nil
}

func decide(a, b *volume.Entity, need volume.Need) bool {
	hit := false
	stop := func(c volume.Contact) bool {
		hit = hit || c.Conflict
		return !hit
	}
	for i := range a.Volumes {
		for j := range b.Volumes {
			if volume.Volumes(&a.Volumes[i], &b.Volumes[j], need, false).Conflict {
				return true
			}
		}
		for _, u := range b.Trajectories {
			if volume.Transits(u, &a.Volumes[i], need, false, stop); hit {
				return true
			}
		}
	}
	for _, t := range a.Trajectories {
		for j := range b.Volumes {
			if volume.Transits(t, &b.Volumes[j], need, false, stop); hit {
				return true
			}
		}
		for _, u := range b.Trajectories {
			if volume.Encounters(t, u, need, false, stop); hit {
				return true
			}
		}
	}
	return false
}

// before is the canonical order of a pair: by id, then by content.
func before(a, b *volume.Entity) bool {
	if a.ID != b.ID {
		return a.ID < b.ID
	}
	da, db := EntityDigest(a), EntityDigest(b)
	return slices.Compare(da[:], db[:]) < 0
}

// Subject is a validated entity with its digest, ready to be judged against
// many others.
type Subject struct {
	entity *volume.Entity
	digest [32]byte
}

// Prepare validates an entity and digests it. The entity must not change
// afterwards. Errors are *InputError.
func Prepare(e *volume.Entity) (*Subject, error) {
	if err := Validate(e); err != nil {
		return nil, err
	}
	return &Subject{entity: e, digest: EntityDigest(e)}, nil
}

// Entity returns what the subject was made from.
func (s *Subject) Entity() *volume.Entity { return s.entity }

// Digest returns the entity's digest, EntityDigest.
func (s *Subject) Digest() [32]byte { return s.digest }

// Judge returns the full verdict on two entities. The order in which they are
// given makes no difference.
func Judge(a, b *volume.Entity, m Minima) (Verdict, error) {
	s, err := Prepare(a)
	if err != nil {
		return Verdict{}, err
	}
	u, err := Prepare(b)
	if err != nil {
		return Verdict{}, err
	}
	return s.Judge(u, m)
}

// Judge returns the full verdict on two subjects. The order in which they are
// given makes no difference.
func (s *Subject) Judge(u *Subject, m Minima) (Verdict, error) {
	if err := m.Validate(); err != nil {
		return Verdict{}, err
	}
	if err := checkPair(s.entity, u.entity, m); err != nil {
		return Verdict{}, err
	}
	if c := cmp.Compare(s.entity.ID, u.entity.ID); c > 0 || c == 0 && bytes.Compare(s.digest[:], u.digest[:]) > 0 {
		s, u = u, s
	}
	return judge(s.entity, u.entity, s.digest, u.digest, m), nil
}

// judge is Judge for a valid pair in canonical order.
func judge(a, b *volume.Entity, da, db [32]byte, m Minima) Verdict {
	v := Verdict{A: refOf(a), B: refOf(b), Minima: m, Suppositions: suppositions(a, b)}
	g := gathering{v: &v, need: m.need()}
	for i := range a.Volumes {
		for j := range b.Volumes {
			c := volume.Volumes(&a.Volumes[i], &b.Volumes[j], g.need, true)
			g.add(c, PartRef{Kind: VolumePart, Index: i}, PartRef{Kind: VolumePart, Index: j}, false)
		}
		for k, u := range b.Trajectories {
			volume.Transits(u, &a.Volumes[i], g.need, true, func(c volume.Contact) bool {
				g.add(c, PartRef{Kind: VolumePart, Index: i}, PartRef{Kind: LegPart, Route: k, Index: c.A}, true)
				return true
			})
		}
	}
	for h, t := range a.Trajectories {
		for j := range b.Volumes {
			volume.Transits(t, &b.Volumes[j], g.need, true, func(c volume.Contact) bool {
				g.add(c, PartRef{Kind: LegPart, Route: h, Index: c.A}, PartRef{Kind: VolumePart, Index: j}, false)
				return true
			})
		}
		for k, u := range b.Trajectories {
			volume.Encounters(t, u, g.need, true, func(c volume.Contact) bool {
				g.add(c, PartRef{Kind: LegPart, Route: h, Index: c.A}, PartRef{Kind: LegPart, Route: k, Index: c.B}, false)
				return true
			})
		}
	}
	g.finish()
	v.InputsDigest = inputsDigest(&v, da, db)
	v.Digest = verdictDigest(&v)
	return v
}

func refOf(e *volume.Entity) Ref {
	return Ref{ID: e.ID, Version: e.Version, Party: e.Party, Name: e.Name, Kind: e.Kind, Type: e.Type}
}

// suppositions returns those of both entities, sorted, each once.
func suppositions(a, b *volume.Entity) []string {
	if len(a.Suppositions)+len(b.Suppositions) == 0 {
		return nil
	}
	s := slices.Concat(a.Suppositions, b.Suppositions)
	slices.Sort(s)
	return slices.Compact(s)
}

// gathering folds contacts of parts into a verdict.
type gathering struct {
	v    *Verdict
	need volume.Need
	firm bool
	// Tolerances in metres of the parts that MinHorizontal and MinVertical are
	// from, and the largest of those in conflict: that of other parts depends on
	// how far they were looked at.
	nearest, lowest, conflicts float64
}

// add folds in a contact; swapped says that its sides are the other way round.
func (g *gathering) add(c volume.Contact, a, b PartRef, swapped bool) {
	v := g.v
	lateral, vertical := approach(c.Lateral, swapped), approach(c.Vertical, swapped)
	if lateral != nil && (v.MinHorizontal == nil || lateral.HorizontalTenthMM < v.MinHorizontal.HorizontalTenthMM ||
		lateral.HorizontalTenthMM == v.MinHorizontal.HorizontalTenthMM && lateral.TimeNS < v.MinHorizontal.TimeNS) {
		v.MinHorizontal = lateral
		g.nearest = c.ToleranceM
	}
	if vertical != nil && (v.MinVertical == nil || vertical.VerticalMM < v.MinVertical.VerticalMM ||
		vertical.VerticalMM == v.MinVertical.VerticalMM && vertical.TimeNS < v.MinVertical.TimeNS) {
		v.MinVertical = vertical
		g.lowest = c.ToleranceM
	}
	if !c.Conflict {
		return
	}
	v.Conflict = true
	g.firm = g.firm || c.Firm
	g.conflicts = max(g.conflicts, c.ToleranceM)
	part := Part{
		A: a, B: b, WithinTolerance: !c.Firm,
		FromNS: floorMS(c.FromNS), ToNS: ceilMS(c.ToNS),
	}
	if lateral != nil {
		part.Closest = *lateral
	}
	v.Parts = append(v.Parts, part)
}

// finish sorts the parts and draws the sums.
func (g *gathering) finish() {
	v := g.v
	slices.SortFunc(v.Parts, func(p, q Part) int {
		if c := comparePart(p.A, q.A); c != 0 {
			return c
		}
		return comparePart(p.B, q.B)
	})
	v.WithinTolerance = v.Conflict && !g.firm
	v.ToleranceTenthMM = int64(math.Ceil(float64(max(g.nearest, g.lowest, g.conflicts) * 1e4)))
	for i := range v.Parts {
		p := &v.Parts[i]
		if i == 0 {
			v.FromNS, v.ToNS = p.FromNS, p.ToNS
		}
		v.FromNS, v.ToNS = min(v.FromNS, p.FromNS), max(v.ToNS, p.ToNS)
		if p.Closest.HorizontalTenthMM < v.Parts[v.Worst].Closest.HorizontalTenthMM {
			v.Worst = i
		}
	}
	if v.Conflict && v.MinHorizontal != nil {
		v.LateralShortfallTenthMM = max(0, g.need.LateralMM*10-v.MinHorizontal.HorizontalTenthMM)
		v.VerticalShortfallMM = max(0, g.need.VerticalMM-v.MinHorizontal.VerticalMM)
	}
}

func comparePart(p, q PartRef) int {
	if c := strings.Compare(string(p.Kind), string(q.Kind)); c != 0 {
		return -c // volumes before legs
	}
	if p.Route != q.Route {
		return p.Route - q.Route
	}
	return p.Index - q.Index
}

// approach turns a Closest into an Approach, or nil when there is none.
func approach(c volume.Closest, swapped bool) *Approach {
	if !c.Known || math.IsInf(c.BaseM, 0) {
		return nil
	}
	a := &Approach{
		TimeNS: c.ATimeNS, OtherNS: c.BTimeNS,
		HorizontalTenthMM: tenths(c.GapM), CentreTenthMM: tenths(c.BaseM), VerticalMM: c.GapMM,
		A: geodesy.FromECEF(c.A), B: geodesy.FromECEF(c.B),
		ALowerMM: c.ABand.LowerMM, AUpperMM: c.ABand.UpperMM,
		BLowerMM: c.BBand.LowerMM, BUpperMM: c.BBand.UpperMM,
	}
	if c.Area {
		a.CentreTenthMM = NoDistance
	}
	if swapped {
		a.TimeNS, a.OtherNS = a.OtherNS, a.TimeNS
		a.A, a.B = a.B, a.A
		a.ALowerMM, a.BLowerMM = a.BLowerMM, a.ALowerMM
		a.AUpperMM, a.BUpperMM = a.BUpperMM, a.AUpperMM
	}
	return a
}

// tenths returns metres in tenths of a millimetre, rounded half up.
func tenths(m float64) int64 { return int64(math.Floor(float64(m*1e4) + 0.5)) }

const millisecond = 1_000_000

func floorMS(ns int64) int64 {
	r := ns % millisecond
	if r < 0 {
		r += millisecond
	}
	return ns - r
}

func ceilMS(ns int64) int64 { return -floorMS(-ns) }
