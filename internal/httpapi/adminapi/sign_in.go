package adminapi

import (
	"net/http"
	"net/url"
	"time"

	"authsec/internal/domain"
	"authsec/internal/httpapi/wire"
	"authsec/internal/signin"
)

// SignInCallback is the path to which identity providers send browsers back. It
// is registered there, so it never changes.
const SignInCallback = basePath + "/sign-in/callback"

// signInPage is the console's, which says in words what an error's code means.
const signInPage = "/sign-in"

// SignInPages are the navigations of a sign-in from an identity provider. They
// are no part of the contract: a browser's own page load asks them, and they
// answer by sending it on.
type SignInPages struct {
	SignIn *signin.Service
	Cookie wire.SessionCookie
}

// Endpoints returns the routes.
func (p SignInPages) Endpoints() []wire.Endpoint {
	return []wire.Endpoint{
		{Pattern: "GET " + basePath + "/sign-in/{provider_id}/start", Handler: http.HandlerFunc(p.start)},
		{Pattern: "GET " + SignInCallback, Handler: http.HandlerFunc(p.callback)},
	}
}

func (p SignInPages) start(w http.ResponseWriter, r *http.Request) {
	if !navigation(r) {
		p.fail(w, r, domain.Errorf(domain.Forbidden, signin.CodeFailed, "A sign-in begins by a navigation of the browser's own."))
		return
	}
	begun, err := p.SignIn.BeginSignIn(r.Context(), peerOf(r.Context()), r.PathValue("provider_id"), r.URL.Query().Get("return_to"))
	if err != nil {
		p.fail(w, r, err)
		return
	}
	http.SetCookie(w, p.cookie(begun.Browser.Reveal(), int(domain.SignInLife/time.Second)))
	seeOther(w, begun.Location)
}

// callback is a navigation from the provider's site, which the browser makes with
// cookies that are SameSite=Lax.
func (p SignInPages) callback(w http.ResponseWriter, r *http.Request) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	for _, values := range query {
		if len(values) > 1 { // RFC 6749 §3.1: no parameter twice
			err = domain.Errorf(domain.Invalid, signin.CodeFailed, "The answer has a parameter twice.")
		}
	}
	if err != nil || !navigation(r) {
		p.fail(w, r, domain.Errorf(domain.Invalid, signin.CodeFailed, "This is no answer of an identity provider."))
		return
	}
	browser := domain.Secret("")
	if cookies := r.CookiesNamed(p.cookieName()); len(cookies) == 1 { // of two, one was planted
		browser = domain.Secret(cookies[0].Value)
	}
	http.SetCookie(w, p.cookie("", -1))
	got, returnTo, err := p.SignIn.CompleteSignIn(r.Context(), peerOf(r.Context()), signin.Returned{State: domain.Secret(query.Get("state")),
		Browser: browser, Code: query.Get("code"), Issuer: query.Get("iss"), Error: query.Get("error")})
	if err != nil {
		p.fail(w, r, err)
		return
	}
	http.SetCookie(w, p.Cookie.Set(got.Secret, got.Session.ExpiresAt))
	seeOther(w, returnTo)
}

// navigation reports whether a browser's own page load asks, as far as it says
// (Fetch Metadata): no picture or frame of another page begins a sign-in.
func navigation(r *http.Request) bool {
	mode, dest := r.Header.Get("Sec-Fetch-Mode"), r.Header.Get("Sec-Fetch-Dest")
	return (mode == "" || mode == "navigate") && (dest == "" || dest == "document")
}

// fail sends the browser to the console's page, which says what went wrong.
func (p SignInPages) fail(w http.ResponseWriter, r *http.Request, err error) {
	wire.FromContext(r.Context()).Err = err
	code := domain.CodeOf(err)
	switch domain.KindOf(err) {
	case domain.Internal:
		code = "unavailable"
	case domain.Unavailable:
		if code != signin.CodeProviderUnavailable {
			code = "unavailable"
		}
	default:
	}
	seeOther(w, signInPage+"?error="+url.QueryEscape(code))
}

// seeOther answers without a body: the location is a provider's, with the state in it.
func seeOther(w http.ResponseWriter, location string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusSeeOther)
}

func (p SignInPages) cookieName() string {
	if p.Cookie.Secure {
		return "__Host-authsec_sign_in"
	}
	return "authsec_sign_in"
}

// cookie binds a sign-in to the browser that began it. A maximum age below 0 removes it.
func (p SignInPages) cookie(value string, maxAge int) *http.Cookie {
	//nolint:gosec // Secure is set wherever the public URL is https, as for the session's
	return &http.Cookie{Name: p.cookieName(), Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: p.Cookie.Secure}
}
