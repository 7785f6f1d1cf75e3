package customer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"clientele/internal/fault"
	"clientele/internal/fold"
	"clientele/internal/jsonx"
	"clientele/internal/sqldb"
)

// Forms that fields belong to.
const (
	CustomerForm = "customer"
	AddressForm  = "address"
)

// FieldTypes are the types of form fields.
var FieldTypes = []string{"text", "multiline", "number", "password", "date", "checkbox", "radio", "dropdown"}

// FormField is the definition of a sign-up or address field.
type FormField struct {
	ID       int64
	Form     string
	Name     string
	Type     string
	Required bool
	Options  FieldOptions
}

// FieldOptions complete a definition.
type FieldOptions struct {
	Choices   []string // of checkbox, radio and dropdown; none: anything
	MaxLength int64    // of text, 0: the general bound
}

// FormInput is a value to be stored in a field, by the field's name.
type FormInput struct {
	Name string
	// Value is a string, a number or an array of strings.
	Value jsonx.Value
}

// Text of a form field is bounded; so is the number of choices ticked.
const (
	maxFieldText   = 10_000
	maxFieldValues = 100
)

func (o FieldOptions) json() string {
	b := []byte(`{"choices":[`)
	for i, c := range o.Choices {
		if i > 0 {
			b = append(b, ',')
		}
		b = jsonx.AppendString(b, c)
	}
	b = append(b, `],"max_length":`...)
	b = strconv.AppendInt(b, o.MaxLength, 10)
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
	o.MaxLength, _ = v.Get("max_length").Int()
	return o
}

// encode returns the stored JSON of a value of the field, or what is wrong
// with it.
func (f *FormField) encode(v jsonx.Value) (text, problem string) {
	if f.Type == "checkbox" {
		var b []byte
		b = append(b, '[')
		values := 0
		add := func(s string) string {
			if len(f.Options.Choices) > 0 && !slices.Contains(f.Options.Choices, s) {
				return fmt.Sprintf("%q is not a choice of %s", s, f.Name)
			}
			if values > 0 {
				b = append(b, ',')
			}
			values++
			b = jsonx.AppendString(b, s)
			return ""
		}
		switch v.Kind() {
		case jsonx.String:
			s, _ := v.Str()
			problem = add(s)
		case jsonx.Array:
			for _, e := range v.Elems() {
				s, ok := e.Str()
				if !ok || values == maxFieldValues {
					return "", f.Name + " must be a list of strings"
				}
				if problem = add(s); problem != "" {
					break
				}
			}
		default:
			return "", f.Name + " must be a list of strings"
		}
		return string(append(b, ']')), problem
	}
	s, ok := v.Str()
	if !ok {
		n, isNumber := v.NumberText()
		if !isNumber {
			return "", f.Name + " must be a string or a number"
		}
		if f.Type == "number" {
			return n, ""
		}
		s = n
	}
	limit := int64(maxFieldText)
	if f.Options.MaxLength > 0 {
		limit = f.Options.MaxLength
	}
	if int64(len([]rune(s))) > limit || strings.ContainsRune(s, 0) {
		return "", fmt.Sprintf("%s must be at most %d characters", f.Name, limit)
	}
	switch f.Type {
	case "number":
		if s == "" {
			break
		}
		n, err := jsonx.Parse([]byte(s), jsonx.Limits{})
		if _, isNumber := n.NumberText(); err != nil || !isNumber {
			return "", f.Name + " must be a number"
		}
		return strings.TrimSpace(s), ""
	case "date":
		if s != "" && !validDate(s) {
			return "", f.Name + " must be a date such as 2024-05-14"
		}
	case "radio", "dropdown":
		if s != "" && len(f.Options.Choices) > 0 && !slices.Contains(f.Options.Choices, s) {
			return "", fmt.Sprintf("%q is not a choice of %s", s, f.Name)
		}
	}
	return string(jsonx.AppendString(nil, s)), ""
}

