package world

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/deconflict/deconflict/internal/bearer"
	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/release"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/terms"
)

// object is a body in the making.
type object = map[string]any

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// written is the journal of a test node, all of it durable.
type written struct{ *node }

// Entry implements event.Journal.
func (j written) Entry(index int64) ([]byte, string, bool) {
	if index < 0 || index >= int64(len(j.entries)) {
		return nil, "", false
	}
	return j.entries[index], strings.Repeat("a", 64), true
}

// Root implements event.Journal.
func (j written) Root(size int64) (string, bool) {
	return strings.Repeat("b", 64), size >= 0 && size <= int64(len(j.entries))
}

// Checkpoint implements event.Journal.
func (j written) Checkpoint(text string, _ []event.Witness) (event.Checkpoint, bool) {
	return event.Checkpoint{Size: int64(len(j.entries)), Root: strings.Repeat("b", 64), Node: true}, text == "note"
}

// journalTakes reports why the journal would not take an entry.
func journalTakes(text []byte) error {
	_, err := journal.Leaf(text, journal.Hash{})
	return err
}

// party is one of the two signatories in two of three cases.
func (w *anyWorld) party() party.ID {
	if w.IntN(3) > 0 {
		return w.parties[w.IntN(2)]
	}
	return pickOf(w, w.parties...)
}

func pickOf[T any](w *anyWorld, list ...T) T { return list[w.IntN(len(list))] }

// of returns a member of an event that was seen, or a text that is none.
func (w *anyWorld) of(kind, member string) any {
	if v, ok := w.event(kind)[member]; ok {
		return v
	}
	return "none"
}

// event is one that was seen, more often a late one; nil for none.
func (w *anyWorld) event(kind string) object {
	list := w.seen[kind]
	if len(list) == 0 {
		return nil
	}
	return list[max(w.IntN(len(list)), w.IntN(len(list)))]
}

// said is a member of an event whose other member says whose turn it is.
func (w *anyWorld) said(kind, member, whose string) any {
	e := w.event(kind)
	if e == nil {
		return "none"
	}
	if by, ok := e[whose].(string); ok {
		w.speaker = party.ID(by)
	}
	return e[member]
}

// at is an instant some seconds from now.
func (w *anyWorld) at(seconds int64) string {
	return statement.Instant(w.nowNS + seconds*1_000_000_000).String()
}

// record is what a party says about itself: recordOf with a duty director.
func (w *anyWorld) record(id party.ID) registry.Party {
	p := recordOf(id)
	switch id {
	case "hr":
		p.Kind = registry.KindNotifier
	case "third":
		p.Kind = pickOf(w, registry.KindThird, registry.KindWitness, registry.KindService)
	case "aldmar":
		p.Kind, p.Lead = registry.KindMember, "nc"
	}
	for _, position := range []string{"duty-director", "manager"} {
		if w.IntN(25) > 0 {
			p.Positions = append(p.Positions, registry.Position{Name: position, Level: party.Duty, Bearers: []registry.Bearer{
				{Name: "data", Kind: "data"}, {Name: "voice", Kind: "voice"}, {Name: "satellite", Kind: "voice", Address: "line 7"},
			}})
		}
	}
	if w.IntN(3) == 0 {
		p.Policies["agreement.sign"] = registry.Policy{K: 2, Roles: []string{"chief", "deputy"}}
	}
	if w.IntN(60) == 0 {
		p.Roles[1].Holders[0].To = statement.Instant(w.nowNS + w.leap())
	}
	return p
}

func (w *anyWorld) roster(id party.ID, position string) object {
	watch := func(person string, from, to int64) object {
		return object{"person": string(id) + person, "level": "policy", "linguist": true, "from": w.at(from), "to": w.at(to)}
	}
	list := []any{watch("-a", -10, 30*86400)}
	if w.IntN(3) == 0 {
		list = []any{watch("-a", -10, w.Int64N(50_000)), watch("-b", w.Int64N(50_000), 90_000)}
	}
	if w.IntN(8) == 0 {
		list = list[1:]
	}
	return object{"position": position, "watches": list}
}

func point(lat, lng int64) object { return object{"lat_e9": lat, "lng_e9": lng} }

// place is near one of two places, so that what is there meets.
func (w *anyWorld) place() object {
	return point(46_000_000_000+w.Int64N(30_000_000), 7_000_000_000+w.Int64N(2)*1_000_000_000)
}

