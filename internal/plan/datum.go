package plan

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/deconflict/deconflict/internal/geodesy"
)

// conversion is an altitude placed above the ellipsoid.
type conversion struct {
	geodesy.Converted
	geoid   bool  // the result depends on the geoid at the place
	geoidMM int64 // its height there
	sea     bool  // the height above mean sea level is known without the geoid
	seaMM   int64 // that height
	ownMM   int64 // of the error, what is not the geoid's
}

// conversions remembers what conversions an Item needed, to say so once each.
type conversions struct {
	order   []geodesy.AltitudeReference
	errorMM map[geodesy.AltitudeReference]int64
	seaMM   int64 // the geoid's error where heights above mean sea level are known
	bowMM   int64 // see geoidBow
}

// convert places an altitude at a position.
func (r *itemResolver) convert(a geodesy.Altitude, at geodesy.LatLng) (conversion, error) {
	ground := r.ground(a.Ref)
	c, err := a.ToW84(at, geodesy.Datum{Ground: ground, QNHHPa: r.opt.QNHHPa})
	switch {
	case errors.Is(err, geodesy.ErrNoGround):
		return conversion{}, fmt.Errorf("%w: %w", err, ErrNeedGround)
	case errors.Is(err, geodesy.ErrNoQNH):
		return conversion{}, fmt.Errorf("%w: %w", err, ErrNeedQNH)
	case err != nil:
		return conversion{}, err
	}
	out := conversion{Converted: c, ownMM: c.ErrorMM}
	switch a.Ref {
	case geodesy.AMSL:
		out.geoid, out.sea, out.seaMM, out.ownMM = true, true, a.MM, 0
	case geodesy.Pressure:
		out.geoid = true
	case geodesy.AGL, geodesy.Home:
		if out.geoid = ground.Ref == geodesy.AMSL; out.geoid {
			out.sea, out.seaMM, out.ownMM = true, ground.MM+a.MM, ground.ErrorMM
		}
	}
	if out.geoid {
		out.geoidMM = geoidMM(at)
	}
	if a.Ref != geodesy.W84 {
		r.used.add(a.Ref, &out)
	}
	return out, nil
}

// ground returns the elevation that altitudes of a reference count from: for
// altitudes above home what the file says of home, else what the caller gave.
// A caller's elevation holds for all files, a file's own for that flight alone.
func (r *itemResolver) ground(ref geodesy.AltitudeReference) *geodesy.Ground {
	if home := r.item.Home; ref == geodesy.Home && home != nil {
		return home.ground()
	}
	return r.opt.Ground
}

func (h *Home) ground() *geodesy.Ground { return &geodesy.Ground{MM: h.AltMM, Ref: h.Ref} }

// sameGroundMM is how far a given elevation and that of home in the file may
// differ before a supposition says which of the two was used.
const sameGroundMM = 1000

// groundDiffers tells whether a given elevation is another than that of home.
func groundDiffers(given *geodesy.Ground, home *Home) bool {
	if given == nil {
		return false
	}
	var mm [2]int64
	for i, g := range []*geodesy.Ground{given, home.ground()} {
		c, err := geodesy.Altitude{Ref: geodesy.Home}.ToW84(home.At, geodesy.Datum{Ground: g})
		if err != nil {
			return true
		}
		mm[i] = c.MM
	}
	return max(mm[0]-mm[1], mm[1]-mm[0]) > sameGroundMM
}

// geoidMM is the height of the geoid in millimetres, rounded as ToW84 does.
func geoidMM(at geodesy.LatLng) int64 {
	return int64(math.Round(float64(geodesy.GeoidHeightM(at) * 1000)))
}

func (u *conversions) add(ref geodesy.AltitudeReference, c *conversion) {
	if u.errorMM == nil {
		u.errorMM = make(map[geodesy.AltitudeReference]int64)
	}
	if _, known := u.errorMM[ref]; !known {
		u.order = append(u.order, ref)
	}
	u.errorMM[ref] = max(u.errorMM[ref], c.ErrorMM)
	if c.sea {
		u.seaMM = max(u.seaMM, c.ErrorMM-c.ownMM)
	}
}

// roundStepMM returns the least of 1 cm, 10 cm, 1 m, ... that is not below a
// length, so that the same words hold for many items. The value used is exact.
func roundStepMM(mm int64) int64 {
	step := int64(10)
	for step < mm {
		step *= 10
	}
	return step
}

// describe adds a supposition for each reference that needs an elevation or
// setting.
func (u *conversions) describe(opt *ResolveOptions, home *Home, suppose *remarks) {
	for _, ref := range u.order {
		switch ref {
		case geodesy.AGL:
			suppose.addf("altitudes above ground counted from the given elevation of %s", formatGround(opt.Ground))
		case geodesy.Home:
			if home == nil {
				suppose.addf("altitudes above home counted from the given elevation of %s", formatGround(opt.Ground))
				break
			}
			own := formatAltitude(geodesy.Altitude{MM: home.AltMM, Ref: home.Ref})
			suppose.addf("altitudes above home counted from the elevation of home in the file, %s", own)
			if groundDiffers(opt.Ground, home) {
				suppose.addf("the given elevation of %s is not used for altitudes above home: the file's own home elevation of %s is",
					formatGround(opt.Ground), own)
			}
		case geodesy.Pressure:
			suppose.addf("pressure altitudes placed by the given QNH of %s hPa in the standard atmosphere and by EGM96, stated error %s added to the vertical buffer",
				strconv.FormatFloat(*opt.QNHHPa, 'f', -1, 64), geodesy.FormatLength(u.errorMM[ref], geodesy.Metre, 3))
		}
	}
}

// describeGeoid adds suppositions for all heights above mean sea level. The bend
// is a sentence of its own, so that the other is the same for all items.
func (u *conversions) describeGeoid(suppose *remarks) {
	to := "the vertical buffer"
	if u.seaMM > 0 {
		to = "that error"
		suppose.addf("heights above mean sea level compared as such with others; with any others above the ellipsoid by EGM96, its stated error of %s added",
			geodesy.FormatLength(u.seaMM, geodesy.Metre, 3))
	}
	if u.bowMM > 0 {
		suppose.addf("up to %s added to %s for the bend of the geoid between points of the path",
			geodesy.FormatLength(roundStepMM(u.bowMM), geodesy.Metre, 3), to)
	}
}

func formatGround(g *geodesy.Ground) string {
	s := formatAltitude(geodesy.Altitude{MM: g.MM, Ref: g.Ref})
	if g.ErrorMM > 0 {
		s += " ± " + geodesy.FormatLength(g.ErrorMM, geodesy.Metre, 3)
	}
	return s
}

// formatAltitude writes an altitude with unit and reference.
func formatAltitude(a geodesy.Altitude) string {
	ref := string(a.Ref)
	if a.Ref == geodesy.Pressure {
		ref = "QNE"
	}
	return formatScaled(a.MM, 3) + " m " + ref
}
