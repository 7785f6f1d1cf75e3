// Package email says what an email address is, and which addresses are the
// same: for uniqueness, sign-in, counting of guesses and requests, links and
// delivery alike. What a person or an app sends is stored and shown as it was
// sent. Pages trim the spaces around what a person types; APIs refuse them.
package email

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"clientele/internal/fault"
	"clientele/internal/fold"
)

// The most that an address may have, in bytes, with its domain as DNS has it
// (RFC 5321, RFC 1035).
const (
	maxLength = 254
	maxLocal  = 64
	maxLabel  = 63
)

// MaxText is the most characters that a text may have to be looked at, as
// documented.
const MaxText = 255

// Valid reports whether a text is an email address that a message can be sent
// to. Whether somebody receives it only mail can tell.
func Valid(v string) bool { return Reason(v) == "" }

// Check returns the fault of a field whose value is no email address.
func Check(field fault.Field, v string) (it fault.Item, ok bool) {
	if utf8.RuneCountInString(v) > MaxText {
		return fault.Item{Field: field, Code: fault.TooLong, Want: strconv.Itoa(MaxText)}, false
	}
	_, it, ok = parse(v)
	it.Field = field
	return it, ok
}

// Reason says in a few words what keeps a text from being an email address. It
// is empty for a valid one.
func Reason(v string) string {
	it, ok := Check("", v)
	switch {
	case ok:
		return ""
	case it.Why == "":
		return string(WhyLong)
	}
	return string(it.Why)
}

// Mailbox returns a valid address as messages are sent to it: the local part as
// it was given, composed, and the domain as DNS has it. Any other text is no
// mailbox. Key is the key of a Mailbox too, so two addresses with one key are
// one mailbox, but for the case of letters in the local part.
func Mailbox(v string) (address string, ok bool) {
	address, _, ok = parse(v)
	return address, ok
}

// NeedsUTF8 reports whether a mailbox has a local part that only mail servers
// with SMTPUTF8 take.
func NeedsUTF8(mailbox string) bool {
	return strings.ContainsFunc(mailbox, func(r rune) bool { return r >= utf8.RuneSelf })
}

func parse(v string) (mailbox string, it fault.Item, ok bool) {
	no := func(why fault.Reason, want int, value string) (string, fault.Item, bool) {
		it := fault.Item{Code: fault.BadFormat, Why: why, Value: value}
		if want > 0 {
			it.Want = strconv.Itoa(want)
		}
		return "", it, false
	}
	local, domain, at := strings.Cut(v, "@")
	if !at || local == "" || domain == "" || strings.Contains(domain, "@") || !utf8.ValidString(v) || strings.ContainsFunc(v, blank) {
		return no(WhyNone, 0, "")
	}
	if i := strings.IndexFunc(v, invisible); i >= 0 {
		r, _ := utf8.DecodeRuneInString(v[i:])
		return no(WhyInvisible, 0, fmt.Sprintf("U+%04X", r))
	}
	if i := strings.IndexFunc(local, special); i >= 0 {
		return no(WhySpecial, 0, local[i:i+1])
	}
	if local = compose(local); len(local) > maxLocal {
		return no(WhyLocal, maxLocal, "")
	}
	if r, _ := utf8.DecodeLastRuneInString(domain); dot(r) {
		return no(WhyEmptyPart, 0, "")
	}
	ascii, possible := toASCII(domain)
	if !possible {
		if strings.HasPrefix(domain, ".") || strings.Contains(domain, "..") {
			return no(WhyEmptyPart, 0, "")
		}
		return no(WhyDomain, 0, "")
	}
	for label := range strings.SplitSeq(ascii, ".") {
		switch {
		case label == "":
			return no(WhyEmptyPart, 0, "")
		case len(label) > maxLabel:
			return no(WhyLongPart, maxLabel, "")
		case label[0] == '-' || label[len(label)-1] == '-':
			return no(WhyHyphen, 0, "")
		}
	}
	if mailbox = local + "@" + ascii; len(mailbox) > maxLength {
		return no(WhyLong, maxLength, "")
	}
	return mailbox, it, true
}

func blank(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// domains maps domains as browsers do (UTS 46), with ß for itself, to what DNS
// has: letters, digits and hyphens.
var domains = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(true), idna.CheckHyphens(false), idna.BidiRule())

// toASCII returns a domain as DNS has it. A few symbols become letters that
// may not stand where they do: what comes out has to be a domain too.
func toASCII(domain string) (string, bool) {
	ascii, err := domains.ToASCII(domain)
	if err != nil {
		return "", false
	}
	again, err := domains.ToASCII(ascii)
	return ascii, err == nil && again == ascii
}

