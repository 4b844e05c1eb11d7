package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// sending is a message or STOP that is prepared to be sent at its time.
type sending struct {
	from     int // player
	to       int // player; -1: all others
	position string
	body     []byte

	due, answered time.Duration // after the start; answered 0: it was not taken
}

// load is one run against one program.
type load struct {
	opt      *ChannelOptions
	cast     *cast
	messages []sending
	stops    []sending
	inboxes  []*inboxReader
	start    time.Time

	faults chan string // what senders were not to be answered
	missed atomic.Int64
}

func newLoad(opt *ChannelOptions, c *cast, inboxes int) *load {
	l := &load{opt: opt, cast: c, faults: make(chan string, 64)}
	for i := range inboxes {
		l.inboxes = append(l.inboxes, &inboxReader{load: l, player: i / len(castPositions), position: castPositions[i%len(castPositions)]})
	}
	return l
}

// prepare makes and signs all that will be sent: the parties' own machines do
// that in earnest, and have processors of their own.
func (l *load) prepare() error {
	rng := rand.New(rand.NewPCG(l.opt.Seed, 1))
	total := l.opt.Warmup + l.opt.Duration
	count := int(total.Seconds() * float64(l.opt.Rate))
	for n := range count {
		s := sending{
			from: rng.IntN(len(l.cast.players)), position: castPositions[rng.IntN(len(castPositions))],
			due: time.Duration(float64(n) / float64(l.opt.Rate) * 1e9),
		}
		s.to = (s.from + 1 + rng.IntN(len(l.cast.players)-1)) % len(l.cast.players)
		p := &l.cast.players[s.from]
		key := p.officer
		if rng.IntN(100) >= l.opt.Signed {
			key = nil
		}
		var err error
		s.body, err = l.cast.statement(p, "channel.send", message(l.cast.players[s.to].id, s.position, n), mark(markMessage, n), key)
		if err != nil {
			return err
		}
		l.messages = append(l.messages, s)
	}
	for n := range l.opt.Stops {
		// Each at a random instant of its own share of the time.
		share := float64(l.opt.Duration) / float64(l.opt.Stops)
		s := sending{from: rng.IntN(len(l.cast.players)), to: -1}
		s.due = l.opt.Warmup + time.Duration((float64(n)+rng.Float64())*share)
		p := &l.cast.players[s.from]
		var err error
		if s.body, err = l.cast.statement(p, "channel.stop", stop(n), mark(markStop, n), p.officer); err != nil {
			return err
		}
		l.stops = append(l.stops, s)
	}
	return nil
}

// drainLimit is how long after the last answer what was accepted may still be on
// its way.
const drainLimit = 30 * time.Second

// run opens the inboxes, sends, and waits until all has arrived. The snapshots
// are of both ends of what is measured.
func (l *load) run(ctx context.Context, pid int) (first, last snapshot, err error) {
	var reading sync.WaitGroup
	for _, b := range l.inboxes {
		if err := b.open(); err != nil {
			return first, last, errors.Join(err, l.hangUp())
		}
		reading.Go(b.read)
	}
	l.start = time.Now()
	var sending sync.WaitGroup
	for w := range l.opt.Workers {
		sending.Go(func() { l.send(ctx, l.messages, w, l.opt.Workers) })
	}
	sending.Go(func() { l.send(ctx, l.stops, 0, 1) })
	pause(ctx, l.opt.Warmup)
	first = takeSnapshot(pid)
	pause(ctx, l.opt.Duration)
	last = takeSnapshot(pid)
	sending.Wait()
	for limit := time.Now().Add(drainLimit); l.outstanding() > 0 && time.Now().Before(limit) && ctx.Err() == nil; {
		pause(ctx, 10*time.Millisecond)
	}
	err = errors.Join(ctx.Err(), l.hangUp())
	reading.Wait()
	return first, last, err
}

func (l *load) hangUp() error {
	var err error
	for _, b := range l.inboxes {
		b.closing.Store(true)
		if b.conn != nil {
			err = errors.Join(err, b.conn.Close())
		}
	}
	return err
}

