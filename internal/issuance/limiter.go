package issuance

import (
	"math"
	"net/netip"
	"time"

	"authsec/internal/domain"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// Rates bound how often tokens may be asked for. They are generous: they stop
// a storm, not a busy agent.
type Rates struct {
	PerClient  rate.Limit // requests per second of one client_id from one address
	PerAddress rate.Limit // requests per second from one address (IPv6: one /64)
}

// DefaultRates returns the limits without settings.
func DefaultRates() Rates { return Rates{PerClient: 500, PerAddress: 2000} }

// maxBuckets bounds the memory of each kind of bucket; the least recently used
// one is forgotten, which only ever lets a caller start afresh.
const maxBuckets = 50_000

// TokenBuckets is a Limiter in memory. It is safe for concurrent use.
type TokenBuckets struct {
	rates     Rates
	clients   *lru.Cache[clientKey, *rate.Limiter]
	addresses *lru.Cache[netip.Prefix, *rate.Limiter]
}

type clientKey struct {
	clientID string // "" : none
	from     netip.Prefix
}

// NewTokenBuckets returns full buckets.
func NewTokenBuckets(r Rates) (*TokenBuckets, error) {
	clients, err := lru.New[clientKey, *rate.Limiter](maxBuckets)
	if err != nil {
		return nil, err
	}
	addresses, err := lru.New[netip.Prefix, *rate.Limiter](maxBuckets)
	if err != nil {
		return nil, err
	}
	return &TokenBuckets{rates: r, clients: clients, addresses: addresses}, nil
}

// Allow implements Limiter. A client is counted per network: its ID is public,
// so one bucket for it would let anybody shut the real agent out.
func (b *TokenBuckets) Allow(clientID, address string, now time.Time) (time.Duration, bool) {
	_, from := domain.NetworkOf(address)
	if wait, ok := take(b.addresses, from, b.rates.PerAddress, now); !ok {
		return wait, false
	}
	clientID, _ = domain.ParseID(clientID) // what is none is not worth a bucket of its own
	return take(b.clients, clientKey{clientID, from}, b.rates.PerClient, now)
}

// A wait is named in whole seconds, as Retry-After counts them, and of none is
// told that it never ends.
const (
	minWait = time.Second
	maxWait = time.Hour
)

func take[K comparable](buckets *lru.Cache[K, *rate.Limiter], key K, limit rate.Limit, now time.Time) (time.Duration, bool) {
	bucket, ok := buckets.Get(key)
	if !ok {
		fresh := rate.NewLimiter(limit, max(1, int(2*limit)))
		if earlier, existed, _ := buckets.PeekOrAdd(key, fresh); existed {
			bucket = earlier
		} else {
			bucket = fresh
		}
	}
	if bucket.AllowN(now, 1) {
		return 0, true
	}
	missing := (1 - bucket.TokensAt(now)) / float64(limit) // seconds
	if missing >= maxWait.Seconds() {                      // also when the limit is 0, and none ever comes
		return maxWait, false
	}
	return max(minWait, time.Duration(math.Ceil(missing))*time.Second), false
}
