package oauthapi

import (
	"net/http"

	"authsec/internal/domain"
	"authsec/internal/httpapi/wire"
	"authsec/internal/revocation"
)

// statusList answers with a Status List Token (draft-ietf-oauth-status-list §8.2).
func (a Recalls) statusList(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Query().Has("time") {
		// §8.4: what a list said before is not kept.
		return wire.JSON(w, http.StatusNotImplemented, map[string]string{"error": "not_implemented",
			"error_description": "Only the present list is served. Leave out time.", "request_id": wire.FromContext(r.Context()).ID})
	}
	id, ok := revocation.ParseListID(r.PathValue("id"))
	if !ok {
		return domain.Errorf(domain.NotFound, "not_found", "There is no such status list.")
	}
	list, err := a.Lists.Token(r.Context(), id)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("ETag", list.ETag)
	publish(h, revocation.ListTTL)
	if matches(r.Header.Get("If-None-Match"), list.ETag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", "application/statuslist+jwt")
	_, _ = w.Write([]byte(list.JWT)) // the peer may be gone; nobody to tell
	return nil
}
