package f3548wire

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// tabled are the messages and what Decode reads of each.
var tabled = map[reflect.Type][]string{
	reflect.TypeFor[Time]():                          names(timeFields),
	reflect.TypeFor[Radius]():                        names(radiusFields),
	reflect.TypeFor[Altitude]():                      names(altitudeFields),
	reflect.TypeFor[LatLngPoint]():                   names(pointFields),
	reflect.TypeFor[Polygon]():                       names(polygonFields),
	reflect.TypeFor[Circle]():                        names(circleFields),
	reflect.TypeFor[Volume3D]():                      names(volume3DFields),
	reflect.TypeFor[Volume4D]():                      names(volume4DFields),
	reflect.TypeFor[OperationalIntentReference]():    names(intentReferenceFields),
	reflect.TypeFor[OperationalIntentDetails]():      names(intentDetailsFields),
	reflect.TypeFor[OperationalIntent]():             names(intentFields),
	reflect.TypeFor[ConstraintReference]():           names(constraintReferenceFields),
	reflect.TypeFor[ConstraintDetails]():             names(constraintDetailsFields),
	reflect.TypeFor[Constraint]():                    names(constraintFields),
	reflect.TypeFor[ImplicitSubscription]():          names(implicitFields),
	reflect.TypeFor[PutOperationalIntentReference](): names(putIntentFields),
	reflect.TypeFor[PutConstraintReference]():        names(putConstraintFields),
	reflect.TypeFor[PutSubscription]():               names(putSubscriptionFields),
	reflect.TypeFor[Query]():                         names(queryFields),
	reflect.TypeFor[SetAvailability]():               names(setAvailabilityFields),
	reflect.TypeFor[ErrorReport]():                   names(errorReportFields),
	reflect.TypeFor[Exchange]():                      names(exchangeFields),
	reflect.TypeFor[NotifiedSubscription]():          names(notifiedFields),
	reflect.TypeFor[PutOperationalIntentDetails]():   names(putIntentDetailsFields),
	reflect.TypeFor[PutConstraintDetails]():          names(putConstraintDetailsFields),
}

func names[T any](f fields[T]) []string {
	var out []string
	for _, m := range f {
		out = append(out, m.name)
	}
	return out
}

func TestTablesAgreeWithTags(t *testing.T) {
	for typ, got := range tabled {
		var want []string
		for i := range typ.NumField() {
			name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			want = append(want, name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-tags +table):\n%s", typ, diff)
		}
	}
}

// messages returns one new message of every kind that Decode reads.
func messages() []Message {
	return []Message{
		&Volume4D{}, &OperationalIntent{}, &OperationalIntentDetails{}, &Constraint{}, &ConstraintDetails{},
		&PutOperationalIntentReference{}, &PutConstraintReference{}, &PutSubscription{}, &Query{},
		&SetAvailability{}, &ErrorReport{}, &Exchange{}, &PutOperationalIntentDetails{}, &PutConstraintDetails{},
	}
}

// fill sets every member of a message to a drawn value.
func fill(t *rapid.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "present") {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[json.RawMessage]() {
			v.SetBytes([]byte(rapid.SampledFrom([]string{`null`, `{"a":[1,2e3,"\u00e9"],"b":{}}`, `[]`, `"x"`, `-0.5`, `true`}).Draw(t, "raw")))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), rapid.IntRange(0, 3).Draw(t, "length"), 3))
		for i := range v.Len() {
			fill(t, v.Index(i))
		}
	case reflect.String:
		v.SetString(rapid.String().Draw(t, "text"))
	case reflect.Float64:
		v.SetFloat(rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64).Draw(t, "number"))
	case reflect.Int64:
		v.SetInt(rapid.Int64().Draw(t, "whole"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "flag"))
	default:
		t.Fatalf("no value for a %s", v.Kind())
	}
}

// What encoding/json writes, Decode and encoding/json read alike.
func TestDecodeReadsAsTheStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SampledFrom(messages()).Draw(t, "message")
		fill(t, reflect.ValueOf(m).Elem())
		data, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "indent") {
			data, err = json.MarshalIndent(m, "\r", " \t")
			if err != nil {
				t.Fatal(err)
			}
		}
		agree(t, data, m)
	})
}

// agree reads data both ways into messages of m's kind.
func agree(t interface {
	Fatalf(string, ...any)
}, data []byte, m Message,
) {
	own := reflect.New(reflect.TypeOf(m).Elem()).Interface().(Message)
	std := reflect.New(reflect.TypeOf(m).Elem()).Interface()
	if err := Decode(data, own); err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	if err := json.Unmarshal(data, std); err != nil {
		t.Fatalf("Decode takes what encoding/json refuses: %v\n%s", err, data)
	}
	if diff := cmp.Diff(plain(std), plain(own)); diff != "" {
		t.Fatalf("(-encoding/json +Decode):\n%s\n%s", diff, data)
	}
}

// plain writes a message without telling absent from null, as encoding/json does
// for raw values.
func plain(m any) string {
	text, err := json.Marshal(m)
	if err != nil {
		return fmt.Sprint(err)
	}
	return strings.ReplaceAll(string(text), `,"geozone":null`, "")
}

