package domain

import (
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of what people may enter. Lengths are in characters unless named Bytes.
const (
	MaxName        = 256
	MaxDescription = 1024
	MaxReason      = 1024
	MaxEmail       = 320
	MaxURI         = 2048
	MaxRoleName    = 64
	MaxActionName  = 128
	MaxSearch      = 256
)

var (
	roleNamePattern   = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]*$`)
	actionNamePattern = regexp.MustCompile(`^[a-z][a-z0-9._-]*:[a-z][a-z0-9._-]*$`)
)

// CheckText adds a fault when s is not printable UTF-8, or has more characters
// than most. Line breaks are allowed only when multiline is set.
func CheckText(f *Faults, field, s string, most int, multiline bool) {
	switch {
	case !utf8.ValidString(s):
		f.Add(field, "invalid_utf8", "%s is not valid UTF-8.", label(field))
	case utf8.RuneCountInString(s) > most:
		f.Add(field, "too_long", "%s has more than %d characters.", label(field), most)
	case strings.ContainsFunc(s, func(r rune) bool { return forbiddenRune(r, multiline) }):
		f.Add(field, "control_character", "%s contains a control or invisible formatting character.", label(field))
	}
}

// forbiddenRune refuses C0/C1 controls, line separators, and the format
// characters that make a name display as another one: bidirectional controls
// (Trojan Source), zero-width spaces, tags. Joiners stay: scripts need them.
func forbiddenRune(r rune, multiline bool) bool {
	if multiline && (r == '\n' || r == '\t') {
		return false
	}
	switch {
	case unicode.IsControl(r), r == '\u2028', r == '\u2029':
		return true
	case unicode.Is(unicode.Cf, r):
		return !unicode.In(r, unicode.Join_Control, unicode.Prepended_Concatenation_Mark)
	}
	return false
}

// CheckName is CheckText for a required one-line name. It returns the name
// without surrounding white space.
func CheckName(f *Faults, field, s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		f.Add(field, "required", "%s is required.", label(field))
		return s
	}
	CheckText(f, field, s, MaxName, false)
	return s
}

// CheckRoleName adds a fault unless s is a role's name.
func CheckRoleName(f *Faults, field, s string) {
	if len(s) > MaxRoleName || !roleNamePattern.MatchString(s) {
		f.Add(field, "invalid_name", "%s must be 1 to %d lower-case letters, digits, dots, dashes or underscores, such as customer-support.", label(field), MaxRoleName)
	}
}

// CheckActionName adds a fault unless s is resource:verb.
func CheckActionName(f *Faults, field, s string) {
	if !ValidActionName(s) {
		f.Add(field, "invalid_name", "%s must be resource:verb in lower case, such as billing:read.", label(field))
	}
}

// ValidActionName reports whether s is a well-formed action name.
func ValidActionName(s string) bool {
	return len(s) <= MaxActionName && actionNamePattern.MatchString(s)
}

// ValidRoleName reports whether s is a well-formed role name.
func ValidRoleName(s string) bool { return len(s) <= MaxRoleName && roleNamePattern.MatchString(s) }

// CheckEmail returns the address without white space and adds a fault unless
// it is one bare address.
func CheckEmail(f *Faults, field, s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		f.Add(field, "required", "%s is required.", label(field))
		return s
	}
	before := len(*f)
	CheckText(f, field, s, MaxEmail, false)
	if len(*f) > before {
		return s
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || a.Name != "" {
		f.Add(field, "invalid_email", "%s must be one email address, such as ana@example.com.", label(field))
	}
	return s
}

// NormalEmail is the form in which addresses are compared and kept unique.
func NormalEmail(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// CheckURI adds a fault unless s is an absolute URI without fragment or
// credentials: what RFC 8707 §2 lets a resource be called.
func CheckURI(f *Faults, field, s string) {
	before := len(*f)
	CheckText(f, field, s, MaxURI, false)
	if len(*f) > before {
		return
	}
	u, err := url.Parse(s)
	if err != nil || !u.IsAbs() || u.Fragment != "" || strings.Contains(s, "#") || u.User != nil ||
		(u.Host == "" && u.Opaque == "") || strings.ContainsFunc(s, notInURI) {
		f.Add(field, "invalid_uri", "%s must be an absolute URI without fragment, such as https://api.example.com/billing.", label(field))
	}
}

// notInURI reports whether r never stands in a URI unescaped (RFC 3986 §2).
func notInURI(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"<>\\^`{|}", r) }

// CheckAudience adds a fault unless s can be an audience: a StringOrURI
// (RFC 7519 §2) without white space.
func CheckAudience(f *Faults, field, s string) {
	if s == "" {
		f.Add(field, "required", "%s must not be empty.", label(field))
		return
	}
	before := len(*f)
	CheckText(f, field, s, MaxURI, false)
	if len(*f) == before && strings.ContainsFunc(s, unicode.IsSpace) {
		f.Add(field, "invalid_uri", "%s must not contain white space.", label(field))
	}
}

// label turns a field's pointer into a word for a sentence: "/selectors/0/key" → "selectors[0].key".
func label(field string) string {
	var b strings.Builder
	for i, part := range strings.Split(strings.TrimPrefix(field, "/"), "/") {
		switch {
		case part != "" && strings.Trim(part, "0123456789") == "":
			b.WriteString("[" + part + "]")
		case i > 0:
			b.WriteString("." + part)
		default:
			b.WriteString(part)
		}
	}
	return b.String()
}
