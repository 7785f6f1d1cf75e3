package customer

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"clientele/internal/fault"
	"clientele/internal/fold"
	"clientele/internal/jsonx"
	"clientele/internal/opt"
	"clientele/internal/store"
)

// Forms that fields belong to.
const (
	CustomerForm = "customer"
	AddressForm  = "address"
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

// FieldTypes are all types of form fields.
var FieldTypes = []string{TextField, MultilineField, NumberField, PasswordField, DateField, CheckboxField, RadioField, DropdownField}

// FormField is the definition of a sign-up or address field.
type FormField struct {
	ID           int64
	Form         string
	Name         string
	Type         string
	Required     bool // it may not be set to nothing
	Options      FieldOptions
	DateCreated  int64
	DateModified int64
}

// BuiltIn reports whether every store has the field. Its values are a
// customer's or an address's own, not form field values.
func (f *FormField) BuiltIn() bool { return f.ID > 0 && f.ID <= store.CustomFields }

// FieldOptions complete a definition. Zero values stand for none.
type FieldOptions struct {
	Label       string   // what people read; the name by default
	SortOrder   int64    // the place on the form; the id by default
	Choices     []string // of checkbox, radio and dropdown; none: anything
	ChoiceIDs   []int64  // of Choices, in their order; never given twice
	lastChoice  int64    // the last of ChoiceIDs that was given
	Placeholder string   // of dropdown, before something is chosen
	MaxLength   int64    // in characters, of text, multiline, number and password
	Min, Max    string   // of number and date
	Default     string   // of all but checkbox and password
	Rows        int64    // of multiline
}

// FormFieldUpdate is the command to change a definition; absent fields stay. Form
// and type never change: if given, they must be what they are.
type FormFieldUpdate struct {
	ID          int64
	Form        opt.Field[string]
	Name        opt.Field[string]
	Type        opt.Field[string]
	Required    opt.Field[bool]
	Label       opt.Field[string]
	SortOrder   opt.Field[int64]
	Choices     opt.Field[[]string]
	Placeholder opt.Field[string]
	MaxLength   opt.Field[int64]
	Min, Max    opt.Field[string]
	Default     opt.Field[string]
	Rows        opt.Field[int64]
}

// Definition returns the definition made from the command alone.
func (u FormFieldUpdate) Definition() FormField {
	return u.apply(FormField{Form: u.Form.Value, Type: u.Type.Value})
}

func (u *FormFieldUpdate) apply(f FormField) FormField {
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
	o.MaxLength = u.MaxLength.Or(o.MaxLength)
	o.Min = u.Min.Or(o.Min)
	o.Max = u.Max.Or(o.Max)
	o.Default = u.Default.Or(o.Default)
	o.Rows = u.Rows.Or(o.Rows)
	f.normalize()
	return f
}

func (f *FormField) normalize() {
	if f.Options.Label == "" {
		f.Options.Label = f.Name
	}
	if f.Options.SortOrder == 0 {
		f.Options.SortOrder = f.ID
	}
	if len(f.Options.ChoiceIDs) != len(f.Options.Choices) {
		f.Options.number(&FieldOptions{})
	}
}

// number gives choices their ids. Those that were there keep theirs; so does
// one that was renamed, which is a new text in the place of one that is gone
// while the number of choices stays.
func (o *FieldOptions) number(old *FieldOptions) {
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
func (o *FieldOptions) ChoiceID(text string) (id int64, ok bool) {
	if i := slices.Index(o.Choices, text); i >= 0 && i < len(o.ChoiceIDs) {
		return o.ChoiceIDs[i], true
	}
	return 0, false
}

// Choice returns the choice with an id.
func (o *FieldOptions) Choice(id int64) (text string, ok bool) {
	if i := slices.Index(o.ChoiceIDs, id); i >= 0 && i < len(o.Choices) {
		return o.Choices[i], true
	}
	return "", false
}

func (f *FormField) same(o *FormField) bool {
	return f.Name == o.Name && f.Required == o.Required && f.Options.json() == o.Options.json()
}

// Bounds of definitions.
const (
	maxFields     = 500 // custom ones, per store
	maxFieldLabel = 255
	maxChoices    = 500
	maxRows       = 100
	maxSortOrder  = math.MaxInt32
)

func (f *FormField) accepts(types ...string) bool { return slices.Contains(types, f.Type) }

// check holds a definition to the rules of its type.
func (f *FormField) check(c *fault.Collector) {
	o := &f.Options
	if f.Form != CustomerForm && f.Form != AddressForm {
		c.Add("form", fault.NotAccepted, "", "form must be customer or address")
	}
	checkText(c, "name", f.Name, 1, maxFieldLabel)
	checkText(c, "label", o.Label, 0, maxFieldLabel)
	if o.SortOrder < 0 || o.SortOrder > maxSortOrder {
		c.Add("sort_order", fault.OutOfRange, "", fmt.Sprintf("sort_order must be between 0 and %d", maxSortOrder))
	}
	if !slices.Contains(FieldTypes, f.Type) {
		c.Add("type", fault.NotAccepted, "", "type must be one of "+strings.Join(FieldTypes, ", "))
		return
	}
	for _, option := range []struct {
		name  string
		given bool
		types []string
	}{
		{"choices", len(o.Choices) > 0, []string{CheckboxField, RadioField, DropdownField}},
		{"placeholder", o.Placeholder != "", []string{DropdownField}},
		{"max_length", o.MaxLength != 0, []string{TextField, MultilineField, NumberField, PasswordField}},
		{"min", o.Min != "", []string{NumberField, DateField}},
		{"max", o.Max != "", []string{NumberField, DateField}},
		{"default", o.Default != "", []string{TextField, MultilineField, NumberField, DateField, RadioField, DropdownField}},
		{"rows", o.Rows != 0, []string{MultilineField}},
	} {
		if option.given && !f.accepts(option.types...) {
			c.Add(option.name, fault.NotAccepted, "", fmt.Sprintf("a field of type %s has no %s", f.Type, option.name))
		}
	}
	if len(o.Choices) > maxChoices {
		c.Add("choices", fault.TooManyItems, strconv.Itoa(maxChoices), fmt.Sprintf("at most %d choices", maxChoices))
	}
	seen := map[string]bool{}
	for i, choice := range o.Choices {
		at := fmt.Sprintf("choices.%d", i)
		checkText(c, at, choice, 1, maxFieldLabel)
		if seen[choice] {
			c.Add(at, fault.Duplicate, "", "choice given twice")
		}
		seen[choice] = true
	}
	checkText(c, "placeholder", o.Placeholder, 0, maxFieldLabel)
	if o.MaxLength < 0 || o.MaxLength > maxFieldText {
		c.Add("max_length", fault.OutOfRange, "", fmt.Sprintf("max_length must be between 1 and %d", maxFieldText))
	}
	if o.Rows < 0 || o.Rows > maxRows {
		c.Add("rows", fault.OutOfRange, "", fmt.Sprintf("rows must be between 1 and %d", maxRows))
	}
	f.checkRange(c)
	if o.Default != "" && f.accepts(TextField, MultilineField, NumberField, DateField, RadioField, DropdownField) && len(c.Items) == 0 {
		if _, problem := f.encode(textValue(o.Default)); problem != "" {
			c.Add("default", fault.BadFormat, "", "default: "+problem)
		}
	}
}

// checkBuiltIn holds a built-in field to what may change in it.
func (f *FormField) checkBuiltIn(c *fault.Collector, old *FormField) {
	if f.Name != old.Name {
		c.Add("name", fault.NotAccepted, old.Name, "the name of a built-in field cannot be changed")
	}
	if f.Required != old.Required && !slices.Contains(optionalBuiltIns, f.ID) {
		c.Add("required", fault.NotAccepted, "", "whether this built-in field is required cannot be changed")
	}
	was, is := old.Options, f.Options
	was.Label, was.SortOrder = is.Label, is.SortOrder
	if was.json() != is.json() {
		c.Add("", fault.NotAccepted, "", "only label, sort_order and required of a built-in field can be changed")
	}
}

// optionalBuiltIns are company, telephone, second address line and the wish
// for offers: nothing else depends on whether they are filled in.
var optionalBuiltIns = []int64{6, 7, 9, 25}

// checkRange looks at min and max.
func (f *FormField) checkRange(c *fault.Collector) {
	var limits [2]float64
	good := 0
	for i, l := range []struct{ name, text string }{{"min", f.Options.Min}, {"max", f.Options.Max}} {
		if l.text == "" {
			continue
		}
		ok := true
		switch f.Type {
		case NumberField:
			limits[i], ok = parseNumber(l.text)
		case DateField:
			var t time.Time
			t, ok = parseDate(l.text)
			limits[i] = float64(t.Unix())
		}
		if !ok {
			c.Add(l.name, fault.BadFormat, f.Type, fmt.Sprintf("%s must be a %s", l.name, f.Type))
			continue
		}
		good++
	}
	if good == 2 && limits[0] > limits[1] {
		c.Add("max", fault.OutOfRange, "", "max must not be less than min")
	}
}

func textValue(s string) jsonx.Value {
	v, err := jsonx.Parse(jsonx.AppendString(nil, s), jsonx.Limits{})
	if err != nil {
		return jsonx.Value{} // not reached: it was written a moment ago
	}
	return v
}

// FormInput is a value to be stored in a field, by the field's name.
type FormInput struct {
	Name string
	// Value is a string, a number or an array of strings.
	Value jsonx.Value
}

// FormValueUpsert is the command to set one field of a customer or, the other
// one being absent, of an address.
type FormValueUpsert struct {
	CustomerID opt.Field[int64]
	AddressID  opt.Field[int64]
	FormInput
}

func (in *FormValueUpsert) session() int64 {
	if in.AddressID.Set {
		return addressSession(in.AddressID.Value)
	}
	return customerSession(in.CustomerID.Value)
}

func (in *FormValueUpsert) form() string {
	if in.AddressID.Set {
		return AddressForm
	}
	return CustomerForm
}

// A session is a form as one customer or one address filled it in; its number
// orders the values of both kinds in one list.
func customerSession(id int64) int64 { return 2 * id }
func addressSession(id int64) int64  { return 2*id + 1 }

// sessionOwner tells whose a session is.
func sessionOwner(session int64) (form string, id int64) {
	if session%2 == 0 {
		return CustomerForm, session / 2
	}
	return AddressForm, session / 2
}

// Text of a form field is bounded; so are digits and the number of choices
// ticked.
const (
	maxFieldText   = 10_000
	maxNumberText  = 100
	maxFieldValues = 100
)

func (o FieldOptions) json() string {
	b := jsonx.AppendString([]byte(`{"label":`), o.Label)
	b = append(b, `,"sort_order":`...)
	b = strconv.AppendInt(b, o.SortOrder, 10)
	if len(o.Choices) > 0 {
		b = append(b, `,"choices":`...)
		b = jsonx.AppendStrings(b, o.Choices)
		b = append(b, `,"choice_ids":[`...)
		for i, id := range o.ChoiceIDs {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(b, id, 10)
		}
		b = append(b, ']')
	}
	for _, m := range []struct{ key, text string }{{"placeholder", o.Placeholder}, {"min", o.Min}, {"max", o.Max}, {"default", o.Default}} {
		if m.text != "" {
			b = append(b, ',')
			b = jsonx.AppendKey(b, m.key)
			b = jsonx.AppendString(b, m.text)
		}
	}
	for _, m := range []struct {
		key string
		n   int64
	}{{"max_length", o.MaxLength}, {"rows", o.Rows}, {"last_choice_id", o.lastChoice}} {
		if m.n != 0 {
			b = append(b, ',')
			b = jsonx.AppendKey(b, m.key)
			b = strconv.AppendInt(b, m.n, 10)
		}
	}
	return string(append(b, '}'))
}

func parseOptions(text string) FieldOptions {
	v, err := jsonx.Parse([]byte(text), jsonx.Limits{})
	if err != nil {
		return FieldOptions{}
	}
	var o FieldOptions
	for _, c := range v.Get("choices").Elems() {
		if s, ok := c.Str(); ok {
			o.Choices = append(o.Choices, s)
		}
	}
	for _, e := range v.Get("choice_ids").Elems() {
		id, _ := e.Int()
		o.ChoiceIDs = append(o.ChoiceIDs, id)
	}
	o.lastChoice, _ = v.Get("last_choice_id").Int()
	if len(o.ChoiceIDs) != len(o.Choices) { // from before choices had ids
		o.number(&FieldOptions{lastChoice: o.lastChoice})
	}
	o.Label, _ = v.Get("label").Str()
	o.SortOrder, _ = v.Get("sort_order").Int()
	o.Placeholder, _ = v.Get("placeholder").Str()
	o.MaxLength, _ = v.Get("max_length").Int()
	o.Min, _ = v.Get("min").Str()
	o.Max, _ = v.Get("max").Str()
	o.Default, _ = v.Get("default").Str()
	o.Rows, _ = v.Get("rows").Int()
	return o
}

// nothing is the stored JSON of a value that says nothing.
const nothing = `""`

// encode returns the stored JSON of a value of the field, or what is wrong
// with it.
func (f *FormField) encode(v jsonx.Value) (text, problem string) {
	if f.Type == CheckboxField {
		return f.encodeTicks(v)
	}
	return f.encodeScalar(v)
}

func (f *FormField) encodeTicks(v jsonx.Value) (text, problem string) {
	ticks := make([]string, 0, v.Len())
	switch v.Kind() {
	case jsonx.String:
		if s, _ := v.Str(); s != "" {
			ticks = append(ticks, s)
		}
	case jsonx.Array:
		for _, e := range v.Elems() {
			s, ok := e.Str()
			if !ok {
				return "", f.Name + " must be a list of strings"
			}
			ticks = append(ticks, s)
		}
	default:
		return "", f.Name + " must be a list of strings"
	}
	if len(ticks) > maxFieldValues {
		return "", fmt.Sprintf("%s must have at most %d values", f.Name, maxFieldValues)
	}
	if f.Required && len(ticks) == 0 {
		return "", f.Name + " is required"
	}
	b := []byte{'['}
	for i, s := range ticks {
		if problem := f.choose(s); problem != "" {
			return "", problem
		}
		if problem := f.fits(s, maxFieldText); problem != "" {
			return "", problem
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = jsonx.AppendString(b, s)
	}
	return string(append(b, ']')), ""
}

func (f *FormField) encodeScalar(v jsonx.Value) (text, problem string) {
	s, ok := v.Str()
	if !ok {
		if s, ok = v.NumberText(); !ok {
			return "", f.Name + " must be a string or a number"
		}
	}
	limit := int64(maxFieldText)
	if f.Type == NumberField {
		s, limit = strings.TrimSpace(s), maxNumberText
	}
	if f.Options.MaxLength > 0 {
		limit = f.Options.MaxLength
	}
	if problem := f.fits(s, limit); problem != "" {
		return "", problem
	}
	if f.Required && strings.TrimSpace(s) == "" && f.Type != PasswordField {
		return "", f.Name + " is required"
	}
	if s == "" {
		return nothing, ""
	}
	switch f.Type {
	case NumberField:
		n, ok := parseNumber(s)
		if !ok {
			return "", f.Name + " must be a number"
		}
		least, hasLeast := parseNumber(f.Options.Min)
		most, hasMost := parseNumber(f.Options.Max)
		if hasLeast && n < least || hasMost && n > most {
			return "", f.outOfRange()
		}
		return s, ""
	case DateField:
		t, ok := parseDate(s)
		if !ok {
			return "", f.Name + " must be a date such as 2024-05-14"
		}
		least, hasLeast := parseDate(f.Options.Min)
		most, hasMost := parseDate(f.Options.Max)
		day := t.UTC().Truncate(24 * time.Hour)
		if hasLeast && day.Before(least) || hasMost && day.After(most) {
			return "", f.outOfRange()
		}
	case RadioField, DropdownField:
		if problem := f.choose(s); problem != "" {
			return "", problem
		}
	}
	return string(jsonx.AppendString(nil, s)), ""
}

func (f *FormField) choose(s string) (problem string) {
	if len(f.Options.Choices) > 0 && !slices.Contains(f.Options.Choices, s) {
		return fmt.Sprintf("%q is not a choice of %s", s, f.Name)
	}
	return ""
}

func (f *FormField) fits(s string, limit int64) (problem string) {
	if int64(len([]rune(s))) > limit || strings.ContainsRune(s, 0) {
		return fmt.Sprintf("%s must be at most %d characters", f.Name, limit)
	}
	return ""
}

func (f *FormField) outOfRange() string {
	switch o := f.Options; {
	case o.Max == "":
		return fmt.Sprintf("%s must be at least %s", f.Name, o.Min)
	case o.Min == "":
		return fmt.Sprintf("%s must be at most %s", f.Name, o.Max)
	default:
		return fmt.Sprintf("%s must be between %s and %s", f.Name, o.Min, o.Max)
	}
}

// parseNumber reads the text of a JSON number that a double can hold.
func parseNumber(s string) (float64, bool) {
	v, err := jsonx.Parse([]byte(s), jsonx.Limits{})
	if err != nil || v.Kind() != jsonx.Number {
		return 0, false
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return n, err == nil
}

func parseDate(s string) (time.Time, bool) {
	for _, layout := range []string{time.DateOnly, time.RFC3339, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func validDate(s string) bool {
	_, ok := parseDate(s)
	return ok
}

// storedValue is a checked value and the field it goes into.
type storedValue struct {
	field *FormField
	json  string
}

// stays reports whether the value says to leave what is stored as it is: who
// reads a password field sees nothing in it, and may send back what they saw.
func (v *storedValue) stays() bool { return v.field.Type == PasswordField && v.json == nothing }

// fields finds custom definitions by folded name.
type fields map[string]*FormField

// check returns the values to be stored, adding what is wrong to c.
func (fs fields) check(c *fault.Collector, prefix string, in []FormInput) []storedValue {
	var out []storedValue
	seen := map[*FormField]bool{}
	for i, v := range in {
		path := fmt.Sprintf("%sform_fields.%d.", prefix, i)
		s, ok := fs.one(c, path, v)
		if !ok {
			continue
		}
		if seen[s.field] {
			c.Add(path+"name", fault.Duplicate, "", fmt.Sprintf("form field %q is given twice", v.Name))
			continue
		}
		seen[s.field] = true
		out = append(out, s)
	}
	return out
}

// missing notes required fields that no value is given for.
func (fs fields) missing(c *fault.Collector, prefix string, in []FormInput) {
	given := map[*FormField]bool{}
	for _, v := range in {
		f := fs[fold.Text(v.Name)]
		if s, ok := v.Value.Str(); f != nil && !(ok && f.Type == PasswordField && s == "") {
			given[f] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fs)) {
		if f := fs[name]; f.Required && !given[f] {
			c.Add(prefix+"form_fields", fault.Required, "", f.Name+" is required")
		}
	}
}

// one is check for a single value.
func (fs fields) one(c *fault.Collector, path string, in FormInput) (storedValue, bool) {
	f := fs[fold.Text(in.Name)]
	if f == nil {
		c.Add(path+"name", fault.Unknown, "", fmt.Sprintf("there is no form field named %q", in.Name))
		return storedValue{}, false
	}
	text, problem := f.encode(in.Value)
	if problem != "" {
		c.Add(path+"value", fault.BadFormat, "", problem)
		return storedValue{}, false
	}
	return storedValue{field: f, json: text}, true
}

// formValue returns a value as it is shown: what is in a password field never
// is.
func formValue(session int64, field int64, name, typ, json string) FormValue {
	v := FormValue{FieldID: field, Name: name, Type: typ, JSON: json}
	v.Form, v.OwnerID = sessionOwner(session)
	if typ == PasswordField {
		v.JSON = nothing
	}
	return v
}

func formValues(session int64, in []storedValue) []FormValue {
	out := make([]FormValue, len(in))
	for i, v := range in {
		out[i] = formValue(session, v.field.ID, v.field.Name, v.field.Type, v.json)
	}
	return out
}
