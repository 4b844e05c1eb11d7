package release

import (
	"fmt"
	"slices"

	"github.com/deconflict/deconflict/internal/party"
)

// Purpose is the only one for which anything is released.
const Purpose = "safety"

// Groups of an intent's members, as a matrix names them.
const (
	Reference     = "reference"      // id, version, state and since when, manager, window, what it supersedes
	VolumesExact  = "volumes_exact"  // volumes and trajectories
	VolumesCoarse = "volumes_coarse" // coarse volumes, the commitment to the fine ones, what they cost
	OffNominal    = "off_nominal"    // where it is or may be when it does not do what was declared
	Contact       = "contact"        // position, bearers, frequencies, language
	Kind          = "kind"           // of aircraft, how many, size and speed class, flight rules
	Priority      = "priority"       // rank and its basis
	Alias         = "alias"          // the name that crews use
	Crossing      = "crossing"       // where and when it crosses dividing lines
	Procedures    = "procedures"     // conformance thresholds, lost link, endurance, identification technology
	Assurance     = "assurance"      // grade and notice class, as computed
)

// groups are all groups that a matrix may name, sorted.
var groups = []string{Alias, Assurance, Contact, Crossing, Kind, OffNominal, Priority, Procedures, Reference, VolumesCoarse, VolumesExact}

// States of an intent, as a matrix tells them apart. A nonconforming and a
// contingent intent are off nominal; withdrawn and displaced ones have ended.
const (
	StateProposed   = "proposed"
	StateAccepted   = "accepted"
	StateActivated  = "activated"
	StateOffNominal = "off_nominal"
	StateEnded      = "ended"
)

var states = []string{StateProposed, StateAccepted, StateActivated, StateOffNominal, StateEnded}

// Minimum returns the groups that a party is shown of an intent that affects it,
// whatever the matrix of its owner says. That is the price of sharing airspace:
// an intent that does not do what was declared, and is within the minima of
// another's, is shown with where it is and whom to call, as its declaration no
// longer keeps anybody clear of it. In every other state the bare reference is
// shown, without which a conflict could not be named at all. Whom it affects is
// for package intent to find out; to all others the matrix alone speaks.
func Minimum(state string) []string {
	if state == StateOffNominal {
		return []string{Contact, OffNominal, Reference}
	}
	return []string{Reference}
}

// Recipient is exactly one of a party, all parties of a kind and the parties of
// an agreement.
type Recipient struct {
	Party     party.ID `json:"party,omitempty"`
	Kind      string   `json:"kind,omitempty"`
	Agreement string   `json:"agreement,omitempty"`
}

// Row opens or closes groups for a recipient in some states.
type Row struct {
	To     Recipient `json:"to"`
	Groups []string  `json:"groups"`
	States []string  `json:"states"`
	// Shown opens. A row that is not shown closes what other rows open, for a
	// party that belongs to more than one recipient.
	Shown bool `json:"shown"`
}

// Limits of a matrix.
const (
	maxRows      = 256
	maxNameBytes = 256
)

// kinds are the kinds of party that a row may name.
var kinds = []string{"member", "notifier", "service", "signatory", "third", "unknown", "witness"}

// check returns what no state could make right.
func (r *Row) check() error {
	named := 0
	if r.To.Party != "" {
		named++
		if !r.To.Party.Valid() {
			return fmt.Errorf("to.party: found %.80q, expected the id of a party", r.To.Party)
		}
	}
	if r.To.Kind != "" {
		named++
		if !slices.Contains(kinds, r.To.Kind) {
			return fmt.Errorf("to.kind: found %.80q, expected one of %v", r.To.Kind, kinds)
		}
	}
	if r.To.Agreement != "" {
		named++
		if len(r.To.Agreement) > maxNameBytes {
			return fmt.Errorf("to.agreement: found %d bytes, expected at most %d", len(r.To.Agreement), maxNameBytes)
		}
	}
	if named != 1 {
		return fmt.Errorf("to: found %d recipients, expected exactly one of party, kind and agreement", named)
	}
	if err := among("groups", r.Groups, groups); err != nil {
		return err
	}
	return among("states", r.States, states)
}

// among refuses an empty list, and members that are unknown or there twice.
func among(name string, list, known []string) error {
	if len(list) == 0 {
		return fmt.Errorf("%s: found none, expected at least one of %v", name, known)
	}
	for i, s := range list {
		if !slices.Contains(known, s) {
			return fmt.Errorf("%s: found %.80q, expected some of %v", name, s, known)
		}
		if slices.Contains(list[:i], s) {
			return fmt.Errorf("%s: found %q twice, expected each once", name, s)
		}
	}
	return nil
}

// speaksOf reports whether the row is about a party of a kind and agreements.
func (r *Row) speaksOf(to party.ID, kind string, agreements []string) bool {
	switch {
	case r.To.Party != "":
		return r.To.Party == to
	case r.To.Kind != "":
		return r.To.Kind == kind
	}
	return slices.Contains(agreements, r.To.Agreement)
}

// fields returns the groups that rows show, sorted.
func fields(rows []Row, to party.ID, kind, state string, agreements []string) []string {
	var shown []string
	for _, g := range groups {
		open, closed := false, false
		for i := range rows {
			r := &rows[i]
			if slices.Contains(r.Groups, g) && slices.Contains(r.States, state) && r.speaksOf(to, kind, agreements) {
				open, closed = open || r.Shown, closed || !r.Shown
			}
		}
		if open && !closed {
			shown = append(shown, g)
		}
	}
	return shown
}
