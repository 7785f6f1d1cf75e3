package instrument

import (
	"clientele/internal/personal"
	"clientele/internal/sqldb"
)

// Personal is what this package keeps of persons.
var Personal = []personal.Part{personal.Table{
	Name: "stored_instruments", Title: "Payment instruments", By: personal.ByCustomer, Key: []string{"token"},
	Select: sqldb.Static(`SELECT token, customer_id, is_default, details, date_created FROM stored_instruments WHERE store_id = $1 AND customer_id = $2 AND token > $3 ORDER BY token LIMIT $4`),
	Kinds:  "customer_id int, is_default flag, details json, date_created time",
}.Part()}
