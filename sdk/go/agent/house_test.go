package agent

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const clientID = "6f1c2d3e-0000-4000-8000-0000000000aa"

// server answers as told, and keeps what it was asked.
type server struct {
	*httptest.Server
	mu      sync.Mutex
	asked   []*http.Request
	replies []http.HandlerFunc // in turn; then tokens
	minted  int
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, r)
	var reply http.HandlerFunc
	if len(s.replies) > 0 {
		reply, s.replies = s.replies[0], s.replies[1:]
	} else {
		s.minted++
		reply = tokenReply(fmt.Sprintf("token-%d", s.minted), time.Hour)
	}
	s.mu.Unlock()
	reply(w, r)
}

func (s *server) queue(replies ...http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replies = append(s.replies, replies...)
}

func (s *server) requests() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*http.Request(nil), s.asked...)
}

func (s *server) authorizations() []string {
	var all []string
	for _, r := range s.requests() {
		all = append(all, r.Header.Get("Authorization"))
	}
	return all
}

func tokenReply(token string, life time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"token": token, "expires_at": time.Now().Add(life).UTC().Format(time.RFC3339),
			"ttl_seconds": int(life / time.Second), "client_id": clientID, "delegation_id": "dlg-1", "permissions": []string{"billing:read"},
			"audience": []string{"authsec-api"}, "spiffe_id": "spiffe://authsec.local/agent/" + clientID, "status": "active"})
	}
}

func refusal(statusCode int, code string, more map[string]any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Request-ID", "req-7")
		body := map[string]any{"error": code, "error_description": "Because."}
		for k, v := range more {
			body[k] = v
		}
		writeJSON(w, statusCode, body)
	}
}

func writeJSON(w http.ResponseWriter, statusCode int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(statusCode)
	_ = json.NewEncoder(w).Encode(body) // a client that hangs up is part of some tests
}

// clock moves when it is told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Now()} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// client makes a client whose environment holds only what env does.
func client(t *testing.T, c Config, env map[string]string, projected string) *Client {
	t.Helper()
	if c.ClientID == "" {
		c.ClientID = clientID
	}
	c, err := c.check()
	if err != nil {
		t.Fatal(err)
	}
	if projected == "" {
		projected = "/nowhere/authsec/token"
	}
	got, err := newClient(c, finder{config: c, projected: projected, getenv: func(name string) string { return env[name] }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(got.Close)
	return got
}

// workloadAPI is a SPIFFE Workload API on a Unix socket, over real gRPC.
type workloadAPI struct {
	workload.UnimplementedSpiffeWorkloadAPIServer
	key     *ecdsa.PrivateKey
	mu      sync.Mutex
	refuses bool
	asked   [][]string
	issued  []string
}

func newWorkloadAPI(t *testing.T) (api *workloadAPI, endpoint string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	api = &workloadAPI{key: key}
	socket := filepath.Join(t.TempDir(), "agent.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	workload.RegisterSpiffeWorkloadAPIServer(s, api)
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.Serve(listener) }) // ends with Stop
	t.Cleanup(func() { s.Stop(); serving.Wait() })
	return api, "unix://" + socket
}

func (a *workloadAPI) FetchJWTSVID(ctx context.Context, r *workload.JWTSVIDRequest) (*workload.JWTSVIDResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(md.Get("workload.spiffe.io")) != 1 {
		return nil, status.Error(codes.InvalidArgument, "security header missing")
	}
	if a.refuses {
		return nil, status.Error(codes.PermissionDenied, "no identity issued")
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: a.key, KeyID: "k"}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, err
	}
	id := "spiffe://example.org/support"
	token, err := jwt.Signed(signer).Claims(jwt.Claims{Subject: id, Audience: r.Audience,
		Expiry: jwt.NewNumericDate(time.Now().Add(5 * time.Minute)), IssuedAt: jwt.NewNumericDate(time.Now())}).Serialize()
	if err != nil {
		return nil, err
	}
	a.asked, a.issued = append(a.asked, r.Audience), append(a.issued, token)
	return &workload.JWTSVIDResponse{Svids: []*workload.JWTSVID{{SpiffeId: id, Svid: token}}}, nil
}
