package storetest

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"authsec/internal/domain"
	"authsec/internal/store"
)

func resourceName(r domain.Resource) string { return strings.ToLower(r.Name) }

func TestResourceRoundTrip(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		r := putResource(t, s, "Billing API", "https://api.example.com/Billing/É")
		if got, err := s.Resource(ctx, r.ID); err != nil || got != r {
			t.Errorf("read back %+v, %v, want %+v", got, err, r)
		}
		other := putResource(t, s, "Orders", "https://api.example.com/orders")
		unchanged(t, s, func() {
			for field, twin := range map[string]domain.Resource{
				"/name": {ID: newID(t), Name: "BILLING api", URI: "https://elsewhere.example.com"},
				"/uri":  {ID: newID(t), Name: "Another", URI: "HTTPS://API.example.com/billing/É"},
			} {
				wantError(t, s.CreateResource(ctx, twin, did("resource.create", twin.ID)), domain.Conflict, "already_exists", field)
			}
			_, err := s.UpdateResource(ctx, other.ID, func(o *domain.Resource) (domain.Event, error) {
				o.Name = "billing API"
				return did("resource.update", o.ID), nil
			})
			wantError(t, err, domain.Conflict, "already_exists", "/name")
			_, err = s.Resource(ctx, newID(t))
			wantError(t, err, domain.NotFound, "not_found", "")
		})
		got, err := s.UpdateResource(ctx, r.ID, func(r *domain.Resource) (domain.Event, error) {
			r.Name, r.SecretHash = "BILLING API", domain.Secret("fresh").Hash()
			return did("resource.update", r.ID), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if read, err := s.Resource(ctx, r.ID); err != nil || read != got || !read.SecretHash.Matches("fresh") || read.Name != "BILLING API" {
			t.Errorf("read back %+v, %v, want %+v", read, err, got)
		}
		for q, want := range map[string][]string{"billing": {"billing api"}, "/ORDERS": {"orders"}, other.ID: {"orders"}, "_": {}} {
			if got := found(t, q, func(p domain.Page) (domain.List[domain.Resource], error) { return s.Resources(ctx, p) }, resourceName); !reflect.DeepEqual(got, want) {
				t.Errorf("search %q found %v, want %v", q, got, want)
			}
		}
	})
}

func TestResourceInUseIsNotDeleted(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		r := putResource(t, s, "Billing", "https://billing.example.com")
		d := putDelegation(t, s, "support", putUser(t, s, "ana@example.com", domain.LevelAdmin), putAgent(t, s, "Helper"), []string{"a:b"}, []string{r.URI})
		remove := func() error {
			return s.DeleteResource(t.Context(), r.ID, func(r domain.Resource) (domain.Event, error) { return did("resource.delete", r.ID), nil })
		}
		unchanged(t, s, func() {
			err := remove()
			wantError(t, err, domain.Conflict, "in_use", "")
			if !strings.Contains(err.Error(), `the delegation of support to "Helper"`) {
				t.Errorf("it does not name the delegation: %v", err)
			}
		})
		revoke(t, s, d.ID)
		if err := remove(); err != nil {
			t.Fatal(err)
		}
		wantError(t, remove(), domain.NotFound, "not_found", "")
	})
}

func TestResourcesPageWhileRowsAreInserted(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		want := map[string]bool{}
		for i := range 250 {
			r := putResource(t, s, fmt.Sprintf("R%03d %s", (i*91)%250, strings.Repeat("界", 200)), fmt.Sprintf("https://r%d.example.com", i))
			want[resourceName(r)] = true
		}
		n := 0
		got := walk(t, 40, func(p domain.Page) (domain.List[domain.Resource], error) { return s.Resources(t.Context(), p) }, resourceName, false, func() {
			putResource(t, s, fmt.Sprintf("A%d", n), fmt.Sprintf("https://a%d.example.com", n))
			n++
		})
		for _, k := range got {
			delete(want, k)
		}
		if len(got) != 250 || len(want) != 0 {
			t.Errorf("read %d rows, missed %d of 250", len(got), len(want))
		}
	})
}
