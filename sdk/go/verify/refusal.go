package verify

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"authsec/sdk/go/dpop"
	"authsec/sdk/go/jwks"
)

// refusal is an answer of RFC 6750 §3 and RFC 9449 §7.1. All of its texts are ours,
// so none needs escaping in the challenge's quoted strings.
type refusal struct {
	status      int
	code        string
	description string
	scope       string        // what the request needs, for insufficient_scope
	retryAfter  time.Duration // in whole seconds
	nonce       string        // for the client's next proof
}

const (
	codeNoToken       = "token_required"
	codeInvalid       = "invalid_request"
	codeInvalidToken  = "invalid_token"
	codeInvalidProof  = "invalid_dpop_proof"
	codeUseNonce      = "use_dpop_nonce"
	codeUnavailable   = "temporarily_unavailable"
	codeInsufficient  = "insufficient_scope"
	unavailableText   = "the token cannot be checked at the moment: try again"
	insufficientText  = "the token does not allow this: ask for one that holds the actions named in scope"
	misplacedText     = "this route demands actions but checks no token"
	unrecognisedToken = "the token is not accepted"
)

var (
	refusalInsufficient = refusal{status: 403, code: codeInsufficient, description: insufficientText}
	refusalMisplaced    = refusal{status: 500, code: "server_error", description: misplacedText}
)

// refusalOf gives an error its answer.
func refusalOf(err error) refusal {
	f := refusal{status: 401, code: codeInvalidToken, description: unrecognisedToken}
	if fixed, ok := errors.AsType[*fault](err); ok {
		f.description = fixed.text
	}
	switch {
	case errors.Is(err, ErrKeysUnavailable), errors.Is(err, ErrRevocationUnknown), errors.Is(err, ErrReplayUnknown):
		return refusal{status: 503, code: codeUnavailable, description: unavailableText, retryAfter: jwks.RefreshInterval}
	case errors.Is(err, ErrTokenRequired):
		f.code = codeNoToken
	case errors.Is(err, ErrAuthorization), errors.Is(err, ErrTokenTwice):
		f.status, f.code = 400, codeInvalid
	case errors.Is(err, ErrNonce):
		f.code = codeUseNonce
	case errors.Is(err, ErrReplayed):
		f.code = codeInvalidProof
	case errors.Is(err, ErrProof):
		f.code = codeInvalidProof
		if why, ok := errors.AsType[*dpop.Error](err); ok {
			f.description += " (" + string(why.Reason) + ")"
		}
	}
	return f
}

func (f refusal) write(w http.ResponseWriter, c challenger) {
	h := w.Header()
	if f.status != http.StatusServiceUnavailable && f.status != http.StatusInternalServerError {
		h["Www-Authenticate"] = f.challenges(c)
	}
	if f.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(f.retryAfter/time.Second)))
	}
	if f.nonce != "" {
		h.Set(dpop.NonceHeader, f.nonce)
	}
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "application/json")
	w.WriteHeader(f.status)
	// The caller has the status; when the connection broke there is no one to tell.
	_ = json.NewEncoder(w).Encode(struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{f.code, f.description})
}

// challenger is who challenges: the realm (RFC 6750 §3), where its metadata is
// (RFC 9728 §5.1), each "" for none, and the schemes it accepts.
type challenger struct {
	realm, metadata string
	schemes         []string // none: Bearer
	scheme          string   // of the request, "" for none
}

// challenges returns one WWW-Authenticate value per scheme. The error stands with
// the scheme that the request used (RFC 9449 §7.2), or the first; a request that
// sent no token is told no error (RFC 6750 §3.1).
func (f refusal) challenges(c challenger) []string {
	schemes := c.schemes
	if len(schemes) == 0 {
		schemes = []string{schemeBearer}
	}
	told := schemes[0]
	for _, scheme := range schemes {
		if scheme == c.scheme {
			told = scheme
		}
	}
	var values []string
	for _, scheme := range schemes {
		values = append(values, f.challenge(c, scheme, scheme == told))
	}
	return values
}

func (f refusal) challenge(c challenger, scheme string, told bool) string {
	var parameters []string
	add := func(name, text string) {
		if text != "" {
			parameters = append(parameters, name+`="`+text+`"`)
		}
	}
	add("realm", c.realm)
	if told && f.code != codeNoToken {
		add("error", f.code)
		add("error_description", f.description)
	}
	if told {
		add("scope", f.scope)
	}
	if scheme == schemeDPoP {
		add("algs", strings.Join(dpop.Algorithms(), " "))
	}
	add("resource_metadata", c.metadata)
	return strings.TrimSuffix(scheme+" "+strings.Join(parameters, ", "), " ")
}
