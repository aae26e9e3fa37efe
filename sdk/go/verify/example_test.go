package verify_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"authsec/sdk/go/verify"
)

// jwks holds keys that are known to the whole world; a real API leaves WithKeys
// and WithClock out.
func jwks() []byte {
	text, err := os.ReadFile("../../../testdata/vectors/jwks.json")
	if err != nil {
		panic(err)
	}
	return text
}

func newVerifier() *verify.Verifier {
	v, err := verify.New("https://authsec.example.com", "https://billing.example.com",
		verify.WithKeys(jwks()),
		verify.WithClock(func() time.Time { return time.Unix(1780000000, 0) }))
	if err != nil {
		panic(err)
	}
	return v
}

func ExampleVerifier_Verify() {
	verifier := newVerifier()
	defer verifier.Close()

	_, err := verifier.Verify(context.Background(), "not.a.token")
	switch {
	case errors.Is(err, verify.ErrKeysUnavailable):
		fmt.Println("try again:", err)
	case err != nil:
		fmt.Println("refuse:", verify.Code(err))
	}
	// Output: refuse: malformed
}

func ExampleVerifier_Middleware() {
	verifier := newVerifier()
	defer verifier.Close()

	bill := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, _ := verify.FromContext(r.Context())
		fmt.Fprintf(w, "%s asks for %s\n", claims.Actor.Subject, claims.Subject)
	})
	mux := http.NewServeMux()
	mux.Handle("GET /bills/{id}", verifier.Middleware(verify.RequireActions("billing:read")(bill)))

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/bills/7", nil))
	fmt.Println(w.Code, w.Header().Get("WWW-Authenticate"))
	// Output: 401 Bearer realm="https://billing.example.com"
}

// Only tokens that are bound to a DPoP key of their sender's are accepted, each with
// a proof of that key.
func ExampleWithDPoP() {
	verifier, err := verify.New("https://authsec.example.com", "https://billing.example.com",
		verify.WithKeys(jwks()),
		verify.WithDPoP(verify.DPoP{PublicURL: "https://billing.example.com"}),
		verify.WithSenderConstrained())
	if err != nil {
		panic(err)
	}
	defer verifier.Close()

	api := verifier.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, _ := verify.FromContext(r.Context())
		fmt.Fprintln(w, "the bill, for the key", claims.Confirmation.KeyThumbprint)
	}))
	w := httptest.NewRecorder()
	api.ServeHTTP(w, httptest.NewRequest("GET", "/bills/7", nil))
	fmt.Println(w.Code)
	for _, challenge := range w.Header().Values("WWW-Authenticate") {
		fmt.Println(challenge)
	}
	// Output:
	// 401
	// DPoP realm="https://billing.example.com", algs="ES256 ES384 ES512 EdDSA PS256 PS384 PS512 RS256 RS384 RS512"
}

// A handler is tested without a token.
func ExampleNewContext() {
	handler := verify.RequireActions("billing:read")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "the bill")
	}))
	r := httptest.NewRequest("GET", "/bills/7", nil)
	r = r.WithContext(verify.NewContext(r.Context(), &verify.Claims{Actions: []string{"billing:read"}}))
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)
	// Output: 200 the bill
}

// With the credential that registering the API as a Resource gave, tokens that
// are taken back are refused within a second.
func ExampleWithRevocation() {
	verifier, err := verify.New("https://authsec.example.com", "https://billing.example.com",
		verify.WithRevocation(verify.RevocationPush, verify.Credential{ID: "018f…", Secret: os.Getenv("AUTHSEC_RESOURCE_SECRET")}))
	if err != nil { // nothing is set here
		fmt.Println(err)
		return
	}
	defer verifier.Close()
	// Output: verify: revocation push: want the ID and the secret of the Resource
}
