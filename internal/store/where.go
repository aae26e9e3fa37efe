package store

import (
	"context"
	"strconv"
	"strings"
)

func itoa(n int) string { return strconv.Itoa(n) }

// where builds a WHERE clause from fixed conditions and bound values. A "?" in
// a condition stands for its value; nothing a caller sent is ever part of the text.
type where struct {
	conditions []string
	args       []any
}

// and adds a condition with its values.
func (w *where) and(condition string, values ...any) {
	var b strings.Builder
	next := 0
	for _, r := range condition {
		if r == '?' {
			w.args = append(w.args, values[next])
			next++
			b.WriteString("$" + itoa(len(w.args)))
			continue
		}
		b.WriteRune(r)
	}
	w.conditions = append(w.conditions, b.String())
}

// search adds a case-insensitive "contains" over a searchable column.
func (w *where) search(column, q string) {
	if q != "" {
		w.and(column+` LIKE ? ESCAPE '\'`, pattern(q))
	}
}

// is adds an equality unless value is empty.
func (w *where) is(column, value string) {
	if value != "" {
		w.and(column+` = ?`, value)
	}
}

// sql returns the clause, or "" without conditions.
func (w *where) sql() string {
	if len(w.conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conditions, " AND ")
}

// bind adds a value to the arguments and returns its placeholder, for LIMIT and the like.
func (w *where) bind(value any) string {
	w.args = append(w.args, value)
	return "$" + itoa(len(w.args))
}

// insertion is an INSERT of many rows.
type insertion struct {
	columns int
	values  []any
}

func (i *insertion) add(row ...any) { i.values = append(i.values, row...) }

// run inserts the rows, if there are any. into is the statement up to VALUES.
func (i *insertion) run(ctx context.Context, t *tx, into string) error {
	if len(i.values) == 0 {
		return nil
	}
	var b strings.Builder
	b.WriteString(into + ` VALUES `)
	for at := 0; at < len(i.values); at += i.columns {
		if at > 0 {
			b.WriteString(", ")
		}
		b.WriteString("(" + placeholdersFrom(at+1, i.columns) + ")")
	}
	return t.exec(ctx, b.String(), i.values...)
}

// values are the members of a list as values of a statement.
func values[T any](list []T) []any {
	out := make([]any, len(list))
	for i, m := range list {
		out[i] = m
	}
	return out
}
