package sim

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/deconflict/deconflict/internal/bearer"
	"github.com/deconflict/deconflict/internal/channel"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/incident"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/notice"
	"github.com/deconflict/deconflict/internal/offer"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/release"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// hence is an instant after now.
func hence(after time.Duration) statement.Instant {
	return statement.Instant(time.Now().Add(after).Truncate(time.Second).UnixNano())
}

// enrolAll enrols the parties: what each shows of itself to those enrolled, it
// does not show to others.
func (d *doors) enrolAll() {
	kinds := map[party.ID]registry.Kind{
		"nc": registry.KindSignatory, "el": registry.KindSignatory, "hr": registry.KindNotifier, "vc": registry.KindService, "sm": registry.KindThird,
	}
	for id := range kinds {
		d.parties = append(d.parties, id)
	}
	slices.Sort(d.parties)
	for _, id := range d.parties {
		d.does(id, "party.enrol", registry.Enrol{Party: d.record(id, kinds[id], d.word(id, "contact", d.parties...), d.word(id, "address of a bearer", d.parties...))})
		d.does(id, "party.roster", registry.Roster{Position: "watch", Watches: []registry.Watch{{
			Position: "watch", Person: string(id) + "-chief", Level: party.Watch, Languages: []string{"en"}, From: hence(-time.Hour), To: hence(48 * time.Hour),
		}}})
		d.shows(id)
		// A change that waits for a second signature is nobody else's business.
		changed := d.record(id, kinds[id], d.word(id, "contact of a change that waits"), d.word(id, "address of a change that waits"))
		waits := d.says(id, "party.change", registry.Change{Party: changed, From: 1}, string(id)+"-chief")
		if waits.status != http.StatusOK {
			d.Fatalf("a change with one signature: %s", d.answers[len(d.answers)-1].body)
		}
	}
	d.agree()
}

func (d *doors) record(id party.ID, kind registry.Kind, contact, address string) registry.Party {
	return registry.Party{
		ID: id, Kind: kind, Names: map[string]string{"en": string(id)}, Languages: []string{"en"}, Contact: contact,
		Roles: []registry.Role{
			{Name: "chief", Level: party.Policy, Holders: []registry.Holder{{Person: string(id) + "-chief", Key: publicKey(string(id) + "-chief")}}},
			{Name: "deputy", Level: party.Policy, Holders: []registry.Holder{{Person: string(id) + "-deputy", Key: publicKey(string(id) + "-deputy")}}},
		},
		Policies: map[string]registry.Policy{"party.change": {K: 2, Roles: []string{"chief", "deputy"}}},
		Positions: []registry.Position{{Name: "watch", Level: party.Watch, Bearers: []registry.Bearer{
			{Name: "data", Kind: "data"}, {Name: "voice", Kind: "voice", Address: address},
		}}},
	}
}

// opened are the groups that each party opens to each other.
var opened = map[[2]party.ID][]string{}

var openable = []string{
	release.Reference, release.VolumesExact, release.OffNominal, release.Contact, release.Kind, release.Priority, release.Alias, release.Procedures,
}

// shows has a party decide at random what it shows to whom.
func (d *doors) shows(id party.ID) {
	set := release.Set{Purpose: release.Purpose, Rows: []release.Row{}}
	for _, to := range d.parties {
		var groups []string
		for _, g := range openable {
			if to != id && d.rng.IntN(2) == 0 {
				groups = append(groups, g)
			}
		}
		opened[[2]party.ID{id, to}] = groups
		if len(groups) > 0 {
			set.Rows = append(set.Rows, release.Row{
				To: release.Recipient{Party: to}, Groups: groups, Shown: true,
				States: []string{release.StateProposed, release.StateAccepted, release.StateActivated, release.StateOffNominal, release.StateEnded},
			})
		}
	}
	d.does(id, "release.set", set)
}

// shown are the parties to whom an owner opens a group.
func (d *doors) shown(owner party.ID, group string) (list []party.ID) {
	for _, to := range d.parties {
		if slices.Contains(opened[[2]party.ID{owner, to}], group) {
			list = append(list, to)
		}
	}
	return list
}

