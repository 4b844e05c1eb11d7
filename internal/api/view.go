package api

import (
	"errors"
	"net/url"

	"github.com/deconflict/deconflict/internal/agreement"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/world"
)

// viewing is a look at what the parties have between them, as one of them may
// have it. Records are never changed in place, so that they may be answered with
// after the look.
type viewing struct {
	*world.State
	who   party.ID
	arg   string // what stood for {}
	nowNS int64
	query url.Values
}

// view serves a look; member names what is seen in the answer, and absent is
// said when there is nothing that the caller may see.
func view(member, absent string, see func(v *viewing) (thing any, found bool), parameters ...string) func(*handler, *call) error {
	return func(h *handler, c *call) error {
		query, err := c.parameters(parameters...)
		if err != nil {
			return err
		}
		var thing any
		var found bool
		head := h.Engine.Head()
		b := basis{Node: h.Origin, JournalSize: head.Size, JournalRoot: base64Of(head.Root), Means: meansParties}
		err = h.Engine.ReadWorld(c.r.Context(), func(st *world.State, nowNS int64) {
			b.NodeTime = instant(nowNS)
			thing, found = see(&viewing{st, c.who.Party, c.arg, nowNS, query})
		})
		if err != nil {
			return err
		}
		if !found {
			return NotFound.With(absent)
		}
		if refused, ok := thing.(error); ok {
			return asProblem(refused)
		}
		return c.answer(map[string]any{member: thing, "basis": b})
	}
}

const meansParties = "What parties said to this node and released to the caller. What nobody said, or nobody released, is not here."

// asProblem makes a domain's refusal a problem.
func asProblem(err error) error {
	var refusal *event.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	p := refusals[refusal.Kind].With(refusal.Message)
	p.Details = refusal.Details
	return p
}

// forms answers with what each act needs.
func (h *handler) forms(c *call) error {
	if _, err := c.parameters(); err != nil {
		return err
	}
	return c.answer(map[string]any{"forms": world.ActForms()})
}

var (
	viewParties = view("parties", "", func(v *viewing) (any, bool) {
		all := []any{}
		for _, p := range v.Registry.Parties() {
			if shown, ok := v.Registry.Show(p.ID, v.who, v.nowNS); ok {
				all = append(all, shown)
			}
		}
		return all, true
	})
	viewParty = view("party", "no such party is enrolled", func(v *viewing) (any, bool) {
		return some(v.Registry.Show(party.ID(v.arg), v.who, v.nowNS))
	})
	viewAgreements = view("agreements", "", func(v *viewing) (any, bool) {
		return v.Agreement.List(v.agreements(), v.who, v.nowNS), true
	})
	viewAgreement = view("agreement", "there is no such agreement, or you are not bound by it", func(v *viewing) (any, bool) {
		return some(v.Agreement.Get(v.agreements(), v.arg, v.who, v.nowNS))
	})
	viewRules = view("rules", "no such party is enrolled", func(v *viewing) (any, bool) {
		if v.Registry.Party(party.ID(v.arg)) == nil || v.arg == string(v.who) {
			return nil, false
		}
		return v.Agreement.Rules(v.who, party.ID(v.arg), v.nowNS), true
	})
	viewLink = view("link", "no such party is enrolled", func(v *viewing) (any, bool) {
		if v.Registry.Party(party.ID(v.arg)) == nil || v.arg == string(v.who) {
			return nil, false
		}
		return v.Bearer.Link(v.who, party.ID(v.arg)), true
	})
	viewNotice = view("notice", "there is no such notice, or it was not sent to you", func(v *viewing) (any, bool) {
		shown, err := v.Notice.Show(v.arg, v.who)
		return shown, err == nil
	})
)

func (v *viewing) agreements() agreement.View { return agreement.View{Registry: v.Registry} }

// some makes what a look-up found a thing of any kind.
func some[T any](thing T, found bool) (any, bool) { return thing, found }
