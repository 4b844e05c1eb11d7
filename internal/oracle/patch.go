package oracle

import "math"

// corner is a pair of parameters.
type corner struct{ u, w float64 }

// patch is a convex set of pairs of parameters given by its corners: a polygon,
// a segment (two corners) or a point (one).
type patch []corner

func rectangle(u0, u1, w0, w1 float64) patch {
	p := patch{{u0, w0}}
	if u1 > u0 {
		p = append(p, corner{u1, w0})
	}
	if w1 > w0 {
		p = append(p, corner{u1, w1})
		if u1 > u0 {
			p = append(p, corner{u0, w1})
		}
	}
	return p
}

// linear is the function cu·u + cw·w + c.
type linear struct{ cu, cw, c float64 }

func (l linear) at(p corner) float64 { return l.cu*p.u + l.cw*p.w + l.c }

// cut returns the part of the patch where l is at most 0.
func (p patch) cut(l linear) patch {
	if len(p) == 1 {
		if l.at(p[0]) <= 0 {
			return p
		}
		return nil
	}
	out := make(patch, 0, len(p)+1)
	n := len(p)
	for i := range p {
		j := (i + 1) % n
		a, b := p[i], p[j]
		va, vb := l.at(a), l.at(b)
		if va <= 0 {
			out = append(out, a)
		}
		if n == 2 && i == 1 {
			break
		}
		if va < 0 && vb > 0 || va > 0 && vb < 0 {
			f := va / (va - vb)
			out = append(out, corner{a.u + f*(b.u-a.u), a.w + f*(b.w-a.w)})
		}
	}
	return out
}

func (p patch) centre() corner {
	var c corner
	for _, q := range p {
		c.u += q.u
		c.w += q.w
	}
	return corner{c.u / float64(len(p)), c.w / float64(len(p))}
}

// reachM returns the farthest any point of the patch is from c, in metres of arc
// of both curves.
func (p patch) reachM(c corner, rateU, rateW float64) float64 {
	far := 0.0
	for _, q := range p {
		far = max(far, math.Hypot((q.u-c.u)*rateU, (q.w-c.w)*rateW))
	}
	return far
}

// halve cuts the patch in two across its longest side, measured in metres.
func (p patch) halve(rateU, rateW float64) (patch, patch) {
	u0, u1, w0, w1 := p[0].u, p[0].u, p[0].w, p[0].w
	for _, q := range p {
		u0, u1 = min(u0, q.u), max(u1, q.u)
		w0, w1 = min(w0, q.w), max(w1, q.w)
	}
	l := linear{cu: 1, c: -(u0 + u1) / 2}
	if (w1-w0)*rateW > (u1-u0)*rateU {
		l = linear{cw: 1, c: -(w0 + w1) / 2}
	}
	return p.cut(l), p.cut(linear{-l.cu, -l.cw, -l.c})
}

// least returns the least value of l over the patch and where it is.
func (p patch) least(l linear) (float64, corner) {
	best, at := math.Inf(1), p[0]
	for _, q := range p {
		if v := l.at(q); v < best {
			best, at = v, q
		}
	}
	return best, at
}

// shortest returns where over the patch the vector (x, y) of two linear
// functions is shortest. It is a guess only as good as they are.
func (p patch) shortest(x, y linear) corner {
	best, at := math.Inf(1), p[0]
	try := func(c corner) {
		if d := math.Hypot(x.at(c), y.at(c)); d < best {
			best, at = d, c
		}
	}
	for i := range p {
		a, b := p[i], p[(i+1)%len(p)]
		ax, ay := x.at(a), y.at(a)
		dx, dy := x.at(b)-ax, y.at(b)-ay
		f := 0.0
		if dd := dx*dx + dy*dy; dd > 0 {
			f = min(1, max(0, -(ax*dx+ay*dy)/dd))
		}
		try(corner{a.u + f*(b.u-a.u), a.w + f*(b.w-a.w)})
	}
	return at
}
