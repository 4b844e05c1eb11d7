package terms

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "sim", "texts", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func text(t testing.TB, name string) *Text {
	t.Helper()
	parsed, err := Parse(fixture(t, name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return parsed
}

// clause returns the clause with an id, to be changed.
func (t *Text) clause(id string) *Clause {
	return &t.Clauses[slices.IndexFunc(t.Clauses, func(c Clause) bool { return c.ID == id })]
}

var fixtures = []string{"varanth-v1", "varanth-v2", "varanth-v3", "varanth-v4", "varanth-floor", "tarrow"}

// The negotiation of the basin: what is open when, and what changed.
func TestVaranthNegotiation(t *testing.T) {
	v := []*Text{text(t, "varanth-v1"), text(t, "varanth-v2"), text(t, "varanth-v3"), text(t, "varanth-v4")}
	for i := 1; i < len(v); i++ {
		if err := Follows(v[i-1], v[i]); err != nil {
			t.Errorf("version %d: %v", i+1, err)
		}
	}
	if got := v[2].Unset(); !slices.Equal(got, []string{"radio_language is not set (clause 6)"}) {
		t.Errorf("version 3 lacks %q, want the language of the radio only", got)
	}
	for _, name := range []string{"varanth-v4", "varanth-floor", "tarrow"} {
		if got := text(t, name).Unset(); len(got) > 0 {
			t.Errorf("%s lacks %q, want nothing", name, got)
		}
	}
	if got := v[3].Reserved(); len(got) != 1 || got[0].ID != "9" {
		t.Errorf("found %d reserved clauses, want clause 9", len(got))
	}
	var said []string
	for _, c := range Difference(v[0], v[2]) {
		if c.Field != "status" && c.Field != "examples" {
			said = append(said, c.String())
		}
		if c.At != v[2].Tabled || c.By != "nc" || c.Reopened {
			t.Errorf("%s: at %s by %s, reopened %v", c, c.At, c.By, c.Reopened)
		}
	}
	want := []string{"clause 4 parameters.buffer_mm: 5556000 became 9260000", `clause 6 parameters.language: removed "en"`}
	if !slices.Equal(said, want) {
		t.Errorf("found the changes %q, want %q", said, want)
	}
	last := Difference(v[2], v[3])
	if len(last) != 1 || !last[0].Reopened || last[0].Field != "parameters.language" {
		t.Errorf("from version 3 to 4 found %v, want the language set in a clause that was agreed", last)
	}
}

// patched writes the text that changes lead to, by nothing but the changes.
func patched(t interface{ Fatal(...any) }, from *Text, to *Text, changes []Change) string {
	var doc map[string]any
	if err := json.Unmarshal(canonical(from), &doc); err != nil {
		t.Fatal(err)
	}
	for _, name := range unlike[1:] { // what any two versions differ in is stated by each
		var head map[string]json.RawMessage
		if err := json.Unmarshal(canonical(to), &head); err != nil {
			t.Fatal(err)
		}
		delete(doc, name)
		if head[name] != nil {
			doc[name] = head[name]
		}
	}
	var order []string
	clauses := map[string]map[string]any{}
	for _, c := range doc["clauses"].([]any) {
		m := c.(map[string]any)
		order = append(order, m["id"].(string))
		clauses[m["id"].(string)] = m
	}
	set := func(m map[string]any, name string, v json.RawMessage) {
		if delete(m, name); v != nil {
			m[name] = v
		}
	}
	for _, c := range changes {
		switch {
		case c.Field == "order" && c.Clause == "":
			if err := json.Unmarshal(c.To, &order); err != nil {
				t.Fatal(err)
			}
		case c.Clause == "":
			set(doc, c.Field, c.To)
		case c.Field == "" && c.To == nil:
			delete(clauses, c.Clause)
			order = slices.DeleteFunc(order, func(id string) bool { return id == c.Clause })
		case c.Field == "":
			var m map[string]any
			if err := json.Unmarshal(c.To, &m); err != nil {
				t.Fatal(err)
			}
			clauses[c.Clause] = m
			order = append(order, c.Clause)
		default:
			outer, inner, nested := strings.Cut(c.Field, ".")
			m := clauses[c.Clause]
			if nested {
				if m[outer] == nil {
					m[outer] = map[string]any{}
				}
				set(m[outer].(map[string]any), inner, c.To)
				if len(m[outer].(map[string]any)) == 0 {
					delete(m, outer)
				}
				continue
			}
			set(m, c.Field, c.To)
		}
	}
	list := []any{}
	for _, id := range order {
		list = append(list, clauses[id])
	}
	doc["clauses"] = list
	return string(canonical(doc))
}

// drawText draws a text that a party could have made of one of the fixtures.
func drawText(t *rapid.T) *Text {
	name := rapid.SampledFrom(fixtures[:4]).Draw(t, "fixture")
	data, err := os.ReadFile(filepath.Join("..", "sim", "texts", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	x, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	for range rapid.IntRange(0, 6).Draw(t, "edits") {
		i := rapid.IntRange(0, len(x.Clauses)-1).Draw(t, "clause")
		c := &x.Clauses[i]
		switch rapid.SampledFrom([]string{"drop", "move", "status", "unset", "text", "add", "head", "annex"}).Draw(t, "edit") {
		case "drop":
			if len(x.Clauses) > 1 {
				x.Clauses = slices.Delete(x.Clauses, i, i+1)
			}
		case "move":
			j := rapid.IntRange(0, len(x.Clauses)-1).Draw(t, "to")
			x.Clauses[i], x.Clauses[j] = x.Clauses[j], x.Clauses[i]
		case "status":
			c.Status = rapid.SampledFrom([]Status{Proposed, Agreed, Reserved}).Draw(t, "status")
		case "unset":
			for _, n := range slices.Sorted(maps.Keys(c.Parameters)) {
				if rapid.Bool().Draw(t, n) {
					delete(c.Parameters, n)
				}
			}
		case "text":
			c.Text["en"] += rapid.SampledFrom([]string{" Always.", " As a rule."}).Draw(t, "text")
		case "add":
			id := rapid.StringMatching(`new-[a-z]{2}`).Draw(t, "id")
			if !slices.ContainsFunc(x.Clauses, func(c Clause) bool { return c.ID == id }) {
				at := rapid.IntRange(0, len(x.Clauses)).Draw(t, "at")
				x.Clauses = slices.Insert(x.Clauses, at, Clause{ID: id, Status: Proposed, Text: map[string]string{"en": "New.", "fr": "Nouveau."}})
			}
		case "head":
			x.ReviewAt = nil
			x.Not = x.Not[:rapid.IntRange(0, len(x.Not)).Draw(t, "not")]
		case "annex":
			c.Annex = rapid.SampledFrom([]string{"", "crossings"}).Draw(t, "annex")
		}
	}
	if err := x.Check(); err != nil {
		t.Fatalf("a text that was only edited: %v", err)
	}
	return x
}

// What Difference tells is all that changed: from it and the older text the newer
// one can be written, so that nothing changes in silence.
func TestDifferenceIsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from, to := drawText(t), drawText(t)
		if again := Difference(from, from); len(again) > 0 {
			t.Fatalf("a text differs from itself by %v", again)
		}
		changes := Difference(from, to)
		if got, want := patched(t, from, to, changes), string(canonical(to)); got != want {
			t.Fatalf("from the changes comes\n%s\nwant\n%s", got, want)
		}
		for _, c := range changes {
			if c.Clause == "" {
				continue
			}
			i := slices.IndexFunc(from.Clauses, func(x Clause) bool { return x.ID == c.Clause })
			if agreed := i >= 0 && from.Clauses[i].Status == Agreed; c.Reopened != agreed {
				t.Fatalf("%s: reopened %v, the clause had been agreed: %v", c, c.Reopened, agreed)
			}
		}
	})
}

// leaves calls visit for every value of a JSON document that has no parts, with a
// function that puts another in its place.
func leaves(v any, path string, visit func(path string, v any, put func(any))) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			switch v[k].(type) {
			case map[string]any, []any:
				leaves(v[k], path+"."+k, visit)
			default:
				visit(path+"."+k, v[k], func(n any) { v[k] = n })
			}
		}
	case []any:
		for i := range v {
			switch v[i].(type) {
			case map[string]any, []any:
				leaves(v[i], fmt.Sprintf("%s[%d]", path, i), visit)
			default:
				visit(fmt.Sprintf("%s[%d]", path, i), v[i], func(n any) { v[i] = n })
			}
		}
	}
}

