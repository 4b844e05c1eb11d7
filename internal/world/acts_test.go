package world

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/deconflict/deconflict/internal/party"
	"github.com/deconflict/deconflict/internal/statement"
)

var update = flag.Bool("update", false, "write docs/ACTS.md anew")

const actsFile = "../../docs/ACTS.md"

// docs/ACTS.md says of each act what the code that reads it says.
func TestActsAreDocumented(t *testing.T) {
	got := actsDocument(t)
	if *update {
		if err := os.WriteFile(actsFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(actsFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/ACTS.md is not what the code says: run go test ./internal/world -run Acts -update")
	}
}

// comments are the doc comments of the types of a package and their members.
type comments map[string]string // Type, and Type.Member

func readComments(t *testing.T, dir string) comments {
	t.Helper()
	c := comments{}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, s := range g.Specs {
				spec, ok := s.(*ast.TypeSpec)
				if !ok {
					continue
				}
				doc := spec.Doc.Text()
				if doc == "" {
					doc = g.Doc.Text()
				}
				c[spec.Name.Name] = doc
				body, ok := spec.Type.(*ast.StructType)
				if !ok {
					continue
				}
				for _, f := range body.Fields.List {
					text := strings.TrimSpace(f.Doc.Text() + f.Comment.Text())
					for _, n := range f.Names {
						c[spec.Name.Name+"."+n.Name] = text
					}
				}
			}
		}
	}
	return c
}

// documenter writes the document.
type documenter struct {
	*testing.T
	bytes.Buffer
	known map[string]comments // by package path
}

func (d *documenter) of(t reflect.Type) comments {
	path := t.PkgPath()
	if d.known[path] == nil {
		_, inside, _ := strings.Cut(path, "github.com/deconflict/deconflict/")
		d.known[path] = readComments(d.T, filepath.Join("../..", inside))
	}
	return d.known[path]
}

func actsDocument(t *testing.T) []byte {
	d := &documenter{T: t, known: map[string]comments{}}
	d.WriteString("# Acts\n\n" + actsIntroduction)
	for _, dom := range sortedDomains() {
		fmt.Fprintf(d, "\n## %s\n", dom.name)
		for _, name := range slices.Sorted(func(yield func(string) bool) {
			for n := range dom.acts {
				if !yield(n) {
					return
				}
			}
		}) {
			d.act(name, dom.acts[name])
		}
	}
	return d.Bytes()
}

func sortedDomains() []domain {
	all := slices.DeleteFunc(slices.Clone(domains), func(d domain) bool { return len(d.acts) == 0 })
	slices.SortFunc(all, func(a, b domain) int { return strings.Compare(a.name, b.name) })
	return all
}

const actsIntroduction = `What a party does, it does by an act: a statement that its roles may sign, sent to ` + "`POST /v1/acts`" + `. [API.md](API.md) says how, [AGREEMENTS.md](AGREEMENTS.md) shows it by example. This page is made from the code that reads the bodies: members that are not here are refused. Lengths are in millimetres, durations in nanoseconds, angles in 1e-9 degree, times in RFC 3339; on the command line they are written as people write them.

"Signed" acts need the signature of a role's own key. Where a level is given, who acts or one of those who sign must have at least that one. A party's own policy may ask for more.
`

func (d *documenter) act(name string, kind party.ActKind) {
	body := reflect.TypeOf(kind.New()).Elem()
	needs := "the party's token"
	if kind.Held {
		needs = "signed"
	}
	if kind.Level != 0 {
		needs += ", level " + kind.Level.String()
	}
	fmt.Fprintf(d, "\n### %s\n\n%s *Needs: %s.*\n", name, sentence(d.of(body)[body.Name()], body.Name(), name), needs)
	if body.NumField() == 0 {
		return
	}
	d.WriteString("\n| member | type | meaning |\n|---|---|---|\n")
	d.members(body, "", nil)
}

// sentence makes a doc comment speak of the act.
func sentence(doc, typeName, act string) string {
	doc = strings.Join(strings.Fields(doc), " ")
	for _, begin := range []string{typeName + " is the body of " + act + ": ", typeName + " is the body of " + act + ". "} {
		if rest, ok := strings.CutPrefix(doc, begin); ok {
			return strings.ToUpper(rest[:1]) + rest[1:]
		}
	}
	return doc
}

func (d *documenter) members(t reflect.Type, prefix string, within []reflect.Type) {
	if slices.Contains(within, t) {
		return
	}
	within = append(within, t)
	for i := range t.NumField() {
		f := t.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && tag == "" {
			inner := f.Type
			for inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			d.members(inner, prefix, within)
			continue
		}
		if !f.IsExported() || tag == "-" {
			continue
		}
		word, inner := typeWord(f.Type)
		if strings.Contains(options, "omit") {
			word += ", optional"
		}
		meaning := strings.Join(strings.Fields(d.of(t)[t.Name()+"."+f.Name]), " ")
		fmt.Fprintf(d, "| `%s%s` | %s | %s |\n", prefix, tag, word, strings.ReplaceAll(meaning, "|", "\\|"))
		if inner != nil && len(within) < 4 && inner.PkgPath() != reflect.TypeFor[statement.Instant]().PkgPath() {
			d.members(inner, prefix+tag+".", within)
		}
	}
}

// typeWord says in a word what a member holds, and which struct is inside.
func typeWord(t reflect.Type) (word string, inner reflect.Type) {
	schema := schemaOf(t, nil)
	switch {
	case schema["format"] == "date-time":
		return "time", nil
	case schema["type"] == nil:
		return "JSON", nil
	case schema["type"] == "array":
		word, inner = typeWord(elem(t))
		return "list of " + word, inner
	case schema["type"] == "object":
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() == reflect.Map {
			return "object by name", nil
		}
		return "object", t
	}
	return schema["type"].(string), nil
}

func elem(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Elem()
}
