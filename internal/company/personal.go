package company

import (
	"clientele/internal/personal"
	"clientele/internal/sqldb"
)

// Personal is what this package keeps of persons.
var Personal = []personal.Part{personal.Table{
	Name: "companies", Title: "Companies", By: personal.ByCustomer, Key: []string{"id"},
	Select: sqldb.Static(`SELECT id, customer_id, channel_id, name, email, phone, status, address, extras, files, date_created, date_modified FROM companies WHERE store_id = $1 AND customer_id = $2 AND id > $3 ORDER BY id LIMIT $4`),
	Kinds:  "id int, customer_id int, channel_id int, address json, extras json, files json, date_created time, date_modified time",
}.Part()}
