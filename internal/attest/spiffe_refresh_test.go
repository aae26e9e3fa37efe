package attest

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

// The bundle's hint says how often the endpoint is asked, within bounds; what
// fails is tried again soon, and then less and less often.
func TestBundleEndpointIsAskedInTime(t *testing.T) {
	td := spiffeid.RequireTrustDomainFromString("example.org")
	hinted := func(d time.Duration) *spiffebundle.Bundle {
		b := spiffebundle.New(td)
		if d != 0 {
			b.SetRefreshHint(d)
		}
		return b
	}
	for name, tt := range map[string]struct {
		answers []*spiffebundle.Bundle // nil: it fails; the last one again and again
		want    []time.Duration        // between the first questions
	}{
		"by the hint":      {[]*spiffebundle.Bundle{hinted(2 * time.Minute)}, []time.Duration{2 * time.Minute, 2 * time.Minute}},
		"the hint changes": {[]*spiffebundle.Bundle{hinted(time.Minute), hinted(30 * time.Second)}, []time.Duration{time.Minute, 30 * time.Second}},
		"without a hint":   {[]*spiffebundle.Bundle{hinted(0)}, []time.Duration{5 * time.Minute}},
		"too often":        {[]*spiffebundle.Bundle{hinted(time.Second)}, []time.Duration{10 * time.Second, 10 * time.Second}},
		"too seldom":       {[]*spiffebundle.Bundle{hinted(240 * time.Hour)}, []time.Duration{time.Hour}},
		"a hint backwards": {[]*spiffebundle.Bundle{hinted(-time.Hour)}, []time.Duration{5 * time.Minute}},
		"after failures": {[]*spiffebundle.Bundle{nil}, []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second,
			80 * time.Second, 160 * time.Second, 5 * time.Minute, 5 * time.Minute}},
		"after an outage": {[]*spiffebundle.Bundle{hinted(time.Minute), nil, nil, hinted(time.Minute), nil, hinted(time.Minute)},
			[]time.Duration{time.Minute, 5 * time.Second, 10 * time.Second, time.Minute, 5 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var asked []time.Time
				env := Environment{Now: time.Now, Log: slog.New(slog.DiscardHandler)}
				p := &endpoint{last: keep[*spiffebundle.Bundle](td, env), now: time.Now, fetch: func(context.Context) (*spiffebundle.Bundle, error) {
					asked = append(asked, time.Now())
					b := tt.answers[min(len(asked), len(tt.answers))-1]
					if b == nil {
						return nil, errors.New("connection refused")
					}
					return b, nil
				}}
				p.begin()
				total := time.Second
				for _, d := range tt.want {
					total += d
				}
				time.Sleep(total)
				synctest.Wait()
				if err := p.Close(); err != nil {
					t.Fatal(err)
				}
				var got []time.Duration
				for i := 1; i < len(asked); i++ {
					got = append(got, asked[i].Sub(asked[i-1]))
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("asked after %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// An endpoint that does not answer holds nobody up for long.
func TestBundleEndpointHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		env := Environment{Now: time.Now, Log: slog.New(slog.DiscardHandler)}
		p := &endpoint{last: keep[*spiffebundle.Bundle](spiffeid.RequireTrustDomainFromString("example.org"), env), now: time.Now,
			fetch: func(ctx context.Context) (*spiffebundle.Bundle, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}}
		begun := time.Now()
		if _, err := p.jwt(t.Context(), time.Now()); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != bundleTimeout {
			t.Errorf("%v after %s", err, time.Since(begun))
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