// agree has two parties negotiate a text that is for the two alone.
func (d *doors) agree() {
	data, err := os.ReadFile("texts/varanth-v1.json")
	if err != nil {
		d.Fatal(err)
	}
	text, err := terms.Parse(data)
	if err != nil {
		d.Fatal(err)
	}
	text.Title["en"] = "Memorandum " + d.word("nc", "title of an agreement", "el")
	results, err := terms.RunExamples(text)
	if err != nil {
		d.Fatal(err)
	}
	body := map[string]any{"text": text, "results": terms.ResultsDigest(results)}
	d.does("nc", "agreement.propose", body)
	d.ids["/v1/agreements/"] = append(d.ids["/v1/agreements/"], text.ID)
	d.says("sm", "agreement.object", map[string]any{"agreement": text.ID, "notice": "1", "text": "we object"}, "sm-chief")
}

// step is something that some party does.
func (d *doors) step() {
	d.Helper()
	by := d.parties[d.rng.IntN(len(d.parties))]
	steps := []func(party.ID){d.declares, d.declares, d.declares, d.deviates, d.notifies, d.corrects, d.writes, d.stops, d.calls, d.reports, d.tests, d.offers}
	steps[d.rng.IntN(len(steps))](by)
}

// plan is an intent as F3548-21 has it, for the search of options.
func (d *doors) plan() string {
	return fmt.Sprintf(`{"extents":[{"volume":{"outline_circle":{"center":{"lat":12.3,"lng":-30.3},"radius":{"value":2000,"units":"M"}},
		"altitude_lower":{"value":1000,"units":"M","reference":"W84"},"altitude_upper":{"value":1500,"units":"M","reference":"W84"}},
		"time_start":{"value":%q,"format":"RFC3339"},"time_end":{"value":%q,"format":"RFC3339"}}]}`, hence(time.Hour), hence(2*time.Hour))
}

// around is a shape at a marked place.
func (d *doors) around(owner party.ID, what string, listed bool, to ...party.ID) declared.Shape {
	lat, latMarks := d.e9(12)
	lng, lngMarks := d.e9(-30)
	for _, marks := range [][]string{latMarks, lngMarks} {
		d.keep(owner, what, to, marks...).listed = listed
	}
	floor := 1_000_000 + d.rng.Int64N(4)*500_000
	return declared.Shape{Volumes: []declared.Volume{{
		Footprint: declared.Footprint{Circle: &declared.Circle{Centre: declared.Point{LatE9: lat, LngE9: lng}, RadiusMM: 9_000_000}},
		Lower:     &declared.Altitude{MM: floor, Reference: "W84"}, Upper: &declared.Altitude{MM: floor + 900_000, Reference: "W84"},
		Start: hence(time.Hour), End: hence(2 * time.Hour), HErrorMM: 10_000, VErrorMM: 10_000, TErrorNS: 1e9,
	}}}
}

// declares has a party declare an intent, and once more if it did not say that it
// read what it is shown.
func (d *doors) declares(by party.ID) {
	before, where := len(d.secrets), d.shown(by, release.VolumesExact)
	off := d.around(by, "where an intent may be off nominal", true, d.parties...) // to whom it then matters
	contact := d.shown(by, release.Contact)
	plan := intent.Plan{
		Alias: d.word(by, "alias", d.shown(by, release.Alias)...), AircraftKind: "manned",
		Shape: d.around(by, "where an intent is", true, where...), OffNominal: &off,
		Priority:      intent.Priority{Rank: "other", Basis: d.word(by, "basis of a rank", d.shown(by, release.Priority)...)},
		Contact:       intent.Contact{Position: "watch", Frequency: d.word(by, "frequency", contact...), Language: "en"},
		ContingencyID: d.word(by, "procedure", d.shown(by, release.Procedures)...),
		Position:      intent.PositionBasis{Method: "gnss", Datum: "WGS84", ErrorMM: 10_000}, Time: intent.TimeBasis{Source: "gnss", ErrorNS: 1e9},
		Links: []string{d.word(by, "linked id")},
	}
	for range 2 {
		o := d.says(by, "intent.declare", intent.Declare{Plan: plan, ReadSet: d.tokens(by)}, string(by)+"-chief")
		if id := o.member("intent.decided", "id"); id != "" {
			d.ids["/v1/declared/"] = append(d.ids["/v1/declared/"], id)
			d.keep(by, "token", where, o.member("intent.decided", "token")).listed = true
			other := d.one(by)
			d.says(other, "intent.acknowledge", intent.Acknowledge{ID: id, Version: 1, Step: intent.Received}, string(other)+"-chief")
			return
		}
	}
	for _, s := range d.secrets[before:] { // refused both times
		s.to, s.listed, s.unsaid = nil, false, true
	}
}

