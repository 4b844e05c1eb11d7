package server

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// systemd is the receiving end of notifications.
func systemd(t *testing.T) (address string, next func() string) {
	t.Helper()
	// The path of a socket has little room, unix(7).
	dir, err := os.MkdirTemp("", "sd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	address = filepath.Join(dir, "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		t.Skip("no unix datagram sockets: ", err)
	}
	t.Cleanup(func() { conn.Close() })
	return address, func() string {
		buf := make([]byte, 1024)
		n, err := conn.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
}

func env(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func TestSupervisorIsTold(t *testing.T) {
	address, next := systemd(t)
	s := newSupervisor(env(map[string]string{"NOTIFY_SOCKET": address}))
	if err := s.tell("READY=1", "STATUS=serving"); err != nil {
		t.Fatal(err)
	}
	if got := next(); got != "READY=1\nSTATUS=serving" {
		t.Errorf("%q", got)
	}
	if s.every != 0 {
		t.Errorf("without a watchdog every %v", s.every)
	}
	if err := newSupervisor(env(nil)).tell("READY=1"); err != nil {
		t.Errorf("without a supervisor: %v", err)
	}
	if err := newSupervisor(env(map[string]string{"NOTIFY_SOCKET": address + ".gone"})).tell("READY=1"); err == nil {
		t.Error("a socket that does not exist: no error")
	}
	if s := newSupervisor(env(map[string]string{"NOTIFY_SOCKET": "@abstract"})); s.address != "\x00abstract" {
		t.Errorf("abstract socket %q", s.address)
	}
}

// Signs of life come while the node answers, and stop when it does not.
func TestWatchdog(t *testing.T) {
	address, next := systemd(t)
	s := newSupervisor(env(map[string]string{"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "2000"}))
	if s.every != time.Millisecond {
		t.Fatalf("every %v, want half of 2 ms", s.every)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var sick atomic.Bool
	probes := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.live(ctx, func(context.Context) error {
			if sick.Load() {
				probes <- struct{}{}
				return errors.New("no answer")
			}
			return nil
		}, quiet())
	}()
	for range 3 {
		if got := next(); got != "WATCHDOG=1" {
			t.Errorf("%q", got)
		}
	}
	sick.Store(true)
	<-probes
	// Whatever was sent before comes before the mark, and nothing may follow it.
	if err := s.tell("MARK=1"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		<-probes
	}
	if err := s.tell("END=1"); err != nil {
		t.Fatal(err)
	}
	cancel()
	go func() { // a probe that is under way
		for range probes {
		}
	}()
	<-done
	close(probes)
	for got := next(); got != "MARK=1"; got = next() {
		if got != "WATCHDOG=1" {
			t.Fatalf("%q", got)
		}
	}
	if got := next(); got != "END=1" {
		t.Errorf("from a node that does not answer: %q", got)
	}
}
