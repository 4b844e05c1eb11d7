package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/deconflict/deconflict/internal/party"
)

const maxSessionFileBytes = 16 << 20

// storedSession is a session as the file has it. Of the browser's secret, 130
// random bits, it has the hash alone: who reads the file is not signed in by it.
type storedSession struct {
	Key       []byte   `json:"key"`
	Party     party.ID `json:"party"`
	Scopes    []string `json:"scopes"`
	ExpiresNS int64    `json:"expires_ns"` // since 1970 UTC
	Standing
}

// sessionFile is the file. Version is 1.
type sessionFile struct {
	Version  int             `json:"version"`
	Sessions []storedSession `json:"sessions"`
}

// OpenSessions returns the sessions in a file, which is made with the first one.
// A nil clock means time.Now. A file that cannot be used is an error, and there
// are no sessions then: they are returned all the same, as people can sign in
// anew, and that writes the file anew.
func OpenSessions(file string, now func() time.Time) (*Sessions, error) {
	s := NewSessions(now)
	s.file = file
	data, err := readSmall(file, maxSessionFileBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	stored, err := parseSessions(data)
	if err != nil {
		return s, fmt.Errorf("%s: %w", file, err)
	}
	at := s.now()
	latest := at.Add(SessionLife).UnixNano() // also where the clock was set back
	for _, one := range stored {
		if one.ExpiresNS > at.UnixNano() && len(s.by) < s.max {
			id := Identity{Party: one.Party, Scopes: one.Scopes, ExpiresNS: one.ExpiresNS, Standing: one.Standing}
			s.add(s.session(digest(one.Key), id, nil, min(one.ExpiresNS, latest)))
		}
	}
	return s, nil
}

// parseSessions reads the file strictly: nobody must come to have rights that it
// does not clearly say.
func parseSessions(data []byte) ([]storedSession, error) {
	var file sessionFile
	if err := readStrictly(data, &file); err != nil {
		return nil, err
	}
	if file.Version != 1 {
		return nil, fmt.Errorf("found version %d, expected 1", file.Version)
	}
	seen := map[digest]bool{}
	for i := range file.Sessions {
		one := &file.Sessions[i]
		if err := one.check(); err != nil {
			return nil, fmt.Errorf("session %d: %w", i+1, err)
		}
		if seen[digest(one.Key)] {
			return nil, fmt.Errorf("session %d: found a key for the second time, expected each once", i+1)
		}
		seen[digest(one.Key)] = true
		slices.Sort(one.Scopes)
	}
	return file.Sessions, nil
}

func (s *storedSession) check() error {
	if len(s.Key) != len(digest{}) {
		return fmt.Errorf("found a key of %d bytes, expected %d", len(s.Key), len(digest{}))
	}
	if !s.Party.Valid() {
		return fmt.Errorf("found the party %.300q, expected 1 to %d printable ASCII characters without spaces", string(s.Party), party.MaxIDBytes)
	}
	if len(s.Scopes) == 0 {
		return errors.New("found no scope, expected at least one")
	}
	for _, scope := range s.Scopes {
		if !ValidScope(scope) {
			return fmt.Errorf("found the scope %.300q, expected printable ASCII without spaces, quotation marks and backslashes", scope)
		}
	}
	return s.Standing.Check()
}

// write puts the sessions that stand by themselves into the file, oldest first
// in each party. It is durable when it returns; a power cut leaves what was there
// before or what is there now.
func (s *Sessions) write() error {
	if s.file == "" {
		return nil
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	data, err := json.Marshal(sessionFile{Version: 1, Sessions: s.standing()})
	if err != nil {
		return err
	}
	next := s.file + ".new"
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := writeAndSync(f, append(data, '\n')); err != nil {
		return err
	}
	if err := os.Rename(next, s.file); err != nil {
		return err
	}
	return syncDir(filepath.Dir(s.file))
}

// standing are the sessions to be written.
func (s *Sessions) standing() []storedSession {
	s.mu.Lock()
	defer s.mu.Unlock()
	nowNS, list := s.now().UnixNano(), []storedSession{}
	for _, of := range s.ofParty {
		for _, one := range of {
			if one.grant == nil && nowNS < one.expiresNS {
				list = append(list, storedSession{
					Key: one.key[:], Party: one.as.Party, Scopes: one.as.Scopes, ExpiresNS: one.expiresNS, Standing: one.as.Standing,
				})
			}
		}
	}
	return list
}
