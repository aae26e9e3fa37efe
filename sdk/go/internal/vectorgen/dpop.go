package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/go-jose/go-jose/v4"

	"authsec/sdk/go/dpop"
)

// Reasons to refuse a proof, beside those of tokens.
const (
	badKey    = "key"
	badMethod = "method"
	badTarget = "target"
	badTime   = "time"
	badToken  = "token"

	proofMethod = "GET"
	proofURL    = "https://billing.example.com/bills/7"
	// opaque is the access token of RFC 9449 §7.1.
	opaque = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"

	keyES256      = "dpop-es256"
	keyES256Other = "dpop-es256-other"
)

// proofVector is one proof, the request that it is for, and what is to be made of it.
type proofVector struct {
	Name        string       `json:"name"`
	Description string       `json:"description"`
	Source      string       `json:"source"`
	Now         int64        `json:"now,omitempty"` // in place of the file's
	Method      string       `json:"method"`
	URL         string       `json:"url"`
	AccessToken string       `json:"access_token,omitempty"` // absent: the request carries none
	Proof       string       `json:"dpop"`
	Valid       bool         `json:"valid"`
	Error       string       `json:"error,omitempty"`
	Result      *proofResult `json:"result,omitempty"`
}

type proofResult struct {
	Thumbprint string `json:"jkt"`
	ID         string `json:"jti"`
	Nonce      string `json:"nonce,omitempty"`
	IssuedAt   int64  `json:"iat"`
	Algorithm  string `json:"alg"`
}

// dpopFiles returns the files of testdata/vectors/dpop.
func (m minter) dpopFiles(folder string) (map[string][]byte, error) {
	text, err := os.ReadFile(filepath.Join(folder, "dpop", "private.jwk.json"))
	if err != nil {
		return nil, err
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("dpop/private.jwk.json: %w", err)
	}
	m.keys = maps.Clone(m.keys)
	for _, key := range set.Keys {
		m.keys[key.KeyID] = key.Key
	}
	files := map[string][]byte{}
	proofs := m.proofCases()
	requests := m.requestCases()
	seen := map[string]bool{}
	for _, c := range proofs {
		if seen[c.Name] {
			return nil, fmt.Errorf("two cases are named %s", c.Name)
		}
		seen[c.Name] = true
	}
	for _, c := range requests {
		if seen[c.Name] {
			return nil, fmt.Errorf("two cases are named %s", c.Name)
		}
		seen[c.Name] = true
	}
	if files["dpop/proofs.json"], err = encode(struct {
		Now           int64         `json:"now"`
		LeewaySeconds int64         `json:"leeway_seconds"`
		Cases         []proofVector `json:"cases"`
	}{now, leeway, proofs}); err != nil {
		return nil, err
	}
	files["dpop/requests.json"], err = encode(struct {
		recallHead
		Audience string          `json:"audience"`
		Cases    []requestVector `json:"cases"`
	}{recallHead{Now: now, Issuer: issuer, LeewaySeconds: leeway}, audience, requests})
	return files, err
}

func (m minter) jwk(key string) string {
	public := jose.JSONWebKey{Key: m.keys[key]}
	public = public.Public()
	return string(must(public.MarshalJSON()))
}

func (m minter) thumbprint(key string) string {
	public := jose.JSONWebKey{Key: m.keys[key]}
	public = public.Public()
	return must(dpop.Thumbprint(public.Key))
}

// proofBase is a proof with what must be in it, and nothing else.
func (m minter) proofBase() draft {
	return draft{
		header: []member{{"typ", `"dpop+jwt"`}, {"alg", `"ES256"`}, {"jwk", m.jwk(keyES256)}},
		payload: []member{
			{"jti", `"proof-1"`},
			{"htm", quote(proofMethod)},
			{"htu", quote(proofURL)},
			{"iat", fmt.Sprint(now)},
		},
		sign: m.es256(keyES256),
	}
}

// proofFor is a proof for a request that carries an access token.
func (m minter) proofFor(token string) draft { return m.proofBase().claim("ath", quote(athOf(token))) }

func athOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return b64(string(sum[:]))
}

// result returns what a receiver must have read from a draft.
func (d draft) result(jkt string) *proofResult {
	var head struct{ Alg string }
	must(0, json.Unmarshal([]byte(object(d.header)), &head))
	r := proofResult{Thumbprint: jkt, Algorithm: head.Alg}
	var body struct {
		JTI, Nonce string
		IAT        int64
	}
	must(0, json.Unmarshal([]byte(object(d.payload)), &body))
	r.ID, r.Nonce, r.IssuedAt = body.JTI, body.Nonce, body.IAT
	return &r
}
