package segment

import (
	"clientele/internal/personal"
	"clientele/internal/sqldb"
)

// Personal is what this package keeps of persons.
var Personal = []personal.Part{
	personal.Table{
		Name: "shopper_profiles", Title: "Shopper profile", By: personal.ByCustomer, Key: []string{"id"},
		Select: sqldb.Static(`SELECT id, uuid, customer_id, date_created, date_modified FROM shopper_profiles WHERE store_id = $1 AND customer_id = $2 AND id > $3 ORDER BY id LIMIT $4`),
		Kinds:  "id int, customer_id int, date_created time, date_modified time",
	}.Part(),
	personal.Table{
		Name: "segment_members", Title: "Segments", By: personal.ByCustomer, Key: []string{"profile_id", "segment_id"},
		Select: sqldb.Static(`SELECT m.segment_id, s.uuid AS segment_uuid, s.name AS segment_name, s.description AS segment_description, m.profile_id, m.date_created
			FROM shopper_profiles p JOIN segment_members m ON m.store_id = p.store_id AND m.profile_id = p.id JOIN segments s ON s.store_id = m.store_id AND s.id = m.segment_id
			WHERE p.store_id = $1 AND p.customer_id = $2 AND (m.profile_id, m.segment_id) > ($3, $4) ORDER BY m.profile_id, m.segment_id LIMIT $5`),
		Kinds: "segment_id int, profile_id int, date_created time",
	}.Part(),
}
