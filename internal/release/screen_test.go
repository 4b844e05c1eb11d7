package release

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// plainList is what a deny-list without folding does: it looks for the words.
func plainList(text string) bool {
	for _, w := range []string{"target", "payload", "sensor", "mission", "home base", "strength"} {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}

var bad = map[string]string{
	"the target is the bridge":                           DeniedTarget,
	"we are targeting the northern bank":                 DeniedTarget,
	"TARGETS in the valley":                              DeniedTarget,
	"t a r g e t at the river":                           DeniedTarget,
	"t.a.r.g.e.t at the river":                           DeniedTarget,
	"tar\u200bget at the river":                          DeniedTarget,
	"tаrgеt at the river":                                DeniedTarget, // Cyrillic letters
	"ｔａｒｇｅｔ at the river":                                DeniedTarget,
	"𝐭𝐚𝐫𝐠𝐞𝐭 at the river":                                DeniedTarget,
	"t4rg3t at the river":                                DeniedTarget,
	"tar-get at the river":                               DeniedTarget,
	"tárgét at the river":                                DeniedTarget,
	"ta\u0301rget at the river":                          DeniedTarget,
	"Our mission is to observe the road":                 DeniedPurpose,
	"purpose of this flight: photographs":                DeniedPurpose,
	"airstrike at nine":                                  DeniedPurpose,
	"attack from the east":                               DeniedPurpose,
	"reconnaissance along the coast":                     DeniedPurpose,
	"payload two cameras":                                DeniedLoad,
	"pay1oad two boxes":                                  DeniedLoad,
	"armed with rockets":                                 DeniedLoad,
	"carrying explosives":                                DeniedLoad,
	"thermal imager on board":                            DeniedSensor,
	"ISR until noon":                                     DeniedSensor,
	"sensor footprint covers the town":                   DeniedSensor,
	"unit strength is low":                               DeniedStrength,
	"forty soldiers near the ford":                       DeniedStrength,
	"two battalions on the road":                         DeniedStrength,
	"flying back to our home base":                       DeniedBase,
	"the squadron is based at Ostrel":                    DeniedBase,
	"departing from our base at six":                     DeniedBase,
	"speak to Capt. Vale":                                DeniedPerson,
	"speak to Colonel R. Tamsin":                         DeniedPerson,
	"my name is Orla":                                    DeniedPerson,
	"Pilot Marek is tired":                               DeniedPerson,
	"we see them\u2060; tar\u00adget is near the bridge": DeniedTarget,
}

var good = []string{
	"Aircraft low over the hospital, people at risk, stop.",
	"Holding mine outside the seven mile ring.",
	"Crossing the line westbound at level two one zero, time zero nine two six.",
	"Cloud base two thousand feet, visibility five kilometres.",
	"Cloud layer based at 3000 ft.",
	"Signal strength two, readability three.",
	"Bird strike on departure, returning to the field.",
	"Lightning strike, both radios failed.",
	"Patient with a heart attack on board, landing at the clinic.",
	"Initial attack on the fire from the north, air attack has the frequency.",
	"Fire brigade on scene, battalion chief in charge.",
	"The notice was loaded in planning by six cells.",
	"Target lead time is 48 h, this came 2 h before.",
	"Your position and the place name disagree. Please confirm.",
	"Altimeter sensor failed, level unreliable.",
	"Sensor failure: altitude unreliable.",
	"Secondary surveillance radar out of service.",
	"Readback correct. Wilco.",
	"Unable, descending due to icing.",
	"Request you confirm frequency 123.450.",
	"Drone seen at about 3400 ft, grey, about one metre, operator not seen.",
	"No reply from the watch, calling the duty director by voice.",
	"Sling load below the helicopter, 30 m long line.",
	"General aviation traffic in the valley.",
	"Captain reports the crew first saw the other at one mile.",
	"Twelve persons to be evacuated, two stretchers.",
	"This is a major incident. Stand by.",
	"N204A is turning back east, estimated clear at 09:19:21.",
	"Position is based on the satellite fix.",
	"The missing drone is ours; link lost, flying home.",
	"Medical flight, not excluded, contact required.",
	"GPS jamming reported in the area.",
	"Unexploded bomb found, area closed.",
	"Water bombers working, keep clear.",
	"Passing the line at one mile, a b c readable.",
}

func TestA3Screen(t *testing.T) {
	passed := 0
	for text, id := range bad {
		if !plainList(text) {
			passed++
		}
		found := Screen(text)
		if !slices.ContainsFunc(found, func(f Found) bool { return f.ID == id }) {
			t.Errorf("%q: found %v, want %s", text, found, id)
		}
	}
	if passed == 0 {
		t.Error("a plain list of words catches all of this too, so the test shows nothing")
	}
	for _, text := range good {
		if found := Screen(text); len(found) > 0 {
			t.Errorf("%q: found %v, want nothing", text, found)
		}
	}
}

// However a denied word is dressed, it is found, and the place is told.
func TestScreenDressed(t *testing.T) {
	dress := []string{"\u200b", "\u00ad", "\u2060", "\u0301", "\ufeff"}
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom([]string{"target", "payload", "ordnance", "reconnaissance", "thermal imager", "home base", "unit strength"}).Draw(t, "word")
		before := rapid.SampledFrom(good).Draw(t, "before")
		after := rapid.SampledFrom(good).Draw(t, "after")
		var b strings.Builder
		for _, r := range word {
			options := []rune(string(r) + strings.ToUpper(string(r)) + alike[byte(r)])
			b.WriteRune(rapid.SampledFrom(options).Draw(t, "letter"))
			if rapid.Bool().Draw(t, "dress") {
				b.WriteString(rapid.SampledFrom(dress).Draw(t, "mark"))
			}
		}
		text := before + " " + b.String() + " " + after
		found := Screen(text)
		from := len(before) + 1
		if !slices.ContainsFunc(found, func(f Found) bool { return f.From <= from && f.To >= from+len(b.String())-3 && f.From >= from-1 }) {
			t.Fatalf("%q: found %v, want the place of %q", text, found, b.String())
		}
	})
}

func FuzzScreen(f *testing.F) {
	for text := range bad {
		f.Add(text)
	}
	for _, text := range good {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 64<<10 {
			return
		}
		passes(t, text)
		for _, r := range readings(text) {
			passes(t, r.plain)
		}
		last := 0
		for _, found := range Screen(text) {
			if found.From < last || found.To <= found.From || found.To > len(text) || text[found.From:found.To] != found.Text {
				t.Fatalf("found %+v in %d bytes, after %d", found, len(text), last)
			}
			last = found.From
			if utf8.ValidString(text) && !utf8.ValidString(found.Text) {
				t.Fatalf("%q cuts a character", found.Text)
			}
		}
	})
}

func TestFieldDenied(t *testing.T) {
	for _, name := range []string{"mission", "mission_type", "flightPurpose", "payload", "payload_kg", "load", "sensor", "sensor_type", "target", "target_id", "Targets", "unit_strength", "home_base", "HomeBase", "base", "crew", "crew_names", "pilot_name", "tail_number"} {
		if !FieldDenied(name) {
			t.Errorf("%s is allowed", name)
		}
	}
	for _, name := range []string{"id", "party", "person", "purpose", "loaded_ns", "loaded", "crew_report", "persons_band", "lateral_mm", "contact", "database", "position", "baseline", "name", "names", "payment"} {
		if FieldDenied(name) {
			t.Errorf("%s is denied", name)
		}
	}
}
