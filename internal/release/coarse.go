package release

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"math"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/volume"
)

// commitmentPrefix keeps a commitment from standing for anything else that is
// hashed.
const commitmentPrefix = "deconflict fine volumes v1\n"

// SaltBytes is the length of the salt of a commitment. It keeps who knows the
// coarse volumes from trying likely fine ones.
const SaltBytes = 32

// Commitment returns what an owner publishes beside coarse volumes to be held
// to the fine ones: SHA-256 over a prefix, the salt and the canonical JSON of
// the fine volumes, in base64url. It refuses a salt that is not SaltBytes in
// base64url, and a form that is not canonical.
func Commitment(fine []byte, salt string) (string, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(salt)
	if err != nil || len(raw) != SaltBytes {
		return "", fmt.Errorf("found a salt of %d characters, expected %d bytes in base64url without padding", len(salt), SaltBytes)
	}
	if err := statement.Check(fine); err != nil {
		return "", fmt.Errorf("fine volumes: %w", err)
	}
	h := sha256.New()
	h.Write([]byte(commitmentPrefix))
	h.Write(raw)
	h.Write(fine)
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)), nil
}

// ValidCommitment reports whether a text has the form of a commitment.
func ValidCommitment(text string) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return err == nil && len(raw) == sha256.Size
}

// ErrNotCommitted says that what was opened is not what was committed to.
var ErrNotCommitted = errors.New("found fine volumes or a salt that do not give the commitment")

// Open verifies, in an investigation, that fine volumes and salt are those of a
// commitment. The error is ErrNotCommitted when they are not.
func Open(commitment string, fine []byte, salt string) error {
	got, err := Commitment(fine, salt)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare([]byte(got), []byte(commitment)) != 1 {
		return ErrNotCommitted
	}
	return nil
}

// Contains returns nil when each fine volume and each leg of a fine trajectory,
// grown by its buffers and the error of its heights, lies in one of the coarse
// volumes as these stand, without their buffers. Otherwise the error says which
// part does not.
//
// The answer is on the safe side: what it accepts does lie inside; it may refuse
// what comes closer to an edge than 1 mm and three times the kernel's tolerance
// (0.5 mm for each 5 km of span). A part that lies in two coarse volumes together and in
// none of them alone is refused. Coarse volumes are polygons and circles.
func Contains(coarse []volume.Volume4D, fine *volume.Entity) error {
	if len(coarse) == 0 || len(fine.Volumes)+len(fine.Trajectories) == 0 {
		return errors.New("found no coarse volume or nothing fine, expected at least one of each")
	}
	hulls := make([]hull, len(coarse))
	for i := range coarse {
		if err := coarse[i].Validate(); err != nil {
			return fmt.Errorf("coarse volume %d: %w", i, err)
		}
		if coarse[i].Footprint.Shape() == volume.Corridor {
			return fmt.Errorf("coarse volume %d: found a corridor, expected a polygon or a circle", i)
		}
		hulls[i].of = &coarse[i]
	}
	for i := range fine.Volumes {
		if err := held(hulls, &fine.Volumes[i]); err != nil {
			return fmt.Errorf("fine volume %d: %w", i, err)
		}
	}
	for i, t := range fine.Trajectories {
		for leg := range len(t.Waypoints()) - 1 {
			v, err := legVolume(t, leg)
			if err == nil {
				err = held(hulls, v)
			}
			if err != nil {
				return fmt.Errorf("leg %d of fine trajectory %d: %w", leg, i, err)
			}
		}
	}
	return nil
}

// hull is a coarse volume, with its boundary as a corridor once it is asked for.
type hull struct {
	of       *volume.Volume4D
	marginMM int64
	boundary *volume.Footprint
}

// held returns nil when a volume lies in one of the hulls.
func held(hulls []hull, v *volume.Volume4D) error {
	if err := v.Validate(); err != nil {
		return err
	}
	in := [3]bool{}
	for i := range hulls {
		h := &hulls[i]
		during, between := h.during(v), h.between(v)
		in[0], in[1] = in[0] || during, in[1] || during && between
		if !during || !between {
			continue
		}
		over, err := h.over(v.Footprint, v.Buffers.LateralMM)
		if err != nil {
			return err
		}
		if over {
			return nil
		}
	}
	what := "its footprint reaches out of"
	if !in[0] {
		what = "its time reaches out of that of"
	} else if !in[1] {
		what = "its altitudes reach out of those of"
	}
	return fmt.Errorf("found that %s every coarse volume, expected it inside one", what)
}

// during reports whether the volume's time, with its buffer, lies in the hull's.
func (h *hull) during(v *volume.Volume4D) bool {
	return v.Window.StartNS-v.Buffers.TimeNS >= h.of.Window.StartNS && v.Window.EndNS+v.Buffers.TimeNS <= h.of.Window.EndNS
}

