package app

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"authsec/internal/audit"
	"authsec/internal/domain"
	"authsec/internal/httpapi/oauthapi"
	"authsec/internal/httpapi/wire"
	"authsec/internal/issuance"
	"authsec/internal/revocation"
)

// resourceRates bound what resources ask. They are generous: an API may
// introspect each of its requests.
func resourceRates() issuance.Rates { return issuance.Rates{PerClient: 2000, PerAddress: 4000} }

// recalls is what tells verifiers which tokens count no more.
func (a *App) recalls(agents oauthapi.Agents, refusals *audit.Refusals) (oauthapi.Recalls, error) {
	limiter, err := issuance.NewTokenBuckets(resourceRates())
	if err != nil {
		return oauthapi.Recalls{}, err
	}
	here := a.deployment()
	server, err := domain.NewID(rand.Reader)
	if err != nil {
		return oauthapi.Recalls{}, err
	}
	hub, err := revocation.NewHub(revocation.HubOptions{Deployment: here, Recalls: a.Store, Resources: a.Store,
		Server: server, Reporter: a.Store, Signer: a.Minter, Now: time.Now, Log: a.Log})
	if err != nil {
		return oauthapi.Recalls{}, err
	}
	return oauthapi.Recalls{
		Resources:  &revocation.Gate{Resources: a.Store, Limiter: limiter, Refusals: refusals, Now: time.Now},
		Lists:      &revocation.Lists{Store: a.Store, Signer: a.Minter, Issuer: here.Issuer, Now: time.Now},
		Hub:        hub,
		Introspect: &revocation.Introspector{Deployment: here, Keys: a.Keyring, Store: a.Store, Now: time.Now},
		Agents:     agents,
		Revoker:    &revocation.Revoker{Deployment: here, Keys: a.Keyring, Store: a.Store, Recalled: hub.Wake, Now: time.Now},
	}, nil
}

func (a *App) deployment() revocation.Deployment {
	return revocation.Deployment{Issuer: a.Config.Issuer(), DefaultAudience: a.Policy.DefaultAudience}
}

// heardEvery is how often Heard looks.
const heardEvery = 100 * time.Millisecond

// Heard counts the verifiers that a recall concerns, by what the running servers
// tell of them. It waits until all have heard, and no longer than patience.
func (a *App) Heard(ctx context.Context, change domain.RecalledChange, patience time.Duration) (revocation.Verifiers, error) {
	end := time.Now().Add(patience)
	for {
		now := time.Now()
		reports, err := a.Store.VerifierReports(ctx, now.Add(-domain.VerifierReportLife))
		if err != nil {
			return revocation.Verifiers{}, err
		}
		v := a.deployment().Count(reports, change, now)
		if v.Heard == v.Connected || now.After(end) {
			return v, nil
		}
		select {
		case <-ctx.Done():
			return v, nil // the change is made, and that is what was known
		case <-time.After(heardEvery):
		}
	}
}

// wakes has the hub look for recalls after whatever may have made one.
func wakes(endpoints []wire.Endpoint, hub *revocation.Hub) []wire.Endpoint {
	out := make([]wire.Endpoint, len(endpoints))
	for i, e := range endpoints {
		out[i] = e
		if !strings.HasPrefix(e.Pattern, http.MethodGet+" ") {
			out[i].Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				e.Handler.ServeHTTP(w, r)
				hub.Wake()
			})
		}
	}
	return out
}

// RecalledSince returns what was recalled of a scope after a number; the zero
// value if nothing was.
func (a *App) RecalledSince(ctx context.Context, scope domain.RecallScope, after int64) (domain.RecalledChange, error) {
	for _, id := range []*string{&scope.DelegationID, &scope.ClientID} {
		if parsed, ok := domain.ParseID(*id); ok {
			*id = parsed
		}
	}
	switch c, err := a.Store.LastRecallOf(ctx, scope); {
	case err != nil && domain.KindOf(err) != domain.NotFound:
		return c, err
	case err == nil && c.Seq > after:
		return c, nil
	}
	return domain.RecalledChange{}, nil
}
