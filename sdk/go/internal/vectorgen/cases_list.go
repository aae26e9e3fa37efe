package main

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

const statusListDraft = "draft-ietf-oauth-status-list-17"

// The lists of 2^20 statuses, of one, two and four bits, in Appendix C of the draft.
const (
	largeLst     = "eNrt3AENwCAMAEGogklACtKQPg9LugC9k_ACvreiogEAAKkeCQAAAAAAAAAAAAAAAAAAAIBylgQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAXG9IAAAAAAAAAPwsJAAAAAAAAAAAAAAAvhsSAAAAAAAAAAAA7KpLAAAAAAAAAAAAAAAAAAAAAJsLCQAAAAAAAAAAADjelAAAAAAAAAAAKjDMAQAAAACAZC8L2AEb"
	largeTwoLst  = "eNrt2zENACEQAEEuoaBABP5VIO01fCjIHTMStt9ovGVIAAAAAABAbiEBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEB5WwIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAID0ugQAAAAAAAAAAAAAAAAAQG12SgAAAAAAAAAAAAAAAAAAAAAAAAAAAOCSIQEAAAAAAAAAAAAAAAAAAAAAAAD8ExIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAwJEuAQAAAAAAAAAAAAAAAAAAAAAAAMB9SwIAAAAAAAAAAAAAAAAAAACoYUoAAAAAAAAAAAAAAEBqH81gAQw"
	largeFourLst = "eNrt0EENgDAQADAIHwImkIIEJEwCUpCEBBQRHOy35Li1EjoOQGabAgAAAAAAAAAAAAAAAAAAACC1SQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABADrsCAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAADoxaEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIIoCgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACArpwKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAGhqVkAzlwIAAAAAiGVRAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABx3AoAgLpVAQAAAAAAAAAAAAAAwM89rwMAAAAAAAAAAAjsA9xMBMA"
)

// listVector is a status list token and what is to be read from it.
type listVector struct {
	about
	URI        string       `json:"uri"`
	Bits       int          `json:"bits,omitempty"`
	Size       int          `json:"size"` // statuses
	TTL        *int         `json:"ttl,omitempty"`
	IssuedAt   int64        `json:"iat,omitempty"`
	ExpiresAt  int64        `json:"exp,omitempty"`
	Statuses   []statusOfID `json:"statuses,omitempty"`
	OutOfRange []int64      `json:"out_of_range,omitempty"`
}

type statusOfID struct {
	Index  int `json:"idx"`
	Status int `json:"status"`
}

func inOrder(statuses ...int) []statusOfID {
	var all []statusOfID
	for i, s := range statuses {
		all = append(all, statusOfID{i, s})
	}
	return all
}

// amongZeros returns the statuses of some places, and that those behind them are 0
// where none of them is the next.
func amongZeros(places, statuses []int) []statusOfID {
	var all []statusOfID
	for i, place := range places {
		all = append(all, statusOfID{place, statuses[i]})
		if !slices.Contains(places, place+1) {
			all = append(all, statusOfID{place + 1, 0})
		}
	}
	return all
}

func (m minter) listCases() []listVector {
	cases := m.goodLists()
	for _, c := range append(m.listTokenCases(), m.listClaimCases()...) {
		cases = append(cases, listVector{about: c, URI: listURI})
	}
	return cases
}

