package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"
)

// recallBytes is about what one recall is on the wire: a JWS of RSA-2048.
const recallBytes = 760

// broadcast measures what a recall is compared with: a server of nothing but
// net/http writes an event of some bytes to readers over loopback TCP, and each
// reads it. It returns, sorted, how long after the writing began each had it, of
// each of several rounds.
func broadcast(ctx context.Context, readers, rounds, size int) ([]time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, settle)
	defer cancel()
	event := "event: recall\nid: 1\ndata: " + strings.Repeat("x", size) + "\n\n"
	channels := make(chan chan string, readers)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		events := make(chan string, 1)
		w.Header().Set("Content-Type", "text/event-stream")
		w.WriteHeader(http.StatusOK)
		flush := http.NewResponseController(w)
		_ = flush.Flush() // a reader that is gone shows below
		channels <- events
		for {
			select {
			case <-r.Context().Done():
				return
			case e := <-events:
				if _, err := w.Write([]byte(e)); err != nil || flush.Flush() != nil {
					return
				}
			}
		}
	}))
	defer server.Close()
	defer server.CloseClientConnections()
	heard := make(chan time.Time, readers*rounds)
	failed := make(chan error, readers)
	var reading sync.WaitGroup
	defer reading.Wait()
	defer cancel()
	for range readers {
		reading.Go(func() {
			if err := readEvents(ctx, server.URL, heard); err != nil && ctx.Err() == nil {
				failed <- err
			}
		})
	}
	to := make([]chan string, 0, readers)
	for range readers {
		select {
		case c := <-channels:
			to = append(to, c)
		case err := <-failed:
			return nil, err
		}
	}
	took := make([]time.Duration, 0, readers*rounds)
	for range rounds {
		begin := time.Now()
		for _, c := range to {
			c <- event
		}
		for range readers {
			select {
			case at := <-heard:
				took = append(took, at.Sub(begin))
			case err := <-failed:
				return nil, err
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
	}
	slices.Sort(took)
	return took, nil
}

// readEvents tells when each event has come whole, until ctx ends.
func readEvents(ctx context.Context, address string, heard chan<- time.Time) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	transport := &http.Transport{DisableKeepAlives: true} // a connection of its own
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	lines := bufio.NewReader(resp.Body)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return fmt.Errorf("a reader's stream ended: %w", err)
		}
		if line == "\n" {
			heard <- time.Now()
		}
	}
}
