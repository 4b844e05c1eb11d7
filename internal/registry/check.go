package registry

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/deconflict/deconflict/internal/party"
)

// Bounds of a record.
const (
	maxNameBytes    = 64 // of roles, positions, bearers, persons
	maxLabelBytes   = 200
	maxAddressBytes = 400
	maxContactBytes = 1000
	maxLanguages    = 16
	maxRoles        = 64
	maxHolders      = 64
	maxPolicies     = 64
	maxPositions    = 32
	maxBearers      = 16
	maxCorners      = 256
	maxWatches      = 256
	maxWatchNS      = 31 * dayNS // a longer watch is nobody's
)

// Check implements the check of bodies.
func (b *Enrol) Check() error { return b.Party.Check() }

// Check implements the check of bodies.
func (b *Change) Check() error { return b.Party.Check() }

// Check returns what is wrong with a record that a party states about itself,
// whatever else is known.
func (p *Party) Check() error {
	if !p.ID.Valid() {
		return fmt.Errorf("id: found %.300q, expected 1 to %d printable ASCII characters without spaces", string(p.ID), party.MaxIDBytes)
	}
	if !slices.Contains(Kinds, p.Kind) {
		return fmt.Errorf("kind: found %.64q, expected signatory, member, notifier, service, third, unknown or witness", string(p.Kind))
	}
	if p.Version != 0 || p.Since != 0 {
		return errors.New("found version or since, expected neither: the node says them")
	}
	if (p.Kind == KindMember) != (p.Lead != "") {
		return errors.New("lead: expected one for a party of kind member, and for no other")
	}
	if p.Lead != "" && (!p.Lead.Valid() || p.Lead == p.ID) {
		return fmt.Errorf("lead: found %.300q, expected another party", string(p.Lead))
	}
	for _, check := range []func() error{p.checkNames, p.checkRoles, p.checkPolicies, p.checkPositions, p.checkArea} {
		if err := check(); err != nil {
			return err
		}
	}
	if p.Contact != "" && !text(p.Contact, maxContactBytes) {
		return fmt.Errorf("contact: expected at most %d bytes of printable text", maxContactBytes)
	}
	return nil
}

func (p *Party) checkNames() error {
	if len(p.Names) == 0 || len(p.Names) > maxLanguages {
		return fmt.Errorf("names: found %d, expected 1 to %d", len(p.Names), maxLanguages)
	}
	for _, lang := range slices.Sorted(maps.Keys(p.Names)) {
		if !language(lang) {
			return fmt.Errorf("names: found the language %.64q, expected a tag such as en", lang)
		}
		if !text(p.Names[lang], maxLabelBytes) {
			return fmt.Errorf("names.%s: expected 1 to %d bytes of printable text", lang, maxLabelBytes)
		}
	}
	return checkLanguages("languages", p.Languages)
}

func (p *Party) checkRoles() error {
	if len(p.Roles) == 0 || len(p.Roles) > maxRoles {
		return fmt.Errorf("roles: found %d, expected 1 to %d", len(p.Roles), maxRoles)
	}
	owner := map[party.Key]string{}
	for i, r := range p.Roles {
		at := fmt.Sprintf("roles[%d]", i)
		if !name(r.Name) {
			return fmt.Errorf("%s.name: found %.80q, expected %s", at, r.Name, nameForm)
		}
		if p.Role(r.Name) != &p.Roles[i] {
			return fmt.Errorf("%s.name: found %q twice, expected each once", at, r.Name)
		}
		if r.Level < party.Watch || r.Level > party.Policy {
			return fmt.Errorf("%s.level: expected watch, duty, senior or policy", at)
		}
		if len(r.Holders) > maxHolders {
			return fmt.Errorf("%s.holders: found %d, expected at most %d", at, len(r.Holders), maxHolders)
		}
		for j, h := range r.Holders {
			if err := h.check(owner); err != nil {
				return fmt.Errorf("%s.holders[%d]: %w", at, j, err)
			}
		}
	}
	return nil
}

// check checks a holder; owner has whose keys came before.
func (h *Holder) check(owner map[party.Key]string) error {
	if !text(h.Person, maxNameBytes) {
		return fmt.Errorf("person: expected an alias of 1 to %d bytes of printable text", maxNameBytes)
	}
	if h.To != 0 && h.To <= h.From {
		return fmt.Errorf("found to %s, expected later than from %s", h.To, h.From)
	}
	if h.Key == "" {
		return nil
	}
	if _, ok := h.Key.Public(); !ok {
		return fmt.Errorf("key: found %.64q, expected an Ed25519 public key in base64url without padding", string(h.Key))
	}
	if other, taken := owner[h.Key]; taken && other != h.Person {
		return fmt.Errorf("key: found that of %q, expected one of %q's own", other, h.Person)
	}
	owner[h.Key] = h.Person
	return nil
}

