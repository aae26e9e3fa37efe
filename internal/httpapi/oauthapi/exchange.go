package oauthapi

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"authsec/internal/domain"
	"authsec/internal/httpapi/wire"
	"authsec/internal/issuance"
)

// grantTokenExchange is RFC 8693 §2.1.
const grantTokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"

// tokenTypes begins the URIs of token types (RFC 8693 §3).
const tokenTypes = "urn:ietf:params:oauth:token-type:"

const typeAccessToken = tokenTypes + "access_token"

// subject is what RFC 8693 §2.1 adds to a token request.
type subject struct {
	token domain.Secret
	kind  issuance.TokenKind
}

// readSubject reads the parameters of RFC 8693 §2.1. The actor is the client
// itself: an actor_token can only say so once more.
func readSubject(f form, proof issuance.Presented) (subject, error) {
	s := subject{token: domain.Secret(f.value("subject_token"))}
	switch kind, named := tokenKind(f.value("subject_token_type")); {
	case s.token == "":
		return s, malformed("subject_token is required: the token that is exchanged.")
	case f.value("subject_token_type") == "":
		return s, malformed("subject_token_type is required: %s, or with id_token or jwt at its end.", typeAccessToken)
	case !named:
		return s, malformed("The subject_token_type is not one that is exchanged here. Those are access_token, id_token and jwt, each after %s.", tokenTypes)
	default:
		s.kind = kind
	}
	switch requested := f.value("requested_token_type"); requested {
	case "", typeAccessToken, tokenTypes + "jwt": // an access token is a JWT
	default:
		return s, malformed("The requested_token_type is not one that is issued here. Leave it out, or send %s.", typeAccessToken)
	}
	return s, checkActor(f, proof)
}

// checkActor refuses an actor_token that is anything but the client's own proof.
func checkActor(f form, proof issuance.Presented) error {
	actor, kind := f.value("actor_token"), f.value("actor_token_type")
	if actor == "" && kind == "" {
		return nil
	}
	_, named := tokenKind(kind)
	switch {
	case actor == "" || kind == "": // RFC 8693 §2.1
		return malformed("actor_token and actor_token_type go together.")
	case !named:
		return malformed("The actor_token_type is not one that is taken here. Leave out actor_token: the client that asks is the actor.")
	case domain.Secret(actor) != proof.Bearer:
		return malformed("The actor is the client that asks. Leave out actor_token, or send the same token as client_assertion.")
	}
	return nil
}

func tokenKind(uri string) (issuance.TokenKind, bool) {
	name, ours := strings.CutPrefix(uri, tokenTypes)
	switch kind := issuance.TokenKind(name); kind {
	case issuance.AccessToken, issuance.IDToken, issuance.JWT:
		return kind, ours
	}
	return "", false
}

// grant gives the token that a request's grant is for, and its type where RFC 8693
// §2.2.1 wants it told.
func (a API) grant(ctx context.Context, r grantRequest) (got issuance.Issued, issued string, err error) {
	if r.subject == nil {
		got, err = a.Tokens.Issue(ctx, r.Request)
		return got, "", err
	}
	got, err = a.Tokens.Exchange(ctx, issuance.ExchangeRequest{Request: r.Request, Subject: r.subject.token, SubjectKind: r.subject.kind})
	if err != nil {
		return got, "", &failedExchange{err}
	}
	return got, typeAccessToken, nil
}

// failedExchange is an error of an exchange: RFC 8693 §2.2.2 has names of its own.
type failedExchange struct{ error }

func (e *failedExchange) Unwrap() error { return e.error }

// exchangeError is tokenError for exchanges: what is wrong with the grant is wrong
// with the subject token, or with whose it is.
func exchangeError(e domain.Error) domain.Error {
	e = tokenError(e)
	if e.Code == invalidGrant {
		e.Code = invalidRequest
	}
	return e
}

// failToken answers an error at the token endpoint.
func failToken() func(http.ResponseWriter, *http.Request, error) {
	const challenge = `Basic realm="authsec"`
	usual, exchange := wire.OAuthErrorAs(tokenError, challenge), wire.OAuthErrorAs(exchangeError, challenge)
	return func(w http.ResponseWriter, r *http.Request, err error) {
		if _, ok := errors.AsType[*failedExchange](err); ok {
			exchange(w, r, err)
			return
		}
		usual(w, r, err)
	}
}
