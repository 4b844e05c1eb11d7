package world

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/event"
)

const goldenDir = "testdata/events"

// Every type of event has a golden one, which every later program must read the
// same. A file is made once, with -update, and never edited: a new form of an
// event gets a new version beside it.
func TestGoldenEvents(t *testing.T) {
	table := event.Table{typeTaken: own[typeTaken]}
	for name, d := range ofEvent {
		table[name] = d.events[name]
	}
	const atNS = 1_772_611_200_000_000_000
	for _, name := range table.Types() {
		t.Run(name, func(t *testing.T) {
			full := table[name]()
			fill(reflect.ValueOf(full).Elem(), 0, name)
			version := int64(1)
			if e, ok := full.(event.Versioned); ok {
				version, _ = e.Form()
			}
			file := filepath.Join(goldenDir, fmt.Sprintf("%s.v%d.json", name, version))
			if _, err := os.Stat(file); err != nil && *update {
				text := event.Encode(nil, full, atNS)
				if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			golden, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v; made by go test ./internal/world -run Golden -update", err)
			}
			text := bytes.TrimSuffix(golden, []byte("\n"))
			// What was written has all members, so that a member whose name changes
			// is noticed.
			if now := Encode(nil, full, atNS); !bytes.Equal(memberNames(t, now), memberNames(t, text)) {
				t.Errorf("the event has the members\n%s\nits golden form\n%s", memberNames(t, now), memberNames(t, text))
			}
		})
	}
	files, err := filepath.Glob(filepath.Join(goldenDir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		base := filepath.Base(file)
		t.Run("again/"+base, func(t *testing.T) { readAgain(t, file, base[:len(base)-len(".v1.json")], atNS) })
	}
}

// readAgain reads a golden event, of whatever version, and writes it.
func readAgain(t *testing.T, file, name string, atNS int64) {
	golden, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := bytes.TrimSuffix(golden, []byte("\n"))
	ev, at, err := Decode(text)
	if err != nil {
		t.Fatalf("%v; journals may hold it", err)
	}
	if at != atNS || ev.Type() != name {
		t.Errorf("read as %s at %d", ev.Type(), at)
	}
	if again := Encode(nil, ev, at); !bytes.Equal(again, text) {
		t.Errorf("read and written again it is\n%s\nwant\n%s", again, text)
	}
}

// memberNames lists the paths of all members.
func memberNames(t *testing.T, text []byte) []byte {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	listNames(&b, "", v)
	return b.Bytes()
}

func listNames(b *bytes.Buffer, path string, v any) {
	switch x := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(x)) {
			b.WriteString(path + name + "\n")
			listNames(b, path+name+".", x[name])
		}
	case []any:
		for _, e := range x {
			listNames(b, path+"[].", e)
		}
	}
}

// fillWord gives a member of a closed list one of its words.
func fillWord(v encoding.TextUnmarshaler) {
	for _, word := range []string{"WARN", "FLASH", "read_back", "duty"} {
		if v.UnmarshalText([]byte(word)) == nil {
			return
		}
	}
}

// fill gives every member a value that is not its zero.
func fill(v reflect.Value, depth int, name string) {
	if depth > 12 {
		return
	}
	if v.Type() == levelType {
		v.SetUint(2)
		return
	}
	if v.Kind() != reflect.Pointer && v.CanAddr() && v.Type() != instantType {
		if own, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
			fillWord(own)
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth+1, name)
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() || f.Anonymous {
				if v.Field(i).CanSet() {
					fill(v.Field(i), depth+1, f.Name)
				} else if f.Anonymous && f.Type.Kind() == reflect.Struct { // promoted members of an unexported struct
					fillPromoted(v.Field(i), depth+1)
				}
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte(`{"a":1}`))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), depth+1, name)
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), depth+1, name)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		elem := reflect.New(v.Type().Elem()).Elem()
		fill(elem, depth+1, name)
		v.SetMapIndex(reflect.ValueOf("en").Convert(v.Type().Key()), elem)
	case reflect.String:
		v.SetString(strings.ToLower(name))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(len(name)) + 1)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(len(name)) + 1)
	}
}

func fillPromoted(v reflect.Value, depth int) {
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() && v.Field(i).CanSet() {
			fill(v.Field(i), depth+1, f.Name)
		}
	}
}
