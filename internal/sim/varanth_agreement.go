package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/agreement"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// Varanth is two coalitions, a third operator and humanitarian flights in one
// basin.
func Varanth() *Scenario {
	s := &Scenario{
		Name: "varanth", About: "two coalitions, a third operator and humanitarian flights in the Varanth Basin",
		Day: time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC), Start: "D-3 07:00", Parts: []party.ID{nc, el, hr},
		Rows: []Row{
			{"D-3 08:00", "the parties enrol", "Each brings a record: its roles, who holds them with which key, how many must sign what. NC is the Northern Compact and EL the Eastern League, two coalitions that do not trust each other; HR, Harbour Relief, flies aid. From here on nobody can speak for another.", castVaranth},
			{"D-3 09:00", "NC and EL sign the safety floor", "The floor is the little that holds whatever else fails between the two: STOP, test calls, and the protection of sites such as hospitals.", signFloor},
			{"D-3 10:00", "NC tables the memorandum M1, EL counters it", "The text is for people, its numbers are rules that the node runs. The two want different buffers along the Orrin line, and leave one clause and one value open.", tableM1},
			{"D-2 16:40", "the last value is set, and both sides sign M1", "NC needs three roles to sign and EL two; the node counts them. M1 is what decides every conflict and breach of the days that follow.", signM1},
			{"D 05:40", "HR gives notice of the field hospital S-1, and mistypes its place", "A hospital in the wrong place protects nobody. The node compares what was typed with the distance to a named place that HR gave with it.", mistypeSite},
			{"D 05:52", "HR corrects S-1 and adds a second source", "Now the notice goes out, to NC and EL as HR consented, and to nobody else. HR sees how far it got at each.", correctSite},
			{"D 06:00", "test calls over three bearers, both ways", "Each side reads back a random challenge to the other. The two also compare what they hold of the record, with the Institute of Mar as witness.", testMorning},
			{"D 06:10", "HR gives notice of its flight H-17, and declares it", "HR asks for no leave, and nobody can refuse it: the notice says when, where and how to know the aircraft. Told late, it is told all the same.", notifyMove},
			{"D 07:10", "NC declares N-204, an area flown by its member Aldmar", "N-204 comes too near to H-17, which outranks it. Nobody at NC need have seen that: the node judges it under M1.", declareN204},
			{"D 07:12", "NC asks what would clear N-204, and takes one way", "Each option was judged before it was shown. H-17 need not move.", raiseN204},
			{"D 07:30", "EL declares E-88 and announces where it crosses the line", "Under M1 who crosses says where and when, and the other side reads that back.", declareE88},
			{"D 07:33", "NC reads the crossing back", "That a message was received does not say that it was understood. It counts as delivered only when what comes back is what was sent.", readBack},
			{"D 07:50", "HR declares its way back, H-18", "It is low and slow, and will pass near what others do; see next.", declareH18},
			{"D 08:05", "EL passes on what Sandmere says that it will do", "Sandmere has signed nothing. What it says reaches HR as hearsay: shown with its way, and it moves nobody's flight.", relaySandmere},
			{"D 08:30", "NC's systems have not taken up S-1 in time", "A notice that was read and loaded nowhere protects nobody. NC's own duty director is called, and HR is told; EL is not, as it is none of its business.", loadSite},
			{"D 08:45", "N-204 begins", "", beginN204},
			{"D 09:00", "H-17 begins", "HR is told first who of those notified has not read of it.", beginH17},
			{"D 09:17:10", "N204A, an aircraft of N-204, tracks west at 300 kt", "Varanth Control sees it on its own radar. The node does not watch flights: parties tell.", warnBefore},
			{"D 09:17:49", "N204A leaves the area that was declared", "NC says so itself, at once, and to EL first. That counts for it later.", leaveVolume},
			{"D 09:17:56", "N204A is inside the buffer of the line", "NC sends a FLASH: a person at EL has to deal with it within minutes, and read it back.", enterBuffer},
			{"D 09:18:30", "nobody answers at EL, and a line fails", "The machine goes up the ladder that both agreed to: next bearer, next person. Silence is never taken for consent, and each try is one entry that both sides hold.", nobodyAnswers},
			{"D 09:19:20", "EL's duty director answers", "He says ROGER and then reads the fields back: only the second shows that he understood.", directorAnswers},
			{"D 09:19:45", "N204A has been over the line and is back", "Both see the same finding, as a fact: which clause, when, by whom. The machine says nothing about why.", strayOver},
			{"D 09:20", "E-88 begins", "", func(p *Play) { equal(p, "E-88 is", p.activate(el, "E-88").State, intent.Activated) }},
			{"D 09:23", "H-17 has arrived", "Those who were told of it are told that it is over, and take it out of their plans.", arriveH17},
			{"D 09:29:53", "E-88B has sunk, and N204A passes close to it", "An incident is opened by what the two sides themselves declared. What it rests on is frozen, before anybody has a version of it.", loseSeparation},
			{"D 10:00", "N-204 and E-88 are over", "", endFlights},
			{"D 10:40", "both sides declare their flights of D+5", "They rest on M1 and its separation, and M1 is in force. So far.", declareLater},
			{"D 11:00", "EL suspends M1, and NC objects", "Suspension is one side's right. NC's protest is recorded beside it and changes nothing. The floor stays: sites, STOP, test calls.", suspendM1},
			{"D 11:10", "EL declares a flight past one of NC's, where no rule holds", "It is accepted, as nothing forbids it, with a warning and twice the margins.", declareUnruled},
			{"D 11:20", "HR calls STOP: aircraft low over the hospital", "STOP needs no agreement, no rank and no key: only a place and who is at risk. Each side holds its own aircraft, or says that it has none there. Nobody commands another's.", stopLow},
			{"D 11:30", "both sides take their programs off the line, and say so beforehand", "An announced silence is no alarm. People stay at their desks.", goQuiet},
			{"D+1 10:00", "NC answers EL's demand for an inquiry", "EL asked for an answer within two days, when it suspended M1.", answerDemand},
			{"D+5 08:30", "both are back, and read what they missed", "Until a side has read all, the other does not count on it.", comeBack},
			{"D+5 09:00", "both begin to resume M1, without its annex on crossings", "It takes more than a signature: test calls, one common record, flights declared again, and both sides' signatures.", beginResumption},
			{"D+5 09:05", "both write on one sheet about the incident", "What both agree on and what is disputed stand beside each other, each with the evidence of the record.", agreeFacts},
			{"D+5 09:15", "test calls again, and the record is compared", "Two of four conditions.", testAgain},
			{"D+5 09:25", "the 14 flights of D+5 are declared again", "They were declared under rules that did not hold since. Each is judged again: the flight that passed without a rule now conflicts.", declareAgain},
			{"D+5 09:40", "EL signs: M1 is in force again", "The annex on crossings stays suspended, as both wanted.", resumeM1},
			{"D+5 10:00", "each side proves what it did", "With its own log and the receipts it kept, without trusting the node.", proveAll},
		},
	}
	// Test calls go on twice a day, whatever else is suspended.
	for day := -2; day <= 5; day++ {
		for _, hour := range []string{"06:00", "18:00"} {
			at := strings.Replace(fmt.Sprintf("D%+d %s", day, hour), "D+0", "D", 1)
			told := func(r Row) bool { return r.At == at }
			if when := s.Instant(at); when.After(s.Instant("D-2 16:40")) && when.Before(s.Instant("D+5 08:30")) && !slices.ContainsFunc(s.Rows, told) {
				why := ""
				if at == "D-2 18:00" {
					why = "From now on they are made twice a day, whatever else is suspended. A line that was not tried is a guess."
				}
				s.Rows = append(s.Rows, Row{at, "test calls over three bearers, both ways", why, testDaily})
			}
		}
	}
	slices.SortStableFunc(s.Rows, func(a, b Row) int { return s.Instant(a.At).Compare(s.Instant(b.At)) })
	return s
}

