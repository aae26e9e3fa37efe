package realclients

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/zitadel/oidc/v3/pkg/client"
	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// zitadel/oidc discovers the server, gets tokens as a relying party and verifies
// them.
func TestZitadel(t *testing.T) {
	found, err := client.Discover(t.Context(), here.issuer, http.DefaultClient)
	if err != nil {
		t.Fatal(err)
	}
	if found.TokenEndpoint != here.issuer+"/oauth2/token" || !slices.Contains(found.TokenEndpointAuthMethodsSupported, oidc.AuthMethodPrivateKeyJWT) || len(found.TokenEndpointAuthSigningAlgValuesSupported) == 0 {
		t.Errorf("%+v", found)
	}
	party, err := rp.NewRelyingPartyOIDC(t.Context(), here.issuer, here.clientID, here.secret, "", []string{"billing:read"})
	if err != nil {
		t.Fatal(err)
	}
	tok, err := rp.ClientCredentials(t.Context(), party, url.Values{"audience": {audience}})
	if err != nil {
		t.Fatal(err)
	}
	verifier := op.NewAccessTokenVerifier(here.issuer, rp.NewRemoteKeySet(http.DefaultClient, found.JwksURI))
	claims, err := op.VerifyAccessToken[*oidc.AccessTokenClaims](t.Context(), tok.AccessToken, verifier)
	if err != nil || claims.Subject != here.person || claims.ClientID != here.clientID || !slices.Equal(claims.Audience, []string{audience}) || !slices.Equal(claims.Scopes, []string{"billing:read"}) {
		t.Errorf("%v %+v", err, claims)
	}
	if _, err := op.VerifyAccessToken[*oidc.AccessTokenClaims](t.Context(), tok.AccessToken[:len(tok.AccessToken)-8]+"AAAAAAAA", verifier); err == nil {
		t.Error("a forged signature is accepted")
	}
}
