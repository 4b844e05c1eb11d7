package plan

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const expectTime = "a date and time with offset as in RFC 3339, such as 2026-03-01T10:00:00Z"

// textBytes returns the text of a file without its byte order mark, and
// refuses what is not UTF-8, naming the first line that is not.
func textBytes(file string, data []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(data, []byte{0xEF, 0xBB, 0xBF}):
		data = data[3:]
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}), bytes.HasPrefix(data, []byte{0xFE, 0xFF}),
		len(data) >= 2 && (data[0] == 0) != (data[1] == 0):
		return nil, &Error{File: file, Found: "UTF-16 text", Expected: "UTF-8"}
	}
	for offset := 0; offset < len(data); {
		if data[offset] < utf8.RuneSelf {
			offset++
			continue
		}
		r, size := utf8.DecodeRune(data[offset:])
		if r == utf8.RuneError && size == 1 {
			line := 1 + bytes.Count(data[:offset], []byte{'\n'})
			return nil, &Error{
				File: file, Place: "line " + strconv.Itoa(line),
				Found: "the byte 0x" + strconv.FormatUint(uint64(data[offset]), 16), Expected: "UTF-8 text",
			}
		}
		offset += size
	}
	return data, nil
}

var errTime = errors.New("not a date and time as in RFC 3339")

// parseTime reads a date and time with an offset as RFC 3339 has it; unlike
// time.Parse it takes no single-digit hour and no comma for the point.
func parseTime(s string) (time.Time, error) {
	if len(s) < len("2006-01-02T15:04:05Z") || strings.ContainsRune(s, ',') || s[13] != ':' {
		return time.Time{}, errTime
	}
	t, err := time.Parse(time.RFC3339Nano, strings.ToUpper(s))
	if err != nil {
		return time.Time{}, errTime
	}
	return t.UTC(), nil
}

// quoteShort quotes a text for a message and cuts it after 60 bytes.
func quoteShort(s string) string {
	if len(s) <= 60 {
		return strconv.Quote(s)
	}
	return strconv.Quote(cutRunes(s, 60)) + "..."
}

// shorten cuts a text for a message after 60 bytes.
func shorten(s string) string {
	if len(s) <= 60 {
		return s
	}
	return cutRunes(s, 60) + "..."
}

// cutRunes cuts s to at most n bytes without splitting a character.
func cutRunes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// rangeText writes a range of counts: `2`, `2 to 4`.
func rangeText(lo, hi int) string {
	if lo == hi {
		return strconv.Itoa(lo)
	}
	return strconv.Itoa(lo) + " to " + strconv.Itoa(hi)
}

// maxTidyBytes bounds ids, versions, parties, names and suppositions.
const maxTidyBytes = 512

// tidy puts a text that goes through files of several formats into a form that
// all of them keep: one line, single spaces, no control characters, at most
// maxTidyBytes long.
func tidy(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case r == 0xFFFE, r == 0xFFFF: // not allowed in XML
			return utf8.RuneError
		}
		return r
	}, cutRunes(s, 8*maxTidyBytes))
	return strings.TrimSpace(cutRunes(strings.Join(strings.Fields(s), " "), maxTidyBytes))
}

// maxFileNotes bounds the notes about one file.
const maxFileNotes = 200

// noteList collects notes in order, each once, up to maxFileNotes.
type noteList struct{ remarks }

// unusedf adds a note about what the file says and is not used. All notes of
// readers that collect them in a noteList are of that kind.
func (n *noteList) unusedf(format string, args ...any) {
	switch {
	case len(n.list) < maxFileNotes:
		n.remarks.unusedf(format, args...)
	case len(n.list) == maxFileNotes:
		n.remarks.unusedf("more is not used than these notes say")
	}
}
