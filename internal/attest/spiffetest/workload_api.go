package spiffetest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// WorkloadAPI serves the SPIFFE Workload API on a Unix socket, as a SPIRE agent
// does: bundles and X.509-SVIDs are streamed, and again when they change.
type WorkloadAPI struct {
	workload.UnimplementedSpiffeWorkloadAPIServer

	t       testing.TB
	socket  string
	mu      sync.Mutex
	server  *grpc.Server
	ended   chan struct{} // closed when the server has ended
	changed chan struct{} // closed at the next change
	bundles []*spiffebundle.Bundle
	svid    *tls.Certificate
	denied  bool
}

// ServeWorkloadAPI starts a Workload API that gives the bundles. It ends with the test.
func ServeWorkloadAPI(t testing.TB, bundles ...*spiffebundle.Bundle) *WorkloadAPI {
	t.Helper()
	// Not t.TempDir(): a socket's path has at most 107 bytes.
	dir, err := os.MkdirTemp("", "spiffe")
	if err != nil {
		t.Fatal(err)
	}
	w := &WorkloadAPI{t: t, socket: filepath.Join(dir, "agent.sock"), changed: make(chan struct{}), bundles: bundles}
	w.Start()
	t.Cleanup(func() {
		w.Stop()
		_ = os.RemoveAll(dir) // a temporary folder
	})
	return w
}

// Address is what SPIFFE_ENDPOINT_SOCKET would hold.
func (w *WorkloadAPI) Address() string { return "unix://" + w.socket }

// Start serves again after Stop.
func (w *WorkloadAPI) Start() {
	w.t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "unix", w.socket)
	if err != nil {
		w.t.Fatal(err)
	}
	server, ended := grpc.NewServer(), make(chan struct{})
	workload.RegisterSpiffeWorkloadAPIServer(server, w)
	w.mu.Lock()
	w.server, w.ended = server, ended
	w.mu.Unlock()
	go func() {
		defer close(ended)
		if err := server.Serve(listener); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			w.t.Errorf("Workload API: %v", err)
		}
	}()
}

// Stop ends the server and its streams, as when the agent dies.
func (w *WorkloadAPI) Stop() {
	w.mu.Lock()
	server, ended := w.server, w.ended
	w.mu.Unlock()
	server.Stop()
	<-ended
}

// SetBundles changes the bundles and tells everybody who watches.
func (w *WorkloadAPI) SetBundles(bundles ...*spiffebundle.Bundle) {
	w.change(func() { w.bundles = bundles })
}

// SetSVID changes the X.509-SVID that callers get. The first bundle is its own.
func (w *WorkloadAPI) SetSVID(svid tls.Certificate) { w.change(func() { w.svid = &svid }) }

// Deny makes the API know no identity of its callers, as for a workload without an entry.
func (w *WorkloadAPI) Deny(denied bool) { w.change(func() { w.denied = denied }) }

func (w *WorkloadAPI) change(how func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	how()
	close(w.changed)
	w.changed = make(chan struct{})
}

// watch sends what make makes, now and after every change.
func (w *WorkloadAPI) watch(ctx context.Context, send func() error) error {
	if got := metadata.ValueFromIncomingContext(ctx, "workload.spiffe.io"); !slices.Equal(got, []string{"true"}) {
		return status.Error(codes.InvalidArgument, "security header missing") // SPIFFE Workload Endpoint §5
	}
	for {
		w.mu.Lock()
		changed, denied := w.changed, w.denied
		w.mu.Unlock()
		if denied {
			return status.Error(codes.PermissionDenied, "no identity issued")
		}
		if err := send(); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// now returns what is served at this moment.
func (w *WorkloadAPI) now() ([]*spiffebundle.Bundle, *tls.Certificate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.bundles), w.svid
}

// FetchX509Bundles implements the Workload API.
func (w *WorkloadAPI) FetchX509Bundles(_ *workload.X509BundlesRequest, stream grpc.ServerStreamingServer[workload.X509BundlesResponse]) error {
	return w.watch(stream.Context(), func() error {
		bundles, _ := w.now()
		answer := &workload.X509BundlesResponse{Bundles: map[string][]byte{}}
		for _, b := range bundles {
			answer.Bundles[b.TrustDomain().IDString()] = der(b.X509Authorities())
		}
		return stream.Send(answer)
	})
}

// FetchJWTBundles implements the Workload API.
func (w *WorkloadAPI) FetchJWTBundles(_ *workload.JWTBundlesRequest, stream grpc.ServerStreamingServer[workload.JWTBundlesResponse]) error {
	return w.watch(stream.Context(), func() error {
		bundles, _ := w.now()
		answer := &workload.JWTBundlesResponse{Bundles: map[string][]byte{}}
		for _, b := range bundles {
			doc, err := b.JWTBundle().Marshal()
			if err != nil {
				return err
			}
			answer.Bundles[b.TrustDomain().IDString()] = doc
		}
		return stream.Send(answer)
	})
}

// FetchX509SVID implements the Workload API.
func (w *WorkloadAPI) FetchX509SVID(_ *workload.X509SVIDRequest, stream grpc.ServerStreamingServer[workload.X509SVIDResponse]) error {
	return w.watch(stream.Context(), func() error {
		bundles, svid := w.now()
		if svid == nil || len(bundles) == 0 {
			return status.Error(codes.PermissionDenied, "no identity issued")
		}
		key, err := x509.MarshalPKCS8PrivateKey(svid.PrivateKey)
		if err != nil {
			return err
		}
		return stream.Send(&workload.X509SVIDResponse{Svids: []*workload.X509SVID{{SpiffeId: svid.Leaf.URIs[0].String(),
			X509Svid: slices.Concat(svid.Certificate...), X509SvidKey: key, Bundle: der(bundles[0].X509Authorities())}}})
	})
}

func der(certs []*x509.Certificate) []byte {
	var all []byte
	for _, c := range certs {
		all = append(all, c.Raw...)
	}
	return all
}
