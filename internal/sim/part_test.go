package sim

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/party"
)

// Who takes a part may say anything: the play goes on, and shows all that it
// must. Two parts are taken; with DECONFLICT_PARTS=all, all of these.
func TestAnyAnswerGoesOn(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the program")
	}
	// What is said to a question that holds some words, one after the other; then
	// what the script says.
	for _, c := range []struct {
		part     party.ID
		scenario func() *Scenario
		says     map[string][]string
		told     []string // sentences in which the node's answers must be told
	}{
		{
			"el", Varanth,
			map[string][]string{
				"buffer": {"wide", "-1", "NaN", "9", "4.5"}, "Sign": {"no", "yes"}, "time back": {"later", "09:18:57"},
				"Do you call STOP": {"yes"}, "STOP:": {"run", "unable"},
			},
			[]string{"a buffer of 4.5 NM", "contradicts the worked examples", "does not match", "NC is called at once", "EL says: unable"},
		},
		{
			"nc", Varanth,
			map[string][]string{"Sign": {"no", "no", "no", "no", "no", "no"}, "Which one": {"0", "99", "first", "2"}, "time back": {"09:36", "24:00"}, "Do you call STOP": {"yes"}},
			[]string{"Without your signature", "so NC changes it again", "does not match", "EL is called at once"},
		},
		{
			"medilift", Tarrow,
			map[string][]string{"Answer accept": {"reject", "counter", "haggle", "accept"}, "How high": {"low", "5000"}, "frequency": {"0", "119.450"}, "STOP:": {"held"}},
			[]string{"The offer is gone", "from 5000 ft", "does not match", "MediLift answers held"},
		},
		{
			"ridgeline", Tarrow,
			map[string][]string{"way out": {"perhaps", "unable"}},
			[]string{"answers: unable", "ends as answered"},
		},
	} {
		if (c.part == nc || c.part == ridgeline) && os.Getenv("DECONFLICT_PARTS") == "" {
			continue // each plays a whole scenario: two of them show it
		}
		t.Run(string(c.part), func(t *testing.T) {
			s := c.scenario()
			node := start(t, s)
			var told strings.Builder
			node.Part = c.part
			node.Say = func(_ time.Time, text string) { told.WriteString(text + "\n") }
			node.Ask = func(question, answer string) string {
				for words, says := range c.says {
					if strings.Contains(question, words) && len(says) > 0 {
						c.says[words] = says[1:]
						return says[0]
					}
				}
				return answer
			}
			err := Run(t.Context(), s, node, func(*Row) {}, func(k Check) {
				told.WriteString(k.What + "\n")
				if !k.OK {
					t.Errorf("%s, %s: %s: %s", k.Row.At, k.Row.Event, k.What, k.Got)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			for words, rest := range c.says {
				if len(rest) > 0 {
					t.Errorf("found no further question with %q, expected one for each of %q", words, rest)
				}
			}
			for _, want := range c.told {
				if !strings.Contains(told.String(), want) {
					t.Errorf("nothing told says %q", want)
				}
			}
		})
	}
}
