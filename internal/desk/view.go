package desk

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"clientele/internal/fault"
	"clientele/internal/fold"
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/sqldb"
)

// The lists of which there are views. A view of what is written into files is a
// template.
const (
	CustomersList   = "customers"
	SubscribersList = "subscribers"
	ExportsList     = "exports"
)

// optionsOf is the one parameter that a template keeps.
const optionsOf = "options"

// kept are the parameters of a list's address that a view keeps: not where a page
// begins.
var kept = []string{"q", "wide", "rule", "sort", "limit", "columns", "state", "source", "consent", "channel", "since", "until"}

// View is a list as somebody wants to see it again. StaffID 0 is of the store.
type View struct {
	ID, StaffID       int64
	List, Name, Query string
	Created           int64
}

// ViewList declares the views of the store, of which programs know, the newest first.
var ViewList = &listing.Spec{
	Table: "saved_views",
	Fields: []listing.Field{
		{Name: "list", Kind: listing.Text, Ops: []listing.Op{listing.Eq}, Column: "list", Values: map[string]string{CustomersList: CustomersList, SubscribersList: SubscribersList, ExportsList: ExportsList}},
		{Name: staffField, Kind: listing.Int, Ops: []listing.Op{listing.In}, Column: "staff_id", Hidden: true},
	},
	Descending: true,
	Cursors:    true,
}

const staffField = "staff_id"

const viewColumns = `id, staff_id, list, name, query, date_created`

var (
	takeViewID = sqldb.Static(`UPDATE store_counters SET view_id = view_id + $2 WHERE store_id = $1 RETURNING view_id`)
	viewsOf    = sqldb.Static(`SELECT ` + viewColumns + ` FROM saved_views WHERE store_id = $1 AND list = $2 AND (staff_id = 0 OR staff_id = $3) ORDER BY staff_id, name_norm, id LIMIT $4`)
	countViews = sqldb.Static(`SELECT COUNT(*) FROM saved_views WHERE store_id = $1 AND list = $2 AND staff_id = $3`)
	insertView = sqldb.Static(`INSERT INTO saved_views (store_id, id, staff_id, list, name, name_norm, query, date_created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`)
	viewByID   = sqldb.Static(`SELECT ` + viewColumns + ` FROM saved_views WHERE store_id = $1 AND id = $2`)
	deleteView = sqldb.Static(`DELETE FROM saved_views WHERE store_id = $1 AND id = $2`)

	errNoView = fault.New(fault.NotFound, "there is no such view")
)

// ViewQuery returns what of the parameters of an address a view keeps, in one way
// of writing it.
func ViewQuery(q url.Values) string { return viewQuery(q, kept) }

func viewQuery(q url.Values, kept []string) string {
	out := url.Values{}
	for _, name := range kept {
		if v := q.Get(name); v != "" {
			out.Set(name, v)
		}
	}
	return out.Encode()
}

// check notes what is wrong with a view, and writes its query in the one way.
func (v *View) check(c *fault.Collector) {
	c.Length(FieldName, v.Name, 1, maxName)
	kept := kept
	switch v.List {
	case CustomersList, SubscribersList:
	case ExportsList:
		kept = []string{optionsOf}
	default:
		c.Because(FieldList, fault.NotAccepted, WhyNoList, "")
	}
	q, err := url.ParseQuery(v.Query)
	for name, values := range q {
		if len(values) != 1 || !slices.Contains(kept, name) {
			err = errors.ErrUnsupported
		}
	}
	if err != nil {
		c.Because(FieldQuery, fault.NotAccepted, WhyQuery, "")
		return
	}
	if v.Query = viewQuery(q, kept); len(v.Query) > maxQuery {
		c.Because(FieldQuery, fault.TooLong, WhyQuery, "")
	}
}

// ListShared returns a page of the store's views.
func (s *Service) ListShared(ctx context.Context, storeID int64, q *listing.Query) (out []View, res *listing.Result, err error) {
	q.Where(staffField, listing.In, []int64{0}, nil)
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out, res, err = listing.Rows(tx, q, viewColumns, func(v *View, r *sqldb.Row) error { v.scan(r); return nil })
		return err
	})
	return out, res, err
}

