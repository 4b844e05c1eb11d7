// Package faults attacks the real program: its tests build it, run `deconflict
// serve` and kill it under load, let the system calls of its journal fail, fill
// its disk, damage its files, trace what it syncs before it answers, and hold
// the histories that its clients saw against a model.
//
// The tests run in a short form with all others. Environment:
//
//	DECONFLICT_FAULTS   not empty: the long form, some minutes; a number is the
//	                    rounds of kill -9 (200 when it is 1)
package faults
