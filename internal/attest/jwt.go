package attest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"authsec/sdk/go/jwks"
	"authsec/sdk/go/jws"
)

// leeway is how far our clock and an issuer's may differ, and no more.
const leeway = 30 * time.Second

// object is a decoded JSON object, such as the claims of a token.
type object = jws.Object

// peeked is what a token that nobody has verified says of itself.
type peeked struct {
	Issuer, Subject string
}

// peek reads who a token says issued it, to find whose it is to verify. It is
// false for what is no signed token of good form, of at most 16 KiB.
func peek(raw string) (peeked, bool) {
	claims, err := jws.Peek(raw)
	if err != nil {
		return peeked{}, false
	}
	issuer, isText := claims.Text("iss")
	subject, _ := claims.Text("sub")
	return peeked{issuer, subject}, isText && issuer != ""
}

// tokenRules judge the tokens that one issuer signs for one audience.
type tokenRules struct {
	Issuer   string
	Audience string
	MaxAge   time.Duration // of exp − iat
	Keys     keySet
}

// verify returns the claims of a genuine token that is for us and good now, and
// when it expires. ErrNotMine: another issuer made it, or it is no token. A
// *Rejection: it is bad. Any other error: that cannot be told now.
func (t tokenRules) verify(ctx context.Context, raw string, now time.Time) (claims object, expires time.Time, err error) {
	if p, ok := peek(raw); !ok || p.Issuer != t.Issuer {
		return nil, time.Time{}, ErrNotMine
	}
	token, err := jws.Parse(raw, jws.Algorithms()...)
	if err != nil {
		return nil, time.Time{}, unreadable(err)
	}
	// A token of another purpose that the same keys signed (RFC 8725 §3.11).
	if typ, ok := token.Type(); !ok || !slices.Contains([]string{"", "jwt", "at+jwt"}, typ) {
		return nil, time.Time{}, reject("The token is of another type than a workload token. Present one that was issued to the workload itself.", nil)
	}
	key, err := t.Keys.Key(ctx, token.KeyID(), token.Algorithm())
	switch {
	case errors.Is(err, jwks.ErrUnknown):
		return nil, time.Time{}, reject("The token is signed with a key that its issuer does not publish. Fetch a new token; if that fails too, an administrator must check the keys of the workload source.", err)
	case err != nil:
		return nil, time.Time{}, fmt.Errorf("keys of the issuer: %w", err)
	}
	if claims, err = token.Verify(key); err != nil {
		return nil, time.Time{}, unreadable(err)
	}
	if expires, err = t.judge(claims, now); err != nil {
		return nil, time.Time{}, err
	}
	return claims, expires, nil
}

// judge checks the claims of a token whose signature holds.
func (t tokenRules) judge(claims object, now time.Time) (expires time.Time, err error) {
	if issuer, _ := claims.Text("iss"); issuer != t.Issuer { // what was peeked at is what was signed, but nothing rests on it
		return time.Time{}, ErrNotMine
	}
	if !slices.Contains(claims.Audience(), t.Audience) {
		return time.Time{}, reject("The token was issued for another audience. Request one for the audience that the workload source names.", nil)
	}
	return lifetime(claims, now, t.MaxAge)
}

// lifetime returns when a token ends, if it is good now and does not live too long.
func lifetime(claims object, now time.Time, most time.Duration) (expires time.Time, err error) {
	exp, issued, notBefore, err := times(claims)
	if err != nil {
		return time.Time{}, err
	}
	switch {
	case !now.Before(exp.Add(leeway)):
		return time.Time{}, reject("The token has expired. Fetch a new one.", fmt.Errorf("expired %s ago", now.Sub(exp).Round(time.Second)))
	case notBefore.After(now.Add(leeway)) || issued.After(now.Add(leeway)):
		return time.Time{}, reject("The token is not valid yet. Check the clocks of this server and of the token's issuer.",
			fmt.Errorf("iat is %s ahead, nbf %s", issued.Sub(now).Round(time.Second), notBefore.Sub(now).Round(time.Second)))
	case !exp.After(issued):
		return time.Time{}, reject("The token expires before it was issued. Fetch a new one.", nil)
	case exp.Sub(issued) > most:
		return time.Time{}, reject("The token was issued for longer than is allowed here. Get one with a shorter lifetime.",
			fmt.Errorf("lifetime %s, at most %s", exp.Sub(issued), most))
	}
	return exp, nil
}

// times reads exp and iat, which are required, and nbf, which is not and then
// is iat (RFC 7519 §4.1).
func times(claims object) (exp, iat, nbf time.Time, err error) {
	expires, eok := claims.Seconds("exp")
	issued, iok := claims.Seconds("iat")
	if !eok || !iok {
		return exp, iat, nbf, reject("The token does not say when it was issued and when it expires (iat and exp, in whole seconds).", nil)
	}
	start := issued
	if claims.Has("nbf") {
		var ok bool
		if start, ok = claims.Seconds("nbf"); !ok {
			return exp, iat, nbf, reject("The token's nbf is not in whole seconds.", nil)
		}
	}
	return time.Unix(expires, 0), time.Unix(issued, 0), time.Unix(start, 0), nil
}

func reject(problem string, err error) error { return &Rejection{Problem: problem, Err: err} }

// unreadable says what is wrong with a token as such.
func unreadable(err error) error {
	problem := "The token is malformed. Present it as its issuer gave it out, and nothing around it."
	if e, ok := errors.AsType[*jws.Error](err); ok {
		switch e.Reason {
		case jws.Malformed:
		case jws.Header:
			problem = "The token's header has a parameter that is never accepted, such as a key of its own. Present a token of the workload's issuer."
		case jws.Algorithm:
			problem = "The token is signed with an algorithm that is not accepted. Accepted are RS, PS and ES with 256, 384 or 512, and EdDSA."
		case jws.Signature:
			problem = "The token's signature is not valid. Present the token as its issuer gave it out; fetch a new one if it was changed."
		}
	}
	return reject(problem, err)
}
