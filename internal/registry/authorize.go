package registry

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
)

// How far the `at` of a statement may be from the node's time, in nanoseconds.
const (
	// MaxAgeNS is for how long ids of statements must be remembered, counted from
	// the later of their `at` and their receipt: an older one is refused, so none
	// can be done twice. One that waits for co-signatures is let in until it
	// lapses.
	MaxAgeNS = 24 * hourNS
	// MaxAheadNS bounds acts that need held keys, whose date has legal effect.
	// Other acts may be ahead by MaxAgeNS: a clock that is wrong must not keep a
	// watch from speaking, and is measured and shown elsewhere.
	MaxAheadNS = 5 * minuteNS

	minuteNS = 60 * 1_000_000_000
	hourNS   = 60 * minuteNS
	dayNS    = 24 * hourNS
)

const maxSignatures = 32

// Signer is a person whose signature counts, in one role. Who signs with a key
// of two roles is there twice.
type Signer struct {
	Role   string      `json:"role"`
	Person string      `json:"person"`
	Level  party.Level `json:"level"`
	Key    party.Key   `json:"key"`
}

// Authority is under what authority an act is done.
type Authority struct {
	Party   party.ID      `json:"party"`
	Role    string        `json:"role,omitempty"`
	Person  string        `json:"person,omitempty"`
	Level   party.Level   `json:"level,omitzero"` // highest of who acts and signs; zero: no role
	Custody party.Custody `json:"custody"`
	Signers []Signer      `json:"signers,omitempty"` // by role, then person
	// Signatures are all that count, with those that came earlier, by key.
	Signatures []party.Signature `json:"signatures,omitempty"`
	// Missing are co-signatures still needed, in words; none: complete.
	Missing []string `json:"missing,omitempty"`
}

// Authorize returns under what authority an act is done. When co-signatures are
// missing the act is not to be decided yet: see Cosigned. Its error is a
// *event.Refusal.
//
// An act whose kind says Held, or for which the party has a policy, takes
// signatures by keys of the party's own record that are valid now: as many as
// the policy says, by distinct persons in distinct roles, and one of them of the
// kind's level. Any other act may be signed; if not, the party's token stands
// for it: with the role and the person that the token says, who must have the
// role, or else with the role that the statement claims, which must exist and
// counts as level watch at most.
func (st *State) Authorize(a *party.Act, k party.ActKind, nowNS int64) (Authority, error) {
	p := st.parties[a.Party]
	if a.Act == Stop {
		return stopAuthority(a, p, nowNS), nil
	}
	enrol, first := a.Content.(*Enrol)
	if first {
		if p != nil {
			return Authority{}, event.Refuse(event.NotNow, "found %s enrolled already; expected party.change to change its record", a.Party)
		}
		p = &enrol.Party
	}
	if p == nil {
		p = &Party{ID: a.Party, Kind: KindUnknown}
	}
	if !Allowed(p.Kind, a.Act) {
		if p.Kind == KindUnknown {
			return Authority{}, event.Refuse(event.NotAllowed, "%s is not for a party of kind %s: %s is not enrolled here; expected party.enrol first", a.Act, p.Kind, a.Party)
		}
		return Authority{}, event.Refuse(event.NotAllowed, "%s is not for a party of kind %s", a.Act, p.Kind)
	}
	waiting := st.pending[pendingKeyOf(a)]
	if err := checkAge(a, k, waiting, nowNS); err != nil {
		return Authority{}, err
	}
	policy, has := p.Policies[a.Act]
	if first {
		// Who enrols must be able to change what was enrolled.
		policy, has = Policy{K: 1, Roles: p.Policies["party.change"].Roles}, true
	}
	if len(a.Signatures) == 0 {
		if k.Held || has {
			return Authority{}, event.Refuse(event.Incomplete, "found no signature; %s takes %s", a.Act, needed(k, policy, has))
		}
		return p.byToken(a, k, nowNS)
	}
	by, err := p.bySignature(a, waiting, nowNS)
	if err != nil {
		return Authority{}, err
	}
	if has {
		err = by.meetPolicy(p, a.Act, k, policy)
	} else {
		err = by.meetLevel(a.Act, k)
	}
	if err != nil {
		return Authority{}, err
	}
	if len(by.Missing) > 0 && waiting == nil && st.pendingOf(a.Party) >= maxPending {
		return Authority{}, event.Refuse(event.NotNow, "found %d statements that wait for co-signatures, expected fewer; complete some or let them lapse", maxPending)
	}
	return by, nil
}

