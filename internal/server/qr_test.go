package server

import (
	"encoding/xml"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// Both drawings have the same modules, with a light border, and the three marks
// by which a reader finds a code.
func TestQRCodesAreDrawnAlike(t *testing.T) {
	for _, text := range []string{"x", "http://192.0.2.7:8080/#join=K7QM4-XW2PD", "https://" + strings.Repeat("long.", 60) + "example/#join=K7QM4-XW2PD"} {
		drawn, err := qrSVG(text)
		if err != nil {
			t.Fatal(err)
		}
		var svg struct {
			ViewBox string `xml:"viewBox,attr"`
			Paths   []struct {
				D string `xml:"d,attr"`
			} `xml:"path"`
		}
		if err := xml.Unmarshal([]byte(drawn), &svg); err != nil || len(svg.Paths) != 2 {
			t.Fatal(err, drawn)
		}
		var side int
		if _, err := fmt.Sscanf(svg.ViewBox, "0 0 %d %d", &side, &side); err != nil {
			t.Fatal(err)
		}
		black := map[[2]int]bool{}
		for _, m := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`).FindAllStringSubmatch(svg.Paths[1].D, -1) {
			var x, y, n int
			fmt.Sscan(m[1], &x)
			fmt.Sscan(m[2], &y)
			fmt.Sscan(m[3], &n)
			for i := range n {
				black[[2]int{x + i, y}] = true
			}
		}
		terminal, err := TerminalQR(text)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(terminal, "\n"), "\n")
		if len(lines) != (side+1)/2 {
			t.Fatalf("%d lines, want %d", len(lines), (side+1)/2)
		}
		for i, line := range lines {
			line = strings.TrimSuffix(strings.TrimPrefix(line, "\x1b[30;107m"), "\x1b[0m")
			for x, r := range []rune(line) {
				upper, lower := r == '▀' || r == '█', r == '▄' || r == '█'
				if upper != black[[2]int{x, 2 * i}] || lower != black[[2]int{x, 2*i + 1}] {
					t.Fatalf("%q: the drawings differ at %d, %d", text, x, 2*i)
				}
			}
			if n := len([]rune(line)); n != side {
				t.Fatalf("line %d has %d characters, want %d", i, n, side)
			}
		}
		for at := range black {
			if min(at[0], at[1]) < quietModules || max(at[0], at[1]) >= side-quietModules {
				t.Fatalf("the border is not light at %v", at)
			}
		}
		far := side - quietModules - 7
		for _, mark := range [][2]int{{quietModules, quietModules}, {far, quietModules}, {quietModules, far}} {
			for i := range 49 {
				x, y := i%7, i/7
				ring := max(max(x-3, 3-x), max(y-3, 3-y))
				if black[[2]int{mark[0] + x, mark[1] + y}] != (ring != 2) {
					t.Fatalf("%q: no mark at %v", text, mark)
				}
			}
		}
	}
	if _, err := qrSVG(strings.Repeat("x", 3000)); err == nil {
		t.Error("a text that no code holds was drawn")
	}
	if _, err := TerminalQR(strings.Repeat("x", 3000)); err == nil {
		t.Error("a text that no code holds was printed")
	}
}
