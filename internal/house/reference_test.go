package house

import (
	"path"
	"regexp"
	"strings"
	"testing"
)

var (
	// mentionedDoc is a document of the project named in any text, help texts
	// of the program included.
	mentionedDoc = regexp.MustCompile(`\bdocs/[A-Za-z0-9_-]+\.md\b`)
	// mentionedFile is a source file named in a document: `volume/solve.go`.
	mentionedFile = regexp.MustCompile("`([a-z0-9_./-]+\\.(?:go|md))`")
	// link is a link of a document to a place in the project.
	link = regexp.MustCompile(`\]\(([^)#:\s]+)(?:#[^)\s]*)?\)`)
)

// missing returns what a text mentions that is not among the names. A source
// file may be named by the end of its path.
func missing(f *file, names map[string]bool) (found []string) {
	text := string(f.data)
	for _, doc := range mentionedDoc.FindAllString(text, -1) {
		if !names[doc] {
			found = append(found, doc)
		}
	}
	if path.Ext(f.name) != ".md" {
		return found
	}
	for _, m := range mentionedFile.FindAllStringSubmatch(text, -1) {
		if !endsOne(names, m[1]) && !names[path.Join(f.dir(), m[1])] {
			found = append(found, m[1])
		}
	}
	for _, m := range link.FindAllStringSubmatch(text, -1) {
		if to := path.Join(f.dir(), m[1]); !names[to] {
			found = append(found, to)
		}
	}
	return found
}

// endsOne tells whether a name is one of the names or the end of one.
func endsOne(names map[string]bool, end string) bool {
	for name := range names {
		if name == end || strings.HasSuffix(name, "/"+end) {
			return true
		}
	}
	return false
}

func TestWhatIsMentionedExists(t *testing.T) {
	names := map[string]bool{}
	for _, f := range projectFiles(t) {
		names[f.name] = true
		for dir := f.dir(); dir != "."; dir = path.Dir(dir) {
			names[dir] = true
		}
	}
	for _, f := range projectFiles(t) {
		// This file's own examples mention what is not there.
		if !f.isText() || path.Base(f.name) == "reference_test.go" {
			continue
		}
		for _, name := range missing(&f, names) {
			t.Errorf("%s mentions %s, which does not exist", f.name, name)
		}
	}
}

func TestMissingFinds(t *testing.T) {
	names := map[string]bool{"docs/A.md": true, "internal/x/y.go": true, "docs": true}
	for text, want := range map[string]string{
		"see docs/A.md":               "",
		"see docs/B.md":               "docs/B.md",
		"in `x/y.go` and `y.go`":      "",
		"in `x/z.go`":                 "x/z.go",
		"in `../internal/x/y.go`":     "",
		"[a](A.md), [d](../docs)":     "",
		"[a](A.md#part), [b](#part)":  "",
		"[a](B.md#part)":              "docs/B.md",
		"[a](https://example.org/x/)": "",
	} {
		f := file{"docs/C.md", []byte(text)}
		if got := strings.Join(missing(&f, names), " "); got != want {
			t.Errorf("%q: found %q, expected %q", text, got, want)
		}
	}
}
