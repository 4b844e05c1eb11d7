package agreement

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// Bounds of what a body holds.
const (
	MaxTextBytes = 4000 // of a text for people
	MaxNameBytes = 256  // of an id or a name
	MaxDemands   = 16   // of one suspension
	MaxPoints    = 64   // of one review
	MaxRefs      = 64   // ids in one list
)

// Acts are what parties do about agreements. What moves the legal state needs
// held keys; reports, claims in public and tokens move nothing.
var Acts = party.ActKinds{
	"agreement.propose":        {New: func() any { return new(Propose) }, Level: party.Senior},
	"agreement.counter":        {New: func() any { return new(Counter) }, Level: party.Senior},
	"agreement.sign":           {New: func() any { return new(Sign) }, Held: true, Level: party.Policy},
	"agreement.withdraw":       {New: func() any { return new(Withdraw) }, Held: true, Level: party.Policy},
	"agreement.terms_received": {New: func() any { return new(Receive) }, Held: true, Level: party.Senior},
	"agreement.suspend":        {New: func() any { return new(Suspend) }, Held: true, Level: party.Senior},
	"agreement.object":         {New: func() any { return new(Object) }, Held: true, Level: party.Senior},
	"agreement.answer":         {New: func() any { return new(Answer) }, Held: true, Level: party.Senior},
	"agreement.waive":          {New: func() any { return new(Waive) }, Held: true, Level: party.Senior},
	"agreement.resume":         {New: func() any { return new(Resume) }, Held: true, Level: party.Policy},
	"agreement.terminate":      {New: func() any { return new(Terminate) }, Held: true, Level: party.Policy},
	"agreement.query":          {New: func() any { return new(Query) }, Level: party.Duty},
	"agreement.reply":          {New: func() any { return new(Reply) }, Level: party.Duty},
	"agreement.review":         {New: func() any { return new(Review) }, Level: party.Senior},
}

// Propose tables a text: the first version of a new agreement, or an amendment
// when no other proposal is open.
type Propose struct {
	Text *terms.Text `json:"text"`
	// Results is the digest of what the worked examples of the text came to where
	// they were run for who proposes it.
	Results string `json:"results"`
}

// Check refuses what no state could make right.
func (b *Propose) Check() error {
	if b.Text == nil {
		return fmt.Errorf("found no text, expected the version that is proposed")
	}
	if err := b.Text.Check(); err != nil {
		return fmt.Errorf("text: %w", err)
	}
	return checkDigest("results", b.Results)
}

// Counter puts another text in the place of the open proposal, whose signatures
// it voids.
type Counter Propose

// Check refuses what no state could make right.
func (b *Counter) Check() error { return (*Propose)(b).Check() }

// Sign binds a party to one version, and says that its worked examples came to
// the same there.
type Sign struct {
	Agreement string `json:"agreement"`
	Version   string `json:"version"` // hash of the text
	Results   string `json:"results"` // digest of what its worked examples came to
}

// Check refuses what no state could make right.
func (b *Sign) Check() error {
	return cmp.Or(checkName("agreement", b.Agreement), checkDigest("version", b.Version), checkDigest("results", b.Results))
}

// Withdraw takes back what has no effect yet: the party's own proposal, notice
// of suspension or termination, or its part in a resumption. With neither
// Version nor Notice it leaves the safety floor, after the agreed notice.
type Withdraw struct {
	Agreement string `json:"agreement"`
	Version   string `json:"version,omitempty"` // hash of the party's open proposal
	Notice    string `json:"notice,omitempty"`  // id of a notice or a resumption
}

// Check refuses what no state could make right.
func (b *Withdraw) Check() error {
	if b.Version != "" && b.Notice != "" {
		return fmt.Errorf("found both version and notice, expected at most one")
	}
	if b.Version != "" {
		if err := checkDigest("version", b.Version); err != nil {
			return err
		}
	}
	return cmp.Or(checkName("agreement", b.Agreement), checkLength("notice", b.Notice, MaxNameBytes))
}

// Receive says that a member of a signatory received the terms of a version and
// flies by them.
type Receive struct {
	Agreement string `json:"agreement"`
	Version   string `json:"version"` // hash of the text
}

