package form

import (
	"slices"
	"strings"

	"clientele/internal/fault"
)

// Numbers of the built-in fields. Storefronts know them by heart. The numbers
// up to LastBuiltIn belong to built-in fields; custom fields begin after it.
const (
	Email           int64 = 1
	Password        int64 = 2
	ConfirmPassword int64 = 3
	FirstName       int64 = 4
	LastName        int64 = 5
	Company         int64 = 6
	Phone           int64 = 7
	Address1        int64 = 8
	Address2        int64 = 9
	City            int64 = 10
	Country         int64 = 11
	State           int64 = 12
	PostalCode      int64 = 13
	CurrentPassword int64 = 24
	Offers          int64 = 25

	LastBuiltIn int64 = 25
)

// BuiltInNorm returns the form in which the name of a built-in field is compared. It
// begins with a space, which no folded name does: these fields never stand in the way
// of a custom field's name.
func BuiltInNorm(name string) string { return " " + strings.ToLower(name) }

// BuiltIn declares a field that every store has. Its value is a column of the
// customer or the address, not a form field value.
type BuiltIn struct {
	ID   int64
	Form string
	Name string // the original's name, such as EmailAddress
	// Key is the field in faults.
	Key          fault.Field
	Label        string // in English, until a store chooses its own
	Former       string // the label that older stores were made with, if another
	Type         string
	MaxLength    int64  // in characters; 0: the field has a rule of its own
	Autocomplete string // the token of HTML's autofill
	Required     bool   // in a new store
	Optional     bool   // stores choose whether it is required
	OfAccount    bool   // a field of the address form that the account has too
}

// BuiltIns are all built-in fields, by number.
var BuiltIns = []BuiltIn{
	{ID: Email, Form: Customer, Name: "EmailAddress", Key: "email", Label: "Email Address", Type: TextField, MaxLength: 250, Autocomplete: "email", Required: true},
	{ID: Password, Form: Customer, Name: "Password", Key: "password", Label: "Password", Type: PasswordField, Autocomplete: "new-password", Required: true},
	{ID: ConfirmPassword, Form: Customer, Name: "ConfirmPassword", Key: "confirm password", Label: "Confirm Password", Type: PasswordField, Autocomplete: "new-password", Required: true},
	{ID: FirstName, Form: Address, Name: "FirstName", Key: "first name", Label: "First Name", Type: TextField, MaxLength: 100, Autocomplete: "given-name", Required: true, OfAccount: true},
	{ID: LastName, Form: Address, Name: "LastName", Key: "last name", Label: "Last Name", Type: TextField, MaxLength: 100, Autocomplete: "family-name", Required: true, OfAccount: true},
	{ID: Company, Form: Address, Name: "CompanyName", Key: "company", Label: "Company Name", Type: TextField, MaxLength: 255, Autocomplete: "organization", Optional: true, OfAccount: true},
	{ID: Phone, Form: Address, Name: "Phone", Key: "phone", Label: "Phone Number", Type: TextField, MaxLength: 50, Autocomplete: "tel", Optional: true, OfAccount: true},
	{ID: Address1, Form: Address, Name: "AddressLine1", Key: "address1", Label: "Address Line 1", Type: TextField, MaxLength: 255, Autocomplete: "address-line1", Required: true},
	{ID: Address2, Form: Address, Name: "AddressLine2", Key: "address2", Label: "Address Line 2", Type: TextField, MaxLength: 255, Autocomplete: "address-line2", Optional: true},
	{ID: City, Form: Address, Name: "City", Key: "city", Label: "Suburb/City", Former: "City", Type: TextField, MaxLength: 100, Autocomplete: "address-level2", Required: true},
	{ID: Country, Form: Address, Name: "Country", Key: "country code", Label: "Country", Type: DropdownField, Autocomplete: "country", Required: true},
	{ID: State, Form: Address, Name: "State", Key: "state or province", Label: "State/Province", Type: DropdownField, MaxLength: 100, Autocomplete: "address-level1", Required: true},
	{ID: PostalCode, Form: Address, Name: "Zip", Key: "postal code", Label: "Zip/Postcode", Former: "Postal Code", Type: TextField, MaxLength: 30, Autocomplete: "postal-code", Required: true},
	{ID: CurrentPassword, Form: Customer, Name: "CurrentPassword", Key: "current password", Label: "Current Password", Type: PasswordField, Autocomplete: "current-password"},
	{ID: Offers, Form: Customer, Name: "ReceiveMarketingEmails", Key: "accepts marketing emails", Label: "Receive offers by email", Type: CheckboxField, Optional: true},
}

// BuiltInOf returns the declaration of a built-in field, or nil.
func BuiltInOf(id int64) *BuiltIn {
	i := slices.IndexFunc(BuiltIns, func(b BuiltIn) bool { return b.ID == id })
	if i < 0 {
		return nil
	}
	return &BuiltIns[i]
}

// Chosen reports whether a label is a store's own choice.
func (b *BuiltIn) Chosen(label string) bool {
	return label != "" && label != b.Label && (b.Former == "" || label != b.Former)
}

// Stored returns the options of the field as a new store has them, in their
// stored form.
func (b *BuiltIn) Stored() string { return Options{Label: b.Label, SortOrder: b.ID}.json() }