func altitude(mm int64) object { return object{"mm": mm, "reference": "W84"} }

// shape is a volume, now and then with a trajectory.
func (w *anyWorld) shape() object {
	start := pickOf[int64](w, -60, 5, 600, 4000, 90_000, 200*86400)
	v := object{
		"footprint": object{"circle": object{"centre": w.place(), "radius_mm": 3_000_000}},
		"lower":     altitude(300_000), "upper": altitude(300_000 + 1 + w.Int64N(1_000_000)),
		"start": w.at(start), "end": w.at(start + 1 + w.Int64N(6000)),
		"h_error_mm": 50_000, "v_error_mm": 10_000, "t_error_ns": 1_000_000,
	}
	s := object{"volumes": []any{v}}
	if w.IntN(5) == 0 {
		from := w.place()
		to := w.place()
		leg := func(p object, at int64) object {
			return object{"lat_e9": p["lat_e9"], "lng_e9": p["lng_e9"], "alt": altitude(400_000), "at": w.at(at)}
		}
		s["trajectories"] = []any{object{
			"points": []any{leg(from, start), leg(to, start+900)}, "half_width_mm": 100_000, "v_error_mm": 1000, "t_error_ns": 1_000_000,
		}}
	}
	return s
}

func (w *anyWorld) plan() object {
	p := w.shape()
	maps.Copy(p, object{
		"aircraft_kind": pickOf(w, "manned", "unmanned", "other"), "contact": object{"position": "watch"},
		"position": object{"datum": "WGS84", "error_mm": 50_000, "method": "gnss"},
		"priority": object{"rank": pickOf(w, "other", "medical", "rescue", "fire")},
		"time":     object{"error_ns": 1_000_000, "source": "gnss"},
	})
	if w.IntN(6) == 0 {
		p["off_nominal"] = w.shape()
	}
	return p
}

// intentOf fills in the id, the version and the token of an intent of a party
// where it has one.
func (w *anyWorld) intentOf(by party.ID, more object) object {
	var ids []string
	for _, e := range w.seen["intent.decided"] {
		if r := w.st.Intent.Intent(e["id"].(string)); r != nil && (r.Owner == by || w.IntN(6) == 0) {
			ids = append(ids, r.ID)
		}
	}
	more["id"] = "none"
	if len(ids) > 0 {
		more["id"] = ids[max(w.IntN(len(ids)), w.IntN(len(ids)))]
		w.speaker = w.st.Intent.Intent(more["id"].(string)).Owner
		if _, ok := more["token"]; ok {
			more["token"] = w.st.Intent.Intent(more["id"].(string)).Token
		}
	}
	return more
}

// ofOthers is the id of any intent.
func (w *anyWorld) anyIntent() any { return w.of("intent.decided", "id") }

func (w *anyWorld) zone() object {
	return object{
		"name": pickOf(w, "z1", "z2"), "kind": pickOf(w, "no_entry", "entry_with_contact", "call_first", "advisory", "dividing_line"),
		"volumes": w.shape()["volumes"], "contact": "watch", "lead_ns": 600_000_000_000,
	}
}

var agreed = map[string][]string{"varanth": {"varanth-v1", "varanth-v2", "varanth-v3", "varanth-v4"}, "floor": {"varanth-floor"}}

// text is a version of an agreement that may come next.
func (w *anyWorld) text(by party.ID) object {
	files := agreed[pickOf(w, "varanth", "varanth", "floor")]
	raw, err := os.ReadFile(filepath.Join("../sim/texts", files[max(w.IntN(len(files)), w.IntN(len(files)), w.IntN(len(files)))]+".json"))
	if err != nil {
		w.Fatal(err)
	}
	text, err := terms.Parse(raw)
	if err != nil {
		w.Fatal(err)
	}
	text.TabledBy, text.Version, text.Parent = by, 1, ""
	if w.IntN(4) == 0 {
		text.ID += "x"
	}
	for _, e := range w.seen["agreement.proposed"] {
		if last := e["text"].(object); last["id"] == text.ID && int64(last["version"].(float64)) >= text.Version {
			text.Version, text.Parent = int64(last["version"].(float64))+1, e["hash"].(string)
		}
	}
	soon := statement.Instant(w.nowNS + 1 + w.Int64N(4_000_000_000_000_000))
	review := soon - 1
	text.ReviewAt, text.ExpiresAt = &review, nil
	if text.Kind == terms.Agreement {
		text.ExpiresAt = &soon
	}
	done, err := terms.RunExamples(text)
	if err != nil {
		w.Fatal(err)
	}
	return object{"text": text, "results": terms.ResultsDigest(done)}
}

