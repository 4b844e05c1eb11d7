package registry

import (
	"cmp"
	"slices"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

// Member says that a lead acts for another party in agreements, for some kinds
// of aircraft and a time. It binds once the member confirmed it.
type Member struct {
	Lead      party.ID          `json:"lead"`
	Member    party.ID          `json:"member"`
	Aircraft  []string          `json:"aircraft"` // kinds covered: manned, unmanned, other
	From      statement.Instant `json:"from"`
	To        statement.Instant `json:"to,omitzero"`        // first instant after; zero: open
	Confirmed statement.Instant `json:"confirmed,omitzero"` // by the member; zero: not yet
}

// memberKey tells what holds from what a lead named and the member did not
// confirm yet: wider terms must not end those that hold.
type memberKey struct {
	lead, member party.ID
	confirmed    bool
}

func (k memberKey) compare(o memberKey) int {
	if n := cmp.Or(cmp.Compare(k.lead, o.lead), cmp.Compare(k.member, o.member)); n != 0 || k.confirmed == o.confirmed {
		return n
	}
	if k.confirmed {
		return -1
	}
	return 1
}

func (m *Member) key() memberKey { return memberKey{m.Lead, m.Member, m.Confirmed != 0} }

func (m *Member) on(nowNS int64) bool {
	return int64(m.From) <= nowNS && (m.To == 0 || nowNS < int64(m.To))
}

// overlaps reports whether two memberships hold at some instant both.
func (m *Member) overlaps(o *Member) bool {
	return (m.To == 0 || o.From < m.To) && (o.To == 0 || m.From < o.To)
}

// within reports whether a membership promises nothing that another does not;
// nil promises nothing.
func (m *Member) within(o *Member) bool {
	if o == nil {
		return false
	}
	for _, kind := range m.Aircraft {
		if !slices.Contains(o.Aircraft, kind) {
			return false
		}
	}
	return m.From >= o.From && (o.To == 0 || m.To != 0 && m.To <= o.To)
}

// Members returns whom a lead named for an instant in nanoseconds since 1970, by
// id, each once. Those not confirmed are among them; they are not bound.
func (st *State) Members(lead party.ID, nowNS int64) []Member {
	var list []Member
	for _, m := range st.members {
		if m.Lead == lead && m.on(nowNS) {
			list = append(list, *m)
		}
	}
	slices.SortFunc(list, func(a, b Member) int { return a.key().compare(b.key()) })
	return slices.CompactFunc(list, func(a, b Member) bool { return a.Member == b.Member })
}

// member stores a membership. What is confirmed replaces what was named.
func (st *State) member(m Member) {
	if m.Confirmed != 0 {
		delete(st.members, memberKey{m.Lead, m.Member, false})
	}
	st.members[m.key()] = &m
}

// LeadOf returns under whose agreements a party acts at an instant in
// nanoseconds since 1970. Both must have said so: nobody is bound by another's
// word, nor covered by its own.
func (st *State) LeadOf(member party.ID, nowNS int64) (party.ID, bool) {
	m := st.Membership(member, nowNS)
	if m == nil {
		return "", false
	}
	return m.Lead, true
}

// Membership returns the confirmed membership of a party at an instant in
// nanoseconds since 1970, nil for none. It must not be modified.
func (st *State) Membership(member party.ID, nowNS int64) *Member {
	for _, m := range st.members {
		// At most one: confirmed memberships of a party do not overlap.
		if m.Member == member && m.Confirmed != 0 && m.on(nowNS) {
			return m
		}
	}
	return nil
}
