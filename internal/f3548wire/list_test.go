package f3548wire

import (
	"errors"
	"strings"
	"testing"
)

// Lists of tiny elements end early, before they take many times the memory of
// their text.
func TestLongLists(t *testing.T) {
	list := func(before, element, after string, n int) []byte {
		return []byte(before + strings.TrimSuffix(strings.Repeat(element+",", n), ",") + after)
	}
	for _, k := range []struct {
		name, before, element, after string
		most                         int
		place                        string
		cause                        error
	}{
		{"extents", `{"extents":[`, `{}`, `]}`, maxExtents, "extents[10001]: ", nil},
		{"key", `{"key":[`, `""`, `]}`, maxKey, "key[100001]: ", ErrKeyTooLong},
		{
			"vertices", `{"extents":[{"volume":{"outline_polygon":{"vertices":[`, `{}`, `]}}}]}`, maxVertices,
			"extents[0].volume.outline_polygon.vertices[10001]: ", nil,
		},
	} {
		t.Run(k.name, func(t *testing.T) {
			if err := Decode(list(k.before, k.element, k.after, k.most), new(PutOperationalIntentReference)); err != nil {
				t.Errorf("as many as are allowed: %v", err)
			}
			err := Decode(list(k.before, k.element, k.after, k.most+1), new(PutOperationalIntentReference))
			if err == nil || !strings.HasPrefix(err.Error(), k.place) || k.cause != nil && !errors.Is(err, k.cause) {
				t.Errorf("found the error %v, expected one at %s", err, k.place)
			}
		})
	}
	if err := Decode(list(`{"extents":[`, `{}`, `]}`, maxExtents+1), new(PutConstraintReference)); err == nil {
		t.Error("a constraint may have any number of extents")
	}
}
