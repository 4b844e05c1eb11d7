package channel

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// CallStop is the body of channel.stop. Where, who is at risk and how to call
// back are all that it needs.
type CallStop struct {
	Where    Place      `json:"where"`
	AtRisk   string     `json:"at_risk"`             // people, aircraft
	Callback string     `json:"callback"`            // where the sender can be reached
	To       []party.ID `json:"to,omitempty"`        // empty: all parties
	ResumeBy *Address   `json:"resume_by,omitempty"` // position that may end it beside the sender's own

	screening screening
}

// Check implements the check of bodies.
func (s *CallStop) Check() error {
	if s.AtRisk != "people" && s.AtRisk != "aircraft" {
		return fmt.Errorf("at_risk: found %.32q, expected people or aircraft", s.AtRisk)
	}
	if len(s.To) > MaxParties {
		return fmt.Errorf("to: found %d parties, expected at most %d", len(s.To), MaxParties)
	}
	if s.ResumeBy != nil && (!s.ResumeBy.Party.Valid() || s.ResumeBy.Position == "") {
		return errors.New("resume_by: expected a party and one of its roles")
	}
	return screened(s.screen, s.Where.check(), checkText("callback", s.Callback, 1, maxShortBytes))
}

// Alone reports whether a STOP goes to a party by words that name no other: to it
// alone, or to everybody.
func (s *CallStop) Alone(to party.ID) bool {
	return !slices.ContainsFunc(s.To, func(named party.ID) bool { return named != to })
}

func (s *CallStop) screen() []string {
	return s.screening.look(s.Where.Text, s.Callback)
}

// MaxParties is to how many parties a STOP can be addressed by name.
const MaxParties = 256

// Answers to STOP.
const (
	Held    = "held"     // the party holds its own activity
	NotMine = "not_mine" // it has none there
	Unable  = "unable"   // it cannot hold
)

// Hold is the body of channel.hold: a party's answer to a STOP, by what it does.
type Hold struct {
	Stop     string `json:"stop"`
	Outcome  string `json:"outcome"` // held, not_mine, unable
	Position string `json:"position,omitempty"`
	Note     string `json:"note,omitempty"`
}

// Check implements the check of bodies.
func (h *Hold) Check() error {
	if h.Outcome != Held && h.Outcome != NotMine && h.Outcome != Unable {
		return fmt.Errorf("outcome: found %.32q, expected held, not_mine or unable", h.Outcome)
	}
	return errors.Join(checkID("stop", h.Stop), checkText("position", h.Position, 0, maxShortBytes),
		checkText("note", h.Note, 0, maxValueBytes))
}

// Resume is the body of channel.resume: that the reason for a STOP is gone.
// Nothing else ends one.
type Resume struct {
	Stop   string `json:"stop"`
	Reason string `json:"reason"`

	screening screening
}

// Check implements the check of bodies.
func (r *Resume) Check() error {
	return screened(r.screen, checkID("stop", r.Stop), checkText("reason", r.Reason, 1, maxValueBytes))
}

func (r *Resume) screen() []string {
	return r.screening.look(r.Reason)
}

// Findings of channel.review.
const (
	Justified = "justified"
	Mistaken  = "mistaken"
	Misused   = "misused"
)

// Review is the body of channel.review: what a party finds afterwards about a
// STOP, or about the precedence of a message. It changes nothing that was done.
type Review struct {
	Of      string `json:"of"`      // id of the STOP or of the message
	Finding string `json:"finding"` // justified, mistaken, misused
	Note    string `json:"note,omitempty"`

	screening screening
}

// Check implements the check of bodies.
func (r *Review) Check() error {
	if r.Finding != Justified && r.Finding != Mistaken && r.Finding != Misused {
		return fmt.Errorf("finding: found %.32q, expected justified, mistaken or misused", r.Finding)
	}
	return screened(r.screen, checkID("of", r.Of), checkText("note", r.Note, 0, maxValueBytes))
}

func (r *Review) screen() []string {
	return r.screening.look(r.Note)
}

