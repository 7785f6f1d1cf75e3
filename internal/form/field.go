package form

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"clientele/internal/fault"
	"clientele/internal/opt"
)

// Types of form fields.
const (
	TextField      = "text"
	MultilineField = "multiline"
	NumberField    = "number"
	PasswordField  = "password"
	DateField      = "date"
	CheckboxField  = "checkbox"
	RadioField     = "radio"
	DropdownField  = "dropdown"
)

// typeNames are other names of types: those by which the original filters form
// field values.
var typeNames = map[string]string{
	"numbers": NumberField, "checkboxes": CheckboxField, "radiobuttons": RadioField, "picklist": DropdownField,
}

// TypeNamed returns the type with a name, or the name where there is none.
func TypeNamed(name string) string { return cmp.Or(typeNames[name], name) }

// Types are all types of form fields.
var Types = []string{TextField, MultilineField, NumberField, PasswordField, DateField, CheckboxField, RadioField, DropdownField}

// Field is the definition of a sign-up or address field.
type Field struct {
	ID           int64
	Form         string
	Name         string
	Type         string
	Required     bool // it may not be set to nothing
	Options      Options
	Translations Translations // where they are asked for
	DateCreated  int64
	DateModified int64
}

// BuiltIn reports whether every store has the field. Its values are a
// customer's or an address's own, not form field values.
func (f *Field) BuiltIn() bool { return f.ID > 0 && f.ID <= LastBuiltIn }

// Options complete a definition. Zero values stand for none.
type Options struct {
	Label      string   // what people read; the name by default
	SortOrder  int64    // the place on the form; the id by default
	Choices    []string // of checkbox, radio and dropdown; none: anything
	ChoiceIDs  []int64  // of Choices, in their order; never given twice
	lastChoice int64    // the last of ChoiceIDs that was given
	// choiceLabels are what people read for Choices in the language that the
	// field was read in; none: the choices themselves.
	choiceLabels []string
	Placeholder  string // of dropdown, before something is chosen
	Hint         string // what is said below it
	MaxLength    int64  // in characters, of text, multiline, number and password
	Min, Max     string // of number and date
	Default      string // of all but checkbox and password
	Rows         int64  // of multiline
}

// Update is the command to change a definition; absent fields stay. Form
// and type never change: if given, they must be what they are.
type Update struct {
	ID          int64
	Form        opt.Field[string]
	Name        opt.Field[string]
	Type        opt.Field[string]
	Required    opt.Field[bool]
	Label       opt.Field[string]
	SortOrder   opt.Field[int64]
	Choices     opt.Field[[]string]
	Placeholder opt.Field[string]
	Hint        opt.Field[string]
	MaxLength   opt.Field[int64]
	Min, Max    opt.Field[string]
	Default     opt.Field[string]
	Rows        opt.Field[int64]
	// Translations change what the field is called in languages; nil ends one, and
	// other languages stay.
	Translations map[string]*Translate
	// Version, if it is set, is what the definition has to be at; else the update is
	// ErrStale.
	Version opt.Field[string]
}

// ErrStale: somebody else has changed the definition meanwhile.
var ErrStale = fault.New(fault.Conflict, "the form field was changed meanwhile")

