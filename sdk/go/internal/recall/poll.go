package recall

import (
	"context"
	"errors"
	"fmt"
)

const (
	feedKey = "feed"
	// maxPages bounds one reading of the feed.
	maxPages = 1000
)

// freshen gets what is needed to judge a token and not at hand, or too old.
func (t *Tracker) freshen(ctx context.Context, token *Token) error {
	if t.ID != "" {
		if err := t.freshenFeed(ctx); err != nil {
			return err
		}
	}
	if token.Status == nil {
		return nil
	}
	return t.freshenList(ctx, token.Status.URI)
}

func (t *Tracker) freshenFeed(ctx context.Context) error {
	t.mu.RLock()
	now := t.Steady()
	live := t.alive.within(t.Staleness, now)
	fresh, young := t.polled.within(t.Staleness, now), t.polled.within(t.Staleness/2, now)
	t.mu.RUnlock()
	switch {
	case live || young:
		return nil
	case fresh:
		t.ahead(feedKey, t.pull)
		return nil
	}
	return t.fly(ctx, feedKey, t.pull)
}

// freshenList keeps a list until its exp while the stream says what is recalled
// beyond it, and else for as long as its ttl and our staleness allow.
func (t *Tracker) freshenList(ctx context.Context, uri string) error {
	fetch := func(ctx context.Context) error { return t.fetch(ctx, uri) }
	t.mu.RLock()
	now := t.Steady()
	l, ok := t.memory.lists.Peek(uri)
	usable := ok && !t.reader.expired(l.List)
	young := false
	if usable {
		limit := t.Staleness
		if l.TTL > 0 {
			limit = min(limit, l.TTL)
		}
		at := moment{l.at, true}
		usable, young = at.within(limit, now), at.within(limit/2, now)
		if t.alive.within(t.Staleness, now) {
			left := l.ExpiresAt.Sub(t.Now())
			usable, young = true, left > l.ExpiresAt.Sub(l.IssuedAt)/4
		}
	}
	t.mu.RUnlock()
	switch {
	case young:
		return nil
	case usable:
		t.ahead(uri, fetch)
		return nil
	}
	return t.fly(ctx, uri, fetch)
}

// ahead starts a request whose answer nobody has to wait for yet.
func (t *Tracker) ahead(key string, request func(context.Context) error) {
	done, cancel := context.WithCancel(context.Background())
	cancel()
	_ = t.fly(done, key, request) // what fails is remembered, and told when it is needed
}

// fetch gets a status list.
func (t *Tracker) fetch(ctx context.Context, uri string) error {
	t.mu.RLock()
	asked := t.Steady()
	old, ok := t.memory.lists.Peek(uri)
	etag := ""
	// A list that has nearly expired is wanted anew, even if it says the same.
	if ok && old.ExpiresAt.Sub(t.Now()) > t.Staleness {
		etag = old.etag
	}
	t.mu.RUnlock()
	got, err := t.client.list(ctx, uri, etag)
	if err != nil {
		return fmt.Errorf("status list: %w", err)
	}
	if got.raw == "" {
		t.mu.Lock()
		old.at = asked
		t.mu.Unlock()
		return nil
	}
	l, err := t.reader.list(ctx, uri, got.raw)
	if err != nil {
		return fmt.Errorf("status list: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if old, ok := t.memory.lists.Peek(uri); ok && l.IssuedAt.Before(old.IssuedAt) {
		return errors.New("status list: older than the one at hand")
	}
	t.memory.hold(uri, &held{l, got.etag, asked})
	return nil
}

// pull reads the feed to its end.
func (t *Tracker) pull(ctx context.Context) error {
	t.mu.RLock()
	since, asked := t.memory.cursor, t.Steady()
	t.mu.RUnlock()
	for range maxPages {
		p, err := t.client.feed(ctx, since)
		if err != nil {
			return err
		}
		next := p.last
		for _, raw := range p.events {
			e, err := t.reader.event(ctx, raw)
			if err != nil {
				return fmt.Errorf("event of the feed: %w", err)
			}
			if e.Heartbeat {
				return errors.New("feed: it holds a heartbeat")
			}
			t.learn(e)
			next = max(next, e.Sequence)
		}
		switch {
		case next < since: // numbered anew: the issuer's database is another
			t.Log.WarnContext(ctx, "revocation_feed_restarted", "at", since, "last", next)
			t.restart()
			since = 0
		case !p.more:
			t.mu.Lock()
			t.memory.cursor = max(t.memory.cursor, next)
			t.memory.tidy(t.Now())
			t.polled = moment{asked, true}
			t.mu.Unlock()
			return nil
		case next == since:
			return errors.New("feed: it says that there is more, and gives none")
		default:
			since = next
		}
	}
	return errors.New("feed: it does not end")
}

func (t *Tracker) learn(e *Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.memory.learn(e)
}

// restart drops what was only known to be right up to the old numbers. What is
// known to be recalled stays.
func (t *Tracker) restart() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.memory.cursor = 0
	t.memory.lists.Purge()
	t.alive, t.polled = moment{}, moment{}
}
