package faults

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/deconflict/deconflict/internal/journal"
	"github.com/deconflict/deconflict/internal/program"
)

// needStrace skips a test on systems without strace.
func needStrace(t *testing.T) string {
	t.Helper()
	file, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed")
	}
	return file
}

// tracing returns a command line that writes what a program syncs, writes and
// answers to a file. Text is cut after a page of the database.
func tracing(strace, file string) []string {
	return []string{
		strace, "--seccomp-bpf", "-f", "-y", "-s", "4200", "-e", "signal=none",
		"-e", "trace=write,pwrite64,fsync,fdatasync,ftruncate", "-o", file,
	}
}

// underStrace starts a node below strace, which ends when the node does and
// with its exit code. Signals have to go to the node itself.
func underStrace(t *testing.T, strace []string, binary, dir string, flags ...string) (*node, *os.Process) {
	t.Helper()
	command := append(append(slices.Clip(strace), binary), serveArgs(dir, flags...)...)
	p := launch(t, command...)
	return serving(t, p), below(t, p)
}

// below returns the process that strace runs, and sees to it that it ends with
// the test.
func below(t *testing.T, strace *program.Process) *os.Process {
	t.Helper()
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", strace.PID()))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(children)))
	if err != nil {
		t.Fatalf("found the children %q of strace, expected one", children)
	}
	child, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = child.Kill() })
	return child
}

// order follows a trace: up to which size the journal is durable, and how much
// of it was when each answer began to leave.
//
// strace writes a line when it sees a call begin and one, or the end of that
// line, when it sees it return, and lets the thread go on only then. So what
// happened because a call had returned is always in a later line.
type order struct {
	written    int64            // size whose head the last write to the WAL held
	syncing    map[int]int64    // by thread in a sync of the WAL: written when it began
	durable    int64            // size that is synced
	durableAt  map[string]int64 // by request: durable when its answer began
	syncs      int
	unfinished map[int]string // by thread: the call that has not returned
}

var (
	callLine     = regexp.MustCompile(`^(\d+) +(\w+)\(\d+<([^>]*)>(.*)$`)
	resumedLine  = regexp.MustCompile(`^(\d+) +<\.\.\. (\w+) resumed>(.*)$`)
	headText     = regexp.MustCompile(`deconflict\\n(\d+)\\n`)
	requestIDTag = regexp.MustCompile(`X-Request-Id: (\S+?)\\r\\n`)
)

const unfinishedMark = " <unfinished ...>"

// readTrace follows a whole trace.
func readTrace(r io.Reader) (*order, error) {
	o := &order{syncing: map[int]int64{}, durableAt: map[string]int64{}, unfinished: map[int]string{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if m := resumedLine.FindStringSubmatch(line); m != nil {
			thread, _ := strconv.Atoi(m[1])
			o.returns(thread, o.unfinished[thread], m[3])
			delete(o.unfinished, thread)
			continue
		}
		m := callLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		thread, _ := strconv.Atoi(m[1])
		call, file, rest := m[2], m[3], m[4]
		key := call + " " + filepath.Base(file)
		if err := o.begins(thread, key, rest); err != nil {
			return nil, err
		}
		if strings.HasSuffix(rest, unfinishedMark) {
			o.unfinished[thread] = key + " " + headOf(rest)
		} else {
			o.returns(thread, key+" "+headOf(rest), rest)
		}
	}
	return o, lines.Err()
}

// headOf returns the size of the newest head that a written page holds, "" when
// there is none.
func headOf(rest string) string {
	newest := int64(-1)
	for _, m := range headText.FindAllStringSubmatch(rest, -1) {
		if size, err := strconv.ParseInt(m[1], 10, 64); err == nil {
			newest = max(newest, size)
		}
	}
	if newest < 0 {
		return ""
	}
	return strconv.FormatInt(newest, 10)
}

func (o *order) begins(thread int, key, rest string) error {
	switch {
	case key == "fsync journal.db-wal" || key == "fdatasync journal.db-wal":
		o.syncing[thread] = o.written
	case strings.HasPrefix(key, "write socket:"):
		m := requestIDTag.FindStringSubmatch(rest)
		if m == nil {
			return nil
		}
		if _, twice := o.durableAt[m[1]]; twice {
			return fmt.Errorf("request %s is answered twice", m[1])
		}
		o.durableAt[m[1]] = o.durable
	}
	return nil
}

// returns takes in the return of a call: its name, its file and the size of the
// head it wrote.
func (o *order) returns(thread int, call, rest string) {
	name, head, _ := strings.Cut(call, "journal.db-wal ")
	failed := strings.Contains(rest, "= -1 ")
	switch {
	case failed:
	case name == "pwrite64 " && head != "":
		size, _ := strconv.ParseInt(head, 10, 64)
		o.written = max(o.written, size)
	case (name == "fsync " || name == "fdatasync ") && call != name:
		o.durable = max(o.durable, o.syncing[thread])
		o.syncs++
	}
}

// seen is an answer that somebody got.
type seen struct {
	name, method, path string
	after              int // so many answers had come when it was asked for
	answer
}

// recorder names requests and keeps their answers, in the order in which they
// came.
type recorder struct {
	mu      sync.Mutex
	begun   int
	answers []seen
}

func (r *recorder) begin(s *seen) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun++
	s.name, s.after = fmt.Sprintf("r-%d", r.begun), len(r.answers)
}

