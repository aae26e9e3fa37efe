package verify

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"authsec/sdk/go/jwks"
)

// refusal is an answer of RFC 6750 §3. All of its texts are ours, so none needs
// escaping in the challenge's quoted strings.
type refusal struct {
	status      int
	code        string
	description string
	scope       string        // what the request needs, for insufficient_scope
	retryAfter  time.Duration // in whole seconds
}

var (
	refusalNoToken      = refusal{status: 401, code: "token_required", description: "send an access token in the Authorization header: Bearer, a space, the token"}
	refusalInvalidToken = refusal{status: 401, code: "invalid_token", description: "the token is not accepted"}
	refusalMalformed    = refusal{status: 400, code: "invalid_request", description: "the Authorization header is malformed: send Bearer, a space, the token"}
	refusalTwice        = refusal{status: 400, code: "invalid_request", description: "send the token once, in one Authorization header"}
	refusalInsufficient = refusal{status: 403, code: "insufficient_scope", description: "the token does not allow this: ask for one that holds the actions named in scope"}
	refusalUnavailable  = refusal{status: 503, code: "temporarily_unavailable", description: "the token cannot be checked at the moment: try again", retryAfter: jwks.RefreshInterval}
	refusalMisplaced    = refusal{status: 500, code: "server_error", description: "this route demands actions but checks no token"}
)

func (f refusal) write(w http.ResponseWriter, c challenger) {
	h := w.Header()
	if f.status != http.StatusServiceUnavailable && f.status != http.StatusInternalServerError {
		h.Set("WWW-Authenticate", f.challenge(c))
	}
	if f.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(f.retryAfter/time.Second)))
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

// challenger is who challenges: the realm (RFC 6750 §3) and where its metadata is
// (RFC 9728 §5.1), each "" for none.
type challenger struct{ realm, metadata string }

// challenge returns the WWW-Authenticate value. A request that sent no token is
// told no error (RFC 6750 §3.1).
func (f refusal) challenge(c challenger) string {
	var value []byte
	add := func(name, text string) {
		separator := ", "
		if value == nil {
			separator = "Bearer "
		}
		value = append(value, separator+name+`="`+text+`"`...)
	}
	if c.realm != "" {
		add("realm", c.realm)
	}
	if f.code != refusalNoToken.code {
		add("error", f.code)
		add("error_description", f.description)
	}
	if f.scope != "" {
		add("scope", f.scope)
	}
	if c.metadata != "" {
		add("resource_metadata", c.metadata)
	}
	return string(value)
}
