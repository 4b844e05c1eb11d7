package channel

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// spokenFile holds messages with their spoken form. The page in the browser makes
// that form by itself, and its tests are held to the same file.
const spokenFile = "../../web/test/unit/spoken.json"

// TestSpokenFile holds the file to what this program says. With
// DECONFLICT_WRITE_SPOKEN=1 it writes the file anew.
func TestSpokenFile(t *testing.T) {
	got := spokenMessages(t)
	if os.Getenv("DECONFLICT_WRITE_SPOKEN") == "1" {
		if err := os.WriteFile(spokenFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(spokenFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what this program says; where that is meant, write it anew with DECONFLICT_WRITE_SPOKEN=1, and see the page's tests", spokenFile)
	}
}

// spokenMessages makes the same messages each time, and says them.
func spokenMessages(t *testing.T) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	texts := []string{
		"ridge 7", "a  boat\nbelow", `"STOP" \ back`, "Ångström ΣΑΣ İstanbul", "no\u00a0break and\u2003em", "zero\u200bwidth", "🚁 above", "tab-free", "ＦＵＬＬ",
	}
	angle := func(most int64) int64 {
		return []int64{0, -1, 16_666, -16_667, most, -most, random.Int64N(2*most+1) - most}[random.IntN(7)]
	}
	values := []func() terms.Value{
		func() terms.Value {
			return terms.Value{Position: &declared.Point{LatE9: angle(90e9), LngE9: angle(180e9)}}
		},
		func() terms.Value {
			mm := []int64{0, 3048, -3_048_000, 1524, 1, -1, random.Int64N(2*geodesy.MaxAltitudeMM) - geodesy.MaxAltitudeMM}[random.IntN(7)]
			return terms.Value{Level: &declared.Altitude{MM: mm, Reference: []string{"W84", "AMSL"}[random.IntN(2)]}}
		},
		func() terms.Value {
			at := statement.Instant(1_930_000_000e9 + random.Int64N(1e18))
			return terms.Value{At: &at}
		},
		func() terms.Value { n := 1 + random.Int64N(1e12); return terms.Value{FrequencyHz: &n} },
		func() terms.Value { n := minPressurePa + random.Int64N(40_000); return terms.Value{PressurePa: &n} },
		func() terms.Value { n := random.Int64N(1e8); return terms.Value{LengthMM: &n} },
		func() terms.Value { n := random.Int64N(1e6); return terms.Value{Count: &n} },
		func() terms.Value { yes := random.IntN(2) == 0; return terms.Value{Yes: &yes} },
		func() terms.Value { return terms.Value{Text: &texts[random.IntN(len(texts))]} },
	}
	var out bytes.Buffer
	out.WriteString("[")
	for i := range 150 {
		m := Message{Dispatch: Dispatch{
			From: []party.ID{"heron", "", "kite-2"}[i%3], To: "kite", ToPosition: "watch", Number: random.Int64N(1e6),
			Type: TypeChange, Precedence: Precedence(1 + i%5),
		}}
		for j := range i % 7 {
			m.Fields = append(m.Fields, Field{Name: string(rune('a' + j)), Value: values[random.IntN(len(values))]()})
		}
		if i%4 == 0 {
			m.Text = texts[random.IntN(len(texts))]
		}
		if i%9 == 0 {
			m.Phrases = []string{PhraseIDs()[i/9%len(PhraseIDs())]}
		}
		line, err := json.Marshal(struct {
			Message Dispatch `json:"message"`
			Lines   []string `json:"lines"`
		}{m.Dispatch, m.Telephone()})
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteByte('\n')
		out.Write(line)
	}
	out.WriteString("\n]\n")
	return out.Bytes()
}
