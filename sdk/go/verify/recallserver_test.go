package verify

import (
	"bytes"
	"compress/zlib"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	recallIssuer   = "https://authsec.example.com"
	recallAudience = "https://billing.example.com"
	listPrefix     = recallIssuer + "/oauth2/status-lists/"
)

//nolint:gochecknoglobals // slow to make
var (
	recallKey = sync.OnceValue(func() *rsa.PrivateKey { return newKey() })
	forgerKey = sync.OnceValue(func() *rsa.PrivateKey { return newKey() })
)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

// recallServer is an issuer that recalls: status lists, stream, feed and
// introspection, as the server has them.
type recallServer struct {
	*httptest.Server
	t     *testing.T
	clock *clock

	mu       sync.Mutex
	key      *rsa.PrivateKey
	retired  map[string]map[int]byte // by list ID
	size     int
	events   []recallEvent
	last     int64
	inactive map[string]bool // tokens
	down     map[string]bool // "list", "feed", "stream", "introspect"
	count    map[string]int  // requests
	resume   []string        // Last-Event-ID of each stream
	since    []string        // of each reading of the feed
	streams  map[chan string]bool
	tamper   func(kind string, claims map[string]any) // before signing
	gate     chan struct{}                            // introspection waits for it
	pageSize int
}

type recallEvent struct {
	seq    int64
	claims map[string]any
}

func newRecallServer(t *testing.T) *recallServer {
	t.Helper()
	s := &recallServer{t: t, clock: newClock(), key: recallKey(), retired: map[string]map[int]byte{"1": {}}, size: 64, inactive: map[string]bool{},
		down: map[string]bool{}, count: map[string]int{}, streams: map[chan string]bool{}, pageSize: 100}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /oauth2/status-lists/{id}", s.serveList)
	mux.HandleFunc("GET /oauth2/revocations", s.serveRecalls)
	mux.HandleFunc("POST /oauth2/introspect", s.serveIntrospection)
	s.Server = httptest.NewTLSServer(mux)
	t.Cleanup(func() {
		s.cut()
		s.Close()
	})
	return s
}

// verifier returns a Verifier and its steady clock.
func (s *recallServer) verifier(mode RevocationMode, options ...Option) (*Verifier, *steady) {
	s.t.Helper()
	steady := &steady{}
	public, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &recallKey().PublicKey, KeyID: "k", Algorithm: "RS256", Use: "sig"}}})
	if err != nil {
		s.t.Fatal(err)
	}
	options = append([]Option{
		WithKeys(public), WithClock(s.clock.now), WithHTTPClient(s.Client()), WithLogger(slog.New(slog.DiscardHandler)),
		WithRevocation(mode, Credential{"res-1", "s3cret:/ +"}), func(o *settings) { o.revocation.steady = steady.now },
	}, options...)
	v, err := New(recallIssuer, recallAudience, options...)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(v.Close)
	return v, steady
}

// steady is a clock of ages that moves only when told.
type steady struct {
	mu sync.Mutex
	d  time.Duration
}

func (s *steady) now() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.d
}

func (s *steady) advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.d += d
}

// token returns a token that refers to a status, or to none where list is "".
func (s *recallServer) token(id, list string, index int) string {
	now := s.clock.now().Unix()
	claims := map[string]any{
		"iss": recallIssuer, "sub": "user-7", "act": map[string]any{"sub": "spiffe://authsec.local/agent/a"}, "client_id": "a", "aud": recallAudience,
		"exp": now + 3600, "iat": now - 5, "nbf": now - 5, "jti": id, "scope": "billing:read",
	}
	if list != "" {
		claims["status"] = map[string]any{"status_list": reference(list, index)}
	}
	return s.sign("at+jwt", claims)
}

func reference(list string, index int) map[string]any {
	return map[string]any{"idx": index, "uri": listPrefix + list}
}

func (s *recallServer) sign(typ string, claims map[string]any) string {
	s.mu.Lock()
	key := s.key
	s.mu.Unlock()
	return signWith(s.t, key, typ, claims)
}

func signWith(t *testing.T, key *rsa.PrivateKey, typ string, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

// set changes the server under its lock.
func (s *recallServer) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *recallServer) requests(kind string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count[kind]
}

func (s *recallServer) enter(w http.ResponseWriter, kind string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count[kind]++
	if s.down[kind] {
		w.WriteHeader(http.StatusBadGateway)
	}
	return !s.down[kind]
}

func (s *recallServer) signClaims(kind, typ string, claims map[string]any) string {
	s.mu.Lock()
	tamper := s.tamper
	s.mu.Unlock()
	if tamper != nil {
		tamper(kind, claims)
	}
	return s.sign(typ, claims)
}

