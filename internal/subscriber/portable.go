package subscriber

import (
	"clientele/internal/email"
	"clientele/internal/fold"
	"clientele/internal/listing"
	"clientele/internal/portable"
	"clientele/internal/sqldb"
)

// Portable is what moves of this package's tables. What is suppressed is known by
// hashes that the store's key makes, and so moves with the key alone.
var Portable = []portable.Part{
	portable.Table{
		Table: "subscribers", Key: "id",
		Columns: "id int, email, channel_id int, first_name, last_name, source, order_id int, consents, date_created int, date_modified int",
		Derived: "email_norm, first_name_norm, last_name_norm",
		Derive: func(r portable.Record) []any {
			return []any{email.Key(r.Text("email")), fold.Text(r.Text("first_name")), fold.Text(r.Text("last_name"))}
		},
		Wrote: func(tx *sqldb.Tx, b portable.Batch) error { return listing.Subscribers.Arrive(tx, b) },
	}.Part(),
	portable.Table{
		Table: "consent_texts", Key: "version", Columns: "version, text, date_created int",
	}.Part(),
	portable.Table{
		Name: "consents", Table: "consent_changes", Key: "id",
		Columns: "id int, subscriber_id int, action, email, channel_id int, consents, source, order_id int, via, account_id int, ip_address, date_created int, proof",
		Derived: "email_norm",
		Derive:  func(r portable.Record) []any { return []any{email.Key(r.Text("email"))} },
	}.Part(),
	portable.Table{
		Table: "subscriber_ends", Key: "email_norm, channel_id", Columns: "email_norm, channel_id int, date_ended int, via",
	}.Part(),
	portable.Table{
		Table: "bounces", Key: "email_norm", Columns: "email_norm, email, kind, reason, via, date_created int",
	}.Part(),
	portable.Table{
		Table: "suppressions", Key: "address_hash", Columns: "address_hash, date_created int", Secret: true,
	}.Part(),
}
