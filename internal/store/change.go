package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"authsec/internal/domain"
)

// ErrNoChange is domain.ErrNoChange: what the function of an UpdateX returns
// when there is nothing to write.
var ErrNoChange = domain.ErrNoChange

// changed turns ErrNoChange, which has rolled the transaction back, into
// success. Other errors stay.
func changed(err error) error {
	if errors.Is(err, ErrNoChange) {
		return nil
	}
	return err
}

// taken returns the Conflict about a value of one field that must be unique.
func taken(field, format string, args ...any) error {
	e := domain.Errorf(domain.Conflict, "already_exists", format, args...)
	e.Fields = []domain.FieldError{{Field: field, Code: e.Code, Message: e.Public}}
	return e
}

// maxUsers is how many users of a thing an in_use message names.
const maxUsers = 3

// refuseInUse returns a Conflict that names the first few of what uses a
// thing, or nil if nothing does. users holds at most maxUsers+1 of them.
func refuseInUse(what, name string, users []string, remedy string) error {
	if len(users) == 0 {
		return nil
	}
	named := strings.Join(users[:min(len(users), maxUsers)], ", ")
	if len(users) > maxUsers {
		named += " and others"
	}
	return domain.Errorf(domain.Conflict, "in_use", "The %s %q is used by %s. %s", what, name, named, remedy)
}

// lenders names the delegations, not revoked, that match a condition on
// delegations d with the one argument $1, for refuseInUse.
func (t *tx) lenders(ctx context.Context, condition string, value string) ([]string, error) {
	return collect(ctx, t, `SELECT d.role, a.name FROM delegations d JOIN agents a ON a.client_id = d.client_id
		WHERE `+condition+` AND d.status <> $2 ORDER BY d.id LIMIT $3`,
		[]any{value, string(domain.DelegationRevoked), maxUsers + 1},
		func(row func(dest ...any) error) (string, error) {
			var role, agent string
			err := row(&role, &agent)
			return fmt.Sprintf("the delegation of %s to %q", role, agent), err
		})
}

// refuseUnknown checks that every name is in a table's column "name", and
// returns an Invalid error with one fault per name that is not. Faults count
// positions in names.
func (t *tx) refuseUnknown(ctx context.Context, table, what, field string, names []string) error {
	if len(names) == 0 {
		return nil
	}
	known := make(map[string]bool, len(names))
	args := make([]any, len(names))
	for i, n := range names {
		args[i] = n
	}
	err := t.rows(ctx, `SELECT name FROM `+table+` WHERE name IN (`+placeholders(len(args))+`)`, args,
		func(row func(dest ...any) error) error {
			var n string
			if err := row(&n); err != nil {
				return err
			}
			known[n] = true
			return nil
		})
	if err != nil {
		return err
	}
	var f domain.Faults
	for i, n := range names {
		if !known[n] {
			f.Add(fmt.Sprintf("%s/%d", field, i), "unknown", "There is no %s %q.", what, n)
		}
	}
	return f.Err()
}

// insertPairs inserts (key, value) for every value. insert is the statement up
// to and including VALUES.
func (t *tx) insertPairs(ctx context.Context, insert, key string, values []string) error {
	if len(values) == 0 {
		return nil
	}
	var b strings.Builder
	args := []any{key}
	for i, v := range values {
		if i > 0 {
			b.WriteString(", ")
		}
		args = append(args, v)
		b.WriteString("($1, $" + itoa(len(args)) + ")")
	}
	return t.exec(ctx, insert+" "+b.String(), args...)
}

// members reads pairs (key, value) for the given keys, in the query's order.
// query ends in "IN (%s)" with the place for the keys, and may go on after it.
func (t *tx) members(ctx context.Context, query string, keys []string) (map[string][]string, error) {
	out := make(map[string][]string, len(keys))
	if len(keys) == 0 {
		return out, nil
	}
	args := make([]any, len(keys))
	for i, k := range keys {
		args[i] = k
	}
	err := t.rows(ctx, fmt.Sprintf(query, placeholders(len(keys))), args, func(row func(dest ...any) error) error {
		var k, v string
		if err := row(&k, &v); err != nil {
			return err
		}
		out[k] = append(out[k], v)
		return nil
	})
	return out, err
}

// searchOrID adds a search that also finds the one row whose ID was pasted. IDs
// are not part of the searchable text: short searches would match their digits.
func (w *where) searchOrID(search, id, q string) {
	if full, ok := domain.ParseID(q); ok {
		w.and(`(`+search+` LIKE ? ESCAPE '\' OR `+id+` = ?)`, pattern(q), full)
		return
	}
	w.search(search, q)
}
