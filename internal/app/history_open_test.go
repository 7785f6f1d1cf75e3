package app_test

// notYet are operations of which not all is recorded yet.
var notYet = []string{
	"POST /api/storefront/consent",
}
