package segment

import (
	"clientele/internal/fold"
	"clientele/internal/listing"
	"clientele/internal/portable"
	"clientele/internal/sqldb"
)

// Portable is what moves of this package's tables.
var Portable = []portable.Part{
	portable.Table{
		Table: "segments", Key: "id",
		Columns: "id int, uuid, name, description, date_created int, date_modified int",
		Derived: "name_norm", Derive: func(r portable.Record) []any { return []any{fold.Text(r.Text("name"))} },
	}.Part(),
	portable.Table{
		Table: "segment_rules", Key: "segment_id",
		Columns: "segment_id int, rule, reads, version int, group_id int, priority int, takes_over flag, built_to int, date_created int, date_modified int",
	}.Part(),
	portable.Table{
		Table: "shopper_profiles", Key: "id",
		Columns: "id int, uuid, customer_id int, date_created int, date_modified int",
		Wrote:   func(tx *sqldb.Tx, b portable.Batch) error { return listing.ShopperProfiles.Arrive(tx, b) },
	}.Part(),
	portable.Table{
		Table: "segment_members", Key: "segment_id, profile_id",
		Columns: "segment_id int, profile_id int, date_created int",
	}.Part(),
	portable.Table{Table: "rule_groups", Key: "customer_id", Columns: "customer_id int, group_id int, before_id int"}.Part(),
	portable.Table{Table: "rule_clocks", Columns: "date_now int, zone"}.Part(),
}

// PortableJobs are the kinds of jobs that change what moves, and move with it.
var PortableJobs = []string{groupsJob}
