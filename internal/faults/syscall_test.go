package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// injection is a system call that fails.
type injection struct {
	call, fault string
	nth         int    // call of each thread that fails; strace counts by thread
	file        string // in the data directory; empty: any
	says        string // what the node must say of it
}

func (i injection) String() string {
	file := i.file
	if file == "" {
		file = "any file"
	}
	return fmt.Sprintf("%s %s %s of %s", i.fault, i.call, ordinal(i.nth), file)
}

func ordinal(n int) string { return fmt.Sprintf("no. %d", n) }

const (
	diskError = "disk I/O error"
	diskFull  = "database or disk is full"
	wal       = "journal.db-wal"
)

// injections that hit a node at work.
func injections() []injection {
	list := []injection{
		{"fsync", "EIO", 8, wal, diskError},
		{"pwrite64", "ENOSPC", 60, wal, diskFull},
	}
	if !long {
		return list
	}
	for _, nth := range []int{8, 9, 11, 17, 29} {
		list = append(list,
			injection{"fsync", "EIO", nth, wal, diskError},
			injection{"fsync", "ENOSPC", nth, wal, diskError},
		)
	}
	// The frames of a block: header and page of each, in turn.
	for nth := 41; nth <= 52; nth++ {
		list = append(list,
			injection{"pwrite64", "EIO", nth, wal, diskError},
			injection{"pwrite64", "ENOSPC", nth, wal, diskFull},
		)
	}
	for _, nth := range []int{8, 15} {
		list = append(list,
			injection{"pwrite64", "EIO", nth, "checkpoint", "writing the file checkpoint"},
			injection{"pwrite64", "ENOSPC", nth, "checkpoint", "writing the file checkpoint"},
		)
	}
	return list
}

// TestSystemCallsFail lets one system call of the journal fail under load. The
// node stops with code 3 and says why; nothing was acknowledged that was not
// synced; after a restart everything that was is there.
func TestSystemCallsFail(t *testing.T) {
	strace := needStrace(t)
	for _, i := range injections() {
		t.Run(i.String(), func(t *testing.T) { inject(t, strace, i) })
	}
}

func inject(t *testing.T, strace string, i injection) {
	dir := filepath.Join(t.TempDir(), "data")
	l, h := newLoad(uint64(i.nth)), newHistory()
	// Snapshots are out of the way: their files are synced too.
	n, _ := underStrace(t, injecting(strace, i, dir), built(t), dir, "--snapshot-every", "1000000")
	if err := l.watch(n); err != nil {
		t.Fatal(err)
	}
	const enough = 5000 // the fault comes long before
	l.quietRun(n, enough)
	if l.acked.Load() >= enough {
		t.Fatalf("%d changes were acknowledged and the fault did not come", enough)
	}
	code, said := ended(t, n.Process)
	if code != 3 {
		t.Errorf("the node ended with code %d, expected 3", code)
	}
	mustSay(t, said, "deconflict: the journal failed", i.says)
	if strings.Contains(said, "panic") || strings.Contains(said, "goroutine ") {
		t.Error("the node panicked")
	}
	comesBack(t, l, h, dir)
}

// injecting returns the strace command line of an injection.
func injecting(strace string, i injection, dir string) []string {
	args := []string{
		strace, "--seccomp-bpf", "-f", "-o", os.DevNull, "-e", "signal=none", "-e", "trace=" + i.call,
		"-e", fmt.Sprintf("inject=%s:error=%s:when=%d", i.call, i.fault, i.nth),
	}
	if i.file != "" {
		args = append(args, "-P", filepath.Join(dir, i.file))
	}
	return args
}

func mustSay(t *testing.T, said string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(said, w) {
			t.Errorf("the program did not say %q:\n%s", w, said)
		}
	}
}

