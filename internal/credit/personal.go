package credit

import (
	"clientele/internal/personal"
	"clientele/internal/sqldb"
)

// Personal is what this package keeps of persons.
var Personal = []personal.Part{personal.Table{
	Name: "credit_entries", Title: "Store credit", By: personal.ByCustomer, Key: []string{"id"},
	Select: sqldb.Static(`SELECT id, customer_id, kind, amount, balance, reason, reference, actor_kind, actor_id, actor_name, expires_at, remaining, spent, entry_id, reverted_by, date_created
		FROM credit_entries WHERE store_id = $1 AND customer_id = $2 AND id > $3 ORDER BY id LIMIT $4`),
	Kinds: "id int, customer_id int, amount money, balance money, actor_id id, expires_at time, remaining money, entry_id id, reverted_by id, date_created time",
}.Part()}
