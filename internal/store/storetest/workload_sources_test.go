package storetest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

func sourceName(s domain.WorkloadSource) string { return strings.ToLower(s.Name) }

// cluster are settings with every field that a Kubernetes source has.
func cluster(issuer string) domain.SourceSettings {
	return domain.SourceSettings{Kubernetes: &domain.KubernetesSource{Issuer: issuer, Audience: "authsec", JWKS: `{"keys":[]}`,
		CABundle: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", TokenReview: true, MaxTokenSeconds: 600,
		API: &domain.KubernetesAPI{Kubeconfig: "/etc/authsec/kubeconfig", Context: "prod"}}}
}

func putSource(t *testing.T, s *store.Store, name string, settings domain.SourceSettings) domain.WorkloadSource {
	t.Helper()
	src := newSource(t, name, settings)
	if err := s.CreateWorkloadSource(t.Context(), src, did("workload-source.create", src.ID)); err != nil {
		t.Fatal(err)
	}
	return src
}

func newSource(t *testing.T, name string, settings domain.SourceSettings) domain.WorkloadSource {
	t.Helper()
	return domain.WorkloadSource{ID: newID(t), Name: name, Kind: settings.Kind(), Enabled: true, Settings: settings, CreatedAt: t0, UpdatedAt: t0}
}

func sourceSet(t *testing.T, s *store.Store) (domain.SourceSet, []string) {
	t.Helper()
	set, err := s.WorkloadSourceSet(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, src := range set.Sources {
		names = append(names, src.Name)
	}
	return set, names
}

func updateSource(t *testing.T, s *store.Store, id string, fn func(*domain.WorkloadSource)) domain.WorkloadSource {
	t.Helper()
	src, err := s.UpdateWorkloadSource(t.Context(), id, func(src *domain.WorkloadSource) (domain.Event, error) {
		fn(src)
		return did("workload-source.update", id), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// A new database believes what the kernel says of processes on its own machine, and nothing else.
func TestThisMachineIsASource(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		set, _ := sourceSet(t, s)
		if len(set.Sources) != 1 || set.Revision < 1 {
			t.Fatalf("%+v", set)
		}
		src := set.Sources[0]
		if id, ok := domain.ParseID(src.ID); !ok || id != src.ID || src.Name != "This machine" || src.Kind != domain.SourceUnix || !src.Enabled ||
			!reflect.DeepEqual(src.Settings, domain.SourceSettings{Unix: &domain.UnixSource{}}) {
			t.Errorf("%+v", src)
		}
		if age := time.Since(src.CreatedAt); age < -time.Minute || age > time.Hour || !src.UpdatedAt.Equal(src.CreatedAt) {
			t.Errorf("made %v, changed %v", src.CreatedAt, src.UpdatedAt)
		}
		for _, q := range []string{"THIS", "unix", src.ID} {
			if got := found(t, q, func(p domain.Page) (domain.List[domain.WorkloadSource], error) {
				return s.WorkloadSources(t.Context(), p)
			}, sourceName); !slices.Equal(got, []string{"this machine"}) {
				t.Errorf("search %q found %v", q, got)
			}
		}
	})
}

func TestWorkloadSourceRoundTrip(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		for name, settings := range map[string]domain.SourceSettings{
			"Cluster": cluster("https://k8s.example.com"),
			"Mesh": {SPIFFE: &domain.SPIFFESource{TrustDomain: "example.org", Audience: "authsec", BundleURL: "https://spire.example.com/bundle",
				EndpointSPIFFEID: "spiffe://example.org/spire", BundleFile: "/etc/authsec/bundle.json", WorkloadAPI: "unix:///run/spire.sock", CABundle: "x"}},
			"GitHub": {OIDC: &domain.OIDCSource{Preset: "github", Platform: "github", Issuer: "https://token.actions.githubusercontent.com", Audience: "authsec",
				JWKS: "{}", JWKSURL: "https://x.example.com/<keys>&more", CABundle: "x", MaxTokenSeconds: 900,
				Claims: []domain.ClaimMapping{{Claim: "repository", Selector: "github:repository"}, {Claim: "/a/b~1c", Selector: "github:ref"}}}},
			"Docker": {Unix: &domain.UnixSource{DockerHost: "unix:///var/run/docker.sock"}},
		} {
			src := putSource(t, s, name, settings)
			if got, err := s.WorkloadSource(t.Context(), src.ID); err != nil || !reflect.DeepEqual(got, src) {
				t.Errorf("read back %+v, %v, want %+v", got, err, src)
			}
			src = updateSource(t, s, src.ID, func(src *domain.WorkloadSource) {
				src.Name, src.Enabled, src.UpdatedAt = name+"!", false, t0.Add(time.Second)
			})
			if got, err := s.WorkloadSource(t.Context(), src.ID); err != nil || !reflect.DeepEqual(got, src) || got.Enabled || got.Name != name+"!" {
				t.Errorf("read back %+v, %v, want %+v", got, err, src)
			}
		}
		_, err := s.WorkloadSource(t.Context(), newID(t))
		wantError(t, err, domain.NotFound, "not_found", "")
	})
}

