package engine

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// source is the code of a domain, as far as it says what its clock brings.
type source struct {
	name   string
	funcs  map[string][]*ast.FuncDecl // methods too, by name alone
	types  map[string]string          // of events, by the name of the Go type
	consts map[string]ast.Expr        // what each is set to; nil where that is left out
	roots  []*ast.FuncDecl            // what decides what is due

	imports map[string]bool // of any of its files, by name
}

// sourceOf reads a package.
func sourceOf(t *testing.T, dir string) *source {
	t.Helper()
	s := &source{name: filepath.Base(dir), funcs: map[string][]*ast.FuncDecl{}, types: map[string]string{}, consts: map[string]ast.Expr{}, imports: map[string]bool{}}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var decls []ast.Decl
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		decls = append(decls, file.Decls...)
		for _, of := range file.Imports {
			s.imports[path.Base(strings.Trim(of.Path.Value, `"`))] = true
		}
	}
	for _, d := range decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
			s.constants(g)
		}
	}
	for _, d := range decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			s.function(f)
		}
	}
	return s
}

func (s *source) constants(g *ast.GenDecl) {
	for _, spec := range g.Specs {
		v := spec.(*ast.ValueSpec)
		for i, name := range v.Names {
			s.consts[name.Name] = nil
			if i < len(v.Values) {
				s.consts[name.Name] = v.Values[i]
			}
		}
	}
}

func (s *source) function(f *ast.FuncDecl) {
	name, of := f.Name.Name, receiver(f)
	s.funcs[name] = append(s.funcs[name], f)
	switch {
	case name == "Due" && of == "State", name == "Decide" && of == "Sweep":
		s.roots = append(s.roots, f)
	case name == "Type" && of != "" && len(f.Body.List) == 1:
		if r, ok := f.Body.List[0].(*ast.ReturnStmt); ok {
			s.types[of] = s.text(r.Results[0])
		}
	}
}

// text is the value of a text, or empty.
func (s *source) text(e ast.Expr) string {
	if id, ok := e.(*ast.Ident); ok {
		e = s.consts[id.Name]
	}
	if lit, ok := e.(*ast.BasicLit); ok {
		value, _ := strconv.Unquote(lit.Value)
		return value
	}
	return ""
}

func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	of := f.Recv.List[0].Type
	if star, ok := of.(*ast.StarExpr); ok {
		of = star.X
	}
	if id, ok := of.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

// brings returns the types of event that are made by what decides what is due, or
// by what it may call. Functions and methods are told apart by name alone, which
// may find too much and hardly too little: an event that says nothing, which is
// an empty literal, is taken for a record that stands for none.
func (s *source) brings() (events []string) {
	seen := map[*ast.FuncDecl]bool{}
	todo := slices.Clone(s.roots)
	call := func(name string, method bool) {
		for _, f := range s.funcs[name] {
			if (f.Recv != nil) == method && name != "Decide" { // which is for parties' acts
				todo = append(todo, f)
			}
		}
	}
	for len(todo) > 0 {
		f := todo[0]
		if todo = todo[1:]; seen[f] {
			continue
		}
		seen[f] = true
		ast.Inspect(f.Body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.UnaryExpr:
				if lit, ok := n.X.(*ast.CompositeLit); ok && n.Op == token.AND {
					if id, ok := lit.Type.(*ast.Ident); ok && s.types[id.Name] != "" && len(lit.Elts) > 0 {
						events = append(events, s.types[id.Name])
					}
				}
			case *ast.SelectorExpr:
				if id, ok := n.X.(*ast.Ident); !ok || !s.imports[id.Name] {
					call(n.Sel.Name, true)
				}
			case *ast.Ident:
				call(n.Name, false)
			}
			return true
		})
	}
	slices.Sort(events)
	return slices.Compact(events)
}

// kinds returns the constants by which the domain tells its deadlines apart.
func (s *source) kinds() (kinds []string) {
	for name := range s.consts {
		if deadlineName.MatchString(name) {
			kinds = append(kinds, s.name+"."+name)
		}
	}
	slices.Sort(kinds)
	return kinds
}

var deadlineName = regexp.MustCompile(`^(due|late)[A-Z]`)

// notDue are what a reading by names finds and what no clock brings, each with why.
var notDue = map[string]string{
	"bearer.lateParts":   "is a bound",
	"channel.dueMost":    "is a bound",
	"intent.conflicting": "has a function that is named like a member of an intent",
}

// TestEachDeadlineHasARow reads the code of the domains: whatever falls due by the
// clock, in any of them, has a row of TestDeadlines.
func TestEachDeadlineHasARow(t *testing.T) {
	rows := map[string]bool{}
	for _, row := range timers {
		for _, name := range slices.Concat(row.brings, row.kinds) {
			rows[name] = true
		}
	}
	dirs, err := filepath.Glob("../*")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, dir := range dirs {
		s := sourceOf(t, dir)
		if len(s.roots) == 0 {
			continue
		}
		for _, name := range slices.Concat(s.brings(), s.kinds()) {
			found[name] = true
			if !rows[name] && notDue[name] == "" {
				t.Errorf("%s falls due in %s, and TestDeadlines has no row for it", name, s.name)
			}
		}
	}
	for _, row := range timers {
		for _, kind := range row.kinds {
			if !found[kind] {
				t.Errorf("the row %q names the deadline %s, which there is not", row.name, kind)
			}
		}
	}
	for name := range notDue {
		if !found[name] || rows[name] {
			t.Errorf("%s need not be left out any more", name)
		}
	}
}
