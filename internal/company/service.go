package company

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"clientele/internal/customer"
	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/system"
	"clientele/internal/total"
)

const columns = `id, customer_id, channel_id, name, email, phone, status, address, extras, files, date_created, date_modified`

var (
	selectOne  = sqldb.Static(`SELECT ` + columns + ` FROM companies WHERE store_id = $1 AND id = $2`)
	ofCustomer = sqldb.Static(`SELECT ` + columns + ` FROM companies WHERE store_id = $1 AND customer_id = $2`)
	nextID     = sqldb.Static(`UPDATE store_counters SET company_id = company_id + 1 WHERE store_id = $1 RETURNING company_id`)
	setStatus  = sqldb.Static(`UPDATE companies SET status = $3, date_modified = $4 WHERE store_id = $1 AND id = $2`)
	insertRow  = sqldb.Static(`INSERT INTO companies (store_id, id, customer_id, channel_id, name, email, phone, status, address, extras, files, date_created, date_modified)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)`)
)

func (c *Company) scan(r *sqldb.Row) error {
	*c = Company{ID: r.Int(0), Status: r.Text(6), DateCreated: r.Int(10), DateModified: r.Int(11), Register: Register{
		CustomerID: r.Int(1), ChannelID: r.Int(2), Name: r.Text(3), Email: r.Text(4), Phone: r.Text(5),
	}}
	for i, into := range []any{&c.Address, &c.Extras, &c.Files} {
		if err := json.Unmarshal([]byte(r.Text(7+i)), into); err != nil {
			return err
		}
	}
	return nil
}

// Service keeps companies.
type Service struct {
	db  *sqldb.DB
	sys *system.System
}

// NewService returns a Service over db. Companies go with the customers who
// registered them.
func NewService(db *sqldb.DB, sys *system.System, customers *customer.Service) *Service {
	customers.LeaveWith(leaving)
	return &Service{db: db, sys: sys}
}

// leaving is a customer.Leaving.
func leaving(_ *sqldb.Tx, customers []int64, add func(event.Event)) sqldb.Q {
	in, args := sqldb.In(nil, customers)
	return sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT id, customer_id FROM companies WHERE store_id = $1 AND customer_id IN ` + in + ` ORDER BY id`),
		Args: args,
		Each: func(r *sqldb.Row) error {
			add(event.Company(event.CompanyDeleted, r.Int(0), r.Int(1)))
			return nil
		},
	}
}

var errNone = fault.New(fault.NotFound, "there is no such company")

// Register keeps a company that a customer asks for. A customer has one.
func (s *Service) Register(ctx context.Context, storeID int64, in Register) (Company, error) {
	col := fault.Collector{}
	in.check(&col)
	if err := col.Err(fault.Invalid); err != nil {
		return Company{}, err
	}
	var texts [3]string
	for i, v := range []any{in.Address, in.Extras, in.Files} {
		b, err := json.Marshal(v)
		if err != nil {
			return Company{}, err
		}
		texts[i] = string(b)
	}
	var out Company
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		now := s.sys.Now()
		out = Company{Register: in, Status: Pending, DateCreated: now, DateModified: now}
		// The customer's lock keeps two requests from registering one each.
		if err := customer.HoldOne(tx, in.CustomerID); err != nil {
			return err
		}
		var has bool
		if err := tx.Query(ofCustomer, func(*sqldb.Row) error { has = true; return nil }, in.CustomerID); err != nil {
			return err
		}
		if has {
			return fault.Broken(fault.Conflict, fault.Item{Field: FieldCustomer, Code: fault.Taken, Why: WhyRegistered})
		}
		if err := tx.Query(nextID, func(r *sqldb.Row) error { out.ID = r.Int(0); return nil }); err != nil {
			return err
		}
		if err := store.Note(tx, now, []event.Event{event.Company(event.CompanyCreated, out.ID, in.CustomerID)},
			[]history.Entry{out.changeOf(nil, &out)}); err != nil {
			return err
		}
		if err := total.Companies.Move(tx, "", 1); err != nil {
			return err
		}
		return tx.Exec(insertRow, out.ID, in.CustomerID, in.ChannelID, in.Name, in.Email, in.Phone, out.Status, texts[0], texts[1], texts[2], now)
	})
	return out, err
}

// Decide says what becomes of a company.
func (s *Service) Decide(ctx context.Context, storeID, id int64, in Decide) (out Company, err error) {
	if !slices.Contains(statuses, in.Status) {
		return out, fault.Broken(fault.Invalid, fault.Item{Field: FieldStatus, Code: fault.NotAccepted, Why: WhyStatus, Want: strings.Join(statuses, ", ")})
	}
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		// A customer who goes takes the company along under the counters' lock.
		if _, err := (store.Advance{}).Run(tx); err != nil {
			return err
		}
		var old Company
		if err := tx.Query(selectOne, old.scan, id); err != nil {
			return err
		}
		if out = old; old.ID == 0 || old.Status == in.Status {
			return nil
		}
		now := s.sys.Now()
		out.Status, out.DateModified = in.Status, now
		events := []event.Event{event.Company(event.CompanyUpdated, id, old.CustomerID), event.Company(event.CompanyStatusUpdated, id, old.CustomerID)}
		if err := store.Note(tx, now, events, []history.Entry{out.changeOf(&old, &out)}); err != nil {
			return err
		}
		return tx.Exec(setStatus, id, in.Status, now)
	})
	if err == nil && out.ID == 0 {
		err = errNone
	}
	return out, err
}

// ApprovedOf returns the company of a customer if it was approved, or nil.
func (s *Service) ApprovedOf(ctx context.Context, storeID, customerID int64) (*Company, error) {
	var out Company
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = Company{}
		return tx.Query(ofCustomer, out.scan, customerID)
	})
	if err != nil || out.Status != Approved {
		return nil, err
	}
	return &out, nil
}

// List returns a page of companies.
func (s *Service) List(ctx context.Context, storeID int64, q *listing.Query) (out []Company, res *listing.Result, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = make([]Company, 0, min(q.Limit, 64))
		res, err = q.Run(tx, columns, func(r *sqldb.Row) error {
			out = append(out, Company{})
			return out[len(out)-1].scan(r)
		})
		return err
	})
	return out, res, err
}

// Get returns a company, or a NotFound fault.
func (s *Service) Get(ctx context.Context, storeID, id int64) (out Company, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = Company{}
		return tx.Query(selectOne, out.scan, id)
	})
	if err == nil && out.ID == 0 {
		err = errNone
	}
	return out, err
}
