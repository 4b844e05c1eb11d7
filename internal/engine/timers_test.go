package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
	"github.com/deconflict/deconflict/internal/world"
)

// timer is a kind of deadline, or a few of one domain that follow each other.
type timer struct {
	name string
	// kinds are the deadlines as the domain's code names them, and brings the types
	// of event that they bring: TestEachDeadlineHasARow holds them against the code.
	kinds, brings []string
	// lay has parties do what the deadlines follow from, and says what will come.
	lay func(d *desk) []fall
	// slept says what comes of it when the node's clock passed all of that at once.
	// None: the same, all of it when the node notices.
	slept func(woke time.Time, falls []fall) []fall
}

// fall is an event that the clock alone brings.
type fall struct {
	event string    // its type
	has   string    // part of it, as the journal has it
	at    time.Time // to the nanosecond
}

const (
	// sleeps is how long after the last deadline a node that slept starts again,
	// and setBack by how much a clock is set back.
	sleeps, setBack = time.Hour, time.Hour
	// after is how long all goes on behind the last deadline.
	after = 5 * time.Minute
)

// TestDeadlines lets time pass on the real writer and a journal on disk, for each
// kind of deadline. From one image of the data directory six nodes go on at the
// same time: one that runs, one that is stopped and started over and over, one
// that dies and goes on from what is on disk, one whose clock is set back, one
// that sleeps through it all and one whose clock leaps over it all. The first
// four write what falls due at its instant, the others as their domain says of a
// node that slept.
func TestDeadlines(t *testing.T) {
	for i, row := range timers {
		if testing.Short() && i%3 != 0 {
			continue // the race detector makes them many times slower, and finds the same in each
		}
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, row.test)
		})
	}
}

