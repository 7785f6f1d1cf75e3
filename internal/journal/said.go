package journal

import (
	"net/http"
	"net/url"
	"strings"
)

// Said is what a request says, in one text: its query, decoded, and its body,
// which is decoded if it is a form.
func Said(h http.Header, uri string, body []byte) string {
	var b strings.Builder
	if _, query, ok := strings.Cut(uri, "?"); ok {
		b.WriteString(decoded(query))
		b.WriteByte('\n')
	}
	if strings.HasPrefix(h.Get("Content-Type"), "application/x-www-form-urlencoded") {
		b.WriteString(decoded(string(body)))
	} else {
		b.WriteString(escapes.Replace(string(body)))
	}
	return b.String()
}

// escapes are those that JSON texts may have in an address of email.
var escapes = strings.NewReplacer(`\u0040`, "@", `\u002b`, "+", `\u002B`, "+")

func decoded(text string) string {
	out, err := url.QueryUnescape(text)
	if err != nil {
		return text
	}
	return out
}