// stopAuthority says what is known of who says STOP. It refuses nothing.
func stopAuthority(a *party.Act, p *Party, nowNS int64) Authority {
	by := Authority{Party: a.Party, Level: party.Watch, Custody: party.ByNode, Person: a.TokenPerson}
	if p == nil {
		return by
	}
	if signed, err := p.bySignature(a, nil, nowNS); err == nil && len(signed.Signers) > 0 {
		return signed
	}
	if vouched, err := p.byToken(a, party.ActKind{}, nowNS); err == nil {
		vouched.Level = max(vouched.Level, party.Watch)
		return vouched
	}
	return by
}

func checkAge(a *party.Act, k party.ActKind, waiting *Pending, nowNS int64) error {
	at, ahead := int64(a.At), int64(MaxAgeNS)
	if k.Held {
		ahead = MaxAheadNS
	}
	if at > nowNS+ahead {
		return event.Refuse(event.Invalid, "found the time %s, which is more than %d min ahead of the node's", a.At, ahead/minuteNS)
	}
	if waiting == nil && at < nowNS-MaxAgeNS {
		return event.Refuse(event.Stale, "found the time %s, expected at most %d h before the node's; say it anew", a.At, MaxAgeNS/hourNS)
	}
	return nil
}

// byToken is the authority of an act that nobody signed.
func (p *Party) byToken(a *party.Act, k party.ActKind, nowNS int64) (Authority, error) {
	by := Authority{Party: a.Party, Custody: party.ByNode, Role: cmp.Or(a.TokenRole, a.Role), Person: cmp.Or(a.TokenPerson, a.Person)}
	if a.Role != "" && a.Role != by.Role {
		return by, event.Refuse(event.NotAllowed, "found the role %q, expected %q as in the token", a.Role, by.Role)
	}
	if a.Person != "" && a.Person != by.Person {
		return by, event.Refuse(event.NotAllowed, "found the person %q, expected %q as in the token", a.Person, by.Person)
	}
	if by.Role != "" {
		r := p.Role(by.Role)
		if r == nil {
			return by, event.Refuse(event.NotAllowed, "found the role %q, expected one of the party's record", by.Role)
		}
		vouched := a.TokenRole != "" || a.TokenPerson != ""
		switch {
		case vouched && by.Person != "" && !r.holder(by.Person, nowNS, nowNS+1):
			return by, event.Refuse(event.NotAllowed, "%q does not have the role %s now", by.Person, by.Role)
		case vouched && !r.Assigned(nowNS):
			return by, event.Refuse(event.NotAllowed, "nobody has the role %s now", by.Role)
		case vouched:
			by.Level = r.Level
		default:
			by.Level = party.Watch
		}
	}
	return by, by.meetLevel(a.Act, k)
}

// bySignature is the authority of those who signed an act, with the signatures
// of the same statement that came earlier.
func (p *Party) bySignature(a *party.Act, waiting *Pending, nowNS int64) (Authority, error) {
	by := Authority{Party: a.Party, Custody: party.Held}
	if len(a.Signatures) > maxSignatures {
		return by, event.Refuse(event.Invalid, "found %d signatures, expected at most %d", len(a.Signatures), maxSignatures)
	}
	for _, s := range a.Signatures {
		found, listed := p.signers(s.Key, nowNS)
		if !listed {
			return by, event.Refuse(event.NotAllowed, "found a signature of the key %s, expected keys of the party's record", s.Key)
		}
		if len(found) == 0 {
			return by, event.Refuse(event.NotAllowed, "found a signature of the key %s, which is not valid now", s.Key)
		}
		by.add(s, found)
	}
	if waiting != nil {
		for _, s := range waiting.Signatures {
			// One who lost the role since does not count, and needs no refusal.
			if found, _ := p.signers(s.Key, nowNS); len(found) > 0 {
				by.add(s, found)
			}
		}
	}
	slices.SortFunc(by.Signers, func(a, b Signer) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Person, b.Person), cmp.Compare(a.Key, b.Key))
	})
	slices.SortFunc(by.Signatures, func(a, b party.Signature) int { return cmp.Compare(a.Key, b.Key) })
	return by, by.name(a)
}

