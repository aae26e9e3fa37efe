package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"authsec/internal/config"
)

func TestValidate(t *testing.T) {
	set := func(change func(*config.Config)) config.Config {
		c := config.Config{}.WithDefaults()
		change(&c)
		return c
	}
	public := func(s string) config.Config { return set(func(c *config.Config) { c.PublicURL = s }) }
	listen := func(s string) config.Config { return set(func(c *config.Config) { c.Listen = s }) }
	domain := func(s string) config.Config { return set(func(c *config.Config) { c.TrustDomain = s }) }
	audience := func(s string) config.Config { return set(func(c *config.Config) { c.DefaultAudience = s }) }
	database := func(s string) config.Config {
		return set(func(c *config.Config) { c.DatabaseURL = config.Secret(s) })
	}
	mtls := func(address, cert, key, api string) config.Config {
		return set(func(c *config.Config) {
			c.ListenMTLS, c.MTLSCertFile, c.MTLSKeyFile, c.MTLSWorkloadAPI = address, cert, key, api
		})
	}
	mtlsURL := func(s string) config.Config {
		c := mtls(":7443", "/c", "/k", "")
		c.PublicURL, c.MTLSPublicURL = "https://authsec.example.com", s
		return c
	}
	listenUnix := func(s string) config.Config { return set(func(c *config.Config) { c.ListenUnix = s }) }
	ttl := func(d time.Duration) config.Config { return set(func(c *config.Config) { c.MaxTokenTTL = d }) }
	admin := func(email, password, file string) config.Config {
		return set(func(c *config.Config) {
			c.AdminEmail, c.AdminPassword, c.AdminPasswordFile = email, config.Secret(password), file
		})
	}
	tests := []struct {
		name string
		c    config.Config
		want string // in the message; "": valid
	}{
		{"listen on all", listen(":7468"), ""},
		{"listen on a free port", listen("[::1]:0"), ""},
		{"listen without port", listen("127.0.0.1"), "--listen (or AUTHSEC_LISTEN) must be HOST:PORT"},
		{"listen on a name of a port", listen("127.0.0.1:http"), "port from 0 to 65535"},
		{"listen on a port too large", listen(":65536"), "port from 0 to 65535"},
		{"listen on a negative port", listen(":-1"), "port from 0 to 65535"},
		{"listen on a URL", listen("http://localhost:7468"), "--listen"},
		{"listen on nothing", listen(""), "--listen"},

		{"Unix socket", listenUnix("/run/authsec/authsec.sock"), ""},
		{"Unix socket, relative", listenUnix("authsec.sock"), "--listen-unix (or AUTHSEC_LISTEN_UNIX) must be the absolute path"},
		{"Unix socket, as a URL", listenUnix("unix:///run/authsec.sock"), "must be the absolute path"},
		{"Unix socket, abstract", listenUnix("@authsec"), "must be the absolute path"},
		{"Unix socket, roundabout", listenUnix("/run/../tmp/a.sock"), "must be the absolute path"},
		{"Unix socket, as long as can be", listenUnix("/" + strings.Repeat("a", 102)), ""},
		{"Unix socket, too long", listenUnix("/" + strings.Repeat("a", 103)), "at most 103 bytes"},
		{"Unix socket with a zero", listenUnix("/run/a\x00b"), "must be the absolute path"},

		{"public", public("https://authsec.example.com"), ""},
		{"public with a slash", public("https://authsec.example.com:8443/"), ""},
		{"public on this machine", public("http://[::1]:7468"), ""},
		{"public in the clear", public("http://authsec.example.com"), "--public-url (or AUTHSEC_PUBLIC_URL) must begin with https://"},
		{"public in the clear, which looks local", public("http://localhost.example.com"), "must begin with https://"},
		{"public with a path", public("https://example.com/authsec"), "without path"},
		{"public with a query", public("https://example.com?x"), "without path, query"},
		{"public with an empty query", public("https://example.com?"), "without path, query"},
		{"public with a fragment", public("https://example.com/#"), "without path, query or fragment"},
		{"public with a password", public("https://ana:hunter2@example.com"), "without user and password"},
		{"public with a password, not a URL", public("https://ana:hunter2@exa mple.com"), "must be the origin"},
		{"public without scheme", public("authsec.example.com"), "must be the origin"},
		{"public of another scheme", public("ftp://example.com"), "must be the origin"},
		{"public without host", public("https://"), "must be the origin"},
		{"public opaque", public("https:example.com"), "must be the origin"},
		{"public in another script", public("https://exämple.com"), "must be the origin"},
		{"public with an empty port", public("https://example.com:"), "port from 1"},
		{"public with a port too large", public("https://example.com:99999"), "port from 1"},
		{"public empty", public(""), "must be the origin"},

		{"trust domain", domain("prod_1.example-org"), ""},
		{"trust domain, longest", domain(strings.Repeat("a", 255)), ""},
		{"trust domain too long", domain(strings.Repeat("a", 256)), "--trust-domain"},
		{"trust domain in capitals", domain("Example.org"), "lower-case"},
		{"trust domain with scheme", domain("spiffe://example.org"), "--trust-domain"},
		{"trust domain with port", domain("example.org:1"), "--trust-domain"},
		{"trust domain empty", domain(""), "--trust-domain"},

		{"audience URI", audience("https://api.example.com"), ""},
		{"audience with white space", audience("authsec api"), "--default-audience"},
		{"audience with a no-break space", audience("a\u00a0b"), "--default-audience"},
		{"audience with a control character", audience("a\x00"), "--default-audience"},
		{"audience of invalid UTF-8", audience("a\xff"), "--default-audience"},
		{"audience too long", audience(strings.Repeat("a", 2049)), "--default-audience"},
		{"audience empty", audience(""), "--default-audience"},

		{"mTLS by files", mtls(":7443", "/c", "/k", ""), ""},
		{"mTLS by the Workload API", mtls("127.0.0.1:7443", "", "", "unix:///run/spire/agent/public/api.sock"), ""},
		{"mTLS without a certificate", mtls(":7443", "", "", ""), "--listen-mtls (or AUTHSEC_LISTEN_MTLS) is set without a certificate"},
		{"mTLS without a port", mtls("7443", "/c", "/k", ""), "must be HOST:PORT"},
		{"a certificate for no listener", mtls("", "/c", "/k", ""), "--listen-mtls (or AUTHSEC_LISTEN_MTLS) must be set"},
		{"a Workload API for no listener", mtls("", "", "", "unix:///a"), "--listen-mtls (or AUTHSEC_LISTEN_MTLS) must be set"},
		{"mTLS without a key", mtls(":7443", "/c", "", ""), "--mtls-key-file go together"},
		{"mTLS without a chain", mtls(":7443", "", "/k", ""), "--mtls-key-file go together"},
		{"mTLS both ways", mtls(":7443", "/c", "/k", "unix:///a"), "--mtls-workload-api are both set"},
		{"mTLS by a Workload API elsewhere", mtls(":7443", "", "", "tcp://10.0.0.1:1"), "--mtls-workload-api (or AUTHSEC_MTLS_WORKLOAD_API) must be the address of a socket"},
		{"mTLS by a host's Workload API", mtls(":7443", "", "", "unix://run/api.sock"), "must be the address of a socket"},
		{"mTLS by no socket", mtls(":7443", "", "", "unix:///"), "must be the address of a socket"},

		{"where mTLS is reached", mtlsURL("https://authsec.example.com:7443"), ""},
		{"where mTLS is reached, and there is none", set(func(c *config.Config) { c.MTLSPublicURL = "https://authsec.example.com:7443" }), "--mtls-public-url (or AUTHSEC_MTLS_PUBLIC_URL) is set without --listen-mtls"},
		{"where mTLS is reached, with a path", mtlsURL("https://authsec.example.com:7443/mtls"), "without path"},
		{"where mTLS is reached, in the clear", mtlsURL("http://localhost:7443"), "must begin with https://"},
		{"where mTLS is reached, as everything else", mtlsURL("https://AuthSec.example.com:443/"), "is the public URL already"},

		{"database", database("postgresql://authsec:hunter2@db/authsec?sslmode=verify-full"), ""},
		{"database on a socket", database("postgres:///authsec?host=/run/postgresql"), ""},
		{"database of another kind", database("mysql://u:hunter2@h/d"), "--database-url (or AUTHSEC_DATABASE_URL) must be a PostgreSQL URL"},
		{"database in words", database("host=db password=hunter2"), "must be a PostgreSQL URL"},
		{"database with a raw password", database("postgres://u:hunter2%zz@h/d"), "percent-encode"},
		{"database twice", set(func(c *config.Config) { c.DatabaseURL, c.DatabaseURLFile = "postgres://h/d", "/f" }), "--database-url-file are both set"},

		{"admin", admin("ana@example.com", "hunter2-hunter2", ""), ""},
		{"admin by file", admin("ana@example.com", "", "/f"), ""},
		{"admin without password", admin("ana@example.com", "", ""), "--admin-email (or AUTHSEC_ADMIN_EMAIL) is set without a password"},
		{"password without admin", admin("", "hunter2-hunter2", ""), "must be set when"},
		{"password file without admin", admin("", "", "/f"), "must be set when"},
		{"admin with a name", admin("Ana <ana@example.com>", "hunter2-hunter2", ""), "one email address"},
		{"password twice", admin("ana@example.com", "hunter2-hunter2", "/f"), "--admin-password-file are both set"},

		{"ttl, shortest", ttl(time.Minute), ""},
		{"ttl, longest", ttl(24 * time.Hour), ""},
		{"ttl too short", ttl(59 * time.Second), "--max-token-ttl (or AUTHSEC_MAX_TOKEN_TTL) must be from 60s to 24h"},
		{"ttl too long", ttl(24*time.Hour + time.Second), "--max-token-ttl"},
		{"ttl negative", ttl(-time.Hour), "--max-token-ttl"},
		{"chain, shortest", set(func(c *config.Config) { c.MaxChain = 1 }), ""},
		{"chain, longest", set(func(c *config.Config) { c.MaxChain = 8 }), ""},
		{"chain too short", set(func(c *config.Config) { c.MaxChain = -1 }), "--max-chain (or AUTHSEC_MAX_CHAIN) must be from 1 to 8; it is -1"},
		{"chain too long", set(func(c *config.Config) { c.MaxChain = 9 }), "--max-chain"},
		{"ttl broken", ttl(90*time.Second + 1), "whole seconds"},

		{"log format", set(func(c *config.Config) { c.LogFormat = "xml" }), "--log-format (or AUTHSEC_LOG_FORMAT) must be one of text, json"},
		{"log level", set(func(c *config.Config) { c.LogLevel = "INFO" }), "must be one of debug, info, warn, error"},
		{"data folder", set(func(c *config.Config) { c.DataDir = "" }), "--data-dir"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.c.Validate()
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %q in it", err, tt.want)
			case err != nil && strings.Contains(err.Error(), "hunter2"):
				t.Errorf("the message shows a password: %v", err)
			case err != nil && strings.Contains(err.Error(), "\n"):
				t.Errorf("one fault makes several lines: %q", err.Error())
			}
		})
	}
}

