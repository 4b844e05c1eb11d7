package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/world"
)

// Limits of an act.
const (
	// MaxActBytes is the size of a body.
	MaxActBytes = 1 << 20
	// MaxSignatures is how many signatures a statement may come with.
	MaxSignatures = 16
)

// Kinds of problems with acts.
var (
	ActInvalid    = Problem{Kind: "invalid-act", Title: "The act does not fit the rules", Status: http.StatusBadRequest}
	ActNotFound   = Problem{Kind: "act-not-found", Title: "What the act is about is not there", Status: http.StatusNotFound}
	ActNotAllowed = Problem{Kind: "act-not-allowed", Title: "The act is not this party's, role's or level's to do", Status: http.StatusForbidden}
	ActNotNow     = Problem{Kind: "act-not-now", Title: "The state does not allow the act", Status: http.StatusConflict}
	ActStale      = Problem{Kind: "act-stale", Title: "The act rests on what has changed since", Status: http.StatusConflict}
	ActConflict   = Problem{Kind: "act-conflict", Title: "The act conflicts with what others were promised", Status: http.StatusConflict}
	ActIncomplete = Problem{Kind: "act-incomplete", Title: "Something that the act needs is not there yet", Status: http.StatusConflict}
	ActReused     = Problem{Kind: "act-reused", Title: "The id was used for another act", Status: http.StatusUnprocessableEntity}
	BadSignature  = Problem{Kind: "bad-signature", Title: "A signature is not good", Status: http.StatusBadRequest}
)

var refusals = map[event.RefusalKind]Problem{
	event.Invalid: ActInvalid, event.NotFound: ActNotFound, event.NotAllowed: ActNotAllowed, event.NotNow: ActNotNow,
	event.Stale: ActStale, event.Conflict: ActConflict, event.Incomplete: ActIncomplete, event.Reused: ActReused,
}

// taken is the answer to an act.
type taken struct {
	ID       string `json:"id"`
	Index    int64  `json:"index"`              // of its first entry in the journal: the receipt
	Repeated bool   `json:"repeated,omitempty"` // it was taken before
	Custody  string `json:"custody,omitempty"`  // held: the party's own keys signed; node: the node vouches
	// Missing are the signatures that the act still needs, in words: it has no
	// effect before.
	Missing []string `json:"missing,omitempty"`
	// Events are what came of it, as far as it is released to the caller.
	Events []entry `json:"events"`
}

// act takes in what a party does.
func (h *handler) act(c *call) error {
	a, err := h.readAct(c)
	if err != nil {
		return err
	}
	done, err := h.Engine.Act(c.r.Context(), a)
	if err != nil {
		return asProblem(err)
	}
	answer := taken{ID: a.ID, Index: done.Index, Repeated: done.Repeated, Events: []entry{}}
	if done.Repeated {
		if done.Entries, err = h.entries(c.r.Context(), done.Index, done.Count); err != nil {
			return err
		}
	}
	for i, text := range done.Entries {
		var decided world.Event
		if !done.Repeated {
			decided = done.Events[i]
		}
		ev, err := releasedAs(decided, &journal.Record{Index: done.Index + int64(i), Event: text}, c.reader())
		if err != nil {
			return err
		}
		if ev == nil {
			continue
		}
		if i == 0 {
			if err := answer.take(ev); err != nil {
				return err
			}
		}
		answer.Events = append(answer.Events, *ev)
	}
	return c.answer(answer)
}

// releasedAs is released for an event that need not be read from its text again;
// nil: it must.
func releasedAs(decided world.Event, record *journal.Record, reader airspace.Reader) (*entry, error) {
	e, ok := decided.(event.Event)
	if !ok {
		ev, _, err := released(record, reader)
		return ev, err
	}
	if e.Actor() != reader.Party && len(e.Release(reader.Party)) == 0 {
		return nil, nil
	}
	fields, err := statement.Fields(record.Event)
	if err != nil {
		return nil, err
	}
	names := world.ReleaseOf(e, fields, reader.Party)
	if len(names) == 0 {
		return nil, nil
	}
	ev, _, err := entryOf(record.Index, fields, names)
	return ev, err
}

// take takes over what the first event says of the act: that it was taken, or
// that it waits for more signatures.
func (t *taken) take(first *entry) error {
	for name, into := range map[string]any{"custody": &t.Custody, "missing": &t.Missing} {
		if raw, ok := first.Fields[name]; ok {
			if err := json.Unmarshal(raw, into); err != nil {
				return err
			}
		}
	}
	return nil
}

// entries reads some entries of the journal.
func (h *handler) entries(ctx context.Context, from int64, count int) (list [][]byte, err error) {
	err = h.Engine.Journal().Read(ctx, from, from+int64(count), func(r journal.Record) error {
		list = append(list, bytes.Clone(r.Event))
		return nil
	})
	return list, err
}

