package domain

import (
	"bytes"
	"encoding/base64"
	"unicode/utf8"
)

// Page asks for one page of a list: at most Limit items after the cursor.
type Page struct {
	Limit  int    // 1 to MaxPage
	After  string // the key of the last item already seen; "" from the start
	Search string // matched case-insensitively anywhere in the item's searchable text
}

// The sizes of a page.
const (
	DefaultPage = 50
	MaxPage     = 200
	maxCursor   = 2048 // holds MaxName characters of four bytes, and an ID
)

// List is one page of items. Next is the cursor of the next page, "" on the last.
type List[T any] struct {
	Items []T
	Next  string
}

// NewPage checks a caller's paging parameters. A zero limit asks for the default.
func NewPage(limit int, cursor, search string) (Page, error) {
	var f Faults
	p := Page{Limit: limit, Search: search}
	switch {
	case limit == 0:
		p.Limit = DefaultPage
	case limit < 0 || limit > MaxPage:
		f.Add("limit", "out_of_range", "limit must be from 1 to %d.", MaxPage)
	}
	CheckText(&f, "q", search, MaxSearch, false)
	if cursor != "" {
		raw, err := base64.RawURLEncoding.DecodeString(cursor)
		// PostgreSQL's text holds no NUL: a cursor with one is not of our making.
		if len(cursor) > maxCursor || err != nil || !utf8.Valid(raw) || len(raw) == 0 || bytes.IndexByte(raw, 0) >= 0 {
			f.Add("cursor", "invalid_cursor", "cursor must be the next_cursor of an earlier answer.")
		}
		p.After = string(raw)
	}
	return p, f.Err()
}

// Cursor encodes an item's key for the wire.
func Cursor(key string) string { return base64.RawURLEncoding.EncodeToString([]byte(key)) }

// Cut turns up to limit+1 fetched items into a page. key gives an item's keyset key.
func Cut[T any](items []T, limit int, key func(T) string) List[T] {
	if len(items) <= limit {
		return List[T]{Items: items}
	}
	items = items[:limit]
	return List[T]{Items: items, Next: Cursor(key(items[limit-1]))}
}
