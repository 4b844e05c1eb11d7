package bench

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"
)

// channelReport is what one run gave. Its JSON form is one line.
type channelReport struct {
	What    string  `json:"what"` // floor or node
	Inboxes int     `json:"inboxes"`
	Parties int     `json:"parties"`
	Rate    int     `json:"messages_per_second"`
	Signed  int     `json:"signed_percent"`
	Round   int     `json:"round"`
	Seed    uint64  `json:"seed"`
	Seconds float64 `json:"seconds"`
	Load    string  `json:"load_average"`

	Times     []deliveryTimes `json:"times"`
	Accepted  int             `json:"accepted"` // messages and STOPs, with those of the warm-up
	Refused   int64           `json:"refused"`
	Example   string          `json:"refused_example,omitempty"`
	Missing   int             `json:"missing"` // deliveries of what was accepted that never came
	Excess    int             `json:"excess"`  // that came twice, or of what was not accepted
	Faults    []string        `json:"faults,omitempty"`
	FramesPer float64         `json:"frames_per_message"` // of all kinds, in all inboxes

	GeneratorShare float64  `json:"generator_cpu_share"` // of all processors
	ServerShare    *float64 `json:"server_cpu_share,omitempty"`
	ServerUS       *float64 `json:"server_us_per_message,omitempty"`
	ResidentMiB    float64  `json:"server_resident_mib,omitempty"`
	WrittenKiB     float64  `json:"server_kib_written_per_message,omitempty"`
}

// deliveryTimes are of one path. What was sent in the warm-up is not in them.
type deliveryTimes struct {
	Name  string  `json:"name"`
	Count int     `json:"count"`
	P50MS float64 `json:"p50_ms"`
	P99MS float64 `json:"p99_ms"`
	MaxMS float64 `json:"max_ms"`
}

// Paths that are timed.
const (
	sentAnswered  = "message, due to answered"
	sentArrived   = "message, due to arrived"
	takenArrived  = "message, answered to arrived"
	stopAnswered  = "STOP, due to answered"
	stopArrived   = "STOP, due to arrived"
	stopDelivered = "STOP, answered to arrived"
)

func (l *load) report(what string, first, last snapshot) *channelReport {
	r := &channelReport{
		What: what, Inboxes: len(l.inboxes), Parties: l.opt.Parties, Rate: l.opt.Rate, Signed: l.opt.Signed, Seed: l.opt.Seed,
		Seconds: last.at.Sub(first.at).Seconds(), Load: loadAverage(), Refused: l.missed.Load(),
	}
	select {
	case r.Example = <-l.faults:
	default:
	}
	took := map[string][]time.Duration{}
	for name, list := range map[string][]sending{sentAnswered: l.messages, stopAnswered: l.stops} {
		for i := range list {
			s := &list[i]
			if s.answered == 0 {
				continue
			}
			r.Accepted++
			if s.due >= l.opt.Warmup {
				took[name] = append(took[name], s.answered-s.due)
			}
		}
	}
	frames := 0
	for _, b := range l.inboxes {
		frames += b.frames
		l.deliveries(b, r, took)
	}
	r.FramesPer = float64(frames) / float64(max(1, r.Accepted))
	for _, name := range []string{sentAnswered, sentArrived, takenArrived, stopAnswered, stopArrived, stopDelivered} {
		if all := took[name]; len(all) > 0 {
			slices.Sort(all)
			r.Times = append(r.Times, deliveryTimes{name, len(all), at(all, 50) / 1e3, at(all, 99) / 1e3, us(all[len(all)-1]) / 1e3})
		}
	}
	r.costs(first, last)
	return r
}

// deliveries compares what came to an inbox with what was accepted for it.
func (l *load) deliveries(b *inboxReader, r *channelReport, took map[string][]time.Duration) {
	if b.fault != "" {
		r.Faults = append(r.Faults, b.fault)
	}
	seen := map[arrival]bool{}
	good := 0
	for _, a := range b.arrivals {
		list, due, answered := l.messages, sentArrived, takenArrived
		if a.stop {
			list, due, answered = l.stops, stopArrived, stopDelivered
		}
		s := &list[a.number]
		once := arrival{stop: a.stop, number: a.number}
		if seen[once] {
			r.Excess++
			continue
		}
		seen[once] = true
		if s.answered == 0 {
			continue // its answer was lost, and its outcome is not known
		}
		good++
		if s.due >= l.opt.Warmup {
			took[due] = append(took[due], a.at-s.due)
			// The receiver may have it before the sender has its answer.
			took[answered] = append(took[answered], max(0, a.at-s.answered))
		}
	}
	r.Missing += l.awaited(b) - good
}

// costs fills in processor time and memory.
func (r *channelReport) costs(first, last snapshot) {
	all := r.Seconds * float64(runtime.NumCPU())
	messages := max(1, r.Seconds*float64(r.Rate))
	r.GeneratorShare = (last.own - first.own).Seconds() / all
	if first.server == nil || last.server == nil {
		return
	}
	cpu := (last.server.cpu - first.server.cpu).Seconds()
	share, perMessage := cpu/all, cpu/messages*1e6
	r.ServerShare, r.ServerUS = &share, &perMessage
	r.ResidentMiB = float64(last.server.residentKB) / 1024
	r.WrittenKiB = float64(last.server.writtenBytes-first.server.writtenBytes) / 1024 / messages
}

