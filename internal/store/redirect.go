package store

import (
	"fmt"
	"strings"
)

// SafeRedirect returns target, percent-encoded, if it stays on the site whatever
// a browser makes of it, and fallback otherwise: a path with a single slash at
// its beginning, without backslashes and control characters.
func SafeRedirect(target, fallback string) string {
	if len(target) > 2048 || target == "" || target[0] != '/' || strings.HasPrefix(target, "//") {
		return fallback
	}
	for i := range len(target) {
		if c := target[i]; c < ' ' || c == 0x7f || c == '\\' {
			return fallback
		}
	}
	return percentEncoded(target)
}

// percentEncoded encodes what RFC 3986 lets nowhere into a URL. What is encoded
// already stays as it is.
func percentEncoded(target string) string {
	var b strings.Builder
	for i := range len(target) {
		c := target[i]
		bad := c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0
		if bad || c == '%' && !(i+2 < len(target) && isHex(target[i+1]) && isHex(target[i+2])) {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}