// tokens are those that a party is shown.
func (d *doors) tokens(who party.ID) (set []string) {
	for _, id := range d.ids["/v1/declared/"] {
		var seen struct {
			Declared struct {
				Members struct {
					Token string `json:"token"`
				} `json:"members"`
			} `json:"declared"`
		}
		if d.read(who, "GET", "/v1/declared/"+id, nil, &seen) == http.StatusOK && seen.Declared.Members.Token != "" {
			set = append(set, seen.Declared.Members.Token)
		}
	}
	var zones struct {
		Zones []struct {
			Token string `json:"token"`
		} `json:"zones"`
	}
	d.read(who, "GET", "/v1/zones", nil, &zones)
	for _, z := range zones.Zones {
		set = append(set, z.Token)
	}
	return set
}

// deviates has whoever owns an intent say that it does not conform: from then on
// those whom it affects see where it may be, and whom to call.
func (d *doors) deviates(by party.ID) {
	for _, id := range d.ids["/v1/declared/"] {
		if o := d.says(by, "intent.nonconforming", intent.Nonconform{ID: id}, string(by)+"-chief"); o.status == http.StatusOK {
			token := o.member("intent.decided", "token")
			d.keep(by, "token", d.shown(by, release.VolumesExact), token).listed = true
			for _, s := range d.secrets {
				if s.owner == by && s.what == "frequency" {
					for _, p := range d.parties {
						s.to[p] = true
					}
				}
			}
			return
		}
	}
}

// tryOthers has those who do not own an intent do things to it.
func (d *doors) tryOthers(id string) {
	for _, who := range []party.ID{d.one(""), "sm", stranger} {
		key := string(who) + "-chief"
		d.says(who, "intent.withdraw", intent.Withdraw{ID: id}, key)
		d.says(who, "intent.activate", intent.Activate{ID: id, Token: "none"}, key)
		d.says(who, "intent.evidence", intent.Evidence{ID: id, Kind: intent.MarkTracked}, key)
		d.says(who, "intent.undertake", intent.Undertake{ID: id, Party: "vc", Until: hence(time.Minute)}, key)
		d.says(who, "release.look", release.Look{IDs: []string{id}, Purpose: release.Purpose, What: release.History})
		d.says(who, "incident.report", incident.Report{
			Kind: incident.Crew, At: hence(0), Parties: []party.ID{"nc"}, Subjects: []string{id}, Text: "seen", Evidence: []int64{d.rng.Int64N(d.entries)},
		}, key)
	}
}

// notifies has a notifier give notice of a site to whom it chose.
func (d *doors) notifies(party.ID) {
	to := d.some("hr")
	lat, latMarks := d.e9(12)
	lng, lngMarks := d.e9(-30)
	d.keep("hr", "latitude of a site", to, latMarks...)
	d.keep("hr", "longitude of a site", to, lngMarks...)
	at := declared.Point{LatE9: lat, LngE9: lng}
	content := notice.Content{
		Name: d.word("hr", "name of a site", to...), Kind: notice.Static, Function: "health", Persons: "11-100",
		Point: &at, ErrorMM: 10_000, Footprint: &declared.Footprint{Circle: &declared.Circle{Centre: at, RadiusMM: 100_000}},
		Sources: []notice.Source{
			{Method: "gnss", At: hence(-time.Hour), ErrorMM: 10_000, Datum: "WGS84", Point: at},
			{Method: "map", At: hence(-time.Hour), ErrorMM: 10_000, Datum: "WGS84", Point: at},
		},
		Codes: []string{d.word("hr", "code of a site", to...)}, Look: d.word("hr", "look of a site", to...),
		Contact:   notice.Contact{Address: d.word("hr", "contact of a site", to...), StopCall: d.word("hr", "stop call", to...)},
		ValidFrom: hence(0), ReviewBy: hence(24 * time.Hour),
	}
	id := d.does("hr", "notice.declare", notice.Declare{Content: content, Consent: to}).member("notice.declared", "notice")
	d.ids["/v1/notices/"] = append(d.ids["/v1/notices/"], id)
	if len(to) > 0 {
		reply := notice.Reply{Notice: id, Version: 1, Answer: notice.CannotAvoid, Reason: d.word(to[0], "reason of a reply", "hr")}
		d.does(to[0], "notice.reply", reply)
	}
}

// corrects has somebody deal with a notice, whether it knows it or not.
func (d *doors) corrects(by party.ID) {
	for _, id := range d.ids["/v1/notices/"] {
		d.says(by, "notice.step", notice.Step{Notice: id, Version: 1, Step: notice.Read}, string(by)+"-chief")
		d.says(by, "notice.end", notice.End{Notice: id, Version: 7, Reason: "closed"}, string(by)+"-chief")
		d.says(by, "release.look", release.Look{IDs: []string{id}, Purpose: release.Purpose, What: release.Site})
	}
}

