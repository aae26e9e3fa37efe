package revocation

import (
	"context"
	"fmt"

	"authsec/internal/domain"
	"authsec/internal/token"
)

// Page is what a resource reads at once.
type Page struct {
	Messages []Message
	Last     int64 // all up to here that concerns the resource was read
	More     bool  // there may be more, now
}

// Page returns the recalls after since that concern the resource. A Last below
// since says that since is of another database: then nothing that was read
// before can be relied on.
func (h *Hub) Page(ctx context.Context, r domain.Resource, since int64) (Page, error) {
	recalls, last, err := h.Recalls.RecallsSince(ctx, since, pageSize)
	if err != nil {
		return Page{Last: since}, fmt.Errorf("read recalls: %w", err)
	}
	p := Page{Last: last}
	if len(recalls) == pageSize {
		p.Last = recalls[pageSize-1].Seq
		p.More = p.Last < last
	}
	if p.Messages, err = h.messages(ctx, r, recalls); err != nil {
		return Page{Last: since}, err
	}
	return p, nil
}

// messages signs the recalls that concern the resource and may still be of
// tokens that somebody accepts.
func (h *Hub) messages(ctx context.Context, r domain.Resource, recalls []domain.Recall) ([]Message, error) {
	var out []Message
	now := h.Now()
	for _, recall := range recalls {
		if !h.concerns(r, recall) || now.Sub(recall.Until) > token.Leeway {
			continue
		}
		m, err := h.signed.recall(ctx, recall)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}
