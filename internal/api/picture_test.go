package api

import (
	"testing"

	"github.com/deconflict/deconflict/internal/auth"
)

// picture is what of an answer the tests look at.
type pictured struct {
	Items []struct {
		item
		Volumes []struct {
			Ring   [][2]float64   `json:"ring"`
			Holes  [][][2]float64 `json:"holes"`
			Circle *struct {
				Centre  [2]float64 `json:"centre"`
				RadiusM float64    `json:"radius_m"`
			} `json:"circle"`
			LowerM *float64 `json:"lower_m"`
			UpperM *float64 `json:"upper_m"`
			Datum  string   `json:"datum"`
			Start  string   `json:"start"`
			End    string   `json:"end"`
		} `json:"volumes"`
		Paths []struct {
			Points     [][4]float64 `json:"points"`
			HalfWidthM float64      `json:"half_width_m"`
			Datum      string       `json:"datum"`
		} `json:"paths"`
	} `json:"items"`
	Gone     []string `json:"gone"`
	Complete bool     `json:"complete"`
	Basis    basis    `json:"basis"`
}

// TestPictureOfTheAirspace: of what others declared by way of F3548-21 there is a
// reference, for the scopes that read references; of the caller's own the coarse
// outline.
func TestPictureOfTheAirspace(t *testing.T) {
	n := newNode(t)
	own := n.intent("uss-alpha", n.circle(47.4, 8.5, 200))
	other := n.intent("uss-bravo", n.circle(47.5, 8.5, 200))
	closed := n.constraint("rangers", n.circle(47.6, 8.5, 200))
	for name, c := range map[string]struct {
		scopes []string
		want   map[string]string
	}{
		"acts only":   {[]string{auth.ScopeAct}, map[string]string{own.ID.String(): shownOutline}},
		"reads":       {[]string{auth.ScopeRead}, map[string]string{own.ID.String(): shownOutline, other.ID.String(): shownWithheld}},
		"constraints": {[]string{auth.ScopeAct, auth.ScopeConstraintProcessing}, map[string]string{own.ID.String(): shownOutline, closed.ID.String(): shownWithheld}},
	} {
		var p pictured
		n.get(with("uss-alpha", c.scopes...), "/v1/picture", &p)
		got := map[string]string{}
		for _, i := range p.Items {
			got[i.ID] = i.Shown
			if i.Own != (len(i.Volumes) > 0) || i.Own != (i.Token != "") {
				t.Errorf("%s: %+v", name, i)
			}
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		for id, shown := range c.want {
			if got[id] != shown {
				t.Errorf("%s: %v, want %v", name, got, c.want)
			}
		}
	}
}
