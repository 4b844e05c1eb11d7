package agreement

import (
	"slices"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

func isFloor(t *terms.Text) bool { return t.Kind == terms.Floor }

// entersAt returns when a version that all have signed comes into force: at the
// last signature, or at the stated instant if that is later.
func entersAt(t *terms.Text, signed statement.Instant) statement.Instant {
	if t.Entry != nil && t.Entry.At != nil {
		return max(*t.Entry.At, signed)
	}
	return signed
}

// expiresAt is zero for a text that does not expire.
func expiresAt(t *terms.Text) statement.Instant { return instant(t.ExpiresAt) }

func reviewAt(t *terms.Text) statement.Instant { return instant(t.ReviewAt) }

func instant(at *statement.Instant) statement.Instant {
	if at == nil {
		return 0
	}
	return *at
}

// suspensionNotice is zero where no notice is agreed: the right to suspend does
// not wait for what was not written down.
func suspensionNotice(v *version) int64 {
	return span(v, func(t *terms.Text) *int64 { return t.SuspensionNoticeNS })
}

func terminationNotice(v *version) int64 {
	return span(v, func(t *terms.Text) *int64 { return t.TerminationNoticeNS })
}

// withdrawalNotice is how long before its end a party withdraws from a floor.
func withdrawalNotice(v *version) int64 { return terminationNotice(v) }

func span(v *version, of func(*terms.Text) *int64) int64 {
	if v == nil || of(v.Text) == nil {
		return 0
	}
	return *of(v.Text)
}

func hasAnnex(t *terms.Text, name string) bool {
	return slices.ContainsFunc(t.Annexes, func(a terms.Annex) bool { return a.Name == name })
}

func hasClause(t *terms.Text, id string) bool {
	return slices.ContainsFunc(t.Clauses, func(c terms.Clause) bool { return c.ID == id })
}

// without returns the text less the clauses of some annexes.
func without(t *terms.Text, annexes []string) *terms.Text {
	if len(annexes) == 0 {
		return t
	}
	c := *t
	c.Clauses = slices.DeleteFunc(slices.Clone(t.Clauses), func(c terms.Clause) bool {
		return c.Annex != "" && slices.Contains(annexes, c.Annex)
	})
	return &c
}

// ladder returns the positions that a text's ladder names, each once. A text
// without a ladder names none.
func ladder(t *terms.Text, parties []party.ID) []string {
	rules := terms.Compile([]terms.InForce{{Text: t}}, terms.Pair(parties[0], parties[1]))
	if rules.Ladder.Source == (terms.Source{}) {
		return nil
	}
	var names []string
	for _, r := range rules.Ladder.Rungs {
		if !slices.Contains(names, r.Position) {
			names = append(names, r.Position)
		}
	}
	return names
}

// results is the digest of what the worked examples of a text come to.
func results(t *terms.Text) (string, error) {
	r, err := terms.RunExamples(t)
	if err != nil {
		return "", err
	}
	return terms.ResultsDigest(r), nil
}

// roles returns under which roles an act was signed, each once.
func roles(by registry.Authority) []string {
	names := []string{}
	for _, s := range by.Signers {
		if !slices.Contains(names, s.Role) {
			names = append(names, s.Role)
		}
	}
	slices.Sort(names)
	return names
}