// The toy keeps the prose as a document with a hash, and the settings beside it.
// Then the machine can be set to something else than what was signed.
func TestA1OneText(t *testing.T) {
	v4 := text(t, "varanth-v4")
	toyHash := func(x *Text) string {
		var prose []string
		for _, c := range x.Clauses {
			prose = append(prose, c.ID, c.Text["en"], c.Text["fr"])
		}
		return strings.Join(prose, "\n")
	}
	other := text(t, "varanth-v4")
	other.clause("2").Parameters["lateral_mm"] = json.RawMessage("9259999")
	if toyHash(other) != toyHash(v4) {
		t.Fatal("the toy noticed the other setting, so the test shows nothing")
	}
	if other.Hash() == v4.Hash() || len(Difference(v4, other)) != 1 {
		t.Error("a setting was changed, and neither hash nor difference shows it")
	}

	// Every value of the text, one after the other.
	var doc any
	if err := json.Unmarshal(fixture(t, "varanth-v4"), &doc); err != nil {
		t.Fatal(err)
	}
	changed := 0
	leaves(doc, "", func(path string, v any, put func(any)) {
		switch x := v.(type) {
		case string:
			put(x + "x")
		case float64:
			put(x + 1)
		case bool:
			put(!x)
		}
		defer put(v)
		data, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		canonicalForm, err := statement.Canonical(data)
		if err != nil {
			t.Fatal(err)
		}
		var x Text
		if statement.Unmarshal(canonicalForm, &x) != nil {
			return // no longer a text, which is noticed too
		}
		changed++
		if x.Hash() == v4.Hash() {
			t.Errorf("%s was changed and the hash is the same", path)
		}
		head := path == ".version" || path == ".parent" || path == ".tabled_by" || path == ".tabled"
		if !head && len(Difference(v4, &x)) == 0 {
			t.Errorf("%s was changed and no difference is told", path)
		}
	})
	if changed < 300 {
		t.Errorf("changed %d values, expected the whole text", changed)
	}
}

