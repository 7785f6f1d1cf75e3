package model

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

// CustomerAttributes finds the attributes of a customer.
type CustomerAttributes struct {
	CustomerID int64
	ByID       map[int64]*CustomerAttribute // nil: not read yet
}

// Customer is who asks. What is below it is read where it is asked for, as a
// rule all at once with the customer; see Loaded.
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

	// Loaded are the connections that were read with the customer.
	Addresses  map[Window]*AddressConnection
	Metafields map[MetafieldWindow]*MetafieldConnection
}

// Window is the part of a connection that arguments ask for; 0 is absent, and
// so is a Before or After of 0.
type Window struct {
	Before, After int64
	First, Last   int64 // -1: absent
}

// MetafieldWindow is a Window on metafields.
type MetafieldWindow struct {
	Window
	Namespace, Keys string // keys separated by NUL
}