// Call is the body of channel.call: one side's entry about a call by voice.
type Call struct {
	// Call is the id that the other side's entry got, where this is about the
	// same call; empty: this is the first entry.
	Call      string            `json:"call,omitempty"`
	With      party.ID          `json:"with"`
	Purpose   string            `json:"purpose"` // test, daily, ad_hoc, safety, stop, escalation
	Outgoing  bool              `json:"outgoing"`
	Bearer    string            `json:"bearer"`
	Line      string            `json:"line,omitempty"` // alias
	Initiated statement.Instant `json:"initiated"`
	Answered  statement.Instant `json:"answered,omitempty"`
	Ended     statement.Instant `json:"ended"`
	EndedBy   string            `json:"ended_by,omitempty"` // us, them, line
	Outcome   string            `json:"outcome"`
	Attempts  []CallAttempt     `json:"attempts,omitempty"`
	Caller    Speaker           `json:"caller,omitzero"`
	Answerer  Speaker           `json:"answerer,omitzero"`

	Interpreters []Interpreter     `json:"interpreters,omitempty"`
	Others       int64             `json:"others,omitempty"`   // present beside the speakers
	Messages     []string          `json:"messages,omitempty"` // ids of those it was about
	Fields       []Field           `json:"fields,omitempty"`   // what was said, by fields
	Gist         map[string]string `json:"gist,omitempty"`     // short, by language
	Undertakings []Promise         `json:"undertakings,omitempty"`

	Readability int64             `json:"readability,omitempty"` // 1, unreadable, to 5, perfectly readable
	DelayMS     int64             `json:"delay_ms,omitempty"`
	Challenge   string            `json:"challenge,omitempty"`
	Response    string            `json:"response,omitempty"`
	Recording   *Recording        `json:"recording,omitempty"`
	FollowUp    statement.Instant `json:"follow_up,omitempty"`
	Remarks     string            `json:"remarks,omitempty"`  // shown to nobody else
	Why         string            `json:"why,omitempty"`      // of a call that failed
	Fallback    []string          `json:"fallback,omitempty"` // what was done instead, as ids of phrases

	screening screening
}

// CallAttempt is one try to reach somebody for a call.
type CallAttempt struct {
	Position string            `json:"position"`
	Bearer   string            `json:"bearer"`
	Started  statement.Instant `json:"started"`
	Ended    statement.Instant `json:"ended"`
	Outcome  Outcome           `json:"outcome"`
}

// Speaker is who spoke: a position and its level.
type Speaker struct {
	Position string      `json:"position,omitempty"`
	Level    party.Level `json:"level,omitzero"`
}

// Interpreter is who translated a call.
type Interpreter struct {
	Alias     string   `json:"alias"`
	Languages []string `json:"languages"`
}

// Promise is what one side of a call undertook to do.
type Promise struct {
	Who  party.ID          `json:"who"`
	What string            `json:"what"`
	By   statement.Instant `json:"by"`
}

// Recording says whether a call was recorded, under which clause, and what its
// digest is.
type Recording struct {
	SHA256 string `json:"sha256"`
	Clause string `json:"clause"`
}

var (
	purposes = []string{"test", "daily", "ad_hoc", "safety", "stop", "escalation"}
	// safetyPurposes are calls that cannot be put off before what they are
	// about was taken down.
	safetyPurposes = []string{"safety", "stop", "escalation"}
	callOutcomes   = []string{"taken", "call_back", "no_answer", "busy", "refused", "fault", "cut_off"}
	enders         = []string{"", "us", "them", "line"}
)

// Check implements the check of bodies.
func (c *Call) Check() error {
	captured := len(c.Messages) > 0 || len(c.Fields) > 0
	switch {
	case !slices.Contains(purposes, c.Purpose):
		return fmt.Errorf("purpose: found %.32q, expected test, daily, ad_hoc, safety, stop or escalation", c.Purpose)
	case !slices.Contains(callOutcomes, c.Outcome):
		return fmt.Errorf("outcome: found %.32q, expected taken, call_back, no_answer, busy, refused, fault or cut_off", c.Outcome)
	case !slices.Contains(enders, c.EndedBy):
		return fmt.Errorf("ended_by: found %.32q, expected us, them or line", c.EndedBy)
	case c.Outcome == "call_back" && slices.Contains(safetyPurposes, c.Purpose) && !captured:
		return errors.New("outcome: found call_back for a call about safety, expected that what it is about was taken down first: messages or fields")
	case c.Outcome == "taken" && slices.Contains(safetyPurposes, c.Purpose) && !captured:
		return errors.New("found a call about safety without messages and fields, expected what it was about")
	case c.Ended < c.Initiated || c.Answered != 0 && (c.Answered < c.Initiated || c.Answered > c.Ended):
		return errors.New("expected initiated, answered and ended in that order")
	case c.Readability < 0 || c.Readability > 5:
		return fmt.Errorf("readability: found %d, expected 1 to 5", c.Readability)
	case c.DelayMS < 0 || c.DelayMS > 3_600_000 || c.Others < 0 || c.Others > 1000:
		return errors.New("expected delay_ms from 0 to 3,600,000 and others from 0 to 1,000")
	}
	return screened(c.screen, c.checkTexts(), c.checkLists(), checkFields(c.Fields))
}

