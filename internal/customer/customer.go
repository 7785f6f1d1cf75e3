// Package customer holds customers and what is theirs: addresses, attribute
// values, form field values and consent. It tells other packages which customers
// exist (Hold, Exists) and which may enter a channel (Admission). Types and rules
// are in files without SQL; the Service runs the use cases, one transaction
// each, for every surface.
package customer

import (
	"strconv"
	"strings"

	"clientele/internal/credit"
	"clientele/internal/form"
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/search"
	"clientele/internal/sqldb"
	"clientele/internal/system"

	"clientele/internal/password"
)

// CreditScale is the number of decimal places that store credit is kept with.
const CreditScale = credit.Scale

// Bounds of batches and of what is embedded in a customer.
const (
	MaxBatch = 10 // customers of one create or update
	// MaxItems is how many addresses or form field values one call may create
	// or change: what one page of a list holds can be written back at once.
	MaxItems    = listing.MaxLimit
	MaxEmbedded = 10 // addresses or attributes in a customer
)

// Customer is a person in a store's records.
type Customer struct {
	ID                int64
	Email             string
	FirstName         string
	LastName          string
	Company           string
	Phone             string
	Notes             string
	TaxExemptCategory string
	GroupID           int64 // 0: no group
	RegistrationIP    string
	// AcceptsEmails is accepts_product_review_abandoned_cart_emails.
	AcceptsEmails      bool
	StoreCredit        int64 // in units of 10^-CreditScale
	OriginChannelID    int64
	ChannelIDs         []int64 // nil: all channels
	ForcePasswordReset bool
	DateCreated        int64
	DateModified       int64

	// Filled where asked for.
	Addresses  []Address
	Attributes []AttributeValue
	FormFields []FormValue
	// ShopperProfile and Segments are UUIDs; a customer may have no profile.
	ShopperProfile string
	Segments       []string
}

// Address is one entry of a customer's address book.
type Address struct {
	ID         int64
	CustomerID int64
	AddressFields
	FormFields []FormValue // filled where asked for
}

// AddressFields are the fields of an address that a person fills in.
type AddressFields struct {
	FirstName       string
	LastName        string
	Company         string
	Phone           string
	Type            string // residential or commercial
	Address1        string
	Address2        string
	City            string
	StateOrProvince string
	PostalCode      string
	CountryCode     string
}

// AttributeValue is the value of a store-defined attribute.
type AttributeValue struct {
	ID           int64
	AttributeID  int64
	CustomerID   int64
	Value        string
	DateCreated  int64
	DateModified int64
}

// FormValue is the value of a sign-up or address form field.
type FormValue struct {
	Form    string // form.Customer or form.Address
	OwnerID int64  // the customer or the address
	FieldID int64
	Name    string
	Type    string
	JSON    string // a JSON string, number or array of strings; "" for every password
}

// Create is the command to make a customer.
type Create struct {
	ID                 int64 // 0: the next one
	Email              string
	FirstName          string
	LastName           string
	Company            string
	Phone              string
	Notes              string
	TaxExemptCategory  string
	GroupID            int64
	RegistrationIP     string
	AcceptsEmails      bool
	StoreCredit        int64
	OriginChannelID    int64 // 0: the default channel
	ChannelIDs         []int64
	ForcePasswordReset bool
	Locale             string // "": the store's language
	NewPassword        opt.Field[string]
	GeneratePassword   bool // without a password: set a random one
	// ImportedHash is another system's hash of the password, for imports.
	ImportedHash password.ImportedHash
	// Extent tells how much of the store's forms has to be filled in.
	Extent     form.Extent
	Addresses  []AddressCreate
	Attributes []AttributeInput
	FormFields []form.Input
	// FromFile tells that the customer was another system's, which knew other
	// rules: names may be missing, and there may be more addresses.
	FromFile bool
	// DateCreated is when it was made there, for imports; 0: now.
	DateCreated int64
	// Notify asks for the account-created email.
	Notify bool
	// JoinDefault puts a customer without a group into the one that new
	// customers of the origin channel join.
	JoinDefault bool
}

// AttributeInput is an attribute value to be stored.
type AttributeInput struct {
	AttributeID int64
	Value       string
}

