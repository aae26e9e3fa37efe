package httpapi_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"authsec/internal/attest"
	"authsec/internal/audit"
	"authsec/internal/clocktest"
	"authsec/internal/delegation"
	"authsec/internal/directory"
	"authsec/internal/domain"
	"authsec/internal/httpapi"
	"authsec/internal/httpapi/adminapi"
	"authsec/internal/httpapi/console"
	"authsec/internal/httpapi/oauthapi"
	"authsec/internal/httpapi/sdkapi"
	"authsec/internal/httpapi/wire"
	"authsec/internal/identity"
	"authsec/internal/issuance"
	"authsec/internal/keyring"
	"authsec/internal/policy"
	"authsec/internal/proofkey"
	"authsec/internal/revocation"
	"authsec/internal/signin"
	"authsec/internal/store"
	"authsec/internal/store/storetest"
	"authsec/internal/token"

	"golang.org/x/time/rate"
)

// password is everybody's.
const password = domain.Secret("correct horse battery")

// options say what a house is like; the zero value is a loopback deployment.
type options struct {
	publicURL          string
	requireAttestation bool
	rates              issuance.Rates
	replace            map[string]http.Handler // endpoints by pattern
	nobodySignedIn     bool                    // people have neither session nor token, which take time to make
	at                 time.Time               // when the clock begins; zero: on the guide's day
}

// house is the front door with the real services and a real SQLite file behind
// it: nothing of ours is faked but the clock, the metrics, and one more kind of
// workload proof, which no attestor of this version gives.
type house struct {
	t         testing.TB
	store     *store.Store
	clock     *clocktest.Clock
	dir       *directory.Service
	del       *delegation.Service
	signIn    *signin.Service
	recorder  *audit.Recorder
	refusals  *audit.Refusals
	log       *logBuffer
	metrics   *metrics
	cookie    wire.SessionCookie
	handler   http.Handler
	publicURL *url.URL

	admin, member, other, auditor person
	role, otherRole               string
	agent, secretAgent            domain.Agent // permissive on kubernetes; required on other
	clientSecret                  domain.Secret
	delegation                    domain.DelegationView // member's, of role to agent
	resource                      domain.Resource
	resourceSecret                domain.Secret
	hub                           *revocation.Hub
	keys                          *keyring.Keyring
}

// person is a user with a session and an API token.
type person struct {
	domain.User
	cookie domain.Secret
	token  domain.Secret
}

func (p person) caller() domain.Caller {
	return domain.Caller{UserID: p.ID, Email: p.Email, Name: p.Name, Level: p.Level, Roles: p.Roles, Via: domain.ViaSession, IP: "127.0.0.1"}
}

func newHouse(t testing.TB, o options) *house {
	t.Helper()
	if o.publicURL == "" {
		o.publicURL = "http://localhost:7468"
	}
	if o.rates == (issuance.Rates{}) {
		o.rates = issuance.DefaultRates()
	}
	if o.at.IsZero() {
		o.at = time.Date(2026, 5, 21, 7, 0, 0, 0, time.UTC)
	}
	h := &house{t: t, store: storetest.SQLite(t), clock: clocktest.At(o.at),
		log: &logBuffer{}, metrics: &metrics{}}
	h.wire(o)
	h.furnish(!o.nobodySignedIn)
	return h
}

