package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/deconflict/deconflict/client"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
)

func runPartyShow(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
	if len(args) != 1 {
		return 0, usagef("party", "found %d names, expected a party", len(args))
	}
	path := "/v1/parties/" + url.PathEscape(args[0])
	if fl.json {
		return printPlace(ctx, a, s, fl, path, "party")
	}
	p, _, err := read[registry.Shown](ctx, s, path, "party")
	if err != nil {
		return 0, err
	}
	w := &sheet{}
	w.line("party", "%s, %s, record %d since %s", p.ID, p.Kind, p.Version, instantWords(p.Since))
	for _, language := range sortedKeys(p.Names) {
		w.line("name", "%s (%s)", p.Names[language], language)
	}
	if p.Lead != "" {
		w.line("lead", "%s", p.Lead)
	}
	w.line("languages", "%s", strings.Join(p.Languages, ", "))
	w.line("contact", "%s", p.Contact)
	for _, r := range p.Roles {
		w.line("role", "%s, level %s: %s", r.Name, r.Level, holderWords(r.Holders))
	}
	for _, act := range sortedKeys(p.Policies) {
		k := p.Policies[act]
		w.line("policy", "%s: %d of %s", act, k.K, strings.Join(k.Roles, ", "))
	}
	for _, d := range p.Desks {
		state := "UNMANNED"
		if d.Manned {
			state = "manned, level " + d.Level.String()
			if len(d.Languages) > 0 {
				state += ", speaks " + strings.Join(d.Languages, ", ")
			}
		}
		w.line("position", "%s: %s", d.Position, state)
		if q := p.Position(d.Position); q != nil {
			for _, b := range q.Bearers {
				w.line("", "%s", strings.TrimSpace("by "+b.Name+" ("+b.Kind+") "+b.Address))
			}
		}
	}
	for _, m := range p.Members {
		w.line("member", "%s", m.Member)
	}
	_, err = fmt.Fprint(a.stdout, w.String())
	return exitClear, err
}

func holderWords(holders []registry.Holder) string {
	var words []string
	for _, h := range holders {
		word := h.Person
		switch {
		case h.Revoked != 0:
			word += " (revoked)"
		case h.Key == "":
			word += " (no key)"
		default:
			word += " (key " + string(h.Key) + ")"
		}
		words = append(words, word)
	}
	if len(words) == 0 {
		return "nobody"
	}
	return strings.Join(words, ", ")
}

// recording returns a verb that enrols or changes the party by its record in a
// file.
func recording(act string) func(context.Context, *app, *session, *actFlags, []string) (int, error) {
	return func(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
		if len(args) != 1 {
			return 0, usagef("party", "found %d names, expected a file with the record", len(args))
		}
		record, err := readRecord(args[0])
		if err != nil {
			return 0, err
		}
		if record["id"] == nil {
			record["id"] = s.Client.Party
		}
		if id := fmt.Sprint(record["id"]); id != s.Client.Party {
			return 0, &inputError{fmt.Errorf("%s: found the record of %s, expected that of %s, for which the profile acts", args[0], printable(id), s.Client.Party)}
		}
		body := map[string]any{"party": record}
		if act == "party.change" {
			now, _, err := read[registry.Shown](ctx, s, "/v1/parties/"+url.PathEscape(s.Client.Party), "party")
			if err != nil {
				return 0, err
			}
			body["from"] = now.Version
		}
		return fl.act(ctx, a, s, act, body)
	}
}

// readRecord reads the record of a party. In place of a holder's key it may name
// a file, beside it, with the key or its public form.
func readRecord(file string) (map[string]any, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, &inputError{fmt.Errorf("%s: %w", file, cause(err))}
	}
	record := map[string]any{}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&record); err != nil {
		return nil, &inputError{fmt.Errorf("%s: %w", file, err)}
	}
	roles, _ := record["roles"].([]any)
	for _, r := range roles {
		role, _ := r.(map[string]any)
		holders, _ := role["holders"].([]any)
		for _, h := range holders {
			holder, _ := h.(map[string]any)
			name, ok := holder["key_file"].(string)
			if !ok {
				continue
			}
			key, err := publicKeyOf(filepath.Join(filepath.Dir(file), name))
			if err != nil {
				return nil, &inputError{fmt.Errorf("%s: key_file: %w", file, err)}
			}
			delete(holder, "key_file")
			holder["key"] = key
		}
	}
	return record, nil
}

// publicKeyOf reads a public key from a file that holds it, or its private one.
func publicKeyOf(file string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", file, cause(err))
	}
	text := strings.TrimSpace(string(data))
	if _, ok := party.Key(text).Public(); ok {
		return text, nil
	}
	key, err := client.LoadKey(file)
	if err != nil {
		return "", err
	}
	return client.PublicKey(key), nil
}

// runPartyRoster says who stands a position from now on.
func runPartyRoster(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
	if len(args) < 2 {
		return 0, usagef("party", "found %d names after roster, expected a position and who stands it", len(args))
	}
	p, basis, err := read[registry.Shown](ctx, s, "/v1/parties/"+url.PathEscape(s.Client.Party), "party")
	if err != nil {
		return 0, err
	}
	from, err := instantFlag("from", fl.special.from, basis.NodeTime)
	if err != nil {
		return 0, err
	}
	to, err := instantFlag("to", fl.special.to, time.Time{})
	if err != nil {
		return 0, err
	}
	body := registry.Roster{Position: args[0]}
	for _, person := range args[1:] {
		w := registry.Watch{Position: args[0], Person: person, Languages: p.Languages, Linguist: fl.special.linguist, From: from, To: to}
		if fl.special.rosterLevel != "" {
			if err := w.Level.UnmarshalText([]byte(fl.special.rosterLevel)); err != nil {
				return 0, usagef("party", "--level: %s", err)
			}
		} else if w.Level = highestLevel(&p.Party, person); w.Level == 0 {
			return 0, &inputError{fmt.Errorf("found no role of %q in the record of %s, expected one, or --level", person, s.Client.Party)}
		}
		body.Watches = append(body.Watches, w)
	}
	return fl.act(ctx, a, s, "party.roster", body)
}

// instantFlag reads a flag that is an instant; otherwise holds when it is not
// given, and zero asks for it.
func instantFlag(name, value string, otherwise time.Time) (statement.Instant, error) {
	at := otherwise
	if value != "" {
		var err error
		if at, err = time.Parse(time.RFC3339, value); err != nil {
			return 0, usagef("party", "--%s %s: expected a time as 2031-05-07T06:00:00Z", name, value)
		}
	}
	if at.IsZero() {
		return 0, usagef("party", "found no --%s, expected a time as 2031-05-07T18:00:00Z", name)
	}
	return statement.Instant(at.UnixNano()), nil
}

// highestLevel is that of the roles which a person has.
func highestLevel(p *registry.Party, person string) (level party.Level) {
	for _, r := range p.Roles {
		for _, h := range r.Holders {
			if h.Person == person && h.Revoked == 0 {
				level = max(level, r.Level)
			}
		}
	}
	return level
}