func (r *recorder) end(s seen) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers = append(r.answers, s)
}

// shown is all that an answer may show of what is in the journal.
type shown struct {
	intentAnswer
	subscriptionAnswer
	intentList
}

// entries are the journal indices by what they made: id/version, or id/gone.
type entries map[string]int64

func readEntries(t *testing.T, dir string) entries {
	t.Helper()
	j, err := journal.Open(dir, journal.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	all := entries{}
	err = j.Read(t.Context(), 0, j.Head().Size, func(r journal.Record) error {
		var ev struct {
			Type    string          `json:"type"`
			ID      string          `json:"id"`
			Version json.RawMessage `json:"version"`
		}
		if err := json.Unmarshal(r.Event, &ev); err != nil {
			return err
		}
		if strings.HasSuffix(ev.Type, ".gone") {
			ev.Version = json.RawMessage("gone")
		}
		all[ev.ID+"/"+strings.Trim(string(ev.Version), `"`)] = r.Index
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// created is, by id of an intent, how many answers had come when its
// creation was acknowledged. Who then finds it missing has seen its end.
type created map[string]int

func (c created) learn(s *seen, answers int) {
	if s.method == "PUT" && s.status == 201 {
		id, _, _ := strings.Cut(strings.TrimPrefix(s.path, intentsPath+"/"), "/")
		c[id] = answers
	}
}

// missing returns the intents that an answer shows to have ended: they were
// there before it was asked for.
func (c created) missing(s *seen, listed map[string]bool) []string {
	var gone []string
	switch {
	case s.method == "GET" && s.status == 404:
		id := strings.TrimPrefix(s.path, intentsPath+"/")
		if at, ok := c[id]; ok && at <= s.after {
			gone = append(gone, id)
		}
	case s.method == "POST" && s.path == intentsPath+"/query" && s.status == 200:
		for id, at := range c {
			if at <= s.after && !listed[id] {
				gone = append(gone, id)
			}
		}
	}
	return gone
}

// newest returns the newest entry that an answer shows, -1 when it shows none.
func (e entries) newest(s *seen, c created) (index int64, err error) {
	index = -1
	var body shown
	if !slices.Contains([]int{200, 201, 404, 409}, s.status) {
		return index, nil
	}
	if err := json.Unmarshal(s.body, &body); err != nil {
		return index, err
	}
	var keys []string
	add := func(id, version string) {
		if id != "" {
			keys = append(keys, id+"/"+version)
		}
	}
	if s.method == "DELETE" {
		add(body.Intent.ID+body.Subscription.ID, "gone")
	} else {
		add(body.Intent.ID, strconv.Itoa(body.Intent.Version))
		add(body.Subscription.ID, body.Subscription.Version)
	}
	listed := map[string]bool{}
	for _, list := range [][]reference{body.Intents, body.Missing} {
		for _, r := range list {
			listed[r.ID] = true
			add(r.ID, strconv.Itoa(r.Version))
		}
	}
	for _, id := range c.missing(s, listed) {
		add(id, "gone")
	}
	for _, key := range keys {
		i, ok := e[key]
		if !ok {
			return index, fmt.Errorf("%s %s: %d shows %s, which is not in the journal", s.method, s.path, s.status, key)
		}
		index = max(index, i)
	}
	return index, nil
}

// verdict is what holding answers against a trace gave.
type verdict struct {
	writes, reads, refusals int      // answers that showed something of the journal
	syncs                   int      // of the WAL
	early                   []string // answers that left before what they show was durable
}

// judge holds every answer against the trace. Answers of which the trace has no
// line are faults of the test.
func judge(t *testing.T, traceFile, dir string, answers []seen) verdict {
	t.Helper()
	f, err := os.Open(traceFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	o, err := readTrace(f)
	if err != nil {
		t.Fatal(err)
	}
	made := readEntries(t, dir)
	v, there := verdict{syncs: o.syncs}, created{}
	for i := range answers {
		there.learn(&answers[i], i+1)
	}
	for i := range answers {
		s := &answers[i]
		index, err := made.newest(s, there)
		if err != nil {
			v.early = append(v.early, err.Error())
			continue
		}
		if index < 0 {
			continue
		}
		switch {
		case s.status == 409:
			v.refusals++
		case s.method == "GET" || s.method == "POST":
			v.reads++
		default:
			v.writes++
		}
		durable, ok := o.durableAt[s.name]
		if !ok {
			t.Fatalf("the trace %s has no answer to request %s", traceFile, s.name)
		}
		if durable <= index {
			v.early = append(v.early, fmt.Sprintf("%s %s: the answer %d shows entry %d and left when %d were durable", s.method, s.path, s.status, index, durable))
		}
	}
	return v
}

// TestTraceReader has the reader of traces tell good orders from bad ones.
func TestTraceReader(t *testing.T) {
	const (
		head   = `7 pwrite64(13</d/journal.db-wal>, "\0\0localhost/deconflict\n3\nxF2E", 4096, 28896) = 4096` + "\n"
		sync   = `7 fsync(13</d/journal.db-wal>) = 0` + "\n"
		failed = `7 fsync(13</d/journal.db-wal>) = -1 EIO (Input/output error) (INJECTED)` + "\n"
		other  = `7 fsync(14</d/checkpoint>) = 0` + "\n"
		begin  = `7 fsync(13</d/journal.db-wal> <unfinished ...>` + "\n"
		end    = `7 <... fsync resumed>) = 0` + "\n"
		answer = `8 write(16<socket:[5]>, "HTTP/1.1 201 Created\r\nX-Request-Id: r-1\r\n"..., 847) = 847` + "\n"
	)
	for _, c := range []struct {
		name, trace string
		durable     int64
	}{
		{"synced, then answered", head + sync + answer, 3},
		{"answered, then synced", head + answer + sync, 0},
		{"answered during the sync", head + begin + answer + end, 0},
		{"answered after it", head + begin + end + answer, 3},
		{"written during the sync", begin + head + end + answer, 0},
		{"the sync failed", head + failed + answer, 0},
		{"another file was synced", head + other + answer, 0},
		{"not synced at all", head + answer, 0},
	} {
		o, err := readTrace(strings.NewReader(c.trace))
		if err != nil {
			t.Fatal(err)
		}
		if durable, ok := o.durableAt["r-1"]; !ok || durable != c.durable {
			t.Errorf("%s: found %d entries durable at the answer (%t), expected %d", c.name, durable, ok, c.durable)
		}
	}
}
