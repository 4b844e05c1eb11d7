package terms

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// Limits of a text. People must read all of it before they sign it.
const (
	MaxTextBytes    = 512 << 10 // of the canonical form
	MaxProseBytes   = 4000      // of a clause in one language
	maxTitleBytes   = 200
	maxParties      = 16
	maxLanguages    = 8
	maxClauses      = 128
	maxAnnexes      = 32
	maxExamples     = 32 // of a clause
	maxNoticeNS     = 400 * dayNS
	maxPolygonSides = 256
)

// Kind is what a text is.
type Kind string

// Kinds of text.
const (
	Agreement Kind = "agreement"
	// Floor is the safety floor: what goes on when the agreement does not. It is
	// signed on its own and does not expire.
	Floor Kind = "floor"
)

// Text is one version of an agreement. What is not set is absent: nothing has a
// default, and what is required and absent is listed by Open.
type Text struct {
	ID       string            `json:"id"`
	Version  int64             `json:"version"`          // from 1
	Parent   string            `json:"parent,omitempty"` // Hash of the version it follows; none for the first
	Kind     Kind              `json:"kind"`
	Title    map[string]string `json:"title"`     // by language
	Tabled   statement.Instant `json:"tabled"`    // when this version was put on the table
	TabledBy party.ID          `json:"tabled_by"` // by whom
	Parties  []party.ID        `json:"parties"`   // who signs
	// Protects are parties that do not sign and promise nothing, but of whom those
	// who sign keep clear by the same minima, margins, priority and sites.
	Protects  []party.ID         `json:"protects,omitempty"`
	Languages []string           `json:"languages"`
	Equal     *bool              `json:"equal_texts,omitempty"` // all languages bind alike
	Datum     string             `json:"datum,omitempty"`       // of all positions: WGS84
	Area      *Coverage          `json:"area,omitempty"`        // where it holds
	Kinds     []string           `json:"aircraft_kinds,omitempty"`
	From      *statement.Instant `json:"from,omitempty"` // what it covers begins, and ends
	To        *statement.Instant `json:"to,omitempty"`
	Not       []string           `json:"not,omitempty"` // what it is not: see NegativeScope
	Clauses   []Clause           `json:"clauses"`
	Annexes   []Annex            `json:"annexes,omitempty"`
	Entry     *Entry             `json:"entry,omitempty"`

	SuspensionNoticeNS  *int64             `json:"suspension_notice_ns,omitempty"`
	TerminationNoticeNS *int64             `json:"termination_notice_ns,omitempty"`
	ReviewAt            *statement.Instant `json:"review_at,omitempty"`
	ExpiresAt           *statement.Instant `json:"expires_at,omitempty"`
	IncidentReplyNS     *int64             `json:"incident_reply_ns,omitempty"`
	Handling            *Handling          `json:"handling,omitempty"`
}

// Annex is a part of a text that can be suspended on its own.
type Annex struct {
	Name  string            `json:"name"`
	Title map[string]string `json:"title"`
}

// Entry says when a text enters into force: at the last signature, or at an
// instant if all have signed by then, else at the last signature.
type Entry struct {
	Rule string             `json:"rule"` // last_signature, at
	At   *statement.Instant `json:"at,omitempty"`
}

// Handling is who may know, record and publish.
type Handling struct {
	Text               string `json:"text"`        // the text itself: public, parties
	Publication        string `json:"publication"` // of what was exchanged: none, both_agree, after_delay
	PublicationDelayNS int64  `json:"publication_delay_ns"`
	Recording          string `json:"recording"` // of calls: none, own_side, both
	RecordingKeptNS    int64  `json:"recording_kept_ns"`
}

// Status is how far the parties are with a clause.
type Status string

// Statuses of a clause.
const (
	Proposed Status = "proposed"
	Agreed   Status = "agreed"
	Reserved Status = "reserved" // left open; gives no rule
)

