package conflict_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/deconflict/deconflict/internal/bench"
	"github.com/deconflict/deconflict/internal/oracle"
)

const hardCases = "../../testdata/hardcases"

func TestHardCases(t *testing.T) {
	var table bytes.Buffer
	err := oracle.RunHardCases(hardCases, bench.Answer, &table)
	t.Log("\n" + table.String())
	if err != nil {
		t.Error(err)
	}
}

// TestHardCasesByCommand runs the cases through the protocol that other
// implementations use: the test's own program answers.
func TestHardCasesByCommand(t *testing.T) {
	if os.Getenv("DECONFLICT_ANSWER") != "" {
		if bench.AnswerOne(os.Stdin, os.Stdout) != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	t.Setenv("DECONFLICT_ANSWER", "1")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	if err := oracle.RunHardCases(hardCases, oracle.Command(self, "-test.run=^TestHardCasesByCommand$"), &table); err != nil {
		t.Errorf("%v\n%s", err, &table)
	}
	// An implementation that says nothing, or nothing sensible, is wrong.
	for _, args := range [][]string{{"-test.run=^$"}, {"-no-such-flag"}} {
		if _, err := oracle.Command(self, args...)(oracle.Case{}); err == nil {
			t.Errorf("no error for the answer of %v", args)
		}
	}
}

// TestWrongAnswersAreTold turns answers wrong and expects the runner to say so.
func TestWrongAnswersAreTold(t *testing.T) {
	for name, change := range map[string]func(a *oracle.CaseAnswer){
		"decision": func(a *oracle.CaseAnswer) { a.Conflict = !a.Conflict },
		"distance": func(a *oracle.CaseAnswer) {
			if a.DistanceM != nil {
				*a.DistanceM += 0.02
			}
		},
		"first": func(a *oracle.CaseAnswer) {
			if a.First != "" {
				a.First = "2031-05-06T00:00:00Z"
			}
		},
		"last": func(a *oracle.CaseAnswer) {
			if a.Last != "" {
				a.Last = "soon"
			}
		},
	} {
		var table bytes.Buffer
		err := oracle.RunHardCases(hardCases, func(c oracle.Case) (oracle.CaseAnswer, error) {
			a, err := bench.Answer(c)
			change(&a)
			return a, err
		}, &table)
		if err == nil {
			t.Errorf("a wrong %s goes through", name)
		}
	}
}
