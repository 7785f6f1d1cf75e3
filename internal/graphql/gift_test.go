package graphql_test

import (
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// Storefronts ask for the kinds of gift certificates, and for what a store
// tells crawlers: there is none, and nothing.
func TestGiftCertificateSettings(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	w.want(w.ask(`{ site { settings { robotsTxt giftCertificates(currencyCode: USD) { __typename isEnabled expiry { value unit }
		... on CustomAmountGiftCertificateSettings { minimumAmount { value } maximumAmount { value } } ... on FixedAmountGiftCertificateSettings { amounts { value } } } } } }`, nil), 200,
		`{"data":{"site":{"settings":{"robotsTxt":null,"giftCertificates":null}}}}`)
}
