package world

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/record"
)

// TestWhatStaysInMemory measures what a node keeps of things that are over and
// that it never forgets, long after: docs/OPERATING.md has the figures, with
// which operators reckon. Each must stay below twice its figure there.
//
// DECONFLICT_KEPT=2000 measures that many of each, and says how much.
func TestWhatStaysInMemory(t *testing.T) {
	many := 150
	if s := os.Getenv("DECONFLICT_KEPT"); s != "" {
		var err error
		if many, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name  string
		bytes int64 // of each
		do    func(w *anyWorld)
	}{
		{"notice that ended", 3000, keptNotice},
		{"incident that closed", 2700, keptIncident},
		{"STOP, its incident never closed", 6000, keptStop},
		{"entry counter-signed alone", 100, keptCountersign},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newAnyWorld(t, 1)
			w.rest()
			before := w.held()
			for range many {
				w.nowNS += 1_000_000_000
				c.do(w)
			}
			w.rest()
			each := (w.held() - before) / int64(many)
			t.Logf("%d bytes each", each)
			if each > 2*c.bytes {
				t.Errorf("found %d bytes each, expected at most twice %d", each, c.bytes)
			}
		})
	}
}

// rest lets a week go by, so that what is forgotten after a while is.
func (w *anyWorld) rest() {
	for range 7 * 8 {
		w.nowNS += 3 * 3600 * 1_000_000_000
		w.settle()
		for _, by := range w.parties[:5] {
			w.say(by, "party.roster", w.roster(by, "manager"), false)
		}
	}
}

// held is how many bytes the state takes, and nothing else that the test has.
func (w *anyWorld) held() int64 {
	clear(w.seen)
	clear(w.words)
	clear(w.taken)
	w.sent = nil
	w.entries = make([][]byte, len(w.entries)) // their number is the next index
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) - int64(24*len(w.entries))
}

// newest returns a member of the newest event of a type.
func (w *anyWorld) newest(kind, member string) any {
	w.Helper()
	list := w.seen[kind]
	if len(list) == 0 {
		w.Fatalf("there was no %s", kind)
	}
	return list[len(list)-1][member]
}

// must says something that is taken.
func (w *anyWorld) must(by party.ID, act string, body any) {
	w.Helper()
	before := w.done[act]
	w.say(by, act, body, false)
	w.settle()
	if w.done[act] != before+1 {
		w.Fatalf("%s was not taken: %s", act, clipped(w.last))
	}
}

func keptNotice(w *anyWorld) {
	p := object{"lat_e9": 46_000_000_000, "lng_e9": 7_000_000_000 + int64(len(w.entries))*1000}
	w.must("hr", "notice.declare", object{"consent": []any{"nc", "el"}, "content": object{
		"name": fmt.Sprint("S-", len(w.entries)), "kind": "static", "function": "health", "persons": "11-100", "point": p, "error_mm": 20_000,
		"footprint": object{"circle": object{"centre": p, "radius_mm": 60_000}}, "review_by": w.at(100_000), "valid_from": w.at(0),
		"contact": object{"address": "line 4", "stop_call": "hold"},
		"sources": []any{
			object{"method": "gnss", "at": w.at(-900), "error_mm": 5000, "datum": "WGS84", "point": p},
			object{"method": "map", "at": w.at(-800), "error_mm": 50_000, "datum": "WGS84", "point": p},
		},
	}})
	id := w.newest("notice.declared", "notice")
	for _, by := range []party.ID{"nc", "el"} {
		for _, step := range []string{"received", "read"} {
			w.must(by, "notice.step", object{"notice": id, "version": 1, "step": step})
		}
	}
	w.must("hr", "notice.end", object{"notice": id, "version": 1, "reason": "closed"})
}

func keptIncident(w *anyWorld) {
	w.must("nc", "incident.report", object{"kind": "crew", "at": w.at(-60), "parties": []any{"el"}, "text": "came close over the ridge"})
	id := w.newest("incident.opened", "incident")
	for _, by := range []party.ID{"nc", "el"} {
		w.must(by, "incident.account", object{"incident": id, "text": "seen late, turned away", "horizontal_mm": 300_000, "vertical_mm": 90_000})
	}
	for _, by := range []party.ID{"nc", "el"} {
		w.must(by, "incident.close", object{"incident": id, "publish": true})
	}
}

// keptCountersign is of entries that are far apart: each has a word of its own.
func keptCountersign(w *anyWorld) {
	e := &record.Countersigned{By: "nc", Origin: "el", Entries: []record.Entry{{Index: int64(len(w.entries)) * 64, Leaf: strings.Repeat("0", 64)}}}
	w.apply(e)
}

func keptStop(w *anyWorld) {
	w.must("nc", "channel.stop", object{"at_risk": "people", "callback": "line 1", "where": object{"text": "the harbour"}})
}
