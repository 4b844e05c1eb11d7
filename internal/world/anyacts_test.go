package world

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/deconflict/deconflict/internal/event"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/registry"
	"github.com/deconflict/deconflict/internal/statement"
)

// TestAnyActs does acts of all kinds in any order, sensible ones and others, with
// leaps of the clock between them. Nothing may panic, each entry is one that the
// journal takes and reads back the same, what is due gets done, and the journal
// and the snapshot each make the state again.
//
// DECONFLICT_ACTS=10m goes on for ten minutes; a failure names its seed, and
// DECONFLICT_ACTS=seed:7 does that one alone.
func TestAnyActs(t *testing.T) {
	setting := os.Getenv("DECONFLICT_ACTS")
	if seed, ok := bytes.CutPrefix([]byte(setting), []byte("seed:")); ok {
		n, err := strconv.ParseUint(string(seed), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		anyActs(t, n, 400)
		return
	}
	done := map[string]int{}
	add := func(of map[string]int) {
		for name, n := range of {
			done[name] += n
		}
	}
	if setting == "" {
		for seed := range uint64(8) {
			add(anyActs(t, seed, 150))
		}
		return
	}
	d, err := time.ParseDuration(setting)
	if err != nil {
		t.Fatal(err)
	}
	for seed, end := uint64(0), time.Now().Add(d); time.Now().Before(end); seed++ {
		add(anyActs(t, seed, 400))
	}
	for _, form := range ActForms() {
		t.Logf("%6d %s", done[form.Act], form.Act)
	}
	for _, d := range domains {
		for _, name := range sortedKeys(d.events) {
			t.Logf("%6d E %s", done["event "+name], name)
		}
	}
}

// anyActs does a number of acts that a seed determines, and returns how many of
// each kind were taken.
func anyActs(t *testing.T, seed uint64, acts int) map[string]int {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	}()
	w := newAnyWorld(t, seed)
	defer func() {
		if p := recover(); p != nil {
			t.Logf("seed %d, last %s", seed, clipped(w.last))
			panic(p)
		}
	}()
	for range acts {
		w.step()
		if t.Failed() || w.IntN(50) == 0 && !w.same() {
			t.Fatalf("seed %d, last %s", seed, clipped(w.last))
		}
	}
	if !w.same() {
		t.Fatalf("seed %d, last %s", seed, clipped(w.last))
	}
	return w.done
}

func clipped(text []byte) []byte { return text[:min(len(text), 2000)] }

// anyWorld is a node to which anything is said.
type anyWorld struct {
	*rand.Rand
	*node
	parties []party.ID
	seen    map[string][]map[string]any // last events, by type
	words   map[string][]any            // last values, by the name of the member
	serial  int
	speaker party.ID // whose the act would be, when that is known
	last    []byte   // the last statement
	done    map[string]int
	sent    []*party.Act // the last ones
	taken   map[string]bool
}

func newAnyWorld(t *testing.T, seed uint64) *anyWorld {
	w := &anyWorld{
		Rand: rand.New(rand.NewPCG(seed, 1)), node: newNode(t),
		parties: []party.ID{"nc", "el", "aldmar", "hr", "third", "stranger"},
		seen:    map[string][]map[string]any{}, words: map[string][]any{}, done: map[string]int{}, taken: map[string]bool{},
	}
	for _, id := range w.parties[:5] {
		w.say(id, "party.enrol", registry.Enrol{Party: w.record(id)}, false)
		for _, position := range []string{"watch", "duty-director", "manager"} {
			w.say(id, "party.roster", w.roster(id, position), false)
		}
	}
	return w
}

// step does one thing.
func (w *anyWorld) step() {
	if w.IntN(3) == 0 {
		w.nowNS += w.leap()
	}
	w.settle()
	if w.Failed() {
		return
	}
	switch w.IntN(40) {
	case 0:
		w.agree()
	case 1:
		w.meet()
	case 2, 3:
		w.again()
	default:
		d := &domains[w.IntN(len(domains))] // all domains have their turn alike
		w.some(d)
	}
}

