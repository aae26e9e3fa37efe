package verify

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"authsec/sdk/go/dpop"
	"authsec/sdk/go/jwks"
)

// defaultMaxProofs is good for 2,000 requests a second, in some 20 MiB.
const defaultMaxProofs = 1 << 17

// DPoP says how an API takes DPoP-bound tokens (RFC 9449 §7). Its zero value
// suits an API that its clients reach directly.
type DPoP struct {
	// PublicURL is where clients reach the API: scheme and host, and the part of the
	// path that a proxy takes off. "" takes both from the request: its own TLS and its
	// Host header, which is wrong behind a proxy and lets clients choose among the
	// names of an API that answers to any. Forwarding headers are never read.
	PublicURL string
	// RequireNonce demands a nonce of this API's in every proof (§9), so that none can
	// be made in advance. Clients then ask twice, once every five minutes at most.
	RequireNonce bool
	// NonceKey makes the nonces: at least 32 random bytes, the same in every replica.
	// nil is one of this process's own.
	NonceKey []byte
	// MaxProofs is how many proofs are remembered, for as long as each would be
	// accepted again; 0 is 131,072. Beyond it requests are refused with
	// ErrReplayUnknown.
	MaxProofs int
}

// WithDPoP accepts DPoP-bound tokens (RFC 9449 §7) under the scheme DPoP, and has
// challenges and metadata say so.
func WithDPoP(d DPoP) Option { return func(s *settings) { s.dpop = &d } }

// proofs checks the DPoP proofs of requests.
type proofs struct {
	origin string // "" : the request's own
	now    func() time.Time
	nonces *nonces // nil: none demanded
	seen   *replays
}

func newProofs(d DPoP, s *settings) (*proofs, error) {
	var faults []error
	p := &proofs{origin: strings.TrimSuffix(d.PublicURL, "/"), now: s.now}
	if d.PublicURL != "" {
		if err := jwks.CheckURL(d.PublicURL, s.plainHTTP); err != nil {
			faults = append(faults, fmt.Errorf("DPoP public URL: %w", err))
		}
	}
	switch {
	case d.RequireNonce:
		key := d.NonceKey
		if key == nil {
			key = []byte(rand.Text() + rand.Text())
		}
		made, err := newNonces(key)
		if err != nil {
			faults = append(faults, err)
		}
		p.nonces = made
	case d.NonceKey != nil:
		faults = append(faults, errors.New("DPoP: NonceKey goes with RequireNonce"))
	}
	if d.MaxProofs < 0 {
		faults = append(faults, fmt.Errorf("DPoP: MaxProofs %d: want 0 or more", d.MaxProofs))
	}
	room := d.MaxProofs
	if room == 0 {
		room = defaultMaxProofs
	}
	p.seen = newReplays(room)
	return p, errors.Join(faults...)
}

// check holds a request to RFC 9449 §4.3 and §7.1: one good proof, for this
// request and this token, by the token's key, not seen before. It returns the
// nonce to send with the answer, "" for none: one is due when the proof's is not
// the present one (RFC 9449 §8.2).
func (p *proofs) check(r *http.Request, token, thumbprint string) (nonce string, err error) {
	compact, err := dpop.FromHeader(r.Header)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrProof, err)
	}
	if compact == "" {
		return "", fmt.Errorf("%w: there is no DPoP header", ErrProof)
	}
	now := p.now()
	// The leeway of a proof is fixed: a longer one of the verifier is for the issuer's clock.
	proof, err := dpop.Parse(compact, dpop.Expectation{Method: r.Method, URL: p.url(r), Now: now, Leeway: dpop.Leeway, AccessToken: token})
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrProof, err)
	}
	if subtle.ConstantTimeCompare([]byte(proof.Thumbprint), []byte(thumbprint)) != 1 {
		return "", fmt.Errorf("%w: the proof is by another key", ErrBinding)
	}
	if p.nonces != nil {
		if !p.nonces.accepts(proof.Nonce, now) {
			return "", ErrNonce
		}
		if nonce = p.nonces.at(now); nonce == proof.Nonce {
			nonce = ""
		}
	}
	return nonce, p.seen.admit(proof, proof.IssuedAt.Add(dpop.Leeway), now)
}

// url returns the request's, as its sender knows it.
func (p *proofs) url(r *http.Request) string {
	origin := p.origin
	if origin == "" {
		origin = "http://" + r.Host
		if r.TLS != nil {
			origin = "https://" + r.Host
		}
	}
	// What the request line said: a router may have cut the path since.
	path := r.RequestURI
	if path == "" {
		path = r.URL.RequestURI()
	}
	if !strings.HasPrefix(path, "/") { // the absolute form (RFC 9112 §3.2.2)
		if u, err := url.Parse(path); err == nil {
			path = u.EscapedPath()
		}
	}
	return origin + path
}

// nonce returns the present one, "" where none is demanded.
func (p *proofs) nonce() string {
	if p == nil || p.nonces == nil {
		return ""
	}
	return p.nonces.at(p.now())
}
