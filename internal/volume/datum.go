package volume

// Datum says how well the heights of a part above the ellipsoid are known, and
// whether its heights above mean sea level are known as well.
//
// Operators separate themselves in heights above one reference. Where both
// sides of a pair declare heights above mean sea level, these are compared as
// they stand: what error the conversion to the ellipsoid has is common to both,
// and levels exactly the required separation apart are clear. In every other
// pair heights above the ellipsoid are compared, grown by the errors of both.
type Datum struct {
	// Sea is set when Volume4D.SeaBand or Waypoint.SeaMM hold heights above
	// mean sea level (EGM96).
	Sea bool
	// ErrorMM is the stated error of the heights above the ellipsoid, in
	// millimetres: 0 when they were declared as such. With Sea it must also
	// cover the bend of the geoid along legs, and Volume4D.Band the geoid's
	// range over the footprint: the search for candidates goes by heights above
	// the ellipsoid.
	ErrorMM int64
}

// vertical says how the heights of a pair are compared.
type vertical struct {
	sea    bool
	growMM int64 // both sides' buffers and errors
}

func verticalOf(a, b Datum, p, q Buffers) vertical {
	v := vertical{sea: a.Sea && b.Sea, growMM: p.VerticalMM + q.VerticalMM}
	if !v.sea {
		v.growMM += a.ErrorMM + b.ErrorMM
	}
	return v
}

// band returns the band to compare.
func (v *Volume4D) band(sea bool) *Band {
	if sea {
		return &v.SeaBand
	}
	return &v.Band
}

// height returns the height to compare, in millimetres.
func (w *Waypoint) height(sea bool) int64 {
	if sea {
		return w.SeaMM
	}
	return w.AltMM
}

// reachMM bounds by how much more than a pair's need the heights above the
// ellipsoid of two parts in conflict can differ, half of it for one side: the
// error of conversion, and for heights above mean sea level the slope of the
// geoid, below 5e-4 everywhere, over the distance between the two.
func (d Datum) reachMM(radiusM float64) int64 {
	if !d.Sea {
		return d.ErrorMM
	}
	return d.ErrorMM + 1000 + int64(radiusM*0.5)
}
