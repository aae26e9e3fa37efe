package config_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"authsec/internal/config"

	"github.com/alecthomas/kong"
)

// parse fills a Config as the command line does.
func parse(t *testing.T, args ...string) (config.Config, error) {
	t.Helper()
	var cli struct {
		Serve struct{ config.Config } `cmd:""`
	}
	parser, err := kong.New(&cli, kong.Exit(func(int) { t.Error("kong wants to exit") }))
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(append([]string{"serve"}, args...))
	return cli.Serve.Config, err
}

// The tags' defaults and WithDefaults are the same, and they work.
func TestDefaults(t *testing.T) {
	want := config.Config{Listen: "127.0.0.1:7468", DataDir: "./data", PublicURL: "http://localhost:7468", TrustDomain: "authsec.local",
		DefaultAudience: "authsec-api", MaxTokenTTL: 24 * time.Hour, MaxChain: 3, LogFormat: "text", LogLevel: "info"}
	if got := (config.Config{}).WithDefaults(); got != want {
		t.Errorf("WithDefaults gives %+v", got)
	}
	if got, err := parse(t); err != nil || got != want {
		t.Errorf("the command line gives %+v: %v", got, err)
	}
	if err := want.Validate(); err != nil {
		t.Errorf("the defaults are not valid: %v", err)
	}
	full := config.Config{Listen: ":1", DataDir: "d", PublicURL: "https://a", TrustDomain: "t", DefaultAudience: "x", MaxTokenTTL: time.Hour, MaxChain: 5, LogFormat: "json", LogLevel: "warn"}
	if got := full.WithDefaults(); got != full {
		t.Errorf("WithDefaults overwrote what was set: %+v", got)
	}
}

// Every setting of DESIGN §4 has a flag and a variable that set the same field.
func TestEverySettingHasFlagAndVariable(t *testing.T) {
	want := []string{"listen", "listen-unix", "listen-mtls", "mtls-cert-file", "mtls-key-file", "mtls-workload-api", "mtls-public-url", "data-dir", "database-url", "database-url-file", "public-url", "trust-domain", "default-audience", "admin-email",
		"admin-password", "admin-password-file", "master-key-file", "require-attestation", "max-token-ttl", "max-chain", "log-format", "log-level"}
	var flags []string
	for i, s := range config.Settings() {
		flags = append(flags, s.Flag)
		if s.Env != "AUTHSEC_"+strings.ReplaceAll(strings.ToUpper(s.Flag), "-", "_") {
			t.Errorf("the variable of --%s is %s", s.Flag, s.Env)
		}
		t.Run(s.Flag, func(t *testing.T) {
			value := map[string]string{"max-token-ttl": "90m", "max-chain": "4", "log-format": "json", "log-level": "warn", "require-attestation": "true",
				"listen": "127.0.0.1:1", "listen-unix": "/run/a.sock", "listen-mtls": "127.0.0.1:2", "mtls-workload-api": "unix:///a", "mtls-public-url": "https://b.example:7443", "public-url": "https://a.example", "database-url": "postgres://h/d"}[s.Flag]
			if value == "" {
				value = "some-value"
			}
			set := func(c config.Config) string { return fmt.Sprint(reflect.ValueOf(c).Field(i)) }
			args := []string{"--" + s.Flag + "=" + value}
			byFlag, flagErr := parse(t, args...)
			t.Setenv(s.Env, value)
			byEnv, envErr := parse(t)
			// One setting alone may be a fault, which the command line reports
			// after it has read all; it is the same either way.
			if fmt.Sprint(flagErr) != fmt.Sprint(envErr) {
				t.Errorf("by flag %v, by variable %v", flagErr, envErr)
			}
			if byFlag != byEnv || set(byFlag) != strings.NewReplacer("90m", "1h30m0s").Replace(shown(s.Flag, value)) {
				t.Errorf("flag gives %s, variable gives %s", set(byFlag), set(byEnv))
			}
		})
	}
	if !slices.Equal(flags, want) {
		t.Errorf("settings are %v, want %v", flags, want)
	}
}

// shown is how a setting's value is printed.
func shown(flag, value string) string {
	if flag == "database-url" || flag == "admin-password" {
		return "[redacted]"
	}
	return value
}

func TestLoopbackOnly(t *testing.T) {
	const local = "http://localhost:7468"
	tests := []struct {
		listen, public string
		want           bool
	}{
		{"127.0.0.1:7468", local, true},
		{"127.9.9.9:0", "http://127.0.0.1:7468", true},
		{"[::1]:7468", "http://[::1]:7468", true},
		{"[::ffff:127.0.0.1]:7468", local, true},
		{"localhost:7468", "http://authsec.localhost", true},
		{"LOCALHOST:7468", "http://LocalHost", true},
		{":7468", local, false},
		{"0.0.0.0:7468", local, false},
		{"[::]:7468", local, false},
		{"10.0.0.1:7468", local, false},
		{"localhost.example.com:7468", local, false},
		{"127.1:7468", local, false},
		{"127.0.0.1:7468", "https://authsec.example.com", false},
		{"127.0.0.1:7468", "http://localhost.example.com", false},
		{"127.0.0.1:7468", "http://127.0.0.1.example.com", false},
		{"127.0.0.1:7468", "http://127.0.0.1@example.com", false},
		{"127.0.0.1:7468", "", false},
		{"127.0.0.1:7468", "http://%zz", false},
		{"", local, false},
		{"127.0.0.1", local, false},
	}
	for _, tt := range tests {
		if got := (config.Config{Listen: tt.listen, PublicURL: tt.public}).LoopbackOnly(); got != tt.want {
			t.Errorf("listen %q, public %q: %t", tt.listen, tt.public, got)
		}
	}
}

