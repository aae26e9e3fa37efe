package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"authsec/internal/domain"
	"authsec/internal/store"
)

func newAPIToken(t *testing.T, u domain.User, name string) domain.APIToken {
	t.Helper()
	id := newID(t)
	return domain.APIToken{ID: id, UserID: u.ID, UserEmail: u.Email, UserName: u.Name, Name: name,
		Hash: domain.Secret(id).Hash(), CreatedAt: t0, ExpiresAt: t0.Add(time.Hour)}
}

func putAPIToken(t *testing.T, s *store.Store, u domain.User, name string) domain.APIToken {
	t.Helper()
	a := newAPIToken(t, u, name)
	if err := s.CreateAPIToken(t.Context(), a, did("api_token.create", a.ID)); err != nil {
		t.Fatal(err)
	}
	return a
}

func apiTokenID(a domain.APIToken) string { return a.ID }

func TestAPITokenRoundTrip(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		ana := putUser(t, s, "ana@example.com", domain.LevelMember)
		a := putAPIToken(t, s, ana, "Terraform")
		byID, err := s.APIToken(ctx, a.ID)
		if err != nil || byID != a {
			t.Errorf("by ID: %+v, %v; want %+v", byID, err, a)
		}
		byHash, err := s.APITokenByHash(ctx, a.Hash)
		if err != nil || byHash != a {
			t.Errorf("by hash: %+v, %v; want %+v", byHash, err, a)
		}
		_, err = s.APITokenByHash(ctx, domain.Secret("other").Hash())
		wantError(t, err, domain.NotFound, "not_found", "")
		for _, d := range []time.Duration{time.Minute, time.Second} { // an earlier time changes nothing
			if err := s.TouchAPIToken(ctx, a.ID, t0.Add(d)); err != nil {
				t.Fatal(err)
			}
			if got, err := s.APIToken(ctx, a.ID); err != nil || got.LastUsedAt != t0.Add(time.Minute) {
				t.Errorf("last used at %v, %v", got.LastUsedAt, err)
			}
		}
		before := events(t, s)
		if err := s.DeleteAPIToken(ctx, a.ID, did("api_token.delete", a.ID)); err != nil || events(t, s) != before+1 {
			t.Errorf("deletion: %v, or it was not recorded", err)
		}
		unchanged(t, s, func() {
			wantError(t, s.DeleteAPIToken(ctx, a.ID, did("api_token.delete", a.ID)), domain.NotFound, "not_found", "")
			_, err := s.APIToken(ctx, a.ID)
			wantError(t, err, domain.NotFound, "not_found", "")
		})
	})
}

func TestAPITokenNeedsAnActiveOwner(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		ana := putUser(t, s, "ana@example.com", domain.LevelMember)
		if _, err := s.UpdateUser(ctx, ana.ID, func(u *domain.User) (domain.Event, error) {
			u.Status = domain.StatusSuspended
			return did("user.update", u.ID), nil
		}); err != nil {
			t.Fatal(err)
		}
		unchanged(t, s, func() {
			for _, u := range []domain.User{ana, {ID: newID(t)}} {
				a := newAPIToken(t, u, "x")
				wantError(t, s.CreateAPIToken(ctx, a, did("api_token.create", a.ID)), domain.NotFound, "not_found", "")
			}
		})
	})
}

func TestAPITokensPerUserAreBounded(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ana, bob := putUser(t, s, "ana@example.com", domain.LevelMember), putUser(t, s, "bob@example.com", domain.LevelMember)
		const most = 100
		for i := range most - 1 {
			putAPIToken(t, s, ana, fmt.Sprint("token ", i))
		}
		var won atomic.Int64
		var wg sync.WaitGroup
		for range 4 { // one place is left
			a := newAPIToken(t, ana, "the last")
			wg.Go(func() {
				err := s.CreateAPIToken(t.Context(), a, did("api_token.create", a.ID))
				if err == nil {
					won.Add(1)
				} else if domain.CodeOf(err) != "too_many_api_tokens" || domain.KindOf(err) != domain.Conflict {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Errorf("%d tokens fitted where one did", won.Load())
		}
		putAPIToken(t, s, bob, "bob's own")
	})
}

func TestAPITokensPageNewestFirstWhileRowsAreInserted(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		ana, bob := putUser(t, s, "ana@example.com", domain.LevelMember), putUser(t, s, "bob@example.com", domain.LevelMember)
		var want []string
		for i := range 7 {
			want = append(want, putAPIToken(t, s, ana, fmt.Sprint("token ", i)).ID)
			putAPIToken(t, s, bob, fmt.Sprint("token ", i))
		}
		slices.Reverse(want)
		own := func(p domain.Page) (domain.List[domain.APIToken], error) {
			return s.APITokens(ctx, domain.APITokenFilter{UserID: ana.ID}, p)
		}
		got := walk(t, 3, own, apiTokenID, true, func() { putAPIToken(t, s, ana, "newer") })
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		all := func(p domain.Page) (domain.List[domain.APIToken], error) {
			return s.APITokens(ctx, domain.APITokenFilter{}, p)
		}
		if got := walk(t, 50, all, apiTokenID, true, nil); len(got) != 16 {
			t.Errorf("%d tokens in all, want 16", len(got))
		}
	})
}

func TestAPITokenSearch(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		ana := putUser(t, s, "ana@example.com", domain.LevelMember)
		first, second := putAPIToken(t, s, ana, "ÉTÉ 100%"), putAPIToken(t, s, ana, "deploy_bot")
		read := func(p domain.Page) (domain.List[domain.APIToken], error) {
			return s.APITokens(t.Context(), domain.APITokenFilter{}, p)
		}
		for q, want := range map[string][]string{"été": {first.ID}, "100%": {first.ID}, "%": {first.ID}, "_": {second.ID}, "DEPLOY": {second.ID},
			strings.ToUpper(second.ID): {second.ID}, "nothing": {}} {
			if got := found(t, q, read, apiTokenID); !slices.Equal(got, want) {
				t.Errorf("%q finds %v, want %v", q, got, want)
			}
		}
	})
}
