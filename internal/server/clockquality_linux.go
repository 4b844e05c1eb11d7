package server

import "syscall"

// timeError is the state of a clock that nothing keeps to the time (adjtimex(2)).
const timeError = 5

// staUnsync is the bit of the status that says so too.
const staUnsync = 0x40

// systemClock asks the kernel whether the clock is synchronised, and how far it
// is off at most.
func systemClock() (synchronised *bool, errorMS *int64) {
	var t syscall.Timex // all zero: nothing is set
	state, err := syscall.Adjtimex(&t)
	if err != nil {
		return nil, nil // a sandbox may forbid even to ask
	}
	yes := state != timeError && t.Status&staUnsync == 0
	if !yes {
		return &yes, nil // the kernel's bound only grows then, and means nothing
	}
	ms := (int64(t.Maxerror) + 999) / 1000 // microseconds
	return &yes, &ms
}
