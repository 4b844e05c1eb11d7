package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/deconflict/deconflict/internal/channel"
	"github.com/deconflict/deconflict/internal/declared"
)

var channelVerbs = []verb{
	{name: "watch", args: "POSITION", about: "follow what comes in for a position; all for every one", run: runWatch},
	{name: "list", args: "POSITION", about: "what the position has before it, most urgent first", run: runDesk},
	{name: "show", args: "MESSAGE", about: "a message and what became of it", run: runMessageShow},
	{name: "send", args: "PARTY/POSITION TYPE [FIELD=VALUE ...]", about: "send a message; its kind of value follows from its form", run: runSend},
	{name: "open", args: "MESSAGE", about: "a person takes it up: prints what it says and asks for", run: runOpen},
	{name: "answer", args: "MESSAGE WORD", about: "roger, wilco, unable, standby or reply", run: runAnswer},
	{name: "readback", args: "MESSAGE [FIELD=VALUE ...]", about: "say its fields back; without values it asks for each, blind", run: runReadBack},
	{name: "stop", args: "WHERE", about: "call STOP about LAT,LNG or a place in words; needs no level and no key", run: runStop},
	{name: "hold", args: "STOP held|not_mine|unable", brief: []string{"stop", "outcome", "note"}, about: "answer a STOP by what the party does"},
	{name: "resume", args: "STOP REASON", brief: []string{"stop", "reason"}, about: "the reason for a STOP is gone"},
}

var channelUsage = actUsage("channel", "Carries messages between positions of parties: numbered, read back by field,\nescalated when nobody answers; and STOP. Where the network fails, the lines\nprinted are read out over a telephone: each end compares the check word.", channelVerbs)

// runWatch prints what comes in until it is interrupted.
func runWatch(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
	if len(args) != 1 {
		return 0, usagef("channel", "found %d names, expected one position, or all", len(args))
	}
	seen := 0
	for entry, err := range s.Inbox(ctx, args[0], fl.special.after) {
		if errors.Is(err, context.Canceled) {
			break
		}
		if err != nil {
			return 0, refused(s.token.explain(err))
		}
		if entry.Type() == "act.taken" && !fl.json {
			continue // what came of it follows
		}
		if fl.json {
			if err := json.NewEncoder(a.stdout).Encode(entry); err != nil {
				return 0, err
			}
		} else {
			printEvent(a, s, &entry)
		}
		if seen++; seen == fl.special.count {
			break
		}
	}
	return exitClear, nil
}

// deskView is what a position has before it.
type deskView struct {
	Inbox        []channel.Message     `json:"inbox"`
	Outbox       []channel.Message     `json:"outbox"`
	Stops        []channel.StopCall    `json:"stops"`
	Undertakings []channel.Undertaking `json:"undertakings"`
}

func runDesk(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
	if len(args) != 1 {
		return 0, usagef("channel", "found %d names, expected one position", len(args))
	}
	path := "/v1/desk/" + url.PathEscape(args[0])
	if fl.json {
		return printPlace(ctx, a, s, fl, path, "desk")
	}
	d, basis, err := read[deskView](ctx, s, path, "desk")
	if err != nil {
		return 0, err
	}
	d.print(a, s, basis.NodeTime.UnixNano())
	return exitClear, nil
}

func runMessageShow(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
	if len(args) != 1 {
		return 0, usagef("channel", "found %d names, expected one message", len(args))
	}
	if fl.json {
		return printPlace(ctx, a, s, fl, "/v1/messages/"+url.PathEscape(args[0]), "message")
	}
	m, basis, err := readMessage(ctx, s, args[0])
	if err != nil {
		return 0, err
	}
	printMessage(a, s, m)
	fmt.Fprintf(a.stdout, "  %s\n", messageStateWords(m, basis.NodeTime.UnixNano()))
	return exitClear, nil
}

func readMessage(ctx context.Context, s *session, id string) (*channel.Message, basisOf, error) {
	return read[*channel.Message](ctx, s, "/v1/messages/"+url.PathEscape(id), "message")
}

// runSend sends a message whose fields are given by name.
func runSend(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
	if len(args) < 2 {
		return 0, usagef("channel", "found %d names after send, expected PARTY/POSITION and a type such as WARN", len(args))
	}
	to, position, ok := strings.Cut(args[0], "/")
	if !ok {
		return 0, usagef("channel", "found %q, expected PARTY/POSITION, as heron/watch", args[0])
	}
	body := map[string]any{
		"to": map[string]any{"party": to, "position": position}, "type": args[1], "precedence": fl.special.precedence,
	}
	fields := []channel.Field{}
	for _, pair := range args[2:] {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return 0, usagef("channel", "found %q, expected FIELD=VALUE", pair)
		}
		fields = append(fields, guessField(name, value))
	}
	if len(fields) > 0 {
		body["fields"] = fields
	}
	if fl.special.text != "" {
		body["text"], body["language"] = fl.special.text, "en"
	}
	if fl.special.ref != "" {
		body["ref"] = fl.special.ref
	}
	return fl.act(ctx, a, s, "channel.send", body)
}

