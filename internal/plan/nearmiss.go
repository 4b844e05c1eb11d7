package plan

import (
	"slices"
	"strings"
)

// knownProperties are the names of all properties.
var knownProperties = []string{
	propID, propVersion, propParty, propName, propKind, propType, propLower, propUpper, propStart, propEnd,
	propRadiusM, propHalfWidthM, propAltitude, propAltitudeReference, propSpeedMPS, propTimes, propOffsetsS,
	propBufferLateralM, propBufferVerticalM, propBufferTimeS, propPart, propParts, propSuppositions,
}

// meantPrefixes begin names that can hardly mean anything but a property of
// ours, with another unit or spelling: buffer_lateral_ft, radius_km.
var meantPrefixes = []string{"buffer_", "radius", "half_width", "altitude", "lower", "upper", "speed"}

// ordinaryWords are names that other programs commonly give to properties of
// their own and that are a letter away from one of ours.
var ordinaryWords = []string{"power", "tower"}

// meantProperty returns the property that a foreign name is probably meant to
// be, or "". A buffer or altitude under a name that is not read would be a
// buffer or altitude left out.
//
// A name is taken for ours when it differs in case alone, when it has one of
// meantPrefixes, or when it is a few slips of the keyboard away: one for names
// of five to seven letters, where two would take `state` for `start`, `layer`
// for `lower` and `owner` for `lower`, and two for longer ones.
func meantProperty(name string) string {
	lower := strings.ToLower(name)
	best, bestDistance := "", len(name)+1
	prefixed := slices.ContainsFunc(meantPrefixes, func(p string) bool { return strings.HasPrefix(lower, p) })
	for _, known := range knownProperties {
		if name == known {
			return ""
		}
		slips := 0
		switch {
		case len(known) >= 8:
			slips = 2
		case len(known) >= 5 && !slices.Contains(ordinaryWords, lower):
			slips = 1
		}
		if prefixed && sharesPrefix(lower, known) {
			slips = len(name) + len(known)
		}
		if slips < len(name)-len(known) || slips < len(known)-len(name) {
			continue
		}
		if d := editDistance(lower, known); d <= slips && d < bestDistance {
			best, bestDistance = known, d
		}
	}
	return best
}

func sharesPrefix(name, known string) bool {
	return slices.ContainsFunc(meantPrefixes, func(p string) bool {
		return strings.HasPrefix(name, p) && strings.HasPrefix(known, p)
	})
}

// maxNameBytes bounds the names that are compared letter by letter; no longer
// one is near one of ours.
const maxNameBytes = 64

// editDistance counts the letters to insert, delete, replace or swap with
// their neighbour to turn a into b (Damerau 1964, each stretch edited once).
func editDistance(a, b string) int {
	a = cutRunes(a, maxNameBytes)
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	next := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		for j := 1; j <= len(b); j++ {
			replace := row[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			next[j] = min(replace, row[j]+1, next[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}

// refuseNearMisses is the error for the first property whose name is not known
// but close to one that is.
func refuseNearMisses(src propertySource) error {
	for _, name := range src.given() {
		if slices.Contains(knownProperties, name) || name == propDisplayOnly {
			continue
		}
		if meant := meantProperty(name); meant != "" {
			return src.bad(cutRunes(name, 60), "a property that is not known", "the name "+meant+", or another one if that is not meant")
		}
	}
	return nil
}

// sayingMore returns the first property that says more than what a feature is
// called, or "".
func sayingMore(src propertySource) string {
	for _, name := range src.given() {
		if name != propID && name != propName && slices.Contains(knownProperties, name) {
			return name
		}
	}
	return ""
}