// Worked examples are run by the rules themselves: one that comes out otherwise
// is refused with its clause and number.
func TestA1Examples(t *testing.T) {
	for _, name := range fixtures {
		good := text(t, name)
		results, err := RunExamples(good)
		if err != nil || len(results) < 10 {
			t.Fatalf("%s: %d results, %v", name, len(results), err)
		}
		again, _ := RunExamples(text(t, name))
		if ResultsDigest(results) != ResultsDigest(again) {
			t.Errorf("%s: two sides that ran the same examples have different digests", name)
		}
		for i := range good.Clauses {
			for j := range good.Clauses[i].Examples {
				bad := text(t, name)
				c := &bad.Clauses[i]
				c.Examples[j].Expect += "?"
				if _, complete, _ := c.part(); !complete {
					continue
				}
				err := bad.Check()
				if want := fmt.Sprintf("clause %s, example %d:", c.ID, j+1); err == nil || !strings.HasPrefix(err.Error(), want) {
					t.Errorf("%s: found the error %v, want it to begin with %q", name, err, want)
				}
			}
		}
	}
	if ResultsDigest(nil) == ResultsDigest([]Result{{Clause: "2", Got: "clear"}}) {
		t.Error("the digest does not depend on results")
	}
	// The other side reads 3 NM where the examples were made for 5.
	x := text(t, "varanth-v4")
	x.clause("4").Parameters["buffer_mm"] = json.RawMessage("5556000")
	if err := x.Check(); err == nil || !strings.Contains(err.Error(), `clause 4, example 2: found "own_side"`) {
		t.Errorf("found the error %v, want that of clause 4, example 2", err)
	}
}

