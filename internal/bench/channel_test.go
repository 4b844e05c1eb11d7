package bench

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// reading returns a load of two messages and a STOP, all accepted, and the inbox
// of the second of three parties.
func reading() (*load, *inboxReader) {
	opt := &ChannelOptions{Parties: 3, Rate: 2}
	l := &load{opt: opt, cast: &cast{opt: opt, players: make([]player, 3)}, start: time.Now(), faults: make(chan string, 1)}
	l.messages = []sending{
		{from: 0, to: 1, position: "watch", due: time.Millisecond, answered: 3 * time.Millisecond},
		{from: 1, to: 2, position: "watch", due: 2 * time.Millisecond, answered: 4 * time.Millisecond},
	}
	l.stops = []sending{{from: 0, to: -1, due: time.Millisecond, answered: 5 * time.Millisecond}}
	b := &inboxReader{load: l, player: 1, position: "watch", last: -1}
	l.inboxes = []*inboxReader{b}
	return l, b
}

// What was accepted has to arrive once wherever it is for: less, more and another
// order are found out. What the reader's own party sent is not for it.
func TestChannelNotices(t *testing.T) {
	m, own, s := mark(markMessage, 0), mark(markMessage, 1), mark(markStop, 0)
	for _, c := range []struct {
		name  string
		data  []string
		fault string
	}{
		{"all", []string{m, own, s}, ""},
		{"a message is missing", []string{own, s}, "1 deliveries of accepted messages are missing"},
		{"a STOP is missing", []string{m}, "1 deliveries of accepted messages are missing"},
		{"twice", []string{m, s, m}, "1 are too many"},
		{"unknown", []string{m, s, mark(markMessage, 7)}, "that nobody sent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, b := reading()
			for _, text := range c.data {
				b.take([]byte(`data: {"fields":{"ref":"` + text + `"}}`))
			}
			r := l.report("node", snapshot{at: l.start}, snapshot{at: l.start.Add(time.Second)})
			err := r.fault()
			if (err == nil) != (c.fault == "") || err != nil && !strings.Contains(err.Error(), c.fault) {
				t.Errorf("found the error %v, expected %q", err, c.fault)
			}
			if err == nil && (r.Accepted != 3 || r.time(sentArrived).Count != 1 || r.time(stopArrived).Count != 1) {
				t.Errorf("found %+v", r)
			}
			if strings.Contains(c.fault, "missing") && !errors.Is(err, errLost) {
				t.Errorf("found %v, expected a loss", err)
			}
		})
	}
}

func TestChannelSaysWhatIsWrong(t *testing.T) {
	for want, opt := range map[string]ChannelOptions{
		"found no command":         {},
		"fewer than 2 parties":     {Command: "x", Parties: 1},
		"found 101 percent":        {Command: "x", Signed: 101},
		"ended before it accepted": {Command: "false {addr}", Dir: t.TempDir()},
	} {
		if err := Channel(t.Context(), new(strings.Builder), opt); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("found the error %v, expected %q", err, want)
		}
	}
}
