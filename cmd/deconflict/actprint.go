package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/deconflict/deconflict/client"
)

// printTaken says what came of an act.
func printTaken(a *app, s *session, taken *client.Taken) {
	for _, m := range taken.Missing {
		fmt.Fprintf(a.stdout, "waits for %s\n", m)
	}
	for i := range taken.Events {
		if e := &taken.Events[i]; len(taken.Events) == 1 || !told(e) {
			printEvent(a, s, e)
		}
	}
	word := "taken"
	switch {
	case taken.Repeated:
		word = "was taken before"
	case len(taken.Missing) > 0:
		word = "noted, without effect yet"
	}
	fmt.Fprintf(a.stdout, "%s: receipt %d%s\n", word, taken.Index, custodyWords[taken.Custody])
}

// told reports whether what an event says to who acted stands in another one of
// the same act, or in the agreement that has just entered into force.
func told(e *client.Entry) bool {
	return slices.Contains([]string{"act.taken", "intent.put", "intent.gone", "intent.conflicting", "intent.entering", "intent.restated", "offer.conflict", "bearer.followed"}, e.Type())
}

var custodyWords = map[string]string{"held": ", key held by the role", "node": ", no key, the node vouches for the token"}

// printEntry prints an event on one line: its index, type, and what is short of
// it.
func printEntry(a *app, e *client.Entry) {
	var at string
	_ = json.Unmarshal(e.Fields["at"], &at)
	if len(at) >= 19 {
		at = at[11:19] + "Z "
	}
	fmt.Fprintf(a.stdout, "%s%s%s\n", at, e.Type(), summary(e.Fields, 160))
}

// summary lists the members of an event that fit in a line, the simple ones.
func summary(fields map[string]json.RawMessage, limit int) string {
	var b strings.Builder
	for _, name := range sortedKeys(fields) {
		raw := fields[name]
		if slices.Contains([]string{"at", "type", "v", "statement", "signatures", "custody", "level", "person", "role"}, name) || len(raw) == 0 || raw[0] == '{' {
			continue
		}
		value := strings.Trim(string(raw), `"`)
		if len(value) > 60 || b.Len()+len(name)+len(value) > limit {
			continue
		}
		fmt.Fprintf(&b, " %s=%s", name, value)
	}
	return b.String()
}

// listOf returns a member of an event that is a list of texts.
func listOf(e *client.Entry, name string) (list []string) {
	_ = json.Unmarshal(e.Fields[name], &list) // another type is none
	return list
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func indent(raw []byte) string {
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return string(raw)
	}
	return b.String()
}
