package bench

import (
	"fmt"
	"io"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// snapshot is taken at both ends of what is measured.
type snapshot struct {
	at     time.Time
	own    time.Duration
	server *usage // nil: not on this host
}

func takeSnapshot(pid int) snapshot {
	s := snapshot{at: time.Now(), own: ownCPU()}
	if pid != 0 {
		if u, err := usageOf(pid); err == nil {
			s.server = &u
		}
	}
	return s
}

// serveReport is what one run gave. Its JSON form is one line.
type serveReport struct {
	What         string  `json:"what"` // floor or server
	Place        string  `json:"place"`
	Bystanders   int     `json:"bystanders"`
	Round        int     `json:"round"`
	Workers      int     `json:"workers"`
	Parties      int     `json:"parties"`
	Subscription string  `json:"subscription"`
	Seed         uint64  `json:"seed"`
	Seconds      float64 `json:"seconds"`
	Load         string  `json:"load_average"`

	Accepted  int              `json:"accepted"`
	PerSecond float64          `json:"accepted_per_second"`
	Ops       []operationTimes `json:"operations"`
	Refused   int              `json:"rounds_409"`
	Errors    []answerCount    `json:"errors"`
	Unread    int              `json:"acknowledged_not_listed"`
	Unknown   int              `json:"outcome_unknown"`

	GeneratorShare float64  `json:"generator_cpu_share"` // of all processors
	GeneratorUS    float64  `json:"generator_us_per_request"`
	ServerShare    *float64 `json:"server_cpu_share,omitempty"`
	ServerUS       *float64 `json:"server_us_per_request,omitempty"`
	ResidentMiB    float64  `json:"server_resident_mib,omitempty"`
	PeakMiB        float64  `json:"server_peak_mib,omitempty"`
	WrittenKiB     float64  `json:"server_kib_written_per_change,omitempty"` // to storage, by accepted writes

	Verified bool     `json:"verified"`
	Read     int      `json:"read_back"`
	Wrong    []string `json:"wrong,omitempty"`
}

// operationTimes are of the accepted requests of one kind, and of 409 rounds.
type operationTimes struct {
	Name  string  `json:"name"`
	Count int     `json:"count"`
	P50MS float64 `json:"p50_ms"`
	P99MS float64 `json:"p99_ms"`
	MaxMS float64 `json:"max_ms"`
}

// answerCount counts answers that the generator did not expect. Status 0 is no
// answer.
type answerCount struct {
	Operation string `json:"operation"`
	Status    int    `json:"status"`
	Count     int    `json:"count"`
	Example   string `json:"example"`
}

func (d *driver) report(what string, bystanders int, first, last snapshot) *serveReport {
	r := &serveReport{
		What: what, Place: d.site.name, Bystanders: bystanders,
		Workers: d.opt.Workers, Parties: d.opt.Parties, Subscription: d.opt.Subscription, Seed: d.opt.Seed,
		Seconds: last.at.Sub(first.at).Seconds(), Load: loadAverage(),
	}
	errs := map[answerKind]*answerCount{}
	for _, w := range d.workers {
		r.Unread += w.unread
		r.Unknown += w.unknown
		for kind, n := range w.status {
			if errs[kind] == nil {
				errs[kind] = &answerCount{Operation: opNames[kind.op], Status: kind.status, Example: w.faults[kind]}
			}
			errs[kind].Count += n
		}
	}
	for _, kind := range slices.SortedFunc(maps.Keys(errs), func(a, b answerKind) int {
		return (a.op-b.op)*1000 + a.status - b.status
	}) {
		r.Errors = append(r.Errors, *errs[kind])
	}
	for op := range opCount {
		var all []time.Duration
		for _, w := range d.workers {
			all = append(all, w.took[op]...)
		}
		if op == opRefused {
			r.Refused = len(all)
		} else {
			r.Accepted += len(all)
		}
		if len(all) > 0 {
			slices.Sort(all)
			r.Ops = append(r.Ops, operationTimes{opNames[op], len(all), at(all, 50) / 1e3, at(all, 99) / 1e3, us(all[len(all)-1]) / 1e3})
		}
	}
	r.PerSecond = float64(r.Accepted) / r.Seconds
	r.costs(first, last)
	return r
}

// costs fills in processor time and memory.
func (r *serveReport) costs(first, last snapshot) {
	all := r.Seconds * float64(runtime.NumCPU())
	requests := float64(max(1, r.Accepted+r.Refused))
	own := (last.own - first.own).Seconds()
	r.GeneratorShare, r.GeneratorUS = own/all, own/requests*1e6
	if first.server != nil && last.server != nil {
		cpu := (last.server.cpu - first.server.cpu).Seconds()
		share, perRequest := cpu/all, cpu/requests*1e6
		r.ServerShare, r.ServerUS = &share, &perRequest
		changes := r.Accepted
		for _, o := range r.Ops {
			if o.Name == opNames[opQuery] {
				changes -= o.Count
			}
		}
		r.WrittenKiB = float64(last.server.writtenBytes-first.server.writtenBytes) / 1024 / float64(max(1, changes))
		r.ResidentMiB, r.PeakMiB = float64(last.server.residentKB)/1024, float64(last.server.peakKB)/1024
	}
}

// fault returns an error for what no server may do.
func (r *serveReport) fault() error {
	switch {
	case len(r.Wrong) > 0:
		return fmt.Errorf("%w: %d of %d intents:\n  %s", errLost, len(r.Wrong), r.Read, strings.Join(r.Wrong[:min(len(r.Wrong), 10)], "\n  "))
	case r.Unread > 0:
		return fmt.Errorf("%w: %d intents were not in the query after their creation", errLost, r.Unread)
	case r.Accepted == 0:
		return fmt.Errorf("no request was accepted; %v", r.Errors)
	}
	return nil
}

func (r *serveReport) print(w io.Writer) {
	fmt.Fprintf(w, "\n%s, %s, %d bystanders, round %d: %.0f accepted requests/s (%.0f flights/s) over %.1f s, %d 409 rounds\n",
		r.What, r.Place, r.Bystanders, r.Round, r.PerSecond, r.PerSecond/4, r.Seconds, r.Refused)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "  \tcount\tp50 ms\tp99 ms\tmax ms\t")
	for _, o := range r.Ops {
		fmt.Fprintf(table, "  %s\t%d\t%.2f\t%.2f\t%.2f\t\n", o.Name, o.Count, o.P50MS, o.P99MS, o.MaxMS)
	}
	table.Flush()
	fmt.Fprintf(w, "  generator: %.0f %% of all processors, %.0f us a request", r.GeneratorShare*100, r.GeneratorUS)
	if r.ServerShare != nil {
		fmt.Fprintf(w, "; server: %.0f %%, %.0f us a request, %.0f MiB resident, %.0f at most; %.1f KiB to storage a change",
			*r.ServerShare*100, *r.ServerUS, r.ResidentMiB, r.PeakMiB, r.WrittenKiB)
	}
	fmt.Fprintf(w, "; load average %s\n", r.Load)
	if len(r.Errors) == 0 {
		fmt.Fprintf(w, "  no errors\n")
	}
	for _, e := range r.Errors {
		fmt.Fprintf(w, "  ERRORS: %d, %s\n", e.Count, e.Example)
	}
	if r.Unknown > 0 {
		fmt.Fprintf(w, "  %d flights of which an outcome is not known\n", r.Unknown)
	}
	if r.Verified {
		fmt.Fprintf(w, "  read back: %d intents, %d not as acknowledged\n", r.Read, len(r.Wrong))
	}
}

