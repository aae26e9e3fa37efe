package main

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"authsec/sdk/go/verify"
)

// maxBodyBytes is ample for a refund.
const maxBodyBytes = 4 << 10

// newHandler returns the API. Every route but healthz and the metadata demands a token with the
// action named here.
func newHandler(verifier *verify.Verifier, ledger *ledger, log *slog.Logger) http.Handler {
	protect := func(action string, h http.HandlerFunc) http.Handler {
		return verifier.Middleware(verify.RequireActions(action)(h))
	}
	api := api{ledger}
	mux := http.NewServeMux()
	mux.Handle("GET /billing/customers/{id}", protect("billing:read", api.showBill))
	mux.Handle("POST /billing/customers/{id}/refunds", protect("billing:refund", api.refund))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		revocation := verifier.RevocationState()
		writeJSON(w, http.StatusOK, map[string]any{"status": "ok", "revocation": revocation.Mode, "revocation_current": revocation.Current})
	})
	if path := verifier.MetadataPath(); path != "" {
		mux.Handle("GET "+path, verifier.MetadataHandler())
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, http.StatusNotFound, "not_found", "there is no such route")
	})
	return logged(mux, log)
}

type api struct{ ledger *ledger }

// accessedBy says on whose authority, and by which agent, a request was made.
type accessedBy struct {
	User  string `json:"user"`
	Email string `json:"email,omitempty"`
	Agent string `json:"agent"`
}

func whoActs(r *http.Request) accessedBy {
	claims, _ := verify.FromContext(r.Context()) // there behind the middleware
	return accessedBy{User: claims.Subject, Email: claims.Email, Agent: claims.Actor.Subject}
}

// showBill answers GET /billing/customers/{id}.
func (a api) showBill(w http.ResponseWriter, r *http.Request) {
	found, err := a.ledger.bill(r.PathValue("id"))
	if err != nil {
		writeLedgerError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, struct {
		bill
		AccessedBy accessedBy `json:"accessed_by"`
	}{found, whoActs(r)})
}

// refund answers POST /billing/customers/{id}/refunds with a body of
// {"amount": 12.50, "reason": "…"}.
func (a api) refund(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Amount money  `json:"amount"`
		Reason string `json:"reason"`
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&ask); err != nil || decoder.More() {
		writeError(w, http.StatusBadRequest, "invalid_request", `send {"amount": 12.50, "reason": "why"}: at most two decimals, at most 4 KiB`)
		return
	}
	made, err := a.ledger.refund(r.PathValue("id"), ask.Amount, ask.Reason)
	if err != nil {
		writeLedgerError(w, err)
		return
	}
	writeJSON(w, http.StatusCreated, struct {
		refund
		AccessedBy accessedBy `json:"accessed_by"`
	}{made, whoActs(r)})
}

func writeLedgerError(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, errUnknownCustomer):
		writeError(w, http.StatusNotFound, "unknown_customer", err.Error())
	case errors.Is(err, errAmount), errors.Is(err, errReason):
		writeError(w, http.StatusUnprocessableEntity, "invalid_refund", err.Error())
	default: // errFull
		writeError(w, http.StatusServiceUnavailable, "refunds_full", err.Error())
	}
}

func writeError(w http.ResponseWriter, status int, code, description string) {
	writeJSON(w, status, map[string]string{"error": code, "error_description": description})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // fails only when the caller is gone
}

// logged writes a line for each request: no header, no query, no body.
func logged(next http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(recorder, r)
		log.InfoContext(r.Context(), "request", "method", r.Method, "path", r.URL.Path, "status", recorder.status, "duration", time.Since(start))
	})
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (s *statusRecorder) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}