// Check refuses what no state could make right.
func (b *Receive) Check() error {
	return cmp.Or(checkName("agreement", b.Agreement), checkDigest("version", b.Version))
}

// Suspend gives notice that a party suspends an agreement or one annex. It is
// the right of each party alone.
type Suspend struct {
	Agreement string `json:"agreement"`
	Annex     string `json:"annex,omitempty"` // none: the whole agreement
	// From is when it shall take effect; never before the agreed notice has run
	// since it was received. None: then.
	From statement.Instant `json:"from,omitempty"`
	// Conditional: it does not take effect when all demands are waived before.
	Conditional bool              `json:"conditional,omitempty"`
	Reason      string            `json:"reason"`
	Demands     []string          `json:"demands,omitempty"`
	ReplyBy     statement.Instant `json:"reply_by,omitempty"` // to the demands
}

// Check refuses what no state could make right.
func (b *Suspend) Check() error {
	if len(b.Demands) > MaxDemands {
		return fmt.Errorf("found %d demands, expected at most %d", len(b.Demands), MaxDemands)
	}
	for i, d := range b.Demands {
		if err := checkText(fmt.Sprintf("demands[%d]", i), d); err != nil {
			return err
		}
	}
	if b.Conditional && (len(b.Demands) == 0 || b.From == 0) {
		return fmt.Errorf("found a conditional suspension without demands or without from, expected both")
	}
	if b.ReplyBy != 0 && len(b.Demands) == 0 {
		return fmt.Errorf("found reply_by without demands, expected demands to reply to")
	}
	return cmp.Or(checkName("agreement", b.Agreement), checkLength("annex", b.Annex, MaxNameBytes), checkText("reason", b.Reason))
}

// Object contests a notice of suspension or termination. The notice keeps its
// effect; the objection stands beside it.
type Object struct {
	Agreement string `json:"agreement"`
	Notice    string `json:"notice"`
	Text      string `json:"text"`
}

// Check refuses what no state could make right.
func (b *Object) Check() error {
	return cmp.Or(checkName("agreement", b.Agreement), checkName("notice", b.Notice), checkText("text", b.Text))
}

// Answer replies to one demand of a suspension.
type Answer struct {
	Agreement string `json:"agreement"`
	Notice    string `json:"notice"`
	Demand    int64  `json:"demand"` // from 1, as in the notice
	Text      string `json:"text"`
}

// Check refuses what no state could make right.
func (b *Answer) Check() error {
	return cmp.Or(checkName("agreement", b.Agreement), checkName("notice", b.Notice), checkDemand(b.Demand), checkText("text", b.Text))
}

// Waive gives up demands of the party's own suspension.
type Waive struct {
	Agreement string  `json:"agreement"`
	Notice    string  `json:"notice"`
	Demands   []int64 `json:"demands"` // from 1, as in the notice
}

// Check refuses what no state could make right.
func (b *Waive) Check() error {
	if len(b.Demands) == 0 || len(b.Demands) > MaxDemands {
		return fmt.Errorf("found %d demands, expected 1 to %d", len(b.Demands), MaxDemands)
	}
	for _, d := range b.Demands {
		if err := checkDemand(d); err != nil {
			return err
		}
	}
	return cmp.Or(checkName("agreement", b.Agreement), checkName("notice", b.Notice))
}

// Resume opens the procedure by which a suspended agreement, or one annex, comes
// into force again, or joins in the one that is open, by saying the same.
type Resume struct {
	Agreement string   `json:"agreement"`
	Procedure string   `json:"procedure,omitempty"` // to join; none: open one
	Annex     string   `json:"annex,omitempty"`     // none: the whole agreement
	Keep      []string `json:"keep,omitempty"`      // annexes that stay suspended, in order
}

// Check refuses what no state could make right.
func (b *Resume) Check() error {
	if len(b.Keep) > MaxRefs {
		return fmt.Errorf("found %d annexes to keep, expected at most %d", len(b.Keep), MaxRefs)
	}
	for i, name := range b.Keep {
		if err := checkName("keep", name); err != nil {
			return err
		}
		if i > 0 && b.Keep[i-1] >= name {
			return fmt.Errorf("found keep not in order or with %q twice, expected each annex once and sorted", clip(name))
		}
	}
	if b.Annex != "" && len(b.Keep) > 0 {
		return fmt.Errorf("found keep beside annex, expected keep only where the whole agreement resumes")
	}
	return cmp.Or(checkName("agreement", b.Agreement), checkLength("procedure", b.Procedure, MaxNameBytes), checkLength("annex", b.Annex, MaxNameBytes))
}

