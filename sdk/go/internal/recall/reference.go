package recall

import (
	"strings"

	"authsec/sdk/go/jws"
)

const (
	listsPath = "/oauth2/status-lists/"
	maxListID = 64
)

// ParseStatus reads the status claim of a token of issuer. Only status_list can
// be checked, so a status of another kind is refused.
func ParseStatus(status any, issuer string) (*Reference, error) {
	members, ok := status.(map[string]any)
	if !ok {
		return nil, refuse("claims", "want status to be an object")
	}
	return parseReference(members["status_list"], issuer)
}

// parseReference reads {"idx", "uri"} (draft-ietf-oauth-status-list §6.2). The list must be one of
// the issuer's own, so that a token never sends us anywhere else.
func parseReference(v any, issuer string) (*Reference, error) {
	members, ok := v.(map[string]any)
	if !ok {
		return nil, refuse("claims", "want status_list to be an object")
	}
	o := jws.Object(members)
	index, ok := o.Whole("idx", maxInteger)
	if !ok {
		return nil, refuse("claims", "status_list.idx: want a whole number")
	}
	uri, _ := o.Text("uri")
	id, ok := strings.CutPrefix(uri, strings.TrimSuffix(issuer, "/")+listsPath)
	if !ok || id == "" || len(id) > maxListID || strings.ContainsFunc(id, notListID) {
		return nil, refuse("claims", "status_list.uri: want a list of the issuer")
	}
	return &Reference{URI: uri, Index: index}, nil
}

func notListID(c rune) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-':
		return false
	}
	return true
}
