package app

import (
	"context"
	"crypto"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"authsec/internal/domain"
	"authsec/internal/revocation"
	"authsec/internal/token"
	"authsec/sdk/go/jwks"
	"authsec/sdk/go/jws"
)

const (
	remoteTimeout = 10 * time.Second
	maxRemoteBody = 1 << 20
)

// InspectRemoteToken examines a token by what its issuer publishes: keys and
// status list. Tokens that were revoked by themselves, and what the authority
// rests on, are not published. An error says that the issuer could not be asked.
func InspectRemoteToken(ctx context.Context, issuer, compact, audience string) (TokenInspection, error) {
	issuer = strings.TrimSuffix(issuer, "/")
	client := &http.Client{Timeout: remoteTimeout, CheckRedirect: func(*http.Request, []*http.Request) error {
		return errors.New("redirected")
	}}
	keys, err := jwks.NewRemote(jwks.Options{Issuer: issuer, Metadata: jwks.OAuthMetadata, Policy: jwks.Policy{Algorithms: []string{jws.RS256}},
		Client: client, MaxStaleness: jwks.MinStaleness, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return TokenInspection{}, err
	}
	defer keys.Close()
	r := &remote{ctx: ctx, issuer: issuer, client: client, keys: keys}
	got, err := (&revocation.Inspector{Deployment: revocation.Deployment{Issuer: issuer}, Keys: r, Store: r, Now: time.Now}).Inspect(ctx, compact, audience)
	if err = errors.Join(r.failed, err); err != nil {
		return TokenInspection{}, fmt.Errorf("ask %s: %w", issuer, err)
	}
	return inspectionOf(got), nil
}

// remote is an issuer as it shows itself, for one inspection.
type remote struct {
	ctx    context.Context //nolint:containedctx // of the one inspection: token.Keys takes none
	issuer string
	client *http.Client
	keys   *jwks.Remote
	failed error // the keys could not be had
}

// PublishedKeys implements revocation.Keys.
func (r *remote) PublishedKeys(time.Time) token.Keys {
	return token.PublicKeys(func(kid string) (crypto.PublicKey, bool) {
		key, err := r.keys.Key(r.ctx, kid, jws.RS256)
		if err != nil && !errors.Is(err, jwks.ErrUnknown) {
			r.failed = err
		}
		return key, err == nil
	})
}

// TokenState implements revocation.StateReader, as far as it is published.
func (r *remote) TokenState(ctx context.Context, status domain.StatusRef, _ string) (domain.TokenState, error) {
	if status.List == 0 {
		return domain.TokenState{}, nil
	}
	uri := token.StatusListURI(r.issuer, status.List)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return domain.TokenState{}, err
	}
	req.Header.Set("Accept", "application/statuslist+jwt")
	resp, err := r.client.Do(req)
	if err != nil {
		return domain.TokenState{}, err
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxRemoteBody+1))
	switch {
	case err != nil:
		return domain.TokenState{}, fmt.Errorf("GET %s: %w", uri, err)
	case resp.StatusCode == http.StatusNotFound:
		return domain.TokenState{}, nil
	case resp.StatusCode != http.StatusOK:
		return domain.TokenState{}, fmt.Errorf("GET %s: status %d", uri, resp.StatusCode)
	case len(body) > maxRemoteBody:
		return domain.TokenState{}, fmt.Errorf("GET %s: answer longer than %d bytes", uri, maxRemoteBody)
	}
	payload, err := r.openList(ctx, string(body))
	if err != nil {
		return domain.TokenState{}, fmt.Errorf("GET %s: %w", uri, err)
	}
	return revocation.ReadStatus(payload, uri, status.Index, time.Now())
}

// openList verifies a Status List Token, which may be longer than any access token.
func (r *remote) openList(ctx context.Context, compact string) ([]byte, error) {
	list, err := jws.ParseUpTo(maxRemoteBody, compact, jws.RS256)
	if err != nil {
		return nil, err
	}
	if typ, _ := list.Type(); typ != token.TypStatusList {
		return nil, errors.New("not a status list token")
	}
	key, err := r.keys.Key(ctx, list.KeyID(), jws.RS256)
	if err != nil {
		return nil, err
	}
	if _, err := list.Verify(key); err != nil {
		return nil, err
	}
	return base64.RawURLEncoding.DecodeString(strings.Split(compact, ".")[1])
}
