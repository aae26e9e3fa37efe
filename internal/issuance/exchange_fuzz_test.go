package issuance_test

import (
	"strings"
	"testing"

	"authsec/internal/domain"
	"authsec/internal/issuance"
)

// FuzzSubjectToken: whatever is presented as a subject token is refused as such,
// without a word of it in the answer, unless it is one that was issued.
func FuzzSubjectToken(f *testing.F) {
	h := newTrade(f)
	first := h.first(f).Reveal()
	f.Add(first, "access_token")
	f.Add(first+" ", "jwt")
	f.Add(badge(f, nil).Reveal(), "id_token")
	f.Add("e30.e30.e30", "access_token")
	f.Add(strings.Repeat("a", issuance.MaxSubjectToken+1), "jwt")
	f.Fuzz(func(t *testing.T, subject, kind string) {
		h.world.taken(t)
		got, err := h.Exchange(t.Context(), asking(secondID, domain.Secret(subject), func(r *issuance.ExchangeRequest) { r.SubjectKind = issuance.TokenKind(kind) }))
		if err == nil {
			if subject != first {
				t.Fatalf("%q was exchanged for %s", subject, got.ID)
			}
			return
		}
		if got.Token != "" {
			t.Fatal("refused, and still answered")
		}
		if k := domain.KindOf(err); k != domain.Invalid && k != domain.Forbidden && k != domain.RateLimited {
			t.Fatalf("not the caller's fault: %v", err)
		}
		if strings.Trim(subject, "0123456789") == "" && len(subject) > 8 && strings.Contains(err.Error(), subject) {
			t.Fatalf("the token is repeated: %v", err)
		}
	})
}
