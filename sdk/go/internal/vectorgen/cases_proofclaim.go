package main

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

func (m minter) proofClaimCases() []proofVector {
	const source = "RFC 9449 §4.2, §4.3 no. 3"
	b := m.proofBase()
	var cases []proofVector
	for _, name := range []string{"jti", "htm", "htu", "iat"} {
		cases = append(cases,
			badProof(claims, name+"_missing", source, "No "+name+".", b.dropClaim(name)),
			badProof(claims, name+"_null", source, name+" is null.", b.claim(name, "null")),
			badProof(claims, name+"_list", source, name+" is a list.", b.claim(name, `["x"]`)))
	}
	for _, name := range []string{"jti", "htm", "htu", "nonce"} {
		cases = append(cases,
			badProof(claims, name+"_empty", source, name+" is empty.", b.claim(name, `""`)),
			badProof(claims, name+"_number", source, name+" is a number.", b.claim(name, "7")))
	}
	for i, value := range []string{fmt.Sprintf(`"%d"`, now), fmt.Sprintf("%d.0", now), fmt.Sprintf("%d.5", now), "1.78e9", "-1"} {
		cases = append(cases, badProof(claims, fmt.Sprintf("iat_form_%02d", i+1), "RFC 7519 §2; AuthSec: whole seconds", "iat is "+value+".", b.claim("iat", value)))
	}
	return append(cases,
		badProof(claims, "jti_too_long", "AuthSec: at most 256 bytes", "A jti of 257 bytes.", b.claim("jti", quote(strings.Repeat("j", 257)))),
		badProof(claims, "nonce_too_long", "AuthSec: at most 512 bytes", "A nonce of 513 bytes.", b.claim("nonce", quote(strings.Repeat("n", 513)))),
		badProof(claims, "nonce_null", "RFC 9449 §8", "nonce is null.", b.claim("nonce", "null")),
		badProof(badTime, "iat_long_ago", noProof+" no. 11", "iat 31 seconds ago.", b.claim("iat", fmt.Sprint(now-leeway-1))),
		badProof(badTime, "iat_far_ahead", noProof+" no. 11, §11.1", "iat 31 seconds ahead.", b.claim("iat", fmt.Sprint(now+leeway+1))),
		badProof(badTime, "iat_zero", noProof+" no. 11", "iat is 0.", b.claim("iat", "0")),
		badProof(claims, "iat_milliseconds", "RFC 7519 §2", "iat in milliseconds.", b.claim("iat", fmt.Sprint(now)+"000")),
		badProof(badMethod, "htm_other", noProof+" no. 8", "A proof for POST, a request of GET.", b.claim("htm", `"POST"`)),
		badProof(badMethod, "htm_other_case", "RFC 9110 §9.1", "Methods are case-sensitive.", b.claim("htm", `"get"`)),
		badProof(badMethod, "htm_padded", noProof+" no. 8", "A blank behind the method.", b.claim("htm", `"GET "`)),
	)
}

