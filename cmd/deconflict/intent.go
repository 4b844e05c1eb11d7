package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/volume"
)

var intentVerbs = []verb{
	{name: "declare", args: "FILE", about: "declare the one plan in a file that 'check' reads", run: runIntentDeclare},
	{name: "change", args: "INTENT FILE", about: "put another plan in the place of an intent's", run: runIntentChange},
	{name: "activate", args: "INTENT", about: "the flight begins, or conforms again", run: withToken("intent.activate")},
	{name: "redeclare", args: "INTENT", about: "declare it again as it stands", run: withToken("intent.redeclare")},
	{name: "end", args: "INTENT", brief: []string{"id"}, about: "the flight is over"},
	{name: "withdraw", args: "INTENT", brief: []string{"id"}, about: "take back what was not flown"},
	{name: "nonconforming", args: "INTENT", brief: []string{"id"}, about: "the craft is not where it was declared"},
	{name: "contingent", args: "INTENT", brief: []string{"id"}, about: "it follows its contingency procedure"},
	{name: "list", about: "intents that their owners show to the party", run: runIntentList},
	{name: "show", args: "INTENT", about: "one of them", run: runIntentShow},
	{name: "options", args: "INTENT", about: "the smallest changes that clear it", run: runIntentOptions},
}

var intentUsage = actUsage("intent", "Declares flights, changes and ends them. What a plan file does not say, such as\nthe kind of aircraft or the rank, is given as pairs or in --body, which may serve\nfor many flights. Each answer says what is in the way: with whom, where, when and\nby how much. Whoever meets another's intent has to have read it: --read. A plan\ngrows by the errors of position and time stated beside it, if its own buffers are\nless.", intentVerbs)

// planShape reads the one plan of a file as it is declared.
func (fl *actFlags) planShape(a *app, name string) (*declared.Shape, error) {
	sources, err := fl.special.settings.read(a, []string{name}, false)
	if err == nil {
		err = fl.special.resolve(sources, 0)
	}
	if err != nil {
		return nil, err
	}
	var plans []*volume.Entity
	for _, e := range sources[0].entities {
		if e.Kind == volume.Intent {
			plans = append(plans, e)
		}
	}
	if len(plans) != 1 {
		return nil, &inputError{fmt.Errorf("%s: found %s, expected one", name, count(len(plans), "plan", "plans"))}
	}
	shape, err := declared.Of(plans[0])
	if err != nil {
		return nil, &inputError{fmt.Errorf("%s: %w", name, err)}
	}
	return &shape, nil
}

// planBody joins the plan of a file with what is given beside it.
func (fl *actFlags) planBody(ctx context.Context, a *app, s *session, act, file string, pairs []string) (map[string]any, error) {
	form, _ := formOf(act)
	body, err := fl.readBody(a, form, pairs)
	if err != nil {
		return nil, err
	}
	shape, err := fl.planShape(a, file)
	if err != nil {
		return nil, err
	}
	growByErrors(shape, body)
	for name, part := range map[string]any{"volumes": shape.Volumes, "trajectories": shape.Trajectories} {
		if body[name] != nil {
			return nil, &inputError{fmt.Errorf("found %s in the body as well as in %s, expected one of them", name, file)}
		}
		body[name] = part
	}
	if len(shape.Volumes) == 0 {
		delete(body, "volumes")
	}
	if len(shape.Trajectories) == 0 {
		delete(body, "trajectories")
	}
	if position, ok := body["position"].(map[string]any); ok && position["datum"] == nil {
		position["datum"] = "WGS84" // of all plan files
	}
	return body, fl.addReadSet(ctx, s, body)
}

// growByErrors grows a plan by the errors of position and time that are stated
// beside it, where its own buffers are less: the node takes no plan that is
// surer than its errors.
func growByErrors(shape *declared.Shape, body map[string]any) {
	errorMM, errorNS := stated(body, "position", "error_mm"), stated(body, "time", "error_ns")
	for i := range shape.Volumes {
		v := &shape.Volumes[i]
		v.HErrorMM, v.TErrorNS = max(v.HErrorMM, errorMM), max(v.TErrorNS, errorNS)
	}
	for i := range shape.Trajectories {
		t := &shape.Trajectories[i]
		t.HalfWidthMM, t.TErrorNS = max(t.HalfWidthMM, errorMM), max(t.TErrorNS, errorNS)
	}
}

// stated returns a whole number of a body, from JSON or from a pair; 0 for none.
func stated(body map[string]any, name, member string) int64 {
	part, _ := body[name].(map[string]any)
	n, _ := strconv.ParseInt(fmt.Sprint(part[member]), 10, 64) // the node refuses what is no number
	return n
}

