package tax

import (
	"clientele/internal/personal"
	"clientele/internal/sqldb"
)

// Personal is what this package keeps of persons.
var Personal = []personal.Part{personal.Table{
	Name: "tax_properties", Title: "Tax", By: personal.ByCustomer, Key: []string{"code"},
	Select: sqldb.Static(`SELECT customer_id, code, value FROM tax_properties WHERE store_id = $1 AND customer_id = $2 AND code > $3 ORDER BY code LIMIT $4`),
	Kinds:  "customer_id int",
}.Part()}
