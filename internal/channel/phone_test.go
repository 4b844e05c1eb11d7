package channel

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/geodesy"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

func TestTelephone(t *testing.T) {
	d := newDesk(t, "2026-03-01T07:30:00Z")
	send := crossing(d)
	send.Language, send.Text, send.Phrases = "en", "Crossing\nas agreed.", []string{"no_longer_valid"}
	m := d.message(sent(t, d.do(watchOf(east), send)).ID)
	got := m.Telephone()
	want := []string{
		"PRIORITY CROSSING-NOTICE, number 1, from eastern-league to northern-compact watch.",
		"flight E-88; cross_point 12 10.338 N 30 00.000 W; cross_time 2026-03-01 09:26:00Z; cross_level 20000 ft AMSL.",
		"My message is no longer valid. Crossing as agreed.",
		"Check word: " + CheckWord(east, north, 1, TypeCrossingNotice, m.Fields) + ".",
	}
	if !slices.Equal(got, want) {
		t.Errorf("found\n%s\nexpected\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	// Who writes down what is heard gets the same check word and the same
	// fields, within the tolerances of a read-back.
	var heard []Field
	for i, said := range strings.Split(strings.TrimSuffix(got[1], "."), "; ") {
		name, value, _ := strings.Cut(said, " ")
		f, err := ParseSpoken(name, m.Fields[i].Kind(), value)
		if err != nil {
			t.Fatal(err)
		}
		heard = append(heard, f)
	}
	heard[0] = text("flight", "e-88")
	if CheckWord(east, north, 1, TypeCrossingNotice, heard) != CheckWord(east, north, 1, TypeCrossingNotice, m.Fields) {
		t.Error("the check word of what was heard differs")
	}
	if wrong := mismatches(d.rules.ReadBack, m.Fields, heard[1:]); wrong != nil {
		t.Errorf("found the mismatches %q", wrong)
	}
	heard[2] = at("cross_time", instant(t, "2026-03-01T09:36:00Z"))
	if CheckWord(east, north, 1, TypeCrossingNotice, heard) == CheckWord(east, north, 1, TypeCrossingNotice, m.Fields) {
		t.Error("the check word does not tell 09:36 from 09:26")
	}
	if node := (&Message{Dispatch: Dispatch{To: north, ToPosition: "watch", Type: TypeWarn, Precedence: Flash}}).Telephone(); len(node) != 2 {
		t.Errorf("found %q", node)
	}
}

func TestCheckWordsDiffer(t *testing.T) {
	words := slices.Clone(checkWords[:])
	slices.Sort(words)
	if n := len(slices.Compact(words)); n != 64 {
		t.Errorf("found %d different words, expected 64", n)
	}
	seen := map[string]int{}
	const n = 20_000
	for i := range int64(n) {
		seen[CheckWord(north, east, i, TypeWarn, nil)]++
	}
	for pair, times := range seen {
		if times > 25 { // of about 5
			t.Errorf("%q comes %d times in %d", pair, times, n)
		}
	}
	if len(seen) < 3900 {
		t.Errorf("found %d pairs of 4096", len(seen))
	}
}

// What is spoken reads back as what is spoken the same, near what was meant.
func TestSpoken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lat := rapid.Int64Range(-90e9, 90e9).Draw(t, "lat")
		lng := rapid.Int64Range(-180e9, 180e9).Draw(t, "lng")
		mm := rapid.OneOf(rapid.Int64Range(-geodesy.MaxAltitudeMM, geodesy.MaxAltitudeMM), rapid.Map(rapid.Int64Range(-100, 6000), func(n int64) int64 { return n * 30_480 })).Draw(t, "mm")
		length, count := max(mm, -mm), rapid.Int64Range(0, maxCountOrHz).Draw(t, "count")
		hz := rapid.Int64Range(1, 400_000_000).Draw(t, "hz")
		pa := rapid.Int64Range(minPressurePa, maxPressurePa).Draw(t, "pa")
		when := statement.Instant(rapid.Int64Range(0, 4_000_000_000).Draw(t, "s") * second)
		yes := rapid.Bool().Draw(t, "yes")
		for _, v := range []terms.Value{
			{Position: &declared.Point{LatE9: lat, LngE9: lng}},
			{Level: &declared.Altitude{MM: mm, Reference: "AMSL"}},
			{At: &when},
			{FrequencyHz: &hz},
			{PressurePa: &pa},
			{LengthMM: &length},
			{Count: &count},
			{Yes: &yes},
		} {
			f := Field{Name: "x", Value: v}
			back, err := ParseSpoken("x", f.Kind(), f.Spoken())
			if err != nil {
				t.Fatalf("%s of %+v: %v", f.Spoken(), f, err)
			}
			if back.Spoken() != f.Spoken() {
				t.Fatalf("%q reads back as %q", f.Spoken(), back.Spoken())
			}
			if !(terms.ReadBack{PositionMM: 1_400}).Match(f.Value, back.Value) {
				t.Fatalf("%q reads back as %+v, expected %+v", f.Spoken(), back, f)
			}
		}
	})
}

func FuzzParseSpoken(f *testing.F) {
	for _, said := range []string{"12 21.600 N 29 55.800 W", "10000 ft AMSL", "123.450 MHz", "2026-03-01 09:26:00Z", "-3 m W84", "yes", "90 00.000 S 180 00.000 E", "1 ft", "1013.25 hPa"} {
		for kind := range 9 {
			f.Add(kind, said)
		}
	}
	kinds := []string{kindPosition, kindLevel, kindTime, kindFrequency, kindLength, kindCount, kindCancel, kindText, kindPressure}
	f.Fuzz(func(t *testing.T, kind int, said string) {
		if len(said) > 64<<10 || kind < 0 {
			return
		}
		field, err := ParseSpoken("x", kinds[kind%len(kinds)], said)
		if err != nil {
			return
		}
		again, err := ParseSpoken("x", kinds[kind%len(kinds)], field.Spoken())
		if err != nil || again.Spoken() != field.Spoken() {
			t.Fatalf("%q is taken as %q, which reads back as %q: %v", said, field.Spoken(), again.Spoken(), err)
		}
	})
}

