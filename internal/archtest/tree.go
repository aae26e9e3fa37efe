// Package archtest holds the tree to DESIGN §7 and STYLE: who may import whom,
// which names packages bear, and how large things grow. Its checks read sources
// only; they need nothing that compiles.
package archtest

import (
	"bufio"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Tree is the Go sources below a root.
type Tree struct {
	Module string // the root module's path
	Files  []File
}

// File is one Go source.
type File struct {
	Path      string // below the root, with slashes
	Package   string // its folder; "." is the root
	Test      bool
	Generated bool
	Lines     int
	Syntax    *ast.File
}

// Read parses every Go file below root, whatever its build tags, but those in
// testdata, in node_modules, and in folders that begin with a dot or an underscore.
func Read(root string) (Tree, error) {
	module, err := modulePath(filepath.Join(root, "go.mod"))
	if err != nil {
		return Tree{}, err
	}
	t := Tree{Module: module}
	err = filepath.WalkDir(root, func(at string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if at != root && (name == "testdata" || name == "node_modules" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		below, err := filepath.Rel(root, at)
		if err != nil {
			return err
		}
		f, err := readFile(at, filepath.ToSlash(below))
		t.Files = append(t.Files, f)
		return err
	})
	if err != nil {
		return Tree{}, fmt.Errorf("read the tree: %w", err)
	}
	return t, nil
}

func readFile(at, below string) (File, error) {
	source, err := os.ReadFile(at) //nolint:gosec // G304: a source of this tree
	if err != nil {
		return File{}, err
	}
	syntax, err := parser.ParseFile(token.NewFileSet(), at, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return File{}, err
	}
	return File{Path: below, Package: path.Dir(below), Test: strings.HasSuffix(below, "_test.go"), Generated: ast.IsGenerated(syntax),
		Lines: strings.Count(string(source), "\n"), Syntax: syntax}, nil
}

// modulePath reads the module line of a go.mod.
func modulePath(file string) (string, error) {
	f, err := os.Open(file) //nolint:gosec // G304: a file of this tree
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // only read
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if name, ok := strings.CutPrefix(lines.Text(), "module "); ok {
			return strings.Trim(strings.TrimSpace(name), `"`), nil
		}
	}
	if err := lines.Err(); err != nil {
		return "", err
	}
	return "", fmt.Errorf("%s names no module", file)
}

// imports returns the paths that a file imports.
func (f File) imports() []string {
	list := make([]string, 0, len(f.Syntax.Imports))
	for _, i := range f.Syntax.Imports {
		list = append(list, strings.Trim(i.Path.Value, "`\""))
	}
	return list
}

// own returns the folder of one of the project's packages.
func (t Tree) own(importPath string) (string, bool) {
	if importPath == t.Module {
		return ".", true
	}
	return strings.CutPrefix(importPath, t.Module+"/")
}

// matches reports whether a name is in a list of names and "/..." patterns.
func matches(list, name string) bool {
	return slices.ContainsFunc(strings.Fields(list), func(p string) bool {
		if below, ok := strings.CutSuffix(p, "/..."); ok {
			return name == below || strings.HasPrefix(name, below+"/")
		}
		return name == p
	})
}
