package world

import (
	"encoding"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// ActForm is what an act of a kind needs and what its body looks like.
type ActForm struct {
	Act   string      `json:"act"`
	Held  bool        `json:"held"`            // needs the signature of a role's own key
	Level party.Level `json:"level,omitempty"` // least level of who acts
	Body  Schema      `json:"body"`
}

// Schema is a JSON Schema (2020-12).
type Schema map[string]any

// ActForms returns the forms of all acts, by name. They are made from what
// decodes the bodies, so that the two cannot differ.
func ActForms() []ActForm {
	forms := make([]ActForm, 0, len(ofAct))
	for _, name := range slices.Sorted(maps.Keys(ofAct)) {
		kind, _ := Kind(name)
		forms = append(forms, ActForm{name, kind.Held, kind.Level, schemaOf(reflect.TypeOf(kind.New()), nil)})
	}
	return forms
}

var (
	instantType = reflect.TypeFor[statement.Instant]()
	levelType   = reflect.TypeFor[party.Level]()
	textType    = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// schemaOf returns the schema of what encoding/json reads into a type. Types
// within themselves, which end somewhere, are objects of any kind inside.
func schemaOf(t reflect.Type, within []reflect.Type) Schema {
	switch {
	case t == instantType:
		return Schema{"type": "string", "format": "date-time"}
	case t == levelType:
		return Schema{"type": "string", "enum": []string{"watch", "duty", "senior", "policy"}}
	case t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(textType):
		return Schema{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem(), within)
	case reflect.Bool:
		return Schema{"type": "boolean"}
	case reflect.String:
		return Schema{"type": "string"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return Schema{"type": "integer", "minimum": -statement.MaxInteger, "maximum": statement.MaxInteger}
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 { // json.RawMessage: any value
			return Schema{}
		}
		return Schema{"type": "array", "items": schemaOf(t.Elem(), within)}
	case reflect.Map:
		return Schema{"type": "object", "additionalProperties": schemaOf(t.Elem(), within)}
	case reflect.Struct:
		if slices.Contains(within, t) {
			return Schema{"type": "object"}
		}
		return objectSchema(t, append(within, t))
	}
	return Schema{}
}

// objectSchema leaves nothing but the struct's members: unknown ones are refused.
func objectSchema(t reflect.Type, within []reflect.Type) Schema {
	members, required := map[string]Schema{}, []string{}
	for i := range t.NumField() {
		f := t.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && tag == "" {
			inner := schemaOf(f.Type, within)
			if m, ok := inner["properties"].(map[string]Schema); ok {
				maps.Copy(members, m)
				required = append(required, inner["required"].([]string)...)
			}
			continue
		}
		if !f.IsExported() || tag == "-" {
			continue
		}
		if tag == "" {
			tag = f.Name
		}
		members[tag] = schemaOf(f.Type, within)
		if !strings.Contains(options, "omit") {
			required = append(required, tag)
		}
	}
	slices.Sort(required)
	return Schema{"type": "object", "properties": members, "required": required, "additionalProperties": false}
}
