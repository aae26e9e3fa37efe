package domain

import "time"

// MaxRecalledTokens bounds how many recalled tokens are counted.
const MaxRecalledTokens = 1000

// RecallScope says whose recalls are meant: a delegation's or an agent's, one of
// the two. An agent's are those of the tokens that it got, or that others got
// from it.
type RecallScope struct {
	DelegationID string
	ClientID     string
	VisibleTo    string // only of this user's delegations; "": of all
}

// RecalledChange is one change that recalled tokens, as far as a scope goes.
type RecalledChange struct {
	Seq     int64 // of its last recall
	At      time.Time
	Indexes int // status indexes that it retired
	// Audience holds every audience that a recalled token may have; empty: the
	// server's default audience is among them.
	Audience []string
	Tokens   int  // that had not ended when they were recalled, at most MaxRecalledTokens
	More     bool // there may be more
}
