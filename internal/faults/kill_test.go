package faults

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// roundsEach is how many rounds a data directory lives.
const roundsEach = 20

// TestKill kills a node under load (SIGKILL) at random moments, again and again
// on one data directory, and holds what comes back against what was
// acknowledged.
func TestKill(t *testing.T) {
	rounds := 3
	if n, err := strconv.Atoi(os.Getenv("DECONFLICT_FAULTS")); err == nil && n > 1 {
		rounds = n
	} else if long {
		rounds = 200
	}
	var killed tally
	for generation := 0; rounds > 0; generation++ {
		n := min(rounds, roundsEach)
		rounds -= n
		killed.add(killRounds(t, uint64(generation), n))
		if t.Failed() {
			return
		}
	}
	t.Logf("%d rounds: %d changes acknowledged; of %d with unknown outcome %d had happened; %d journal entries",
		killed.rounds, killed.acked, killed.unknown, killed.happened, killed.entries)
}

type tally struct {
	rounds, unknown, happened int
	acked, entries            int64
}

func (a *tally) add(b tally) {
	a.rounds += b.rounds
	a.unknown += b.unknown
	a.happened += b.happened
	a.acked += b.acked
	a.entries += b.entries
}

// killRounds runs rounds on one data directory.
func killRounds(t *testing.T, seed uint64, rounds int) tally {
	dir := filepath.Join(t.TempDir(), "data")
	rng := rand.New(rand.NewPCG(seed, 1))
	l, h := newLoad(seed), newHistory()
	// Snapshots are taken often, so that kills hit them too.
	flags := []string{"--snapshot-every", "200"}
	n := start(t, dir, flags...)
	if err := l.watch(n); err != nil {
		t.Fatal(err)
	}
	sum := tally{rounds: rounds}
	for round := range rounds {
		stop := make(chan struct{})
		l.run(n, stop, 1+rng.Int64N(500), func() {
			// Between an answer and the next the node is at the same point of its
			// cycle as a rule; some microseconds more make it any.
			time.AfterFunc(time.Duration(rng.IntN(3000))*time.Microsecond, n.Kill)
		})
		n.Kill() // if no writer got so far
		sum.unknown += l.unknown()
		n = start(t, dir, flags...)
		if faults := l.check(t.Context(), n, dir, h); len(faults) > 0 {
			t.Errorf("directory %d, round %d: %d faults", seed, round, len(faults))
			for _, fault := range faults[:min(len(faults), 20)] {
				t.Error(fault)
			}
			return sum
		}
	}
	n.Kill()
	fsck(t, dir)
	sum.acked, sum.happened, sum.entries = l.acked.Load(), int(l.happened.Load()), h.head.Size
	return sum
}

// unknown returns how many changes have an unknown outcome.
func (l *load) unknown() (n int) {
	for _, w := range l.writers {
		for i := range w.intents {
			if w.intents[i].unknown != nil {
				n++
			}
		}
		if w.standing.unknown != nil {
			n++
		}
	}
	return n
}

// fsck checks a data directory as a whole: the journal in itself, and the state
// by replay against the newest snapshot.
func fsck(t *testing.T, dir string) {
	t.Helper()
	for _, action := range []string{"fsck", "replay"} {
		if code, said := run(t, "log", action, dir); code != 0 {
			t.Errorf("log %s of %s: code %d\n%s", action, dir, code, said)
		}
	}
}

// TestAuditNotices sees to it that the audit finds a change that was
// acknowledged and is not there, one that nobody made, and one told twice.
func TestAuditNotices(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	n := start(t, dir)
	l := newLoad(1)
	if err := l.watch(n); err != nil {
		t.Fatal(err)
	}
	l.quietRun(n, 200)
	check := func() []string { return l.check(t.Context(), n, dir, newHistory()) }
	if faults := check(); len(faults) > 0 {
		t.Fatal(faults)
	}
	x := l.existing()
	was := *x
	x.version++
	expectFault(t, "a change that is not there", check(), "was acknowledged")
	*x = was
	x.id = newID()
	expectFault(t, "an intent that is not there", check(), "was acknowledged")
	*x = intent{id: newID()}
	expectFault(t, "an intent that nobody knows", check(), "expected nothing of it")
	*x = was
	told := l.watchers[0].told
	told[len(told)+7] = x.id
	expectFault(t, "an index beyond the last", check(), "was given out")
}

// quietRun has so many changes acknowledged and none cut off.
func (l *load) quietRun(n *node, acks int64) {
	stop := make(chan struct{})
	l.run(n, stop, acks, func() { close(stop) })
}

// existing returns an intent that exists.
func (l *load) existing() *intent {
	for _, w := range l.writers {
		for i := range w.intents {
			if x := &w.intents[i]; x.version > 0 {
				return x
			}
		}
	}
	panic("the writers left no intent")
}

func expectFault(t *testing.T, what string, faults []string, text string) {
	t.Helper()
	if !strings.Contains(strings.Join(faults, "\n"), text) {
		t.Errorf("%s: found the faults %q, expected one that says %q", what, faults, text)
	}
}
