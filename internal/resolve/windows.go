package resolve

import "github.com/deconflict/deconflict/internal/volume"

// pushes is how often an end that should be clear is moved inward, by steps that
// double.
const pushes = 9

// windows returns the starts at which the plan is clear when it is moved in time
// only, within the limits. They are rounded inward to a millisecond and their
// ends are found clear by the decision.
func (f *finder) windows(spans []owned) ([]Window, error) {
	lo, hi := f.delays()
	if lo == hi {
		return nil, nil
	}
	var out []Window
	add := func(from, to int64) error {
		from, to = -floorTo(-from, timeStep), floorTo(to, timeStep)
		for _, inward := range [2]int64{timeStep, -timeStep} {
			n := &from
			if inward < 0 {
				n = &to
			}
			// The spans end within microseconds of the decision.
			for k := 0; ; k++ {
				if from > to || k == pushes {
					return nil
				}
				c := volume.Change{DelayNS: *n}
				e, err := f.accept(Delay, &c)
				if err != nil {
					return err
				}
				if e != nil {
					break
				}
				*n += inward << k
			}
		}
		out = append(out, Window{f.startNS + from, f.startNS + to})
		return nil
	}
	from := lo
	for _, s := range unionOf(spans) {
		if s.Lo > hi {
			break
		}
		if s.Lo >= from {
			if err := add(from, s.Lo); err != nil {
				return nil, err
			}
		}
		from = max(from, s.Hi)
	}
	if from <= hi {
		if err := add(from, hi); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// floorTo rounds down to a multiple of step.
func floorTo(n, step int64) int64 {
	r := n % step
	if r < 0 {
		r += step
	}
	return n - r
}
