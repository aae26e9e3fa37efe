package archtest

import (
	"fmt"
	"slices"
	"strings"
)

// Imports returns, sorted, what in the tree breaks the house's table. Tests may
// import what they like.
func Imports(t Tree, house []Room, reserves []Reserve) []string {
	var faults []string
	homeless := map[string]bool{}
	for _, f := range t.Files {
		if f.Test {
			continue
		}
		room := slices.IndexFunc(house, func(r Room) bool { return matches(r.Package, f.Package) })
		if room < 0 {
			homeless[f.Package] = true
			continue
		}
		for _, path := range f.imports() {
			if fault := judge(t, house[room], reserves, f, path); fault != "" {
				faults = append(faults, f.Path+" imports "+path+": "+fault)
			}
		}
	}
	for p := range homeless {
		faults = append(faults, fmt.Sprintf("package %s: where does it belong? Write it into internal/archtest/house.go", p))
	}
	slices.Sort(faults)
	return slices.Compact(faults)
}

func judge(t Tree, room Room, reserves []Reserve, f File, path string) string {
	if target, ok := t.own(path); ok {
		if target == f.Package || !matches(room.Project, target) {
			return fmt.Sprintf("of the project's packages it may import only [%s]", room.Project)
		}
		return ""
	}
	if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
		if room.Modules == "*" || inModules(room.Modules, path) {
			return ""
		}
		return fmt.Sprintf("of third-party modules it may import only [%s]", room.Modules)
	}
	for _, r := range reserves {
		if path == r.Import && !matches(r.For, f.Package) {
			return "reserved: " + r.Why
		}
	}
	return ""
}

func inModules(modules, path string) bool {
	return slices.ContainsFunc(strings.Fields(modules), func(m string) bool { return path == m || strings.HasPrefix(path, m+"/") })
}
