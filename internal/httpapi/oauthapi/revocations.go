package oauthapi

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"authsec/internal/domain"
	"authsec/internal/httpapi/wire"
	"authsec/internal/revocation"
)

const (
	streamType = "text/event-stream"
	// defaultWriteWait bounds one write: a reader that takes longer is dropped, and
	// goes on with Last-Event-ID.
	defaultWriteWait = 5 * time.Second
)

// revocations answers a resource with the recalls that concern it: as a stream of
// server-sent events, or a page of JSON.
func (a Recalls) revocations(w http.ResponseWriter, r *http.Request) error {
	resource, err := a.enter(r, form{})
	if err != nil {
		return err
	}
	since, err := place(r)
	if err != nil {
		return err
	}
	if r.Method == http.MethodGet && accepts(r, streamType) {
		return a.stream(w, r, resource, since)
	}
	return a.feed(w, r, resource, since)
}

// place is after which number the reader goes on. A browser's EventSource and its
// kin repeat the address when they reconnect, so that Last-Event-ID counts more.
func place(r *http.Request) (int64, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return 0, malformed("The query is not well-formed.")
	}
	for name, values := range q {
		if name != "since" {
			return 0, malformed("There is no parameter %q. Known is since.", clip(name))
		}
		if len(values) > 1 {
			return 0, malformed("The parameter since is given more than once.")
		}
	}
	since, err := number("since", q.Get("since"))
	if err != nil {
		return 0, err
	}
	last := r.Header.Values("Last-Event-ID")
	if len(last) > 1 {
		return 0, malformed("The header Last-Event-ID is given more than once.")
	}
	if len(last) == 1 && last[0] != "" {
		return number("Last-Event-ID", last[0])
	}
	return since, nil
}

// number reads a sequence number; "" is 0: from the beginning.
func number(name, s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, malformed("%s must be a number that this endpoint gave.", name)
	}
	return n, nil
}

// accepts reports whether Accept names a media type, with a weight above 0.
func accepts(r *http.Request, want string) bool {
	for _, header := range r.Header.Values("Accept") {
		for item := range strings.SplitSeq(header, ",") {
			kind, params, err := mime.ParseMediaType(item)
			if err != nil || kind != want {
				continue
			}
			if weight, err := strconv.ParseFloat(params["q"], 64); params["q"] == "" || (err == nil && weight > 0) {
				return true
			}
		}
	}
	return false
}

func (a Recalls) feed(w http.ResponseWriter, r *http.Request, resource domain.Resource, since int64) error {
	a.Hub.Asked(resource)
	p, err := a.Hub.Page(r.Context(), resource, since)
	if err != nil {
		return err
	}
	events := make([]string, len(p.Messages))
	for i, m := range p.Messages {
		events[i] = m.JWS
	}
	return wire.JSON(w, http.StatusOK, struct {
		Events []string `json:"events"`
		Last   int64    `json:"last"`
		More   bool     `json:"more"`
	}{events, p.Last, p.More})
}

// stream sends messages until the client goes, is too slow, or the hub ends it.
func (a Recalls) stream(w http.ResponseWriter, r *http.Request, resource domain.Resource, since int64) error {
	s, err := a.Hub.Open(r.Context(), resource, since)
	if err != nil {
		return err
	}
	defer s.Close()
	conn := http.NewResponseController(w)
	h := w.Header()
	h.Set("Content-Type", streamType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // proxies must not collect events
	wait := a.WriteWait
	if wait == 0 {
		wait = defaultWriteWait
	}
	text := "retry: 1000\n\n"
	for {
		// Anew before each write: the server's WriteTimeout counts from the request.
		if err := conn.SetWriteDeadline(time.Now().Add(wait)); err != nil {
			return err
		}
		if _, err := io.WriteString(w, text); err != nil {
			return nil //nolint:nilerr // the peer is gone or too slow: nobody to tell
		}
		if err := conn.Flush(); err != nil {
			return nil //nolint:nilerr // as above
		}
		messages, err := s.Next(r.Context())
		switch {
		case errors.Is(err, io.EOF), r.Context().Err() != nil:
			return nil //nolint:nilerr // it ended, by either side
		case err != nil:
			wire.FromContext(r.Context()).Err = err // for the access log; the answer has begun
			return nil
		}
		text = eventText(messages)
	}
}

// eventText is messages as server-sent events. Nothing in them needs escaping.
func eventText(messages []revocation.Message) string {
	var b strings.Builder
	for _, m := range messages {
		b.WriteString("event: " + m.Event + "\nid: " + strconv.FormatInt(m.Seq, 10) + "\ndata: " + m.JWS + "\n\n")
	}
	return b.String()
}
