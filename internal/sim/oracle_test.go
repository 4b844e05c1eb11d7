package sim

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/notice"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/terms"
	"github.com/deconflict/deconflict/internal/world"
)

// outsider is enrolled, may do what any kind may do that flies, agrees and
// notifies, and has to do with nobody.
const outsider party.ID = "zz"

// asks are bodies of acts, in each of which ID stands for what the act refers to.
// MINE is an intent of the outsider's own, NOW, SOON and LATER are instants.
var asks = map[string][]string{
	"agreement.answer":         {`{"agreement":"ID","notice":"n","demand":1,"text":"x"}`},
	"agreement.counter":        {`TEXT`},
	"agreement.object":         {`{"agreement":"ID","notice":"ID","text":"x"}`},
	"agreement.query":          {`{"agreement":"ID","clause":"2","observations":["ID"],"text":"x","to":"nc"}`},
	"agreement.reply":          {`{"agreement":"ID","query":"ID","text":"x"}`},
	"agreement.resume":         {`{"agreement":"ID"}`, `{"agreement":"ID","procedure":"ID"}`},
	"agreement.review":         {`{"agreement":"ID","points":["x"]}`},
	"agreement.sign":           {`{"agreement":"ID","version":"HASH","results":"HASH"}`, `{"agreement":"M1","version":"ID","results":"HASH"}`},
	"agreement.suspend":        {`{"agreement":"ID","reason":"x"}`},
	"agreement.terminate":      {`{"agreement":"ID","reason":"x"}`},
	"agreement.terms_received": {`{"agreement":"ID","version":"HASH"}`},
	"agreement.waive":          {`{"agreement":"ID","notice":"ID","demands":[1]}`},
	"agreement.withdraw":       {`{"agreement":"ID"}`, `{"agreement":"ID","notice":"ID"}`, `{"agreement":"ID","version":"HASH"}`},
	"bearer.answer":            {`{"test":"ID","challenge":"0000 a b","readability":5,"delay_ms":1,"position":"watch"}`},
	"channel.answer":           {`{"message":"ID","answer":"roger"}`},
	"channel.attempt":          {`{"message":"ID","position":"watch","bearer":"voice","outcome":"calling","started":"NOW"}`},
	"channel.call":             {`{"call":"ID","with":"nc","purpose":"ad_hoc","outgoing":true,"bearer":"voice","initiated":"NOW","ended":"NOW","outcome":"no_answer"}`, `{"messages":["ID"],"with":"nc","purpose":"ad_hoc","outgoing":true,"bearer":"voice","initiated":"NOW","ended":"NOW","outcome":"no_answer"}`},
	"channel.hold":             {`{"stop":"ID","outcome":"held"}`},
	"channel.kept":             {`{"undertaking":"ID","outcome":"done"}`},
	"channel.open":             {`{"message":"ID","step":"presented"}`, `{"message":"ID","step":"opened"}`},
	"channel.readback":         {`{"message":"ID","method":"blind","values":[]}`},
	"channel.resume":           {`{"stop":"ID","reason":"x"}`},
	"channel.review":           {`{"of":"ID","finding":"justified"}`},
	"channel.send":             {`{"ref":"ID","to":{"party":"nc","position":"watch"},"type":"QUERY","precedence":"ROUTINE","language":"en","text":"x"}`},
	"incident.account":         {`{"incident":"ID","text":"x"}`},
	"incident.action":          {`{"incident":"ID","text":"x","due":"LATER"}`, `{"incident":"ID","number":1,"text":"x"}`},
	"incident.answer":          {`{"incident":"ID","number":1,"stance":"agrees"}`},
	"incident.close":           {`{"incident":"ID"}`, `{"incident":"ID","publish":true}`},
	"incident.fact":            {`{"incident":"ID","kind":"fact","text":"x"}`},
	"incident.report":          {`{"kind":"crew","at":"NOW","parties":["nc"],"subjects":["ID"],"text":"x"}`},
	"intent.acknowledge":       {`{"id":"ID","version":1,"step":"received"}`},
	"intent.activate":          {`{"id":"ID","token":"none"}`, `{"id":"MINE","token":"ID"}`},
	"intent.change":            {`{"id":"ID","token":"none",PLAN}`, `{"id":"MINE","token":"ID",PLAN}`},
	"intent.contingent":        {`{"id":"ID"}`},
	"intent.declare":           {`{"supersedes":"ID",PLAN}`, `{"linked_ids":["ID"],PLAN}`, `{"read_set":["ID"],PLAN}`},
	"intent.end":               {`{"id":"ID"}`},
	"intent.evidence":          {`{"id":"ID","kind":"tracked"}`},
	"intent.nonconforming":     {`{"id":"ID"}`},
	"intent.redeclare":         {`{"id":"ID","token":"none"}`},
	"intent.told":              {`{"id":"ID","party":"nc"}`},
	"intent.undertake":         {`{"id":"ID","party":"nc","until":"SOON"}`},
	"intent.withdraw":          {`{"id":"ID"}`},
	"notice.consent":           {`{"notice":"ID","to":["nc"]}`},
	"notice.correct":           {`{"notice":"ID","version":1,"content":CONTENT}`},
	"notice.end":               {`{"notice":"ID","version":1,"reason":"closed"}`},
	"notice.reply":             {`{"notice":"ID","version":1,"answer":"received"}`},
	"notice.revoke":            {`{"notice":"ID","to":"nc"}`},
	"notice.step":              {`{"notice":"ID","version":1,"step":"read"}`},
	"offer.accept":             {`{"offer":"ID","digest":"HASH"}`},
	"offer.complied":           {`{"offer":"ID"}`},
	"offer.counter":            {`{"offer":"ID","undertakings":[{"by":"zz","kind":"time_shift","intent":"MINE","not_before":"LATER"}]}`},
	"offer.fail":               {`{"offer":"ID","reason":"x"}`},
	"offer.make":               {`{"to":"nc","mine":{"intent":"MINE","version":1},"theirs":{"intent":"ID","version":1},"undertakings":[{"by":"zz","kind":"time_shift","intent":"MINE","not_before":"LATER"}]}`, `{"to":"nc","mine":{"intent":"ID","version":1},"theirs":{"intent":"MINE","version":1},"undertakings":[{"by":"zz","kind":"time_shift","intent":"ID","not_before":"LATER"}]}`},
	"offer.reject":             {`{"offer":"ID"}`},
	"release.look":             {`{"ids":["ID"],"purpose":"safety","what":"history"}`, `{"ids":["ID"],"purpose":"safety","what":"site"}`},
	"release.set":              {`{"purpose":"safety","retention_ns":0,"rows":[{"groups":["kind"],"shown":true,"states":["accepted"],"to":{"agreement":"ID"}}]}`},
	"zone.activate":            {`{"id":"ID","token":"none"}`},
	"zone.cancel":              {`{"id":"ID"}`},
	"zone.change":              {`{"id":"ID","token":"none",ZONE}`},
}

