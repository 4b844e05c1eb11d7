package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/deconflict/deconflict/client"
)

var partyVerbs = []verb{
	{name: "key", args: "FILE", about: "make a role's key and print its public form", alone: runPartyKey},
	{name: "enrol", args: "FILE", about: "enrol the party by its record, JSON", run: recording("party.enrol")},
	{name: "change", args: "FILE", about: "put another record in its place", run: recording("party.change")},
	{name: "roster", args: "POSITION PERSON ...", about: "who stands a position from now on", run: runPartyRoster},
	{name: "list", about: "who is enrolled", run: runPartyList},
	{name: "show", args: "PARTY", about: "roles, positions and who stands them now", run: runPartyShow},
}

var partyUsage = actUsage("party", "Says who a party is: its roles and their keys, which roles an act needs, its\nmembers, and who stands the watch.", partyVerbs)

func runPartyKey(a *app, _ *actFlags, args []string) (int, error) {
	if len(args) != 1 {
		return 0, usagef("party", "found %d names, expected one file to make", len(args))
	}
	key, err := client.GenerateKey(args[0])
	if errors.Is(err, fs.ErrExist) {
		return 0, &inputError{fmt.Errorf("%s: found a file already, which is not written over; expected a new name", args[0])}
	}
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