// dot reports whether a domain may be written with a character between its
// labels.
func dot(r rune) bool { return r == '.' || r == '\u3002' || r == '\uFF0E' || r == '\uFF61' }

// special reports whether ASCII has a character that stands in no local part
// without quotes (RFC 5322, atext). Dots may stand anywhere: some providers
// have given out such addresses.
func special(r rune) bool { return r < utf8.RuneSelf && strings.ContainsRune(`()<>[]:;,\"`, r) }

// invisible reports whether a character shows nothing, or only changes how
// others are shown, or stands for one that was lost.
func invisible(r rune) bool {
	return fold.Hidden(r) || r == utf8.RuneError || !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S)
}

// Key returns an address in the form in which it is compared: the local part
// in lower case, letter by letter, and the domain as DNS has it, without a dot
// at its end. A text that is no address has a key too, and none has NUL, which
// not every engine takes for text.
func Key(v string) string {
	v = strings.TrimSpace(v)
	if plain(v) {
		return strings.ToLower(v)
	}
	v = strings.ToValidUTF8(strings.ReplaceAll(v, "\x00", "\uFFFD"), "\uFFFD")
	i := strings.LastIndexByte(v, '@')
	if i < 0 {
		return lower(v)
	}
	return strings.TrimSpace(lower(v[:i]) + "@" + domainKey(v[i+1:]))
}

// Same reports whether two texts are one address.
func Same(a, b string) bool { return a == b || Key(a) == Key(b) }

// plain reports whether the key of an address is the address in lower case:
// that of most.
func plain(v string) bool {
	at := strings.LastIndexByte(v, '@')
	if at < 0 || strings.HasSuffix(v, ".") {
		return false
	}
	for i := 0; i < len(v); i++ {
		if c := v[i]; c >= utf8.RuneSelf || c == 0 || c == '-' && i+1 < len(v) && v[i+1] == '-' {
			return false // xn-- and what is like it
		}
	}
	return true
}

func domainKey(v string) string {
	for _, form := range []string{v, lower(v)} {
		if ascii, ok := toASCII(strings.TrimRightFunc(form, dot)); ok {
			return strings.TrimRight(ascii, ".")
		}
	}
	return strings.TrimRightFunc(lower(v), dot)
}

// lower composes a text and brings its letters to lower case one by one, unless
// that has another upper case: ß is not ss, the Kelvin sign is no k, and İ no
// i.
func lower(v string) string {
	return compose(strings.Map(func(r rune) rune {
		l := unicode.ToLower(r)
		if u := unicode.ToUpper(l); u == r || u == l || unicode.ToTitle(l) == r {
			return l
		}
		return r
	}, compose(v)))
}

// compose brings letters with marks to one form (NFC). Letters that are
// another one's twin, such as the Kelvin sign, stay what they are.
func compose(v string) string {
	if norm.NFC.IsNormalString(v) {
		return v
	}
	var b strings.Builder
	from := 0
	for i, r := range v {
		if size := utf8.RuneLen(r); norm.NFC.String(v[i:i+size]) != v[i:i+size] {
			b.WriteString(norm.NFC.String(v[from:i]))
			b.WriteString(v[i : i+size])
			from = i + size
		}
	}
	b.WriteString(norm.NFC.String(v[from:]))
	return b.String()
}

// Keys returns all keys under which an address may be kept: those that earlier
// versions made, until they are made anew, and Key. For nearly all addresses it
// is one. Whoever is found has the address only if the key of their own is Key.
// Where several are, the first has it: they have what was given as it was
// given.
func Keys(v string) []string {
	key := Key(v)
	out := make([]string, 0, 1)
	add := func(k string) {
		if !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	add(former(v))
	add(key)
	at, end := strings.LastIndexByte(key, '@'), strings.LastIndexByte(v, '@')
	if at >= 0 && end >= 0 && strings.Contains(key[at:], "xn--") {
		local := former(v[:end])
		if domain, err := domains.ToUnicode(key[at+1:]); err == nil {
			add(local + "@" + former(domain))
		}
		add(local + key[at:])
	}
	return out
}

// Moved reports whether the key of an address differs from that which earlier
// versions made.
func Moved(v string) bool { return former(v) != Key(v) }

// former is Key as it was before addresses had one form each.
func former(v string) string { return fold.Text(strings.ReplaceAll(v, "\x00", "\uFFFD")) }
