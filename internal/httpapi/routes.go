package httpapi

import (
	"slices"

	"authsec/internal/domain"
)

// who may call a route.
type who struct {
	public   bool           // anybody, browsers too
	workload bool           // anybody but a browser: the handler checks a proof
	resource bool           // anybody but a browser: the handler checks a resource's credential
	stream   bool           // may answer for as long as it likes
	metrics  bool           // this machine, or a token of somebody who reads all
	levels   []domain.Level // people and their automation
	session  bool           // of those, only with a session: no API token
}

// present demands a person who is there: a session, not an API token.
func (w who) present() who {
	w.session = true
	return w
}

// streaming lifts the deadline of a request.
func (w who) streaming() who {
	w.stream = true
	return w
}

func (w who) may(l domain.Level) bool { return slices.Contains(w.levels, l) }

// routes says who may call what: every route of the server is here, and a server
// with a route that is not does not start. Services check ownership besides.
func routes() map[string]who {
	var (
		anybody    = who{public: true}
		workloads  = who{workload: true}
		resources  = who{resource: true}
		operations = who{metrics: true}
		everyone   = who{levels: []domain.Level{domain.LevelAdmin, domain.LevelMember, domain.LevelAuditor}}
		delegators = who{levels: []domain.Level{domain.LevelAdmin, domain.LevelMember}}
		readers    = who{levels: []domain.Level{domain.LevelAdmin, domain.LevelAuditor}}
		admins     = who{levels: []domain.Level{domain.LevelAdmin}}
	)
	return map[string]who{
		// Operations.
		"GET /healthz": anybody,
		"GET /readyz":  anybody,
		"GET /metrics": operations,

		// Tokens, and what verifies them.
		"GET /authsec/uflow/sdk/delegation-token":     workloads,
		"POST /oauth2/token":                          workloads,
		"GET /oauth2/authorize":                       anybody,
		"GET /.well-known/jwks.json":                  anybody,
		"GET /.well-known/oauth-authorization-server": anybody,
		"GET /.well-known/openid-configuration":       anybody,

		// What counts no more.
		"GET /oauth2/status-lists/{id}": anybody,
		"GET /oauth2/revocations":       resources.streaming(),
		"POST /oauth2/introspect":       resources,
		"POST /oauth2/revoke":           workloads,

		// The console.
		"/": anybody,

		// Signing in.
		"POST /api/v1/session":     anybody,
		"GET /api/v1/session":      everyone.present(),
		"DELETE /api/v1/session":   everyone.present(),
		"POST /api/v1/setup":       anybody,
		"GET /api/v1/me":           everyone,
		"PATCH /api/v1/me":         everyone,
		"POST /api/v1/me/password": everyone.present(),

		// From identity providers: a browser navigates there and back.
		"GET /api/v1/sign-in/providers":           anybody,
		"GET /api/v1/sign-in/{provider_id}/start": anybody,
		"GET /api/v1/sign-in/callback":            anybody,
		"GET /api/v1/me/identities":               everyone,

		"GET /api/v1/api-tokens":         everyone,
		"POST /api/v1/api-tokens":        delegators.present(),
		"DELETE /api/v1/api-tokens/{id}": everyone,

		// Who and what there is.
		"GET /api/v1/platforms":                             everyone,
		"GET /api/v1/actions":                               everyone,
		"POST /api/v1/actions":                              admins,
		"GET /api/v1/actions/{name}":                        everyone,
		"PUT /api/v1/actions/{name}":                        admins,
		"DELETE /api/v1/actions/{name}":                     admins,
		"GET /api/v1/roles":                                 everyone,
		"POST /api/v1/roles":                                admins,
		"GET /api/v1/roles/{name}":                          everyone,
		"PUT /api/v1/roles/{name}":                          admins,
		"DELETE /api/v1/roles/{name}":                       admins,
		"GET /api/v1/roles/{name}/impact":                   readers,
		"GET /api/v1/users":                                 readers,
		"POST /api/v1/users":                                admins,
		"GET /api/v1/users/{id}":                            readers,
		"PATCH /api/v1/users/{id}":                          admins,
		"POST /api/v1/users/{id}/setup-link":                admins.present(),
		"GET /api/v1/agents":                                everyone,
		"POST /api/v1/agents":                               admins,
		"GET /api/v1/agents/{client_id}":                    everyone,
		"PATCH /api/v1/agents/{client_id}":                  admins,
		"DELETE /api/v1/agents/{client_id}":                 admins,
		"POST /api/v1/agents/{client_id}/suspend":           admins,
		"POST /api/v1/agents/{client_id}/activate":          admins,
		"POST /api/v1/agents/{client_id}/rotate-secret":     admins,
		"PUT /api/v1/agents/{client_id}/keys":               admins,
		"DELETE /api/v1/agents/{client_id}/keys":            admins,
		"GET /api/v1/agents/{client_id}/tokens":             everyone,
		"GET /api/v1/agents/{client_id}/recall":             everyone,
		"PUT /api/v1/agents/{client_id}/default-delegation": delegators,
		"GET /api/v1/resources":                             everyone,
		"POST /api/v1/resources":                            admins,
		"GET /api/v1/resources/{id}":                        everyone,
		"PATCH /api/v1/resources/{id}":                      admins,
		"DELETE /api/v1/resources/{id}":                     admins,
		"POST /api/v1/resources/{id}/rotate-secret":         admins,
		"GET /api/v1/workload-sources":                      readers,
		"POST /api/v1/workload-sources":                     admins,
		"POST /api/v1/workload-sources/test":                admins,
		"GET /api/v1/workload-sources/{id}":                 readers,
		"PATCH /api/v1/workload-sources/{id}":               admins,
		"DELETE /api/v1/workload-sources/{id}":              admins,
		"POST /api/v1/workload-sources/{id}/enable":         admins,
		"POST /api/v1/workload-sources/{id}/disable":        admins,
		"POST /api/v1/workload-sources/{id}/test":           admins,
		"GET /api/v1/identity-providers":                    readers,
		"POST /api/v1/identity-providers":                   admins,
		"GET /api/v1/identity-providers/{id}":               readers,
		"PATCH /api/v1/identity-providers/{id}":             admins,
		"DELETE /api/v1/identity-providers/{id}":            admins,
		"POST /api/v1/identity-providers/{id}/enable":       admins,
		"POST /api/v1/identity-providers/{id}/disable":      admins,
		"POST /api/v1/identity-providers/{id}/test":         admins,
		"GET /api/v1/users/{id}/identities":                 readers,
		"POST /api/v1/users/{id}/identities":                admins,

		"DELETE /api/v1/users/{id}/identities/{identity_provider_id}": admins,

		// By which rules people lend who are present.
		"GET /api/v1/delegation-templates":               readers,
		"POST /api/v1/delegation-templates":              admins,
		"GET /api/v1/delegation-templates/{id}":          readers,
		"PATCH /api/v1/delegation-templates/{id}":        admins,
		"DELETE /api/v1/delegation-templates/{id}":       admins,
		"POST /api/v1/delegation-templates/{id}/enable":  admins,
		"POST /api/v1/delegation-templates/{id}/disable": admins,

		// Delegations, and what they do.
		"GET /api/v1/delegations":               everyone,
		"POST /api/v1/delegations":              delegators,
		"GET /api/v1/delegations/{id}":          everyone,
		"PATCH /api/v1/delegations/{id}":        delegators,
		"GET /api/v1/delegations/{id}/recall":   everyone,
		"POST /api/v1/delegations/{id}/revoke":  delegators,
		"POST /api/v1/delegations/{id}/disable": delegators,
		"POST /api/v1/delegations/{id}/enable":  delegators,
		"GET /api/v1/explain":                   everyone,
		"GET /api/v1/overview":                  everyone,

		// Keys and the log.
		"GET /api/v1/keys":               readers,
		"POST /api/v1/keys/rotate":       admins,
		"GET /api/v1/audit-events":       everyone,
		"GET /api/v1/audit-events/{seq}": everyone,
		"GET /api/v1/audit-chain":        readers,
	}
}
