package domain

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Outcome of what an audit event tells.
type Outcome string

// The outcomes.
const (
	OutcomeSuccess Outcome = "success"
	OutcomeRefused Outcome = "refused"
)

// Party is who acted, or what was acted on, under the name it had then.
type Party struct {
	Type string `json:"type"`           // user, agent, operator, system, anonymous, role, delegation, …
	ID   string `json:"id,omitempty"`   // natural key or UUID
	Name string `json:"name,omitempty"` // for people; may be out of date later
	Via  Via    `json:"via,omitempty"`  // actors only
}

// Reason is one failed condition of a decision.
type Reason struct {
	Code    string   `json:"code"`
	Message string   `json:"message"`
	Keys    []string `json:"keys,omitempty"` // selector keys or action names it is about
}

// Event is one line of the audit log: who did what to what, with which
// outcome. It holds no secret and no hash of one. Its JSON form, in this field
// order, is what the chain is computed over and what export writes.
type Event struct {
	Time      time.Time `json:"time"` // UTC, microseconds
	Actor     Party     `json:"actor"`
	Action    string    `json:"action"` // noun.verb: delegation.revoke, token.issue, …
	Target    Party     `json:"target"`
	Outcome   Outcome   `json:"outcome"`
	Reasons   []Reason  `json:"reasons,omitempty"`
	IP        string    `json:"ip,omitempty"`
	RequestID string    `json:"request_id,omitempty"`
	// What it concerns, for filters; "" where it does not apply.
	ClientID     string          `json:"client_id,omitempty"`
	DelegationID string          `json:"delegation_id,omitempty"`
	Count        int             `json:"count,omitempty"` // refusals before proof, aggregated
	Before       json.RawMessage `json:"before,omitempty"`
	After        json.RawMessage `json:"after,omitempty"`
	Details      json.RawMessage `json:"details,omitempty"`
}

// Actor returns the caller as an event's actor.
func (c Caller) Actor() Party {
	switch {
	case c.UserID != "":
		return Party{Type: "user", ID: c.UserID, Name: c.Email, Via: c.Via}
	case c.Via == ViaCLI:
		return Party{Type: "operator", Name: c.Name, Via: c.Via}
	case c.Via == ViaSystem:
		return Party{Type: "system", Name: c.Name, Via: c.Via}
	default:
		return Party{Type: "anonymous", Via: c.Via}
	}
}

// NewEvent starts a successful event by the caller; the caller of NewEvent
// fills in what else applies.
func NewEvent(now time.Time, c Caller, action string, target Party) Event {
	return Event{Time: now.UTC().Truncate(time.Microsecond), Actor: c.Actor(), Action: action,
		Target: target, Outcome: OutcomeSuccess, IP: c.IP, RequestID: c.RequestID}
}

// WithChange returns the event with what was before and what is after; either
// may be nil. Values are marshalled as they stand, so they must be made of
// public fields only.
func (e Event) WithChange(before, after any) (Event, error) {
	var err error
	if e.Before, err = rawJSON(before); err != nil {
		return e, err
	}
	e.After, err = rawJSON(after)
	return e, err
}

// WithDetails returns the event with details, which must hold no secret.
func (e Event) WithDetails(details any) (Event, error) {
	var err error
	e.Details, err = rawJSON(details)
	return e, err
}

func rawJSON(v any) (json.RawMessage, error) {
	if v == nil {
		return nil, nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode audit event: %w", err)
	}
	return b, nil
}

// Hash links the chain: SHA-256 over a version, the sequence number, the
// previous link and the event's stored bytes.
type Hash [sha256.Size]byte

// String returns the hash in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// ParseHash reads what String writes.
func ParseHash(s string) (Hash, error) {
	var h Hash
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(h) {
		return h, fmt.Errorf("not a SHA-256 in hexadecimal: %q", s)
	}
	copy(h[:], b)
	return h, nil
}

// chainVersion separates this construction from any other use of SHA-256.
const chainVersion = "authsec-audit-v1\n"

// Link computes the hash of the event with sequence number seq (from 1) whose
// stored bytes are body, after the event hashed to prev (zero for the first).
func Link(seq int64, prev Hash, body []byte) Hash {
	h := sha256.New()
	h.Write([]byte(chainVersion))
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(seq)) //nolint:gosec // G115: any int64 has its own eight bytes
	h.Write(n[:])
	h.Write(prev[:])
	h.Write(body)
	var out Hash
	h.Sum(out[:0])
	return out
}

// Encode returns the bytes of the event that are stored and linked.
func (e Event) Encode() ([]byte, error) {
	b, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode audit event: %w", err)
	}
	return b, nil
}

// StoredEvent is an event with its place in the chain.
type StoredEvent struct {
	Seq  int64
	Hash Hash
	Body []byte // exactly the bytes that were linked
	Event
}

// ChainHead is the end of the chain: the last sequence number and its hash.
type ChainHead struct {
	Seq  int64
	Hash Hash
}

// Checkpoint is a signed statement of the chain's head at a time, as a compact JWS.
type Checkpoint struct {
	Seq       int64
	JWS       string
	CreatedAt time.Time
}

// Use is the fact that a delegation gave a token.
type Use struct {
	DelegationID string
	ClientID     string
	At           time.Time
}