// FuzzBodies: no body that the decoder and Check take makes anything panic.
func FuzzBodies(f *testing.F) {
	for _, body := range []string{
		`{"fields":[{"name":"where","position":{"lat_e9":1,"lng_e9":2}}],"precedence":"FLASH","to":{"party":"eastern-league","position":"watch"},"type":"WARN"}`,
		`{"at_risk":"people","callback":"3","where":{"text":"strip"}}`,
		`{"message":"x","method":"blind","values":[{"count":1,"name":"n"}]}`,
		`{"answer":"reply","language":"en","message":"x","text":"seen"}`,
		`{"bearer":"voice","ended":"2026-03-01T09:00:00Z","initiated":"2026-03-01T09:00:00Z","outcome":"taken","outgoing":true,"purpose":"daily","with":"eastern-league"}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 64<<10 {
			return
		}
		canonical, err := statement.Canonical(text)
		if err != nil {
			return
		}
		for _, k := range Acts {
			body := k.New()
			if statement.Unmarshal(canonical, body) != nil {
				continue
			}
			d := newDesk(t, "2026-03-01T09:00:00Z")
			_, _ = d.try(dutyOf(north), body)
			d.restart()
			for _, m := range d.st.Inbox(east, "") {
				_ = m.Telephone()
			}
		}
	})
}

// TestChecks: what no state could make right is refused at the edge, with what
// was found.
func TestChecks(t *testing.T) {
	d := newDesk(t, "2026-03-01T09:00:00Z")
	good := func() *Send { return crossing(d) }
	yes := true
	for what, change := range map[string]func(s *Send){
		"a type of another act":     func(s *Send) { s.Type = TypeStop },
		"a precedence of STOP":      func(s *Send) { s.Precedence = Stop },
		"nothing said":              func(s *Send) { s.Type, s.Fields = TypeWarn, nil },
		"a text without a language": func(s *Send) { s.Text = "seen" },
		"a language without a text": func(s *Send) { s.Language = "en" },
		"an unknown phrase":         func(s *Send) { s.Phrases = []string{"turn_back"} },
		"a control character":       func(s *Send) { s.Language, s.Text = "en", "a\x1b[2Jb" },
		"a long text":               func(s *Send) { s.Language, s.Text = "en", strings.Repeat("a", MaxTextBytes+1) },
		"a name twice":              func(s *Send) { s.Fields = append(s.Fields, s.Fields[0]) },
		"two values":                func(s *Send) { s.Fields[1].Yes = &yes },
		"no value":                  func(s *Send) { s.Fields[1].Value = terms.Value{} },
		"a latitude of 91":          func(s *Send) { s.Fields[1] = position("p", 91e9, 0) },
		"a level above what":        func(s *Send) { s.Fields[3].Level = &declared.Altitude{MM: 1, Reference: "QNH"} },
		"a crossing without a time": func(s *Send) { s.Fields = s.Fields[:2] },
		"a weaker response":         func(s *Send) { s.Response = Roger },
		"no field to read back":     func(s *Send) { s.Type, s.Response, s.Fields = TypeWarn, ReadBack, s.Fields[:1] },
		"a relay of a notice":       func(s *Send) { s.Relay = &Relay{Origin: "x", Grade: "hearsay"} },
		"a relay without origin":    func(s *Send) { s.Type, s.Response = TypeRelay, "" },
		"a relay without grade":     func(s *Send) { s.Type, s.Relay = TypeRelay, &Relay{Origin: "x"} },
		"a translation of nothing":  func(s *Send) { s.Translated = Translation{Language: "en", Text: "x", By: "l1"} },
		"no position":               func(s *Send) { s.To.Position = "" },
	} {
		s := good()
		if err := s.Check(); err != nil {
			t.Fatal(err)
		}
		change(s)
		if err := s.Check(); err == nil {
			t.Errorf("%s: taken", what)
		}
	}
	for name, k := range Acts {
		body := k.New()
		if err := body.(interface{ Check() error }).Check(); err == nil {
			t.Errorf("%s: an empty body was taken", name)
		}
		if reflect.TypeOf(body).Kind() != reflect.Pointer {
			t.Errorf("%s: found %T, expected a pointer", name, body)
		}
	}
	relay := &Send{
		To: Address{north, "watch"}, Type: TypeRelay, Precedence: Priority, Text: "Work south of the strip until 11:00.", Language: "en",
		Relay: &Relay{Origin: "sandmere", Chain: []string{"eastern-league"}, Grade: "hearsay"},
	}
	if m := sent(t, d.do(watchOf(east), relay)); m.Relay.Grade != "hearsay" || m.From != east {
		t.Errorf("found %+v, expected a report of who relays it", m)
	}
	d.refused("not-allowed", watchOf(east), &Send{To: Address{north, "watch"}, Type: TypeWarn, Precedence: Immediate, Text: "Our mission is an air strike.", Language: "en"})
	if flash := sent(t, d.do(watchOf(east), &Send{To: Address{north, "watch"}, Type: TypeWarn, Precedence: Flash, Text: "Our strike aircraft is in an emergency.", Language: "en"})); len(flash.Screened) == 0 {
		t.Error("expected a FLASH to pass, with what was found")
	}
}
