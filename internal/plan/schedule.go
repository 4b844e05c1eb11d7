package plan

import (
	"fmt"
	"slices"
	"time"

	"github.com/deconflict/deconflict/internal/volume"
)

// maxDays bounds the span in which recurring schedules are written out.
const maxDays = 4000

// windows returns when a schedule is in force.
func (r *itemResolver) windows(s *Schedule) ([]volume.Window, error) {
	always := volume.Window{StartNS: volume.AlwaysNS, EndNS: volume.ForeverNS}
	switch {
	case s.Always:
		return []volume.Window{always}, nil
	case len(s.Windows) == 0 && len(s.Recurring) == 0 && len(s.Offsets) == 0:
		return r.givenWindow()
	}
	out := slices.Clone(s.Windows)
	for _, o := range s.Offsets {
		if r.opt.Start.IsZero() {
			return nil, ErrNeedStart
		}
		r.supposeStart()
		out = append(out, volume.Window{
			StartNS: instantNS(r.opt.Start.Add(o.From)),
			EndNS:   instantNS(r.opt.Start.Add(o.To)),
		})
	}
	recurring, err := r.recurring(s.Recurring)
	if err != nil {
		return nil, err
	}
	return append(out, recurring...), nil
}

// givenWindow is the window of an area without a clock.
func (r *itemResolver) givenWindow() ([]volume.Window, error) {
	switch {
	case r.opt.Start.IsZero() && r.opt.Duration <= 0:
		return nil, errNeedWindow{}
	case r.opt.Start.IsZero():
		return nil, ErrNeedStart
	case r.opt.Duration <= 0:
		return nil, ErrNeedDuration
	}
	r.supposeStart()
	r.given.addf("duration %s given, as the file has no clock", r.opt.Duration)
	return []volume.Window{{
		StartNS: instantNS(r.opt.Start),
		EndNS:   instantNS(r.opt.Start.Add(r.opt.Duration)),
	}}, nil
}

// supposeWrittenOut names no span, so that the verdict about a pair does not
// change with the times of other plans.
const supposeWrittenOut = "recurring periods written out for the whole UTC days of the comparison only"

const supposeNotInForce = "not in force on the UTC days of the comparison"

// wholeUTCDays widens a window to whole UTC days: what is written out then
// changes with the set of days alone.
func wholeUTCDays(w volume.Window) volume.Window {
	first, last := floorDay(w.StartNS), floorDay(w.EndNS)
	if w.EndNS > last*int64(day) {
		last++
	}
	return volume.Window{StartNS: first * int64(day), EndNS: last * int64(day)}
}

// recurring writes out recurring periods within the days of the horizon: those
// that reach into them, whole, joined where they meet or overlap.
func (r *itemResolver) recurring(list []Recurrence) ([]volume.Window, error) {
	var out []volume.Window
	for _, rec := range list {
		if wholeDays(rec) {
			out = append(out, rec.Outer)
			continue
		}
		h := r.opt.Horizon
		if h == (volume.Window{}) || max(h.StartNS, rec.Outer.StartNS) <= volume.AlwaysNS || min(h.EndNS, rec.Outer.EndNS) >= volume.ForeverNS {
			return nil, ErrNeedHorizon
		}
		h = wholeUTCDays(h)
		h = volume.Window{StartNS: max(h.StartNS, rec.Outer.StartNS), EndNS: min(h.EndNS, rec.Outer.EndNS)}
		if h.EndNS <= h.StartNS {
			continue
		}
		first, last := floorDay(h.StartNS)-1, floorDay(h.EndNS)
		if last-first > maxDays {
			return nil, fmt.Errorf("a recurring schedule over %d days, expected at most %d", last-first, maxDays)
		}
		r.general.addf(supposeWrittenOut)
		for d := first; d <= last; d++ {
			if w, ok := periodOn(rec, d); ok && w.StartNS < h.EndNS && w.EndNS > h.StartNS {
				out = append(out, w)
			}
		}
	}
	return joinWindows(out), nil
}

// wholeDays tells whether a recurrence is in force without a break.
func wholeDays(r Recurrence) bool {
	return r.From == r.To%day && (len(r.Days) == 0 || len(uniqueDays(r.Days)) == 7)
}

// floorDay returns the number of the day since 1970 that holds an instant.
func floorDay(ns int64) int64 {
	d := ns / int64(day)
	if ns%int64(day) < 0 {
		d--
	}
	return d
}

// periodOn returns the period that begins on the day of the given number,
// within the outer window.
func periodOn(r Recurrence, number int64) (volume.Window, bool) {
	weekday := time.Weekday(((number+4)%7 + 7) % 7) // 1970-01-01 was a Thursday
	if len(r.Days) > 0 && !slices.Contains(r.Days, weekday) {
		return volume.Window{}, false
	}
	length := r.To - r.From
	if length <= 0 {
		length += day
	}
	start := number*int64(day) + int64(r.From)
	w := volume.Window{
		StartNS: max(start, r.Outer.StartNS),
		EndNS:   min(start+int64(length), r.Outer.EndNS),
	}
	return w, w.EndNS > w.StartNS
}

// joinWindows sorts windows and joins those that meet or overlap.
func joinWindows(windows []volume.Window) []volume.Window {
	slices.SortFunc(windows, func(a, b volume.Window) int {
		switch {
		case a.StartNS < b.StartNS:
			return -1
		case a.StartNS > b.StartNS:
			return 1
		}
		return 0
	})
	out := windows[:0]
	for _, w := range windows {
		if n := len(out); n > 0 && w.StartNS <= out[n-1].EndNS {
			out[n-1].EndNS = max(out[n-1].EndNS, w.EndNS)
			continue
		}
		out = append(out, w)
	}
	return out
}
