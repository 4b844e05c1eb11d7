package engine

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/airspace"
	"github.com/deconflict/deconflict/internal/journal"
)

// reports is a disk with n entries.
func reports(n int) *disk {
	d := &disk{}
	for i := range n {
		d.events = append(d.events, airspace.Encode(nil, &airspace.ReportFiled{By: "uss1", Report: strconv.Itoa(i)}, int64(i)))
	}
	return d
}

// An entry that this program cannot read ends the start, wherever it stands, and
// is named.
func TestUnreadableEntriesAreRefused(t *testing.T) {
	d := reports(3 * pieceEntries)
	for name, harm := range map[string]func([]byte) []byte{
		"newer version": func(b []byte) []byte { return bytes.Replace(b, []byte(`"v":1`), []byte(`"v":2`), 1) },
		"unknown type":  func(b []byte) []byte { return bytes.Replace(b, []byte("report.filed"), []byte("report.found"), 1) },
		"not canonical": func(b []byte) []byte { return append(b, ' ') },
	} {
		for _, at := range []int{0, 1, pieceEntries - 1, pieceEntries, 2*pieceEntries + 5, 3*pieceEntries - 1} {
			harmed := &disk{events: bytesOf(d.events)}
			harmed.events[at] = harm(harmed.events[at])
			_, err := open(t.Context(), Config{Dir: t.TempDir()}, harmed.open(always, 0, none))
			if err == nil {
				t.Errorf("%s at %d: no error", name, at)
				continue
			}
			var unknown *airspace.UnknownEventError
			if errors.As(err, &unknown) != (name != "not canonical") || !strings.Contains(err.Error(), "journal entry "+strconv.Itoa(at)+":") {
				t.Errorf("%s at %d: %v", name, at, err)
			}
		}
	}
}

// shortJournal gives fewer entries than its head says, or out of order.
type shortJournal struct {
	*diskJournal
	skip int64
	stop int64
	err  error
}

func (j shortJournal) Read(ctx context.Context, from, to int64, fn func(journal.Record) error) error {
	err := j.diskJournal.Read(ctx, from, j.stop, func(r journal.Record) error {
		if r.Index == j.skip {
			return nil
		}
		return fn(r)
	})
	if err != nil {
		return err
	}
	return j.err
}

func TestAJournalThatDoesNotGiveAllIsRefused(t *testing.T) {
	d := reports(600)
	broken := errors.New("broken")
	for name, j := range map[string]shortJournal{
		"ends early":       {skip: -1, stop: 599},
		"leaves one out":   {skip: 300, stop: 600},
		"ends in an error": {skip: -1, stop: 400, err: broken},
	} {
		j.diskJournal = d.open(always, 0, none)
		_, err := open(t.Context(), Config{Dir: t.TempDir()}, j)
		if err == nil || j.err != nil && !errors.Is(err, j.err) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestOpenEndsWithItsContext(t *testing.T) {
	d := reports(10)
	if _, err := open(cancelled(), Config{Dir: t.TempDir()}, d.open(always, 0, none)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
}

// A change that no journal entry can hold is refused before it is applied.
func TestAChangeTooLargeForTheJournalIsRefused(t *testing.T) {
	d := &disk{}
	e := start(t, Config{}, d.open(always, 0, none))
	var refusal *airspace.Refusal
	_, _, err := Submit(t.Context(), e, airspace.SetAvailability{
		By: "arbiter", USS: partyOf(0), NewVersion: strings.Repeat("v", journal.MaxEventBytes),
	})
	if !errors.As(err, &refusal) || refusal.Kind != airspace.Invalid {
		t.Errorf("error %v, want a refusal", err)
	}
	if v := versionOf(t, e); v != "" {
		t.Errorf("the state has it: %d bytes", len(v))
	}
	if _, _, err := Submit(t.Context(), e, change(0, "", "a")); err != nil {
		t.Errorf("the next command: %v", err)
	}
	stop(t, e)
}
