package api

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"strings"

	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/world"
)

// field is a released member of an event with what proves it.
type field struct {
	Name  string          `json:"name"`
	Salt  string          `json:"salt"` // base64url
	Value json.RawMessage `json:"value"`
}

// receipt proves to its reader that an entry is in the journal: the commitments
// of the fields are in the leaf, the leaf is in the tree, and the tree's root is
// in the checkpoint. docs/JOURNAL.md says how.
type receipt struct {
	Index       int64           `json:"index"`
	Fields      []field         `json:"fields"`
	Leaf        json.RawMessage `json:"leaf"`
	Proof       []string        `json:"proof"` // base64
	Checkpoint  string          `json:"checkpoint"`
	VerifierKey string          `json:"verifier_key"`
}

func (h *handler) receipt(c *call) error {
	if _, err := c.parameters(); err != nil {
		return err
	}
	index, err := parseIndex(c.arg, 0)
	if err != nil {
		return badParameter("index", c.arg, "a journal index")
	}
	absent := NotFound.With("the journal has no such entry, or nothing of it is released to you")
	j := h.Engine.Journal()
	checkpoint := j.Checkpoint()
	head, err := journal.ParseCheckpoint(checkpoint, j.VerifierKey())
	if err != nil {
		return err
	}
	if index >= head.Size {
		return absent
	}
	ctx := c.r.Context()
	record, err := j.Get(ctx, index)
	if err != nil {
		return err
	}
	names := world.Release(record.Event, c.reader())
	if len(names) == 0 {
		return absent
	}
	out := receipt{Index: index, Checkpoint: string(checkpoint), VerifierKey: j.VerifierKey()}
	if out.Fields, err = open(&record, names); err != nil {
		return err
	}
	if out.Leaf, err = journal.Leaf(record.Event, record.Seed); err != nil {
		return err
	}
	proof, err := j.ProveInclusion(ctx, index, head.Size)
	if err != nil {
		return err
	}
	out.Proof = make([]string, len(proof))
	for i, hash := range proof {
		out.Proof[i] = base64Of(hash)
	}
	return c.answer(out)
}

// open returns the named members of an entry with their salts.
func open(record *journal.Record, names []string) ([]field, error) {
	fields, err := statement.Fields(record.Event)
	if err != nil {
		return nil, err
	}
	out := make([]field, 0, len(names))
	for _, f := range fields {
		if len(out) < len(names) && f.Name == names[len(out)] {
			salt := journal.Salt(record.Seed, f.Name)
			out = append(out, field{f.Name, base64.RawURLEncoding.EncodeToString(salt[:]), f.Value})
		}
	}
	return out, nil
}

// checkpoint serves the signed head (C2SP tlog-checkpoint).
func (h *handler) checkpoint(c *call) error {
	c.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	c.w.Header().Set("Cache-Control", "no-cache")
	_, _ = c.w.Write(h.Engine.Journal().Published())
	return nil
}

// tile serves a piece of the tree (C2SP tlog-tiles); it never changes.
func (h *handler) tile(c *call) error {
	if c.arg == "" || strings.Contains(c.arg, "..") {
		return NotFound.With("expected a path of C2SP tlog-tiles")
	}
	data, err := h.Engine.Journal().Tile(c.r.Context(), "tile/"+c.arg)
	if errors.Is(err, fs.ErrNotExist) {
		return NotFound.With("the journal has no such tile yet, or the path is none of C2SP tlog-tiles")
	}
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", "application/octet-stream")
	c.w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = c.w.Write(data)
	return nil
}
