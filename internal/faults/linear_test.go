package faults

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// Several clients of one party and an onlooker of another fight for a few
// intents. Each intent is a register that is changed by compare and set on its
// OVN; a query reads all of them at once. The history of all requests must be
// that of one request after the other.

const (
	registers = 4
	fighters  = 5
)

// register is the state of one intent. No version: it does not exist.
type register struct {
	version int
	ovn     string
}

// untold is the OVN of a change whose answer nobody got.
const untold = "?"

// space is the state of all.
type space [registers]register

// request is what a client asked for.
type request struct {
	kind string // create, update, delete, get, query
	at   int    // register; not for a query
	ovn  string // that is named
}

// reply is what it was told.
type reply struct {
	status int // 0: nothing
	got    register
	all    space // of a query
}

// linear is a history and what its clients know.
type linear struct {
	site  site
	ids   [registers]string
	began time.Time

	mu      sync.Mutex
	history []porcupine.Operation
	given   map[string]bool // OVNs that answers to changes told
	asked   atomic.Int64
}

func newLinear() *linear {
	h := &linear{site: newSite(), began: time.Now(), given: map[string]bool{}}
	for i := range h.ids {
		h.ids[i] = newID()
	}
	return h
}

// pending is the time of an answer that never came: after all others.
const pending = int64(1) << 62

// client makes requests until enough were made or the node is gone.
func (h *linear) client(n *node, number int, enough int64, reached func()) error {
	rng := rand.New(rand.NewPCG(uint64(number), uint64(enough)))
	var known [registers]string // OVNs that this client saw last
	for {
		asked := h.asked.Add(1)
		if asked == enough {
			reached()
		}
		if asked > enough {
			return nil
		}
		q := h.draw(rng, number, &known)
		call := time.Since(h.began).Nanoseconds()
		r, err := h.ask(n, number, q)
		back := time.Since(h.began).Nanoseconds()
		if err != nil {
			return err
		}
		if r.status == 0 {
			back = pending
		}
		if r.got.ovn != "" && q.kind != "delete" {
			known[q.at] = r.got.ovn
		}
		h.mu.Lock()
		if q.kind == "create" || q.kind == "update" {
			h.given[r.got.ovn] = true
		}
		if r.status != 0 || q.kind != "get" && q.kind != "query" {
			h.history = append(h.history, porcupine.Operation{ClientId: number, Input: q, Call: call, Output: r, Return: back})
		}
		h.mu.Unlock()
		if r.status == 0 {
			return nil
		}
	}
}

// draw draws a request. The onlooker, client 0, changes nothing.
func (h *linear) draw(rng *rand.Rand, number int, known *[registers]string) request {
	q := request{at: rng.IntN(registers)}
	q.ovn = known[q.at]
	switch pick := rng.IntN(20); {
	case pick < 3:
		q.kind = "query"
	case pick < 8 || number == 0:
		q.kind = "get"
	case q.ovn == "" || pick < 10:
		q.kind = "create"
	case pick < 17:
		q.kind = "update"
	default:
		q.kind = "delete"
	}
	if q.kind != "update" && q.kind != "delete" {
		q.ovn = ""
	}
	return q
}

// statuses are the answers that the requests may get.
var statuses = map[string][]int{
	"create": {201, 409}, "update": {200, 409}, "delete": {200, 404, 409}, "get": {200, 404}, "query": {200},
}

func (h *linear) ask(n *node, number int, q request) (reply, error) {
	party := "alpha"
	if number == 0 {
		party = "bravo"
	}
	path := intentsPath + "/" + h.ids[q.at]
	if q.ovn != "" {
		path += "/" + q.ovn
	}
	var method string
	var body any
	switch q.kind {
	case "create", "update":
		method, body = "PUT", h.site.intent(q.at, "Accepted", "https://alpha.example")
	case "delete":
		method = "DELETE"
	case "get":
		method = "GET"
	case "query":
		method, path, body = "POST", intentsPath+"/query", object{"area_of_interest": h.site.all()}
	}
	a, err := n.do(party, method, path, body)
	if err != nil || a.status >= 500 {
		return reply{}, nil
	}
	for _, status := range statuses[q.kind] {
		if a.status == status {
			return h.understand(party, q, a)
		}
	}
	return reply{}, fmt.Errorf("%s %s as %s: found %d %.300s, expected one of %v", method, path, party, a.status, a.body, statuses[q.kind])
}

