package domain

import "errors"

// ErrNoChange is returned by the function of an update when the thing is
// already as asked: nothing is written, no event is recorded, and the caller
// of the update gets the thing as it is, without an error.
var ErrNoChange = errors.New("nothing to change")
