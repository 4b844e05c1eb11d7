package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/deconflict/deconflict/client"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// Who signs for a party need not be near the network. A statement is printed
// where the node can be reached, carried to each who signs, and sent with the
// signatures that come back.

const actFileUsage = `Usage: deconflict act show FILE
       deconflict act sign FILE --key KEY [--key KEY ...] > SIGNATURE
       deconflict act send FILE [SIGNATURE ...] [--key KEY ...] --profile PROFILE

Signs on one machine what another one sends. A statement comes from --print of
any act:

  deconflict agreement sign A1 --print > statement.json

'show' says what a statement says. 'sign' does too, on standard error, and prints
the signature; it needs no node and no network. 'send' sends a statement with the
signatures in the files, and with those of the keys given with --key; keys of the
profile are not used. An act that takes several signatures may be sent with each
as it comes: it has its effect with the last.

A statement is for one party, node and time. It is taken once, within 24 h.

Flags:
` + profileHelp

var actFileVerbs = []verb{
	{name: "show", args: "FILE", about: "say what a statement says", alone: runActShow},
	{name: "sign", args: "FILE", about: "sign a statement", alone: runActSign},
	{name: "send", args: "FILE [SIGNATURE ...]", about: "send a statement with signatures", run: runActSend},
}

// readStatement reads a statement, which has to be in canonical form: a
// signature is over its bytes.
func readStatement(a *app, name string) ([]byte, *party.Statement, error) {
	data, err := readInput(a, name)
	if err != nil {
		return nil, nil, err
	}
	data = bytes.TrimSuffix(data, []byte("\n"))
	var s party.Statement
	canonical, err := statement.Canonical(data)
	if err == nil {
		err = statement.Unmarshal(canonical, &s)
	}
	if err != nil {
		return nil, nil, &inputError{fmt.Errorf("%s: found no statement: %w", name, err)}
	}
	if !bytes.Equal(canonical, data) || s.Act == "" || s.Party == "" || s.Node == "" || s.ID == "" || s.At == 0 {
		return nil, nil, &inputError{fmt.Errorf("%s: expected a statement as --print writes it, with nothing added or changed", name)}
	}
	return data, &s, nil
}

// statementWords says what a statement says.
func statementWords(s *party.Statement) string {
	var b strings.Builder
	who := string(s.Party)
	if s.Role != "" {
		who += ", role " + s.Role
	}
	if s.Person != "" {
		who += ", person " + s.Person
	}
	fmt.Fprintf(&b, "act    %s\nparty  %s\nnode   %s\nsaid   %s\nid     %s\n", s.Act, printable(who), printable(s.Node), s.At, printable(s.ID))
	fmt.Fprintf(&b, "body   %s\n", strings.ReplaceAll(indent(s.Body), "\n", "\n       "))
	return b.String()
}

func runActShow(a *app, _ *actFlags, args []string) (int, error) {
	if len(args) != 1 {
		return 0, usagef("act", "found %d names, expected one file with a statement", len(args))
	}
	_, s, err := readStatement(a, args[0])
	if err != nil {
		return 0, err
	}
	_, err = fmt.Fprint(a.stdout, statementWords(s))
	return exitClear, err
}

func runActSign(a *app, fl *actFlags, args []string) (int, error) {
	if len(args) != 1 {
		return 0, usagef("act", "found %d names, expected one file with a statement", len(args))
	}
	text, s, err := readStatement(a, args[0])
	if err != nil {
		return 0, err
	}
	keys, err := fl.loadKeys(nil)
	if err != nil {
		return 0, err
	}
	if len(keys) == 0 {
		return 0, usagef("act", "found no key, expected --key FILE")
	}
	fmt.Fprint(a.stderr, statementWords(s))
	for _, key := range keys {
		signature, err := client.Sign(key, text)
		if err != nil {
			return 0, &inputError{err}
		}
		if err := json.NewEncoder(a.stdout).Encode(signature); err != nil {
			return 0, err
		}
	}
	return exitClear, nil
}

func runActSend(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
	if len(args) == 0 {
		return 0, usagef("act", "found no name, expected a file with a statement, and files with signatures")
	}
	text, _, err := readStatement(a, args[0])
	if err != nil {
		return 0, err
	}
	var signatures []client.Signature
	for _, name := range args[1:] {
		data, err := readInput(a, name)
		if err != nil {
			return 0, err
		}
		for d := json.NewDecoder(bytes.NewReader(data)); d.More(); {
			var one client.Signature
			if err := d.Decode(&one); err != nil || one.Key == "" || one.Signature == "" {
				return 0, &inputError{fmt.Errorf("%s: expected signatures as 'act sign' prints them", name)}
			}
			signatures = append(signatures, one)
		}
	}
	if s.keys, err = fl.loadKeys(nil); err != nil {
		return 0, err
	}
	return fl.send(ctx, a, s, text, signatures...)
}