// The toy has a flag. Ours lists what is unset, and an unset parameter gives no
// rule rather than a default.
func TestA2NothingDefaults(t *testing.T) {
	toy := struct{ Active bool }{true}
	whole := text(t, "varanth-v4")
	seen := 0
	for i := range whole.Clauses {
		if whole.Clauses[i].Status == Reserved {
			continue
		}
		required, _ := Parameters(whole.Clauses[i].Rule)
		for _, name := range required {
			x := text(t, "varanth-v4")
			c := &x.Clauses[i]
			delete(c.Parameters, name)
			if !toy.Active {
				t.Fatal("the toy does not enter into force, so the test shows nothing")
			}
			if err := x.Check(); err != nil {
				t.Errorf("without %s of clause %s: %v", name, c.ID, err)
			}
			want := fmt.Sprintf("%s_%s is not set (clause %s)", c.Rule, name, c.ID)
			if got := x.Unset(); !slices.Equal(got, []string{want}) {
				t.Errorf("found %q, want %q", got, want)
			}
			r := Compile([]InForce{{Text: x}}, Pair("nc", "el"))
			if strings.Contains(string(canonical(r)), fmt.Sprintf(`"clause":%q`, c.ID)) {
				t.Errorf("clause %s gives a rule without %s", c.ID, name)
			}
			seen++
		}
	}
	if seen < 40 {
		t.Errorf("looked at %d parameters, expected all", seen)
	}
	for _, rule := range requiredRules[Agreement] {
		x := text(t, "varanth-v4")
		x.Clauses = slices.DeleteFunc(x.Clauses, func(c Clause) bool { return c.Rule == rule })
		if want := "no agreed clause has the rule " + rule; !slices.Contains(x.Unset(), want) {
			t.Errorf("without clauses on %s: found %q", rule, x.Unset())
		}
	}
	x := text(t, "varanth-v4")
	x.Datum, x.Area, x.From, x.To, x.Equal, x.Entry = "", nil, nil, nil, nil, nil
	for _, want := range []string{"datum", "area", "from", "to", "equal_texts", "entry"} {
		if !slices.Contains(x.Unset(), want+" is not set") {
			t.Errorf("%s is not told to be unset", want)
		}
	}
}

// The toy says in a sentence of its documentation what the exchange is not.
func TestA3SaysWhatItIsNot(t *testing.T) {
	toy := func(*Text) bool { return true } // any text will do
	for _, id := range requiredNot {
		x := text(t, "varanth-v4")
		x.Not = slices.DeleteFunc(x.Not, func(n string) bool { return n == id })
		if !toy(x) {
			t.Fatal("the toy refuses, so the test shows nothing")
		}
		if want := "not:" + id + " is not set"; !slices.Equal(x.Unset(), []string{want}) {
			t.Errorf("without %s: found %q, want %q", id, x.Unset(), want)
		}
	}
	for _, member := range []string{"mission", "payload", "target"} {
		for _, where := range []string{`"datum":`, `"lateral_mm":`, `"status":`} {
			data := strings.Replace(string(fixture(t, "varanth-v4")), where, fmt.Sprintf(`%q: "x", %s`, member, where), 1)
			if _, err := Parse([]byte(data)); err == nil {
				t.Errorf("a member %s before %s was let in", member, where)
			}
		}
	}
}

// The toy has the numbers in the prose of each language. Ours has them once, so
// that languages cannot differ in one.
func TestA5NumbersOnce(t *testing.T) {
	toy := map[string]string{"en": "Keep 5 NM apart.", "fr": "Restez à 3 NM."}
	if len(toy["en"]) == 0 || len(toy["fr"]) == 0 {
		t.Fatal("the toy refuses, so the test shows nothing")
	}
	for name, edit := range map[string]func(*Clause){
		"the toy's prose":          func(c *Clause) { c.Text = maps.Clone(toy) },
		"a digit in one language":  func(c *Clause) { c.Text["fr"] += " Au moins 5." },
		"an Arabic digit":          func(c *Clause) { c.Text["en"] += " ٥" },
		"a fraction":               func(c *Clause) { c.Text["en"] += " ½" },
		"a full-width digit":       func(c *Clause) { c.Text["en"] += " ５" },
		"a language missing":       func(c *Clause) { delete(c.Text, "fr") },
		"a language too many":      func(c *Clause) { c.Text["de"] = c.Text["en"] },
		"an empty language":        func(c *Clause) { c.Text["fr"] = "" },
		"a parameter in one only":  func(c *Clause) { c.Text["fr"] = "Restez à {lateral_mm}." },
		"an unknown parameter":     func(c *Clause) { c.Text["en"] += "{buffer_mm}"; c.Text["fr"] += "{buffer_mm}" },
		"a brace that is not shut": func(c *Clause) { c.Text["en"] += "{lateral_mm" },
		"a brace that is not open": func(c *Clause) { c.Text["en"] += "}" },
		"braces in braces":         func(c *Clause) { c.Text["en"] += "{{lateral_mm}}" },
	} {
		x := text(t, "varanth-v4")
		edit(x.clause("2"))
		if err := x.Check(); err == nil || !strings.HasPrefix(err.Error(), "clause 2: text") {
			t.Errorf("%s: found the error %v, want one of clause 2's text", name, err)
		}
	}
	c := text(t, "varanth-v4").clause("2")
	if got, want := c.Prose("fr"), "Les aéronefs de parties différentes restent à 5 NM de distance, ou à 2000 ft en hauteur."; got != want {
		t.Errorf("found %q, want %q", got, want)
	}
	for _, name := range fixtures {
		x := text(t, name)
		for _, l := range x.Languages {
			if p := x.Prose(l); strings.ContainsAny(p, "{}") {
				t.Errorf("%s in %s has braces left: %s", name, l, p)
			}
		}
	}
}

