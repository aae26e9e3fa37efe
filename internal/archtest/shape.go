package archtest

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
)

// Limits of STYLE.
const (
	MaxLines   = 600
	MaxMethods = 7
)

// Shape returns, sorted, what in the tree breaks STYLE's habits on names, size
// and start-up. Generated code is exempt.
func Shape(t Tree) []string {
	var faults []string
	for _, f := range t.Files {
		faults = append(faults, names(f)...)
		if f.Generated {
			continue
		}
		if f.Lines > MaxLines {
			faults = append(faults, fmt.Sprintf("%s has %d lines, more than %d: one subject per file", f.Path, f.Lines, MaxLines))
		}
		if !f.Test {
			faults = append(faults, inits(f)...)
		}
	}
	faults = append(faults, interfaces(t)...)
	slices.Sort(faults)
	return slices.Compact(faults)
}

// names refuses drawers: names that say nothing of what is inside.
func names(f File) []string {
	var faults []string
	for _, name := range []string{path.Base(f.Package), f.Syntax.Name.Name} {
		switch name {
		case "util", "utils", "common", "core", "manager", "managers", "helper", "helpers", "misc", "shared":
			faults = append(faults, fmt.Sprintf("package %s is called %s: name it for what it provides", f.Package, name))
		}
	}
	return faults
}

// inits refuses what runs before main.
func inits(f File) []string {
	var faults []string
	for _, d := range f.Syntax.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			faults = append(faults, f.Path+" has an init(): construct it where it is used")
		}
	}
	return faults
}

// interfaces refuses those with too many methods, embedded ones of the same
// package included.
func interfaces(t Tree) []string {
	type key struct{ pkg, name string }
	declared := map[key]*ast.InterfaceType{}
	where := map[key]File{}
	for _, f := range t.Files {
		if f.Test {
			continue
		}
		ast.Inspect(f.Syntax, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if i, ok := spec.Type.(*ast.InterfaceType); ok {
				k := key{f.Package, spec.Name.Name}
				declared[k], where[k] = i, f
			}
			return true
		})
	}
	var count func(k key, seen map[key]bool) int
	count = func(k key, seen map[key]bool) int {
		i, ok := declared[k]
		if !ok || seen[k] {
			return 0
		}
		seen[k] = true
		n := 0
		for _, m := range i.Methods.List {
			n += len(m.Names)
			if embedded, ok := m.Type.(*ast.Ident); ok && len(m.Names) == 0 {
				n += count(key{k.pkg, embedded.Name}, seen)
			}
		}
		return n
	}
	var faults []string
	for k := range declared {
		if n := count(k, map[key]bool{}); n > MaxMethods && !where[k].Generated {
			faults = append(faults, fmt.Sprintf("%s: interface %s has %d methods, more than %d: split it by who calls", where[k].Path, k.name, n, MaxMethods))
		}
	}
	return faults
}
