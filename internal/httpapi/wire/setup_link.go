package wire

import (
	"net/url"

	"authsec/internal/domain"
)

// SetupURL is the console's link that carries a set-up secret, in the fragment,
// which browsers never send. It says whose it is, so that the page asks them for
// a password alone; without an email it makes the first administrator.
func SetupURL(publicURL string, secret domain.Secret, email string) string {
	link := publicURL + "/setup#token=" + secret.Reveal()
	if email != "" {
		link += "&for=" + url.QueryEscape(email)
	}
	return link
}
