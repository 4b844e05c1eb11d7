package server

import (
	"fmt"
	"strconv"
	"strings"

	"rsc.io/qr"
)

// quiet is the light border that a QR code needs, in modules (ISO/IEC 18004
// section 9.1).
const quietModules = 4

// qrCode encodes a short text so that a code of which 15 % cannot be seen is
// still read.
func qrCode(text string) (*qr.Code, error) {
	c, err := qr.Encode(text, qr.M)
	if err != nil {
		return nil, fmt.Errorf("a QR code of %d bytes: %w", len(text), err)
	}
	return c, nil
}

// qrSVG returns a QR code as a drawing, dark on light whatever is around it. It
// has neither styles nor scripts.
func qrSVG(text string) (string, error) {
	c, err := qrCode(text)
	if err != nil {
		return "", err
	}
	side := strconv.Itoa(c.Size + 2*quietModules)
	var b strings.Builder
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ` + side + " " + side +
		`" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h` + side + "v" + side + `H0z"/><path fill="#000" d="`)
	for y := range c.Size {
		for x := 0; x < c.Size; x++ {
			from := x
			for c.Black(x, y) {
				x++
			}
			if n := x - from; n > 0 {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", from+quietModules, y+quietModules, n, n)
			}
		}
	}
	b.WriteString(`"/></svg>`)
	return b.String(), nil
}

// TerminalQR returns a QR code as lines for a terminal that knows colours, two
// modules above each other in one character: dark on light, also where the
// terminal is dark. Its error is that the text is too long.
func TerminalQR(text string) (string, error) {
	c, err := qrCode(text)
	if err != nil {
		return "", err
	}
	const black, reset = "\x1b[30;107m", "\x1b[0m\n"
	halves := map[[2]bool]rune{{false, false}: ' ', {true, false}: '▀', {false, true}: '▄', {true, true}: '█'}
	var b strings.Builder
	for y := -quietModules; y < c.Size+quietModules; y += 2 {
		b.WriteString(black)
		for x := -quietModules; x < c.Size+quietModules; x++ {
			b.WriteRune(halves[[2]bool{c.Black(x, y), c.Black(x, y+1)}]) // outside nothing is black
		}
		b.WriteString(reset)
	}
	return b.String(), nil
}
