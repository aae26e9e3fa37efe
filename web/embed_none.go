//go:build noconsole

// Package web is empty in this build: it has no console.
package web

import (
	"embed"
	"io/fs"
)

// Files returns no files.
func Files() (fs.FS, error) { return embed.FS{}, nil }