// fields are what a message of any type needs.
func (w *anyWorld) fields() []any {
	return []any{
		object{"name": "where", "position": w.place()},
		object{"name": "when", "at": w.at(60)},
		object{"name": "off", "yes": true},
		object{"name": "height", "level": altitude(100_000)},
	}[:w.IntN(5)]
}

// agreementOf names an agreement that was proposed.
func (w *anyWorld) agreementOf(more object) object {
	more["agreement"] = w.of("agreement.proposed", "agreement")
	for _, kind := range []string{"agreement.resumption_opened", "agreement.noticed", "agreement.queried"} {
		if e := w.event(kind); e != nil && (e["procedure"] != nil && e["procedure"] == more["procedure"] ||
			e["notice"] != nil && e["notice"] == more["notice"] || e["id"] != nil && e["id"] == more["query"]) {
			more["agreement"] = e["agreement"]
		}
	}
	if w.speaker == "" {
		w.speaker = pickOf[party.ID](w, "nc", "el", "nc", "el", "aldmar")
	}
	return more
}

// body is a body that an act may sensibly have.
func (w *anyWorld) body(act string, by party.ID) any {
	domain, verb, _ := strings.Cut(act, ".")
	other := w.party()
	note := pickOf(w, "as agreed", "nothing to add", "")
	switch domain {
	case "party":
		return w.partyBody(verb, by)
	case "agreement":
		return w.agreementBody(verb, by, other)
	case "intent", "zone":
		return w.intentBody(act, by, other)
	case "channel":
		return w.channelBody(verb, by, other, note)
	case "offer":
		return w.offerBody(verb, other)
	case "notice":
		return w.noticeBody(verb, other)
	case "incident":
		return w.incidentBody(verb, other)
	case "bearer":
		return w.bearerBody(verb, by, other)
	case "record":
		if verb == "head" {
			return object{"size": 1 + w.IntN(len(w.entries)), "root": strings.Repeat("b", 64), "checkpoint": pickOf(w, "", "note")}
		}
		return object{"entries": []any{object{"index": w.IntN(len(w.entries)), "leaf": strings.Repeat("a", 64)}}}
	case "release":
		if verb == "set" {
			row := object{"to": object{"party": other}, "groups": []any{"crossing", "kind"}, "states": []any{"accepted"}, "shown": true}
			return object{"purpose": release.Purpose, "rows": []any{row}[:w.IntN(2)], "retention_ns": 0}
		}
		return object{"purpose": release.Purpose, "what": pickOf(w, release.Site, release.History), "ids": []any{pickOf(w, w.anyIntent(), w.of("notice.declared", "notice"))}}
	}
	return object{}
}

func (w *anyWorld) partyBody(verb string, by party.ID) any {
	switch verb {
	case "enrol":
		return registry.Enrol{Party: w.record(by)}
	case "change":
		from := int64(0)
		if p := w.st.Registry.Party(by); p != nil {
			from = p.Version
		}
		return registry.Change{Party: w.record(by), From: from}
	case "roster":
		return w.roster(by, pickOf(w, "watch", "duty-director", "manager"))
	}
	if verb == "hook" {
		return object{"position": "watch", "url": pickOf(w, "https://inbox.example/x", "")}
	}
	w.speaker = pickOf[party.ID](w, "nc", "aldmar")
	return object{"lead": "nc", "member": "aldmar", "aircraft": []any{"manned", "other"}[:1+w.IntN(2)], "from": w.at(-w.Int64N(100) - 1)}
}