// wire makes the services and the front door.
func (h *house) wire(o options) {
	h.t.Helper()
	s, now := h.store, h.clock.Now
	log := slog.New(slog.NewJSONHandler(h.log, nil))
	settings := policy.Settings{TrustDomain: "authsec.local", DefaultAudience: "authsec-api", MaxTokenTTL: 24 * time.Hour,
		RequireAttestation: o.requireAttestation}
	environment := attest.Environment{TrustDomain: settings.TrustDomain, Now: now, Log: log}
	sources := &attest.Sources{Reader: s, Build: environment.Build, Log: log}
	h.t.Cleanup(func() { h.must(sources.Close()) })
	providers := &identity.Providers{Reader: s, Issuer: o.publicURL, RedirectURI: o.publicURL + adminapi.SignInCallback, Now: now, Log: log}
	h.t.Cleanup(func() { h.must(providers.Close()) })
	h.dir = &directory.Service{ActionStore: s, RoleStore: s, UserStore: s, AgentStore: s, ResourceStore: s, ProviderStore: s, ProviderChecker: providers, LinkStore: s, TemplateStore: s, Names: s,
		SourceStore: s, SourceChecker: sources, KeyChecker: attest.KeyChecker{}, Hasher: hashedOnce{},
		Now: now, Random: rand.Reader, Defaults: directory.Defaults{Loopback: true, RequireAttestation: o.requireAttestation, TrustDomain: settings.TrustDomain}}
	h.del = &delegation.Service{Store: s, Roles: s, Policy: settings, Now: now, Random: rand.Reader}
	h.signIn = &signin.Service{Accounts: s, Sessions: s, Tokens: s, Links: s, People: s, SignIns: s, Providers: signInFlow{providers}, Hasher: signin.NewHasher(2, 64), Throttle: signin.NewThrottle(),
		Refusals: &signin.Refusals{Audit: s, Now: now}, Now: now, Random: rand.Reader, Log: log}
	master, err := keyring.OpenMasterKey(keyring.MasterKeyOptions{Path: filepath.Join(h.t.TempDir(), "master.key"), MayCreate: true, Random: rand.Reader})
	h.must(err)
	made := 0
	keys := &keyring.Keyring{Store: s, Master: master, Now: now, Log: log, MaxTokenTTL: settings.MaxTokenTTL, NewKey: func() (*rsa.PrivateKey, error) {
		made++
		return privateKeys()[made-1], nil
	}}
	h.must(keys.Load(h.t.Context()))
	h.must(keys.EnsureKey(h.t.Context(), domain.System()))
	h.keys = keys
	minter := &token.Minter{Issuer: o.publicURL, Signer: keys}
	h.recorder = audit.NewRecorder(audit.RecorderOptions{Store: s})
	h.t.Cleanup(func() { _ = h.recorder.Close(context.Background()) })
	h.refusals = &audit.Refusals{Store: s, Now: now, Logger: log}
	limiter, err := issuance.NewTokenBuckets(o.rates)
	h.must(err)
	ownKey := attest.PrivateKey{Audiences: []string{o.publicURL, o.publicURL + "/oauth2/token"}, Used: s}
	nonceKey, err := master.NonceKey()
	h.must(err)
	nonces, err := proofkey.NewNonces(nonceKey)
	h.must(err)
	proofs := wire.KeyProofs{PublicURL: o.publicURL, Nonces: nonces, Now: now}
	issuer := &issuance.Service{Authority: s, Attestor: attest.Chain{attest.ClientSecret{}, ownKey, testAttestor{}, sources},
		Keys: proofkey.Prover{Nonces: nonces, Used: s}, Minter: minter, Recorder: h.recorder,
		Refusals: h.refusals, Limiter: limiter, Metrics: h.metrics, Policy: settings, Issuer: minter.Issuer, Now: now, Random: rand.Reader}
	publicURL, err := url.Parse(o.publicURL)
	h.must(err)
	h.cookie = wire.SessionCookie{Secure: publicURL.Scheme == "https"}
	tests, err := issuance.NewTokenBuckets(issuance.Rates{PerClient: 100, PerAddress: 100})
	h.must(err)
	examiner := &issuance.Examiner{Sources: sources, Agents: s, Recorder: h.recorder, Limiter: tests, TrustDomain: settings.TrustDomain, Now: now}
	recalls := h.recalls(s, minter, keys, issuer, limiter, settings.DefaultAudience)
	endpoints, err := adminapi.API{Directory: h.dir, Delegation: h.del, SignIn: h.signIn, Keyring: keys, Minter: minter, Examiner: examiner, Subjects: h.subjects(s, providers, tests),
		Audit: audit.Query{Store: s, Watcher: &audit.Watcher{Reader: s, Now: now, Logger: log}, Now: now}, Recalls: &revocation.Progress{Recalls: s, Hub: h.hub},
		Cookie: h.cookie, PublicURL: o.publicURL, Policy: settings, Version: "v0-test", Now: now}.Endpoints()
	h.must(err)
	pages, err := console.Console{Files: builtConsole(), PublicURL: o.publicURL, Cookie: h.cookie, Random: rand.Reader, Log: log}.Endpoints()
	h.must(err)
	for _, more := range [][]wire.Endpoint{
		recalls.Endpoints(),
		sdkapi.API{Issuer: issuer, Keys: proofs}.Endpoints(),
		adminapi.SignInPages{SignIn: h.signIn, Cookie: h.cookie}.Endpoints(),
		oauthapi.API{Issuer: o.publicURL, Keys: keys, Tokens: &issuance.Exchanger{Service: issuer, Tokens: recalls.Introspect, People: providers, Store: s}, Proofs: proofs, MutualTLS: true, Now: now}.Endpoints(),
		pages,
		httpapi.Operations{Metrics: http.NotFoundHandler(), Checks: []httpapi.Check{{Name: "database", Run: s.Ping}}}.Endpoints(),
	} {
		endpoints = append(endpoints, more...)
	}
	for i, e := range endpoints {
		if other, ok := o.replace[e.Pattern]; ok {
			endpoints[i].Handler = other
		}
	}
	h.publicURL = publicURL
	h.handler, err = httpapi.New(h.config(endpoints))
	h.must(err)
}

