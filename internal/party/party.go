// Package party names the independent operators and authorities that share
// airspace.
package party

// ID names a party. It is the `sub` claim of the party's tokens and the manager
// of what it declares, so it is compared byte for byte.
type ID string

// MaxIDBytes is the length of the longest id.
const MaxIDBytes = 256

// Valid reports whether the id is 1 to MaxIDBytes printable ASCII characters
// other than the space. Anything else could be mistaken for another id when it
// is read, or cut apart where ids stand in a list.
func (id ID) Valid() bool {
	if len(id) == 0 || len(id) > MaxIDBytes {
		return false
	}
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return false
		}
	}
	return true
}
