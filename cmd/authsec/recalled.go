package main

import (
	"context"
	"fmt"

	"authsec/internal/app"
	"authsec/internal/domain"
)

// recalledView is what a change recalled, as JSON shows it.
type recalledView struct {
	Indexes int  `json:"indexes"` // places in status lists
	Tokens  int  `json:"tokens"`  // that had not ended
	More    bool `json:"more"`    // there may be more tokens
}

// recalling makes a change and returns what it recalled of a scope.
func recalling(ctx context.Context, a *app.App, scope domain.RecallScope, change func() error) (recalledView, error) {
	before, err := a.Store.LastRecall(ctx)
	if err != nil {
		return recalledView{}, err
	}
	if err := change(); err != nil {
		return recalledView{}, err
	}
	c, err := a.RecalledSince(ctx, scope, before)
	return recalledView{c.Indexes, c.Tokens, c.More}, err
}

// String tells people. How many verifiers have heard, only the servers know.
func (v recalledView) String() string {
	what := places(v.Indexes) + " recalled"
	switch {
	case v.Indexes == 0:
		return "Nothing was to be recalled."
	case v.More:
		what += fmt.Sprintf(", with more than %d tokens that had not ended", v.Tokens)
	case v.Tokens == 1:
		what += ", with 1 token that had not ended"
	case v.Tokens > 0:
		what += fmt.Sprintf(", with %d tokens that had not ended", v.Tokens)
	default:
		return what + ": no token was out."
	}
	return what + ". Verifiers that listen refuse them within a second; an API that neither listens nor polls accepts them until they end."
}

func places(n int) string {
	if n == 1 {
		return "1 index"
	}
	return fmt.Sprintf("%d indexes", n)
}
