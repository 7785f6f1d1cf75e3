// Package email says what an email address is, and in which form addresses
// are compared: for uniqueness, sign-in, counting of guesses and links alike.
// What a person or an app sends is stored and shown as it was sent. Pages trim
// the spaces around what a person types; APIs refuse them.
package email

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"clientele/internal/fold"
)

// MaxLength is the most characters an address may have.
const MaxLength = 255

// Valid reports whether a text looks like an email address: something on both
// sides of one @ and neither spaces nor control characters. Whether it receives
// mail only mail can tell.
func Valid(v string) bool {
	local, domain, ok := strings.Cut(v, "@")
	return ok && local != "" && domain != "" && !strings.Contains(domain, "@") && utf8.ValidString(v) &&
		!strings.ContainsFunc(v, func(r rune) bool {
			return unicode.IsSpace(r) || unicode.IsControl(r) || r == ',' || r == '<' || r == '>'
		})
}

// Key returns an address in the form in which it is compared. NUL, which not
// every engine takes for text, is in no address.
func Key(v string) string {
	return fold.Text(strings.ReplaceAll(v, "\x00", "\uFFFD"))
}