// revision names the sources that this program was built from.
func revision() string {
	what := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				what = s.Value[:min(12, len(s.Value))]
			case s.Key == "vcs.modified" && s.Value == "true":
				what += " with changes"
			}
		}
	}
	return what
}

// head describes the machine, the programs and the storage.
func (s *serving) head() error {
	if s.opt.JSON {
		return nil
	}
	o := &s.opt
	fmt.Fprintf(s.w, "serve %d workers of %d parties, subscription %s, seed %d; a flight is create, query, activate, delete\n%s\ngenerator: revision %s\n",
		o.Workers, o.Parties, o.Subscription, o.Seed, indexMachine(), revision())
	if o.URL != "" {
		fmt.Fprintf(s.w, "server: %s\n", o.URL)
	} else if o.Command != "" {
		fmt.Fprintf(s.w, "server: %s\n", o.Command)
	}
	took, err := fsyncTime(s.dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.w, "data in %s: a synced write of 8 KiB takes %.2f ms (p50)\n", s.dir, us(took)/1e3)
	if onTmpfs(s.dir) {
		fmt.Fprintf(s.w, "THIS IS MEMORY: syncing costs nothing here; choose another directory with -dir\n")
	}
	return nil
}

// summary compares the best round of each server with that of the floor, and
// each number of bystanders with the first. The ratio by CPU is that of the
// requests which the processors could carry if nothing else used them or made
// them wait: it holds on a machine that does other work meanwhile.
func (s *serving) summary() {
	if len(s.reports) < 2 {
		return
	}
	fmt.Fprintf(s.w, "\nquietest of %d rounds\n", s.opt.Rounds)
	table := tabwriter.NewWriter(s.w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "  place\tbystanders\t\taccepted/s\tof the floor\tby CPU\tcreate p50 ms\tthan with the first\tworst p99 ms\t")
	for _, place := range s.opt.Places {
		floor := s.best("floor", place, 0)
		if floor != nil {
			fmt.Fprintf(table, "  %s\t\tfloor\t%.0f\t\t\t%.2f\t\t%.2f\t\n", place, floor.PerSecond, floor.createP50(), floor.worstP99())
		}
		first := 0.0
		for i, bystanders := range s.opt.Bystanders {
			r := s.best("server", place, bystanders)
			if r == nil {
				continue
			}
			ofFloor, byCPU, more := "", "", ""
			if floor != nil {
				ofFloor = fmt.Sprintf("%.0f %%", 100*r.PerSecond/floor.PerSecond)
				if floor.ServerUS != nil && r.ServerUS != nil {
					byCPU = fmt.Sprintf("%.0f %%", 100*(floor.GeneratorUS+*floor.ServerUS)/(r.GeneratorUS+*r.ServerUS))
				}
			}
			if i == 0 {
				first = r.createP50()
			} else {
				more = fmt.Sprintf("%+.0f %%", 100*(r.createP50()/first-1))
			}
			fmt.Fprintf(table, "  %s\t%d\tserver\t%.0f\t%s\t%s\t%.2f\t%s\t%.2f\t\n",
				place, bystanders, r.PerSecond, ofFloor, byCPU, r.createP50(), more, r.worstP99())
		}
	}
	table.Flush()
}

// best returns the run of a kind that accepted most, nil when there is none.
func (s *serving) best(what, place string, bystanders int) (best *serveReport) {
	for _, r := range s.reports {
		if r.What == what && r.Place == place && r.Bystanders == bystanders && (best == nil || r.PerSecond > best.PerSecond) {
			best = r
		}
	}
	return best
}

func (r *serveReport) createP50() float64 {
	for _, o := range r.Ops {
		if o.Name == opNames[opCreate] {
			return o.P50MS
		}
	}
	return 0
}

// worstP99 returns the highest p99 of the operations of a flight.
func (r *serveReport) worstP99() (ms float64) {
	for _, o := range r.Ops {
		if o.Name != opNames[opRefused] {
			ms = max(ms, o.P99MS)
		}
	}
	return ms
}