// fault returns an error for what no program may do.
func (r *channelReport) fault() error {
	switch {
	case r.Missing > 0 || r.Excess > 0:
		return fmt.Errorf("%w: %d deliveries of accepted messages are missing, %d are too many", errLost, r.Missing, r.Excess)
	case len(r.Faults) > 0:
		return errors.New(r.Faults[0])
	case r.Accepted == 0:
		return fmt.Errorf("no message was accepted: %s", r.Example)
	}
	return nil
}

func (r *channelReport) print(w io.Writer) {
	fmt.Fprintf(w, "\n%s, %d open inboxes, round %d: %d messages a second over %.1f s\n", r.What, r.Inboxes, r.Round, r.Rate, r.Seconds)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "  \tcount\tp50 ms\tp99 ms\tmax ms\t")
	for _, t := range r.Times {
		fmt.Fprintf(table, "  %s\t%d\t%.2f\t%.2f\t%.2f\t\n", t.Name, t.Count, t.P50MS, t.P99MS, t.MaxMS)
	}
	table.Flush()
	fmt.Fprintf(w, "  generator: %.0f %% of all processors", r.GeneratorShare*100)
	if r.ServerShare != nil {
		fmt.Fprintf(w, "; %s: %.0f %%, %.0f us a message, %.0f MiB resident, %.1f KiB to storage a message",
			r.What, *r.ServerShare*100, *r.ServerUS, r.ResidentMiB, r.WrittenKiB)
	}
	fmt.Fprintf(w, "; %.1f frames a message; load average %s\n", r.FramesPer, r.Load)
	if r.Refused > 0 {
		fmt.Fprintf(w, "  ERRORS: %d were not taken, such as %s\n", r.Refused, r.Example)
	}
	fmt.Fprintf(w, "  accepted %d; deliveries missing %d, too many %d\n", r.Accepted, r.Missing, r.Excess)
}

// time returns the times of a path; zero for none.
func (r *channelReport) time(name string) deliveryTimes {
	for _, t := range r.Times {
		if t.Name == name {
			return t
		}
	}
	return deliveryTimes{}
}

// head describes the machine and the storage.
func (c *channelling) head() error {
	if c.opt.JSON {
		return nil
	}
	o := &c.opt
	fmt.Fprintf(c.w, "channel: %d parties of %d positions, %d messages a second, %d %% signed by a role's key, %d STOPs to all, %d connections that send, seed %d\n%s\ngenerator: revision %s, on the same processors\n",
		o.Parties, len(castPositions), o.Rate, o.Signed, o.Stops, o.Workers, o.Seed, indexMachine(), revision())
	if o.Command != "" {
		fmt.Fprintf(c.w, "node: %s\n", o.Command)
	}
	took, err := fsyncTime(c.dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.w, "data in %s: a synced write of 8 KiB takes %.2f ms (p50)\n", c.dir, us(took)/1e3)
	if onTmpfs(c.dir) {
		fmt.Fprintf(c.w, "THIS IS MEMORY: syncing costs nothing here; choose another directory with -dir\n")
	}
	return nil
}

// summary compares the best round of the node with those of the baselines.
func (c *channelling) summary() {
	if len(c.reports) < 2 {
		return
	}
	fmt.Fprintf(c.w, "\nquietest of %d rounds, p50 / p99 ms\n", c.opt.Rounds)
	table := tabwriter.NewWriter(c.w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "  \tinboxes\tmessage: due to arrived\tanswered to arrived\tSTOP: due to arrived\tanswered to arrived\tCPU us a message\tof the floor\t")
	for _, run := range []struct {
		what    string
		inboxes int
	}{{"floor", len(castPositions) * c.opt.Parties}, {"node", 1}, {"node", len(castPositions) * c.opt.Parties}} {
		r := c.best(run.what, run.inboxes)
		if r == nil {
			continue
		}
		fmt.Fprintf(table, "  %s\t%d\t", r.What, r.Inboxes)
		for _, name := range []string{sentArrived, takenArrived, stopArrived, stopDelivered} {
			t := r.time(name)
			fmt.Fprintf(table, "%.2f / %.2f\t", t.P50MS, t.P99MS)
		}
		if r.ServerUS != nil {
			fmt.Fprintf(table, "%.0f", *r.ServerUS)
		}
		// Where other work makes everything wait, this still holds.
		ofFloor := ""
		if floor := c.best("floor", len(castPositions)*c.opt.Parties); floor != nil && floor.ServerUS != nil && r.ServerUS != nil {
			ofFloor = fmt.Sprintf("%.1f", *r.ServerUS / *floor.ServerUS)
		}
		fmt.Fprintf(table, "\t%s\t\n", ofFloor)
	}
	table.Flush()
}

// best returns the run of a kind in which messages arrived soonest; nil when
// there is none.
func (c *channelling) best(what string, inboxes int) (best *channelReport) {
	for _, r := range c.reports {
		if r.What == what && r.Inboxes == inboxes && (best == nil || r.time(sentArrived).P99MS < best.time(sentArrived).P99MS) {
			best = r
		}
	}
	return best
}
