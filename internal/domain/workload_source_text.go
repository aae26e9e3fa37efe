package domain

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
)

// SPIFFE-ID §2.1 and §2.2.
var (
	trustDomainPattern = regexp.MustCompile(`^[a-z0-9._-]+$`)
	spiffePathPattern  = regexp.MustCompile(`^(/[a-zA-Z0-9._-]+)*$`)
)

// SPIFFE-ID §2.3.
const (
	maxTrustDomain = 255
	maxSPIFFEID    = 2048
)

// ValidSPIFFEID reports whether s is a well-formed SPIFFE ID, of a trust domain
// or of a workload in it.
func ValidSPIFFEID(s string) bool {
	rest, ok := strings.CutPrefix(s, "spiffe://")
	if !ok || len(s) > maxSPIFFEID {
		return false
	}
	trustDomain, path := rest, ""
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		trustDomain, path = rest[:i], rest[i:]
	}
	if len(trustDomain) > maxTrustDomain || !trustDomainPattern.MatchString(trustDomain) || !spiffePathPattern.MatchString(path) {
		return false
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return false
		}
	}
	return true
}

// checkHTTPS adds a fault unless s is an address that can be asked without
// trusting the network: https, or plain http on this machine.
func checkHTTPS(f *Faults, field, s string) {
	if s == "" {
		f.Add(field, "required", "%s is required.", label(field))
		return
	}
	before := len(*f)
	if CheckText(f, field, s, MaxURI, false); len(*f) > before {
		return
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(s, "#") ||
		strings.ContainsFunc(s, notInURI) || (u.Scheme != "https" && u.Scheme != "http") {
		f.Add(field, "invalid_uri", "%s must be an https URL without credentials, query and fragment, such as https://issuer.example.com.", label(field))
		return
	}
	if u.Scheme == "http" && !loopbackHost(u.Hostname()) {
		f.Add(field, "insecure", "%s must be https: plain http is for this machine alone.", label(field))
	}
}

func loopbackHost(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// checkUnixURL adds a fault unless s names a socket, as unix:///path.
func checkUnixURL(f *Faults, field, s string) {
	before := len(*f)
	if CheckText(f, field, s, MaxPath, false); len(*f) > before {
		return
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "unix" || u.Host != "" || u.User != nil || !filepath.IsAbs(u.Path) || u.Path == "/" ||
		u.RawQuery != "" || u.ForceQuery || strings.Contains(s, "#") {
		f.Add(field, "invalid_uri", "%s must be the address of a socket, such as unix:///run/spire/agent.sock.", label(field))
	}
}

func checkDockerHost(f *Faults, field, s string) {
	if strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://") {
		checkHTTPS(f, field, s)
		return
	}
	checkUnixURL(f, field, s)
}

// checkPath adds a fault unless s is an absolute path.
func checkPath(f *Faults, field, s string) {
	before := len(*f)
	if CheckText(f, field, s, MaxPath, false); len(*f) > before {
		return
	}
	if !filepath.IsAbs(s) {
		f.Add(field, "invalid_path", "%s must be the absolute path of a file on the server.", label(field))
	}
}

// checkKeys checks a key set that is given, or where it is.
func checkKeys(f *Faults, at, jwks, jwksURL string) {
	if jwksURL != "" {
		checkHTTPS(f, at+"/jwks_url", jwksURL)
	}
	if jwks == "" {
		return
	}
	field := at + "/jwks"
	if jwksURL != "" {
		f.Add(at+"/jwks_url", "not_allowed", "%s and %s exclude each other: leave one of them out.", label(at+"/jwks_url"), label(field))
	}
	if len(jwks) > MaxJWKSBytes {
		f.Add(field, "too_long", "%s has more than %d KiB.", label(field), MaxJWKSBytes>>10)
		return
	}
	var set struct {
		Keys []map[string]json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal([]byte(jwks), &set); err != nil || len(set.Keys) == 0 {
		f.Add(field, "invalid_jwks", `%s must be a key set with at least one key, as {"keys": […]} (RFC 7517).`, label(field))
		return
	}
	for _, key := range set.Keys {
		for _, private := range privateMembers() {
			if _, has := key[private]; has {
				f.Add(field, "private_key", "%s must hold public keys only. Replace the key: it has been shown.", label(field))
				return
			}
		}
	}
}

// checkCABundle adds a fault unless s is empty or holds certificates and nothing else.
func checkCABundle(f *Faults, field, s string) {
	if s == "" {
		return
	}
	if len(s) > MaxCABundleBytes {
		f.Add(field, "too_long", "%s has more than %d KiB.", label(field), MaxCABundleBytes>>10)
		return
	}
	rest, n := []byte(s), 0
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if strings.Contains(block.Type, "PRIVATE KEY") {
			f.Add(field, "private_key", "%s must hold certificates only. Replace the private key in it: it has been shown.", label(field))
			return
		}
		if _, err := x509.ParseCertificate(block.Bytes); block.Type != "CERTIFICATE" || err != nil {
			n = 0
			break
		}
		n++
	}
	if n == 0 || strings.Contains(string(rest), "-----BEGIN") {
		f.Add(field, "invalid_pem", "%s must be certificates in PEM, each from -----BEGIN CERTIFICATE----- to its end.", label(field))
	}
}

// checkClaim adds a fault unless s is a claim's name, or a JSON Pointer (RFC
// 6901 §3) to one inside another.
func checkClaim(f *Faults, field, s string) {
	if strings.TrimSpace(s) == "" {
		f.Add(field, "required", "%s must not be empty.", label(field))
		return
	}
	before := len(*f)
	if CheckText(f, field, s, MaxClaim, false); len(*f) > before || !strings.HasPrefix(s, "/") {
		return
	}
	if s == "/" || strings.Contains(strings.NewReplacer("~0", "", "~1", "").Replace(s), "~") {
		f.Add(field, "invalid_pointer", `%s must be a claim's name, or a path such as /outer/inner with "~" written as ~0.`, label(field))
	}
}
