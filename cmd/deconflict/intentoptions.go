package main

import (
	"context"
	"encoding/json"
	"fmt"
)

// obstacleAnswer names what an intent has to keep clear of.
type obstacleAnswer struct {
	Against  string `json:"against"`
	ID       string `json:"id"`
	Party    string `json:"party"`
	Withheld bool   `json:"withheld"`
}

// optionsOfIntent is what the node answers to a question for options.
type optionsOfIntent struct {
	State     string           `json:"state"`
	Conflicts []obstacleAnswer `json:"conflicts"`
	Options   []struct {
		Words    string  `json:"words"`
		CostS    float64 `json:"cost_s"`
		Verdicts []struct {
			Against string `json:"against"`
			ID      string `json:"id"`
			Party   string `json:"party"`
			Outcome string `json:"outcome"`
		} `json:"verdicts"`
		Body json.RawMessage `json:"body"`
	} `json:"options"`
	Blocked []struct {
		Kind string           `json:"kind"`
		By   []obstacleAnswer `json:"by"`
		Why  string           `json:"why"`
	} `json:"blocked"`
}

// runIntentOptions prints what clears an intent of the party's, or takes one of
// it. What is taken is the body that the node made: it is judged anew.
func runIntentOptions(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
	if len(args) != 1 {
		return 0, usagef("intent", "found %d names after options, expected an intent", len(args))
	}
	var raw json.RawMessage
	if err := s.Ask(ctx, "/v1/options", map[string]string{"intent": args[0]}, &raw); err != nil {
		return 0, refused(err)
	}
	var found optionsOfIntent
	if err := json.Unmarshal(raw, &found); err != nil {
		return 0, &inputError{fmt.Errorf("/v1/options: %w", err)}
	}
	switch n := fl.special.take; {
	case n < 0 || n > len(found.Options):
		return 0, &inputError{fmt.Errorf("--take %d: found %s, expected one of them, from 1", n, count(len(found.Options), "option", "options"))}
	case n > 0:
		return fl.act(ctx, a, s, "intent.change", found.Options[n-1].Body)
	case fl.json:
		return exitClear, printJSON(a, raw)
	}
	found.print(a)
	if found.State == "conflict" {
		return exitConflict, nil
	}
	return exitClear, nil
}

func (found *optionsOfIntent) print(a *app) {
	if found.State != "conflict" {
		fmt.Fprintln(a.stdout, "No conflict is known with what is shown to you. That does not say that nobody is there.")
		return
	}
	for _, o := range found.Conflicts {
		fmt.Fprintf(a.stdout, "In conflict with %s\n", o.words())
	}
	for i := range found.Options {
		o := &found.Options[i]
		fmt.Fprintf(a.stdout, "%d  %s\n", i+1, o.Words)
		for _, v := range o.Verdicts {
			fmt.Fprintf(a.stdout, "   then %s %s of %s: %s\n", v.Against, printable(v.ID), printable(v.Party), v.Outcome)
		}
	}
	if len(found.Options) == 0 {
		fmt.Fprintln(a.stdout, "Nothing within the limits clears it.")
	}
	for _, b := range found.Blocked {
		fmt.Fprintf(a.stdout, "Not by %s", b.Kind)
		for i, o := range b.By {
			fmt.Fprintf(a.stdout, "%s %s", map[bool]string{true: ":", false: ","}[i == 0], o.words())
		}
		if b.Why != "" {
			fmt.Fprintf(a.stdout, ": %s", printable(b.Why))
		}
		fmt.Fprintln(a.stdout)
	}
	if len(found.Options) > 0 {
		fmt.Fprintln(a.stdout, "--take N changes the intent by one of them.")
	}
}

func (o *obstacleAnswer) words() string {
	where := ""
	if o.Withheld {
		where = ", where it is not shown to you"
	}
	return fmt.Sprintf("%s %s of %s%s", o.Against, printable(o.ID), printable(o.Party), where)
}
