package jwks

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// ErrPlainHTTP refuses an http address of another machine: whoever controls the
// network in between could put keys of their own in the place of the issuer's.
var ErrPlainHTTP = errors.New("want https")

// CheckURL holds an address to https (RFC 8414 §2), or http on this machine, or
// any http where plainHTTP allows it.
func CheckURL(address string, plainHTTP bool) error {
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("not a URL")
	}
	if u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%q: want scheme://host[:port][/path]", u.Redacted())
	}
	switch {
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && (plainHTTP || isLoopback(u.Hostname())):
		return nil
	}
	return fmt.Errorf("%q: %w", u.Redacted(), ErrPlainHTTP)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// OAuthMetadata returns where the metadata of an OAuth issuer may be. RFC 8414
// §3.1 puts the well-known path before the issuer's own; a server behind a proxy
// that strips a prefix can only answer after it (the older form of §5).
func OAuthMetadata(issuer string) []string {
	const wellKnown = "/.well-known/oauth-authorization-server"
	issuer = strings.TrimSuffix(issuer, "/")
	u, err := url.Parse(issuer)
	if err != nil || u.Path == "" {
		return []string{issuer + wellKnown}
	}
	origin := strings.TrimSuffix(issuer, u.EscapedPath())
	return []string{origin + wellKnown + u.EscapedPath(), issuer + wellKnown}
}

// OpenIDMetadata returns where the metadata of an OpenID Connect issuer is
// (OpenID Connect Discovery §4.1).
func OpenIDMetadata(issuer string) []string {
	return []string{strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"}
}
