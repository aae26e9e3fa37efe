package attest_test

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"authsec/internal/attest"
	"authsec/internal/attest/spiffetest"
	"authsec/internal/clocktest"
	"authsec/internal/domain"
)

const (
	spiffeAudience = "https://auth.example.com"
	agentID        = "0190a000-0000-7000-8000-000000000001"
	workloadPath   = "/ns/production/sa/support"
)

// trust is a verifier of one trust domain's SVIDs, and the domain.
type trust struct {
	attest.Verifier
	*spiffetest.Authority
	clock *clocktest.Clock
	file  string // the bundle, if it is a file
}

// newVerifier builds a SPIFFE source as the server does; authsec.local is its own trust domain.
func newVerifier(t testing.TB, clock *clocktest.Clock, s domain.SPIFFESource) attest.Verifier {
	t.Helper()
	v, err := build(clock, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	return v
}

func build(clock *clocktest.Clock, s domain.SPIFFESource) (attest.Verifier, error) {
	e := attest.Environment{TrustDomain: "authsec.local", Now: clock.Now, Log: slog.New(slog.DiscardHandler)}
	return e.Build(domain.WorkloadSource{Kind: domain.SourceSPIFFE, Settings: domain.SourceSettings{SPIFFE: &s}})
}

// trustByFile has its bundle in a file. go-spiffe reads the true time, so the clock begins there.
func trustByFile(t testing.TB, trustDomain string) *trust {
	t.Helper()
	a := spiffetest.NewAuthority(t, trustDomain)
	tr := &trust{Authority: a, clock: clocktest.At(time.Now().Truncate(time.Second)), file: filepath.Join(t.TempDir(), "bundle.json")}
	tr.write(t)
	tr.Verifier = newVerifier(t, tr.clock, domain.SPIFFESource{TrustDomain: trustDomain, Audience: spiffeAudience, BundleFile: tr.file})
	return tr
}

// write replaces the bundle's file in one step.
func (tr *trust) write(t testing.TB) {
	t.Helper()
	next := tr.file + ".next"
	if err := errors.Join(os.WriteFile(next, tr.Document(), 0o600), os.Rename(next, tr.file)); err != nil {
		t.Fatal(err)
	}
}

func (tr *trust) verify(t testing.TB, p attest.Presented) (attest.Attested, error) {
	t.Helper()
	return tr.Verify(t.Context(), p, tr.clock.Now())
}

// jwt is a JWT-SVID of the support workload, with changes.
func (tr *trust) jwt(claims map[string]any) attest.Presented {
	return bearerOf(tr.JWTSVID(workloadPath, spiffeAudience, tr.clock.Now(), claims))
}

func bearerOf(token string) attest.Presented { return attest.Presented{Bearer: domain.Secret(token)} }

func (tr *trust) x509(l spiffetest.Leaf) attest.Presented {
	if l.Path == "" {
		l.Path = workloadPath
	}
	return attest.Presented{Certificates: []*x509.Certificate{tr.X509SVID(l).Leaf}}
}

// rejected fails unless the proof is this source's and bad.
func rejected(t testing.TB, got attest.Attested, err error, says string) {
	t.Helper()
	var r *attest.Rejection
	if !errors.As(err, &r) || got.Kind != "" {
		t.Fatalf("%+v, %v: want a rejection", got, err)
	}
	if !strings.Contains(r.Problem, says) || !strings.HasSuffix(r.Problem, ".") {
		t.Errorf("it says %q, want %q in it", r.Problem, says)
	}
	if strings.Contains(r.Problem, "spiffe://") || strings.Contains(r.Problem, spiffeAudience) {
		t.Errorf("it tells what is expected: %q", r.Problem)
	}
}

// untold fails unless it cannot be told: neither a pass nor a refusal.
func untold(t testing.TB, got attest.Attested, err error, says string) {
	t.Helper()
	var r *attest.Rejection
	if err == nil || errors.As(err, &r) || errors.Is(err, attest.ErrNotMine) || got.Kind != "" || !strings.Contains(err.Error(), says) {
		t.Fatalf("%+v, %v: want an error that says %q", got, err, says)
	}
}

func TestJWTSVID(t *testing.T) {
	tr, foreign := trustByFile(t, "example.org"), spiffetest.NewAuthority(t, "example.org")
	now := tr.clock.Now()
	in := func(d time.Duration) int64 { return now.Add(d).Unix() }
	claims := map[string]any{"sub": tr.ID(workloadPath), "aud": spiffeAudience, "exp": in(time.Minute)}
	header := func(more ...any) map[string]any {
		h := map[string]any{"alg": "ES256", "kid": tr.KeyID()}
		for i := 0; i < len(more); i += 2 {
			h[more[i].(string)] = more[i+1]
		}
		return h
	}
	signed := func(h map[string]any, key any) attest.Presented { return bearerOf(spiffetest.Sign(t, h, claims, key)) }
	good := tr.jwt(nil).Bearer.Reveal()
	for name, tt := range map[string]struct {
		proof attest.Presented
		says  string // of the rejection; "" : it is good; "-" : it is another's
	}{
		"good":                               {tr.jwt(nil), ""},
		"its audience as a string":           {tr.jwt(map[string]any{"aud": spiffeAudience}), ""},
		"without iat":                        {tr.jwt(map[string]any{"iat": nil}), ""},
		"without typ":                        {signed(header(), tr.JWTKey()), ""},
		"expired, within the leeway":         {tr.jwt(map[string]any{"exp": in(-29 * time.Second)}), ""},
		"expired, where go-spiffe is lax":    {tr.jwt(map[string]any{"exp": in(-31 * time.Second)}), "has expired"},
		"expired":                            {tr.jwt(map[string]any{"iat": in(-10 * time.Minute), "exp": in(-5 * time.Minute)}), "has expired"},
		"without exp":                        {tr.jwt(map[string]any{"exp": nil}), "when it expires"},
		"exp in words":                       {tr.jwt(map[string]any{"exp": "tomorrow"}), "when it expires"},
		"not yet valid, within the leeway":   {tr.jwt(map[string]any{"nbf": in(29 * time.Second)}), ""},
		"not yet valid, where it is lax":     {tr.jwt(map[string]any{"nbf": in(45 * time.Second)}), "not valid yet"},
		"not yet valid":                      {tr.jwt(map[string]any{"nbf": in(5 * time.Minute)}), "not valid yet"},
		"made in the future":                 {tr.jwt(map[string]any{"iat": in(45 * time.Second)}), "not valid yet"},
		"as long as may be":                  {tr.jwt(map[string]any{"exp": in(domain.DefaultMaxProofAge)}), ""},
		"for too long":                       {tr.jwt(map[string]any{"exp": in(domain.DefaultMaxProofAge + time.Second)}), "lives longer"},
		"for too long, made long ago":        {tr.jwt(map[string]any{"iat": in(-24 * time.Hour)}), "lives longer"},
		"for too long, not saying since":     {tr.jwt(map[string]any{"iat": nil, "exp": in(24 * time.Hour)}), "lives longer"},
		"for another server":                 {tr.jwt(map[string]any{"aud": "https://other.example.com"}), "not made for this server alone"},
		"for another server too":             {tr.jwt(map[string]any{"aud": []string{spiffeAudience, "https://other.example.com"}}), "not made for this server alone"},
		"for nobody":                         {tr.jwt(map[string]any{"aud": nil}), "not made for this server alone"},
		"for a part of our name":             {tr.jwt(map[string]any{"aud": spiffeAudience + "/"}), "not made for this server alone"},
		"by another key of that name":        {bearerOf(foreign.JWTSVID(workloadPath, spiffeAudience, now, nil)), "does not verify"},
		"by a key that is not in the bundle": {signed(header("kid", "key-9"), tr.JWTKey()), "does not verify"},
		"by no key":                          {signed(map[string]any{"alg": "ES256"}, tr.JWTKey()), "does not verify"},
		"of another type":                    {signed(header("typ", "at+jwt"), tr.JWTKey()), "does not verify"},
		"without a signature":                {signed(header("alg", "none"), nil), "algorithm"},
		"by the public key as a secret":      {signed(header("alg", "HS256"), tr.PublicPEM()), "algorithm"},
		"by the public key's alg confused":   {signed(header("alg", "RS256"), tr.JWTKey()), "does not verify"},
		"with a key of its own":              {signed(header("jwk", map[string]any{"kty": "EC"}), tr.JWTKey()), "header"},
		"changed":                            {bearerOf(strings.Split(good, ".")[0] + "." + strings.Split(tr.jwt(map[string]any{"jti": "x"}).Bearer.Reveal(), ".")[1] + "." + strings.Split(good, ".")[2]), "does not verify"},
		"of another trust domain":            {tr.jwt(map[string]any{"sub": "spiffe://elsewhere.example" + workloadPath}), "-"},
		"of a trust domain by a longer name": {tr.jwt(map[string]any{"sub": "spiffe://example.org.evil.example/x"}), "-"},
		"of a trust domain in capitals":      {tr.jwt(map[string]any{"sub": "spiffe://EXAMPLE.ORG/x"}), "-"},
		"of no SPIFFE ID":                    {tr.jwt(map[string]any{"sub": "system:serviceaccount:production:support"}), "-"},
		"of a path that climbs":              {tr.jwt(map[string]any{"sub": "spiffe://example.org/a/../b"}), "-"},
		"of nobody":                          {tr.jwt(map[string]any{"sub": nil}), "-"},
		"no token":                           {bearerOf("authsec_cs_0123"), "-"},
		"longer than any token":              {tr.jwt(map[string]any{"x": strings.Repeat("x", 16<<10)}), "-"},
		"a client secret":                    {attest.Presented{Basic: &attest.Basic{}}, "-"},
		"nothing":                            {attest.Presented{}, "-"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tr.verify(t, tt.proof)
			switch tt.says {
			case "-":
				if !errors.Is(err, attest.ErrNotMine) || got.Kind != "" {
					t.Errorf("%+v, %v: it is another's", got, err)
				}
			case "":
				want := attest.Selector{Selector: domain.Selector{Key: "spiffe:id", Value: tr.ID(workloadPath)}, How: attest.Signed}
				if err != nil || got.Kind != "spiffe" || len(got.Selectors) != 1 || got.Selectors[0] != want || got.ClientID != "" || got.Until.Before(now) {
					t.Errorf("%+v, %v", got, err)
				}
			default:
				rejected(t, got, err, tt.says)
			}
		})
	}
}

