package bench

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"unsafe"

	"clientele/internal/auth"
	"clientele/internal/fold"
)

// borrow lends bytes as a string to what does not keep it.
func borrow(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// What a writer of the floor inserts. It keeps the tables' keys and nothing
// else: no events, counters or block counts.
const (
	floorInsertCustomer = `INSERT INTO customers (store_id, id, email, first_name, last_name, company, phone, notes, tax_exempt_category, customer_group_id,
	registration_ip_address, accepts_emails, store_credit, origin_channel_id, channel_ids, password_hash, force_password_reset, date_created, date_modified,
	name_norm, last_name_norm, company_norm, phone_norm)
	VALUES ($1, $2, $3, $4, $5, $6, $7, '', '', 0, '', $8, 0, 1, '', '', 0, $9, $9, $10, $11, $12, $13)`
	floorInsertEmail   = `INSERT INTO customer_emails (store_id, email_norm, channel_id, customer_id) VALUES ($1, $2, 0, $3)`
	floorInsertAddress = `INSERT INTO addresses (store_id, id, customer_id, first_name, last_name, company, phone, address_type, address1, address2, city, state_or_province,
	postal_code, country_code, fingerprint, name_norm, company_norm)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', $10, $11, $12, $13, $14, $15, $16)`
)

// floorKind is a kind of thing that a writer of the floor commits.
type floorKind struct {
	statements []string
	// fill sets the arguments of each statement: int64s and strings.
	fill func(args [][]any, id, now int64)
}

var floorKinds = map[string]floorKind{
	writeCustomers: {[]string{floorInsertCustomer, floorInsertEmail, floorInsertAddress}, fillCustomer},
	writeSubscribers: {[]string{`INSERT INTO subscribers (store_id, id, email, email_norm, channel_id, first_name, last_name, source, order_id, consents, date_created, date_modified)
		VALUES ($1, $2, $3, $3, 1, '', '', 'storefront', 0, 'marketing_newsletter', $4, $4)`}, func(args [][]any, id, now int64) {
		args[0] = append(args[0][:0], int64(storeID), id, string(appendEmail(nil, id)), now)
	}},
	writeSessions: {[]string{`INSERT INTO account_sessions (store_id, token_hash, id, customer_id, channel_id, kind, date_created, date_seen, date_expires, idle_seconds, user_agent, ip_address)
		VALUES ($1, $2, $3, $4, 1, 0, $5, $5, $6, 0, '', '127.0.0.1')`}, func(args [][]any, id, now int64) {
		args[0] = append(args[0][:0], int64(storeID), auth.HashToken(strconv.FormatInt(id, 10)), id, 1+id%signers, now, now+86400)
	}},
}

func fillCustomer(args [][]any, id, now int64) {
	c := person(id)
	a := &c.Addresses[0].AddressFields
	accepts := int64(0)
	if c.AcceptsEmails {
		accepts = 1
	}
	// As long as a real fingerprint, and as random.
	var seed [8]byte
	binary.LittleEndian.PutUint64(seed[:], uint64(id))
	sum := sha256.Sum256(seed[:])
	print := base64.RawStdEncoding.EncodeToString(sum[:18])
	name := fold.Name(c.FirstName, c.LastName)
	args[0] = append(args[0][:0], int64(storeID), id, c.Email, c.FirstName, c.LastName, c.Company, c.Phone, accepts, now,
		name, fold.Text(c.LastName), fold.Text(c.Company), fold.Text(c.Phone))
	args[1] = append(args[1][:0], int64(storeID), c.Email, id)
	args[2] = append(args[2][:0], int64(storeID), id, id, a.FirstName, a.LastName, a.Company, a.Phone, a.Type, a.Address1, a.City, a.StateOrProvince,
		a.PostalCode, a.CountryCode, print, name, fold.Text(a.Company))
}
