// Package web holds the pages that the server serves.
package web

import (
	"embed"
	"io/fs"
)

//go:embed static
var static embed.FS

// Files returns the pages' folder.
func Files() (fs.FS, error) { return fs.Sub(static, "static") }
