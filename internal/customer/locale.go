package customer

import (
	"context"

	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/locale"
	"clientele/internal/sqldb"
)

// Locale is the language in which a customer is spoken to.
type Locale struct {
	CustomerID int64
	Tag        string // "": the store's language
}

var (
	selectLocale   = sqldb.Static(`SELECT locale FROM customers WHERE store_id = $1 AND id = $2`)
	selectGreeting = sqldb.Static(`SELECT first_name, customer_group_id FROM customers WHERE store_id = $1 AND id = $2`)
	updateLocale   = sqldb.Static(`UPDATE customers SET locale = $3 WHERE store_id = $1 AND id = $2`)
)

// LocaleColumn is the column of the language. A statement with AdmissionJoin may
// select it.
const LocaleColumn = `c.locale`

func checkLocale(c *fault.Collector, name string) {
	if _, ok := locale.Tag(name); !ok && name != "" {
		c.Because(FieldLocale, fault.BadFormat, WhyLocale, "")
	}
}

// LocaleQuery returns the query for whether a customer exists and for their
// language, to be run in a pipeline.
func LocaleQuery(id int64, found *bool, tag *string) sqldb.Q {
	*found, *tag = false, ""
	return sqldb.Q{Stmt: selectLocale, Args: []any{id}, Each: func(r *sqldb.Row) error {
		*found, *tag = true, r.Text(0)
		return nil
	}}
}

// GreetingQuery returns the query for a customer's first name and group, to be
// run in a pipeline.
func GreetingQuery(id int64, firstName *string, groupID *int64) sqldb.Q {
	*firstName, *groupID = "", 0
	return sqldb.Q{Stmt: selectGreeting, Args: []any{id}, Each: func(r *sqldb.Row) error {
		*firstName, *groupID = r.Text(0), r.Int(1)
		return nil
	}}
}

// Locale returns a customer's language, or ErrNoCustomer.
func (s *Service) Locale(ctx context.Context, storeID, id int64) (*Locale, error) {
	out, found := &Locale{CustomerID: id}, false
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error { return tx.Pipeline(LocaleQuery(id, &found, &out.Tag)) })
	if err == nil && !found {
		err = ErrNoCustomer
	}
	return out, err
}

// SetLocale has a customer spoken to in a language from now on, or with an empty
// tag in the store's. It need not be one that the store has on: while it is not,
// the store's own stands in for it. No documented answer shows it, so it counts
// as no change of the customer: it records no event.
func (s *Service) SetLocale(ctx context.Context, storeID int64, in Locale) (*Locale, error) {
	c := fault.Collector{}
	checkLocale(&c, in.Tag)
	if err := c.Err(fault.Invalid); err != nil {
		return nil, err
	}
	if tag, ok := locale.Tag(in.Tag); ok {
		in.Tag = tag
	}
	return &in, s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		if err := HoldOne(tx, in.CustomerID); err != nil {
			return err
		}
		return KeepLocale(tx, in.CustomerID, in.Tag, s.sys.Now())
	})
}

// KeepLocale is SetLocale, inside a transaction, of a customer who is there and
// of a tag that is one.
func KeepLocale(tx *sqldb.Tx, id int64, tag string, now int64) error {
	var found bool
	var before string
	if err := tx.Pipeline(LocaleQuery(id, &found, &before)); err != nil || !found || before == tag {
		return err
	}
	e := history.Entry{Action: history.Updated, Resource: history.Customer, ID: id, CustomerID: id}
	e.Add(false, history.FieldLocale, history.Text(before), history.Text(tag))
	if err := history.Enter(tx, now, e); err != nil {
		return err
	}
	return tx.Exec(updateLocale, id, tag)
}
