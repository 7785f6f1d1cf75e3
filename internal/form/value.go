package form

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"clientele/internal/fault"
	"clientele/internal/fold"
	"clientele/internal/jsonx"
)

// Value is what was put into a field: a text, a number, several texts or
// choices. The zero Value is an empty text.
type Value struct {
	kind    valueKind
	texts   []string // of a text or a number: one
	choices []int64
	// ids tells that a text may be the id of a choice.
	ids bool
}

type valueKind uint8

const (
	aText valueKind = iota
	aNumber
	manyTexts
	theChoices
	somethingElse
)

// Text returns a text as a value.
func Text(s string) Value { return Value{texts: []string{s}} }

// Number returns a number as a value, in the digits it was written with.
func Number(digits string) Value { return Value{kind: aNumber, texts: []string{digits}} }

// Texts returns several texts as a value.
func Texts(s []string) Value { return Value{kind: manyTexts, texts: s} }

// Choices returns choices, named by their ids, as a value.
func Choices(ids []int64) Value { return Value{kind: theChoices, choices: ids} }

// Other returns a value of a type that no field takes.
func Other() Value { return Value{kind: somethingElse} }

// OrChoiceIDs returns the value, whose texts may be ids of choices as well.
func (v Value) OrChoiceIDs() Value {
	v.ids = true
	return v
}

// text returns a value that is one text or number.
func (v Value) text() (s string, ok bool) {
	switch v.kind {
	case aText, aNumber:
		if len(v.texts) > 0 {
			s = v.texts[0]
		}
		return s, true
	default:
		return "", false
	}
}

// blank reports whether a value says nothing.
func (v Value) blank() bool {
	switch v.kind {
	case aText, manyTexts:
		return !slices.ContainsFunc(v.texts, func(s string) bool { return !fold.Blank(s) })
	case theChoices:
		return len(v.choices) == 0
	default:
		return false
	}
}

// wrong tells why a value does not fit the field.
func (f *Field) wrong(why fault.Reason, want string) *fault.Item {
	return &fault.Item{Code: fault.BadFormat, Why: why, Value: f.Name, Want: want}
}

// Bounds of values: characters of a text, digits of a number, choices ticked.
const (
	maxFieldText   = 10_000
	maxNumberText  = 100
	maxFieldValues = 100
)

// nothing is the stored text of a value that says nothing.
const nothing = `""`

// named returns a value with its choices as texts.
func (f *Field) named(v Value) (Value, *fault.Item) {
	o := &f.Options
	switch {
	case v.kind == theChoices:
		texts := make([]string, 0, len(v.choices))
		for _, id := range v.choices {
			text, ok := o.Choice(id)
			if !ok {
				return v, &fault.Item{Code: fault.Unknown, Why: WhyNoChoice, Value: f.Name, Other: strconv.FormatInt(id, 10)}
			}
			texts = append(texts, text)
		}
		if f.Type == CheckboxField {
			return Texts(texts), nil
		}
		if len(texts) > 1 {
			return v, &fault.Item{Code: fault.TooManyItems, Why: WhyOneChoice, Value: f.Name, Want: "1"}
		}
		return Text(strings.Join(texts, "")), nil
	case v.ids && len(o.Choices) > 0:
		texts := slices.Clone(v.texts)
		for i, text := range texts {
			if id, err := strconv.ParseInt(text, 10, 64); err == nil {
				if choice, ok := o.Choice(id); ok {
					texts[i] = choice
				}
			}
		}
		v.texts = texts
		if v.kind == aNumber {
			v.kind = aText
		}
	}
	return v, nil
}

// encode returns the stored text of a value of the field, which is JSON, or
// what is wrong with it.
func (f *Field) encode(v Value) (text string, bad *fault.Item) {
	if v, bad = f.named(v); bad != nil {
		return "", bad
	}
	if f.Type == CheckboxField {
		return f.encodeTicks(v)
	}
	return f.encodeScalar(v)
}

func (f *Field) isRequired() *fault.Item {
	why := WhyEmpty
	if f.Form == Customer {
		why = WhyNoAccountValue
	}
	return &fault.Item{Code: fault.Required, Why: why, Value: f.Name}
}