func (h *linear) understand(party string, q request, a answer) (reply, error) {
	r := reply{status: a.status}
	if a.status >= 400 {
		return r, nil
	}
	var one intentAnswer
	var all intentList
	into := any(&one)
	if q.kind == "query" {
		into = &all
	}
	if err := json.Unmarshal(a.body, into); err != nil {
		return r, err
	}
	r.got = observed(one.Intent, party)
	for _, ref := range all.Intents {
		known := false
		for i, id := range h.ids {
			if id == ref.ID {
				r.all[i], known = observed(ref, party), true
			}
		}
		if !known {
			return r, fmt.Errorf("a query lists %s, which nobody created", ref.ID)
		}
	}
	return r, nil
}

// observed is what a party sees of an intent. An onlooker sees no OVN.
func observed(r reference, party string) register {
	if r.Manager != party {
		r.OVN = ""
	}
	return register{r.Version, r.OVN}
}

// model is what the node promises. given are the OVNs that were told to those
// who made them, so that they belong to no change of unknown outcome.
func model(given map[string]bool) porcupine.Model {
	same := func(have register, ovn string) bool {
		return have.ovn == ovn || have.ovn == untold && !given[ovn]
	}
	// sees tells whether a register may look so, and what is then known of it.
	sees := func(have, look register) (register, bool) {
		switch {
		case have.version != look.version:
			return have, false
		case look.version == 0 || look.ovn == "":
			return have, true
		}
		return look, same(have, look.ovn)
	}
	step := func(st space, q request, r reply) []space {
		have := st[q.at]
		with := func(changed register) space {
			st[q.at] = changed
			return st
		}
		exists := have.version > 0
		matches := exists && same(have, q.ovn)
		stays := []space{st}
		switch {
		case q.kind == "query":
			for i := range st {
				var ok bool
				if st[i], ok = sees(st[i], r.all[i]); !ok {
					return nil
				}
			}
			return []space{st}
		case q.kind == "get":
			known, ok := sees(have, r.got)
			if !ok {
				return nil
			}
			return []space{with(known)}
		case r.status == 0 && (q.kind == "create" && !exists || q.kind == "update" && matches):
			return append(stays, with(register{have.version + 1, untold}))
		case r.status == 0 && q.kind == "delete" && matches:
			return append(stays, with(register{}))
		case r.status == 0:
			return stays
		case r.status == 404:
			return keepIf(!exists, stays)
		case r.status == 409 && q.kind == "create":
			return keepIf(exists, stays)
		case r.status == 409 && q.kind == "update":
			return keepIf(!matches || have.ovn == untold, stays)
		case r.status == 409:
			return keepIf(exists && (!matches || have.ovn == untold), stays)
		case q.kind == "create":
			return keepIf(!exists && r.got.version == 1, []space{with(r.got)})
		case q.kind == "update":
			return keepIf(matches && r.got.version == have.version+1 && r.got.ovn != q.ovn, []space{with(r.got)})
		}
		return keepIf(matches && r.got.version == have.version, []space{with(register{})})
	}
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{space{}} },
		Step: func(state, input, output any) []any {
			var next []any
			for _, st := range step(state.(space), input.(request), output.(reply)) {
				next = append(next, st)
			}
			return next
		},
	}
	return m.ToModel()
}

func keepIf(ok bool, states []space) []space {
	if !ok {
		return nil
	}
	return states
}

