package bench

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// An operation of a flight. A create or activate that is answered 409 with the
// intents that it did not know counts as opRefused.
const (
	opCreate = iota
	opQuery
	opActivate
	opDelete
	opRefused
	opCount
)

var opNames = [opCount]string{"create", "query", "activate", "delete", "409 round"}

// maxRounds bounds how often a write is repeated with a better key.
const maxRounds = 100

const intentPath = "/dss/v1/operational_intent_references/"

// uss is one USS that the generator plays.
type uss struct {
	name, url, token string
}

// driver lets workers fly against one server.
type driver struct {
	opt     *ServeOptions
	target  *url.URL
	parties []uss
	site    *site
	book    book
	bare    bool // the floor keeps nothing that could be read back

	flown    atomic.Int64 // flights begun
	from, to atomic.Int64 // what is measured, in nanoseconds after epoch; to is 0 while open
	epoch    time.Time
	workers  []*worker
}

func newDriver(opt *ServeOptions, target *url.URL, parties []uss, s *site, bare bool) *driver {
	d := &driver{opt: opt, target: target, parties: parties, site: s, bare: bare, epoch: time.Now()}
	d.book.ovns = map[string]string{}
	for i := range opt.Workers {
		d.workers = append(d.workers, &worker{
			d:      d,
			client: newClient(target),
			rng:    rand.New(rand.NewPCG(opt.Seed, uint64(i+1))),
			party:  &parties[i%len(parties)],
			status: map[answerKind]int{},
			faults: map[answerKind]string{},
		})
	}
	return d
}

