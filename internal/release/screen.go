package release

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Found is a passage of a free text that must not go to another party.
type Found struct {
	ID   string `json:"id"` // of the entry of the deny-list
	From int    `json:"from"`
	To   int    `json:"to"` // bytes of the text, From inclusive, To exclusive
	Text string `json:"text"`
}

// Entries of the deny-list. What they stand for is nobody else's business: the
// exchange is for keeping aircraft apart, and for nothing else.
const (
	DeniedPurpose  = "purpose"  // what a flight is for
	DeniedLoad     = "load"     // what it carries
	DeniedSensor   = "sensor"   // what it sees with
	DeniedTarget   = "target"   // what it is after
	DeniedStrength = "strength" // how many of what somebody has
	DeniedBase     = "base"     // where it is at home
	DeniedPerson   = "person"   // who a person is
)

// denial is an entry of the deny-list.
type denial struct {
	id      string
	pattern sieve
}

// denied holds the words and phrases of each entry, over text as fold leaves it:
// small ASCII letters and digits in words with one space between.
var denied = []denial{
	{DeniedPurpose, words(`(?:our|the|my|their) (?:mission|objective|tasking) is`, `(?:mission|sortie) (?:purpose|type|objective|tasking)s?`,
		`purpose of (?:the|our|this|my) (?:mission|flight|sortie|operation|patrol)`, `(?:air ?)?strike (?:mission|sortie|package|aircraft|group)s?`,
		`air ?strikes?`, `attack(?:s|ed|ing)?`, `assaults?`, `raids?`, `offensive`, `close air support`, `combat (?:air )?(?:patrol|mission)s?`,
		`(?:gather|gathering|collect|collecting|collection of) (?:of )?intelligence`, `intelligence (?:gathering|collection|mission|flight)s?`,
		`reconnaissance`, `recon`, `recce`, `spying`, `bombing(?: run)?s?`, `troop (?:insertion|extraction|transport|movement)s?`)},
	{DeniedLoad, words(`payloads?`, `ordnance`, `munitions?`, `ammunition`, `ammo`, `warheads?`, `bombs?`, `bomb ?loads?`, `missiles?`, `weapons?`, `weaponry`,
		`armaments?`, `armed with`, `loadouts?`, `cargo (?:manifest|list|is|of)`, `(?:our|the|my) (?:load|cargo) is`, `carrying (?:arms|explosives|cargo|rockets)`)},
	{DeniedSensor, words(`sensors?`, `cameras?`, `thermal imag(?:er|ers|ing)`, `infra ?red`, `flir`, `lidar`, `electro ?optical`, `eo ir`,
		`sigint`, `elint`, `comint`, `isr`, `synthetic aperture`, `surveillance`, `targeting pod`, `radar (?:type|mode|range) `)},
	{DeniedTarget, words(`targets?`, `targeting`, `targeted`, `retarget(?:s|ed|ing)?`, `aim ?points?`, `aiming points?`, `high value (?:individual|person|asset)s?`, `hvts?`, `hvis?`, `battle damage`)},
	{DeniedStrength, words(`(?:unit|force|squadron|troop|combat) strengths?`, `order of battle`, `orbat`, `troops?`, `soldiers?`, `fighters on the ground`, `combatants?`,
		`battalions?`, `brigades?`, `regiments?`, `platoons?`, `(?:number|count) of (?:aircraft|tanks|vehicles|guns) (?:available|based|we have|on strength)`, `manning levels?`)},
	{DeniedBase, words(`home ?(?:base|station|airfield|aerodrome|airport|port|plate)`, `(?:our|my|their|main|forward|forward operating|main operating) (?:air ?)?base`,
		`based (?:at|in|out of)`, `garrisons?`, `barracks`, `(?:depart|departs|departed|departing|launched|launching|took off|taking off) from (?:our |the )?(?:air ?)?base`, `stationed (?:at|in)`)},
}

// harmless are phrases of safety and of everyday use that hold a denied word.
var harmless = words(`heart attacks?`, `(?:initial|air|extended|indirect|direct|fire) attacks?`, `attack (?:line|the fire|on the fire)`, `panic attacks?`,
	`target (?:lead|level|altitude|time|speed|heading|date|lead times?)`, `targets? for (?:lead|notice)`,
	`fire brigades?`, `battalion chiefs?`, `(?:cloud|layer|ceiling|overcast|broken|fog|haze|inversion) based (?:at|in)`, `(?:evidence|computer|web|space|ground|satellite) based`,
	`surveillance (?:radar|service|coverage|system)`, `(?:ads b|air traffic|secondary|primary) surveillance`, `(?:pressure|altimeter|pitot|oil|fuel|temperature) sensors?`, `sensor (?:failure|fault)s?`,
	`unexploded bombs?`, `weapons? free zone`, `water bomb(?:s|er|ers|ing)?`, `bomb (?:threat|disposal)s?`)

// words compiles alternatives that match whole words.
func words(alternatives ...string) sieve {
	return sieved(`\b(?:`+strings.Join(alternatives, "|")+`)\b`, alternatives...)
}

