package app_test

// notYet are operations of which not all is recorded yet.
var notYet = []string{
	"DELETE V2 /customers/{customer_id}",
	"DELETE V3 /customers",
	"DELETE V3 /pricelists/assignments",
	"POST /api/storefront/consent",
	"operators",
}
