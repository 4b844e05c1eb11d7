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
		r.used.add(a.Ref, c.ErrorMM)
	}
	return out, nil
}

// ground returns the elevation that altitudes of a reference count from: what
// the caller gave, else for altitudes above home what the file says of home.
func (r *itemResolver) ground(ref geodesy.AltitudeReference) *geodesy.Ground {
	if home := r.item.Home; ref == geodesy.Home && r.opt.Ground == nil && home != nil {
		return &geodesy.Ground{MM: home.AltMM, Ref: home.Ref}
	}
	return r.opt.Ground
}

// geoidMM is the height of the geoid in millimetres, rounded as ToW84 does.
func geoidMM(at geodesy.LatLng) int64 {
	return int64(math.Round(float64(geodesy.GeoidHeightM(at) * 1000)))
}

func (u *conversions) add(ref geodesy.AltitudeReference, errorMM int64) {
	if u.errorMM == nil {
		u.errorMM = make(map[geodesy.AltitudeReference]int64)
	}
	if _, known := u.errorMM[ref]; !known {
		u.order = append(u.order, ref)
	}
	u.errorMM[ref] = max(u.errorMM[ref], errorMM)
}

// describe adds one supposition a reference.
func (u *conversions) describe(opt *ResolveOptions, home *Home, suppose *remarks) {
	for _, ref := range u.order {
		how := ""
		switch ref {
		case geodesy.AMSL:
			how = "altitudes AMSL compared as they are with others above mean sea level; with any others placed on the WGS84 ellipsoid by EGM96"
		case geodesy.AGL:
			how = "altitudes above ground placed by the given ground elevation of " + formatGround(opt.Ground)
		case geodesy.Home:
			how = "altitudes above home placed by the given elevation of home of "
			if opt.Ground != nil {
				how += formatGround(opt.Ground)
				break
			}
			how = "altitudes above home placed by the elevation of home in the file, " +
				formatAltitude(geodesy.Altitude{MM: home.AltMM, Ref: home.Ref})
		case geodesy.Pressure:
			how = "pressure altitudes placed by the given QNH of " + strconv.FormatFloat(*opt.QNHHPa, 'f', -1, 64) +
				" hPa in the standard atmosphere and by EGM96"
		default:
			how = "altitudes " + string(ref) + " placed on the WGS84 ellipsoid"
		}
		suppose.addf("%s, stated error %s added to the vertical buffer",
			how, geodesy.FormatLength(u.errorMM[ref], geodesy.Metre, 3))
	}
	if u.bowMM > 0 {
		suppose.addf("up to %s more for the bend of the geoid between points of the path",
			geodesy.FormatLength(u.bowMM, geodesy.Metre, 3))
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
