package client

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/deconflict/deconflict/internal/journal"
)

// Errors of a node whose journal does not go on from what was verified. Their
// evidence is in the *ForkError that comes with them.
var (
	ErrForked     = journal.ErrForked     // it signed two histories
	ErrRolledBack = journal.ErrRolledBack // it shows fewer entries than it signed before
)

// ForkError holds the two checkpoints that contradict each other.
type ForkError = journal.ForkError

// Log holds a node to its journal. It keeps the newest checkpoint that it
// verified in a file, and believes only what goes on from there.
type Log struct {
	client *Client
	key    string

	mu     sync.Mutex
	keeper *journal.Keeper
}

// OpenLog opens the file that keeps the checkpoint; it need not exist. key is
// the verifier key of the node's journal, known from elsewhere than the node.
// The file is locked until Close.
func OpenLog(c *Client, file, key string) (*Log, error) {
	keeper, err := journal.OpenKeeper(file, key)
	if err != nil {
		return nil, err
	}
	return &Log{client: c, key: key, keeper: keeper}, nil
}

// Close frees the file.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.keeper.Close()
}

// Head is the head of a journal: how many entries, and the root of their tree.
type Head struct {
	Size int64
	Root [32]byte
}

// Checkpoint fetches the journal's signed head as the node publishes it. Nothing
// of it is verified.
func (c *Client) Checkpoint(ctx context.Context) ([]byte, error) {
	return c.fetch(ctx, "GET", "/log/checkpoint", nil)
}

// Tile fetches a tile of the journal's tree by its path of C2SP tlog-tiles, such
// as tile/0/x001/067. Nothing of it is verified.
func (c *Client) Tile(ctx context.Context, path string) ([]byte, error) {
	return c.fetch(ctx, "GET", "/log/"+path, nil)
}

// AddCosignature gives the node a checkpoint of its journal that a witness
// co-signed.
func (c *Client) AddCosignature(ctx context.Context, checkpoint []byte) error {
	answer, err := c.open(ctx, "POST", "/log/cosignature", checkpoint, map[string]string{"Content-Type": "text/plain; charset=utf-8"})
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// Update fetches the journal's head, verifies its signature and that its tree
// begins with all that was verified before, and keeps it. The error is
// ErrForked or ErrRolledBack when it does not: then the node cannot be trusted,
// and what was kept stays. Any other error leaves the question open.
func (l *Log) Update(ctx context.Context) (Head, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	checkpoint, err := l.client.Checkpoint(ctx)
	if err != nil {
		return Head{}, err
	}
	head, err := l.keeper.Advance(ctx, checkpoint, l.client.Tile)
	return Head{head.Size, head.Root}, err
}

// Receipt is what a receipt proves: that these members are in the entry at this
// place of the journal.
type Receipt struct {
	Entry
	Leaf []byte // of the entry, as counter-signatures cover it
}

// Receipt fetches the proof of an entry and verifies all of it: the members
// against the leaf, the leaf against the checkpoint, the checkpoint's signature,
// and that it belongs to the history that was verified before. Errors are those
// of Update.
func (l *Log) Receipt(ctx context.Context, index int64) (*Receipt, error) {
	data, err := l.client.fetch(ctx, "GET", "/v1/receipts/"+strconv.FormatInt(index, 10), nil)
	if err != nil {
		return nil, err
	}
	var r receipt
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("receipt of entry %d: %w", index, err)
	}
	if r.Index != index {
		return nil, fmt.Errorf("receipt: found that of entry %d, expected entry %d", r.Index, index)
	}
	out := &Receipt{Entry: Entry{index, map[string]json.RawMessage{}}, Leaf: r.Leaf}
	shown := make([]journal.Shown, len(r.Fields))
	for i, f := range r.Fields {
		if shown[i].Salt, err = hashOf(f.Salt, base64.RawURLEncoding); err != nil {
			return nil, fmt.Errorf("receipt of entry %d: salt of %.80q: %w", index, f.Name, err)
		}
		shown[i].Name, shown[i].Value = f.Name, f.Value
		out.Fields[f.Name] = f.Value
	}
	if err := journal.VerifyShown(r.Leaf, shown); err != nil {
		return nil, fmt.Errorf("receipt of entry %d: %w", index, err)
	}
	proof := make([]journal.Hash, len(r.Proof))
	for i, text := range r.Proof {
		if proof[i], err = hashOf(text, base64.StdEncoding); err != nil {
			return nil, fmt.Errorf("receipt of entry %d: proof: %w", index, err)
		}
	}
	head, err := l.verify(ctx, []byte(r.Checkpoint))
	if err != nil {
		return nil, err
	}
	if err := journal.ProveLeaf(r.Leaf, index, proof, head); err != nil {
		return nil, fmt.Errorf("receipt of entry %d: %w", index, err)
	}
	return out, nil
}

// receipt is the node's form of one.
type receipt struct {
	Index  int64 `json:"index"`
	Fields []struct {
		Name  string          `json:"name"`
		Salt  string          `json:"salt"`
		Value json.RawMessage `json:"value"`
	} `json:"fields"`
	Leaf       json.RawMessage `json:"leaf"`
	Proof      []string        `json:"proof"`
	Checkpoint string          `json:"checkpoint"`
}

// verify verifies a checkpoint that came with a receipt. One that is older than
// that kept must lead to it; it may have been made before Update.
func (l *Log) verify(ctx context.Context, checkpoint []byte) (journal.Head, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	head, err := l.keeper.Advance(ctx, checkpoint, l.client.Tile)
	var fork *ForkError
	if !errors.As(err, &fork) || !errors.Is(err, ErrRolledBack) {
		return head, err
	}
	err = journal.CheckConsistency(ctx, fork.Now, fork.Was, l.client.Tile)
	if errors.Is(err, ErrForked) {
		fork.Reason = ErrForked
		err = fork
	}
	return fork.Now, err
}

func hashOf(text string, encoding *base64.Encoding) (journal.Hash, error) {
	b, err := encoding.Strict().DecodeString(text)
	if err != nil || len(b) != len(journal.Hash{}) {
		return journal.Hash{}, fmt.Errorf("found %.60q, expected 32 bytes in base64", text)
	}
	return journal.Hash(b), nil
}
