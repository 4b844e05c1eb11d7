package bench

import (
	"fmt"
	"slices"
	"sync"
)

// verify reads back the last acknowledged state of every flight: those that
// stayed are there with their OVN and state, those that were deleted are not.
// It returns how many were read and what is wrong.
func (d *driver) verify() (read int, wrong []string) {
	var mu sync.Mutex
	d.each(func(w *worker) error {
		for _, f := range slices.Concat(w.kept, w.gone) {
			fault := w.readBack(f)
			mu.Lock()
			read++
			if fault != "" {
				wrong = append(wrong, fault)
			}
			mu.Unlock()
		}
		return nil
	})
	slices.Sort(wrong)
	return read, wrong
}

// readBack returns what is wrong with a flight on the server, "" if nothing.
func (w *worker) readBack(f *flight) string {
	status, answer, err := w.client.do("GET", intentPath+f.id, f.party.token, nil)
	switch {
	case err != nil:
		return fmt.Sprintf("intent %s could not be read: %v", f.id, err)
	case f.state == "Ended" && status == 404:
		return ""
	case f.state == "Ended":
		return fmt.Sprintf("intent %s: its deletion was acknowledged, reading it gives %d", f.id, status)
	case status != 200:
		return fmt.Sprintf("intent %s: %s was acknowledged, reading it gives %d", f.id, f.state, status)
	}
	ref := member(answer, "operational_intent_reference")
	if ovn, state := text(member(ref, "ovn")), text(member(ref, "state")); ovn != f.ovn || state != f.state {
		return fmt.Sprintf("intent %s: %s with OVN %s was acknowledged, found %s with OVN %s", f.id, f.state, f.ovn, state, ovn)
	}
	return ""
}

// clear deletes what the run left on a server that lives on, and ends the
// connections.
func (d *driver) clear() error {
	return d.each(func(w *worker) error {
		defer w.client.close()
		if d.opt.URL == "" || d.bare {
			return nil
		}
		for _, f := range w.kept {
			status, answer, err := w.client.do("DELETE", intentPath+f.id+"/"+f.ovn, f.party.token, nil)
			if err != nil {
				return err
			}
			if status != 200 {
				return fmt.Errorf("intent %s stays behind: its deletion gives %d: %s", f.id, status, answer)
			}
		}
		w.kept = nil
		return nil
	})
}
