package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"authsec/internal/httpapi/oauthapi"
	"authsec/internal/issuance"
	"authsec/internal/keyring"
	"authsec/internal/revocation"
	"authsec/internal/store"
	"authsec/internal/token"

	"github.com/go-jose/go-jose/v4"
)

// recalls wires what tells verifiers which tokens count no more.
func (h *house) recalls(s *store.Store, minter *token.Minter, keys *keyring.Keyring, agents oauthapi.Agents, limiter issuance.Limiter, audience string) oauthapi.Recalls {
	h.t.Helper()
	here := revocation.Deployment{Issuer: minter.Issuer, DefaultAudience: audience}
	hub, err := revocation.NewHub(revocation.HubOptions{Deployment: here, Recalls: s, Resources: s, Signer: minter, Now: h.clock.Now,
		Log: slog.New(slog.NewJSONHandler(h.log, nil)), MaxStreams: 3, MaxStreamsPerResource: 2})
	h.must(err)
	h.hub = hub
	return oauthapi.Recalls{
		Resources:  &revocation.Gate{Resources: s, Limiter: limiter, Refusals: h.refusals, Now: h.clock.Now},
		Lists:      &revocation.Lists{Store: s, Signer: minter, Issuer: here.Issuer, Now: h.clock.Now},
		Hub:        hub,
		Introspect: &revocation.Introspector{Deployment: here, Keys: keys, Store: s, Now: h.clock.Now},
		Agents:     agents,
		Revoker:    &revocation.Revoker{Deployment: here, Keys: keys, Store: s, Recalled: hub.Wake, Now: h.clock.Now},
		WriteWait:  300 * time.Millisecond,
	}
}

// serving is the house behind a real server, with ticks that a test gives.
type serving struct {
	*house
	server     *httptest.Server
	poll, beat chan time.Time
	stop       func() // as the end of the program does to streams
}

// serve starts a server with time limits that a stream outlives.
func (h *house) serve() *serving {
	h.t.Helper()
	s := &serving{house: h, poll: make(chan time.Time), beat: make(chan time.Time), server: httptest.NewUnstartedServer(h.handler)}
	s.server.Config.ReadTimeout, s.server.Config.WriteTimeout = serverTimeout, serverTimeout
	s.server.Start()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { h.hub.Run(ctx, s.poll, s.beat) })
	s.stop = func() { cancel(); running.Wait() }
	h.t.Cleanup(func() { s.stop(); s.server.Close() })
	return s
}

const serverTimeout = 300 * time.Millisecond

// polls has the hub look, and returns when it has.
func (s *serving) polls() {
	s.poll <- time.Time{}
	s.poll <- time.Time{}
}

func (s *serving) beats() {
	s.clock.Advance(time.Millisecond) // by less than a key may grow old in any number of them
	s.beat <- time.Time{}
}

// listener is a verifier that reads a stream.
type listener struct {
	s      *serving
	body   io.ReadCloser
	lines  *bufio.Reader
	status int
	header http.Header
}

// listen opens a stream.
func (s *serving) listen(changes ...request) *listener {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.server.URL+revocationsPath, nil)
	s.must(err)
	r.Header.Set("Accept", "text/event-stream")
	for _, change := range changes {
		change(r)
	}
	resp, err := s.server.Client().Do(r)
	s.must(err)
	s.t.Cleanup(func() { _ = resp.Body.Close() }) // whatever became of it
	return &listener{s: s, body: resp.Body, lines: bufio.NewReader(resp.Body), status: resp.StatusCode, header: resp.Header}
}

// heard is one event, whose signature holds.
type heard struct {
	event, id string
	claims    map[string]any
}

// next returns the stream's next event, or io.EOF at its good end.
func (l *listener) next() (heard, error) {
	l.s.t.Helper()
	var got heard
	data := ""
	for {
		line, err := l.lines.ReadString('\n')
		if err != nil {
			return got, err
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch name {
		case "event":
			got.event = value
		case "id":
			got.id = value
		case "data":
			data = value
		case "":
			if data != "" {
				got.claims = l.s.opened("authsec-"+got.event+"+jwt", data)
				return got, nil
			}
		}
	}
}

// want reads the next event, which must be of the kind.
func (l *listener) want(event string) heard {
	l.s.t.Helper()
	got, err := l.next()
	if err != nil || got.event != event {
		l.s.t.Fatalf("%+v %v, want a %s", got, err, event)
	}
	return got
}

// wantEnd reads the stream's good end.
func (l *listener) wantEnd() {
	l.s.t.Helper()
	if got, err := l.next(); !errors.Is(err, io.EOF) {
		l.s.t.Fatalf("%+v %v, want the end", got, err)
	}
}

// opened verifies a signed statement with the published keys, and returns its claims.
func (h *house) opened(typ, compact string) map[string]any {
	h.t.Helper()
	var set jose.JSONWebKeySet
	h.must(json.Unmarshal([]byte(h.call("GET", "/.well-known/jwks.json", nil).want(200).body), &set))
	payload, err := token.VerifyPayload(typ, compact, func(kid string) (jose.JSONWebKey, bool) {
		found := set.Key(kid)
		if len(found) != 1 {
			return jose.JSONWebKey{}, false
		}
		return found[0], true
	})
	h.must(err)
	var claims map[string]any
	h.must(json.Unmarshal(payload, &claims))
	return claims
}
