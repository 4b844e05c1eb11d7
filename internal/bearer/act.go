package bearer

import (
	"fmt"
	"regexp"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// Acts are the acts of this domain. A heartbeat needs no role: a program sends
// it, with the party's token or a role's key.
var Acts = party.ActKinds{
	"bearer.test":      {New: func() any { return new(TestCall) }, Level: party.Watch},
	"bearer.answer":    {New: func() any { return new(Answer) }, Level: party.Watch},
	"bearer.heartbeat": {New: func() any { return new(Heartbeat) }},
	"bearer.cause":     {New: func() any { return new(StateCause) }, Level: party.Watch},
	"bearer.announce":  {New: func() any { return new(Announce) }, Level: party.Watch},
}

// Cause is why a line or a heartbeat failed, as far as it is known.
type Cause string

// Causes.
const (
	Unknown    Cause = "unknown"
	Technical  Cause = "technical"
	Deliberate Cause = "deliberate"
)

func (c Cause) check() error {
	if c != Unknown && c != Technical && c != Deliberate {
		return fmt.Errorf("found the cause %q, expected technical, deliberate or unknown", short(string(c)))
	}
	return nil
}

// HeartbeatBearer stands where a bearer is named, for the heartbeat.
const HeartbeatBearer = "heartbeat"

const (
	maxTextBytes = 4000
	maxDelayMS   = 600_000
	// maxOffsetNS caps measured clock offsets (100 days), so that they fit a
	// canonical integer.
	maxOffsetNS = 100 * 86400 * 1_000_000_000
)

var (
	bearerName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)
	digestForm = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// TestCall begins a test call to another party beside the scheduled ones.
type TestCall struct {
	To     party.ID `json:"to"`
	Bearer string   `json:"bearer"`
}

// Check refuses what no state could make right.
func (b *TestCall) Check() error {
	if err := checkParty("to", b.To); err != nil {
		return err
	}
	return checkBearer(b.Bearer)
}

// Answer tells what the called party heard.
type Answer struct {
	Test        string `json:"test"`
	Challenge   string `json:"challenge"`   // as heard
	Readability int64  `json:"readability"` // 1 unreadable to 5 perfectly readable
	DelayMS     int64  `json:"delay_ms"`    // of speech, as judged; 0 to 600,000
	Position    string `json:"position"`    // that answered the call
	Clock       *Clock `json:"clock,omitempty"`
}

// Check refuses what no state could make right.
func (b *Answer) Check() error {
	if err := checkID("test", b.Test); err != nil {
		return err
	}
	if len(b.Challenge) == 0 || len(b.Challenge) > 100 {
		return fmt.Errorf("challenge: found %d bytes, expected 1 to 100", len(b.Challenge))
	}
	if b.Readability < 1 || b.Readability > 5 {
		return fmt.Errorf("readability: found %d, expected 1 (unreadable) to 5 (perfectly readable)", b.Readability)
	}
	if b.DelayMS < 0 || b.DelayMS > maxDelayMS {
		return fmt.Errorf("delay_ms: found %d, expected 0 to %d", b.DelayMS, maxDelayMS)
	}
	if len(b.Position) > 64 {
		return fmt.Errorf("position: found %d bytes, expected at most 64", len(b.Position))
	}
	return b.Clock.check()
}

// Clock is what a party says of its own clock.
type Clock struct {
	Source string `json:"source"` // gnss, ntp, manual or unknown
	// ErrorNS is the bound of the error that the party states, 0 to a day.
	ErrorNS int64 `json:"error_ns"`
}

func (c *Clock) check() error {
	if c == nil {
		return nil
	}
	switch c.Source {
	case "gnss", "ntp", "manual", "unknown":
	default:
		return fmt.Errorf("clock.source: found %q, expected gnss, ntp, manual or unknown", short(c.Source))
	}
	if c.ErrorNS < 0 || c.ErrorNS > dayNS {
		return fmt.Errorf("clock.error_ns: found %d, expected 0 to %d", c.ErrorNS, dayNS)
	}
	return nil
}

// Heartbeat says that a party lives, and how far it has read. The instant of
// its statement is compared with the node's clock.
type Heartbeat struct {
	// To is who is told; empty: everybody who counts on the party.
	To party.ID `json:"to,omitempty"`
	// State is the SHA-256 digest of what the party holds, in hexadecimal.
	State string `json:"state"`
	// Seen is the journal index of the last entry that the party has read.
	Seen int64 `json:"seen"`
	// Checkpoint is the root of the journal that the party holds at Seen, in
	// hexadecimal; empty: none.
	Checkpoint string `json:"checkpoint,omitempty"`
	Clock      *Clock `json:"clock,omitempty"`
}

// Check refuses what no state could make right.
func (b *Heartbeat) Check() error {
	if b.To != "" {
		if err := checkParty("to", b.To); err != nil {
			return err
		}
	}
	if !digestForm.MatchString(b.State) {
		return fmt.Errorf("state: found %q, expected 64 hexadecimal digits", short(b.State))
	}
	if b.Seen < 0 || b.Seen > statement.MaxInteger {
		return fmt.Errorf("seen: found %d, expected 0 to %d", b.Seen, int64(statement.MaxInteger))
	}
	if b.Checkpoint != "" && !digestForm.MatchString(b.Checkpoint) {
		return fmt.Errorf("checkpoint: found %q, expected 64 hexadecimal digits", short(b.Checkpoint))
	}
	return b.Clock.check()
}

// StateCause states why a line failed or a party is silent. It is the word of
// the party that states it; the other may state another.
type StateCause struct {
	From party.ID `json:"from"` // who calls on the line, or whose heartbeat it is
	To   party.ID `json:"to"`
	// Bearer is that of the line, or HeartbeatBearer.
	Bearer string `json:"bearer"`
	Cause  Cause  `json:"cause"`
	Text   string `json:"text,omitempty"`
}

// Check refuses what no state could make right.
func (b *StateCause) Check() error {
	if err := checkParty("from", b.From); err != nil {
		return err
	}
	if err := checkParty("to", b.To); err != nil {
		return err
	}
	if err := checkBearer(b.Bearer); err != nil {
		return err
	}
	if err := b.Cause.check(); err != nil {
		return err
	}
	return checkText(b.Text)
}

// Announce says ahead that the party will not be reached on a bearer. It keeps
// no deadline from passing; only the cause of what is then missed is known.
type Announce struct {
	To     party.ID          `json:"to"`
	Bearer string            `json:"bearer"` // or HeartbeatBearer
	From   statement.Instant `json:"from"`
	Until  statement.Instant `json:"until"`
	Cause  Cause             `json:"cause"`
	Text   string            `json:"text,omitempty"`
}

// Check refuses what no state could make right.
func (b *Announce) Check() error {
	if err := checkParty("to", b.To); err != nil {
		return err
	}
	if err := checkBearer(b.Bearer); err != nil {
		return err
	}
	if b.Until <= b.From {
		return fmt.Errorf("until: found %s, expected later than from, %s", b.Until, b.From)
	}
	if err := b.Cause.check(); err != nil {
		return err
	}
	return checkText(b.Text)
}

func checkParty(name string, id party.ID) error {
	if !id.Valid() {
		return fmt.Errorf("%s: found %q, expected the id of a party", name, short(string(id)))
	}
	return nil
}

func checkBearer(name string) error {
	if !bearerName.MatchString(name) {
		return fmt.Errorf("bearer: found %q, expected 1 to 64 small letters, digits, - and _", short(name))
	}
	return nil
}

func checkID(name, id string) error {
	if len(id) == 0 || len(id) > party.MaxStatementIDBytes {
		return fmt.Errorf("%s: found an id of %d bytes, expected 1 to %d", name, len(id), party.MaxStatementIDBytes)
	}
	return nil
}

func checkText(text string) error {
	if len(text) > maxTextBytes {
		return fmt.Errorf("text: found %d bytes, expected at most %d", len(text), maxTextBytes)
	}
	return nil
}

// short keeps an error from repeating a whole hostile input.
func short(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}
