package v2

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/net/html/charset"

	"clientele/internal/jsonx"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
)

// xmlFormat says the same as the JSON in elements: an array is an element in
// the plural around ones in the singular, a link object a link element.
var xmlFormat = &rest.Format{
	Extension: ".xml",
	Types:     []string{"application/xml", "text/xml"},
	Encode:    toXML,
	Decode:    fromXML,
}

// singulars are the names of what a list holds.
var singulars = map[string]string{
	"customers": "customer", "addresses": "address", "customer_groups": "customer_group", "countries": "country", "states": "state",
	"errors": "error", "discount_rules": "discount_rule", "categories": "category", "form_fields": "form_field",
	"active_comparison_modules": "module", "hooks": "hook", "orders": "order", "statuses": "status", "products": "product",
}

var elementName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

func singular(plural string) string {
	if s, ok := singulars[plural]; ok {
		return s
	}
	return "item"
}

// root returns the name of an answer's outermost element.
func root(resource string, status int, v jsonx.Value) string {
	if status >= 400 {
		return "errors"
	}
	plural := "store"
	for part := range strings.SplitSeq(strings.Trim(resource, "/"), "/") {
		if _, ok := singulars[part]; ok || part == "time" {
			plural = part
		}
	}
	if s, ok := singulars[plural]; ok && v.Kind() == jsonx.Object && !v.Get("count").Present() {
		return s
	}
	return plural
}

func toXML(c *rest.Call, status int, text []byte) ([]byte, error) {
	v, err := jsonx.Parse(text, jsonx.Limits{})
	if err != nil {
		return nil, err
	}
	b := bytes.NewBufferString(xml.Header)
	element(b, root(c.Resource(), status, v), v)
	b.WriteByte('\n')
	return b.Bytes(), nil
}

func element(b *bytes.Buffer, name string, v jsonx.Value) {
	b.WriteByte('<')
	if elementName.MatchString(name) {
		b.WriteString(name)
	} else { // the name of a header can be what no element's can
		b.WriteString(`item name="`)
		escape(b, name)
		b.WriteByte('"')
		name = "item"
	}
	b.WriteByte('>')
	switch v.Kind() {
	case jsonx.Array:
		one := singular(name)
		for _, e := range v.Elems() {
			element(b, one, e)
		}
	case jsonx.Object:
		url, isLink := v.Get("url").Str()
		resource, hasResource := v.Get("resource").Str()
		if isLink && hasResource {
			b.WriteString(`<link rel="resource" href="`)
			escape(b, url)
			b.WriteString(`">`)
			escape(b, resource)
			b.WriteString(`</link>`)
			break
		}
		for key, m := range v.Members() {
			element(b, key, m)
		}
	default:
		s, _ := decode.Scalar(v)
		escape(b, s)
	}
	b.WriteString("</")
	b.WriteString(name)
	b.WriteByte('>')
}

func escape(b *bytes.Buffer, s string) {
	// A bytes.Buffer never fails.
	_ = xml.EscapeText(b, []byte(s))
}

// arrays are the elements of a request that are lists.
var arrays = map[string]bool{"discount_rules": true, "categories": true}

const maxXMLDepth = 24

// xmlReader is a decoder that refuses references to surrogates, which it would
// take for U+FFFD: they are halves of characters, and no text can hold them.
type xmlReader struct {
	*xml.Decoder
	text []byte
}

// Token is that of the decoder.
func (r *xmlReader) Token() (xml.Token, error) {
	from := r.InputOffset()
	token, err := r.Decoder.Token()
	if err == nil && refersToSurrogate(r.text[from:r.InputOffset()]) {
		return nil, errors.New("a character reference to a surrogate")
	}
	return token, err
}

// refersToSurrogate looks at a token as it was written. Sections of characters,
// comments and instructions have no references.
func refersToSurrogate(raw []byte) bool {
	if bytes.HasPrefix(raw, []byte("<!")) || bytes.HasPrefix(raw, []byte("<?")) {
		return false
	}
	for {
		_, after, ok := bytes.Cut(raw, []byte("&#"))
		if !ok {
			return false
		}
		raw = after
		digits, _, _ := bytes.Cut(after, []byte(";"))
		base := 10
		if hex, ok := bytes.CutPrefix(digits, []byte("x")); ok {
			digits, base = hex, 16
		}
		if n, err := strconv.ParseUint(string(digits), base, 64); err == nil && n <= utf8.MaxRune && utf16.IsSurrogate(rune(n)) {
			return true
		}
	}
}

