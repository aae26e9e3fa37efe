package signin

import (
	"context"
	"errors"
	"time"
)

// Clean deletes sessions and set-up links that have ended by themselves.
func (s Service) Clean(ctx context.Context) error {
	now := s.now()
	return errors.Join(s.Sessions.CleanSessions(ctx, now), s.Links.CleanSetupLinks(ctx, now))
}

// lastFlush bounds how long Run goes on after its context has ended.
const lastFlush = 5 * time.Second

// Run records counted refusals and cleans up, every minute, until ctx ends; then
// it records what is left and returns. Failures are logged and tried again.
func (s Service) Run(ctx context.Context) {
	ticker := time.NewTicker(refusalWindow)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if err := errors.Join(s.Refusals.Flush(ctx, false), s.Clean(ctx)); err != nil && ctx.Err() == nil {
				s.Log.WarnContext(ctx, "sign-in housekeeping failed; it is tried again in a minute", "error", err)
			}
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastFlush)
			defer cancel()
			if err := s.Refusals.Flush(last, true); err != nil {
				s.Log.ErrorContext(last, "counted refusals were not recorded", "error", err)
			}
			return
		}
	}
}
