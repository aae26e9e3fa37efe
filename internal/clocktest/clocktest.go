// Package clocktest is a clock for tests: it moves only when a test moves it.
package clocktest

import (
	"sync"
	"time"
)

// Clock stands still until it is moved. Make it with At; it is safe for concurrent use.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// At returns a clock that shows t.
func At(t time.Time) *Clock { return &Clock{at: t} }

// Now returns what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Advance moves the clock by d, backwards if d is negative.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// Set makes the clock show t.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = t
}
