package attest_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"authsec/internal/attest"
	"authsec/internal/attest/spiffetest"
	"authsec/internal/clocktest"
	"authsec/internal/domain"
)

// svids are one SVID of each kind that the authority's present keys sign.
func (tr *trust) svids() map[string]attest.Presented {
	return map[string]attest.Presented{"JWT": tr.jwt(nil), "X.509": tr.x509(spiffetest.Leaf{})}
}

// eachAccepted, eachRejected and eachUntold judge an SVID of each kind.
func (tr *trust) eachAccepted(t *testing.T, svids map[string]attest.Presented) {
	t.Helper()
	for kind, p := range svids {
		if got, err := tr.verify(t, p); err != nil || got.Kind != "spiffe" {
			t.Errorf("%s: %+v, %v", kind, got, err)
		}
	}
}

func (tr *trust) eachRejected(t *testing.T, svids map[string]attest.Presented) {
	t.Helper()
	for _, p := range svids {
		got, err := tr.verify(t, p)
		rejected(t, got, err, "does not verify")
	}
}

func (tr *trust) eachUntold(t *testing.T, svids map[string]attest.Presented, says string) {
	t.Helper()
	for _, p := range svids {
		got, err := tr.verify(t, p)
		untold(t, got, err, says)
	}
}

// eventually waits for what another process or goroutine does.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	limit := time.After(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal("in vain: " + what)
		}
	}
}

// bundleLife is how long a bundle that nobody confirms is believed.
const bundleLife = 6 * time.Hour

// live is an SVID that outlives that. go-spiffe judges a JWT-SVID by the true
// time, which a test does not move.
func (tr *trust) live(t *testing.T) map[string]attest.Presented {
	t.Helper()
	return map[string]attest.Presented{"X.509": tr.x509(spiffetest.Leaf{NotAfter: tr.clock.Now().Add(300 * 24 * time.Hour)})}
}