// asksNothing are acts that refer to nothing but parties, who are known to all,
// and to the places of the journal. A text is proposed under a name that its
// parties choose, and one that is taken cannot be given again: docs/API.md says so.
var asksNothing = []string{
	"agreement.propose",
	"bearer.announce", "bearer.cause", "bearer.heartbeat", "bearer.test", "channel.stop", "intent.report", "notice.declare", "party.change", "party.enrol",
	"party.hook", "party.member", "party.roster", "record.countersign", "record.head", "zone.declare",
}

var (
	uuidForm = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	hashForm = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// existing returns names of what there is that a party was never told of, some of
// each member of each event.
func (d *doors) existing(but party.ID) map[string][]string {
	d.Helper()
	var told strings.Builder
	for _, a := range d.answers {
		if a.reader == but {
			told.WriteString(a.body)
		}
	}
	found := map[string][]string{}
	for _, a := range d.answers {
		var o outcome
		if !strings.HasSuffix(a.door, "/v1/acts") || json.Unmarshal([]byte(a.body[strings.LastIndex(a.body, "\r\n")+2:]), &o) != nil {
			continue
		}
		for _, e := range o.Events {
			var kind string
			_ = json.Unmarshal(e.Fields["type"], &kind)
			for _, name := range slices.Sorted(maps.Keys(e.Fields)) {
				var id string
				_ = json.Unmarshal(e.Fields[name], &id)
				named := len(uuidForm.FindString(id)) == 36 && len(id) == 36 || hashForm.MatchString(id) || name == "agreement" && id != ""
				class := kind + " " + name
				if named && len(found[class]) == 0 && !slices.Contains(found[class], id) && !strings.Contains(told.String(), id) {
					found[class] = append(found[class], id)
				}
			}
		}
	}
	return found
}

// fake returns a name of the form of another that nothing has.
func (d *doors) fake(id string) string {
	b := []byte(id)
	for i, c := range b {
		switch {
		case (i == 14 || i == 19) && len(id) == 36: // version and variant of a UUID
		case c >= '0' && c <= '9':
			b[i] = '0' + byte(d.rng.IntN(10))
		case c >= 'a' && c <= 'f' && len(id) >= 36:
			b[i] = 'a' + byte(d.rng.IntN(6))
		case c >= 'a' && c <= 'z' && len(id) < 36:
			b[i] = 'a' + byte(d.rng.IntN(26))
		}
	}
	return string(b)
}

// TestForeignThingsAreAsThoughTheyWereNot has a party act on, ask for and read
// each kind of thing that it knows nothing of, and the same of things that are
// not there at all: it is answered the same, word for word. The toy says whose a
// thing is when it is not the caller's.
func TestForeignThingsAreAsThoughTheyWereNot(t *testing.T) {
	if testing.Short() {
		t.Skip("plays on a node with a disk")
	}
	d := openDoors(t, 1)
	d.enrolAll()
	d.does(outsider, "party.enrol", registry.Enrol{Party: d.record(outsider, registry.KindService, "c", "a")})
	for range 80 {
		d.step()
	}
	d.alwaysSome()
	own := d.does(outsider, "intent.declare", intent.Declare{Plan: d.away()}).member("intent.decided", "id")
	for _, path := range []string{"/v1/zones", "/v1/parties", "/v1/declared", "/v1/incidents", "/v1/offers", "/v1/agreements", "/v1/inbox/all?after=-1"} {
		d.read(outsider, "GET", path, nil, nil)
	}
	ids := d.existing(outsider)
	o := oracle{doors: d, fill: d.filler(own)}
	for _, form := range world.ActForms() {
		bodies := asks[form.Act]
		if len(bodies) == 0 && !slices.Contains(asksNothing, form.Act) {
			t.Errorf("%s is not asked with names of others' things", form.Act)
		}
		for _, body := range bodies {
			o.judged = false
			for _, class := range slices.Sorted(maps.Keys(ids)) {
				for _, id := range ids[class] {
					o.compare(form.Act, class, body, id)
				}
			}
			if !o.judged {
				t.Errorf("%s %s is refused for its form whatever it names: %s", form.Act, body, d.answers[len(d.answers)-1].body)
			}
		}
	}
	for _, door := range o.places() {
		for _, class := range slices.Sorted(maps.Keys(ids)) {
			for _, id := range ids[class] {
				o.look(door, class, id)
			}
		}
	}
	t.Logf("%d kinds of names, %d pairs of answers", len(ids), o.asked)
	for _, class := range []string{
		"agreement.proposed agreement", "agreement.proposed hash", "bearer.test_opened test", "channel.sent id", "channel.stopped stop", "incident.opened incident",
		"intent.decided id", "intent.decided token", "notice.declared notice", "offer.made offer", "channel.called id",
	} {
		if len(ids[class]) == 0 {
			t.Errorf("no name of the class %s was tried, among %v", class, slices.Sorted(maps.Keys(ids)))
		}
	}
}

// alwaysSome sees to it that what the steps do at random was done at all.
func (d *doors) alwaysSome() {
	for range 4 {
		d.declares("nc")
		d.declares("el")
		d.offers("nc")
		d.notifies("hr")
		d.tests("nc")
		d.calls("el")
		d.stops("nc")
		d.reports("el")
		d.writes("nc")
	}
}

// away is a plan of which nobody else knows, far from all others.
func (d *doors) away() intent.Plan {
	return intent.Plan{
		AircraftKind: "manned", Priority: intent.Priority{Rank: "other"}, Contact: intent.Contact{Position: "watch"},
		Position: intent.PositionBasis{Method: "gnss", Datum: "WGS84", ErrorMM: 10_000}, Time: intent.TimeBasis{Source: "gnss", ErrorNS: 1e9},
		Shape: declared.Shape{Volumes: []declared.Volume{{
			Footprint: declared.Footprint{Circle: &declared.Circle{Centre: declared.Point{LatE9: -40_000_000_000, LngE9: 100_000_000_000}, RadiusMM: 1_000_000}},
			Lower:     &declared.Altitude{MM: 500_000, Reference: "W84"}, Upper: &declared.Altitude{MM: 900_000, Reference: "W84"},
			Start: hence(3600e9), End: hence(7200e9), HErrorMM: 10_000, VErrorMM: 10_000, TErrorNS: 1e9,
		}}},
	}
}

// tabled is a text under a name that stands for any.
func (d *doors) tabled() string {
	d.Helper()
	data, err := os.ReadFile("texts/varanth-v1.json")
	if err != nil {
		d.Fatal(err)
	}
	text, err := terms.Parse(data)
	if err != nil {
		d.Fatal(err)
	}
	text.ID, text.TabledBy, text.Parties, text.Protects = "AGREED", outsider, []party.ID{"el", "nc", outsider}, nil
	results, err := terms.RunExamples(text)
	if err != nil {
		d.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{"text": text, "results": terms.ResultsDigest(results)})
	if err != nil {
		d.Fatal(err)
	}
	return string(body)
}

// site is what a notice says of a protected site.
func site() notice.Content {
	at := declared.Point{LatE9: -41_000_000_000, LngE9: 100_000_000_000}
	return notice.Content{
		Name: "S", Kind: notice.Static, Function: "health", Persons: "11-100",
		Point: &at, ErrorMM: 10_000, Footprint: &declared.Footprint{Circle: &declared.Circle{Centre: at, RadiusMM: 100_000}},
		Sources: []notice.Source{
			{Method: "gnss", At: hence(-3600e9), ErrorMM: 10_000, Datum: "WGS84", Point: at},
			{Method: "map", At: hence(-3600e9), ErrorMM: 10_000, Datum: "WGS84", Point: at},
		},
		Contact: notice.Contact{Address: "a", StopCall: "b"}, ValidFrom: hence(0), ReviewBy: hence(24 * 3600e9),
	}
}

// filler fills in what stands for more in bodies.
func (d *doors) filler(own string) *strings.Replacer {
	d.Helper()
	inner := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			d.Fatal(err)
		}
		return strings.TrimSuffix(strings.TrimPrefix(string(text), "{"), "}")
	}
	return strings.NewReplacer(
		"MINE", own, "PLAN", inner(d.away()), "ZONE", inner(d.zone("away").Zone), "CONTENT", "{"+inner(site())+"}",
		"TEXT", d.tabled(), "NOW", hence(0).String(), "SOON", hence(60e9).String(), "LATER", hence(10800e9).String(), "HASH", strings.Repeat("a", 64))
}

