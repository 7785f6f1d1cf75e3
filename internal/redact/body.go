package redact

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"unicode"

	"clientele/internal/geo"
	"clientele/internal/history"
)

// kind is what the name of a member says of its text.
type kind uint8

const (
	unknown kind = iota
	secret
	harmlessText // as it is
	place        // as it is, if it is a country or one of its states
	label        // as it is, if it consists of the API's words: apps choose it
	dateText     // as it is, if it is a date
	number       // as it is, if it is a number or an id
	sentence
	link
)

// names are the members whose texts are told, by what they must look like.
var names = sync.OnceValue(func() map[string]kind {
	out := map[string]kind{}
	for k, text := range map[kind]string{
		harmlessText: `type address_type country_code country_iso2 sort scope permission_set resource_type currency currency_code
			locale timezone method operation_name __typename status_code allow deny consents producer engine scopes permissions permission set_cookie include`,
		place:    `country state state_or_province`,
		label:    `source namespace platform brand`,
		dateText: `date created updated`,
		number: `id ids entity_id amount price total count limit page per_page current_page total_pages store_credit balance sku_count min max last_4 in
			code status_id version left quota`,
		sentence: `title message detail reason errors error status invalid_reason conflict_reason description_of path path_of`,
		link:     `url current next previous resource links url_path location website`,
	} {
		for name := range strings.FieldsSeq(text) {
			out[name] = k
		}
	}
	return out
})

// of returns what a name says, however it is spelled.
func of(name string) kind {
	name = snake(name)
	if history.Secret(name) {
		return secret
	}
	for _, part := range []string{"password", "passwd", "token", "secret", "jwt", "csrf", "signature", "authorization", "cookie", "private_key", "session", "hash_config"} {
		if strings.Contains(name, part) {
			return secret
		}
	}
	if strings.HasSuffix(name, "_pass") {
		return secret
	}
	name, _, _ = strings.Cut(name, ":")
	if k, ok := names()[name]; ok {
		return k
	}
	switch {
	case strings.HasPrefix(name, "date_"), strings.HasSuffix(name, "_at"), strings.HasSuffix(name, "_date"):
		return dateText
	case strings.HasSuffix(name, "_id"), strings.HasSuffix(name, "_ids"), strings.HasSuffix(name, "_amount"), strings.HasSuffix(name, "_count"):
		return number
	}
	return unknown
}

// snake turns camelCase into snake_case.
func snake(name string) string {
	var b strings.Builder
	for i, c := range name {
		if unicode.IsUpper(c) {
			if i > 0 && !strings.HasSuffix(b.String(), "_") {
				b.WriteByte('_')
			}
			c = unicode.ToLower(c)
		}
		if c == '-' {
			c = '_'
		}
		b.WriteRune(c)
	}
	return b.String()
}

// pattern is one that is made when it is first asked for: few servers are asked.
func pattern(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}

var (
	numeric  = pattern(`^-?[0-9]{1,12}(\.[0-9]{1,6})?(,-?[0-9]{1,12})*$|^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	calendar = pattern(`^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]{5,15}(Z|[+-][0-9:]{4,6})?)?$|^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} [+-][0-9]{4}$|^[0-9]{8,10}$`)
	plain    = pattern(`^[\pL0-9_ .,:*/'()-]{0,60}$`)
)

// text redacts the text of a member.
func (e *Exchange) text(name, v string) string {
	switch k := of(name); {
	case v == "", v == "true", v == "false":
		return v
	case k == secret:
		return Mask
	case k == place && places()[v], k == label && segment(strings.ReplaceAll(v, " ", "-")), k == harmlessText && plain().MatchString(v), k == dateText && calendar().MatchString(v), k == number && numeric().MatchString(v):
		return v
	case k == sentence, strings.HasPrefix(v, "clientele-"):
		return e.Sentence(v)
	case k == link && (strings.ContainsAny(v, "/?")):
		return e.URL(v)
	case strings.Contains(v, ",") && strings.Contains(v, "@"): // a list of addresses
		parts := strings.Split(v, ",")
		for i, p := range parts {
			parts[i] = e.pseudonym(p)
		}
		return strings.Join(parts, ",")
	}
	return e.pseudonym(v)
}

// places are the countries and states of the world, as they are written.
var places = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	for _, c := range geo.Countries() {
		out[c.Name], out[c.Code], out[c.Code3] = true, true, true
		for _, s := range c.States {
			out[s.Name], out[s.Code] = true, true
		}
	}
	return out
})

// URL redacts an address.
func (e *Exchange) URL(text string) string {
	at, query, asked := strings.Cut(text, "?")
	scheme, rest, absolute := strings.Cut(at, "://")
	if !absolute {
		rest = at
	}
	segments := strings.Split(rest, "/")
	for i, s := range segments {
		if plainText, err := url.PathUnescape(s); err == nil {
			s = plainText
		}
		if absolute && i == 0 || i > 0 && segments[i-1] == "stores" || s == "" || numeric().MatchString(s) || segment(s) {
			continue
		}
		segments[i] = e.pseudonym(s)
	}
	out := strings.Join(segments, "/")
	if absolute {
		out = scheme + "://" + out
	}
	if asked {
		out += "?" + e.query(query)
	}
	return out
}

// segment reports whether a segment of a path holds the API's words alone.
func segment(s string) bool {
	for part := range strings.FieldsFuncSeq(s, func(c rune) bool { return c == '-' || c == '_' || c == '.' || c == ':' }) {
		if !harmless(part) {
			return false
		}
	}
	return true
}

