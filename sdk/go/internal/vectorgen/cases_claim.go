package main

import (
	"fmt"
	"strings"
)

// wrongTypes are values that are no string and no number.
var wrongTypes = []string{`null`, `true`, `[]`, `{}`}

func (m minter) issuerCases() []vector {
	var cases []vector
	for i, value := range []string{
		issuer + "/", "https://AuthSec.example.com", "HTTPS://authsec.example.com", "http://authsec.example.com", "https://authsec.example.com:443",
		"https://authsec.example.com.evil.example", "https://authsec.example.co", "authsec.example.com", "https://evil.example", "",
	} {
		cases = append(cases, refuse(wrongIssuer, fmt.Sprintf("iss_wrong_%02d", i+1), "RFC 8725 §3.8",
			"iss is compared exactly: "+quote(value)+" is another issuer.", m.base().claim("iss", quote(value))))
	}
	for i, value := range append([]string{`1`, `[` + quote(issuer) + `]`}, wrongTypes...) {
		cases = append(cases, refuse(wrongIssuer, fmt.Sprintf("iss_type_%02d", i+1), "RFC 7519 §4.1.1", "iss is "+value+".", m.base().claim("iss", value)))
	}
	return append(cases, refuse(wrongIssuer, "iss_missing", "RFC 9068 §2.2", "No iss.", m.base().dropClaim("iss")))
}

func (m minter) audienceCases() []vector {
	const source = "RFC 8725 §3.9"
	b := m.base()
	cases := []vector{
		accept("valid_aud_array", "RFC 7519 §4.1.3", "aud is an array of one.", b.claim("aud", `[`+quote(audience)+`]`)),
		accept("valid_aud_several", "RFC 7519 §4.1.3", "aud is an array, with ours second.", b.claim("aud", `["https://other.example.com",`+quote(audience)+`]`)),
		refuse(wrongAud, "aud_missing", "RFC 9068 §2.2", "No aud.", b.dropClaim("aud")),
		refuse(wrongAud, "aud_other_several", source, "Several, none ours.", b.claim("aud", `["https://other.example.com","https://third.example.com"]`)),
		refuse(wrongAud, "aud_number_beside_ours", "RFC 7519 §4.1.3", "Ours beside a number.", b.claim("aud", `[`+quote(audience)+`,1]`)),
		refuse(wrongAud, "aud_nested_array", "RFC 7519 §4.1.3", "Ours in an array in an array.", b.claim("aud", `[[`+quote(audience)+`]]`)),
	}
	for i, value := range []string{
		"https://other.example.com", audience + "/", "https://BILLING.example.com", audience + ".evil.example", "https://billing.example.co",
		audience + " https://other.example.com", audience + ",https://other.example.com", "*", "",
	} {
		cases = append(cases, refuse(wrongAud, fmt.Sprintf("aud_wrong_%02d", i+1), source,
			"aud is compared exactly: "+quote(value)+" is another audience.", b.claim("aud", quote(value))))
	}
	for i, value := range append([]string{`1`}, wrongTypes...) {
		cases = append(cases, refuse(wrongAud, fmt.Sprintf("aud_type_%02d", i+1), "RFC 7519 §4.1.3", "aud is "+value+".", b.claim("aud", value)))
	}
	return cases
}

