package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"authsec/internal/domain"
)

const (
	connectTimeout = 5 * time.Second
	idleTime       = 5 * time.Minute
)

// micros is how a time is stored; the zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// fromMicros is the inverse of micros, in UTC.
func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// bit is how a boolean is stored.
func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// searchable is what a search looks at: the texts, folded.
func searchable(texts ...string) string { return strings.ToLower(strings.Join(texts, "\n")) }

// pattern makes a LIKE pattern that finds q anywhere; use with ESCAPE '\'.
func pattern(q string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(q)) + "%"
}

// nameKey is the form in which people's names for things are kept unique.
func nameKey(s string) string { return strings.ToLower(s) }

// hashText is how a secret's hash is stored.
func hashText(h domain.SecretHash) string { return domain.Hash(h).String() }

// parseHash reads what hashText wrote.
func parseHash(s string) (domain.SecretHash, error) {
	h, err := domain.ParseHash(s)
	return domain.SecretHash(h), err
}

// placeholders returns "$1, $2, …" for n values.
func placeholders(n int) string { return placeholdersFrom(1, n) }

// placeholdersFrom returns n placeholders, the first of which is numbered first.
func placeholdersFrom(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$")
		b.WriteString(itoa(first + i))
	}
	return b.String()
}

// seconds is how a duration is stored.
func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// fromSeconds is the inverse of seconds.
func fromSeconds(n int64) time.Duration { return time.Duration(n) * time.Second }

// jsonList is how a list is stored in one column; never null.
func jsonList[T any](list []T) (string, error) {
	text, err := json.Marshal(append([]T{}, list...))
	return string(text), err
}

// readJSON reads what was stored as JSON; what names it in an error.
func readJSON(text string, into any, what string) error {
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