// Instant is when a time of the script is, as D-2 16:40.
func (s *Scenario) Instant(at string) time.Time { return (&Play{Scenario: s}).instant(at) }

func stamp(t time.Time) statement.Instant { return statement.Instant(t.UnixNano()) }

// sign signs the version of a text, with all persons at once.
func (a *Actor) sign(t *terms.Text, persons ...string) {
	a.does("agreement.sign", agreement.Sign{Agreement: t.ID, Version: t.Hash(), Results: a.p.results(t)}, persons...)
}

// agreement is an agreement as a party sees it.
func (a *Actor) agreement(id string) agreement.Detail {
	return look[agreement.Detail](a, "agreement", "/v1/agreements/", id)
}

func signFloor(p *Play) {
	north, east := p.actor(nc), p.actor(el)
	floor := p.text("varanth-floor")
	p.say("NC tables the text. Three persons sign for NC and two for EL, each with a key of their own.")
	north.does("agreement.propose", agreement.Propose{Text: floor, Results: p.results(floor)}, "nc-deputy")
	north.sign(floor, "nc-commander", "nc-legal", "nc-safety")
	east.sign(floor, "el-minister", "el-chief")
	equal(p, "EL sees the floor as", east.agreement("M1-floor").Legal.State, agreement.InForce)
}