// writes has a party send a message, which its receiver and somebody else answer.
func (d *doors) writes(by party.ID) {
	to := d.one(by)
	tag := d.word(by, "field of a message", to)
	o := d.does(by, "channel.send", channel.Send{
		To: channel.Address{Party: to, Position: "watch"}, Type: channel.TypeQuery, Precedence: channel.Priority, Language: "en",
		Text: "Please " + d.word(by, "text of a message", to), Fields: []channel.Field{{Name: "tag", Value: terms.Value{Text: &tag}}},
	})
	id := o.member("channel.sent", "id")
	d.ids["/v1/messages/"] = append(d.ids["/v1/messages/"], id)
	d.does(to, "channel.open", channel.Open{Message: id, Step: channel.StepOpened})
	d.does(to, "channel.answer", channel.Respond{Message: id, Answer: channel.SayReply, Language: "en", Text: "Answer " + d.word(to, "text of an answer", by)})
	other := d.one(by)
	d.says(other, "channel.answer", channel.Respond{Message: id, Answer: channel.SayRoger}, string(other)+"-chief")
}

// stops has a party call STOP to some others.
func (d *doors) stops(by party.ID) {
	to := d.some(by)
	if len(to) == 0 {
		return
	}
	lat, marks := d.e9(12)
	d.keep(by, "where a STOP is", to, marks...)
	o := d.does(by, "channel.stop", channel.CallStop{
		Where:  channel.Place{Point: &declared.Point{LatE9: lat, LngE9: -30_000_000_000}, RadiusMM: 2_000_000, Text: d.word(by, "place of a STOP", to...)},
		AtRisk: "people", Callback: d.word(by, "callback of a STOP", to...), To: to,
	})
	stop := o.member("channel.stopped", "stop")
	d.ids["/v1/stops/"] = append(d.ids["/v1/stops/"], stop)
	d.does(to[0], "channel.hold", channel.Hold{Stop: stop, Outcome: channel.NotMine, Note: d.word(to[0], "note to a STOP", by)})
	other := d.one(by)
	d.says(other, "channel.resume", channel.Resume{Stop: stop, Reason: "over"}, string(other)+"-chief")
}

// calls has a party log a telephone call.
func (d *doors) calls(by party.ID) {
	with := d.one(by)
	d.does(by, "channel.call", channel.Call{
		With: with, Purpose: "ad_hoc", Outgoing: true, Bearer: "voice", Line: d.word(by, "line of a call", with),
		Initiated: hence(-10 * time.Minute), Answered: hence(-9 * time.Minute), Ended: hence(-5 * time.Minute), Outcome: "taken", EndedBy: "us",
		Interpreters: []channel.Interpreter{{Alias: d.word(by, "interpreter of a call"), Languages: []string{"en", "fr"}}},
		Gist:         map[string]string{"en": d.word(by, "gist of a call", with)}, Remarks: d.word(by, "remarks on a call"),
	})
}

// reports has a party report an incident, in confidence or not, and give its
// account of it.
func (d *doors) reports(by party.ID) {
	with := d.one(by)
	o := d.does(by, "incident.report", incident.Report{
		Kind: incident.Crew, At: hence(-time.Minute), Parties: []party.ID{with}, Text: d.word(by, "text of a report", with),
		Confidential: d.rng.IntN(2) == 0, NonParties: []string{d.word(by, "non-party of an incident", with)},
	})
	id := o.member("incident.opened", "incident")
	d.ids["/v1/incidents/"] = append(d.ids["/v1/incidents/"], id)
	d.does(with, "incident.account", incident.Account{Incident: id, Text: d.word(with, "account of an incident", by), Harm: d.word(with, "harm of an incident", by)})
	d.says("vc", "incident.close", incident.Close{Incident: id}, "vc-chief")
}

// tests has a party make a test call. What is spoken in it only the caller knows
// before it is heard.
func (d *doors) tests(by party.ID) {
	to := d.one(by)
	d.does(to, "bearer.heartbeat", bearer.Heartbeat{To: by, State: strings.Repeat("a", 64)}) // or it may not be called
	o := d.says(by, "bearer.test", bearer.TestCall{To: to, Bearer: "voice"}, string(by)+"-chief")
	if challenge := o.member("bearer.test_opened", "challenge"); challenge != "" {
		d.keep(by, "challenge of a test call", nil, challenge)
	}
}