// addReadSet adds the tokens of what was read. A zone is not told from an intent
// by its id.
func (fl *actFlags) addReadSet(ctx context.Context, s *session, body map[string]any) error {
	if len(fl.special.read.values) == 0 {
		return nil
	}
	zones, _, err := read[[]struct{ ID, Token string }](ctx, s, "/v1/zones", "zones")
	if err != nil {
		return err
	}
	tokens := map[string]string{}
	for _, z := range zones {
		tokens[z.ID] = z.Token
	}
	set, _ := body["read_set"].([]any)
	for _, id := range fl.special.read.values {
		token, known := tokens[id]
		if !known {
			own, err := readIntent(ctx, s, id)
			if err != nil {
				return err
			}
			token = own.Token
		}
		if token == "" {
			return &inputError{fmt.Errorf("--read %s: its owner does not show its token", id)}
		}
		set = append(set, token)
	}
	body["read_set"] = set
	return nil
}

func runIntentDeclare(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
	if len(args) == 0 {
		return 0, usagef("intent", "found nothing after declare, expected a plan file")
	}
	body, err := fl.planBody(ctx, a, s, "intent.declare", args[0], args[1:])
	if err != nil {
		return 0, err
	}
	return fl.act(ctx, a, s, "intent.declare", body)
}

func runIntentChange(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
	if len(args) < 2 {
		return 0, usagef("intent", "found %d names after change, expected an intent and a plan file", len(args))
	}
	body, err := fl.planBody(ctx, a, s, "intent.change", args[1], args[2:])
	if err != nil {
		return 0, err
	}
	if err := addToken(ctx, s, body, args[0]); err != nil {
		return 0, err
	}
	return fl.act(ctx, a, s, "intent.change", body)
}

// withToken returns a verb that acts on the version of an intent that is current.
func withToken(act string) func(context.Context, *app, *session, *actFlags, []string) (int, error) {
	return func(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
		if len(args) != 1 {
			return 0, usagef("intent", "found %d names, expected an intent", len(args))
		}
		form, _ := formOf(act)
		body, err := fl.readBody(a, form, nil)
		if err != nil {
			return 0, err
		}
		if err := addToken(ctx, s, body, args[0]); err != nil {
			return 0, err
		}
		if err := fl.addReadSet(ctx, s, body); err != nil {
			return 0, err
		}
		return fl.act(ctx, a, s, act, body)
	}
}

// addToken names an intent and its current version.
func addToken(ctx context.Context, s *session, body map[string]any, id string) error {
	own, err := readIntent(ctx, s, id)
	if err != nil {
		return err
	}
	body["id"], body["token"] = id, own.Token
	return nil
}

// seenIntent is an intent as the party sees it.
type seenIntent struct {
	intentMembers
	Grade        string            `json:"grade"`
	LastEvidence statement.Instant `json:"last_evidence"`
	Notice       string            `json:"notice"`
	UnderReview  bool              `json:"under_review"`
	Since        statement.Instant `json:"since"`
}

func readIntent(ctx context.Context, s *session, id string) (*seenIntent, error) {
	raw, _, err := read[json.RawMessage](ctx, s, "/v1/declared/"+url.PathEscape(id), "declared")
	if err != nil {
		return nil, err
	}
	var seen struct {
		seenIntent
		Members json.RawMessage `json:"members"`
	}
	if err = json.Unmarshal(raw, &seen); err == nil {
		since := seen.Since
		err = json.Unmarshal(seen.Members, &seen.intentMembers)
		seen.Since = since
	}
	if err != nil {
		return nil, &inputError{fmt.Errorf("intent %s: %w", id, err)}
	}
	return &seen.seenIntent, nil
}

func runIntentList(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
	if len(args) != 0 {
		return 0, usagef("intent", "found %q, expected nothing", args[0])
	}
	ids, _, err := read[[]string](ctx, s, "/v1/declared", "ids")
	if err != nil {
		return 0, err
	}
	if fl.json {
		return exitClear, printJSON(a, ids)
	}
	for _, id := range ids {
		r, err := readIntent(ctx, s, id)
		if err != nil {
			return 0, err
		}
		fmt.Fprintf(a.stdout, "%s  %-13s  %s  %s\n", id, r.State, windowWords(r.Start, r.End), strings.TrimSpace(string(r.Owner)+" "+printable(r.Alias)))
	}
	if len(ids) == 0 {
		fmt.Fprintln(a.stdout, "Nobody declared anything that is shown to you. That does not say that nobody is there.")
	}
	return exitClear, nil
}

func runIntentShow(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
	if len(args) != 1 {
		return 0, usagef("intent", "found %d names, expected an intent", len(args))
	}
	if fl.json {
		return printPlace(ctx, a, s, fl, "/v1/declared/"+url.PathEscape(args[0]), "declared")
	}
	r, err := readIntent(ctx, s, args[0])
	if err != nil {
		return 0, err
	}
	w := &sheet{}
	w.line("intent", "%s, version %d, of %s", args[0], r.Version, r.Owner)
	r.describe(w)
	grade := r.Grade
	if r.LastEvidence == 0 {
		grade += ", a claim that nothing else bears out yet"
	} else {
		grade += ", last borne out " + instantWords(r.LastEvidence)
	}
	w.line("assured", "%s", grade)
	w.line("notice", "%s", r.Notice)
	if r.UnderReview {
		w.line("review", "what its verdicts rest on has changed; they are being made again")
	}
	_, err = fmt.Fprint(a.stdout, w.String())
	return exitClear, err
}
