package server

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"
)

// supervisor speaks systemd's notification protocol, sd_notify(3): datagrams of
// VARIABLE=VALUE lines to the socket that NOTIFY_SOCKET names. Without one
// nothing is sent.
type supervisor struct {
	address string
	every   time.Duration // between signs of life; 0 for none
}

func newSupervisor(getenv func(string) string) supervisor {
	s := supervisor{address: getenv("NOTIFY_SOCKET")}
	if s.address != "" && s.address[0] == '@' {
		s.address = "\x00" + s.address[1:] // an abstract socket, unix(7)
	}
	// Twice within the time that the watchdog allows, as sd_watchdog_enabled(3)
	// advises.
	if us, err := strconv.ParseInt(getenv("WATCHDOG_USEC"), 10, 64); err == nil && us > 0 {
		s.every = time.Duration(us) * time.Microsecond / 2
	}
	return s
}

// tell sends states such as READY=1. Nobody to tell is no error.
func (s supervisor) tell(states ...string) error {
	if s.address == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: s.address, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("notify the supervisor: %w", err)
	}
	defer conn.Close()
	_, err = conn.Write([]byte(strings.Join(states, "\n")))
	return err
}

// live sends signs of life while alive says nil, until ctx ends: a node that
// cannot answer is restarted.
func (s supervisor) live(ctx context.Context, alive func(context.Context) error, log *slog.Logger) {
	if s.address == "" || s.every <= 0 {
		return
	}
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for {
		probe, cancel := context.WithTimeout(ctx, s.every)
		err := alive(probe)
		cancel()
		if err == nil {
			err = s.tell("WATCHDOG=1")
		}
		if err != nil && ctx.Err() == nil {
			log.Error("no sign of life to the supervisor", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
