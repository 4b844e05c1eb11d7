package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/deconflict/deconflict/client"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/world"
)

// Subcommands that act on a node all work alike: DOMAIN VERB, with the body of
// the act DOMAIN.VERB given as pairs, as JSON, or both. What a domain offers
// beyond that is in special.

// actUsage is the help text of a domain.
func actUsage(domain, about string, special []verb) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage: deconflict %s VERB [MEMBER=VALUE ...] [--body FILE] [FLAGS]\n\n%s\n\nVerbs:\n", domain, about)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, v := range special {
		fmt.Fprintf(w, "  %s\t%s\n", strings.TrimSpace(v.name+" "+v.args), v.about)
	}
	for _, f := range actForms(domain) {
		if shadowed(special, strings.TrimPrefix(f.Act, domain+".")) {
			continue
		}
		needs := "the token is enough"
		if f.Held {
			needs = "signed by a role's key"
		}
		if f.Level != 0 {
			needs += ", level " + f.Level.String() + " or above"
		}
		fmt.Fprintf(w, "  %s\tact %s: %s\n", strings.TrimPrefix(f.Act, domain+"."), f.Act, needs)
	}
	_ = w.Flush() // into memory
	fmt.Fprintf(&b, `
'deconflict %s VERB members' lists what an act's body may hold. A place
is given as LAT,LNG in degrees, a length as 5NM, a duration as 30s, an altitude
as 12000ft/AMSL or 3700m/W84, the member of a member as to.position=watch, and
the values of a list one by one. An act given by its members alone is sent as it
is, whatever else a verb of its name does.

Flags:
  --body FILE                 the body as JSON; - is standard input
  --id ID                     id of the statement: the same act sent again with it
                              is not done twice
  --print                     print the statement instead of sending it; 'act sign'
                              and 'act send' take it from there
%s%s
Exit codes: 0 done; 1 refused by the rules, in conflict, or not understood; 2
unusable input, or a node that cannot be reached; 3 internal fault.
`, domain, specialHelp[domain], profileHelp)
	return b.String()
}

// verb is what a domain offers beyond its acts, or in place of one. It needs a
// node, run, or none, alone.
type verb struct {
	name, args, about string
	run               func(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error)
	alone             func(a *app, fl *actFlags, args []string) (int, error)
	// brief are members of the act's body whose values may be given first, without
	// their names. It stands alone.
	brief []string
}

// actFlags are the flags of all these subcommands.
type actFlags struct {
	profileFlags
	domain, verb string
	body, id     string
	print        bool
	special      specialFlags
}

func (fl *actFlags) flags() *flags {
	f := newFlags(fl.domain)
	fl.add(f)
	if fl.domain == "act" {
		return f // what it sends is whole already
	}
	f.set.StringVar(&fl.body, "body", "", "a JSON file")
	f.set.StringVar(&fl.id, "id", "", "an id")
	f.set.BoolVar(&fl.print, "print", false, "")
	fl.special.add(fl.domain, f)
	return f
}

// shadowed reports whether a verb takes the place of an act of its name.
func shadowed(special []verb, name string) bool {
	return slices.ContainsFunc(special, func(v verb) bool { return v.name == name })
}

// actForms returns the forms of a domain's acts.
func actForms(domain string) []world.ActForm {
	return slices.DeleteFunc(world.ActForms(), func(f world.ActForm) bool { return !strings.HasPrefix(f.Act, domain+".") })
}

// runDomain runs a subcommand of a domain.
func runDomain(domain string, special []verb) func(*app, []string) (int, error) {
	return func(a *app, args []string) (int, error) {
		fl := &actFlags{domain: domain}
		rest, err := fl.flags().parse(args)
		if err != nil {
			return 0, err
		}
		if len(rest) == 0 {
			return 0, usagef(domain, "found no verb, expected one of %s", strings.Join(verbs(domain, special), ", "))
		}
		fl.verb = rest[0]
		form, known := formOf(domain + "." + fl.verb)
		if len(rest) == 2 && rest[1] == "members" && known {
			return exitClear, printMembers(a.stdout, form)
		}
		i := slices.IndexFunc(special, func(v verb) bool { return v.name == fl.verb })
		if i < 0 && !known {
			if near := nearest(fl.verb, verbs(domain, special)); near != "" {
				return 0, usagef(domain, "no verb %q; did you mean %q?", fl.verb, near)
			}
			return 0, usagef(domain, "no verb %q, expected one of %s", fl.verb, strings.Join(verbs(domain, special), ", "))
		}
		// An act whose members are all named is the act itself, whatever verb has
		// its name.
		if i < 0 || known && special[i].alone == nil && byMembers(fl, rest[1:]) {
			return fl.runAct(a, form, verb{}, rest[1:])
		}
		return fl.runSpecial(a, form, special[i], rest[1:])
	}
}

