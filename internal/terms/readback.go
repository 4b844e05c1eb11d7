package terms

import (
	"strings"
	"unicode"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/statement"
)

// Value is one critical field of a message, as it was sent or as it was said
// back: exactly one of its members.
type Value struct {
	Position    *declared.Point    `json:"position,omitempty"`
	Level       *declared.Altitude `json:"level,omitempty"`
	At          *statement.Instant `json:"at,omitempty"`
	FrequencyHz *int64             `json:"frequency_hz,omitempty"`
	PressurePa  *int64             `json:"pressure_pa,omitempty"` // an altimeter setting
	LengthMM    *int64             `json:"length_mm,omitempty"`
	Count       *int64             `json:"count,omitempty"`
	Yes         *bool              `json:"yes,omitempty"`  // as: it is cancelled
	Text        *string            `json:"text,omitempty"` // call signs, ids
}

// Kind returns the name of the member that is set; empty unless it is one.
func (v Value) Kind() (kind string) {
	for name, set := range map[string]bool{
		"position": v.Position != nil, "level": v.Level != nil, "at": v.At != nil,
		"frequency_hz": v.FrequencyHz != nil, "pressure_pa": v.PressurePa != nil, "length_mm": v.LengthMM != nil,
		"count": v.Count != nil, "yes": v.Yes != nil, "text": v.Text != nil,
	} {
		if set && kind != "" {
			return ""
		}
		if set {
			kind = name
		}
	}
	return kind
}

// Match reports whether what was said back is what was sent: positions, levels
// and times within the tolerances, all else exactly. Levels above different
// references never match, nor do values of different kinds. Texts are compared
// without case, white space and punctuation, but for that inside numbers: they
// may have been spoken.
func (r ReadBack) Match(sent, back Value) bool {
	kind := sent.Kind()
	if kind == "" || kind != back.Kind() {
		return false
	}
	switch kind {
	case "position":
		p, err := sent.Position.LatLng()
		q, errBack := back.Position.LatLng()
		if err != nil || errBack != nil {
			return false
		}
		distanceM, _, _ := geodesy.Inverse(p, q)
		return distanceM*1000 <= float64(r.PositionMM)
	case "level":
		return sent.Level.Reference == back.Level.Reference && within(sent.Level.MM, back.Level.MM, r.LevelMM)
	case "at":
		return within(int64(*sent.At), int64(*back.At), r.TimeNS)
	case "frequency_hz":
		return *sent.FrequencyHz == *back.FrequencyHz
	case "pressure_pa":
		return *sent.PressurePa == *back.PressurePa
	case "length_mm":
		return *sent.LengthMM == *back.LengthMM
	case "count":
		return *sent.Count == *back.Count
	case "yes":
		return *sent.Yes == *back.Yes
	}
	spoken := plain(*sent.Text)
	return spoken != "" && spoken == plain(*back.Text)
}

// within reports whether a and b are at most tolerance apart, whatever they are.
func within(a, b, tolerance int64) bool {
	if a < b {
		a, b = b, a
	}
	return uint64(a)-uint64(b) <= uint64(max(tolerance, 0))
}

// plain keeps letters and digits, in lower case, and what parts two digits of a
// number.
func plain(s string) string {
	var b strings.Builder
	runes := []rune(s)
	for i, r := range runes {
		parts := strings.ContainsRune(".,:/", r) && i > 0 && i+1 < len(runes) &&
			unicode.IsDigit(runes[i-1]) && unicode.IsDigit(runes[i+1])
		if unicode.IsLetter(r) || unicode.IsDigit(r) || parts {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}