// The toy edits in place: then nobody can tell which text was signed.
func TestA5Versions(t *testing.T) {
	v3, v4 := text(t, "varanth-v3"), text(t, "varanth-v4")
	toy := map[string]*Text{"M1": v3}
	toy["M1"] = v4
	if len(toy) != 1 {
		t.Fatal("the toy keeps both, so the test shows nothing")
	}
	for name, edit := range map[string]func(*Text){
		"another id":      func(x *Text) { x.ID = "M2" },
		"another kind":    func(x *Text) { x.Kind = Floor },
		"a version back":  func(x *Text) { x.Version = 3 },
		"a version over":  func(x *Text) { x.Version = 5 },
		"another parent":  func(x *Text) { x.Parent = text(t, "varanth-v2").Hash() },
		"tabled too soon": func(x *Text) { x.Tabled = v3.Tabled - 1 },
	} {
		x := text(t, "varanth-v4")
		edit(x)
		if Follows(v3, x) == nil {
			t.Errorf("%s: it follows", name)
		}
	}
}

// An annex is suspended on its own; the safety floor outlives the agreement.
func TestA5Annexes(t *testing.T) {
	v4, floor := text(t, "varanth-v4"), text(t, "varanth-floor")
	pair := Pair("nc", "el")
	whole := Compile([]InForce{{Text: floor}, {Text: v4}}, pair)
	m1 := func(clause string) Source { return Source{"M1", 4, clause} }
	if len(whole.Lines) != 1 || len(whole.Minima) != 1 || whole.Suspended || whole.Minima[0].Suspended {
		t.Fatalf("found %d lines, %d minima, suspended %v", len(whole.Lines), len(whole.Minima), whole.Suspended)
	}
	if whole.Minima[0].Source != m1("2") || whole.Ladder.Source != m1("8") || whole.Heartbeat.Source != (Source{"M1-floor", 1, "3"}) {
		t.Errorf("found the sources %s, %s, %s", whole.Minima[0].Source, whole.Ladder.Source, whole.Heartbeat.Source)
	}
	if whole.Minima[0].Area == nil || !slices.Equal(whole.Minima[0].Kinds, v4.Kinds) {
		t.Error("the minima do not hold where the agreement does")
	}
	if whole.Coarse != (Coarse{}) {
		t.Error("a reserved clause gives a rule")
	}

	annex := Compile([]InForce{{Text: v4, Annexes: []string{"crossings"}}, {Text: floor}}, pair)
	if len(annex.Lines) != 0 || annex.ReadBack.Source != (Source{}) || len(annex.Minima) != 1 || annex.Minima[0].Suspended || !annex.Suspended {
		t.Errorf("with the annex suspended found %d lines, read-back by %s, %d minima", len(annex.Lines), annex.ReadBack.Source, len(annex.Minima))
	}

	all := Compile([]InForce{{Text: v4, Suspended: true}, {Text: floor}}, pair)
	if !all.Suspended || len(all.Lines) != 0 || all.Notice.Source != (Source{}) || all.Precedence.Source.Agreement != "M1-floor" || all.Sites.Source.Agreement != "M1-floor" {
		t.Errorf("with the agreement suspended found %d lines, precedence by %s", len(all.Lines), all.Precedence.Source)
	}
	if len(all.Minima) != 1 || !all.Minima[0].Suspended || all.Margins.Of(Tracked, Conditions{NoRule: true}) != 200 {
		t.Error("with the agreement suspended the node no longer warns by wider minima")
	}
	if w := all.Minima[0].Widened(200); w.LateralMM != 18_520_000 || w.VerticalMM != 1_219_200 || !strings.Contains(w.Source, "suspended") {
		t.Errorf("widened to %+v", w)
	}
	if r := Compile([]InForce{{Text: v4}}, Pair("nc", "sm")); string(canonical(r)) != string(canonical(Default(Pair("nc", "sm")))) {
		t.Error("the agreement binds a party that did not sign it")
	}
	if r := Compile([]InForce{{Text: v4}}, Pair("nc", "hr")); len(r.Minima) != 1 || r.Priority.Source != m1("12") || r.Notice.Source != (Source{}) || len(r.Lines) != 0 {
		t.Error("towards whom the agreement protects, its minima and priority do not hold, or more does")
	}
	if r := Compile([]InForce{{Text: v4}}, Pair("hr", "hr")); len(r.Minima) != 0 {
		t.Error("those who are protected are bound")
	}
	x := text(t, "varanth-floor")
	x.ExpiresAt = new(statement.Instant)
	if x.Check() == nil {
		t.Error("a safety floor expires")
	}
}

