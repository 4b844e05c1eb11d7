package bench

import (
	"encoding/json"
	"io"
	"time"

	"github.com/deconflict/deconflict/internal/conflict"
	"github.com/deconflict/deconflict/internal/oracle"
)

// HardCases puts the cases in dir to a command, or to this program's own
// decision when the command is empty, and writes how many answers are right.
// It returns an error where one is wrong.
func HardCases(w io.Writer, dir string, command []string) error {
	decide := Answer
	if len(command) > 0 {
		decide = oracle.Command(command[0], command[1:]...)
	}
	return oracle.RunHardCases(dir, decide, w)
}

// Answer is what this program says of a hard case.
func Answer(c oracle.Case) (oracle.CaseAnswer, error) {
	a, b, need, err := c.Entities()
	if err != nil {
		return oracle.CaseAnswer{}, err
	}
	v, err := conflict.Judge(a, b, conflict.Minima{LateralMM: need.LateralMM, VerticalMM: need.VerticalMM, TimeNS: need.TimeNS})
	if err != nil {
		return oracle.CaseAnswer{}, err
	}
	out := oracle.CaseAnswer{Conflict: v.Conflict}
	if v.MinHorizontal != nil {
		m := float64(v.MinHorizontal.HorizontalTenthMM) / 1e4
		out.DistanceM = &m
	}
	if v.Conflict {
		out.First = time.Unix(0, v.FromNS).UTC().Format(time.RFC3339Nano)
		out.Last = time.Unix(0, v.ToNS).UTC().Format(time.RFC3339Nano)
	}
	return out, nil
}

// AnswerOne reads one case as JSON and writes the answer as JSON: the protocol
// of testdata/hardcases.
func AnswerOne(r io.Reader, w io.Writer) error {
	var c oracle.Case
	if err := json.NewDecoder(r).Decode(&c); err != nil {
		return err
	}
	a, err := Answer(c)
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(a)
}
