package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Schema tells what is wrong with a value that was read with json.Number.
type Schema interface{ Validate(value any) error }

// Compiler returns the schema that a JSON pointer into the document leads to.
type Compiler func(pointer string) (Schema, error)

// ownCompiler is a Compiler for the part of JSON Schema that the document uses.
// The library that tests use takes milliseconds of each start, whoever asks; tests
// hold this one to it.
func ownCompiler(root any) Compiler {
	c := &compiler{root: root, made: map[string]*schema{}}
	return func(pointer string) (Schema, error) { return c.at(pointer) }
}

type compiler struct {
	root any
	made map[string]*schema
}

// schema is a schema as it is checked.
type schema struct {
	never                bool // false: nothing fits
	ref                  *schema
	types                []string
	properties           map[string]*schema
	required             []string
	additional, items    *schema
	oneOf                []*schema
	enum                 []any
	pattern              func() *regexp.Regexp
	patternText, format  string
	minimum, maximum     *big.Rat
	minLength, maxLength int // of texts; -1: none
	minItems, maxItems   int
	minProps, maxProps   int
	unique               bool
}

// annotations are keywords that check nothing.
var annotations = []string{"description", "examples", "default", "title", "deprecated", "readOnly", "writeOnly"}

func (c *compiler) at(pointer string) (*schema, error) {
	if s := c.made[pointer]; s != nil {
		return s, nil
	}
	value := c.root
	for key := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		key = strings.NewReplacer("~1", "/", "~0", "~").Replace(key)
		var ok bool
		switch v := value.(type) {
		case map[string]any:
			value, ok = v[key]
		case []any:
			i := 0
			if _, err := fmt.Sscan(key, &i); err == nil && i >= 0 && i < len(v) {
				value, ok = v[i], true
			}
		}
		if !ok {
			return nil, fmt.Errorf("%s leads nowhere", pointer)
		}
	}
	s := &schema{minLength: -1, maxLength: -1, minItems: -1, maxItems: -1, minProps: -1, maxProps: -1}
	c.made[pointer] = s // before it is read: schemas may be within themselves
	return s, c.read(s, pointer, value)
}

func (c *compiler) read(s *schema, pointer string, value any) (err error) {
	if is, ok := value.(bool); ok {
		s.never = !is
		return nil
	}
	m, ok := value.(map[string]any)
	if !ok {
		return fmt.Errorf("%s is no schema", pointer)
	}
	sub := func(key string) *schema {
		out, e := c.at(pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key))
		if err == nil {
			err = e
		}
		return out
	}
	count := func(v any, to *int) {
		if n, ok := v.(json.Number); ok {
			i, e := n.Int64()
			if *to = int(i); e == nil {
				return
			}
		}
		err = fmt.Errorf("%s: %v is no count", pointer, v)
	}
	texts := func(v any) (out []string) {
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for _, x := range list {
			text, ok := x.(string)
			if !ok {
				err = fmt.Errorf("%s: %v is no text", pointer, x)
			}
			out = append(out, text)
		}
		return out
	}
	rat := func(v any) *big.Rat {
		r, ok := new(big.Rat).SetString(fmt.Sprint(v))
		if !ok {
			err = fmt.Errorf("%s: %v is no number", pointer, v)
		}
		return r
	}
	for key, v := range m {
		switch key {
		case "$ref":
			to, ok := strings.CutPrefix(fmt.Sprint(v), "#")
			if !ok {
				return fmt.Errorf("%s: $ref %v leaves the document", pointer, v)
			}
			var e error
			if s.ref, e = c.at(to); e != nil {
				return e
			}
		case "type":
			s.types = texts(v)
		case "properties":
			of, ok := v.(map[string]any)
			if !ok {
				return fmt.Errorf("%s: properties is no object", pointer)
			}
			s.properties = map[string]*schema{}
			for name := range of {
				s.properties[name] = c.property(pointer, name, &err)
			}
		case "required":
			s.required = texts(v)
		case "additionalProperties":
			s.additional = sub(key)
		case "items":
			s.items = sub(key)
		case "oneOf":
			list, _ := v.([]any)
			for i := range list {
				of, e := c.at(fmt.Sprintf("%s/oneOf/%d", pointer, i))
				if e != nil {
					return e
				}
				s.oneOf = append(s.oneOf, of)
			}
		case "enum":
			s.enum, _ = v.([]any)
		case "const":
			s.enum = []any{v}
		case "pattern":
			s.patternText = fmt.Sprint(v)
			if _, e := regexp.Compile(s.patternText); e != nil {
				return fmt.Errorf("%s: %w", pointer, e)
			}
			s.pattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(s.patternText) })
		case "format":
			s.format = fmt.Sprint(v)
		case "minimum":
			s.minimum = rat(v)
		case "maximum":
			s.maximum = rat(v)
		case "minLength":
			count(v, &s.minLength)
		case "maxLength":
			count(v, &s.maxLength)
		case "minItems":
			count(v, &s.minItems)
		case "maxItems":
			count(v, &s.maxItems)
		case "minProperties":
			count(v, &s.minProps)
		case "maxProperties":
			count(v, &s.maxProps)
		case "uniqueItems":
			s.unique = v == true
		default:
			if !slices.Contains(annotations, key) {
				return fmt.Errorf("%s: the keyword %s is not checked: add it to package contract", pointer, key)
			}
		}
	}
	return err
}

