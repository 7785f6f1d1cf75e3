package model

import "clientele/internal/customer"

// LoginResult is the answer to a sign-in. Customer and token are read where
// they are asked for.
type LoginResult struct {
	Result     string
	Cart       *Cart
	CustomerID int64
	Token      *CustomerAccessToken
}

// LoginWithCustomerLoginJwtResult is the answer to a sign-in with a token
// that another service signed.
type LoginWithCustomerLoginJwtResult struct {
	RedirectTo string
	Cart       *Cart
	CustomerID int64
	Token      *CustomerAccessToken
}

// RegisterCustomerResult holds the new customer's id, or 0.
type RegisterCustomerResult struct {
	CustomerID int64
	Errors     []RegisterCustomerError
}

// UpdateCustomerResult holds the changed customer's id, or 0.
type UpdateCustomerResult struct {
	CustomerID int64
	Errors     []UpdateCustomerError
}

// CustomerAttributes finds what is noted about a customer.
type CustomerAttributes struct {
	Noted map[int64]customer.Noted
}

// Customer is who asks. The connections below it are made of the profile.
type Customer struct {
	EntityID                 int64
	Company                  string
	CustomerGroupID          int64
	CustomerGroupName        *string
	Email                    string
	FirstName                string
	LastName                 string
	Notes                    string
	Phone                    string
	TaxExemptCategory        string
	AddressCount             int64
	AttributeCount           int64
	StoreCredit              []*Money
	Attributes               *CustomerAttributes
	FormFields               []CustomerFormFieldValue
	IsSubscribedToNewsletter bool
	NotificationPreferences  []string

	// Profile is what was read with the customer.
	Profile *customer.Profile
}
