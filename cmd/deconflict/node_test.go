package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/deconflict/deconflict/internal/program"
)

// Commands by which the scripts have a node, and texts that are the same each
// time although ids and keys are not.

var privateListener = regexp.MustCompile(`metrics on (\S+)/metrics`)

// node runs a node until the script ends: `node DATA INSTANT`. Its time stands
// still; see clock. NODE is its URL and DEBUG that of its private listener.
func node(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: node DATA INSTANT")
	}
	file, err := exec.LookPath(filepath.Join(filepath.SplitList(ts.Getenv("PATH"))[0], "deconflict"))
	ts.Check(err)
	cmd := exec.Command(file, "serve", "--data", ts.MkAbs(args[0]), "--builtin-issuer", "--listen", "127.0.0.1:0", "--debug-listen", "127.0.0.1:0", "--clock", args[1])
	cmd.Env = []string{"PATH=" + ts.Getenv("PATH"), "HOME=" + ts.Getenv("WORK")}
	process, err := program.Start(cmd)
	ts.Check(err)
	ts.Defer(func() { ts.Check(process.Stop()) })
	url, err := process.URL(context.Background())
	ts.Check(err)
	// An answer comes after all that the program says when it starts.
	answer, err := http.Get(url + "/readyz")
	ts.Check(err)
	ts.Check(answer.Body.Close())
	debug := privateListener.FindStringSubmatch(process.Said())
	if debug == nil {
		ts.Fatalf("the program does not say where its private listener is:\n%s", process.Said())
	}
	ts.Setenv("NODE", url)
	ts.Setenv("DEBUG", debug[1])
}

// clock sets the time of the script's node on: `clock INSTANT`.
func clock(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: clock INSTANT")
	}
	answer, err := http.Post(ts.Getenv("DEBUG")+"/debug/clock", "text/plain", strings.NewReader(args[0]))
	ts.Check(err)
	ts.Check(answer.Body.Close())
	if answer.StatusCode != http.StatusOK {
		ts.Fatalf("setting the clock to %s: %s", args[0], answer.Status)
	}
}

// namesFile is the file in which named keeps what stands for which name.
const namesFile = "names"

// nameable is what differs from run to run: ids, hashes and keys.
var nameable = regexp.MustCompile(`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{64}\b|key [A-Za-z0-9_-]{43}|\b[A-Z2-7]{26}\b`)

// receipt changes with whatever else an act brings about.
var receipt = regexp.MustCompile(`receipt [0-9]+`)

// named is the program deconflict with names in place of ids: what it prints has
// <1> for the first that a script sees, <2> for the second and so on, and
// arguments may have them too.
func named() {
	known := []string{}
	if data, err := os.ReadFile(namesFile); err == nil && len(data) > 0 {
		known = strings.Split(string(data), "\n")
	}
	args := os.Args[1:]
	for i := range args {
		for n, real := range known {
			args[i] = strings.ReplaceAll(args[i], fmt.Sprintf("<%d>", n+1), real)
		}
	}
	var stdout, stderr bytes.Buffer
	a := &app{stdin: os.Stdin, stdout: &stdout, stderr: &stderr, getenv: os.Getenv}
	code := a.main(args)
	rename := func(text string) string {
		text = receipt.ReplaceAllString(text, "receipt N")
		return nameable.ReplaceAllStringFunc(text, func(real string) string {
			for n, k := range known {
				if k == real {
					return fmt.Sprintf("<%d>", n+1)
				}
			}
			known = append(known, real)
			return fmt.Sprintf("<%d>", len(known))
		})
	}
	fmt.Print(rename(stdout.String()))
	fmt.Fprint(os.Stderr, rename(stderr.String()))
	if err := os.WriteFile(namesFile, []byte(strings.Join(known, "\n")), 0o666); err != nil {
		panic(err)
	}
	os.Exit(code)
}
