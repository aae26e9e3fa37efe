package realclients

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/zitadel/oidc/v3/pkg/client"
	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/client/tokenexchange"
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

// zitadel/oidc exchanges a token of a person who is present, who is another than
// the one who delegated (RFC 8693).
func TestZitadelExchange(t *testing.T) {
	exchanger, err := tokenexchange.NewTokenExchangerClientCredentials(t.Context(), here.issuer, here.clientID, here.secret)
	if err != nil {
		t.Fatal(err)
	}
	person, err := here.people.idToken("zitadel")
	if err != nil {
		t.Fatal(err)
	}
	got, err := tokenexchange.ExchangeToken(t.Context(), exchanger, person, oidc.IDTokenType, "", "", nil, []string{audience}, []string{"billing:read"}, oidc.AccessTokenType)
	if err != nil || got.IssuedTokenType != oidc.AccessTokenType || got.TokenType != oidc.BearerToken {
		t.Fatalf("%v %+v", err, got)
	}
	verifier := op.NewAccessTokenVerifier(here.issuer, rp.NewRemoteKeySet(http.DefaultClient, here.issuer+"/.well-known/jwks.json"))
	claims, err := op.VerifyAccessToken[*oidc.AccessTokenClaims](t.Context(), got.AccessToken, verifier)
	if err != nil || claims.Subject == here.person || claims.Claims["email"] != "zitadel@example.com" || claims.ClientID != here.clientID {
		t.Errorf("%v %+v", err, claims)
	}
}
