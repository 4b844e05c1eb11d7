package f3548

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deconflict/deconflict/internal/auth"
)

var update = flag.Bool("update", false, "write testdata/transcript.txt anew")

// Each operation once, and the refusals that have a form of their own, word for
// word. With -update the file is written anew; read what changed.
func TestTranscript(t *testing.T) {
	n := newNode(t, Limits{})
	var out strings.Builder
	say := func(as bearer, method, path string, body any) reply {
		got := n.send(as, method, path, body)
		who, _, _ := strings.Cut(strings.TrimPrefix(string(as), "Bearer dev:"), ":")
		fmt.Fprintf(&out, "%s: %s %s\n", who, method, path)
		if receipt := got.header.Get("Deconflict-Receipt"); receipt != "" {
			fmt.Fprintf(&out, "Deconflict-Receipt: %s\n", receipt)
		}
		fmt.Fprintf(&out, "%d %s\n\n", got.status, indent(got.text))
		return got
	}
	implicit := object{"uss_base_url": "https://bravo.example.net/utm", "notify_for_constraints": false}

	say(alpha, "PUT", sub+id(1), deep(subscriptionBody(), true, "notify_for_constraints"))
	ovn := say(alpha, "PUT", oir+id(2), deep(intentBody(), id(1), "subscription_id")).str("operational_intent_reference", "ovn")
	say(bravo, "GET", oir+id(2), nil)
	body := deep(intentBody(), implicit, "new_subscription")
	body["extents"], body["uss_base_url"] = []object{square(0.5, 30*time.Minute, 2*time.Hour)}, "https://bravo.example.net/utm"
	say(bravo, "PUT", oir+id(3), body)
	body["key"] = []string{ovn}
	theirs := say(bravo, "PUT", oir+id(3), body)
	say(bravo, "GET", sub+theirs.str("operational_intent_reference", "subscription_id"), nil)
	say(bravo, "POST", oir+"query", object{"area_of_interest": square(0, 0, time.Hour)})
	say(bravo, "POST", sub+"query", object{"area_of_interest": square(0, 0, time.Hour)})
	say(alpha, "PUT", oir+id(2)+"/"+ovn, deep(intentBody(), id(1), "subscription_id"))
	ovn = say(alpha, "PUT", oir+id(2)+"/"+ovn, deep(intentBody(theirs.str("operational_intent_reference", "ovn")), id(1), "subscription_id")).str("operational_intent_reference", "ovn")
	say(alpha, "DELETE", oir+id(2)+"/stale-stale-stale", nil)
	say(alpha, "DELETE", oir+id(2)+"/"+ovn, nil)
	say(alpha, "GET", oir+id(2), nil)
	mine := say(alpha, "GET", sub+id(1), nil)
	say(bravo, "GET", sub+id(1), nil)
	version := say(alpha, "PUT", sub+id(1)+"/"+mine.str("subscription", "version"), subscriptionBody()).str("subscription", "version")
	say(alpha, "DELETE", sub+id(1)+"/"+version, nil)

	rule := say(rules, "PUT", cr+id(4), constraintBody()).str("constraint_reference", "ovn")
	say(rules, "PUT", cr+id(4)+"/"+rule, constraintBody())
	say(alpha, "GET", cr+id(4), nil)
	say(alpha, "POST", cr+"query", object{"area_of_interest": square(0, 0, time.Hour)})
	say(rules, "DELETE", cr+id(4)+"/"+rule, nil)

	say(bravo, "GET", "/dss/v1/uss_availability/uss-alpha", nil)
	say(judge, "PUT", "/dss/v1/uss_availability/uss-alpha", object{"old_version": "", "availability": "Down"})
	say(alpha, "PUT", oir+id(5), intentBody())
	say(alpha, "POST", "/dss/v1/reports", object{"exchange": object{
		"url": "https://bravo.example.net/utm/uss/v1/operational_intents/" + id(3), "method": "GET", "recorder_role": "Client",
		"request_time": instant(0), "problem": "no answer within 10 s",
	}})

	say("", "GET", oir+id(3), nil)
	say(rules, "GET", oir+id(3), nil)
	say(alpha, "PUT", oir+id(5), deep(intentBody(), "AGL", "extents", 0, "volume", "altitude_upper", "reference"))
	say(with("operator", auth.ScopePoolStatus), "GET", "/aux/v1/pool", nil)
	say(with("operator", auth.ScopePoolStatus), "GET", "/aux/v1/version", nil)
	say(with("operator", auth.ScopeVersions), "GET", "/versions/dss", nil)

	const file = "testdata/transcript.txt"
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Errorf("(-%s +now):\n%s", file, diff)
	}
}

// The request that the documentation shows meets another as it says there.
func TestDocumentedExample(t *testing.T) {
	doc, err := os.ReadFile("../../docs/F3548.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(doc), "<<'END'\n")
	body, _, ok := strings.Cut(rest, "\nEND\n")
	if !ok {
		t.Fatal("docs/F3548.md shows no request")
	}
	n := newNode(t, Limits{})
	made := n.want(201, alpha, "PUT", oir+id(1), body)
	if made.str("operational_intent_reference", "ovn") == "" || len(made.list("subscribers")) != 1 {
		t.Error(made.text)
	}
	if got := n.want(409, bravo, "PUT", oir+id(2), body); len(got.list("conflicts", 0, "where_and_when")) != 1 {
		t.Error(got.text)
	}
}
