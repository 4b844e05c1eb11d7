package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/party"
)

const tokenUsage = `Usage: deconflict token --data DIR --party PARTY --scope SCOPE --audience HOST [FLAGS]
       deconflict token client add NAME --data DIR --scope SCOPE [FLAGS]
       deconflict token client list --data DIR
       deconflict token client remove NAME --data DIR

Issues a token with the key of a node, DIR/keys/issuer.key, and prints it. The
key is created when there is none. A token cannot be taken back before it
expires: whoever holds it acts as the party.

'client add' lets the party NAME fetch its own tokens at the node's token
endpoint, /oauth/token, and prints its secret, which is kept nowhere: the node has
its hash. A running node sees the change at once. Tokens that it fetched before it
was removed live on until they expire, for an hour at most.

Flags:
  --data DIR                  data directory of the node
  --party PARTY               who the token is for
  --scope SCOPE               what it may be used for, such as
                              utm.strategic_coordination; may be given again
  --audience HOST             host name under which it will be used, no port
  --role ROLE                 role of the party's record in which its holder acts
  --person PERSON             alias of who that is, as in the record
  --ttl DURATION              how long it lives; 1h when not given
`

// tokenRequest is the command line of token, and of its clients.
type tokenRequest struct {
	data, party, audience string
	role, person          string
	scopes                listFlag
	ttl                   durationFlag
}

func (r *tokenRequest) flags() *flags {
	r.ttl.d = auth.TokenLife
	f := newFlags("token")
	f.set.StringVar(&r.data, "data", "", "the data directory of a node")
	f.set.StringVar(&r.party, "party", "", "the id of a party")
	f.set.Var(&r.scopes, "scope", "a scope")
	f.set.StringVar(&r.audience, "audience", "", "a host name")
	f.set.StringVar(&r.role, "role", "", "the name of a role")
	f.set.StringVar(&r.person, "person", "", "the alias of a person")
	f.set.Var(&r.ttl, "ttl", "a duration such as 1h")
	return f
}

func runToken(a *app, args []string) (int, error) {
	var r tokenRequest
	rest, err := r.flags().parse(args)
	if err != nil {
		return 0, err
	}
	if len(rest) > 0 {
		if rest[0] != "client" {
			return 0, usagef("token", "found %q; expected flags only, or client", rest[0])
		}
		return r.client(a, rest[1:])
	}
	if err := r.complete("party", r.party, "scope", r.scopes.String(), "audience", r.audience); err != nil {
		return 0, err
	}
	scopes, err := r.parseScopes(a)
	if err != nil {
		return 0, err
	}
	if !party.ID(r.party).Valid() {
		return 0, usagef("token", "--party %q: expected 1 to %d printable ASCII characters without spaces", r.party, party.MaxIDBytes)
	}
	if r.ttl.d < time.Second {
		return 0, usagef("token", "--ttl %s: expected 1s or more", r.ttl.d)
	}
	issuer, err := r.issuer(a)
	if err != nil {
		return 0, &inputError{err}
	}
	token, err := issuer.MintAs(party.ID(r.party), r.standing(), r.audience, scopes, r.ttl.d)
	if err != nil {
		return 0, &inputError{err}
	}
	_, err = fmt.Fprintln(a.stdout, token)
	return exitClear, err
}

func (r *tokenRequest) standing() auth.Standing { return auth.Standing{Role: r.role, Person: r.person} }

// complete refuses a command line that lacks --data or one of the flags given
// here by name and value.
func (r *tokenRequest) complete(flags ...string) error {
	flags = append([]string{"data", r.data}, flags...)
	var missing []string
	for i := 0; i < len(flags); i += 2 {
		if flags[i+1] == "" {
			missing = append(missing, dashed(flags[i]))
		}
	}
	if len(missing) > 0 {
		return usagef("token", "found no %s; expected a value for each", strings.Join(missing, ", no "))
	}
	return r.checkData()
}

// checkData refuses a directory that does not exist: a key in a directory by a
// mistyped name would sign tokens that no node takes.
func (r *tokenRequest) checkData() error {
	info, err := os.Stat(r.data)
	if err != nil {
		return &inputError{fmt.Errorf("--data %s: %w; expected the data directory of a node", r.data, reason(err))}
	}
	if !info.IsDir() {
		return &inputError{fmt.Errorf("--data %s: found a file, expected the data directory of a node", r.data)}
	}
	return nil
}