// signers returns in which roles a key signs now. listed reports whether the
// record has the key at all.
func (p *Party) signers(key party.Key, nowNS int64) (found []Signer, listed bool) {
	if key == "" {
		return nil, false
	}
	for _, r := range p.Roles {
		for _, h := range r.Holders {
			if h.Key != key {
				continue
			}
			listed = true
			if h.Holds(nowNS) {
				found = append(found, Signer{r.Name, h.Person, r.Level, key})
			}
		}
	}
	return found, listed
}

// add counts a signature once, however often it is there.
func (by *Authority) add(s party.Signature, found []Signer) {
	if slices.ContainsFunc(by.Signatures, func(o party.Signature) bool { return o.Key == s.Key }) {
		return
	}
	by.Signatures = append(by.Signatures, s)
	for _, f := range found {
		if !slices.Contains(by.Signers, f) {
			by.Signers = append(by.Signers, f)
		}
		by.Level = max(by.Level, f.Level)
	}
}

// name finds who acts among the signers: whom the statement names, else the one
// of the highest level.
func (by *Authority) name(a *party.Act) error {
	best := -1
	for i, s := range by.Signers {
		if a.Role != "" && a.Role != s.Role || a.Person != "" && a.Person != s.Person {
			continue
		}
		if best < 0 || s.Level > by.Signers[best].Level {
			best = i
		}
	}
	if best < 0 {
		return event.Refuse(event.NotAllowed, "the statement names the role %q and the person %q, expected one of those who sign", a.Role, a.Person)
	}
	by.Role, by.Person = by.Signers[best].Role, by.Signers[best].Person
	return nil
}

func (by *Authority) meetLevel(act string, k party.ActKind) error {
	if by.Level >= k.Level {
		return nil
	}
	found := "no role"
	if by.Level > 0 {
		found = "level " + by.Level.String()
	}
	return event.Refuse(event.NotAllowed, "found %s, expected level %s or above for %s", found, k.Level, act)
}

// meetPolicy fills Missing, or refuses what no further signature makes whole.
func (by *Authority) meetPolicy(p *Party, act string, k party.ActKind, policy Policy) error {
	counted, competent := 0, false
	for _, s := range by.Signers {
		if slices.Contains(policy.Roles, s.Role) {
			counted++
			competent = competent || s.Level >= k.Level
		}
	}
	if counted == 0 {
		return event.Refuse(event.NotAllowed, "found no signature in the roles that the party's policy for %s names: %s", act, strings.Join(policy.Roles, ", "))
	}
	filled := distinct(policy.Roles, by.Signers)
	if lack := policy.K - filled; lack > 0 {
		by.Missing = append(by.Missing, fmt.Sprintf("%s more, by other persons in other roles of %s", plural(lack, "signature"), strings.Join(policy.Roles, ", ")))
	}
	if !competent {
		var able []string
		for _, name := range policy.Roles {
			if r := p.Role(name); r != nil && r.Level >= k.Level {
				able = append(able, name)
			}
		}
		if len(able) == 0 {
			return event.Refuse(event.NotAllowed, "the party's policy for %s names no role of level %s or above", act, k.Level)
		}
		by.Missing = append(by.Missing, fmt.Sprintf("a signature of level %s or above, in the role %s", k.Level, strings.Join(able, " or ")))
	}
	return nil
}

// distinct returns how many of the roles can be filled by signers so that no
// person fills two: a maximum matching of roles and persons, found by
// augmenting paths.
func distinct(roles []string, signers []Signer) int {
	takenBy := map[string]string{} // person: role
	var fill func(role string, tried map[string]bool) bool
	fill = func(role string, tried map[string]bool) bool {
		for _, s := range signers {
			if s.Role != role || tried[s.Person] {
				continue
			}
			tried[s.Person] = true
			if other, taken := takenBy[s.Person]; !taken || fill(other, tried) {
				takenBy[s.Person] = role
				return true
			}
		}
		return false
	}
	n := 0
	for _, role := range roles {
		if fill(role, map[string]bool{}) {
			n++
		}
	}
	return n
}

// needed says in words which signatures an act takes.
func needed(k party.ActKind, policy Policy, has bool) string {
	if has {
		return fmt.Sprintf("those of %s in distinct roles of %s", plural(policy.K, "person"), strings.Join(policy.Roles, ", "))
	}
	if k.Level > 0 {
		return fmt.Sprintf("that of a role of level %s or above", k.Level)
	}
	return "that of a role"
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
