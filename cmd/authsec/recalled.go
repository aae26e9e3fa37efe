package main

import (
	"context"
	"fmt"
	"time"

	"authsec/internal/app"
	"authsec/internal/domain"
)

// recalledView is what a change recalled, as JSON shows it.
type recalledView struct {
	Indexes int  `json:"indexes"` // places in status lists
	Tokens  int  `json:"tokens"`  // that had not ended
	More    bool `json:"more"`    // there may be more tokens
	// Verifiers are those that listen to the running servers.
	Verifiers heardView `json:"verifiers"`
}

type heardView struct {
	Connected int `json:"connected"`
	Heard     int `json:"heard"`
	Polling   int `json:"polling"` // resources that ask
}

// patience is for how long a command waits for verifiers to hear.
const patience = 2 * time.Second

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
	if err != nil || c.Seq == 0 {
		return recalledView{}, err
	}
	v, err := a.Heard(ctx, c, patience)
	return recalledView{c.Indexes, c.Tokens, c.More, heardView{v.Connected, v.Heard, v.Polling}}, err
}

// String tells people.
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
	return what + ". " + v.Verifiers.String()
}

func (v heardView) String() string {
	told := "No verifier listens to a running server now"
	switch {
	case v.Connected == 1:
		told = fmt.Sprintf("%d of 1 connected verifier has heard", v.Heard)
	case v.Connected > 1:
		told = fmt.Sprintf("%d of %d connected verifiers have heard", v.Heard, v.Connected)
	}
	switch {
	case v.Polling == 1:
		told += ", and 1 resource asks"
	case v.Polling > 1:
		told += fmt.Sprintf(", and %d resources ask", v.Polling)
	}
	return told + ". An API that neither listens nor asks accepts them until they end."
}

func places(n int) string {
	if n == 1 {
		return "1 index"
	}
	return fmt.Sprintf("%d indexes", n)
}