// byMembers reports whether a command line gives an act by the members of its
// body alone.
func byMembers(fl *actFlags, args []string) bool {
	return len(args) == 0 && fl.body != "" || len(args) > 0 && strings.Contains(args[0], "=")
}

// runSpecial runs a verb that a domain offers.
func (fl *actFlags) runSpecial(a *app, form world.ActForm, v verb, args []string) (int, error) {
	if v.alone != nil {
		return v.alone(a, fl, args)
	}
	if v.run == nil {
		return fl.runAct(a, form, v, args)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	s, err := fl.open(ctx, a)
	if err != nil {
		return 0, err
	}
	defer s.close()
	return v.run(ctx, a, s, fl, args)
}

// runAct does an act whose body is given by members.
func (fl *actFlags) runAct(a *app, form world.ActForm, v verb, args []string) (int, error) {
	pairs := slices.Clone(args)
	for i, name := range v.brief {
		if i == len(pairs) || strings.Contains(pairs[i], "=") {
			if i == 0 {
				return 0, usagef(fl.domain, "found %q, expected %s", strings.Join(args, " "), v.args)
			}
			break
		}
		pairs[i] = name + "=" + pairs[i]
	}
	body, err := fl.readBody(a, form, pairs)
	if err != nil {
		return 0, err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	s, err := fl.open(ctx, a)
	if err != nil {
		return 0, err
	}
	defer s.close()
	return fl.act(ctx, a, s, form.Act, body)
}

func formOf(act string) (world.ActForm, bool) {
	for _, f := range world.ActForms() {
		if f.Act == act {
			return f, true
		}
	}
	return world.ActForm{}, false
}

func verbs(domain string, special []verb) (names []string) {
	for _, v := range special {
		names = append(names, v.name)
	}
	for _, f := range actForms(domain) {
		if shadowed(special, strings.TrimPrefix(f.Act, domain+".")) {
			continue
		}
		names = append(names, strings.TrimPrefix(f.Act, domain+"."))
	}
	return names
}

// readBody joins the body of a file with the pairs.
func (fl *actFlags) readBody(a *app, form world.ActForm, pairs []string) (map[string]any, error) {
	body := map[string]any{}
	if fl.body != "" {
		data, err := readInput(a, fl.body)
		if err != nil {
			return nil, err
		}
		d := json.NewDecoder(strings.NewReader(string(data)))
		d.UseNumber()
		if err := d.Decode(&body); err != nil {
			return nil, &inputError{fmt.Errorf("%s: %w", fl.body, err)}
		}
	}
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, usagef(fl.domain, "found %q, expected MEMBER=VALUE", pair)
		}
		if err := setMember(body, form.Body, name, value); err != nil {
			return nil, &inputError{err}
		}
	}
	return body, nil
}

func readInput(a *app, name string) ([]byte, error) {
	var data []byte
	var err error
	if name == "-" {
		data, err = io.ReadAll(io.LimitReader(a.stdin, 1<<20))
	} else {
		data, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, &inputError{err}
	}
	return data, nil
}

// act does an act and prints what came of it.
func (fl *actFlags) act(ctx context.Context, a *app, s *session, act string, body any) (int, error) {
	text, err := s.Statement(act, body)
	if err != nil {
		return 0, &inputError{err}
	}
	if fl.id != "" {
		if text, err = client.WithID(text, fl.id); err != nil {
			return 0, err
		}
	}
	if fl.print {
		_, err := fmt.Fprintf(a.stdout, "%s\n", text)
		return exitClear, err
	}
	return fl.send(ctx, a, s, text)
}

// send signs a statement with the keys of the session, sends it with these and
// other signatures, and prints what came of it.
func (fl *actFlags) send(ctx context.Context, a *app, s *session, text []byte, signatures ...client.Signature) (int, error) {
	for _, key := range s.keys {
		signature, err := client.Sign(key, text)
		if err != nil {
			return 0, &inputError{err}
		}
		signatures = append(signatures, signature)
	}
	taken, err := s.Send(ctx, text, signatures...)
	if err != nil {
		return 0, refused(err)
	}
	if fl.json {
		return codeOf(taken), json.NewEncoder(a.stdout).Encode(taken)
	}
	printTaken(a, s, taken)
	if s.log != nil {
		if _, err := s.log.Update(ctx); err != nil {
			return 0, &inputError{err}
		}
		if _, err := s.log.Receipt(ctx, taken.Index); err != nil {
			return 0, &inputError{fmt.Errorf("receipt %d: %w", taken.Index, err)}
		}
		fmt.Fprintf(a.stdout, "receipt %d: verified against the node's journal\n", taken.Index)
	}
	return codeOf(taken), nil
}

