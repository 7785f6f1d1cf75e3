package customer

import (
	"clientele/internal/email"
	"clientele/internal/fold"
	"clientele/internal/listing"
	"clientele/internal/portable"
	"clientele/internal/sqldb"
)

// Portable is what moves of this package's tables. Who has which email is made of
// the customers where they arrive, as is how many passwords are hashed as other
// systems do.
var Portable = []portable.Part{
	portable.Table{
		Table: "attributes", Key: "id", Columns: "id int, name, type, date_created int, date_modified int",
		Derived: "name_norm", Derive: func(r portable.Record) []any { return []any{fold.Text(r.Text("name"))} },
	}.Part(),
	portable.Table{
		Table: "customers", Key: "id", Masked: []string{"password_hash"},
		Columns: "id int, email, first_name, last_name, company, phone, notes, tax_exempt_category, customer_group_id int, registration_ip_address, accepts_emails flag, " +
			"store_credit int, origin_channel_id int, channel_ids, force_password_reset flag, locale, password_hash, date_created int, date_modified int",
		Derived: "name_norm, last_name_norm, company_norm, phone_norm",
		Derive: func(r portable.Record) []any {
			last := r.Text("last_name")
			return []any{fold.Name(r.Text("first_name"), last), fold.Text(last), fold.Text(r.Text("company")), fold.Text(r.Text("phone"))}
		},
		Wrote: arrived,
	}.Part(),
	portable.Table{
		Table: "addresses", Key: "id",
		Columns: "id int, customer_id int, first_name, last_name, company, phone, address_type, address1, address2, city, state_or_province, postal_code, country_code",
		Derived: "fingerprint, name_norm, company_norm",
		Derive: func(r portable.Record) []any {
			a := addressOf(r)
			return []any{a.fingerprint(), fold.Name(a.FirstName, a.LastName), fold.Text(a.Company)}
		},
		Wrote: func(tx *sqldb.Tx, b portable.Batch) error { return listing.Addresses.Arrive(tx, b) },
	}.Part(),
	portable.Table{
		Table: "attribute_values", Key: "id", Columns: "id int, customer_id int, attribute_id int, value, date_created int, date_modified int",
	}.Part(),
	portable.Table{
		Table: "customer_form_values", Key: "customer_id, field_id", Columns: "customer_id int, field_id int, value",
		Derived: "session_id", Derive: func(r portable.Record) []any { return []any{customerSubmission(r.Int("customer_id"))} },
	}.Part(),
	portable.Table{
		Table: "address_form_values", Key: "address_id, field_id", Columns: "address_id int, field_id int, value",
		Derived: "session_id", Derive: func(r portable.Record) []any { return []any{addressSubmission(r.Int("address_id"))} },
	}.Part(),
	portable.Table{Table: "customer_consents", Key: "customer_id", Columns: "customer_id int, allow, deny, date_modified int"}.Part(),
	portable.Table{Table: "customer_sign_ins", Key: "customer_id", Columns: "customer_id int, date_last int"}.Part(),
	portable.Table{
		Table: "customer_aliases", Key: "id, merge_id", Columns: "id int, merge_id int, customer_id int, email, signs_in flag, date_created int",
		Derived: "email_norm", Derive: func(r portable.Record) []any { return []any{email.Key(r.Text("email"))} },
	}.Part(),
}

// PortableJobs are the kinds of jobs that change what moves, and move with it.
var PortableJobs = []string{leaveJob}

// arrived gives customers their emails, and counts them.
func arrived(tx *sqldb.Tx, b portable.Batch) error {
	var emails taking
	hashes := make([]rehash, 0, len(b.Records))
	for _, r := range b.Records {
		c := Customer{ID: r.Int("id"), ChannelIDs: parseChannels(r.Text("channel_ids"))}
		emails.add(&c, email.Key(r.Text("email")))
		if to := r.Text("password_hash"); to != "" {
			hashes = append(hashes, rehash{id: c.ID, to: to})
		}
	}
	if err := emails.run(tx); err != nil {
		return err
	}
	if err := countHashes(tx, hashes...); err != nil {
		return err
	}
	return listing.Customers.Arrive(tx, b)
}
