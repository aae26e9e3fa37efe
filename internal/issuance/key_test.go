package issuance_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/attest"
	"authsec/internal/domain"
	"authsec/internal/issuance"
	"authsec/internal/policy"
	"authsec/internal/proofkey"
	"authsec/sdk/go/dpop"
)

const tokenURL = issuer + "/oauth2/token"

// keyHouse is a house that knows keys: nonces, a DPoP signer, and certificates
// that prove any agent.
type keyHouse struct {
	*house
	nonces proofkey.Nonces
	signer *dpop.Signer
}

func newKeyHouse(t testing.TB) *keyHouse {
	t.Helper()
	h := &keyHouse{house: newHouse(t)}
	var err error
	h.nonces, err = proofkey.NewNonces(make([]byte, proofkey.NonceKeyBytes))
	must(t, err)
	h.signer, err = dpop.Generate()
	must(t, err)
	h.Keys = proofkey.Prover{Nonces: h.nonces, Used: h.store}
	h.Attestor = attest.Chain{attest.ClientSecret{}, certificates{}, pods{clock: h.clock}}
	return h
}

// certificates takes any certificate for proof of the agent, but one that is "bad".
type certificates struct{}

func (certificates) Attest(_ context.Context, q attest.Question) (attest.Attested, error) {
	chain := q.Presented.Certificates
	if len(chain) == 0 {
		return attest.Attested{}, attest.ErrNotMine
	}
	if string(chain[0].Raw) == "bad" {
		return attest.Attested{}, &attest.Rejection{Problem: "The certificate is not valid.", Err: errCause}
	}
	got := attest.Attested{Kind: attest.KindSPIFFE}
	for _, s := range q.Agent.Selectors {
		got.Selectors = append(got.Selectors, attest.Selector{Selector: s, How: attest.Signed})
	}
	return got, nil
}

func certificate(raw string) attest.Presented {
	return attest.Presented{Certificates: []*x509.Certificate{{Raw: []byte(raw)}}}
}

// demanding makes every delegation demand bound tokens.
type demanding struct {
	issuance.AuthorityReader
	constraint domain.SenderConstraint
}

func (d demanding) Authority(ctx context.Context, clientID, delegationID, role string) (domain.Authority, error) {
	a, err := d.AuthorityReader.Authority(ctx, clientID, delegationID, role)
	for i := range a.Delegations {
		a.Delegations[i].Delegation.SenderConstrained = d.constraint
	}
	return a, err
}

// showing adds a DPoP proof with a nonce: "" is the one of now.
func (h *keyHouse) showing(t testing.TB, nonce string) func(*issuance.Request) {
	t.Helper()
	if nonce == "" {
		nonce = h.nonces.At(h.clock.Now())
	}
	proof, err := h.signer.Sign(dpop.Request{Method: "POST", URL: tokenURL, Now: h.clock.Now(), Nonce: nonce})
	must(t, err)
	return func(r *issuance.Request) {
		r.Key.Proof, r.Key.Method, r.Key.URL = proof, "POST", tokenURL
	}
}

func askingMTLS(r *issuance.Request) { r.Key.MutualTLS = true }

