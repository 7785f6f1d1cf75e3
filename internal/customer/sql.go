package customer

import (
	"slices"

	"clientele/internal/email"
	"clientele/internal/fold"
	"clientele/internal/sqldb"
)

const customerColumns = `id, email, first_name, last_name, company, phone, notes, tax_exempt_category, customer_group_id,
	registration_ip_address, accepts_emails, store_credit, origin_channel_id, channel_ids, force_password_reset, date_created, date_modified`

// hashColumn is where password_hash comes after customerColumns.
const hashColumn = 17

func (c *Customer) scan(r *sqldb.Row) {
	c.ID = r.Int(0)
	c.Email = r.Text(1)
	c.FirstName = r.Text(2)
	c.LastName = r.Text(3)
	c.Company = r.Text(4)
	c.Phone = r.Text(5)
	c.Notes = r.Text(6)
	c.TaxExemptCategory = r.Text(7)
	c.GroupID = r.Int(8)
	c.RegistrationIP = r.Text(9)
	c.AcceptsEmails = r.Flag(10)
	c.StoreCredit = r.Int(11)
	c.OriginChannelID = r.Int(12)
	c.ChannelIDs = parseChannels(r.Text(13))
	c.ForcePasswordReset = r.Flag(14)
	c.DateCreated = r.Int(15)
	c.DateModified = r.Int(16)
}

// together is for how many sizes of inserts there are statements: 1 to 32 rows.
const together = 6

const customerArgs = 21 // of each row

var insertCustomers = sqldb.StaticRows(`INSERT INTO customers (store_id, date_created, date_modified, id, email, first_name, last_name, company, phone, notes, tax_exempt_category, customer_group_id,
	registration_ip_address, accepts_emails, store_credit, origin_channel_id, channel_ids, force_password_reset,
	password_hash, name_norm, last_name_norm, company_norm, phone_norm, locale) VALUES `, 2, customerArgs, together, ``)

// insertDated is insertCustomers of customers that were made before now.
var insertDated = sqldb.StaticRows(`INSERT INTO customers (store_id, date_modified, date_created, id, email, first_name, last_name, company, phone, notes, tax_exempt_category, customer_group_id,
	registration_ip_address, accepts_emails, store_credit, origin_channel_id, channel_ids, force_password_reset,
	password_hash, name_norm, last_name_norm, company_norm, phone_norm, locale) VALUES `, 1, customerArgs+1, together, ``)

// appendCustomer adds the row of a customer but for its dates.
func appendCustomer(rows []any, c *Customer, passwordHash, locale string) []any {
	return append(rows, c.ID, c.Email, c.FirstName, c.LastName, c.Company, c.Phone, c.Notes, c.TaxExemptCategory, c.GroupID,
		c.RegistrationIP, sqldb.Flag(c.AcceptsEmails), c.StoreCredit, c.OriginChannelID, channelText(c.ChannelIDs), sqldb.Flag(c.ForcePasswordReset),
		passwordHash, fold.Name(c.FirstName, c.LastName), fold.Text(c.LastName), fold.Text(c.Company), fold.Text(c.Phone), locale)
}

// An empty password hash keeps the stored one.
var updateCustomer = sqldb.Static(`UPDATE customers SET email = $3, first_name = $4, last_name = $5, company = $6, phone = $7, notes = $8, tax_exempt_category = $9,
	customer_group_id = $10, accepts_emails = $11, store_credit = $12, channel_ids = $13, force_password_reset = $14, date_modified = $15,
	password_hash = CASE WHEN $16 = '' THEN password_hash ELSE $16 END,
	name_norm = $17, last_name_norm = $18, company_norm = $19, phone_norm = $20, registration_ip_address = $21
	WHERE store_id = $1 AND id = $2`)

