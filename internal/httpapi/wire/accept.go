package wire

import "strings"

// maxItems bounds what is read of a list of preferences.
const maxItems = 64

// Weight returns, in thousandths, what a list of preferences gives to the first
// of the names that is in it (RFC 9110 §12.4.2); 0 if none is, or if its weight
// is malformed.
func Weight(header []string, names ...string) int {
	for _, name := range names {
		left := maxItems
		for _, value := range header {
			for item := range strings.SplitSeq(value, ",") {
				if left--; left < 0 {
					break
				}
				got, parameters, _ := strings.Cut(item, ";")
				if strings.EqualFold(strings.Trim(got, " \t"), name) {
					return quality(parameters)
				}
			}
		}
	}
	return 0
}

// quality returns the weight among an item's parameters, in thousandths.
func quality(parameters string) int {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(strings.Trim(parameter, " \t"), "=")
		if strings.EqualFold(name, "q") {
			return thousandths(value)
		}
	}
	return 1000
}

// thousandths reads a qvalue: "0" or "1", and up to three decimals.
func thousandths(q string) int {
	whole, decimals, _ := strings.Cut(q, ".")
	if (whole != "0" && whole != "1") || len(decimals) > 3 {
		return 0
	}
	n := 0
	for i := range 3 {
		digit := byte('0')
		if i < len(decimals) {
			digit = decimals[i]
		}
		if digit < '0' || digit > '9' {
			return 0
		}
		n = n*10 + int(digit-'0')
	}
	if whole == "1" {
		if n > 0 {
			return 0
		}
		return 1000
	}
	return n
}
