package auth

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/deconflict/deconflict/internal/party"
)

const maxClientsBytes = 4 << 20

// ErrClient is a client id or secret that is wrong; which of the two is not
// told.
var ErrClient = errors.New("unknown client or wrong secret")

// Client is a party that may fetch tokens for itself.
type Client struct {
	ID      party.ID // of the party, and the OAuth client id
	Scopes  []string // that its tokens may have; sorted
	Created time.Time
	// Standing is what its tokens vouch for beside the party.
	Standing
}

// Clients are the registered clients in a file. Every use reads what is there,
// so that a running node sees what the command line changes. It may be used by
// several goroutines at once.
type Clients struct {
	path string

	mu     sync.Mutex
	info   fs.FileInfo // of what was read; nil before, and when there is no file
	loaded []storedClient
}

// storedClient is a client as the file has it. The hash is
// SHA-256("deconflict client secret v1\n" || salt || secret). A slow hash would
// protect nothing, as secrets are 256 random bits and never chosen by people,
// and would let anybody keep the node busy.
type storedClient struct {
	ID      party.ID  `json:"id"`
	Scopes  []string  `json:"scopes"`
	Salt    []byte    `json:"salt"`
	Hash    []byte    `json:"hash"`
	Created time.Time `json:"created"`
	Standing
}

// clientFile is the file. Version is 1.
type clientFile struct {
	Version int            `json:"version"`
	Clients []storedClient `json:"clients"`
}

const saltBytes = 16

func hashSecret(salt []byte, secret string) []byte {
	h := sha256.New()
	h.Write([]byte("deconflict client secret v1\n"))
	h.Write(salt)
	io.WriteString(h, secret)
	return h.Sum(nil)
}

// OpenClients returns the clients of a file. That there is no file means that
// there are none; the first one added creates it.
func OpenClients(path string) *Clients { return &Clients{path: path} }

// List returns the clients, sorted by id.
func (c *Clients) List() ([]Client, error) {
	stored, err := c.load()
	if err != nil {
		return nil, err
	}
	list := make([]Client, len(stored))
	for i, s := range stored {
		list[i] = s.client()
	}
	return list, nil
}

func (s *storedClient) client() Client {
	return Client{s.ID, slices.Clone(s.Scopes), s.Created, s.Standing}
}

// Authenticate returns the client with an id and a secret, or ErrClient. Other
// errors are faults of the file.
func (c *Clients) Authenticate(id, secret string) (Client, error) {
	stored, err := c.load()
	if err != nil {
		return Client{}, err
	}
	// An id that does not exist takes as long as a wrong secret.
	found := storedClient{Salt: make([]byte, saltBytes), Hash: make([]byte, sha256.Size)}
	i, known := find(stored, party.ID(id))
	if known {
		found = stored[i]
	}
	right := subtle.ConstantTimeCompare(hashSecret(found.Salt, secret), found.Hash) == 1
	if !right || !known {
		return Client{}, ErrClient
	}
	return found.client(), nil
}

func find(list []storedClient, id party.ID) (int, bool) {
	return slices.BinarySearchFunc(list, id, func(s storedClient, id party.ID) int {
		return strings.Compare(string(s.ID), string(id))
	})
}