func updateCustomerRow(tx *sqldb.Tx, c *Customer, passwordHash string) error {
	return tx.Exec(updateCustomer, c.ID, c.Email, c.FirstName, c.LastName, c.Company, c.Phone, c.Notes, c.TaxExemptCategory,
		c.GroupID, sqldb.Flag(c.AcceptsEmails), c.StoreCredit, channelText(c.ChannelIDs), sqldb.Flag(c.ForcePasswordReset), c.DateModified,
		passwordHash, fold.Name(c.FirstName, c.LastName), fold.Text(c.LastName), fold.Text(c.Company), fold.Text(c.Phone), c.RegistrationIP)
}

var deleteCustomer = sqldb.Static(`DELETE FROM customers WHERE store_id = $1 AND id = $2`)

const addressColumns = `id, customer_id, first_name, last_name, company, phone, address_type, address1, address2, city, state_or_province, postal_code, country_code`

func (a *Address) scan(r *sqldb.Row) {
	a.ID = r.Int(0)
	a.CustomerID = r.Int(1)
	a.FirstName = r.Text(2)
	a.LastName = r.Text(3)
	a.Company = r.Text(4)
	a.Phone = r.Text(5)
	a.Type = r.Text(6)
	a.Address1 = r.Text(7)
	a.Address2 = r.Text(8)
	a.City = r.Text(9)
	a.StateOrProvince = r.Text(10)
	a.PostalCode = r.Text(11)
	a.CountryCode = r.Text(12)
}

const addressArgs = 16 // of each row

var (
	insertAddresses = sqldb.StaticRows(`INSERT INTO addresses (store_id, id, customer_id, first_name, last_name, company, phone, address_type, address1, address2, city, state_or_province, postal_code, country_code, fingerprint, name_norm, company_norm) VALUES `,
		0, addressArgs, together, ``)
	updateAddress = sqldb.Static(`UPDATE addresses SET first_name = $3, last_name = $4, company = $5, phone = $6, address_type = $7, address1 = $8, address2 = $9, city = $10, state_or_province = $11, postal_code = $12, country_code = $13, fingerprint = $14, name_norm = $15, company_norm = $16
		WHERE store_id = $1 AND id = $2`)
	deleteAddress = sqldb.Static(`DELETE FROM addresses WHERE store_id = $1 AND id = $2`)
)

// appendAddress adds the row of an address.
func appendAddress(rows []any, a *Address, fingerprint string) []any {
	return append(rows, a.ID, a.CustomerID, a.FirstName, a.LastName, a.Company, a.Phone, a.Type, a.Address1, a.Address2, a.City, a.StateOrProvince, a.PostalCode, a.CountryCode,
		fingerprint, fold.Name(a.FirstName, a.LastName), fold.Text(a.Company))
}

func updateAddressRow(tx *sqldb.Tx, a *Address, fingerprint string) error {
	return tx.Exec(updateAddress, a.ID, a.FirstName, a.LastName, a.Company, a.Phone, a.Type, a.Address1, a.Address2, a.City, a.StateOrProvince, a.PostalCode, a.CountryCode,
		fingerprint, fold.Name(a.FirstName, a.LastName), fold.Text(a.Company))
}

const emailArgs = 3 // of each row

// The rows of customer_emails; see the schema.
var (
	insertEmails = sqldb.StaticRows(`INSERT INTO customer_emails (store_id, email_norm, channel_id, customer_id) VALUES `, 0, emailArgs, together, ``)
	shareEmails  = sqldb.StaticRows(`INSERT INTO customer_emails (store_id, channel_id, customer_id, email_norm) VALUES `, 2, 1, together, `
		ON CONFLICT (store_id, email_norm, channel_id) DO UPDATE SET customer_id = 0 WHERE customer_emails.customer_id = 0`)
	deleteEmail  = sqldb.Static(`DELETE FROM customer_emails WHERE store_id = $1 AND email_norm = $2 AND customer_id = $3`)
	releaseEmail = sqldb.Static(`DELETE FROM customer_emails WHERE store_id = $1 AND email_norm = $2 AND channel_id = 0 AND customer_id = 0
		AND NOT EXISTS (SELECT 1 FROM customer_emails o WHERE o.store_id = $1 AND o.email_norm = $2 AND o.customer_id <> 0)`)
)