// phase has the clients make requests until so many were made. reached is called
// with the last.
func (h *linear) phase(t *testing.T, n *node, requests int64, reached func()) {
	t.Helper()
	enough := h.asked.Load() + requests
	errs := make([]error, fighters)
	var all sync.WaitGroup
	for i := range fighters {
		all.Go(func() { errs[i] = h.client(n, i, enough, reached) })
	}
	all.Wait()
	h.asked.Store(enough)
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// settle reads all registers, one after the other, so that no change at the end
// of a history goes unseen.
func (h *linear) settle(t *testing.T, n *node) {
	t.Helper()
	for at := range registers {
		q := request{kind: "get", at: at}
		call := time.Since(h.began).Nanoseconds()
		r, err := h.ask(n, 1, q)
		back := time.Since(h.began).Nanoseconds()
		if err != nil || r.status == 0 {
			t.Fatalf("reading register %d: %d %v", at, r.status, err)
		}
		h.history = append(h.history, porcupine.Operation{ClientId: fighters, Input: q, Call: call, Output: r, Return: back})
	}
}

func (h *linear) check() porcupine.CheckResult {
	return porcupine.CheckOperationsTimeout(model(h.given), h.history, patience)
}

// only leaves the history of one register: a query is then a read of it.
func (h *linear) only(at int) []porcupine.Operation {
	var part []porcupine.Operation
	for _, o := range h.history {
		q, r := o.Input.(request), o.Output.(reply)
		if q.kind == "query" {
			q, r = request{kind: "get", at: at}, reply{status: 200, got: r.all[at]}
			if r.got.version == 0 {
				r.status = 404
			}
		}
		if q.at == at {
			o.Input, o.Output = q, r
			part = append(part, o)
		}
	}
	return part
}

// TestLinearizable holds the history of a node that runs undisturbed against
// the model, and sees to it that the model refuses histories with a stale read
// or a lost change.
func TestLinearizable(t *testing.T) {
	rounds, requests := 1, int64(400)
	if long {
		rounds, requests = 5, 2000
	}
	n := start(t, filepath.Join(t.TempDir(), "data"))
	for range rounds {
		h := newLinear()
		h.phase(t, n, requests, func() {})
		h.settle(t, n)
		if got := h.check(); got != porcupine.Ok {
			t.Fatalf("a history of %d requests: %s", len(h.history), got)
		}
		h.mustRefuse(t)
		h.tidy(t, n)
	}
}

// TestLinearizableAcrossKill kills the node in the middle and starts it again.
func TestLinearizableAcrossKill(t *testing.T) {
	rounds := 1
	if long {
		rounds = 30
	}
	dir := filepath.Join(t.TempDir(), "data")
	n := start(t, dir)
	unknown := 0
	for range rounds {
		h := newLinear()
		h.phase(t, n, 200, n.Kill)
		n = start(t, dir)
		h.phase(t, n, 200, func() {})
		h.settle(t, n)
		for at := range registers {
			part := porcupine.CheckOperationsTimeout(model(h.given), h.only(at), patience)
			if part != porcupine.Ok {
				t.Fatalf("a history of register %d: %s", at, part)
			}
		}
		if got := h.check(); got != porcupine.Ok {
			t.Fatalf("a history of %d requests: %s", len(h.history), got)
		}
		for _, o := range h.history {
			if o.Return == pending {
				unknown++
			}
		}
		h.mustRefuse(t)
		h.tidy(t, n)
	}
	t.Logf("%d changes with unknown outcome in %d rounds", unknown, rounds)
}

// mustRefuse falsifies a history in several ways, each of which the model must
// refuse.
func (h *linear) mustRefuse(t *testing.T) {
	t.Helper()
	falsify := func(what string, change func(q request, r *reply) bool) {
		t.Helper()
		for i := len(h.history) - 1; i >= 0; i-- {
			o := &h.history[i]
			was := o.Output.(reply)
			r := was
			if o.Return == pending || !change(o.Input.(request), &r) {
				continue
			}
			o.Output = r
			if got := h.check(); got != porcupine.Illegal {
				t.Errorf("%s: found %s, expected it to be refused", what, got)
			}
			o.Output = was
			return
		}
		t.Errorf("%s: the history has no such request", what)
	}
	falsify("a read of an older version", func(q request, r *reply) bool {
		r.got.version--
		return q.kind == "get" && r.got.version > 0 && r.got.ovn != ""
	})
	falsify("a query with a version that nobody made", func(q request, r *reply) bool {
		r.all[0].version += 1000
		return q.kind == "query"
	})
	falsify("a change that was refused and is said to be made", func(q request, r *reply) bool {
		refused := q.kind == "update" && r.status == 409
		r.status, r.got = 200, register{2, "never-given"}
		return refused
	})
	falsify("a change that was made and is said to be refused", func(q request, r *reply) bool {
		made := q.kind == "update" && r.status == 200
		r.status, r.got = 409, register{}
		return made
	})
}

// tidy removes what the clients left, for those that come.
func (h *linear) tidy(t *testing.T, n *node) {
	t.Helper()
	for _, id := range h.ids {
		a, err := n.do("alpha", "GET", intentsPath+"/"+id, nil)
		if err != nil {
			t.Fatal(err)
		}
		var body intentAnswer
		if a.status == 404 {
			continue
		}
		if err := json.Unmarshal(a.body, &body); err != nil {
			t.Fatal(err)
		}
		if err := n.read("alpha", "DELETE", intentsPath+"/"+id+"/"+body.Intent.OVN, nil, 200, nil); err != nil {
			t.Fatal(err)
		}
	}
}
