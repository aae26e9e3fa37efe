package attest

import (
	"strings"

	"authsec/internal/domain"
	"authsec/sdk/go/jws"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

// Claimed is what a token says of who presents it. Nothing of it is verified: it
// tells whose proof to check, and Attest checks that.
type Claimed struct {
	// ClientID is the agent that the token was made by (RFC 7523 §3 item 2) or, by
	// its SPIFFE ID, for; "" : it names none.
	ClientID string
	SVID     bool // its subject is a SPIFFE ID (JWT-SVID §3.1)
}

// Claims reads what the bearer token says, which may be nothing.
func (p Presented) Claims() Claimed {
	claims, err := jws.Peek(p.Bearer.Reveal())
	if err != nil {
		return Claimed{}
	}
	subject, _ := claims.Text("sub")
	if id, err := spiffeid.FromString(subject); err == nil {
		name, _ := strings.CutPrefix(id.Path(), "/agent/")
		return Claimed{ClientID: canonical(name), SVID: true}
	}
	if issuer, _ := claims.Text("iss"); issuer != subject {
		return Claimed{} // another made it, who names its subjects by itself
	}
	return Claimed{ClientID: canonical(subject)}
}

// canonical returns id if it is a client ID, else "".
func canonical(id string) string {
	id, _ = domain.ParseID(id)
	return id
}
