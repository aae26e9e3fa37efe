package wire

import (
	"encoding/base64"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// DecodeBasic reads the credentials of an Authorization header of the scheme
// Basic. Each half is form-encoded before both are base64-encoded (RFC 6749 §2.3.1).
func DecodeBasic(value string) (user, password string, ok bool) {
	raw, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return "", "", false
	}
	user, password, ok = strings.Cut(string(raw), ":")
	if !ok {
		return "", "", false
	}
	if user, err = url.QueryUnescape(user); err != nil {
		return "", "", false
	}
	if password, err = url.QueryUnescape(password); err != nil {
		return "", "", false
	}
	return user, password, true
}

// FromThisMachine reports whether the connection's peer is this machine, and no
// header says that it forwards for another.
func FromThisMachine(r *http.Request) bool {
	info := FromContext(r.Context())
	address, err := netip.ParseAddr(info.IP)
	return (info.Unix || (err == nil && address.Unmap().IsLoopback())) && !Forwarded(r)
}