func (c *compiler) property(pointer, name string, err *error) *schema {
	out, e := c.at(pointer + "/properties/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
	if *err == nil {
		*err = e
	}
	return out
}

// problems are what is wrong, a line each.
type problems []string

// Error implements error.
func (p problems) Error() string { return strings.Join(p, "\n") }

// mostProblems bounds what is told of one value.
const mostProblems = 20

func (p *problems) add(at, format string, args ...any) {
	if len(*p) < mostProblems {
		*p = append(*p, "at '"+at+"': "+fmt.Sprintf(format, args...))
	}
}

// Validate implements Schema.
func (s *schema) Validate(value any) error {
	var p problems
	s.check("", value, &p)
	if len(p) == 0 {
		return nil
	}
	return p
}

func typeOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case json.Number:
		if r, ok := new(big.Rat).SetString(v.String()); ok && r.IsInt() {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	}
	return "object"
}

func (s *schema) check(at string, v any, p *problems) {
	if s.never {
		p.add(at, "nothing may be here")
		return
	}
	if s.ref != nil {
		s.ref.check(at, v, p)
	}
	if is := typeOf(v); len(s.types) > 0 && !slices.Contains(s.types, is) && (is != "integer" || !slices.Contains(s.types, "number")) {
		p.add(at, "got %s, want %s", is, strings.Join(s.types, " or "))
		return
	}
	if len(s.enum) > 0 && !slices.ContainsFunc(s.enum, func(e any) bool { return same(e, v) }) {
		p.add(at, "value must be one of %v", s.enum)
	}
	switch v := v.(type) {
	case string:
		s.checkText(at, v, p)
	case json.Number:
		if r, ok := new(big.Rat).SetString(v.String()); ok {
			if s.minimum != nil && r.Cmp(s.minimum) < 0 {
				p.add(at, "minimum: got %s, want %s", v, s.minimum.RatString())
			}
			if s.maximum != nil && r.Cmp(s.maximum) > 0 {
				p.add(at, "maximum: got %s, want %s", v, s.maximum.RatString())
			}
		}
	case []any:
		s.checkList(at, v, p)
	case map[string]any:
		s.checkObject(at, v, p)
	}
	if len(s.oneOf) > 0 {
		fit := 0
		for _, of := range s.oneOf {
			if of.Validate(v) == nil {
				fit++
			}
		}
		if fit != 1 {
			p.add(at, "oneOf: %d schemas fit, want one", fit)
		}
	}
}

// same reports whether two values are the same to JSON Schema, where 1 is 1.0.
func same(a, b any) bool {
	if x, ok := a.(json.Number); ok {
		y, ok := b.(json.Number)
		if !ok {
			return false
		}
		m, good := new(big.Rat).SetString(x.String())
		n, fine := new(big.Rat).SetString(y.String())
		return good && fine && m.Cmp(n) == 0
	}
	return reflect.DeepEqual(a, b)
}

var uuidText = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$`)
})

func (s *schema) checkText(at, v string, p *problems) {
	n := utf8.RuneCountInString(v)
	if s.minLength >= 0 && n < s.minLength {
		p.add(at, "minLength: got %d, want %d", n, s.minLength)
	}
	if s.maxLength >= 0 && n > s.maxLength {
		p.add(at, "maxLength: got %d, want %d", n, s.maxLength)
	}
	if s.pattern != nil && !s.pattern().MatchString(v) {
		p.add(at, "does not match pattern %s", s.patternText)
	}
	good := true
	switch s.format {
	case "date-time":
		_, err := time.Parse(time.RFC3339Nano, strings.ToUpper(v))
		good = err == nil
	case "uuid":
		good = uuidText().MatchString(v)
	case "uri":
		u, err := url.Parse(v)
		good = err == nil && u.IsAbs()
	}
	if !good {
		p.add(at, "is not valid %s", s.format)
	}
}

func (s *schema) checkList(at string, v []any, p *problems) {
	if s.minItems >= 0 && len(v) < s.minItems {
		p.add(at, "minItems: got %d, want %d", len(v), s.minItems)
	}
	if s.maxItems >= 0 && len(v) > s.maxItems {
		p.add(at, "maxItems: got %d, want %d", len(v), s.maxItems)
	}
	for i, x := range v {
		if s.items != nil {
			s.items.check(fmt.Sprintf("%s/%d", at, i), x, p)
		}
		if s.unique && slices.ContainsFunc(v[:i], func(y any) bool { return same(x, y) }) {
			p.add(at, "items are the same")
		}
	}
}

func (s *schema) checkObject(at string, v map[string]any, p *problems) {
	if s.minProps >= 0 && len(v) < s.minProps {
		p.add(at, "minProperties: got %d, want %d", len(v), s.minProps)
	}
	if s.maxProps >= 0 && len(v) > s.maxProps {
		p.add(at, "maxProperties: got %d, want %d", len(v), s.maxProps)
	}
	for _, name := range s.required {
		if _, ok := v[name]; !ok {
			p.add(at, "missing property '%s'", name)
		}
	}
	var extra []string
	for name, x := range v {
		switch of := s.properties[name]; {
		case of != nil:
			of.check(at+"/"+name, x, p)
		case s.additional == nil:
		case s.additional.never:
			extra = append(extra, "'"+name+"'")
		default:
			s.additional.check(at+"/"+name, x, p)
		}
	}
	if slices.Sort(extra); len(extra) > 0 {
		p.add(at, "additional properties %s not allowed", strings.Join(extra, ", "))
	}
}

// readJSON reads one JSON value.
func readJSON(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("there is more than one value")
	}
	return v, nil
}