// comesBack starts a node that stopped and checks that everything acknowledged
// is there, and that it works on.
func comesBack(t *testing.T, l *load, h *history, dir string) {
	t.Helper()
	n := start(t, dir)
	faults := l.check(t.Context(), n, dir, h)
	if len(faults) == 0 {
		l.quietRun(n, 50)
		faults = l.check(t.Context(), n, dir, h)
	}
	for _, fault := range faults {
		t.Error(fault)
	}
	if err := n.Stop(); err != nil {
		t.Error(err)
	}
	fsck(t, dir)
}

// TestNothingUnsyncedIsAcknowledged lets syncs fail while all is traced: no
// answer left that rests on a sync which failed.
func TestNothingUnsyncedIsAcknowledged(t *testing.T) {
	strace := needStrace(t)
	nths := []int{20}
	if long {
		nths = []int{16, 17, 18, 20, 24, 30, 40}
	}
	for _, nth := range nths {
		t.Run(ordinal(nth), func(t *testing.T) {
			dir := t.TempDir()
			data, traceFile := filepath.Join(dir, "data"), filepath.Join(dir, "trace")
			command := append(tracing(strace, traceFile), "-e", fmt.Sprintf("inject=fsync:error=EIO:when=%d", nth))
			n, _ := underStrace(t, command, built(t), data, "--snapshot-every", "1000000")
			n.recorder = &recorder{}
			l, h := newLoad(uint64(nth)), newHistory()
			if err := l.watch(n); err != nil {
				t.Fatal(err)
			}
			stop := make(chan struct{})
			var readers sync.WaitGroup
			for i := range 3 {
				readers.Go(func() { l.look(n, i, stop) })
			}
			l.run(n, stop, 1<<40, func() {})
			close(stop)
			readers.Wait()
			if code, said := ended(t, n.Process); code != 3 {
				t.Errorf("the node ended with code %d, expected 3\n%s", code, said)
			}
			l.faults = nil // readers found the node gone
			v := judge(t, traceFile, data, n.recorder.answers)
			for _, early := range v.early {
				t.Error(early)
			}
			if v.writes < 5 {
				t.Errorf("found %d answers to writes, too few to tell", v.writes)
			}
			comesBack(t, l, h, data)
		})
	}
}

// TestStartFails lets system calls fail while a node starts, on a new directory
// and on one that holds something. It refuses, or comes up whole.
func TestStartFails(t *testing.T) {
	strace := needStrace(t)
	calls := []injection{{"fsync", "EIO", 1, "", ""}}
	if long {
		calls = nil
		for _, nth := range []int{1, 2, 3, 4, 6, 8, 11, 14} {
			calls = append(calls,
				injection{"fsync", "EIO", nth, "", ""},
				injection{"pwrite64", "ENOSPC", nth, "", ""},
				injection{"pwrite64", "EIO", nth, "", ""},
				injection{"pread64", "EIO", nth, "", ""},
				injection{"openat", "EMFILE", nth, "", ""},
			)
		}
		calls = append(calls, injection{"ftruncate", "EIO", 1, "", ""}, injection{"ftruncate", "EIO", 2, "", ""})
	}
	for _, i := range calls {
		t.Run(i.String(), func(t *testing.T) { startFails(t, strace, i) })
	}
}

func startFails(t *testing.T, strace string, i injection) {
	dir := filepath.Join(t.TempDir(), "data")
	l, h := newLoad(uint64(i.nth)), newHistory()
	attempt := func() {
		t.Helper()
		p := launch(t, append(append(injecting(strace, i, dir), built(t)), serveArgs(dir)...)...)
		select {
		case <-p.Listens():
			_ = below(t, p).Kill()
			<-p.Ended()
		case <-p.Ended():
			code, said := ended(t, p)
			if code != 2 && code != 3 {
				t.Errorf("the node ended with code %d, expected 2 or 3", code)
			}
			mustSay(t, said, "deconflict: ")
			if strings.Contains(said, "panic") {
				t.Errorf("the node panicked:\n%s", said)
			}
		}
	}
	attempt()
	n := start(t, dir)
	if err := l.watch(n); err != nil {
		t.Fatal(err)
	}
	l.quietRun(n, 100)
	n.Kill()
	attempt()
	comesBack(t, l, h, dir)
}
