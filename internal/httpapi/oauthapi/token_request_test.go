package oauthapi

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/httpapi/wire"
	"authsec/internal/issuance"
	"authsec/internal/policy"
	"authsec/sdk/go/dpop"
	"authsec/sdk/go/jws"
)

const agentID = "0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e"

func tokenRequest(t testing.TB, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(wire.NewContext(t.Context(), &wire.Request{ID: "req-1", IP: "127.0.0.1"}), http.MethodPost, tokenPath, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func TestTokenRequestIsReadWhole(t *testing.T) {
	r := tokenRequest(t, "grant_type=client_credentials&client_id="+strings.ToUpper(agentID)+"&client_secret=a%2Bb&delegation_id="+strings.ToUpper(agentID)+
		"&role=support&scope=c:d+a:b&resource=https%3A%2F%2Fa.example&audience=b&resource=urn:x&ttl=90")
	got, err := parseTokenRequest(httptest.NewRecorder(), r)
	if err != nil {
		t.Fatal(err)
	}
	if got.ClientID != agentID || got.DelegationID != agentID || got.Role != "support" || got.TTL != 90*time.Second || got.IP != "127.0.0.1" || got.RequestID != "req-1" ||
		!reflect.DeepEqual(got.Actions, []string{"c:d", "a:b"}) || !reflect.DeepEqual(got.Audience, []string{"https://a.example", "urn:x", "b"}) ||
		got.Proof.Basic == nil || got.Proof.Basic.ClientID != agentID || got.Proof.Basic.Secret.Reveal() != "a+b" || !got.Proof.Loopback {
		t.Errorf("%+v", got)
	}
	// RFC 6749 §2.3.1: each half of Basic is form-encoded.
	r = tokenRequest(t, "grant_type=client_credentials")
	r.SetBasicAuth(agentID, "a%2Bb%25")
	r.Header.Set("Via", "1.1 proxy")
	if got, err = parseTokenRequest(httptest.NewRecorder(), r); err != nil || got.Proof.Basic.Secret.Reveal() != "a+b%" || got.ClientID != agentID || got.Proof.Loopback {
		t.Errorf("%+v %v", got, err)
	}
}

// A credential that is too long is refused before anything reads it.
func TestOversizedCredentialsAreNotRead(t *testing.T) {
	long := strings.Repeat("a", maxCredential+1)
	for name, r := range map[string]*http.Request{
		"client_assertion": tokenRequest(t, "grant_type=client_credentials&client_id="+agentID+"&client_assertion_type="+assertionSVID+"&client_assertion="+long),
		"Authorization":    tokenRequest(t, "grant_type=client_credentials&client_id="+agentID),
	} {
		if name == "Authorization" {
			r.Header.Set("Authorization", "Basic "+long)
		}
		_, err := parseTokenRequest(httptest.NewRecorder(), r)
		if domain.KindOf(err) != domain.Unauthenticated || !strings.Contains(err.Error(), "16384 bytes") || len(err.Error()) > 300 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The connection's certificate and process are the proof where nothing else is.
func TestTokenProofOfTheConnection(t *testing.T) {
	info := &wire.Request{IP: "192.0.2.1", Certificates: []*x509.Certificate{{Raw: []byte("leaf")}}, Peer: somebody{}}
	for body, certificates := range map[string]int{
		"":                 1,
		"&client_secret=x": 0,
		"&client_secret=":  1,
		"&client_assertion=a.b.c&client_assertion_type=" + assertionJWT: 0,
	} {
		r := tokenRequest(t, "grant_type=client_credentials&client_id="+agentID+body)
		got, err := parseTokenRequest(httptest.NewRecorder(), r.WithContext(wire.NewContext(t.Context(), info)))
		if err != nil || len(got.Proof.Certificates) != certificates || got.Proof.Peer == nil || got.Proof.Loopback {
			t.Errorf("%q: %+v %v", body, got.Proof, err)
		}
	}
}

type somebody struct{}

func (somebody) Process(context.Context) (domain.Process, error) { return domain.Process{UID: 7}, nil }

// Every code that a decision may have has a name of the RFCs, and a status of theirs.
func TestEveryCodeHasAName(t *testing.T) {
	names := map[string]int{invalidRequest: 400, invalidClient: 401, invalidGrant: 400, invalidScope: 400, invalidTarget: 400, unauthorizedClient: 400}
	codes := []string{policy.CodeUnknownClient, policy.CodeProofRequired, policy.CodeInvalidProof, policy.CodeSelectors, policy.CodeAgentSuspended, policy.CodeNoDelegation,
		policy.CodeAmbiguousDelegation, policy.CodeDelegationEnded, policy.CodeDelegatorInactive, policy.CodeRoleNotHeld, policy.CodeAudienceNotAllowed,
		policy.CodeActionNotDelegated, policy.CodeNoEffectiveActions, policy.CodePresenceRequired, policy.CodeTemplate, policy.CodeChain, policy.CodeConstraint, policy.CodeKeyProof,
		policy.CodeInvalidRequest, issuance.CodeSubjectToken, issuance.CodeNotLinked}
	for _, code := range codes {
		denial := policy.Denial{Reasons: []domain.Reason{{Code: code, Message: "why"}}}
		got := tokenError(*denial.Err())
		if names[got.Code] != wire.Status(got.Kind) || got.Details["authsec_error"] != code {
			t.Errorf("%s is %s with %d", code, got.Code, wire.Status(got.Kind))
		}
		if _, ok := tokenErrorNames()[code]; !ok && code != policy.CodeInvalidRequest {
			t.Errorf("%s has no name", code)
		}
	}
}

// Renaming leaves the error that it was given alone: others hold it, too.
func TestTokenErrorSharesNothing(t *testing.T) {
	original := domain.Error{Kind: domain.Forbidden, Code: "action_not_delegated", Details: map[string]any{"actions": []string{"a:b"}}}
	if got := tokenError(original); len(got.Details) != 2 || len(original.Details) != 1 {
		t.Errorf("%+v, %+v", got, original)
	}
}

// RFC 8414 §2: what is listed is what attest takes.
func TestTokenMetadata(t *testing.T) {
	m := API{Issuer: "https://authsec.example"}.tokenMetadata()
	if m.TokenEndpoint != "https://authsec.example/oauth2/token" || !reflect.DeepEqual(m.TokenEndpointAuthAlgs, jws.Algorithms()) || slices.Contains(m.TokenEndpointAuthMethods, "spiffe_x509") {
		t.Errorf("%+v", m)
	}
	if m = (API{MutualTLS: true}).tokenMetadata(); !slices.Contains(m.TokenEndpointAuthMethods, "spiffe_x509") {
		t.Errorf("%+v", m)
	}
}

// RFC 9449 §5.1, RFC 8705 §3.3 and §5: what is listed is what proofs are taken by,
// and where certificates are looked at.
func TestRFC9449_5_1_RFC8705_3_3_Metadata(t *testing.T) {
	m := API{Issuer: "https://authsec.example"}.document()
	if !reflect.DeepEqual(m.DPoPAlgs, dpop.Algorithms()) || m.CertificateBound || m.MTLSAliases != nil {
		t.Errorf("%+v", m)
	}
	m = API{Issuer: "https://authsec.example", MutualTLS: true, MutualTLSURL: "https://mtls.example:7443"}.document()
	if want := (mtlsAliases{"https://mtls.example:7443/oauth2/token", "https://mtls.example:7443/oauth2/revoke", "https://mtls.example:7443/authsec/uflow/sdk/delegation-token"}); !m.CertificateBound || *m.MTLSAliases != want {
		t.Errorf("%+v, %+v", m, m.MTLSAliases)
	}
}

// FuzzTokenRequest: any body and header are a request or the caller's fault, the
// same one each time, and no credential is repeated in it.
func FuzzTokenRequest(f *testing.F) {
	f.Add("grant_type=client_credentials&client_id="+agentID+"&scope=a:b&ttl=60&resource=https://a.example", "")
	f.Add("grant_type=client_credentials&resource=%zz&resource=:#&audience=%00", "Basic YTpi")
	f.Add("grant_type=client_credentials&client_assertion_type="+assertionSVID+"&client_assertion=e30.e30.e30", "")
	f.Add("grant_type="+grantTokenExchange+"&subject_token=01234567890123456789&subject_token_type="+typeAccessToken+"&client_id="+agentID, "")
	f.Add("grant_type="+grantTokenExchange+"&subject_token=a.b.c&subject_token_type="+tokenTypes+"jwt&client_assertion_type="+assertionJWT+
		"&client_assertion=e30.e30.e30&actor_token=e30.e30.e30&actor_token_type="+tokenTypes+"jwt&requested_token_type="+tokenTypes+"saml2", "")
	f.Add("a=1&a=2;\xff=%ff", "Bearer x")
	f.Add("grant_type=client_credentials&client_secret=0123456789012345&scope=+", "\xff")
	f.Fuzz(func(t *testing.T, body, authorization string) {
		run := func() (any, error) {
			r := tokenRequest(t, body)
			if authorization != "" {
				r.Header["Authorization"] = []string{authorization}
			}
			return parseTokenRequest(httptest.NewRecorder(), r)
		}
		got, err := run()
		again, errAgain := run()
		if err == nil {
			if !reflect.DeepEqual(got, again) || errAgain != nil {
				t.Fatalf("%+v, then %+v %v", got, again, errAgain)
			}
			return
		}
		if errAgain == nil || err.Error() != errAgain.Error() {
			t.Fatalf("%v, then %v", err, errAgain)
		}
		if k := domain.KindOf(err); k != domain.Invalid && k != domain.Unauthenticated && len(body) <= maxForm {
			t.Fatalf("not the caller's fault: %v", err)
		}
		// Digits alone stand in no text of ours: what is repeated is the caller's.
		f, _ := parseForm(body)
		for _, secret := range []string{f.value("client_secret"), f.value("client_assertion"), f.value("subject_token"), f.value("actor_token"), strings.TrimPrefix(authorization, "Basic ")} {
			if len(secret) > 8 && strings.Trim(secret, "0123456789") == "" && strings.Contains(err.Error(), secret) && strings.Count(body+authorization, secret) == 1 {
				t.Fatalf("the credential is repeated: %v", err)
			}
		}
	})
}

// BenchmarkTokenRequest is the first room that every token request walks through.
func BenchmarkTokenRequest(b *testing.B) {
	const body = "grant_type=client_credentials&client_id=" + agentID + "&scope=billing:read&client_assertion_type=" + assertionJWT + "&client_assertion=a.b.c"
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parseTokenRequest(httptest.NewRecorder(), tokenRequest(b, body)); err != nil {
			b.Fatal(err)
		}
	}
}
