package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"
)

// lookAtTerminal finds out what stdout and stderr can show. Colour needs a
// terminal and honours NO_COLOR (no-color.org). On a terminal lines are folded
// at 100 columns, or at COLUMNS where that is set.
func (a *app) lookAtTerminal(stdout, stderr *os.File) {
	terminal := isTerminal(stdout)
	a.terminal = terminal
	a.colour = terminal && a.getenv("NO_COLOR") == "" && a.getenv("TERM") != "dumb"
	if terminal {
		a.columns = 100
	}
	if n, err := strconv.Atoi(a.getenv("COLUMNS")); err == nil && n > 0 {
		a.columns = n
	}
	a.progress = isTerminal(stderr) && a.getenv("TERM") != "dumb"
}

// isTerminal tells whether a file is a character device other than the null
// device.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// Styles of text on a terminal (ECMA-48, select graphic rendition).
const (
	styleBad  = "\x1b[1;31m"
	styleBold = "\x1b[1m"
	styleOff  = "\x1b[0m"
)

func (a *app) style(code, s string) string {
	if !a.colour {
		return s
	}
	return code + s + styleOff
}

// progressLine shows how far a long job is, on one line of the terminal.
type progressLine struct {
	a     *app
	what  string
	shown bool
	last  int
}

// show overwrites the line; done is a share from 0 to 1.
func (p *progressLine) show(done float64) {
	percent := int(done * 100)
	if !p.a.progress || (p.shown && percent == p.last) {
		return
	}
	p.shown, p.last = true, percent
	fmt.Fprintf(p.a.stderr, "\r%s: %d %% ", p.what, percent)
}

// clear removes the line.
func (p *progressLine) clear() {
	if p.shown {
		fmt.Fprint(p.a.stderr, "\r\x1b[K")
		p.shown = false
	}
}

// printable replaces what would drive a terminal or break a line in text that
// comes from a file.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !strconv.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

// wrap folds text at spaces to a width, later lines indented. Width 0 folds
// nothing.
func wrap(s string, width, indent int) string {
	if width <= 0 {
		return s
	}
	var b strings.Builder
	column := indent
	for i, word := range strings.Split(s, " ") {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case column+1+n > width && column > indent:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}
