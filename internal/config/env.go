package config

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Setting is one setting's two spellings.
type Setting struct {
	Flag string // without the dashes
	Env  string
}

// Settings lists all settings, in the order of Config's fields.
func Settings() []Setting {
	t := reflect.TypeFor[Config]()
	list := make([]Setting, 0, t.NumField())
	for i := range t.NumField() {
		list = append(list, settingOf(t.Field(i).Name))
	}
	return list
}

// settingOf returns the setting of one of Config's fields. The flag is the
// variable's name in the form of a flag.
func settingOf(field string) Setting {
	f, ok := reflect.TypeFor[Config]().FieldByName(field)
	if !ok {
		return Setting{Flag: field, Env: field}
	}
	env := f.Tag.Get("env")
	return Setting{Flag: strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(env, prefix)), "_", "-"), Env: env}
}

const (
	prefix     = "AUTHSEC_"
	testPrefix = "AUTHSEC_TEST_"
)

// clientEnv are the variables of the SDKs and of the command line's client,
// which may stand in the same environment as the server's.
func clientEnv() []string {
	return []string{
		"AUTHSEC_ACTIONS",
		"AUTHSEC_AGENT_CLIENT_ID",
		"AUTHSEC_ALLOW_INSECURE_HTTP",
		"AUTHSEC_API_TOKEN",
		"AUTHSEC_AUDIENCE",
		"AUTHSEC_BASE_URL",
		"AUTHSEC_CA_BUNDLE",
		"AUTHSEC_CLIENT_SECRET",
		"AUTHSEC_CLIENT_SECRET_FILE",
		"AUTHSEC_DELEGATION_ID",
		"AUTHSEC_MAX_RETRIES",
		"AUTHSEC_PROXY",
		"AUTHSEC_RETRY_BUDGET",
		"AUTHSEC_ROLE",
		"AUTHSEC_TIMEOUT",
		"AUTHSEC_TTL",
		"AUTHSEC_WORKLOAD_AUDIENCE",
		"AUTHSEC_WORKLOAD_TOKEN_FILE",
	}
}

// Kubernetes, and Docker's links, put such variables into every container beside
// a service named authsec or authsec-something. Refusing to start on them would
// forbid the most natural name of the deployment.
var (
	serviceLink = regexp.MustCompile(`^AUTHSEC_([A-Z0-9_]+_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$`)
	// A name alone could be a misspelt setting: its value tells.
	servicePort = regexp.MustCompile(`^AUTHSEC_([A-Z0-9_]+_)?PORT=(tcp|udp|sctp)://`)
)

// UnknownEnv returns the names of the AUTHSEC_ variables in environ (as
// os.Environ gives it) that are neither a setting nor known otherwise, sorted:
// a misspelt AUTHSEC_REQUIRE_ATTESTATON must not pass silently.
func (Config) UnknownEnv(environ []string) []string {
	known := map[string]bool{}
	for _, s := range Settings() {
		known[s.Env] = true
	}
	for _, name := range clientEnv() {
		known[name] = true
	}
	var unknown []string
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		switch {
		case !strings.HasPrefix(strings.ToUpper(name), prefix), known[name], strings.HasPrefix(name, testPrefix):
		case serviceLink.MatchString(name), servicePort.MatchString(entry):
		default:
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return slices.Compact(unknown)
}
