package revocation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"authsec/internal/domain"
	"authsec/internal/token"
)

// Codes of what is recorded against a token.
const (
	CodeRecalled      = "recalled"       // its status index is retired
	CodeRevoked       = "revoked"        // it was given back itself (RFC 7009)
	CodeForeignStatus = "foreign_status" // it names a status list that is not ours
	CodeUnknownStatus = "unknown_status" // its status index was given to nobody
)

// against returns every reason why a token does not count although it is
// well-formed, signed and of this time; none: it does.
func against(status domain.StatusRef, ours bool, state domain.TokenState) []domain.Reason {
	var reasons []domain.Reason
	note := func(is bool, code, message string) {
		if is {
			reasons = append(reasons, domain.Reason{Code: code, Message: message})
		}
	}
	note(!ours, CodeForeignStatus, "It names a status list that is not this server's.")
	// A token without a status index is of before there were any.
	note(ours && status.List != 0 && !state.Known, CodeUnknownStatus, "Its place in the status list was never given out, or the list is gone.")
	note(state.Retired, CodeRecalled, "It was recalled: its place in the status list is retired.")
	note(state.Revoked, CodeRevoked, "It was revoked itself, by its jti.")
	return reasons
}

// Inspector says of a token, for people who run the deployment, what Introspector
// tells nobody. All fields are required.
type Inspector struct {
	Deployment
	Keys  Keys
	Store StateReader
	Now   func() time.Time
}

// Inspection is what a verifier that misses nothing makes of a token now.
type Inspection struct {
	token.Examination
	// Proven: signature, issuer and the form of the claims hold. Else nothing was
	// looked up, for anybody could have written the claims.
	Proven  bool
	Reasons []domain.Reason // why it is refused, in the order of the checks; none: it is good
}

// Inspect examines a token. audience "" stands for any.
func (i *Inspector) Inspect(ctx context.Context, compact, audience string) (Inspection, error) {
	now := i.Now()
	want := token.Expectation{Issuer: i.Issuer, Audience: audience, AnyAudience: audience == "", AnyKey: true, Leeway: token.Leeway, Now: now}
	out := Inspection{Examination: token.Examine(compact, i.Keys.PublishedKeys(now), want)}
	out.Proven = out.Claims != nil
	for _, fault := range out.Faults {
		e, ok := errors.AsType[*domain.Error](fault)
		if !ok {
			return out, fault
		}
		out.Proven = out.Proven && slices.Contains([]string{token.CodeAudience, token.CodeExpired, token.CodeNotYetValid}, e.Code)
		out.Reasons = append(out.Reasons, domain.Reason{Code: e.Code, Message: e.Public})
	}
	if !out.Proven {
		return out, nil
	}
	status, ours := i.statusOf(*out.Claims)
	state, err := i.Store.TokenState(ctx, status, out.Claims.ID)
	if err != nil {
		return out, fmt.Errorf("inspect a token: %w", err)
	}
	out.Reasons = append(out.Reasons, against(status, ours, state)...)
	return out, nil
}
