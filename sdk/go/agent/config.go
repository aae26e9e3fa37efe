package agent

import (
	"crypto"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Config says where to ask, for which agent, and for what. BaseURL and ClientID
// are required.
type Config struct {
	// BaseURL is the server's root. Plain http only for this machine;
	// unix:///path reaches a server on this machine through its socket.
	BaseURL      string
	ClientID     string        // the agent's Client ID, a UUID
	DelegationID string        // which delegation; "" : the agent's default
	Role         string        // another way to choose among several
	Audience     []string      // URIs of the APIs that tokens are for; none: what the delegation says
	Actions      []string      // such as billing:read; none: all that are delegated
	TTL          time.Duration // how long a token should live, whole seconds from 60; 0: as long as allowed

	ClientSecret      string // sent as HTTP Basic (RFC 6749 §2.3.1)
	WorkloadTokenFile string // sent as Bearer, and read again for every fetch
	// WorkloadAudience is what a JWT-SVID is asked for: the audience of the
	// server's workload source. "" : BaseURL.
	WorkloadAudience string

	// DPoP has tokens bound to a key (RFC 9449), so that whoever else gets hold of one
	// cannot use it: Transport and Authorize send a proof with each request. The key is
	// DPoPKey, or an ES256 key in memory of this client's own.
	DPoP    bool
	DPoPKey crypto.Signer // ECDSA, Ed25519 or RSA from 2048 bits; may live in an HSM
	// PublicURL is the server's public URL, which proofs of DPoP name, where BaseURL is
	// another way to it. "" : BaseURL.
	PublicURL string
	// ClientCertificate proves the workload to the server, and has tokens bound to it
	// (RFC 8705 §3). A client is for one certificate: make another when it is renewed.
	ClientCertificate *tls.Certificate

	// HTTPClient is for a proxy or a private CA; nil: one of our own. Its redirect
	// policy is replaced: a redirect would take the proof to another server.
	HTTPClient *http.Client
	Logger     *slog.Logger     // nil: slog.Default(). Tokens and proofs are not logged.
	Now        func() time.Time // nil: time.Now

	err error // what FromEnv found wrong
}

// FromEnv reads the AUTHSEC_* variables: BASE_URL, AGENT_CLIENT_ID,
// DELEGATION_ID, ROLE, AUDIENCE and ACTIONS (separated by blanks, actions also
// by commas), TTL (seconds), CLIENT_SECRET or CLIENT_SECRET_FILE,
// WORKLOAD_TOKEN_FILE, WORKLOAD_AUDIENCE, DPOP (true or false), PUBLIC_URL. New reports what is wrong with them.
func FromEnv() Config {
	get := func(name string) string { return strings.TrimSpace(os.Getenv("AUTHSEC_" + name)) }
	c := Config{BaseURL: get("BASE_URL"), ClientID: get("AGENT_CLIENT_ID"), DelegationID: get("DELEGATION_ID"), Role: get("ROLE"),
		Audience: strings.Fields(get("AUDIENCE")), ClientSecret: get("CLIENT_SECRET"),
		WorkloadTokenFile: get("WORKLOAD_TOKEN_FILE"), WorkloadAudience: get("WORKLOAD_AUDIENCE"), PublicURL: get("PUBLIC_URL"),
		Actions: strings.FieldsFunc(get("ACTIONS"), func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' })}
	if text := get("TTL"); text != "" {
		seconds, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			c.err = errors.New("AUTHSEC_TTL: want whole seconds")
		}
		c.TTL = time.Duration(seconds) * time.Second
	}
	if text := get("DPOP"); text != "" {
		on, err := strconv.ParseBool(text)
		if err != nil {
			c.err = errors.Join(c.err, errors.New("AUTHSEC_DPOP: want true or false"))
		}
		c.DPoP = on
	}
	if file := get("CLIENT_SECRET_FILE"); file != "" {
		secret, err := readSmallFile(file)
		switch {
		case c.ClientSecret != "":
			c.err = errors.Join(c.err, errors.New("AUTHSEC_CLIENT_SECRET and AUTHSEC_CLIENT_SECRET_FILE exclude each other"))
		case err != nil:
			c.err = errors.Join(c.err, fmt.Errorf("AUTHSEC_CLIENT_SECRET_FILE: %w", err))
		}
		c.ClientSecret = secret
	}
	return c
}

const (
	socketScheme = "unix://"
	minTTL       = time.Minute
	maxTTL       = 366 * 24 * time.Hour
)

var uuid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// check returns every fault, and the configuration in its one form.
func (c Config) check() (Config, error) {
	faults := []error{c.err}
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	c.BaseURL = strings.TrimRight(strings.TrimSpace(c.BaseURL), "/")
	if err := checkBaseURL(c.BaseURL); err != nil {
		fault("BaseURL: %w", err)
	}
	c.ClientID = strings.ToLower(strings.TrimSpace(c.ClientID))
	if !uuid.MatchString(c.ClientID) {
		fault("ClientID: want the agent's Client ID, a UUID from its page")
	}
	if c.ClientSecret != "" && c.WorkloadTokenFile != "" {
		fault("ClientSecret and WorkloadTokenFile exclude each other: an agent has one kind of proof")
	}
	if c.TTL != 0 && (c.TTL < minTTL || c.TTL > maxTTL || c.TTL%time.Second != 0) {
		fault("TTL %s: want whole seconds from %s", c.TTL, minTTL)
	}
	if slices.Contains(c.Audience, "") || slices.Contains(c.Actions, "") {
		fault("Audience and Actions must not list an empty text")
	}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	for _, err := range c.checkBinding() {
		fault("%w", err)
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, errors.Join(faults...)
}

// checkBinding returns what is wrong with what tokens are to be bound to.
func (c Config) checkBinding() []error {
	var faults []error
	fault := func(text string) { faults = append(faults, errors.New(text)) }
	if c.DPoPKey != nil && !c.DPoP {
		fault("DPoPKey goes with DPoP")
	}
	if c.DPoP && c.ClientCertificate != nil {
		fault("DPoP and ClientCertificate exclude each other: a token is bound to one key")
	}
	if c.DPoP && c.PublicURL == "" && strings.HasPrefix(c.BaseURL, socketScheme) {
		fault("PublicURL: want the server's public URL, which DPoP proofs name: a socket has none")
	}
	if c.PublicURL != "" && (strings.HasPrefix(c.PublicURL, socketScheme) || checkBaseURL(c.PublicURL) != nil) {
		fault("PublicURL: want the server's public URL, like https://authsec.example.com")
	}
	if c.ClientCertificate == nil {
		return faults
	}
	if len(c.ClientCertificate.Certificate) == 0 || c.ClientCertificate.PrivateKey == nil {
		fault("ClientCertificate: want a certificate and its private key")
	}
	if !strings.HasPrefix(c.BaseURL, "https://") {
		fault("ClientCertificate: want an https BaseURL")
	}
	if c.ClientSecret != "" || c.WorkloadTokenFile != "" {
		fault("ClientCertificate excludes ClientSecret and WorkloadTokenFile: an agent has one kind of proof")
	}
	return faults
}

func checkBaseURL(base string) error {
	if path, ok := strings.CutPrefix(base, socketScheme); ok {
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "?#%") {
			return errors.New("want a socket's absolute path, like unix:///run/authsec/authsec.sock")
		}
		return nil
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(base, "?#") {
		return errors.New("want the server's root, like https://authsec.example.com")
	}
	if u.Scheme == "https" || (u.Scheme == "http" && isLoopback(u.Hostname())) {
		return nil
	}
	return errors.New("want https, or http for this machine: proof and token could be read on the network")
}

// isLoopback reports whether host is this machine (RFC 6761 §6.3).
func isLoopback(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || (ip != nil && ip.IsLoopback())
}