func TestX509SVID(t *testing.T) {
	tr, foreign := trustByFile(t, "example.org"), spiffetest.NewAuthority(t, "example.org")
	now := tr.clock.Now()
	uri := func(s string) *url.URL {
		u, err := url.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	changed := func(change func(*x509.Certificate)) attest.Presented { return tr.x509(spiffetest.Leaf{Change: change}) }
	long := tr.x509(spiffetest.Leaf{})
	for range 8 {
		long.Certificates = append(long.Certificates, long.Certificates[0])
	}
	for name, tt := range map[string]struct {
		proof attest.Presented
		says  string
	}{
		"good":                             {tr.x509(spiffetest.Leaf{}), ""},
		"of a server that is also a name":  {tr.x509(spiffetest.Leaf{DNSNames: []string{"support.example.org"}}), ""},
		"expired":                          {tr.x509(spiffetest.Leaf{NotBefore: now.Add(-2 * time.Hour), NotAfter: now.Add(-time.Second)}), "has expired"},
		"not yet valid":                    {tr.x509(spiffetest.Leaf{NotBefore: now.Add(time.Second)}), "not valid yet"},
		"by another authority of the name": {attest.Presented{Certificates: []*x509.Certificate{foreign.X509SVID(spiffetest.Leaf{Path: workloadPath}).Leaf}}, "does not verify"},
		"an authority's own":               {changed(func(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign }), "does not verify"},
		"that may sign certificates":       {changed(func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageCertSign }), "does not verify"},
		"with a long chain":                {long, "more than 8"},
		"of another trust domain":          {changed(func(c *x509.Certificate) { c.URIs = []*url.URL{uri("spiffe://elsewhere.example/x")} }), "-"},
		"of no SPIFFE ID":                  {changed(func(c *x509.Certificate) { c.URIs = nil }), "-"},
		"of two SPIFFE IDs":                {changed(func(c *x509.Certificate) { c.URIs = append(c.URIs, uri("spiffe://example.org/other")) }), "-"},
		"of an address":                    {changed(func(c *x509.Certificate) { c.URIs = []*url.URL{uri("https://example.org/x")} }), "-"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tr.verify(t, tt.proof)
			switch tt.says {
			case "-":
				if !errors.Is(err, attest.ErrNotMine) {
					t.Errorf("%+v, %v: it is another's", got, err)
				}
			case "":
				if err != nil || got.Kind != "spiffe" || len(got.Selectors) != 1 || got.Selectors[0].Value != tr.ID(workloadPath) || !got.Until.Equal(tt.proof.Certificates[0].NotAfter) {
					t.Errorf("%+v, %v", got, err)
				}
			default:
				rejected(t, got, err, tt.says)
			}
		})
	}
	// Time is what the decision says it is, not the machine's.
	if got, err := tr.Verify(t.Context(), tr.x509(spiffetest.Leaf{}), now.Add(2*time.Hour)); err == nil {
		t.Errorf("%+v: it has expired by then", got)
	}
}

