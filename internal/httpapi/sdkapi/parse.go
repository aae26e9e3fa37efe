package sdkapi

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"authsec/internal/domain"
	"authsec/internal/httpapi/wire"
	"authsec/internal/issuance"
)

// Limits of what a caller may send here.
const (
	maxQuery      = 16 << 10
	maxCredential = 16 << 10
)

// parameters are all that the endpoint takes. An unknown one is refused: a
// misspelt "actions" must not silently mean "all of them".
func parameters() []string {
	return []string{"client_id", "delegation_id", "role", "audience", "actions", "ttl", "token_binding"}
}

// parse turns a request into a struct, or into the fault to name.
func parse(r *http.Request) (issuance.Request, error) {
	info := wire.FromContext(r.Context())
	out := issuance.Request{IP: info.IP, RequestID: info.ID}
	if len(r.URL.RawQuery) > maxQuery {
		return out, invalid("The query is longer than %d bytes.", maxQuery)
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return out, invalid("The query is not well-formed.")
	}
	for _, name := range slices.Sorted(maps.Keys(q)) { // the same request, the same answer
		values := q[name]
		switch {
		case !slices.Contains(parameters(), name):
			return out, invalid("There is no parameter %q. Known are %s.", clip(name), strings.Join(parameters(), ", "))
		case name != "audience" && len(values) > 1:
			return out, invalid("The parameter %s is given more than once.", name)
		case slices.Contains(values, ""):
			return out, invalid("The parameter %s is empty. Leave it out instead.", name)
		}
	}
	if out.ClientID, err = clientID(q.Get("client_id"), r.Header.Values("X-Client-ID")); err != nil {
		return out, err
	}
	out.Request = issuance.Ask{ClientID: out.ClientID, DelegationID: strings.ToLower(q.Get("delegation_id")),
		Role: q.Get("role"), Audience: q["audience"], Actions: wire.Words(q.Get("actions"))}
	if ttl := q.Get("ttl"); ttl != "" {
		n, err := strconv.ParseInt(ttl, 10, 32)
		if err != nil || n <= 0 {
			return out, invalid("ttl must be a whole number of seconds.")
		}
		out.TTL = time.Duration(n) * time.Second
	}
	if binding := q.Get("token_binding"); binding != "" {
		if binding != wire.BindMutualTLS {
			return out, invalid("token_binding is mtls, or left out. For a DPoP-bound token, send the header DPoP.")
		}
		out.Key.MutualTLS = true
	}
	if out.Proof, err = proof(r); err != nil {
		return out, err
	}
	return out, nil
}

// clientID takes the agent's ID from the query or the X-Client-ID header; both must agree.
func clientID(query string, headers []string) (string, error) {
	if len(headers) > 1 {
		return "", invalid("The header X-Client-ID is given more than once.")
	}
	id := query
	if len(headers) == 1 {
		if id != "" && !strings.EqualFold(id, headers[0]) {
			return "", invalid("client_id and the header X-Client-ID differ.")
		}
		id = headers[0]
	}
	if id == "" {
		return "", invalid("client_id is required: the Client ID from the agent's page in the console.")
	}
	return strings.ToLower(id), nil
}

// proof reads what the caller presents of its workload.
func proof(r *http.Request) (issuance.Presented, error) {
	info := wire.FromContext(r.Context())
	p := issuance.Presented{Peer: info.Peer, Loopback: wire.FromThisMachine(r)}
	headers := r.Header.Values("Authorization")
	switch {
	case len(headers) == 0:
		// Beside a header, the connection's certificate is no proof: a mesh may have
		// made the connection, and the workload knows nothing of it.
		p.Certificates = info.Certificates
		return p, nil
	case len(headers) > 1:
		return p, invalid("The header Authorization is given more than once.")
	case len(headers[0]) > maxCredential:
		return p, invalid("The header Authorization is longer than %d bytes.", maxCredential)
	}
	scheme, value, _ := strings.Cut(headers[0], " ")
	value = strings.TrimSpace(value)
	switch {
	case strings.EqualFold(scheme, "Bearer") && value != "":
		p.Bearer = domain.Secret(value)
		return p, nil
	case strings.EqualFold(scheme, "Basic"):
		if id, secret, ok := wire.DecodeBasic(value); ok {
			p.Basic = &issuance.Basic{ClientID: strings.ToLower(id), Secret: domain.Secret(secret)}
			return p, nil
		}
	}
	return p, &domain.Error{Kind: domain.Unauthenticated, Code: issuance.CodeInvalidProof,
		Public: "The header Authorization is neither a Bearer workload token nor a well-formed Basic client secret."}
}

func invalid(format string, args ...any) error {
	return domain.Errorf(domain.Invalid, issuance.CodeInvalidRequest, format, args...)
}

// clip shortens what a caller sent before it is echoed.
func clip(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
