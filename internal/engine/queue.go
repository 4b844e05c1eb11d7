package engine

import (
	"sync"

	"github.com/deconflict/deconflict/internal/party"
)

// queue holds the commands that wait, those of each party in the order in which
// they came. Parties take turns: one that sends many commands, or costly ones,
// makes itself wait and not the others. What is urgent, which is STOP, goes before
// all else, and is taken when nothing else is any more.
type queue struct {
	max   int           // also of urgent ones, beside the others
	ready chan struct{} // holds a token when something may be waiting

	mu    sync.Mutex
	of    map[party.ID][]*request
	turns []party.ID // parties with something waiting; the first is next
	n     int        // of those of parties

	urgent []*request // in the order in which they came
}

func newQueue(size int) *queue {
	return &queue{max: size, ready: make(chan struct{}, 1), of: map[party.ID][]*request{}}
}

// push adds a request; false when the queue is full.
func (q *queue) push(r *request) bool {
	if !q.add(r) {
		return false
	}
	select {
	case q.ready <- struct{}{}:
	default:
	}
	return true
}

func (q *queue) add(r *request) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if r.urgent {
		if len(q.urgent) == q.max {
			return false
		}
		q.urgent = append(q.urgent, r)
		return true
	}
	if q.n == q.max {
		return false
	}
	waiting := q.of[r.party]
	if len(waiting) == 0 {
		q.turns = append(q.turns, r.party)
	}
	q.of[r.party] = append(waiting, r)
	q.n++
	return true
}

// pop returns the first that is urgent, or else the next request of the party
// whose turn it is; nil when none waits.
func (q *queue) pop() *request {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.urgent) > 0 {
		r := q.urgent[0]
		q.urgent[0] = nil
		q.urgent = q.urgent[1:]
		return r
	}
	if q.n == 0 {
		return nil
	}
	q.n--
	p := q.turns[0]
	q.turns = q.turns[1:]
	waiting := q.of[p]
	r := waiting[0]
	waiting[0] = nil
	if waiting = waiting[1:]; len(waiting) > 0 {
		q.of[p] = waiting
		q.turns = append(q.turns, p)
	} else {
		delete(q.of, p)
	}
	return r
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.n + len(q.urgent)
}
