package main

import (
	"fmt"
	"strings"
)

// maxTokenBytes is the longest token that a verifier looks at.
const maxTokenBytes = 16384

func (m minter) formCases() []vector {
	b := m.base()
	token := b.token()
	head, payload, sig := b.parts()
	text := func(name, source, description, token string) vector {
		return refuseText(malformed, name, source, description, token)
	}
	atLimit := m.ofLength(maxTokenBytes)
	return []vector{
		accept("valid_longest", "RFC 8725 §2.4", "As long as a token may be: 16384 bytes.", atLimit),
		refuse(malformed, "form_too_long", "RFC 8725 §2.4", "One byte longer.", m.ofLength(maxTokenBytes+1)),
		text("form_empty", "RFC 7515 §3.1", "Nothing.", ""),
		text("form_dots_only", "RFC 7515 §3.1", "Two dots.", ".."),
		text("form_one_part", "RFC 7515 §3.1", "The header alone.", head),
		text("form_two_parts", "RFC 7515 §3.1", "No signature part.", head+"."+payload),
		text("form_four_parts", "RFC 7515 §3.1", "A fourth part.", token+"."+sig),
		text("form_trailing_dot", "RFC 7515 §3.1", "An empty fourth part.", token+"."),
		text("form_leading_dot", "RFC 7515 §3.1", "An empty part in front.", "."+token),
		text("form_five_parts", "RFC 7516 §3.1", "Five parts, as an encrypted token has.", token+"."+payload+"."+sig),
		text("form_truncated_payload", "RFC 7515 §5.2", "Cut in the middle of the payload.", token[:len(head)+60]),
		text("form_empty_header", "RFC 7515 §5.2", "The header part is empty.", "."+payload+"."+sig),
		text("form_json_serialization", "RFC 7519 §1", "JWS JSON serialization.",
			fmt.Sprintf(`{"protected":"%s","payload":"%s","signature":"%s"}`, head, payload, sig)),
		text("form_leading_space", "RFC 7515 §2", "A space in front.", " "+token),
		text("form_trailing_space", "RFC 7515 §2", "A space behind.", token+" "),
		text("form_trailing_newline", "RFC 7515 §2", "A line feed behind.", token+"\n"),
		text("form_newline_inside", "RFC 7515 §2", "A line feed in the payload, which some decoders skip.", head+"."+payload[:40]+"\n"+payload[40:]+"."+sig),
		text("form_crlf_in_signature", "RFC 7515 §2", "A line break in the signature, which some decoders skip.", head+"."+payload+"."+sig[:40]+"\r\n"+sig[40:]),
		text("form_space_inside", "RFC 7515 §2", "A space in the payload.", head+"."+payload[:40]+" "+payload[40:]+"."+sig),
		text("form_nul_behind", "RFC 7515 §2", "A NUL behind.", token+"\x00"),
		text("form_padded", "RFC 7515 §2", "Base64 padding behind the signature.", token+"=="),
		text("form_padded_header", "RFC 7515 §2", "Base64 padding behind the header.", head+"=."+payload+"."+sig),
		text("form_standard_alphabet", "RFC 7515 §2", "The characters + and / of ordinary base64.",
			head+"."+payload+"."+strings.NewReplacer("-", "+", "_", "/").Replace(sig)),
		text("form_not_ascii", "RFC 7515 §2", "A letter that base64url does not have.", head+"."+payload+"."+sig[:10]+"é"+sig[11:]),
		text("form_percent", "RFC 7515 §2", "A percent sign in the signature.", head+"."+payload+"."+sig[:10]+"%"+sig[11:]),
		text("form_trailing_bits", "RFC 4648 §3.5", "The last character's unused bits are set: another spelling of the same signature.",
			head+"."+payload+"."+sig[:len(sig)-1]+nextCharacter(sig[len(sig)-1])),
		text("form_bearer_prefix", "RFC 6750 §2.1", "The scheme is not part of the token.", "Bearer "+token),
	}
}

