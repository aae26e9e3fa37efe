// Package revocation tells verifiers which tokens count no more: by Token Status
// Lists (draft-ietf-oauth-status-list), by a feed and a stream of recalls, and by
// introspection (RFC 7662). It also lets agents revoke their own tokens (RFC 7009).
package revocation

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"authsec/internal/domain"
	"authsec/internal/token"
)

// Signer signs a payload as a compact JWS with the given typ and the key that is
// active at now.
type Signer interface {
	SignPayload(ctx context.Context, typ string, payload []byte, now time.Time) (string, error)
}

// Keys finds the keys that are published at an instant.
type Keys interface {
	PublishedKeys(now time.Time) token.Keys
}

// Deployment is what all answers are made for.
type Deployment struct {
	Issuer          string // the server's public URL
	DefaultAudience string // of tokens whose delegation lists no resources
}

// accepts reports whether a resource may be meant by an audience. The default
// audience is every registered resource's: any API may accept it.
func (d Deployment) accepts(r domain.Resource, audience []string) bool {
	return slices.Contains(audience, r.URI) || slices.Contains(audience, d.DefaultAudience)
}

// concerns reports whether a resource may have been shown a token that a recall ends.
func (d Deployment) concerns(r domain.Resource, recall domain.Recall) bool {
	return len(recall.Audience) == 0 || d.accepts(r, recall.Audience)
}

// statusOf returns the status index that a token of ours carries; the zero value
// if it carries none, and false if it names a list that is not ours.
func (d Deployment) statusOf(c token.Claims) (domain.StatusRef, bool) {
	if c.Status == nil {
		return domain.StatusRef{}, true
	}
	entry := c.Status.StatusList
	number, ours := strings.CutPrefix(entry.URI, d.Issuer)
	list, ok := ParseListID(number[strings.LastIndexByte(number, '/')+1:])
	if !ours || !ok || entry.URI != token.StatusListURI(d.Issuer, list) {
		return domain.StatusRef{}, false
	}
	return domain.StatusRef{List: list, Index: entry.Index}, true
}

// ParseListID reads the number of a status list, in the one spelling that its
// URI has: sub must equal what tokens name.
func ParseListID(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n > 0 && strconv.FormatInt(n, 10) == s
}
