// Package redact shows exchanges of HTTP without what is secret or personal in
// them: journals and recordings are made with it. What it does not know to be
// harmless it does not show. Secrets become a mask; other texts become texts of
// the same form, each always the same one, so that what belongs together still
// does.
package redact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"net/netip"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"clientele/api"
	"clientele/internal/history"
)

// Mask stands for a secret.
var Mask = strings.Trim(history.Masked, `"`)

// Redactor makes pseudonyms under a key: with the same key they are the same.
type Redactor struct{ key []byte }

// New returns a Redactor.
func New(key []byte) *Redactor { return &Redactor{key: key} }

// Exchange redacts a request and its answer. What it has met of a person is
// found again in sentences.
type Exchange struct {
	of  *Redactor
	met map[string]string
}

// Exchange begins one.
func (r *Redactor) Exchange() *Exchange { return &Exchange{of: r, met: map[string]string{}} }

// stream are pseudo-random bytes that the key and a text alone tell.
type stream struct {
	key  []byte
	of   string
	n    uint64
	left []byte
}

func (s *stream) next() byte {
	if len(s.left) == 0 {
		mac := hmac.New(sha256.New, s.key)
		mac.Write([]byte(s.of))
		mac.Write(binary.BigEndian.AppendUint64(nil, s.n))
		s.left = mac.Sum(nil)
		s.n++
	}
	b := s.left[0]
	s.left = s.left[1:]
	return b
}

var address = pattern(`[^\s<>()\[\],;:"'\\@=&?/{}|]+@[A-Za-z0-9\x{80}-\x{10FFFF}](?:[A-Za-z0-9.\x{80}-\x{10FFFF}-]*[A-Za-z0-9\x{80}-\x{10FFFF}])?`)

// machine is the address of one.
var machine = pattern(`[0-9]{1,3}(?:\.[0-9]{1,3}){3}`)

// Pseudonym returns a text of the same form: an address for an address, a day
// for a day, letters for letters, digits for digits. A word has the same one
// wherever it stands, so that what looks for a part of a text finds it.
func (r *Redactor) Pseudonym(text string) string {
	if at := address().FindStringIndex(text); at != nil && at[0] == 0 && at[1] == len(text) {
		mac := hmac.New(sha256.New, r.key)
		mac.Write([]byte(strings.ToLower(text)))
		return "u" + hex.EncodeToString(mac.Sum(nil)[:6]) + "@example.com"
	}
	if strings.Contains(text, " ") {
		words := strings.Split(text, " ")
		for i, w := range words {
			words[i] = r.Pseudonym(w)
		}
		return strings.Join(words, " ")
	}
	s := stream{key: r.key, of: text}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil && at.Format(layout) == text {
			days, seconds := int(s.next())<<8|int(s.next()), int(s.next())<<8|int(s.next())
			return time.Date(1950, 1, 1+days%25_000, 0, 0, seconds, 0, at.Location()).Format(layout)
		}
	}
	var b strings.Builder
	for _, c := range text {
		switch n := s.next(); {
		case unicode.IsUpper(c):
			b.WriteByte('A' + n%26)
		case unicode.IsLetter(c):
			b.WriteByte('a' + n%26)
		case unicode.IsDigit(c):
			b.WriteByte('1' + n%9) // no number begins with 0
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

func (e *Exchange) pseudonym(text string) string {
	if text == "" {
		return ""
	}
	out := e.of.Pseudonym(text)
	if len(text) >= 3 && len(e.met) < 10_000 {
		e.met[text] = out
	}
	return out
}

// words are those of the API document and of the schema of GraphQL, in which no
// person is.
var words = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	for _, text := range [][]byte{api.YAML(), api.Schema(), api.AdminSchema()} {
		for _, w := range strings.FieldsFunc(string(text), func(c rune) bool { return !unicode.IsLetter(c) }) {
			out[strings.ToLower(w)] = true
		}
	}
	for w := range strings.FieldsSeq(known) {
		out[w] = true
	}
	return out
})

// known are words of answers, hosts and media types that the document has not.
const known = `formfield application json xml form urlencoded multipart text html charset utf gzip deflate br localhost http https keep alive close no store cache max age
	login account wishlist subscribe unsubscribe privacy language sitemap graphql php jwt bearer basic realm not found unauthorized forbidden internal server error
	additional missing property got want match must valid enum minimum maximum pattern undeclared declared bytes header accepted answered
	bad gateway timeout service unavailable mozilla go client curl node axios python requests bigcommerce www com myshopify created updated deleted`

// ordinary are further words of the program's sentences.
var ordinary = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(`a an the is are be was were been has have had do does did done of or and to in on at by for from with without no nothing none nobody only one two more most less than that this these those which who whose whom what where when why how
		it its he she they there here then so as if but both either neither each every all any some other another same such here too much many few now before after since until again already yet still also always never ever
		can cannot could must should would shall needs needed wants want expected goes go gone comes come came gives given take takes taken taken used unused made make makes known unknown sent found missing
		wrong right good broken expired revoked refused asked answered allowed forbidden accepted rejected signed unsigned signature header headers member members value values character characters digit digits letter letters word words
		seconds minutes hours days ago later soon long short least most empty whole zero first last next new old own server servers client clients request requests body read reads written write writes
		credentials grants scope scopes lacks route routes path paths parameter parameters twice once elsewhere meanwhile temporarily wait try repeat time times limit limits rate spent quota locked held back password passwords`) {
		out[w] = true
	}
	return out
})

