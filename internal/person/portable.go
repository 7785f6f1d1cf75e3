package person

import (
	"clientele/internal/fault"
	"clientele/internal/portable"
	"clientele/internal/sqldb"
)

// Portable is what moves of this package's table: erasures and requests are known by
// hashes that the store's key makes, and so move with the key alone. One that is under way
// keeps a store from moving.
var Portable = []portable.Part{
	portable.Table{
		Table: "erasures", Key: "id", Secret: true,
		Columns: "id int, address_hash, email, progress, actor_kind, actor_id int, actor_name, certificate, signature, key_id, date_created int, date_done int",
	}.Part(),
	portable.Table{
		Table: "person_requests", Key: "id", Secret: true,
		Columns: "id int, kind, address_hash, email, note, outcome, erasure_id int, actor_kind, actor_id int, actor_name, date_received int, date_due int, date_done int",
	}.Part(),
}

// PortableJobs are the kinds of jobs that change what moves, and move with it.
var PortableJobs = []string{jobAfter}

var anyUnderWay = sqldb.Static(`SELECT id FROM erasures WHERE store_id = $1 AND date_done = 0 LIMIT 1`)

// Settled returns a fault while an erasure is under way, of which a copy of the store
// would keep a part.
func Settled(tx *sqldb.Tx) error {
	under := false
	if err := tx.Query(anyUnderWay, func(*sqldb.Row) error { under = true; return nil }); err != nil || !under {
		return err
	}
	return fault.New(fault.Conflict, "a person is being erased: the store can be written once that is done")
}
