package archtest

// Room says what the code of one package, tests aside, may import. Lists are
// separated by spaces; a name that ends in "/..." means the folder and all below.
type Room struct {
	Package string // folder below the root, or a pattern
	Project string // the project's packages it may import
	Modules string // the third-party modules it may import; "*" : any
}

// House is the table of DESIGN §7. A package that is not in it fails the test:
// decide where it belongs, then write it here.
func House() []Room {
	const every = "*"
	return []Room{
		{"cmd/authsec", "internal/app internal/config internal/domain sdk/go/dpop", every},
		{"internal/app", "internal/... web sdk/go/jwks sdk/go/jws", every}, // wiring
		{"internal/config", "", ""},

		{"internal/domain", "", "github.com/google/uuid"},
		{"internal/policy", "internal/domain", ""},
		{"internal/token", "internal/domain", "github.com/go-jose/go-jose/v4"},
		{"internal/keyring", "internal/domain internal/token", every},
		{"internal/attest", "internal/domain sdk/go/jwks sdk/go/jws", every},
		{"internal/attest/oidctest", "", every},   // for tests alone
		{"internal/attest/spiffetest", "", every}, // for tests alone
		{"internal/identity", "internal/domain sdk/go/jwks sdk/go/jws", every},
		{"internal/identity/providertest", "", every}, // for tests alone
		{"internal/proofkey", "internal/domain sdk/go/dpop", every},
		{"internal/directory", "internal/domain", ""},
		{"internal/delegation", "internal/domain internal/policy", ""},
		{"internal/issuance", "internal/domain internal/policy internal/token internal/attest internal/identity internal/proofkey internal/audit sdk/go/jws", every},
		{"internal/revocation", "internal/domain internal/token", every},
		{"internal/audit", "internal/domain", every},
		{"internal/signin", "internal/domain", every},
		{"internal/store", "internal/domain", every},
		{"internal/store/storetest", "internal/store internal/domain internal/policy", every},
		{"internal/telemetry", "", every},

		{"internal/httpapi", "internal/domain internal/httpapi/...", every},
		{"internal/httpapi/wire", "internal/domain", every},
		{"internal/httpapi/sdkapi", "internal/httpapi/wire internal/domain internal/issuance", every},
		{"internal/httpapi/oauthapi", "internal/httpapi/wire internal/domain internal/issuance internal/keyring internal/revocation internal/token", every},
		{"internal/httpapi/adminapi", "internal/httpapi/wire internal/httpapi/adminapi/api internal/domain internal/policy internal/directory " +
			"internal/delegation internal/issuance internal/audit internal/signin internal/keyring internal/token internal/revocation", every},
		{"internal/httpapi/adminapi/api", "", every}, // generated from api/openapi.yaml
		{"internal/httpapi/console", "internal/httpapi/wire internal/domain web", every},
		{"web", "", ""},

		{"internal/archtest", "", ""},
		{"internal/clocktest", "", ""},          // for tests alone
		{"internal/attest/kubetest", "", every}, // for tests alone
		{"testkube/...", "", every},             // a module of its own: Kubernetes' API server, for tests
		{"realclients/...", "", every},          // a module of its own: OAuth clients of other makers, for tests
		{"bench/...", "internal/attest internal/audit internal/domain internal/issuance internal/policy internal/store internal/token sdk/go/verify", every},
		{"examples/...", "sdk/go/verify", every}, // what a user of the SDK could write
		{"sdk/go/...", "sdk/go/...", every},
	}
}

// Reserve says which packages alone may import a package of the standard library.
type Reserve struct {
	Import string
	For    string // patterns, as in Room
	Why    string
}

// Reserves keep what a rule is about out of the packages that hold rules.
func Reserves() []Reserve {
	return []Reserve{
		{"database/sql", "internal/store/...", "SQL stands in the store"},
		{"net/http", "cmd/... bench/... examples/... sdk/go/... internal/app internal/attest internal/attest/kubetest internal/attest/oidctest internal/httpapi/... internal/identity/... internal/proofkey internal/revocation " +
			"internal/signin internal/telemetry", "rules know nothing of HTTP"},
		{"math/rand", "", "what is drawn must not be guessed: crypto/rand, injected"},
		{"math/rand/v2", "bench/... internal/store", "what is drawn must not be guessed: crypto/rand, injected (the store's jitter may be)"},
		{"log", "internal/telemetry examples/... sdk/go/...", "logging is an injected *slog.Logger"},
	}
}
