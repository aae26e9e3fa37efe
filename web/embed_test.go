//go:build !noconsole

package web_test

import (
	"io/fs"
	"os"
	"testing"

	"authsec/web"
)

// The committed dist/robots.txt makes a clean checkout compile; the build
// replaces it by public/robots.txt, which must not show as a change.
func TestRobotsAreTheSameBeforeAndAfterTheBuild(t *testing.T) {
	files, err := web.Files()
	if err != nil {
		t.Fatal(err)
	}
	embedded, err := fs.ReadFile(files, "robots.txt")
	if err != nil {
		t.Fatal(err)
	}
	public, err := os.ReadFile("public/robots.txt")
	if err != nil {
		t.Fatal(err)
	}
	if string(embedded) != string(public) || len(public) == 0 {
		t.Errorf("dist has %q, public has %q", embedded, public)
	}
}
