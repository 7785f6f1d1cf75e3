package form

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/opt"
)

// Extent tells how much of a form has to be filled in.
type Extent uint8

const (
	// Free is for values that an app or the merchant writes, not a shopper. A
	// required field may be left out, and a required built-in field may be empty.
	Free Extent = iota
	// Part is for a change: a required field that is given must not be empty,
	// and one that is left out stays as it is.
	Part
	// Again is for a form that is sent once more: every required custom field
	// has to be filled in, whether or not a value is stored, and built-in fields
	// are as for Part. A password that is left out stays, as nobody is shown it.
	Again
	// Whole is for a new form: every required field has to be filled in.
	Whole
)

// Input is a value for a custom field, which is named by its id or, where
// that is 0, by its name.
type Input struct {
	FieldID int64
	Name    string
	Value   Value
	// Types are those that the sender takes the field to have; nil: any.
	Types []string
}

// Check holds inputs to the definitions of a form's custom fields and returns
// the values to store. It adds to c what is wrong: an unknown field, one given
// twice, a value that does not fit and, for Whole and Again, required fields
// without a value.
func (f Form) Check(c *fault.Collector, extent Extent, in []Input) []Stored {
	out := make([]Stored, 0, len(in))
	given := map[int64]bool{}
	for i := range in {
		field := f.find(&in[i])
		say := func(it fault.Item) {
			it.Field, it.At, it.FormField = Values, i+1, in[i].FieldID
			if field != nil {
				it.FormField = field.ID
			}
			c.AddItem(it)
		}
		switch {
		case field == nil && in[i].FieldID != 0:
			say(fault.Item{Code: fault.Unknown, Why: WhyNoNumber, Value: strconv.FormatInt(in[i].FieldID, 10)})
			continue
		case field == nil:
			say(fault.Item{Code: fault.Unknown, Why: WhyNoName, Value: in[i].Name})
			continue
		case given[field.ID]:
			say(fault.Item{Code: fault.Duplicate, Why: WhyTwice, Value: cmp.Or(in[i].Name, field.Name)})
			continue
		case in[i].Types != nil && !slices.Contains(in[i].Types, field.Type):
			say(fault.Item{Code: fault.WrongType, Why: WhyOtherType, Value: field.Name})
			continue
		}
		given[field.ID] = true
		// In a change, an empty password keeps the stored one: a password is never
		// shown, so that its field is empty unless there is a new one.
		if extent != Free && field.Required && in[i].Value.blank() && (extent == Whole || field.Type != PasswordField) {
			say(*field.isRequired())
			continue
		}
		text, bad := field.encode(in[i].Value)
		if bad != nil {
			say(*bad)
			continue
		}
		out = append(out, Stored{Field: field, Text: text})
	}
	if extent != Whole && extent != Again {
		return out
	}
	for i := range f {
		field := &f[i]
		kept := extent == Again && field.Type == PasswordField
		if field.Required && !field.BuiltIn() && !given[field.ID] && !kept {
			it := *field.isRequired()
			it.Field, it.FormField = Values, field.ID
			c.AddItem(it)
		}
	}
	return out
}

// CheckOwn adds to c which of the built-in fields that a store may require are
// left empty. own holds what is given for them by number; fields that are not
// in it are not asked for here.
func (f Form) CheckOwn(c *fault.Collector, extent Extent, own map[int64]opt.Field[string]) {
	if extent == Free {
		return
	}
	for i := range f {
		b := BuiltInOf(f[i].ID)
		v, asked := own[f[i].ID]
		if b == nil || !asked || !f[i].Required || !v.Set && extent != Whole || strings.TrimSpace(v.Value) != "" {
			continue
		}
		c.Because(b.Key, fault.Required, WhyBlank, "")
	}
}