// oracle compares answers.
type oracle struct {
	*doors
	fill   *strings.Replacer
	asked  int
	judged bool // an act was not refused for its form
}

// compare has the outsider do an act about something that exists, and the same
// about something that does not.
func (o *oracle) compare(act, class, body, id string) {
	o.Helper()
	var said [2]string
	for i, name := range []string{id, o.fake(id)} {
		text := strings.ReplaceAll(o.fill.Replace(body), "ID", name)
		if strings.Contains(body, "TEXT") {
			text = strings.ReplaceAll(o.fill.Replace(body), "AGREED", name)
		}
		r := o.says(outsider, act, json.RawMessage(text), "zz-chief")
		said[i] = o.answered(r, name)
	}
	o.asked++
	o.judged = o.judged || !strings.HasPrefix(said[1], "400")
	if said[0] != said[1] {
		o.Errorf("%s of a foreign %s:\n%s\nof one that is not there:\n%s", act, class, said[0], said[1])
	}
}

// answered is the last answer without what differs with each request.
func (o *oracle) answered(r *outcome, name string) string {
	text := o.answers[len(o.answers)-1].body
	text = text[strings.LastIndex(text, "\r\n")+2:]
	if r.status != http.StatusOK {
		text = strings.ReplaceAll(text, name, "ID")
		if hashForm.MatchString(name) { // answers clip what is long
			text = regexp.MustCompile(name[:32]+`[0-9a-f]*`).ReplaceAllString(text, "ID")
		}
		return fmt.Sprint(r.status, " ", regexp.MustCompile(`,"instance":"[^"]*"`).ReplaceAllString(text, ""))
	}
	list := []string{"200"}
	for _, e := range r.Events {
		list = append(list, string(e.Fields["type"])+" "+strings.Join(slices.Sorted(maps.Keys(e.Fields)), ","))
	}
	return strings.Join(list, "\n")
}

