package conformance

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

//go:embed schema/dss.json
var schemaFile []byte

// schema is the part of JSON Schema that the responses of a DSS need. An
// unknown keyword is refused, so that none is written and not checked.
type schema struct {
	Ref              string             `json:"$ref"`
	Type             string             `json:"type"`
	Format           string             `json:"format"`
	Pattern          string             `json:"pattern"`
	Enum             []string           `json:"enum"`
	Required         []string           `json:"required"`
	Properties       map[string]*schema `json:"properties"`
	Items            *schema            `json:"items"`
	MinItems         int                `json:"minItems"`
	MinLength        int                `json:"minLength"`
	MaxLength        *int               `json:"maxLength"`
	Minimum          *float64           `json:"minimum"`
	ExclusiveMinimum *float64           `json:"exclusiveMinimum"`
	Maximum          *float64           `json:"maximum"`
}

type schemas struct {
	defs     map[string]*schema
	patterns map[string]*regexp.Regexp
	closed   bool // members that the schema does not have are faults
}

// openSchemas may have members beyond the schema: a refusal may say more.
var openSchemas = []string{"AirspaceConflictResponse", "ErrorResponse"}

func readSchemas(data []byte) (*schemas, error) {
	var doc struct {
		Schema string             `json:"$schema"`
		Title  string             `json:"title"`
		Defs   map[string]*schema `json:"$defs"`
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&doc); err != nil {
		return nil, err
	}
	s := &schemas{defs: doc.Defs, patterns: map[string]*regexp.Regexp{}}
	for name, def := range doc.Defs {
		if err := s.validate(def); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return s, nil
}

// validate tells what would make a schema mean something else than it seems to.
func (s *schemas) validate(def *schema) error {
	if def.Ref != "" {
		if s.defs[refName(def.Ref)] == nil {
			return fmt.Errorf("no schema %s", def.Ref)
		}
		return nil
	}
	if !slices.Contains([]string{"object", "array", "string", "integer", "number", "boolean"}, def.Type) {
		return fmt.Errorf("found type %q", def.Type)
	}
	if !slices.Contains([]string{"", "uuid", "date-time", "int32"}, def.Format) {
		return fmt.Errorf("found format %q", def.Format)
	}
	if def.Pattern != "" {
		re, err := regexp.Compile(def.Pattern)
		if err != nil {
			return err
		}
		s.patterns[def.Pattern] = re
	}
	for _, name := range def.Required {
		if def.Properties[name] == nil {
			return fmt.Errorf("%q is required and not defined", name)
		}
	}
	for name, p := range def.Properties {
		if err := s.validate(p); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if (def.Type == "array") != (def.Items != nil) {
		return errors.New("items and arrays go together")
	}
	if def.Items != nil {
		return s.validate(def.Items)
	}
	return nil
}

func refName(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

// check returns the faults of a value as parsed by parseJSON.
func (s *schemas) check(name string, value any) []string {
	if s.defs[name] == nil {
		return []string{"no schema " + name}
	}
	return s.faults(nil, name, &schema{Ref: "#/" + name}, "", value)
}

func (s *schemas) faults(list []string, name string, def *schema, path string, value any) []string {
	for def.Ref != "" {
		name = refName(def.Ref)
		def = s.defs[name]
	}
	fault := func(format string, args ...any) {
		list = append(list, name+" at "+strconv.Quote(path)+": "+fmt.Sprintf(format, args...))
	}
	switch v := value.(type) {
	case map[string]any:
		if def.Type != "object" {
			fault("found an object, expected %s", def.Type)
			return list
		}
		return append(list, s.objectFaults(name, def, path, v)...)
	case []any:
		if def.Type != "array" {
			fault("found an array, expected %s", def.Type)
			return list
		}
		if len(v) < def.MinItems {
			fault("found %d items, at least %d expected", len(v), def.MinItems)
		}
		for i, item := range v {
			list = s.faults(list, name, def.Items, path+"["+strconv.Itoa(i)+"]", item)
		}
	case string:
		if def.Type != "string" {
			fault("found %q, expected %s", v, def.Type)
			return list
		}
		if why := s.stringFault(def, v); why != "" {
			fault("found %q, %s", v, why)
		}
	case json.Number:
		if why := numberFault(def, v); why != "" {
			fault("found %s, %s", v, why)
		}
	case bool:
		if def.Type != "boolean" {
			fault("found %v, expected %s", v, def.Type)
		}
	default:
		fault("found %v, expected %s", v, def.Type)
	}
	return list
}

func (s *schemas) objectFaults(name string, def *schema, path string, v map[string]any) (list []string) {
	for _, member := range def.Required {
		if _, ok := v[member]; !ok {
			list = append(list, fmt.Sprintf("%s at %q: no %s", name, path, member))
		}
	}
	for member, value := range v {
		p := def.Properties[member]
		switch {
		case p != nil:
			list = s.faults(list, name, p, path+"."+member, value)
		case s.closed && !slices.Contains(openSchemas, name):
			list = append(list, fmt.Sprintf("%s at %q: unknown member %s", name, path, member))
		}
	}
	slices.Sort(list)
	return list
}

func (s *schemas) stringFault(def *schema, v string) string {
	n := utf8.RuneCountInString(v)
	switch {
	case n < def.MinLength:
		return fmt.Sprintf("at least %d characters expected", def.MinLength)
	case def.MaxLength != nil && n > *def.MaxLength:
		return fmt.Sprintf("at most %d characters expected", *def.MaxLength)
	case def.Enum != nil && !slices.Contains(def.Enum, v):
		return "expected one of " + strings.Join(def.Enum, ", ")
	case def.Pattern != "" && !s.patterns[def.Pattern].MatchString(v):
		return "expected " + def.Pattern
	case def.Format == "date-time":
		if _, err := time.Parse(time.RFC3339Nano, v); err != nil || !strings.HasSuffix(v, "Z") {
			return "expected RFC 3339 with Z"
		}
	}
	return ""
}

func numberFault(def *schema, v json.Number) string {
	f, err := v.Float64()
	switch {
	case err != nil:
		return err.Error()
	case def.Type != "integer" && def.Type != "number":
		return "expected " + def.Type
	case def.Type == "integer" && strings.ContainsAny(v.String(), ".eE"):
		return "expected an integer"
	case def.Format == "int32" && (f < math.MinInt32 || f > math.MaxInt32):
		return "expected 32 bits"
	case def.Minimum != nil && f < *def.Minimum, def.ExclusiveMinimum != nil && f <= *def.ExclusiveMinimum:
		return "below the minimum"
	case def.Maximum != nil && f > *def.Maximum:
		return "above the maximum"
	}
	return ""
}

// parseJSON reads exactly one JSON value: UTF-8, no member twice, nothing
// behind it.
func parseJSON(data []byte) (any, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	v, err := parseValue(dec)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value")
	}
	return v, nil
}

func parseValue(dec *json.Decoder) (any, error) {
	tok, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch tok {
	case json.Delim('['):
		list := []any{}
		for dec.More() {
			v, err := parseValue(dec)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := dec.Token()
		return list, err
	case json.Delim('{'):
		object := map[string]any{}
		for dec.More() {
			key, err := dec.Token()
			if err != nil {
				return nil, err
			}
			name := key.(string)
			if _, twice := object[name]; twice {
				return nil, fmt.Errorf("member %q twice", name)
			}
			if object[name], err = parseValue(dec); err != nil {
				return nil, err
			}
		}
		_, err := dec.Token()
		return object, err
	}
	return tok, nil
}

func mustSchemas(t *testing.T, closed bool) *schemas {
	t.Helper()
	s, err := readSchemas(schemaFile)
	if err != nil {
		t.Fatal("schema/dss.json:", err)
	}
	s.closed = closed
	return s
}

const goodReference = `{"id":"2f8343be-6482-4d1b-a474-16847e01af1e","manager":"uss-alder","uss_availability":"Unknown",
"version":1,"state":"Accepted","ovn":"0123456789abcdef","time_start":{"value":"2031-05-07T09:00:00Z","format":"RFC3339"},
"time_end":{"value":"2031-05-07T09:30:00.5Z","format":"RFC3339"},"uss_base_url":"https://alder.example/utm",
"subscription_id":"00000000-0000-4000-8000-000000000000"}`

// The checker must find every fault that a response can have, or a run that
// passes proves nothing.
func TestCheckerFindsFaults(t *testing.T) {
	s := mustSchemas(t, true)
	parse := func(text string) any {
		v, err := parseJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if list := s.check("OperationalIntentReference", parse(goodReference)); len(list) > 0 {
		t.Fatal("a good reference is refused:", list)
	}
	for _, swap := range [][2]string{
		{`"version":1,`, ``},
		{`"version":1`, `"version":"1"`},
		{`"version":1`, `"version":1.5`},
		{`"version":1`, `"version":1e3`},
		{`"version":1`, `"version":4294967296`},
		{`"version":1`, `"version":null`},
		{`"version":1`, `"version":true`},
		{`"manager"`, `"manger"`},
		{`"uss-alder"`, `["uss-alder"]`},
		{`"Unknown"`, `"unknown"`},
		{`"Accepted"`, `"Ended"`},
		{`2f8343be-6482-4d1b`, `2f8343be-6482-1d1b`},
		{`2f8343be-6482-4d1b-a474-16847e01af1e`, `2f8343be64824d1ba47416847e01af1e`},
		{`0123456789abcdef`, `0123456789abcde`},
		{`0123456789abcdef`, strings.Repeat("x", 129)},
		{`{"value":"2031-05-07T09:00:00Z","format":"RFC3339"}`, `"2031-05-07T09:00:00Z"`},
		{`09:00:00Z`, `09:00:00+00:00`},
		{`09:00:00Z`, `09:00Z`},
		{`"format":"RFC3339"`, `"format":"rfc3339"`},
		{`"manager"`, `"more":1,"manager"`},
	} {
		text := strings.Replace(goodReference, swap[0], swap[1], 1)
		if text == goodReference {
			t.Fatalf("%q is not there", swap[0])
		}
		if len(s.check("OperationalIntentReference", parse(text))) == 0 {
			t.Errorf("%q for %q passes", swap[1], swap[0])
		}
	}
	for name, text := range map[string]string{
		"SubscriberToNotify":                      `{"uss_base_url":"https://alder.example","subscriptions":[]}`,
		"SubscriptionState":                       `{"subscription_id":"2f8343be-6482-4d1b-a474-16847e01af1e","notification_index":-1}`,
		"QueryOperationalIntentReferenceResponse": `{"operational_intent_references":null}`,
		"ErrorResponse":                           `"message"`,
		"Subscription":                            `[]`,
		"UssAvailabilityStatusResponse":           `{"version":"","status":{}}`,
	} {
		if len(s.check(name, parse(text))) == 0 {
			t.Errorf("%s: %s passes", name, text)
		}
	}
	if len(s.check("ErrorResponse", parse(`{"message":"no","why":1}`))) > 0 {
		t.Error("an error may say more than its schema")
	}
}

func TestSchemasAreStrict(t *testing.T) {
	for what, text := range map[string]string{
		"keyword":  `{"$defs":{"A":{"type":"string","minLenght":1}}}`,
		"type":     `{"$defs":{"A":{"type":"text"}}}`,
		"format":   `{"$defs":{"A":{"type":"string","format":"date"}}}`,
		"ref":      `{"$defs":{"A":{"$ref":"#/$defs/B"}}}`,
		"required": `{"$defs":{"A":{"type":"object","required":["x"],"properties":{}}}}`,
		"items":    `{"$defs":{"A":{"type":"array"}}}`,
		"pattern":  `{"$defs":{"A":{"type":"string","pattern":"("}}}`,
	} {
		if _, err := readSchemas([]byte(text)); err == nil {
			t.Errorf("%s: %s passes", what, text)
		}
	}
}

func TestParseJSONIsStrict(t *testing.T) {
	for _, text := range []string{``, `{`, `{"a":1,"a":1}`, `{} {}`, `{}x`, "{\"a\":\"\xff\"}", `{"a":NaN}`, `[1,]`} {
		if v, err := parseJSON([]byte(text)); err == nil {
			t.Errorf("%q passes as %v", text, v)
		}
	}
}
