package dpop

import (
	"crypto/subtle"
	"fmt"
	"net/http"
	"time"

	"authsec/sdk/go/jws"
)

const (
	// MaxBytes is the length of the longest proof that is read.
	MaxBytes = 8 << 10
	// MaxID is the length of the longest jti: receivers keep them for a while.
	MaxID = 256
	// MaxNonce is the length of the longest nonce.
	MaxNonce = 512
	// Leeway is how far a proof's iat should be allowed to lie from the receiver's
	// clock, either way.
	Leeway = 30 * time.Second
)

// HeaderName is the HTTP header that carries a proof (RFC 9449 §4.1), and
// NonceHeader the one in which a server gives a nonce (§8.1).
const (
	HeaderName  = "DPoP"
	NonceHeader = "DPoP-Nonce"
)

// Expectation is what a receiver knows of the request that carries a proof.
type Expectation struct {
	Method string    // "POST"; compared exactly
	URL    string    // as its clients know it; query and fragment do not count
	Now    time.Time // the receiver's clock
	Leeway time.Duration
	// AccessToken is the token that the request carries: ath must be its hash. ""
	// where the request carries none, at a token endpoint; ath is then not looked at.
	AccessToken string
}

// Proof is a proof that is right for its request, as far as can be told without
// memory.
type Proof struct {
	Thumbprint string // of the key, RFC 7638 with SHA-256, base64url: compare to cnf.jkt
	ID         string // jti: unique for the key; at most MaxID bytes
	Nonce      string // "" for none; at most MaxNonce bytes
	IssuedAt   time.Time
	Algorithm  string // one of Algorithms
}

// FromHeader returns the one proof of a request, "" when it has none. More than
// one is an *[Error] (RFC 9449 §4.3 no. 1).
func FromHeader(header http.Header) (string, error) {
	switch values := header.Values(HeaderName); {
	case len(values) == 0:
		return "", nil
	case len(values) > 1:
		return "", &Error{Malformed, "want one DPoP header"}
	case values[0] == "":
		return "", &Error{Malformed, "want a JWT in the DPoP header"}
	default:
		return values[0], nil
	}
}

// Parse checks a proof as RFC 9449 §4.3 says, save for its nonce and whether it
// was seen before, cheapest first. Its errors are of type *[Error], except for a
// fault of e itself, which is the caller's mistake.
func Parse(compact string, e Expectation) (Proof, error) {
	want, err := target(e.URL)
	if err != nil || e.Method == "" || e.Leeway < 0 {
		return Proof{}, fmt.Errorf("dpop.Parse: the expected method, URL or leeway is not one: %w", errTarget)
	}
	token, jwk, err := jws.ParseCarrying(MaxBytes, compact, Algorithms()...)
	if err != nil {
		return Proof{}, refused(err)
	}
	if typ, ok := token.Type(); !ok || typ != "dpop+jwt" {
		return Proof{}, &Error{Type, "want typ dpop+jwt"}
	}
	key, err := parseKey(jwk, token.Algorithm())
	if err != nil {
		return Proof{}, err
	}
	claims, err := token.Verify(key)
	if err != nil {
		return Proof{}, refused(err)
	}
	p := Proof{Algorithm: token.Algorithm()}
	if p.Thumbprint, err = Thumbprint(key); err != nil {
		return Proof{}, &Error{Key, "jwk: has no thumbprint"}
	}
	if err := p.read(claims); err != nil {
		return Proof{}, err
	}
	if err := p.match(claims, e, want); err != nil {
		return Proof{}, err
	}
	return p, nil
}

// read takes the claims that stand by themselves.
func (p *Proof) read(claims jws.Object) error {
	var ok bool
	if p.ID, ok = claims.Text("jti"); !ok || p.ID == "" || len(p.ID) > MaxID {
		return &Error{Claims, fmt.Sprintf("jti: want a string of 1 to %d bytes", MaxID)}
	}
	if p.Nonce, ok = claims.Text("nonce"); !ok || len(p.Nonce) > MaxNonce || claims.Has("nonce") && p.Nonce == "" {
		return &Error{Claims, fmt.Sprintf("nonce: want none or a string of 1 to %d bytes", MaxNonce)}
	}
	seconds, ok := claims.Seconds("iat")
	if !ok {
		return &Error{Claims, "iat: want a whole number of seconds"}
	}
	p.IssuedAt = time.Unix(seconds, 0).UTC()
	return nil
}

// match holds the claims to the request.
func (p *Proof) match(claims jws.Object, e Expectation, want string) error {
	method, ok := claims.Text("htm")
	if !ok || method == "" {
		return &Error{Claims, "htm: want a string"}
	}
	htu, ok := claims.Text("htu")
	if !ok || htu == "" {
		return &Error{Claims, "htu: want a string"}
	}
	if method != e.Method {
		return &Error{Method, "htm: want " + e.Method}
	}
	if got, err := target(htu); err != nil || got != want {
		return &Error{Target, "htu: want " + want}
	}
	if off := e.Now.Sub(p.IssuedAt); off.Abs() > e.Leeway {
		when := "ago"
		if off < 0 {
			when = "ahead"
		}
		return &Error{Time, fmt.Sprintf("iat is %s %s: want at most %s", off.Abs().Round(time.Second), when, e.Leeway)}
	}
	if e.AccessToken == "" {
		return nil
	}
	ath, ok := claims.Text("ath")
	if !ok || subtle.ConstantTimeCompare([]byte(ath), []byte(AccessTokenHash(e.AccessToken))) != 1 {
		return &Error{Token, "ath: want the hash of the access token"}
	}
	return nil
}
