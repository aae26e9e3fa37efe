package console

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
)

// nonceMark stands in index.html where each answer has a nonce of its own.
const nonceMark = "__CSP_NONCE__"

// nonceBytes is 128 bits, as CSP Level 3 §7.1 asks for at least.
const nonceBytes = 16

// A page loads its own files and calls its own server: no inline script, no
// other origin, no frame. The nonce is for the <style> elements that Mantine makes.
const (
	policyBefore = "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-"
	policyAfter  = "'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; " +
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

// permissions that the console never needs.
const permissions = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"

// page is index.html, cut where the nonce goes.
type page struct {
	before, after []byte
	random        io.Reader
}

func newPage(index []byte, random io.Reader) (*page, error) {
	before, after, ok := bytes.Cut(index, []byte(nonceMark))
	if !ok || bytes.Contains(after, []byte(nonceMark)) {
		return nil, fmt.Errorf("the console's %s must have %s once, has it %d times", indexName, nonceMark, bytes.Count(index, []byte(nonceMark)))
	}
	return &page{before: before, after: after, random: random}, nil
}

func (p *page) serve(w http.ResponseWriter, r *http.Request) error {
	var raw [nonceBytes]byte
	if _, err := io.ReadFull(p.random, raw[:]); err != nil {
		return fmt.Errorf("draw a nonce: %w", err)
	}
	nonce := base64.RawURLEncoding.EncodeToString(raw[:])
	body := slices.Concat(p.before, []byte(nonce), p.after)
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Content-Security-Policy", policyBefore+nonce+policyAfter)
	h.Set("Permissions-Policy", permissions)
	h.Set("Cache-Control", "no-store") // a nonce is for one answer
	write(w, r, body)
	return nil
}

// write writes a body that is ready; the headers are set.
func write(w http.ResponseWriter, r *http.Request, body []byte) {
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) //nolint:gosec // text of ours; the peer may be gone, nobody to tell
	}
}
