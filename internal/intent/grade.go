package intent

import (
	"slices"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// percent is how wide the separation of the pair is, in percent of what is
// agreed: as wide as the less assured of the two needs.
func (h *hearing) percent(r *terms.Rules, o *Intent) int64 {
	own, _ := h.st.gradeOf(h.own.ID, h.own.Owner, o.Owner, h.marks, h.got)
	other, _ := h.st.gradeOf(o.ID, o.Owner, h.own.Owner, o.Marks, o.Receipts)
	silent := h.v.Silent != nil && (h.v.Silent(h.own.Owner, o.Owner) || h.v.Silent(o.Owner, h.own.Owner))
	noRule := r.Suspended && !h.again
	return max(
		r.Margins.Of(own, terms.Conditions{Late: isLate(h.got, o.Owner), NoRule: noRule, Silent: silent}),
		r.Margins.Of(other, terms.Conditions{Late: isLate(o.Receipts, h.own.Owner), NoRule: noRule, Silent: silent}),
	)
}

func isLate(receipts []Receipt, at party.ID) bool {
	return slices.ContainsFunc(receipts, func(r Receipt) bool {
		return r.Party == at && (r.Class == terms.Late || r.Class == terms.AfterFact)
	})
}

// Grade returns how well an intent is assured towards a party, and when that was
// last shown. An intent without evidence is a claim.
func (st *State) Grade(r *Intent, towards party.ID) (terms.Grade, statement.Instant) {
	return st.gradeOf(r.ID, r.Owner, towards, r.Marks, r.Receipts)
}

// gradeOf: a contradiction that people have not cleared lowers everything that
// its owner declares. What a track shows counts when another than the owner
// says so: for itself, or for all when it is a service.
func (st *State) gradeOf(id string, owner, towards party.ID, marks []Seen, receipts []Receipt) (terms.Grade, statement.Instant) {
	var last statement.Instant
	for _, d := range st.doubts[owner] {
		last = max(last, d.At)
	}
	if last != 0 {
		return terms.Contradicted, last
	}
	for _, m := range marks {
		if m.Kind == MarkTracked && m.By != owner && (m.By == towards || m.Service) {
			last = max(last, m.At)
		}
	}
	if last != 0 {
		return terms.Tracked, last
	}
	for _, r := range receipts {
		if r.Party == towards && r.Read != 0 {
			return terms.Acknowledged, r.Read
		}
	}
	return terms.Declared, 0
}
