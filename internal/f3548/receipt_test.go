package f3548

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The answer to each write that changed something names the entry that holds
// it, of that caller and that entity; refusals, reads and repetitions name none.
func TestWritesCarryTheirReceipt(t *testing.T) {
	n := newNode(t, Limits{})
	next := int64(0)
	wrote := func(got reply, as bearer, holds ...string) reply {
		t.Helper()
		text := got.header.Get("Deconflict-Receipt")
		if text != strconv.FormatInt(next, 10) {
			t.Fatalf("found the receipt %q, want %d: %d %s", text, next, got.status, got.text)
		}
		record, err := n.dss.Engine.Journal().Get(context.Background(), next)
		if err != nil {
			t.Fatal(err)
		}
		who, _, _ := strings.Cut(strings.TrimPrefix(string(as), "Bearer dev:"), ":")
		for _, want := range append(holds, `"`+who+`"`) {
			if !strings.Contains(string(record.Event), want) {
				t.Errorf("entry %d does not hold %s: %s", next, want, record.Event)
			}
		}
		next++
		return got
	}
	none := func(got reply) reply {
		t.Helper()
		if text, ok := got.header["Deconflict-Receipt"]; ok {
			t.Errorf("found the receipt %q, want none: %d %s", text, got.status, got.text)
		}
		return got
	}
	wrote(n.want(200, alpha, "PUT", sub+id(1), subscriptionBody()), alpha, id(1), "subscription.put")
	ovn := wrote(n.want(201, alpha, "PUT", oir+id(2), deep(intentBody(), id(1), "subscription_id")), alpha, id(2), "intent.put").
		str("operational_intent_reference", "ovn")
	none(n.want(409, alpha, "PUT", oir+id(2), intentBody()))
	none(n.want(409, bravo, "PUT", oir+id(3), intentBody()))
	none(n.want(400, alpha, "PUT", oir+id(4), "{}"))
	none(n.want(200, bravo, "GET", oir+id(2), nil))
	none(n.want(200, bravo, "POST", oir+"query", object{"area_of_interest": square(0, 0, time.Hour)}))
	wrote(n.want(200, alpha, "DELETE", oir+id(2)+"/"+ovn, nil), alpha, id(2), "intent.gone")
	version := n.want(200, alpha, "GET", sub+id(1), nil).str("subscription", "version")
	wrote(n.want(200, alpha, "DELETE", sub+id(1)+"/"+version, nil), alpha, id(1), "subscription.gone")
	rule := wrote(n.want(201, rules, "PUT", cr+id(4), constraintBody()), rules, id(4), "constraint.put").str("constraint_reference", "ovn")
	wrote(n.want(200, rules, "DELETE", cr+id(4)+"/"+rule, nil), rules, id(4), "constraint.gone")
	wrote(n.want(200, judge, "PUT", "/dss/v1/uss_availability/uss-alpha", object{"old_version": "", "availability": "Down"}), judge, "availability.set")
	wrote(n.want(201, alpha, "POST", "/dss/v1/reports", object{"exchange": object{
		"url": "https://bravo.example.net/utm", "method": "GET", "recorder_role": "Client", "request_time": instant(0),
	}}), alpha, "report.filed")
	if size := n.dss.Engine.Head().Size; size != next {
		t.Errorf("the journal has %d entries, want the %d of the receipts", size, next)
	}
}
