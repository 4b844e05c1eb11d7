package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
)

// version is set by the linker in a release.
var version = ""

const helpUsage = `Usage: deconflict help [COMMAND]

Explains a command, or lists all of them.
`

const versionUsage = `Usage: deconflict version

Prints the version of the program, of Go and of the platform.
`

// overview is what the program says when asked nothing.
func overview() string {
	var b strings.Builder
	b.WriteString("deconflict decides whether flight plans and zones conflict: with whom, where, when and by how much.\n\n")
	b.WriteString("Usage: deconflict COMMAND [ARGUMENTS]\n\nCommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-9s %s\n", c.name, c.summary)
	}
	b.WriteString("\n'deconflict help COMMAND' explains one of them.\n")
	b.WriteString("Exit codes: 0 clear or done, 1 conflict or refused by the rules, 2 unusable input, 3 internal fault.\n")
	return b.String()
}

func runHelp(a *app, args []string) (int, error) {
	switch len(args) {
	case 0:
		_, err := io.WriteString(a.stdout, overview())
		return exitClear, err
	case 1:
		for _, c := range commands() {
			if c.name == args[0] {
				_, err := io.WriteString(a.stdout, c.usage)
				return exitClear, err
			}
		}
		return 0, usagef("", "no command %q; expected one of %s", args[0], commandNames())
	}
	return 0, usagef("", "found %d arguments to help; expected at most one command", len(args))
}

func runVersion(a *app, args []string) (int, error) {
	if len(args) > 0 {
		return 0, usagef("version", "found %q; expected no argument", args[0])
	}
	_, err := fmt.Fprintf(a.stdout, "deconflict %s %s %s/%s\n", versionText(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return exitClear, err
}

// versionText returns the version the linker or the module system gave.
func versionText() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(devel)"
	}
	v := info.Main.Version
	if v == "" {
		v = "(devel)"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && v == "(devel)" {
			v += " " + s.Value
		}
	}
	return v
}
