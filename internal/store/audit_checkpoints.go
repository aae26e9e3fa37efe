package store

import (
	"context"
	"database/sql"
	"errors"

	"authsec/internal/domain"
)

// SaveCheckpoint keeps a signed checkpoint. One that is there already for the
// same sequence number stays: another replica was first.
func (s *Store) SaveCheckpoint(ctx context.Context, c domain.Checkpoint) error {
	return s.update(ctx, "save checkpoint", func(t *tx) error {
		return t.exec(ctx, `INSERT INTO audit_checkpoints (seq, created_at, jws) VALUES ($1, $2, $3)
			ON CONFLICT (seq) DO NOTHING`, c.Seq, micros(c.CreatedAt), c.JWS)
	})
}

const checkpointColumns = `seq, created_at, jws`

func scanCheckpoint(row func(dest ...any) error) (domain.Checkpoint, error) {
	var c domain.Checkpoint
	var createdAt int64
	err := row(&c.Seq, &createdAt, &c.JWS)
	c.CreatedAt = fromMicros(createdAt)
	return c, err
}

// LastCheckpoint returns the checkpoint with the highest sequence number, or
// the zero value if there is none.
func (s *Store) LastCheckpoint(ctx context.Context) (domain.Checkpoint, error) {
	var c domain.Checkpoint
	err := s.view(ctx, "read the last checkpoint", func(t *tx) error {
		var err error
		c, err = scanCheckpoint(func(dest ...any) error {
			return t.row(ctx, `SELECT `+checkpointColumns+` FROM audit_checkpoints ORDER BY seq DESC LIMIT 1`, nil, dest...)
		})
		if errors.Is(err, sql.ErrNoRows) {
			c = domain.Checkpoint{}
			return nil
		}
		return err
	})
	return c, err
}

// Checkpoints returns up to limit checkpoints with sequence numbers above
// after, in order.
func (s *Store) Checkpoints(ctx context.Context, after int64, limit int) ([]domain.Checkpoint, error) {
	var list []domain.Checkpoint
	err := s.view(ctx, "read checkpoints", func(t *tx) (err error) {
		list, err = collect(ctx, t, `SELECT `+checkpointColumns+` FROM audit_checkpoints
			WHERE seq > $1 ORDER BY seq LIMIT $2`, []any{after, limit}, scanCheckpoint)
		return err
	})
	return list, err
}
