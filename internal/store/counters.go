package store

import (
	"clientele/internal/sqldb"
)

// Advance says by how much each counter of a store moves. Ids are small
// integers per store, given out in the transaction that uses them: an aborted
// transaction leaves no gap, and ids become visible in order.
type Advance struct {
	CustomerIDs, AddressIDs, AttributeValueIDs, EventIDs int64
	// Entries are those of the history.
	Entries int64
	// Customers and Addresses change the totals of the lists, as do the values of
	// attributes and form fields.
	Customers, Addresses, AttributeValues, FormValues int64
}

// Plus returns the move by a and b at once.
func (a Advance) Plus(b Advance) Advance {
	return Advance{
		a.CustomerIDs + b.CustomerIDs, a.AddressIDs + b.AddressIDs, a.AttributeValueIDs + b.AttributeValueIDs, a.EventIDs + b.EventIDs, a.Entries + b.Entries,
		a.Customers + b.Customers, a.Addresses + b.Addresses, a.AttributeValues + b.AttributeValues, a.FormValues + b.FormValues,
	}
}

// Counters are the values after an Advance: the last id given out of each
// kind. With n ids taken, they are last-n+1 … last.
type Counters struct {
	CustomerID, AddressID, AttributeValueID, EventID, EntryID int64
	// Rules tells that segments of the store have rules, for which changes of
	// customers are to be marked.
	Rules bool
}

var advance = sqldb.Static(`UPDATE store_counters SET
	customer_id = customer_id + $2, address_id = address_id + $3,
	attribute_value_id = attribute_value_id + $4, event_id = event_id + $5,
	customers = customers + $6, addresses = addresses + $7, history_id = history_id + $8,
	attribute_values = attribute_values + $9, form_values = form_values + $10, lap = ` + sqldb.NextLap("$8") + `
	WHERE store_id = $1` + sqldb.Newest + `
	RETURNING customer_id, address_id, attribute_value_id, event_id, history_id, rules, lap`)

// Query returns the query that moves the counters and sets c, to be run in a
// pipeline. It locks the store's counters until the commit, so it comes as
// late in a transaction as it can and before any insert: all writers of a
// store that take locks in this order cannot deadlock.
func (a Advance) Query(tx *sqldb.Tx, c *Counters) sqldb.Q {
	a = a.told(tx)
	return sqldb.Q{
		Stmt: advance,
		Args: []any{a.CustomerIDs, a.AddressIDs, a.AttributeValueIDs, a.EventIDs, a.Customers, a.Addresses, a.Entries, a.AttributeValues, a.FormValues},
		Each: func(r *sqldb.Row) error {
			*c = Counters{CustomerID: r.Int(0), AddressID: r.Int(1), AttributeValueID: r.Int(2), EventID: r.Int(3), EntryID: r.Int(4), Rules: r.Flag(5)}
			tx.Lapped(r.Int(6))
			return nil
		},
	}
}

// told leaves out what the transaction does not tell of.
func (a Advance) told(tx *sqldb.Tx) Advance {
	a.EventIDs, a.Entries = tx.Muted().Of(a.EventIDs, a.Entries)
	return a
}

// Run moves the counters on their own.
func (a Advance) Run(tx *sqldb.Tx) (Counters, error) {
	var c Counters
	return c, tx.Pipeline(a.Query(tx, &c))
}

// Undo takes back a, which is a part of what moved the counters to c last and of
// which nothing was used, in the same transaction.
func (a Advance) Undo(tx *sqldb.Tx, c *Counters) error {
	a = a.told(tx)
	c.CustomerID -= a.CustomerIDs
	c.AddressID -= a.AddressIDs
	c.AttributeValueID -= a.AttributeValueIDs
	c.EventID -= a.EventIDs
	c.EntryID -= a.Entries
	return tx.Exec(advance, -a.CustomerIDs, -a.AddressIDs, -a.AttributeValueIDs, -a.EventIDs, -a.Customers, -a.Addresses, -a.Entries, -a.AttributeValues, -a.FormValues)
}

var moved = sqldb.Static(`SELECT customer_id + address_id + attribute_value_id + event_id + history_id FROM store_counters WHERE store_id = $1` + sqldb.Newest)

