package engine

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deconflict/deconflict/internal/channel"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/world"
)

// roleKey is the key of a party's chief, who signs for it.
func roleKey(id party.ID) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, id)
	return ed25519.NewKeyFromSeed(seed)
}

// say has a party do an act, signed by its role.
func say(t *testing.T, e *Engine, by party.ID, act string, body any) Done {
	t.Helper()
	raw, err := statement.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	a := &party.Act{Statement: party.Statement{
		Act: act, At: statement.Instant(time.Now().UnixNano()), Body: raw,
		ID: fmt.Sprint(act, e.Hub().Size(), time.Now().UnixNano()), Node: e.cfg.Journal.Origin, Party: by, Role: "chief",
	}}
	if a.Text, err = statement.Marshal(a.Statement); err != nil {
		t.Fatal(err)
	}
	s, err := party.Sign(roleKey(by), a.Text)
	if err != nil {
		t.Fatal(err)
	}
	a.Signatures = []party.Signature{s}
	kind, ok := world.Kind(act)
	if !ok {
		t.Fatalf("no act %s", act)
	}
	a.Content = kind.New()
	if err := statement.Unmarshal(raw, a.Content); err != nil {
		t.Fatal(err)
	}
	if checked, ok := a.Content.(interface{ Check() error }); ok {
		if err := checked.Check(); err != nil {
			t.Fatal(err)
		}
	}
	done, err := e.Act(t.Context(), a)
	if err != nil {
		t.Fatalf("%s: %v", act, err)
	}
	return done
}

// enrol enrols a signatory whose watch is manned for two weeks.
func enrol(t *testing.T, e *Engine, id party.ID) { enrolAs(t, e, id, registry.KindSignatory, nil) }

// enrolAs enrols a party of a kind, with policies beside the one about its record.
func enrolAs(t *testing.T, e *Engine, id party.ID, kind registry.Kind, more map[string]registry.Policy) {
	t.Helper()
	policies := map[string]registry.Policy{"party.change": {K: 1, Roles: []string{"chief"}}}
	maps.Copy(policies, more)
	role := func(name, person string, key ed25519.PrivateKey) registry.Role {
		return registry.Role{Name: name, Level: party.Policy, Holders: []registry.Holder{
			{Person: person, Key: party.NewKey(key.Public().(ed25519.PublicKey))},
		}}
	}
	roles := []registry.Role{role("chief", "one", roleKey(id)), role("deputy", "two", roleKey("deputy of "+id))}
	bearers := []registry.Bearer{{Name: "data", Kind: "data"}, {Name: "voice", Kind: "voice", Address: "line 1"}}
	say(t, e, id, "party.enrol", registry.Enrol{Party: registry.Party{
		ID: id, Kind: kind, Names: map[string]string{"en": string(id)}, Roles: roles, Policies: policies,
		Positions: []registry.Position{
			{Name: "watch", Level: party.Watch, Bearers: bearers}, {Name: "duty-director", Level: party.Duty, Bearers: bearers},
		},
	}})
	now := time.Now()
	for _, position := range []string{"watch", "duty-director"} {
		say(t, e, id, "party.roster", registry.Roster{Position: position, Watches: []registry.Watch{{
			Position: position, Person: "one", Level: party.Policy,
			From: statement.Instant(now.UnixNano()), To: statement.Instant(now.Add(14 * 24 * time.Hour).UnixNano()),
		}}})
	}
}

// happened lists what the journal of a node that is stopped holds from behind an
// instant on, each with how long after it was decided.
func happened(t *testing.T, d *disk, since time.Time) (list []string) {
	t.Helper()
	for _, text := range d.events {
		ev, ns, err := world.Decode(text)
		if err != nil {
			t.Fatal(err)
		}
		if ns <= since.UnixNano() {
			continue
		}
		list = append(list, fmt.Sprintf("%s %v", ev.Type(), time.Unix(0, ns).Sub(since)))
	}
	return list
}

// An unanswered FLASH goes up the ladder by the writer's own clock: each rung at
// its instant, with nobody asking, and also when the node was stopped and started
// anew in the middle of each.
func TestLadderClimbsByItself(t *testing.T) {
	for _, restarts := range []bool{false, true} {
		t.Run(fmt.Sprint("restarts ", restarts), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &disk{}
				cfg := Config{Dir: t.TempDir()}
				e := start(t, cfg, d.open(always, time.Millisecond, none))
				enrol(t, e, "north")
				enrol(t, e, "east")
				sent := say(t, e, "north", "channel.send", json.RawMessage(
					`{"to":{"party":"east","position":"watch"},"type":"WARN","precedence":"FLASH","fields":[{"name":"aircraft","count":12}]}`))
				_, sentNS, err := world.Decode(sent.Entries[0])
				if err != nil {
					t.Fatal(err)
				}
				began := time.Unix(0, sentNS)
				var rungs []time.Duration
				if err := e.ReadWorld(t.Context(), func(st *world.State, _ int64) {
					var at time.Duration
					for _, r := range st.Agreement.Rules("north", "east", 0).Ladder.Rungs {
						at += time.Duration(r.WaitNS)
						rungs = append(rungs, at)
					}
				}); err != nil {
					t.Fatal(err)
				}
				for _, at := range rungs {
					time.Sleep(time.Until(began.Add(at - time.Second)))
					synctest.Wait()
					if restarts {
						stop(t, e)
						e = start(t, cfg, d.open(always, time.Millisecond, none))
					}
					time.Sleep(2 * time.Second)
					synctest.Wait()
				}
				stop(t, e)
				got := happened(t, d, began)
				var attempts, want []string
				for _, s := range got {
					if strings.HasPrefix(s, "channel.attempt ") && !slices.Contains(attempts, s) {
						attempts = append(attempts, s)
					}
				}
				for _, at := range rungs {
					want = append(want, fmt.Sprintf("channel.attempt %v", at))
				}
				if !slices.Equal(attempts, want) {
					t.Errorf("found %v, want a rung's end and the next one's beginning at %v and at no other time", got, want)
				}
				if want := fmt.Sprintf("channel.fallback %v", rungs[len(rungs)-1]); !slices.Contains(got, want) {
					t.Errorf("behind the last rung there is no fallback: %v", got)
				}
				var open *channel.Message
				for _, m := range replayed(t, d).Channel.Inbox("east", "watch") {
					open = m
				}
				if open == nil || open.Consented() {
					t.Error("silence closed the message")
				}
			})
		})
	}
}

// replayed is the state that the disk's entries make.
func replayed(t *testing.T, d *disk) *world.State {
	t.Helper()
	r := recovered{state: world.New()}
	if err := r.replay(t.Context(), d.open(always, 0, none), int64(len(d.events))); err != nil {
		t.Fatal(err)
	}
	return r.state
}
