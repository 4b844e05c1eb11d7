package channel

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// The spoken form of a message is for a telephone: at most three lines and a
// check word. Fields are said without any language: positions in degrees and
// thousandths of a minute, which is 1.9 m of latitude; levels in feet or metres;
// times to the second.

// Telephone returns the message as it is read out: who says what to whom; the
// fields; the phrases and the text, if any; and, always last, the check word.
func (m *Message) Telephone() []string {
	from := string(m.From)
	if from == "" {
		from = "the node"
	}
	lines := []string{fmt.Sprintf("%s %s, number %d, from %s to %s %s.", m.Precedence, m.Type, m.Number, from, m.To, m.ToPosition)}
	if len(m.Fields) > 0 {
		said := make([]string, len(m.Fields))
		for i, f := range m.Fields {
			said[i] = f.Name + " " + f.Spoken()
		}
		lines = append(lines, strings.Join(said, "; ")+".")
	}
	var rest []string
	for _, id := range m.Phrases {
		rest = append(rest, phrases[id].Texts["en"])
	}
	if m.Text != "" {
		rest = append(rest, strings.ReplaceAll(m.Text, "\n", " "))
	}
	if len(rest) > 0 {
		lines = append(lines, strings.Join(rest, " "))
	}
	return append(lines, "Check word: "+CheckWord(m.From, m.To, m.Number, m.Type, m.Fields)+".")
}

// checkWords are short, common, and unlike each other and the spelling alphabet.
var checkWords = [64]string{
	"amber", "anchor", "apple", "basket", "beacon", "bottle", "bridge", "butter",
	"candle", "carpet", "cherry", "copper", "cotton", "dragon", "eagle", "engine",
	"family", "feather", "flower", "forest", "garden", "ginger", "guitar", "hammer",
	"harbour", "island", "jacket", "jungle", "kettle", "kitchen", "ladder", "lantern",
	"lemon", "marble", "meadow", "mirror", "monkey", "needle", "nickel", "orange",
	"palace", "pepper", "pillow", "planet", "pocket", "rabbit", "ribbon", "river",
	"saddle", "silver", "spider", "sugar", "summer", "table", "thunder", "tiger",
	"tunnel", "turtle", "valley", "velvet", "violin", "window", "winter", "yellow",
}

// CheckWord returns the check word of a message, which is a pair of words: each
// end makes it of what it has before it, and one that differs tells, 4095 times
// in 4096, that something else was heard. It is made of the spoken form, so that
// who writes down what is said gets the same. It is no proof of who speaks.
func CheckWord(from, to party.ID, number int64, t Type, fields []Field) string {
	h := sha256.New()
	fmt.Fprintf(h, "deconflict check word\n%q %q %d %s\n", string(from), string(to), number, t)
	for _, f := range fields {
		fmt.Fprintf(h, "%q %q\n", f.Name, strings.ToLower(f.Spoken()))
	}
	n := binary.BigEndian.Uint16(h.Sum(nil))
	return checkWords[n>>6&63] + " " + checkWords[n&63]
}

// Spoken returns the value as it is read out.
func (f Field) Spoken() string {
	switch {
	case f.Position != nil:
		return spokenAngle(f.Position.LatE9, 'N', 'S') + " " + spokenAngle(f.Position.LngE9, 'E', 'W')
	case f.Level != nil:
		return spokenLength(f.Level.MM) + " " + f.Level.Reference
	case f.At != nil:
		return time.Unix(0, int64(*f.At)).UTC().Round(time.Second).Format(spokenTime)
	case f.FrequencyHz != nil:
		return spokenDecimals(*f.FrequencyHz, 6, 3) + " MHz"
	case f.PressurePa != nil:
		return spokenDecimals(*f.PressurePa, 2, 0) + " hPa"
	case f.LengthMM != nil:
		return spokenLength(*f.LengthMM)
	case f.Count != nil:
		return strconv.FormatInt(*f.Count, 10)
	case f.Yes != nil && *f.Yes:
		return "yes"
	case f.Yes != nil:
		return "no"
	case f.Text != nil:
		return strings.Join(strings.Fields(*f.Text), " ")
	}
	return "not given"
}

const spokenTime = "2006-01-02 15:04:05Z"

// e9PerMilliminute3 is a thousandth of a minute of arc in 1e-9 degree, times
// three to be whole.
const e9PerMilliminute3 = 50_000

func spokenAngle(e9 int64, positive, negative byte) string {
	thousandths := (max(e9, -e9)*3 + e9PerMilliminute3/2) / e9PerMilliminute3
	side := positive
	if e9 < 0 && thousandths > 0 {
		side = negative
	}
	return fmt.Sprintf("%d %02d.%03d %c", thousandths/60_000, thousandths/1000%60, thousandths%1000, side)
}

// spokenLength returns a length in feet where it is whole feet, in metres
// elsewhere.
func spokenLength(mm int64) string {
	if mm*10%3048 == 0 && mm != 0 {
		return strconv.FormatInt(mm*10/3048, 10) + " ft"
	}
	return spokenDecimals(mm, 3, 0) + " m"
}