func (p *Party) checkPolicies() error {
	if len(p.Policies) > maxPolicies {
		return fmt.Errorf("policies: found %d, expected at most %d", len(p.Policies), maxPolicies)
	}
	for _, act := range slices.Sorted(maps.Keys(p.Policies)) {
		domain, verb, ok := strings.Cut(act, ".")
		if !ok || !name(domain) || !name(verb) || kindsOf(act) == nil {
			return fmt.Errorf("policies: found the act %.80q, expected one such as agreement.sign", act)
		}
		if unpoliced(act) {
			return fmt.Errorf("policies: found %s, expected no act that must not wait for a second person", act)
		}
		policy := p.Policies[act]
		if len(policy.Roles) == 0 || len(policy.Roles) > maxRoles {
			return fmt.Errorf("policies.%s: found %d roles, expected 1 to %d", act, len(policy.Roles), maxRoles)
		}
		if policy.K < 1 || policy.K > len(policy.Roles) {
			return fmt.Errorf("policies.%s.k: found %d, expected 1 to %d, the number of its roles", act, policy.K, len(policy.Roles))
		}
		for i, role := range policy.Roles {
			if p.Role(role) == nil || slices.Index(policy.Roles, role) != i {
				return fmt.Errorf("policies.%s.roles: found %.80q, expected roles of the record, each once", act, role)
			}
		}
	}
	if _, ok := p.Policies["party.change"]; !ok {
		return errors.New("policies: found none for party.change, expected one: without it the record could never change")
	}
	return nil
}

func (p *Party) checkPositions() error {
	if len(p.Positions) > maxPositions {
		return fmt.Errorf("positions: found %d, expected at most %d", len(p.Positions), maxPositions)
	}
	for i, q := range p.Positions {
		at := fmt.Sprintf("positions[%d]", i)
		if !name(q.Name) || p.Position(q.Name) != &p.Positions[i] {
			return fmt.Errorf("%s.name: found %.80q, expected %s, each once", at, q.Name, nameForm)
		}
		if q.Level < party.Watch || q.Level > party.Policy {
			return fmt.Errorf("%s.level: expected watch, duty, senior or policy", at)
		}
		if len(q.Bearers) == 0 || len(q.Bearers) > maxBearers {
			return fmt.Errorf("%s.bearers: found %d, expected 1 to %d", at, len(q.Bearers), maxBearers)
		}
		for j, b := range q.Bearers {
			if !name(b.Name) || slices.IndexFunc(q.Bearers, func(o Bearer) bool { return o.Name == b.Name }) != j {
				return fmt.Errorf("%s.bearers[%d].name: found %.80q, expected %s, each once", at, j, b.Name, nameForm)
			}
			if b.Kind != "data" && b.Kind != "voice" && b.Kind != "radio" {
				return fmt.Errorf("%s.bearers[%d].kind: found %.64q, expected data, voice or radio", at, j, b.Kind)
			}
			if b.Address != "" && !text(b.Address, maxAddressBytes) {
				return fmt.Errorf("%s.bearers[%d].address: expected at most %d bytes of printable text", at, j, maxAddressBytes)
			}
		}
	}
	return nil
}

func (p *Party) checkArea() error {
	if n := len(p.Area); n != 0 && n < 3 || n > maxCorners {
		return fmt.Errorf("area: found %d corners, expected none or 3 to %d", n, maxCorners)
	}
	for i, c := range p.Area {
		if c.LatE9 < -90e9 || c.LatE9 > 90e9 || c.LngE9 < -180e9 || c.LngE9 > 180e9 {
			return fmt.Errorf("area[%d]: found lat_e9 %d, lng_e9 %d, expected -90e9 to 90e9 and -180e9 to 180e9", i, c.LatE9, c.LngE9)
		}
	}
	return nil
}