// send sends every step-th at its time. What comes late because the one before
// was not answered yet still counts from its time.
func (l *load) send(ctx context.Context, list []sending, from, step int) {
	link := newClient(l.cast.target)
	defer link.close()
	for i := from; i < len(list) && ctx.Err() == nil; i += step {
		s := &list[i]
		pause(ctx, time.Until(l.start.Add(s.due)))
		status, answer, err := link.do("POST", actPath, l.cast.players[s.from].token, s.body)
		if err == nil && status == 200 {
			s.answered = time.Since(l.start)
			continue
		}
		l.missed.Add(1)
		select {
		case l.faults <- fmt.Sprintf("%d, %v: %.300s", status, err, answer):
		default:
		}
	}
}

// awaited returns how many of the accepted are to arrive in an inbox.
func (l *load) awaited(b *inboxReader) (n int) {
	for i := range l.messages {
		if s := &l.messages[i]; s.answered != 0 && b.receives(s) {
			n++
		}
	}
	for i := range l.stops {
		if s := &l.stops[i]; s.answered != 0 && b.receives(s) {
			n++
		}
	}
	return n
}

// outstanding returns how many deliveries have not come. The senders are done.
func (l *load) outstanding() (n int) {
	for _, b := range l.inboxes {
		n += max(0, l.awaited(b)-int(b.count.Load()))
	}
	return n
}

// arrival is one delivery to one inbox.
type arrival struct {
	stop   bool
	number int
	at     time.Duration // after the start
}

// inboxReader reads the inbox of one position.
type inboxReader struct {
	load     *load
	player   int
	position string
	conn     net.Conn
	body     *bufio.Reader
	closing  atomic.Bool

	count    atomic.Int64 // of arrivals
	arrivals []arrival    // of the reader, until it has ended
	bytes    int64
	frames   int
	last     int64 // journal index
	fault    string
}

// receives reports whether something is addressed to this inbox.
func (b *inboxReader) receives(s *sending) bool {
	if s.to < 0 {
		return s.from != b.player
	}
	return s.to == b.player && s.position == b.position
}

func (b *inboxReader) open() error {
	var err error
	host := b.load.cast.target.Host
	if b.conn, err = net.Dial("tcp", host); err != nil {
		return err
	}
	_, err = fmt.Fprintf(b.conn, "GET /v1/inbox/%s HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\nAuthorization: Bearer %s\r\n\r\n",
		b.position, host, b.load.cast.players[b.player].token)
	if err != nil {
		return err
	}
	answer, err := http.ReadResponse(bufio.NewReaderSize(b.conn, 32<<10), nil)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("an inbox was answered %s, expected 200", answer.Status)
	}
	b.body = bufio.NewReaderSize(answer.Body, 64<<10)
	// The first comment says that the inbox is open: nothing is missed from here.
	_, err = b.body.ReadSlice('\n')
	b.last = -1
	return err
}

// read notes when each message came, until the connection ends.
func (b *inboxReader) read() {
	var index int64
	var sent bool
	for {
		line, err := b.body.ReadSlice('\n')
		if err != nil {
			if !b.closing.Load() {
				b.fault = fmt.Sprintf("the inbox %s of %s ended: %v", b.position, b.load.cast.players[b.player].id, err)
			}
			return
		}
		b.bytes += int64(len(line))
		switch {
		case bytes.HasPrefix(line, []byte("id: ")):
			index, err = strconv.ParseInt(strings.TrimSpace(string(line[len("id: "):])), 10, 64)
			if err != nil || index <= b.last {
				b.fault = fmt.Sprintf("found the entry %q after %d, expected ascending ones", line, b.last)
			}
			b.last = index
			b.frames++
		case bytes.HasPrefix(line, []byte("event: ")):
			sent = bytes.Equal(bytes.TrimSpace(line[len("event: "):]), []byte("channel.sent"))
		case sent && bytes.HasPrefix(line, []byte("data: ")):
			b.take(line)
		}
	}
}

// take notes the arrival of a message, if it is one to this inbox: who sent it
// sees it as well.
func (b *inboxReader) take(data []byte) {
	now := time.Since(b.load.start)
	_, rest, found := bytes.Cut(data, []byte(markPrefix))
	if !found || len(rest) < 1+markDigits {
		return
	}
	number, err := strconv.Atoi(string(rest[1 : 1+markDigits]))
	list := b.load.messages
	a := arrival{stop: rest[0] == markStop, number: number, at: now}
	if a.stop {
		list = b.load.stops
	}
	if err != nil || number >= len(list) {
		b.fault = fmt.Sprintf("found a message that nobody sent: %.100q", data)
		return
	}
	if b.receives(&list[number]) {
		b.arrivals = append(b.arrivals, a)
		b.count.Add(1)
	}
}
