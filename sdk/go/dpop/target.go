package dpop

import (
	"errors"
	"net/url"
	"strings"
)

// maxTarget bounds htu.
const maxTarget = 4096

var errTarget = errors.New("want an http or https URL with a host and without user information")

// target is a URL as htu compares it (RFC 9449 §4.3): without query and fragment,
// normalised by syntax and scheme (RFC 3986 §6.2.2, §6.2.3).
func target(text string) (string, error) {
	if len(text) > maxTarget || strings.ContainsFunc(text, notURI) {
		return "", errTarget
	}
	text, _, _ = strings.Cut(text, "#")
	text, _, _ = strings.Cut(text, "?")
	text, err := decodeUnreserved(text)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.Opaque != "" || u.Hostname() == "" {
		return "", errTarget
	}
	if strings.ContainsFunc(u.Host, notURI) || strings.Contains(u.Host, "%") { // an internationalised name is sent in its ASCII form
		return "", errTarget
	}
	port := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	if port == "" {
		return "", errTarget
	}
	host := strings.ToLower(u.Host)
	if u.Port() == "" || u.Port() == port {
		host = strings.TrimSuffix(strings.TrimSuffix(host, ":"+port), ":")
	}
	path := (&url.URL{}).ResolveReference(u).EscapedPath() // removes dot segments (RFC 3986 §5.2.4)
	if path == "" {
		path = "/"
	}
	return u.Scheme + "://" + host + path, nil
}

// decodeUnreserved gives percent-encoding its one spelling: what needs none has
// none, and the rest is upper case (RFC 3986 §6.2.2.1, §6.2.2.2).
func decodeUnreserved(text string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			b.WriteByte(text[i])
			continue
		}
		if i+2 >= len(text) {
			return "", errTarget
		}
		code := text[i : i+3]
		c, err := url.PathUnescape(code)
		if err != nil {
			return "", errTarget
		}
		if isUnreserved(c[0]) {
			b.WriteByte(c[0])
		} else {
			b.WriteString(strings.ToUpper(code))
		}
		i += 2
	}
	return b.String(), nil
}

func isUnreserved(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("-._~", c) >= 0
}

// notURI reports whether a character stands in no URI (RFC 3986 §2).
func notURI(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\"<>\\^`{|}", r) }
