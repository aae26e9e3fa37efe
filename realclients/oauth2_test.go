package realclients

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// config is what golang.org/x/oauth2 has to be told.
func (w *world) config(style oauth2.AuthStyle, scopes ...string) clientcredentials.Config {
	return clientcredentials.Config{ClientID: w.clientID, ClientSecret: w.secret, TokenURL: w.issuer + "/oauth2/token", AuthStyle: style, Scopes: scopes}
}

// golang.org/x/oauth2 gets tokens by each of its ways to authenticate.
func TestOAuth2(t *testing.T) {
	for name, style := range map[string]oauth2.AuthStyle{"auto": oauth2.AuthStyleAutoDetect, "header": oauth2.AuthStyleInHeader, "params": oauth2.AuthStyleInParams} {
		c := here.config(style, "orders:read", "billing:read")
		c.EndpointParams = url.Values{"resource": {audience}}
		tok, err := c.Token(t.Context())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if left := time.Until(tok.Expiry); !tok.Valid() || tok.Type() != "Bearer" || left < 55*time.Minute || left > time.Hour || tok.Extra("scope") != "billing:read orders:read" || tok.RefreshToken != "" {
			t.Errorf("%s: %s, %s left, scope %v", name, tok.Type(), left, tok.Extra("scope"))
		}
	}
	// Its client carries the token to whoever is called.
	seen := ""
	c := here.config(oauth2.AuthStyleInHeader)
	client := c.Client(t.Context())
	client.Transport.(*oauth2.Transport).Base = roundTrip(func(r *http.Request) (*http.Response, error) { //nolint:forcetypeassert // its documentation says so
		seen = r.Header.Get("Authorization")
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
	})
	resp, err := client.Get(audience) //nolint:noctx // nobody is called
	if err != nil || !strings.HasPrefix(seen, "Bearer ey") {
		t.Fatalf("%v %q", err, seen)
	}
	_ = resp.Body.Close()
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// It understands each error by its RFC's name.
func TestOAuth2Errors(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*clientcredentials.Config)
		status int
		code   string
	}{
		{"a wrong secret", func(c *clientcredentials.Config) { c.ClientSecret = "authsec_cs_wrong" }, 401, "invalid_client"},
		{"more than is lent", func(c *clientcredentials.Config) { c.Scopes = []string{"billing:refund"} }, 400, "invalid_scope"},
		{"for another", func(c *clientcredentials.Config) {
			c.EndpointParams = url.Values{"resource": {"https://other.example.com"}}
		}, 400, "invalid_target"},
		{"another's delegation", func(c *clientcredentials.Config) {
			c.EndpointParams = url.Values{"delegation_id": {"0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e"}}
		}, 400, "invalid_grant"},
		{"another grant", func(c *clientcredentials.Config) { c.EndpointParams = url.Values{"grant_type": {"password"}} }, 400, "unsupported_grant_type"},
	} {
		config := here.config(oauth2.AuthStyleInHeader)
		c.change(&config)
		_, err := config.Token(t.Context())
		got, ok := errors.AsType[*oauth2.RetrieveError](err)
		if !ok || got.ErrorCode != c.code || got.Response.StatusCode != c.status || got.ErrorDescription == "" {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
