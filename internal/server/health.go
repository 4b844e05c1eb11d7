package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/api"
)

// maxClockBehind is how far the clock may be behind the last time in the
// journal. The node's time stands still meanwhile, so that windows in the near
// future are judged late.
const maxClockBehind = 5 * time.Second

// serveHealth says that the process answers.
func serveHealth(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintln(w, "ok")
}

// serveReady says whether the node should get requests, and why not.
func (s *Server) serveReady(w http.ResponseWriter, _ *http.Request) {
	faults := s.unready()
	body := struct {
		Ready  bool     `json:"ready"`
		Faults []string `json:"faults"`
	}{len(faults) == 0, append([]string{}, faults...)}
	data, err := json.Marshal(body)
	if err != nil { // strings always can
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if !body.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = w.Write(append(data, '\n')) // the caller went away: nobody to tell
}

// unready lists what keeps the node from serving. The words go to anybody who
// asks, so they name no file and no number of the node.
func (s *Server) unready() (faults []string) {
	if s.fatal.Load() != nil {
		faults = append(faults, "the journal failed")
	}
	if s.draining.Load() {
		faults = append(faults, "the node is stopping")
	}
	if s.verifier.Ready() != nil {
		faults = append(faults, "no key to check tokens with")
	}
	if s.clockBehind() > maxClockBehind {
		faults = append(faults, "the clock is behind the journal")
	}
	if free, err := freeDisk(s.config.Data); err != nil {
		faults = append(faults, "the data directory cannot be read")
	} else if free < s.config.MinFreeDisk {
		faults = append(faults, "too little disk space")
	}
	return faults
}

// diskFull returns a function that tells whether the data directory has less room
// than the settings ask for. It looks once a second.
func (s *Server) diskFull() func() bool {
	var looked atomic.Int64
	var full atomic.Bool
	return func() bool {
		now := time.Now().UnixNano()
		if last := looked.Load(); now-last > int64(time.Second) && looked.CompareAndSwap(last, now) {
			free, err := freeDisk(s.config.Data)
			full.Store(err == nil && free < s.config.MinFreeDisk)
		}
		return full.Load()
	}
}

// clockBehind returns how far the clock is behind the node's time, which never
// runs back.
func (s *Server) clockBehind() time.Duration {
	return max(0, time.Duration(s.engine.Stats().TimeNS-time.Now().UnixNano()))
}

// alive tells whether a reader gets an answer.
func (s *Server) alive(ctx context.Context) error {
	if fatal := s.fatal.Load(); fatal != nil {
		return *fatal
	}
	return s.engine.Read(ctx, func(*airspace.State, int64) {})
}

// clockQuality returns how good the node's clock is.
func (s *Server) clockQuality() api.ClockQuality {
	if s.clock != nil {
		return api.ClockQuality{Source: "rehearsal"}
	}
	synchronised, errorMS := systemClock()
	return api.ClockQuality{Source: "system", Synchronised: synchronised, ErrorMS: errorMS}
}

// ClockWords says in words how good the system's clock is.
func ClockWords() string {
	synchronised, errorMS := systemClock()
	switch {
	case synchronised == nil:
		return "the system does not say whether its clock is synchronised"
	case !*synchronised:
		return "NOT synchronised: compare it with another clock, by radio if need be"
	case errorMS == nil:
		return "synchronised"
	}
	return fmt.Sprintf("synchronised, off by at most %d ms", *errorMS)
}