// All faults are reported at once, one line each.
func TestValidateReportsEverything(t *testing.T) {
	err := config.Config{Listen: "x", PublicURL: "x", TrustDomain: "X", DefaultAudience: " ", AdminPassword: "p", LogFormat: "x", LogLevel: "x",
		DatabaseURL: "x", DatabaseURLFile: "x", AdminPasswordFile: "x"}.Validate()
	if err == nil {
		t.Fatal("accepted")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 13 {
		t.Errorf("%d lines, want 13:\n%v", len(lines), err)
	}
	for _, line := range lines {
		if !strings.HasPrefix(line, "--") || !strings.Contains(line, "(or AUTHSEC_") {
			t.Errorf("the line does not name flag and variable: %s", line)
		}
	}
}

// A hostile value does not flood the terminal.
func TestMessagesAreBounded(t *testing.T) {
	c := config.Config{}.WithDefaults()
	c.TrustDomain, c.DefaultAudience, c.LogLevel = strings.Repeat("A", 1<<20), strings.Repeat(" ", 1<<20), strings.Repeat("x", 1<<20)
	if err := c.Validate(); err == nil || len(err.Error()) > 2000 {
		t.Errorf("the message has %d bytes", len(err.Error()))
	}
}

func TestSecretFiles(t *testing.T) {
	write := func(content string) string {
		path := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for content, want := range map[string]string{"hunter2": "hunter2", "hunter2\n": "hunter2", "hunter2\r\n": "hunter2", " hunter2 \n": " hunter2 ",
		strings.Repeat("x", 16<<10): strings.Repeat("x", 16<<10)} {
		got, err := config.Config{AdminPasswordFile: write(content)}.AdminPasswordValue()
		if err != nil || got.Reveal() != want {
			t.Errorf("%.20q: got %.20q, %v", content, got.Reveal(), err)
		}
	}
	for content, says := range map[string]string{"": "is empty", "\n": "is empty", "\r\n": "is empty", strings.Repeat("hunter2", 1<<16): "more than 16384 bytes",
		"hunter2\nhunter2\n": "several lines", "hunter2\n\n": "several lines", "hunter2\x00": "several lines"} {
		path := write(content)
		_, err := config.Config{AdminPasswordFile: path}.AdminPasswordValue()
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "--admin-password-file (or AUTHSEC_ADMIN_PASSWORD_FILE)") || !strings.Contains(err.Error(), path) {
			t.Errorf("%.20q: %v", content, err)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the message shows the secret: %v", err)
		}
	}
	if _, err := (config.Config{AdminPasswordFile: filepath.Join(t.TempDir(), "none")}).AdminPasswordValue(); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := (config.Config{AdminPasswordFile: t.TempDir()}).AdminPasswordValue(); err == nil {
		t.Error("a folder was read as a secret")
	}
	if got, err := (config.Config{AdminPassword: "given"}).AdminPasswordValue(); err != nil || got != "given" {
		t.Errorf("the setting itself: %v", err)
	}

	if got, err := (config.Config{DatabaseURLFile: write("postgres://u:hunter2@h/d\n")}).DatabaseURLValue(); err != nil || got != "postgres://u:hunter2@h/d" {
		t.Errorf("database URL by file: %v", err)
	}
	if got, err := (config.Config{DatabaseURL: "postgres://h/d"}).DatabaseURLValue(); err != nil || got != "postgres://h/d" {
		t.Errorf("database URL: %q, %v", got, err)
	}
	if got, err := (config.Config{}).DatabaseURLValue(); err != nil || got != "" {
		t.Errorf("no database URL: %q, %v", got, err)
	}
	for _, content := range []string{"mysql://u:hunter2@h/d", "postgres://u:hunter2%zz@h/d", ""} {
		if _, err := (config.Config{DatabaseURLFile: write(content)}).DatabaseURLValue(); err == nil || strings.Contains(err.Error(), "hunter2") ||
			!strings.Contains(err.Error(), "--database-url-file") {
			t.Errorf("%q: %v", content, err)
		}
	}
}
