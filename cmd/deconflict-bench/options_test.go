package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestOptionsRefuses(t *testing.T) {
	for args, want := range map[string]string{
		"-n few":              `found "few" intents`,
		"-n 10":               `found "10" intents`,
		"-n= -days sunday":    `found a day "sunday"`,
		"-n= -days= -plot /x": "expected sizes",
	} {
		var out, errs bytes.Buffer
		if code := run(append([]string{"options", "-queries", "1"}, strings.Fields(args)...), &out, &errs); code != 3 || !strings.Contains(errs.String(), want) {
			t.Errorf("%s: exit %d, %q", args, code, errs.String())
		}
	}
}
