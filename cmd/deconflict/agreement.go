package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"

	"github.com/deconflict/deconflict/internal/terms"
)

var agreementVerbs = []verb{
	{name: "test", args: "FILE", about: "run the worked examples of a text", alone: runAgreementTest},
	{name: "diff", args: "FILE FILE", about: "what differs between two texts", alone: runAgreementDiff},
	{name: "list", about: "agreements of the party", run: runAgreementList},
	{name: "show", args: "ID", about: "its text, legal state and open points", run: runAgreementShow},
	{name: "rules", args: "PARTY", about: "what holds between you and a party now", run: reading("agreement", "/v1/rules/", "rules")},
	{name: "propose", args: "FILE", about: "table a text, after running its examples", run: tabling("agreement.propose")},
	{name: "counter", args: "FILE", about: "put another text in the place of the open proposal", run: tabling("agreement.counter")},
	{name: "sign", args: "ID", about: "sign the open proposal, after running its examples here", run: runAgreementSign},
}

var agreementUsage = actUsage("agreement", "Proposes, signs, suspends and resumes agreements: texts whose rules the node\nthen goes by.", agreementVerbs)

// readAgreementText reads the text of an agreement from a file.
func readAgreementText(file string) (*terms.Text, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, &inputError{err}
	}
	t, err := terms.Parse(data)
	if err != nil {
		return nil, &inputError{fmt.Errorf("%s: %w", file, err)}
	}
	return t, nil
}

// runExamples runs the worked examples of a text and returns the digest of what
// they came to, which a signature names.
func runExamples(t *terms.Text) (count int, digest string, err error) {
	results, err := terms.RunExamples(t)
	if err != nil {
		return 0, "", &inputError{err}
	}
	return len(results), terms.ResultsDigest(results), nil
}

func runAgreementTest(a *app, _ *actFlags, args []string) (int, error) {
	if len(args) != 1 {
		return 0, usagef("agreement", "found %d names, expected one file", len(args))
	}
	t, err := readAgreementText(args[0])
	if err != nil {
		return 0, err
	}
	results, err := terms.RunExamples(t)
	if err != nil {
		return 0, &inputError{err}
	}
	for _, r := range results {
		fmt.Fprintf(a.stdout, "clause %-4s example %d: %s\n", r.Clause, r.Example+1, r.Got)
	}
	fmt.Fprintf(a.stdout, "%d examples hold\n", len(results))
	for _, p := range t.Open() {
		fmt.Fprintf(a.stdout, "open: %s\n", openPointWords(p))
	}
	fmt.Fprintf(a.stdout, "version %d of %s, hash %s\n", t.Version, t.ID, t.Hash())
	return exitClear, nil
}

// openPointWords says what an open point is.
func openPointWords(p terms.OpenPoint) string {
	words := string(p.Kind)
	if p.Clause != "" {
		words += ", clause " + p.Clause
	}
	if p.Name != "" {
		words += ", " + p.Name
	}
	return words
}

func runAgreementDiff(a *app, _ *actFlags, args []string) (int, error) {
	if len(args) != 2 {
		return 0, usagef("agreement", "found %d names, expected two files", len(args))
	}
	from, err := readAgreementText(args[0])
	if err != nil {
		return 0, err
	}
	to, err := readAgreementText(args[1])
	if err != nil {
		return 0, err
	}
	changes := terms.Difference(from, to)
	for _, c := range changes {
		fmt.Fprintln(a.stdout, c)
	}
	if len(changes) == 0 {
		fmt.Fprintln(a.stdout, "nothing differs")
	}
	return exitClear, nil
}

// tabling returns a verb that proposes the text of a file.
func tabling(act string) func(context.Context, *app, *session, *actFlags, []string) (int, error) {
	return func(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
		if len(args) != 1 {
			return 0, usagef("agreement", "found %d names, expected one file", len(args))
		}
		t, err := readAgreementText(args[0])
		if err != nil {
			return 0, err
		}
		n, digest, err := runExamples(t)
		if err != nil {
			return 0, err
		}
		if !fl.json && !fl.print {
			fmt.Fprintf(a.stdout, "%d worked examples hold\n", n)
		}
		return fl.act(ctx, a, s, act, map[string]any{"text": t, "results": digest})
	}
}

// runAgreementSign signs what is open, but only what was run here: the node is
// not asked whether the examples hold.
func runAgreementSign(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
	if len(args) != 1 {
		return 0, usagef("agreement", "found %d names, expected the id of an agreement", len(args))
	}
	var answer struct {
		Agreement struct {
			Text     json.RawMessage `json:"text"`
			Proposal json.RawMessage `json:"proposal"`
		} `json:"agreement"`
	}
	if err := s.Get(ctx, "/v1/agreements/"+url.PathEscape(args[0]), &answer); err != nil {
		return 0, refused(err)
	}
	raw := answer.Agreement.Proposal
	if len(raw) == 0 {
		raw = answer.Agreement.Text
	}
	t, err := terms.Parse(raw)
	if err != nil {
		return 0, &inputError{fmt.Errorf("the node's text: %w", err)}
	}
	n, digest, err := runExamples(t)
	if err != nil {
		return 0, err
	}
	if !fl.json && !fl.print {
		fmt.Fprintf(a.stdout, "version %d of %s, hash %s\n%d worked examples hold here\n", t.Version, t.ID, t.Hash(), n)
		for _, p := range t.Open() {
			fmt.Fprintf(a.stdout, "open: %s\n", openPointWords(p))
		}
	}
	return fl.act(ctx, a, s, "agreement.sign", map[string]any{"agreement": t.ID, "version": t.Hash(), "results": digest})
}
