package sim

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// callSigns are the parties of the scenarios as people call them.
var callSigns = map[party.ID]string{
	nc: "NC", el: "EL", hr: "HR", vc: "Varanth Control", sm: "Sandmere", aldmar: "Aldmar", mar: "Institute of Mar",
	tfa: "TFA", car: "CAR", medilift: "MediLift", ridgeline: "Ridgeline", highmoor: "Highmoor", centre: "Tarrow Centre",
}

// called is how people call a party.
func called(id party.ID) string {
	if name := callSigns[id]; name != "" {
		return name
	}
	return string(id)
}

// words says a value as people read it: times in Zulu to the tenth of a second,
// places in degrees. A yes or no is in the sentence already.
func words(v any) string {
	switch v := v.(type) {
	case nil, bool:
		return ""
	case string:
		if !strings.ContainsAny(v, " -") {
			return strings.ReplaceAll(v, "_", " ") // a word of a closed list
		}
		return v
	case statement.Instant:
		return zulu(time.Unix(0, int64(v)))
	case party.ID:
		return called(v)
	case declared.Point:
		return degrees(v)
	case fmt.Stringer:
		return v.String()
	}
	if r := reflect.ValueOf(v); r.Kind() == reflect.String {
		return strings.ReplaceAll(strings.ToLower(r.String()), "_", " ") // a word of a closed list
	}
	return fmt.Sprint(v)
}

// zulu is the time of day, with tenths of a second where there are any.
func zulu(t time.Time) string {
	t = t.UTC().Round(100 * time.Millisecond)
	if t.Nanosecond() != 0 {
		return t.Format("15:04:05.0Z")
	}
	return t.Format("15:04:05Z")
}

// degrees are a latitude and a longitude as people say them.
func degrees(p declared.Point) string {
	half := func(e9 int64, sides string) string {
		side := sides[0]
		if e9 < 0 {
			e9, side = -e9, sides[1]
		}
		return fmt.Sprintf("%.4f %c", float64(e9)/1e9, side)
	}
	return half(p.LatE9, "NS") + " " + half(p.LngE9, "EW")
}
