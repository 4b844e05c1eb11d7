package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// byLibrary is Encode by encoding/json alone: the event, canonical, with its
// envelope.
func byLibrary(ev Event, nowNS int64) ([]byte, error) {
	text, err := statement.Marshal(ev)
	if err != nil {
		return nil, err
	}
	members, err := statement.Fields(text)
	if err != nil {
		return nil, err
	}
	at, err := statement.Marshal(statement.Instant(nowNS))
	if err != nil {
		return nil, err
	}
	members = append(members, statement.Field{Name: "at", Value: at},
		statement.Field{Name: "type", Value: statement.AppendString(nil, ev.Type())}, statement.Field{Name: "v", Value: []byte("1")})
	slices.SortFunc(members, func(a, b statement.Field) int {
		if statement.Less(a.Name, b.Name) {
			return -1
		}
		return 1
	})
	return statement.AppendObject(nil, members)
}

func encoded(ev Event, nowNS int64) (text []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	return Encode(nil, ev, nowNS), nil
}

// zoo has a member of each kind that events have, and some that they do not have
// yet.
type zoo struct {
	inner
	Zebra   string            `json:"zebra"`
	Ant     int64             `json:"ant,omitempty"`
	Été     string            `json:"été,omitempty"`
	Desert  string            `json:"𐐀,omitempty"`
	High    string            `json:"ａ,omitempty"` // sorts behind 𐐀 by code units
	Bee     *int64            `json:"bee"`
	Beetle  *int64            `json:"beetle,omitempty"`
	Level   party.Level       `json:"level,omitzero"`
	When    statement.Instant `json:"when,omitempty"`
	Raw     json.RawMessage   `json:"raw,omitempty"`
	Bytes   []byte            `json:"bytes"`
	Words   []string          `json:"words"`
	Nested  []inner           `json:"nested,omitempty"`
	Pointer *inner            `json:"pointer,omitempty"`
	Map     map[string]string `json:"map,omitempty"`
	Any     any               `json:"any,omitempty"`
	Float   float64           `json:"float,omitempty"`
	Count   uint32            `json:"count,omitempty"`
	Flag    bool              `json:"flag,omitempty"`
	Pair    [2]string         `json:"pair"`
	Tree    *tree             `json:"tree,omitempty"`
	Hidden  string            `json:"-"`
	Plain   string
	secret  string
}

type inner struct {
	Name   string `json:"name"`
	Number int64  `json:"number,omitzero"`
}

type tree struct {
	Below []*tree `json:"below,omitempty"`
}

func (*zoo) Type() string              { return "zoo.seen" }
func (*zoo) Actor() party.ID           { return "" }
func (*zoo) Release(party.ID) []string { return nil }

var words = rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "<a&b>", "\u2028", "\xff\xfe", "\x00\n\"\\", "😀"}))

func anyZoo(t *rapid.T) *zoo {
	integer := rapid.OneOf(rapid.Int64Range(-3, 3), rapid.SampledFrom([]int64{statement.MaxInteger, -statement.MaxInteger, statement.MaxInteger + 1, math.MinInt64}))
	some := func(p float64) bool { return rapid.Float64Range(0, 1).Draw(t, "some") < p }
	z := &zoo{
		inner: inner{words.Draw(t, "name"), integer.Draw(t, "number")}, Zebra: words.Draw(t, "zebra"), Été: words.Draw(t, "été"),
		Desert: words.Draw(t, "desert"), High: words.Draw(t, "high"), Level: party.Level(rapid.IntRange(0, 5).Draw(t, "level")),
		When: statement.Instant(rapid.Int64().Draw(t, "when")), Words: rapid.SliceOfN(words, -1, 3).Draw(t, "words"),
		Flag: some(0.5), Plain: words.Draw(t, "plain"), secret: "x", Hidden: "y", Count: rapid.Uint32Range(0, 2).Draw(t, "count"),
		Pair: [2]string{words.Draw(t, "pair"), ""},
	}
	if some(0.5) {
		z.Ant = integer.Draw(t, "ant")
		z.Bee, z.Pointer = &z.Ant, &inner{Name: words.Draw(t, "inner")}
	}
	if some(0.3) {
		z.Raw = json.RawMessage(rapid.SampledFrom([]string{`{"b":1, "a":[true,null]}`, `"\u003c"`, `1.5`, `{`, strings.Repeat("[", 63) + strings.Repeat("]", 63), strings.Repeat("[", 64) + strings.Repeat("]", 64)}).Draw(t, "raw"))
	}
	if some(0.3) {
		z.Bytes, z.Map, z.Any = []byte("ab"), map[string]string{"\ufb33": "x", "😀": "y", "a": words.Draw(t, "of map")}, []any{1, "x"}
	}
	if some(0.3) {
		z.Nested, z.Words = []inner{{Name: "n"}, {Number: 2}}, nil
	}
	if some(0.1) {
		z.Float = 1.5
	}
	for range rapid.SampledFrom([]int{0, 0, 1, 30, 31, 32, 40}).Draw(t, "deep") {
		z.Tree = &tree{[]*tree{z.Tree, nil}}
	}
	return z
}

// Encode writes straight what encoding/json and the canonical form make of an
// event in three steps, and refuses what they refuse.
func TestEncodeIsTheCanonicalFormOfTheStruct(t *testing.T) {
	good := 0
	rapid.Check(t, func(t *rapid.T) {
		z, ns := anyZoo(t), rapid.Int64().Draw(t, "now")
		want, wantErr := byLibrary(z, ns)
		got, err := encoded(z, ns)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("error %v, want %v", err, wantErr)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("found\n%s\nexpected\n%s", got, want)
		}
		if err == nil {
			good++
		}
	})
	if good == 0 && !testing.Short() { // of few that are drawn, all can be bad
		t.Error("no event could be encoded: nothing is tested")
	}
}

// What a plan does not know is left to encoding/json where it is inside an event,
// and refused where it is the event.
func TestEncodeLeavesOddStructs(t *testing.T) {
	type quoted struct {
		N int `json:"n,string"`
	}
	if p := planOf(reflect.TypeFor[quoted]()); p.odd == "" {
		t.Error("found a plan for an option that it does not know")
	}
	var e encoder
	writeStruct(&e, reflect.ValueOf(&quoted{7}).Elem())
	if string(e.dst) != `{"n":"7"}` || e.err != nil {
		t.Errorf("found %s, %v", e.dst, e.err)
	}
	type twice struct {
		inner
		Name string `json:"name"`
	}
	e = encoder{}
	writeStruct(&e, reflect.ValueOf(&twice{inner{"deep", 0}, "shallow"}).Elem())
	if string(e.dst) != `{"name":"shallow"}` || e.err != nil {
		t.Errorf("found %s, %v", e.dst, e.err)
	}
}