// offers has a party make an offer about its conflicts.
func (d *doors) offers(by party.ID) {
	var desk struct {
		Desk struct {
			Conflicts []offer.Open `json:"conflicts"`
		} `json:"desk"`
	}
	d.read(by, "GET", "/v1/desk/watch", nil, &desk)
	for _, c := range desk.Desk.Conflicts {
		mine, theirs := c.Sides[0], c.Sides[1]
		if mine.Owner != by {
			mine, theirs = theirs, mine
		}
		later := hence(3 * time.Hour)
		o := d.says(by, "offer.make", offer.Make{
			To: theirs.Owner, Mine: offer.Ref{Intent: mine.Intent, Version: mine.Version}, Theirs: offer.Ref{Intent: theirs.Intent, Version: theirs.Version},
			Undertakings: []offer.Undertaking{{By: by, Kind: offer.TimeShift, Intent: mine.Intent, NotBefore: &later}},
			Text:         "We could wait: " + d.word(by, "text of an offer", theirs.Owner),
		}, string(by)+"-chief")
		id := o.member("offer.made", "offer")
		if id == "" {
			d.secrets[len(d.secrets)-1].unsaid = true
			continue
		}
		d.ids["/v1/offers/"] = append(d.ids["/v1/offers/"], id)
		other := d.one(by)
		d.says(other, "offer.reject", offer.Reject{Offer: id, Reason: "no"}, string(other)+"-chief")
	}
}

func (d *doors) zone(name string) intent.ZoneDeclare {
	return intent.ZoneDeclare{Zone: intent.Zone{
		Name: name, Kind: intent.Advisory, Contact: "watch",
		Volumes: []declared.Volume{{
			Footprint: declared.Footprint{Circle: &declared.Circle{Centre: declared.Point{LatE9: 1_000_000_000, LngE9: 1_000_000_000}, RadiusMM: 1_000_000}},
			Start:     hence(time.Hour), End: hence(2 * time.Hour),
		}},
	}}
}

// paths are all places that are read, with all ids that are known to anybody.
func (d *doors) paths() []string {
	paths := []string{
		"/v1/intents", "/v1/intents?lat=12.3&lng=-30.3&radius_m=90000", "/v1/intents/none", "/v1/constraints", "/v1/constraints/none", "/v1/subscriptions",
		"/v1/subscriptions/none", "/v1/parties/me", "/v1/status", "/v1/packs?from=0", "/v1/forms", "/v1/parties", "/v1/agreements", "/v1/zones",
		"/v1/sites?lat_e9=12300000000&lng_e9=-30300000000&radius_mm=50000000", "/v1/declared", "/v1/desk/watch", "/v1/desk/none", "/v1/offers", "/v1/offers/none",
		"/v1/incidents", "/v1/inbox/all?after=-1", "/v1/inbox/watch?after=-1", "/v1/events?after=no", "/v1/receipts/no", "/v1/nowhere", "/v1/openapi.yaml",
		"/log/checkpoint", "/log/tile/0/000.p/1", "/log/tile/entries/000.p/1", "/healthz", "/readyz", "/v1/picture", "/v1/picture?bbox=-31,12,-30,13", "/v1/picture/digest", "/v1/session", "/v1/invitations", "/v1/stops/none", "/v1/messages/none", "/v1/notices/none",
	}
	for _, p := range d.parties {
		for _, door := range []string{"/v1/parties/", "/v1/rules/", "/v1/links/", "/v1/heads/"} {
			paths = append(paths, door+string(p))
		}
	}
	for _, door := range []string{"/v1/agreements/", "/v1/declared/", "/v1/notices/", "/v1/messages/", "/v1/stops/", "/v1/offers/", "/v1/incidents/"} {
		for _, id := range d.ids[door] {
			paths = append(paths, door+id)
		}
	}
	for _, id := range d.ids["/v1/declared/"] {
		paths = append(paths, "/v1/intents/"+id, "/uss/v1/operational_intents/"+id, "/uss/v1/operational_intents/"+id+"/telemetry", "/dss/v1/operational_intent_references/"+id)
	}
	for i := d.rng.Int64N(10); i < d.entries; i += 10 { // the pack has all
		paths = append(paths, fmt.Sprintf("/v1/receipts/%d", i))
	}
	size := d.entries
	return append(paths, fmt.Sprintf("/log/tile/0/000.p/%d", size), fmt.Sprintf("/log/tile/entries/000.p/%d", size))
}
