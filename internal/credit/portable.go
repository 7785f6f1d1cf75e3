package credit

import (
	"clientele/internal/portable"
)

// Portable is what moves of this package's table.
var Portable = []portable.Part{
	portable.Table{
		Table: "credit_entries", Key: "customer_id, id",
		Columns: "customer_id int, id int, kind, amount int, balance int, reason, reference, actor_kind, actor_id int, actor_name, expires_at int, remaining int, spent, entry_id int, reverted_by int, date_created int",
	}.Part(),
}

// PortableJobs are the kinds of jobs that change what moves, and move with it.
var PortableJobs = []string{openingJob}
