package delegation_test

import (
	"context"
	"strings"
	"testing"

	"authsec/internal/domain"
	"authsec/internal/policy"
)

// Other people's delegations answer a member exactly as those that never were.
func TestOtherPeoplesDelegationsAreNotThere(t *testing.T) {
	h := newHouse(t)
	bobs := h.lend(t, h.bob)
	elsewhere := h.newAgent(t, "Elsewhere")
	routes := map[string]func(ctx context.Context, c domain.Caller, id string) error{
		"get": func(ctx context.Context, c domain.Caller, id string) error { _, err := h.Get(ctx, c, id); return err },
		"enable": func(ctx context.Context, c domain.Caller, id string) error {
			_, err := h.Enable(ctx, c, id)
			return err
		},
		"disable": func(ctx context.Context, c domain.Caller, id string) error {
			_, err := h.Disable(ctx, c, id, "")
			return err
		},
		"revoke": func(ctx context.Context, c domain.Caller, id string) error {
			_, err := h.Revoke(ctx, c, id, "")
			return err
		},
		"edit": func(ctx context.Context, c domain.Caller, id string) error {
			_, err := h.Edit(ctx, c, id, domain.DelegationPatch{Default: ptr(true)})
			return err
		},
		"set default": func(ctx context.Context, c domain.Caller, id string) error {
			return h.SetDefault(ctx, c, h.agent.ClientID, id)
		},
		"set default of another agent": func(ctx context.Context, c domain.Caller, id string) error {
			return h.SetDefault(ctx, c, elsewhere.ClientID, id)
		},
		"explain": func(ctx context.Context, c domain.Caller, id string) error {
			_, err := h.Explain(ctx, c, policy.Request{ClientID: h.agent.ClientID, DelegationID: id}, policy.Proof{State: policy.ProofAssumed})
			return err
		},
	}
	for name, call := range routes {
		t.Run(name, func(t *testing.T) {
			h.silent(t, func() {
				for _, caller := range []domain.Caller{h.ana, {}} {
					theirs, none := call(t.Context(), caller, bobs.ID), call(t.Context(), caller, nobodyID)
					wantError(t, theirs, domain.NotFound, "not_found")
					if a, b := strings.ReplaceAll(theirs.Error(), bobs.ID, "ID"), strings.ReplaceAll(none.Error(), nobodyID, "ID"); a != b {
						t.Errorf("%q tells it from one that is not there: %q", a, b)
					}
				}
				if name == "explain" {
					return // a transport's fault: the parameter is a UUID
				}
				for _, id := range []string{"\x00", "\xff", strings.Repeat("9", 1<<20), "%", "{" + bobs.ID + "}"} {
					err := call(t.Context(), h.root, id)
					wantError(t, err, domain.NotFound, "not_found")
					if len(err.Error()) > 200 {
						t.Error("the answer repeats what the caller sent")
					}
				}
			})
		})
	}
	if got, err := h.Get(t.Context(), h.auditor, strings.ToUpper(bobs.ID)); err != nil || got.ID != bobs.ID {
		t.Errorf("an auditor reads everything: %v", err)
	}
	if got, err := h.Get(t.Context(), h.bob, bobs.ID); err != nil || got.ID != bobs.ID {
		t.Error(err)
	}
}

func TestAMemberListsOnlyTheirOwn(t *testing.T) {
	h := newHouse(t)
	anas, bobs := h.lend(t, h.ana), h.lend(t, h.bob)
	for name, tt := range map[string]struct {
		caller domain.Caller
		filter domain.DelegationFilter
		want   []string
	}{
		"a member":                      {h.ana, domain.DelegationFilter{}, []string{anas.ID}},
		"a member, asking for another":  {h.ana, domain.DelegationFilter{DelegatorID: h.bob.UserID}, []string{}},
		"a member, asking for an agent": {h.ana, domain.DelegationFilter{ClientID: h.agent.ClientID}, []string{anas.ID}},
		"an admin":                      {h.root, domain.DelegationFilter{}, []string{bobs.ID, anas.ID}},
		"an auditor":                    {h.auditor, domain.DelegationFilter{DelegatorID: strings.ToUpper(h.bob.UserID)}, []string{bobs.ID}},
		"nobody":                        {domain.Caller{}, domain.DelegationFilter{}, []string{}},
		"a member without an ID":        {domain.Caller{Level: domain.LevelMember}, domain.DelegationFilter{}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := h.List(t.Context(), tt.caller, tt.filter, domain.Page{})
			must(t, err)
			ids := []string{}
			for _, d := range list.Items {
				ids = append(ids, d.ID)
			}
			if strings.Join(ids, " ") != strings.Join(tt.want, " ") || list.Items == nil {
				t.Errorf("listed %v, want %v", ids, tt.want)
			}
		})
	}
	_, err := h.List(t.Context(), h.root, domain.DelegationFilter{ClientID: "\x00", DelegatorID: "x", Role: "\xff", Status: "any"}, domain.Page{})
	wantError(t, err, domain.Invalid, "invalid_request", "client_id invalid_id", "delegator invalid_id", "role invalid_name", "status unknown")
}
