package main

import "fmt"

// statusVector is a token, the status it refers to, and what a verifier that
// checks revocation makes of it, given a list of lists.json.
type statusVector struct {
	about
	Status  *reference `json:"status,omitempty"`
	List    string     `json:"list,omitempty"`    // a case of lists.json, served at status.uri; none: 404
	Outcome string     `json:"outcome,omitempty"` // of a valid token: accepted, revoked or unknown
}

type reference struct {
	Index int64  `json:"idx"`
	URI   string `json:"uri"`
}

// wrongReferences are values that refer to no status of this issuer.
func wrongReferences() []string {
	uri := quote(listURI)
	values := []string{
		`null`, `7`, `[]`, `{}`, `{"idx":5}`, `{"uri":` + uri + `}`,
		`{"idx":"5","uri":` + uri + `}`, `{"idx":-1,"uri":` + uri + `}`, `{"idx":5.0,"uri":` + uri + `}`, `{"idx":5e0,"uri":` + uri + `}`,
		`{"idx":9007199254740992,"uri":` + uri + `}`, `{"idx":null,"uri":` + uri + `}`, `{"idx":5,"uri":7}`, `{"idx":5,"uri":""}`,
	}
	for _, uri := range []string{
		"https://evil.example.com/oauth2/status-lists/1", "http://authsec.example.com/oauth2/status-lists/1",
		"https://authsec.example.com:444/oauth2/status-lists/1", "https://authsec.example.com.evil.example/oauth2/status-lists/1",
		"https://user@authsec.example.com/oauth2/status-lists/1", "https://authsec.example.com/oauth2/introspect",
		listURI + "/x", listURI + "?x=1", listURI + "#x", issuer + "/oauth2/status-lists/", issuer + "/oauth2/status-lists/..",
		issuer + "/oauth2/status-lists/../revocations", issuer + "/oauth2/status-lists/%2e%2e", issuer + "//oauth2/status-lists/1",
		listURI + " ", listURI + "\n", "/oauth2/status-lists/1",
	} {
		values = append(values, `{"idx":5,"uri":`+quote(uri)+`}`)
	}
	return values
}

func (m minter) statusCases() []statusVector {
	b := m.base()
	refer := func(idx int64) draft {
		return b.claim("status", fmt.Sprintf(`{"status_list":{"idx":%d,"uri":%s}}`, idx, quote(listURI)))
	}
	valid := func(name, description, list, outcome string, idx int64) statusVector {
		return statusVector{good(name, statusListDraft+" §8.3", description, refer(idx)), &reference{idx, listURI}, list, outcome}
	}
	cases := []statusVector{
		{good("no_status", statusListDraft+" §6.1", "A token without a status.", b), nil, "", "accepted"},
		valid("status_0", "Status 0: valid.", "valid_2_bits", "accepted", 2),
		valid("status_1", "Status 1: invalid.", "valid_2_bits", "revoked", 0),
		valid("status_2", "Status 2: suspended. Whatever is not valid is refused.", "valid_2_bits", "revoked", 1),
		valid("status_3", "Status 3: specific to an application.", "valid_2_bits", "revoked", 3),
		valid("status_255", "Status 255, of eight bits.", "valid_8_bits", "revoked", 3),
		valid("last_of_large", "The last recalled of the draft's list.", "valid_large", "revoked", 1000345),
		valid("beside_last_of_large", "Its neighbour.", "valid_large", "accepted", 1000346),
		valid("recalled", "The last of a list as AuthSec serves it.", "valid_recalled", "revoked", 131071),
		valid("not_recalled", "Its neighbour.", "valid_recalled", "accepted", 131070),
		valid("out_of_range", "The list has no such index.", "valid_2_bits", "unknown", 12),
		valid("far_out_of_range", "The greatest index there can be.", "valid_2_bits", "unknown", 9007199254740991),
		valid("forged_list", "The list is forged.", "forged", "unknown", 2),
		valid("another_list", "The list is another one.", "sub_other_list", "unknown", 2),
		valid("expired_list", "The list has expired.", "exp_long_ago", "unknown", 2),
		valid("no_list", "There is no such list.", "", "unknown", 2),
	}
	wrong := []string{`null`, `"x"`, `[]`}
	for _, value := range wrongReferences() {
		wrong = append(wrong, `{"status_list":`+value+`}`)
	}
	// Whatever else a status may be, it says nothing that could be checked here.
	wrong = append(wrong, `{}`, `{"status_assertion":{}}`)
	for i, value := range wrong {
		cases = append(cases, statusVector{about: bad(claims, fmt.Sprintf("status_wrong_%02d", i+1), statusListDraft+" §6.2",
			"status is "+value+".", b.claim("status", value))})
	}
	return cases
}
