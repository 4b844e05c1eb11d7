package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// reading returns a verb that prints a place of the node's interface; member is
// what of the answer is printed.
func reading(domain, path, member string) func(context.Context, *app, *session, *actFlags, []string) (int, error) {
	return func(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
		if len(args) != 1 {
			return 0, usagef(domain, "found %d names, expected one", len(args))
		}
		return printPlace(ctx, a, s, fl, path+url.PathEscape(args[0]), member)
	}
}

// listing returns a verb that prints a place without a name.
func listing(domain, path, member string) func(context.Context, *app, *session, *actFlags, []string) (int, error) {
	return func(ctx context.Context, a *app, s *session, fl *actFlags, args []string) (int, error) {
		if len(args) != 0 {
			return 0, usagef(domain, "found %q, expected nothing", args[0])
		}
		return printPlace(ctx, a, s, fl, path, member)
	}
}

// printPlace prints what a place of the node's interface shows: as JSON, or one
// member a line.
func printPlace(ctx context.Context, a *app, s *session, fl *actFlags, path, member string) (int, error) {
	answer := map[string]json.RawMessage{}
	if err := s.Get(ctx, path, &answer); err != nil {
		return 0, refused(err)
	}
	if fl.json {
		return exitClear, printJSON(a, answer)
	}
	var thing any
	if err := json.Unmarshal(answer[member], &thing); err != nil {
		return 0, &inputError{fmt.Errorf("%s: %w", path, err)}
	}
	lines := outline(nil, "", thing)
	if len(lines) == 0 {
		lines = []string{"none"}
	}
	_, err := fmt.Fprintln(a.stdout, strings.Join(lines, "\n"))
	return exitClear, err
}

func printJSON(a *app, thing any) error {
	text, err := json.Marshal(thing)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.stdout, indent(text))
	return err
}

// read reads a member of a place of the node's interface, and the node's time.
func read[T any](ctx context.Context, s *session, path, member string) (thing T, basis basisOf, err error) {
	answer := map[string]json.RawMessage{}
	if err := s.Get(ctx, path, &answer); err != nil {
		return thing, basis, refused(err)
	}
	for name, into := range map[string]any{member: &thing, "basis": &basis} {
		if err := json.Unmarshal(answer[name], into); err != nil {
			return thing, basis, &inputError{fmt.Errorf("%s: %s: %w", path, name, err)}
		}
	}
	return thing, basis, nil
}

// outline writes a thing of JSON as indented lines, a member or an element each.
func outline(lines []string, indentation string, thing any) []string {
	switch t := thing.(type) {
	case map[string]any:
		for _, name := range sortedKeys(t) {
			if text, simple := plainValue(name, t[name]); simple {
				lines = append(lines, indentation+name+": "+text)
				continue
			}
			lines = outline(append(lines, indentation+name), indentation+"  ", t[name])
		}
	case []any:
		for _, element := range t {
			if text, simple := plainValue("", element); simple {
				lines = append(lines, indentation+text)
				continue
			}
			inner := outline(nil, indentation+"  ", element)
			if len(inner) > 0 {
				inner[0] = indentation + "- " + strings.TrimLeft(inner[0], " ")
			}
			lines = append(lines, inner...)
		}
	default:
		text, _ := plainValue("", t)
		lines = append(lines, indentation+text)
	}
	return lines
}

// plainValue writes what fits in a line. Lengths and durations are in units that
// people read; the name tells which are which.
func plainValue(name string, thing any) (text string, simple bool) {
	switch t := thing.(type) {
	case nil:
		return "none", true
	case string:
		return printable(t), true
	case bool:
		return fmt.Sprint(t), true
	case float64:
		switch {
		case strings.HasSuffix(name, "_mm"):
			return lengthWords(int64(t)), true
		case strings.HasSuffix(name, "_ns"):
			return duration(int64(t)), true
		}
		return fmt.Sprintf("%.0f", t), true
	case map[string]any:
		if name == "source" {
			return sourceWords(t), true
		}
		lat, okLat := t["lat_e9"].(float64)
		lng, okLng := t["lng_e9"].(float64)
		if okLat && okLng && len(t) == 2 {
			return placeWords(int64(lat), int64(lng)), true
		}
		mm, okMM := t["mm"].(float64)
		reference, okReference := t["reference"].(string)
		if okMM && okReference && len(t) == 2 {
			return lengthWords(int64(mm)) + " " + printable(reference), true
		}
		return "none", len(t) == 0
	case []any:
		var words []string
		for _, element := range t {
			word, simple := plainValue("", element)
			if _, text := element.(string); !simple || !text {
				return "none", len(t) == 0
			}
			words = append(words, word)
		}
		return strings.Join(words, ", "), true
	}
	return fmt.Sprint(thing), true
}

// sourceWords says where a rule comes from.
func sourceWords(source map[string]any) string {
	if source["agreement"] == nil {
		return "this program's own"
	}
	return printable(fmt.Sprintf("clause %v of %v, version %v", source["clause"], source["agreement"], source["version"]))
}