// taking are the rows by which accounts get their emails.
type taking struct {
	rows   []any
	shared []string // the keys of accounts for single channels
}

// add gives an account its email, which norm is folded, on its channels.
func (t *taking) add(c *Customer, norm string) {
	if c.ChannelIDs == nil {
		t.rows = append(t.rows, norm, int64(0), c.ID)
		return
	}
	if !slices.Contains(t.shared, norm) {
		t.shared = append(t.shared, norm)
	}
	for _, ch := range c.ChannelIDs {
		t.rows = append(t.rows, norm, ch, c.ID)
	}
}

// run writes the rows. Whoever else holds an email makes the statement, and so
// the transaction, fail.
func (t *taking) run(tx *sqldb.Tx) error {
	if len(t.shared) > 0 {
		norms := make([]any, len(t.shared))
		for i, norm := range t.shared {
			norms[i] = norm
		}
		n, err := shareEmails.ExecCount(tx, []any{int64(0), int64(0)}, norms)
		if err != nil {
			return err
		}
		if n < int64(len(norms)) {
			return sqldb.ErrUnique
		}
	}
	return insertEmails.Exec(tx, nil, t.rows)
}

// takeEmail gives one account its email.
func takeEmail(tx *sqldb.Tx, c *Customer, norm string) error {
	var t taking
	t.add(c, norm)
	return t.run(tx)
}

// dropEmail takes an account's email from it.
func dropEmail(tx *sqldb.Tx, c *Customer) error {
	for _, norm := range email.Keys(c.Email) {
		if err := tx.Exec(deleteEmail, norm, c.ID); err != nil {
			return err
		}
		if c.ChannelIDs == nil {
			continue
		}
		if err := tx.Exec(releaseEmail, norm); err != nil {
			return err
		}
	}
	return nil
}

const slotsWith = `SELECT email_norm, channel_id, customer_id FROM customer_emails WHERE store_id = $1 AND email_norm `

var slotsOf = sqldb.Static(slotsWith + `= $2`)

// slotsQuery returns the queries for the rows of customer_emails with any of the
// given keys.
func slotsQuery(norms []string, into map[string][]slot) []sqldb.Q {
	return sqldb.ByKeys(slotsOf, func(in string) string { return slotsWith + `IN ` + in }, norms, func(r *sqldb.Row) error {
		norm := r.Text(0)
		into[norm] = append(into[norm], slot{channel: r.Int(1), customer: r.Int(2)})
		return nil
	})
}

const formerWith = `SELECT e.email_norm, e.channel_id, e.customer_id, c.email FROM customer_emails e
	JOIN customers c ON c.store_id = e.store_id AND c.id = e.customer_id WHERE e.store_id = $1 AND e.email_norm `

var formerOf = sqldb.Static(formerWith + `= $2`)

// emailSlots returns the queries for the rows of customer_emails that hold any
// of the given addresses, by their keys.
func emailSlots(addresses []string, into map[string][]slot) []sqldb.Q {
	norms := make([]string, len(addresses))
	wanted := map[string]bool{}
	var former []string
	for i, a := range addresses {
		norms[i] = email.Key(a)
		for _, k := range email.Keys(a) {
			if k != norms[i] {
				former, wanted[norms[i]] = append(former, k), true
			}
		}
	}
	qs := slotsQuery(norms, into)
	if len(former) == 0 {
		return qs
	}
	return append(qs, sqldb.ByKeys(formerOf, func(in string) string { return formerWith + `IN ` + in }, former, func(r *sqldb.Row) error {
		if norm := email.Key(r.Text(3)); wanted[norm] && norm != r.Text(0) {
			into[norm] = append(into[norm], slot{channel: r.Int(1), customer: r.Int(2)})
		}
		return nil
	})...)
}
