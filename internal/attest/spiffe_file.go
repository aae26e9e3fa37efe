package attest

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/jwtbundle"
	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

const maxBundleBytes = 1 << 20

// bundleFile is a bundle in a file that somebody keeps up to date. It is read
// again whenever it has changed.
type bundleFile struct {
	path string
	last *kept[*spiffebundle.Bundle]

	mu   sync.Mutex
	seen os.FileInfo // of what was read; nil: it could not be
}

func newBundleFile(path string, td spiffeid.TrustDomain, e Environment) (*bundleFile, error) {
	f := &bundleFile{path: path, last: keep[*spiffebundle.Bundle](td, e)}
	bundle, info, err := readBundle(path, td)
	if err != nil {
		return nil, err
	}
	f.seen = info
	f.last.set(context.Background(), bundle, true)
	return f, nil
}

// readBundle reads a SPIFFE bundle (SPIFFE Trust Domain and Bundle §4).
func readBundle(path string, td spiffeid.TrustDomain) (*spiffebundle.Bundle, os.FileInfo, error) {
	f, err := os.Open(path) //nolint:gosec // an administrator names the file
	if err != nil {
		return nil, nil, fmt.Errorf("bundle_file: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	info, err := f.Stat()
	if err != nil {
		return nil, nil, fmt.Errorf("bundle_file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("bundle_file: %s is not a file", path)
	}
	bundle, err := parseBundle(f, td)
	if err != nil {
		return nil, nil, fmt.Errorf("bundle_file %s: %w", path, err)
	}
	return bundle, info, nil
}

func parseBundle(r io.Reader, td spiffeid.TrustDomain) (*spiffebundle.Bundle, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxBundleBytes+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxBundleBytes {
		return nil, fmt.Errorf("the bundle is larger than %d bytes", maxBundleBytes)
	}
	bundle, err := spiffebundle.Parse(td, raw)
	if err != nil {
		return nil, err
	}
	return bundle, nil
}

// fresh reads the file if it is not the one that was read.
func (f *bundleFile) fresh(ctx context.Context) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.path)
	if err == nil && f.seen != nil && os.SameFile(info, f.seen) && info.Size() == f.seen.Size() && info.ModTime().Equal(f.seen.ModTime()) {
		return
	}
	// A file half written fails to parse: it is read again at the next proof.
	bundle, read, err := readBundle(f.path, f.last.trustDomain)
	if f.seen = read; err != nil {
		f.last.failed(ctx, err)
		return
	}
	f.last.set(ctx, bundle, true)
}

func (f *bundleFile) current(ctx context.Context, now time.Time) (*spiffebundle.Bundle, error) {
	f.fresh(ctx)
	return f.last.get(ctx, now)
}

func (f *bundleFile) jwt(ctx context.Context, now time.Time) (*jwtbundle.Bundle, error) {
	b, err := f.current(ctx, now)
	if err != nil {
		return nil, err
	}
	return b.JWTBundle(), nil
}

func (f *bundleFile) x509(ctx context.Context, now time.Time) (*x509bundle.Bundle, error) {
	b, err := f.current(ctx, now)
	if err != nil {
		return nil, err
	}
	return b.X509Bundle(), nil
}

func (*bundleFile) renew(context.Context, time.Time) bool { return false } // it was looked at just now

func (*bundleFile) Close() error { return nil }
