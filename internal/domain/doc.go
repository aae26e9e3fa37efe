// Package domain holds AuthSec's nouns (DESIGN §1), their validation, and the
// audit event's encoding. It does no I/O and imports no other project package,
// so every other package may depend on it.
package domain
