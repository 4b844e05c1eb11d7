package intent

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// Step is how far an intent got at another party.
type Step string

// Steps.
const (
	Received Step = "received" // by the party's client
	Read     Step = "read"     // by a person
)

// Acknowledge says how far an intent of another party got.
type Acknowledge struct {
	ID      string `json:"id"`
	Version int64  `json:"version"`
	Step    Step   `json:"step"`
}

// Mark is a kind of evidence about an intent.
type Mark string

// Kinds of evidence.
const (
	MarkTracked      Mark = "tracked"      // flown as declared, as seen by another
	MarkContradicted Mark = "contradicted" // not as declared
	MarkReview       Mark = "review"       // people looked at a contradiction
)

// Evidence says what was seen of an intent, or that people reviewed what was. A
// contradiction lowers the grade of its owner's later intents until people of
// both sides reviewed it.
type Evidence struct {
	ID     string `json:"id"`
	Kind   Mark   `json:"kind"`
	Detail string `json:"detail,omitempty"`
}

// Report passes on what is said of a party that did not say it here. It may warn;
// it is an act of nobody but the reporter, and changes no rule.
type Report struct {
	About  string   `json:"about"`           // who, as known to the reporter
	Origin string   `json:"origin"`          // who said it first
	Chain  []string `json:"chain,omitempty"` // through whom it came
	Grade  string   `json:"grade"`           // relayed, hearsay or press
	Text   string   `json:"text,omitempty"`
	declared.Shape
}

// Undertake says that the party will tell another of an intent.
type Undertake struct {
	ID    string            `json:"id"`
	Party party.ID          `json:"party"`
	Until statement.Instant `json:"until"`
}

// Tell says that the party told another of an intent.
type Tell struct {
	ID    string   `json:"id"`
	Party party.ID `json:"party"`
	How   string   `json:"how,omitempty"`
}

// Zone is an area that its owner declares.
type Zone struct {
	Name       string            `json:"name"`
	Kind       string            `json:"kind"` // no_entry, entry_with_contact, call_first, dividing_line or advisory
	Volumes    []declared.Volume `json:"volumes"`
	Contact    string            `json:"contact"` // position that controls it
	Primary    string            `json:"primary,omitempty"`
	Secondary  string            `json:"secondary,omitempty"`
	LeadNS     int64             `json:"lead_ns,omitempty"` // to call first by
	Conditions string            `json:"conditions,omitempty"`
}

// ZoneDeclare makes a zone, which is a draft until it is activated.
type ZoneDeclare struct {
	Zone
}

// ZoneChange makes a new version of a zone.
type ZoneChange struct {
	ID    string `json:"id"`
	Token string `json:"token"`
	Zone
}

// ZoneActivate puts a zone in force for its period.
type ZoneActivate struct {
	ID    string `json:"id"`
	Token string `json:"token"`
}

// ZoneCancel ends a zone.
type ZoneCancel struct {
	ID string `json:"id"`
}

// Kinds of zone: what somebody may do about it.
const (
	NoEntry          = "no_entry"
	EntryWithContact = "entry_with_contact"
	CallFirst        = "call_first"
	DividingLine     = "dividing_line"
	Advisory         = "advisory"
)

var (
	zoneKinds    = []string{NoEntry, EntryWithContact, CallFirst, DividingLine, Advisory}
	reportGrades = []string{"relayed", "hearsay", "press"}
)

const maxChain = 16

// Check refuses what no state could make right.
func (b *Acknowledge) Check() error {
	if b.Step != Received && b.Step != Read {
		return fmt.Errorf("step: found %q, expected received or read", clip(string(b.Step)))
	}
	return cmp.Or(name("id", b.ID, true), within("version", b.Version, 1, 1<<53-1))
}

// Check refuses what no state could make right.
func (b *Evidence) Check() error {
	if b.Kind != MarkTracked && b.Kind != MarkContradicted && b.Kind != MarkReview {
		return fmt.Errorf("kind: found %q, expected tracked, contradicted or review", clip(string(b.Kind)))
	}
	return cmp.Or(name("id", b.ID, true), text("detail", b.Detail))
}

// Check refuses what no state could make right.
func (b *Report) Check() error {
	if !slices.Contains(reportGrades, b.Grade) {
		return fmt.Errorf("grade: found %q, expected one of %v", clip(b.Grade), reportGrades)
	}
	if len(b.Chain) > maxChain {
		return fmt.Errorf("chain: found %d links, expected at most %d", len(b.Chain), maxChain)
	}
	for i, l := range b.Chain {
		if err := name(fmt.Sprintf("chain[%d]", i), l, true); err != nil {
			return err
		}
	}
	return cmp.Or(name("about", b.About, true), name("origin", b.Origin, true), text("text", b.Text), b.Shape.Check())
}

// Check refuses what no state could make right.
func (b *Undertake) Check() error {
	return cmp.Or(name("id", b.ID, true), checkParty("party", b.Party))
}

// Check refuses what no state could make right.
func (b *Tell) Check() error {
	return cmp.Or(name("id", b.ID, true), checkParty("party", b.Party), text("how", b.How))
}

func checkParty(member string, id party.ID) error {
	if !id.Valid() {
		return fmt.Errorf("%s: found %q, expected the id of a party", member, clip(string(id)))
	}
	return nil
}

// Check refuses what no state could make right.
func (z *Zone) Check() error {
	if !slices.Contains(zoneKinds, z.Kind) {
		return fmt.Errorf("kind: found %q, expected one of %v", clip(z.Kind), zoneKinds)
	}
	if z.Kind == CallFirst && z.LeadNS <= 0 {
		return fmt.Errorf("lead_ns: found %d, expected how long before entry to call, above 0", z.LeadNS)
	}
	shape := declared.Shape{Volumes: z.Volumes}
	return cmp.Or(
		name("name", z.Name, true), name("contact", z.Contact, true), name("primary", z.Primary, false),
		name("secondary", z.Secondary, false), text("conditions", z.Conditions),
		within("lead_ns", z.LeadNS, 0, 30*24*3600e9), shape.Check(),
	)
}

// Check refuses what no state could make right.
func (b *ZoneChange) Check() error { return cmp.Or(name("id", b.ID, true), b.Zone.Check()) }

// Check refuses what no state could make right.
func (b *ZoneActivate) Check() error { return name("id", b.ID, true) }

// Check refuses what no state could make right.
func (b *ZoneCancel) Check() error { return name("id", b.ID, true) }