// runOpen says that a person took a message up, and prints what it asks for.
func runOpen(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
	if len(args) != 1 {
		return 0, usagef("channel", "found %d names, expected one message", len(args))
	}
	code, err := fl.act(ctx, a, s, "channel.open", map[string]any{"message": args[0], "step": channel.StepOpened})
	if err != nil || fl.json || fl.print {
		return code, err
	}
	m, basis, err := readMessage(ctx, s, args[0])
	if err != nil {
		return 0, err
	}
	printMessage(a, s, m)
	fmt.Fprintf(a.stdout, "  %s\n", messageStateWords(m, basis.NodeTime.UnixNano()))
	return code, nil
}

func runAnswer(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
	if len(args) != 2 {
		return 0, usagef("channel", "found %d words, expected a message and roger, wilco, unable, standby or reply", len(args))
	}
	body := map[string]any{"message": args[0], "answer": args[1]}
	if fl.special.text != "" {
		body["text"], body["language"] = fl.special.text, "en"
	}
	return fl.act(ctx, a, s, "channel.answer", body)
}

// runReadBack says the critical fields of a message back: as given, or asked for
// one by one without showing what was sent, as after a telephone call.
func runReadBack(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
	if len(args) == 0 {
		return 0, usagef("channel", "found nothing after readback, expected a message")
	}
	m, _, err := readMessage(ctx, s, args[0])
	if err != nil {
		return 0, err
	}
	values, method := []channel.Field{}, channel.Entered
	if len(args) == 1 {
		method = channel.Blind
		if values, err = askFields(a, m.Fields); err != nil {
			return 0, err
		}
	}
	for _, pair := range args[1:] {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return 0, usagef("channel", "found %q, expected FIELD=VALUE", pair)
		}
		i := slices.IndexFunc(m.Fields, func(f channel.Field) bool { return f.Name == name })
		if i < 0 {
			return 0, &inputError{fmt.Errorf("found no field %q in the message, expected one of %s", name, strings.Join(criticalNames(m.Fields), ", "))}
		}
		field, err := parseField(name, m.Fields[i].Kind(), value)
		if err != nil {
			return 0, &inputError{err}
		}
		values = append(values, field)
	}
	return fl.act(ctx, a, s, "channel.readback", map[string]any{"message": args[0], "values": values, "method": method})
}

func criticalNames(fields []channel.Field) (names []string) {
	for _, f := range fields {
		if f.Critical() {
			names = append(names, f.Name)
		}
	}
	return names
}

// askFields asks for each field that is read back, by its name and kind alone.
func askFields(a *app, fields []channel.Field) (values []channel.Field, err error) {
	in := bufio.NewScanner(a.stdin)
	for _, f := range fields {
		if !f.Critical() {
			continue
		}
		for {
			fmt.Fprintf(a.stdout, "%s (%s): ", f.Name, valueWords[f.Kind()])
			if !in.Scan() {
				fmt.Fprintln(a.stdout)
				return nil, &inputError{fmt.Errorf("%s: found the end of the input, expected a value", f.Name)}
			}
			value, err := parseField(f.Name, f.Kind(), strings.TrimSpace(in.Text()))
			if err == nil {
				values = append(values, value)
				break
			}
			fmt.Fprintln(a.stdout, err)
		}
	}
	return values, nil
}

// runStop calls STOP. It asks the node for nothing that it can do without.
func runStop(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
	if len(args) == 0 {
		return 0, usagef("channel", "found nothing after stop, expected LAT,LNG or a place in words")
	}
	where := channel.Place{RadiusMM: fl.special.radius.mm}
	for i, word := range args {
		if p, err := parsePlace(word); err == nil {
			point := declared.PointOf(p)
			where.Point = &point
			args = slices.Delete(slices.Clone(args), i, i+1)
			break
		}
	}
	where.Text = strings.Join(args, " ")
	if fl.special.callback == "" {
		fl.special.callback = strings.TrimSpace("over this node " + s.Client.Party)
	}
	return fl.act(ctx, a, s, "channel.stop", channel.CallStop{Where: where, AtRisk: fl.special.atRisk, Callback: fl.special.callback})
}
