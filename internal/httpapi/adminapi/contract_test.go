package adminapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"authsec/internal/audit"
	"authsec/internal/delegation"
	"authsec/internal/directory"
	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"
	"authsec/internal/issuance"
	"authsec/internal/keyring"
	"authsec/internal/revocation"
	"authsec/internal/signin"
	"authsec/internal/store"
	"authsec/internal/token"

	"github.com/getkin/kin-openapi/openapi3"
)

// TestContractIsOneWeCanHoldTo: the document is valid, every text and list of a
// request has a limit, and every object of one refuses unknown members.
func TestContractIsOneWeCanHoldTo(t *testing.T) {
	doc, err := api.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	operations, err := loadContract()
	if err != nil {
		t.Fatal(err)
	}
	for pattern, o := range operations {
		for _, p := range o.path {
			checkBounded(t, pattern+" "+p.Name, p.Schema.Value)
		}
		for name, p := range o.query {
			checkBounded(t, pattern+" "+name, p.Schema.Value)
		}
		if o.body != nil {
			checkBounded(t, pattern, o.body)
		}
	}
}

func checkBounded(t *testing.T, at string, s *openapi3.Schema) {
	t.Helper()
	switch {
	case s.Type.Is(openapi3.TypeString):
		if s.MaxLength == nil && len(s.Enum) == 0 {
			t.Errorf("%s: a text without maxLength", at)
		}
		if s.Pattern != "" && (!strings.HasPrefix(s.Pattern, "^") || !strings.HasSuffix(s.Pattern, "$")) {
			t.Errorf("%s: the pattern %s is not anchored", at, s.Pattern)
		}
	case s.Type.Is(openapi3.TypeInteger):
		if s.Min == nil || s.Max == nil || *s.Max > 1<<53-1 {
			t.Errorf("%s: a number without bounds that every reader keeps", at)
		}
	case s.Type.Is(openapi3.TypeArray):
		if s.MaxItems == nil {
			t.Errorf("%s: a list without maxItems", at)
		}
		checkBounded(t, at+"[]", s.Items.Value)
	case s.Type.Is(openapi3.TypeObject):
		if s.AdditionalProperties.Has == nil || *s.AdditionalProperties.Has {
			t.Errorf("%s: an object that takes unknown members", at)
		}
		for name, p := range s.Properties {
			checkBounded(t, at+"/"+name, p.Value)
		}
	case !s.Type.Is(openapi3.TypeBoolean):
		t.Errorf("%s: no type that is checked", at)
	}
}

// whole is an API with every part, none of which does anything.
func whole() API {
	return API{Directory: &directory.Service{}, Delegation: &delegation.Service{}, SignIn: &signin.Service{}, Keyring: &keyring.Keyring{},
		Minter: &token.Minter{}, Examiner: &issuance.Examiner{}, Subjects: &delegation.SubjectExaminer{}, Audit: audit.Query{Store: &store.Store{}, Watcher: &audit.Watcher{}},
		Recalls: &revocation.Progress{}, PublicURL: "http://localhost", Now: time.Now}
}

func TestEndpointsWantEveryPart(t *testing.T) {
	if _, err := whole().Endpoints(); err != nil {
		t.Fatal(err)
	}
	for name, remove := range map[string]func(*API){
		"directory": func(a *API) { a.Directory = nil }, "delegation": func(a *API) { a.Delegation = nil }, "signin": func(a *API) { a.SignIn = nil },
		"keyring": func(a *API) { a.Keyring = nil }, "minter": func(a *API) { a.Minter = nil }, "examiner": func(a *API) { a.Examiner = nil }, "subjects": func(a *API) { a.Subjects = nil }, "audit": func(a *API) { a.Audit = audit.Query{} },
		"recalls":    func(a *API) { a.Recalls = nil },
		"public URL": func(a *API) { a.PublicURL = "" }, "clock": func(a *API) { a.Now = nil },
	} {
		a := whole()
		remove(&a)
		if _, err := a.Endpoints(); err == nil {
			t.Errorf("without %s it starts", name)
		}
	}
}

// TestEveryPlatformHasASource and every selector key's prefix leads back to it.
func TestEveryPlatformHasASource(t *testing.T) {
	for _, p := range domain.Platforms() {
		state := directory.PlatformState{Platform: p, ProvenBy: domain.ProvenBy(p.Key)}
		list := proofSources(state)
		if len(list) == 0 || list[0].Label == "" || !list[0].Method.Valid() || list[0].Configured != (p.Key == domain.PlatformOther) || list[0].Configured != (list[0].Help == nil) {
			t.Errorf("%s: %+v", p.Key, list)
		}
		for _, k := range p.Selectors {
			proof, err := givenProof([]string{k.ExampleKey() + "=" + k.Example})
			if err != nil || proof.Kind != string(list[0].Method) || len(proof.Selectors) != 1 || proof.Selectors[0].Value != k.Example {
				t.Errorf("%s: %+v %v", k.Key, proof, err)
			}
		}
		for _, kind := range state.ProvenBy {
			state.Sources = []domain.WorkloadSource{{ID: "a", Name: "One", Kind: kind}, {ID: "b", Name: "Two", Kind: kind}}
			list := proofSources(state)
			if len(list) != 2 || list[0].Label != "One" || *list[1].ID != "b" || !list[0].Configured || !list[0].Method.Valid() || !list[0].Kind.Valid() || list[0].Help != nil {
				t.Errorf("%s by %s: %+v", p.Key, kind, list)
			}
		}
	}
}

func TestPermissionsDifferByLevel(t *testing.T) {
	all := permissions(domain.LevelAdmin)
	if len(permissions("")) != 0 {
		t.Error("no level may something")
	}
	for _, l := range []domain.Level{domain.LevelAdmin, domain.LevelMember, domain.LevelAuditor} {
		for _, p := range permissions(l) {
			if !p.Valid() || (l == domain.LevelAuditor && !strings.Contains(string(p), "read")) {
				t.Errorf("%s: %s", l, p)
			}
		}
		if l != domain.LevelAdmin && len(permissions(l)) >= len(all) {
			t.Errorf("%s has as many as an admin", l)
		}
	}
}

// BenchmarkContract is the cost of the check of a request with a body.
func BenchmarkContract(b *testing.B) {
	operations, err := loadContract()
	if err != nil {
		b.Fatal(err)
	}
	h := operations["POST /api/v1/agents"].guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	const body = `{"name":"Customer Support","type":"langchain","platform":"kubernetes","selectors":[{"key":"k8s:ns","value":"production"},
		{"key":"k8s:sa","value":"customer-support-sa"},{"key":"k8s:pod-label:app","value":"customer-support"},{"key":"k8s:container-name","value":"agent"}]}`
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/api/v1/agents", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}

// BenchmarkLoadContract is what the contract adds to the server's start.
func BenchmarkLoadContract(b *testing.B) {
	for b.Loop() {
		if _, err := loadContract(); err != nil {
			b.Fatal(err)
		}
	}
}
