package main

import (
	"strings"

	"authsec/internal/domain"
)

// finder finds one thing of a kind.
type finder[T any] struct {
	kind string // for people: "workload source"
	list string // the command that lists them: "source list"
	byID func(id string) (T, error)
	page func(domain.Page) (domain.List[T], error)
	name func(T) string
}

// find returns the thing of an ID or, whatever its case, of a name.
func (f finder[T]) find(idOrName string) (T, error) {
	if _, ok := domain.ParseID(idOrName); ok {
		return f.byID(idOrName)
	}
	var found *T
	err := all(idOrName, func(page domain.Page) (string, error) {
		list, err := f.page(page)
		for i := range list.Items {
			if strings.EqualFold(f.name(list.Items[i]), strings.TrimSpace(idOrName)) {
				found = &list.Items[i]
			}
		}
		return list.Next, err
	})
	if err == nil && found == nil {
		err = domain.Errorf(domain.NotFound, "not_found", "There is no %s %q. List them with authsec %s.", f.kind, idOrName, f.list)
	}
	if err != nil {
		var none T
		return none, err
	}
	return *found, nil
}