// A second listener that others can reach exposes the server as the first does.
func TestLoopbackOnlyOnBothListeners(t *testing.T) {
	for address, want := range map[string]bool{"": true, "127.0.0.1:7443": true, "[::1]:7443": true, ":7443": false, "10.0.0.1:7443": false, "x": false} {
		if got := (config.Config{Listen: "127.0.0.1:7468", ListenMTLS: address, PublicURL: "http://localhost:7468"}).LoopbackOnly(); got != want {
			t.Errorf("mTLS on %q: %t", address, got)
		}
	}
}

func TestIssuer(t *testing.T) {
	for in, want := range map[string]string{
		"http://localhost:7468":       "http://localhost:7468",
		"https://auth.example.com/":   "https://auth.example.com",
		"HTTPS://Auth.Example.COM":    "https://auth.example.com",
		"https://a.example.com:443":   "https://a.example.com",
		"https://a.example.com:8443/": "https://a.example.com:8443",
		"http://localhost:80":         "http://localhost",
		"http://localhost:443":        "http://localhost:443",
		"http://[::1]:7468":           "http://[::1]:7468",
		"http://[::1]":                "http://[::1]",
		"not a url":                   "not a url",
	} {
		if got := (config.Config{PublicURL: in}).Issuer(); got != want {
			t.Errorf("%q: issuer %q, want %q", in, got, want)
		}
	}
}

func TestPaths(t *testing.T) {
	tests := []struct {
		name        string
		c           config.Config
		sqlite, key string
	}{
		{"embedded", config.Config{DataDir: "d"}, filepath.Join("d", "authsec.db"), filepath.Join("d", "master.key")},
		{"embedded, key elsewhere", config.Config{DataDir: "d", MasterKeyFile: "/k"}, filepath.Join("d", "authsec.db"), "/k"},
		{"PostgreSQL", config.Config{DataDir: "d", DatabaseURL: "postgres://h/d"}, "", ""},
		{"PostgreSQL by file", config.Config{DataDir: "d", DatabaseURLFile: "/u", MasterKeyFile: "/k"}, "", "/k"},
	}
	for _, tt := range tests {
		if got := tt.c.SQLitePath(); got != tt.sqlite || tt.c.Embedded() != (tt.sqlite != "") {
			t.Errorf("%s: database %q", tt.name, got)
		}
		if got := tt.c.MasterKeyPath(); got != tt.key {
			t.Errorf("%s: master key %q", tt.name, got)
		}
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	c := config.Config{DatabaseURL: "postgres://u:hunter2@h/d", AdminPassword: "hunter2-hunter2"}
	body, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{fmt.Sprintf("%v %+v %#v", c, &c, c), fmt.Sprintf("%s %q %x %d", c.AdminPassword, c.AdminPassword, c.AdminPassword, c.AdminPassword),
		string(body), c.AdminPassword.LogValue().String()} {
		if strings.Contains(printed, "hunter2") || strings.Contains(printed, fmt.Sprintf("%x", "hunter2")) || !strings.Contains(printed, "[redacted]") {
			t.Errorf("printed as %s", printed)
		}
	}
}

func TestUnknownEnv(t *testing.T) {
	environ := []string{
		"PATH=/bin", "HOME", "", "=C:=C:\\", "OTHER_AUTHSEC_X=1",
		// settings and the clients' variables
		"AUTHSEC_LISTEN=:1", "AUTHSEC_REQUIRE_ATTESTATION=true", "AUTHSEC_DATABASE_URL_FILE=x",
		"AUTHSEC_BASE_URL=x", "AUTHSEC_AGENT_CLIENT_ID=x", "AUTHSEC_WORKLOAD_TOKEN_FILE=x", "AUTHSEC_TIMEOUT=5", "AUTHSEC_TEST_POSTGRES_URL=x",
		// what Kubernetes adds beside services named authsec and authsec-db
		"AUTHSEC_SERVICE_HOST=10.0.0.1", "AUTHSEC_SERVICE_PORT=7468", "AUTHSEC_SERVICE_PORT_HTTP=7468", "AUTHSEC_PORT=tcp://10.0.0.1:7468",
		"AUTHSEC_PORT_7468_TCP=tcp://10.0.0.1:7468", "AUTHSEC_PORT_7468_TCP_PROTO=tcp", "AUTHSEC_PORT_7468_TCP_PORT=7468", "AUTHSEC_PORT_7468_TCP_ADDR=10.0.0.1",
		"AUTHSEC_DB_SERVICE_HOST=10.0.0.2", "AUTHSEC_DB_PORT=tcp://10.0.0.2:5432", "AUTHSEC_DB_PORT_5432_TCP_ADDR=10.0.0.2",
	}
	if got := (config.Config{}).UnknownEnv(environ); got != nil {
		t.Errorf("unknown: %v", got)
	}
	environ = append(environ, "AUTHSEC_REQUIRE_ATTESTATON=true", "AUTHSEC_TOKEN_REUSE=30s", "Authsec_Listen=:1", "AUTHSEC_LISTEN_PORT=7468", "AUTHSEC_=x",
		"AUTHSEC_PORT=7468", "AUTHSEC_ADMIN_PASWORD=hunter2", "AUTHSEC_ADMIN_PASWORD=hunter2")
	want := []string{"AUTHSEC_", "AUTHSEC_ADMIN_PASWORD", "AUTHSEC_LISTEN_PORT", "AUTHSEC_PORT", "AUTHSEC_REQUIRE_ATTESTATON", "AUTHSEC_TOKEN_REUSE", "Authsec_Listen"}
	if got := (config.Config{}).UnknownEnv(environ); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
