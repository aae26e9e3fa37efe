package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"authsec/internal/domain"
	"authsec/sdk/go/jwks"
	"authsec/sdk/go/jws"
)

// leeway is how far our clock and a provider's may differ, and no more.
const leeway = 30 * time.Second

// Kind says what a person's token claims to be (RFC 8693 §3).
type Kind string

// The kinds.
const (
	IDToken     Kind = "id_token"     // OpenID Connect Core §2
	AccessToken Kind = "access_token" // a JWT access token, RFC 9068
	JWT         Kind = "jwt"          // either
)

// types are the values of typ that a kind can have: a token of another purpose
// that the same keys signed is none of ours (RFC 8725 §3.11). Only at+jwt tells
// an access token for certain (RFC 9068 §2.1).
func (k Kind) types() []string {
	switch k {
	case IDToken:
		return []string{"", "jwt"}
	case AccessToken:
		return []string{"at+jwt"}
	case JWT:
		return []string{"", "jwt", "at+jwt"}
	}
	return nil
}

// rules judge the tokens that one provider signs for one audience.
type rules struct {
	issuer   string
	audience string
	kind     Kind
	most     time.Duration // of exp − iat; 0: however long
	keys     jwks.Keys
}

// verify returns the claims of a genuine token that is for us and good now, and
// when it expires. Unauthenticated: it is not; the public text says why. Any
// other error: that cannot be told now.
func (r rules) verify(ctx context.Context, compact string, now time.Time) (claims jws.Object, expires time.Time, err error) {
	token, err := jws.Parse(compact, jws.Algorithms()...)
	if err != nil {
		return nil, time.Time{}, unreadable(err)
	}
	if typ, ok := token.Type(); !ok || !slices.Contains(r.kind.types(), typ) {
		return nil, time.Time{}, reject("The token is of another type than was said. Send an ID token as id_token, an access token of the type at+jwt as access_token, and others as jwt.", nil)
	}
	key, err := r.keys.Key(ctx, token.KeyID(), token.Algorithm())
	switch {
	case errors.Is(err, jwks.ErrUnknown):
		return nil, time.Time{}, reject("The token is signed with a key that its issuer does not publish. Fetch a new token; if that fails too, an administrator must check the keys of the identity provider.", err)
	case err != nil:
		return nil, time.Time{}, fmt.Errorf("keys of the identity provider: %w", err)
	}
	if claims, err = token.Verify(key); err != nil {
		return nil, time.Time{}, unreadable(err)
	}
	if expires, err = r.judge(claims, now); err != nil {
		return nil, time.Time{}, err
	}
	return claims, expires, nil
}

// judge checks the claims of a token whose signature holds.
func (r rules) judge(claims jws.Object, now time.Time) (expires time.Time, err error) {
	if issuer, _ := claims.Text("iss"); issuer != r.issuer {
		return time.Time{}, errOtherIssuer()
	}
	audiences := claims.Audience()
	if r.audience == "" || !slices.Contains(audiences, r.audience) {
		return time.Time{}, reject("The token was issued for another audience. Request one for the audience that the identity provider's entry here names.", nil)
	}
	// OpenID Connect Core §3.1.3.7, items 4 and 5. An access token's azp is the
	// client that requested it, whoever that is.
	if azp, _ := claims.Text("azp"); r.kind == IDToken && len(audiences) > 1 && azp != r.audience {
		return time.Time{}, reject("The ID token is for several audiences and was issued to another client (azp). Request one for this server's audience alone.", nil)
	}
	// A security event, such as a logout token, is no sign of a person's presence
	// (RFC 8417 §2.2, OpenID Connect Back-Channel Logout §2.4).
	if claims.Has("events") {
		return time.Time{}, reject("The token is a security event, and no person's.", nil)
	}
	if err := checkSubject(claims); err != nil {
		return time.Time{}, err
	}
	return r.lifetime(claims, now)
}

func checkSubject(claims jws.Object) error {
	subject, isText := claims.Text("sub")
	var f domain.Faults
	domain.CheckText(&f, "sub", subject, domain.MaxSubject, false)
	if !isText || subject == "" || len(subject) > domain.MaxSubject || f.Err() != nil {
		return reject("The token does not say whose it is (sub), in at most 255 bytes of printable text.", nil)
	}
	return nil
}

// lifetime returns when a token ends, if it is good now and does not live too long.
func (r rules) lifetime(claims jws.Object, now time.Time) (expires time.Time, err error) {
	exp, iat, nbf, ok := times(claims)
	switch {
	case !ok:
		return time.Time{}, reject("The token does not say when it was issued and when it expires (iat and exp, in whole seconds).", nil)
	case !now.Before(exp.Add(leeway)):
		return time.Time{}, reject("The token has expired. Fetch a new one.", fmt.Errorf("expired %s ago", now.Sub(exp).Round(time.Second)))
	case nbf.After(now.Add(leeway)) || iat.After(now.Add(leeway)):
		return time.Time{}, reject("The token is not valid yet. Check the clocks of this server and of the token's issuer.",
			fmt.Errorf("iat is %s ahead, nbf %s", iat.Sub(now).Round(time.Second), nbf.Sub(now).Round(time.Second)))
	case !exp.After(iat):
		return time.Time{}, reject("The token expires before it was issued. Fetch a new one.", nil)
	case r.most != 0 && exp.Sub(iat) > r.most:
		return time.Time{}, reject("The token was issued for longer than is allowed here. Get one with a shorter lifetime.",
			fmt.Errorf("lifetime %s, at most %s", exp.Sub(iat), r.most))
	}
	return exp, nil
}

// times reads exp and iat, which are required, and nbf, which is not and then is
// iat (RFC 7519 §4.1).
func times(claims jws.Object) (exp, iat, nbf time.Time, ok bool) {
	expires, eok := claims.Seconds("exp")
	issued, iok := claims.Seconds("iat")
	start, nok := issued, true
	if claims.Has("nbf") {
		start, nok = claims.Seconds("nbf")
	}
	return time.Unix(expires, 0), time.Unix(issued, 0), time.Unix(start, 0), eok && iok && nok
}

// The codes of a token that is not accepted.
const (
	CodeInvalidToken = "invalid_subject_token"
	CodeOtherIssuer  = "unknown_issuer" // of no identity provider in question
)

func reject(problem string, cause error) error {
	return &domain.Error{Kind: domain.Unauthenticated, Code: CodeInvalidToken, Public: problem, Err: cause}
}

func errOtherIssuer() error {
	return domain.Errorf(domain.Unauthenticated, CodeOtherIssuer, "The token is of no identity provider that is trusted here. An administrator can add its issuer.")
}

// unreadable says what is wrong with a token as such.
func unreadable(err error) error {
	problem := "The token is malformed. Send it as its issuer gave it out, and nothing around it."
	if e, ok := errors.AsType[*jws.Error](err); ok {
		switch e.Reason {
		case jws.Malformed:
		case jws.Header:
			problem = "The token's header has a parameter that is never accepted, such as a key of its own."
		case jws.Algorithm:
			problem = "The token is signed with an algorithm that is not accepted. Accepted are RS, PS and ES with 256, 384 or 512, and EdDSA."
		case jws.Signature:
			problem = "The token's signature is not valid. Send the token as its issuer gave it out; fetch a new one if it was changed."
		}
	}
	return reject(problem, err)
}
