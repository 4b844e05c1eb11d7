package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/deconflict/deconflict/client"
	"github.com/deconflict/deconflict/internal/auth"
)

// bearerToken is how a session gets its token: it reads that of the profile's
// file, or fetches one from the node with the secret of the profile, and another
// before that expires.
type bearerToken struct {
	profile
	secret string // of the client, where the profile names its file
	text   string
	until  time.Time // when the one that was fetched is not used any more
}

// renewBefore is how long before it expires a fetched token is given up.
const renewBefore = time.Minute

// readToken reads what the profile names: a token, or the secret that fetches
// tokens.
func readToken(r *profile) (*bearerToken, error) {
	t := &bearerToken{profile: *r}
	var err error
	if r.SecretFile != "" {
		if r.Party == "" {
			return nil, &inputError{errors.New("secret_file: expected party as well: the name under which 'deconflict token client add' registered it")}
		}
		if t.secret, err = readWord(r.SecretFile); err != nil {
			hint := fmt.Sprintf("whoever runs the node makes it: deconflict token client add %s --data DIR --scope %s > %s", r.Party, auth.ScopeAct, r.SecretFile)
			return nil, &inputError{fmt.Errorf("%w\n  %s", err, hint)}
		}
		return t, nil
	}
	if t.text, err = readWord(r.TokenFile); err != nil {
		return nil, &inputError{fmt.Errorf("%w\n  %s", err, t.remedy())}
	}
	return t, nil
}

// readWord reads a file that holds one word.
func readWord(file string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", file, cause(err))
	}
	word := strings.TrimSpace(string(data))
	if word == "" || strings.ContainsAny(word, " \t\r\n") {
		return "", fmt.Errorf("%s: found %s, expected one, alone", file, count(len(strings.Fields(word)), "word", "words"))
	}
	return word, nil
}

// get returns the token for a request.
func (t *bearerToken) get(ctx context.Context) (string, error) {
	if t.secret == "" || time.Now().Before(t.until) {
		return t.text, nil
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	r, err := http.NewRequestWithContext(ctx, "POST", strings.TrimRight(t.Node, "/")+"/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(url.QueryEscape(t.Party), url.QueryEscape(t.secret)) // RFC 6749, section 2.3.1
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }() // it was read
	var got struct {
		Token       string `json:"access_token"`
		ExpiresS    int64  `json:"expires_in"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<16)).Decode(&got); err != nil || answer.StatusCode != http.StatusOK || got.Token == "" {
		return "", fmt.Errorf("found no token with the secret in %s: %s", t.SecretFile, cmp.Or(got.Description, got.Error, answer.Status))
	}
	t.text, t.until = got.Token, time.Now().Add(time.Duration(got.ExpiresS)*time.Second-renewBefore)
	return t.text, nil
}

// claims are what a token says, as far as they help who holds it.
func (t *bearerToken) claims() (c struct {
	Party   string `json:"sub"`
	Scope   string `json:"scope"`
	Expires int64  `json:"exp"`
	Role    string `json:"role"`
	Person  string `json:"person"`
},
) {
	if parts := strings.Split(t.text, "."); len(parts) == 3 {
		if data, err := base64.RawURLEncoding.DecodeString(parts[1]); err == nil {
			_ = json.Unmarshal(data, &c) // what cannot be read is not said
		}
	}
	return c
}

// remedy says how to get a token that the node takes.
func (t *bearerToken) remedy() string {
	c := t.claims()
	host := "HOST"
	if u, err := url.Parse(t.Node); err == nil && u.Hostname() != "" {
		host = u.Hostname()
	}
	scope := auth.ScopeAct
	for _, s := range strings.Fields(c.Scope) {
		if s == auth.ScopeAdmin {
			scope = s
		}
	}
	command := fmt.Sprintf("deconflict token --data DIR --party %s --scope %s --audience %s --ttl 12h", cmp.Or(t.Party, c.Party, "PARTY"), scope, host)
	for _, f := range [][2]string{{"role", c.Role}, {"person", c.Person}} {
		if f[1] != "" {
			command += " --" + f[0] + " " + f[1]
		}
	}
	return "whoever runs the node makes one, DIR being its data: " + command + " > " + t.TokenFile
}

// explain says more of an error that came of the token, or of the way to the
// node: what it means here, and what to do.
func (t *bearerToken) explain(err error) error {
	var problem *client.Problem
	var op *net.OpError
	switch {
	case errors.As(err, &problem) && (problem.Status == http.StatusUnauthorized || problem.Status == http.StatusForbidden && !strings.HasPrefix(problem.Kind(), "act-")):
		if t.secret != "" {
			return err
		}
		what := err.Error()
		if c := t.claims(); c.Expires > 0 && time.Now().After(time.Unix(c.Expires, 0)) {
			what = fmt.Sprintf("the token in %s expired at %s", t.TokenFile, time.Unix(c.Expires, 0).UTC().Format(time.RFC3339))
		}
		return fmt.Errorf("%s\n  %s", what, t.remedy())
	case errors.As(err, &op) && op.Op == "dial":
		return fmt.Errorf("nobody answers there: %w\n  is it running ('deconflict serve'), and is its address in the profile right?", op.Err)
	}
	return err
}

// checkNode refuses what is no address of a node.
func checkNode(node string) error {
	if u, err := url.Parse(node); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return &inputError{fmt.Errorf("found the node %q, expected its URL, as http://localhost:8080", node)}
	}
	return nil
}

// keyFault says what to do about a key that cannot be read.
func keyFault(file string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &inputError{fmt.Errorf("found no key %s; to make it: deconflict party key %s > %s", file, file, strings.TrimSuffix(file, ".key")+".pub")}
	}
	return &inputError{err}
}