// query redacts what a form posts, or what stands behind an address, in its order.
func (e *Exchange) query(text string) string {
	var out []string
	for pair := range strings.SplitSeq(text, "&") {
		name, value, has := strings.Cut(pair, "=")
		n, err := url.QueryUnescape(name)
		if err != nil {
			n = "unreadable"
		}
		v, err := url.QueryUnescape(value)
		if err != nil {
			v = Mask
		}
		shownName := name
		if !segment(n) {
			shownName = url.QueryEscape(e.pseudonym(n))
		}
		if !has {
			out = append(out, shownName)
			continue
		}
		if n == "query" && strings.ContainsAny(v, "{") {
			v = e.Document(v)
		} else {
			v = e.parameter(n, v)
		}
		out = append(out, shownName+"="+strings.NewReplacer("%3A", ":", "%2C", ",", "%40", "@").Replace(url.QueryEscape(v)))
	}
	return strings.Join(out, "&")
}

// parameter redacts the value of a parameter. What stands behind the colon of
// its name tells how the value is compared.
func (e *Exchange) parameter(name, v string) string {
	base, _, _ := strings.Cut(name, ":")
	if base == "sort" || base == "include" || base == "action" || base == "include_fields" {
		return e.Sentence(v)
	}
	if strings.Contains(v, ",") {
		parts := strings.Split(v, ",")
		for i, p := range parts {
			parts[i] = e.text(base, p)
		}
		return strings.Join(parts, ",")
	}
	return e.text(base, v)
}

// Body redacts a body. What has no form that is known is told by its size.
func (e *Exchange) Body(contentType string, body []byte) []byte {
	if len(body) == 0 {
		return nil
	}
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		media = "application/json" // or told by its size
	}
	switch {
	case media == "application/x-www-form-urlencoded":
		return []byte(e.query(string(body)))
	case strings.HasSuffix(media, "json"), media == "text/plain" && json.Valid(body):
		if out, err := e.json(body); err == nil {
			return out
		}
	case strings.HasSuffix(media, "xml"):
		return e.xml(body)
	}
	return fmt.Appendf(nil, "[%s, %d bytes]", media, len(body))
}

var element = pattern(`<([A-Za-z_][\w.-]*)([^<>]*)>([^<]+)</`)

func (e *Exchange) xml(body []byte) []byte {
	return element().ReplaceAllFunc(body, func(m []byte) []byte {
		p := element().FindSubmatch(m)
		text := strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&#34;", `"`, "&#39;", "'", "&amp;", "&").Replace(string(p[3]))
		if strings.TrimSpace(text) == "" {
			return m
		}
		var b bytes.Buffer
		fmt.Fprintf(&b, "<%s>", p[1]) // attributes are not told
		b.WriteString(strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(e.text(string(p[1]), text)))
		b.WriteString("</")
		return b.Bytes()
	})
}

// json redacts a JSON text. Order and white space between members are lost and
// kept, respectively: it is written anew, in its order.
func (e *Exchange) json(body []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var b bytes.Buffer
	if err := e.value(d, &b, "", unknown); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("there is more than one value")
	}
	return b.Bytes(), nil
}

// value redacts the next value, of a member called name. within is what an outer
// name says of all that is in it.
func (e *Exchange) value(d *json.Decoder, b *bytes.Buffer, name string, within kind) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	switch v := t.(type) {
	case json.Delim:
		return e.compound(d, b, name, within, v)
	case string:
		switch {
		case within == secret:
			v = Mask
		case within == sentence:
			v = e.Sentence(v)
		case name == "query" && strings.Contains(v, "{"):
			v = e.Document(v)
		default:
			v = e.text(name, v)
		}
		return encode(b, v)
	case json.Number:
		text := v.String()
		if within == secret || of(name) == secret {
			return encode(b, Mask)
		}
		if personal := snake(name); strings.Contains(personal, "phone") || len(text) > 15 {
			text = e.of.Pseudonym(text)
		}
		b.WriteString(text)
	case bool:
		fmt.Fprint(b, v)
	case nil:
		b.WriteString("null")
	}
	return nil
}

func encode(b *bytes.Buffer, v string) error {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // the line's end
	return nil
}

func (e *Exchange) compound(d *json.Decoder, b *bytes.Buffer, name string, within kind, open json.Delim) error {
	if k := of(name); within == unknown && (k == secret || k == sentence) {
		within = k
	}
	b.WriteByte(byte(open))
	for first := true; d.More(); first = false {
		if !first {
			b.WriteByte(',')
		}
		member := name
		if open == '{' {
			t, err := d.Token()
			if err != nil {
				return err
			}
			member, _ = t.(string)
			shown := member
			if !segment(member) && !strings.HasPrefix(member, "__") {
				shown = e.Sentence(member)
			}
			if err := encode(b, shown); err != nil {
				return err
			}
			b.WriteByte(':')
		}
		if err := e.value(d, b, member, within); err != nil {
			return err
		}
	}
	t, err := d.Token()
	if err != nil {
		return err
	}
	if end, ok := t.(json.Delim); ok {
		b.WriteByte(byte(end))
	}
	return nil
}

var literal = pattern(`"""(?s:.*?)"""|"(?:[^"\\\n]|\\.)*"|#[^\n]*`)

// Document redacts a document of GraphQL: what stands in it as text.
func (e *Exchange) Document(text string) string {
	return literal().ReplaceAllStringFunc(text, func(s string) string {
		switch {
		case strings.HasPrefix(s, "#"):
			return "#"
		case strings.HasPrefix(s, `"""`):
			return `"""` + e.pseudonym(s[3:len(s)-3]) + `"""`
		}
		var v string
		if json.Unmarshal([]byte(s), &v) != nil {
			return `"` + Mask + `"`
		}
		var b bytes.Buffer
		if err := encode(&b, e.pseudonym(v)); err != nil {
			return `"` + Mask + `"`
		}
		return b.String()
	})
}
