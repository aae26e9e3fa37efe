package main_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"authsec/sdk/go/dpop"
)

// Tokens of the program as it ships, bound to the X.509-SVID of the connection and,
// on the same connection, to a DPoP key: RFC 8705 §3 and §5, RFC 9449 §8.
func TestBoundTokensByMutualTLS(t *testing.T) {
	d := newSPIFFEDeployment(t)
	const name = "authsec.example.org"
	d.files(name)
	_, port, _ := strings.Cut(d.address, ":")
	d.env["AUTHSEC_MTLS_PUBLIC_URL"] = "https://" + name + ":" + port
	_, admin, clientID := d.trusting()
	aliases, _ := admin.call(200, "GET", "/.well-known/oauth-authorization-server", nil).json["mtls_endpoint_aliases"].(map[string]any)
	endpoint, _ := aliases["authsec_delegation_token_endpoint"].(string)
	path := strings.TrimSuffix(sdkPath, "?client_id=")
	if endpoint != d.env["AUTHSEC_MTLS_PUBLIC_URL"]+path {
		t.Fatalf("aliases %v", aliases)
	}
	svid := d.svid(supportPath)
	agent := d.caller(name, svid)
	sum := sha256.Sum256(svid.Certificate[0])
	want := `{"x5t#S256":"` + base64.RawURLEncoding.EncodeToString(sum[:]) + `"}`
	if got := cnfOf(t, agent.call(200, "GET", sdkPath+clientID+"&token_binding=mtls", nil)); got != want {
		t.Errorf("cnf %s, want %s", got, want)
	}

	signer, err := dpop.Generate()
	if err != nil {
		t.Fatal(err)
	}
	prove := func(url, nonce string) string {
		t.Helper()
		proof, err := signer.Sign(dpop.Request{Method: "GET", URL: url, Now: time.Now(), Nonce: nonce})
		if err != nil {
			t.Fatal(err)
		}
		return proof
	}
	demand := agent.call(400, "GET", sdkPath+clientID, nil, "DPoP", prove(endpoint, ""))
	nonce := demand.header.Get("DPoP-Nonce")
	if demand.text("error") != "use_dpop_nonce" || nonce == "" {
		t.Fatalf("%s %v", demand.body, demand.header)
	}
	proof := prove(endpoint, nonce)
	got := agent.call(200, "GET", sdkPath+clientID, nil, "DPoP", proof)
	if got.text("token_type") != "DPoP" || cnfOf(t, got) != `{"jkt":"`+signer.Thumbprint()+`"}` {
		t.Errorf("%s", got.body)
	}
	for what, again := range map[string]string{"a proof that was used": proof, "a proof for the other listener": prove(d.base+path, nonce)} {
		if got := agent.call(400, "GET", sdkPath+clientID, nil, "DPoP", again); got.text("error") != "invalid_dpop_proof" {
			t.Errorf("%s: %s", what, got.body)
		}
	}
}

// cnfOf is the claim of the token in an answer, which says the same itself.
func cnfOf(t *testing.T, r reply) string {
	t.Helper()
	parts := strings.Split(r.text("token"), ".")
	raw, err := base64.RawURLEncoding.DecodeString(parts[min(1, len(parts)-1)])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		CNF json.RawMessage `json:"cnf"`
	}
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(r.body, `"cnf":`+string(claims.CNF)) {
		t.Errorf("the answer says otherwise: %s", r.body)
	}
	return string(claims.CNF)
}
