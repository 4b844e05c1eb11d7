package house

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestRequirementsHaveTheirTests holds docs/REQUIREMENTS.md to the tests and the
// packages that it names.
func TestRequirementsHaveTheirTests(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "REQUIREMENTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	met, open, found := strings.Cut(string(text), "\n## Open\n")
	if !found {
		t.Fatal("docs/REQUIREMENTS.md does not say what is open")
	}
	tests := declaredTests(t)
	row := regexp.MustCompile(`(?m)^\| ([A-Z][0-9]) \| .* \| (.*) \| (.*) \|$`)
	seen := map[string]bool{}
	for _, m := range row.FindAllStringSubmatch(met, -1) {
		id := m[1]
		seen[id] = true
		toys := false
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(m[3], -1) {
			body, exists := tests[name[1]]
			toys = toys || strings.Contains(strings.ToLower(body), "toy")
			switch {
			case !exists:
				t.Errorf("%s: there is no test %s", id, name[1])
			case !strings.HasPrefix(name[1], "Test"+id) && !strings.HasPrefix(name[1], "TestC4"):
				t.Errorf("%s: %s is not named after it", id, name[1])
			}
		}
		if !toys {
			t.Errorf("%s: none of its tests shows that the toy fails", id)
		}
		for _, dir := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(m[2], -1) {
			if _, err := os.Stat(filepath.Join(root, dir[1])); err != nil {
				t.Errorf("%s: %v", id, err)
			}
		}
	}
	for _, id := range regexp.MustCompile(`[A-Z][0-9]\b`).FindAllString(open, -1) {
		seen[id] = true
	}
	for group, n := range map[string]int{"P": 5, "I": 5, "C": 5, "A": 5, "H": 8, "T": 3, "D": 3, "E": 3, "L": 4, "X": 4} {
		for i := 1; i <= n; i++ {
			if id := group + string(rune('0'+i)); !seen[id] {
				t.Errorf("docs/REQUIREMENTS.md has no row for %s", id)
			}
		}
	}
}

// declaredTests returns all tests of the module by their names, each with its
// comment and body. Tests of one name in several packages are joined.
func declaredTests(t *testing.T) map[string]string {
	t.Helper()
	tests := map[string]string{}
	declared := regexp.MustCompile(`(?ms)((?:^//[^\n]*\n)*)^func (Test\w+)\(.*?^\}\n`)
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range declared.FindAllSubmatch(text, -1) {
			tests[string(m[2])] += string(m[0])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests
}