func (m minter) goodLists() []listVector {
	ten := 10
	list := func(a about, bits, size int, statuses []statusOfID, out ...int64) listVector {
		if out == nil {
			out = []int64{int64(size), int64(size) + 1, 1 << 31, 1 << 40}
		}
		return listVector{about: a, URI: listURI, Bits: bits, Size: size, TTL: &ten, IssuedAt: now - 10, ExpiresAt: now + 290, Statuses: statuses, OutOfRange: out}
	}
	two := m.listBase(2, "eNo76fITAAPfAgc")
	twoStatuses := inOrder(1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3)
	same := func(name, source, description string, d draft) listVector {
		return list(good(name, source, description, d), 2, 12, twoStatuses)
	}
	places := []int{0, 1993, 25460, 159495, 495669, 554353, 645645, 723232, 854545, 934534, 1000345}
	large := amongZeros(places, []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1})
	largeTwo := amongZeros(places, []int{1, 2, 1, 3, 1, 1, 2, 1, 1, 2, 3})
	largeFour := amongZeros([]int{0, 1993, 35460, 459495, 595669, 754353, 845645, 923232, 924445, 934534, 1004534, 1000345, 1030203, 1030204, 1030205},
		[]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
	recalled := make([]byte, 131072/4)
	recalled[5/4] = 1 << (2 * (5 % 4))
	recalled[131071/4] = 1 << 6
	noTTL := same("valid_no_ttl", statusListDraft+" §5.1", "No ttl: the reader's own interval rules.", two.dropClaim("ttl"))
	noTTL.TTL = nil
	atLeeway := same("valid_iat_at_leeway", "RFC 7519 §4.1.6", "Issued exactly the leeway ahead.", two.claim("iat", fmt.Sprint(now+leeway)))
	atLeeway.IssuedAt = now + leeway
	late := same("valid_exp_in_leeway", "RFC 7519 §4.1.4", "Expired a second less than the leeway ago.", two.claim("exp", fmt.Sprint(now-leeway+1)))
	late.ExpiresAt = now - leeway + 1
	return []listVector{
		list(good("valid_1_bit", statusListDraft+" §4.1, §4.2", "The draft's list of one bit.", m.listBase(1, "eNrbuRgAAhcBXQ")), 1, 16,
			inOrder(1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1)),
		same("valid_2_bits", statusListDraft+" §4.1, §4.2", "The draft's list of two bits.", two),
		list(good("valid_4_bits", statusListDraft+" §4.1", "Four bits: the lower half of a byte comes first.", m.listBase(4, deflate(0, []byte{0x10, 0xf2, 0x30}))), 4, 6, inOrder(0, 1, 2, 15, 0, 3)),
		list(good("valid_8_bits", statusListDraft+" §4.1", "Eight bits.", m.listBase(8, deflate(0, []byte{0, 1, 2, 255}))), 8, 4, inOrder(0, 1, 2, 255)),
		list(good("valid_large", statusListDraft+" Appendix C.1", "The draft's list of 2^20 statuses.", m.listBase(1, largeLst)), 1, 1<<20, large),
		list(good("valid_large_2_bits", statusListDraft+" Appendix C.2", "The same of two bits.", m.listBase(2, largeTwoLst)), 2, 1<<20, largeTwo),
		list(good("valid_large_4_bits", statusListDraft+" Appendix C.3", "The same of four bits.", m.listBase(4, largeFourLst)), 4, 1<<20, largeFour),
		list(good("valid_recalled", "AuthSec", "A list as AuthSec serves it: 131,072 statuses, of which 5 and 131071 are recalled. Longer than a token may be.",
			m.listBase(2, deflate(0, recalled))), 2, 131072, []statusOfID{{0, 0}, {4, 0}, {5, 1}, {6, 0}, {131070, 0}, {131071, 1}}),
		list(good("valid_empty", statusListDraft+" §8.3", "No status at all.", m.listBase(2, deflate(0, nil))), 2, 0, nil),
		same("valid_second_key", "RFC 7517 §4.5", "Signed by the second published key.", two.head("kid", `"vector-b"`).by(m.rs256("vector-b"))),
		same("valid_typ_application", "RFC 7515 §4.1.9", "The full media type, in capitals.", two.head("typ", `"APPLICATION/STATUSLIST+JWT"`)),
		same("valid_iss", "RFC 7519 §4.1.1", "iss is not needed, and right where it is there.", two.claim("iss", quote(issuer))),
		same("valid_more", "RFC 7519 §4.3", "Claims and members that are not understood are ignored.",
			two.claim("x", "[1]").claim("status_list", `{"bits":2,"lst":"eNo76fITAAPfAgc","aggregation_uri":"https://authsec.example.com/x"}`)),
		noTTL, atLeeway, late,
	}
}