func (f *Field) encodeTicks(v Value) (text string, bad *fault.Item) {
	var ticks []string
	switch v.kind {
	case aText:
		if s, _ := v.text(); s != "" {
			ticks = append(ticks, s)
		}
	case manyTexts:
		ticks = v.texts
	default:
		return "", f.wrong(WhyNoList, "")
	}
	if len(ticks) > maxFieldValues {
		return "", f.wrong(WhyManyValues, strconv.Itoa(maxFieldValues))
	}
	if f.Required && len(ticks) == 0 {
		return "", f.isRequired()
	}
	b := []byte{'['}
	for i, s := range ticks {
		if bad := f.choose(s); bad != nil {
			return "", bad
		}
		if bad := f.fits(s, maxFieldText); bad != nil {
			return "", bad
		}
		if slices.Contains(ticks[:i], s) {
			continue // a box is ticked or not
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = jsonx.AppendString(b, s)
	}
	return string(append(b, ']')), nil
}

func (f *Field) encodeScalar(v Value) (text string, bad *fault.Item) {
	s, ok := v.text()
	if !ok {
		return "", f.wrong(WhyNoText, "")
	}
	limit := int64(maxFieldText)
	if f.Type == NumberField {
		s, limit = strings.TrimSpace(s), maxNumberText
	}
	if f.Options.MaxLength > 0 {
		limit = f.Options.MaxLength
	}
	if bad := f.fits(s, limit); bad != nil {
		return "", bad
	}
	// An empty password leaves the one that is stored.
	if f.Required && fold.Blank(s) && f.Type != PasswordField {
		return "", f.isRequired()
	}
	if s == "" {
		return nothing, nil
	}
	switch f.Type {
	case NumberField:
		n, ok := ParseNumber(s)
		if !ok {
			return "", f.wrong(WhyNotNumber, "")
		}
		least, hasLeast := ParseNumber(f.Options.Min)
		most, hasMost := ParseNumber(f.Options.Max)
		if hasLeast && n < least || hasMost && n > most {
			return "", f.outOfRange()
		}
		return s, nil
	case DateField:
		t, ok := ParseDate(s)
		if !ok {
			return "", f.wrong(WhyNotDate, "")
		}
		least, hasLeast := ParseDate(f.Options.Min)
		most, hasMost := ParseDate(f.Options.Max)
		day := t.UTC().Truncate(24 * time.Hour)
		if hasLeast && day.Before(least) || hasMost && day.After(most) {
			return "", f.outOfRange()
		}
	case RadioField, DropdownField:
		if bad := f.choose(s); bad != nil {
			return "", bad
		}
	}
	return string(jsonx.AppendString(nil, s)), nil
}

func (f *Field) choose(s string) *fault.Item {
	if len(f.Options.Choices) > 0 && !slices.Contains(f.Options.Choices, s) {
		bad := f.wrong(WhyNotChoice, "")
		bad.Other = s
		return bad
	}
	return nil
}

func (f *Field) fits(s string, limit int64) *fault.Item {
	if strings.ContainsRune(s, 0) {
		return f.wrong(WhyValueNUL, "")
	}
	if int64(len([]rune(s))) > limit {
		return f.wrong(WhyLongValue, strconv.FormatInt(limit, 10))
	}
	return nil
}

func (f *Field) outOfRange() *fault.Item {
	switch o := f.Options; {
	case o.Max == "":
		return f.wrong(WhyLess, o.Min)
	case o.Min == "":
		return f.wrong(WhyMore, o.Max)
	default:
		bad := f.wrong(WhyOutside, o.Min)
		bad.Other = o.Max
		return bad
	}
}

// ParseNumber reads the text of a JSON number that a double can hold.
func ParseNumber(s string) (float64, bool) {
	v, err := jsonx.Parse([]byte(s), jsonx.Limits{})
	if err != nil || v.Kind() != jsonx.Number {
		return 0, false
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return n, err == nil
}

// ParseDate reads a day, or a point in time, with its zone or in UTC.
func ParseDate(s string) (time.Time, bool) {
	for _, layout := range []string{time.DateOnly, time.RFC3339, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// ValidDate reports whether ParseDate reads a text.
func ValidDate(s string) bool {
	_, ok := ParseDate(s)
	return ok
}

// Stored is a checked value and the field it belongs to.
type Stored struct {
	Field *Field
	Text  string // as it is stored: JSON
}

// Stays reports whether the value says to leave what is stored as it is. Who
// reads a password field sees an empty text, and may send that back.
func (s *Stored) Stays() bool { return s.Field.Type == PasswordField && s.Text == nothing }

// Shown returns a stored text as it may be shown. The value of a password
// field never is.
func Shown(typ, text string) string {
	if typ == PasswordField {
		return nothing
	}
	return text
}

// StoredTexts returns what a stored value says: one text, or those that are
// ticked.
func StoredTexts(text string) []string {
	v, err := jsonx.Parse([]byte(text), jsonx.Limits{})
	if err != nil {
		return nil
	}
	if s, ok := v.Str(); ok {
		return []string{s}
	}
	if s, ok := v.NumberText(); ok {
		return []string{s}
	}
	var out []string
	for _, e := range v.Elems() {
		if s, ok := e.Str(); ok {
			out = append(out, s)
		}
	}
	return out
}
