package customer

import (
	"strings"

	"clientele/internal/email"
	"clientele/internal/sqldb"
)

// Person is what signing in needs to know of a customer.
type Person struct {
	ID                         int64 // 0: there is no such customer
	Email, FirstName, LastName string
	PasswordHash               string
	ForcePasswordReset         bool
	Locale                     string // "": the store's language
	Channels                   Channels
}

// Name returns the full name.
func (p *Person) Name() string { return FullName(p.FirstName, p.LastName) }

// FullName returns a first and a last name as one.
func FullName(first, last string) string { return strings.TrimSpace(first + " " + last) }

// Standing is what a catalog or a cart needs to know of a customer.
type Standing struct {
	ID                int64 // 0: there is no such customer
	GroupID           int64
	TaxExemptCategory string
	Channels          Channels
}

var selectStanding = sqldb.Static(`SELECT id, customer_group_id, tax_exempt_category, channel_ids FROM customers WHERE store_id = $1 AND id = $2`)

// StandingQuery returns the query for a customer, to be run in a pipeline.
func StandingQuery(id int64, into *Standing) sqldb.Q {
	*into = Standing{}
	return sqldb.Q{Stmt: selectStanding, Args: []any{id}, Each: func(r *sqldb.Row) error {
		*into = Standing{ID: r.Int(0), GroupID: r.Int(1), TaxExemptCategory: r.Text(2), Channels: Channels(r.Text(3))}
		return nil
	}}
}

// Holder is a customer as who has an email address on a channel.
type Holder struct {
	Person
	ChannelID int64 // 0: all channels
	// Alias tells that the address is not the customer's own: see SignInQuery.
	Alias bool
}

const personColumns = `c.id, c.email, c.first_name, c.last_name, c.password_hash, c.force_password_reset, c.channel_ids, c.locale`

func (p *Person) scan(r *sqldb.Row) {
	*p = Person{ID: r.Int(0), Email: r.Text(1), FirstName: r.Text(2), LastName: r.Text(3), PasswordHash: r.Text(4), ForcePasswordReset: r.Flag(5), Channels: Channels(r.Text(6)), Locale: r.Text(7)}
}

const personByID = `SELECT ` + personColumns + ` FROM customers c WHERE c.store_id = $1 AND c.id = $2`

var (
	selectPerson  = sqldb.Static(personByID)
	selectHolders = sqldb.Static(`SELECT ` + personColumns + `, e.channel_id FROM customer_emails e
		JOIN customers c ON c.store_id = e.store_id AND c.id = e.customer_id
		WHERE e.store_id = $1 AND e.email_norm = $2`)
	selectOthers = sqldb.Static(`SELECT customer_id FROM customer_emails WHERE store_id = $1 AND email_norm = $2 AND customer_id NOT IN (0, $3) LIMIT 1`)
)

// PersonQuery returns the query for a customer, to be run in a pipeline.
func PersonQuery(id int64, into *Person) sqldb.Q {
	*into = Person{}
	return sqldb.Q{Stmt: selectPerson, Args: []any{id}, Each: func(r *sqldb.Row) error { into.scan(r); return nil }}
}

// HoldPersonQuery is PersonQuery with the lock of Hold.
func HoldPersonQuery(tx *sqldb.Tx, id int64, into *Person) sqldb.Q {
	q := PersonQuery(id, into)
	q.Stmt = sqldb.Dynamic(personByID + tx.ForUpdate())
	return q
}

// HoldPeopleQuery is HoldPersonQuery for several, by their ids in ascending order.
func HoldPeopleQuery(tx *sqldb.Tx, ids []int64, each func(Person)) sqldb.Q {
	in, args := sqldb.In(nil, ids)
	return sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT ` + personColumns + ` FROM customers c WHERE c.store_id = $1 AND c.id IN ` + in + ` ORDER BY c.id` + tx.ForUpdate()), Args: args,
		Each: func(r *sqldb.Row) error {
			var p Person
			p.scan(r)
			each(p)
			return nil
		},
	}
}

// HoldersQuery returns the queries for the customers who have an email address,
// once for each of their channels, to be run in a pipeline. Where an upgrade
// found several with one address on a channel, the first has what was given.
func HoldersQuery(address string, each func(Holder)) []sqldb.Q {
	key := email.Key(address)
	var qs []sqldb.Q
	for _, norm := range email.Keys(address) {
		qs = append(qs, sqldb.Q{Stmt: selectHolders, Args: []any{norm}, Each: func(r *sqldb.Row) error {
			var h Holder
			h.scan(r)
			h.ChannelID = r.Int(8)
			if email.Key(h.Email) == key {
				each(h)
			}
			return nil
		}})
	}
	return qs
}

// SharedQuery returns the queries for whether anybody but a customer has an
// email address, to be run in a pipeline.
func SharedQuery(address string, id int64, shared *bool) []sqldb.Q {
	*shared = false
	var qs []sqldb.Q
	for _, norm := range email.Keys(address) {
		qs = append(qs, sqldb.Q{Stmt: selectOthers, Args: []any{norm, id}, Each: func(*sqldb.Row) error { *shared = true; return nil }})
	}
	return qs
}

// HoldersOf returns the SQL of a list of the customers who have a folded email
// address on a channel or on all, given the parameters of both.
func HoldersOf(norm, channel string) string {
	return `(SELECT e.customer_id FROM customer_emails e WHERE e.store_id = $1 AND e.email_norm = ` + norm + ` AND e.channel_id IN (0, ` + channel + `))`
}
