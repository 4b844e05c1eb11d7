package registry

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
)

// AllPositions stands for all positions of a party, as in the path of an inbox.
const AllPositions = "all"

// maxHookBytes is the length of the longest URL of a hook.
const maxHookBytes = 2000

// Hook is the body of party.hook: where the node sends what comes into an inbox.
// One of a position takes the place of the one before.
type Hook struct {
	Position string `json:"position"`      // of the party's record, or all
	URL      string `json:"url,omitempty"` // none: no longer
}

// Hooked is the URL of an inbox from now on.
type Hooked struct {
	Party    party.ID `json:"party"`
	Position string   `json:"position"`
	URL      string   `json:"url,omitempty"` // none: no longer
}

// Hooking is a hook in force.
type Hooking struct {
	Party    party.ID `json:"party"`
	Position string   `json:"position"`
	URL      string   `json:"url"`
	Index    int64    `json:"index"` // of its entry in the journal: what comes later is sent
}

// Check implements the check of bodies.
func (b *Hook) Check() error {
	if b.Position == "" || len(b.Position) > maxNameBytes {
		return fmt.Errorf("position: found %.80q, expected one of the party's record, or %s", b.Position, AllPositions)
	}
	if b.URL == "" {
		return nil
	}
	u, err := url.Parse(b.URL)
	switch {
	case len(b.URL) > maxHookBytes, err != nil, u.Scheme != "https" && u.Scheme != "http", u.Host == "":
		return fmt.Errorf("url: expected an https URL of at most %d bytes", maxHookBytes)
	case u.User != nil, u.Fragment != "":
		return errors.New("url: found a user or a fragment, expected neither")
	}
	return nil
}

// Type implements event.Event.
func (*Hooked) Type() string { return "party.hooked" }

// Actor implements event.Event.
func (e *Hooked) Actor() party.ID { return e.Party }

// Release implements event.Event: where a party hears is its own business, and
// such URLs hold secrets.
func (e *Hooked) Release(to party.ID) []string { return own(e.Party, to) }

func (*Hooked) registryEvent() {}

func (st *State) decideHook(a *party.Act, body *Hook) ([]event.Event, error) {
	p := st.parties[a.Party]
	if body.Position != AllPositions && (p == nil || p.Position(body.Position) == nil) {
		return nil, event.Refuse(event.NotFound, "found the position %q, expected one of the party's record, or %s", body.Position, AllPositions)
	}
	if st.hooks[deskKey{a.Party, body.Position}].URL == body.URL {
		return nil, event.Refuse(event.NotNow, "position %q: it is so already", body.Position)
	}
	return []event.Event{&Hooked{a.Party, body.Position, body.URL}}, nil
}

func (st *State) hook(e *Hooked, index int64) {
	key := deskKey{e.Party, e.Position}
	if e.URL == "" {
		delete(st.hooks, key)
		return
	}
	st.hooks[key] = Hooking{e.Party, e.Position, e.URL, index}
}

// Hooks returns the hooks in force, by party and position.
func (st *State) Hooks() []Hooking {
	list := make([]Hooking, 0, len(st.hooks))
	for _, h := range st.hooks {
		list = append(list, h)
	}
	slices.SortFunc(list, func(a, b Hooking) int {
		return cmp.Or(cmp.Compare(a.Party, b.Party), cmp.Compare(a.Position, b.Position))
	})
	return list
}