// changeable returns an error unless the policy for party.change can be met at
// an instant by those who have keys: otherwise the record would be locked.
func (p *Party) changeable(nowNS int64) error {
	policy := p.Policies["party.change"]
	var able []Signer
	competent := false
	for _, name := range policy.Roles {
		r := p.Role(name)
		if r == nil {
			continue
		}
		for _, h := range r.Holders {
			if h.Key != "" && h.Holds(nowNS) {
				able = append(able, Signer{r.Name, h.Person, r.Level, h.Key})
				competent = competent || r.Level >= Acts["party.change"].Level
			}
		}
	}
	if n := distinct(policy.Roles, able); n < policy.K {
		return fmt.Errorf("policies.party.change: found keys of %s in distinct roles, expected %d: else the record could never change", plural(n, "person"), policy.K)
	}
	if !competent {
		return fmt.Errorf("policies.party.change: found nobody with a key and level %s, expected at least one", Acts["party.change"].Level)
	}
	return nil
}

// Check implements the check of bodies.
func (b *Roster) Check() error {
	if len(b.Watches) > maxWatches {
		return fmt.Errorf("watches: found %d, expected at most %d", len(b.Watches), maxWatches)
	}
	for i, w := range b.Watches {
		at := fmt.Sprintf("watches[%d]", i)
		switch {
		case w.Position != "" && w.Position != b.Position:
			return fmt.Errorf("%s.position: found %.80q, expected none or %.80q", at, w.Position, b.Position)
		case !text(w.Person, maxNameBytes):
			return fmt.Errorf("%s.person: expected an alias of 1 to %d bytes of printable text", at, maxNameBytes)
		case w.Level < party.Watch || w.Level > party.Policy:
			return fmt.Errorf("%s.level: expected watch, duty, senior or policy", at)
		case w.To <= w.From || w.To-w.From > maxWatchNS:
			return fmt.Errorf("%s: found %s to %s, expected an end at most %d days after the start", at, w.From, w.To, maxWatchNS/dayNS)
		}
		if err := checkLanguages(at+".languages", w.Languages); err != nil {
			return err
		}
	}
	return nil
}

// backs returns an error unless the record lets a person stand a watch, from an
// instant to the watch's end: in a role of the level said, which is that of the
// position at least.
func (p *Party) backs(w *Watch, fromNS int64) error {
	q := p.Position(w.Position)
	if q == nil {
		return fmt.Errorf("found the position %q, expected one of the party's record", w.Position)
	}
	if w.Level < q.Level {
		return fmt.Errorf("found level %s, expected %s or above for %s", w.Level, q.Level, w.Position)
	}
	for i := range p.Roles {
		if r := &p.Roles[i]; r.Level >= w.Level && r.holder(w.Person, fromNS, int64(w.To)) {
			return nil
		}
	}
	return fmt.Errorf("found %q, expected a person who has a role of level %s or above for the whole watch", w.Person, w.Level)
}

func compareWatches(a, b Watch) int {
	return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Person, b.Person))
}

// Check implements the check of bodies.
func (b *Name) Check() error {
	if !b.Lead.Valid() || !b.Member.Valid() || b.Lead == b.Member {
		return errors.New("lead, member: expected the ids of two parties")
	}
	if len(b.Aircraft) == 0 {
		return errors.New("aircraft: found none, expected manned, unmanned or other")
	}
	for i, kind := range b.Aircraft {
		if kind != "manned" && kind != "unmanned" && kind != "other" || slices.Index(b.Aircraft, kind) != i {
			return fmt.Errorf("aircraft: found %.64q, expected manned, unmanned or other, each once", kind)
		}
	}
	if b.To != 0 && b.To < b.From {
		return fmt.Errorf("found to %s, expected not before from %s", b.To, b.From)
	}
	return nil
}

func checkLanguages(at string, tags []string) error {
	if len(tags) > maxLanguages {
		return fmt.Errorf("%s: found %d, expected at most %d", at, len(tags), maxLanguages)
	}
	for i, tag := range tags {
		if !language(tag) || slices.Index(tags, tag) != i {
			return fmt.Errorf("%s: found %.64q, expected tags such as en, each once", at, tag)
		}
	}
	return nil
}

const nameForm = "1 to 64 lower-case letters, digits, - and _"

// name reports whether s is a name for programs.
func name(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= maxNameBytes
}

// language reports whether s looks like a tag of BCP 47 in lower case.
func language(s string) bool {
	return len(s) >= 2 && len(s) <= 16 && name(s) && s[0] >= 'a' && !strings.Contains(s, "_")
}

// text reports whether s is 1 to max bytes that show as they are: no control
// characters, and none that reorder what is read.
func text(s string, max int) bool {
	if len(s) == 0 || len(s) > max || !utf8.ValidString(s) {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}