func TestCheckRefuses(t *testing.T) {
	for name, edit := range map[string]func(*Text){
		"no id":                  func(x *Text) { x.ID = "" },
		"a second version alone": func(x *Text) { x.Parent = "" },
		"one party":              func(x *Text) { x.Parties = x.Parties[:1] },
		"a party twice":          func(x *Text) { x.Parties = []party.ID{"nc", "nc"} },
		"who signs is protected": func(x *Text) { x.Protects = []party.ID{"nc"} },
		"a stranger tabled it":   func(x *Text) { x.TabledBy = "sm" },
		"another datum":          func(x *Text) { x.Datum = "ED50" },
		"unequal languages":      func(x *Text) { x.Equal = new(bool) },
		"two lines as an area":   func(x *Text) { x.Area.Polygon = x.Area.Polygon[:2] },
		"no such annex":          func(x *Text) { x.clause("2").Annex = "z" },
		"an annex twice":         func(x *Text) { x.Annexes = append(x.Annexes, x.Annexes[0]) },
		"a clause twice":         func(x *Text) { x.Clauses = append(x.Clauses, x.Clauses[0]) },
		"no such rule":           func(x *Text) { x.clause("2").Rule = "fire_at_will" },
		"a rule twice":           func(x *Text) { c := *x.clause("5"); c.ID = "5bis"; x.Clauses = append(x.Clauses, c) },
		"no such status":         func(x *Text) { x.clause("2").Status = "done" },
		"no such breach class":   func(x *Text) { x.clause("2").BreachClass = "guilt" },
		"ends before it begins":  func(x *Text) { x.To = x.From },
		"review after the end":   func(x *Text) { at := *x.ExpiresAt + 1; x.ReviewAt = &at },
		"no such entry":          func(x *Text) { x.Entry.Rule = "now" },
		"no such recording":      func(x *Text) { x.Handling.Recording = "all" },
		"a negative notice":      func(x *Text) { n := int64(-1); x.SuspensionNoticeNS = &n },
		"examples without rule":  func(x *Text) { x.clause("1").Examples = []Example{{Given: json.RawMessage("{}")}} },
		"examples of the radio":  func(x *Text) { x.clause("6").Examples = []Example{{Given: json.RawMessage("{}")}} },
	} {
		x := text(t, "varanth-v4")
		edit(x)
		if x.Check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for _, p := range []struct{ clause, name, value string }{
		{"2", "lateral_mm", "0"},
		{"2", "lateral_mm", "-1"},
		{"2", "lateral_mm", "null"},
		{"2", "lateral_mm", `"5 NM"`},

		{"2", "lateral_mm", "2000000001"},
		{"2", "source", `{"agreement":"M9"}`},
		{"2", "suspended", "true"},
		{"2", "target", "1"},
		{"2", "kinds", "[]"},
		{"4", "points", `[{"LAT_E9":11000000000,"lng_e9":-30000000000},{"lat_e9":13000000000,"lng_e9":-30000000000}]`},
		{"3", "late", "99"},
		{"3", "late", "1001"},
		{"4", "left", `"sm"`},
		{"4", "left", `"nc"`},
		{"4", "points", `[]`},
		{"4", "points", `[{"lat_e9":0,"lng_e9":0},{"lat_e9":0,"lng_e9":1000000000},{"lat_e9":1000000000,"lng_e9":500000000},{"lat_e9":-1000000000,"lng_e9":500000000}]`},
		{"5", "short_ns", "43200000000001"},
		{"6", "backup", `"123.450 MHz"`},
		{"7", "flash_ns", "1"},
		{"8", "rungs", "[]"},
		{"8", "fallback", `["shoot"]`},
		{"10", "at_ns", "[64800000000000,21600000000000]"},
		{"10", "at_ns", "[86400000000000]"},
		{"10", "bearers", `["voice"]`},
		{"11", "types", `["ORDER"]`},
		{"12", "ranks", `[["state"],["state"]]`},
		{"12", "ranks", `[[]]`},
		{"14", "reply_ns", "0"},
	} {
		x := text(t, "varanth-v4")
		x.clause(p.clause).Parameters[p.name] = json.RawMessage(p.value)
		err := x.Check()
		if err == nil || !strings.HasPrefix(err.Error(), "clause "+p.clause+": parameters: ") {
			t.Errorf("clause %s with %s %s: found the error %v", p.clause, p.name, p.value, err)
		}
	}
}

// A bend in a line is no reason to refuse it.
func TestLineMayBend(t *testing.T) {
	x := text(t, "varanth-v4")
	c := x.clause("4")
	c.Examples = nil
	c.Parameters["points"] = canonical([]declared.Point{point(11, -30), point(12, -30.2), point(12.1, -29.8), point(13, -30)})
	if err := x.Check(); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range fixtures {
		f.Add(fixture(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 64<<10 {
			return
		}
		x, err := Parse(data)
		if err != nil {
			return
		}
		again, err := Parse(canonical(x))
		if err != nil {
			t.Fatalf("its canonical form is refused: %v", err)
		}
		if again.Hash() != x.Hash() || len(x.Hash()) != 64 || len(Difference(x, again)) > 0 {
			t.Fatal("its canonical form is another text")
		}
		x.Unset()
		for _, l := range x.Languages {
			x.Prose(l)
		}
		r := Compile([]InForce{{Text: x}}, Pair(x.Parties[0], x.Parties[1]))
		if len(canonical(r)) == 0 {
			t.Fatal("its rules have no form")
		}
	})
}

// No parameters and nothing given in an example may do more than be refused.
func FuzzRule(f *testing.F) {
	for _, name := range []string{"varanth-v4", "varanth-floor", "tarrow"} {
		for _, c := range text(f, name).Clauses {
			for _, e := range c.Examples {
				f.Add(c.Rule, []byte(canonical(c.Parameters)), []byte(e.Given))
			}
		}
	}
	head := text(f, "varanth-v4")
	f.Fuzz(func(t *testing.T, rule string, parameters, given []byte) {
		if len(parameters)+len(given) > 64<<10 || ruleKinds[rule] == nil {
			return
		}
		c := Clause{Rule: rule}
		if json.Unmarshal(parameters, &c.Parameters) != nil {
			return
		}
		for name, value := range c.Parameters {
			display(name, value)
		}
		p, complete, err := c.part()
		if err != nil || !complete || p.check(head) != nil {
			return
		}
		form, err := statement.Canonical(given)
		if err != nil {
			return
		}
		if got, err := p.outcome(form); err == nil && got == "" && !ruleKinds[rule].plain {
			t.Fatal("an example comes to nothing")
		}
	})
}

func BenchmarkCompile(b *testing.B) {
	in := []InForce{{Text: text(b, "varanth-v4")}, {Text: text(b, "varanth-floor")}}
	for b.Loop() {
		Compile(in, Pair("nc", "el"))
	}
}
