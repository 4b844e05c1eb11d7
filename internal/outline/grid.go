package outline

import (
	"github.com/deconflict/deconflict/internal/geodesy"
)

// The grid. Rows of latitude are 18,000 (1e-9 degree) high, 2.0 m. They are
// counted northward from a latitude south of the pole, chosen so that the
// equator lies between two bands of 2^14 rows. Within a band all columns have
// one width, so that a cell is 2 m wide at the band's edge nearest the equator
// and narrower elsewhere. Columns are counted eastward from the antimeridian; the
// last of a band may be narrower than the rest.
//
// At level (r, c) 2^r rows and 2^c columns make one cell.
const (
	rowE9     = 18_000
	bandShift = 14
	bandRows  = 1 << bandShift
	bandCount = 612
	originE9  = bandCount / 2 * bandRows * rowE9 // the equator above the south edge of row 0
	turnE9    = 360_000_000_000
	southRow  = (originE9 - 90_000_000_000) / rowE9
	northRow  = (originE9+90_000_000_000)/rowE9 - 1

	// maxRowLevel keeps rows of every level within one band.
	maxRowLevel = bandShift
	// maxColLevel makes at most 512 columns of a whole circle of latitude.
	maxColLevel = 16
	// maxSpanCells is the height and width in cells, edges of cells left aside,
	// up to which a level is used.
	maxSpanCells = 510
	// capRows is the number of rows at a pole that are marked whole, all of them,
	// by what touches one: there columns run together and edges cross many.
	capRows = 16
)

// level tells how many rows and columns, as powers of two, a cell merges.
type level struct{ row, col uint8 }

// band is one band of rows.
type band struct {
	colE9 float64 // width of a column, 1e-9 degree; a whole number
	perE9 float64 // its inverse
	cols  int32   // columns in a whole circle of latitude
}

var bands = makeBands()

func makeBands() (all [bandCount]band) {
	for i := range bandCount / 2 {
		_, c := geodesy.SincosDeg(float64(i*bandRows*rowE9) / 1e9)
		wide := int64(rowE9 / c)
		b := band{float64(wide), 1 / float64(wide), int32((turnE9 + wide - 1) / wide)}
		all[bandCount/2+i], all[bandCount/2-1-i] = b, b
	}
	return all
}

// Before its cells are marked a shape is grown by a margin on both axes, so that
// traces of edges, which are off the truth by a tolerance, still hold it. The
// margin grows with the level of the other axis too: what lies in a shape of a
// higher level stays within it when both run along one edge, as
//
//	margin + tolerance at a level <= margin - tolerance at any level above it.
const (
	marginParts    = 256 // (2 + the other level) / 256 of a cell
	toleranceParts = 800 // 1/800 of a cell, and less than 1/512 with all that adds to it
)

// margin returns the margins in parts of a cell's height and width.
func (l level) margin() (y, x float64) {
	return float64(2+l.col) / marginParts, float64(2+l.row) / marginParts
}

// toleranceE9 returns how far traces may be off the truth on both axes at a
// latitude.
func (l level) toleranceE9(latE9 int64) (y, x float64) {
	g := bandOf(l.rowOf(float64(latE9+originE9)), l).at(l)
	return l.heightE9() / toleranceParts, g.wide / toleranceParts
}

// bandOf returns the band that holds a row of a level.
func bandOf(row int32, l level) *band { return &bands[row>>(bandShift-l.row)] }

// columns returns how many columns of a level make a circle of latitude.
func (b *band) columns(l level) int32 { return (b.cols-1)>>l.col + 1 }

// heightE9 returns the height of a row of a level in 1e-9 degree.
func (l level) heightE9() float64 { return float64(int64(rowE9) << l.row) }

// rowOf returns the row of a level that holds y, in 1e-9 degree above the
// south edge of row 0. Beyond a pole it is the row at the pole.
func (l level) rowOf(y float64) int32 {
	r := int32(max(southRow, min(northRow, y/rowE9)))
	return r >> l.row
}

// atPole tells whether a row of a level is one of the last capRows at a pole.
func (l level) atPole(row int32) bool {
	return row > northRow>>l.row-capRows || row < southRow>>l.row+capRows
}

// grid is a band's columns at a level.
type grid struct {
	perE9 float64 // columns in 1e-9 degree
	wide  float64 // width of a column, 1e-9 degree
	cols  int32   // columns in a circle of latitude
}

func (b *band) at(l level) grid {
	n := float64(int32(1) << l.col)
	return grid{b.perE9 / n, b.colE9 * n, b.columns(l)}
}

// column returns the column that holds x, in 1e-9 degree east of the
// antimeridian and at most one turn below 0 or above 360 degrees, where columns
// go on being counted.
func (g *grid) column(x float64) int32 {
	switch {
	case x < 0:
		return min(int32((x+turnE9)*g.perE9), g.cols-1) - g.cols
	case x >= turnE9:
		return min(int32((x-turnE9)*g.perE9), g.cols-1) + g.cols
	}
	return min(int32(x*g.perE9), g.cols-1)
}
