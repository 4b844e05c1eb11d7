package plan

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/deconflict/deconflict/internal/f3548wire"
	"github.com/deconflict/deconflict/internal/volume"
)

// maxF3548Vertices is the number of vertices over all volumes that F3548-21
// allows an operational intent (OPIN0020); a circle counts as one.
const maxF3548Vertices = 10_000

// wireEntity is an entity as it is written: in the envelope that tells intents
// from constraints.
type wireEntity struct {
	OperationalIntent *f3548wire.OperationalIntent `json:"operational_intent,omitempty"`
	Constraint        *f3548wire.Constraint        `json:"constraint,omitempty"`
}

// WriteF3548 writes entities as operational intents and constraints of
// F3548-21: one as an object, several as an array. Volumes without buffers
// whose footprints are polygons or circles are written as they are. The
// standard has neither buffers, corridors nor trajectories: these are written
// as volumes that contain them, the legs of a trajectory cut into parts of a
// minute, or of a sixteenth of the leg where it is longer. Nor has it heights
// above the sea: these become W84 with the error of the conversion, so that a
// pair that is clear as declared may conflict as written, never the reverse.
// Members of a reference that only a USS or DSS
// can know are left out. What the standard cannot say is an error.
func WriteF3548(w io.Writer, entities []*volume.Entity) error {
	list := make([]wireEntity, len(entities))
	for i, e := range entities {
		var err error
		if list[i], err = newWireEntity(e); err != nil {
			return fmt.Errorf("entity %s in F3548-21: %w", quoteShort(e.ID), err)
		}
	}
	var doc any = list
	if len(list) == 1 {
		doc = list[0]
	}
	text, err := marshalJSON(doc)
	if err != nil {
		return err
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, text, "", " "); err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	out.Write(indented.Bytes())
	out.WriteByte('\n')
	return out.Flush()
}

func newWireEntity(e *volume.Entity) (wireEntity, error) {
	plain, err := plainVolumes(e)
	if err != nil {
		return wireEntity{}, err
	}
	if len(plain) == 0 {
		return wireEntity{}, fmt.Errorf("found no volumes, expected at least one")
	}
	vertices := 0
	volumes := make([]f3548wire.Volume4D, len(plain))
	for i := range plain {
		vertices += len(plain[i].Footprint.Vertices())
		if e.Kind == volume.Intent {
			if err := fullyBounded(&plain[i]); err != nil {
				return wireEntity{}, err
			}
		}
		if volumes[i], err = f3548wire.FromVolume(&plain[i]); err != nil {
			return wireEntity{}, fmt.Errorf("volume %d: %w", i+1, err)
		}
	}
	if vertices > maxF3548Vertices {
		return wireEntity{}, fmt.Errorf("found %d vertices, expected at most %d", vertices, maxF3548Vertices)
	}
	version, ovn := splitVersion(e.Version)
	start, end := span(plain)
	if e.Kind == volume.Constraint {
		return wireEntity{Constraint: &f3548wire.Constraint{
			Reference: &f3548wire.ConstraintReference{ID: e.ID, Manager: e.Party, Version: version, OVN: ovn, TimeStart: start, TimeEnd: end},
			Details:   &f3548wire.ConstraintDetails{Volumes: volumes, Type: e.Type},
		}}, nil
	}
	return wireEntity{OperationalIntent: &f3548wire.OperationalIntent{
		Reference: &f3548wire.OperationalIntentReference{ID: e.ID, Manager: e.Party, Version: version, OVN: ovn, TimeStart: start, TimeEnd: end},
		Details:   &f3548wire.OperationalIntentDetails{Volumes: volumes},
	}}, nil
}

// fullyBounded refuses an intent's volume that lacks a bound.
func fullyBounded(v *volume.Volume4D) error {
	if v.Band.LowerMM <= volume.NoFloorMM || v.Band.UpperMM >= volume.NoCeilingMM ||
		v.Window.StartNS <= volume.AlwaysNS || v.Window.EndNS >= volume.ForeverNS {
		return fmt.Errorf("found a volume without limit in altitude or time, expected both limits of both for an operational intent")
	}
	return nil
}

// splitVersion tells a version number from an OVN.
func splitVersion(s string) (*int64, string) {
	if n, err := strconv.ParseInt(s, 10, 32); err == nil && strconv.FormatInt(n, 10) == s {
		return &n, ""
	}
	return nil, s
}

// span is the time from the earliest start to the latest end.
func span(list []volume.Volume4D) (start, end *f3548wire.Time) {
	from, to := list[0].Window.StartNS, list[0].Window.EndNS
	for i := range list {
		from, to = min(from, list[i].Window.StartNS), max(to, list[i].Window.EndNS)
	}
	if from > volume.AlwaysNS {
		start = f3548wire.NewTime(from)
	}
	if to < volume.ForeverNS {
		end = f3548wire.NewTime(to)
	}
	return start, end
}
