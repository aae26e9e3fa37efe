package directory_test

import (
	"strings"
	"testing"

	"authsec/internal/domain"
)

// texts are names that people and attackers send, with the code of the fault, "" for none.
var texts = map[string]string{
	"Customer Support":                    "",
	"  padded  ":                          "",
	"<img src=x onerror=alert(1)>":        "",
	`"; DROP TABLE agents; --`:            "",
	"100%_\\ done":                        "",
	"🤖 エージェント":                            "",
	"👩‍👩‍👧 family":                        "", // joined by U+200D, which is no override
	strings.Repeat("é", domain.MaxName):   "",
	strings.Repeat("é", domain.MaxName+1): "too_long",
	strings.Repeat("x", 1<<20):            "too_long",
	"":                                    "required",
	" \t\n ":                              "required",
	"nul\x00byte":                         "control_character",
	"bell\a":                              "control_character",
	"two\nlines":                          "control_character",
	"c1 \u0085 control":                   "control_character",
	"admin\u202egnp.exe":                  "control_character",
	"isolate \u2066x\u2069":               "control_character",
	"line\u2028separator":                 "control_character",
	"\ufeffmark":                          "control_character",
	"latin1 \xe9":                         "invalid_utf8",
	"\xed\xa0\x80 surrogate":              "invalid_utf8",
	"overlong \xc0\xaf":                   "invalid_utf8",
}

func TestHostileNames(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	n := 0
	for text, code := range texts {
		n++
		email, uri := "u"+strings.Repeat("x", n)+"@example.com", "https://r"+strings.Repeat("x", n)+".example.com"
		for noun, create := range map[string]func() (string, error){
			"agent": func() (string, error) { a, _, err := h.CreateAgent(ctx, admin, kubernetes(text)); return a.Name, err },
			"user": func() (string, error) {
				u, _, err := h.CreateUser(ctx, admin, domain.UserSpec{Email: email, Name: text, Level: domain.LevelMember})
				return u.Name, err
			},
			"resource": func() (string, error) {
				r, _, err := h.CreateResource(ctx, admin, domain.ResourceSpec{Name: text, URI: uri})
				return r.Name, err
			},
		} {
			if code != "" {
				h.silent(t, func() {
					_, err := create()
					wantError(t, err, domain.Invalid, "invalid_request", "/name "+code)
				})
				continue
			}
			if got, err := create(); err != nil || got != strings.TrimSpace(text) {
				t.Errorf("%s %q: stored as %q, %v", noun, text, got, err)
			}
		}
	}
	// What was accepted is text, byte for byte.
	list, err := h.Agents(ctx, domain.AgentFilter{}, domain.Page{})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list.Items {
		if code, known := texts[a.Name]; (!known || code != "") && a.Name != "padded" {
			t.Errorf("read back %q", a.Name)
		}
	}
}

// selectors makes selectors of keys and values in turn.
func selectors(pairs ...string) []domain.Selector {
	var out []domain.Selector
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, domain.Selector{Key: pairs[i], Value: pairs[i+1]})
	}
	return out
}

