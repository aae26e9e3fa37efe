package audit

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"authsec/internal/domain"
)

// Bounds of Refusals.
const (
	defaultRefusalKeys = 10_000
	refusalBatch       = 500 // events of one transaction
)

// codeUnknownClient is the reason of a refusal whose client does not exist:
// its ID is whatever the caller made up.
const codeUnknownClient = "unknown_client"

// Refusals folds refusals before proof, which anybody can cause as often as
// they like: one event per client, delegation, address, action, first reason and
// minute, with a count. IPv6 addresses are taken by their /64, which is what one
// customer gets (RFC 6177), and unknown clients are all one. Beyond Limit such
// keys at a time, the rest of a minute is one event.
//
// A minute's counts are in memory until the minute is over: a crash loses at
// most the refusals before proof of the last minute or two. That is the price
// of not letting strangers write to the chain at will; refusals after proof and
// all issuance go through the Recorder and are never lost.
type Refusals struct {
	Store  Appender
	Now    func() time.Time
	Logger *slog.Logger
	Limit  int // 0: 10,000

	flushing sync.Mutex // one flush at a time, so that Close misses nothing that another one puts back
	mu       sync.Mutex
	buckets  map[refusalKey]*refusalBucket
}

type refusalKey struct {
	clientID     string
	delegationID string // whoever lent it may see the count
	network      string
	action       string
	reason       string
	minute       int64 // since 1970
	overflow     bool
}

type refusalBucket struct {
	event       domain.Event // the first
	count       int
	first, last time.Time
}

type refusalDetails struct {
	FirstAt time.Time `json:"first_at"`
	LastAt  time.Time `json:"last_at"`
}

// Note counts one refusal. It never waits for the database.
func (r *Refusals) Note(ev domain.Event) {
	if ev.Time.IsZero() {
		ev.Time = r.Now().UTC().Truncate(time.Microsecond)
	}
	key := refusalKey{clientID: ev.ClientID, delegationID: ev.DelegationID, action: ev.Action, minute: ev.Time.Unix() / 60}
	if len(ev.Reasons) > 0 {
		key.reason = ev.Reasons[0].Code
	}
	if key.reason == codeUnknownClient {
		key.clientID, ev.ClientID = "", ""
		key.delegationID, ev.DelegationID = "", ""
		ev.Target = domain.Party{Type: ev.Target.Type}
		ev.Actor = domain.Party{Type: ev.Actor.Type, Via: ev.Actor.Via}
	}
	ip, network := addressOf(ev.IP)
	key.network, ev.IP = network, ip

	r.mu.Lock()
	defer r.mu.Unlock()
	if r.buckets == nil {
		r.buckets = map[refusalKey]*refusalBucket{}
	}
	r.add(key, &refusalBucket{event: ev, count: 1, first: ev.Time, last: ev.Time})
}

// add counts a bucket in, alone, with what is there already, or in the overflow
// of its minute. r.mu is held.
func (r *Refusals) add(key refusalKey, b *refusalBucket) {
	there := r.buckets[key]
	if there == nil && len(r.buckets) >= r.limit() && !key.overflow {
		key = refusalKey{action: key.action, minute: key.minute, overflow: true}
		b.event = overflow(b.event)
		there = r.buckets[key]
	}
	if there == nil {
		r.buckets[key] = b
		return
	}
	there.count += b.count
	there.event.RequestID = "" // it stands for several
	if there.event.IP != b.event.IP {
		there.event.IP = key.network
	}
	if b.first.Before(there.first) {
		there.first = b.first
	}
	if b.last.After(there.last) {
		there.last = b.last
	}
}

// overflow is what is left of an event when there are too many kinds of them.
func overflow(ev domain.Event) domain.Event {
	return domain.Event{Time: ev.Time, Actor: domain.Party{Type: "anonymous", Via: ev.Actor.Via}, Action: ev.Action,
		Target: domain.Party{Type: ev.Target.Type}, Outcome: ev.Outcome,
		Reasons: []domain.Reason{{Code: "overflow", Message: "More different clients and addresses were refused in this minute than are told apart."}}}
}

