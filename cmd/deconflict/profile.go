package main

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

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
	// SecretFile holds the secret of a client of the node's token endpoint, with
	// which tokens are fetched and renewed; Party is then the client's name.
	SecretFile string `toml:"secret_file"`
	// VerifierKey is the node's, got by another way than from the node. With it
	// every receipt is verified, and LogFile keeps the last checkpoint seen.
	VerifierKey string `toml:"verifier_key"`
	LogFile     string `toml:"log_file"`
	// Clock is node where statements are dated by the node's time, as in a
	// rehearsal; else this machine's clock counts.
	Clock string `toml:"clock"`
}

// profileHelp is the part of a help text about profiles.
const profileHelp = `  --profile FILE              who acts, as TOML: node, party, role, person,
                              token_file or secret_file, keys, verifier_key,
                              log_file, clock; also DECONFLICT_PROFILE. Files in
                              it are beside it
  --node URL                  another node than the profile's; also DECONFLICT_NODE
  --key FILE                  another key that signs; may be given again
  --json                      print what the node answers
`

// profileFlags add the flags of a profile.
type profileFlags struct {
	file string
	node string
	keys listFlag
	json bool
}

func (p *profileFlags) add(f *flags) {
	f.set.StringVar(&p.file, "profile", "", "a profile")
	f.set.StringVar(&p.node, "node", "", "a URL")
	f.set.Var(&p.keys, "key", "a file with a role's key")
	f.set.BoolVar(&p.json, "json", false, "")
}

// session is a client that acts by a profile.
type session struct {
	*client.Client
	profile
	keys  []ed25519.PrivateKey
	token *bearerToken
	log   *client.Log // nil: receipts are not verified
}

// profileKeys are what a profile may hold.
const profileKeys = "node, party, role, person, token_file, secret_file, keys, verifier_key, log_file or clock"

// read reads the profile, with the files that it names made relative to it.
func (p *profileFlags) read(a *app) (*profile, error) {
	file := p.file
	if file == "" {
		file = a.getenv("DECONFLICT_PROFILE")
	}
	if file == "" {
		return nil, usagef("", "found no profile, expected --profile FILE or DECONFLICT_PROFILE")
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, &inputError{fmt.Errorf("%s: %w", file, cause(err))}
	}
	r := &profile{}
	known, err := toml.Decode(string(data), r)
	if err != nil {
		return nil, &inputError{fmt.Errorf("%s: %w", file, err)}
	}
	if left := known.Undecoded(); len(left) > 0 {
		return nil, &inputError{fmt.Errorf("%s: found the key %q, expected %s", file, left[0], profileKeys)}
	}
	if r.Clock != "" && r.Clock != "node" {
		return nil, &inputError{fmt.Errorf("%s: found the clock %q, expected node or none", file, r.Clock)}
	}
	beside := func(name *string) {
		if *name != "" && !filepath.IsAbs(*name) {
			*name = filepath.Join(filepath.Dir(file), *name)
		}
	}
	beside(&r.TokenFile)
	beside(&r.SecretFile)
	beside(&r.LogFile)
	for i := range r.Keys {
		beside(&r.Keys[i])
	}
	return r, nil
}

// loadKeys reads the keys of a profile, if there is one, and of --key.
func (p *profileFlags) loadKeys(r *profile) (keys []ed25519.PrivateKey, err error) {
	names := p.keys.values
	if r != nil {
		names = slices.Concat(r.Keys, names)
	}
	for _, name := range names {
		key, err := client.LoadKey(name)
		if err != nil {
			return nil, keyFault(name, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// open reads the profile and finds out what it leaves open.
func (p *profileFlags) open(ctx context.Context, a *app) (*session, error) {
	r, err := p.read(a)
	if err != nil {
		return nil, err
	}
	s := &session{profile: *r}
	s.Node = cmp.Or(p.node, a.getenv("DECONFLICT_NODE"), s.Node)
	if s.Node == "" || s.TokenFile == "" && s.SecretFile == "" {
		return nil, &inputError{errors.New("the profile lacks node, or token_file and secret_file; expected the node's URL, and one of the two")}
	}
	if err := checkNode(s.Node); err != nil {
		return nil, err
	}
	if s.token, err = readToken(&s.profile); err != nil {
		return nil, err
	}
	if s.keys, err = p.loadKeys(r); err != nil {
		return nil, err
	}
	s.Client = &client.Client{
		BaseURL: s.Node, Party: s.profile.Party, Role: s.profile.Role, Person: s.profile.Person,
		Token: s.token.get,
	}
	return s, s.introduce(ctx)
}

// introduce asks the node for what the profile leaves open.
func (s *session) introduce(ctx context.Context) (err error) {
	if s.Client.Origin, err = s.ReadOrigin(ctx); err != nil {
		return s.unreached(err)
	}
	if s.Client.Party == "" {
		var me struct {
			Party string `json:"party"`
		}
		if err := s.Get(ctx, "/v1/parties/me", &me); err != nil {
			return s.unreached(err)
		}
		s.Client.Party = me.Party
	}
	if s.Clock == "node" {
		now, err := s.nodeTime(ctx)
		if err != nil {
			return s.unreached(err)
		}
		s.Now = func() time.Time { return now }
	}
	if s.VerifierKey == "" {
		return nil
	}
	if s.LogFile == "" {
		return &inputError{errors.New("verifier_key: expected log_file as well, where the last checkpoint is kept")}
	}
	if s.log, err = client.OpenLog(s.Client, s.LogFile, s.VerifierKey); err != nil {
		return &inputError{err}
	}
	return nil
}

// unreached says what went wrong before anything was asked of the node.
func (s *session) unreached(err error) error {
	return &inputError{fmt.Errorf("the node %s: %w", s.Node, s.token.explain(err))}
}

// nodeTime asks the node what time it is there.
func (s *session) nodeTime(ctx context.Context) (time.Time, error) {
	var status struct {
		Basis struct {
			NodeTime time.Time `json:"node_time"`
		} `json:"basis"`
	}
	err := s.Get(ctx, "/v1/status", &status)
	return status.Basis.NodeTime, err
}

// close ends a session.
func (s *session) close() {
	if s.log != nil {
		_ = s.log.Close() // it is written at each update
	}
}
