package main

import "fmt"

// eventVector is an event of GET /oauth2/revocations and what is to be read from it.
type eventVector struct {
	about
	Event *event `json:"event,omitempty"`
}

// event is a heartbeat when it names neither a status nor a token.
type event struct {
	Sequence int64  `json:"seq"`
	IssuedAt int64  `json:"iat"`
	URI      string `json:"uri,omitempty"`
	Index    *int64 `json:"idx,omitempty"`
	TokenID  string `json:"jti,omitempty"`
	Fresh    *bool  `json:"fresh,omitempty"` // of a heartbeat: whether it is a sign of life at now
}

// eventBase is a heartbeat.
func (m minter) eventBase() draft {
	return draft{
		header: []member{{"alg", `"RS256"`}, {"typ", `"authsec-heartbeat+jwt"`}, {"kid", `"vector-a"`}},
		payload: []member{
			{"iss", quote(issuer)},
			{"iat", fmt.Sprint(now - 2)},
			{"seq", "41"},
		},
		sign: m.rs256("vector-a"),
	}
}

func (m minter) eventCases() []eventVector {
	b := m.eventBase()
	recalls := b.head("typ", `"authsec-recall+jwt"`)
	recall := recalls.claim("seq", "42").claim("status_list", fmt.Sprintf(`{"idx":5,"uri":%s}`, quote(listURI)))
	token := recalls.claim("seq", "43").claim("jti", `"token-1"`)
	five, yes, no := int64(5), true, false
	heartbeat := func(seq, iat int64, fresh *bool) *event { return &event{Sequence: seq, IssuedAt: iat, Fresh: fresh} }
	status := &event{Sequence: 42, IssuedAt: now - 2, URI: listURI, Index: &five}
	old := *status
	old.IssuedAt = now - 86400
	cases := []eventVector{
		{good("valid_heartbeat", "AuthSec", "A heartbeat: every recall up to seq has been sent or concerns others.", b), heartbeat(41, now-2, &yes)},
		{good("valid_heartbeat_zero", "AuthSec", "A heartbeat before the first recall.", b.claim("seq", "0")), heartbeat(0, now-2, &yes)},
		{good("valid_heartbeat_at_leeway", "AuthSec", "A heartbeat as old as the leeway.", b.claim("iat", fmt.Sprint(now-leeway))), heartbeat(41, now-leeway, &yes)},
		{good("valid_heartbeat_replayed", "AuthSec", "A heartbeat a second older than the leeway is genuine, and no sign of life.", b.claim("iat", fmt.Sprint(now-leeway-1))), heartbeat(41, now-leeway-1, &no)},
		{good("valid_status", "AuthSec", "Status 5 of list 1 is recalled.", recall), status},
		{good("valid_token", "AuthSec", "The token token-1 is revoked.", token), &event{Sequence: 43, IssuedAt: now - 2, TokenID: "token-1"}},
		{good("valid_old_status", "AuthSec", "A recall never gets too old.", recall.claim("iat", fmt.Sprint(now-86400))), &old},
		{good("valid_second_key", "RFC 7517 §4.5", "Signed by the second published key.", recall.head("kid", `"vector-b"`).by(m.rs256("vector-b"))), status},
		{good("valid_typ_application", "RFC 7515 §4.1.9", "The full media type, in capitals.", b.head("typ", `"APPLICATION/AUTHSEC-HEARTBEAT+JWT"`)), heartbeat(41, now-2, &yes)},
		{good("valid_more", "RFC 7519 §4.3", "Claims that are not understood are ignored.", recall.claim("x", "[1]")), status},
	}
	for _, c := range m.badEvents(b, recall, token) {
		cases = append(cases, eventVector{about: c})
	}
	return cases
}