// some does an act of a domain.
func (w *anyWorld) some(d *domain) {
	name, by := pickOf(w, sortedKeys(d.acts)...), w.party()
	w.speaker = ""
	body := w.body(name, by)
	if w.speaker != "" && w.IntN(8) > 0 {
		by = w.speaker
	}
	w.say(by, name, body, w.IntN(4) == 0)
}

// agree has the two signatories come to an agreement, as far as they can, and
// see what they make of it.
func (w *anyWorld) agree() {
	for _, by := range []party.ID{"nc", "el"} {
		for _, position := range []string{"watch", "duty-director", "manager"} {
			w.say(by, "party.roster", w.roster(by, position), false)
		}
	}
	w.say("nc", "agreement.propose", w.text("nc"), false)
	list := w.seen["agreement.proposed"]
	if len(list) == 0 {
		return
	}
	e := list[len(list)-1]
	for _, by := range []party.ID{"nc", "el"} {
		w.say(by, "agreement.sign", object{"agreement": e["agreement"], "version": e["hash"], "results": e["results"]}, false)
	}
	for range w.IntN(20) {
		w.some(ofAct["agreement.sign"])
	}
}

// meet has the two declare intents that meet, and make up who gives way.
func (w *anyWorld) meet() {
	plan := w.plan()
	for _, by := range []party.ID{"nc", "el"} {
		w.say(by, "intent.declare", plan, false)
	}
	for _, by := range []party.ID{"nc", "el"} {
		if w.IntN(2) == 0 {
			w.say(by, "offer.make", w.offerBody("make", ""), false)
			w.say(by, "offer.accept", w.offerBody("accept", ""), false)
		}
	}
	for range w.IntN(20) {
		w.some(pickOf(w, ofAct["intent.declare"], ofAct["offer.make"]))
	}
}

// leap is by how much the clock goes on.
func (w *anyWorld) leap() int64 {
	const second = 1_000_000_000
	if w.IntN(10) > 0 {
		return w.Int64N(30 * second)
	}
	return pickOf[int64](w, 120*second, 3600*second, 86400*second, 40*86400*second) + w.Int64N(second)
}

// settle does what is due, as the engine does.
func (w *anyWorld) settle() {
	for range 3000 {
		ns, ok := w.st.Deadline()
		if !ok || ns > w.nowNS {
			return
		}
		env := w.env()
		due, err := w.st.Overdue(w.nowNS)[0](w.st, env)
		if err != nil || len(due) == 0 {
			w.Errorf("at %d something is due since %d, and nothing comes: %v\n%+v", w.nowNS, ns, err, w.st.deadlines)
			return
		}
		w.carry(due, env)
	}
	w.Errorf("what is due has no end at %d: %+v", w.nowNS, w.st.deadlines)
}

func (w *anyWorld) env() event.Env {
	w.serial++
	env := event.Env{NowNS: w.nowNS, Node: here, BaseURL: "https://node.example", Journal: written{w.node}}
	copy(env.Random[:], strconv.Itoa(w.serial))
	return env
}

// say makes a statement of a body and has it decided, as the edge would pass it
// on.
func (w *anyWorld) say(by party.ID, act string, body any, wild bool) {
	raw, err := statement.Marshal(body)
	if err != nil {
		w.Fatalf("%s: %v", act, err)
	}
	if wild {
		raw = w.mutate(raw)
	}
	w.serial++
	a := &party.Act{Statement: party.Statement{
		Act: act, At: statement.Instant(w.nowNS), Body: raw, ID: strconv.Itoa(w.serial), Node: here, Party: by,
	}}
	if a.Text, err = statement.Marshal(a.Statement); err != nil {
		w.Fatal(err)
	}
	w.last = a.Text
	kind, _ := Kind(act)
	a.Content = kind.New()
	if statement.Unmarshal(raw, a.Content) != nil {
		return
	}
	if c, ok := a.Content.(interface{ Check() error }); ok && c.Check() != nil {
		return
	}
	if !wild || w.IntN(4) > 0 {
		w.sign(a, w.IntN(4) == 0)
	}
	w.sent = lastOf(append(w.sent, a))
	w.decide(a)
}

