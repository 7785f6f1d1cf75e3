package customer

import (
	"clientele/internal/email"
	"clientele/internal/personal"
	"clientele/internal/sqldb"
)

// folded is why columns to compare by are not told.
const folded = "another value again, to be compared"

var customerThere = sqldb.Static(`SELECT id FROM customers WHERE store_id = $1 AND id = $2`)

var byAddress = sqldb.Static(`SELECT e.customer_id, c.email FROM customer_emails e JOIN customers c ON c.store_id = e.store_id AND c.id = e.customer_id WHERE e.store_id = $1 AND e.email_norm = $2`)

// findPerson finds the customers who have the address, and those who had it and
// were deleted. Who has another one by now is somebody else.
func findPerson(tx *sqldb.Tx, w *personal.Who, at personal.Place) (personal.Place, error) {
	for _, key := range email.Keys(w.Email) {
		if err := tx.Query(byAddress, func(r *sqldb.Row) error {
			if w.Is(r.Text(1)) {
				w.AddCustomer(r.Int(0))
			}
			return nil
		}, key); err != nil {
			return at, err
		}
	}
	for _, id := range w.Former {
		there := false
		if err := tx.Query(customerThere, func(*sqldb.Row) error { there = true; return nil }, id); err != nil {
			return at, err
		}
		if !there {
			w.AddCustomer(id)
		}
	}
	return personal.Place{End: true}, nil
}

// Personal is what this package keeps of persons.
func (s *Service) Personal() []personal.Part {
	customers := personalCustomers.Part()
	customers.Find, customers.Drop = findPerson, s.erase
	return append(append([]personal.Part{customers}, personalRest...), formerAddresses)
}

var personalCustomers = personal.Table{
	Name: "customers", Title: "Customer", By: personal.ByCustomer, Key: []string{"id"},
	Select: sqldb.Static(`SELECT id, email, first_name, last_name, company, phone, notes, tax_exempt_category, customer_group_id, registration_ip_address, accepts_emails, store_credit,
		origin_channel_id, channel_ids, force_password_reset, locale, date_created, date_modified FROM customers WHERE store_id = $1 AND id = $2 AND id > $3 ORDER BY id LIMIT $4`),
	Kinds: "id int, customer_group_id id, accepts_emails flag, store_credit money, origin_channel_id int, force_password_reset flag, date_created time, date_modified time",
	Hidden: map[string]string{
		"password_hash": "the hash of a password", "name_norm": folded, "last_name_norm": folded, "company_norm": folded, "phone_norm": folded,
	},
}

var personalRest = []personal.Part{
	personal.Table{
		Name: "customer_emails", Title: "Channels on which the address is taken", By: personal.ByAddress, Key: []string{"email_norm", "channel_id"},
		Select: sqldb.Static(`SELECT email_norm, channel_id, customer_id FROM customer_emails WHERE store_id = $1 AND email_norm = $2 AND (email_norm, channel_id) > ($3, $4)
			ORDER BY email_norm, channel_id LIMIT $5`),
		Kinds: "channel_id int, customer_id id",
	}.Part(),
	personal.Table{
		Name: "addresses", Title: "Addresses", By: personal.ByCustomer, Key: []string{"id"},
		Select: sqldb.Static(`SELECT id, customer_id, first_name, last_name, company, phone, address_type, address1, address2, city, state_or_province, postal_code, country_code, fingerprint
			FROM addresses WHERE store_id = $1 AND customer_id = $2 AND id > $3 ORDER BY id LIMIT $4`),
		Kinds:  "id int, customer_id int",
		Hidden: map[string]string{"name_norm": folded, "company_norm": folded},
	}.Part(),
	personal.Table{
		Name: "attribute_values", Title: "Attributes", By: personal.ByCustomer, Key: []string{"id"},
		Select: sqldb.Static(`SELECT v.id, v.customer_id, v.attribute_id, a.name AS attribute_name, v.value, v.date_created, v.date_modified
			FROM attribute_values v JOIN attributes a ON a.store_id = v.store_id AND a.id = v.attribute_id WHERE v.store_id = $1 AND v.customer_id = $2 AND v.id > $3 ORDER BY v.id LIMIT $4`),
		Kinds: "id int, customer_id int, attribute_id int, date_created time, date_modified time",
	}.Part(),
	personal.Table{
		Name: "customer_form_values", Title: "Answers in the form of the account", By: personal.ByCustomer, Key: []string{"field_id"},
		Select: sqldb.Static(`SELECT customer_id, field_id, value, session_id FROM customer_form_values WHERE store_id = $1 AND customer_id = $2 AND field_id > $3 ORDER BY field_id LIMIT $4`),
		Kinds:  "customer_id int, field_id int, value json, session_id int",
	}.Part(),
	personal.Table{
		Name: "address_form_values", Title: "Answers in the form of addresses", By: personal.ByCustomer, Key: []string{"address_id", "field_id"},
		Select: sqldb.Static(`SELECT v.address_id, v.field_id, v.value, v.session_id FROM addresses a JOIN address_form_values v ON v.store_id = a.store_id AND v.address_id = a.id
			WHERE a.store_id = $1 AND a.customer_id = $2 AND (v.address_id, v.field_id) > ($3, $4) ORDER BY v.address_id, v.field_id LIMIT $5`),
		Kinds: "address_id int, field_id int, value json, session_id int",
	}.Part(),
	personal.Table{
		Name: "customer_sign_ins", Title: "Last sign-in", By: personal.ByCustomer, Key: []string{"customer_id"},
		Select: sqldb.Static(`SELECT customer_id, date_last FROM customer_sign_ins WHERE store_id = $1 AND customer_id = $2 AND customer_id > $3 ORDER BY customer_id LIMIT $4`),
		Kinds:  "customer_id int, date_last time",
	}.Part(),
	personal.Table{
		Name: "customer_consents", Title: "Consent to cookies", By: personal.ByCustomer, Key: []string{"customer_id"},
		Select: sqldb.Static(`SELECT customer_id, allow, deny, date_modified FROM customer_consents WHERE store_id = $1 AND customer_id = $2 AND customer_id > $3 ORDER BY customer_id LIMIT $4`),
		Kinds:  "customer_id int, date_modified time",
	}.Part(),
}

// erase deletes customers of a person, with all that is theirs.
func (s *Service) erase(tx *sqldb.Tx, e *personal.Erasure, rows []personal.Row) (n int64, err error) {
	var there []int64
	for i := range rows {
		if err := tx.Query(sqldb.Dynamic(`SELECT id FROM customers WHERE store_id = $1 AND id = $2`+tx.ForDelete()), func(r *sqldb.Row) error {
			there = append(there, r.Int(0))
			return nil
		}, rows[i].Int(0)); err != nil {
			return 0, err
		}
	}
	if len(there) == 0 {
		return 0, nil
	}
	for _, id := range there {
		if err := e.Before(tx, id); err != nil {
			return 0, err
		}
	}
	return int64(len(there)), s.deleteCustomers(tx, there, e.Now, nil)
}
