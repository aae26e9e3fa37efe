package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"authsec/sdk/go/verify"
)

const (
	listeners = 200 // verifiers, each with a connection of its own
	revokes   = 200
	// settle bounds how long verifiers take to connect, or to hear.
	settle = 30 * time.Second
)

// recalls measures how long a revoked token is still accepted: from the answer to
// the call that revokes its delegation to the first refusal, at each of many
// verifiers that listen to one server. Everything but the network between
// machines is there: processes, TCP, signatures.
func recalls(ctx context.Context) ([]row, error) {
	house, err := startRecallHouse(ctx)
	if err != nil {
		return nil, err
	}
	took, err := house.measure(ctx)
	if err = errors.Join(err, house.stop()); err != nil {
		return nil, err
	}
	bare, err := broadcast(ctx, listeners, revokes, recallBytes)
	if err != nil {
		return nil, fmt.Errorf("a bare broadcast: %w", err)
	}
	p50, p99 := percentile(took, 50), percentile(took, 99)
	worst := took[len(took)-1]
	return []row{{fmt.Sprintf("from a revocation's answer to the refusal, %d verifiers, %d revocations", listeners, revokes),
		fmt.Sprintf("p50 %s, p99 %s, at most %s", ms(p50), ms(p99), ms(worst)),
		fmt.Sprintf("p99 %.1f × a bare loopback broadcast to as many (p50 %s, p99 %s)", float64(p99)/float64(percentile(bare, 99)), ms(percentile(bare, 50)), ms(percentile(bare, 99))),
		"p99 under 1 s", p99 < time.Second}}, nil
}

// percentile expects sorted values.
func percentile(of []time.Duration, p int) time.Duration { return of[min(len(of)-1, len(of)*p/100)] }

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

// measure revokes one delegation after the other and returns, sorted, how long
// each verifier went on accepting each token.
func (h *recallHouse) measure(ctx context.Context) ([]time.Duration, error) {
	verifiers := make([]*verify.Verifier, 0, listeners)
	defer func() {
		for _, v := range verifiers {
			v.Close()
		}
	}()
	for range listeners {
		v, err := verify.New(h.base, benchAudience, verify.WithHTTPClient(&http.Client{Transport: &http.Transport{}}),
			verify.WithLogger(slog.New(slog.DiscardHandler)), verify.WithRevocation(verify.RevocationPush, verify.Credential{ID: h.resourceID, Secret: h.resourceSecret}))
		if err != nil {
			return nil, err
		}
		verifiers = append(verifiers, v)
	}
	var took []time.Duration
	for range revokes {
		id, token, err := h.lend(ctx)
		if err != nil {
			return nil, err
		}
		if err := allAccept(ctx, verifiers, token); err != nil {
			return nil, err
		}
		if _, err := h.call(ctx, http.MethodPost, "/api/v1/delegations/"+id+"/revoke", object{}); err != nil {
			return nil, err
		}
		got, err := untilRefused(ctx, verifiers, token, time.Now())
		if err != nil {
			return nil, err
		}
		took = append(took, got...)
	}
	if err := h.wantStreams(ctx, listeners); err != nil {
		return nil, err
	}
	slices.Sort(took)
	return took, nil
}

// allAccept waits until every verifier accepts a token: until then some have no
// keys, or no stream.
func allAccept(ctx context.Context, verifiers []*verify.Verifier, token string) error {
	begin := time.Now()
	for _, v := range verifiers {
		for {
			_, err := v.Verify(ctx, token)
			if err == nil {
				break
			}
			if time.Since(begin) > settle {
				return fmt.Errorf("a good token is refused: %w", err)
			}
			time.Sleep(poll)
		}
	}
	return nil
}

// untilRefused returns for each verifier how long after begin it refused the
// token first. They are asked in turn, by one core at most: the others are for
// them and the server. What asking takes is counted in.
func untilRefused(ctx context.Context, verifiers []*verify.Verifier, token string, begin time.Time) ([]time.Duration, error) {
	took := make([]time.Duration, 0, len(verifiers))
	for pending := slices.Clone(verifiers); len(pending) > 0; {
		var late []*verify.Verifier
		for _, v := range pending {
			_, err := v.Verify(ctx, token)
			switch {
			case errors.Is(err, verify.ErrRevoked):
				took = append(took, time.Since(begin))
			case err != nil:
				return nil, fmt.Errorf("refused, but not as revoked: %w", err)
			case time.Since(begin) > settle:
				return nil, fmt.Errorf("accepted after %s", settle)
			default:
				late = append(late, v)
			}
		}
		pending = late
	}
	return took, nil
}