// Update is the command to change a customer; absent fields stay.
type Update struct {
	ID                 int64
	Email              opt.Field[string]
	FirstName          opt.Field[string]
	LastName           opt.Field[string]
	Company            opt.Field[string]
	Phone              opt.Field[string]
	Notes              opt.Field[string]
	TaxExemptCategory  opt.Field[string]
	GroupID            opt.Field[int64]
	RegistrationIP     opt.Field[string]
	AcceptsEmails      opt.Field[bool]
	StoreCredit        opt.Field[int64]
	ChannelIDs         opt.Field[[]int64] // null: all channels
	ForcePasswordReset opt.Field[bool]
	NewPassword        opt.Field[string]
	FormFields         []form.Input
	Extent             form.Extent // of the account's form that has to be filled in
	Claims             Claims
	// KeepSession is the session that stays when the password changes; all
	// others end. 0: none stays.
	KeepSession int64
	// Still, if set, is asked of the customer as it is, under lock: what is changed
	// was seen so. It is ErrStale if not.
	Still func(*Customer) bool
}

// Claims are what a change says of what it cannot change. It has to be so.
type Claims struct {
	RegistrationIP  opt.Field[string]
	OriginChannelID opt.Field[int64]
}

// AddressClaims are Claims about an address.
type AddressClaims struct {
	CustomerID opt.Field[int64]
	Country    opt.Field[string] // the name of the country, as it is or becomes
}

// AddressCreate is the command to make an address. CustomerID is ignored for
// addresses made with their customer.
type AddressCreate struct {
	ID         int64 // 0: the next one; chosen ones are for copies
	CustomerID int64
	AddressFields
	FormFields []form.Input
	Extent     form.Extent // not of addresses made with their customer
}

// AddressUpdate is the command to change an address; absent fields stay.
type AddressUpdate struct {
	ID              int64
	FirstName       opt.Field[string]
	LastName        opt.Field[string]
	Company         opt.Field[string]
	Phone           opt.Field[string]
	Type            opt.Field[string]
	Address1        opt.Field[string]
	Address2        opt.Field[string]
	City            opt.Field[string]
	StateOrProvince opt.Field[string]
	PostalCode      opt.Field[string]
	CountryCode     opt.Field[string]
	FormFields      []form.Input
	Extent          form.Extent
	Claims          AddressClaims
	// Still is that of Update, of the address.
	Still func(*Address) bool
}

// Service runs the use cases.
type Service struct {
	db        *sqldb.DB
	sys       *system.System
	passwords *password.Hasher
	creates   *sqldb.Together[*createPlan]
	notifier  Notifier
	access    Access
	leaving   []Leaving
	index     *search.Index
	bite      int // how many customers one transaction of countAll looks at
	leave     int // how many customers leave a group in one transaction
	looks     browseBounds
}

// Notifier tells people about their accounts.
type Notifier interface {
	// AccountCreated tells a customer of the account that tx has just made, and
	// which has a password already or needs one to be chosen. It runs after the
	// store's counters were moved. from is who made it, where that is not the
	// transaction's origin.
	AccountCreated(tx *sqldb.Tx, c *Customer, hasPassword bool, from *history.Origin) error
}

// NotifyWith has people told of what Create.Notify asks for; without it nobody
// is. It must come before the Service is used.
func (s *Service) NotifyWith(n Notifier) { s.notifier = n }

// NewService returns a Service over db.
func NewService(db *sqldb.DB, sys *system.System, passwords *password.Hasher) *Service {
	s := &Service{db: db, sys: sys, passwords: passwords, bite: hashBite, leave: leaveBatch, looks: browseLooks, index: search.NewIndex(db, sys, searchable{})}
	s.creates = sqldb.NewTogether(db, func(tx *sqldb.Tx, plans []*createPlan) ([]error, error) {
		return runCreates(tx, plans, nil, s.sys.Now())
	})
	return s
}

// channelText and parseChannels convert between a channel list and its
// column: "" for all channels, else ids separated by commas.
func channelText(ids []int64) string {
	if ids == nil {
		return ""
	}
	b := make([]byte, 0, 4*len(ids))
	for i, id := range ids {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, id, 10)
	}
	return string(b)
}

func parseChannels(text string) []int64 {
	if text == "" {
		return nil
	}
	var ids []int64
	for part := range strings.SplitSeq(text, ",") {
		if id, err := strconv.ParseInt(part, 10, 64); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}
