package customer

import (
	"clientele/internal/form"
	"clientele/internal/history"
)

// What the history tells of changes.
var (
	customerHistory = history.Table[Customer]{
		history.Personal(history.TextColumn(history.FieldEmail, func(c *Customer) string { return c.Email })),
		history.Personal(history.TextColumn(history.FieldFirstName, func(c *Customer) string { return c.FirstName })),
		history.Personal(history.TextColumn(history.FieldLastName, func(c *Customer) string { return c.LastName })),
		history.Personal(history.TextColumn(history.FieldCompany, func(c *Customer) string { return c.Company })),
		history.Personal(history.TextColumn(history.FieldPhone, func(c *Customer) string { return c.Phone })),
		history.Personal(history.TextColumn(history.FieldNotes, func(c *Customer) string { return c.Notes })),
		history.Personal(history.TextColumn(history.FieldRegistrationIP, func(c *Customer) string { return c.RegistrationIP })),
		history.TextColumn(history.FieldTaxExemptCategory, func(c *Customer) string { return c.TaxExemptCategory }),
		history.IntColumn(history.FieldGroup, func(c *Customer) int64 { return c.GroupID }),
		history.FlagColumn(history.FieldAcceptsEmails, func(c *Customer) bool { return c.AcceptsEmails }),
		history.MoneyColumn(history.FieldStoreCredit, CreditScale, func(c *Customer) int64 { return c.StoreCredit }),
		history.IntColumn(history.FieldOriginChannel, func(c *Customer) int64 { return c.OriginChannelID }),
		history.IntsColumn(history.FieldChannels, func(c *Customer) []int64 { return c.ChannelIDs }),
		history.FlagColumn(history.FieldForcePasswordReset, func(c *Customer) bool { return c.ForcePasswordReset }),
	}
	addressHistory = history.Table[Address]{
		history.Personal(history.TextColumn(history.FieldFirstName, func(a *Address) string { return a.FirstName })),
		history.Personal(history.TextColumn(history.FieldLastName, func(a *Address) string { return a.LastName })),
		history.Personal(history.TextColumn(history.FieldCompany, func(a *Address) string { return a.Company })),
		history.Personal(history.TextColumn(history.FieldPhone, func(a *Address) string { return a.Phone })),
		history.TextColumn(history.FieldAddressType, func(a *Address) string { return a.Type }),
		history.Personal(history.TextColumn(history.FieldAddress1, func(a *Address) string { return a.Address1 })),
		history.Personal(history.TextColumn(history.FieldAddress2, func(a *Address) string { return a.Address2 })),
		history.Personal(history.TextColumn(history.FieldCity, func(a *Address) string { return a.City })),
		history.Personal(history.TextColumn(history.FieldStateOrProvince, func(a *Address) string { return a.StateOrProvince })),
		history.Personal(history.TextColumn(history.FieldPostalCode, func(a *Address) string { return a.PostalCode })),
		history.TextColumn(history.FieldCountryCode, func(a *Address) string { return a.CountryCode }),
	}
	valueHistory = history.Table[AttributeValue]{
		history.IntColumn(history.FieldAttribute, func(v *AttributeValue) int64 { return v.AttributeID }),
		history.Personal(history.TextColumn(history.FieldValue, func(v *AttributeValue) string { return v.Value })),
	}
	consentHistory = history.Table[Consent]{
		history.TextsColumn(history.FieldAllow, func(c *Consent) []string { return c.Allow }),
		history.TextsColumn(history.FieldDeny, func(c *Consent) []string { return c.Deny }),
	}
	attributeHistory = history.Table[Attribute]{
		history.TextColumn(history.FieldName, func(a *Attribute) string { return a.Name }),
		history.TextColumn(history.FieldType, func(a *Attribute) string { return a.Type }),
	}
)

// changeOf returns the entry of a change. One of both is nil where the customer
// was made or goes.
func (c *Customer) changeOf(action history.Action, before, after *Customer) history.Entry {
	e := history.Entry{Action: action, Resource: history.Customer, ID: c.ID, CustomerID: c.ID}
	customerHistory.Diff(&e, before, after)
	return e
}

func (a *Address) changeOf(action history.Action, before, after *Address) history.Entry {
	e := history.Entry{Action: action, Resource: history.Address, ID: a.ID, CustomerID: a.CustomerID}
	addressHistory.Diff(&e, before, after)
	return e
}

func (v *AttributeValue) changeOf(action history.Action, before, after *AttributeValue) history.Entry {
	e := history.Entry{Action: action, Resource: history.AttributeValue, ID: v.ID, CustomerID: v.CustomerID}
	valueHistory.Diff(&e, before, after)
	return e
}

func (a *Attribute) changeOf(action history.Action, before, after *Attribute) history.Entry {
	e := history.Entry{Action: action, Resource: history.Attribute, ID: a.ID}
	attributeHistory.Diff(&e, before, after)
	return e
}

// deletion returns the entry of an address that goes, with the values of its form
// fields.
func (a *Address) deletion(filled map[int64][]storedValue) history.Entry {
	e := a.changeOf(history.Deleted, a, nil)
	for _, v := range filled[a.ID] {
		addFormValue(&e, v.field, v.typ, v.text, "")
	}
	return e
}

// passwordChanged is the entry of another password.
func passwordChanged(id int64) history.Entry {
	return history.Entry{Action: history.PasswordChanged, Resource: history.Customer, ID: id, CustomerID: id}
}

// addFilled adds values of form fields that change.
func addFilled(e *history.Entry, stored map[place]string, submission int64, values []form.Stored) {
	for _, v := range values {
		if v.Stays() {
			continue
		}
		addFormValue(e, v.Field.ID, v.Field.Type, stored[place{submission, v.Field.ID}], v.Text)
	}
}

// addFormValue adds the change of the value of a form field. The values of
// password fields are not told.
func addFormValue(e *history.Entry, field int64, typ, before, after string) {
	if typ != form.PasswordField {
		e.AddOf(true, history.FieldFormFields, field, before, after)
	} else if before != after {
		e.AddMasked(history.FieldFormFields, field)
	}
}
