package httpapi

import (
	"context"
	"net/http"
	"slices"

	"authsec/internal/httpapi/wire"
)

// Check is one thing without which the server is not ready.
type Check struct {
	Name string // shown to whoever asks: "database"
	Run  func(ctx context.Context) error
}

// Operations answers the routes that a platform team watches.
type Operations struct {
	Checks  []Check
	Metrics http.Handler
}

// Endpoints returns /healthz (the process answers), /readyz (it can serve) and
// /metrics (Prometheus).
func (o Operations) Endpoints() []wire.Endpoint {
	return []wire.Endpoint{
		{Pattern: "GET /healthz", Handler: wire.Handler{Serve: o.health, Fail: wire.OAuthError}},
		{Pattern: "GET /readyz", Handler: wire.Handler{Serve: o.ready, Fail: wire.OAuthError}},
		{Pattern: "GET /metrics", Handler: o.Metrics},
	}
}

func (Operations) health(w http.ResponseWriter, _ *http.Request) error {
	return wire.JSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// ready names what fails; why is in the log.
func (o Operations) ready(w http.ResponseWriter, r *http.Request) error {
	var failed []string
	for _, c := range o.Checks {
		if err := c.Run(r.Context()); err != nil {
			failed = append(failed, c.Name)
			wire.FromContext(r.Context()).Err = err
		}
	}
	if len(failed) > 0 {
		slices.Sort(failed)
		return wire.JSON(w, http.StatusServiceUnavailable, map[string]any{"status": "not_ready", "failed": failed})
	}
	return wire.JSON(w, http.StatusOK, map[string]string{"status": "ready"})
}
