package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/auth"
	"github.com/deconflict/deconflict/internal/declared"
	"github.com/deconflict/deconflict/internal/event"
	domain "github.com/deconflict/deconflict/internal/intent"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/release"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/volume"
	"github.com/deconflict/deconflict/internal/world"
)

// acting are parties that act on a node.
type acting struct {
	*node
	serial int
}

var actKey = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))

// does has a party act, signed, and returns what was decided.
func (a *acting) does(by party.ID, act string, body any) []world.Event {
	a.t.Helper()
	raw, err := statement.Marshal(body)
	if err != nil {
		a.t.Fatal(err)
	}
	kind, _ := world.Kind(act)
	a.serial++
	s := &party.Act{Statement: party.Statement{
		Act: act, At: statement.Instant(time.Now().UnixNano()), Body: raw, ID: fmt.Sprint(a.serial), Node: origin, Party: by,
	}, Content: kind.New()}
	if err := statement.Unmarshal(raw, s.Content); err != nil {
		a.t.Fatal(err)
	}
	if s.Text, err = statement.Marshal(s.Statement); err != nil {
		a.t.Fatal(err)
	}
	signature, err := party.Sign(actKey, s.Text)
	if err != nil {
		a.t.Fatal(err)
	}
	s.Signatures = []party.Signature{signature}
	done, err := a.engine.Act(context.Background(), s)
	if err != nil {
		a.t.Fatalf("%s of %s: %v", act, by, err)
	}
	return done.Events
}

// declares returns the id of an intent.
func (a *acting) declares(by party.ID, p domain.Plan, reads ...string) *domain.Decided {
	a.t.Helper()
	for _, ev := range a.does(by, "intent.declare", domain.Declare{Plan: p, ReadSet: reads}) {
		if d, ok := ev.(*domain.Decided); ok {
			return d
		}
	}
	a.t.Fatal("nothing was decided")
	return nil
}

func newActing(t testing.TB, parties ...party.ID) *acting {
	a := &acting{node: newNode(t)}
	for _, by := range parties {
		a.does(by, "party.enrol", registry.Enrol{Party: registry.Party{
			ID: by, Kind: registry.KindSignatory, Names: map[string]string{"en": string(by)},
			Roles: []registry.Role{{Name: "pilot", Level: party.Policy, Holders: []registry.Holder{
				{Person: "p1", Key: party.NewKey(actKey.Public().(ed25519.PublicKey))},
			}}},
			Policies:  map[string]registry.Policy{"party.change": {K: 1, Roles: []string{"pilot"}}},
			Positions: []registry.Position{{Name: "watch", Level: party.Watch, Bearers: []registry.Bearer{{Name: "data", Kind: "data"}}}},
		}})
	}
	return a
}

// shows has a party show groups of its intents to another.
func (a *acting) shows(by, to party.ID, groups ...string) {
	a.t.Helper()
	a.does(by, "release.set", release.Set{Purpose: release.Purpose, Rows: []release.Row{{
		To: release.Recipient{Party: to}, Groups: groups, Shown: true,
		States: []string{release.StateProposed, release.StateAccepted, release.StateActivated, release.StateOffNominal},
	}}})
}

// around is a plan of a circle of 3 km and its error, an hour from now for an hour.
func (a *acting) around(latE9, lngE9 int64, alias string) domain.Plan {
	return domain.Plan{
		Alias: alias, AircraftKind: "manned", Priority: domain.Priority{Rank: "other"}, Contact: domain.Contact{Position: "watch"},
		Position: domain.PositionBasis{Method: "gnss", Datum: "WGS84", ErrorMM: 10_000}, Time: domain.TimeBasis{Source: "gnss", ErrorNS: 1e9},
		Shape: declared.Shape{Volumes: []declared.Volume{{
			Footprint: declared.Footprint{Circle: &declared.Circle{Centre: declared.Point{LatE9: latE9, LngE9: lngE9}, RadiusMM: 3_000_000}},
			Lower:     &declared.Altitude{MM: 1_000_000, Reference: "AMSL"}, Upper: &declared.Altitude{MM: 2_000_000, Reference: "AMSL"},
			Start: statement.Instant(a.beginNS), End: statement.Instant(a.beginNS + int64(time.Hour)), HErrorMM: 10_000, VErrorMM: 10_000, TErrorNS: 1e9,
		}}},
	}
}