func (m minter) timeCases() []vector {
	b := m.base()
	at := func(name string, offset int) draft { return b.claim(name, fmt.Sprint(now+offset)) }
	cases := []vector{
		accept("valid_exp_in_leeway", "RFC 7519 §4.1.4", "Expired a second less than the leeway ago.", at("exp", 1-leeway)),
		accept("valid_exp_now", "RFC 7519 §4.1.4", "Expires now.", at("exp", 0)),
		refuse(expired, "exp_at_leeway", "RFC 7519 §4.1.4", "Expired exactly the leeway ago: now must lie before exp plus leeway.", at("exp", -leeway)),
		refuse(expired, "exp_past_leeway", "RFC 7519 §4.1.4", "Expired a second more than the leeway ago.", at("exp", -leeway-1)),
		refuse(expired, "exp_long_ago", "RFC 7519 §4.1.4", "Expired an hour ago.", at("exp", -3600)),
		refuse(expired, "exp_zero", "RFC 7519 §4.1.4", "Expired in 1970.", b.claim("exp", "0")),
		accept("valid_nbf_at_leeway", "RFC 7519 §4.1.5", "Valid from exactly the leeway ahead.", at("nbf", leeway)),
		refuse(notYetValid, "nbf_past_leeway", "RFC 7519 §4.1.5", "Valid from a second more than the leeway ahead.", at("nbf", leeway+1)),
		refuse(notYetValid, "nbf_far", "RFC 7519 §4.1.5", "Valid in an hour.", at("nbf", 3600).claim("exp", fmt.Sprint(now+7200))),
		accept("valid_iat_at_leeway", "RFC 7519 §4.1.6", "Issued exactly the leeway ahead.", at("iat", leeway)),
		refuse(notYetValid, "iat_past_leeway", "RFC 7519 §4.1.6", "Issued a second more than the leeway ahead.", at("iat", leeway+1)),
		accept("valid_exp_last_second", "RFC 3339 §5.6", "The last second of the year 9999.", b.claim("exp", "253402300799")),
	}
	for _, name := range []string{"exp", "iat", "nbf"} {
		cases = append(cases, refuse(claims, name+"_missing", "RFC 9068 §2.2", "No "+name+".", b.dropClaim(name)))
		good := now - 10
		if name == "exp" {
			good = now + 300
		}
		for i, value := range append([]string{
			fmt.Sprintf(`"%d"`, good), fmt.Sprintf("%d.5", good), fmt.Sprintf("%d.0", good), fmt.Sprintf("%de0", good),
			"-1", fmt.Sprintf("-%d", good), "253402300800", "9223372036854775808", "1e300", `[` + fmt.Sprint(good) + `]`,
		}, wrongTypes...) {
			cases = append(cases, refuse(claims, fmt.Sprintf("%s_type_%02d", name, i+1), "RFC 7519 §2",
				name+" is "+value+": want a whole number of seconds from 1970 to 9999.", b.claim(name, value)))
		}
	}
	return cases
}

func (m minter) requiredCases() []vector {
	var cases []vector
	for _, name := range []string{"sub", "client_id", "jti"} {
		cases = append(cases, refuse(claims, name+"_missing", "RFC 9068 §2.2", "No "+name+".", m.base().dropClaim(name)))
		for i, value := range append([]string{`""`, `7`, `["x"]`}, wrongTypes...) {
			cases = append(cases, refuse(claims, fmt.Sprintf("%s_wrong_%02d", name, i+1), "RFC 9068 §2.2", name+" is "+value+".", m.base().claim(name, value)))
		}
	}
	return cases
}

func (m minter) actorCases() []vector {
	const source = "RFC 8693 §4.1"
	b := m.base()
	chain := func(length int) string {
		var text strings.Builder
		for i := range length {
			fmt.Fprintf(&text, `{"sub":"spiffe://authsec.local/agent/%d"`, i)
			if i < length-1 {
				text.WriteString(`,"act":`)
			}
		}
		return text.String() + strings.Repeat("}", length)
	}
	cases := []vector{
		accept("valid_act_chain", source, "An agent that acts for an agent.", b.claim("act", chain(2))),
		accept("valid_act_longest_chain", source, "A chain of eight actors.", b.claim("act", chain(8))),
		refuse(claims, "act_chain_too_long", source, "A chain of nine actors.", b.claim("act", chain(9))),
		refuse(claims, "act_missing", source, "No act: a person's own token is not an agent's.", b.dropClaim("act")),
	}
	for i, value := range []string{
		`null`, `"spiffe://authsec.local/agent/1"`, `7`, `[{"sub":"a"}]`, `{}`, `{"client_id":"a"}`, `{"sub":""}`, `{"sub":7}`, `{"sub":null}`,
		`{"sub":"a","client_id":7}`, `{"sub":"a","act":null}`, `{"sub":"a","act":"b"}`, `{"sub":"a","act":{}}`, `{"sub":"a","act":[{"sub":"b"}]}`,
	} {
		cases = append(cases, refuse(claims, fmt.Sprintf("act_wrong_%02d", i+1), source,
			"act is "+value+": want an object that names its sub, at every level.", b.claim("act", value)))
	}
	return cases
}

