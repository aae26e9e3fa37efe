package signin

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"authsec/internal/domain"
)

// refusalWindow is how long like refusals are counted into one event.
const refusalWindow = time.Minute

// maxRefusals bounds the kinds of refusal that are counted apart. Beyond it,
// refusals are counted together, whatever their account and address.
const maxRefusals = 1024

// Refusals writes refused attempts to the audit log without letting anybody
// flood it (DESIGN §6). The first of its kind (action, reason, account as it was
// typed, and address; IPv6 by /64) is recorded before the refusal is answered;
// those that follow are counted, and Flush records the count as one event. What
// was counted since the last flush is lost when the process is killed; the first
// ones never are.
type Refusals struct {
	Audit Audit
	Now   func() time.Time

	flushing sync.Mutex // one Flush at a time: it records counts before it subtracts them
	mu       sync.Mutex
	open     map[refusalKey]*refusal
}

// refusalKey must not depend on whether an account exists: recording takes
// longer than counting, and the difference would tell.
type refusalKey struct {
	action  string
	reason  string
	account string // opaque; "" when it was not looked at
	address netip.Prefix
}

type refusal struct {
	event domain.Event
	until time.Time
	more  int // after the first
}

// note records or counts a refusal with exactly one reason. Account is what
// stands for the account in question.
func (r *Refusals) note(ctx context.Context, account string, ev domain.Event) error {
	key := refusalKey{ev.Action, ev.Reasons[0].Code, account, addressKey(ev.IP)}
	r.mu.Lock()
	if r.open == nil {
		r.open = map[refusalKey]*refusal{}
	}
	if _, ok := r.open[key]; !ok && len(r.open) >= maxRefusals {
		key = refusalKey{action: ev.Action}
		ev = domain.Event{Time: ev.Time, Actor: domain.Party{Type: "anonymous", Via: ev.Actor.Via}, Action: ev.Action,
			Target: domain.Party{Type: ev.Target.Type}, Outcome: ev.Outcome,
			Reasons: []domain.Reason{{Code: "many", Message: "Too many kinds of refusal at once to tell them apart."}}}
	}
	if known, ok := r.open[key]; ok {
		known.more++
		r.mu.Unlock()
		return nil
	}
	first := &refusal{event: ev, until: ev.Time.Add(refusalWindow)}
	r.open[key] = first
	r.mu.Unlock()

	if err := r.Audit.AppendEvents(ctx, []domain.Event{ev}, nil); err != nil {
		r.mu.Lock()
		first.more++ // not recorded, but not forgotten
		r.mu.Unlock()
		return err
	}
	return nil
}

// Flush records the counts of the windows that are over, or of all of them. If
// it fails they stay, for the next time.
func (r *Refusals) Flush(ctx context.Context, all bool) error {
	r.flushing.Lock()
	defer r.flushing.Unlock()
	now := r.Now().UTC().Truncate(time.Microsecond)

	due := map[refusalKey]int{}
	var events []domain.Event
	r.mu.Lock()
	for key, open := range r.open {
		if !all && now.Before(open.until) {
			continue
		}
		due[key] = open.more
		if open.more > 0 {
			events = append(events, open.counted(now, key.address))
		}
	}
	r.mu.Unlock()
	if len(events) > 0 {
		if err := r.Audit.AppendEvents(ctx, events, nil); err != nil {
			return err
		}
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	for key, n := range due {
		open := r.open[key]
		if open.more -= n; open.more == 0 {
			delete(r.open, key) // the next one is a first one again
		}
	}
	return nil
}

// counted is the event of those that followed the first.
func (f *refusal) counted(now time.Time, address netip.Prefix) domain.Event {
	ev := f.event
	ev.Time, ev.Count, ev.RequestID = now, f.more, ""
	if address.IsValid() && !address.IsSingleIP() {
		ev.IP = address.String()
	}
	return ev
}

// attempt is what may be refused.
type attempt struct {
	by      domain.Caller
	action  string
	target  domain.Party
	account string // see refusalKey
}

// refuse notes a refused attempt and returns the answer to it, or why it could
// not be noted: a refusal that leaves no trace is not given.
func (s Service) refuse(ctx context.Context, a attempt, code string, answer error) error {
	ev := domain.NewEvent(s.now(), a.by, a.action, a.target)
	ev.Outcome = domain.OutcomeRefused
	ev.Reasons = []domain.Reason{{Code: code, Message: refusalText(code)}}
	if err := s.Refusals.note(ctx, a.account, ev); err != nil {
		return err
	}
	return answer
}

func refusalText(code string) string {
	switch code {
	case "throttled":
		return "Too many attempts; the password was not checked."
	case "unknown_account":
		return "Nobody has this email."
	case "no_password":
		return "The person has not chosen a password yet."
	case "wrong_password":
		return "The password is wrong."
	case "user_suspended":
		return "The password is right, but the person is suspended."
	case "credentials_changed":
		return "The password or the account was changed during the attempt."
	default:
		return "The set-up link is unknown, spent or over."
	}
}
