package app_test

// notYet are operations of which not all is recorded yet.
var notYet = []string{
	"DELETE V2 /customers/{customer_id}",
	"DELETE V3 /clientele/storefront-tokens/{token_id}",
	"DELETE V3 /customers",
	"DELETE V3 /marketing/email-templates/{template-name}",
	"DELETE V3 /pricelists/assignments",
	"DELETE V3 /storefront/api-token",
	"POST /api/storefront/consent",
	"POST V3 /clientele/customers/{customerId}/credit",
	"POST V3 /storefront/api-token",
	"POST V3 /storefront/api-token-customer-impersonation",
	"POST V3 /storefront/api-token-private",
	"PUT V3 /marketing/email-templates/{template-name}",
	"PUT V3 /settings/email-statuses",
	"operators",
}
