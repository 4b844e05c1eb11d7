package statement

import (
	"math"
	"testing"
)

// What others say is of the years 1900 to 2200, wherever it stands. What this
// program computes from it may lie outside, and is read back whatever it is: a
// journal that cannot be read ends a node for good.
func TestInstantsOfOthers(t *testing.T) {
	type inner struct {
		At   Instant            `json:"at"`
		More []*Instant         `json:"more,omitempty"`
		By   map[string]Instant `json:"by,omitempty"`
	}
	type body struct {
		inner
		Deep *inner `json:"deep,omitempty"`
	}
	for text, good := range map[string]bool{
		`{"at":"1900-01-01T00:00:00.000000000Z"}`:                        true,
		`{"at":"2200-12-31T23:59:59.999999999Z"}`:                        true,
		`{"at":"1899-12-31T23:59:59.999999999Z"}`:                        false,
		`{"at":"2201-01-01T00:00:00.000000000Z"}`:                        false,
		`{"more":["2030-01-01T00:00:00Z","2201-01-01T00:00:00Z"]}`:       false,
		`{"by":{"a":"1700-01-01T00:00:00Z"}}`:                            false,
		`{"deep":{"at":"1700-01-01T00:00:00Z"}}`:                         false,
		`{"deep":{"by":{"a":"2030-01-01T00:00:00Z"},"more":[]}}`:         true,
		`{"deep":{"at":"1899-12-31T23:30:00-01:00"}}`:                    true,  // 1900 in UTC
		`{"deep":{"at":"1900-01-01T00:30:00+01:00"}}`:                    false, // 1899 in UTC
		`{"at":"1600-01-01T00:00:00Z"}`:                                  false,
		`{"at":"9999-01-01T00:00:00Z"}`:                                  false,
		`{"deep":{"at":"yesterday"}}`:                                    false,
		`{"deep":{"more":["2030-01-01T00:00:00Z"]},"by":null,"more":[]}`: false, // not canonical
	} {
		if err := Unmarshal([]byte(text), new(body)); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, ns := range []int64{math.MinInt64, math.MinInt64 + 1, -1 << 62, -1, 0, 1, 1 << 62, math.MaxInt64 - 1, math.MaxInt64} {
		text, err := Marshal(inner{At: Instant(ns)})
		if err != nil {
			t.Fatal(err)
		}
		var back inner
		if err := Reread(text, &back); err != nil || int64(back.At) != ns {
			t.Errorf("%d is written as %s and read as %d, %v", ns, text, back.At, err)
		}
	}
}
