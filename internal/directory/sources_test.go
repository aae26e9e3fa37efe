package directory_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"authsec/internal/directory"
	"authsec/internal/domain"
	"authsec/internal/store"
)

const aKeySet = `{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}`

func clusterSettings(issuer string) domain.SourceSettings {
	return domain.SourceSettings{Kubernetes: &domain.KubernetesSource{Issuer: issuer, Audience: "authsec", JWKS: aKeySet}}
}

func cluster(name string) domain.WorkloadSourceSpec {
	return domain.WorkloadSourceSpec{Name: name, Kind: domain.SourceKubernetes, Enabled: true, Settings: clusterSettings("https://" + strings.ToLower(name) + ".example.com")}
}

func (h *house) source(t *testing.T, spec domain.WorkloadSourceSpec) domain.WorkloadSource {
	t.Helper()
	src, err := h.CreateWorkloadSource(t.Context(), admin, spec)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// noSources is a store whose sources cannot be read.
type noSources struct {
	*store.Store
	err error
}

func (n noSources) WorkloadSourceSet(context.Context) (domain.SourceSet, error) {
	return domain.SourceSet{}, n.err
}

// A source's life is in the audit log, with what changed; key sets are named by
// their digests.
func TestWorkloadSourceLife(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	var src domain.WorkloadSource
	e := h.event(t, "workload_source.create", func() { src = h.source(t, cluster("Prod")) })
	if src.Name != "Prod" || !src.Enabled || e.Target != (domain.Party{Type: "workload_source", ID: src.ID, Name: "Prod"}) || e.Before != nil ||
		strings.Contains(string(e.After), "f83OJ3D2") || !strings.Contains(string(e.After), `"jwks":"sha256:`) || !strings.Contains(string(e.After), `"issuer":"https://prod.example.com"`) {
		t.Errorf("%+v: %s", src, e.After)
	}
	if got, err := h.WorkloadSource(ctx, strings.ToUpper(src.ID)); err != nil || got.ID != src.ID || got.Settings.Kubernetes.JWKS != aKeySet {
		t.Errorf("%+v, %v", got, err)
	}
	h.now = h.now.Add(time.Hour)
	name, settings := "Production", clusterSettings("https://other.example.com")
	settings.Kubernetes.JWKS = strings.Replace(aKeySet, `"keys"`, ` "keys"`, 1)
	e = h.event(t, "workload_source.update", func() {
		got, err := h.UpdateWorkloadSource(ctx, admin, src.ID, domain.WorkloadSourcePatch{Name: &name, Settings: &settings})
		if err != nil || got.Name != name || got.Settings.Kubernetes.Issuer != "https://other.example.com" || !got.UpdatedAt.After(got.CreatedAt) || !got.Enabled {
			t.Errorf("%+v, %v", got, err)
		}
	})
	var before, after struct {
		Name     string
		Settings domain.SourceSettings
	}
	if json.Unmarshal(e.Before, &before) != nil || json.Unmarshal(e.After, &after) != nil || before.Name != "Prod" || after.Name != name ||
		before.Settings.Kubernetes.JWKS == after.Settings.Kubernetes.JWKS {
		t.Errorf("from %s to %s", e.Before, e.After)
	}
	for _, step := range []struct {
		verb    string
		do      func(context.Context, domain.Caller, string) (domain.WorkloadSource, error)
		enabled bool
	}{{"disable", h.DisableWorkloadSource, false}, {"enable", h.EnableWorkloadSource, true}} {
		h.event(t, "workload_source."+step.verb, func() {
			if got, err := step.do(ctx, admin, src.ID); err != nil || got.Enabled != step.enabled {
				t.Errorf("%+v, %v", got, err)
			}
		})
		h.silent(t, func() { // again
			if got, err := step.do(ctx, admin, src.ID); err != nil || got.Enabled != step.enabled {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	h.silent(t, func() {
		if _, err := h.UpdateWorkloadSource(ctx, admin, src.ID, domain.WorkloadSourcePatch{Name: &name}); err != nil {
			t.Error(err)
		}
	})
	h.event(t, "workload_source.delete", func() {
		if err := h.DeleteWorkloadSource(ctx, admin, src.ID); err != nil {
			t.Error(err)
		}
	})
	_, err := h.WorkloadSource(ctx, src.ID)
	wantError(t, err, domain.NotFound, "not_found", "")
}

func TestWorkloadSourcesAreForAdmins(t *testing.T) {
	h := newHouse(t)
	src := h.source(t, cluster("Prod"))
	name := "Mine"
	h.silent(t, func() {
		for _, c := range []domain.Caller{member, auditor, {}} {
			for what, do := range map[string]func() error{
				"create": func() error { _, err := h.CreateWorkloadSource(t.Context(), c, cluster("Mine")); return err },
				"draft":  func() error { _, err := h.DraftWorkloadSource(c, cluster("Mine")); return err },
				"update": func() error {
					_, err := h.UpdateWorkloadSource(t.Context(), c, src.ID, domain.WorkloadSourcePatch{Name: &name})
					return err
				},
				"enable":  func() error { _, err := h.EnableWorkloadSource(t.Context(), c, src.ID); return err },
				"disable": func() error { _, err := h.DisableWorkloadSource(t.Context(), c, src.ID); return err },
				"delete":  func() error { return h.DeleteWorkloadSource(t.Context(), c, src.ID) },
			} {
				if err := do(); domain.KindOf(err) != domain.Forbidden {
					t.Errorf("%s by %q: %v", what, c.Level, err)
				}
			}
		}
	})
}

// What cannot be used is refused before anything is written, at the settings of
// its kind; but it can always be disabled, renamed and deleted.
func TestUnusableSourcesAreRefused(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	src := h.source(t, cluster("Prod"))
	off := cluster("Off")
	off.Enabled = false
	disabled := h.source(t, off)
	h.SourceChecker = checker{"Prod": errors.New("open /etc/kubeconfig: no such file or directory"), "Off": errors.New(strings.Repeat("x", 5000)),
		"Fields": domain.Errorf(domain.Unavailable, "temporarily_unavailable", "Not now.")}
	settings := clusterSettings("https://other.example.com")
	h.silent(t, func() {
		spec := cluster("Prod")
		_, err := h.CreateWorkloadSource(ctx, admin, spec)
		wantError(t, err, domain.Invalid, "invalid_request", "/kubernetes unusable")
		if !strings.Contains(err.Error(), "open /etc/kubeconfig: no such file or directory.") {
			t.Errorf("it does not say why: %v", err)
		}
		_, err = h.DraftWorkloadSource(admin, spec)
		wantError(t, err, domain.Invalid, "invalid_request", "/kubernetes unusable")
		_, err = h.UpdateWorkloadSource(ctx, admin, src.ID, domain.WorkloadSourcePatch{Settings: &settings})
		wantError(t, err, domain.Invalid, "invalid_request", "/kubernetes unusable")
		if _, err = h.EnableWorkloadSource(ctx, admin, disabled.ID); err == nil || len(err.Error()) > 1000 {
			t.Errorf("%v", err)
		}
		_, err = h.DraftWorkloadSource(admin, cluster("Fields"))
		wantError(t, err, domain.Unavailable, "temporarily_unavailable", "")
	})
	h.event(t, "workload_source.disable", func() {
		if _, err := h.DisableWorkloadSource(ctx, admin, src.ID); err != nil {
			t.Error(err)
		}
	})
	name := "Off"
	h.event(t, "workload_source.delete", func() {
		if err := h.DeleteWorkloadSource(ctx, admin, disabled.ID); err != nil {
			t.Error(err)
		}
	})
	h.event(t, "workload_source.update", func() {
		if _, err := h.UpdateWorkloadSource(ctx, admin, src.ID, domain.WorkloadSourcePatch{Name: &name}); err != nil {
			t.Error(err)
		}
	})
}

func TestWorkloadSourceFaults(t *testing.T) {
	h := newHouse(t)
	src := h.source(t, cluster("Prod"))
	unix := domain.SourceSettings{Unix: &domain.UnixSource{}}
	h.silent(t, func() {
		_, err := h.CreateWorkloadSource(t.Context(), admin, domain.WorkloadSourceSpec{Name: "A", Kind: domain.SourceOIDC, Settings: unix})
		wantError(t, err, domain.Invalid, "invalid_request", "/oidc required", "/unix not_allowed")
		_, err = h.UpdateWorkloadSource(t.Context(), admin, src.ID, domain.WorkloadSourcePatch{Settings: &unix}) // of another kind
		wantError(t, err, domain.Invalid, "invalid_request", "/kubernetes required", "/unix not_allowed")
		for _, id := range []string{"x", "0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e"} {
			_, err = h.UpdateWorkloadSource(t.Context(), admin, id, domain.WorkloadSourcePatch{})
			wantError(t, err, domain.NotFound, "not_found", "")
			_, err = h.EnableWorkloadSource(t.Context(), admin, id)
			wantError(t, err, domain.NotFound, "not_found", "")
			wantError(t, h.DeleteWorkloadSource(t.Context(), admin, id), domain.NotFound, "not_found", "")
		}
	})
}

func TestPlatformsSayWhatProvesThem(t *testing.T) {
	h := newHouse(t)
	h.Defaults = directory.Defaults{Loopback: true, TrustDomain: "authsec.local"}
	src := h.source(t, cluster("Prod"))
	state := func(key string) directory.PlatformState {
		t.Helper()
		all, err := h.Platforms(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			if p.Key == key {
				return p
			}
		}
		t.Fatalf("no platform %s", key)
		return directory.PlatformState{}
	}
	if p := state("kubernetes"); len(p.Sources) != 1 || p.Sources[0].ID != src.ID || p.ProvenBy[0] != domain.SourceKubernetes || p.DefaultAttestation != domain.AttestationRequired {
		t.Errorf("%+v", p)
	}
	if p := state("unix"); len(p.Sources) != 1 || p.DefaultAttestation != domain.AttestationRequired {
		t.Errorf("%+v", p)
	}
	if p := state("docker"); len(p.Sources) != 0 || p.ProvenBy[0] != domain.SourceUnix || p.DefaultAttestation != domain.AttestationPermissive {
		t.Errorf("%+v", p)
	}
	if p := state("other"); len(p.Sources) != 0 || len(p.ProvenBy) != 0 || p.DefaultAttestation != domain.AttestationRequired {
		t.Errorf("%+v", p)
	}
	if _, err := h.DisableWorkloadSource(t.Context(), admin, src.ID); err != nil {
		t.Fatal(err)
	}
	if p := state("kubernetes"); len(p.Sources) != 0 || p.DefaultAttestation != domain.AttestationPermissive {
		t.Errorf("%+v", p)
	}
	away := errors.New("away")
	h.SourceStore = noSources{h.store, away}
	if _, err := h.Platforms(t.Context()); !errors.Is(err, away) {
		t.Errorf("%v", err)
	}
}
