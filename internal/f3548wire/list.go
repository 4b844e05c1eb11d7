package f3548wire

import (
	"errors"
	"fmt"
)

// How long lists may be. Elements may be as short as {}, so that a body would
// become many times as large in memory before anybody counted. The standard
// allows 10,000 vertices over all volumes (OPIN0020); one more of each list is
// left to who words that better.
const (
	maxExtents  = 10_001
	maxVertices = 10_001
	maxKey      = 100_001
)

// ErrKeyTooLong is the cause of a FieldError about a key of more than 100,001
// OVNs.
var ErrKeyTooLong = errors.New("the key is too long")

// shortListField reads a member that is an array of at most so many elements.
// The error about more has the cause given.
func shortListField[T, U any](name string, most int, cause error, at func(*T) *[]U, element func(*scanner, *U) error) field[T] {
	return field[T]{name, func(s *scanner, m *T) error {
		return listField(name, at, func(s *scanner, into *U) error {
			if len(*at(m)) > most {
				return &FieldError{Found: fmt.Sprintf("more than %d elements", most), Expected: "fewer", Err: cause}
			}
			return element(s, into)
		}).read(s, m)
	}}
}
