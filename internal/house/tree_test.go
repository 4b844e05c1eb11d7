package house

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// modulePath is the prefix of the project's own packages.
const modulePath = "github.com/deconflict/deconflict"

// root is the top of the module, seen from this package's folder, in which its
// tests run.
var root = filepath.Join("..", "..")

// file is one file of the tree, its name relative to the top with slashes.
type file struct {
	name string
	data []byte
}

// built are the folders of what the Makefile fetches and builds.
var built = []string{"bin", "web/node_modules", "web/test/out", "internal/web/dist"}

// tree returns every file of the project: all but git's own and what is built.
var tree = sync.OnceValues(func() ([]file, error) {
	var files []file
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == ".git" || slices.Contains(built, name)):
			return fs.SkipDir
		case !d.Type().IsRegular() || name == ".git": // in a linked work tree .git is a file
			return nil
		}
		data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		files = append(files, file{name, data})
		return err
	})
	return files, err
})

func projectFiles(t *testing.T) []file {
	t.Helper()
	files, err := tree()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// readFile returns a file that must be there.
func readFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// isText tells text from other files as git does: no NUL near the beginning.
func (f *file) isText() bool {
	return bytes.IndexByte(f.data[:min(len(f.data), 8000)], 0) < 0
}

func (f *file) isGo() bool {
	return strings.HasSuffix(f.name, ".go") && !strings.Contains("/"+f.name, "/testdata/")
}

func (f *file) isTest() bool { return strings.HasSuffix(f.name, "_test.go") }

// dir returns the folder of a file, which names its package: "internal/plan".
func (f *file) dir() string { return path.Dir(f.name) }

// goFile is a parsed file of the module, tests included.
type goFile struct {
	file
	set *token.FileSet
	ast *ast.File
}

// goFiles returns the parsed Go files, whatever system they are built for.
func goFiles(t *testing.T) []goFile {
	t.Helper()
	var parsed []goFile
	for _, f := range projectFiles(t) {
		if !f.isGo() {
			continue
		}
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, f.name, f.data, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, goFile{f, set, tree})
	}
	if len(parsed) == 0 {
		t.Fatal("no Go files found")
	}
	return parsed
}

// lines returns how many lines a node takes.
func (f *goFile) lines(n ast.Node) int {
	return f.set.Position(n.End()).Line - f.set.Position(n.Pos()).Line + 1
}
