package world

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
)

// Every event that a journal may hold is readable: a type of member that Readable
// does not know yet would have each such event refused.
func TestGoldenEventsAreReadable(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(goldenDir, "*.json"))
	if err != nil || len(files) < len(ofEvent) {
		t.Fatalf("found %d files, %v", len(files), err)
	}
	for _, file := range files {
		golden, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := bytes.TrimSuffix(golden, []byte("\n"))
		ev, _, err := Decode(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := Readable(ev, text); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// fickle is an event of which a member is written otherwise than it is read.
type fickle struct {
	Mood mood `json:"mood"`
}

type mood int

func (m mood) MarshalText() ([]byte, error) { return []byte{'a' + byte(m)}, nil }

func (m *mood) UnmarshalText(text []byte) error {
	if text[0] == 'c' {
		return errors.New("no mood")
	}
	*m = 0
	return nil
}

func (*fickle) Type() string              { return "test.fickle" }
func (*fickle) Actor() party.ID           { return "" }
func (*fickle) Release(party.ID) []string { return nil }

// sober stands where a table has another type than is written.
type sober struct{ fickle }

// An event whose encoder and decoder disagree is found out before it is written:
// when it is not read, when it is read as another, and when another type is read.
func TestReadableFindsCodecsThatDisagree(t *testing.T) {
	ofEvent["test.fickle"] = &domain{events: event.Table{"test.fickle": func() event.Event { return new(fickle) }}}
	t.Cleanup(func() { delete(ofEvent, "test.fickle") })
	for m, good := range map[mood]bool{0: true, 1: false, 2: false} {
		ev := &fickle{m}
		text := Encode(nil, ev, noonNS)
		back, _, err := Decode(text)
		if read := err == nil && bytes.Equal(Encode(nil, back, noonNS), text); read != good {
			t.Fatalf("%s: read %v: it shows nothing", text, read)
		}
		if err := Readable(ev, text); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
	ev := &sober{fickle{}}
	if err := Readable(ev, Encode(nil, ev, noonNS)); err == nil {
		t.Error("an event of another type than is read is said to be read back")
	}
}
