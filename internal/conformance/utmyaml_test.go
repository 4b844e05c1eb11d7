package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// utmYAML returns the OpenAPI document of the standard. It is not ours to
// publish, so it is named by DECONFLICT_UTM_YAML or lies beside the project.
// The CI skips the comparison unless the document is named, wherever it runs.
func utmYAML(t *testing.T) map[string]any {
	t.Helper()
	name := os.Getenv("DECONFLICT_UTM_YAML")
	if name == "" {
		name = filepath.Join("..", "..", "..", "shared", "reference", "f3548-21", "utm.yaml")
		if _, err := os.Stat(name); err != nil || os.Getenv("CI") != "" {
			t.Skip("the standard's OpenAPI document is not at hand: set DECONFLICT_UTM_YAML")
		}
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := readYAML(string(data))
	if err != nil {
		t.Fatal(name, err)
	}
	return doc.(map[string]any)
}

// dig follows keys of mappings; nil when one is missing.
func dig(v any, keys ...string) any {
	for _, k := range keys {
		m, _ := v.(map[string]any)
		v = m[k]
	}
	return v
}

// besideStandard are schemas of endpoints that are not of the standard.
var besideStandard = []string{"PoolStatus", "SystemVersion", "Version"}

// The hand-written schemas say what the standard says, field by field.
func TestSchemasAgainstStandard(t *testing.T) {
	doc := utmYAML(t)
	s := mustSchemas(t, true)
	for name, def := range s.defs {
		if slices.Contains(besideStandard, name) {
			continue
		}
		theirs, ok := dig(doc, "components", "schemas", name).(map[string]any)
		if !ok {
			t.Errorf("the standard has no schema %s", name)
			continue
		}
		for _, d := range differences(def, theirs) {
			t.Errorf("%s%s", name, d)
		}
	}
}

// differences returns where a schema of ours and one of the standard differ.
func differences(ours *schema, theirs map[string]any) (list []string) {
	differ := func(what string, our, their any) {
		if a, b := fmt.Sprint(our), fmt.Sprint(their); a != b {
			list = append(list, fmt.Sprintf(": %s: ours %q, the standard's %q", what, a, b))
		}
	}
	text := func(key string) string {
		v, _ := theirs[key].(string)
		return v
	}
	ref := text("$ref")
	if one, ok := theirs["anyOf"].([]any); ok && len(one) == 1 {
		ref, _ = dig(one[0], "$ref").(string)
	}
	if differ("reference", refName(ours.Ref), refName(ref)); ref != "" {
		return list
	}
	differ("type", ours.Type, text("type"))
	if format := text("format"); ours.Type != "number" { // float and double say how many digits
		differ("format", ours.Format, format)
	}
	var pattern string
	if ours.Pattern != "" {
		pattern = text("pattern")
		list = append(list, patternDifferences(ours.Pattern, pattern)...)
	} else {
		differ("pattern", "", text("pattern"))
	}
	differ("enum", ours.Enum, words(theirs["enum"]))
	differ("minItems", nonzero(ours.MinItems), text("minItems"))
	differ("minLength", nonzero(ours.MinLength), text("minLength"))
	if ours.MaxLength != nil {
		differ("maxLength", strconv.Itoa(*ours.MaxLength), text("maxLength"))
	} else {
		differ("maxLength", "", text("maxLength"))
	}
	differ("minimum", bound(ours.Minimum), text("minimum"))
	differ("maximum", bound(ours.Maximum), text("maximum"))
	return append(list, memberDifferences(ours, theirs)...)
}

func memberDifferences(ours *schema, theirs map[string]any) (list []string) {
	props, _ := theirs["properties"].(map[string]any)
	var required []string
	for _, name := range words(theirs["required"]) {
		// ExchangeRecord requires a request_source that it does not define, and
		// that no client sends.
		if _, defined := props[name]; defined {
			required = append(required, name)
		}
	}
	mine := slices.Sorted(slices.Values(ours.Required))
	slices.Sort(required)
	if !slices.Equal(mine, required) {
		list = append(list, fmt.Sprintf(": required: ours %q, the standard's %q", mine, required))
	}
	for name := range props {
		if ours.Properties[name] == nil {
			list = append(list, ": no member "+name)
		}
	}
	for name, p := range ours.Properties {
		their, ok := props[name].(map[string]any)
		if !ok {
			list = append(list, ": member "+name+" is not the standard's")
			continue
		}
		for _, d := range differences(p, their) {
			list = append(list, "."+name+d)
		}
	}
	if ours.Items != nil {
		items, _ := theirs["items"].(map[string]any)
		for _, d := range differences(ours.Items, items) {
			list = append(list, "[]"+d)
		}
	} else if theirs["items"] != nil {
		list = append(list, ": items")
	}
	return list
}

// patternDifferences compares what two patterns for a UUID of version 4 accept.
func patternDifferences(ours, theirs string) (list []string) {
	a, b := regexp.MustCompile(ours), regexp.MustCompile(theirs)
	for _, sample := range []string{
		"2f8343be-6482-4d1b-a474-16847e01af1e", "2F8343BE-6482-4D1B-A474-16847E01AF1E", "00000000-0000-4000-8000-000000000000",
		"2f8343be-6482-1d1b-a474-16847e01af1e", "2f8343be-6482-4d1b-c474-16847e01af1e", "2f8343be-6482-4d1b-7474-16847e01af1e",
		"2f8343be64824d1ba47416847e01af1e", "x2f8343be-6482-4d1b-a474-16847e01af1e", "2f8343be-6482-4d1b-a474-16847e01af1ex",
		"gf8343be-6482-4d1b-a474-16847e01af1e", "",
	} {
		if a.MatchString(sample) != b.MatchString(sample) {
			list = append(list, fmt.Sprintf(": pattern: %q is judged differently", sample))
		}
	}
	return list
}

func words(v any) []string {
	var list []string
	items, _ := v.([]any)
	for _, item := range items {
		list = append(list, fmt.Sprint(item))
	}
	return list
}

func nonzero(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func bound(f *float64) string {
	if f == nil {
		return ""
	}
	return strconv.FormatFloat(*f, 'g', -1, 64)
}

// The table of operations says what the standard says: which there are, what
// opens them and what they answer.
func TestOperationsAgainstStandard(t *testing.T) {
	doc := utmYAML(t)
	paths := dig(doc, "paths").(map[string]any)
	seen := map[string]bool{}
	for _, o := range operations {
		if o.beside {
			continue
		}
		path := strings.ReplaceAll(o.path, "{uss}", "{uss_id}")
		path = strings.ReplaceAll(path, "{id}", map[bool]string{true: "{subscriptionid}", false: "{entityid}"}[strings.HasPrefix(path, subscriptionsPath)])
		method := strings.ToLower(o.method)
		their, ok := dig(paths, path, method).(map[string]any)
		if !ok {
			t.Errorf("%s: the standard has no %s %s", o.name, o.method, path)
			continue
		}
		seen[method+path] = true
		for _, d := range operationDifferences(&o, their) {
			t.Errorf("%s: %s", o.name, d)
		}
	}
	for path, item := range paths {
		for method := range item.(map[string]any) {
			if slices.Contains([]string{"get", "put", "post", "delete"}, method) && strings.HasPrefix(path, "/dss/") && !seen[method+path] {
				t.Errorf("%s %s has no row", method, path)
			}
		}
	}
}

func operationDifferences(o *operation, theirs map[string]any) (list []string) {
	var scopes []string
	alternatives, _ := theirs["security"].([]any)
	for _, alternative := range alternatives {
		scopes = append(scopes, strings.Join(words(dig(alternative, "Authority")), " "))
	}
	if a, b := slices.Sorted(slices.Values(o.scopes)), slices.Sorted(slices.Values(scopes)); !slices.Equal(a, b) {
		list = append(list, fmt.Sprintf("scopes: ours %q, the standard's %q", a, b))
	}
	codes := append([]int{o.success, 400, 401, 403, 429}, o.refusals...)
	answers := theirs["responses"].(map[string]any)
	for _, code := range codes {
		ref, _ := dig(answers, strconv.Itoa(code), "content", "application/json", "schema", "$ref").(string)
		if want := o.schemaOf(code); refName(ref) != want {
			list = append(list, fmt.Sprintf("%d: ours %s, the standard's %s", code, want, refName(ref)))
		}
	}
	if len(answers) != len(codes) {
		list = append(list, fmt.Sprintf("%d answers, the standard has %d", len(codes), len(answers)))
	}
	return list
}

// The comparison must find what differs.
func TestDifferencesAreFound(t *testing.T) {
	standard := func() map[string]any {
		v, err := readYAML(`type: object
required:
- a
properties:
  a:
    type: string
    minLength: 16
    enum:
    - x
  b:
    anyOf:
    - $ref: '#/components/schemas/Time'
  c:
    type: array
    items:
      type: boolean
`)
		if err != nil {
			t.Fatal(err)
		}
		return v.(map[string]any)
	}
	ours := func() *schema {
		return &schema{Type: "object", Required: []string{"a"}, Properties: map[string]*schema{
			"a": {Type: "string", MinLength: 16, Enum: []string{"x"}},
			"b": {Ref: "#/$defs/Time"},
			"c": {Type: "array", Items: &schema{Type: "boolean"}},
		}}
	}
	if list := differences(ours(), standard()); len(list) > 0 {
		t.Fatal("equal schemas differ:", list)
	}
	for what, change := range map[string]func(s *schema){
		"type":     func(s *schema) { s.Properties["a"].Type = "integer" },
		"length":   func(s *schema) { s.Properties["a"].MinLength = 15 },
		"enum":     func(s *schema) { s.Properties["a"].Enum = []string{"x", "y"} },
		"format":   func(s *schema) { s.Properties["a"].Format = "uuid" },
		"required": func(s *schema) { s.Required = nil },
		"ref":      func(s *schema) { s.Properties["b"].Ref = "#/$defs/EntityID" },
		"no ref":   func(s *schema) { s.Properties["b"] = &schema{Type: "string"} },
		"items":    func(s *schema) { s.Properties["c"].Items.Type = "string" },
		"missing":  func(s *schema) { delete(s.Properties, "c") },
		"more":     func(s *schema) { s.Properties["d"] = &schema{Type: "string"} },
	} {
		s := ours()
		change(s)
		if len(differences(s, standard())) == 0 {
			t.Errorf("%s: no difference found", what)
		}
	}
}