func TestBundleFile(t *testing.T) {
	tr := trustByFile(t, "example.org")
	old := tr.svids()
	tr.eachAccepted(t, old)

	tr.Rotate()
	fresh := tr.svids()
	tr.eachRejected(t, fresh) // the file does not have the new keys yet
	tr.write(t)
	tr.eachAccepted(t, fresh)
	tr.eachAccepted(t, old)
	tr.Retire()
	tr.write(t)
	tr.eachAccepted(t, fresh)
	tr.eachRejected(t, old)

	// Written over in place, to the same length, at another time.
	inPlace := func(at time.Time) {
		t.Helper()
		doc := tr.Document()
		doc = append(doc, bytes.Repeat([]byte(" "), 16<<10-len(doc))...)
		if err := errors.Join(os.WriteFile(tr.file, doc, 0o600), os.Chtimes(tr.file, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	inPlace(time.Unix(1, 0))
	tr.eachAccepted(t, fresh)
	tr.Rotate()
	tr.Retire()
	inPlace(time.Unix(2, 0))
	tr.eachRejected(t, fresh)

	// What cannot be read leaves the last good bundle, for a while.
	for name, spoil := range map[string]func() error{
		"half a file": func() error { return os.WriteFile(tr.file, tr.Document()[:100], 0o600) },
		"no bundle":   func() error { return os.WriteFile(tr.file, []byte("{}"), 0o600) },
		"too large":   func() error { return os.WriteFile(tr.file, make([]byte, 2<<20), 0o600) },
		"no file":     func() error { return nil },
		"a folder":    func() error { return os.Mkdir(tr.file, 0o700) },
	} {
		if err := errors.Join(os.RemoveAll(tr.file), spoil()); err != nil {
			t.Fatal(err)
		}
		for _, p := range tr.svids() {
			if _, err := tr.verify(t, p); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	lasting := tr.live(t)
	tr.clock.Advance(bundleLife)
	tr.eachAccepted(t, lasting)
	tr.clock.Advance(time.Second)
	tr.eachUntold(t, lasting, "last confirmed")
	if err := os.RemoveAll(tr.file); err != nil {
		t.Fatal(err)
	}
	tr.write(t)
	tr.eachAccepted(t, lasting)
	// A file that stays as it is is no outage.
	tr.clock.Advance(2 * bundleLife)
	tr.eachAccepted(t, lasting)
}

// The settings' files are read at once, so that a mistake shows where it is made.
func TestSettingsThatCannotBeUsed(t *testing.T) {
	clock := clocktest.At(time.Now())
	file := filepath.Join(t.TempDir(), "bundle.json")
	if err := os.WriteFile(file, spiffetest.NewAuthority(t, "example.org").Document(), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]domain.SPIFFESource{
		"no bundle":               {},
		"a file that is not":      {BundleFile: file + ".gone"},
		"a folder":                {BundleFile: filepath.Dir(file)},
		"no trust domain":         {TrustDomain: "Example.org", BundleFile: file},
		"http":                    {BundleURL: "http://localhost/bundle"},
		"CA without certificates": {BundleURL: "https://localhost/bundle", CABundle: "x"},
		"an endpoint's ID":        {BundleURL: "https://localhost/bundle", EndpointSPIFFEID: "x", BundleFile: file},
		"no bundle to start from": {BundleURL: "https://localhost/bundle", EndpointSPIFFEID: "spiffe://example.org/spire/server", BundleFile: file + ".gone"},
		"no socket":               {WorkloadAPI: "tcp://127.0.0.1:1"},
		"a socket without a path": {WorkloadAPI: "unix://run/api.sock"},
	} {
		s.Audience = spiffeAudience
		if s.TrustDomain == "" {
			s.TrustDomain = "example.org"
		}
		if v, err := build(clock, s); err == nil {
			t.Errorf("%s: it was taken", name)
			_ = v.Close()
		}
	}
}

func TestWorkloadAPIBundles(t *testing.T) {
	a, foreign := spiffetest.NewAuthority(t, "example.org"), spiffetest.NewAuthority(t, "elsewhere.example")
	api := spiffetest.ServeWorkloadAPI(t, foreign.Bundle(), a.Bundle())
	tr := &trust{Authority: a, clock: clocktest.At(time.Now().Truncate(time.Second))}
	tr.Verifier = newVerifier(t, tr.clock, domain.SPIFFESource{TrustDomain: "example.org", Audience: spiffeAudience, WorkloadAPI: api.Address()})
	accepts := func(svids map[string]attest.Presented) func() bool {
		return func() bool {
			for _, p := range svids {
				if _, err := tr.verify(t, p); err != nil {
					return false
				}
			}
			return true
		}
	}
	refuses := func(svids map[string]attest.Presented) func() bool {
		return func() bool {
			for _, p := range svids {
				if _, err := tr.verify(t, p); err == nil {
					return false
				}
			}
			return true
		}
	}
	old := tr.svids()
	tr.eachAccepted(t, old) // the first proof waits for the bundle

	a.Rotate()
	fresh := tr.svids()
	tr.eachRejected(t, fresh)
	api.SetBundles(foreign.Bundle(), a.Bundle())
	eventually(t, "the new keys are known without a restart", accepts(fresh))
	tr.eachAccepted(t, old)
	a.Retire()
	api.SetBundles(foreign.Bundle(), a.Bundle())
	eventually(t, "the old keys are forgotten", refuses(old))
	tr.eachRejected(t, old)
	tr.eachAccepted(t, fresh)

	// The agent dies: its last word holds for a while, and not longer.
	api.Stop()
	tr.eachAccepted(t, fresh)
	lasting := tr.live(t)
	eventually(t, "a bundle that nobody confirms is not believed", func() bool {
		tr.clock.Advance(bundleLife + time.Minute) // each time: it counts from when the silence was noticed
		return refuses(lasting)()
	})
	tr.eachUntold(t, lasting, "last confirmed")
	api.Start()
	eventually(t, "the agent is back", accepts(lasting))

	// Its trust domain is not federated with any more: that is no outage.
	api.SetBundles(foreign.Bundle())
	eventually(t, "the trust domain is withdrawn", refuses(lasting))
	tr.eachUntold(t, lasting, "gives no bundle of this trust domain")
}

// A bundle that there never was is no reason to call a proof bad.
func TestWorkloadAPIWithoutABundle(t *testing.T) {
	a := spiffetest.NewAuthority(t, "example.org")
	denying := spiffetest.ServeWorkloadAPI(t, a.Bundle())
	denying.Deny(true)
	for name, tt := range map[string]struct{ address, says string }{
		"no socket": {"unix://" + filepath.Join(t.TempDir(), "api.sock"), "no such file"},
		"no entry":  {denying.Address(), "no identity issued"},
		"not federated": {spiffetest.ServeWorkloadAPI(t, spiffetest.NewAuthority(t, "elsewhere.example").Bundle()).Address(),
			"gives no bundle"},
	} {
		t.Run(name, func(t *testing.T) {
			tr := &trust{Authority: a, clock: clocktest.At(time.Now().Truncate(time.Second))}
			tr.Verifier = newVerifier(t, tr.clock, domain.SPIFFESource{TrustDomain: "example.org", Audience: spiffeAudience, WorkloadAPI: tt.address})
			tr.eachUntold(t, tr.svids(), tt.says)
		})
	}
}

// A proof waits for the first bundle no longer than its caller does.
func TestWaitingForABundleEnds(t *testing.T) {
	hang := make(chan struct{})
	e := newBundleEndpoint(t, func() { <-hang })
	defer close(hang)
	tr := e.trust(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	got, err := tr.Verify(ctx, tr.jwt(nil), tr.clock.Now())
	untold(t, got, err, "still being fetched")
}
