// Package fused holds what the test of the arm64 build must find: a sum that
// the compiler may fuse, and a call of a function whose bits differ between
// machines.
package fused

import "math"

// Sum may compile to one fused instruction.
func Sum(x, y, z float64) float64 { return x*y + z }

// Sine calls the library.
func Sine(x float64) float64 { return math.Sin(x) }
