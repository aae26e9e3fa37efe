//go:build !noconsole

// Package web holds the console that the server serves.
package web

import (
	"embed"
	"io/fs"
)

// dist is what Vite builds. Names that begin with "_" belong to it, hence "all:".
// robots.txt is committed there, so that this compiles before the console is built.
//
//go:embed all:dist
var dist embed.FS

// Files returns the console's files. There is no index.html among them before
// the console is built.
func Files() (fs.FS, error) { return fs.Sub(dist, "dist") }
