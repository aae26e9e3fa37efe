package realclients

import (
	"slices"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// coreos/go-oidc discovers the server and verifies access tokens by its key set,
// as it would ID tokens; a token for another audience it refuses.
func TestGoOIDC(t *testing.T) {
	provider, err := oidc.NewProvider(t.Context(), here.issuer)
	if err != nil {
		t.Fatal(err)
	}
	var metadata struct {
		Grants  []string `json:"grant_types_supported"`
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := provider.Claims(&metadata); err != nil || !slices.Equal(metadata.Grants, []string{"client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"}) || !slices.Contains(metadata.Methods, "private_key_jwt") {
		t.Errorf("%v %+v", err, metadata)
	}
	config := clientcredentials.Config{ClientID: here.clientID, ClientSecret: here.secret, TokenURL: provider.Endpoint().TokenURL, AuthStyle: oauth2.AuthStyleInHeader}
	tok, err := config.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	verified, err := provider.Verifier(&oidc.Config{ClientID: audience}).Verify(t.Context(), tok.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Scope    string
		ClientID string               `json:"client_id"`
		Actor    struct{ Sub string } `json:"act"`
	}
	if err := verified.Claims(&claims); err != nil || verified.Subject != here.person || claims.ClientID != here.clientID ||
		claims.Actor.Sub != "spiffe://authsec.local/agent/"+here.clientID || claims.Scope != "billing:read orders:read" {
		t.Errorf("%v %s %+v", err, verified.Subject, claims)
	}
	if _, err := provider.Verifier(&oidc.Config{ClientID: "https://other.example.com"}).Verify(t.Context(), tok.AccessToken); err == nil {
		t.Error("a token for another audience is accepted")
	}
	if _, err := oidc.NewRemoteKeySet(t.Context(), here.issuer+"/.well-known/jwks.json").VerifySignature(t.Context(), tok.AccessToken[:len(tok.AccessToken)-8]+"AAAAAAAA"); err == nil {
		t.Error("a forged signature is accepted")
	}
}
