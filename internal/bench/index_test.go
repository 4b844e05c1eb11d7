package bench

import (
	"bytes"
	"strings"
	"testing"
)

// The structures have to give the same answers; how fast is for the command
// to say.
func TestIndexSmoke(t *testing.T) {
	var out bytes.Buffer
	if err := Index(&out, IndexOptions{N: 20_000, Queries: 200, Rounds: 1}); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + out.String())
	for _, want := range []string{"GOMAXPROCS", "load average", "3 structures agree", "congested", "bytes a live volume"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("report lacks %q", want)
		}
	}
}