func TestHostileSelectors(t *testing.T) {
	h := newHouse(t)
	many := make([]domain.Selector, domain.MaxSelectors+1)
	for i := range many {
		many[i] = domain.Selector{Key: "k8s:ns", Value: "x"}
	}
	for name, c := range map[string]struct {
		platform  string
		selectors []domain.Selector
		faults    []string
	}{
		"none":                  {"kubernetes", nil, []string{"/selectors required"}},
		"too many":              {"kubernetes", many, []string{"/selectors too_many"}},
		"unknown key":           {"kubernetes", selectors("k8s:nope", "x"), []string{"/selectors/0/key unknown"}},
		"empty key":             {"kubernetes", selectors("", "x"), []string{"/selectors/0/key unknown"}},
		"another platform's":    {"kubernetes", selectors("unix:uid", "0"), []string{"/selectors/0/key unknown"}},
		"case matters":          {"kubernetes", selectors("K8S:NS", "x"), []string{"/selectors/0/key unknown"}},
		"pattern without name":  {"kubernetes", selectors("k8s:pod-label:", "x"), []string{"/selectors/0/key unknown"}},
		"pattern, not filled":   {"kubernetes", selectors("k8s:pod-label:<name>", "x"), []string{"/selectors/0/key unknown"}},
		"pattern, blank name":   {"kubernetes", selectors("k8s:pod-label: ", "x"), []string{"/selectors/0/key invalid_name"}},
		"pattern, control":      {"kubernetes", selectors("k8s:pod-label:a\x00", "x"), []string{"/selectors/0/key control_character"}},
		"blank values":          {"kubernetes", selectors("k8s:ns", "", "k8s:sa", " \t"), []string{"/selectors/0/value required", "/selectors/1/value required"}},
		"repeated key":          {"kubernetes", selectors("k8s:ns", "a", "k8s:ns", "b"), []string{"/selectors/1/key repeated"}},
		"override in a value":   {"kubernetes", selectors("k8s:ns", "a\u202eb"), []string{"/selectors/0/value control_character"}},
		"invalid UTF-8":         {"kubernetes", selectors("k8s:ns", "\xff"), []string{"/selectors/0/value invalid_utf8"}},
		"long value":            {"kubernetes", selectors("k8s:ns", strings.Repeat("x", domain.MaxSelectorValue+1)), []string{"/selectors/0/value too_long"}},
		"long key":              {"kubernetes", selectors("k8s:pod-label:"+strings.Repeat("x", domain.MaxSelectorKey), "x"), []string{"/selectors/0/key too_long"}},
		"some on other":         {"other", selectors("k8s:ns", "x"), []string{"/selectors/0/key unknown"}},
		"unknown platform":      {"mainframe", selectors("k8s:ns", "x"), []string{"/platform unknown"}},
		"everything at once":    {"unix", selectors("unix:uid", "0", "unix:uid", "", "x", "y"), []string{"/selectors/1/key repeated", "/selectors/1/value required", "/selectors/2/key unknown"}},
		"good, pattern and all": {"kubernetes", selectors("k8s:pod-label:app.kubernetes.io/name", "<b>%_\\</b>", "k8s:pod-label:app", "x"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			spec := kubernetes("Agent " + name)
			spec.Platform, spec.Selectors = c.platform, c.selectors
			if c.faults == nil {
				a, _ := h.agent(t, spec)
				read, err := h.Agent(t.Context(), a.ClientID)
				if err != nil || len(read.Selectors) != len(c.selectors) || read.Selectors[0] != c.selectors[0] {
					t.Errorf("read back %+v, %v", read.Selectors, err)
				}
				return
			}
			h.silent(t, func() {
				_, _, err := h.CreateAgent(t.Context(), admin, spec)
				wantError(t, err, domain.Invalid, "invalid_request", c.faults...)
			})
			if c.platform != domain.PlatformKubernetes {
				return
			}
			a, _ := h.agent(t, kubernetes("Patched "+name))
			h.silent(t, func() {
				_, err := h.UpdateAgent(t.Context(), admin, a.ClientID, domain.AgentPatch{Selectors: &c.selectors})
				wantError(t, err, domain.Invalid, "invalid_request", c.faults...)
			})
		})
	}
}

func TestHostileActionAndRoleNames(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	for _, name := range []string{"", "billing", "billing:", ":read", "Billing:read", "billing:read ", "billing:read\n", "a b:c", "a:b:c", "á:b", "a:*", "a:b\x00", "\xff:a",
		"a:" + strings.Repeat("b", domain.MaxActionName)} {
		_, err := h.CreateAction(ctx, admin, domain.Action{Name: name})
		wantError(t, err, domain.Invalid, "invalid_request", "/name invalid_name")
	}
	for _, name := range []string{"", "Support", "support team", "-support", "süpport", "support\n", "support:x", "\xff", strings.Repeat("r", domain.MaxRoleName+1)} {
		_, err := h.CreateRole(ctx, admin, domain.Role{Name: name})
		wantError(t, err, domain.Invalid, "invalid_request", "/name invalid_name")
	}
	_, err := h.CreateAction(ctx, admin, domain.Action{Name: "a:b", Description: "two\nlines are fine\x00, this is not"})
	wantError(t, err, domain.Invalid, "invalid_request", "/description control_character")
	_, err = h.CreateRole(ctx, admin, domain.Role{Name: "r", Description: strings.Repeat("x", domain.MaxDescription+1), Actions: make([]string, domain.MaxActions+1)})
	wantError(t, err, domain.Invalid, "invalid_request", "/description too_long", "/actions too_many")
}

