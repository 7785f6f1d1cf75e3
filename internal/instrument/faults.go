package instrument

import "clientele/internal/fault"

// The fields of which faults tell.
const (
	FieldToken             fault.Field = "token"
	FieldType              fault.Field = "type"
	FieldBrand             fault.Field = "brand"
	FieldExpiryMonth       fault.Field = "expiry month"
	FieldExpiryYear        fault.Field = "expiry year"
	FieldIIN               fault.Field = "issuer identification number"
	FieldLast4             fault.Field = "last 4"
	FieldEmail             fault.Field = "email"
	FieldMaskedNumber      fault.Field = "masked account number"
	FieldIssuer            fault.Field = "issuer"
	FieldBillingFirstName  fault.Field = "billing first name"
	FieldBillingLastName   fault.Field = "billing last name"
	FieldBillingEmail      fault.Field = "billing email"
	FieldBillingCompany    fault.Field = "billing company"
	FieldBillingAddress1   fault.Field = "billing address1"
	FieldBillingAddress2   fault.Field = "billing address2"
	FieldBillingCity       fault.Field = "billing city"
	FieldBillingPostalCode fault.Field = "billing postal code"
	FieldBillingState      fault.Field = "billing state or province"
	FieldBillingStateCode  fault.Field = "billing state or province code"
	FieldBillingCountry    fault.Field = "billing country code"
	FieldBillingPhone      fault.Field = "billing phone"
)

// The reasons that codes do not tell.
const (
	WhyToken      fault.Reason = "no token"
	WhyCardNumber fault.Reason = "looks like a card number"
	WhyMonth      fault.Reason = "no month"
	WhyYear       fault.Reason = "no year"
	WhyIIN        fault.Reason = "no issuer identification number"
	WhyFourDigits fault.Reason = "not four digits"
	WhyType       fault.Reason = "no type of instrument"
	WhyTaken      fault.Reason = "the token of another customer"
	WhyMany       fault.Reason = "too many instruments"
)