// MaxScreenBytes is how much of a text Screen reads. Longer texts are found
// wanting as a whole: no free text of an exchange is so long.
const MaxScreenBytes = 64 << 10

// Screen returns the passages of a free text that are on the deny-list, in order.
// It sees through case, accents, letters of other scripts that look like Latin
// ones, characters that have no width, digits in the place of letters, and letters
// spelt out with spaces or dots between. It is a net, not a proof: it reads
// English, and whoever means to tell will find words. A distress call or a STOP
// must never wait for it.
func Screen(text string) []Found {
	if len(text) > MaxScreenBytes {
		return []Found{{ID: "length", From: MaxScreenBytes, To: len(text)}}
	}
	found := persons(text)
	all := readings(text)
	for i, reading := range all {
		// Of most texts all readings are one, and looking for words takes by far the
		// longest.
		if slices.ContainsFunc(all[:i], reading.same) {
			continue
		}
		plain, sifted := reading.plain, sifted(reading.plain)
		if !slices.ContainsFunc(denied, func(d denial) bool { return d.pattern.mayMatch(sifted) }) {
			continue
		}
		for _, m := range harmless.FindAllStringIndex(plain, -1) {
			plain = plain[:m[0]] + strings.Repeat("#", m[1]-m[0]) + plain[m[1]:]
		}
		for _, d := range denied {
			if !d.pattern.mayMatch(sifted) {
				continue
			}
			for _, m := range d.pattern.FindAllStringIndex(plain, -1) {
				from, to := reading.at[m[0]], reading.at[m[1]-1]+reading.width[m[1]-1]
				found = append(found, Found{d.id, from, to, text[from:to]})
			}
		}
	}
	slices.SortFunc(found, func(a, b Found) int {
		if a.From != b.From {
			return a.From - b.From
		}
		if a.To != b.To {
			return b.To - a.To
		}
		return strings.Compare(a.ID, b.ID)
	})
	// Several readings find the same passage.
	return slices.CompactFunc(found, func(a, b Found) bool { return a.ID == b.ID && b.To <= a.To })
}

// reading is one way to read a text: folded, with the place of each byte in the
// original.
type reading struct {
	plain     string
	at, width []int
}

// same reports whether two readings have the same words.
func (r reading) same(o reading) bool { return r.plain == o.plain }

// letter is a folded character of a text; 0 parts words.
type letter struct {
	c         byte
	at, width int
}

// readings returns the ways to read a text. In the first, everything that is
// neither letter nor digit parts words. In the second, single letters that stand
// alone in a row are one word. In the third, marks inside words part nothing. The
// last two also read digits among letters as the letters that they look like.
func readings(text string) []reading {
	letters := fold(text)
	joined := slices.DeleteFunc(slices.Clone(letters), func(l letter) bool { return l.c == '-' })
	return []reading{
		spaced(letters), spaced(spelt(letters)),
		spaced(leet(joined, 'i')), spaced(leet(joined, 'l')), spaced(leet(spelt(letters), 'i')),
	}
}

// fold turns a text into small ASCII letters, digits, '-' for a mark that may
// stand inside a word, and 0 for what parts words.
func fold(text string) []letter {
	letters := make([]letter, 0, len(text))
	for i, r := range text {
		width := utf8.RuneLen(r)
		if width < 0 || r == utf8.RuneError {
			width = 1
		}
		if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
			continue
		}
		c := byte(0)
		switch {
		case r < utf8.RuneSelf:
			c = asciiFold(byte(r))
		default:
			c = lookalike(r)
		}
		letters = append(letters, letter{c, i, width})
	}
	return letters
}

func asciiFold(c byte) byte {
	switch {
	case c >= 'A' && c <= 'Z':
		return c + 'a' - 'A'
	case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		return c
	case strings.IndexByte("-_.'*@$|!+", c) >= 0:
		return '-'
	}
	return 0
}

// spelt joins runs of at least four single letters, as in t a r g e t.
func spelt(letters []letter) []letter {
	parts := func(c byte) bool { return c == 0 || c == '-' }
	alone := func(i int) bool {
		return !parts(letters[i].c) && (i == 0 || parts(letters[i-1].c)) && (i+1 == len(letters) || parts(letters[i+1].c))
	}
	out := make([]letter, 0, len(letters))
	for i := 0; i < len(letters); {
		if !alone(i) {
			out = append(out, letters[i])
			i++
			continue
		}
		var run []letter
		j := i
		for j < len(letters) && alone(j) {
			run = append(run, letters[j])
			j++
			gap := j
			// One or two marks or spaces part the letters of a word.
			for gap < len(letters) && gap < j+2 && parts(letters[gap].c) {
				gap++
			}
			if gap == len(letters) || !alone(gap) {
				break
			}
			j = gap
		}
		if len(run) < 4 {
			out = append(out, letters[i])
			i++
			continue
		}
		out = append(out, run...)
		i = j
	}
	return out
}