// ofLength returns a valid token of so many bytes.
func (m minter) ofLength(length int) draft {
	for header := range 3 { // base64 has no parts of 4n+1 characters
		short := m.base().head("x-fill", quote(strings.Repeat("h", header)))
		room := length - len(short.claim("x_fill", `""`).token())
		for fill := room * 3 / 4; fill > room*3/4-4; fill-- {
			if d := short.claim("x_fill", quote(strings.Repeat("p", fill))); len(d.token()) == length {
				return d
			}
		}
	}
	panic("no token of that length")
}

func nextCharacter(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, c)+1])
}

func (m minter) jsonCases() []vector {
	b := m.base()
	payload := object(b.payload)
	nested := func(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }
	bad := func(name, source, description string, d draft) vector {
		return refuse(malformed, name, source, description, d)
	}
	return []vector{
		accept("valid_deepest", "RFC 8725 §2.4", "Brackets nest 16 deep, the payload's own included.", b.claim("x", nested(15))),
		bad("json_too_deep", "RFC 8725 §2.4", "Brackets nest 17 deep.", b.claim("x", nested(16))),
		bad("json_far_too_deep", "RFC 8725 §2.4", "Brackets nest 2000 deep.", b.claim("x", nested(2000))),
		bad("json_header_too_deep", "RFC 8725 §2.4", "Brackets nest 17 deep in the header.", b.head("x", nested(16))),
		bad("json_header_not_json", "RFC 7515 §5.2", "The header is not JSON.", b.headText("RS256")),
		bad("json_header_array", "RFC 7515 §5.2", "The header is an array.", b.headText(`["RS256"]`)),
		bad("json_header_null", "RFC 7515 §5.2", "The header is null.", b.headText(`null`)),
		bad("json_header_trailing", "RFC 7515 §5.2", "Something follows the header's object.", b.headText(object(b.header)+`{}`)),
		bad("json_header_invalid_utf8", "RFC 8725 §3.7", "A byte in the header that is not UTF-8.", b.head("x", "\"\xff\"")),
		bad("json_header_alg_twice", "RFC 7515 §4", "alg twice, both RS256.", b.headAgain("alg", `"RS256"`)),
		bad("json_header_alg_none_after", "RFC 7515 §4", "alg RS256, then none.", b.headAgain("alg", `"none"`)),
		bad("json_header_kid_twice", "RFC 7515 §4", "kid twice.", b.headAgain("kid", `"vector-b"`)),
		bad("json_header_twice_escaped", "RFC 7515 §4", "kid twice, once with an escape in the name.", b.headAgain(`k\u0069d`, `"vector-b"`)),
		bad("json_header_twice_inside", "RFC 7515 §4", "A parameter's value repeats a name.", b.head("x", `{"a":1,"a":2}`)),
		bad("json_payload_empty", "RFC 7519 §7.2", "The payload is empty.", b.payloadText("")),
		bad("json_payload_not_json", "RFC 7519 §7.2", "The payload is not JSON.", b.payloadText("billing:read")),
		bad("json_payload_array", "RFC 7519 §7.2", "The payload is an array of the claims.", b.payloadText("["+payload+"]")),
		bad("json_payload_null", "RFC 7519 §7.2", "The payload is null.", b.payloadText("null")),
		bad("json_payload_string", "RFC 7519 §7.2", "The payload is a string that holds the claims.", b.payloadText(quote(payload))),
		bad("json_payload_token", "RFC 7519 §5.2", "The payload is a token.", b.payloadText(b.token())),
		bad("json_payload_trailing", "RFC 7519 §7.2", "Something follows the payload's object.", b.payloadText(payload+"x")),
		bad("json_payload_two_objects", "RFC 7519 §7.2", "A second object follows.", b.payloadText(payload+payload)),
		bad("json_payload_trailing_nul", "RFC 7519 §7.2", "A NUL follows the payload's object.", b.payloadText(payload+"\x00")),
		bad("json_payload_cut", "RFC 7519 §7.2", "The closing brace is missing.", b.payloadText(payload[:len(payload)-1])),
		bad("json_payload_trailing_comma", "RFC 8259 §4", "A comma before the closing brace.", b.payloadText(payload[:len(payload)-1]+",}")),
		bad("json_payload_bom", "RFC 8259 §8.1", "A byte order mark in front.", b.payloadText("\ufeff"+payload)),
		bad("json_payload_utf16", "RFC 8725 §3.7", "The payload is UTF-16.", b.payloadText("\x00"+strings.Join(strings.Split(payload, ""), "\x00"))),
		bad("json_payload_invalid_utf8", "RFC 8725 §3.7", "A byte that is not UTF-8.", b.claim("role", "\"\xff\"")),
		bad("json_payload_surrogate_bytes", "RFC 8725 §3.7", "A surrogate encoded as if it were a character.", b.claim("role", "\"\xed\xa0\x80\"")),
		bad("json_payload_control", "RFC 8259 §7", "A control character in a string.", b.claim("role", "\"a\nb\"")),
		bad("json_payload_nan", "RFC 8259 §6", "NaN, which some decoders read.", b.claim("x", "NaN")),
		bad("json_payload_infinity", "RFC 8259 §6", "Infinity, which some decoders read.", b.claim("x", "Infinity")),
		bad("json_payload_leading_zero", "RFC 8259 §6", "A number with a leading zero.", b.claim("exp", fmt.Sprintf("0%d", now+300))),
		bad("json_payload_comment", "RFC 8259 §2", "A comment.", b.payloadText("/* */"+payload)),
		bad("json_payload_exp_twice", "RFC 7519 §4", "exp twice, the later one later.", b.claimAgain("exp", fmt.Sprint(now+9000))),
		bad("json_payload_exp_same_twice", "RFC 7519 §4", "exp twice, both equal.", b.claimAgain("exp", fmt.Sprint(now+300))),
		bad("json_payload_aud_twice", "RFC 7519 §4", "aud twice.", b.claimAgain("aud", `"https://other.example.com"`)),
		bad("json_payload_scope_escaped_twice", "RFC 7519 §4", "scope twice, once with an escape in the name.", b.claimAgain(`sc\u006fpe`, `"billing:refund"`)),
		bad("json_payload_twice_in_act", "RFC 7519 §4", "act names its sub twice.", b.claim("act", `{"sub":"a","sub":"b"}`)),
		bad("json_payload_twice_in_unknown", "RFC 7519 §4", "A claim that is ignored repeats a name inside.", b.claim("x", `[{"a":1,"a":1}]`)),
	}
}

