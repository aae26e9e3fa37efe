package signin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"authsec/internal/domain"

	"github.com/alexedwards/argon2id"
)

// params are OWASP's first choice for Argon2id (Password Storage Cheat Sheet):
// m = 19 MiB, t = 2, p = 1. OWASP holds m = 64 MiB, t = 1 to be as strong; the
// smaller memory is chosen because every concurrent sign-in takes m, and the
// server is to stay small. Raising them rehashes each password at its next use.
func params() argon2id.Params {
	return argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// What a stored hash may ask for. Whoever can write the users' table must not
// be able to make one sign-in take 4 GiB, nor plant a key of no bytes, which
// every password would match.
const (
	maxHashText    = 512
	maxMemoryKiB   = 64 * 1024
	maxIterations  = 10
	maxParallelism = 4
	minSalt        = 8
	minKey         = 16
)

// maxPasswordBytes is the longest password a person can have, in UTF-8.
const maxPasswordBytes = domain.MaxPassword * utf8.UTFMax

// retryAfterQueue is what callers are told to wait when the queue is full.
const retryAfterQueue = 2 * time.Second

// Hasher hashes passwords with Argon2id, a few at a time. Make it with
// NewHasher; it is safe for concurrent use.
type Hasher struct {
	params  argon2id.Params
	dummy   domain.Secret // the hash of no password, verified where there is none
	slots   chan struct{}
	queue   int64
	waiting atomic.Int64
	runs    atomic.Uint64
}

// NewHasher returns a Hasher that runs at most slots hashes at once, each of
// which takes 19 MiB, and lets at most queue callers wait for one.
func NewHasher(slots, queue int) *Hasher { return newHasher(params(), slots, queue) }

func newHasher(p argon2id.Params, slots, queue int) *Hasher {
	return &Hasher{params: p, dummy: dummyHash(p), slots: make(chan struct{}, max(slots, 1)), queue: int64(max(queue, 0))}
}

// dummyHash is a well-formed hash with a key of zeros: to find its password
// would be to invert Argon2id. Verifying it costs what verifying a real one does.
func dummyHash(p argon2id.Params) domain.Secret {
	zeros := func(n uint32) string { return strings.Repeat("A", int((n*8+5)/6)) } // zero bytes in unpadded base64
	return domain.Secret(fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s",
		p.Memory, p.Iterations, p.Parallelism, zeros(p.SaltLength), zeros(p.KeyLength)))
}

// Runs returns how many hashes were computed since the start.
func (h *Hasher) Runs() uint64 { return h.runs.Load() }

// Hash returns a password's hash as a PHC string. Unavailable when too many
// callers wait or ctx ends first.
func (h *Hasher) Hash(ctx context.Context, password domain.Secret) (domain.Secret, error) {
	if len(password) > maxPasswordBytes {
		return "", errors.New("hash a password: it is longer than a password may be")
	}
	release, err := h.acquire(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	text, err := argon2id.CreateHash(password.Reveal(), &h.params)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return domain.Secret(text), nil
}

// Verify reports whether password has the given hash, and if so whether the
// hash should be renewed because it was made with other parameters. With no
// hash ("") it does the same work and reports false, so that nobody can tell
// by the time it takes. Unavailable as in Hash; a hash that is malformed or asks
// for absurd work is an Internal error and no work.
func (h *Hasher) Verify(ctx context.Context, hash, password domain.Secret) (ok, rehash bool, err error) {
	if hash == "" || len(password) > maxPasswordBytes {
		hash, password = h.dummy, ""
	}
	p, err := readParams(hash)
	if err != nil {
		return false, false, fmt.Errorf("stored password hash: %w", err)
	}
	release, err := h.acquire(ctx)
	if err != nil {
		return false, false, err
	}
	defer release()
	ok, err = argon2id.ComparePasswordAndHash(password.Reveal(), hash.Reveal())
	if err != nil {
		return false, false, fmt.Errorf("verify a password: %w", err)
	}
	return ok, ok && p != h.params, nil
}

// readParams reads a stored hash's parameters and holds them to the bounds.
func readParams(hash domain.Secret) (argon2id.Params, error) {
	if len(hash) > maxHashText {
		return argon2id.Params{}, errors.New("too long")
	}
	p, _, _, err := argon2id.DecodeHash(hash.Reveal())
	switch {
	case err != nil:
		return argon2id.Params{}, err
	case p.Memory < 8 || p.Memory > maxMemoryKiB, p.Iterations < 1 || p.Iterations > maxIterations,
		p.Parallelism < 1 || p.Parallelism > maxParallelism, p.SaltLength < minSalt, p.KeyLength < minKey:
		return argon2id.Params{}, fmt.Errorf("parameters out of bounds: m=%d,t=%d,p=%d, salt of %d and key of %d bytes",
			p.Memory, p.Iterations, p.Parallelism, p.SaltLength, p.KeyLength)
	}
	return *p, nil
}

// acquire waits for a slot and returns the function that gives it back.
func (h *Hasher) acquire(ctx context.Context) (func(), error) {
	release := func() { <-h.slots }
	select {
	case h.slots <- struct{}{}:
		h.runs.Add(1)
		return release, nil
	default:
	}
	if h.waiting.Add(1) > h.queue {
		h.waiting.Add(-1)
		return nil, busy(nil)
	}
	defer h.waiting.Add(-1)
	select {
	case h.slots <- struct{}{}:
		h.runs.Add(1)
		return release, nil
	case <-ctx.Done():
		return nil, busy(ctx.Err())
	}
}

func busy(cause error) error {
	return &domain.Error{Kind: domain.Unavailable, Code: "temporarily_unavailable",
		Public:     "Too many people are signing in at this moment. Try again in a few seconds.",
		RetryAfter: retryAfterQueue, Err: cause}
}
