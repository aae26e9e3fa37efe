package providertest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// begin counts a request, and does what goes wrong with all of them; false: it is answered.
func (p *Provider) begin(w http.ResponseWriter, r *http.Request) (Faults, bool) {
	p.mu.Lock()
	p.asked[r.URL.Path]++
	f := p.faults
	p.mu.Unlock()
	if f.Hang != nil && r.URL.Path != "/keys" {
		select {
		case <-f.Hang:
		case <-r.Context().Done():
		}
	}
	if f.Status != 0 {
		http.Error(w, "out of order", f.Status)
		return f, false
	}
	return f, true
}

func answer(w http.ResponseWriter, f Faults, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(strings.Repeat(" ", f.Padding)))
	_ = json.NewEncoder(w).Encode(v)
}

func (p *Provider) serveMetadata(w http.ResponseWriter, r *http.Request) {
	f, ok := p.begin(w, r)
	if !ok {
		return
	}
	if f.Redirect != "" {
		http.Redirect(w, r, f.Redirect, http.StatusFound)
		return
	}
	m := map[string]any{"issuer": p.server.URL, "authorization_endpoint": p.server.URL + "/authorize", "token_endpoint": p.server.URL + "/token",
		"jwks_uri": p.server.URL + "/keys", "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256", "ES256"}, "code_challenge_methods_supported": []string{"S256"},
		"authorization_response_iss_parameter_supported": true}
	if f.Metadata != nil {
		f.Metadata(m)
	}
	answer(w, f, http.StatusOK, m)
}

func (p *Provider) serveKeys(w http.ResponseWriter, r *http.Request) {
	f, ok := p.begin(w, r)
	if !ok {
		return
	}
	p.mu.Lock()
	set := jose.JSONWebKeySet{}
	for _, k := range p.keys {
		set.Keys = append(set.Keys, k.Public())
	}
	p.mu.Unlock()
	answer(w, f, http.StatusOK, set)
}

// serveAuthorize lets the person in who is at the browser (OpenID Connect Core
// §3.1.2), if the request is what this server must send.
func (p *Provider) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked[r.URL.Path]++
	q := r.URL.Query()
	if q.Get("client_id") != p.client.ID || q.Get("redirect_uri") != p.client.RedirectURI || q.Get("response_type") != "code" ||
		!slices.Contains(strings.Fields(q.Get("scope")), "openid") || q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43 ||
		q.Get("state") == "" || q.Get("nonce") == "" {
		http.Error(w, "not a request that this provider takes: "+r.URL.RawQuery, http.StatusBadRequest)
		return
	}
	back := url.Values{"state": {q.Get("state")}}
	switch p.faults.Issuer {
	case "":
		back.Set("iss", p.server.URL)
	case "-":
	default:
		back.Set("iss", p.faults.Issuer)
	}
	if p.faults.Deny != "" {
		back.Set("error", p.faults.Deny)
	} else {
		code := rand.Text()
		p.codes[code] = grant{q.Get("code_challenge"), q.Get("nonce"), q.Get("redirect_uri"), maps.Clone(p.person)}
		back.Set("code", code)
	}
	http.Redirect(w, r, p.client.RedirectURI+"?"+back.Encode(), http.StatusFound)
}

// serveToken redeems a code once (OpenID Connect Core §3.1.3, RFC 7636 §4.6).
func (p *Provider) serveToken(w http.ResponseWriter, r *http.Request) {
	f, ok := p.begin(w, r)
	if !ok {
		return
	}
	if f.TokenAnswer != "" {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(f.TokenAnswer))
		return
	}
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	if id != p.client.ID || secret != p.client.Secret {
		answer(w, f, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	p.mu.Lock()
	g, known := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	key := p.keys[len(p.keys)-1]
	p.mu.Unlock()
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !known || r.PostFormValue("grant_type") != "authorization_code" || r.PostFormValue("redirect_uri") != g.redirectURI ||
		base64.RawURLEncoding.EncodeToString(challenge[:]) != g.challenge {
		answer(w, f, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	now := p.now()
	claims := map[string]any{"iss": p.server.URL, "aud": p.client.ID, "nonce": g.nonce, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
	maps.Copy(claims, g.claims)
	if f.Alter != nil {
		f.Alter(claims)
		maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	}
	out := map[string]any{"access_token": "opaque", "token_type": "Bearer", "expires_in": 300}
	switch {
	case f.NoIDToken:
	case f.Sign != nil:
		out["id_token"] = f.Sign(claims)
	default:
		out["id_token"] = Sign(p.t, key, claims, "JWT")
	}
	answer(w, f, http.StatusOK, out)
}