// No two sources share an issuer or a trust domain: which of them verified a
// proof would be left to chance.
func TestWorkloadSourcesAreDistinct(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		oidc := func(issuer string) domain.SourceSettings {
			return domain.SourceSettings{OIDC: &domain.OIDCSource{Platform: "github", Issuer: issuer, Audience: "authsec"}}
		}
		mesh := func(trustDomain string) domain.SourceSettings {
			return domain.SourceSettings{SPIFFE: &domain.SPIFFESource{TrustDomain: trustDomain, Audience: "authsec"}}
		}
		putSource(t, s, "Cluster", cluster("https://one.example.com"))
		putSource(t, s, "Mesh", mesh("example.org"))
		putSource(t, s, "Runner", oidc("https://two.example.com"))
		other := putSource(t, s, "Other", oidc("https://four.example.com"))
		before, _ := sourceSet(t, s)
		unchanged(t, s, func() {
			for field, twin := range map[string]domain.WorkloadSource{
				"/name":                newSource(t, "CLUSTER", oidc("https://three.example.com")),
				"/oidc/issuer":         newSource(t, "A", oidc("https://one.example.com")),
				"/kubernetes/issuer":   newSource(t, "B", cluster("https://two.example.com")),
				"/spiffe/trust_domain": newSource(t, "C", mesh("example.org")),
			} {
				wantError(t, s.CreateWorkloadSource(t.Context(), twin, did("workload-source.create", twin.ID)), domain.Conflict, "already_exists", field)
				_, err := s.UpdateWorkloadSource(t.Context(), other.ID, func(src *domain.WorkloadSource) (domain.Event, error) {
					src.Name, src.Settings = twin.Name, twin.Settings
					return did("workload-source.update", src.ID), nil
				})
				wantError(t, err, domain.Conflict, "already_exists", field)
			}
		})
		if after, _ := sourceSet(t, s); !reflect.DeepEqual(after, before) {
			t.Errorf("refusals changed %+v into %+v", before, after)
		}
		putSource(t, s, "A second machine", domain.SourceSettings{Unix: &domain.UnixSource{}}) // has nothing to share
	})
}