// What a delegation demands of the key, and what each kind of request gets.
func TestSenderConstraints(t *testing.T) {
	h := newKeyHouse(t)
	stored := h.Authority
	const required = policy.CodeConstraint
	cert := proving(certificate("svid"))
	for _, c := range []struct {
		name   string
		change []func(*issuance.Request)
		// By what is demanded: "bearer", "dpop", "mtls", or the code of the refusal.
		none, any, dpop, mtls string
	}{
		{"nothing", nil, "bearer", required, required, required},
		{"DPoP", []func(*issuance.Request){h.showing(t, "")}, "dpop", "dpop", "dpop", required},
		{"a certificate that is asked for", []func(*issuance.Request){cert, askingMTLS}, "mtls", "mtls", required, "mtls"},
		{"a certificate that is there", []func(*issuance.Request){cert}, "bearer", "mtls", required, "mtls"},
		{"DPoP over mutual TLS", []func(*issuance.Request){cert, h.showing(t, "")}, "dpop", "dpop", "dpop", required},
		{"a bad certificate", []func(*issuance.Request){proving(certificate("bad"))}, policy.CodeInvalidProof, policy.CodeInvalidProof, policy.CodeInvalidProof, policy.CodeInvalidProof},
		{"a bad certificate that is asked for", []func(*issuance.Request){proving(certificate("bad")), askingMTLS}, policy.CodeInvalidProof, policy.CodeInvalidProof, policy.CodeInvalidProof, policy.CodeInvalidProof},
		{"no certificate", []func(*issuance.Request){askingMTLS}, "invalid_request", "invalid_request", "invalid_request", "invalid_request"},
		{"both", []func(*issuance.Request){cert, askingMTLS, h.showing(t, "")}, "invalid_request", "invalid_request", "invalid_request", "invalid_request"},
	} {
		for demanded, want := range map[domain.SenderConstraint]string{domain.SenderUnconstrained: c.none, domain.SenderAny: c.any, domain.SenderDPoP: c.dpop, domain.SenderMTLS: c.mtls} {
			h.Authority = demanding{stored, demanded}
			change := slices.Clone(c.change)
			if strings.Contains(c.name, "DPoP") {
				change[len(change)-1] = h.showing(t, "") // each proof is good once
			}
			got, err := h.Issue(t.Context(), h.request(change...))
			if kind := boundBy(got, err); kind != want {
				t.Errorf("%s, %s demanded: %s, want %s", c.name, demanded, kind, want)
			}
		}
	}
}

// boundBy is how a token is bound, or the code of the refusal.
func boundBy(got issuance.Issued, err error) string {
	switch k := got.Confirmation; {
	case err != nil:
		return domain.CodeOf(err)
	case k.KeyThumbprint != "":
		return "dpop"
	case k.CertThumbprint != "":
		return "mtls"
	}
	return "bearer"
}

// The claim and the audit event of a token say the same of its key.
func TestBoundTokenIsAudited(t *testing.T) {
	h := newKeyHouse(t)
	for name, c := range map[string]struct {
		change []func(*issuance.Request)
		key    domain.Confirmation
		kind   string
	}{
		"dpop":   {[]func(*issuance.Request){h.showing(t, "")}, domain.Confirmation{KeyThumbprint: h.signer.Thumbprint()}, "dpop"},
		"mtls":   {[]func(*issuance.Request){proving(certificate("svid")), askingMTLS}, proofkey.OfCertificate(certificate("svid").Certificates).Confirmation, "mtls"},
		"bearer": {nil, domain.Confirmation{}, ""},
	} {
		var issued issuance.Issued
		events := h.events(t, func() {
			var err error
			issued, err = h.Issue(t.Context(), h.request(c.change...))
			must(t, err)
		})
		want := map[string]any{"dpop": map[string]any{"jkt": c.key.KeyThumbprint}, "mtls": map[string]any{"x5t#S256": c.key.CertThumbprint}}[c.kind]
		got, _ := json.Marshal(part(t, issued.Token, 1)["cnf"])
		if wanted, _ := json.Marshal(want); string(got) != string(wanted) || issued.Confirmation != c.key {
			t.Errorf("%s: cnf %s, want %s", name, got, wanted)
		}
		var told struct {
			Confirmation  string `json:"confirmation"`
			KeyThumbprint string `json:"key_thumbprint"`
		}
		if len(events) != 1 {
			t.Fatalf("%s: %d events", name, len(events))
		}
		must(t, json.Unmarshal(events[0].Details, &told))
		if told.Confirmation != c.kind || told.KeyThumbprint != c.key.KeyThumbprint+c.key.CertThumbprint || strings.Contains(string(events[0].Details), "dpop+jwt") {
			t.Errorf("%s: %s", name, events[0].Details)
		}
		if c.kind == "" && strings.Contains(string(events[0].Details), "confirmation") {
			t.Errorf("%s: %s", name, events[0].Details)
		}
	}
}