func (w *anyWorld) agreementBody(verb string, by, other party.ID) any {
	hash, results := w.of("agreement.proposed", "hash"), w.of("agreement.proposed", "results")
	if list := w.seen["agreement.proposed"]; len(list) > 0 {
		last := list[len(list)-1]
		hash, results = last["hash"], last["results"]
	}
	annex := pickOf(w, "", "", "crossings")
	notice := pickOf(w, w.of("agreement.noticed", "notice"), w.of("agreement.resumption_opened", "procedure"))
	switch verb {
	case "propose", "counter":
		return w.text(by)
	case "sign":
		return w.agreementOf(object{"version": hash, "results": results})
	case "terms_received":
		return w.agreementOf(object{"version": hash})
	case "withdraw":
		return pickOf(w, w.agreementOf(object{}), w.agreementOf(object{"version": hash}), w.agreementOf(object{"notice": notice}))
	case "suspend":
		b := w.agreementOf(object{"annex": annex, "reason": "clause 4"})
		if w.IntN(2) == 0 {
			b["demands"], b["from"], b["reply_by"], b["conditional"] = []any{"explain", "repair"}, w.at(w.Int64N(100_000)), w.at(w.Int64N(50_000)), w.IntN(2) == 0
		}
		return b
	case "object":
		return w.agreementOf(object{"notice": notice, "text": "we disagree"})
	case "answer":
		return w.agreementOf(object{"notice": notice, "demand": 1 + w.IntN(3), "text": "repaired"})
	case "waive":
		return w.agreementOf(object{"notice": notice, "demands": []any{1, 2}[:1+w.IntN(2)]})
	case "resume":
		b := w.agreementOf(object{"annex": annex, "procedure": pickOf(w, "", w.of("agreement.resumption_opened", "procedure").(string))})
		if annex == "" && w.IntN(2) == 0 {
			b["keep"] = []any{"crossings"}
		}
		return b
	case "terminate":
		return w.agreementOf(object{"annex": annex, "reason": "no longer needed"})
	case "query":
		return w.agreementOf(object{"to": other, "clause": pickOf(w, "1", "2", "7"), "text": "what happened"})
	case "reply":
		return w.agreementOf(object{"query": w.said("agreement.queried", "id", "of"), "text": "a fault"})
	}
	return w.agreementOf(object{"points": []any{"all well"}, "next": w.at(86400)})
}

func (w *anyWorld) intentBody(act string, by, other party.ID) any {
	zoneID := func() any { return w.of("zone.decided", "id") }
	switch act {
	case "intent.declare":
		return w.plan()
	case "intent.change":
		p := w.plan()
		p["token"] = ""
		return w.intentOf(by, p)
	case "intent.redeclare", "intent.activate":
		return w.intentOf(by, object{"token": ""})
	case "intent.nonconforming", "intent.contingent":
		return w.intentOf(by, pickOf(w, object{}, object{"off_nominal": w.shape()}))
	case "intent.end", "intent.withdraw":
		return w.intentOf(by, object{})
	case "intent.acknowledge":
		b := object{"id": w.said("intent.decided", "id", "owner"), "version": 1 + w.IntN(2), "step": pickOf(w, "received", "read")}
		if w.speaker == "nc" {
			w.speaker = "el"
		} else {
			w.speaker = "nc"
		}
		return b
	case "intent.evidence":
		return object{"id": w.anyIntent(), "kind": pickOf(w, "tracked", "contradicted", "review"), "detail": "seen"}
	case "intent.report":
		p := w.shape()
		maps.Copy(p, object{"about": "a glider", "origin": "crew", "grade": pickOf(w, "relayed", "hearsay", "press")})
		return p
	case "intent.undertake":
		return object{"id": w.said("intent.decided", "id", "owner"), "party": other, "until": w.at(w.Int64N(100_000))}
	case "intent.told":
		return object{"id": w.said("intent.undertaken", "id", "by"), "party": w.of("intent.undertaken", "party")}
	case "zone.declare":
		return w.zone()
	case "zone.change":
		z := w.zone()
		z["id"], z["token"] = zoneID(), "none"
		return w.zoneOf(z)
	case "zone.activate":
		return w.zoneOf(object{"id": zoneID(), "token": "none"})
	}
	return w.zoneOf(object{"id": zoneID()})
}

// zoneOf fills in the token of a zone, and whose it is.
func (w *anyWorld) zoneOf(b object) object {
	if z := w.st.Intent.Zone(b["id"].(string)); z != nil {
		w.speaker = z.Owner
		if b["token"] != nil {
			b["token"] = z.Token
		}
	}
	return b
}