func (h *house) config(endpoints []wire.Endpoint) httpapi.Config {
	return httpapi.Config{PublicURL: h.publicURL, Endpoints: endpoints, Authenticator: authenticator{h.signIn}, Cookie: h.cookie,
		Metrics: h.metrics, Log: slog.New(slog.NewJSONHandler(h.log, nil)), Now: h.clock.Now, Random: rand.Reader}
}

// furnish stores people, roles, agents and a delegation.
func (h *house) furnish(signIn bool) {
	h.t.Helper()
	ctx := h.t.Context()
	system := domain.System()
	for _, name := range []string{"billing:read", "billing:refund", "orders:read"} {
		_, err := h.dir.CreateAction(ctx, system, domain.Action{Name: name, Description: "May " + name})
		h.must(err)
	}
	h.role, h.otherRole = "customer-support", "refunds"
	_, err := h.dir.CreateRole(ctx, system, domain.Role{Name: h.role, Actions: []string{"billing:read", "orders:read"}})
	h.must(err)
	_, err = h.dir.CreateRole(ctx, system, domain.Role{Name: h.otherRole, Actions: []string{"billing:refund"}})
	h.must(err)
	h.admin = h.person("admin@example.com", domain.LevelAdmin)
	h.member = h.person("member@example.com", domain.LevelMember, h.role)
	h.other = h.person("other@example.com", domain.LevelMember, h.role)
	h.auditor = h.person("auditor@example.com", domain.LevelAuditor)
	if signIn {
		for _, p := range []*person{&h.admin, &h.member, &h.other, &h.auditor} {
			p.cookie = h.session(p.Email)
			p.token, _, err = h.signIn.CreateAPIToken(ctx, p.caller(), domain.APITokenSpec{Name: "automation"})
			h.must(err)
		}
	}
	h.agent, _, err = h.dir.CreateAgent(ctx, system, domain.AgentSpec{Name: "Customer Support", Type: "langchain", Platform: "kubernetes",
		Selectors: guideSelectors(), Attestation: domain.AttestationPermissive})
	if err != nil { // where permissive is forbidden
		h.agent, _, err = h.dir.CreateAgent(ctx, system, domain.AgentSpec{Name: "Customer Support", Type: "langchain", Platform: "kubernetes", Selectors: guideSelectors()})
	}
	h.must(err)
	h.secretAgent, h.clientSecret, err = h.dir.CreateAgent(ctx, system, domain.AgentSpec{Name: "Batch", Type: "custom", Platform: "other"})
	h.must(err)
	h.resource, h.resourceSecret, err = h.dir.CreateResource(ctx, system, domain.ResourceSpec{Name: "Billing", URI: "https://api.example.com/billing"})
	h.must(err)
	h.delegation = h.delegate(h.member, h.agent, "billing:read")
}

