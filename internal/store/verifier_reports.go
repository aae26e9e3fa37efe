package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"authsec/internal/domain"
)

// verifierReport is the JSON of a row.
type verifierReport struct {
	Streams []domain.StreamReport `json:"streams"`
	Polling []domain.PollReport   `json:"polling"`
}

// ReportVerifiers replaces what a server has told of its verifiers; one that has
// none tells nothing. What others told long ago is forgotten on the way.
func (s *Store) ReportVerifiers(ctx context.Context, r domain.VerifierReport) error {
	body, err := json.Marshal(verifierReport{r.Streams, r.Polling})
	if err != nil {
		return err
	}
	return s.update(ctx, "report verifiers", func(t *tx) error {
		if err := t.exec(ctx, `DELETE FROM verifier_reports WHERE server_id = $1 OR at < $2`, r.Server, micros(r.At.Add(-time.Hour))); err != nil {
			return err
		}
		if len(r.Streams) == 0 && len(r.Polling) == 0 {
			return nil
		}
		return t.exec(ctx, `INSERT INTO verifier_reports (server_id, at, report) VALUES ($1, $2, $3)`, r.Server, micros(r.At), string(body))
	})
}

// VerifierReports returns what servers have told since an instant.
func (s *Store) VerifierReports(ctx context.Context, since time.Time) ([]domain.VerifierReport, error) {
	var out []domain.VerifierReport
	err := s.view(ctx, "read the verifiers' reports", func(t *tx) (err error) {
		out, err = collect(ctx, t, `SELECT server_id, at, report FROM verifier_reports WHERE at >= $1 ORDER BY server_id`, []any{micros(since)},
			func(row func(dest ...any) error) (domain.VerifierReport, error) {
				var r domain.VerifierReport
				var at int64
				var text string
				if err := row(&r.Server, &at, &text); err != nil {
					return r, err
				}
				var body verifierReport
				if err := json.Unmarshal([]byte(text), &body); err != nil {
					return r, fmt.Errorf("report of the server %s: %w", r.Server, err)
				}
				r.At, r.Streams, r.Polling = fromMicros(at), body.Streams, body.Polling
				return r, nil
			})
		return err
	})
	return out, err
}
