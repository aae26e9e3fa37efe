package console

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

// file is one file of the build, ready to be sent.
type file struct {
	kind  string // Content-Type
	cache string // Cache-Control
	forms []form // best first; the last is the file as it is
}

// form is a file's content in one coding.
type form struct {
	coding  string // "" is identity
	etag    string // strong, another for each coding (RFC 9110 §8.8.3)
	content []byte
}

// encodings are those the build leaves beside a file, best first.
func encodings() []struct{ coding, ending string } {
	return []struct{ coding, ending string }{{"br", ".br"}, {"gzip", ".gz"}}
}

// readFiles reads every file but index.html, by the path of its URL.
func readFiles(files fs.FS) (map[string]*file, error) {
	table := map[string]*file{}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name != "." && strings.HasPrefix(d.Name(), "."): // the build's notes, not the console's
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir(), encoded(name), name == indexName:
			return nil
		}
		f, err := readFile(files, name)
		table["/"+name] = f
		return err
	})
	return table, err
}

// encoded reports whether a name is that of another file's encoded form. It is
// not served by this name: what it holds has another's type.
func encoded(name string) bool {
	for _, e := range encodings() {
		if strings.HasSuffix(name, e.ending) {
			return true
		}
	}
	return false
}

func readFile(files fs.FS, name string) (*file, error) {
	kind, ok := contentTypes()[path.Ext(name)]
	if !ok {
		return nil, fmt.Errorf("%s: no content type is known for %q", name, path.Ext(name))
	}
	content, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, err
	}
	f := &file{kind: kind, cache: "no-cache"} // kept, but asked about each time
	if strings.HasPrefix("/"+name, assets) {
		f.cache = "public, max-age=31536000, immutable"
	}
	for _, e := range encodings() {
		shorter, err := fs.ReadFile(files, name+e.ending)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		case len(shorter) < len(content):
			f.forms = append(f.forms, newForm(e.coding, shorter))
		}
	}
	f.forms = append(f.forms, newForm("", content))
	return f, nil
}

func newForm(coding string, content []byte) form {
	sum := sha256.Sum256(content)
	etag := base64.RawURLEncoding.EncodeToString(sum[:16])
	if coding != "" {
		etag += "-" + coding
	}
	return form{coding: coding, etag: `"` + etag + `"`, content: content}
}

// contentTypes are by ending. The system's own table differs from one machine to
// the next.
func contentTypes() map[string]string {
	return map[string]string{
		".css":         "text/css; charset=utf-8",
		".html":        "text/html; charset=utf-8",
		".ico":         "image/vnd.microsoft.icon",
		".jpg":         "image/jpeg",
		".js":          "text/javascript; charset=utf-8",
		".json":        "application/json",
		".map":         "application/json",
		".png":         "image/png",
		".svg":         "image/svg+xml",
		".txt":         "text/plain; charset=utf-8",
		".webmanifest": "application/manifest+json",
		".webp":        "image/webp",
		".woff2":       "font/woff2",
	}
}

// serve sends the form that suits the request. Conditions, ranges and HEAD are
// net/http's work (RFC 9110 §13, §14).
func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	chosen := choose(f.forms, r.Header.Values("Accept-Encoding"))
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", f.cache)
	h.Set("ETag", chosen.etag)
	if len(f.forms) > 1 {
		h.Set("Vary", "Accept-Encoding")
	}
	if chosen.coding != "" {
		h.Set("Content-Encoding", chosen.coding)
		h.Set("Content-Length", strconv.Itoa(len(chosen.content))) // net/http leaves it out beside a coding
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(chosen.content))
}
