package metafield

import (
	"clientele/internal/personal"
	"clientele/internal/sqldb"
)

// Personal is what this package keeps of persons.
var Personal = []personal.Part{personal.Table{
	Name: "metafields", Title: "What apps keep", By: personal.ByCustomer, Key: []string{"id"},
	Select: sqldb.Static(`SELECT id, customer_id, client_id, namespace, key, value, description, permission_set, date_created, date_modified FROM metafields WHERE store_id = $1 AND customer_id = $2 AND id > $3 ORDER BY id LIMIT $4`),
	Kinds:  "id int, customer_id int, date_created time, date_modified time",
}.Part()}
