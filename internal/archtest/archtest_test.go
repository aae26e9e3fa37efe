package archtest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"authsec/internal/archtest"
)

// The tree keeps to DESIGN §7.
func TestTree(t *testing.T) {
	tree, err := archtest.Read("../..")
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Files) < 20 || !slices.ContainsFunc(tree.Files, func(f archtest.File) bool { return f.Package == "internal/policy" }) {
		t.Fatalf("only %d files were read: this test would prove nothing", len(tree.Files))
	}
	for _, fault := range archtest.Imports(tree, archtest.House(), archtest.Reserves()) {
		t.Error(fault)
	}
	for _, fault := range archtest.Shape(tree) {
		t.Error(fault)
	}
}

// write lays out a small tree and reads it.
func write(t *testing.T, files map[string]string) archtest.Tree {
	t.Helper()
	root := t.TempDir()
	files["go.mod"] = "module example\n\ngo 1.26\n"
	for name, content := range files {
		at := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tree, err := archtest.Read(root)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func TestImportsAreJudged(t *testing.T) {
	house := []archtest.Room{
		{Package: "cmd/x", Project: "internal/app", Modules: "*"},
		{Package: "internal/app", Project: "internal/...", Modules: "*"},
		{Package: "internal/domain", Modules: "github.com/google/uuid"},
		{Package: "internal/store", Project: "internal/domain", Modules: "*"},
		{Package: "examples/...", Project: "sdk/..."},
		{Package: "sdk/...", Project: "sdk/..."},
	}
	reserves := []archtest.Reserve{{Import: "database/sql", For: "internal/store/...", Why: "SQL stands in the store"}}
	imports := func(paths ...string) string {
		return "package x\n\nimport (\n\t\"" + strings.Join(paths, "\"\n\t\"") + "\"\n)\n"
	}
	tests := []struct {
		name, file, source string
		want               string // in the one fault; "": none
	}{
		{"allowed", "internal/store/a.go", imports("context", "example/internal/domain", "database/sql", "modernc.org/sqlite"), ""},
		{"allowed by pattern", "internal/app/a.go", imports("example/internal/store", "example/internal/domain"), ""},
		{"allowed below a pattern", "examples/deep/er/a.go", imports("example/sdk/go/verify"), ""},
		{"upward", "internal/domain/a.go", imports("example/internal/store"), "internal/domain/a.go imports example/internal/store: of the project's packages"},
		{"sideways", "cmd/x/a.go", imports("example/internal/domain"), "may import only [internal/app]"},
		{"not by prefix", "cmd/x/a.go", imports("example/internal/apples"), "may import only"},
		{"from outside into the house", "examples/a/a.go", imports("example/internal/domain"), "may import only [sdk/...]"},
		{"under another name", "internal/domain/a.go", "package x\n\nimport s \"example/internal/store\"\n\nvar _ = s.X\n", "internal/store"},
		{"for its side effects", "internal/domain/a.go", "package x\n\nimport _ \"example/internal/store\"\n", "internal/store"},
		{"behind a build tag", "internal/domain/a.go", "//go:build never\n\npackage x\n\nimport _ \"example/internal/store\"\n", "internal/store"},
		{"for another system", "internal/domain/a_windows.go", imports("example/internal/store"), "internal/store"},
		{"the root", "internal/domain/a.go", imports("example"), "may import only"},
		{"a module allowed", "internal/domain/a.go", imports("github.com/google/uuid", "github.com/google/uuid/sub"), ""},
		{"a module not allowed", "internal/domain/a.go", imports("github.com/google/uuidx"), "of third-party modules it may import only [github.com/google/uuid]"},
		{"reserved", "internal/domain/a.go", imports("database/sql"), "reserved: SQL stands in the store"},
		{"not reserved", "internal/domain/a.go", imports("database/sql/driver"), ""},
		{"another module of the same beginning", "internal/domain/a.go", imports("example2/internal/store"), ""},
		{"in a test", "internal/domain/a_test.go", imports("example/internal/store", "github.com/x/y", "database/sql"), ""},
		{"unknown package", "internal/util2/a.go", imports("context"), "package internal/util2: where does it belong?"},
		{"a folder that only begins like a pattern", "examplesx/a.go", imports("context"), "package examplesx: where does it belong?"},
		{"unknown package at the root", "a.go", imports("context"), "package .: where does it belong?"},
		{"testdata is not of the house", "internal/domain/testdata/a.go", imports("example/internal/store"), ""},
		{"nor are hidden folders", ".tools/a.go", imports("example/internal/store"), ""},
		{"nor node_modules", "examples/node_modules/a.go", imports("example/internal/store"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			faults := archtest.Imports(write(t, map[string]string{tt.file: tt.source}), house, reserves)
			switch {
			case tt.want == "" && len(faults) > 0:
				t.Errorf("refused: %v", faults)
			case tt.want != "" && (len(faults) != 1 || !strings.Contains(faults[0], tt.want)):
				t.Errorf("got %v, want %q in the one fault", faults, tt.want)
			}
		})
	}
}

// The real table refuses what DESIGN §7 is about.
func TestTheHouseRefuses(t *testing.T) {
	for file, imported := range map[string]string{
		"internal/domain/a.go":               "example/internal/store",
		"internal/policy/a.go":               "example/internal/store",
		"internal/policy/b.go":               "net/http",
		"internal/directory/a.go":            "database/sql",
		"internal/directory/b.go":            "example/internal/store",
		"internal/delegation/a.go":           "example/internal/directory",
		"internal/issuance/a.go":             "example/internal/httpapi/wire",
		"internal/store/a.go":                "example/internal/policy",
		"internal/httpapi/wire/a.go":         "example/internal/httpapi",
		"internal/httpapi/sdkapi/a.go":       "example/internal/store",
		"internal/httpapi/adminapi/a.go":     "example/internal/httpapi/sdkapi",
		"internal/telemetry/a.go":            "example/internal/domain",
		"internal/config/a.go":               "github.com/alecthomas/kong",
		"internal/config/b.go":               "example/internal/domain",
		"cmd/authsec/a.go":                   "example/internal/store",
		"examples/billing-api/a.go":          "example/internal/domain",
		"sdk/go/verify/a.go":                 "example/internal/token",
		"internal/signin/a.go":               "math/rand/v2",
		"internal/somewhere/a.go":            "context",
		"internal/issuance/storetest_use.go": "example/internal/store/storetest",
	} {
		tree := write(t, map[string]string{file: "package x\n\nimport _ \"" + imported + "\"\n"})
		if faults := archtest.Imports(tree, archtest.House(), archtest.Reserves()); len(faults) != 1 {
			t.Errorf("%s imports %s: %v, want one fault", file, imported, faults)
		}
	}
}

func TestShapeIsJudged(t *testing.T) {
	methods := func(from, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "\tM%d()\n", from+i)
		}
		return b.String()
	}
	const generated = "// Code generated by x. DO NOT EDIT.\n\n"
	long := func(lines int) string { return "package x\n" + strings.Repeat("//\n", lines-1) }
	tests := []struct {
		name, file, source, want string
	}{
		{"plain", "a/a.go", "package a\n\nfunc F() {}\n", ""},
		{"as long as may be", "a/a.go", long(600), ""},
		{"a line more", "a/a.go", long(601), "a/a.go has 601 lines"},
		{"a long test", "a/a_test.go", long(601), "a/a_test.go has 601 lines"},
		{"long, but generated", "a/a.go", generated + long(5000), ""},
		{"a drawer", "a/util/a.go", "package util\n", "package a/util is called util"},
		{"a drawer by its folder", "a/helper/a.go", "package main\n", "package a/helper is called helper"},
		{"a drawer by its clause", "a/b/a.go", "package common\n", "package a/b is called common"},
		{"init", "a/a.go", "package a\n\nfunc init() {}\n", "a/a.go has an init()"},
		{"init, generated", "a/a.go", generated + "package a\n\nfunc init() {}\n", ""},
		{"a method called init", "a/a.go", "package a\n\ntype T int\n\nfunc (T) init() {}\n", ""},
		{"seven methods", "a/a.go", "package a\n\ntype I interface {\n" + methods(0, 7) + "}\n", ""},
		{"eight methods", "a/a.go", "package a\n\ntype I interface {\n" + methods(0, 8) + "}\n", "interface I has 8 methods"},
		{"eight methods in a function", "a/a.go", "package a\n\nfunc F() {\n\ttype I interface {\n" + methods(0, 8) + "}\n}\n", "interface I has 8 methods"},
		{"eight, by embedding", "a/a.go", "package a\n\ntype I interface {\n\tJ\n" + methods(0, 4) + "}\n\ntype J interface {\n" + methods(4, 4) + "}\n", "interface I has 8 methods"},
		{"eight, generated", "a/a.go", generated + "package a\n\ntype I interface {\n" + methods(0, 8) + "}\n", ""},
		{"eight, in a test", "a/a_test.go", "package a\n\ntype I interface {\n" + methods(0, 8) + "}\n", ""},
		{"a constraint is no list of methods", "a/a.go", "package a\n\ntype N interface{ ~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 }\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			faults := archtest.Shape(write(t, map[string]string{tt.file: tt.source}))
			switch {
			case tt.want == "" && len(faults) > 0:
				t.Errorf("refused: %v", faults)
			case tt.want != "" && (len(faults) != 1 || !strings.Contains(faults[0], tt.want)):
				t.Errorf("got %v, want %q in the one fault", faults, tt.want)
			}
		})
	}
}

// What cannot be read is an error, never a tree without faults.
func TestReadFails(t *testing.T) {
	if _, err := archtest.Read(t.TempDir()); err == nil {
		t.Error("a folder without go.mod was read")
	}
	root := t.TempDir()
	for name, content := range map[string]string{"go.mod": "go 1.26\n", "a.go": "package"} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := archtest.Read(root); err == nil || !strings.Contains(err.Error(), "names no module") {
		t.Errorf("a go.mod without a module: %v", err)
	}
	if err := os.WriteFile(filepath.Join(root, "go.mod"), []byte("module example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := archtest.Read(root); err == nil {
		t.Error("a source that does not parse was read")
	}
}
