package config

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of max-token-ttl. A day is the design's ceiling: what lives longer is
// no short-lived token.
const (
	MinTokenTTL = 60 * time.Second
	MaxTokenTTL = 24 * time.Hour
)

// mostActors is the longest chain of actors that verifiers read in a token.
const mostActors = 8

const (
	maxTrustDomain = 255 // bytes, SPIFFE-ID §2.1
	maxAudience    = 2048
)

// Validate returns every fault of the settings, one line each, joined; nil when
// there is none. It expects the defaults to be filled in and reads no file.
func (c Config) Validate() error {
	checks := []struct{ field, problem string }{
		{"Listen", listenProblem(c.Listen)},
		{"ListenUnix", listenUnixProblem(c.ListenUnix)},
		{"ListenMTLS", c.mtlsProblem()},
		{"MTLSCertFile", c.mtlsFilesProblem()},
		{"MTLSWorkloadAPI", c.mtlsWorkloadAPIProblem()},
		{"MTLSPublicURL", c.mtlsPublicURLProblem()},
		{"DataDir", dataDirProblem(c.DataDir)},
		{"DatabaseURL", databaseURLProblem(c.DatabaseURL)},
		{"DatabaseURL", bothProblem(c.DatabaseURL != "" && c.DatabaseURLFile != "", "DatabaseURLFile")},
		{"PublicURL", publicURLProblem(c.PublicURL)},
		{"TrustDomain", trustDomainProblem(c.TrustDomain)},
		{"DefaultAudience", audienceProblem(c.DefaultAudience)},
		{"AdminEmail", c.adminEmailProblem()},
		{"AdminPassword", bothProblem(c.AdminPassword != "" && c.AdminPasswordFile != "", "AdminPasswordFile")},
		{"MaxTokenTTL", ttlProblem(c.MaxTokenTTL)},
		{"MaxChain", chainProblem(c.MaxChain)},
		{"LogFormat", oneOfProblem(c.LogFormat, "text", "json")},
		{"LogLevel", oneOfProblem(c.LogLevel, "debug", "info", "warn", "error")},
	}
	var faults []error
	for _, check := range checks {
		if check.problem != "" {
			faults = append(faults, fault(check.field, "%s", check.problem))
		}
	}
	return errors.Join(faults...)
}

// fault names a setting in both of its spellings and says what to write instead.
func fault(field, format string, args ...any) error {
	s := settingOf(field)
	return fmt.Errorf("--%s (or %s) "+format, append([]any{s.Flag, s.Env}, args...)...)
}

func bothProblem(both bool, other string) string {
	if !both {
		return ""
	}
	return fmt.Sprintf("and --%s are both set: set one of them", settingOf(other).Flag)
}

func listenProblem(s string) string {
	const advice = "must be HOST:PORT, such as 127.0.0.1:7468 or :7468"
	host, port, err := net.SplitHostPort(s)
	if err != nil || strings.ContainsFunc(host, notInHost) {
		return fmt.Sprintf("%s; it is %q", advice, s)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Sprintf("%s, with a port from 0 to 65535; it is %q", advice, s)
	}
	return ""
}

// mtlsProblem: the listener needs a certificate, from exactly one place.
func (c Config) mtlsProblem() string {
	files := c.MTLSCertFile != "" || c.MTLSKeyFile != ""
	switch {
	case c.ListenMTLS == "" && (files || c.MTLSWorkloadAPI != ""):
		return "must be set when a certificate for it is, such as :7443"
	case c.ListenMTLS == "":
		return ""
	case listenProblem(c.ListenMTLS) != "":
		return listenProblem(c.ListenMTLS)
	case !files && c.MTLSWorkloadAPI == "":
		return "is set without a certificate: set --mtls-cert-file and --mtls-key-file too, or --mtls-workload-api"
	}
	return ""
}

func (c Config) mtlsFilesProblem() string {
	switch {
	case c.MTLSCertFile == "" && c.MTLSKeyFile == "":
		return ""
	case c.MTLSCertFile == "" || c.MTLSKeyFile == "":
		return "and --mtls-key-file go together: set both"
	}
	return bothProblem(c.MTLSWorkloadAPI != "", "MTLSWorkloadAPI")
}

func (c Config) mtlsWorkloadAPIProblem() string {
	if c.MTLSWorkloadAPI == "" {
		return ""
	}
	u, err := url.Parse(c.MTLSWorkloadAPI)
	if err != nil || u.Scheme != "unix" || u.Host != "" || u.Path == "" || u.Path == "/" || u.RawQuery != "" || strings.Contains(c.MTLSWorkloadAPI, "#") {
		return fmt.Sprintf("must be the address of a socket, such as unix:///run/spire/agent/public/api.sock; it is %q", clip(c.MTLSWorkloadAPI))
	}
	return ""
}

func (c Config) mtlsPublicURLProblem() string {
	switch {
	case c.MTLSPublicURL == "":
		return ""
	case c.ListenMTLS == "":
		return "is set without --listen-mtls, which it is the address of"
	case publicURLProblem(c.MTLSPublicURL) != "":
		return publicURLProblem(c.MTLSPublicURL)
	case !strings.HasPrefix(c.MTLSOrigin(), "https://"):
		return "must begin with https://: that listener speaks TLS alone"
	case c.MTLSOrigin() == c.Issuer():
		return "is the public URL already: leave it out"
	}
	return ""
}