// Every change that is committed raises the revision, and nothing else does: it
// is what tells verified proofs that they do not count any more.
func TestSourcesRevision(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		agent := putAgent(t, s, "Helper")
		last, _ := sourceSet(t, s)
		raised := func(what string, want []string) {
			t.Helper()
			set, names := sourceSet(t, s)
			if set.Revision <= last.Revision || !slices.Equal(names, want) {
				t.Errorf("%s: from revision %d to %d, enabled %v, want %v", what, last.Revision, set.Revision, names, want)
			}
			if a, err := s.Authority(ctx, agent.ClientID, "", ""); err != nil || a.SourcesRevision != set.Revision {
				t.Errorf("%s: authority is at %d, %v, want %d", what, a.SourcesRevision, err, set.Revision)
			}
			last = set
		}
		src := putSource(t, s, "A cluster", cluster("https://k8s.example.com"))
		raised("created", []string{"This machine", "A cluster"}) // the oldest first
		updateSource(t, s, src.ID, func(src *domain.WorkloadSource) { src.Settings.Kubernetes.Audience = "other" })
		raised("edited", []string{"This machine", "A cluster"})
		updateSource(t, s, src.ID, func(src *domain.WorkloadSource) { src.Enabled = false })
		raised("disabled", []string{"This machine"})
		updateSource(t, s, src.ID, func(src *domain.WorkloadSource) { src.Enabled = true })
		raised("enabled", []string{"This machine", "A cluster"})
		remove := func() error {
			return s.DeleteWorkloadSource(ctx, src.ID, func(src domain.WorkloadSource) (domain.Event, error) {
				return did("workload-source.delete", src.ID), nil
			})
		}
		if err := remove(); err != nil {
			t.Fatal(err)
		}
		raised("deleted", []string{"This machine"})
		unchanged(t, s, func() {
			wantError(t, remove(), domain.NotFound, "not_found", "")
			_, err := s.UpdateWorkloadSource(ctx, src.ID, func(*domain.WorkloadSource) (domain.Event, error) { return domain.Event{}, nil })
			wantError(t, err, domain.NotFound, "not_found", "")
			if got, err := s.UpdateWorkloadSource(ctx, last.Sources[0].ID, func(*domain.WorkloadSource) (domain.Event, error) {
				return domain.Event{}, domain.ErrNoChange
			}); err != nil || !reflect.DeepEqual(got, last.Sources[0]) {
				t.Errorf("no change: %+v, %v", got, err)
			}
			if set, _ := sourceSet(t, s); set.Revision != last.Revision {
				t.Errorf("without a change the revision went from %d to %d", last.Revision, set.Revision)
			}
		})
	})
}

// A set never holds another revision's sources.
func TestSourceSetIsOneSnapshot(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		first, _ := sourceSet(t, s)
		id := first.Sources[0].ID
		var wg sync.WaitGroup
		wg.Go(func() {
			for n := range 200 {
				updateSource(t, s, id, func(src *domain.WorkloadSource) { src.Name = fmt.Sprint(first.Revision + int64(n) + 1) })
			}
		})
		for {
			set, names := sourceSet(t, s)
			if set.Revision > first.Revision && names[0] != fmt.Sprint(set.Revision) {
				t.Errorf("revision %d with the source of %s", set.Revision, names[0])
			}
			if set.Revision == first.Revision+200 || t.Failed() {
				break
			}
		}
		wg.Wait()
	})
}

func TestWorkloadSourcesAreBoundedAndPage(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		for i := range domain.MaxWorkloadSources - 1 {
			putSource(t, s, fmt.Sprintf("S%02d %s", (i*37)%(domain.MaxWorkloadSources-1), strings.Repeat("界", 200)), cluster(fmt.Sprintf("https://k%d.example.com", i)))
		}
		one := newSource(t, "One more", domain.SourceSettings{Unix: &domain.UnixSource{}})
		unchanged(t, s, func() {
			wantError(t, s.CreateWorkloadSource(t.Context(), one, did("workload-source.create", one.ID)), domain.Conflict, "too_many", "")
		})
		read := func(p domain.Page) (domain.List[domain.WorkloadSource], error) {
			return s.WorkloadSources(t.Context(), p)
		}
		if got := walk(t, 30, read, sourceName, false, nil); len(got) != domain.MaxWorkloadSources {
			t.Errorf("%d rows, want %d", len(got), domain.MaxWorkloadSources)
		}
		if got := found(t, "K17.example", read, sourceName); len(got) != 1 {
			t.Errorf("by its issuer: %v", got)
		}
	})
}