func guideSelectors() []domain.Selector {
	return []domain.Selector{{Key: "k8s:ns", Value: "production"}, {Key: "k8s:sa", Value: "customer-support-sa"},
		{Key: "k8s:pod-label:app", Value: "customer-support"}, {Key: "k8s:container-name", Value: "agent"}}
}

// delegate lends actions of the house's role for an hour.
func (h *house) delegate(by person, agent domain.Agent, actions ...string) domain.DelegationView {
	h.t.Helper()
	d, err := h.del.Create(h.t.Context(), by.caller(), domain.DelegationSpec{Role: h.role, ClientID: agent.ClientID, Actions: actions, MaxDuration: time.Hour})
	h.must(err)
	return d
}

func (h *house) person(email string, level domain.Level, roles ...string) person {
	h.t.Helper()
	u, _, err := h.dir.CreateUser(h.t.Context(), domain.System(), domain.UserSpec{Email: email, Name: "Name of " + email, Level: level, Password: password, Roles: roles})
	h.must(err)
	return person{User: u}
}

// session signs in and returns the session's secret.
func (h *house) session(email string) domain.Secret {
	h.t.Helper()
	a, err := h.signIn.SignIn(h.t.Context(), signin.Peer{IP: "127.0.0.1"}, email, password)
	h.must(err)
	return a.Secret
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// privateKeys are made once: making them is most of what a test would wait for.
var privateKeys = sync.OnceValue(func() []*rsa.PrivateKey {
	keys := make([]*rsa.PrivateKey, 2)
	for i := range keys {
		var err error
		if keys[i], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			panic(err)
		}
	}
	return keys
})

// hashedOnce hashes the password that is everybody's once per process.
type hashedOnce struct{}

var hashed = sync.OnceValues(func() (domain.Secret, error) {
	return signin.NewHasher(1, 1).Hash(context.Background(), password)
})

func (hashedOnce) Hash(ctx context.Context, p domain.Secret) (domain.Secret, error) {
	if p == password {
		return hashed()
	}
	return signin.NewHasher(1, 1).Hash(ctx, p)
}

// testAttestor takes a bearer "attests" for proof of the first of the guide's selectors.
type testAttestor struct{}

func (testAttestor) Attest(_ context.Context, q attest.Question) (attest.Attested, error) {
	if q.Presented.Bearer.Reveal() != "attests" {
		return attest.Attested{}, attest.ErrNotMine
	}
	return attest.Attested{Kind: "k8s", Selectors: []attest.Selector{{Selector: guideSelectors()[0], How: attest.Signed}}}, nil
}

// authenticator is signin as the front door needs it.
type authenticator struct{ signIn *signin.Service }

func (a authenticator) Session(ctx context.Context, ip, requestID string, secret domain.Secret) (httpapi.Identity, error) {
	got, err := a.signIn.Authenticate(ctx, signin.Peer{IP: ip, RequestID: requestID}, secret)
	return httpapi.Identity{Caller: got.Caller, Session: got.Session, Renewed: got.Secret}, err
}

func (a authenticator) APIToken(ctx context.Context, ip, requestID string, secret domain.Secret) (httpapi.Identity, error) {
	got, err := a.signIn.AuthenticateAPIToken(ctx, signin.Peer{IP: ip, RequestID: requestID}, secret)
	return httpapi.Identity{Caller: got.Caller}, err
}

type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// metrics keeps what was observed last.
type metrics struct {
	mu      sync.Mutex
	route   string
	status  int
	issued  int
	refused map[string]int
}

func (m *metrics) ObserveRequest(route, _ string, status int, _ time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.route, m.status = route, status
}

func (m *metrics) TokenIssued(string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.issued++
}

func (m *metrics) TokenRefused(code string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refused == nil {
		m.refused = map[string]int{}
	}
	m.refused[code]++
}

var slowRates = issuance.Rates{PerClient: rate.Every(time.Hour), PerAddress: 1000}