// Clause is one clause of a text.
type Clause struct {
	ID     string            `json:"id"`
	Text   map[string]string `json:"text"` // by language; numbers only as {name} of a parameter
	Status Status            `json:"status"`
	Rule   string            `json:"rule,omitempty"` // a part of Rules; none for prose only
	// Parameters are members of the part of Rules, in its JSON form.
	Parameters map[string]json.RawMessage `json:"parameters,omitempty"`
	Examples   []Example                  `json:"examples,omitempty"`
	Annex      string                     `json:"annex,omitempty"`
	// BreachClass says what a breach of the clause is a matter of: safety,
	// procedure, record. None: it cannot be breached.
	BreachClass string `json:"breach_class,omitempty"`
}

// Example is a worked example of a rule: what is given, in the form that the rule
// takes, and what must come out.
type Example struct {
	Given  json.RawMessage `json:"given"`
	Expect string          `json:"expect"`
}

// NegativeScope says in words what a text may state that it is not, by id.
var NegativeScope = map[string]string{
	"no_zones_of_cooperation": "This text establishes no zones of cooperation.",
	"no_intelligence_sharing": "This text provides for no sharing of intelligence.",
	"no_target_sharing":       "This text provides for no sharing of information on targets.",
	"no_command":              "Neither side commands the other's aircraft.",
	"no_endorsement":          "A notice is not an endorsement of what it announces, nor cooperation in it.",
	"no_recognition":          "This text recognises no claim to territory or airspace.",
}

// requiredNot is what every agreement must say that it is not.
var requiredNot = []string{"no_intelligence_sharing", "no_target_sharing", "no_zones_of_cooperation"}

// Parse reads a text in JSON and checks it.
func Parse(data []byte) (*Text, error) {
	if len(data) > 2*MaxTextBytes {
		return nil, fmt.Errorf("found a text of %d bytes, expected at most %d", len(data), 2*MaxTextBytes)
	}
	canonical, err := statement.Canonical(data)
	if err != nil {
		return nil, err
	}
	var t Text
	if err := statement.Unmarshal(canonical, &t); err != nil {
		return nil, err
	}
	return &t, t.Check()
}