// each runs a function in every worker at once.
func (d *driver) each(do func(w *worker) error) error {
	errs := make([]error, len(d.workers))
	var wg sync.WaitGroup
	for i, w := range d.workers {
		wg.Go(func() { errs[i] = do(w) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// settle creates the bystanders.
func (d *driver) settle(n int) error {
	if room := d.site.room(); room < n+len(d.workers) {
		return fmt.Errorf("found room for %d flights in %s, expected it for %d bystanders and %d workers", room, d.site.name, n, len(d.workers))
	}
	var left atomic.Int64
	left.Store(int64(n))
	err := d.each(func(w *worker) error {
		for left.Add(-1) >= 0 {
			slot, ok := d.site.take()
			if !ok {
				return errors.New("found no room for a bystander")
			}
			f := w.newFlight(slot)
			if !w.put(f, opCreate, "Accepted") {
				return fmt.Errorf("bystander not created: %s", w.fault)
			}
			w.kept = append(w.kept, f)
		}
		return nil
	})
	for _, w := range d.workers {
		w.forget()
	}
	return err
}

// answerKind groups answers that are not what was hoped for.
type answerKind struct{ op, status int }

// worker flies one flight after the other over one connection.
type worker struct {
	d      *driver
	client *client
	rng    *rand.Rand
	party  *uss
	body   []byte

	took    [opCount][]time.Duration // of accepted operations and 409 rounds, in what is measured
	status  map[answerKind]int       // others
	faults  map[answerKind]string    // an example of each
	fault   string                   // the last of them
	unread  int                      // acknowledged creates that the query after them did not list
	kept    []*flight                // alive when the run ends
	gone    []*flight                // deleted, acknowledged
	unknown int                      // flights of which an outcome is not known
}

// forget drops what was measured.
func (w *worker) forget() {
	w.took, w.status = [opCount][]time.Duration{}, map[answerKind]int{}
}

// flight is one operational intent and what the party knows of it.
type flight struct {
	id           string
	party        *uss
	slot         int32
	extents      []byte   // its Volume4D
	near         []string // ids of intents that it was told of
	ovn, state   string   // as acknowledged last
	unsure       bool     // whether a write after that was carried out: it had no answer, or one above 499
	subscription string
}

func (w *worker) newFlight(slot int32) *flight {
	return &flight{
		id: newUUID(w.rng), party: w.party, slot: slot,
		extents: w.d.site.appendVolume(make([]byte, 0, 1<<10), w.d.site.at(slot, w.rng)),
	}
}

// newUUID returns a version 4 UUID.
func newUUID(rng *rand.Rand) string {
	a, b := rng.Uint64()&^0xf000|0x4000, rng.Uint64()&^(3<<62)|2<<62
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xffff, a&0xffff, b>>48, b&(1<<48-1))
}

// run flies until the time is over or all flights are flown.
func (w *worker) run() error {
	for n := w.d.flown.Add(1); w.d.open(n); n = w.d.flown.Add(1) {
		slot, ok := w.d.site.take()
		if !ok {
			return fmt.Errorf("found no room for another flight in %s", w.d.site.name)
		}
		w.fly(w.newFlight(slot), w.d.opt.Verify && n%keepEvery == 0)
	}
	return nil
}

// keepEvery is how many flights there are to one that stays until the end of a
// run that is verified, so that acknowledged creates can be read back.
const keepEvery = 16

// open reports whether the n-th flight is still to be flown.
func (d *driver) open(n int64) bool {
	if d.opt.Flights > 0 {
		return n <= int64(d.opt.Flights)
	}
	to := d.to.Load()
	return to == 0 || int64(time.Since(d.epoch)) < to
}

// fly is one flight. Where a write fails the flight is deleted if it can be. A
// deletion that is refused leaves what was acknowledged before, which then has
// to be there when the run ends.
func (w *worker) fly(f *flight, keep bool) {
	if !w.put(f, opCreate, "Accepted") {
		if f.unsure {
			w.unknown++
		} else {
			w.d.site.give(f.slot)
		}
		return
	}
	flown := w.query(f) && w.put(f, opActivate, "Activated")
	switch {
	case flown && keep:
		w.kept = append(w.kept, f)
	case w.delete(f):
		w.d.site.give(f.slot)
		if w.d.opt.Verify {
			f.extents, f.near = nil, nil
			w.gone = append(w.gone, f)
		}
	case f.unsure:
		w.unknown++
	default:
		w.kept = append(w.kept, f)
	}
}

// call makes a request and counts what is not accepted. It reports whether the
// answer has one of the wanted statuses; a 409 to a write is for the caller.
func (w *worker) call(op int, method, path string, body []byte, wanted ...int) (answer []byte, status int) {
	start := time.Since(w.d.epoch)
	status, answer, err := w.client.do(method, path, w.party.token, body)
	end := time.Since(w.d.epoch)
	for _, want := range wanted {
		if status != want {
			continue
		}
		if status == 409 {
			op = opRefused
		}
		if to := w.d.to.Load(); int64(start) >= w.d.from.Load() && (to == 0 || int64(end) <= to) {
			w.took[op] = append(w.took[op], end-start)
		}
		return answer, status
	}
	if err != nil {
		w.note(op, 0, err.Error())
		return nil, 0
	}
	w.note(op, status, string(answer[:min(len(answer), 300)]))
	return answer, status
}

// note counts an answer that does not fit.
func (w *worker) note(op, status int, what string) {
	kind := answerKind{op, status}
	w.status[kind]++
	w.fault = fmt.Sprintf("%s answered %d: %s", opNames[op], status, strings.TrimSpace(what))
	if _, ok := w.faults[kind]; !ok {
		w.faults[kind] = w.fault
	}
}

// put creates or activates a flight, as often as the answer names intents that
// the flight has yet to know.
func (w *worker) put(f *flight, op int, state string) bool {
	path := intentPath + f.id
	if f.ovn != "" {
		path += "/" + f.ovn
	}
	created := 201
	if op == opActivate {
		created = 200
	}
	for range maxRounds {
		w.body = w.appendPut(w.body[:0], f, state)
		answer, status := w.call(op, "PUT", path, w.body, created, 409)
		switch status {
		case created:
			ref := member(answer, "operational_intent_reference")
			ovn := text(member(ref, "ovn"))
			if ovn == "" || ovn == f.ovn {
				w.note(op, status, "found no new ovn in "+string(answer))
				f.unsure = true
				return false
			}
			f.ovn, f.state = ovn, state
			f.subscription = text(member(ref, "subscription_id"))
			w.d.book.set(f.id, ovn)
			return true
		case 409:
			missing := 0
			elements(member(answer, "missing_operational_intents"), func(ref []byte) {
				f.near = append(f.near, text(member(ref, "id")))
				missing++
			})
			if missing == 0 {
				w.note(op, status, "named no intents: "+string(answer))
				return false
			}
			slices.Sort(f.near) // an intent that changed since is named again
			f.near = slices.Compact(f.near)
		default:
			f.unsure = f.unsure || status == 0 || status >= 500
			return false
		}
	}
	w.note(op, 409, fmt.Sprintf("still refused after %d rounds", maxRounds))
	return false
}

// appendPut appends the body of a create or an update.
func (w *worker) appendPut(dst []byte, f *flight, state string) []byte {
	dst = append(dst, `{"extents":[`...)
	dst = append(dst, f.extents...)
	dst = append(dst, `],"state":"`...)
	dst = append(dst, state...)
	dst = append(dst, `","uss_base_url":"`...)
	dst = append(dst, f.party.url...)
	dst = append(dst, `","key":[`...)
	dst = w.d.book.appendOVNs(dst, f.near)
	dst = append(dst, ']')
	const null = "00000000-0000-4000-8000-000000000000"
	switch {
	case state == "Activated" && f.subscription != "" && f.subscription != null:
		dst = append(dst, `,"subscription_id":"`...)
		dst = append(dst, f.subscription...)
		dst = append(dst, '"')
	case state == "Activated" || w.d.opt.Subscription == "implicit":
		dst = append(dst, `,"new_subscription":{"uss_base_url":"`...)
		dst = append(dst, f.party.url...)
		dst = append(dst, `","notify_for_constraints":false}`...)
	}
	return append(dst, '}')
}

// query asks who else is where the flight is. The flight itself has to be in
// the answer.
func (w *worker) query(f *flight) bool {
	w.body = append(w.body[:0], `{"area_of_interest":`...)
	w.body = append(w.body, f.extents...)
	w.body = append(w.body, '}')
	answer, status := w.call(opQuery, "POST", intentPath+"query", w.body, 200)
	if status != 200 {
		return false
	}
	f.near = f.near[:0]
	seen := w.d.bare
	elements(member(answer, "operational_intent_references"), func(ref []byte) {
		if id := text(member(ref, "id")); id == f.id {
			seen = true
		} else if !w.d.bare {
			f.near = append(f.near, id)
		}
	})
	if !seen {
		w.unread++
	}
	return true
}

func (w *worker) delete(f *flight) bool {
	_, status := w.call(opDelete, "DELETE", intentPath+f.id+"/"+f.ovn, nil, 200)
	if status != 200 {
		f.unsure = f.unsure || status == 0 || status >= 500
		return false
	}
	w.d.book.remove(f.id)
	f.state = "Ended"
	return true
}

// book holds the OVNs of all flights: what the USSs would tell each other.
type book struct {
	mu   sync.RWMutex
	ovns map[string]string
}

func (b *book) set(id, ovn string) {
	b.mu.Lock()
	b.ovns[id] = ovn
	b.mu.Unlock()
}

func (b *book) remove(id string) {
	b.mu.Lock()
	delete(b.ovns, id)
	b.mu.Unlock()
}

// appendOVNs appends the OVNs of those flights that the book has, as the
// elements of a JSON array.
func (b *book) appendOVNs(dst []byte, ids []string) []byte {
	if len(ids) == 0 {
		return dst
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	had := len(dst)
	for _, id := range ids {
		ovn, ok := b.ovns[id]
		if !ok {
			continue // ended since, or its creator has yet to hear of it
		}
		if len(dst) > had {
			dst = append(dst, ',')
		}
		dst = append(dst, '"')
		dst = append(dst, ovn...)
		dst = append(dst, '"')
	}
	return dst
}
