// Package desk holds what people who work with the control panel keep for each
// other: comments on customers, which go with the person, and saved views of
// lists, of one person or of the store.
package desk

import (
	"context"
	"errors"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/fold"
	"clientele/internal/history"
	"clientele/internal/personal"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// Bounds.
const (
	maxComment  = 5000 // characters
	maxName     = 100
	maxQuery    = 6000 // bytes
	maxComments = 1000 // of one customer
	maxViews    = 50   // of a list, of one person and of the store each
)

// The fields of which faults tell.
const (
	FieldComment fault.Field = "comment"
	FieldName    fault.Field = "name"
)

// The reasons that codes do not tell.
const (
	WhyMany      fault.Reason = "too many of a customer or a list"
	WhyNameTaken fault.Reason = "name of another view"
)

// Comment is what somebody wrote about a customer.
type Comment struct {
	ID, CustomerID int64
	StaffID        int64
	Author         string // the email of who wrote it
	Text           string
	Pinned         bool
	Created        int64
	Modified       int64
}

// View is a list as somebody wants to see it again. StaffID 0 is of the store.
type View struct {
	ID, StaffID       int64
	List, Name, Query string
}

// Service keeps comments and views.
type Service struct {
	db  *sqldb.DB
	sys *system.System
}

// NewService returns a Service over db.
func NewService(db *sqldb.DB, sys *system.System) *Service { return &Service{db: db, sys: sys} }

const commentColumns = `id, customer_id, staff_id, author, comment, pinned, date_created, date_modified`

var (
	takeCommentID = sqldb.Static(`UPDATE store_counters SET comment_id = comment_id + $2 WHERE store_id = $1 RETURNING comment_id`)
	commentsOf    = sqldb.Static(`SELECT ` + commentColumns + ` FROM customer_comments WHERE store_id = $1 AND customer_id = $2 ORDER BY id DESC LIMIT $3`)
	countComments = sqldb.Static(`SELECT COUNT(*) FROM customer_comments WHERE store_id = $1 AND customer_id = $2`)
	commentByID   = sqldb.Static(`SELECT ` + commentColumns + ` FROM customer_comments WHERE store_id = $1 AND id = $2`)
	insertComment = sqldb.Static(`INSERT INTO customer_comments (store_id, ` + commentColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)`)
	updateComment = sqldb.Static(`UPDATE customer_comments SET comment = $3, pinned = $4, date_modified = $5 WHERE store_id = $1 AND id = $2`)
	deleteComment = sqldb.Static(`DELETE FROM customer_comments WHERE store_id = $1 AND id = $2`)

	takeViewID = sqldb.Static(`UPDATE store_counters SET view_id = view_id + $2 WHERE store_id = $1 RETURNING view_id`)
	viewsOf    = sqldb.Static(`SELECT id, staff_id, list, name, query FROM saved_views WHERE store_id = $1 AND list = $2 AND (staff_id = 0 OR staff_id = $3) ORDER BY staff_id, name_norm, id LIMIT $4`)
	countViews = sqldb.Static(`SELECT COUNT(*) FROM saved_views WHERE store_id = $1 AND list = $2 AND staff_id = $3`)
	insertView = sqldb.Static(`INSERT INTO saved_views (store_id, id, staff_id, list, name, name_norm, query, date_created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`)
	viewByID   = sqldb.Static(`SELECT id, staff_id, list, name, query FROM saved_views WHERE store_id = $1 AND id = $2`)
	deleteView = sqldb.Static(`DELETE FROM saved_views WHERE store_id = $1 AND id = $2`)
)

func (c *Comment) scan(r *sqldb.Row) {
	*c = Comment{r.Int(0), r.Int(1), r.Int(2), r.Text(3), r.Text(4), r.Flag(5), r.Int(6), r.Int(7)}
}

// errNoComment and errNoView: there is none, or not for who asks.
var (
	errNoComment = fault.New(fault.NotFound, "there is no such comment")
	errNoView    = fault.New(fault.NotFound, "there is no such view")
)

// Comments returns the newest comments on a customer.
func (s *Service) Comments(ctx context.Context, storeID, customerID int64, n int) (out []Comment, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		return tx.Query(commentsOf, func(r *sqldb.Row) error {
			out = append(out, Comment{})
			out[len(out)-1].scan(r)
			return nil
		}, customerID, int64(n))
	})
	return out, err
}

// Comment returns a comment on a customer, or a NotFound fault.
func (s *Service) Comment(ctx context.Context, storeID, customerID, id int64) (out Comment, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error { return found(tx, customerID, id, &out) })
	return out, err
}

func found(tx *sqldb.Tx, customerID, id int64, into *Comment) error {
	*into = Comment{}
	if err := tx.Query(commentByID, func(r *sqldb.Row) error { into.scan(r); return nil }, id); err != nil {
		return err
	}
	if into.ID == 0 || into.CustomerID != customerID {
		return errNoComment
	}
	return nil
}

func checkComment(text string) error {
	c := fault.Collector{}
	c.Length(FieldComment, text, 1, maxComment)
	return c.Err(fault.Invalid)
}

// entry is that of a comment in the history. What it says goes with the person.
func (c *Comment) entry(a history.Action, before, after *Comment) history.Entry {
	e := history.Entry{Action: a, Resource: history.CustomerComment, ID: c.ID, CustomerID: c.CustomerID}
	text := func(of *Comment) string {
		if of == nil {
			return ""
		}
		return history.Text(of.Text)
	}
	e.Add(true, history.FieldBodyText, text(before), text(after))
	return e
}

// Add writes a comment on a customer.
func (s *Service) Add(ctx context.Context, storeID int64, in Comment) (Comment, error) {
	if err := checkComment(in.Text); err != nil {
		return Comment{}, err
	}
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		if err := customer.HoldOne(tx, in.CustomerID); err != nil {
			return err
		}
		var n int64
		if err := tx.Query(countComments, func(r *sqldb.Row) error { n = r.Int(0); return nil }, in.CustomerID); err != nil {
			return err
		}
		if n >= maxComments {
			return fault.Broken(fault.Invalid, fault.Item{Field: FieldComment, Code: fault.TooManyItems, Why: WhyMany})
		}
		in.Created = s.sys.Now()
		in.Modified = in.Created
		if err := tx.Query(takeCommentID, func(r *sqldb.Row) error { in.ID = r.Int(0); return nil }, int64(1)); err != nil {
			return err
		}
		if err := history.Enter(tx, in.Created, in.entry(history.Created, nil, &in)); err != nil {
			return err
		}
		return tx.Exec(insertComment, in.ID, in.CustomerID, in.StaffID, in.Author, in.Text, sqldb.Flag(in.Pinned), in.Created)
	})
	return in, err
}

var errNotAuthor = fault.New(fault.Forbidden, "only who wrote a comment changes it")

// Change has who wrote a comment write it anew, or pin it.
func (s *Service) Change(ctx context.Context, storeID, staffID, customerID, id int64, text string, pinned bool) error {
	if err := checkComment(text); err != nil {
		return err
	}
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		if err := customer.HoldOne(tx, customerID); err != nil {
			return err
		}
		var was Comment
		if err := found(tx, customerID, id, &was); err != nil {
			return err
		}
		if was.StaffID != staffID {
			return errNotAuthor
		}
		if was.Text == text && was.Pinned == pinned {
			return nil
		}
		now := was
		now.Text = text
		if e := now.entry(history.Updated, &was, &now); e.Changed() {
			if err := history.Enter(tx, s.sys.Now(), e); err != nil {
				return err
			}
		}
		return tx.Exec(updateComment, id, text, sqldb.Flag(pinned), s.sys.Now())
	})
}

// Remove deletes a comment.
func (s *Service) Remove(ctx context.Context, storeID, customerID, id int64) error {
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		if err := customer.HoldOne(tx, customerID); err != nil {
			return err
		}
		var was Comment
		if err := found(tx, customerID, id, &was); err != nil {
			return err
		}
		if err := history.Enter(tx, s.sys.Now(), was.entry(history.Deleted, &was, nil)); err != nil {
			return err
		}
		return tx.Exec(deleteComment, id)
	})
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
	c.Length(FieldName, in.Name, 1, maxName)
	if len(in.Query) > maxQuery {
		c.Because(FieldName, fault.TooManyItems, WhyMany, "")
	}
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
		if in.StaffID == 0 {
			if err := history.Enter(tx, s.sys.Now(), in.entry(history.Created)); err != nil {
				return err
			}
		}
		return tx.Exec(insertView, in.ID, in.StaffID, in.List, in.Name, fold.Text(in.Name), in.Query, s.sys.Now())
	})
	if errors.Is(err, sqldb.ErrUnique) {
		err = fault.Broken(fault.Conflict, fault.Item{Field: FieldName, Code: fault.Taken, Why: WhyNameTaken})
	}
	return in, err
}

// scan reads a view.
func (v *View) scan(r *sqldb.Row) {
	*v = View{ID: r.Int(0), StaffID: r.Int(1), List: r.Text(2), Name: r.Text(3), Query: r.Text(4)}
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

// Personal is what this package keeps of persons.
var Personal = []personal.Part{personal.Table{
	Name: "customer_comments", Title: "Comments", By: personal.ByCustomer, Key: []string{"id"},
	Select: sqldb.Static(`SELECT id, customer_id, staff_id, author, comment, pinned, date_created, date_modified
		FROM customer_comments WHERE store_id = $1 AND customer_id = $2 AND id > $3 ORDER BY id LIMIT $4`),
	Kinds: "id int, customer_id int, staff_id id, pinned flag, date_created time, date_modified time",
}.Part()}