func (a *acting) picture(who bearer, query string) pictured {
	a.t.Helper()
	var p pictured
	a.get(who, "/v1/picture"+query, &p)
	return p
}

var (
	north    = with("north", auth.ScopeAct)
	south    = with("south", auth.ScopeAct)
	outsider = with("outsider", auth.ScopeAct, auth.ScopeRead)
)

// TestPictureShowsWhatIsReleased: by table, what each party's picture has of an
// intent, a zone and a report; and it is the same asked for alone, in its digest,
// and packed.
func TestPictureShowsWhatIsReleased(t *testing.T) {
	a := newActing(t, "north", "south", "east")
	a.shows("north", "south", release.Reference, release.VolumesExact, release.Alias)
	a.shows("south", "north", release.Reference)
	seen := a.declares("north", a.around(12e9, 20e9, "Heron"))
	hidden := a.declares("south", a.around(13e9, 20e9, "Kite"))
	a.does("east", "zone.declare", domain.ZoneDeclare{Zone: domain.Zone{
		Name: "Z1", Kind: domain.Advisory, Contact: "watch", Volumes: a.around(14e9, 20e9, "").Volumes,
	}})
	for _, c := range []struct {
		who   bearer
		want  []string // by name or party: how it is shown
		drawn int
	}{
		{north, []string{"Heron exact own", "Z1 exact", "south withheld"}, 2},
		{south, []string{"Heron exact", "Kite exact own", "Z1 exact"}, 3},
		{with("east", auth.ScopeAct), []string{"Z1 exact own"}, 1},
		{outsider, []string{"Z1 exact", "north withheld", "south withheld"}, 1},
	} {
		p := a.picture(c.who, "")
		got, drawn := []string{}, 0
		for _, i := range p.Items {
			name := i.Name
			if name == "" {
				name = i.Party
			}
			name += " " + i.Shown
			if i.Own {
				name += " own"
			}
			got = append(got, name)
			if drawn += len(i.Volumes); !i.Own && (i.Token != "" || len(i.Verdicts) > 0) {
				t.Errorf("%s sees the token or verdicts of %s", c.who, i.ID)
			}
			if i.Rank != "" && !i.Own || i.AircraftKind != "" && !i.Own {
				t.Errorf("%s sees the rank or kind of %s", c.who, i.ID)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, c.want) || drawn != c.drawn || !p.Complete {
			t.Errorf("%s sees %q, %d drawn, want %q and %d", c.who, got, drawn, c.want, c.drawn)
		}
		a.picturesAgree(c.who, p)
	}
	if p := a.picture(south, "?ids="+seen.ID+",nothing,"+hidden.ID); len(p.Items) != 2 || !slices.Equal(p.Gone, []string{"nothing"}) {
		t.Errorf("by id: %+v", p)
	}
	for query, want := range map[string]int{
		"?bbox=19.9,11.9,20.1,12.1":                                                                              2, // what north is not shown where it is, is in every part
		"?bbox=29.9,11.9,30.1,12.1":                                                                              1,
		"?to=" + instant(a.beginNS-int64(time.Minute)):                                                           0,
		"?from=" + instant(a.beginNS) + "&to=" + instant(a.beginNS+1):                                            3,
		"?from=" + instant(a.beginNS+2*int64(time.Hour)):                                                         0,
		"?ids=" + seen.ID + "&bbox=29.9,11.9,30.1,12.1":                                                          0,
		"?ids=" + strings.TrimPrefix(strings.Repeat(","+seen.ID, MaxPictureIDs), ","):                            1,
		"?bbox=179.9,11.9,-179.9,12.1&from=" + instant(a.beginNS) + "&to=" + instant(a.beginNS+int64(time.Hour)): 1,
	} {
		if p := a.picture(north, query); len(p.Items) != want {
			t.Errorf("%s: %d items, want %d: %+v", query, len(p.Items), want, p.Items)
		}
	}
	for _, bad := range []string{"?ids=" + numbered(MaxPictureIDs+1), "?from=yesterday", "?bbox=1,2,3", "?limit=3", "?ids=a&ids=b"} {
		if w := a.do(north, "GET", "/v1/picture"+bad); w.Code != http.StatusBadRequest {
			t.Errorf("%.40s: %d", bad, w.Code)
		}
	}
	if w := a.do(with("north", auth.ScopeConstraintProcessing), "GET", "/v1/picture"); w.Code != http.StatusForbidden {
		t.Errorf("without a scope: %d", w.Code)
	}
}

// TestPictureTellsOwnersOfZones: in the picture of a zone's owner stands which
// flights enter it, for those that it is shown, and in nobody else's.
func TestPictureTellsOwnersOfZones(t *testing.T) {
	a := newActing(t, "north", "south", "east")
	a.shows("north", "south", release.Reference, release.VolumesExact)
	a.shows("north", "east", release.Reference, release.VolumesExact)
	a.shows("east", "south", release.Reference, release.Alias, release.Priority)
	zone := domain.Zone{Name: "FTA", Kind: domain.EntryWithContact, Contact: "watch", Volumes: a.around(12e9, 20e9, "").Volumes}
	var z *domain.ZoneDecided
	for _, ev := range a.does("south", "zone.declare", domain.ZoneDeclare{Zone: zone}) {
		if d, ok := ev.(*domain.ZoneDecided); ok {
			z = d
		}
	}
	a.does("south", "zone.activate", domain.ZoneActivate{ID: z.ID, Token: z.Token})
	var token string
	for _, i := range a.picture(south, "").Items {
		token = i.Token
	}
	seen := a.declares("north", a.around(12e9, 20e9, "Heron"), token)
	a.declares("north", a.around(30e9, 20e9, "Far"), token)
	a.declares("east", a.around(12e9, 22e9, "Aside"), token)
	hidden := a.declares("east", a.around(12e9, 20e9, "Kite"), token, seen.Token)
	if !slices.ContainsFunc(hidden.Verdicts, func(v domain.Verdict) bool { return v.ID == z.ID }) {
		t.Fatal("what is hidden does not meet the zone")
	}
	for _, who := range []bearer{north, south, with("east", auth.ScopeAct), outsider} {
		p := a.picture(who, "")
		for _, i := range p.Items {
			if want := who == south && i.ID == seen.ID; want != (len(i.Enters) > 0) || i.EntersPartly {
				t.Errorf("%s is told that %s %s enters %+v", who, i.Party, i.ID, i.Enters)
			}
			for _, e := range i.Enters {
				v := seen.Verdicts[slices.IndexFunc(seen.Verdicts, func(v domain.Verdict) bool { return v.ID == z.ID })]
				if e.Zone != z.ID || e.ZoneVersion != z.Version+1 || e.Outcome != domain.Unilateral || e.From != v.From || e.To != v.To || e.From == 0 {
					t.Errorf("told %+v of %+v", e, v)
				}
			}
		}
		a.picturesAgree(who, p)
	}
}

func numbered(n int) string {
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprint("id", i))
	}
	return strings.Join(ids, ",")
}

