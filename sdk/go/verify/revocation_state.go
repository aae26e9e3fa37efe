package verify

import (
	"log/slog"
	"time"
)

// RevocationState is what a Verifier knows of revocations, for a health check or a
// metric.
type RevocationState struct {
	Mode RevocationMode
	// Current: the last check could tell. False from the first that could not,
	// until one can again; true before the first.
	Current bool
	// Connected: the stream is open. A stream that is open and silent is no sign of life.
	Connected bool
	// HeartbeatAge is how long the stream's last sign of life is ago; below 0, there
	// was none.
	HeartbeatAge time.Duration
	// PollAge is how long ago the feed was last read, or an introspection answered;
	// below 0, never.
	PollAge time.Duration
	// Sequence is the number of the last recall that is known with all before it.
	Sequence int64
	// Lists and Tokens are how many status lists are at hand, and how many revoked
	// tokens are remembered.
	Lists, Tokens int
	// Err is the latest failure, which may be over.
	Err error
}

// LogValue implements [slog.LogValuer].
func (s RevocationState) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("mode", string(s.Mode)), slog.Bool("current", s.Current), slog.Bool("connected", s.Connected),
		slog.Duration("heartbeat_age", s.HeartbeatAge), slog.Duration("poll_age", s.PollAge), slog.Int64("sequence", s.Sequence),
		slog.Int("lists", s.Lists), slog.Int("tokens", s.Tokens),
	}
	if s.Err != nil {
		attrs = append(attrs, slog.String("error", s.Err.Error()))
	}
	return slog.GroupValue(attrs...)
}

// RevocationState returns what the Verifier knows of revocations now.
func (v *Verifier) RevocationState() RevocationState {
	if v.recalls == nil {
		return RevocationState{Mode: RevocationNone, Current: true, HeartbeatAge: -1, PollAge: -1}
	}
	s := v.recalls.State()
	return RevocationState{
		Mode: v.recalls.mode, Current: !s.Unknown, Connected: s.Connected, HeartbeatAge: s.Alive, PollAge: s.Polled,
		Sequence: s.Sequence, Lists: s.Lists, Tokens: s.Tokens, Err: s.Err,
	}
}
