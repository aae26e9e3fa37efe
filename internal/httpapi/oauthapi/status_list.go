package oauthapi

import (
	"io"
	"net/http"
	"strconv"

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
	h.Add("Vary", "Accept-Encoding")
	publish(h, revocation.ListTTL)
	body, tag, zipped := list.JWT, list.ETag, zips(r.Header["Accept-Encoding"])
	if zipped {
		body, tag = list.Gzip, list.GzipTag
	}
	h.Set("ETag", tag)
	if matches(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if zipped {
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Type", "application/statuslist+jwt")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = io.WriteString(w, body) // the peer may be gone; nobody to tell
	return nil
}

// zips reports whether a request accepts gzip (§8.2) and likes nothing better.
func zips(header []string) bool {
	w := wire.Weight(header, "gzip", "x-gzip", "*") // RFC 9110 §8.4.1.3
	return w > 0 && w >= wire.Weight(header, "identity")
}