func (row timer) test(t *testing.T) {
	// The clock of a bubble begins on a midnight. Nothing here is to hang on that.
	time.Sleep(10*time.Minute + 7*time.Second + 11)
	first := newTimed(t, "ran", onDisk(t.TempDir()))
	falls := row.lay(&desk{t, first})
	time.Sleep(time.Nanosecond) // what is due at once is done
	began, size := time.Now(), first.e.Head().Size
	last := slices.MaxFunc(falls, func(a, b fall) int { return a.at.Compare(b.at) }).at
	instants := instantsOf(falls)
	if row.slept == nil {
		row.slept = atOnce
	}
	asleep := row.slept(last.Add(sleeps), falls)
	row.brought(t, slices.Concat(falls, asleep))

	with := func(name string) *timed { return newTimed(t, name, onDisk(imageOf(t, first.cfg.Dir))) }
	stopped, died, back := with("was stopped"), with("died"), with("was set back")
	slept, leapt := with("slept"), with("leapt")
	var all sync.WaitGroup
	let := func(n *timed, passes func()) {
		all.Go(func() {
			passes()
			n.end(size)
		})
	}
	let(first, func() { first.until(last.Add(after)) })
	let(stopped, func() { stopped.through(instants, stopped.restart) })
	let(died, func() { died.through(instants, died.crash) })
	let(back, func() {
		back.until(began.Add(instants[0].Sub(began) / 2))
		before := back.e.NowNS()
		back.ahead.Store(-int64(setBack))
		back.restart()
		if now := back.e.NowNS(); now < before {
			t.Errorf("the node's time went back by %v", time.Duration(before-now))
		}
		back.until(last.Add(after + setBack))
	})
	let(slept, func() {
		slept.stop()
		slept.until(last.Add(sleeps))
		slept.start()
		slept.until(last.Add(sleeps + after))
	})
	let(leapt, func() {
		leapt.ahead.Store(int64(last.Sub(began) + sleeps))
		leapt.until(time.Now().Add(longestSleep + after))
	})
	all.Wait()

	for _, n := range []*timed{stopped, died, back} {
		if got, want := summary(n.wrote, began), summary(first.wrote, began); !slices.Equal(got, want) {
			t.Errorf("the node that %s wrote\n%s\nthe one that ran\n%s", n.name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	row.check(t, first, falls, began)
	row.check(t, slept, asleep, began)
	if len(leapt.wrote) == 0 {
		t.Fatal("the node whose clock leapt wrote nothing")
	}
	woke, earliest := leapt.wrote[0].at, last.Add(sleeps)
	if woke.Before(earliest) || woke.After(earliest.Add(longestSleep+1)) {
		t.Errorf("a leap of the clock to %v was noticed at %v", earliest.Sub(began), woke.Sub(began))
	}
	row.check(t, leapt, row.slept(woke, falls), began)
}

// brought holds what the row expects against the types that it names.
func (row timer) brought(t *testing.T, falls []fall) {
	t.Helper()
	var kinds []string
	for _, f := range falls {
		kinds = append(kinds, f.event)
	}
	slices.Sort(kinds)
	kinds = slices.Compact(kinds)
	if named := slices.Sorted(slices.Values(row.brings)); !slices.Equal(kinds, named) {
		t.Errorf("the row expects %v, and names %v", kinds, named)
	}
}

// atOnce is what comes of deadlines that just fall when the node wakes.
func atOnce(woke time.Time, falls []fall) []fall {
	falls = slices.Clone(falls)
	for i := range falls {
		falls[i].at = woke
	}
	return falls
}

// instantsOf returns when something falls, each instant once.
func instantsOf(falls []fall) []time.Time {
	var list []time.Time
	for _, f := range falls {
		list = append(list, f.at)
	}
	slices.SortFunc(list, time.Time.Compare)
	return slices.CompactFunc(list, time.Time.Equal)
}

// check holds what a node wrote against what is to come of the deadlines: these
// events, at these instants, in this order, and no more of these types.
func (row timer) check(t *testing.T, n *timed, falls []fall, began time.Time) {
	t.Helper()
	var got, want []string
	for _, e := range n.wrote {
		if !slices.Contains(row.brings, e.kind) {
			continue
		}
		has := "and nothing that is expected"
		if i := slices.IndexFunc(falls, e.is); i >= 0 {
			has = falls[i].has
		}
		got = append(got, fmt.Sprintf("%v %s %s", e.at.Sub(began), e.kind, has))
	}
	falls = slices.Clone(falls)
	slices.SortStableFunc(falls, func(a, b fall) int { return a.at.Compare(b.at) })
	for _, f := range falls {
		want = append(want, fmt.Sprintf("%v %s %s", f.at.Sub(began), f.event, f.has))
	}
	if !slices.Equal(got, want) {
		t.Errorf("the node that %s wrote\n%s\nwant\n%s\nof\n%s", n.name, strings.Join(got, "\n"), strings.Join(want, "\n"), strings.Join(summary(n.wrote, began), "\n"))
	}
}

// entry is an entry of a journal.
type entry struct {
	kind string
	at   time.Time
	text []byte
}

func (e entry) is(f fall) bool { return e.kind == f.event && bytes.Contains(e.text, []byte(f.has)) }

func summary(list []entry, began time.Time) (lines []string) {
	for _, e := range list {
		lines = append(lines, fmt.Sprint(e.at.Sub(began), " ", e.kind))
	}
	return lines
}

// timed is a node whose clock a test sets.
type timed struct {
	t     *testing.T
	name  string
	cfg   Config
	e     *Engine
	ahead atomic.Int64 // of its clock before that of the bubble
	wrote []entry      // in the end
}

func newTimed(t *testing.T, name string, cfg Config) *timed {
	n := &timed{t: t, name: name, cfg: cfg}
	n.cfg.BaseURL = "https://node.example"
	n.cfg.Now = func() time.Time { return time.Now().Add(time.Duration(n.ahead.Load())) }
	n.start()
	t.Cleanup(func() { _ = n.e.Close(context.Background()) }) // when the test broke off
	return n
}

func (n *timed) start() {
	var err error
	if n.e, err = Open(context.Background(), n.cfg); err != nil {
		panic(err) // in whichever goroutine: nothing that follows makes sense
	}
}

func (n *timed) stop() { stop(n.t, n.e) }

func (n *timed) restart() {
	n.stop()
	n.start()
}

// crash goes on from what is on disk, without what a stop writes.
func (n *timed) crash() {
	image := imageOf(n.t, n.cfg.Dir)
	n.stop()
	n.cfg.Dir = image
	n.start()
}

// imageOf copies a data directory as it is.
func imageOf(t *testing.T, dir string) string {
	image := t.TempDir()
	if err := os.CopyFS(image, os.DirFS(dir)); err != nil {
		panic(err)
	}
	return image
}

func (n *timed) until(at time.Time) { time.Sleep(time.Until(at)) }

// through breaks a node off on the way to each instant, and a nanosecond before
// it.
func (n *timed) through(instants []time.Time, broken func()) {
	for _, at := range instants {
		n.until(time.Now().Add(time.Until(at) / 2))
		broken()
		n.until(at.Add(-1))
		broken()
	}
	n.until(instants[len(instants)-1].Add(after))
}

// end notes what the journal holds from an index on, and stops the node.
func (n *timed) end(from int64) {
	j := n.e.Journal()
	err := j.Read(n.t.Context(), from, j.Head().Size, func(r journal.Record) error {
		ev, ns, err := world.Decode(r.Event)
		if err == nil {
			n.wrote = append(n.wrote, entry{ev.Type(), time.Unix(0, ns), bytes.Clone(r.Event)})
		}
		return err
	})
	if err != nil {
		n.t.Error(err)
	}
	n.stop()
}

// desk is where parties do what deadlines follow from.
type desk struct {
	*testing.T
	*timed
}

// object is a body in the making.
type object = map[string]any

// does has a party do an act, and returns the first event of a type that came of
// it, by its members.
func (d *desk) does(by party.ID, act string, body any, kind string) object {
	d.Helper()
	done := say(d.T, d.e, by, act, body)
	for i, ev := range done.Events {
		if ev.Type() != kind {
			continue
		}
		var members object
		if err := json.Unmarshal(done.Entries[i], &members); err != nil {
			d.Fatal(err)
		}
		return members
	}
	d.Fatalf("%s came to no %s: %s", act, kind, bytes.Join(done.Entries, []byte("\n")))
	return nil
}

// in is an instant to come, and at the same as statements have it.
func (d *desk) in(wait time.Duration) time.Time { return time.Now().Add(wait) }

func (d *desk) at(wait time.Duration) string {
	return statement.Instant(d.in(wait).UnixNano()).String()
}
