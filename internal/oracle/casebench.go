package oracle

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"time"
)

// Bounds within which an answer's distance and instants are right.
const (
	distanceWithinM = 0.01
	instantWithin   = 2 * time.Millisecond
)

// RunHardCases asks decide for every case of a directory, without its truth,
// writes a table to w and returns an error when an answer is wrong. A wrong
// decision, or none, is always wrong; distance and instants are when given and
// more than 1 cm or 2 ms off.
func RunHardCases(dir string, decide func(Case) (CaseAnswer, error), w io.Writer) error {
	cases, err := Cases(dir)
	if err != nil {
		return err
	}
	wrong := 0
	groups := map[string][2]int{} // right, all
	var order []string
	for _, c := range cases {
		truth := c.Truth
		if truth == nil {
			return fmt.Errorf("case %s has no truth", c.ID)
		}
		c.Truth = nil
		answer, err := decide(c)
		verdict := truth.check(&answer)
		if err != nil {
			verdict = err.Error()
		}
		n, known := groups[c.Group]
		if !known {
			order = append(order, c.Group)
		}
		n[1]++
		if verdict == "" {
			n[0]++
		} else {
			wrong++
			if _, err := fmt.Fprintf(w, "%-24s %s\n", c.ID, verdict); err != nil {
				return err
			}
		}
		groups[c.Group] = n
	}
	for _, g := range order {
		if _, err := fmt.Fprintf(w, "%-42s %3d of %3d right\n", g, groups[g][0], groups[g][1]); err != nil {
			return err
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %d hard cases answered wrong", wrong, len(cases))
	}
	return nil
}

// check returns what is wrong with an answer, or nothing.
func (t *CaseTruth) check(a *CaseAnswer) string {
	if a.Conflict != t.Conflict {
		return fmt.Sprintf("conflict %v, truth %v", a.Conflict, t.Conflict)
	}
	if a.DistanceM != nil && t.DistanceM != nil &&
		(*a.DistanceM < t.DistanceM[0]-distanceWithinM || *a.DistanceM > t.DistanceM[1]+distanceWithinM) {
		return fmt.Sprintf("distance %.4f m, truth %.4f m", *a.DistanceM, *t.DistanceM)
	}
	if t.First == nil || !a.Conflict {
		return ""
	}
	if s := near("first instant", a.First, t.First); s != "" {
		return s
	}
	return near("last instant", a.Last, t.Last)
}

func near(what, got string, truth *[2]string) string {
	if got == "" {
		return ""
	}
	at, err := time.Parse(time.RFC3339Nano, got)
	lo, errLo := time.Parse(time.RFC3339Nano, truth[0])
	hi, errHi := time.Parse(time.RFC3339Nano, truth[1])
	if err != nil || errLo != nil || errHi != nil || at.Before(lo.Add(-instantWithin)) || at.After(hi.Add(instantWithin)) {
		return fmt.Sprintf("%s %s, truth %s to %s", what, got, truth[0], truth[1])
	}
	return ""
}

// Command returns a decider that runs a program for every case: it gets the case
// as JSON on standard input and must write an answer as JSON on standard output
// within a minute. This is how any other implementation can be measured.
func Command(name string, args ...string) func(Case) (CaseAnswer, error) {
	return func(c Case) (CaseAnswer, error) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		in, err := json.Marshal(c)
		if err != nil {
			return CaseAnswer{}, err
		}
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Stdin = bytes.NewReader(in)
		var diagnosis bytes.Buffer
		cmd.Stderr = &diagnosis
		out, err := cmd.Output()
		if err != nil {
			return CaseAnswer{}, fmt.Errorf("%s: %w: %.200s", name, err, bytes.TrimSpace(diagnosis.Bytes()))
		}
		var answer struct {
			Conflict *bool `json:"conflict"`
			CaseAnswer
		}
		if err := json.Unmarshal(out, &answer); err != nil {
			return CaseAnswer{}, fmt.Errorf("%s: %w", name, err)
		}
		if answer.Conflict == nil {
			return CaseAnswer{}, fmt.Errorf("%s: the answer has no \"conflict\"", name)
		}
		answer.CaseAnswer.Conflict = *answer.Conflict
		return answer.CaseAnswer, nil
	}
}