func validDate(s string) bool {
	for _, layout := range []string{time.DateOnly, time.RFC3339, "2006-01-02T15:04:05"} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	return false
}

// storedValue is a checked value and the field it goes into.
type storedValue struct {
	field *FormField
	json  string
}

var (
	selectFields  = sqldb.Static(`SELECT id, form, name, type, required, options FROM form_fields WHERE store_id = $1 AND form = $2 ORDER BY id`)
	insertField   = sqldb.Static(`INSERT INTO form_fields (store_id, id, form, name, name_norm, type, required, options, date_created, date_modified) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)`)
	updateField   = sqldb.Static(`UPDATE form_fields SET name = $4, type = $5, required = $6, options = $7, date_modified = $8 WHERE store_id = $1 AND form = $2 AND name_norm = $3`)
	nextFieldID   = sqldb.Static(`UPDATE store_counters SET form_field_id = form_field_id + 1 WHERE store_id = $1 RETURNING form_field_id`)
	upsertCustVal = sqldb.Static(`INSERT INTO customer_form_values (store_id, customer_id, field_id, value) VALUES ($1, $2, $3, $4) ON CONFLICT (store_id, customer_id, field_id) DO UPDATE SET value = excluded.value`)
	upsertAddrVal = sqldb.Static(`INSERT INTO address_form_values (store_id, address_id, field_id, value) VALUES ($1, $2, $3, $4) ON CONFLICT (store_id, address_id, field_id) DO UPDATE SET value = excluded.value`)
)

// fields finds definitions by name.
type fields map[string]*FormField

func fieldsQuery(form string, into fields) sqldb.Q {
	return sqldb.Q{Stmt: selectFields, Args: []any{form}, Each: func(r *sqldb.Row) error {
		f := &FormField{ID: r.Int(0), Form: r.Text(1), Name: r.Text(2), Type: r.Text(3), Required: r.Flag(4), Options: parseOptions(r.Text(5))}
		into[fold.Text(f.Name)] = f
		return nil
	}}
}

// check returns the values to be stored, adding what is wrong to c.
func (fs fields) check(c *fault.Collector, prefix string, in []FormInput) []storedValue {
	var out []storedValue
	for i, v := range in {
		path := fmt.Sprintf("%sform_fields.%d", prefix, i)
		f := fs[fold.Text(v.Name)]
		if slices.ContainsFunc(out, func(s storedValue) bool { return s.field == f }) {
			c.Add(path+".name", fault.Duplicate, "", fmt.Sprintf("form field %q is given twice", v.Name))
			continue
		}
		if f == nil {
			c.Add(path+".name", fault.Unknown, "", fmt.Sprintf("there is no form field named %q", v.Name))
			continue
		}
		text, problem := f.encode(v.Value)
		if problem != "" {
			c.Add(path+".value", fault.BadFormat, "", problem)
			continue
		}
		out = append(out, storedValue{field: f, json: text})
	}
	return out
}

func formValues(owner int64, in []storedValue) []FormValue {
	out := make([]FormValue, len(in))
	for i, v := range in {
		out[i] = FormValue{OwnerID: owner, Name: v.field.Name, JSON: v.json}
	}
	return out
}

// PutFormField creates a definition, or brings the one with that name in line
// with it, inside tx.
func PutFormField(tx *sqldb.Tx, f FormField, now int64) error {
	norm := fold.Text(f.Name)
	n, err := tx.ExecCount(updateField, f.Form, norm, f.Name, f.Type, sqldb.Flag(f.Required), f.Options.json(), now)
	if err != nil || n > 0 {
		return err
	}
	if err := tx.Query(nextFieldID, func(r *sqldb.Row) error { f.ID = r.Int(0); return nil }); err != nil {
		return err
	}
	return tx.Exec(insertField, f.ID, f.Form, f.Name, norm, f.Type, sqldb.Flag(f.Required), f.Options.json(), now)
}