// between reports whether the volume's altitudes lie in the hull's. As in the
// kernel, two bands above mean sea level compare as they stand, others by their
// heights above the ellipsoid with the errors of both.
func (h *hull) between(v *volume.Volume4D) bool {
	inner, outer := v.Band, h.of.Band
	grow := v.Buffers.VerticalMM
	if v.Datum.Sea && h.of.Datum.Sea {
		inner, outer = v.SeaBand, h.of.SeaBand
	} else {
		grow += v.Datum.ErrorMM + h.of.Datum.ErrorMM
	}
	return (outer.LowerMM == volume.NoFloorMM || inner.LowerMM-grow >= outer.LowerMM) &&
		(outer.UpperMM == volume.NoCeilingMM || inner.UpperMM+grow <= outer.UpperMM)
}

// over reports whether a footprint, grown by growMM, lies in the hull's.
func (h *hull) over(f *volume.Footprint, growMM int64) (bool, error) {
	if h.of.Footprint.Shape() == volume.Circle {
		return h.inCircle(f, growMM), nil
	}
	return h.inPolygon(f, growMM)
}

// inCircle holds every vertex against the radius. That is enough: a disc of at
// most 5,000 km (volume.MaxReachM) on the ellipsoid is convex, as π/2 over the
// root of the greatest curvature is 9,951 km; so edges between points of a disc
// stay in it, and what they bound does.
func (h *hull) inCircle(f *volume.Footprint, growMM int64) bool {
	centre := h.of.Footprint.Vertices()[0]
	room := h.of.Footprint.RadiusMM() - f.RadiusMM() - growMM - 1
	for _, p := range f.Vertices() {
		distM, _, _ := geodesy.Inverse(centre, p)
		if float64(distM*1000) > float64(room) {
			return false
		}
	}
	return true
}

// inPolygon uses that a footprint is of one piece: if it meets the polygon, and
// does not meet its boundary, it is inside. The boundary is a corridor along the
// polygon's edges, wide enough that what merely touches the polygon from
// outside, by the kernel's tolerance, meets it.
func (h *hull) inPolygon(f *volume.Footprint, growMM int64) (bool, error) {
	flat := func(f *volume.Footprint, growMM int64) *volume.Volume4D {
		return &volume.Volume4D{
			Footprint: f, Band: volume.Band{UpperMM: 1}, Window: volume.Window{EndNS: 1},
			Buffers: volume.Buffers{LateralMM: growMM},
		}
	}
	fine := flat(f, growMM)
	meets := volume.Volumes(flat(h.of.Footprint, 0), fine, volume.Need{}, false)
	if !meets.Conflict {
		return false, nil
	}
	margin := int64(math.Ceil(float64(2000*meets.ToleranceM))) + 1
	if h.boundary == nil || margin > h.marginMM {
		ring := h.of.Footprint.Vertices()
		closed := append(append(make([]geodesy.LatLng, 0, len(ring)+1), ring...), ring[0])
		boundary, err := volume.NewCorridor(closed, margin)
		if err != nil {
			return false, fmt.Errorf("boundary of the coarse volume: %w", err)
		}
		h.boundary, h.marginMM = boundary, margin
	}
	return !volume.Volumes(flat(h.boundary, 0), fine, volume.Need{}, false).Conflict, nil
}

// legVolume returns a volume that holds one leg of a trajectory.
func legVolume(t *volume.Trajectory, leg int) (*volume.Volume4D, error) {
	a, b := t.Waypoints()[leg], t.Waypoints()[leg+1]
	var f *volume.Footprint
	var err error
	const thinMM = 1 // a corridor has a width
	if a.At == b.At {
		f, err = volume.NewCircle(a.At, thinMM)
	} else {
		f, err = volume.NewCorridor([]geodesy.LatLng{a.At, b.At}, thinMM)
	}
	if err != nil {
		return nil, err
	}
	v := &volume.Volume4D{
		Footprint: f,
		Band:      bandAround(a.AltMM, b.AltMM),
		Window:    volume.Window{StartNS: a.TimeNS, EndNS: b.TimeNS},
		Buffers:   t.Buffers(),
		Datum:     t.Datum(),
	}
	if v.Datum.Sea {
		v.SeaBand = bandAround(a.SeaMM, b.SeaMM)
	}
	return v, nil
}

// bandAround returns the band that holds two heights; a band is never empty.
func bandAround(p, q int64) volume.Band {
	return volume.Band{LowerMM: min(p, q) - 1, UpperMM: max(p, q) + 1}
}

// AreaTimeM2S returns what coarse volumes cost the airspace: the sum over them
// of area in square metres times seconds, rounded up, at most
// statement.MaxInteger. Areas are those of the outlines, which hold the volumes,
// good to 1 % (outline.Volume.AreaKM2). Overlaps count each time. Errors are
// *volume.InvalidError.
func AreaTimeM2S(coarse []volume.Volume4D) (int64, error) {
	sum := 0.0
	for i := range coarse {
		o, err := outline.Of(&coarse[i])
		if err != nil {
			return 0, err
		}
		w := o.Window()
		seconds := float64(w.EndNS-w.StartNS) / 1e9
		sum += math.Ceil(float64(float64(o.AreaKM2()*1e6) * seconds))
	}
	return int64(min(sum, statement.MaxInteger)), nil
}