func (w *anyWorld) channelBody(verb string, by, other party.ID, note string) any {
	stop := w.of("channel.stopped", "stop")
	message := w.said("channel.sent", "id", "to")
	switch verb {
	case "send", "hold", "call", "stop", "kept":
		w.speaker = ""
	}
	switch verb {
	case "send":
		return object{
			"to": object{"party": other, "position": pickOf(w, "watch", "duty-director", "nobody")}, "type": pickOf(w, "QUERY", "WARN", "CANCEL", "INTENT", "CROSSING-NOTICE", "PROPOSE", "RELAY", "ADMIN", "SIGHTING"),
			"precedence": pickOf(w, "ROUTINE", "PRIORITY", "IMMEDIATE", "FLASH"), "fields": w.fields(), "text": "as follows", "language": "en",
		}
	case "open":
		return object{"message": message, "step": pickOf(w, "presented", "opened")}
	case "answer":
		return object{"message": message, "answer": pickOf(w, "roger", "wilco", "unable", "standby", "reply"), "text": "so", "language": "en"}
	case "readback":
		return object{"message": message, "values": w.event("channel.sent")["fields"], "method": pickOf(w, "entered", "blind")}
	case "attempt":
		return object{"message": message, "position": pickOf(w, "watch", "duty-director"), "bearer": "data", "outcome": pickOf(w, "answered", "no_answer", "busy", "fault"), "started": w.at(-5), "ended": w.at(0)}
	case "stop":
		return object{"where": object{"point": w.place(), "radius_mm": 1000}, "at_risk": pickOf(w, "people", "aircraft"), "callback": "line 1", "to": []any{other}[:w.IntN(2)]}
	case "hold":
		return object{"stop": stop, "outcome": pickOf(w, "held", "not_mine", "unable"), "note": note}
	case "resume":
		return object{"stop": stop, "reason": "all clear"}
	case "review":
		return object{"of": pickOf(w, stop, message), "finding": pickOf(w, "justified", "mistaken", "misused"), "note": note}
	case "kept":
		u := w.of("channel.called", "undertakings")
		if list, ok := u.([]any); ok && len(list) > 0 {
			u = list[0]
		}
		return object{"undertaking": u, "outcome": pickOf(w, "done", "cannot"), "note": note}
	}
	return object{
		"with": other, "purpose": pickOf(w, "daily", "safety", "test"), "outgoing": w.IntN(2) == 0, "bearer": "voice", "outcome": "taken",
		"initiated": w.at(-90), "answered": w.at(-80), "ended": w.at(-5), "gist": object{"en": "talked"}, "fields": w.fields(),
		"undertakings": []any{object{"who": pickOf(w, by, other), "what": "call back", "by": w.at(w.Int64N(5000))}},
	}
}

func (w *anyWorld) offerBody(verb string, other party.ID) any {
	promise := func(who party.ID, intent any) object {
		return pickOf(w,
			object{"by": who, "kind": "hold_mine", "intent": intent}, object{"by": who, "kind": "other", "intent": intent, "text": "stay low"},
			object{"by": who, "kind": "time_shift", "intent": intent, "not_before": w.at(w.Int64N(9000))},
			object{"by": who, "kind": "level", "intent": intent, "floor": altitude(200_000)},
			object{"by": who, "kind": "reroute", "intent": intent, "volumes": w.shape()})
	}
	switch verb {
	case "make":
		sides, ok := w.of("offer.conflict", "conflict").(object)
		if !ok {
			return object{}
		}
		pair := sides["sides"].([]any)
		i := w.IntN(2)
		mine, theirs := pair[i].(object), pair[1-i].(object)
		ref := func(o object) object { return object{"intent": o["intent"], "version": o["version"]} }
		w.speaker = party.ID(mine["owner"].(string))
		whose := pickOf(w, mine, theirs)
		return object{"to": theirs["owner"], "mine": ref(mine), "theirs": ref(theirs), "undertakings": []any{promise(party.ID(whose["owner"].(string)), whose["intent"])}}
	case "counter":
		return object{"offer": w.said("offer.made", "offer", "to"), "undertakings": []any{promise(other, w.anyIntent())}}
	case "accept":
		e := w.event("offer.made")
		if e == nil {
			return object{}
		}
		w.speaker = party.ID(e["to"].(string))
		return object{"offer": e["offer"], "digest": e["digest"]}
	case "reject":
		return object{"offer": w.said("offer.made", "offer", "to"), "reason": "weather"}
	case "fail":
		return object{"offer": w.said("offer.accepted", "offer", "to"), "reason": "weather"}
	}
	return object{"offer": w.of("offer.accepted", "offer")}
}