func TestHostileUsers(t *testing.T) {
	h := newHouse(t)
	good := domain.UserSpec{Email: "ana@example.com", Name: "Ana", Level: domain.LevelMember}
	for name, c := range map[string]struct {
		edit   func(*domain.UserSpec)
		faults []string
	}{
		"no email":        {func(s *domain.UserSpec) { s.Email = " " }, []string{"/email required"}},
		"two emails":      {func(s *domain.UserSpec) { s.Email = "a@example.com, b@example.com" }, []string{"/email invalid_email"}},
		"display name":    {func(s *domain.UserSpec) { s.Email = "Ana <ana@example.com>" }, []string{"/email invalid_email"}},
		"header in email": {func(s *domain.UserSpec) { s.Email = "a@example.com\r\nBcc: b@example.com" }, []string{"/email control_character"}},
		"long email":      {func(s *domain.UserSpec) { s.Email = strings.Repeat("a", domain.MaxEmail) + "@example.com" }, []string{"/email too_long"}},
		"level":           {func(s *domain.UserSpec) { s.Level = "root" }, []string{"/level unknown"}},
		"short password":  {func(s *domain.UserSpec) { s.Password = "hunter2" }, []string{"/password too_short"}},
		"long password":   {func(s *domain.UserSpec) { s.Password = domain.Secret(strings.Repeat("x", domain.MaxPassword+1)) }, []string{"/password too_long"}},
		"binary password": {func(s *domain.UserSpec) { s.Password = "\xff23456789012" }, []string{"/password invalid_utf8"}},
		"repeated role":   {func(s *domain.UserSpec) { s.Roles = []string{"x", "x"} }, []string{"/roles/1 repeated"}},
		"many roles":      {func(s *domain.UserSpec) { s.Roles = make([]string, 201) }, []string{"/roles too_many"}},
		"all of it":       {func(s *domain.UserSpec) { *s = domain.UserSpec{Roles: []string{"X"}} }, []string{"/email required", "/name required", "/level unknown", "/roles/0 invalid_name"}},
	} {
		t.Run(name, func(t *testing.T) {
			spec := good
			c.edit(&spec)
			h.silent(t, func() {
				_, _, err := h.CreateUser(t.Context(), admin, spec)
				wantError(t, err, domain.Invalid, "invalid_request", c.faults...)
			})
		})
	}
	u := h.user(t, "bob@example.com", domain.LevelMember)
	for fault, patch := range map[string]domain.UserPatch{
		"/name required":        {Name: ptr(" ")},
		"/status unknown":       {Status: ptr(domain.StatusDeleted)},
		"/level unknown":        {Level: ptr(domain.Level(""))},
		"/roles/0 invalid_name": {Roles: &[]string{"\x00"}},
	} {
		h.silent(t, func() {
			_, err := h.UpdateUser(t.Context(), admin, u.ID, patch)
			wantError(t, err, domain.Invalid, "invalid_request", fault)
		})
	}
}

func TestHostileFilters(t *testing.T) {
	h := newHouse(t)
	for fault, filter := range map[string]domain.UserFilter{
		"level unknown": {Level: "root"}, "status unknown": {Status: domain.StatusDeleted}, "role invalid_name": {Role: "\x00"},
	} {
		_, err := h.Users(t.Context(), filter, domain.Page{})
		wantError(t, err, domain.Invalid, "invalid_request", fault)
	}
	for fault, filter := range map[string]domain.AgentFilter{
		"type unknown": {Type: "\xff"}, "platform unknown": {Platform: "' OR 1=1"}, "attestation unknown": {Attestation: "none"}, "status unknown": {Status: domain.StatusDeleted},
	} {
		_, err := h.Agents(t.Context(), filter, domain.Page{})
		wantError(t, err, domain.Invalid, "invalid_request", fault)
	}
}