func (s *recallServer) serveList(w http.ResponseWriter, r *http.Request) {
	if !s.enter(w, "list") {
		return
	}
	id := r.PathValue("id")
	s.mu.Lock()
	retired, ok := s.retired[id]
	statuses := make([]byte, s.size/4)
	for i, status := range retired {
		statuses[i/4] |= status << (i % 4 * 2)
	}
	s.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	_, _ = z.Write(statuses)
	_ = z.Close()
	now := s.clock.now().Unix()
	etag := fmt.Sprintf(`"%x-%d"`, packed.Bytes(), now/10)
	w.Header().Set("ETag", etag)
	if r.Header.Get("If-None-Match") != "" {
		s.set(func() { s.count["conditional"]++ })
	}
	if r.Header.Get("If-None-Match") == etag {
		s.set(func() { s.count["304"]++ })
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/statuslist+jwt")
	_, _ = w.Write([]byte(s.signClaims("list", "statuslist+jwt", map[string]any{
		"iss": recallIssuer, "sub": listPrefix + id, "iat": now, "exp": now + 300, "ttl": 10,
		"status_list": map[string]any{"bits": 2, "lst": base64.RawURLEncoding.EncodeToString(packed.Bytes())},
	})))
	s.set(func() { s.count["signed"]++ })
}

func (s *recallServer) authenticate(w http.ResponseWriter, r *http.Request) bool {
	id, secret, _ := r.BasicAuth()
	if plain, err := url.QueryUnescape(secret); id != "res-1" || err != nil || plain != "s3cret:/ +" {
		w.Header().Set("WWW-Authenticate", `Basic realm="authsec"`)
		w.WriteHeader(http.StatusUnauthorized)
		return false
	}
	return true
}

func (s *recallServer) serveRecalls(w http.ResponseWriter, r *http.Request) {
	stream := r.Header.Get("Accept") == "text/event-stream"
	if !s.enter(w, map[bool]string{true: "stream", false: "feed"}[stream]) || !s.authenticate(w, r) {
		return
	}
	if stream {
		s.serveStream(w, r)
		return
	}
	since, err := strconv.ParseInt(r.URL.Query().Get("since"), 10, 64)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.since = append(s.since, r.URL.Query().Get("since"))
	last, more := s.last, false
	var due []recallEvent
	for _, e := range s.events {
		if e.seq > since && !more {
			if due = append(due, e); len(due) == s.pageSize {
				more = e.seq < s.last
				last = e.seq
			}
		}
	}
	s.mu.Unlock()
	events := []string{}
	for _, e := range due {
		events = append(events, s.signClaims("event", "authsec-recall+jwt", clone(e.claims)))
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"events": events, "last": last, "more": more})
}

func clone(claims map[string]any) map[string]any {
	c := map[string]any{}
	for k, v := range claims {
		c[k] = v
	}
	return c
}

func (s *recallServer) serveStream(w http.ResponseWriter, r *http.Request) {
	messages := make(chan string, 100)
	after, err := strconv.ParseInt(r.Header.Get("Last-Event-ID"), 10, 64)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.resume = append(s.resume, r.Header.Get("Last-Event-ID"))
	s.streams[messages] = true
	var missed []recallEvent
	for _, e := range s.events {
		if e.seq > after {
			missed = append(missed, e)
		}
	}
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/event-stream")
	for _, e := range missed {
		_, _ = w.Write([]byte(s.message(e)))
	}
	_, _ = w.Write([]byte(s.heartbeatMessage()))
	w.(http.Flusher).Flush()
	for {
		select {
		case m, ok := <-messages:
			if !ok {
				return
			}
			_, _ = w.Write([]byte(m))
			w.(http.Flusher).Flush()
		case <-r.Context().Done():
			return
		}
	}
}

func (s *recallServer) message(e recallEvent) string {
	return fmt.Sprintf("event: recall\nid: %d\ndata: %s\n\n", e.seq, s.signClaims("event", "authsec-recall+jwt", clone(e.claims)))
}

func (s *recallServer) heartbeatMessage() string {
	s.mu.Lock()
	last := s.last
	s.mu.Unlock()
	return "event: heartbeat\ndata: " + s.signClaims("heartbeat", "authsec-heartbeat+jwt",
		map[string]any{"iss": recallIssuer, "iat": s.clock.now().Unix(), "seq": last}) + "\n\n"
}

// send writes to every stream.
func (s *recallServer) send(message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for stream := range s.streams {
		stream <- message
	}
}

// beat sends a heartbeat a while after the last one.
func (s *recallServer) beat() {
	s.clock.advance(5 * time.Second)
	s.send(s.heartbeatMessage())
}

// cut ends every stream.
func (s *recallServer) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for stream := range s.streams {
		close(stream)
		delete(s.streams, stream)
	}
}

// record makes a recall, of a status or of a token, without telling the streams.
func (s *recallServer) record(list string, index int, token string) recallEvent {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	e := recallEvent{s.last, map[string]any{"iss": recallIssuer, "iat": s.clock.now().Unix(), "seq": s.last}}
	if token != "" {
		e.claims["jti"] = token
	} else {
		s.retired[list][index] = 1
		e.claims["status_list"] = reference(list, index)
	}
	s.events = append(s.events, e)
	return e
}

func (s *recallServer) recall(list string, index int) { s.send(s.message(s.record(list, index, ""))) }
func (s *recallServer) revoke(token string)           { s.send(s.message(s.record("", 0, token))) }

func (s *recallServer) serveIntrospection(w http.ResponseWriter, r *http.Request) {
	if !s.enter(w, "introspect") || !s.authenticate(w, r) {
		return
	}
	s.mu.Lock()
	gate, inactive := s.gate, s.inactive[r.PostFormValue("token")]
	s.mu.Unlock()
	if gate != nil {
		<-gate
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(map[string]any{"active": !inactive && strings.Count(r.PostFormValue("token"), ".") == 2})
}

// eventually waits for what another goroutine is about to bring about.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never: %s", what)
		}
	}
}