func (m minter) listTokenCases() []about {
	b := m.listBase(2, "eNo76fITAAPfAgc")
	cut := bad(malformed, "not_three_parts", "RFC 7515 §7.1", "The signature is missing.", b)
	cut.Token = cut.Token[:strings.LastIndex(cut.Token, ".")]
	return []about{
		cut,
		bad(malformed, "sub_twice", "RFC 7519 §4", "sub twice.", b.claimAgain("sub", quote(issuer+"/oauth2/status-lists/2"))),
		bad(algorithm, "alg_none", "RFC 8725 §3.1", "alg none and no signature.", b.head("alg", `"none"`).by(constant(nil))),
		bad(algorithm, "alg_hs256", "RFC 8725 §3.1", "HS256 with the public key as the secret.", b.head("alg", `"HS256"`).by(hs256(m.publicSecrets()["pem"]))),
		bad(algorithm, "alg_es256", "RFC 8725 §3.1", "ES256 by a published key.", b.head("alg", `"ES256"`).head("kid", `"vector-ec"`).by(m.es256("vector-ec"))),
		bad(typ, "typ_missing", statusListDraft+" §8.3", "No typ.", b.dropHead("typ")),
		bad(typ, "typ_jwt", statusListDraft+" §8.3", "typ JWT.", b.head("typ", `"JWT"`)),
		bad(typ, "typ_access_token", statusListDraft+" §8.3", "typ at+jwt: a token is no list.", b.head("typ", `"at+jwt"`)),
		bad(typ, "typ_event", statusListDraft+" §8.3", "typ authsec-recall+jwt: an event is no list.", b.head("typ", `"authsec-recall+jwt"`)),
		bad(header, "crit", "RFC 7515 §4.1.11", "An extension that must be understood.", b.head("crit", `["x"]`)),
		bad(header, "jku", "RFC 8725 §3.10", "A key of the list's own choice.", b.head("jku", `"https://evil.example.com/keys"`)),
		bad(unknownKey, "kid_missing", "RFC 8725 §3.8", "No kid.", b.dropHead("kid")),
		bad(unknownKey, "kid_unpublished", "RFC 8725 §3.8", "Signed by a key that is not published.", b.head("kid", quote(unpublished)).by(m.rs256(unpublished))),
		bad(signature, "forged", "RFC 7515 §5.2", "Signed by a key that is not published, under the kid of one that is.", b.by(m.rs256(unpublished))),
		bad(signature, "signature_empty", "RFC 7515 §5.2", "No signature.", b.by(constant(nil))),
	}
}