// codeOf is the exit code of an act: what was taken may still say that something
// is in the way, or was not understood.
func codeOf(taken *client.Taken) int {
	for i := range taken.Events {
		e := &taken.Events[i]
		if e.Type() == "channel.mismatch" || e.Type() == "intent.decided" && textOf(e, "state") == string(intent.Proposed) {
			return exitConflict
		}
	}
	return exitClear
}

// textOf returns a member of an event that is a text; empty for none.
func textOf(e *client.Entry, name string) (text string) {
	_ = json.Unmarshal(e.Fields[name], &text) // another type is none
	return text
}

// refusedError is the lawful no of the node, or of the rules that it keeps.
type refusedError struct{ error }

// refused says why the node did not do what was asked. What the rules do not
// allow is another thing than a command that cannot be used.
func refused(err error) error {
	var p *client.Problem
	if !errors.As(err, &p) {
		return &inputError{err}
	}
	message := p.Title
	if p.Detail != "" {
		message += ": " + p.Detail
	}
	for _, line := range detailLines(p) {
		message += "\n  " + line
	}
	if next := nextStep(p); next != "" {
		message += "\n  " + next
	}
	if strings.HasPrefix(p.Kind(), "act-") || p.Kind() == "not-found" {
		return &refusedError{errors.New(message)}
	}
	return &inputError{errors.New(message)}
}

// nextStep says what to do about a refusal, where that does not follow from its
// words. Empty: it does, or nobody knows.
func nextStep(p *client.Problem) string {
	switch {
	case p.Kind() == "act-incomplete" && strings.Contains(p.Detail, "is not set"):
		return "Set it in a new version, with the hash of this one as its parent: deconflict agreement counter FILE"
	case p.Kind() == "act-not-allowed" && strings.Contains(p.Detail, "expected keys of the party's record"):
		return "The keys in the profile, or after --key, are not this party's: 'deconflict party show PARTY' lists those that are."
	}
	return ""
}

// detailLines are the details of a problem for people.
func detailLines(p *client.Problem) []string {
	if lines, ok := staleLines(p.Details); ok {
		return lines
	}
	var said []string // what the sentence has already
	if len(p.Details) == 0 || json.Unmarshal(p.Details, &said) == nil && saysAll(p.Detail, said) {
		return nil
	}
	return strings.Split(indent(p.Details), "\n")
}

// saysAll reports whether a sentence holds each of some phrases.
func saysAll(sentence string, phrases []string) bool {
	return !slices.ContainsFunc(phrases, func(phrase string) bool { return !strings.Contains(sentence, phrase) })
}

// printMembers lists what the body of an act may hold.
func printMembers(w io.Writer, form world.ActForm) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	listMembers(out, "", form.Body)
	return out.Flush()
}

func listMembers(w io.Writer, path string, schema world.Schema) {
	members, _ := schema["properties"].(map[string]world.Schema)
	required, _ := schema["required"].([]string)
	for _, name := range sortedKeys(members) {
		of, whole := members[name], path+name
		need := ""
		if slices.Contains(required, name) {
			need = "required"
		}
		kind := kindOf(name, of)
		fmt.Fprintf(w, "%s\t%s\t%s\n", whole, kind, need)
		switch {
		case kind == "list" && of["items"].(world.Schema)["properties"] != nil:
			listMembers(w, whole+".0.", of["items"].(world.Schema))
		case kind == "object":
			listMembers(w, whole+".", of)
		}
	}
}

// kindOf says in words what a member holds.
func kindOf(name string, of world.Schema) string {
	members, _ := of["properties"].(map[string]world.Schema)
	switch {
	case members["lat_e9"] != nil && len(members) == 2:
		return "place, LAT,LNG"
	case members["mm"] != nil && members["reference"] != nil:
		return "altitude, 12000ft/AMSL"
	case of["type"] == "array":
		return "list"
	case of["format"] == "date-time":
		return "time"
	case of["enum"] != nil:
		return strings.Join(of["enum"].([]string), ", ")
	case of["type"] == "integer" && strings.HasSuffix(name, "_mm"):
		return "length"
	case of["type"] == "integer" && strings.HasSuffix(name, "_ns"):
		return "duration"
	case of["type"] == nil:
		return "JSON"
	}
	return of["type"].(string)
}
