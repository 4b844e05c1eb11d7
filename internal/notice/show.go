package notice

import (
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// Shown is what one party may see of a notice.
type Shown struct {
	Wording  string   `json:"wording"`
	Notice   string   `json:"notice"`
	Notifier party.ID `json:"notifier"`
	Version  int64    `json:"version"`
	Content  *Content `json:"content,omitempty"`
	Doubts   []Doubt  `json:"doubts,omitempty"`
	Confirm  string   `json:"confirm,omitempty"`
	Standing Standing `json:"standing"`
	// InQuestion tells a recipient that a newer version is being checked.
	InQuestion bool              `json:"in_question,omitempty"`
	HeldUntil  statement.Instant `json:"held_until,omitempty"`
	EndReason  string            `json:"end_reason,omitempty"`
	MovedTo    string            `json:"moved_to,omitempty"`
	Revoked    bool              `json:"revoked,omitempty"` // drop it

	Chain *Recipient `json:"chain,omitempty"` // the caller's own, as a recipient

	// For the notifier alone.
	Consent     []party.ID  `json:"consent,omitempty"`
	Recipients  []Recipient `json:"recipients,omitempty"`
	Old         []Holder    `json:"old,omitempty"` // who still goes by an older version
	Unread      []party.ID  `json:"unread,omitempty"`
	CannotAvoid []party.ID  `json:"cannot_avoid,omitempty"`
	History     []Past      `json:"history,omitempty"`
}

// Holder is a party that still goes by an older version, or has not said that it
// dropped what it must not have any more.
type Holder struct {
	Party   party.ID `json:"party"`
	Version int64    `json:"version"`
	Step    Link     `json:"step,omitempty"` // how far that version got; empty: sent
}

// OldHolders returns who still goes by an older version than the present one: a
// new version replaces an old one in a house when it has got as far there.
func (n *Notice) OldHolders() []Holder {
	var out []Holder
	for i := range n.Recipients {
		r := &n.Recipients[i]
		gone := n.Standing == Over || !r.active()
		switch {
		case r.DroppedAt != 0:
		case r.Old != nil:
			out = append(out, Holder{r.Party, r.Old.Version, r.Old.Step})
		case gone || r.Version != n.Version:
			h := Holder{Party: r.Party, Version: r.Version}
			if reached := r.Reached(); reached > 0 {
				h.Step = links[reached-1]
			}
			out = append(out, h)
		}
	}
	return out
}

// Show returns what a party may see of a notice. To anybody but the notifier and
// those who were sent it there is no such notice. Its error is a *event.Refusal.
func (st *State) Show(id string, to party.ID) (*Shown, error) {
	n := st.notices[id]
	if n == nil {
		return nil, noNotice(id)
	}
	out := &Shown{
		Wording: Wording, Notice: n.ID, Notifier: n.Notifier, Version: n.Version, Content: n.Content, Doubts: n.Doubts,
		Confirm: n.Confirm, Standing: n.Standing, HeldUntil: n.HeldUntil, EndReason: n.EndReason, MovedTo: n.MovedTo,
	}
	if n.Notifier == to {
		out.Consent, out.Recipients, out.Old, out.History = n.Consent, n.Recipients, n.OldHolders(), n.History
		out.Unread, out.CannotAvoid = n.Risks()
		return out, nil
	}
	r := n.recipient(to)
	if r == nil {
		return nil, noNotice(id)
	}
	out.Chain, out.Version = r, r.Version
	switch {
	case !r.active():
		// It is told to drop the notice, and nothing more of it.
		return &Shown{Wording: Wording, Notice: n.ID, Notifier: n.Notifier, Version: r.Version, Standing: n.Standing, Revoked: true, Chain: r}, nil
	case n.Prior != nil:
		out.Content, out.Doubts, out.Confirm = n.Prior.Content, n.Prior.Doubts, n.Prior.Confirm
		if n.Standing == Held {
			out.Standing, out.InQuestion = Told, true
		}
	}
	return out, nil
}