func (c *Call) screen() []string {
	texts := append(textsOf(c.Fields), c.Why)
	for _, p := range c.Undertakings {
		texts = append(texts, p.What)
	}
	for _, tag := range slices.Sorted(maps.Keys(c.Gist)) {
		texts = append(texts, c.Gist[tag])
	}
	return c.screening.look(texts...)
}

func (c *Call) checkTexts() error {
	err := errors.Join(checkText("with", string(c.With), 1, party.MaxIDBytes), checkText("bearer", c.Bearer, 1, maxShortBytes))
	for name, text := range map[string]string{
		"call": c.Call, "line": c.Line, "caller": c.Caller.Position,
		"answerer": c.Answerer.Position, "challenge": c.Challenge, "response": c.Response,
	} {
		err = errors.Join(err, checkText(name, text, 0, maxShortBytes))
	}
	if c.Recording != nil {
		err = errors.Join(err, checkText("recording.sha256", c.Recording.SHA256, 64, 64), checkText("recording.clause", c.Recording.Clause, 1, maxShortBytes))
	}
	for tag, gist := range c.Gist {
		if !isTag(tag) {
			err = errors.Join(err, fmt.Errorf("gist: found the language %.40q, expected a language tag", tag))
		}
		err = errors.Join(err, checkText("gist", gist, 1, maxValueBytes))
	}
	return errors.Join(err, checkText("why", c.Why, 0, maxValueBytes), checkText("remarks", c.Remarks, 0, MaxTextBytes))
}

// Most entries of the lists of a call.
const maxCallList = 32

func (c *Call) checkLists() (err error) {
	for _, n := range []int{len(c.Attempts), len(c.Interpreters), len(c.Messages), len(c.Gist), len(c.Undertakings), len(c.Fallback)} {
		if n > maxCallList {
			return fmt.Errorf("found a list of %d, expected at most %d", n, maxCallList)
		}
	}
	for _, a := range c.Attempts {
		err = errors.Join(err, a.Outcome.check(), checkText("attempts.position", a.Position, 1, maxShortBytes), checkText("attempts.bearer", a.Bearer, 1, maxShortBytes))
	}
	for _, i := range c.Interpreters {
		err = errors.Join(err, checkText("interpreters.alias", i.Alias, 1, maxShortBytes))
		for _, tag := range i.Languages {
			if !isTag(tag) || len(i.Languages) > maxCallList {
				err = errors.Join(err, errors.New("interpreters.languages: expected language tags"))
			}
		}
	}
	for _, id := range c.Messages {
		err = errors.Join(err, checkID("messages", id))
	}
	for _, p := range c.Undertakings {
		err = errors.Join(err, checkText("undertakings.what", p.What, 1, maxValueBytes))
		if p.By == 0 {
			err = errors.Join(err, errors.New("undertakings.by: expected until when"))
		}
	}
	for _, id := range c.Fallback {
		if _, ok := phrases[id]; !ok {
			err = errors.Join(err, fmt.Errorf("fallback: found %.40q, expected ids of standard phrases", id))
		}
	}
	return err
}

// Kept is the body of channel.kept: how an undertaking ended.
type Kept struct {
	Undertaking string `json:"undertaking"`
	Outcome     string `json:"outcome"` // done, cannot
	Note        string `json:"note,omitempty"`

	screening screening
}

// Check implements the check of bodies.
func (k *Kept) Check() error {
	if k.Outcome != "done" && k.Outcome != "cannot" {
		return fmt.Errorf("outcome: found %.32q, expected done or cannot", k.Outcome)
	}
	return screened(k.screen, checkID("undertaking", k.Undertaking), checkText("note", k.Note, 0, maxValueBytes))
}

func (k *Kept) screen() []string {
	return k.screening.look(k.Note)
}