// Views returns the views of a list that somebody sees: the store's, then their
// own.
func (s *Service) Views(ctx context.Context, storeID int64, list string, staffID int64) (out []View, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		return tx.Query(viewsOf, func(r *sqldb.Row) error {
			out = append(out, View{})
			out[len(out)-1].scan(r)
			return nil
		}, list, staffID, int64(2*maxViews))
	})
	return out, err
}

// SaveView keeps a view.
func (s *Service) SaveView(ctx context.Context, storeID int64, in View) (View, error) {
	c := fault.Collector{}
	in.check(&c)
	if err := c.Err(fault.Invalid); err != nil {
		return View{}, err
	}
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		// The counters come first: of two at once one waits for the other's row.
		if err := tx.Query(takeViewID, func(r *sqldb.Row) error { in.ID = r.Int(0); return nil }, int64(1)); err != nil {
			return err
		}
		var n int64
		if err := tx.Query(countViews, func(r *sqldb.Row) error { n = r.Int(0); return nil }, in.List, in.StaffID); err != nil {
			return err
		}
		if n >= maxViews {
			return fault.Broken(fault.Invalid, fault.Item{Field: FieldName, Code: fault.TooManyItems, Why: WhyMany})
		}
		in.Created = s.sys.Now()
		if in.StaffID == 0 {
			if err := history.Enter(tx, in.Created, in.entry(history.Created)); err != nil {
				return err
			}
		}
		return tx.Exec(insertView, in.ID, in.StaffID, in.List, in.Name, fold.Text(in.Name), in.Query, in.Created)
	})
	if errors.Is(err, sqldb.ErrUnique) {
		err = fault.Broken(fault.Conflict, fault.Item{Field: FieldName, Code: fault.Taken, Why: WhyNameTaken})
	}
	return in, err
}

// scan reads a view.
func (v *View) scan(r *sqldb.Row) {
	*v = View{ID: r.Int(0), StaffID: r.Int(1), List: r.Text(2), Name: r.Text(3), Query: r.Text(4), Created: r.Int(5)}
}

// entry is that of a view of the store; what people keep for themselves is
// nobody's business.
func (v *View) entry(a history.Action) history.Entry {
	e := history.Entry{Action: a, Resource: history.SavedView, ID: v.ID}
	for _, f := range []struct {
		field history.Field
		text  string
	}{{history.FieldList, v.List}, {history.FieldName, v.Name}, {history.FieldQuery, v.Query}} {
		before, after := "", history.Text(f.text)
		if a == history.Deleted {
			before, after = after, before
		}
		e.Add(false, f.field, before, after)
	}
	return e
}

// Removable reports whether somebody may remove the view: one of their own or, who
// may, one of the store's.
func (v *View) Removable(staffID int64, may bool) bool {
	return v.StaffID == staffID || v.StaffID == 0 && may
}

// View returns a view that somebody sees, or a NotFound fault.
func (s *Service) View(ctx context.Context, storeID, id, staffID int64) (out View, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error { return seen(tx, id, staffID, &out) })
	return out, err
}

func seen(tx *sqldb.Tx, id, staffID int64, into *View) error {
	*into = View{}
	if err := tx.Query(viewByID, func(r *sqldb.Row) error { into.scan(r); return nil }, id); err != nil {
		return err
	}
	if into.ID == 0 || into.StaffID != 0 && into.StaffID != staffID {
		return errNoView
	}
	return nil
}

// RemoveView deletes a view of somebody's own or, of who may, of the store's.
func (s *Service) RemoveView(ctx context.Context, storeID, id, staffID int64, may bool) error {
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		// Of two at once one waits for the other.
		if err := tx.Query(takeViewID, func(*sqldb.Row) error { return nil }, int64(0)); err != nil {
			return err
		}
		var v View
		if err := seen(tx, id, staffID, &v); err != nil {
			return err
		}
		if !v.Removable(staffID, may) {
			return errNoView
		}
		if v.StaffID == 0 {
			if err := history.Enter(tx, s.sys.Now(), v.entry(history.Deleted)); err != nil {
				return err
			}
		}
		return tx.Exec(deleteView, id)
	})
}
