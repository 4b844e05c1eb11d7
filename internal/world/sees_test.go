package world

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// overshown returns where a statement is shown to a party that was not shown
// whole what came of it, or that says what none of that says. to are the parties
// that see a statement.
func overshown(entries [][]byte, parties []party.ID, to func(*Taken) []party.ID) (found []string) {
	for i, text := range entries {
		ev, _, err := Decode(text)
		taken, ok := ev.(*Taken)
		if err != nil || !ok {
			continue
		}
		behind := entries[i+1 : i+1+taken.Count]
		for _, p := range to(taken) {
			if p == taken.By || !slices.Contains(parties, p) {
				continue
			}
			stop := taken.Act == "channel.stop"
			if other := namedBeside(taken, p); other != "" && stop {
				found = append(found, fmt.Sprintf("%s is shown a STOP that names %s", p, other))
			}
			for _, e := range behind {
				if !stop && !shownWhole(e, p) {
					found = append(found, fmt.Sprintf("%s is shown %s and not all of %.300s", p, taken.Act, e))
				}
			}
			if stop {
				behind = nil
			}
			for _, said := range beyond(taken, behind) {
				known := entries[:i]
				if stop { // what came of it is in part for others
					known = slices.Concat(entries[:i], entries[i+1:i+1+taken.Count])
				}
				if !wasTold(known, p, said) {
					found = append(found, fmt.Sprintf("%s is shown %s, and with it %q, which nothing that came of it says", p, taken.Act, said))
				}
			}
		}
	}
	return found
}

// namedBeside returns a recipient whom the words of an act name beside a party.
func namedBeside(taken *Taken, p party.ID) party.ID {
	var s party.Statement
	var body struct {
		To json.RawMessage `json:"to"`
	}
	var to []party.ID
	if json.Unmarshal(taken.Statement, &s) != nil || json.Unmarshal(s.Body, &body) != nil || json.Unmarshal(body.To, &to) != nil {
		return ""
	}
	for _, id := range to {
		if id != p {
			return id
		}
	}
	return ""
}

// shownWhole reports whether a party sees all members of an entry. That a
// statement has its signatures is the actor's business, and tells no more.
func shownWhole(text []byte, to party.ID) bool {
	fields, err := statement.Fields(text)
	if err != nil {
		return false
	}
	return typeOf(fields) == "party.completed" || len(Release(text, airspace.Reader{Party: to})) == len(fields)
}

// beyond returns the longer texts of a statement's body that are in none of the
// entries.
func beyond(taken *Taken, entries [][]byte) (list []string) {
	var s party.Statement
	var body any
	if json.Unmarshal(taken.Statement, &s) != nil || json.Unmarshal(s.Body, &body) != nil {
		return []string{"no statement"}
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, inner := range v {
				walk(inner)
			}
		case []any:
			for _, inner := range v {
				walk(inner)
			}
		case string:
			quoted := statement.AppendString(nil, v)
			if len(v) >= 12 && !slices.ContainsFunc(entries, func(e []byte) bool { return bytes.Contains(e, quoted[1:len(quoted)-1]) }) {
				list = append(list, v)
			}
		}
	}
	walk(body)
	return list
}

// wasTold reports whether a party was shown a text in an entry before.
func wasTold(entries [][]byte, p party.ID, said string) bool {
	quoted := statement.AppendString(nil, said)
	return slices.ContainsFunc(entries, func(text []byte) bool {
		fields, err := statement.Fields(text)
		names := Release(text, airspace.Reader{Party: p})
		return err == nil && slices.ContainsFunc(fields, func(f statement.Field) bool {
			return slices.Contains(names, f.Name) && bytes.Contains(f.Value, quoted)
		})
	})
}

// TestWhoSeesAStatementSeesAllThatCameOfIt does acts of all kinds in any order.
// The toy shows statements to all parties. DECONFLICT_SEES is how many histories
// are tried; 3 without it.
func TestWhoSeesAStatementSeesAllThatCameOfIt(t *testing.T) {
	histories := 3
	if n, err := strconv.Atoi(os.Getenv("DECONFLICT_SEES")); err == nil {
		histories = n
	}
	toy, seen := 0, map[string]int{}
	for seed := range uint64(histories) {
		w := newAnyWorld(t, 1000+seed)
		for range 150 {
			w.step()
		}
		all := append(slices.Clone(w.parties), "")
		toy += len(overshown(w.entries, all, func(*Taken) []party.ID { return all }))
		ours := func(e *Taken) (list []party.ID) {
			for _, p := range all {
				if len(e.Release(p)) > 0 {
					list = append(list, p)
					seen[e.Act]++
				}
			}
			return list
		}
		for _, fault := range overshown(w.entries, all, ours) {
			t.Errorf("seed %d: %s", 1000+seed, fault)
		}
	}
	if toy == 0 {
		t.Error("statements that everybody sees show nobody more than was released: nothing is tested")
	}
	if len(seen) < 8 {
		t.Errorf("statements of only %v are shown to others: too little is tested", seen)
	}
}

// Each recipient of a STOP to everybody, or to it alone, is shown the words with
// the signature over them, and not who else was told; of a STOP that names several
// the words are shown to nobody, as they name the others.
func TestRecipientsSeeTheWordsOfAStop(t *testing.T) {
	for _, c := range []struct {
		to    []party.ID
		shown []party.ID
	}{
		{nil, []party.ID{"party-001", "party-002", "party-003"}},
		{[]party.ID{"party-002"}, []party.ID{"party-002"}},
		{[]party.ID{"party-001", "party-002"}, nil},
	} {
		n := crowd(t, 4)
		body := stopBody()
		body.To = c.to
		a := saying(t, "party-000", "channel.stop", "stop", body, "party-000-a")
		first := len(n.entries)
		n.mustAct(a)
		for _, to := range []party.ID{"party-001", "party-002", "party-003"} {
			names := Release(n.entries[first], airspace.Reader{Party: to})
			if got, want := len(names) > 0, slices.Contains(c.shown, to); got != want {
				t.Errorf("STOP to %s: %s is shown the statement: %v, expected %v", c.to, to, got, want)
			}
			if len(names) == 0 {
				continue
			}
			if slices.Contains(names, "to") || slices.Contains(names, "count") {
				t.Errorf("STOP to %s: %s is shown %s, expected nothing of the others", c.to, to, names)
			}
			ev, _, err := Decode(n.entries[first])
			if err != nil {
				t.Fatal(err)
			}
			taken := ev.(*Taken)
			if !slices.Contains(names, "statement") || !slices.Contains(names, "signatures") || len(taken.Signatures) != 1 || !taken.Signatures[0].Good(taken.Statement) {
				t.Errorf("STOP to %s: %s cannot prove it by %s", c.to, to, names)
			}
		}
	}
}
