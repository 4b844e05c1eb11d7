package registry

import (
	"strings"
	"testing"
)

func TestHookBodies(t *testing.T) {
	for _, b := range []Hook{
		{"watch", "https://uss.example/in?key=x"}, {"all", "http://127.0.0.1:9/"}, {"watch", ""},
	} {
		if err := b.Check(); err != nil {
			t.Errorf("%+v: %v", b, err)
		}
	}
	for _, b := range []Hook{
		{"", "https://uss.example/"},
		{"watch", "ftp://uss.example/"},
		{"watch", "https://u:p@uss.example/"},
		{"watch", "https://uss.example/#x"},
		{"watch", "https:///x"},
		{"watch", "://"},
		{"watch", "https://uss.example/" + strings.Repeat("x", maxHookBytes)},
		{strings.Repeat("x", 65), ""},
	} {
		if b.Check() == nil {
			t.Errorf("%+v is taken", b)
		}
	}
}
