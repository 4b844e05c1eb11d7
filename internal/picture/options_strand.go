package picture

import (
	"fmt"
	"math"
	"math/bits"
	"strings"
)

// alternativeColours are dark enough for white digits on them. They keep apart
// for the common kinds of colour vision as far as eight colours can; the numbers
// carry the same distinction without colour.
var alternativeColours = [maxAlternatives]string{
	"#0072b2", "#a3337f", "#00805d", "#6b4c00", "#332288", "#b3261e", "#3d7f8f", "#5b6b00",
}

// strands are the lines of alternatives on one drawing. Where several run along
// the same way they take turns, so that each can be followed.
type strands struct {
	frame box
	runs  []strand
	lines int           // how many were added
	ways  map[way]uint8 // a bit for each alternative that runs there
}

// strand is a stretch of the line of an alternative within the frame, as points
// at most strandStep apart.
type strand struct {
	of  int
	pts []point
}

// Sizes in pixels. Lines closer together than a cell or two count as one way.
const (
	strandStep = 3
	strandCell = 1
	strandTurn = 9 // length drawn of one alternative before the next has its turn
)

// manyLines is from how many lines on they are drawn thinner.
const manyLines = 20

// maxSamples bounds the points of all lines of one alternative; longer ones get
// a longer step.
const maxSamples = 8000

// way is a cell of the drawing and whether what runs there runs rather up or
// down than across; lines that cross do not share a way.
type way struct {
	x, y  int
	steep bool
}

func newStrands(frame box) *strands {
	return &strands{frame: frame, ways: map[way]uint8{}}
}

func wayOf(from, to point) way {
	mid := from.towards(to, 0.5)
	return way{int(math.Floor(mid.x / strandCell)), int(math.Floor(mid.y / strandCell)), math.Abs(to.y-from.y) > math.Abs(to.x-from.x)}
}

// add adds a line of an alternative, cut to the frame, in about most points.
func (s *strands) add(of int, line []point, most int) {
	s.lines++
	line = thinned(line, most)
	length := 0.0
	for i := 1; i < len(line); i++ {
		if a, b, ok := s.frame.cut(line[i-1], line[i]); ok {
			length += a.distance(b)
		}
	}
	step := math.Max(strandStep, length/float64(most))
	var run []point
	flush := func() {
		if len(run) > 1 {
			s.runs = append(s.runs, strand{of, run})
			for i := 1; i < len(run); i++ {
				for k := range strandStep {
					a := run[i-1].towards(run[i], float64(k)/strandStep)
					b := run[i-1].towards(run[i], float64(k+1)/strandStep)
					s.ways[wayOf(a, b)] |= 1 << of
				}
			}
		}
		run = nil
	}
	for i := 1; i < len(line); i++ {
		a, b, ok := s.frame.cut(line[i-1], line[i])
		if !ok {
			flush()
			continue
		}
		if len(run) == 0 || run[len(run)-1].distance(a) > 0.01 {
			flush()
			run = append(run, a)
		}
		n := math.Ceil(a.distance(b) / step)
		for k := 1.0; k <= n; k++ {
			run = append(run, a.towards(b, k/n))
		}
	}
	flush()
}

// along returns which alternatives run where one of them goes from p to q, as
// bits.
func (s *strands) along(p, q point) (set uint8) {
	w := wayOf(p, q)
	for dx := -1; dx <= 1; dx++ {
		for dy := -1; dy <= 1; dy++ {
			set |= s.ways[way{w.x + dx, w.y + dy, w.steep}]
		}
	}
	return set
}

// shared tells whether alternatives run along the same way, and do not merely
// cross.
func (s *strands) shared() bool {
	length := 0
	for _, set := range s.ways {
		if bits.OnesCount8(set) > 1 {
			length++
		}
	}
	return length > 2*strandTurn
}

// turn returns whose turn it is to be seen from p to q, where of goes.
func (s *strands) turn(of int, p, q point) int {
	set := s.along(p, q) | 1<<of
	at := (p.x + q.x) / 2
	if wayOf(p, q).steep {
		at = (p.y + q.y) / 2
	}
	_, rest := floorDiv(int64(math.Floor(at/strandTurn)), int64(bits.OnesCount8(set)))
	for i := range maxAlternatives {
		if set&(1<<i) == 0 {
			continue
		}
		if rest == 0 {
			return i
		}
		rest--
	}
	return of
}

