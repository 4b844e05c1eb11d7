package registry

import "strings"

// Stop is the one act that is taken from whoever can reach the node: any kind of
// party, enrolled or not, any role or none, signed, badly signed or not, however
// wrong its clock. What a signature adds can follow later.
const Stop = "channel.stop"

var (
	anyKind   = []Kind{KindSignatory, KindMember, KindNotifier, KindService, KindThird, KindUnknown, KindWitness}
	enrolled  = anyKind // whoever enrols has a record to keep
	operators = []Kind{KindSignatory, KindMember, KindNotifier, KindService, KindThird}
	known     = []Kind{KindSignatory, KindMember, KindNotifier, KindService, KindThird, KindWitness}
	bound     = []Kind{KindSignatory, KindMember, KindService}
	signing   = []Kind{KindSignatory, KindService}
	noticing  = []Kind{KindNotifier, KindService}
)

// rights says which kinds of party an act is for: by its name, else by its
// domain. An act of a domain that is not here is for nobody.
//
// Agreements are made by signatories and by services, which set the rules of an
// incident with those who fly there; a member has received their terms, and
// asks and answers about breaches. Whoever flies declares it, with an agreement
// or without: a notifier's own flights and a third operator's are safer known.
// Areas are for those bound by rules about them. Protected sites are notified
// by notifiers and services, so that nobody can cover its own activity by one;
// every operator says how far word of them got. Whoever is unknown may answer
// and report, and stop.
var rights = map[string][]Kind{
	"party":        enrolled,
	"party.member": bound,

	"agreement":                signing,
	"agreement.terms_received": bound,
	"agreement.query":          bound,
	"agreement.reply":          bound,

	"intent":             operators,
	"intent.acknowledge": known,
	"intent.report":      anyKind,
	"zone":               bound,

	"channel":          anyKind,
	"channel.send":     known,
	"channel.call":     known,
	"bearer":           known,
	"offer":            operators,
	"notice":           operators,
	"notice.declare":   noticing,
	"notice.correct":   noticing,
	"notice.end":       noticing,
	"notice.consent":   noticing,
	"notice.revoke":    noticing,
	"incident":         operators,
	"incident.report":  anyKind,
	"incident.account": anyKind,
	"record":           anyKind,
	"release":          operators,
}

// kindsOf returns the kinds of party that an act is for.
func kindsOf(act string) []Kind {
	if kinds, ok := rights[act]; ok {
		return kinds
	}
	domain, _, _ := strings.Cut(act, ".")
	return rights[domain]
}

// Allowed reports whether an act is one that parties of a kind may do.
func Allowed(kind Kind, act string) bool {
	for _, k := range kindsOf(act) {
		if k == kind {
			return true
		}
	}
	return false
}

// unpoliced reports whether an act must never wait for a second person: to
// answer, hold and stop, and to say that an aircraft is not where it should be.
func unpoliced(act string) bool {
	switch act {
	case "intent.nonconforming", "intent.contingent":
		return true
	}
	domain, _, _ := strings.Cut(act, ".")
	return domain == "channel" || domain == "bearer"
}
