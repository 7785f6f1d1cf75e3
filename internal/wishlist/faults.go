package wishlist

import "clientele/internal/fault"

// The fields of which faults tell.
const (
	FieldName     fault.Field = "name"
	FieldCustomer fault.Field = "customer id"
	FieldToken    fault.Field = "token"
	FieldItems    fault.Field = "items"
	FieldItem     fault.Field = "id"
	FieldProduct  fault.Field = "product id"
	FieldVariant  fault.Field = "variant id"
)

// The reasons that codes do not tell.
const (
	WhyNoCustomer  fault.Reason = "no customer"
	WhyManyLists   fault.Reason = "too many wishlists"
	WhyManyItems   fault.Reason = "too many items on a wishlist"
	WhyManyEntries fault.Reason = "too many items at once"
	WhyProduct     fault.Reason = "no product"
	WhyVariant     fault.Reason = "no variant"
	WhyNoItem      fault.Reason = "no item of the wishlist"
	WhyTwice       fault.Reason = "product on the wishlist already"
)
