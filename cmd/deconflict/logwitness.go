package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/deconflict/deconflict/client"
	"github.com/deconflict/deconflict/internal/journal"
)

// witnessLimit is how long a node may take for all that a witness asks of it.
const witnessLimit = 2 * time.Minute

// logWitness verifies that a node's journal goes on from where this witness saw
// it last, and co-signs its head. What is co-signed is on disk before anybody
// has the signature, so that a witness that dies in between never signs a second
// history.
func logWitness(ctx context.Context, a *app, r *logRequest, rest []string) (code int, err error) {
	switch {
	case len(rest) != 1:
		return 0, usagef("log", "found %d arguments to log witness; expected a node's URL or a data directory", len(rest))
	case r.key == "" || r.name == "" || r.dir == "":
		return 0, usagef("log", "log witness needs --key, the log's verifier key known from elsewhere; --name, the witness's; and --dir, where it keeps what it saw")
	}
	ctx, cancel := context.WithTimeout(ctx, witnessLimit)
	defer cancel()
	key, err := witnessKey(r.dir)
	if err != nil {
		return 0, &inputError{err}
	}
	own, err := journal.WitnessKey(r.name, key.Public().(ed25519.PublicKey))
	if err != nil {
		return 0, usagef("log", "--name: %v", err)
	}
	source, err := r.source(rest[0])
	if err != nil {
		return badJournal(a, rest[0], err)
	}
	defer func() { err = errors.Join(err, source.close()) }()
	checkpoint, err := source.checkpoint(ctx)
	if err != nil {
		return 0, &inputError{fmt.Errorf("cannot read the checkpoint of %s: %w", rest[0], cause(err))}
	}
	origin, _, _ := strings.Cut(r.key, "+")
	file := filepath.Join(r.dir, url.PathEscape(origin)+".checkpoint")
	keeper, err := journal.OpenKeeper(file, r.key)
	if err != nil {
		return 0, &inputError{err}
	}
	defer func() { err = errors.Join(err, keeper.Close()) }()
	was, known := keeper.Head()
	head, err := keeper.Advance(ctx, checkpoint, source.tile)
	var fork *journal.ForkError
	switch {
	case errors.As(err, &fork):
		return exitBad, alarm(a.stdout, file, origin, fork)
	case err != nil:
		return 0, &inputError{fmt.Errorf("%s: %w", rest[0], err)}
	}
	signed, err := journal.Cosign(checkpoint, r.name, key, time.Now().Unix())
	if err != nil {
		return 0, err
	}
	if err := r.deliver(ctx, a, source, signed); err != nil {
		return 0, err
	}
	seen := "the first time that this witness sees it, so taken at its word"
	if known {
		seen = fmt.Sprintf("begins with the %s verified before", count(int(was.Size), "entry", "entries"))
	}
	_, err = fmt.Fprintf(a.stderr, "%s: %s, %s\n  root %x\n  co-signed by %s\n", origin, count(int(head.Size), "entry", "entries"), seen, head.Root, own)
	return exitClear, err
}

// deliver hands on a co-signed checkpoint: to the node, to a file, or to
// standard output.
func (r *logRequest) deliver(ctx context.Context, a *app, source *witnessSource, signed []byte) error {
	if r.post {
		if err := source.post(ctx, signed); err != nil {
			return &inputError{fmt.Errorf("the node does not take the co-signature: %w", cause(err))}
		}
	}
	switch {
	case r.out != "":
		return writeNew(r.out, func(w io.Writer) error { _, err := w.Write(signed); return err })
	case !r.post:
		_, err := a.stdout.Write(signed)
		return err
	}
	return nil
}

// alarm says that a log is not what it was, and keeps the evidence.
func alarm(w io.Writer, file, origin string, fork *journal.ForkError) error {
	evidence := fmt.Sprintf("%s.not-%d-%x", strings.TrimSuffix(file, ".checkpoint"), fork.Now.Size, fork.Now.Root[:4])
	if err := os.WriteFile(evidence, fork.Newer, 0o600); err != nil {
		return &inputError{fmt.Errorf("cannot keep the evidence that %v: %w", fork, cause(err))}
	}
	what := "The second does not begin with the first. Each is signed by the log: together they prove that it signed two histories."
	if errors.Is(fork, journal.ErrRolledBack) {
		what = "The second is the smaller. Entries that the log signed are not shown any more, or an older copy of it answers."
	}
	_, err := fmt.Fprintf(w, "ALARM: %v: %s. Nothing was co-signed.\n  before: %d entries, root %x\n          in %s\n  now:    %d entries, root %x\n          in %s\n  %s Keep both files and show them to all parties.\n",
		fork.Reason, origin, fork.Was.Size, fork.Was.Root, file, fork.Now.Size, fork.Now.Root, evidence, what)
	return err
}

// witnessSource is where a witness sees a journal.
type witnessSource struct {
	checkpoint func(context.Context) ([]byte, error)
	tile       journal.Tiles
	post       func(context.Context, []byte) error
	close      func() error
}

// source opens a node by its URL, or a data directory.
func (r *logRequest) source(name string) (*witnessSource, error) {
	if strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://") {
		c := &client.Client{BaseURL: name}
		if r.token != "" {
			c.Token = func(context.Context) (string, error) {
				token, err := os.ReadFile(r.token)
				return string(bytes.TrimSpace(token)), err
			}
		}
		return &witnessSource{c.Checkpoint, c.Tile, c.AddCosignature, func() error { return nil }}, nil
	}
	if r.post || r.token != "" {
		return nil, usagef("log", "--post and --token go with a node's URL, found %s", name)
	}
	j, err := journal.Open(name, journal.Options{ReadOnly: true, VerifierKey: r.key})
	if err != nil {
		return nil, err
	}
	return &witnessSource{
		checkpoint: func(context.Context) ([]byte, error) { return j.Checkpoint(), nil },
		tile:       j.Tile, close: j.Close,
	}, nil
}

// witnessKey reads the witness's key, which is made when there is none.
func witnessKey(dir string) (ed25519.PrivateKey, error) {
	file := filepath.Join(dir, "witness.key")
	key, err := journal.LoadKey(file)
	if errors.Is(err, fs.ErrNotExist) {
		return journal.GenerateKey(file, nil)
	}
	return key, err
}
