package declared

import (
	"strings"
	"testing"
)

func TestCheckText(t *testing.T) {
	for text, good := range map[string]bool{
		"a": true, "two\nlines": true, "née": true, "": false, "12345678901": false, "a\tb": false, "a\x00": false, "a\u0085": false,
	} {
		if err := CheckText("body.note", text, 1, 10); (err == nil) != good || err != nil && !strings.HasPrefix(err.Error(), "body.note: ") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := CheckTexts("codes", []string{"a", ""}, 2, 1, 10); err == nil || !strings.HasPrefix(err.Error(), "codes[1]: ") {
		t.Errorf("an empty one: %v", err)
	}
	if err := CheckTexts("codes", []string{"a", "b", "c"}, 2, 1, 10); err == nil {
		t.Error("too many are taken")
	}
}