// sign adds the signatures of a party's two persons, or that of one.
func (w *anyWorld) sign(a *party.Act, one bool) {
	a.Signatures = nil
	if a.Act == registry.Stop || a.Party == "stranger" {
		return
	}
	for _, person := range []string{"-a", "-b"} {
		s, err := party.Sign(keyOf(string(a.Party)+person), a.Text)
		if err != nil {
			w.Fatal(err)
		}
		if a.Signatures = append(a.Signatures, s); one {
			return
		}
	}
}

// again sends a late statement again, with all signatures: those that waited for
// them are complete, and those that were taken must not be taken twice.
func (w *anyWorld) again() {
	if len(w.sent) > 0 {
		a := *w.sent[w.IntN(len(w.sent))]
		w.sign(&a, false)
		w.last = a.Text
		w.decide(&a)
	}
}

func (w *anyWorld) decide(a *party.Act) {
	env := w.env()
	var before []byte
	look := w.IntN(16) == 0
	if look {
		before = image(w, w.st)
	}
	decided, err := w.st.Act(a, env)
	if look && !bytes.Equal(image(w, w.st), before) {
		w.Errorf("deciding %s changed the state", a.Act)
		return
	}
	var refusal *event.Refusal
	var repeated *ErrRepeated
	if err != nil {
		if !errors.As(err, &refusal) && !errors.As(err, &repeated) {
			w.Errorf("%s: %v is no refusal", a.Act, err)
		}
		return
	}
	if decided[0].Type() == typeTaken {
		name := string(a.Party) + " " + a.ID
		if w.taken[name] && a.Act != registry.Stop { // which is said anew when it is known no more
			w.Errorf("%s of %s was taken twice", a.Act, name)
		}
		w.taken[name] = true
		w.done[a.Act]++
	}
	w.carry(decided, env)
}

func (w *anyWorld) carry(decided []Event, env event.Env) {
	if err := w.st.Carry(decided, env, w.takeIn); err != nil {
		w.Errorf("%s: %v", decided[0].Type(), err)
	}
}

// takeIn applies an event and remembers what is in it.
func (w *anyWorld) takeIn(ev Event) error {
	w.apply(ev)
	text := w.entries[len(w.entries)-1]
	if err := journalTakes(text); err != nil {
		w.Errorf("%s: %v", ev.Type(), err)
	}
	var members map[string]any
	if err := json.Unmarshal(text, &members); err != nil {
		w.Fatal(err)
	}
	if ev.Type() == typeTaken {
		return nil
	}
	w.done["event "+ev.Type()]++
	w.seen[ev.Type()] = lastOf(append(w.seen[ev.Type()], members))
	w.learn("", members)
	return nil
}

func lastOf[T any](list []T) []T { return list[max(0, len(list)-16):] }

// learn remembers values by the names of their members.
func (w *anyWorld) learn(name string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, inner := range sortedKeys(v) {
			w.learn(inner, v[inner])
		}
	case []any:
		for _, e := range v {
			w.learn(name, e)
		}
	default:
		w.words[name] = lastOf(append(w.words[name], v))
	}
}

// same reports whether the journal and the snapshot make the state.
func (w *anyWorld) same() bool {
	now := image(w, w.st)
	if again := image(w, w.replayed()); !bytes.Equal(again, now) {
		w.Errorf("the journal makes another state: %s", differing(again, now))
		return false
	}
	read, err := ReadState(now)
	if err != nil {
		w.Errorf("the snapshot cannot be read: %v", err)
		return false
	}
	if again := image(w, read); !bytes.Equal(again, now) {
		w.Errorf("the snapshot makes another state: %s", differing(again, now))
		return false
	}
	if ns, ok := w.st.Deadline(); true {
		if again, has := read.Deadline(); again != ns || has != ok {
			w.Errorf("after a restart %+v is due, it was %+v", read.deadlines, w.st.deadlines)
			return false
		}
	}
	// The node goes on from its snapshot now and then, as after a restart.
	if w.IntN(2) == 0 {
		w.st = read
	}
	return true
}

func differing(a, b []byte) string {
	i := len(magic) + 8 // behind the length
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	part := func(s []byte) []byte { return s[max(0, min(i-200, len(s))):min(len(s), i+200)] }
	return string(part(a)) + "\nit was\n" + string(part(b))
}
