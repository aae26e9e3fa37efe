// Package console serves the single-page console that is embedded in the binary.
package console

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"

	"authsec/internal/domain"
	"authsec/internal/httpapi/wire"
)

// Console is the built console. All fields are required; the zero Cookie is that
// of a public URL without TLS.
type Console struct {
	Files     fs.FS  // what Vite built; without index.html, this build has no console
	PublicURL string // where set-up is finished when it has none
	Cookie    wire.SessionCookie
	Random    io.Reader
	Log       *slog.Logger
}

// indexName is the application's one page; assets is where names carry a hash of
// their content.
const (
	indexName = "index.html"
	assets    = "/assets/"
)

// Endpoints reads all files, once, and returns the package's routes. The pattern
// takes every method, so that it stands beside the API's own prefixes.
func (c Console) Endpoints() ([]wire.Endpoint, error) {
	table, err := readFiles(c.Files)
	if err != nil {
		return nil, fmt.Errorf("read the console: %w", err)
	}
	s := server{files: table}
	index, err := fs.ReadFile(c.Files, indexName)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.Log.Warn("this build has no console: run make build for one that has it")
		s.page = newAbsence(c.PublicURL).serve
	case err != nil:
		return nil, fmt.Errorf("read the console: %w", err)
	default:
		p, err := newPage(index, c.Random)
		if err != nil {
			return nil, err
		}
		s.page = c.signInFirst(p.serve)
	}
	return []wire.Endpoint{{Pattern: "/", Handler: wire.Handler{Serve: s.serve, Fail: wire.OAuthError}}}, nil
}

type server struct {
	files map[string]*file // by the URL's path
	page  func(http.ResponseWriter, *http.Request) error
}

func (s server) serve(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		return domain.Errorf(domain.MethodNotAllowed, "method_not_allowed", "Pages are only read.")
	}
	// Names are looked up, never opened: no path leads out of the table.
	if f, ok := s.files[r.URL.Path]; ok {
		f.serve(w, r)
		return nil
	}
	// Only the application knows which paths are its pages. Names in them have
	// dots, so a path that looks like a file's is a page too.
	if strings.HasPrefix(r.URL.Path, assets) || !acceptsPage(r) {
		return domain.Errorf(domain.NotFound, "not_found", "There is nothing at this path.")
	}
	return s.page(w, r)
}

// acceptsPage keeps a page from a client that asks for something else: one that
// was given a wrong base URL must not take it for its answer.
func acceptsPage(r *http.Request) bool {
	accept := r.Header.Values("Accept")
	return len(accept) == 0 || wire.Weight(accept, "text/html", "text/*", "*/*") > 0
}
