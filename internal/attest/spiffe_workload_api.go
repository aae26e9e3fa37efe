package attest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/jwtbundle"
	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

// workloadAPI has the bundle from this machine's SPIRE agent, which tells of
// every change.
type workloadAPI struct {
	client  *workloadapi.Client
	watch   *bundleWatch
	working sync.WaitGroup

	mu   sync.Mutex
	stop context.CancelFunc // nil: it has not begun
}

func newWorkloadAPI(address string, td spiffeid.TrustDomain, e Environment) (*workloadAPI, error) {
	if err := workloadapi.ValidateAddress(address); err != nil || !strings.HasPrefix(address, "unix:///") {
		return nil, fmt.Errorf("workload_api %q is not the address of a socket on this machine, such as unix:///run/spire/agent/public/api.sock", address)
	}
	client, err := workloadapi.New(context.Background(), workloadapi.WithAddr(address)) // which connects when it is used
	if err != nil {
		return nil, fmt.Errorf("workload_api: %w", err)
	}
	return &workloadAPI{client: client, watch: &bundleWatch{certificates: keep[*x509bundle.Bundle](td, e), keys: keep[*jwtbundle.Bundle](td, e)}}, nil
}

// begin watches the bundles until Close, from the first proof on: a source that
// is only being checked asks nobody.
func (w *workloadAPI) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stop != nil || w.watch.closed.Load() {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	// Why a watch ends, its bundle has heard already.
	w.working.Go(func() { _ = w.client.WatchX509Bundles(ctx, w.watch) })
	w.working.Go(func() { _ = w.client.WatchJWTBundles(ctx, w.watch) })
}

func (w *workloadAPI) jwt(ctx context.Context, now time.Time) (*jwtbundle.Bundle, error) {
	w.begin()
	return w.watch.keys.get(ctx, now)
}

func (w *workloadAPI) x509(ctx context.Context, now time.Time) (*x509bundle.Bundle, error) {
	w.begin()
	return w.watch.certificates.get(ctx, now)
}

func (*workloadAPI) renew(context.Context, time.Time) bool { return false } // it tells by itself

// Close implements trustBundles.
func (w *workloadAPI) Close() error {
	w.mu.Lock()
	w.watch.closed.Store(true)
	if w.stop != nil {
		w.stop()
	}
	w.mu.Unlock()
	w.working.Wait()
	return w.client.Close()
}

// bundleWatch keeps what the Workload API streams of one trust domain.
type bundleWatch struct {
	certificates *kept[*x509bundle.Bundle]
	keys         *kept[*jwtbundle.Bundle]
	closed       atomic.Bool // what fails from now on, fails because of it
}

var errNotGiven = errors.New("the Workload API gives no bundle of this trust domain: it is neither the agent's own nor one that it federates with")

// OnX509BundlesUpdate implements workloadapi.X509BundleWatcher.
func (w *bundleWatch) OnX509BundlesUpdate(set *x509bundle.Set) {
	bundle, ok := set.Get(w.certificates.trustDomain)
	if !ok {
		w.certificates.gone(context.Background(), errNotGiven)
		return
	}
	w.certificates.set(context.Background(), bundle, true)
}

// OnX509BundlesWatchError implements workloadapi.X509BundleWatcher.
func (w *bundleWatch) OnX509BundlesWatchError(err error) {
	if !w.closed.Load() {
		w.certificates.failed(context.Background(), err)
	}
}

// OnJWTBundlesUpdate implements workloadapi.JWTBundleWatcher.
func (w *bundleWatch) OnJWTBundlesUpdate(set *jwtbundle.Set) {
	bundle, ok := set.Get(w.keys.trustDomain)
	if !ok {
		w.keys.gone(context.Background(), errNotGiven)
		return
	}
	w.keys.set(context.Background(), bundle, true)
}

// OnJWTBundlesWatchError implements workloadapi.JWTBundleWatcher.
func (w *bundleWatch) OnJWTBundlesWatchError(err error) {
	if !w.closed.Load() {
		w.keys.failed(context.Background(), err)
	}
}
