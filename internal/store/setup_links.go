package store

import (
	"context"

	"authsec/internal/domain"
)

// insertSetupLink stores a link and ends the earlier ones of the same user, or
// of the first admin: only the newest can be redeemed.
func insertSetupLink(ctx context.Context, t *tx, l domain.SetupLink) error {
	if err := t.exec(ctx, `DELETE FROM setup_links WHERE user_id = $1`, l.UserID); err != nil {
		return err
	}
	return t.exec(ctx, `INSERT INTO setup_links (hash, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)`,
		hashText(l.Hash), l.UserID, micros(l.CreatedAt), micros(l.ExpiresAt))
}
