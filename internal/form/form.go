// Package form is about what shoppers fill in: the built-in fields of the
// sign-up form and the address form, declared once; the definitions of the
// fields that a store adds; values; and the one check of a filled-in form.
// Every surface and every import uses this check, so a field is required, too
// long or unknown for all of them alike.
package form

import (
	"clientele/internal/fold"
)

// The forms of a store.
const (
	Customer = "customer" // sign-up and account details
	Address  = "address"  // an entry of the address book
)

// Form holds the fields of a form in the order in which shoppers see them.
type Form []Field

// Field returns the custom field with an id, or nil.
func (f Form) Field(id int64) *Field {
	for i := range f {
		if f[i].ID == id && !f[i].BuiltIn() {
			return &f[i]
		}
	}
	return nil
}

// BuiltIn returns the built-in field with a number, or nil.
func (f Form) BuiltIn(id int64) *Field {
	for i := range f {
		if f[i].ID == id && f[i].BuiltIn() {
			return &f[i]
		}
	}
	return nil
}

// Requires reports whether a built-in field has to be filled in.
func (f Form) Requires(id int64) bool {
	field := f.BuiltIn(id)
	return field != nil && field.Required
}

// find returns the custom field that an input names, or nil.
func (f Form) find(in *Input) *Field {
	if in.FieldID != 0 {
		return f.Field(in.FieldID)
	}
	name := fold.Text(in.Name)
	for i := range f {
		if !f[i].BuiltIn() && fold.Text(f[i].Name) == name {
			return &f[i]
		}
	}
	return nil
}