// leet reads digits in words that have letters as the letters they look like.
func leet(letters []letter, one byte) []letter {
	as := map[byte]byte{'0': 'o', '1': one, '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b'}
	out := slices.Clone(letters)
	for i := 0; i < len(out); {
		j, mixed := i, false
		for j < len(out) && out[j].c != 0 && out[j].c != '-' {
			mixed = mixed || out[j].c >= 'a'
			j++
		}
		for ; i < j; i++ {
			if c := as[out[i].c]; mixed && c != 0 {
				out[i].c = c
			}
		}
		i++
	}
	return out
}

// spaced writes letters as words with one space between.
func spaced(letters []letter) reading {
	var r reading
	var b strings.Builder
	put := func(c byte, l letter) {
		b.WriteByte(c)
		r.at, r.width = append(r.at, l.at), append(r.width, l.width)
	}
	space := true
	for _, l := range letters {
		if l.c == 0 || l.c == '-' {
			if !space {
				put(' ', l)
			}
			space = true
			continue
		}
		put(l.c, l)
		space = false
	}
	r.plain = b.String()
	return r
}

var (
	titles = []string{
		"mr", "mrs", "ms", "dr", "capt", "captain", "col", "colonel", "lt", "lieutenant", "maj", "major", "gen", "general",
		"sgt", "sergeant", "cpl", "corporal", "cmdr", "commander", "pilot", "crew ?chief",
	}
	introductions = []string{
		"my name is", "(?:pilot|captain|officer|crew)(?:'s)? name is",
		"(?:pilot|captain|officer|man|woman|person) (?:named|called)", "i am called",
	}
)

// titled and named find persons: a title with a name behind it, or a name that is
// introduced as one.
var (
	titled = sieved(`\b(?i:`+strings.Join(titles, "|")+`)\b\.?[ \t]+(?:[A-Z]\.[ \t]*)*(\p{Lu}[\p{L}'’-]+)`, titles...)
	named  = sieved(`\b(?i:`+strings.Join(introductions, "|")+`)[ \t]+(\p{Lu}[\p{L}'’-]+)`, introductions...)
)

// notNames may follow a title and are no names.
var notNames = []string{
	"aviation", "manager", "director", "incident", "call", "reports", "reported", "report", "in", "of", "on", "at", "and", "is", "has", "will", "advised", "ok",
	"duty", "watch", "control", "radio", "emergency", "accident", "damage", "warning", "notice", "safety", "staff", "assembly", "wilco", "unable", "roger", "stop", "holding", "not", "to", "from",
}

func persons(text string) (found []Found) {
	sifted := sifted(text)
	for _, pattern := range []sieve{titled, named} {
		if !pattern.mayMatch(sifted) {
			continue
		}
		for _, m := range pattern.FindAllStringSubmatchIndex(text, -1) {
			if !slices.Contains(notNames, strings.ToLower(text[m[2]:m[3]])) {
				found = append(found, Found{DeniedPerson, m[0], m[1], text[m[0]:m[1]]})
			}
		}
	}
	return found
}

// deniedFields are names of members that no form of the project may have.
var deniedFields = []string{
	"mission", "payload", "load", "loads", "loadout", "cargo", "ordnance", "munition", "munitions", "weapon", "weapons", "armament",
	"sensor", "sensors", "camera", "cameras", "target", "targets", "strength", "base", "homebase", "garrison", "crew", "pilot", "tail",
}

// deniedWords deny a name that has one of them as a word anywhere.
var deniedWords = []string{"mission", "payload", "ordnance", "munition", "munitions", "weapon", "weapons", "armament", "sensor", "sensors", "target", "targets", "strength", "garrison"}

// deniedPairs deny a name that has both as words.
var deniedPairs = [][2]string{
	{"home", "base"},
	{"flight", "purpose"},
	{"crew", "name"},
	{"crew", "names"},
	{"pilot", "name"},
	{"pilot", "names"},
	{"captain", "name"},
	{"passenger", "names"},
	{"person", "name"},
	{"unit", "size"},
	{"tail", "number"},
}

// FieldDenied reports whether a member of that name would hold what is on the
// deny-list. Names are as in JSON, with underscores, or as in Go.
func FieldDenied(name string) bool {
	parts := fieldWords(name)
	if slices.Contains(deniedFields, strings.Join(parts, "_")) {
		return true
	}
	for _, w := range deniedWords {
		if slices.Contains(parts, w) {
			return true
		}
	}
	for _, p := range deniedPairs {
		if slices.Contains(parts, p[0]) && slices.Contains(parts, p[1]) {
			return true
		}
	}
	return false
}

// fieldWords splits snake_case, kebab-case and CamelCase into small words.
func fieldWords(name string) []string {
	var b strings.Builder
	low := false
	for _, r := range name {
		if unicode.IsUpper(r) && low {
			b.WriteByte(' ')
		}
		low = unicode.IsLower(r) || unicode.IsDigit(r)
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			r = ' '
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return strings.Fields(b.String())
}