// MovedQuery returns the query for a number that is another one once somebody has
// written: every write gives out an id of the history, but for those that are muted.
func MovedQuery(into *int64) sqldb.Q {
	return sqldb.Q{Stmt: moved, Each: func(r *sqldb.Row) error { *into = r.Int(0); return nil }}
}

// Before returns the number of MovedQuery before a moved the counters to c.
func (c *Counters) Before(tx *sqldb.Tx, a Advance) int64 {
	a = a.told(tx)
	return c.CustomerID + c.AddressID + c.AttributeValueID + c.EventID + c.EntryID - a.CustomerIDs - a.AddressIDs - a.AttributeValueIDs - a.EventIDs - a.Entries
}

// Lift raises the id counters to at least the given values, for ids that were
// chosen outside, such as those of a seed file.
var liftIDs = sqldb.Static(`UPDATE store_counters SET
	account_id = CASE WHEN account_id < $2 THEN $2 ELSE account_id END,
	channel_id = CASE WHEN channel_id < $3 THEN $3 ELSE channel_id END,
	group_id = CASE WHEN group_id < $4 THEN $4 ELSE group_id END,
	attribute_id = CASE WHEN attribute_id < $5 THEN $5 ELSE attribute_id END,
	form_field_id = CASE WHEN form_field_id < $6 THEN $6 ELSE form_field_id END,
	customer_id = CASE WHEN customer_id < $7 THEN $7 ELSE customer_id END,
	address_id = CASE WHEN address_id < $8 THEN $8 ELSE address_id END,
	subscriber_id = CASE WHEN subscriber_id < $9 THEN $9 ELSE subscriber_id END
	WHERE store_id = $1`)

// Lowest are the values that Lift guarantees.
type Lowest struct {
	AccountID, ChannelID, GroupID, AttributeID, FormFieldID, CustomerID, AddressID, SubscriberID int64
}

// Lift raises the counters that are below l.
func (l Lowest) Lift(tx *sqldb.Tx) error {
	return tx.Exec(liftIDs, l.AccountID, l.ChannelID, l.GroupID, l.AttributeID, l.FormFieldID, l.CustomerID, l.AddressID, l.SubscriberID)
}

var (
	countCustomers = sqldb.Static(`SELECT customers, customer_id FROM store_counters WHERE store_id = $1` + sqldb.Newest)
	countAddresses = sqldb.Static(`SELECT addresses, address_id FROM store_counters WHERE store_id = $1` + sqldb.Newest)
	countValues    = sqldb.Static(`SELECT attribute_values, attribute_value_id FROM store_counters WHERE store_id = $1` + sqldb.Newest + ` AND uncounted = 0`)
	countFilled    = sqldb.Static(`SELECT form_values, 0 FROM store_counters WHERE store_id = $1` + sqldb.Newest + ` AND uncounted = 0`)
)

// TotalCustomers and the like are the statements that tell a list's
// total, without counting rows, and the last id given out.
func TotalCustomers() *sqldb.Stmt { return countCustomers }

// TotalAddresses is described at TotalCustomers.
func TotalAddresses() *sqldb.Stmt { return countAddresses }

// TotalAttributeValues is described at TotalCustomers. It finds no row while the
// values have to be counted.
func TotalAttributeValues() *sqldb.Stmt { return countValues }

// TotalFormValues is described at TotalAttributeValues.
func TotalFormValues() *sqldb.Stmt { return countFilled }

var (
	moveValues    = sqldb.Static(`UPDATE store_counters SET attribute_values = attribute_values + $2, form_values = form_values + $3 WHERE store_id = $1` + sqldb.Newest)
	correctValues = sqldb.Static(`UPDATE store_counters SET attribute_values = attribute_values + $2, form_values = form_values + $3, uncounted = 0
		WHERE store_id = $1 AND uncounted = $4 AND uncounted > 0`)
)

// MoveValues changes the totals of the lists of values by themselves, under the
// lock that an Advance took.
func MoveValues(tx *sqldb.Tx, attributes, fields int64) error {
	if attributes == 0 && fields == 0 {
		return nil
	}
	return tx.Exec(moveValues, attributes, fields)
}

// CorrectValues corrects the totals by what a count found them to be wrong, and
// tells that it did: not if values were lost since.
func CorrectValues(tx *sqldb.Tx, lost, attributes, fields int64) (bool, error) {
	n, err := tx.ExecCount(correctValues, attributes, fields, lost)
	return n > 0, err
}