// Terminate gives notice that a party ends an agreement or one annex.
type Terminate struct {
	Agreement string            `json:"agreement"`
	Annex     string            `json:"annex,omitempty"`
	From      statement.Instant `json:"from,omitempty"` // not before the agreed notice has run
	Reason    string            `json:"reason"`
}

// Check refuses what no state could make right.
func (b *Terminate) Check() error {
	return cmp.Or(checkName("agreement", b.Agreement), checkLength("annex", b.Annex, MaxNameBytes), checkText("reason", b.Reason))
}

// Query asks a party about what was observed of it. The reply is due in the time
// that the agreement gives.
type Query struct {
	Agreement    string   `json:"agreement"`
	To           party.ID `json:"to"`
	Clause       string   `json:"clause"`
	Observations []string `json:"observations,omitempty"` // their ids
	Text         string   `json:"text"`
}

// Check refuses what no state could make right.
func (b *Query) Check() error {
	if !b.To.Valid() {
		return fmt.Errorf("found the party %q, expected an id", clip(string(b.To)))
	}
	if err := checkNames("observations", b.Observations); err != nil {
		return err
	}
	return cmp.Or(checkName("agreement", b.Agreement), checkName("clause", b.Clause), checkText("text", b.Text))
}

// Reply answers a query.
type Reply struct {
	Agreement string `json:"agreement"`
	Query     string `json:"query"`
	Text      string `json:"text"`
}

// Check refuses what no state could make right.
func (b *Reply) Check() error {
	return cmp.Or(checkName("agreement", b.Agreement), checkName("query", b.Query), checkText("text", b.Text))
}

// Review records that the parties reviewed how the agreement works.
type Review struct {
	Agreement string            `json:"agreement"`
	Points    []string          `json:"points"`         // what was found and settled
	Next      statement.Instant `json:"next,omitempty"` // when the next is due
}

// Check refuses what no state could make right.
func (b *Review) Check() error {
	if len(b.Points) == 0 || len(b.Points) > MaxPoints {
		return fmt.Errorf("found %d points, expected 1 to %d", len(b.Points), MaxPoints)
	}
	for i, p := range b.Points {
		if err := checkText(fmt.Sprintf("points[%d]", i), p); err != nil {
			return err
		}
	}
	return checkName("agreement", b.Agreement)
}

func checkName(what, name string) error {
	if name == "" {
		return fmt.Errorf("found no %s, expected its id or name", what)
	}
	return checkLength(what, name, MaxNameBytes)
}

func checkNames(what string, names []string) error {
	if len(names) > MaxRefs {
		return fmt.Errorf("found %d %s, expected at most %d", len(names), what, MaxRefs)
	}
	for _, name := range names {
		if err := checkName(what, name); err != nil {
			return err
		}
	}
	return nil
}

func checkText(what, text string) error {
	if text == "" {
		return fmt.Errorf("found no %s, expected a text", what)
	}
	return checkLength(what, text, MaxTextBytes)
}

func checkLength(what, text string, most int) error {
	if len(text) > most {
		return fmt.Errorf("found %s of %d bytes, expected at most %d", what, len(text), most)
	}
	return nil
}

func checkDemand(n int64) error {
	if n < 1 || n > MaxDemands {
		return fmt.Errorf("found the demand %d, expected 1 to %d", n, MaxDemands)
	}
	return nil
}

// checkDigest expects a SHA-256 in lower-case hex.
func checkDigest(what, digest string) error {
	if len(digest) != 64 || clean(digest) != digest {
		return fmt.Errorf("found the %s %q, expected 64 hex digits", what, clip(digest))
	}
	return nil
}

// clean drops all but lower-case hex digits.
func clean(digest string) string {
	return string(slices.DeleteFunc([]byte(digest), func(c byte) bool {
		return (c < '0' || c > '9') && (c < 'a' || c > 'f')
	}))
}

// clip keeps a refusal from repeating a whole hostile input.
func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}
