package console

import "authsec/internal/httpapi/wire"

// choose returns the form that a request's Accept-Encoding weighs most, of equals
// the first (RFC 9110 §12.5.3). The last form, identity, is sent when no other is
// accepted, even if it is refused by name: a page half loaded helps nobody.
func choose(forms []form, header []string) form {
	best := forms[len(forms)-1]
	// Not mentioned, identity is acceptable and asked for least.
	most := max(wire.Weight(header, "identity", "*"), 1)
	for i := len(forms) - 2; i >= 0; i-- {
		names := []string{forms[i].coding, "*"}
		if forms[i].coding == "gzip" {
			names = []string{"gzip", "x-gzip", "*"} // RFC 9110 §8.4.1.3
		}
		if w := wire.Weight(header, names...); w >= most {
			best, most = forms[i], w
		}
	}
	return best
}
