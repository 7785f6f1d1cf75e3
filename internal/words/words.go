// Package words says in English, and to shoppers in other languages, what is
// wrong with a request. The domain tells codes, reasons and its own words for
// fields; surfaces share these sentences, each with its own names of the
// fields.
package words

import (
	"strconv"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/form"
)

// Speech is how a surface speaks of faults: its names of fields, and its
// words.
type Speech struct {
	// Spell writes the domain's word for a field as the surface writes names.
	Spell func(word string) string
	// Names are the fields that are not called as Spell has it.
	Names map[fault.Field]string
	// Words are sentences of the surface's own, by code and by reason. What is
	// missing is said as all others do.
	Words map[fault.Code]string
	Whys  map[fault.Reason]string
}

// Terminal speaks to a person at a terminal, with the names of seed files.
var Terminal = &Speech{Spell: Snake}

// Snake writes "first name" as first_name.
func Snake(word string) string { return strings.ReplaceAll(word, " ", "_") }

// Camel writes "first name" and first_name as firstName.
func Camel(word string) string {
	var b strings.Builder
	up := false
	for _, r := range word {
		if r == ' ' || r == '_' {
			up = true
			continue
		}
		if up {
			b.WriteString(strings.ToUpper(string(r)))
		} else {
			b.WriteRune(r)
		}
		up = false
	}
	return b.String()
}

// Name returns the surface's name of a field.
func (s *Speech) Name(f fault.Field) string {
	if name, ok := s.Names[f]; ok {
		return name
	}
	return s.Spell(string(f))
}

// Path returns where an item is below the thing that it is about: names and
// positions from 0 on, with a dot between them.
func (s *Speech) Path(it *fault.Item) string {
	if it.Field == "" {
		return it.Path
	}
	var b strings.Builder
	if it.In.At > 0 {
		b.WriteString(s.Name(it.In.List))
		b.WriteByte('.')
		b.WriteString(strconv.Itoa(it.In.At - 1))
		b.WriteByte('.')
	}
	b.WriteString(s.Name(it.Field))
	if it.At > 0 {
		b.WriteByte('.')
		b.WriteString(strconv.Itoa(it.At - 1))
		if it.Field == form.Values {
			b.WriteByte('.')
			b.WriteString(s.Name(form.Member(it)))
		}
	}
	if it.Key != "" {
		b.WriteByte('.')
		b.WriteString(it.Key)
	}
	return b.String()
}

// Sentence says what is wrong.
func (s *Speech) Sentence(it *fault.Item) string {
	if it.Message != "" {
		return it.Message
	}
	template, ok := s.Whys[it.Why]
	if !ok {
		template, ok = whys[it.Why]
	}
	if !ok {
		template, ok = s.Words[it.Code]
	}
	if !ok && it.Path == "" {
		template = codes[it.Code]
	}
	if it.Field == form.FieldDefault && it.Code == fault.BadFormat {
		template = "{name}: " + template
	}
	return s.fill(template, it)
}

// fill puts names and what was given into a sentence: {name} and {path} of the
// field, {id} of a form's field, {want}, {value} and {other}, each quoted as {qvalue}, {n word} for
// as many words as are wanted, and <word> for another field's name.
func (s *Speech) fill(template string, it *fault.Item) string {
	var b strings.Builder
	for {
		i := strings.IndexAny(template, "{<")
		if i < 0 {
			break
		}
		n := strings.IndexAny(template[i:], "}>")
		b.WriteString(template[:i])
		slot := template[i+1 : i+n]
		if template[i] == '<' {
			b.WriteString(s.Name(fault.Field(slot)))
		} else {
			b.WriteString(s.slot(slot, it))
		}
		template = template[i+n+1:]
	}
	b.WriteString(template)
	return b.String()
}

func (s *Speech) slot(slot string, it *fault.Item) string {
	switch slot {
	case "name":
		if it.At > 0 && it.Field != form.Values {
			return s.Name(it.Field) + "." + strconv.Itoa(it.At-1)
		}
		return s.Name(it.Field)
	case "path":
		return s.Path(it)
	case "want":
		return it.Want
	case "value":
		return it.Value
	case "id":
		return strconv.FormatInt(it.FormField, 10)
	case "other":
		return it.Other
	case "key":
		return it.Key
	case "qwant":
		return strconv.Quote(it.Want)
	case "qvalue":
		return strconv.Quote(it.Value)
	case "qother":
		return strconv.Quote(it.Other)
	}
	if word, ok := strings.CutPrefix(slot, "n "); ok {
		if it.Want == "1" {
			return "one " + word
		}
		return it.Want + " " + word + "s"
	}
	return "{" + slot + "}"
}

// Text says all that is wrong, for a log or a person at a terminal.
func (s *Speech) Text(f *fault.Error) string {
	var b strings.Builder
	b.WriteString(f.Message)
	for i := range f.Items {
		it := &f.Items[i]
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		if n := it.Index(); n >= 0 {
			b.WriteString(strconv.Itoa(n))
			b.WriteByte('.')
		}
		if path := s.Path(it); path != "" {
			b.WriteString(path)
			b.WriteString(": ")
		}
		b.WriteString(s.Sentence(it))
	}
	if f.Cause != nil {
		b.WriteString(": ")
		b.WriteString(f.Cause.Error())
	}
	return b.String()
}

// Told returns an error whose text says in words what a fault at its end says
// in codes.
func (s *Speech) Told(err error) error {
	f := fault.As(err)
	if f == nil || len(f.Items) == 0 {
		return err
	}
	text, ok := strings.CutSuffix(err.Error(), f.Error())
	if !ok {
		return err
	}
	return &told{text + s.Text(f), err}
}

type told struct {
	text string
	err  error
}

func (t *told) Error() string { return t.text }

func (t *told) Unwrap() error { return t.err }
