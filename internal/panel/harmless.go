package panel

import "bytes"

// harmless returns a page with a sign in the place of characters that would change
// how the text around them is read: those that turn its direction, and control
// characters. No page has any of its own; a name may.
func harmless(page []byte) []byte {
	var out []byte
	last := 0
	for i := 0; i < len(page); {
		n := turning(page[i:])
		if n == 0 {
			i++
			continue
		}
		out = append(append(out, page[last:i]...), "\uFFFD"...)
		i += n
		last = i
	}
	if out == nil {
		return page
	}
	return append(out, page[last:]...)
}

// turning returns how many bytes such a character has at the beginning of a text,
// 0 where there is another one.
func turning(b []byte) int {
	switch c := b[0]; {
	case c < ' ' && c != '\t' && c != '\n' && c != '\r', c == 0x7f:
		return 1
	case c == 0xC2 && len(b) > 1 && b[1] < 0xA0: // U+0080 to U+009F
		return 2
	case c == 0xE2 && len(b) > 2 && (b[1] == 0x80 && b[2] >= 0xAA && b[2] <= 0xAE || // U+202A to U+202E
		b[1] == 0x81 && b[2] >= 0xA6 && b[2] <= 0xA9): // U+2066 to U+2069
		return 3
	case bytes.HasPrefix(b, []byte("\u061C")):
		return 2
	}
	return 0
}
