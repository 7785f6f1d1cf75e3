package app_test

// notYet are operations of which not all is recorded yet.
var notYet = []string{
	"DELETE V2 /customers/{customer_id}",
	"DELETE V3 /customers",
	"DELETE V3 /marketing/email-templates/{template-name}",
	"DELETE V3 /pricelists/assignments",
	"POST /api/storefront/consent",
	"POST V3 /clientele/customers/{customerId}/credit",
	"PUT V3 /marketing/email-templates/{template-name}",
	"PUT V3 /settings/email-statuses",
	"operators",
}