// readAct reads a statement and its signatures, and checks all that needs no
// state. A statement without signatures may leave out its party, node, time and
// id, which the node then fills in: it is the node that vouches for it.
func (h *handler) readAct(c *call) (*party.Act, error) {
	if _, err := c.parameters(); err != nil {
		return nil, err
	}
	body, err := c.body(MaxActBytes)
	if err != nil {
		return nil, err
	}
	text, err := statement.Canonical(body)
	if err != nil {
		return nil, BadBody.With(err.Error())
	}
	var e struct {
		Statement  json.RawMessage   `json:"statement"`
		Signatures []party.Signature `json:"signatures"`
	}
	if err := statement.Unmarshal(text, &e); err != nil {
		return nil, BadBody.With(err.Error())
	}
	if n := len(e.Signatures); n > MaxSignatures {
		return nil, BadBody.With(fmt.Sprintf("found %d signatures, expected at most %d", n, MaxSignatures))
	}
	a := &party.Act{Signatures: e.Signatures, TokenRole: c.who.Role, TokenPerson: c.who.Person}
	if err := statement.Unmarshal(e.Statement, &a.Statement); err != nil {
		return nil, BadBody.With("statement: " + err.Error())
	}
	if a.Act == registry.Stop {
		// Nothing keeps a STOP: garbled is better than late, and the token stands for
		// who signs it badly.
		a.Signatures = slices.DeleteFunc(a.Signatures, func(s party.Signature) bool { return !s.Good(e.Statement) })
	} else if err := statement.CheckText(body); err != nil {
		return nil, BadBody.With(err.Error())
	}
	if len(a.Signatures) == 0 {
		h.complete(c, &a.Statement)
	}
	if err := h.checkStatement(c, a); err != nil {
		return nil, err
	}
	if a.Text, err = statement.Marshal(a.Statement); err != nil {
		return nil, BadBody.With("statement: " + err.Error())
	}
	if len(a.Signatures) > 0 && !bytes.Equal(a.Text, e.Statement) {
		return nil, BadBody.With("statement: found members that are not known, or ones that have no effect; expected act, at, body, id, node, party, and person and role where there is one")
	}
	for i, s := range a.Signatures {
		if !s.Good(a.Text) {
			return nil, BadSignature.With(fmt.Sprintf("signature %d is not that of key %s over the canonical form of the statement", i+1, clip(string(s.Key))))
		}
	}
	return a, decodeContent(a)
}

// complete fills in what a caller without a key may leave out.
func (h *handler) complete(c *call, s *party.Statement) {
	if s.Party == "" {
		s.Party = c.who.Party
	}
	if s.Node == "" {
		s.Node = h.Origin
	}
	if s.At == 0 {
		s.At = statement.Instant(h.Engine.NowNS())
	}
	if s.ID == "" {
		s.ID = c.r.Header.Get("Idempotency-Key")
	}
	if s.ID == "" {
		s.ID = rand.Text()
	}
	if s.Role == "" {
		s.Role, s.Person = c.who.Role, c.who.Person
	}
}

// checkStatement checks all members but the body.
func (h *handler) checkStatement(c *call, a *party.Act) error {
	s := &a.Statement
	key := c.r.Header.Get("Idempotency-Key")
	switch {
	case s.Party != c.who.Party:
		return ActNotAllowed.With(fmt.Sprintf("found a statement of %q, expected one of the token's party %q", clip(string(s.Party)), c.who.Party))
	case s.ID == "" || len(s.ID) > party.MaxStatementIDBytes || strings.ContainsFunc(s.ID, notPlain):
		return BadBody.With(fmt.Sprintf("statement.id: expected 1 to %d letters, digits and -._:, new for each act", party.MaxStatementIDBytes))
	case key != "" && key != s.ID:
		return BadBody.With("the header Idempotency-Key differs from statement.id, expected the same or one of them")
	case s.At == 0:
		return BadBody.With("statement.at is missing, expected when it is said")
	case len(s.Role) > party.MaxIDBytes || len(s.Person) > party.MaxIDBytes:
		return BadBody.With(fmt.Sprintf("statement.role and statement.person: expected at most %d bytes", party.MaxIDBytes))
	}
	return nil
}

func notPlain(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("-._:", r)
}

// decodeContent reads the body as the kind of act says.
func decodeContent(a *party.Act) error {
	kind, ok := world.Kind(a.Act)
	if !ok {
		return ActInvalid.With(fmt.Sprintf("found the act %q, expected one of docs/ACTS.md", clip(a.Act)))
	}
	a.Content = kind.New()
	if err := statement.Unmarshal(a.Body, a.Content); err != nil {
		return ActInvalid.With("body of " + a.Act + ": " + err.Error())
	}
	if checked, ok := a.Content.(interface{ Check() error }); ok {
		if err := checked.Check(); err != nil {
			return ActInvalid.With("body of " + a.Act + ": " + err.Error())
		}
	}
	return nil
}
