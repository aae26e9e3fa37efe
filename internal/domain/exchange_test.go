package domain_test

import (
	"strings"
	"testing"

	"authsec/internal/domain"
)

func TestTemplateFilter(t *testing.T) {
	const id = "0190a000-0000-7000-8000-0000000000a1"
	for name, tt := range map[string]struct {
		filter domain.TemplateFilter
		want   domain.TemplateFilter
		fault  string
	}{
		"none":              {domain.TemplateFilter{}, domain.TemplateFilter{}, ""},
		"both":              {domain.TemplateFilter{ClientID: strings.ToUpper(id), ProviderID: id}, domain.TemplateFilter{ClientID: id, ProviderID: id}, ""},
		"no ID of an agent": {domain.TemplateFilter{ClientID: "x"}, domain.TemplateFilter{}, "client_id"},
		"no ID of another":  {domain.TemplateFilter{ProviderID: "x"}, domain.TemplateFilter{}, "identity_provider_id"},
	} {
		t.Run(name, func(t *testing.T) {
			got := tt.filter
			err := got.Check()
			if tt.fault == "" {
				if err != nil || got != tt.want {
					t.Errorf("%+v, %v", got, err)
				}
				return
			}
			e, ok := err.(*domain.Error) //nolint:errorlint // Check wraps nothing
			if !ok || e.Kind != domain.Invalid || len(e.Fields) != 1 || e.Fields[0].Field != tt.fault {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Whatever a rule sets is written.
func TestALoanDraftIsIdle(t *testing.T) {
	seen := domain.LoanDraft{Link: &domain.IdentityLink{}, User: &domain.User{}, Existing: &domain.Delegation{}, Email: "a@example.com"}
	if !seen.Idle() {
		t.Error("what the rule sees is no decision")
	}
	for name, d := range map[string]domain.LoanDraft{
		"a person":     {NewUser: &domain.User{}},
		"a link":       {NewLink: &domain.IdentityLink{}},
		"a delegation": {NewDelegation: &domain.Delegation{}},
	} {
		if d.Idle() {
			t.Errorf("%s is no decision", name)
		}
	}
}
