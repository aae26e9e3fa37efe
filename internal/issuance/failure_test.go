package issuance_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"authsec/internal/domain"
	"authsec/internal/issuance"
	"authsec/internal/token"
)

// recorder fails.
type recorder struct{ err error }

func (r recorder) Record(context.Context, domain.Event, *domain.Use) error { return r.err }

// A token leaves only when its event is durable; so does a refusal after proof.
func TestNothingLeavesUnrecorded(t *testing.T) {
	h := newHouse(t)
	down := domain.Errorf(domain.Unavailable, "temporarily_unavailable", "The audit log cannot take the event now.")
	down.RetryAfter = 2 * time.Second
	h.Recorder = recorder{down}
	if e := h.refused(t, domain.Unavailable, "temporarily_unavailable"); e.RetryAfter != 2*time.Second {
		t.Errorf("retry after %v", e.RetryAfter)
	}
	h.refused(t, domain.Unavailable, "temporarily_unavailable", func(r *issuance.Request) { r.Actions = []string{orders} })
	h.Recorder = recorder{errors.New("disk")}
	got, err := h.Issue(t.Context(), h.request())
	if domain.KindOf(err) != domain.Internal || got.Token != "" {
		t.Errorf("%+v, %v", got, err)
	}
	for what := range h.metrics.all() {
		if strings.HasPrefix(what, "issued") {
			t.Error("a token that never left was counted")
		}
	}
}

func TestACallerWhoLeftGetsNoToken(t *testing.T) {
	h := newHouse(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got, err := h.Issue(ctx, h.request())
	if domain.KindOf(err) != domain.Unavailable || got.Token != "" {
		t.Errorf("%+v, %v", got, err)
	}
}

// signer fails.
type signer struct{ err error }

func (s signer) Current(time.Time) (token.SigningKey, error) { return nil, s.err }

func TestMintingFails(t *testing.T) {
	for name, tt := range map[string]struct {
		err  error
		kind domain.Kind
		code string
	}{
		"no key may sign now": {domain.Errorf(domain.Unavailable, "temporarily_unavailable", "No token can be signed."), domain.Unavailable, "temporarily_unavailable"},
		"the key is broken":   {errors.New("pkcs11: device error"), domain.Internal, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.Minter = &token.Minter{Issuer: issuer, Signer: signer{tt.err}}
			list := h.events(t, func() {
				got, err := h.Issue(t.Context(), h.request())
				if domain.KindOf(err) != tt.kind || domain.CodeOf(err) != tt.code || !errors.Is(err, tt.err) || got.Token != "" {
					t.Errorf("%+v, %v", got, err)
				}
			})
			if len(list) != 0 {
				t.Error("a token that never was is in the log")
			}
		})
	}
	h := newHouse(t)
	h.Random = iotest.ErrReader(io.ErrUnexpectedEOF)
	if got, err := h.Issue(t.Context(), h.request()); !errors.Is(err, io.ErrUnexpectedEOF) || got.Token != "" {
		t.Errorf("%+v, %v", got, err)
	}
}

// reader fails.
type reader struct{ err error }

func (r reader) Authority(context.Context, string, string, string) (domain.Authority, error) {
	return domain.Authority{}, r.err
}

func TestTheDatabaseIsAway(t *testing.T) {
	h := newHouse(t)
	h.Authority = reader{domain.Errorf(domain.Unavailable, "temporarily_unavailable", "The database cannot be reached.")}
	h.refused(t, domain.Unavailable, "temporarily_unavailable")
	// A request that can never be granted costs no read.
	h.refused(t, domain.Invalid, "invalid_request", func(r *issuance.Request) { r.TTL = time.Second })
}