// picturesAgree compares a picture with its parts, its digest and its packed form.
func (a *acting) picturesAgree(who bearer, p pictured) {
	a.t.Helper()
	var lines []string
	for _, i := range p.Items {
		lines = append(lines, fmt.Sprintf("%s %d %s\n", i.ID, i.Version, i.State))
		if one := a.picture(who, "?ids="+i.ID); len(one.Items) != 1 || !reflect.DeepEqual(one.Items[0], i) {
			a.t.Errorf("%s alone: %+v, want %+v", i.ID, one.Items, i)
		}
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	var d struct {
		Digest string `json:"digest"`
		Items  int    `json:"items"`
	}
	a.get(who, "/v1/picture/digest", &d)
	if d.Digest != hex.EncodeToString(sum[:]) || d.Items != len(p.Items) {
		a.t.Errorf("the digest %+v is not that of %q", d, lines)
	}
	r := httptest.NewRequest("GET", "/v1/picture", nil)
	r.Header.Set("Authorization", string(who))
	r.Header.Set("Accept-Encoding", "br, gzip;q=0.5")
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	var packed pictured
	if err := json.Unmarshal(text, &packed); err != nil || !reflect.DeepEqual(packed.Items, p.Items) {
		a.t.Errorf("packed: %v %s", err, text)
	}
	if err != nil {
		a.t.Error(err)
	}
}

func (a *acting) post(who bearer, target string, body []byte, into any) int {
	a.t.Helper()
	r := httptest.NewRequest("POST", target, bytes.NewReader(body))
	r.Header.Set("Authorization", string(who))
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	if into != nil && json.Unmarshal(w.Body.Bytes(), into) != nil {
		a.t.Fatalf("%s: %d %s", target, w.Code, w.Body)
	}
	return w.Code
}

// TestDraftIsCheckedClearedAndDeclared: a check names what is in the way and what
// has to be read; an option's body is an act that is accepted; and a check keeps
// nothing.
func TestDraftIsCheckedClearedAndDeclared(t *testing.T) {
	a := newActing(t, "north", "south")
	a.shows("north", "south", release.Reference, release.VolumesExact)
	first := a.declares("north", a.around(12e9, 20e9, "Heron"))
	plan, err := statement.Marshal(a.around(12e9, 20e9, "Kite"))
	if err != nil {
		t.Fatal(err)
	}
	size := a.engine.Head().Size
	var c checked
	if code := a.post(south, "/v1/check", []byte(`{"plan":`+string(plan)+`}`), &c); code != 200 || !c.Blocked || c.State != checkConflict ||
		!slices.Equal(c.ReadSet, []string{first.Token}) || len(c.Verdicts) != 1 || c.Verdicts[0].ID != first.ID {
		t.Fatalf("%d %+v", code, c)
	}
	var found struct {
		State   string `json:"state"`
		Options []struct {
			Body domain.Declare `json:"body"`
		} `json:"options"`
	}
	if code := a.post(south, "/v1/options", []byte(`{"plan":`+string(plan)+`}`), &found); code != 200 || found.State != nativeConflict || len(found.Options) == 0 {
		t.Fatalf("%d %+v", code, found)
	}
	if a.engine.Head().Size != size {
		t.Error("a check or a search is in the journal")
	}
	body := found.Options[0].Body
	if made := a.declares("south", body.Plan, body.ReadSet...); made.State != domain.Accepted {
		t.Errorf("the option is %s", made.State)
	}
	far, err := statement.Marshal(a.around(-40e9, 20e9, ""))
	if err != nil {
		t.Fatal(err)
	}
	if a.post(south, "/v1/check", []byte(`{"plan":`+string(far)+`}`), &c); c.State != checkNoneDeclared || c.Blocked {
		t.Errorf("far from all: %+v", c)
	}
	for bad, member := range map[string]string{
		`{}`: "plan", `{"plan":{}}`: "aircraft_kind", `{"plan":{"x":1}}`: "x", `{"plan":` + string(plan) + `,"replaces":"7"}`: "replaces",
		strings.Replace(`{"plan":`+string(plan)+`}`, `"lat_e9":12000000000`, `"lat_e9":99000000000`, 1): "lat_e9",
	} {
		var p struct {
			Detail string `json:"detail"`
		}
		if code := a.post(south, "/v1/check", []byte(bad), &p); code != http.StatusBadRequest || !strings.Contains(p.Detail, member) {
			t.Errorf("%.60s: %d %s", bad, code, p.Detail)
		}
	}
	other := []byte(`{"plan":` + string(plan) + `,"replaces":"` + first.ID + `"}`)
	for _, target := range []string{"/v1/check", "/v1/options"} {
		if code := a.post(south, target, other, nil); code != http.StatusNotFound {
			t.Errorf("%s in the place of another's: %d", target, code)
		}
	}
}

// TestFilesBecomeDrafts: a file is read as the command line reads it, drawn, and
// as it is declared accepted; one that cannot be used says where.
func TestFilesBecomeDrafts(t *testing.T) {
	a := newActing(t, "north")
	data, err := os.ReadFile("../../testdata/missions/qgroundcontrol_sample.plan")
	if err != nil {
		t.Fatal(err)
	}
	var out struct {
		Drafts []draft  `json:"drafts"`
		Notes  []string `json:"notes"`
	}
	start := instant(a.beginNS)
	if code := a.post(north, "/v1/plans?name=sample.plan&ground_m=400&start="+start, data, &out); code != 200 || len(out.Drafts) == 0 {
		t.Fatalf("%d %+v", code, out)
	}
	d := out.Drafts[0]
	if err := d.Shape.Check(); err != nil || len(d.Suppositions) == 0 || string(d.Paths) == "[]" {
		t.Errorf("%v %+v", err, d)
	}
	for _, c := range []struct{ query, body, needs, file string }{
		{"name=sample.plan&ground_m=400", string(data), "start", "sample.plan"},
		{"name=x.json", `{"type":"FeatureCollection","features":[{"type":"Feature"}]}`, "", "x.json"},
		{"name=x.txt", "hello", "", "x.txt"},
	} {
		var p struct {
			Type    string  `json:"type"`
			Details badFile `json:"details"`
		}
		if code := a.post(north, "/v1/plans?"+c.query, []byte(c.body), &p); code != 400 || p.Type != "urn:deconflict:problem:bad-file" || p.Details.File != c.file || p.Details.Needs != c.needs {
			t.Errorf("%s: %d %+v", c.query, code, p)
		}
	}
	if code := a.post(north, "/v1/plans?name=x&start=never", nil, nil); code != 400 {
		t.Errorf("a start that is none: %d", code)
	}
	if code := a.post(north, "/v1/plans?name=x", make([]byte, MaxPlanBytes+1), nil); code != http.StatusRequestEntityTooLarge {
		t.Errorf("a file that is too large: %d", code)
	}
}

// FuzzPlans: whatever a file says is answered, with drafts or with what is wrong.
func FuzzPlans(f *testing.F) {
	a := newActing(f)
	for _, name := range []string{"missions/qgroundcontrol_sample.plan", "kml/dcdemo.kml", "zones/openair_v2_commands.txt"} {
		data, err := os.ReadFile("../../testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data[:min(len(data), 64<<10)])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 64<<10 {
			return
		}
		here := *a.node
		here.t = t
		var out map[string]json.RawMessage
		if code := (&acting{node: &here}).post(north, "/v1/plans?name=f&ground_m=10&duration_s=60&speed_mps=10&qnh_hpa=1013&start=2031-05-07T09:00:00Z", data, &out); code != 200 && code != 400 {
			t.Errorf("%d %v", code, out)
		}
	})
}

