// Package release says what of a party's data is shown to whom.
package release
