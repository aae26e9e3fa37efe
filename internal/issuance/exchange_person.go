package issuance

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"authsec/internal/attest"
	"authsec/internal/domain"
	"authsec/internal/identity"
	"authsec/internal/policy"
)

// lend exchanges the token of a person who is present: under a template, they lend
// to the agent, the first time and each time again.
func (x *exchange) lend(ctx context.Context) (Issued, error) {
	person, err := x.person(ctx)
	if err != nil {
		return Issued{}, err
	}
	x.Present = &policy.Presence{ProviderID: person.ProviderID, Claims: person.Claims}
	templates, err := x.Store.EnabledTemplates(ctx, x.ClientID, person.ProviderID)
	if err != nil {
		return Issued{}, fmt.Errorf("read the delegation templates: %w", err)
	}
	template, denial := policy.Choose(templates, x.Request.Request)
	if denial != nil {
		return Issued{}, x.deny(ctx, denial)
	}
	l, err := x.newLoan(person, template)
	if err != nil {
		return Issued{}, err
	}
	id, err := x.Store.Lend(ctx, person.ProviderID, person.Subject, template.ID, l.rule)
	if denial := unlent(err); denial != nil {
		return Issued{}, x.deny(ctx, denial)
	}
	if err != nil {
		return Issued{}, fmt.Errorf("lend by a template: %w", err)
	}
	if x.DelegationID != "" && !strings.EqualFold(x.DelegationID, id) {
		return Issued{}, x.deny(ctx, denied(policy.CodeNoDelegation, "The person who is present lends by another delegation. Leave out delegation_id; role selects the template."))
	}
	x.DelegationID, x.Present.UserID = id, l.userID
	a, err := x.Store.ExchangeAuthority(ctx, []string{x.ClientID}, id)
	if err != nil {
		return Issued{}, fmt.Errorf("read the authority of an exchange: %w", err)
	}
	// Whose token was verified by settings that hold no more, is asked for again.
	if c := a.Delegations; len(c) == 1 && c[0].Provider != nil && !reflect.DeepEqual(c[0].Provider.Settings, person.Settings) {
		return Issued{}, busy("The identity provider's settings were changed just now. Try again.")
	}
	grant, denial, err := x.decideOn(a)
	switch {
	case err != nil:
		return Issued{}, err
	case denial != nil:
		return Issued{}, x.deny(ctx, denial)
	case grant.Status.List == 0:
		return Issued{}, fmt.Errorf("lend by a template: delegation %s has no status index", id)
	}
	d, err := x.draft(x.now, grant)
	if err != nil {
		return Issued{}, err
	}
	d.exchanged = &exchanged{ProviderID: person.ProviderID, Subject: person.Subject, Chain: []string{x.ClientID}}
	return x.mint(ctx, x.Request, x.now, d, x.proof)
}

// person returns who the subject token stands for. What proves a workload never
// stands for a person, whoever signed it.
func (x *exchange) person(ctx context.Context) (identity.Person, error) {
	claimed := attest.Presented{Bearer: x.Subject}.Claims()
	if claimed.SVID || claimed.ClientID != "" || x.Subject == x.Proof.Bearer {
		return identity.Person{}, x.refusePerson(ctx, "The subject_token proves a workload, and stands for no person.")
	}
	person, err := x.People.Subject(ctx, x.Subject.Reveal(), x.SubjectKind, x.now)
	switch {
	case domain.KindOf(err) == domain.Unauthenticated:
		x.proof.cause = err
		return identity.Person{}, x.refusePerson(ctx, publicOf(err))
	case err != nil:
		return identity.Person{}, fmt.Errorf("verify a person's token: %w", err)
	}
	return person, nil
}

// refusePerson says what is wrong with a person's token: whoever holds it can read
// it, and nothing here is known of it besides.
func (x *exchange) refusePerson(ctx context.Context, problem string) error {
	return x.refuseAs(ctx, x.Request, x.now, x.by.Agent, x.proof, denied(CodeSubjectToken, problem), domain.Errorf(domain.Invalid, CodeSubjectToken, "%s", problem))
}
