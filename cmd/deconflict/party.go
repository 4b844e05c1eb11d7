package main

import (
	"context"
	"fmt"
	"net/url"

	"github.com/deconflict/deconflict/client"
)

var partyVerbs = []verb{
	{name: "key", args: "FILE", about: "make a role's key and print its public form", alone: runPartyKey},
	{name: "list", about: "who is enrolled", run: runPartyList},
	{name: "show", args: "PARTY", about: "roles, positions and who stands them now", run: reading("party", "/v1/parties/")},
}

var partyUsage = actUsage("party", "Says who a party is: its roles and their keys, which roles an act needs, its\nmembers, and who stands the watch.", partyVerbs)

func runPartyKey(a *app, _ *actFlags, args []string) (int, error) {
	if len(args) != 1 {
		return 0, usagef("party", "found %d names, expected one file to make", len(args))
	}
	key, err := client.GenerateKey(args[0])
	if err != nil {
		return 0, &inputError{err}
	}
	_, err = fmt.Fprintln(a.stdout, client.PublicKey(key))
	return exitClear, err
}

func runPartyList(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
	var answer struct {
		Parties []struct {
			ID    string            `json:"id"`
			Kind  string            `json:"kind"`
			Names map[string]string `json:"names"`
			Desks []struct {
				Position string `json:"position"`
				Manned   bool   `json:"manned"`
			} `json:"desks"`
		} `json:"parties"`
	}
	if err := s.Get(ctx, "/v1/parties", &answer); err != nil {
		return 0, refused(err)
	}
	for _, p := range answer.Parties {
		fmt.Fprintf(a.stdout, "%-24s %-10s", p.ID, p.Kind)
		for _, d := range p.Desks {
			state := "UNMANNED"
			if d.Manned {
				state = "manned"
			}
			fmt.Fprintf(a.stdout, "  %s %s", d.Position, state)
		}
		fmt.Fprintln(a.stdout)
	}
	return exitClear, nil
}

// reading returns a verb that prints a place of the node's interface.
func reading(domain, path string) func(context.Context, *app, *session, *actFlags, []string) (int, error) {
	return func(ctx context.Context, a *app, s *session, _ *actFlags, args []string) (int, error) {
		if len(args) != 1 {
			return 0, usagef(domain, "found %d names, expected one", len(args))
		}
		return printPlace(ctx, a, s, path+url.PathEscape(args[0]))
	}
}

// listing returns a verb that prints a place without a name.
func listing(domain, path string) func(context.Context, *app, *session, *actFlags, []string) (int, error) {
	return func(ctx context.Context, a *app, s *session, _ *actFlags, args []string) (int, error) {
		if len(args) != 0 {
			return 0, usagef(domain, "found %q, expected nothing", args[0])
		}
		return printPlace(ctx, a, s, path)
	}
}