// A header is what the workload means; a certificate may be its mesh's.
func TestABearerTokenGoesBeforeACertificate(t *testing.T) {
	tr := trustByFile(t, "example.org")
	both := tr.jwt(map[string]any{"aud": "https://other.example.com"})
	both.Certificates = tr.x509(spiffetest.Leaf{}).Certificates
	got, err := tr.verify(t, both)
	rejected(t, got, err, "not made for this server")
	both.Bearer = "a token of another kind"
	if got, err := tr.verify(t, both); !errors.Is(err, attest.ErrNotMine) {
		t.Errorf("%+v, %v: the certificate was taken", got, err)
	}
	both.Bearer, both.Basic = "", &attest.Basic{}
	if got, err := tr.verify(t, both); !errors.Is(err, attest.ErrNotMine) {
		t.Errorf("%+v, %v: the certificate was taken beside a client secret", got, err)
	}
}

// An agent's own SVID names the agent, in the server's own trust domain and in one spelling.
func TestAnAgentsOwnSVID(t *testing.T) {
	own, other := trustByFile(t, "authsec.local"), trustByFile(t, "example.org")
	for name, tt := range map[string]struct {
		tr         *trust
		path, want string
	}{
		"its own":                 {own, "/agent/" + agentID, agentID},
		"elsewhere":               {other, "/agent/" + agentID, ""},
		"in capitals":             {own, "/agent/" + strings.ToUpper("0190abcd-0000-7000-8000-000000000001"), ""},
		"without dashes":          {own, "/agent/" + strings.ReplaceAll(agentID, "-", ""), ""},
		"no UUID":                 {own, "/agent/support", ""},
		"below it":                {own, "/agent/" + agentID + "/x", ""},
		"another path":            {own, "/agents/" + agentID, ""},
		"the path of a container": {own, "/x/agent/" + agentID, ""},
	} {
		t.Run(name, func(t *testing.T) {
			for kind, p := range map[string]attest.Presented{
				"JWT":   bearerOf(tt.tr.JWTSVID(tt.path, spiffeAudience, tt.tr.clock.Now(), nil)),
				"X.509": tt.tr.x509(spiffetest.Leaf{Path: tt.path}),
			} {
				got, err := tt.tr.verify(t, p)
				if err != nil || got.ClientID != tt.want || got.Selectors[0].Value != tt.tr.ID(tt.path) {
					t.Errorf("%s: %+v, %v", kind, got, err)
				}
				if why := got.Missing["k8s:"]; (tt.tr == own) != strings.Contains(why, "spire-entry") || why == "" || got.Missing["spiffe:"] != "" {
					t.Errorf("%s: of other platforms' selectors it says %q", kind, why)
				}
			}
		})
	}
}

// FuzzBearerToken: whatever is presented, only what the authority signed passes.
func FuzzBearerToken(f *testing.F) {
	tr := trustByFile(f, "example.org")
	good := tr.jwt(nil).Bearer.Reveal()
	signed := good[:strings.LastIndexByte(good, '.')]
	f.Add(good)
	f.Add(tr.jwt(map[string]any{"aud": 1, "iat": "x"}).Bearer.Reveal())
	f.Add(spiffetest.Sign(f, map[string]any{"alg": "none"}, map[string]any{"sub": "spiffe://example.org/"}, nil))
	f.Add("e30.eyJzdWIiOiJzcGlmZmU6Ly9leGFtcGxlLm9yZy9hIn0.")
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		got, err := tr.Verify(context.Background(), bearerOf(token), tr.clock.Now())
		switch r := (*attest.Rejection)(nil); {
		case err == nil && !strings.HasPrefix(token, signed+"."):
			t.Fatalf("accepted: %+v", got)
		case err != nil && !errors.As(err, &r) && !errors.Is(err, attest.ErrNotMine):
			t.Fatalf("a token alone makes no outage: %v", err)
		}
	})
}