func (w *anyWorld) content() object {
	p := w.place()
	c := object{
		"name": pickOf(w, "S-1", "S-2"), "kind": "static", "function": "health", "persons": "11-100", "point": p, "error_mm": 20_000,
		"footprint": object{"circle": object{"centre": p, "radius_mm": 60_000}}, "review_by": w.at(w.Int64N(100_000)), "valid_from": w.at(w.Int64N(5000)),
		"contact": object{"address": "line 4", "stop_call": "hold"},
		"sources": []any{object{"method": "gnss", "at": w.at(-900), "error_mm": 5000, "datum": "WGS84", "point": p}, object{"method": "map", "at": w.at(-800), "error_mm": 50_000, "datum": "WGS84", "point": p}},
	}
	if w.IntN(3) > 0 {
		return c
	}
	start := 60 + w.Int64N(100_000)
	leg := func(at int64) object {
		q := w.place()
		return object{"lat_e9": q["lat_e9"], "lng_e9": p["lng_e9"], "alt": altitude(400_000), "at": w.at(at)}
	}
	return object{
		"name": "M-1", "kind": "movement", "function": "evacuation", "persons": "1-10", "error_mm": 0,
		"valid_from": w.at(start), "valid_to": w.at(start + 5000), "contact": c["contact"],
		"way": object{
			"means": "air", "craft": 2, "look": "white", "call_signs": []any{"relief 1"},
			"routes": []any{object{"points": []any{leg(start), leg(start + 2000)}, "half_width_mm": 100_000, "v_error_mm": 1000, "t_error_ns": 1_000_000}},
		},
	}
}

func (w *anyWorld) noticeBody(verb string, other party.ID) any {
	id := w.said("notice.declared", "notice", "notifier")
	if verb == "step" || verb == "reply" {
		id = w.said("notice.sent", "notice", "to")
	} else if verb == "declare" {
		w.speaker = "hr"
	}
	version := 1 + w.IntN(2)
	if n := w.st.Notice.Notice(id.(string)); n != nil && w.IntN(5) > 0 {
		version = int(n.Version)
	}
	switch verb {
	case "declare":
		return object{"content": w.content(), "consent": []any{"nc", "el"}[:w.IntN(3)]}
	case "correct":
		return object{"notice": id, "version": version, "content": w.content(), "confirm": pickOf(w, "", "measured again")}
	case "end":
		return object{"notice": id, "version": version, "reason": pickOf(w, "moved", "closed", "arrived", "cancelled")}
	case "consent":
		return object{"notice": id, "to": []any{other}}
	case "revoke":
		return object{"notice": id, "to": other}
	case "step":
		step := pickOf(w, "received", "read", "passed", "loaded")
		b := object{"notice": id, "version": version, "step": step}
		if step == "passed" || step == "loaded" {
			b["cells"] = 3
		}
		return b
	}
	return object{"notice": id, "version": version, "answer": pickOf(w, "received", "query_position", "hazard_advised", "cannot_avoid"), "reason": "rain"}
}

func (w *anyWorld) incidentBody(verb string, other party.ID) any {
	id := w.of("incident.opened", "incident")
	evidence := []any{w.IntN(len(w.entries))}[:w.IntN(2)]
	switch verb {
	case "report":
		return object{"kind": pickOf(w, "crew", "site_harm"), "at": w.at(-w.Int64N(9000)), "place": w.place(), "parties": []any{other}, "text": "came close", "collision_hazard": w.IntN(2) == 0, "evidence": evidence, "confidential": w.IntN(3) == 0}
	case "account":
		return object{"incident": id, "text": "seen late", "horizontal_mm": w.IntN(900_000), "vertical_mm": w.IntN(90_000), "evidence": evidence}
	case "fact":
		return object{"incident": id, "kind": pickOf(w, "fact", "cause", "recommendation"), "text": "it rained", "evidence": evidence}
	case "answer":
		return object{"incident": id, "number": 1 + w.IntN(3), "stance": pickOf(w, "agrees", "disputes"), "reason": "not so"}
	case "action":
		return pickOf(w, object{"incident": id, "text": "brief crews", "due": w.at(w.Int64N(90_000))}, object{"incident": id, "number": 1 + w.IntN(2), "text": "done"})
	}
	return object{"incident": id, "publish": w.IntN(2) == 0}
}

