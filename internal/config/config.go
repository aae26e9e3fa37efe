// Package config holds the deployment's settings (DESIGN §4): one struct, its
// defaults and its checks. The struct's tags are read by the command line, which
// fills it from flags and AUTHSEC_* variables; nothing here reads either.
package config

import (
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

// Config is the settings of one deployment. The zero value with WithDefaults is
// a working one: an embedded database below ./data, served on this machine.
type Config struct {
	Listen     string `env:"AUTHSEC_LISTEN" default:"127.0.0.1:7468" placeholder:"HOST:PORT" help:"Address to listen on; port 0 takes a free one."`
	ListenUnix string `env:"AUTHSEC_LISTEN_UNIX" placeholder:"PATH" help:"Also listen on this Unix socket, for agents on this machine: the kernel tells who they are."`

	ListenMTLS      string `env:"AUTHSEC_LISTEN_MTLS" placeholder:"HOST:PORT" help:"Also listen there for agents that prove themselves by an X.509-SVID (mutual TLS)."`
	MTLSCertFile    string `env:"AUTHSEC_MTLS_CERT_FILE" placeholder:"FILE" help:"Certificate (PEM chain) of that listener; read again when it changes."`
	MTLSKeyFile     string `env:"AUTHSEC_MTLS_KEY_FILE" placeholder:"FILE" help:"Its private key (PEM)."`
	MTLSWorkloadAPI string `env:"AUTHSEC_MTLS_WORKLOAD_API" placeholder:"URL" help:"Instead of the files: the SPIFFE Workload API that gives the server its own X.509-SVID, as unix:///path."`
	MTLSPublicURL   string `env:"AUTHSEC_MTLS_PUBLIC_URL" placeholder:"URL" help:"Where agents reach that listener, as https://HOST:PORT; the metadata names it for them."`

	DataDir string `env:"AUTHSEC_DATA_DIR" default:"./data" placeholder:"DIR" help:"Folder of the embedded database and its master key."`

	DatabaseURL     Secret `env:"AUTHSEC_DATABASE_URL" placeholder:"URL" help:"PostgreSQL, as postgres://user:password@host/database; without it, an embedded database."`
	DatabaseURLFile string `env:"AUTHSEC_DATABASE_URL_FILE" placeholder:"FILE" help:"File that holds the database URL."`

	PublicURL       string `env:"AUTHSEC_PUBLIC_URL" default:"http://localhost:7468" placeholder:"URL" help:"Where clients reach the server: the tokens' issuer. https, unless on this machine."`
	TrustDomain     string `env:"AUTHSEC_TRUST_DOMAIN" default:"authsec.local" placeholder:"NAME" help:"SPIFFE trust domain of the agents' identities."`
	DefaultAudience string `env:"AUTHSEC_DEFAULT_AUDIENCE" default:"authsec-api" placeholder:"NAME" help:"Audience of tokens from delegations that list no resources."`

	AdminEmail        string `env:"AUTHSEC_ADMIN_EMAIL" placeholder:"EMAIL" help:"Create this first admin when there are no users; without it, a one-time set-up link is printed."`
	AdminPassword     Secret `env:"AUTHSEC_ADMIN_PASSWORD" placeholder:"PASSWORD" help:"The first admin's password. Prefer the variable or the file: others on the machine can see flags."`
	AdminPasswordFile string `env:"AUTHSEC_ADMIN_PASSWORD_FILE" placeholder:"FILE" help:"File that holds the first admin's password."`
	MasterKeyFile     string `env:"AUTHSEC_MASTER_KEY_FILE" placeholder:"FILE" help:"Key under which signing keys are encrypted; required with PostgreSQL. The embedded database makes its own."`

	RequireAttestation bool          `env:"AUTHSEC_REQUIRE_ATTESTATION" help:"Forbid permissive agents altogether: every token needs proof of the workload."`
	MaxTokenTTL        time.Duration `env:"AUTHSEC_MAX_TOKEN_TTL" default:"24h" placeholder:"DURATION" help:"Longest life of any token, from 60s to 24h."`
	MaxChain           int           `env:"AUTHSEC_MAX_CHAIN" default:"3" placeholder:"N" help:"Most agents that one token may go through by exchange, the first included, from 1 to 8."`

	LogFormat string `env:"AUTHSEC_LOG_FORMAT" default:"text" placeholder:"FORMAT" help:"text or json."`
	LogLevel  string `env:"AUTHSEC_LOG_LEVEL" default:"info" placeholder:"LEVEL" help:"debug, info, warn or error."`
}

// The defaults. The tags repeat them for the command line's help; a test holds
// the two together.
const (
	DefaultListen      = "127.0.0.1:7468"
	DefaultDataDir     = "./data"
	DefaultPublicURL   = "http://localhost:7468"
	DefaultTrustDomain = "authsec.local"
	DefaultAudience    = "authsec-api"
	DefaultMaxTokenTTL = 24 * time.Hour
	DefaultMaxChain    = 3
	DefaultLogFormat   = "text"
	DefaultLogLevel    = "info"
)

// WithDefaults returns c with every empty setting that has a default filled in.
func (c Config) WithDefaults() Config {
	for _, s := range []struct {
		field *string
		value string
	}{
		{&c.Listen, DefaultListen},
		{&c.DataDir, DefaultDataDir},
		{&c.PublicURL, DefaultPublicURL},
		{&c.TrustDomain, DefaultTrustDomain},
		{&c.DefaultAudience, DefaultAudience},
		{&c.LogFormat, DefaultLogFormat},
		{&c.LogLevel, DefaultLogLevel},
	} {
		if *s.field == "" {
			*s.field = s.value
		}
	}
	if c.MaxTokenTTL == 0 {
		c.MaxTokenTTL = DefaultMaxTokenTTL
	}
	if c.MaxChain == 0 {
		c.MaxChain = DefaultMaxChain
	}
	return c
}

// Issuer returns the public URL in the one form in which tokens and metadata
// carry it: lower case, without a default port, without a slash at the end.
func (c Config) Issuer() string { return origin(c.PublicURL) }

// MTLSOrigin returns the URL of the listener for mutual TLS in the form of Issuer;
// "" : nobody said where agents reach it.
func (c Config) MTLSOrigin() string { return origin(c.MTLSPublicURL) }

func origin(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return s // empty, or Validate refuses it
	}
	host := strings.ToLower(u.Host)
	if port := u.Port(); port == "" || (u.Scheme == "https" && port == "443") || (u.Scheme == "http" && port == "80") {
		host = strings.TrimSuffix(host, ":"+port)
	}
	return u.Scheme + "://" + host
}