// own reports whether a word may be one of the program's own sentences.
func own(w string) bool { return harmless(w) || ordinary()[strings.ToLower(w)] }

// Sentence returns a text with only those of its words that are the program's. What
// was met of a person and consists of such words is replaced where it stands as a
// value, in quotes: elsewhere the word is the program's own.
func (e *Exchange) Sentence(text string) string {
	for was, now := range e.met {
		if len(was) < 4 || !strings.Contains(text, was) {
			continue
		}
		if slices.ContainsFunc(strings.FieldsFunc(was, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }), func(w string) bool { return !own(w) }) {
			text = replaceWhole(text, was, now)
			continue
		}
		for _, quote := range []string{`"`, "'", "`"} {
			text = strings.ReplaceAll(text, quote+was+quote, quote+now+quote)
		}
	}
	text = address().ReplaceAllStringFunc(text, func(s string) string {
		if slices.Contains(e.pseudonyms(), s) {
			return s
		}
		return e.pseudonym(s)
	})
	text = machine().ReplaceAllStringFunc(text, func(s string) string {
		if ip, err := netip.ParseAddr(s); err != nil || ip.IsLoopback() || ip.IsUnspecified() {
			return s
		}
		return e.of.Pseudonym(s)
	})
	var b strings.Builder
	fake := e.pseudonyms()
	for len(text) > 0 {
		if at := address().FindStringIndex(text); at != nil && at[0] == 0 {
			b.WriteString(text[:at[1]])
			text = text[at[1]:]
			continue
		}
		i := strings.IndexFunc(text, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
		switch {
		case i == 0:
			c := []rune(text)[0]
			b.WriteRune(c)
			text = text[len(string(c)):]
			continue
		case i < 0:
			i = len(text)
		}
		w := text[:i]
		text = text[i:]
		if own(w) || slices.Contains(fake, w) {
			b.WriteString(w)
		} else {
			b.WriteString(e.of.Pseudonym(w))
		}
	}
	return b.String()
}

// replaceWhole replaces a text where it is no part of a longer word.
func replaceWhole(in, was, now string) string {
	word := func(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) }
	var b strings.Builder
	for {
		i := strings.Index(in, was)
		if i < 0 {
			b.WriteString(in)
			return b.String()
		}
		before, _ := utf8.DecodeLastRuneInString(in[:i])
		after, _ := utf8.DecodeRuneInString(in[i+len(was):])
		first, _ := utf8.DecodeRuneInString(was)
		last, _ := utf8.DecodeLastRuneInString(was)
		b.WriteString(in[:i])
		if word(before) && word(first) || word(after) && word(last) {
			b.WriteString(was)
		} else {
			b.WriteString(now)
		}
		in = in[i+len(was):]
	}
}

func (e *Exchange) pseudonyms() []string {
	out := make([]string, 0, len(e.met))
	for _, p := range e.met {
		out = append(out, p)
	}
	return out
}

// harmless reports whether a word is one of the API's, or a short number.
func harmless(w string) bool {
	if len(w) <= 6 && strings.Trim(w, "0123456789") == "" {
		return true
	}
	letters := strings.Trim(w, "0123456789")
	return letters != "" && len(w)-len(letters) <= 4 && words()[strings.ToLower(letters)]
}

// shown are headers whose values are told.
var shown = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	for _, name := range []string{
		"Accept", "Accept-Encoding", "Accept-Language", "Access-Control-Allow-Methods", "Allow", "Cache-Control", "Connection", "Content-Encoding", "Content-Language", "Content-Length",
		"Content-Type", "Date", "Host", "Idempotent-Replayed", "If-Modified-Since", "Last-Modified", "Retry-After", "Strict-Transport-Security", "Transfer-Encoding", "Vary",
		"X-Bc-Graphql-Complexity", "X-Bc-Graphql-Operation-Type", "X-Clientele-Fault", "X-Content-Type-Options", "X-Rate-Limit-Requests-Left", "X-Rate-Limit-Requests-Quota",
		"X-Rate-Limit-Time-Reset-Ms", "X-Rate-Limit-Time-Window-Ms", "X-Request-Id", "X-Retry-After", "Content-Security-Policy", "Referrer-Policy",
	} {
		out[name] = true
	}
	return out
})

// Header redacts headers.
func (e *Exchange) Header(h http.Header) http.Header {
	out := make(http.Header, len(h))
	for name, values := range h {
		name = textproto.CanonicalMIMEHeaderKey(name)
		for _, v := range values {
			switch {
			case shown()[name]:
			case name == "Location", name == "Origin", name == "Referer":
				v = e.URL(v)
			case name == "X-Clientele-Reason", name == "User-Agent", name == "Www-Authenticate":
				v = e.Sentence(v)
			default:
				v = Mask
			}
			out[name] = append(out[name], v)
		}
	}
	return out
}
