package bench

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestMember(t *testing.T) {
	for _, c := range []struct{ object, name, want string }{
		{`{"a":1,"b":{"c":"x"}}`, "b", `{"c":"x"}`},
		{` { "a" : [ "}" , {"b":2} ] , "b" : "\"}" } `, "b", `"\"}"`},
		{`{"c":{"b":1}}`, "b", ""},
		{`{"b":true}`, "b", "true"},
		{`{"a":1 "b":2}`, "b", ""},
		{`{"a":"`, "a", ""},
		{`[1]`, "a", ""},
		{``, "a", ""},
		{`{}`, "a", ""},
	} {
		if got := string(member([]byte(c.object), c.name)); got != c.want {
			t.Errorf("%s of %s: found %q, expected %q", c.name, c.object, got, c.want)
		}
	}
	var got []string
	elements([]byte(` [ 1, "a,b" ,{"x":[]} ]`), func(v []byte) { got = append(got, string(v)) })
	if len(got) != 3 || got[1] != `"a,b"` || got[2] != `{"x":[]}` {
		t.Errorf("found %q", got)
	}
	if text([]byte(`"a\n"`)) != "" || text([]byte(`"ab"`)) != "ab" || text([]byte(`12`)) != "" || text(nil) != "" {
		t.Error("text of a string")
	}
}

// On valid JSON the scanner finds what encoding/json finds; on other text it
// neither panics nor hangs.
func FuzzMember(f *testing.F) {
	for _, s := range []string{
		`{"id":"a","id2":[1,{"id":"b"}],"x":{"id":null}}`, `{"id":"\\\""}`, `[{"id":1},[],""]`, `{"id"`, `{"a\u0062":1,"id":1e5}`, "[,]", `[1,`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 64<<10 {
			return
		}
		found := member(data, "id")
		var items [][]byte
		elements(data, func(v []byte) { items = append(items, v) })
		if !json.Valid(data) {
			return
		}
		var array []json.RawMessage
		if json.Unmarshal(data, &array) == nil && array != nil {
			if len(items) != len(array) {
				t.Fatalf("found %d elements, expected %d", len(items), len(array))
			}
			for i := range items {
				if !bytes.Equal(items[i], array[i]) {
					t.Fatalf("element %d: found %q, expected %q", i, items[i], array[i])
				}
			}
		}
		// With two members of a name the scanner has the first, the decoder the last.
		if bytes.Count(data, []byte(`"id"`)) > 1 || bytes.Contains(data, []byte(`\u`)) {
			return
		}
		var object map[string]json.RawMessage
		if json.Unmarshal(data, &object) == nil && object != nil && !bytes.Equal(found, object["id"]) {
			t.Fatalf("found %q, expected %q", found, object["id"])
		}
	})
}