func (w *anyWorld) bearerBody(verb string, by, other party.ID) any {
	line := pickOf(w, "data", "voice", "satellite", "heartbeat")
	switch verb {
	case "test":
		return object{"to": other, "bearer": line}
	case "answer":
		by = pickOf[party.ID](w, by, "nc", "el")
		w.speaker = by
		open := slices.DeleteFunc(w.st.Bearer.OpenTests(by), func(t bearer.OpenTest) bool { return t.To != by })
		if len(open) == 0 {
			return object{"test": "none", "challenge": "x", "readability": 3, "delay_ms": 1, "position": "watch"}
		}
		test := open[w.IntN(len(open))]
		challenge := any("0")
		for _, e := range w.seen["bearer.test_opened"] {
			if e["test"] == test.Test {
				challenge = e["challenge"]
			}
		}
		return object{"test": test.Test, "challenge": challenge, "readability": 1 + w.IntN(5), "delay_ms": w.IntN(900), "position": "watch", "clock": object{"source": "ntp", "error_ns": 1000}}
	case "heartbeat":
		return object{"state": strings.Repeat("c", 64), "seen": max(0, len(w.entries)-1-w.IntN(40)), "clock": object{"source": "gnss", "error_ns": 1000}}
	case "cause":
		return object{"from": by, "to": other, "bearer": line, "cause": pickOf(w, "technical", "deliberate", "unknown")}
	}
	return object{"to": other, "bearer": line, "from": w.at(0), "until": w.at(900), "cause": "technical"}
}

// mutate changes values of a body anywhere, at random.
func (w *anyWorld) mutate(raw []byte) []byte {
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		w.Fatal(err)
	}
	for range 1 + w.IntN(3) {
		v = w.changed("", v, 1+w.IntN(4))
	}
	text, err := json.Marshal(v)
	if err != nil {
		w.Fatal(err)
	}
	out, err := statement.Canonical(text)
	if err != nil {
		return raw
	}
	return out
}

// changed returns a value with something changed at a depth.
func (w *anyWorld) changed(name string, v any, depth int) any {
	switch x := v.(type) {
	case object:
		if len(x) == 0 {
			return v
		}
		key := pickOf(w, sortedKeys(x)...)
		if depth == 1 && w.IntN(4) == 0 {
			delete(x, key)
			return x
		}
		x[key] = w.changed(key, x[key], depth-1)
		return x
	case []any:
		if len(x) == 0 {
			return v
		}
		i := w.IntN(len(x))
		switch {
		case depth <= 1 && w.IntN(3) == 0:
			return append(x, x[i])
		case depth <= 1 && w.IntN(3) == 0:
			return slices.Delete(x, i, i+1)
		}
		x[i] = w.changed(name, x[i], depth-1)
		return x
	}
	return w.value(name, v)
}

// value returns another value of the sort of one.
func (w *anyWorld) value(name string, v any) any {
	if known := w.words[name]; len(known) > 0 && w.IntN(3) > 0 {
		return known[w.IntN(len(known))]
	}
	switch x := v.(type) {
	case string:
		if strings.HasSuffix(x, "Z") && len(x) == len("2006-01-02T15:04:05.000000000Z") {
			return pickOf(w, "1900-01-01T00:00:00.000000000Z", "2200-12-31T23:59:59.999999999Z", "1970-01-01T00:00:00.000000000Z",
				w.at(0), w.at(w.Int64N(1_000_000)), w.at(-w.Int64N(1_000_000)))
		}
		return pickOf(w, "", "x", "é", "\u202e", "none", string(w.party()), strings.Repeat("y", pickOf(w, 64, 65, 128, 129, 200, 201, 4000)))
	case json.Number:
		return pickOf[int64](w, 0, 1, -1, 2, 64, 1<<31, 1<<53, -1<<53, 1<<53-1, 1<<50, 1_000_000_000, 86_400_000_000_000, w.Int64N(1_000_000))
	case bool:
		return !x
	}
	return pickOf[any](w, v, "x", 1, nil, object{})
}