// TestTracksGoToWhoSeesTheIntent: simulated craft are streamed, without an id, to
// those who are shown where their intents are.
func TestTracksGoToWhoSeesTheIntent(t *testing.T) {
	var shown, hidden string
	a := newActing(t, "north", "south")
	a.shows("north", "south", release.Reference, release.VolumesExact)
	shown = a.declares("north", a.around(12e9, 20e9, "Heron")).ID
	a.shows("north", "south", release.Reference)
	hidden = a.declares("north", a.around(13e9, 20e9, "Kite")).ID
	h := a.handler.(*handler)
	h.Tracks = func(*world.State, int64) []Track {
		return []Track{{ID: "t1", Party: "north", Intent: shown}, {ID: "t2", Party: "north", Intent: hidden}, {ID: "t3", Party: "east"}}
	}
	for who, want := range map[bearer][]string{north: {"t1", "t2", "t3"}, south: {"t1", "t3"}, outsider: {"t3"}} {
		ev := a.stream(who, "", 1)[0]
		var frame tracked
		if err := json.Unmarshal([]byte(ev.data), &frame); err != nil || ev.kind != "tracks" || ev.id != "" || !frame.Simulated {
			t.Fatalf("%s: %v %+v", who, err, ev)
		}
		var got []string
		for _, x := range frame.Tracks {
			got = append(got, x.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s is told of %v, want %v", who, got, want)
		}
	}
}

// crowd is a state with so many intents of others around, each shown to north,
// in a grid over some degrees.
func crowd(b *testing.B, count int) (*world.State, *acting) {
	b.Helper()
	a := &acting{node: &node{beginNS: int64(1_933_200_000e9)}}
	st := world.New()
	for i := range count {
		p := a.around(10e9+int64(i%100)*1e8, 20e9+int64(i/100)*1e8, fmt.Sprint("X", i))
		d := &domain.Decided{
			ID: event.Env{Random: [32]byte{byte(i), byte(i >> 8)}}.ID(0), Version: 1, Owner: "south", Plan: p, State: domain.Accepted, Token: fmt.Sprint("token ", i),
			Shown: []domain.Shown{{To: "north", Members: []string{"alias", "end", "id", "owner", "start", "state", "version", "volumes", "token"}}},
		}
		d.Start, d.End = d.Shape.Window()
		st.Apply(d, event.At{NS: a.beginNS - int64(time.Hour), Index: int64(i)})
	}
	return st, a
}

// BenchmarkPicture takes a picture of 10,000 intents, and writes it.
func BenchmarkPicture(b *testing.B) {
	st, a := crowd(b, 10_000)
	c := &call{who: auth.Identity{Party: "north"}}
	q := &pictureQuery{window: volume.Window{StartNS: volume.AlwaysNS, EndNS: volume.ForeverNS}}
	take := func(h *handler) int {
		l := &look{pictureQuery: q, c: c, nowNS: a.beginNS}
		if err := l.gather(st); err != nil {
			b.Fatal(err)
		}
		if l.form(); len(l.found) != 10_000 {
			b.Fatal(len(l.found))
		}
		for i := range l.found {
			if l.found[i].Shown != shownExact {
				b.Fatal("not shown")
			}
		}
		body, err := h.pictureBody(q, l.found, basis{})
		if err != nil {
			b.Fatal(err)
		}
		size := 0
		for _, part := range body {
			size += len(part)
		}
		return size
	}
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			b.ReportMetric(float64(take(&handler{})), "bytes")
		}
	})
	b.Run("again", func(b *testing.B) {
		h := &handler{}
		for b.Loop() {
			take(h)
		}
	})
	b.Run("under the lock", func(b *testing.B) {
		for b.Loop() {
			l := &look{pictureQuery: q, c: c, nowNS: a.beginNS}
			if err := l.gather(st); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkCheck judges a draft against 10,000 intents, in conflict with some.
func BenchmarkCheck(b *testing.B) {
	st, a := crowd(b, 10_000)
	for name, latE9 := range map[string]int64{"conflict": 15_050_000_000, "clear": 60e9} {
		p := a.around(latE9, 25_050_000_000, "")
		p.Volumes[0].Footprint.Circle.RadiusMM = 20_000_000
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				t, err := st.Try(domain.Draft{By: "north", Plan: &p}, a.beginNS-int64(time.Hour))
				if err != nil || t.Blocked != (name == "conflict") {
					b.Fatal(err, t)
				}
			}
		})
	}
}