// draw draws all lines.
func (s *strands) draw(c *canvas) {
	width := 2.8
	if s.lines > manyLines {
		width = 1.8
	}
	for _, r := range s.runs {
		var d strings.Builder
		from := 0
		for i := 1; i < len(r.pts); i++ {
			last := i == len(r.pts)-1
			if s.turn(r.of, r.pts[i-1], r.pts[i]) != r.of {
				d.WriteString(pathData(straightened(r.pts[from:i]), false))
				from = i
			} else if last {
				d.WriteString(pathData(straightened(r.pts[from:]), false))
			}
		}
		c.path(d.String(), fmt.Sprintf(`fill="none" stroke="%s" stroke-width="%s" stroke-linejoin="round"`, alternativeColours[r.of], number(width)))
	}
}

// note adds points of all lines to dst, for labels to keep off them.
func (s *strands) note(dst []point) []point {
	for _, r := range s.runs {
		for i := 0; i < len(r.pts) && len(dst) < 2*maxNoted; i += 2 {
			dst = append(dst, r.pts[i])
		}
	}
	return dst
}

const badgeRadius = 9.0

// badge draws the number of alternative i on a disc of its colour.
func badge(c *canvas, at point, i, number int) {
	c.circle(at, badgeRadius, fmt.Sprintf(`fill="%s" stroke="%s" stroke-width="1.5"`, alternativeColours[i], paperColour))
	s := fmt.Sprint(number)
	c.text(at.plus(0, 4.2), math.Min(12, 16/textWidth(s, 1)), "middle", paperColour, `font-weight="bold"`, s)
}

// drawBadges puts the number of each alternative on its lines, where the least
// else is, preferably where it runs alone. It returns the places taken.
func (s *strands) drawBadges(c *canvas, alternatives []Alternative, taken []box) []box {
	for i := range alternatives {
		best, least := point{}, math.Inf(1)
		inner := box{s.frame.x0 + badgeRadius + 2, s.frame.y0 + badgeRadius + 2, s.frame.x1 - badgeRadius - 2, s.frame.y1 - badgeRadius - 2}
		for _, r := range s.runs {
			if r.of != i {
				continue
			}
			for k := 0; k < len(r.pts); k += max(1, min(4, len(r.pts)/12)) {
				// From the middle of a line outward.
				n := max(1, (len(r.pts)*3/2-k)%len(r.pts))
				q := r.pts[n]
				if !inner.holds(q) {
					continue
				}
				b := box{q.x - badgeRadius - 1, q.y - badgeRadius - 1, q.x + badgeRadius + 1, q.y + badgeRadius + 1}
				cover := 40 * float64(bits.OnesCount8(s.along(r.pts[n-1], q)&^(1<<i)))
				for _, t := range taken {
					cover += b.overlapArea(t)
				}
				if cover < least {
					best, least = q, cover
				}
			}
		}
		if math.IsInf(least, 1) {
			continue // nothing of it in sight
		}
		badge(c, best, i, alternatives[i].Number)
		taken = append(taken, box{best.x - badgeRadius - 1, best.y - badgeRadius - 1, best.x + badgeRadius + 1, best.y + badgeRadius + 1})
	}
	return taken
}

// cut returns the part of the segment from p to q within the box (Liang and
// Barsky 1984); false when there is none.
func (b box) cut(p, q point) (from, to point, ok bool) {
	lo, hi := 0.0, 1.0
	for _, e := range [4][2]float64{{p.x - q.x, p.x - b.x0}, {q.x - p.x, b.x1 - p.x}, {p.y - q.y, p.y - b.y0}, {q.y - p.y, b.y1 - p.y}} {
		towards, room := e[0], e[1]
		switch {
		case towards == 0 && room < 0:
			return p, q, false
		case towards < 0:
			lo = math.Max(lo, room/towards)
		case towards > 0:
			hi = math.Min(hi, room/towards)
		}
	}
	if lo > hi {
		return p, q, false
	}
	return p.towards(q, lo), p.towards(q, hi), true
}

// thinned leaves out points of a line that are close to the one before, until
// most are left or fewer. The first and the last stay.
func thinned(line []point, most int) []point {
	for gap := 0.5; len(line) > max(most, 2); gap *= 2 {
		kept := line[:1:1]
		for i := 1; i < len(line); i++ {
			if i == len(line)-1 || line[i].distance(kept[len(kept)-1]) >= gap {
				kept = append(kept, line[i])
			}
		}
		line = kept
	}
	return line
}

// straightened leaves out points between which a line does not bend.
func straightened(line []point) []point {
	if len(line) < 3 {
		return line
	}
	kept := line[:1:1]
	for i := 1; i < len(line)-1; i++ {
		a, b, c := kept[len(kept)-1], line[i], line[i+1]
		ux, uy, vx, vy := b.x-a.x, b.y-a.y, c.x-b.x, c.y-b.y
		if ux*vx+uy*vy <= 0 || math.Abs(ux*vy-uy*vx) > 0.005*math.Hypot(ux, uy)*math.Hypot(vx, vy) {
			kept = append(kept, b)
		}
	}
	return append(kept, line[len(line)-1])
}
