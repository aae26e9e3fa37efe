package token

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"authsec/internal/domain"
)

// withStatus is a payload whose status claim is the text.
func withStatus(t *testing.T, status string) []byte {
	t.Helper()
	c := fullClaims()
	c.Issuer, c.Status = issuer, nil
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return []byte(strings.TrimSuffix(string(b), "}") + `,"status":` + status + "}")
}

func TestStatusIsRead(t *testing.T) {
	c, err := parseClaims(withStatus(t, `{"status_list":{"idx":0,"uri":"https://a/1","x":[]},"other":{}}`))
	if want := (&Status{StatusEntry{0, "https://a/1"}}); err != nil || !reflect.DeepEqual(c.Status, want) {
		t.Errorf("%+v, %v", c.Status, err)
	}
	for _, status := range []string{`null`, `"x"`, `[]`, `{}`, `{"other":{}}`, `{"status_list":null}`, `{"status_list":[]}`, `{"status_list":{}}`,
		`{"status_list":{"idx":1}}`, `{"status_list":{"uri":"u"}}`, `{"status_list":{"idx":"1","uri":"u"}}`, `{"status_list":{"idx":-1,"uri":"u"}}`,
		`{"status_list":{"idx":1.0,"uri":"u"}}`, `{"status_list":{"idx":1,"uri":""}}`, `{"status_list":{"idx":1,"uri":7}}`} {
		_, err := parseClaims(withStatus(t, status))
		wantCode(t, err, domain.Unauthenticated, CodeClaims)
	}
}
