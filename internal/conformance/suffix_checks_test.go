package conformance

import (
	"crypto/rand"
	"strings"
	"time"
)

var suffixChecks = []check{
	{ids: "interuss.f3548.ovn_request.ImplementAPI", what: "an OVN as requested", run: requestedOVN},
	{ids: "interuss.f3548.ovn_request.ImplementAPI", what: "suffixes that are refused", run: badSuffixes},
	{ids: "interuss.f3548.ovn_request.ImplementAPI oir/versions", what: "a suffix cannot be used again", run: repeatedSuffix, own: true},
}

// timeUUID returns a UUID of version 7 (RFC 9562 section 5.7).
func timeUUID(at time.Time) string {
	var b [16]byte
	_, _ = rand.Read(b[6:])
	ms := at.UnixMilli()
	for i := range 6 {
		b[i] = byte(ms >> (40 - 8*i))
	}
	b[6], b[8] = b[6]&0x0f|0x70, b[8]&0x3f|0x80
	return formatUUID(b)
}

func requestedOVN(p *probe) {
	alder := p.uss("uss-alder")
	id, ovn := newID(), ""
	for i, off := range []time.Duration{0, -4 * time.Minute, 4 * time.Minute} {
		suffix := timeUUID(time.Now().Add(off))
		made := alder.on(i).putIntent(id, ovn, alder.intent(here).set("requested_ovn_suffix", suffix))
		p.equal("OVN", made.OVN, id+"_"+suffix)
		ovn = made.OVN
		alder.on(i + 1).sameIntent(made.reference)
	}
	// The next OVN is the DSS's again.
	made := alder.putIntent(id, ovn, alder.activated(here))
	p.equal("OVN changes", made.OVN != ovn, true)
	alder.deleteIntent(id, made.OVN)
}

func badSuffixes(p *probe) {
	alder := p.uss("uss-alder")
	made := alder.putIntent(newID(), "", alder.intent(here)).reference
	now := time.Now()
	good := timeUUID(now)
	for name, suffix := range map[string]any{
		"no UUID":      "not-a-uuid",
		"empty":        "",
		"version 6":    good[:14] + "6" + good[15:],
		"version 4":    newID(),
		"of 2024":      timeUUID(time.Date(2024, 7, 1, 12, 0, 0, 0, time.UTC)),
		"of yesterday": timeUUID(now.Add(-24 * time.Hour)),
		"7 min ago":    timeUUID(now.Add(-7 * time.Minute)),
		"in 7 min":     timeUUID(now.Add(7 * time.Minute)),
		"no variant":   good[:19] + "c" + good[20:],
		"no dashes":    strings.ReplaceAll(good, "-", ""),
		"with braces":  "{" + good + "}",
		"more behind":  good + "x",
		"a number":     7,
	} {
		p.each(name, func(p *probe) {
			alder, id := alder.in(p), newID()
			alder.putIntent(id, "", alder.intent(here.move(0, 2000)).set("requested_ovn_suffix", suffix), 400)
			alder.noIntent(id)
			alder.putIntent(made.ID, made.OVN, alder.intent(here).set("requested_ovn_suffix", suffix), 400)
			alder.sameIntent(made)
		})
	}
}

// An OVN must change on every update, so the same suffix cannot serve twice.
func repeatedSuffix(p *probe) {
	alder := p.uss("uss-alder")
	body := alder.intent(here).set("requested_ovn_suffix", timeUUID(time.Now()))
	made := alder.putIntent(newID(), "", body).reference
	alder.putIntent(made.ID, made.OVN, body, 400, 409)
	alder.sameIntent(made)
}
