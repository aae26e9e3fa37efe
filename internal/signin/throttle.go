package signin

import (
	"crypto/sha256"
	"net/netip"
	"sync"
	"time"

	"authsec/internal/domain"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"
)

// allowance is a token bucket: burst attempts at once, then one every refill.
type allowance struct {
	burst  int
	refill time.Duration
}

func (a allowance) bucket() *rate.Limiter { return rate.NewLimiter(rate.Every(a.refill), a.burst) }

// How often passwords may be tried. An office behind one address fits in
// perAddress; one account is open to some 300 guesses
// a day from all addresses that it never signed in from.
var (
	perPair    = allowance{burst: 5, refill: time.Minute}
	perAccount = allowance{burst: 20, refill: 5 * time.Minute}
	perAddress = allowance{burst: 50, refill: 6 * time.Second}
	perSetup   = allowance{burst: 10, refill: 10 * time.Second}
	// perIdentity bounds sign-ins from identity providers, each of which takes two
	// and asks a provider: an office in the morning fits.
	perIdentity = allowance{burst: 60, refill: 2 * time.Second}
)

// throttleSize bounds each kind of bucket that is remembered; the one not used
// for longest is forgotten. An account's bucket is only touched by an attempt
// that its address had an allowance for, so forgetting one takes an attacker more
// work than waiting for it to fill.
const throttleSize = 1 << 14

// Throttle bounds attempts to guess a password: per account and address, per
// account, and per address. An attempt that is throttled costs no hashing and
// uses up nothing. An address that an account signed in from is not held to the
// account's bucket, so that an attacker elsewhere cannot lock a person out of
// where they usually work. It remembers for one process and until it stops.
// Make it with NewThrottle; it is safe for concurrent use.
type Throttle struct {
	mu         sync.Mutex
	pairs      *simplelru.LRU[pairKey, *rate.Limiter]
	trusted    *simplelru.LRU[pairKey, struct{}]
	accounts   *simplelru.LRU[accountKey, *rate.Limiter]
	addresses  *simplelru.LRU[netip.Prefix, *rate.Limiter]
	setups     *simplelru.LRU[netip.Prefix, *rate.Limiter]
	identities *simplelru.LRU[netip.Prefix, *rate.Limiter]
}

// accountKey is the hash of a normalised email: of a fixed size, and the same
// for accounts that exist and those that do not.
type accountKey [sha256.Size]byte

type pairKey struct {
	account accountKey
	address netip.Prefix
}

// NewThrottle returns a Throttle with nothing used up.
func NewThrottle() *Throttle { return newThrottle(throttleSize) }

func newThrottle(size int) *Throttle {
	return &Throttle{
		pairs: newLRU[pairKey, *rate.Limiter](size), trusted: newLRU[pairKey, struct{}](size),
		accounts:  newLRU[accountKey, *rate.Limiter](size),
		addresses: newLRU[netip.Prefix, *rate.Limiter](size), setups: newLRU[netip.Prefix, *rate.Limiter](size),
		identities: newLRU[netip.Prefix, *rate.Limiter](size),
	}
}

func newLRU[K comparable, V any](size int) *simplelru.LRU[K, V] {
	l, err := simplelru.NewLRU[K, V](max(size, 1), nil)
	if err != nil {
		panic(err) // only a size below 1 is refused
	}
	return l
}

// addressKey is what counts as one address.
func addressKey(ip string) netip.Prefix {
	_, network := domain.NetworkOf(ip)
	return network
}

func keyOf(email, ip string) pairKey {
	return pairKey{sha256.Sum256([]byte(domain.NormalEmail(email))), addressKey(ip)}
}

// accountText stands for an account, whether it exists or not.
func accountText(email string) string {
	account := keyOf(email, "").account
	return string(account[:])
}

// password takes an attempt at an account's password. A positive answer is how
// long to wait; then nothing was taken.
func (t *Throttle) password(now time.Time, email, ip string) time.Duration {
	key := keyOf(email, ip)
	t.mu.Lock()
	defer t.mu.Unlock()
	// The address comes first: without an allowance it does not get as far as
	// pushing other people's buckets out of memory.
	address := find(t.addresses, key.address, perAddress)
	if wait := shortage(now, address); wait > 0 {
		return wait
	}
	buckets := []*rate.Limiter{address, find(t.pairs, key, perPair)}
	if _, ok := t.trusted.Get(key); !ok {
		buckets = append(buckets, find(t.accounts, key.account, perAccount))
	}
	if wait := shortage(now, buckets...); wait > 0 {
		return wait
	}
	for _, b := range buckets {
		b.AllowN(now, 1)
	}
	return 0
}

// succeeded notes that a password was right: mistakes made on the way are forgotten.
func (t *Throttle) succeeded(email, ip string) {
	key := keyOf(email, ip)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pairs.Remove(key)
	t.trusted.Add(key, struct{}{})
}

// setup takes an attempt to redeem a set-up link, as password does.
func (t *Throttle) setup(now time.Time, ip string) time.Duration {
	return t.take(now, t.setups, ip, perSetup)
}

// identity takes a step of a sign-in from an identity provider, as password does.
func (t *Throttle) identity(now time.Time, ip string) time.Duration {
	return t.take(now, t.identities, ip, perIdentity)
}

func (t *Throttle) take(now time.Time, buckets *simplelru.LRU[netip.Prefix, *rate.Limiter], ip string, a allowance) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := find(buckets, addressKey(ip), a)
	if wait := shortage(now, b); wait > 0 {
		return wait
	}
	b.AllowN(now, 1)
	return 0
}

func find[K comparable](l *simplelru.LRU[K, *rate.Limiter], key K, a allowance) *rate.Limiter {
	if b, ok := l.Get(key); ok {
		return b
	}
	b := a.bucket()
	l.Add(key, b)
	return b
}

// shortage returns how long until every bucket has a token; 0 if all have one.
func shortage(now time.Time, buckets ...*rate.Limiter) time.Duration {
	var wait time.Duration
	for _, b := range buckets {
		missing := 1 - b.TokensAt(now)
		wait = max(wait, time.Duration(missing/float64(b.Limit())*float64(time.Second)))
	}
	return wait
}

func throttled(wait time.Duration) error {
	wait = (wait + time.Second - 1).Truncate(time.Second)
	return &domain.Error{Kind: domain.RateLimited, Code: "rate_limited", RetryAfter: wait,
		Public: "Too many attempts. Wait " + wait.String() + ", then try again."}
}