// places are all doors that take a name, but those about parties, who are known
// to all, and those of F3548-21, which shows every USS the references of all.
func (o *oracle) places() (doors []string) {
	o.read(anonymous, "GET", "/v1/openapi.yaml", nil, nil)
	said := o.answers[len(o.answers)-1].body
	for _, m := range regexp.MustCompile(`(?m)^  (/v1/[^:{]*/)\{[^}]*\}:`).FindAllStringSubmatch(said, -1) {
		if !slices.Contains([]string{"/v1/parties/", "/v1/rules/", "/v1/links/", "/v1/heads/", "/v1/intents/", "/v1/constraints/"}, m[1]) {
			doors = append(doors, m[1])
		}
	}
	if len(doors) < 8 {
		o.Fatalf("found the doors %v", doors)
	}
	return append(doors, "/uss/v1/operational_intents/", "/v1/options", "/v1/check")
}

// look is compare for what is read.
func (o *oracle) look(door, class, id string) {
	o.Helper()
	var said [2]string
	for i, name := range []string{id, o.fake(id)} {
		r := &outcome{}
		switch door {
		case "/v1/options":
			r.status = o.read(outsider, "POST", door, []byte(`{"intent":"`+name+`"}`), r)
		case "/v1/check":
			r.status = o.read(outsider, "POST", door, []byte(o.fill.Replace(`{"replaces":"`+name+`","plan":{PLAN}}`)), r)
		default:
			r.status = o.read(outsider, "GET", door+name, nil, r)
		}
		said[i] = o.answered(r, name)
	}
	o.asked++
	if said[0] != said[1] {
		o.Errorf("%s of a foreign %s:\n%s\nof one that is not there:\n%s", door, class, said[0], said[1])
	}
}