// toUTF8 returns a document in UTF-8. How it is encoded the media type says or
// else, as RFC 7303 has it, the document itself. ISO-8859-1 is read as
// windows-1252, which it is a part of.
func toUTF8(text []byte, label string) ([]byte, error) {
	for _, mark := range []string{"\xfe\xff", "\xff\xfe", "\x00<", "<\x00"} {
		if bytes.HasPrefix(text, []byte(mark)) {
			return nil, wrongEncoding("UTF-16")
		}
	}
	if rest, ok := bytes.CutPrefix(text, []byte("\xef\xbb\xbf")); ok {
		return rest, nil // this mark tells more certainly than any word
	}
	if label == "" {
		label = declared(text)
	}
	if label == "" {
		return text, nil
	}
	switch e, name := charset.Lookup(label); name {
	case "utf-8":
		return text, nil
	case "windows-1252":
		return e.NewDecoder().Bytes(text)
	}
	return nil, wrongEncoding(label)
}

func wrongEncoding(label string) error {
	return fmt.Errorf("the encoding %.40q is not read: UTF-8, ISO-8859-1 and windows-1252 are", label)
}

// declared returns the encoding that a document declares, or nothing for
// UTF-8.
func declared(text []byte) (label string) {
	d := xml.NewDecoder(bytes.NewReader(text))
	d.CharsetReader = func(l string, text io.Reader) (io.Reader, error) {
		label = l
		return text, nil
	}
	// What is wrong with the document shows when it is read.
	_, _ = d.RawToken()
	return label
}

// fromXML turns a document into JSON: an element with elements into an object
// or a list, another into a string. Names of the outermost element and of
// elements in lists do not matter.
func fromXML(text []byte, charset string) ([]byte, error) {
	text, err := toUTF8(text, charset)
	if err != nil {
		return nil, err
	}
	d := &xmlReader{xml.NewDecoder(bytes.NewReader(text)), text}
	d.CharsetReader = func(_ string, text io.Reader) (io.Reader, error) { return text, nil } // see toUTF8
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil, errors.New("no element")
		}
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			b, err := fromElement(d, "", nil, 0)
			if err == nil && b[0] == '"' {
				return []byte("{}"), trailing(d) // an element without elements
			}
			if err == nil {
				err = trailing(d)
			}
			return b, err
		case xml.Directive:
			_ = t
			return nil, errors.New("document types are not accepted")
		}
	}
}

// trailing refuses a second document.
func trailing(d *xmlReader) error {
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, ok := token.(xml.StartElement); ok {
			return errors.New("more than one outermost element")
		}
	}
}

// fromElement appends the element that has just begun.
func fromElement(d *xmlReader, name string, b []byte, depth int) ([]byte, error) {
	if depth == maxXMLDepth {
		return nil, errors.New("too many elements within each other")
	}
	list := arrays[name]
	start := len(b)
	var chars []byte
	members := 0
	for {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.CharData:
			chars = append(chars, t...)
		case xml.StartElement:
			if members++; members > 1 {
				b = append(b, ',')
			} else if list {
				b = append(b, '[')
			} else {
				b = append(b, '{')
			}
			if !list {
				b = jsonx.AppendString(b, t.Name.Local)
				b = append(b, ':')
			}
			if b, err = fromElement(d, t.Name.Local, b, depth+1); err != nil {
				return nil, err
			}
		case xml.EndElement:
			switch {
			case members == 0 && list:
				return append(b, "[]"...), nil
			case members == 0:
				return jsonx.AppendString(b[:start], string(chars)), nil
			case list:
				return append(b, ']'), nil
			}
			return append(b, '}'), nil
		case xml.Directive:
			return nil, errors.New("document types are not accepted")
		}
	}
}
