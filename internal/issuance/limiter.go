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

// DefaultRates are the limits without settings.
var DefaultRates = Rates{PerClient: 500, PerAddress: 2000}

// maxBuckets bounds the memory of each kind of bucket; the least recently used
// one is forgotten, which only ever lets a caller start afresh.
const maxBuckets = 50_000

// TokenBuckets is a Limiter in memory. It is safe for concurrent use.
type TokenBuckets struct {
	rates     Rates
	clients   *lru.Cache[string, *rate.Limiter]
	addresses *lru.Cache[string, *rate.Limiter]
}

// NewTokenBuckets returns full buckets.
func NewTokenBuckets(r Rates) (*TokenBuckets, error) {
	clients, err := lru.New[string, *rate.Limiter](maxBuckets)
	if err != nil {
		return nil, err
	}
	addresses, err := lru.New[string, *rate.Limiter](maxBuckets)
	if err != nil {
		return nil, err
	}
	return &TokenBuckets{rates: r, clients: clients, addresses: addresses}, nil
}

// Allow implements Limiter. A client is counted per network: its ID is public,
// so one bucket for it would let anybody shut the real agent out.
func (b *TokenBuckets) Allow(clientID, address string, now time.Time) (time.Duration, bool) {
	from := network(address)
	if wait, ok := take(b.addresses, from, b.rates.PerAddress, now); !ok {
		return wait, false
	}
	if _, ok := domain.ParseID(clientID); !ok {
		clientID = "" // whatever was sent in its place is not worth a bucket
	}
	return take(b.clients, clientID+" "+from, b.rates.PerClient, now)
}

// A wait is named in whole seconds, as Retry-After counts them, and of none is
// told that it never ends.
const (
	minWait = time.Second
	maxWait = time.Hour
)

func take(buckets *lru.Cache[string, *rate.Limiter], key string, limit rate.Limit, now time.Time) (time.Duration, bool) {
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
	if !(missing < maxWait.Seconds()) {                    // also when the limit is 0
		return maxWait, false
	}
	return max(minWait, time.Duration(math.Ceil(missing))*time.Second), false
}

// network is the address as it is counted: an IPv6 host owns its whole /64.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil || a.Unmap().Is4() {
		return address
	}
	p, err := a.Prefix(64)
	if err != nil {
		return address
	}
	return p.String()
}