func (m minter) scopeCases() []vector {
	const agree = "RFC 8693 §4.2; AuthSec: permissions is a copy of scope"
	b := m.base()
	two := b.claim("scope", `"billing:read billing:refund"`)
	cases := []vector{
		accept("valid_no_scope", "RFC 9068 §2.2.3", "No scope allows no action.", b.dropClaim("scope")),
		accept("valid_empty_scope", "RFC 9068 §2.2.3", "An empty scope and empty permissions.", b.claim("scope", `""`).claim("permissions", `[]`)),
		accept("valid_scope_repeated", "RFC 6749 §3.3", "An action twice is the action.", b.claim("scope", `"billing:read billing:refund billing:read"`)),
		accept("valid_permissions_other_order", agree, "The same set in another order.", two.claim("permissions", `["billing:refund","billing:read"]`)),
		accept("valid_permissions_repeated", agree, "The same set with a repetition.", two.claim("permissions", `["billing:refund","billing:read","billing:refund"]`)),
		refuse(claims, "permissions_more", agree, "permissions holds an action more.", b.claim("permissions", `["billing:read","billing:refund"]`)),
		refuse(claims, "permissions_fewer", agree, "permissions holds an action less.", two.claim("permissions", `["billing:read"]`)),
		refuse(claims, "permissions_other", agree, "permissions holds another action.", b.claim("permissions", `["billing:refund"]`)),
		refuse(claims, "permissions_empty", agree, "permissions is empty, scope is not.", b.claim("permissions", `[]`)),
		refuse(claims, "permissions_other_case", agree, "Actions are case-sensitive.", b.claim("permissions", `["Billing:Read"]`)),
		refuse(claims, "permissions_without_scope", agree, "permissions without a scope.", b.dropClaim("scope").claim("permissions", `["billing:read"]`)),
		refuse(claims, "permissions_joined", agree, "Two actions in one string.", two.claim("permissions", `["billing:read billing:refund"]`)),
	}
	for i, value := range []string{`null`, `"billing:read"`, `{"billing:read":true}`, `["billing:read",7]`, `["billing:read",null]`, `[["billing:read"]]`} {
		cases = append(cases, refuse(claims, fmt.Sprintf("permissions_type_%02d", i+1), agree, "permissions is "+value+".", b.claim("permissions", value)))
	}
	for i, value := range []string{
		`null`, `7`, `["billing:read"]`, `" billing:read"`, `"billing:read "`, `"billing:read  billing:refund"`, `"billing:read\tbilling:refund"`,
		`"billing:read\nbilling:refund"`, `"billing:\"read"`, `"billing:\\read"`, `"billing:r\u00e9ad"`, `" "`,
	} {
		cases = append(cases, refuse(claims, fmt.Sprintf("scope_wrong_%02d", i+1), "RFC 6749 §3.3", "scope is "+value+".", b.claim("scope", value)))
	}
	return cases
}

func (m minter) otherCases() []vector {
	b := m.base()
	var cases []vector
	for i, value := range []string{
		`{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}`, `{"x5t#S256":"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}`, `{}`, `null`,
	} {
		cases = append(cases, refuse(constrained, fmt.Sprintf("cnf_%02d", i+1), "RFC 7800 §3.1, RFC 9449 §6",
			"cnf is "+value+": a verifier that cannot check the constraint must refuse the token.", b.claim("cnf", value)))
	}
	for _, name := range []string{"delegation_id", "role", "attestation", "spiffe_id", "agent_type", "user_id", "email"} {
		cases = append(cases,
			refuse(claims, name+"_number", "RFC 7519 §4.3", name+" is a number.", b.claim(name, "7")),
			refuse(claims, name+"_null", "RFC 7519 §4.3", name+" is null.", b.claim(name, "null")))
	}
	return cases
}