// targetCases are pairs of htu and URL.
func (m minter) targetCases() []proofVector {
	pair := func(htu, url string) (draft, func(proofVector) proofVector) {
		return m.proofBase().claim("htu", quote(htu)), func(v proofVector) proofVector { v.URL = url; return v }
	}
	same := func(name, description, htu, url string) proofVector {
		d, at := pair(htu, url)
		return at(m.goodProof("valid_htu_"+name, htuSource, description, keyES256, d))
	}
	other := func(name, description, htu, url string) proofVector {
		d, at := pair(htu, url)
		return at(badProof(badTarget, "htu_"+name, htuSource, description, d))
	}
	return []proofVector{
		same("query_of_request", "The request's query does not count.", proofURL, proofURL+"?a=1&b=/x"),
		same("query_of_proof", "Nor does one in htu.", proofURL+"?a=1", proofURL+"?b=2"),
		same("fragment", "Nor a fragment.", proofURL+"#top", proofURL),
		same("host_case", "Host names are compared without regard to case.", "https://Billing.EXAMPLE.com/bills/7", proofURL),
		same("scheme_case", "So are schemes.", "HTTPS://billing.example.com/bills/7", proofURL),
		same("default_port", "Port 443 is https's own.", "https://billing.example.com:443/bills/7", proofURL),
		same("default_port_of_request", "The same in the request.", proofURL, "https://billing.example.com:443/bills/7"),
		same("empty_port", "An empty port is none.", "https://billing.example.com:/bills/7", proofURL),
		same("default_port_http", "Port 80 is http's own.", "http://127.0.0.1:80/x", "http://127.0.0.1/x"),
		same("own_port", "Any other port is compared.", "https://billing.example.com:8443/x", "https://billing.example.com:8443/x"),
		same("ipv6", "An IPv6 address.", "http://[::1]:7469/x", "http://[::1]:7469/x"),
		same("no_path", "No path is /.", "https://billing.example.com", "https://billing.example.com/"),
		same("no_path_query", "No path and a query.", "https://billing.example.com?a=1", "https://billing.example.com/"),
		same("escape_case", "Hexadecimal digits of an escape have no case.", "https://billing.example.com/a%2fb%c3%a9", "https://billing.example.com/a%2Fb%C3%A9"),
		same("escape_needless", "An escape that is not needed.", "https://billing.example.com/%7Eada/%41", "https://billing.example.com/~ada/A"),
		same("dots", "Dot segments.", "https://billing.example.com/a/./b/../c", "https://billing.example.com/a/c"),
		same("dots_escaped", "Dot segments, escaped.", "https://billing.example.com/a/%2e/b/%2E%2e/c", "https://billing.example.com/a/c"),
		same("reserved", "Reserved characters stand for themselves.", "https://billing.example.com/a;b=1,2/@(x)!$&'*+:", "https://billing.example.com/a;b=1,2/@(x)!$&'*+:"),

		other("host", "Another host.", "https://other.example.com/bills/7", proofURL),
		other("host_suffix", "A host that begins alike.", "https://billing.example.com.evil.example/bills/7", proofURL),
		other("host_dot", "A dot at the host's end.", "https://billing.example.com./bills/7", proofURL),
		other("path", "Another path.", "https://billing.example.com/bills/8", proofURL),
		other("path_case", "Paths are case-sensitive.", "https://billing.example.com/Bills/7", proofURL),
		other("path_prefix", "A prefix of the path.", "https://billing.example.com/bills", proofURL),
		other("path_slash", "A slash at the end.", proofURL+"/", proofURL),
		other("path_double_slash", "Two slashes are not one.", "https://billing.example.com//bills/7", proofURL),
		other("escaped_slash", "An escaped slash is none.", "https://billing.example.com/bills%2F7", proofURL),
		other("scheme", "http for https.", "http://billing.example.com/bills/7", proofURL),
		other("port", "Another port.", "https://billing.example.com:8443/bills/7", proofURL),
		other("port_80", "Port 80 is not https's.", "https://billing.example.com:80/bills/7", proofURL),
		other("user", "A user name.", "https://ada@billing.example.com/bills/7", proofURL),
		other("relative", "A path alone.", "/bills/7", proofURL),
		other("no_scheme", "No scheme.", "//billing.example.com/bills/7", proofURL),
		other("other_scheme", "Another scheme.", "ftp://billing.example.com/bills/7", proofURL),
		other("no_host", "No host.", "https:///bills/7", proofURL),
		other("blank", "A blank in front.", " "+proofURL, proofURL),
		other("backslash", "A backslash is no slash.", `https://billing.example.com\bills\7`, proofURL),
		other("broken_escape", "A broken escape.", "https://billing.example.com/%zz", proofURL),
		other("not_uri", "A character that stands in no URI (RFC 3986 §2) is not its escape.", "https://billing.example.com/a|b", "https://billing.example.com/a%7Cb"),
		other("not_ascii", "A letter that is not ASCII.", "https://billing.example.com/bills/é", "https://billing.example.com/bills/%C3%A9"),
	}
}

func sortProofs(cases []proofVector) {
	slices.SortFunc(cases, func(a, b proofVector) int { return cmp.Compare(a.Name, b.Name) })
}

func fromB64(s string) string { return string(must(base64.RawURLEncoding.DecodeString(s))) }
