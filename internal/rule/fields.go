package rule

import (
	"maps"
	"slices"
)

// class is what a field holds.
type class uint8

const (
	aText    class = iota // compared without regard to case
	aNumber               // whole
	anAmount              // of money
	aFlag
	aMomentField // a point in time
	aDayField
	aChoice    // one of a few words
	aThing     // something that has a name and a number
	ticks      // several texts
	aMember    // of a segment
	aGoneField // what the key named is gone
	anOwner    // address, of which is only asked whether there is one
)

// field is what rules may compare.
type field struct {
	class class
	// column is that of customers or, in an address, of addresses. folded tells
	// that it holds text folded by package fold; others are lowered here.
	column string
	folded bool
	keyed  bool
	null   bool // may be missing
	index  bool // an index finds values, and beginnings of texts
	// many tells that a customer may have several values, of which one is enough.
	many    bool
	choices []string
}

// customerFields are the fields of a customer.
var customerFields = map[string]field{
	"id":                  {class: aNumber, column: "id", index: true},
	"email":               {class: aText, column: "email"},
	"email_domain":        {class: aText},
	"name":                {class: aText, column: "name_norm", folded: true, null: true, index: true},
	"first_name":          {class: aText, folded: true, null: true},
	"last_name":           {class: aText, column: "last_name_norm", folded: true, null: true, index: true},
	"company":             {class: aText, column: "company_norm", folded: true, null: true, index: true},
	"phone":               {class: aText, column: "phone_norm", folded: true, null: true, index: true},
	"notes":               {class: aText, column: "notes", null: true},
	"tax_exempt_category": {class: aText, column: "tax_exempt_category", null: true},
	"group":               {class: aThing, column: "customer_group_id", null: true, index: true},
	"store_credit":        {class: anAmount, column: "store_credit"},
	"date_created":        {class: aMomentField, column: "date_created", index: true},
	"date_modified":       {class: aMomentField, column: "date_modified", index: true},
	"last_sign_in":        {class: aMomentField, null: true, index: true},
	"has_password":        {class: aFlag},
	"accepts_emails":      {class: aFlag},
	"channel":             {class: aThing, many: true},
	"origin_channel":      {class: aThing, column: "origin_channel_id"},
	"attribute":           {keyed: true, null: true},
	"form_field":          {keyed: true, null: true},
	"metafield":           {keyed: true, null: true, many: true},
	"consent":             {class: aChoice, null: true, many: true},
	"subscribed_since":    {class: aMomentField, null: true, many: true},
	"unsubscribed_since":  {class: aMomentField, null: true, many: true},
	"segment":             {class: aMember, index: true},
	"address":             {class: anOwner, null: true, many: true},
}

// addressFields are those of an address.
var addressFields = map[string]field{
	"first_name":        {class: aText, column: "first_name", null: true},
	"last_name":         {class: aText, column: "last_name", null: true},
	"name":              {class: aText, column: "name_norm", folded: true, null: true, index: true},
	"company":           {class: aText, column: "company_norm", folded: true, null: true, index: true},
	"phone":             {class: aText, column: "phone", null: true},
	"address1":          {class: aText, column: "address1", null: true},
	"address2":          {class: aText, column: "address2", null: true},
	"city":              {class: aText, column: "city", null: true},
	"state_or_province": {class: aText, column: "state_or_province", null: true},
	"postal_code":       {class: aText, column: "postal_code", null: true},
	"country":           {class: aText, column: "country_code", null: true},
	"address_type":      {class: aChoice, column: "address_type", choices: []string{"residential", "commercial"}},
}

// operatorsOf are the operators of fields of a class.
var operatorsOf = map[class][]Op{
	aText:        {Eq, Ne, In, Contains, Starts, Ends, IsNull},
	aNumber:      {Eq, Ne, Lt, Le, Gt, Ge, In, Between, IsNull},
	anAmount:     {Eq, Ne, Lt, Le, Gt, Ge, In, Between},
	aFlag:        {Eq, Ne},
	aMomentField: {Eq, Ne, Lt, Le, Gt, Ge, In, Between, IsNull},
	aDayField:    {Eq, Ne, Lt, Le, Gt, Ge, In, Between, IsNull},
	aChoice:      {Eq, Ne, In, Contains, IsNull},
	aThing:       {Eq, Ne, In, IsNull},
	ticks:        {Eq, Ne, In, Contains, IsNull},
	aGoneField:   {Eq, Ne, Lt, Le, Gt, Ge, In, Between, Contains, Starts, Ends, IsNull},
	aMember:      {Member},
	anOwner:      {IsNull},
}

// FieldNames are the fields of a customer, and those of an address.
func FieldNames(address bool) []string {
	if address {
		return slices.Sorted(maps.Keys(addressFields))
	}
	return slices.Sorted(maps.Keys(customerFields))
}