// Whatever Decode takes, encoding/json takes too and reads the same, unless the
// names differ in case, for which Decode is stricter.
func FuzzMessages(f *testing.F) {
	f.Add(uint8(1), []byte(intent))
	f.Add(uint8(5), []byte(createBody))
	f.Add(uint8(8), []byte(`{"area_of_interest":null}`))
	f.Add(uint8(11), []byte(`{"url":"\ud83d\ude00\u0000","method":"\/","problem":"\ud83d"}`))
	f.Add(uint8(9), []byte(`{"old_version":"","availability":"Down","x":[[],{},[1,-0.0e+5,true,null]]}`))
	f.Add(uint8(10), []byte(`{"exchange":{"a":01}}`))
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) {
		if len(data) > 64<<10 {
			return
		}
		all := messages()
		m := all[int(kind)%len(all)]
		if err := Decode(data, m); err != nil {
			if err.Error() == "" {
				t.Fatal("an error without words")
			}
			return
		}
		if !json.Valid(data) {
			t.Fatalf("takes what is no JSON: %q", data)
		}
		if !hasOddNames(data) {
			agree(t, data, m)
		}
	})
}

// hasOddNames reports whether encoding/json might read a name that Decode takes
// for unknown: it folds case, also beyond ASCII.
func hasOddNames(data []byte) bool {
	for _, c := range data {
		if c >= 'A' && c <= 'Z' || c >= 0x80 || c == '\\' {
			return true
		}
	}
	return false
}

const createBody = `{"extents":[{"volume":{"outline_polygon":{"vertices":[
{"lat":46.97705312,"lng":7.45221034},{"lat":46.97705312,"lng":7.45483991},{"lat":46.97885174,"lng":7.45483991},{"lat":46.97885174,"lng":7.45221034},
{"lat":46.97875174,"lng":7.45220034},{"lat":46.97865174,"lng":7.45219034},{"lat":46.97855174,"lng":7.45218034},{"lat":46.97845174,"lng":7.45217034}]},
"altitude_lower":{"value":500,"reference":"W84","units":"M"},"altitude_upper":{"value":530.5,"reference":"W84","units":"M"}},
"time_start":{"value":"2026-03-01T10:00:00Z","format":"RFC3339"},"time_end":{"value":"2026-03-01T10:15:00.25Z","format":"RFC3339"}}],
"key":["uqQ5yJfXQ0mXb3Lr0y9zNw","Zr2aN1T0Q9W3Vv8bUj1kfg"],"state":"Accepted","uss_base_url":"https://uss1.example.net/utm",
"new_subscription":{"uss_base_url":"https://uss1.example.net/utm","notify_for_constraints":false}}`

func TestDecodeTakesAbsentForNull(t *testing.T) {
	var m PutOperationalIntentReference
	err := Decode([]byte(`{"extents":null,"key":null,"state":null,"subscription_id":null,"new_subscription":null,"requested_ovn_suffix":null,"uss_base_url":null}`), &m)
	if err != nil || !reflect.DeepEqual(m, PutOperationalIntentReference{}) {
		t.Errorf("%+v, %v", m, err)
	}
	for _, bad := range []string{`{"key":[null]}`, `{"extents":[null]}`, `null`, ``, ` `, `{} {}`, `{"key":[1]}`, `{"a":1,}`, `{"a"}`, `{a:1}`, `{"a":tru}`, `{"a":nul}`, "{\"a\":\"\n\"}", `{"a":"\x"}`, `{"a":"`, `{"a":"\`, `{"a":1.}`, `{"a":.5}`, `{"a":1e}`, `{"a":-}`, `{"a":00}`, `{"a":NaN}`, `{"a":+1}`, `{"a":[1,]}`, `[`, `{`, "\ufeff{}"} {
		if err := Decode([]byte(bad), &m); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestQueryMayBeAnInstant(t *testing.T) {
	var m PutOperationalIntentReference
	if err := Decode([]byte(createBody), &m); err != nil {
		t.Fatal(err)
	}
	v := m.Extents[0]
	v.TimeEnd = v.TimeStart
	if _, err := v.ToVolume(); err == nil || !strings.Contains(err.Error(), "end_not_after_start") {
		t.Errorf("a volume that ends when it starts: %v", err)
	}
	got, err := v.ToQuery()
	if err != nil || got.Window.StartNS != got.Window.EndNS {
		t.Errorf("a query that ends when it starts: %v, %v", got.Window, err)
	}
	v.TimeStart = NewTime(got.Window.EndNS + 1)
	if _, err := v.ToQuery(); err == nil {
		t.Error("a query that ends before it starts is taken")
	}
}

func BenchmarkDecodeCreate(b *testing.B) {
	data := []byte(createBody)
	b.Run("own", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var m PutOperationalIntentReference
			if err := Decode(data, &m); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var m PutOperationalIntentReference
			if err := json.Unmarshal(data, &m); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ToVolume", func(b *testing.B) {
		b.ReportAllocs()
		var m PutOperationalIntentReference
		if err := Decode(data, &m); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := m.Extents[0].ToVolume(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
