package api

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// documented returns the paths of openapi.yaml with the names of their
// parameters taken out, and the references that it makes and defines. It reads
// the file as it is laid out, two spaces a level, which is all that the test
// below needs of YAML.
func documented(t *testing.T) (paths, uses, defines []string) {
	t.Helper()
	var at []string // keys that lead to the line
	key := regexp.MustCompile(`^( *)("?)([^":]+)("?):`)
	ref := regexp.MustCompile(`\$ref: "#/([^"]+)"`)
	name := regexp.MustCompile(`\{[^}]*\}`)
	for line := range strings.Lines(string(specification)) {
		if m := ref.FindStringSubmatch(line); m != nil {
			uses = append(uses, m[1])
		}
		m := key.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		depth := len(m[1]) / 2
		if depth > len(at) {
			continue // text over several lines
		}
		at = append(at[:depth], m[3])
		switch {
		case depth == 1 && at[0] == "paths":
			paths = append(paths, name.ReplaceAllString(m[3], "{}"))
		case depth == 2 && at[0] == "components":
			defines = append(defines, strings.Join(at, "/"))
		}
	}
	return paths, uses, defines
}

// besides are the places under /v1 that package server serves itself; a test
// there holds them to the same document.
var besides = []string{"/v1/session", "/v1/invitations"}

func TestSpecificationHasEveryPath(t *testing.T) {
	paths, _, _ := documented(t)
	served := slices.Clone(besides)
	for _, e := range endpoints(true) {
		served = append(served, strings.Replace(e.path, "{...}", "{}", 1))
	}
	slices.Sort(paths)
	slices.Sort(served)
	if !slices.Equal(paths, served) {
		t.Errorf("openapi.yaml has\n%s\nthe handler serves\n%s", strings.Join(paths, "\n"), strings.Join(served, "\n"))
	}
}

func TestSpecificationRefersToWhatItDefines(t *testing.T) {
	_, uses, defines := documented(t)
	if len(uses) == 0 || len(defines) == 0 {
		t.Fatalf("found %d references and %d definitions", len(uses), len(defines))
	}
	for _, name := range uses {
		if !slices.Contains(defines, name) {
			t.Errorf("openapi.yaml refers to %s, which it does not define", name)
		}
	}
	for _, name := range defines {
		if !strings.HasPrefix(name, "components/securitySchemes/") && !slices.Contains(uses, name) {
			t.Errorf("openapi.yaml defines %s, which nothing refers to", name)
		}
	}
}

// docs/API.md names every place, its limits and every kind of problem.
func TestDocumentHasEveryPlace(t *testing.T) {
	data, err := os.ReadFile("../../docs/API.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(data)
	for _, e := range endpoints(true) {
		path := strings.NewReplacer("/receipts/{}", "/receipts/{index}", "/inbox/{}", "/inbox/{position}", "{}", "{id}", "{...}", "…").Replace(e.path)
		if !strings.Contains(doc, "`"+path+"`") {
			t.Errorf("docs/API.md does not name %s", path)
		}
	}
	for _, p := range []Problem{
		Unauthorized, Forbidden, NotFound, BadMethod, BadParameter, TooLarge, TooMany, Overloaded, Stopped, InternalFault, BadBody, TooMuch, BadFile,
		ActInvalid, ActNotFound, ActNotAllowed, ActNotNow, ActStale, ActConflict, ActIncomplete, ActReused, BadSignature, BadCosignature, Forked,
	} {
		if !regexp.MustCompile("(?m)^\\|.*`" + p.Kind + "`.* \\| " + strconv.Itoa(p.Status) + " \\|").MatchString(doc) {
			t.Errorf("docs/API.md has no row for %s with status %d", p.Kind, p.Status)
		}
	}
	for _, want := range []string{
		fmt.Sprintf("At most %d by %[1]d degrees, latitudes from -%d to %[2]d", MaxSpanDegrees, MaxLatitudeDegrees),
		fmt.Sprintf("1 to %d; 100 when absent", MaxPage),
		fmt.Sprintf("at most %d,000 entries", MaxPackEntries/1000),
		fmt.Sprintf("At most %d volumes and %d,000 vertices", MaxOptionsExtents, MaxOptionsVertices/1000),
		fmt.Sprintf("1 to %d options; 8 when absent", MaxOptions),
		fmt.Sprintf("At most %d,000 intents and constraints", MaxOptionsNear/1000),
		fmt.Sprintf("More than %d,000 items", MaxPictureItems/1000),
		fmt.Sprintf("at most %d of them", MaxPictureIDs),
		fmt.Sprintf("at most %d MiB", MaxPlanBytes>>20),
	} {
		if !strings.Contains(doc, want) {
			t.Errorf("docs/API.md does not say %q", want)
		}
	}
}
