package channel

import (
	"fmt"
	"slices"
	"unicode"

	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/terms"
)

// Kinds of value of a field, as terms.Value names them. Each is something that
// is so or will be: there is no kind that tells a receiver what to do.
const (
	kindPosition  = "position"
	kindLevel     = "level"
	kindTime      = "at"
	kindFrequency = "frequency_hz"
	kindPressure  = "pressure_pa"
	kindLength    = "length_mm"
	kindCount     = "count"
	kindCancel    = "yes" // that something of the sender's is cancelled
	kindText      = "text"
)

// criticalKinds are those that have to be read back.
var criticalKinds = []string{kindPosition, kindLevel, kindTime, kindFrequency, kindPressure, kindLength, kindCancel}

// Field is one named value of a message.
type Field struct {
	Name string `json:"name"` // unique in its message: a-z, 0-9 and _, up to 40
	terms.Value
}

// Critical reports whether the field is read back where its message is.
func (f Field) Critical() bool { return slices.Contains(criticalKinds, f.Kind()) }

// Limits of what acts hold.
const (
	MaxTextBytes   = 4000
	MaxFields      = 32
	maxNameBytes   = 40
	maxValueBytes  = 400
	maxShortBytes  = 200 // positions, bearers, call signs
	maxPhrases     = 16
	maxRelay       = 8
	maxCountOrHz   = int64(1) << 50
	maxLanguageLen = 35 // of a BCP 47 tag
)

// Altimeter settings are within these, with room beyond the lowest and highest
// pressures that were ever measured at sea level, 870 and 1,084 hPa: a choice of
// this program that catches other units.
const (
	minPressurePa = 80_000
	maxPressurePa = 120_000
)

func checkFields(fields []Field) error {
	if len(fields) > MaxFields {
		return fmt.Errorf("fields: found %d, expected at most %d", len(fields), MaxFields)
	}
	for i := range fields {
		if err := fields[i].check(); err != nil {
			return fmt.Errorf("fields[%d]: %w", i, err)
		}
		for _, before := range fields[:i] {
			if before.Name == fields[i].Name {
				return fmt.Errorf("fields[%d]: found the name %q twice, expected each once", i, before.Name)
			}
		}
	}
	return nil
}

func (f *Field) check() error {
	if !isName(f.Name) {
		return fmt.Errorf("name: found %.64q, expected 1 to %d of a-z, 0-9 and _", f.Name, maxNameBytes)
	}
	switch kind := f.Kind(); kind {
	case "":
		return fmt.Errorf("%s: expected exactly one value", f.Name)
	case kindPosition:
		if _, err := f.Position.LatLng(); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	case kindLevel:
		if r := f.Level.Reference; r != "W84" && r != "AMSL" {
			return fmt.Errorf("%s: found the reference %.16q, expected W84 or AMSL", f.Name, r)
		}
		if mm := f.Level.MM; mm < -geodesy.MaxAltitudeMM || mm > geodesy.MaxAltitudeMM {
			return fmt.Errorf("%s: found the level %d mm, expected at most %d mm either way", f.Name, mm, int64(geodesy.MaxAltitudeMM))
		}
	case kindFrequency:
		return checkRange(f.Name, *f.FrequencyHz, 1, maxCountOrHz)
	case kindPressure:
		return checkRange(f.Name, *f.PressurePa, minPressurePa, maxPressurePa)
	case kindLength:
		return checkRange(f.Name, *f.LengthMM, 0, maxCountOrHz)
	case kindCount:
		return checkRange(f.Name, *f.Count, 0, maxCountOrHz)
	case kindText:
		return checkText(f.Name, *f.Text, 1, maxValueBytes)
	}
	return nil
}

func checkRange(name string, n, least, most int64) error {
	if n < least || n > most {
		return fmt.Errorf("%s: found %d, expected %d to %d", name, n, least, most)
	}
	return nil
}

func checkText(name, text string, least, most int) error {
	if len(text) < least || len(text) > most {
		return fmt.Errorf("%s: found %d bytes, expected %d to %d", name, len(text), least, most)
	}
	for _, r := range text {
		if unicode.IsControl(r) && r != '\n' {
			return fmt.Errorf("%s: found the control character %U, expected none but line feeds", name, r)
		}
	}
	return nil
}

// isName reports whether s is 1 to maxNameBytes of a-z, 0-9 and _.
func isName(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= maxNameBytes
}

// isTag reports whether s has the form of a BCP 47 language tag.
func isTag(s string) bool {
	run := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '-':
			if run == 0 {
				return false
			}
			run = 0
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
			run++
		default:
			return false
		}
	}
	return run > 0 && len(s) >= 2 && len(s) <= maxLanguageLen
}

// mismatches returns the names of the critical fields of which values has no
// match, and of values that are not among them, in order of the message.
func mismatches(rule terms.ReadBack, sent, values []Field) (names []string) {
	for _, f := range sent {
		if !f.Critical() {
			continue
		}
		i := slices.IndexFunc(values, func(v Field) bool { return v.Name == f.Name })
		if i < 0 || !rule.Match(f.Value, values[i].Value) {
			names = append(names, f.Name)
		}
	}
	for _, v := range values {
		if !slices.ContainsFunc(sent, func(f Field) bool { return f.Name == v.Name && f.Critical() }) {
			names = append(names, v.Name)
		}
	}
	return names
}
