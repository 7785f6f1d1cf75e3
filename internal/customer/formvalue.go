package customer

import (
	"clientele/internal/form"
	"clientele/internal/opt"
)

// FormValueUpsert is the command to set one field of a customer or, if
// CustomerID is absent, of an address.
type FormValueUpsert struct {
	CustomerID opt.Field[int64]
	AddressID  opt.Field[int64]
	form.Input
}

func (in *FormValueUpsert) submission() int64 {
	if in.AddressID.Set {
		return addressSubmission(in.AddressID.Value)
	}
	return customerSubmission(in.CustomerID.Value)
}

func (in *FormValueUpsert) form() string {
	if in.AddressID.Set {
		return form.Address
	}
	return form.Customer
}

// A submission is a form as one customer or one address filled it in. Its
// number orders the values of both forms in one list; the wire calls it
// sessionId.
func customerSubmission(id int64) int64 { return 2 * id }
func addressSubmission(id int64) int64  { return 2*id + 1 }

// submissionOwner returns the form of a submission, and its customer or
// address.
func submissionOwner(submission int64) (name string, id int64) {
	if submission%2 == 0 {
		return form.Customer, submission / 2
	}
	return form.Address, submission / 2
}

// formValue returns a value as it is shown.
func formValue(submission, field int64, name, typ, text string) FormValue {
	v := FormValue{FieldID: field, Name: name, Type: typ, JSON: form.Shown(typ, text)}
	v.Form, v.OwnerID = submissionOwner(submission)
	return v
}

func formValues(submission int64, in []form.Stored) []FormValue {
	out := make([]FormValue, len(in))
	for i, v := range in {
		out[i] = formValue(submission, v.Field.ID, v.Field.Name, v.Field.Type, v.Text)
	}
	return out
}
