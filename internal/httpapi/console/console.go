// Package console serves the pages that are embedded in the binary.
package console

import (
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"authsec/internal/domain"
	"authsec/internal/httpapi/wire"
)

// Console serves the files of a folder; a path without extension means its page.
type Console struct {
	Files fs.FS
}

// Endpoints returns the package's routes. The pattern takes every method, so
// that it stands beside the API's own prefixes.
func (c Console) Endpoints() []wire.Endpoint {
	return []wire.Endpoint{{Pattern: "/", Handler: wire.Handler{Serve: c.serve, Fail: wire.OAuthError}}}
}

// policy lets a page load its own files and call its own server: no inline
// script, no other origin, no frame.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func (c Console) serve(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		return domain.Errorf(domain.MethodNotAllowed, "method_not_allowed", "Pages are only read.")
	}
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	if name == "" {
		name = "index"
	}
	if path.Ext(name) == "" {
		name += ".html"
	}
	body, err := fs.ReadFile(c.Files, name)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrInvalid):
		return domain.Errorf(domain.NotFound, "not_found", "There is nothing at this path.")
	case err != nil:
		return err
	}
	h := w.Header()
	h.Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-cache")
	_, _ = w.Write(body) //nolint:gosec // a file of ours; the peer may be gone, nobody to tell
	return nil
}
