package api

import (
	"errors"
	"net/http"

	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/world"
)

// maxCosignedBytes is the size of a co-signed checkpoint that is taken in: more
// than the journal keeps.
const maxCosignedBytes = 64 << 10

// Kinds of problems with co-signatures.
var (
	BadCosignature = Problem{Kind: "bad-cosignature", Title: "The co-signed checkpoint cannot be used", Status: http.StatusBadRequest}
	Forked         = Problem{Kind: "forked", Title: "The node's key signed two histories", Status: http.StatusConflict}
)

// cosignature takes in a checkpoint that a witness co-signed. Who sends it does
// not matter: it counts for the signatures that are on it.
func (h *handler) cosignature(c *call) error {
	if _, err := c.parameters(); err != nil {
		return err
	}
	checkpoint, err := c.body(maxCosignedBytes)
	if err != nil {
		return err
	}
	keys, err := h.witnessKeys(c)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return BadCosignature.With("no party of kind witness is enrolled here, expected the signer's: its id is the name of its key")
	}
	head, err := h.Engine.Journal().AddCosignature(c.r.Context(), checkpoint, keys)
	switch {
	case errors.Is(err, journal.ErrForked):
		h.Log.Error("a witness shows another history under this node's key", "error", err)
		return Forked.With(err.Error())
	case err != nil && c.r.Context().Err() == nil:
		return BadCosignature.With(err.Error())
	case err != nil:
		return err
	}
	return c.answer(struct {
		Size int64  `json:"journal_size"`
		Root string `json:"journal_root"`
	}{head.Size, base64Of(head.Root)})
}

// witnessKeys returns the verifier keys of the witnesses that are enrolled.
func (h *handler) witnessKeys(c *call) (keys []string, err error) {
	err = h.Engine.ReadWorld(c.r.Context(), func(st *world.State, nowNS int64) {
		for _, w := range st.Registry.Witnesses(nowNS) {
			// An id that cannot be the name of a key has none.
			if key, err := journal.WitnessKey(string(w.Name), w.Key); err == nil {
				keys = append(keys, key)
			}
		}
	})
	return keys, err
}