// maxSocketPath is what sun_path holds on the system where that is shortest
// (unix(7), and 104 bytes with the last one 0 on BSD and macOS).
const maxSocketPath = 103

func listenUnixProblem(s string) string {
	if s == "" || (filepath.IsAbs(s) && filepath.Clean(s) == s && len(s) <= maxSocketPath && !strings.ContainsRune(s, 0)) {
		return ""
	}
	return fmt.Sprintf("must be the absolute path of a socket in at most %d bytes, such as /run/authsec/authsec.sock; it is %q", maxSocketPath, clip(s))
}

func notInHost(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune("/\\?#@[]\"'<>`{|}^", r)
}

func dataDirProblem(s string) string {
	if s == "" || strings.ContainsRune(s, 0) {
		return "must be a folder, such as ./data"
	}
	return ""
}

// databaseURLProblem never repeats the value: it may hold a password.
func databaseURLProblem(s Secret) string {
	if s == "" {
		return ""
	}
	u, err := url.Parse(s.Reveal())
	switch {
	case err != nil:
		return "must be a PostgreSQL URL, such as postgres://authsec@db.example.com/authsec; percent-encode special characters of the password"
	case u.Scheme != "postgres" && u.Scheme != "postgresql", u.Opaque != "":
		return "must be a PostgreSQL URL, such as postgres://authsec@db.example.com/authsec; without it the database is an embedded one in --data-dir"
	}
	return ""
}

// publicURLProblem: an issuer is an https URL without query and fragment (RFC
// 8414 §2). Ours is an origin besides: the well-known paths stand at its root.
func publicURLProblem(s string) string {
	const advice = "must be the origin at which clients reach the server, such as https://authsec.example.com"
	u, err := url.Parse(s)
	if err != nil {
		return advice // not the value: it may hold a password
	}
	host := u.Hostname()
	switch {
	case u.User != nil:
		return advice + ", without user and password"
	case u.Scheme != "https" && u.Scheme != "http", host == "", strings.ContainsFunc(host, notInHost):
		return fmt.Sprintf("%s; it is %q", advice, s)
	case u.Path != "" && u.Path != "/", u.RawQuery != "", u.ForceQuery, strings.Contains(s, "#"):
		return fmt.Sprintf("%s, without path, query or fragment; it is %q", advice, s)
	case strings.HasSuffix(u.Host, ":"), u.Port() != "" && !validPort(u.Port()):
		return fmt.Sprintf("%s, with a port from 1 to 65535 if any; it is %q", advice, s)
	case u.Scheme == "http" && !loopback(host):
		return fmt.Sprintf("must begin with https://, since tokens and passwords go there in the clear otherwise (http is for localhost alone); it is %q", s)
	}
	return ""
}

func validPort(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= 1 && n <= 65535
}

// trustDomainProblem: SPIFFE-ID §2.1 allows lower-case letters, digits, dots,
// dashes and underscores, in at most 255 bytes.
func trustDomainProblem(s string) string {
	notAllowed := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '.' && r != '-' && r != '_'
	}
	if s == "" || len(s) > maxTrustDomain || strings.ContainsFunc(s, notAllowed) {
		return fmt.Sprintf("must be 1 to %d lower-case letters, digits, dots, dashes or underscores, such as example.org; it is %q", maxTrustDomain, clip(s))
	}
	return ""
}

func audienceProblem(s string) string {
	hostile := func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }
	if s == "" || utf8.RuneCountInString(s) > maxAudience || !utf8.ValidString(s) || strings.ContainsFunc(s, hostile) {
		return fmt.Sprintf("must be a name or URI without white space, such as authsec-api; it is %q", clip(s))
	}
	return ""
}

// adminEmailProblem: the address and the password of the first admin come together.
func (c Config) adminEmailProblem() string {
	password := c.AdminPassword != "" || c.AdminPasswordFile != ""
	switch {
	case c.AdminEmail == "" && password:
		return "must be set when --admin-password or --admin-password-file is"
	case c.AdminEmail == "":
		return ""
	}
	if a, err := mail.ParseAddress(c.AdminEmail); err != nil || a.Address != c.AdminEmail {
		return fmt.Sprintf("must be one email address, such as ana@example.com; it is %q", clip(c.AdminEmail))
	}
	if !password {
		return "is set without a password: set AUTHSEC_ADMIN_PASSWORD or --admin-password-file too, or neither for a one-time set-up link"
	}
	return ""
}

func chainProblem(n int) string {
	if n < 1 || n > mostActors {
		return fmt.Sprintf("must be from 1 to %d; it is %d", mostActors, n)
	}
	return ""
}

func ttlProblem(d time.Duration) string {
	if d < MinTokenTTL || d > MaxTokenTTL || d%time.Second != 0 {
		return fmt.Sprintf("must be from %s to %s in whole seconds, such as 1h; it is %s", "60s", "24h", d)
	}
	return ""
}

func oneOfProblem(s string, allowed ...string) string {
	for _, a := range allowed {
		if s == a {
			return ""
		}
	}
	return fmt.Sprintf("must be one of %s; it is %q", strings.Join(allowed, ", "), clip(s))
}

// clip bounds what a message repeats.
func clip(s string) string {
	const most = 100
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
