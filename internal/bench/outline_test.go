package bench

import (
	"bytes"
	"strings"
	"testing"
)

// TestFalseAlarms holds outlines to what they are for: of 60 flights on each of
// 100 days no pair that meets is missed, and less than 12 % of the pairs reported
// do not meet.
func TestFalseAlarms(t *testing.T) {
	ours, theirs, err := CountFalseAlarms(100)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("outlines: %+v, %.1f %% false alarms; S2 level 13: %+v, %.1f %%", ours, 100*ours.Share(), theirs, 100*theirs.Share())
	if ours.Pairs != 100*60*59/2 || ours.True < 50 {
		t.Errorf("%d pairs of which %d meet: too few to tell", ours.Pairs, ours.True)
	}
	if ours.Missed != 0 {
		t.Errorf("%d pairs are missed", ours.Missed)
	}
	if ours.Share() >= 0.12 {
		t.Errorf("%.1f %% false alarms, want less than 12 %%", 100*ours.Share())
	}
	if theirs.Share() <= ours.Share() {
		t.Errorf("cells of 1 km raise %.1f %% false alarms, cells of 2 m %.1f %%", 100*theirs.Share(), 100*ours.Share())
	}
}

func TestOutlineSmoke(t *testing.T) {
	var out bytes.Buffer
	if err := Outline(&out, OutlineOptions{Seeds: 3, Rounds: 1}); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + out.String())
	for _, want := range []string{"GOMAXPROCS", "load average", "false alarms", "bytes an outline", "found to meet"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("report lacks %q", want)
		}
	}
}
