package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/deconflict/deconflict/internal/sim"
)

// stage prints a play as people read it: each row with its time and why it
// matters, then a sentence for each event and each thing that was expected.
type stage struct {
	w       io.Writer
	in      *bufio.Reader
	columns int
	all     bool // print what only says more of what was checked, too
	echo    bool // print what was answered: it was not typed here

	clock               time.Time // that was printed last
	line                string    // of checks, to which a sentence may go on
	checked, hid, wrong int
}

const (
	seenMark    = "✓"
	missingMark = "✗"
)

// begin says what is played; url is where the node runs, empty where nobody asks
// it anything.
func (s *stage) begin(sc *sim.Scenario, url string) {
	about := "A play of " + sc.About + ". All of it is fictional; the node is real, and its time is set by the play."
	if url != "" {
		about += " It runs at " + url + "."
	}
	fmt.Fprintf(s.w, "%s\n%s\n", s.wrap(about, 0),
		s.wrap(seenMark+" was expected, and seen in what the node tells the parties; "+missingMark+" was expected and not seen. Times are UTC.", 0))
}

func (s *stage) wrap(text string, indent int) string {
	columns := s.columns
	if columns == 0 {
		columns = 96
	}
	return wrap(printable(text), columns, indent)
}

func (s *stage) row(r *sim.Row, at time.Time) {
	s.flush()
	s.clock = at
	fmt.Fprintf(s.w, "\n%-12s %s\n", strings.TrimSpace(r.At)+"Z", s.wrap(r.Event, 13))
	if r.Tell != "" {
		fmt.Fprintf(s.w, "  %s\n", s.wrap(r.Tell, 2))
	}
}

// say prints what happens, and when, if time went on.
func (s *stage) say(at time.Time, text string) {
	s.flush()
	if !at.Equal(s.clock) {
		text = at.UTC().Format("15:04:05Z") + " " + text
		s.clock = at
	}
	fmt.Fprintf(s.w, "  - %s\n", s.wrap(text, 4))
}

// saw prints what was expected. What begins small goes on from what was printed
// before it.
func (s *stage) saw(c sim.Check) {
	s.checked++
	if !c.OK {
		s.flush()
		s.wrong++
		fmt.Fprintf(s.w, "  %s %s\n", missingMark, s.wrap("expected: "+c.What+"; "+c.Got, 4))
		return
	}
	if c.Part && !s.all {
		s.hid++
		return
	}
	text := c.What
	if c.Got != "" {
		text += ": " + c.Got
	}
	first, _ := utf8.DecodeRuneInString(text)
	if s.line != "" && unicode.IsLower(first) {
		s.line += " " + text
		return
	}
	s.flush()
	s.line = text
}

// flush prints the line that is under way.
func (s *stage) flush() {
	if s.line != "" {
		fmt.Fprintf(s.w, "  %s %s\n", seenMark, s.wrap(s.line, 4))
		s.line = ""
	}
}

// ask asks who takes a part. The end of input is no answer: the script's stands.
func (s *stage) ask(question, answer string) string {
	s.flush()
	fmt.Fprintf(s.w, "  > %s\n    [%s]: ", s.wrap(question, 4), answer)
	said, err := s.in.ReadString('\n')
	said = strings.TrimSpace(said)
	if s.echo || err != nil {
		fmt.Fprintln(s.w, printable(said))
	}
	if said == "" {
		return answer
	}
	return said
}

func (s *stage) end(rows int) {
	s.flush()
	fmt.Fprintf(s.w, "\n%d rows, %d things expected, %d not seen", rows, s.checked, s.wrong)
	if s.hid > 0 {
		fmt.Fprintf(s.w, "; %d of them are details that --all prints", s.hid)
	}
	fmt.Fprintln(s.w)
}
