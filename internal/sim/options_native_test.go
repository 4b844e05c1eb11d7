package sim

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/release"
)

// TestOptionIsOneAct has a party ask for options of an intent over HTTP and take
// one as it is answered: by its body, and nothing else. Who did not declare the
// intent is told that there is none.
func TestOptionIsOneAct(t *testing.T) {
	if testing.Short() {
		t.Skip("plays on a node with a disk")
	}
	d := openDoors(t, 1)
	d.does("nc", "party.enrol", registry.Enrol{Party: d.record("nc", registry.KindSignatory, "", "")})
	d.does("el", "party.enrol", registry.Enrol{Party: d.record("el", registry.KindSignatory, "", "")})
	states := []string{release.StateProposed, release.StateAccepted, release.StateActivated}
	d.does("nc", "release.set", release.Set{Purpose: release.Purpose, Rows: []release.Row{
		{To: release.Recipient{Party: "el"}, Groups: []string{release.Reference, release.VolumesExact}, States: states, Shown: true},
	}})
	plan := func(floorMM int64) intent.Plan {
		return intent.Plan{
			AircraftKind: "manned", Priority: intent.Priority{Rank: "other"}, Contact: intent.Contact{Position: "watch"},
			Position: intent.PositionBasis{Method: "gnss", Datum: "WGS84", ErrorMM: 10_000}, Time: intent.TimeBasis{Source: "gnss", ErrorNS: 1e9},
			Shape: declared.Shape{Volumes: []declared.Volume{{
				Footprint: declared.Footprint{Circle: &declared.Circle{Centre: declared.Point{LatE9: 12_100_000_000, LngE9: -29_700_000_000}, RadiusMM: 5_000_000}},
				Lower:     &declared.Altitude{MM: floorMM, Reference: "AMSL"}, Upper: &declared.Altitude{MM: floorMM + 2_000_000, Reference: "AMSL"},
				Start: hence(time.Hour), End: hence(2 * time.Hour), HErrorMM: 10_000, VErrorMM: 10_000, TErrorNS: 1e9,
			}}},
		}
	}
	first := d.does("nc", "intent.declare", intent.Declare{Plan: plan(1_000_000)})
	read := []string{first.member("intent.decided", "token")}
	second := d.does("el", "intent.declare", intent.Declare{Plan: plan(2_000_000), ReadSet: read})
	id := second.member("intent.decided", "id")
	if got := second.member("intent.decided", "state"); got != string(intent.Proposed) {
		t.Fatalf("the second is %s, want proposed, as the first stands", got)
	}
	ask := []byte(`{"intent":"` + id + `"}`)
	var found struct {
		State   string `json:"state"`
		Options []struct {
			Kind string          `json:"kind"`
			Body json.RawMessage `json:"body"`
		} `json:"options"`
	}
	if status := d.read("nc", "POST", "/v1/options", ask, nil); status != http.StatusNotFound {
		t.Errorf("another is answered %d", status)
	}
	if status := d.read("el", "POST", "/v1/options", ask, &found); status != http.StatusOK || found.State != "conflict" || len(found.Options) < 3 {
		t.Fatalf("%d %+v", status, found)
	}
	taken := d.says("el", "intent.change", found.Options[0].Body, "el-chief")
	if got := taken.member("intent.decided", "state"); got != string(intent.Accepted) {
		t.Errorf("the option %s leaves it %q: %s", found.Options[0].Kind, got, d.answers[len(d.answers)-1].body)
	}
	again := d.says("el", "intent.change", found.Options[1].Body, "el-chief")
	if again.status != http.StatusConflict {
		t.Errorf("another option of the version before is answered %d", again.status)
	}
	if d.read("el", "POST", "/v1/options", ask, &found); found.State != "none known" || len(found.Options) > 0 {
		t.Errorf("options of what is clear: %+v", found)
	}
}
