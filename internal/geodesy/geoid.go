package geodesy

import (
	"bufio"
	"bytes"
	"compress/flate"
	_ "embed"
	"encoding/binary"
	"fmt"
	"sync"
)

//go:generate go run gen_egm96.go /usr/share/proj/egm96_15.gtx egm96_15.bin

// egm96Packed is the EGM96 15-minute geoid grid (F. G. Lemoine et al., The
// development of the joint NASA GSFC and NIMA geopotential model EGM96,
// NASA/TP-1998-206861, 1998), a work of the United States government in the
// public domain, as the PROJ project redistributes it (egm96_15.gtx). The
// generator gen_egm96.go describes the packing.
//
//go:embed egm96_15.bin
var egm96Packed []byte

const (
	geoidStepE9  = 250_000_000 // 15 minutes in 1e-9 degree
	geoidRows    = 721         // 90 S to 90 N
	geoidColumns = 1440        // 180 W to 179.75 E

	// GeoidErrorMM is the stated error of GeoidHeightM in millimetres against
	// the full EGM96 model: at most 1.152 m (40 mm root mean square) for
	// bilinear interpolation in a 15-minute EGM96 grid, as the GeoidEval manual
	// of GeographicLib states for egm96-15, and 5 mm from rounding the grid to
	// centimetres; the sum rounded up.
	//
	// Two further differences are not in it. EGM96 itself is off the true
	// geoid by 0.5 m to 1 m (NIMA TR8350.2, section 6), more where gravity was
	// poorly surveyed. And mean sea level at a coast, or the zero of a national
	// height system, lies up to about 2 m off the geoid. Whoever needs to cover
	// them must widen the vertical buffer.
	GeoidErrorMM = 1160
)

// geoidGrid returns the EGM96 heights in centimetres, row by row from the south,
// each from 180 W eastwards. It unpacks them once, into 2 MB.
var geoidGrid = sync.OnceValue(func() *[geoidRows * geoidColumns]int16 {
	g, err := unpackGeoid(egm96Packed)
	if err != nil {
		// The grid is part of the program, and a test reads all of it.
		panic("geodesy: embedded EGM96 grid: " + err.Error())
	}
	return g
})

func unpackGeoid(packed []byte) (*[geoidRows * geoidColumns]int16, error) {
	r := bufio.NewReader(flate.NewReader(bytes.NewReader(packed)))
	g := new([geoidRows * geoidColumns]int16)
	for i := range geoidRows {
		for j := range geoidColumns {
			d, err := binary.ReadVarint(r)
			if err != nil {
				return nil, fmt.Errorf("row %d column %d: %w", i, j, err)
			}
			at := i*geoidColumns + j
			v := int16(d)
			if i > 0 {
				v += g[at-geoidColumns]
			}
			if j > 0 {
				v += g[at-1]
			}
			if i > 0 && j > 0 {
				v -= g[at-geoidColumns-1]
			}
			g[at] = v
		}
	}
	return g, nil
}

// GeoidHeightM returns the height of the EGM96 geoid above the ellipsoid at p in
// metres, interpolated bilinearly in the 15-minute grid; in [-107, 86]. Its
// error is GeoidErrorMM.
func GeoidHeightM(p LatLng) float64 {
	g := geoidGrid()
	lat := min(max(p.LatE9, -quarterE9), quarterE9) + quarterE9
	lng := wrapE9(p.LngE9) + 2*quarterE9
	i := min(lat/geoidStepE9, geoidRows-2)
	j := lng / geoidStepE9
	east := (j + 1) % geoidColumns // the column after 179.75 E is 180 W
	y := float64(lat-i*geoidStepE9) / geoidStepE9
	x := float64(lng-j*geoidStepE9) / geoidStepE9

	south, north := g[i*geoidColumns:], g[(i+1)*geoidColumns:]
	a, b := float64(south[j]), float64(south[east])
	c, d := float64(north[j]), float64(north[east])
	lower := a + float64(x*(b-a))
	upper := c + float64(x*(d-c))
	return (lower + float64(y*(upper-lower))) / 100
}
