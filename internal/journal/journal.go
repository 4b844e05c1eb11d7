// Package journal keeps the record of a node: an append-only list of events,
// each a canonical JSON object, under a Merkle tree (RFC 6962) whose signed
// head others can hold against it. It knows bytes, not airspace.
// docs/JOURNAL.md specifies what is stored and what leaves the node.
package journal

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// Errors that callers tell apart.
var (
	ErrLocked    = errors.New("the data directory is in use by another process")
	ErrHeadMoved = errors.New("the journal's head has moved")
	ErrClosed    = errors.New("the journal is closed")
	ErrReadOnly  = errors.New("the journal is open for reading only")
)

// CorruptError is a stored file that does not hold what was written.
type CorruptError struct {
	File     string // name within the data directory
	Place    string
	Found    string
	Expected string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s is damaged, %s: found %s, expected %s", e.File, e.Place, e.Found, e.Expected)
}

// Record is one entry. Event is the canonical JSON object; Seed makes the salts
// of its commitments and is never given to anybody.
type Record struct {
	Index int64
	Seed  Hash
	Event []byte
}

// Options say how to open a journal.
type Options struct {
	// Origin names the log in its checkpoints, like "node.example/deconflict".
	// A journal keeps the origin that it was made with. Empty with ReadOnly:
	// the stored one.
	Origin string
	// Key signs checkpoints. Not needed with ReadOnly.
	Key ed25519.PrivateKey
	// VerifierKey, with ReadOnly, is the key that the head has to be signed by.
	// Empty: the stored one, which shows damage but not forgery.
	VerifierKey string
	// Rand gives the seeds; nil means the system's source.
	Rand io.Reader
	// ReadOnly opens beside a running node: without a lock, and what is
	// appended later is not seen.
	ReadOnly bool
}

// Journal is an open journal. Its methods may be called from several
// goroutines.
type Journal struct {
	dir      string
	options  Options
	verifier string
	store    *store
	lock     io.Closer
	mirror   *os.File // the checkpoint file; nil when read-only
	now      atomic.Pointer[durable]

	writing sync.Mutex // guards all below; held during a block and while the WAL restarts
	failed  error      // why no block can be appended any more
	tip     *edge
	hasher  *leafHasher
	seeds   []byte
	done    []tile

	checkpointer *walCheckpointer

	cosigning sync.Mutex // guards what follows
	cosigned  []byte     // newest checkpoint that a witness co-signed; never changed, only replaced
}

// durable is what is known to be on disk. It is never changed, only replaced.
type durable struct {
	head       Head
	checkpoint []byte
	edge       *edge
}

// Open opens the journal of a data directory and makes it if there is none. It
// holds a lock on the directory until Close (ErrLocked when another process
// has it), and checks that the stored head is signed, that the stored tree
// leads to it, and that it is not older than what was acknowledged; otherwise
// it returns a *CorruptError and leaves database and WAL as they are.
func Open(dir string, o Options) (*Journal, error) {
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	j := &Journal{dir: dir, options: o, hasher: newLeafHasher()}
	if err := j.open(); err != nil {
		return nil, errors.Join(err, j.release())
	}
	return j, nil
}

func (j *Journal) open() error {
	if !j.options.ReadOnly {
		if err := checkOrigin(j.options.Origin); err != nil {
			return err
		}
		if len(j.options.Key) != ed25519.PrivateKeySize {
			return fmt.Errorf("found a key of %d bytes, expected an Ed25519 private key", len(j.options.Key))
		}
		if err := os.MkdirAll(j.dir, 0o700); err != nil {
			return err
		}
		var err error
		if j.lock, err = lockFile(filepath.Join(j.dir, "lock")); err != nil {
			return fmt.Errorf("%s: %w", j.dir, err)
		}
	}
	// Read before the database: a running node writes it after the database.
	mirror, err := readMirror(j.dir)
	if err != nil {
		return err
	}
	witnessed, err := readCosigned(j.dir)
	if err != nil {
		return err
	}
	if j.store, err = openStore(j.dir, j.options.ReadOnly); err != nil {
		return err
	}
	if err := j.identify(len(mirror) > 0); err != nil {
		return err
	}
	if err := j.load(context.Background(), mirror); err != nil {
		return err
	}
	if err := j.checkCosigned(context.Background(), witnessed); err != nil {
		return err
	}
	if j.options.ReadOnly {
		return nil
	}
	if err := j.store.prepareWrites(); err != nil {
		return err
	}
	if j.mirror, err = openMirror(j.dir, j.Checkpoint()); err != nil {
		return err
	}
	j.checkpointer = startCheckpointer(j)
	return nil
}

