package server

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits of HTTP that nobody needs to change. A client's connection may idle
// longer than the 57 s after which usual clients drop it themselves, so that the
// client never writes into a connection that the node just closed.
const (
	maxHeaderBytes    = 16 << 10
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 45 * time.Second
	idleTimeout       = 75 * time.Second
	queueTimeout      = time.Second // for a place among the concurrent requests
)

// maxLimited bounds the parties and addresses whose rate is kept: 16,000 of them
// take about 3 MB.
const maxLimited = 16_384

// limiter limits the rate of each of many callers by a token bucket.
type limiter struct {
	rate  rate.Limit // 0: no limit
	burst int
	now   func() time.Time

	mu      sync.Mutex
	callers map[string]*rate.Limiter
}

func newLimiter(perSecond float64, burst int, now func() time.Time) *limiter {
	return &limiter{rate: rate.Limit(perSecond), burst: burst, now: now, callers: map[string]*rate.Limiter{}}
}

// bucketOf returns the bucket of a caller.
func (l *limiter) bucketOf(caller string, now time.Time) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket := l.callers[caller]
	if bucket == nil {
		if len(l.callers) >= maxLimited {
			l.forget(now)
		}
		bucket = rate.NewLimiter(l.rate, l.burst)
		l.callers[caller] = bucket
	}
	return bucket
}

// answerUnit is how much of an answer counts as a request. In a crowd an answer
// has megabytes, and takes a thousand times the processor time of a usual one.
const answerUnit = 16 << 10

// charge counts an answer that was large as the requests whose time it took. The
// caller's next ones wait for it.
func (l *limiter) charge(caller string, answerBytes int64) {
	n := min(int(answerBytes/answerUnit), l.burst)
	if l.rate == 0 || n == 0 {
		return
	}
	now := l.now()
	l.bucketOf(caller, now).ReserveN(now, n)
}

// take tells how long the caller has to wait before its next request; 0 when
// this one may go on.
func (l *limiter) take(caller string) time.Duration {
	if l.rate == 0 {
		return 0
	}
	now := l.now()
	bucket := l.bucketOf(caller, now)
	if bucket.AllowN(now, 1) {
		return 0
	}
	missing := 1 - bucket.TokensAt(now)
	return time.Duration(missing / float64(l.rate) * float64(time.Second))
}

// forget drops callers whose bucket is full again, whom a new bucket treats
// alike. When all are busy, so many callers share the node that none of them can
// be told apart: all are dropped.
func (l *limiter) forget(now time.Time) {
	for caller, bucket := range l.callers {
		if bucket.TokensAt(now) >= float64(l.burst) {
			delete(l.callers, caller)
		}
	}
	if len(l.callers) >= maxLimited {
		clear(l.callers)
	}
}

// addressOf returns whom a request without a good token counts for: its IPv4
// address, or the /64 of its IPv6 address, as one caller holds at least that.
func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.String()
}

// gate lets so many requests in at the same time. One party may hold at most
// half of the places, so that others always find some.
type gate struct {
	places chan struct{}
	share  int
	wait   time.Duration

	mu   sync.Mutex
	held map[string]int // by party
}

func newGate(n int, wait time.Duration) *gate {
	return &gate{places: make(chan struct{}, n), share: max(1, n/2), wait: wait, held: map[string]int{}}
}

// Outcomes of asking for a place.
type admission uint8

const (
	admitted admission = iota
	tooMany            // the party holds its share
	noPlace            // nobody left in time
)

// enter waits for a place. Whoever is admitted must leave.
func (g *gate) enter(ctx context.Context, caller string) admission {
	g.mu.Lock()
	if g.held[caller] >= g.share {
		g.mu.Unlock()
		return tooMany
	}
	g.held[caller]++
	g.mu.Unlock()
	select {
	case g.places <- struct{}{}:
		return admitted
	default:
	}
	timer := time.NewTimer(g.wait)
	defer timer.Stop()
	select {
	case g.places <- struct{}{}:
		return admitted
	case <-timer.C:
	case <-ctx.Done():
	}
	g.release(caller)
	return noPlace
}

// leave gives the place back.
func (g *gate) leave(caller string) {
	<-g.places
	g.release(caller)
}

func (g *gate) release(caller string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held[caller]--; g.held[caller] <= 0 {
		delete(g.held, caller)
	}
}

// inUse returns how many places are taken.
func (g *gate) inUse() int { return len(g.places) }