// LoopbackOnly reports whether nobody but this machine can be meant: both the
// listeners and the public URL are loopback. An address that is not understood is not.
func (c Config) LoopbackOnly() bool {
	if !loopbackAddress(c.Listen) || (c.ListenMTLS != "" && !loopbackAddress(c.ListenMTLS)) {
		return false
	}
	u, err := url.Parse(c.PublicURL)
	return err == nil && loopback(u.Hostname())
}

func loopbackAddress(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && loopback(host)
}

// loopback reports whether host is this machine: an address of the loopback
// interface, or localhost and the names below it (RFC 6761 §6.3).
func loopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	host = strings.ToLower(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// Embedded reports whether the database is the embedded one.
func (c Config) Embedded() bool { return c.DatabaseURL == "" && c.DatabaseURLFile == "" }

// SQLitePath returns the embedded database's file, or "" with PostgreSQL.
func (c Config) SQLitePath() string {
	if !c.Embedded() {
		return ""
	}
	return filepath.Join(c.DataDir, "authsec.db")
}

// MasterKeyPath returns the file of the master key: the one that is set, or the
// embedded database's own. It is "" with PostgreSQL while none is set.
func (c Config) MasterKeyPath() string {
	switch {
	case c.MasterKeyFile != "":
		return c.MasterKeyFile
	case c.Embedded():
		return filepath.Join(c.DataDir, "master.key")
	default:
		return ""
	}
}
