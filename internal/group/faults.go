package group

import "clientele/internal/fault"

// The fields of which faults tell.
const (
	FieldName             fault.Field = "name"
	FieldAccessType       fault.Field = "category access type"
	FieldAccessCategories fault.Field = "category access categories"
	FieldRules            fault.Field = "discount rules"
	FieldCategory         fault.Field = "category id"
	FieldProduct          fault.Field = "product id"
	FieldPriceList        fault.Field = "price list id"
	FieldType             fault.Field = "type"
	FieldMethod           fault.Field = "method"
	FieldAmount           fault.Field = "amount"
	FieldGroup            fault.Field = "customer group id"
	FieldChannel          fault.Field = "channel id"
)

// The reasons that codes do not tell.
const (
	WhyNoName         fault.Reason = "group without a name"
	WhyCategories     fault.Reason = "categories without type specific"
	WhyNoCategories   fault.Reason = "type specific without categories"
	WhyAccessType     fault.Reason = "no type of access"
	WhyManyCategories fault.Reason = "too many categories"
	WhyCategoryID     fault.Reason = "no id of a category"
	WhyManyRules      fault.Reason = "too many discount rules"
	WhyTwoForAll      fault.Reason = "two rules of type all"
	WhyNotAlone       fault.Reason = "a price list among other rules"
	WhyPriceList      fault.Reason = "a price list with method or amount"
	WhyMethod         fault.Reason = "no method"
	WhyAmount         fault.Reason = "amount out of range"
	WhyRuleType       fault.Reason = "no type of rule"
	WhyTarget         fault.Reason = "no id of a target"
	WhyNowhere        fault.Reason = "neither a group nor a channel"
	WhyAssignedTwice  fault.Reason = "group and channel given twice"
	WhyAssigned       fault.Reason = "group and channel with a price list"
	WhyNoGroup        fault.Reason = "no such group"
	WhyNoChannel      fault.Reason = "no such channel"
	WhyHasDiscounts   fault.Reason = "a price list for a group with discounts"
	WhyHasPriceLists  fault.Reason = "discounts of a group with price lists"
	WhyNoFilter       fault.Reason = "deletion without a filter"
)