func tableM1(p *Play) {
	north, east := p.actor(nc), p.actor(el)
	v1, v2, v3 := p.text("varanth-v1"), p.text("varanth-v2"), p.text("varanth-v3")
	p.say("NC tables version 1: a buffer of 3 NM on each side of the line, and English on the radio.")
	north.does("agreement.propose", agreement.Propose{Text: v1, Results: p.results(v1)}, "nc-deputy")
	buffer := p.bufferAsked(v2)
	p.say("EL counters with version 2: a buffer of %s NM, and the radio language left unset.", buffer)
	east.does("agreement.counter", agreement.Counter{Text: v2, Results: p.results(v2)}, "el-staff")
	p.say("NC answers with version 3: a buffer of 5 NM, all else agreed, but clause 9 reserved for later.")
	v3.Parent = v2.Hash()
	north.does("agreement.counter", agreement.Counter{Text: v3, Results: p.results(v3)}, "nc-deputy")
	p.names["M1 version 3"] = v3.Hash()
	changes := terms.Difference(v1, v3)
	found := false
	for _, c := range changes {
		found = found || c.Clause == "4" && c.Field == "parameters.buffer_mm"
	}
	p.check(found, fmt.Sprintf("Comparing versions 1 and 3 the program finds %d changes, the buffer of the line among them", len(changes)))
	p.ask(nc, "Version 3 lacks only the radio language. Sign it all the same, or wait?", "wait")
	p.say("NC tries to sign version 3, with all three signatures.")
	refusal := north.refused("act-incomplete", "agreement.sign",
		agreement.Sign{Agreement: "M1", Version: v3.Hash(), Results: p.results(v3)}, "nc-commander", "nc-legal", "nc-safety")
	p.part().check(strings.Contains(refusal.Detail, "radio_language"), "The refusal names the value that is not set")
	reserved := false
	for _, point := range v3.Open() {
		reserved = reserved || point.Clause == "9" && point.Kind == terms.IsReserved
	}
	p.part().check(reserved, "Clause 9 stays reserved: it gives no rule and blocks nothing")
}

func signM1(p *Play) {
	north, east := p.actor(nc), p.actor(el)
	v4 := p.text("varanth-v4")
	v4.Parent = p.names["M1 version 3"]
	p.say("EL sets English as the radio language, in version 4.")
	east.does("agreement.counter", agreement.Counter{Text: v4, Results: p.results(v4)}, "el-staff")
	sign := agreement.Sign{Agreement: "M1", Version: v4.Hash(), Results: p.results(v4)}
	p.signAsked(el, "Version 4 is complete. Sign for EL's minister and chief?")
	p.say("EL's minister and chief sign.")
	east.does("agreement.sign", sign, "el-minister", "el-chief")
	p.signAsked(nc, "EL has signed version 4. Sign for NC's commander, lawyer and safety officer?")
	p.say("NC's commander, lawyer and safety officer sign, one after the other.")
	text, err := north.Statement("agreement.sign", sign)
	p.fail(err)
	for i, person := range []string{"nc-commander", "nc-legal", "nc-safety"} {
		p.part().check(north.agreement("M1").Legal.State != agreement.InForce, fmt.Sprintf("With %d of NC's 3 signatures M1 is not in force", i))
		north.cosign(text, person)
	}
	seen := north.agreement("M1")
	equal(p, "With the last signature M1 is", seen.Legal.State, agreement.InForce)
	equal(p.part(), "It is so since", seen.Legal.Since, p.at("D-2 16:40"))
	received := true
	for _, m := range seen.Members {
		if m.Member == aldmar {
			received = m.Received
		}
	}
	p.check(!received, "NC's member Aldmar is listed as not having received the terms")
}
