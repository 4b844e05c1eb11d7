package bench

import (
	"context"
	crand "crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// ServeOptions are the parameters of [Serve]. Zero values stand for defaults
// where one is named.
type ServeOptions struct {
	URL      string // base URL of a running DSS; empty: start Command
	Command  string // the server to measure, with {addr}, {data}, {key} and {audience}
	Floor    string // command of the bare program, with the same; empty: not measured
	Key      string // file with the RSA private key that signs tokens; empty: a new one
	Audience string // of the tokens; empty: the host name of the URL

	Places       []string // default spread
	Bystanders   []int    // intents that stay during the run; default 0
	Workers      int      // connections that are busy at once; default 32
	Parties      int      // USSs that they play; default 10
	Subscription string   // implicit or none: what a create asks for; default implicit
	Duration     time.Duration
	Warmup       time.Duration // before what is measured
	Flights      int           // instead of Duration: so many flights, all of them measured
	Seed         uint64        // 0: a new one, which the report names
	Rounds       int           // default 1
	Verify       bool          // read back what was acknowledged
	PID          int           // of the server behind URL; 0: found by its port
	Dir          string        // for data directories; default the system's for temporary files
	JSON         bool          // one JSON object a run instead of text
}

func (o *ServeOptions) defaults() error {
	if len(o.Places) == 0 {
		o.Places = []string{"spread"}
	}
	if len(o.Bystanders) == 0 {
		o.Bystanders = []int{0}
	}
	if o.Workers == 0 {
		o.Workers = 32
	}
	if o.Parties == 0 {
		o.Parties = 10
	}
	if o.Subscription == "" {
		o.Subscription = "implicit"
	}
	if o.Duration == 0 && o.Flights == 0 {
		o.Duration = 10 * time.Second
	}
	if o.Seed == 0 {
		o.Seed = rand.Uint64N(1e9) + 1
	}
	if o.Rounds == 0 {
		o.Rounds = 1
	}
	switch {
	case o.Subscription != "implicit" && o.Subscription != "none":
		return fmt.Errorf("found the subscription %q, expected implicit or none", o.Subscription)
	case o.URL == "" && o.Command == "" && o.Floor == "":
		return errors.New("found neither a URL nor a command, expected a server to measure")
	case o.URL != "" && o.Key == "":
		return errors.New("found a URL and no key, expected the private key whose public half the server trusts")
	case o.Workers < 1 || o.Parties < 1 || o.Rounds < 1 || o.Flights < 0 || o.Duration < 0:
		return errors.New("found a number of workers, parties, rounds or flights, or a duration, that is not positive")
	}
	return nil
}

// errLost says that a server did not keep what it had acknowledged.
var errLost = errors.New("what was acknowledged is not there")

// Serve drives a DSS of ASTM F3548-21 with flights (create, query, activate,
// delete) and writes what it answered and how fast. With a floor it measures,
// in turn, a program that only receives, checks tokens, decodes, makes durable
// and answers. It returns an error when a server lost what it acknowledged, or
// accepted nothing.
func Serve(ctx context.Context, w io.Writer, opt ServeOptions) error {
	if err := opt.defaults(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(opt.Dir, "deconflict-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s := &serving{opt: opt, w: w, dir: dir, keyPath: filepath.Join(dir, "public.pem")}
	if opt.Key != "" {
		s.key, err = loadKey(opt.Key)
	} else {
		s.key, err = rsa.GenerateKey(crand.Reader, 2048)
	}
	if err != nil {
		return err
	}
	if err := writePublicKey(s.keyPath, &s.key.PublicKey); err != nil {
		return err
	}
	if err := s.head(); err != nil {
		return err
	}
	for round := range opt.Rounds {
		for _, place := range opt.Places {
			if opt.Floor != "" {
				if err := s.run(ctx, "floor", opt.Floor, place, 0, round); err != nil {
					return err
				}
			}
			if opt.URL == "" && opt.Command == "" {
				continue
			}
			for _, bystanders := range opt.Bystanders {
				if err := s.run(ctx, "server", opt.Command, place, bystanders, round); err != nil {
					return err
				}
			}
		}
	}
	if !opt.JSON {
		s.summary()
	}
	return nil
}

// serving is one call of [Serve].
type serving struct {
	opt     ServeOptions
	w       io.Writer
	dir     string
	key     *rsa.PrivateKey
	keyPath string // of its public half
	runs    int
	reports []*serveReport
}

// run measures one server at one place.
func (s *serving) run(ctx context.Context, what, command, place string, bystanders, round int) (err error) {
	base, pid := s.opt.URL, s.opt.PID
	audience := s.opt.Audience
	if what == "floor" || base == "" {
		addr, err := freeAddr()
		if err != nil {
			return err
		}
		base = "http://" + addr
		if audience == "" {
			audience = "127.0.0.1"
		}
		s.runs++
		data := filepath.Join(s.dir, fmt.Sprint("data", s.runs))
		line, err := expand(command, map[string]string{"addr": addr, "data": data, "key": s.keyPath, "audience": audience})
		if err != nil {
			return err
		}
		p, err := startProcess(ctx, line, addr, data+".log")
		if err != nil {
			return err
		}
		defer func() {
			err = errors.Join(err, p.stop(), os.RemoveAll(data))
		}()
		pid = p.cmd.Process.Pid
	}
	target, err := url.Parse(base)
	if err != nil {
		return err
	}
	if target.Scheme != "http" && target.Scheme != "https" || target.Host == "" {
		return fmt.Errorf("found the URL %q, expected http:// or https:// and a host", base)
	}
	if audience == "" {
		audience = target.Hostname()
	}
	if pid == 0 {
		pid = listener(target)
	}
	parties, err := s.parties(audience)
	if err != nil {
		return err
	}
	site, err := newSite(place, time.Now().Add(s.opt.Duration+10*time.Minute), s.opt.Seed)
	if err != nil {
		return err
	}
	// Seeds differ by run, as ids come from them and a server may keep those of the last.
	opt := s.opt
	opt.Seed += uint64(len(s.reports)) << 32
	d := newDriver(&opt, target, parties, site, what == "floor")
	r, err := d.measure(ctx, what, bystanders, pid)
	if err != nil {
		return err
	}
	clearing := d.clear()
	r.Round = round + 1
	s.reports = append(s.reports, r)
	if s.opt.JSON {
		err = json.NewEncoder(s.w).Encode(r)
	} else {
		r.print(s.w)
	}
	return errors.Join(err, r.fault(), clearing)
}

// parties makes the USSs and their tokens.
func (s *serving) parties(audience string) ([]uss, error) {
	valid := max(time.Hour, 2*s.opt.Duration)
	var out []uss
	for i := range s.opt.Parties {
		p := uss{name: fmt.Sprintf("bench-uss-%d", i+1)}
		p.url = fmt.Sprintf("https://%s.example/f3548", p.name)
		var err error
		if p.token, err = mint(s.key, p.name, strategicCoordination, audience, valid); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// probe makes one query, so that a server that cannot be used is told in its
// own words before the run.
func (d *driver) probe() error {
	w := d.workers[0]
	slot, ok := d.site.take()
	if !ok {
		return errors.New("found no room for a flight")
	}
	defer d.site.give(slot)
	f := w.newFlight(slot)
	body := append(append([]byte(`{"area_of_interest":`), f.extents...), '}')
	status, answer, err := w.client.do("POST", intentPath+"query", w.party.token, body)
	if err != nil {
		return err
	}
	if status != 200 {
		return fmt.Errorf("a first query was answered %d, expected 200: %.300s", status, answer)
	}
	return nil
}

// measure settles the bystanders, flies, and reads back.
func (d *driver) measure(ctx context.Context, what string, bystanders, pid int) (*serveReport, error) {
	if err := d.probe(); err != nil {
		return nil, err
	}
	if err := d.settle(bystanders); err != nil {
		return nil, err
	}
	d.from.Store(math.MaxInt64)
	flying := make(chan error, 1)
	begin := func() snapshot {
		d.from.Store(int64(time.Since(d.epoch)))
		return takeSnapshot(pid)
	}
	var first, last snapshot
	end := func() {
		last = takeSnapshot(pid)
		d.to.Store(int64(time.Since(d.epoch)))
	}
	if d.opt.Flights > 0 {
		first = begin()
		err := d.each((*worker).run)
		end()
		flying <- err
	} else {
		go func() { flying <- d.each((*worker).run) }()
		pause(ctx, d.opt.Warmup)
		first = begin()
		pause(ctx, d.opt.Duration)
		end()
	}
	if err := errors.Join(<-flying, ctx.Err()); err != nil {
		return nil, err
	}
	r := d.report(what, bystanders, first, last)
	if d.opt.Verify && !d.bare {
		r.Read, r.Wrong = d.verify()
		r.Verified = true
	}
	return r, nil
}

// pause waits for a time, or until the run is given up.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
