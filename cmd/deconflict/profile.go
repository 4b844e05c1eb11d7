package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/deconflict/deconflict/client"
)

// profile is who somebody is towards a node: what a position keeps in one file.
type profile struct {
	Node   string `toml:"node"`   // URL
	Party  string `toml:"party"`  // empty: that of the token
	Role   string `toml:"role"`   // under which acts are done
	Person string `toml:"person"` // alias
	// TokenFile holds a bearer token, Keys are files with keys of roles.
	TokenFile string   `toml:"token_file"`
	Keys      []string `toml:"keys"`
	// VerifierKey is the node's, got by another way than from the node. With it
	// every receipt is verified, and LogFile keeps the last checkpoint seen.
	VerifierKey string `toml:"verifier_key"`
	LogFile     string `toml:"log_file"`
}

// profileHelp is the part of a help text about profiles.
const profileHelp = `  --profile FILE              who acts, as TOML: node, party, role, person,
                              token_file, keys, verifier_key, log_file; also
                              DECONFLICT_PROFILE. Names in it are relative to it
  --key FILE                  another key that signs; may be given again
  --json                      print what the node answers
`

// profileFlags add the flags of a profile.
type profileFlags struct {
	file string
	keys listFlag
	json bool
}

func (p *profileFlags) add(f *flags) {
	f.set.StringVar(&p.file, "profile", "", "a profile")
	f.set.Var(&p.keys, "key", "a file with a role's key")
	f.set.BoolVar(&p.json, "json", false, "")
}

// session is a client that acts by a profile.
type session struct {
	*client.Client
	profile
	keys []ed25519.PrivateKey
	log  *client.Log // nil: receipts are not verified
}

// open reads the profile and finds out what it leaves open.
func (p *profileFlags) open(ctx context.Context, a *app) (*session, error) {
	file := p.file
	if file == "" {
		file = a.getenv("DECONFLICT_PROFILE")
	}
	if file == "" {
		return nil, usagef("", "found no profile, expected --profile FILE or DECONFLICT_PROFILE")
	}
	s := &session{}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, &inputError{err}
	}
	known, err := toml.Decode(string(data), &s.profile)
	if err != nil {
		return nil, &inputError{fmt.Errorf("%s: %w", file, err)}
	}
	if left := known.Undecoded(); len(left) > 0 {
		return nil, &inputError{fmt.Errorf("%s: found the key %q, expected node, party, role, person, token_file, keys, verifier_key or log_file", file, left[0])}
	}
	beside := func(name string) string {
		if name == "" || filepath.IsAbs(name) {
			return name
		}
		return filepath.Join(filepath.Dir(file), name)
	}
	if s.Node == "" || s.TokenFile == "" {
		return nil, &inputError{fmt.Errorf("%s: expected node and token_file", file)}
	}
	token, err := os.ReadFile(beside(s.TokenFile))
	if err != nil {
		return nil, &inputError{err}
	}
	for _, name := range s.Keys {
		p.keys.values = append(p.keys.values, beside(name))
	}
	for _, name := range p.keys.values {
		key, err := client.LoadKey(name)
		if err != nil {
			return nil, &inputError{err}
		}
		s.keys = append(s.keys, key)
	}
	s.Client = &client.Client{
		BaseURL: s.Node, Party: s.profile.Party, Role: s.profile.Role, Person: s.profile.Person,
		Token: func(context.Context) (string, error) { return strings.TrimSpace(string(token)), nil },
	}
	return s, s.introduce(ctx, beside(s.LogFile))
}

// introduce asks the node for what the profile leaves open.
func (s *session) introduce(ctx context.Context, logFile string) (err error) {
	if s.Client.Origin, err = s.ReadOrigin(ctx); err != nil {
		return &inputError{fmt.Errorf("%s: %w", s.Node, err)}
	}
	if s.Client.Party == "" {
		var me struct {
			Party string `json:"party"`
		}
		if err := s.Get(ctx, "/v1/parties/me", &me); err != nil {
			return &inputError{fmt.Errorf("%s: %w", s.Node, err)}
		}
		s.Client.Party = me.Party
	}
	if s.VerifierKey == "" {
		return nil
	}
	if logFile == "" {
		return &inputError{errors.New("verifier_key: expected log_file as well, where the last checkpoint is kept")}
	}
	if s.log, err = client.OpenLog(s.Client, logFile, s.VerifierKey); err != nil {
		return &inputError{err}
	}
	return nil
}

// close ends a session.
func (s *session) close() {
	if s.log != nil {
		_ = s.log.Close() // it is written at each update
	}
}