// Version changes with what people change of the definition.
func (f *Field) Version() string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%q %t %q", f.Name, f.Required, f.Options.json())
	for _, tag := range slices.Sorted(maps.Keys(f.Translations)) {
		fmt.Fprintf(sum, " %q %v", tag, f.Translations[tag])
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// Definition returns the definition made from the command alone.
func (u Update) Definition() Field {
	return u.apply(Field{Form: u.Form.Value, Type: TypeNamed(u.Type.Value)})
}

func (u *Update) apply(f Field) Field {
	o := &f.Options
	f.Name = u.Name.Or(f.Name)
	f.Required = u.Required.Or(f.Required)
	o.Label = u.Label.Or(o.Label)
	o.SortOrder = u.SortOrder.Or(o.SortOrder)
	if u.Choices.Set {
		old := *o
		o.Choices = u.Choices.Value
		o.number(&old)
	}
	o.Placeholder = u.Placeholder.Or(o.Placeholder)
	o.Hint = u.Hint.Or(o.Hint)
	o.MaxLength = u.MaxLength.Or(o.MaxLength)
	o.Min = u.Min.Or(o.Min)
	o.Max = u.Max.Or(o.Max)
	o.Default = u.Default.Or(o.Default)
	o.Rows = u.Rows.Or(o.Rows)
	if u.Choices.Set {
		f.Translations = f.Translations.keep(o.Choices)
	}
	f.Translations = f.Translations.Change(u.Translations)
	f.normalize()
	return f
}

func (f *Field) normalize() {
	if seen(f.Options.Label) == "" {
		f.Options.Label = f.Name
	}
	if f.Options.SortOrder == 0 {
		f.Options.SortOrder = f.ID
	}
	if len(f.Options.ChoiceIDs) != len(f.Options.Choices) {
		f.Options.number(&Options{})
	}
}

// number gives choices their ids. Those that were there keep theirs; so does
// one that was renamed, which is a new text in the place of one that is gone
// while the number of choices stays.
func (o *Options) number(old *Options) {
	o.ChoiceIDs, o.lastChoice = make([]int64, len(o.Choices)), old.lastChoice
	for i, text := range o.Choices {
		o.ChoiceIDs[i], _ = old.ChoiceID(text)
	}
	for i := range o.Choices {
		if o.ChoiceIDs[i] == 0 && len(o.Choices) == len(old.Choices) && !slices.Contains(o.Choices, old.Choices[i]) {
			o.ChoiceIDs[i] = old.ChoiceIDs[i]
		}
	}
	for i := range o.Choices {
		if o.ChoiceIDs[i] == 0 {
			o.lastChoice++
			o.ChoiceIDs[i] = o.lastChoice
		}
	}
}

// ChoiceID returns the id of a choice.
func (o *Options) ChoiceID(text string) (id int64, ok bool) {
	if i := slices.Index(o.Choices, text); i >= 0 && i < len(o.ChoiceIDs) {
		return o.ChoiceIDs[i], true
	}
	return 0, false
}

// Choice returns the choice with an id.
func (o *Options) Choice(id int64) (text string, ok bool) {
	if i := slices.Index(o.ChoiceIDs, id); i >= 0 && i < len(o.Choices) {
		return o.Choices[i], true
	}
	return "", false
}

func (f *Field) same(o *Field) bool {
	return f.Name == o.Name && f.Required == o.Required && f.Options.json() == o.Options.json() && f.Translations.same(o.Translations)
}

// Bounds of definitions.
const (
	maxFields     = 500 // custom ones, per store
	maxFieldLabel = 255
	maxChoices    = 500
	maxRows       = 100
	maxSortOrder  = math.MaxInt32
)

func (f *Field) accepts(types ...string) bool { return slices.Contains(types, f.Type) }

// check holds a definition to the rules of its type.
func (f *Field) check(c *fault.Collector) {
	o := &f.Options
	if f.Form != Customer && f.Form != Address {
		c.Because(FieldForm, fault.NotAccepted, WhyForm, "")
	}
	c.Length(FieldName, f.Name, 1, maxFieldLabel)
	c.Length(FieldLabel, o.Label, 0, maxFieldLabel)
	if o.SortOrder < 0 || o.SortOrder > maxSortOrder {
		c.Because(FieldSortOrder, fault.OutOfRange, WhySortOrder, strconv.Itoa(maxSortOrder))
	}
	if !slices.Contains(Types, f.Type) {
		c.Because(FieldType, fault.NotAccepted, WhyType, strings.Join(Types, ", "))
		return
	}
	for _, option := range []struct {
		name  fault.Field
		given bool
		types []string
	}{
		{FieldChoices, len(o.Choices) > 0, []string{CheckboxField, RadioField, DropdownField}},
		{FieldPlaceholder, o.Placeholder != "", []string{DropdownField}},
		{FieldMaxLength, o.MaxLength != 0, []string{TextField, MultilineField, NumberField, PasswordField}},
		{FieldMin, o.Min != "", []string{NumberField, DateField}},
		{FieldMax, o.Max != "", []string{NumberField, DateField}},
		{FieldDefault, o.Default != "", []string{TextField, MultilineField, NumberField, DateField, RadioField, DropdownField}},
		{FieldRows, o.Rows != 0, []string{MultilineField}},
	} {
		if option.given && !f.accepts(option.types...) {
			c.AddItem(fault.Item{Field: option.name, Code: fault.NotAccepted, Why: WhyOption, Value: f.Type})
		}
	}
	if len(o.Choices) > maxChoices {
		c.Because(FieldChoices, fault.TooManyItems, WhyManyChoices, strconv.Itoa(maxChoices))
	}
	seen := map[string]bool{}
	for i, choice := range o.Choices {
		found := len(c.Items)
		c.Length(FieldChoices, choice, 1, maxFieldLabel)
		if seen[choice] {
			c.Because(FieldChoices, fault.Duplicate, WhyChoiceTwice, "")
		}
		for j := found; j < len(c.Items); j++ {
			c.Items[j].At = i + 1
		}
		seen[choice] = true
	}
	c.Length(FieldPlaceholder, o.Placeholder, 0, maxFieldLabel)
	c.Length(FieldHint, o.Hint, 0, maxFieldLabel)
	if o.MaxLength < 0 || o.MaxLength > maxFieldText {
		c.Because(FieldMaxLength, fault.OutOfRange, WhyMaxLength, strconv.Itoa(maxFieldText))
	}
	if o.Rows < 0 || o.Rows > maxRows {
		c.Because(FieldRows, fault.OutOfRange, WhyRows, strconv.Itoa(maxRows))
	}
	f.checkTranslations(c)
	f.checkRange(c)
	if o.Default != "" && f.accepts(TextField, MultilineField, NumberField, DateField, RadioField, DropdownField) && len(c.Items) == 0 {
		if _, bad := f.encode(Text(o.Default)); bad != nil {
			bad.Field, bad.Code = FieldDefault, fault.BadFormat
			c.AddItem(*bad)
		}
	}
}

// checkBuiltIn holds a built-in field to what may change in it.
func (f *Field) checkBuiltIn(c *fault.Collector, old *Field) {
	if f.Name != old.Name {
		c.Because(FieldName, fault.NotAccepted, WhyBuiltInName, old.Name)
	}
	if b := BuiltInOf(f.ID); f.Required != old.Required && (b == nil || !b.Optional) {
		c.Because(FieldRequired, fault.NotAccepted, WhyBuiltInRequired, "")
	}
	was, is := old.Options, f.Options
	was.Label, was.SortOrder = is.Label, is.SortOrder
	if was.json() != is.json() {
		c.Because("", fault.NotAccepted, WhyBuiltIn, "")
	}
}

// checkRange looks at min and max.
func (f *Field) checkRange(c *fault.Collector) {
	var limits [2]float64
	good := 0
	for i, l := range []struct {
		name fault.Field
		text string
	}{{FieldMin, f.Options.Min}, {FieldMax, f.Options.Max}} {
		if l.text == "" {
			continue
		}
		ok := true
		switch f.Type {
		case NumberField:
			limits[i], ok = ParseNumber(l.text)
		case DateField:
			var t time.Time
			t, ok = ParseDate(l.text)
			limits[i] = float64(t.Unix())
		}
		if !ok {
			c.Because(l.name, fault.BadFormat, WhyLimit, f.Type)
			continue
		}
		good++
	}
	if good == 2 && limits[0] > limits[1] {
		c.Because(FieldMax, fault.OutOfRange, WhyMaxBelowMin, "")
	}
}
