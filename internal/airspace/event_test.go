package airspace

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/outline"
	"github.com/deconflict/deconflict/internal/party"
)

var update = flag.Bool("update", false, "write golden events that are missing")

// Golden events are never edited: what was journalled once must be read for
// ever. With -update, missing ones are written.
func TestGoldenEvents(t *testing.T) {
	for _, golden := range goldenEvents(t) {
		path := filepath.Join("testdata", "events", golden.Type()+".1.json")
		want, err := os.ReadFile(path)
		if os.IsNotExist(err) && *update {
			want = Encode(nil, golden, nowNS)
			if err := os.WriteFile(path, append(want, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if err != nil {
			t.Fatal(err)
		}
		want = bytes.TrimSuffix(want, []byte("\n"))
		ev, at, err := Decode(want)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if at != nowNS || !bytes.Equal(Encode(nil, ev, at), want) {
			t.Errorf("%s reads back as\n%s", path, Encode(nil, ev, at))
		}
		if !bytes.Equal(Encode(nil, golden, nowNS), want) {
			t.Errorf("%s is not what is written today:\n%s", path, Encode(nil, golden, nowNS))
		}
		if !canonical(t, want) {
			t.Errorf("%s is not canonical", path)
		}
	}
}

func goldenEvents(t *testing.T) []Event {
	here := []outline.Volume{box(t, 0, 0, 30)}
	notified := []Notified{{3, 1}, {9, 12}}
	return []Event{
		&IntentPut{
			Number: 7, ID: newID(1), Manager: "uss1", Version: 2, OVN: "an-opaque-number-1", State: Activated,
			URL: "https://uss1.example/utm", Outline: here, Subscription: newID(50),
			Implicit: []ImplicitChange{
				{Number: 9, ID: newID(50), URL: "https://uss1.example/utm", Constraints: true, Version: "v-2"},
				{Number: 3, ID: newID(51), URL: "https://uss1.example/utm", Version: "v-1", Dropped: true},
			},
			Notified: notified,
		},
		&IntentGone{Number: 7, ID: newID(1), Manager: "uss1", Swept: true, Notified: notified},
		&ConstraintPut{
			Number: 2, ID: newID(2), Manager: "authority", Version: 1, OVN: "an-opaque-number-2",
			URL: "https://authority.example", Outline: here, Notified: notified,
		},
		&ConstraintGone{Number: 2, ID: newID(2), Manager: "authority"},
		&SubscriptionPut{
			Number: 4, ID: newID(3), Owner: "uss2", Version: "v-3", URL: "https://uss2.example",
			Intents: true, Outline: here[0],
		},
		&SubscriptionGone{Number: 4, ID: newID(3), Owner: "uss2"},
		&AvailabilitySet{By: "arbiter", USS: "uss2", Availability: Down, Version: "v-4"},
		&ReportFiled{By: "uss1", Report: "r-1", SHA256: [32]byte{1, 2, 3}, Problem: "no answer within 10 s, \"twice\"\n"},
	}
}

// canonical reports whether a generic reader writes the same bytes.
func canonical(t *testing.T, object []byte) bool {
	var v any
	d := json.NewDecoder(bytes.NewReader(object))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	e := json.NewEncoder(&b) // sorts members
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n") == string(object)
}

func TestUnknownEvents(t *testing.T) {
	known := string(Encode(nil, &SubscriptionGone{ID: newID(1), Owner: "uss1"}, nowNS))
	for _, change := range [][2]string{{`"v":1`, `"v":2`}, {`"subscription.gone"`, `"subscription.lost"`}} {
		_, _, err := Decode([]byte(strings.Replace(known, change[0], change[1], 1)))
		if _, ok := err.(*UnknownEventError); !ok {
			t.Errorf("%s: %v", change[1], err)
		}
	}
	for _, change := range [][2]string{
		{`"owner":"uss1",`, ``},
		{`"v":1}`, `"v":1,"w":1}`},
		{`"v":1}`, `"v":1} `},
		{`"number":0`, `"number":00`},
	} {
		if _, _, err := Decode([]byte(strings.Replace(known, change[0], change[1], 1))); err == nil {
			t.Errorf("accepted with %s instead of %s", change[1], change[0])
		}
	}
}

func TestRelease(t *testing.T) {
	for _, ev := range goldenEvents(t) {
		event := Encode(nil, ev, nowNS)
		owner := map[string]party.ID{
			typeIntentPut: "uss1", typeIntentGone: "uss1", typeConstraintPut: "authority", typeConstraintGone: "authority",
			typeSubscriptionPut: "uss2", typeSubscriptionGone: "uss2", typeAvailabilitySet: "arbiter", typeReportFiled: "uss1",
		}[ev.Type()]
		if own := Release(event, Reader{Party: owner}); !slices.Equal(own, names(t, event)) {
			t.Errorf("%s: its own party sees only %v", ev.Type(), own)
		}
		if shut := Release(event, Reader{Party: "stranger"}); shut != nil {
			t.Errorf("%s: without scopes a stranger sees %v", ev.Type(), shut)
		}
		open := Release(event, Reader{Party: "stranger", Intents: true, Constraints: true})
		for _, secret := range []string{"ovn", "outline", "notified", "implicit", "number", "problem", "sha256"} {
			if slices.Contains(open, secret) {
				t.Errorf("%s: a stranger sees %s", ev.Type(), secret)
			}
		}
		private := ev.Type() == typeSubscriptionPut || ev.Type() == typeSubscriptionGone || ev.Type() == typeReportFiled
		if (open == nil) != private {
			t.Errorf("%s: a stranger sees %v", ev.Type(), open)
		}
	}
	zone := Encode(nil, goldenEvents(t)[2], nowNS)
	if got := Release(zone, Reader{Party: "stranger", Intents: true}); got != nil {
		t.Errorf("without a scope for constraints one is shown: %v", got)
	}
	if Release([]byte("not an event"), Reader{Party: "uss1"}) != nil {
		t.Error("what cannot be read is released")
	}
}

func names(t *testing.T, event []byte) []string {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(event, &members); err != nil {
		t.Fatal(err)
	}
	all := make([]string, 0, len(members))
	for name := range members {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

func FuzzDecode(f *testing.F) {
	paths, _ := filepath.Glob("testdata/events/*.json")
	for _, path := range paths {
		if event, err := os.ReadFile(path); err == nil {
			f.Add(bytes.TrimSpace(event))
		}
	}
	f.Fuzz(func(t *testing.T, event []byte) {
		if len(event) > 1<<16 {
			return
		}
		ev, at, err := Decode(event)
		if err != nil {
			return
		}
		again := Encode(nil, ev, at)
		if second, _, err := Decode(again); err != nil || !bytes.Equal(Encode(nil, second, at), again) {
			t.Fatalf("not stable: %v\n%s\n%s", err, event, again)
		}
	})
}

func FuzzReadState(f *testing.F) {
	n := newNode(f)
	c := n.intent("uss1", 1, box(f, 0, 0, 30))
	c.Implicit = n.implicit(50)
	must(n, c)
	must(n, n.subscription("uss2", 51, box(f, 0, 0, 60)))
	f.Add(written(f, n.st.Freeze()))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		st, err := ReadState(data)
		if err != nil {
			return
		}
		if _, err := ReadState(written(t, st.Freeze())); err != nil {
			t.Fatal(err)
		}
	})
}