// A bad proof of a stranger is counted, a known agent's replay is told at once, and
// a demand for a nonce is no refusal.
func TestRefusedKeysAreAudited(t *testing.T) {
	h := newKeyHouse(t)
	bad := func(r *issuance.Request) { r.Key.Proof, r.Key.Method, r.Key.URL = "a.b.c", "POST", tokenURL }
	events := h.counted(t, func() {
		h.refused(t, domain.Invalid, issuance.CodeInvalidDPoPProof, bad)
		h.refused(t, domain.Invalid, issuance.CodeInvalidDPoPProof, bad)
		h.refused(t, domain.Invalid, "use_dpop_nonce", h.showing(t, "stale"))
	})
	if len(events) != 1 || events[0].Count != 2 || events[0].Reasons[0].Code != issuance.CodeInvalidDPoPProof || events[0].Action != domain.ActionTokenIssue || events[0].Outcome != domain.OutcomeRefused {
		t.Errorf("%+v", events)
	}
	if m := h.metrics.all(); m["refused use_dpop_nonce"] != 1 || m["refused invalid_dpop_proof"] != 2 {
		t.Errorf("%v", m)
	}
	again := h.showing(t, "")
	h.issue(t, again)
	events = h.events(t, func() { h.refused(t, domain.Invalid, issuance.CodeInvalidDPoPProof, again) })
	if len(events) != 1 || events[0].Reasons[0].Code != issuance.CodeInvalidDPoPProof || events[0].Actor.ID != h.agent.ClientID || events[0].Outcome != domain.OutcomeRefused {
		t.Errorf("a replay: %+v", events)
	}
	h.Authority = demanding{h.Authority, domain.SenderAny}
	events = h.events(t, func() { h.refused(t, domain.Forbidden, policy.CodeConstraint) })
	if len(events) != 1 || events[0].Reasons[0].Code != policy.CodeConstraint || events[0].Actor.ID != h.agent.ClientID || events[0].DelegationID != h.lent.ID {
		t.Errorf("a demand that is not met: %+v", events)
	}
}

// countingStore counts what asks for the memory of proofs.
type countingStore struct {
	proofkey.ProofStore
	asked int
	fails error
}

func (c *countingStore) UseProof(ctx context.Context, thumbprint, idHash string, expires, now time.Time) (bool, error) {
	if c.asked++; c.fails != nil {
		return false, c.fails
	}
	return c.ProofStore.UseProof(ctx, thumbprint, idHash, expires, now)
}

// Whoever proves nothing writes nothing, and what cannot be written down gives no token.
func TestOnlyKnownAgentsUseProofsUp(t *testing.T) {
	h := newKeyHouse(t)
	used := &countingStore{ProofStore: h.store}
	h.Keys.Used = used
	for name, stranger := range map[string]func(*issuance.Request){
		"no proof":             proving(attest.Presented{}),
		"a bad proof":          proving(bearer("wrong")),
		"another workload":     proving(bearer("elsewhere")),
		"nobody":               of(domain.Agent{ClientID: nobodyID}),
		"a request with flaws": func(r *issuance.Request) { r.TTL = time.Second },
	} {
		if _, err := h.Issue(t.Context(), h.request(h.showing(t, ""), stranger)); err == nil || used.asked != 0 {
			t.Errorf("%s: %v, asked %d times", name, err, used.asked)
		}
	}
	h.issue(t)
	if used.asked != 0 {
		t.Error("asked without a proof of a key")
	}
	proof := h.showing(t, "")
	used.fails = errors.New("the database is away")
	if got, err := h.Issue(t.Context(), h.request(proof)); !errors.Is(err, used.fails) || domain.KindOf(err) != domain.Internal || got.Token != "" {
		t.Errorf("an outage: %v", err)
	}
	used.fails = nil
	h.issue(t, proof) // it was not used
	if used.asked != 2 {
		t.Errorf("asked %d times", used.asked)
	}
}

// The limit of requests comes first: what is over it costs no check of a proof.
func TestLimitComesBeforeKeys(t *testing.T) {
	h := newKeyHouse(t)
	var err error
	h.Limiter, err = issuance.NewTokenBuckets(issuance.Rates{PerClient: 0, PerAddress: 1000})
	must(t, err)
	bad := func(r *issuance.Request) { r.Key.Proof = "a.b.c" }
	for range 2 { // the first empties the bucket
		_, err = h.Issue(t.Context(), h.request(bad))
	}
	if domain.KindOf(err) != domain.RateLimited {
		t.Errorf("got %v", err)
	}
}