// Add registers a client and returns its secret, which is kept nowhere.
func (c *Clients) Add(id party.ID, as Standing, scopes []string, now time.Time) (secret string, err error) {
	scopes = slices.Compact(slices.Sorted(slices.Values(scopes)))
	client := storedClient{ID: id, Scopes: scopes, Salt: make([]byte, saltBytes), Created: now.UTC().Truncate(time.Second), Standing: as}
	var random [32]byte
	rand.Read(client.Salt)
	rand.Read(random[:])
	secret = fmt.Sprintf("%x", random)
	client.Hash = hashSecret(client.Salt, secret)
	if err := client.check(); err != nil {
		return "", err
	}
	err = c.change(func(list []storedClient) ([]storedClient, error) {
		i, known := find(list, id)
		if known {
			return nil, fmt.Errorf("the client %s exists already; remove it first to give it another secret or other scopes", id)
		}
		return slices.Insert(list, i, client), nil
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// Remove takes a client off the list. Tokens it has fetched stay valid until
// they expire.
func (c *Clients) Remove(id party.ID) error {
	return c.change(func(list []storedClient) ([]storedClient, error) {
		i, known := find(list, id)
		if !known {
			return nil, fmt.Errorf("found no client %.300q", string(id))
		}
		return slices.Delete(list, i, i+1), nil
	})
}

// load returns the clients in the file, read again when it is another than last
// time. Callers must not change them.
func (c *Clients) load() ([]storedClient, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	info, err := os.Stat(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		c.info, c.loaded = nil, nil
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if c.info != nil && os.SameFile(c.info, info) && c.info.ModTime().Equal(info.ModTime()) && c.info.Size() == info.Size() {
		return c.loaded, nil
	}
	data, err := readSmall(c.path, maxClientsBytes)
	if err != nil {
		return nil, err
	}
	list, err := parseClients(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.path, err)
	}
	c.info, c.loaded = info, list
	return list, nil
}

// readStrictly reads one JSON object, all members of which are known, and nothing
// after it.
func readStrictly(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("found text after the JSON object, expected nothing")
	}
	return nil
}

// parseClients reads the file strictly: a client must not come to have rights
// that its line does not clearly say.
func parseClients(data []byte) ([]storedClient, error) {
	var file clientFile
	if err := readStrictly(data, &file); err != nil {
		return nil, err
	}
	if file.Version != 1 {
		return nil, fmt.Errorf("found version %d, expected 1", file.Version)
	}
	for i := range file.Clients {
		s := &file.Clients[i]
		if err := s.check(); err != nil {
			return nil, fmt.Errorf("client %d: %w", i+1, err)
		}
		slices.Sort(s.Scopes)
	}
	slices.SortFunc(file.Clients, func(a, b storedClient) int { return strings.Compare(string(a.ID), string(b.ID)) })
	for i := 1; i < len(file.Clients); i++ {
		if file.Clients[i].ID == file.Clients[i-1].ID {
			return nil, fmt.Errorf("found the client %s twice, expected once", file.Clients[i].ID)
		}
	}
	return file.Clients, nil
}

func (s *storedClient) check() error {
	if !s.ID.Valid() {
		return fmt.Errorf("found the name %.300q, expected 1 to %d printable ASCII characters without spaces", string(s.ID), party.MaxIDBytes)
	}
	if len(s.Scopes) == 0 {
		return errors.New("found no scope, expected at least one")
	}
	for _, scope := range s.Scopes {
		if !ValidScope(scope) {
			return fmt.Errorf("found the scope %.300q, expected printable ASCII without spaces, quotation marks and backslashes", scope)
		}
	}
	if err := s.Standing.Check(); err != nil {
		return err
	}
	if len(s.Salt) != saltBytes || len(s.Hash) != sha256.Size {
		return fmt.Errorf("found a salt of %d and a hash of %d bytes, expected %d and %d", len(s.Salt), len(s.Hash), saltBytes, sha256.Size)
	}
	return nil
}

// change reads the file, applies a function to a copy of its clients and writes
// the result. The new file is created under its own name first, which only one
// process at a time can do.
func (c *Clients) change(apply func([]storedClient) ([]storedClient, error)) error {
	next := c.path + ".new"
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("found %s: another change is under way, or was cut off; remove the file if no other command runs", next)
	}
	if err != nil {
		return err
	}
	renamed := false
	defer func() {
		if !renamed { // else what is there by now is another's
			os.Remove(next)
		}
	}()
	data, err := c.changed(apply)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	if err := writeAndSync(f, data); err != nil {
		return err
	}
	if err := os.Rename(next, c.path); err != nil {
		return err
	}
	renamed = true
	return syncDir(filepath.Dir(c.path))
}

func (c *Clients) changed(apply func([]storedClient) ([]storedClient, error)) ([]byte, error) {
	list, err := c.load()
	if err != nil {
		return nil, err
	}
	if list, err = apply(slices.Clone(list)); err != nil {
		return nil, err
	}
	data, err := json.MarshalIndent(clientFile{Version: 1, Clients: list}, "", "  ")
	if err == nil && len(data) >= maxClientsBytes {
		err = fmt.Errorf("%s would have %d bytes, expected less than %d", c.path, len(data), maxClientsBytes)
	}
	return append(data, '\n'), err
}