// Hash returns the SHA-256 of the text's canonical form, in hexadecimal. With
// Parent inside, it covers all versions before.
func (t *Text) Hash() string {
	text, err := statement.Marshal(t)
	if err != nil {
		return "" // Check refuses what has no canonical form
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Check refuses what no signature could make right: what cannot be read, what
// two readers could read in two ways, and worked examples that do not come out.
// What is merely not settled yet is for Open.
func (t *Text) Check() error {
	text, err := statement.Marshal(t)
	if err != nil {
		return err
	}
	if len(text) > MaxTextBytes {
		return fmt.Errorf("found a text of %d bytes, expected at most %d", len(text), MaxTextBytes)
	}
	for _, check := range []func() error{t.checkHead, t.checkScope, t.checkDates, t.checkAnnexes, t.checkClauses} {
		if err := check(); err != nil {
			return err
		}
	}
	_, err = RunExamples(t)
	return err
}

func (t *Text) checkHead() error {
	switch {
	case !isName(t.ID):
		return expected("id", t.ID, "1 to 64 letters, digits, dots, dashes")
	case t.Version < 1 || t.Version > 1_000_000:
		return fmt.Errorf("version: found %d, expected 1 to 1000000", t.Version)
	case (t.Version == 1) != (t.Parent == ""):
		return fmt.Errorf("parent: found %q in version %d, expected the hash of the version before, and none in version 1", clip(t.Parent), t.Version)
	case t.Parent != "" && !isHash(t.Parent):
		return expected("parent", t.Parent, "64 hexadecimal digits")
	case t.Kind != Agreement && t.Kind != Floor:
		return expected("kind", string(t.Kind), "agreement or floor")
	case len(t.Parties) < 2 || len(t.Parties) > maxParties:
		return fmt.Errorf("parties: found %d, expected 2 to %d", len(t.Parties), maxParties)
	case len(t.Protects) > maxParties:
		return fmt.Errorf("protects: found %d, expected at most %d", len(t.Protects), maxParties)
	case len(t.Languages) < 1 || len(t.Languages) > maxLanguages:
		return fmt.Errorf("languages: found %d, expected 1 to %d", len(t.Languages), maxLanguages)
	case t.Datum != "" && t.Datum != "WGS84":
		return expected("datum", t.Datum, "WGS84")
	}
	for i, p := range t.Parties {
		if !p.Valid() || slices.Contains(t.Parties[:i], p) {
			return expected(fmt.Sprintf("parties[%d]", i), string(p), "an id of a party, each once")
		}
	}
	for i, p := range t.Protects {
		if !p.Valid() || slices.Contains(t.Protects[:i], p) || slices.Contains(t.Parties, p) {
			return expected(fmt.Sprintf("protects[%d]", i), string(p), "an id of a party that does not sign, each once")
		}
	}
	if !slices.Contains(t.Parties, t.TabledBy) {
		return expected("tabled_by", string(t.TabledBy), "one of parties")
	}
	for i, l := range t.Languages {
		if !isLanguage(l) || slices.Contains(t.Languages[:i], l) {
			return expected(fmt.Sprintf("languages[%d]", i), l, "a language tag such as en, each once")
		}
	}
	return t.checkProse("title", t.Title, maxTitleBytes)
}

// checkProse checks that a text is there in each language.
func (t *Text) checkProse(place string, prose map[string]string, most int) error {
	for _, l := range t.Languages {
		if n := len(prose[l]); n == 0 || n > most {
			return fmt.Errorf("%s.%s: found %d bytes, expected 1 to %d", place, l, n, most)
		}
	}
	if len(prose) != len(t.Languages) {
		return fmt.Errorf("%s: found %d languages, expected the %d of the text", place, len(prose), len(t.Languages))
	}
	return nil
}

func (t *Text) checkScope() error {
	for i, id := range t.Not {
		if NegativeScope[id] == "" || slices.Contains(t.Not[:i], id) {
			return expected(fmt.Sprintf("not[%d]", i), id, "an id of the negative scope, each once")
		}
	}
	if err := checkNames("aircraft_kinds", t.Kinds, 0); err != nil {
		return err
	}
	if t.Area == nil {
		return nil
	}
	if err := t.Area.check(); err != nil {
		return fmt.Errorf("area.%w", err)
	}
	return nil
}

func (c *Coverage) check() error {
	if len(c.Polygon) > maxPolygonSides {
		return fmt.Errorf("polygon: found %d corners, expected at most %d", len(c.Polygon), maxPolygonSides)
	}
	if _, err := (&declared.Footprint{Polygon: c.Polygon}).Build(); err != nil {
		return err
	}
	return checkBand(c.Lower, c.Upper)
}

// checkBand checks two altitudes, of which either may be nil: unbounded.
func checkBand(lower, upper *declared.Altitude) error {
	for name, a := range map[string]*declared.Altitude{"lower": lower, "upper": upper} {
		if a == nil {
			continue
		}
		if _, err := a.Convert(); err != nil {
			return fmt.Errorf("%s.%w", name, err)
		}
	}
	if lower != nil && upper != nil && (lower.Reference != upper.Reference || lower.MM >= upper.MM) {
		return fmt.Errorf("lower: found %d mm %s below %d mm %s, expected less, above the same reference", lower.MM, lower.Reference, upper.MM, upper.Reference)
	}
	return nil
}

func (t *Text) checkDates() error {
	for name, ns := range map[string]*int64{
		"suspension_notice_ns": t.SuspensionNoticeNS, "termination_notice_ns": t.TerminationNoticeNS, "incident_reply_ns": t.IncidentReplyNS,
	} {
		if ns != nil {
			if err := inRange(name, *ns, 0, maxNoticeNS); err != nil {
				return err
			}
		}
	}
	switch {
	case t.From != nil && t.To != nil && *t.From >= *t.To:
		return fmt.Errorf("to: found %s, expected an instant after from", t.To)
	case t.Kind == Floor && t.ExpiresAt != nil:
		return errors.New("expires_at: found one, expected none: a safety floor does not expire")
	case t.ExpiresAt != nil && t.ReviewAt != nil && *t.ReviewAt > *t.ExpiresAt:
		return fmt.Errorf("review_at: found %s, expected an instant up to expires_at", t.ReviewAt)
	case t.Equal != nil && !*t.Equal:
		return errors.New("equal_texts: found false, expected true: one set of numbers stands for all languages")
	}
	if e := t.Entry; e != nil && !(e.Rule == "last_signature" && e.At == nil || e.Rule == "at" && e.At != nil) {
		return expected("entry", e.Rule, "last_signature without an instant, or at with one")
	}
	return t.Handling.check()
}

func (h *Handling) check() error {
	if h == nil {
		return nil
	}
	for _, f := range []struct {
		name, found string
		allowed     []string
	}{
		{"text", h.Text, []string{"public", "parties"}},
		{"publication", h.Publication, []string{"none", "both_agree", "after_delay"}},
		{"recording", h.Recording, []string{"none", "own_side", "both"}},
	} {
		if !slices.Contains(f.allowed, f.found) {
			return expected("handling."+f.name, f.found, fmt.Sprintf("one of %q", f.allowed))
		}
	}
	if err := inRange("handling.publication_delay_ns", h.PublicationDelayNS, 0, 100*366*dayNS); err != nil {
		return err
	}
	return inRange("handling.recording_kept_ns", h.RecordingKeptNS, 0, 100*366*dayNS)
}

func (t *Text) checkAnnexes() error {
	if len(t.Annexes) > maxAnnexes {
		return fmt.Errorf("annexes: found %d, expected at most %d", len(t.Annexes), maxAnnexes)
	}
	for i, a := range t.Annexes {
		place := fmt.Sprintf("annexes[%d]", i)
		if !isName(a.Name) || slices.ContainsFunc(t.Annexes[:i], func(b Annex) bool { return b.Name == a.Name }) {
			return expected(place+".name", a.Name, "1 to 64 letters, digits, dots, dashes, each once")
		}
		if err := t.checkProse(place+".title", a.Title, maxTitleBytes); err != nil {
			return err
		}
	}
	return nil
}

func (t *Text) checkClauses() error {
	if len(t.Clauses) == 0 || len(t.Clauses) > maxClauses {
		return fmt.Errorf("clauses: found %d, expected 1 to %d", len(t.Clauses), maxClauses)
	}
	ids, single := map[string]bool{}, map[string]string{}
	for i := range t.Clauses {
		c := &t.Clauses[i]
		if !isName(c.ID) || ids[c.ID] {
			return expected(fmt.Sprintf("clauses[%d].id", i), c.ID, "1 to 64 letters, digits, dots, dashes, each once")
		}
		ids[c.ID] = true
		if err := t.checkClause(c); err != nil {
			return fmt.Errorf("clause %s: %w", c.ID, err)
		}
		if k := ruleKinds[c.Rule]; k != nil && !k.many {
			if other := single[c.Rule]; other != "" {
				return fmt.Errorf("clause %s: found the rule %s, which clause %s has, expected it once", c.ID, c.Rule, other)
			}
			single[c.Rule] = c.ID
		}
	}
	return nil
}

func (t *Text) checkClause(c *Clause) error {
	if c.Status != Proposed && c.Status != Agreed && c.Status != Reserved {
		return expected("status", string(c.Status), "proposed, agreed or reserved")
	}
	if c.Annex != "" && !slices.ContainsFunc(t.Annexes, func(a Annex) bool { return a.Name == c.Annex }) {
		return expected("annex", c.Annex, "the name of an annex of the text")
	}
	if !slices.Contains([]string{"", "safety", "procedure", "record"}, c.BreachClass) {
		return expected("breach_class", c.BreachClass, "safety, procedure, record or none")
	}
	if err := t.checkProse("text", c.Text, MaxProseBytes); err != nil {
		return err
	}
	if c.Rule == "" {
		if len(c.Parameters) > 0 || len(c.Examples) > 0 || c.BreachClass != "" {
			return errors.New("found parameters, examples or a class of breach without a rule, expected prose only")
		}
		return nil
	}
	if ruleKinds[c.Rule] == nil {
		return expected("rule", c.Rule, fmt.Sprintf("one of %q, or none", RuleNames()))
	}
	if len(c.Examples) > maxExamples {
		return fmt.Errorf("examples: found %d, expected at most %d", len(c.Examples), maxExamples)
	}
	if err := c.checkPlaceholders(t.Languages); err != nil {
		return err
	}
	p, complete, err := c.part()
	if err == nil {
		err = c.checkForm(p)
	}
	if err == nil && complete {
		err = p.check(t)
	}
	if err != nil {
		return fmt.Errorf("parameters: %w", err)
	}
	return nil
}
