package console

import (
	"net/http"
	"net/url"
)

const signInPath = "/sign-in"

// maxReturn bounds the address that signing in leads back to; the console takes no longer one.
const maxReturn = 2048

// signInFirst sends a browser without a session's cookie to sign in, and back
// afterwards: the page itself could only ask the API, and be refused. Whether a
// cookie still opens a session is the API's to say.
func (c Console) signInFirst(page func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		path := r.URL.Path
		if path == signInPath || path == "/setup" || r.Header.Get("Sec-Fetch-Mode") != "navigate" || len(r.CookiesNamed(c.Cookie.Name())) > 0 {
			return page(w, r)
		}
		location := signInPath
		if back := r.URL.RequestURI(); back != "/" && len(back) <= maxReturn {
			location += "?return=" + url.QueryEscape(back)
		}
		w.Header().Set("Location", location)
		w.Header().Set("Cache-Control", "no-store") // the cookie decides, not the address
		w.WriteHeader(http.StatusSeeOther)
		return nil
	}
}