func (m minter) badEvents(b, recall, token draft) []about {
	cut := bad(malformed, "not_three_parts", "RFC 7515 §7.1", "Two parts.", recall)
	cut.Token = "e30.e30"
	cases := []about{
		cut,
		bad(malformed, "seq_twice", "RFC 7519 §4", "seq twice.", recall.claimAgain("seq", "7")),
		bad(algorithm, "alg_none", "RFC 8725 §3.1", "alg none and no signature.", b.head("alg", `"none"`).by(constant(nil))),
		bad(algorithm, "alg_hs256", "RFC 8725 §3.1", "HS256 with the public key as the secret.", b.head("alg", `"HS256"`).by(hs256(m.publicSecrets()["pem"]))),
		bad(typ, "typ_missing", "RFC 8725 §3.11", "No typ.", b.dropHead("typ")),
		bad(typ, "typ_jwt", "RFC 8725 §3.11", "typ JWT.", recall.head("typ", `"JWT"`)),
		bad(typ, "typ_access_token", "RFC 8725 §3.11", "typ at+jwt: a token is no event.", recall.head("typ", `"at+jwt"`)),
		bad(typ, "typ_list", "RFC 8725 §3.11", "typ statuslist+jwt: a list is no event.", recall.head("typ", `"statuslist+jwt"`)),
		bad(header, "x5u", "RFC 8725 §3.10", "A certificate of the event's own choice.", recall.head("x5u", `"https://evil.example.com/x"`)),
		bad(unknownKey, "kid_missing", "RFC 8725 §3.8", "No kid.", recall.dropHead("kid")),
		bad(unknownKey, "kid_unpublished", "RFC 8725 §3.8", "Signed by a key that is not published.", recall.head("kid", quote(unpublished)).by(m.rs256(unpublished))),
		bad(signature, "forged_heartbeat", "RFC 7515 §5.2", "A heartbeat by a key that is not published, under the kid of one that is.", b.by(m.rs256(unpublished))),
		bad(signature, "forged_status", "RFC 7515 §5.2", "A recall by a key that is not published, under the kid of one that is.", recall.by(m.rs256(unpublished))),
		bad(wrongIssuer, "iss_missing", "RFC 8725 §3.8", "No iss.", recall.dropClaim("iss")),
		bad(wrongIssuer, "iss_other", "RFC 8725 §3.8", "Another issuer.", recall.claim("iss", `"https://evil.example.com"`)),
		bad(wrongIssuer, "iss_slash", "RFC 8725 §3.8", "iss is compared exactly.", recall.claim("iss", quote(issuer+"/"))),
		bad(notYetValid, "iat_past_leeway", "RFC 7519 §4.1.6", "Issued a second more than the leeway ahead.", b.claim("iat", fmt.Sprint(now+leeway+1))),
		bad(claims, "iat_missing", "AuthSec", "No iat.", b.dropClaim("iat")),
		bad(claims, "iat_text", "RFC 7519 §2", "iat is a string.", b.claim("iat", `"1779999990"`)),
		bad(claims, "seq_missing", "AuthSec", "No seq.", recall.dropClaim("seq")),
		bad(claims, "status_seq_zero", "AuthSec", "A recall's seq is at least 1.", recall.claim("seq", "0")),
		bad(claims, "both", "AuthSec", "A status and a token.", recall.claim("jti", `"token-1"`)),
		bad(claims, "neither", "AuthSec", "A recall of nothing.", recall.dropClaim("status_list")),
		bad(claims, "heartbeat_with_status", "RFC 8725 §3.12", "A heartbeat that recalls a status.", recall.head("typ", `"authsec-heartbeat+jwt"`)),
		bad(claims, "heartbeat_with_token", "RFC 8725 §3.12", "A heartbeat that revokes a token.", token.head("typ", `"authsec-heartbeat+jwt"`)),
		bad(claims, "status_list_text", "AuthSec", "status_list is a string.", recall.claim("status_list", quote(listURI))),
		bad(claims, "jti_empty", "AuthSec", "jti is empty.", token.claim("jti", `""`)),
		bad(claims, "jti_number", "AuthSec", "jti is a number.", token.claim("jti", `1`)),
		bad(claims, "jti_null", "AuthSec", "jti is null.", token.claim("jti", `null`)),
	}
	for i, value := range []string{"-1", "1.0", `"41"`, "null", "9007199254740992"} {
		cases = append(cases, bad(claims, fmt.Sprintf("seq_wrong_%02d", i+1), "AuthSec", "seq is "+value+": want a whole number from 0 to 2^53-1.", b.claim("seq", value)))
	}
	for i, value := range wrongReferences() {
		cases = append(cases, bad(claims, fmt.Sprintf("status_wrong_%02d", i+1), statusListDraft+" §6.2", "status_list is "+value+".", recall.claim("status_list", value)))
	}
	return cases
}