// spokenDecimals returns n times 10 to the power of -places, with no more zeros
// at the end than least places take.
func spokenDecimals(n int64, places, least int) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	digits := fmt.Sprintf("%0*d", places+1, n)
	whole, part := digits[:len(digits)-places], digits[len(digits)-places:]
	for len(part) > least && part[len(part)-1] == '0' {
		part = part[:len(part)-1]
	}
	if part == "" {
		return sign + whole
	}
	return sign + whole + "." + part
}

// ParseSpoken reads a value of a kind, as terms.Value names it, from its spoken
// form: what somebody writes down from a telephone.
func ParseSpoken(name, kind, said string) (Field, error) {
	f := Field{Name: name}
	words := strings.Fields(said)
	bad := func(expected string) (Field, error) {
		return Field{}, fmt.Errorf("%s: found %.80q, expected %s", name, said, expected)
	}
	switch kind {
	case kindPosition:
		if len(words) != 6 {
			return bad("a position as 12 21.600 N 29 55.800 W")
		}
		lat, okLat := parseAngle(words[:3], "N", "S", 90)
		lng, okLng := parseAngle(words[3:], "E", "W", 180)
		if !okLat || !okLng {
			return bad("a position as 12 21.600 N 29 55.800 W")
		}
		f.Position = &declared.Point{LatE9: lat, LngE9: lng}
	case kindLevel:
		mm, ok := int64(0), false
		if len(words) == 3 {
			mm, ok = parseLength(words[:2])
		}
		if !ok {
			return bad("a level as 10000 ft AMSL or 3050 m W84")
		}
		f.Level = &declared.Altitude{MM: mm, Reference: words[2]}
	case kindTime:
		at, err := time.Parse(spokenTime, strings.Join(words, " "))
		if err != nil || at.Year() < 1900 || at.Year() > 2200 {
			return bad("a time as 2026-03-01 09:26:00Z")
		}
		ns := statement.Instant(at.UnixNano())
		f.At = &ns
	case kindFrequency:
		if len(words) != 2 || words[1] != "MHz" {
			return bad("a frequency as 123.450 MHz")
		}
		hz, ok := parseDecimals(words[0], 6)
		if !ok {
			return bad("a frequency as 123.450 MHz")
		}
		f.FrequencyHz = &hz
	case kindPressure:
		pa, ok := int64(0), false
		if len(words) == 2 && words[1] == "hPa" {
			pa, ok = parseDecimals(words[0], 2)
		}
		if !ok {
			return bad("a pressure as 1013.25 hPa")
		}
		f.PressurePa = &pa
	case kindLength:
		mm, ok := parseLength(words)
		if !ok {
			return bad("a length as 9260 m")
		}
		f.LengthMM = &mm
	case kindCount:
		n, err := strconv.ParseInt(strings.Join(words, " "), 10, 64)
		if err != nil {
			return bad("a number")
		}
		f.Count = &n
	case kindCancel:
		yes := said == "yes"
		if !yes && said != "no" {
			return bad("yes or no")
		}
		f.Yes = &yes
	case kindText:
		text := strings.Join(words, " ")
		f.Value = terms.Value{Text: &text}
	default:
		return bad("a kind of value")
	}
	return f, f.check()
}

func parseAngle(words []string, positive, negative string, most int64) (e9 int64, ok bool) {
	degrees, err := strconv.ParseInt(words[0], 10, 16)
	thousandths, okMinutes := parseDecimals(words[1], 3)
	if err != nil || !okMinutes || degrees < 0 || thousandths < 0 || thousandths >= 60_000 {
		return 0, false
	}
	e9 = ((degrees*60_000+thousandths)*e9PerMilliminute3 + 1) / 3
	if e9 > most*1e9 {
		return 0, false
	}
	switch words[2] {
	case positive:
		return e9, true
	case negative:
		return -e9, true
	}
	return 0, false
}

func parseLength(words []string) (mm int64, ok bool) {
	if len(words) != 2 {
		return 0, false
	}
	switch words[1] {
	case "ft":
		ft, err := strconv.ParseInt(words[0], 10, 64)
		if err != nil || ft > math.MaxInt64/3048 || ft < -math.MaxInt64/3048 || ft*3048%10 != 0 {
			return 0, false
		}
		return ft * 3048 / 10, true
	case "m":
		return parseDecimals(words[0], 3)
	}
	return 0, false
}

// parseDecimals reads a decimal number as an integer of the last of its places.
func parseDecimals(s string, places int) (n int64, ok bool) {
	whole, part, _ := strings.Cut(s, ".")
	if len(part) > places || strings.ContainsAny(part, "+-") || whole == "" || len(whole) > 12 {
		return 0, false
	}
	n, err := strconv.ParseInt(whole+part+strings.Repeat("0", places-len(part)), 10, 64)
	return n, err == nil
}