// addressOf returns an address as it is logged, and the network it is counted
// under. What is no address is "": a caller's text never becomes a key.
func addressOf(s string) (ip, network string) {
	a, p := domain.NetworkOf(s)
	switch {
	case !a.IsValid():
		return "", ""
	case p.IsSingleIP():
		return a.String(), a.String()
	}
	return a.String(), p.String()
}

func (r *Refusals) limit() int {
	if r.Limit > 0 {
		return r.Limit
	}
	return defaultRefusalKeys
}

// Run flushes at each tick until ctx ends. Close flushes the rest.
func (r *Refusals) Run(ctx context.Context, tick <-chan time.Time) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick:
			if err := r.Flush(ctx); err != nil {
				r.Logger.ErrorContext(ctx, "refusals not recorded, will try again", "error", err)
			}
		}
	}
}

// Flush records every minute that is over. What cannot be recorded is kept for
// the next flush; when a commit's answer was lost it may then be in the log twice.
func (r *Refusals) Flush(ctx context.Context) error {
	now := r.Now().Unix() / 60
	return r.flush(ctx, func(k refusalKey) bool { return k.minute < now })
}

// Close records everything, the running minute too.
func (r *Refusals) Close(ctx context.Context) error {
	return r.flush(ctx, func(refusalKey) bool { return true })
}

type dueRefusal struct {
	key refusalKey
	*refusalBucket
}

func (r *Refusals) flush(ctx context.Context, due func(refusalKey) bool) error {
	r.flushing.Lock()
	defer r.flushing.Unlock()
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	var failed error
	for batch := range slices.Chunk(r.take(due), refusalBatch) {
		if failed != nil {
			r.putBack(batch)
			continue
		}
		isolate(batch, func(part []dueRefusal) error {
			if failed != nil {
				return failed
			}
			return r.append(ctx, part)
		}, func(part []dueRefusal, err error) {
			switch {
			case err == nil:
			case domain.KindOf(err) == domain.Unavailable:
				failed = err
				r.putBack(part)
			default: // it can never be stored, and must not stand in the way of the others
				r.Logger.ErrorContext(ctx, "refusals cannot be recorded, given up", "count", part[0].count, "error", err)
			}
		})
	}
	return failed
}

// take removes what is due, in the order of time.
func (r *Refusals) take(due func(refusalKey) bool) []dueRefusal {
	var out []dueRefusal
	r.mu.Lock()
	for k, b := range r.buckets {
		if due(k) {
			out = append(out, dueRefusal{k, b})
			delete(r.buckets, k)
		}
	}
	r.mu.Unlock()
	slices.SortFunc(out, func(a, b dueRefusal) int {
		return cmp.Or(a.last.Compare(b.last), cmp.Compare(a.key.clientID, b.key.clientID),
			cmp.Compare(a.key.delegationID, b.key.delegationID),
			cmp.Compare(a.key.network, b.key.network), cmp.Compare(a.key.reason, b.key.reason))
	})
	return out
}

func (r *Refusals) putBack(list []dueRefusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range list {
		r.add(d.key, d.refusalBucket)
	}
}

func (r *Refusals) append(ctx context.Context, list []dueRefusal) error {
	events := make([]domain.Event, len(list))
	for i, d := range list {
		var err error
		if events[i], err = d.folded(); err != nil {
			return err
		}
	}
	return r.Store.AppendEvents(ctx, events, nil)
}

// folded returns the event that stands for the bucket.
func (b *refusalBucket) folded() (domain.Event, error) {
	ev := b.event
	ev.Time, ev.Count = b.last, b.count
	return ev.WithDetails(refusalDetails{FirstAt: b.first, LastAt: b.last})
}
