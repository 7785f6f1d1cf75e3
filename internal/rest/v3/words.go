package v3

import (
	"clientele/internal/auth"
	"clientele/internal/channel"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/group"
	"clientele/internal/instrument"
	"clientele/internal/mail"
	"clientele/internal/password"
	"clientele/internal/setting"
	"clientele/internal/words"
)

// speech has V3's names of fields, and its words for the shape of a body.
var speech = &words.Speech{
	Spell: words.Snake,
	Names: map[fault.Field]string{
		password.FieldPassword: "authentication.new_password",

		customer.FieldStoreCredit: "store_credit_amounts",

		channel.FieldRoutePlace: "matching.type",

		group.FieldAccessType:       "category_access.type",
		group.FieldAccessCategories: "category_access.categories",

		setting.FieldPolicyURL:    "privacy_settings.policy_url",
		setting.FieldGuestGroup:   "customer_group_settings.guest_customer_group_id",
		setting.FieldDefaultGroup: "customer_group_settings.default_customer_group_id",
		setting.FieldChannel:      "channelId",

		mail.FieldHTML: "body",

		auth.FieldToken: "Sf-Api-Token",

		instrument.FieldBillingFirstName:  "billing_address.first_name",
		instrument.FieldBillingLastName:   "billing_address.last_name",
		instrument.FieldBillingEmail:      "billing_address.email",
		instrument.FieldBillingCompany:    "billing_address.company",
		instrument.FieldBillingAddress1:   "billing_address.address1",
		instrument.FieldBillingAddress2:   "billing_address.address2",
		instrument.FieldBillingCity:       "billing_address.city",
		instrument.FieldBillingPostalCode: "billing_address.postal_code",
		instrument.FieldBillingState:      "billing_address.state_or_province",
		instrument.FieldBillingStateCode:  "billing_address.state_or_province_code",
		instrument.FieldBillingCountry:    "billing_address.country_code",
		instrument.FieldBillingPhone:      "billing_address.phone",
	},
	Words: map[fault.Code]string{
		fault.Required:     "error.path.missing",
		fault.WrongType:    "error.expected.{want}",
		fault.UnknownField: "there is no such member here",
		fault.ReadOnly:     "the member is read-only",
	},
}
