package house

import (
	"bytes"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
	"testing"
)

// Limits of size. Whoever reaches one has two things in one place.
const (
	maxFileLines     = 650
	maxFunctionLines = 90
)

// vagueNames name no subject, so anything may end up under them.
var vagueNames = []string{"util", "utils", "common", "helper", "helpers", "types", "manager", "misc"}

func TestSizes(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.isTest() || ast.IsGenerated(f.ast) {
			continue
		}
		if n := bytes.Count(f.data, []byte("\n")); n > maxFileLines {
			t.Errorf("%s has %d lines, at most %d expected", f.name, n, maxFileLines)
		}
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if n := f.lines(fn); n > maxFunctionLines {
				t.Errorf("%s: %s has %d lines, at most %d expected", f.name, fn.Name.Name, n, maxFunctionLines)
			}
		}
	}
}

func TestNamesSayWhatIsThere(t *testing.T) {
	for _, f := range goFiles(t) {
		base := strings.TrimSuffix(strings.TrimSuffix(path.Base(f.name), ".go"), "_test")
		for _, name := range []string{f.ast.Name.Name, base} {
			if slices.Contains(vagueNames, name) {
				t.Errorf("%s: %q names no subject", f.name, name)
			}
		}
	}
}

// selfEvident are methods whose meaning their name fixes.
var selfEvident = []string{"Error", "Unwrap", "String", "Is", "As", "Set", "Len", "Less", "Swap"}

func TestExportedNamesAreDocumented(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.isTest() || ast.IsGenerated(f.ast) {
			continue
		}
		for _, name := range undocumented(f.ast) {
			t.Errorf("%s: %s has no comment", f.name, name)
		}
	}
}

// undocumented returns the exported names of a file without a comment. Fields
// are left out; in a group of constants or variables the group's comment does.
func undocumented(f *ast.File) []string {
	var names []string
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			known := d.Recv != nil && (slices.Contains(selfEvident, d.Name.Name) || !ast.IsExported(receiver(d)))
			if d.Name.IsExported() && d.Doc == nil && !known {
				names = append(names, d.Name.Name)
			}
		case *ast.GenDecl:
			if d.Tok == token.IMPORT || d.Doc != nil {
				continue
			}
			for _, spec := range d.Specs {
				names = append(names, undocumentedSpec(spec)...)
			}
		}
	}
	return names
}

func undocumentedSpec(spec ast.Spec) []string {
	var names []string
	switch s := spec.(type) {
	case *ast.TypeSpec:
		if s.Name.IsExported() && s.Doc == nil && s.Comment == nil {
			names = append(names, s.Name.Name)
		}
	case *ast.ValueSpec:
		for _, n := range s.Names {
			if n.IsExported() && s.Doc == nil && s.Comment == nil {
				names = append(names, n.Name)
			}
		}
	}
	return names
}

// receiver returns the name of a method's type.
func receiver(d *ast.FuncDecl) string {
	name := ""
	ast.Inspect(d.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && name == "" {
			name = id.Name
		}
		return name == ""
	})
	return name
}

func TestPackagesAreDocumented(t *testing.T) {
	documented := map[string]bool{}
	for _, f := range goFiles(t) {
		if !f.isTest() {
			documented[f.dir()] = documented[f.dir()] || f.ast.Doc != nil
		}
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("package %s has no comment", dir)
		}
	}
}
