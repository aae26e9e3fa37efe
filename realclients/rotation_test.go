package realclients

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	jose "github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/client/rp"
	zitadel "github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
	"golang.org/x/oauth2"
)

// A key that signs was published minutes before. While the keys rotate, libraries
// that keep a key set each in their own way refuse no valid token, of either key.
func TestKeysRotate(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	jwks := here.issuer + "/.well-known/jwks.json"
	provider, err := oidc.NewProvider(ctx, here.issuer)
	if err != nil {
		t.Fatal(err)
	}
	byProvider := provider.Verifier(&oidc.Config{ClientID: audience})
	byZitadel := op.NewAccessTokenVerifier(here.issuer, rp.NewRemoteKeySet(http.DefaultClient, jwks))
	verify := func(jwt string) error {
		_, err := byProvider.Verify(ctx, jwt)
		_, second := op.VerifyAccessToken[*zitadel.AccessTokenClaims](ctx, jwt, byZitadel)
		return errors.Join(err, second)
	}
	config := here.config(oauth2.AuthStyleInHeader)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	first, verified := "", 0
	for {
		tok, err := config.Token(ctx)
		if err != nil {
			t.Fatalf("after %d tokens: %v", verified, err)
		}
		if err := verify(tok.AccessToken); err != nil {
			t.Fatalf("after %d tokens: a valid one is refused: %v", verified, err)
		}
		verified++
		kid, err := signedBy(tok.AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = tok.AccessToken
			if kid == here.nextKey {
				t.Fatal("the key that was made signs at once: nothing rotates")
			}
		}
		if kid == here.nextKey {
			break
		}
		<-tick.C // config.Token fails at the deadline
	}
	if err := verify(first); err != nil {
		t.Errorf("a token of the key before: %v", err)
	}
	t.Logf("%d tokens verified", verified)
}

// signedBy is the kid of a token.
func signedBy(jwt string) (string, error) {
	parsed, err := jose.ParseSigned(jwt, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return "", err
	}
	if len(parsed.Signatures) != 1 || parsed.Signatures[0].Header.KeyID == "" {
		return "", fmt.Errorf("no kid: %s", jwt)
	}
	return parsed.Signatures[0].Header.KeyID, nil
}