// reason returns the cause of a fault of a file without its name.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// parseScopes reads the scopes, when what else the token is to say is well. Those that open nothing at the node get a
// warning only, as a token may be for other services too.
func (r *tokenRequest) parseScopes(a *app) ([]string, error) {
	if err := r.standing().Check(); err != nil {
		return nil, usagef("token", "%s", err)
	}
	scopes, ok := auth.ParseScopes(strings.Join(r.scopes.values, " "), " ")
	if !ok || len(scopes) == 0 {
		return nil, usagef("token", "--scope %q: expected a scope such as %s", strings.Join(r.scopes.values, " "), auth.ScopeStrategicCoordination)
	}
	for _, s := range scopes {
		if slices.Contains(auth.Scopes, s) {
			continue
		}
		hint := ""
		if near := nearest(s, auth.Scopes); near != "" {
			hint = "; did you mean " + near + "?"
		}
		fmt.Fprintf(a.stderr, "deconflict: warning: the scope %s opens nothing at a node%s\n", s, hint)
	}
	return scopes, nil
}

// issuer returns the node's issuer, and says so when it creates its key.
func (r *tokenRequest) issuer(a *app) (*auth.Issuer, error) {
	file := filepath.Join(r.data, "keys", "issuer.key")
	_, err := os.Stat(file)
	created := errors.Is(err, fs.ErrNotExist)
	issuer, err := auth.NewIssuer(file, auth.IssuerName)
	if err == nil && created {
		fmt.Fprintf(a.stderr, "deconflict: created the key %s\n", file)
	}
	return issuer, err
}

// client runs `token client ACTION [NAME]`.
func (r *tokenRequest) client(a *app, args []string) (int, error) {
	if len(args) == 0 {
		return 0, usagef("token", "found nothing after client; expected add, list or remove")
	}
	action, names := args[0], args[1:]
	want := 1
	switch action {
	case "add", "remove":
	case "list":
		want = 0
	default:
		return 0, usagef("token", "client %s: expected add, list or remove", action)
	}
	if len(names) != want {
		return 0, usagef("token", "client %s: found %d names, expected %d", action, len(names), want)
	}
	if r.party != "" || r.audience != "" || r.ttl.d != auth.TokenLife {
		return 0, usagef("token", "client %s: found --party, --audience or --ttl, which belong to a single token", action)
	}
	if action != "add" && (len(r.scopes.values) > 0 || r.standing() != auth.Standing{}) {
		return 0, usagef("token", "client %s: found --scope, --role or --person, which only add takes", action)
	}
	needed := []string{}
	if action == "add" {
		needed = []string{"scope", r.scopes.String()}
	}
	if err := r.complete(needed...); err != nil {
		return 0, err
	}
	clients := auth.OpenClients(filepath.Join(r.data, "clients.json"))
	switch action {
	case "add":
		return r.addClient(a, clients, party.ID(names[0]))
	case "remove":
		if err := clients.Remove(party.ID(names[0])); err != nil {
			return 0, &inputError{err}
		}
		return exitClear, nil
	}
	return listClients(a, clients)
}

// addClient prints the secret and nothing else, so that a script can take it.
func (r *tokenRequest) addClient(a *app, clients *auth.Clients, name party.ID) (int, error) {
	scopes, err := r.parseScopes(a)
	if err != nil {
		return 0, err
	}
	secret, err := clients.Add(name, r.standing(), scopes, time.Now())
	if err != nil {
		return 0, &inputError{err}
	}
	_, err = fmt.Fprintln(a.stdout, secret)
	return exitClear, err
}

func listClients(a *app, clients *auth.Clients) (int, error) {
	list, err := clients.List()
	if err != nil {
		return 0, &inputError{err}
	}
	if len(list) == 0 {
		fmt.Fprintln(a.stderr, "deconflict: no client is registered")
		return exitClear, nil
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, c := range list {
		fmt.Fprintf(w, "%s\t%s\t%s", c.ID, c.Created.Format(time.RFC3339), strings.Join(c.Scopes, " "))
		if c.Role != "" {
			fmt.Fprintf(w, "\trole %s", c.Role)
		}
		if c.Person != "" {
			fmt.Fprintf(w, "\tperson %s", c.Person)
		}
		fmt.Fprintln(w)
	}
	return exitClear, w.Flush()
}
