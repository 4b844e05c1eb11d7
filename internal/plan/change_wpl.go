package plan

import (
	"bytes"
	"strconv"
	"strings"
)

// changeWPL writes a change into the rows of a mission.
func changeWPL(c *changer, data []byte) ([]byte, error) {
	text, err := textBytes(c.file.Name, data)
	if err != nil {
		return nil, err
	}
	w := &wplChange{text: text}
	if err := w.rows(c.file.Name); err != nil {
		return nil, err
	}
	commands := w.reader.commands
	// The same question that the reader asks of the first row.
	if _, isHome, err := w.reader.home(&flight{file: c.file.Name}); err != nil {
		return nil, err
	} else if isHome {
		commands = commands[1:]
	}
	if w.mission, err = c.mission(commands, func(string) bool { return true }); err != nil {
		return nil, err
	}
	inserted := 0
	for i := range w.reader.commands {
		if inserted, err = w.row(i, inserted); err != nil {
			return nil, err
		}
	}
	if c.move != nil && len(commands) < len(w.reader.commands) {
		c.notes.addf("home, take-off and landing stay where they are, as do regions of interest")
	}
	mark := data[:len(data)-len(text)]
	return append(bytes.Clone(mark), w.edits.apply(text, 0, len(text))...), nil
}

type wplChange struct {
	text    []byte
	reader  wplReader
	columns [][][2]int // of each command, where its columns stand
	starts  []int      // where the line of each command begins
	mission *missionChange
	edits   edits
}

// rows reads the rows, and where their columns are.
func (w *wplChange) rows(file string) error {
	w.reader.file = file
	for at := 0; at < len(w.text); {
		end := len(w.text)
		if n := bytes.IndexByte(w.text[at:], '\n'); n >= 0 {
			end = at + n
		}
		line := string(w.text[at:end])
		before := len(w.reader.commands)
		if err := w.reader.row(strings.TrimSpace(line)); err != nil {
			return err
		}
		if len(w.reader.commands) > before {
			var columns [][2]int
			from := at
			for field := range strings.FieldsSeq(line) {
				from += bytes.Index(w.text[from:end], []byte(field))
				columns = append(columns, [2]int{from, from + len(field)})
				from += len(field)
			}
			w.columns = append(w.columns, columns)
			w.starts = append(w.starts, at)
		}
		at = end + 1
	}
	return nil
}

func (w *wplChange) column(i, n int) string {
	at := w.columns[i][n]
	return string(w.text[at[0]:at[1]])
}

func (w *wplChange) set(i, n int, text string) {
	at := w.columns[i][n]
	w.edits.replace(at[0], at[1], text)
}

// row changes row i, after as many new rows as are given, and returns how many
// there are with those that it puts before the row.
func (w *wplChange) row(i, inserted int) (int, error) {
	m, place := w.mission, w.reader.commands[i].place
	at, ok := m.at[place]
	if !ok {
		return inserted, nil // home
	}
	for _, p := range m.before[place] {
		w.edits.replace(w.starts[i], w.starts[i], w.waypoint(p, i+inserted))
		inserted++
	}
	if inserted > 0 {
		w.set(i, 0, strconv.Itoa(i+inserted))
	}
	mm, err := m.rise(at)
	if err != nil {
		return 0, err
	}
	if text, ok := movedMetres(w.column(i, 10), mm); ok {
		w.set(i, 10, text)
	}
	c := &m.commands[at]
	if ns := m.holdNS[place]; ns != 0 {
		w.set(i, 4, formatScaled(int64(seconds(c.param(1)))+ns, 9))
	}
	if t, err := c.target(m.file.Name); err == nil && !t.here && c.cruises() && m.move != nil {
		to := m.move(t.at)
		w.set(i, 8, degreesText(to.LatE9))
		w.set(i, 9, degreesText(to.LngE9))
	}
	return inserted, nil
}

// waypoint returns a new row like one of the file.
func (w *wplChange) waypoint(p insertedPoint, number int) string {
	i := w.mission.at[p.like] + len(w.columns) - len(w.mission.commands)
	var e edits
	for n, text := range map[int]string{
		0: strconv.Itoa(number), 1: "0", 4: formatScaled(p.holdNS, 9),
		8: degreesText(p.at.LatE9), 9: degreesText(p.at.LngE9), 10: formatScaled(p.altitude.MM, 3),
	} {
		at := w.columns[i][n]
		e.replace(at[0], at[1], text)
	}
	from, to := w.starts[i], w.columns[i][11][1]
	end := "\n"
	if n := bytes.IndexByte(w.text, '\n'); n > 0 && w.text[n-1] == '\r' {
		end = "\r\n"
	}
	return string(e.apply(w.text, from, to)) + end
}
