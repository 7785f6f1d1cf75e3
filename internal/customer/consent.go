package customer

import (
	"context"
	"slices"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/sqldb"
)

// essential is what no shop works without; shoppers are not asked for it.
const essential = "essential"

// ConsentKinds are what a customer can agree to.
var ConsentKinds = []string{essential, "functional", "analytics", "targeting"}

// Consent is what a customer agreed to and what not; kinds in neither list
// are undecided.
type Consent struct {
	Allow, Deny []string
	// DateModified is when a customer who said nothing was created.
	DateModified int64
}

var (
	selectCreated = sqldb.Static(`SELECT date_created FROM customers WHERE store_id = $1 AND id = $2`)
	selectConsent = sqldb.Static(`SELECT allow, deny, date_modified FROM customer_consents WHERE store_id = $1 AND customer_id = $2`)
	upsertConsent = sqldb.Static(`INSERT INTO customer_consents (store_id, customer_id, allow, deny, date_modified) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (store_id, customer_id) DO UPDATE SET allow = excluded.allow, deny = excluded.deny, date_modified = excluded.date_modified`)
)

// Consent returns what a customer agreed to.
func (s *Service) Consent(ctx context.Context, storeID, id int64) (Consent, error) {
	var out Consent
	found := false
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out, found = Consent{}, false
		return tx.Pipeline(
			sqldb.Q{Stmt: selectCreated, Args: []any{id}, Each: func(r *sqldb.Row) error {
				out.DateModified, found = r.Int(0), true
				return nil
			}},
			sqldb.Q{Stmt: selectConsent, Args: []any{id}, Each: func(r *sqldb.Row) error {
				out = Consent{Allow: kinds(r.Text(0)), Deny: kinds(r.Text(1)), DateModified: r.Int(2)}
				return nil
			}},
		)
	})
	if err == nil && !found {
		err = ErrNoCustomer
	}
	return out, err
}

// ConsentsQuery returns the query for what some customers said, of those who did, to
// be run in a pipeline.
func ConsentsQuery(ids []int64, each func(id int64, c Consent)) sqldb.Q {
	in, args := sqldb.In(nil, ids)
	return sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT customer_id, allow, deny, date_modified FROM customer_consents WHERE store_id = $1 AND customer_id IN ` + in), Args: args,
		Each: func(r *sqldb.Row) error {
			each(r.Int(0), Consent{Allow: kinds(r.Text(1)), Deny: kinds(r.Text(2)), DateModified: r.Int(3)})
			return nil
		},
	}
}

func kinds(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// SetConsent replaces what a customer agreed to.
func (s *Service) SetConsent(ctx context.Context, storeID, id int64, in Consent) (Consent, error) {
	in.DateModified = s.sys.Now()
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error { return SetConsentTx(tx, id, in) })
	return in, err
}

// SetConsentTx is SetConsent inside a transaction.
func SetConsentTx(tx *sqldb.Tx, id int64, in Consent) error {
	c := fault.Collector{}
	in.check(&c)
	if err := c.Err(fault.Invalid); err != nil {
		return err
	}
	if err := HoldOne(tx, id); err != nil {
		return err
	}
	var old Consent
	if err := tx.Pipeline(old.query(id)); err != nil {
		return err
	}
	return in.store(tx, id, &old, in.DateModified)
}

// query returns the query for what a customer said.
func (in *Consent) query(id int64) sqldb.Q {
	return sqldb.Q{Stmt: selectConsent, Args: []any{id}, Each: func(r *sqldb.Row) error {
		*in = Consent{Allow: kinds(r.Text(0)), Deny: kinds(r.Text(1)), DateModified: r.Int(2)}
		return nil
	}}
}

// store replaces what a customer said by in.
func (in *Consent) store(tx *sqldb.Tx, id int64, old *Consent, now int64) error {
	e := history.Entry{Action: history.Consented, Resource: history.Customer, ID: id, CustomerID: id}
	consentHistory.Diff(&e, old, in)
	if e.Changed() {
		if err := history.Enter(tx, now, e); err != nil {
			return err
		}
	}
	return tx.Exec(upsertConsent, id, strings.Join(in.Allow, ","), strings.Join(in.Deny, ","), in.DateModified)
}

func (in *Consent) check(c *fault.Collector) {
	for _, l := range []struct {
		field fault.Field
		names []string
	}{{FieldAllow, in.Allow}, {FieldDeny, in.Deny}} {
		for i, name := range l.names {
			switch {
			case !slices.Contains(ConsentKinds, name):
				c.Because(l.field, fault.NotAccepted, WhyKinds, strings.Join(ConsentKinds, ", "))
			case slices.Contains(l.names[:i], name):
				c.Because(l.field, fault.Duplicate, WhyKindTwice, "")
			case l.field == FieldDeny && slices.Contains(in.Allow, name):
				c.AddItem(fault.Item{Field: l.field, Code: fault.NotAccepted, Why: WhyAllowedAndDenied, Value: name})
			}
		}
	}
}

// AdoptConsent gives a customer what their browser was told as a guest, at
// in.DateModified, unless the customer said something later. It returns what
// holds then. What a browser is not asked, the essential, stays as it is.
func (s *Service) AdoptConsent(ctx context.Context, storeID, id int64, in Consent) (Consent, error) {
	c := fault.Collector{}
	in.check(&c)
	if err := c.Err(fault.Invalid); err != nil {
		return Consent{}, err
	}
	in.DateModified = min(in.DateModified, s.sys.Now())
	var out Consent
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		if err := HoldOne(tx, id); err != nil {
			return err
		}
		var old Consent
		if err := tx.Pipeline(old.query(id)); err != nil {
			return err
		}
		if out = old; old.DateModified > in.DateModified {
			return nil
		}
		out = Consent{Allow: slices.Clone(in.Allow), Deny: slices.Clone(in.Deny), DateModified: in.DateModified}
		said := func(l []string) bool { return slices.Contains(l, essential) }
		if !said(in.Allow) && !said(in.Deny) {
			if said(old.Allow) {
				out.Allow = append([]string{essential}, out.Allow...)
			}
			if said(old.Deny) {
				out.Deny = append([]string{essential}, out.Deny...)
			}
		}
		return out.store(tx, id, &old, s.sys.Now())
	})
	return out, err
}
