package house

import (
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// row is one package of a table in ARCHITECTURE.md.
type row struct {
	name    string // "internal/plan"
	any     bool   // may import anything
	imports []string
}

// table returns the cells of the first table under a heading, its head and the
// rule below that left out. Back quotes are dropped.
func table(doc, heading string) ([][]string, error) {
	_, rest, found := strings.Cut("\n"+doc, "\n"+heading+"\n")
	if !found {
		return nil, fmt.Errorf("found no heading %q", heading)
	}
	var rows [][]string
	for line := range strings.Lines(rest) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") || len(rows) > 0 && line == "" {
			break
		}
		if !strings.HasPrefix(line, "|") {
			continue
		}
		var cells []string
		for cell := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.ReplaceAll(strings.TrimSpace(cell), "`", ""))
		}
		if len(rows) > 0 && len(cells) != len(rows[0]) {
			return nil, fmt.Errorf("under %q: found %d cells in %q, expected %d", heading, len(cells), line, len(rows[0]))
		}
		rows = append(rows, cells)
	}
	if len(rows) < 3 {
		return nil, fmt.Errorf("found no table with rows under %q", heading)
	}
	return rows[2:], nil
}

// packageRows reads a table of packages: names, what each may import, purpose.
// Imports are named as in "volume", short for internal/volume; a dash means
// none.
func packageRows(doc, heading string) ([]row, error) {
	cells, err := table(doc, heading)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, c := range cells {
		if len(c) != 3 {
			return nil, fmt.Errorf("under %q: found %d columns, expected package, imports and purpose", heading, len(c))
		}
		var r row
		switch c[1] {
		case "–":
		case "any":
			r.any = true
		default:
			for name := range strings.SplitSeq(c[1], ",") {
				r.imports = append(r.imports, "internal/"+strings.TrimSpace(name))
			}
		}
		for name := range strings.SplitSeq(c[0], ",") {
			r.name = strings.TrimSpace(name)
			if slices.ContainsFunc(rows, func(o row) bool { return o.name == r.name }) {
				return nil, fmt.Errorf("under %q: %s has two rows", heading, r.name)
			}
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// levels computes the level of each row: one above the highest that it may
// import. Rows that may import anything stand above all others, and only they
// may import each other.
func levels(rows []row) (map[string]int, error) {
	byName := map[string]*row{}
	for i := range rows {
		byName[rows[i].name] = &rows[i]
	}
	level := map[string]int{}
	var path []string
	var visit func(name string) error
	visit = func(name string) error {
		if at := slices.Index(path, name); at >= 0 {
			return fmt.Errorf("a circle of imports: %s", strings.Join(append(path[at:], name), " → "))
		}
		if level[name] > 0 {
			return nil
		}
		path = append(path, name)
		highest := 0
		for _, dep := range byName[name].imports {
			switch next := byName[dep]; {
			case next == nil:
				return fmt.Errorf("%s may import %s, which has no row", name, dep)
			case next.any:
				return fmt.Errorf("%s may import %s, which stands above it", name, dep)
			}
			if err := visit(dep); err != nil {
				return err
			}
			highest = max(highest, level[dep])
		}
		path = path[:len(path)-1]
		level[name] = highest + 1
		return nil
	}
	for _, r := range rows {
		if err := visit(r.name); err != nil {
			return nil, err
		}
	}
	return level, nil
}

const (
	packagesHeading     = "## Packages"
	plannedHeading      = "### Packages to come"
	dependenciesHeading = "## Dependencies"
)

func architecture(t *testing.T) (packages, planned []row) {
	t.Helper()
	doc := string(readFile(t, "ARCHITECTURE.md"))
	packages, err := packageRows(doc, packagesHeading)
	if err != nil {
		t.Fatal(err)
	}
	if planned, err = packageRows(doc, plannedHeading); err != nil {
		t.Fatal(err)
	}
	return packages, planned
}

// imports returns what the files of each package import, all systems together,
// tests apart. The folder of a package is its key.
func imports(t *testing.T) (code, tests map[string][]string) {
	t.Helper()
	code, tests = map[string][]string{}, map[string][]string{}
	for _, f := range goFiles(t) {
		into := code
		if f.isTest() {
			into = tests
		}
		list := into[f.dir()]
		for _, spec := range f.ast.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(list, name) {
				list = append(list, name)
			}
		}
		into[f.dir()] = list
	}
	return code, tests
}

func TestEveryPackageHasARow(t *testing.T) {
	packages, planned := architecture(t)
	code, tests := imports(t)
	exists := func(name string) bool { return code[name] != nil || tests[name] != nil }
	var folders []string
	for _, m := range []map[string][]string{code, tests} {
		for name := range m {
			if !slices.Contains(folders, name) {
				folders = append(folders, name)
			}
		}
	}
	slices.Sort(folders)
	for _, name := range folders {
		if !slices.ContainsFunc(packages, func(r row) bool { return r.name == name }) {
			t.Errorf("package %s has no row under %q of ARCHITECTURE.md", name, packagesHeading)
		}
	}
	for _, r := range packages {
		if !exists(r.name) {
			t.Errorf("%s has a row under %q but no Go files", r.name, packagesHeading)
		}
	}
	for _, r := range planned {
		if exists(r.name) {
			t.Errorf("%s exists: its row belongs under %q", r.name, packagesHeading)
		}
	}
}

// Imports of tests are free: a test may ask a package above its own for input
// or for a second opinion.
func TestImportsAreAllowed(t *testing.T) {
	packages, _ := architecture(t)
	code, _ := imports(t)
	for _, r := range packages {
		for _, path := range code[r.name] {
			name, own := strings.CutPrefix(path, modulePath+"/")
			if own && !r.any && !slices.Contains(r.imports, name) {
				t.Errorf("%s imports %s, which its row of ARCHITECTURE.md does not allow", r.name, name)
			}
		}
	}
}

func TestTableHasLevels(t *testing.T) {
	packages, planned := architecture(t)
	if _, err := levels(packages); err != nil {
		t.Errorf("%s: %v", packagesHeading, err)
	}
	level, err := levels(append(packages, planned...))
	if err != nil {
		t.Fatalf("%s: %v", plannedHeading, err)
	}
	for _, r := range packages {
		t.Logf("level %d: %s", level[r.name], r.name)
	}
}

func TestLevelsFindCircles(t *testing.T) {
	for name, doc := range map[string]string{
		"circle":  "| a |\n|-|\n| internal/a | b | x |\n| internal/b | a | x |\n",
		"unknown": "| a |\n|-|\n| internal/a | b | x |\n",
		"above":   "| a |\n|-|\n| internal/a | b | x |\n| internal/b | any | x |\n",
	} {
		doc = strings.Replace(doc, "| a |\n|-|", "| package | may import | purpose |\n|-|-|-|", 1)
		rows, err := packageRows("## P\n\n"+doc, "## P")
		if err != nil {
			t.Fatal(err)
		}
		if level, err := levels(rows); err == nil {
			t.Errorf("%s: found no fault, levels %v", name, level)
		}
	}
}

// dependency is one row of the table of dependencies: the module and by which
// packages it is used; "tests", "tools" and "binary" stand for all tests, the
// tools of go.mod, and what is shipped.
type dependency struct {
	module string
	usedBy []string
}

func dependencies(t *testing.T) []dependency {
	t.Helper()
	cells, err := table(string(readFile(t, "ARCHITECTURE.md")), dependenciesHeading)
	if err != nil {
		t.Fatal(err)
	}
	var list []dependency
	for _, c := range cells {
		d := dependency{module: c[0]}
		for user := range strings.SplitSeq(c[1], ",") {
			d.usedBy = append(d.usedBy, strings.TrimSpace(user))
		}
		list = append(list, d)
	}
	return list
}

// provider returns the row of the module that holds a package; nil when there
// is none.
func provider(list []dependency, pkg string) *dependency {
	for i, d := range list {
		if pkg == d.module || strings.HasPrefix(pkg, d.module+"/") {
			return &list[i]
		}
	}
	return nil
}

// foreign tells a package of another module from one of the standard library
// or the project.
func foreign(pkg string) bool {
	first, _, _ := strings.Cut(pkg, "/")
	return strings.Contains(first, ".") && pkg != modulePath && !strings.HasPrefix(pkg, modulePath+"/")
}

func TestDependenciesAreStated(t *testing.T) {
	list := dependencies(t)
	code, tests := imports(t)
	used := map[string]bool{}
	check := func(where, pkg string, users ...string) {
		if !foreign(pkg) {
			return
		}
		d := provider(list, pkg)
		if d == nil {
			t.Errorf("%s uses %s, whose module has no row under %q of ARCHITECTURE.md", where, pkg, dependenciesHeading)
			return
		}
		used[d.module] = true
		if !slices.ContainsFunc(users, func(u string) bool { return slices.Contains(d.usedBy, u) }) {
			t.Errorf("%s uses %s; ARCHITECTURE.md allows that module for %s", where, pkg, strings.Join(d.usedBy, ", "))
		}
	}
	for dir, list := range code {
		for _, pkg := range list {
			check(dir, pkg, dir, "binary")
		}
	}
	for dir, list := range tests {
		for _, pkg := range list {
			check("a test of "+dir, pkg, dir, "binary", "tests")
		}
	}
	for _, pkg := range goTools(t) {
		check("go.mod", pkg, "tools")
	}
	for _, d := range list {
		if !used[d.module] && !slices.Contains(d.usedBy, broughtAlong) {
			t.Errorf("%s has a row under %q but nothing uses it", d.module, dependenciesHeading)
		}
	}
}

// broughtAlong is what the table says of a module that the binary holds because
// another one uses it.
const broughtAlong = "brought along"

// goTools returns the tool lines of go.mod.
func goTools(t *testing.T) []string {
	t.Helper()
	out, err := goCommand("list", "-e", "-f", "{{.ImportPath}}", "tool").Output()
	if err != nil {
		t.Fatalf("go list tool: %v", withStderr(err))
	}
	return strings.Fields(string(out))
}

// What is shipped holds the standard library and nothing else unless a row says
// "binary" or "brought along"; the baselines of the benchmarks above all stay out of it.
func TestBinaryHoldsOnlyStatedModules(t *testing.T) {
	out, err := goCommand("list", "-deps", "-f", "{{.ImportPath}}", "./cmd/deconflict").Output()
	if err != nil {
		t.Fatalf("go list -deps ./cmd/deconflict: %v", withStderr(err))
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, modulePath+"/internal/conflict") {
		t.Errorf("cmd/deconflict does not hold internal/conflict: found %d packages", len(deps))
	}
	list := dependencies(t)
	held := map[string]bool{}
	for _, pkg := range deps {
		if !foreign(pkg) || strings.HasPrefix(pkg, "vendor/") {
			continue
		}
		d := provider(list, pkg)
		if d == nil || !slices.Contains(d.usedBy, "binary") && !slices.Contains(d.usedBy, broughtAlong) {
			t.Errorf("cmd/deconflict holds %s, which no row under %q allows for the binary", pkg, dependenciesHeading)
			continue
		}
		held[d.module] = true
	}
	for _, d := range list {
		if slices.Contains(d.usedBy, broughtAlong) && !held[d.module] {
			t.Errorf("%s has a row under %q as %s, but the binary does not hold it", d.module, dependenciesHeading, broughtAlong)
		}
	}
}

// goCommand returns a command of the go tool at the top of the module.
func goCommand(args ...string) *exec.Cmd {
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	return cmd
}

func withStderr(err error) error {
	if exit, ok := err.(*exec.ExitError); ok {
		return fmt.Errorf("%w\n%s", err, exit.Stderr)
	}
	return err
}