// identify makes a new journal's tables, or holds the stored names against the
// options. acknowledged tells that this directory once held a head.
func (j *Journal) identify(acknowledged bool) error {
	o := &j.options
	known, err := j.store.identity()
	if err != nil {
		return err
	}
	if known == nil {
		if acknowledged {
			return &CorruptError{databaseFile, "at its start", "no journal", "the one whose head the file " + mirrorFile + " holds"}
		}
		if o.ReadOnly {
			return fmt.Errorf("%s: found an empty database, expected a journal", filepath.Join(j.dir, databaseFile))
		}
		if j.verifier, err = VerifierKey(o.Origin, o.Key.Public().(ed25519.PublicKey)); err != nil {
			return err
		}
		checkpoint, err := signCheckpoint(Head{0, emptyRoot}, signer{o.Origin, o.Key})
		if err != nil {
			return err
		}
		return j.store.create(identity{formatName, o.Origin, j.verifier}, checkpoint)
	}
	if known.format != formatName {
		return &CorruptError{databaseFile, "table meta", fmt.Sprintf("the format %q", known.format), fmt.Sprintf("%q", formatName)}
	}
	if o.ReadOnly {
		o.Origin = known.origin
		j.verifier = known.verifier
		if o.VerifierKey != "" {
			j.verifier = o.VerifierKey
		}
		return nil
	}
	if known.origin != o.Origin {
		return fmt.Errorf("%s: found a journal of %q, expected one of %q", filepath.Join(j.dir, databaseFile), known.origin, o.Origin)
	}
	if j.verifier, err = VerifierKey(o.Origin, o.Key.Public().(ed25519.PublicKey)); err != nil {
		return err
	}
	if known.verifier != j.verifier {
		return fmt.Errorf("%s: found a journal signed by the key %s, expected %s, whose private key is in %s",
			filepath.Join(j.dir, databaseFile), known.verifier, j.verifier, KeyFile(j.dir))
	}
	return nil
}

// load reads the head, builds the right edge and holds each against the other
// and against what was acknowledged.
func (j *Journal) load(ctx context.Context, mirror []byte) error {
	row, err := j.store.head(ctx)
	if err != nil {
		return err
	}
	if err := row.check(j.verifier); err != nil {
		return err
	}
	head := row.head
	leaves, err := j.store.tail(ctx, head.Size)
	if err != nil {
		return err
	}
	e, err := newEdge(head.Size, leaves, func(level int, n int64) ([]byte, error) { return j.store.tile(ctx, level, n) })
	if err != nil {
		return err
	}
	if root := e.root(); root != head.Root {
		return &CorruptError{databaseFile, "tables tiles and entries", fmt.Sprintf("a tree with root %x", Hash(root)), fmt.Sprintf("root %x as signed", head.Root)}
	}
	j.tip = e
	j.now.Store(&durable{head, row.checkpoint, e})
	return j.checkMirror(ctx, mirror)
}

// Head returns the durable head.
func (j *Journal) Head() Head { return j.now.Load().head }

// Checkpoint returns the durable head as a signed C2SP checkpoint.
func (j *Journal) Checkpoint() []byte {
	return append([]byte(nil), j.now.Load().checkpoint...)
}

// Origin returns the name of the log.
func (j *Journal) Origin() string { return j.options.Origin }

// VerifierKey returns the key by which checkpoints are verified.
func (j *Journal) VerifierKey() string { return j.verifier }

// Close waits for a block that is being written, brings all into journal.db and
// frees the directory.
func (j *Journal) Close() error {
	j.writing.Lock()
	if errors.Is(j.failed, ErrClosed) {
		j.writing.Unlock()
		return nil
	}
	healthy := j.failed == nil && !j.options.ReadOnly
	j.failed = ErrClosed
	j.writing.Unlock()
	if j.checkpointer != nil {
		j.checkpointer.stop()
	}
	var err error
	if healthy {
		err = errors.Join(j.store.emptyWAL(), j.mirror.Sync())
	}
	return errors.Join(err, j.release())
}

// release closes what is open.
func (j *Journal) release() error {
	var errs []error
	if j.store != nil {
		errs = append(errs, j.store.close())
	}
	if j.mirror != nil {
		errs = append(errs, j.mirror.Close())
	}
	if j.lock != nil {
		errs = append(errs, j.lock.Close())
	}
	return errors.Join(errs...)
}

// isMissing tells that a query found no row.
func isMissing(err error) bool { return errors.Is(err, sql.ErrNoRows) }