func (m minter) signatureCases() []vector {
	b := m.base()
	head, payload, sig := b.parts()
	other := b.claim("sub", `"user-1"`)
	otherHead, otherPayload, otherSig := other.parts()
	changedHead, _, _ := b.head("x-note", `1`).parts()
	text := func(name, description, token string) vector {
		return refuseText(signature, name, "RFC 7515 §5.2, RFC 8725 §3.3", description, token)
	}
	raw := b.sign(head + "." + payload)
	flipped := append([]byte(nil), raw...)
	flipped[128] ^= 1
	return []vector{
		text("signature_payload_changed", "The payload of another person's token.", head+"."+otherPayload+"."+sig),
		text("signature_header_changed", "A harmless parameter added to the header.", changedHead+"."+payload+"."+sig),
		text("signature_of_another_token", "A signature of the same key over another token.", otherHead+"."+payload+"."+otherSig),
		text("signature_empty", "No signature.", head+"."+payload+"."),
		text("signature_zero", "256 zero bytes.", head+"."+payload+"."+b64(string(make([]byte, 256)))),
		text("signature_one", "The number one.", head+"."+payload+"."+b64(string(append(make([]byte, 255), 1)))),
		text("signature_all_ones", "A number above the modulus.", head+"."+payload+"."+b64(strings.Repeat("\xff", 256))),
		text("signature_bit_flipped", "One bit is wrong.", head+"."+payload+"."+b64(string(flipped))),
		text("signature_cut", "The last byte is missing.", head+"."+payload+"."+b64(string(raw[:255]))),
		text("signature_longer", "A zero byte behind.", head+"."+payload+"."+b64(string(append(raw[:256:256], 0)))),
		text("signature_zero_in_front", "A zero byte in front.", head+"."+payload+"."+b64("\x00"+string(raw))),
		text("signature_detached", "The payload is left out, as in a detached JWS.", head+".."+sig),
	}
}
