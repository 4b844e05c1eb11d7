package channel

import (
	"testing"

	"github.com/deconflict/deconflict/internal/statement"
)

// A message without a precedence or a type is refused: written down, it could
// not be read back, and the node would not start again.
func TestNothingIsSentWithoutPrecedenceOrType(t *testing.T) {
	whole := Send{To: Address{Party: "el", Position: "watch"}, Type: TypeQuery, Precedence: Routine, Text: "when", Language: "en"}
	if err := whole.Check(); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		`{"to":{"party":"el","position":"watch"},"type":"QUERY","text":"when","language":"en"}`,
		`{"to":{"party":"el","position":"watch"},"precedence":"ROUTINE","text":"when","language":"en"}`,
		`{"to":{"party":"el","position":"watch"},"text":"when","language":"en"}`,
	} {
		var s Send
		canonical, err := statement.Canonical([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := statement.Unmarshal(canonical, &s); err != nil {
			continue // refused by its form
		}
		if s.Check() == nil {
			t.Errorf("%s is taken", text)
		}
	}
}
