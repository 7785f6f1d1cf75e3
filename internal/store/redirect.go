package store

import "strings"

// SafeRedirect returns target if it stays on the site whatever a browser makes
// of it, and fallback otherwise: a path with a single slash at its beginning,
// without backslashes and control characters.
func SafeRedirect(target, fallback string) string {
	if len(target) > 2048 || target == "" || target[0] != '/' || strings.HasPrefix(target, "//") {
		return fallback
	}
	for i := range len(target) {
		if c := target[i]; c < ' ' || c == 0x7f || c == '\\' {
			return fallback
		}
	}
	return target
}
