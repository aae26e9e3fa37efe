package domain_test

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"testing"

	"authsec/internal/domain"

	"pgregory.net/rapid"
)

func TestNewPage(t *testing.T) {
	raw := base64.RawURLEncoding.EncodeToString
	tests := []struct {
		name           string
		limit          int
		cursor, search string
		want           domain.Page
		faults         []string
	}{
		{"nothing asked", 0, "", "", domain.Page{Limit: domain.DefaultPage}, nil},
		{"all asked", 200, domain.Cursor("k"), "ana", domain.Page{Limit: 200, After: "k", Search: "ana"}, nil},
		{"too many", 201, "", "", domain.Page{}, []string{"limit:out_of_range"}},
		{"negative", -1, "", "", domain.Page{}, []string{"limit:out_of_range"}},
		{"not base64url", 1, "a+b=", "", domain.Page{}, []string{"cursor:invalid_cursor"}},
		{"not UTF-8", 1, raw([]byte{0xff}), "", domain.Page{}, []string{"cursor:invalid_cursor"}},
		{"NUL, which PostgreSQL refuses", 1, raw([]byte("a\x00b")), "", domain.Page{}, []string{"cursor:invalid_cursor"}},
		{"only line breaks", 1, "\r\n", "", domain.Page{}, []string{"cursor:invalid_cursor"}},
		{"huge", 1, domain.Cursor(strings.Repeat("a", 1<<20)), "", domain.Page{}, []string{"cursor:invalid_cursor"}},
		{"a search that is no text", 1, "", "a\x00", domain.Page{}, []string{"q:control_character"}},
		{"a search too long", 1, "", strings.Repeat("a", 257), domain.Page{}, []string{"q:too_long"}},
		{"all wrong at once", 999, "!", "\xff", domain.Page{}, []string{"limit:out_of_range", "q:invalid_utf8", "cursor:invalid_cursor"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := domain.NewPage(tt.limit, tt.cursor, tt.search)
			wantFaults(t, err, tt.faults...)
			if err == nil && got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// The longest keys that lists are sorted by are accepted back as cursors.
func TestEveryKeyFitsACursor(t *testing.T) {
	for _, key := range []string{strings.Repeat("😀", domain.MaxName), strings.Repeat("é", domain.MaxEmail), strings.Repeat("a", domain.MaxActionName),
		strings.Repeat("😀", domain.MaxEmail)} {
		p, err := domain.NewPage(1, domain.Cursor(key), "")
		if err != nil || p.After != key {
			t.Errorf("a key of %d bytes comes back as %d bytes: %v", len(key), len(p.After), err)
		}
	}
}

func TestCut(t *testing.T) {
	for n, want := range map[int]domain.List[int]{
		0: {Items: []int{}},
		2: {Items: []int{0, 1}},
		3: {Items: []int{0, 1, 2}}, // a full page, and the last
		4: {Items: []int{0, 1, 2}, Next: domain.Cursor("2")},
	} {
		items := []int{0, 1, 2, 3}[:n]
		if got := domain.Cut(items, 3, strconv.Itoa); !slices.Equal(got.Items, want.Items) || got.Next != want.Next {
			t.Errorf("%d fetched: %+v, want %+v", n, got, want)
		}
	}
}

// Following the cursors shows every item once, in order.
func TestPagesCoverTheList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.IntRange(0, 60).Draw(t, "total")
		limit := rapid.IntRange(1, 20).Draw(t, "limit")
		page := domain.Page{Limit: limit}
		seen, start := 0, 0
		for {
			fetched := make([]int, 0, limit+1)
			for i := start; i < total && len(fetched) <= limit; i++ {
				fetched = append(fetched, i)
			}
			list := domain.Cut(fetched, limit, strconv.Itoa)
			for _, item := range list.Items {
				if item != seen {
					t.Fatalf("item %d comes after %d", item, seen-1)
				}
				seen++
			}
			if list.Next == "" {
				break
			}
			var err error
			if page, err = domain.NewPage(limit, list.Next, ""); err != nil {
				t.Fatal(err)
			}
			after, err := strconv.Atoi(page.After)
			if err != nil {
				t.Fatal(err)
			}
			start = after + 1
		}
		if seen != total {
			t.Fatalf("%d of %d items were shown", seen, total)
		}
	})
}