func (m minter) listClaimCases() []about {
	b := m.listBase(2, "eNo76fITAAPfAgc")
	const rules = statusListDraft + " §8.3"
	at := func(name string, offset int) draft { return b.claim(name, fmt.Sprint(now+offset)) }
	lst := func(text string) draft { return b.claim("status_list", listObject(2, text)) }
	stored := deflate(0, []byte{0, 1, 2})
	raw := must(base64.RawURLEncoding.DecodeString(stored))
	sum := append([]byte(nil), raw...)
	sum[len(sum)-1] ^= 1
	cases := []about{
		bad(wrongIssuer, "iss_other", "RFC 8725 §3.8", "iss names another issuer.", b.claim("iss", `"https://evil.example.com"`)),
		bad(wrongIssuer, "iss_number", "RFC 7519 §4.1.1", "iss is a number.", b.claim("iss", `7`)),
		bad(subject, "sub_missing", rules, "No sub.", b.dropClaim("sub")),
		bad(subject, "sub_other_list", rules, "Another list of the same issuer.", b.claim("sub", quote(issuer+"/oauth2/status-lists/2"))),
		bad(subject, "sub_slash", rules, "sub is compared exactly.", b.claim("sub", quote(listURI+"/"))),
		bad(subject, "sub_array", rules, "sub is an array.", b.claim("sub", `[`+quote(listURI)+`]`)),
		bad(expired, "exp_at_leeway", "RFC 7519 §4.1.4", "Expired exactly the leeway ago.", at("exp", -leeway)),
		bad(expired, "exp_long_ago", "RFC 7519 §4.1.4", "Expired an hour ago: an old list is replayed.", at("exp", -3600).claim("iat", fmt.Sprint(now-3900))),
		bad(notYetValid, "iat_past_leeway", "RFC 7519 §4.1.6", "Issued a second more than the leeway ahead.", at("iat", leeway+1)),
		bad(claims, "exp_missing", "AuthSec", "No exp: such a list could be replayed for ever.", b.dropClaim("exp")),
		bad(claims, "iat_missing", statusListDraft+" §5.1", "No iat.", b.dropClaim("iat")),
		bad(claims, "exp_text", "RFC 7519 §2", "exp is a string.", b.claim("exp", fmt.Sprintf(`"%d"`, now+290))),
		bad(claims, "iat_fraction", "RFC 7519 §2", "iat has a fraction.", b.claim("iat", fmt.Sprintf("%d.5", now-10))),
		bad(claims, "list_missing", statusListDraft+" §5.1", "No status_list.", b.dropClaim("status_list")),
		bad(claims, "list_text", statusListDraft+" §5.1", "status_list is a string.", b.claim("status_list", `"eNo76fITAAPfAgc"`)),
		bad(claims, "lst_missing", statusListDraft+" §4.2", "No lst.", b.claim("status_list", `{"bits":2}`)),
		bad(claims, "bits_missing", statusListDraft+" §4.2", "No bits.", b.claim("status_list", `{"lst":"eNo76fITAAPfAgc"}`)),
		bad(claims, "lst_padded", statusListDraft+" §4.2", "lst is padded.", lst("eNo76fITAAPfAgc=")),
		bad(claims, "lst_standard_base64", statusListDraft+" §4.2", "lst is base64 and not base64url.", lst("eNo76fITAAPfAgc+/")),
		bad(claims, "lst_trailing_bits", "RFC 4648 §3.5", "The last character of lst has bits that mean nothing.", lst("eNo76fITAAPfAgd")),
		bad(claims, "lst_line_break", "RFC 4648 §3.3", "A line break in lst.", lst("eNo76fIT\nAAPfAgc")),
		bad(claims, "lst_empty", "RFC 1950 §2.2", "lst is empty: no zlib stream.", lst("")),
		bad(claims, "lst_not_compressed", "RFC 1950 §2.2", "The statuses themselves.", lst("yUT5")),
		bad(claims, "lst_raw_deflate", "RFC 1950 §2.2", "DEFLATE without zlib's header.", lst(b64(string(raw[2:len(raw)-4])))),
		bad(claims, "lst_cut", "RFC 1950 §2.2", "The checksum is missing.", lst(b64(string(raw[:len(raw)-4])))),
		bad(claims, "lst_checksum", "RFC 1950 §2.2", "The checksum is wrong.", lst(b64(string(sum)))),
		bad(claims, "lst_trailing", "RFC 1950 §2.2", "A byte follows the zlib stream.", lst(b64(string(raw)+"\x00"))),
		bad(tooLarge, "bomb", "AuthSec", "It decompresses to a byte more than 1 MiB.", lst(deflate(9, make([]byte, 1<<20+1)))),
		bad(tooLarge, "bomb_of_64_mib", "AuthSec", "It decompresses to 64 MiB.", lst(deflate(9, make([]byte, 64<<20)))),
	}
	for i, value := range []string{"0", "3", "16", "-1", "2.0", `"2"`, "null", "[2]"} {
		cases = append(cases, bad(claims, fmt.Sprintf("bits_wrong_%02d", i+1), statusListDraft+" §4.2", "bits is "+value+": want 1, 2, 4 or 8.",
			b.claim("status_list", `{"bits":`+value+`,"lst":"eNo76fITAAPfAgc"}`)))
	}
	for i, value := range []string{"0", "-1", "1.5", `"10"`, "null"} {
		cases = append(cases, bad(claims, fmt.Sprintf("ttl_wrong_%02d", i+1), statusListDraft+" §5.1", "ttl is "+value+": want a positive whole number.", b.claim("ttl", value)))
	}
	return cases
}
