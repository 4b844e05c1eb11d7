package house

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// unwanted is what no text of the project holds. The patterns are written so
// that they do not find themselves.
var unwanted = []struct {
	what    string
	pattern *regexp.Regexp
}{
	{"a path of one development machine", regexp.MustCompile(`(?:^|[^.\w])/(?:wor[k]|hom[e]|roo[t]|User[s])/`)},
	{"a path of one development machine", regexp.MustCompile(`(?:^|[^.\w])/tm[p]/`)},
	{"the host of a package registry", regexp.MustCompile(`(?:prox[y]|su[m])\.golang\.org|registry\.npmj[s]|pyp[i]\.org|(?:de[b]|ftp)\.debian\.org|archive\.ubunt[u]`)},
}

func TestTextBelongsToTheProject(t *testing.T) {
	for _, f := range projectFiles(t) {
		if f.isText() && f.name != "go.sum" {
			for _, fault := range unwantedIn(string(f.data)) {
				t.Errorf("%s, %s", f.name, fault)
			}
		}
	}
}

func unwantedIn(text string) (faults []string) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		for _, u := range unwanted {
			if m := u.pattern.FindString(line); m != "" {
				faults = append(faults, fmt.Sprintf("line %d: found %q: %s", n, strings.TrimSpace(m), u.what))
			}
		}
	}
	return faults
}

// A reference to a line is wrong after the next change: documents and comments
// name the file and the function instead.
var (
	fileAndLine = regexp.MustCompile(`\b[\w/-]+\.(?:go|md|sh|mod):\d+\b`)
	lineNumber  = regexp.MustCompile(`(?i)\blines? \d+(?:[.,;:)]|\s|$)(?:(?:NM|km|m|ft)\b)?`)
)

// lineReferencesIn returns the references to lines in a document. What stands
// between fences or back quotes is not prose: there the program may name the
// line of an input.
func lineReferencesIn(doc string) (found []string) {
	fenced := false
	for line := range strings.Lines(doc) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
			continue
		}
		if fenced {
			continue
		}
		found = append(found, fileAndLine.FindAllString(line, -1)...)
		for _, ref := range lineNumber.FindAllString(quoted.ReplaceAllString(line, ""), -1) {
			// A line 30 NM long is not line 30.
			if last := ref[len(ref)-1]; !unicode.IsLetter(rune(last)) {
				found = append(found, strings.TrimSpace(ref))
			}
		}
	}
	return found
}

var quoted = regexp.MustCompile("`[^`]*`")

func TestDocumentsNameNoLines(t *testing.T) {
	for _, f := range projectFiles(t) {
		if path.Ext(f.name) != ".md" {
			continue
		}
		for _, ref := range lineReferencesIn(string(f.data)) {
			t.Errorf("%s: found %q; name the file and the function, not the line", f.name, ref)
		}
	}
}

func TestCommentsNameNoLines(t *testing.T) {
	for _, f := range goFiles(t) {
		for _, group := range f.ast.Comments {
			for _, c := range group.List {
				if ref := fileAndLine.FindString(c.Text); ref != "" {
					t.Errorf("%s: found %q; name the file and the function, not the line", f.name, ref)
				}
			}
		}
	}
}

// The scans above would pass if they saw nothing: so each must find what it is
// for, and leave alone what is like it.
func TestScansFind(t *testing.T) {
	bad := []string{
		"see /wor" + "k/main", "(/hom" + "e/anna/x)", "/tm" + "p/out", "https://prox" + "y.golang.org/x",
	}
	for _, s := range bad {
		if len(unwantedIn(s)) == 0 {
			t.Errorf("%q was not found", s)
		}
	}
	for _, s := range []string{"docs/work/plan", "a/tmp/b", "https://go.dev/", "$HOME/go"} {
		if faults := unwantedIn(s); len(faults) > 0 {
			t.Errorf("%q: %s", s, faults)
		}
	}
	for _, s := range []string{"see solve.go:12", "on Line 7 it says", "in lines 7, 8", "line 9\n"} {
		if len(lineReferencesIn(s)) == 0 {
			t.Errorf("%q was not found", s)
		}
	}
	for _, s := range []string{"```\nplan.txt: line 7: found x\n```", "says `line 7`", "a line of 20 km", "the line 30° W", "a line 30 NM long"} {
		if refs := lineReferencesIn(s); len(refs) > 0 {
			t.Errorf("%q: found %q", s, refs)
		}
	}
}
