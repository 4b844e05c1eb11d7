// Command deconflict decides whether flight plans and zones of operators who
// share airspace conflict: with whom, where, when and by how much.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
)

// Exit codes, the same for every subcommand.
const (
	exitClear    = 0 // done; for check: compared, and nobody conflicts
	exitConflict = 1 // check found at least one conflict, or a node refused what the rules do not allow
	exitUnusable = 2 // the command line or a file cannot be used, an output not written, or there was nothing to compare
	exitInternal = 3 // the program could not do its work
)

// app is what a subcommand may touch of the world.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	terminal       bool // stdout is a terminal
	colour         bool // it shows colours
	columns        int  // width of lines on stdout; 0 when unlimited
	progress       bool // stderr is a terminal that can show progress
}

// command is one subcommand.
type command struct {
	name    string
	summary string // one line for the list of commands
	usage   string // the full help text
	run     func(*app, []string) (int, error)
}

// commands lists the subcommands in the order of the help text.
func commands() []command {
	return []command{
		{"check", "decide which plans and zones conflict", checkUsage, runCheck},
		{"options", "find the smallest changes that clear a plan", optionsUsage, runOptions},
		{"show", "say what a file holds", showUsage, runShow},
		{"convert", "write a file in another format", convertUsage, runConvert},
		{"serve", "run a node that operators share", serveUsage, runServe},
		{"demo", "play a scenario between parties, to watch and take part in", demoUsage, runDemo},
		{"token", "issue tokens of a node", tokenUsage, runToken},
		{"party", "say who a party is and who stands its watch", partyUsage, runDomain("party", partyVerbs)},
		{"agreement", "propose, sign, suspend and resume agreements", agreementUsage, runDomain("agreement", agreementVerbs)},
		{"channel", "send and answer messages, call STOP", channelUsage, runDomain("channel", channelVerbs)},
		{"intent", "declare, change and end flights", intentUsage, runDomain("intent", intentVerbs)},
		{"zone", "declare areas and their rules", zoneUsage, runDomain("zone", zoneVerbs)},
		{"offer", "settle a conflict: who does what", offerUsage, runDomain("offer", offerVerbs)},
		{"notice", "give notice of protected sites and movements", noticeUsage, runDomain("notice", noticeVerbs)},
		{"bearer", "test the lines between parties", bearerUsage, runDomain("bearer", bearerVerbs)},
		{"incident", "report and clear up what went wrong", incidentUsage, runDomain("incident", incidentVerbs)},
		{"release", "say who may see what", releaseUsage, runDomain("release", nil)},
		{"record", "countersign entries and compare heads", recordUsage, runDomain("record", recordVerbs)},
		{"act", "sign on one machine what another one sends", actFileUsage, runDomain("act", actFileVerbs)},
		{"log", "verify, export and check the journal of a node", logUsage, runLog},
		{"version", "print the version", versionUsage, runVersion},
		{"help", "explain a command", helpUsage, runHelp},
	}
}

// usageError is a mistake on the command line.
type usageError struct {
	command string // subcommand whose help is worth reading; may be empty
	message string
}

func (e *usageError) Error() string { return e.message }

func usagef(cmd, format string, args ...any) error {
	return &usageError{cmd, fmt.Sprintf(format, args...)}
}

// inputError is a file that cannot be used, for reading or for writing.
type inputError struct{ err error }

func (e *inputError) Error() string { return e.err.Error() }
func (e *inputError) Unwrap() error { return e.err }

func main() {
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv}
	a.lookAtTerminal(os.Stdout, os.Stderr)
	os.Exit(a.main(os.Args[1:]))
}

// main runs the command line and returns the exit code. It reports every error
// on stderr, a fault of the program itself included.
func (a *app) main(args []string) (code int) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintf(a.stderr, "deconflict: internal fault: %v\n%s", r, debug.Stack())
			code = exitInternal
		}
	}()
	code, err := a.dispatch(args)
	if err == nil {
		return code
	}
	for _, e := range single(err) {
		fmt.Fprintf(a.stderr, "deconflict: %s\n", e)
	}
	var usage *usageError
	var input *inputError
	var no *refusedError
	switch {
	case errors.As(err, &usage):
		help := "deconflict help"
		if usage.command != "" {
			help += " " + usage.command
		}
		fmt.Fprintf(a.stderr, "See '%s'.\n", help)
		return exitUnusable
	case errors.As(err, &no):
		return exitConflict
	case errors.As(err, &input):
		return exitUnusable
	}
	return exitInternal
}

// single takes joined errors apart.
func single(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

func (a *app) dispatch(args []string) (int, error) {
	if len(args) == 0 {
		fmt.Fprint(a.stderr, overview())
		return exitUnusable, nil
	}
	name, rest := args[0], args[1:]
	switch name {
	case "-h", "-help", "--help":
		name = "help"
	case "-v", "-version", "--version":
		name = "version"
	}
	for _, c := range commands() {
		if c.name != name {
			continue
		}
		for _, arg := range rest {
			if arg == "--" {
				break
			}
			if arg == "-h" || arg == "-help" || arg == "--help" {
				_, err := io.WriteString(a.stdout, c.usage)
				return exitClear, err
			}
		}
		return c.run(a, rest)
	}
	if strings.HasPrefix(name, "-") {
		return 0, usagef("", "found the flag %s before a command; expected a command first: %s", name, commandNames())
	}
	if near := nearest(name, commandList()); near != "" {
		return 0, usagef("", "no command %q; did you mean %q?", name, near)
	}
	return 0, usagef("", "no command %q; expected one of %s", name, commandNames())
}

func commandList() []string {
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
	}
	return names
}

func commandNames() string { return strings.Join(commandList(), ", ") }
