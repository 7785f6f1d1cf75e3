// Package desk holds what people who work with the control panel keep for each
// other: comments on customers, which go with the person, and saved views of
// lists, of one person or of the store. Programs comment and share views, too.
package desk

import (
	"context"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/listing"
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
	FieldList    fault.Field = "list"
	FieldQuery   fault.Field = "query"
)

// The reasons that codes do not tell.
const (
	WhyMany      fault.Reason = "too many of a customer or a list"
	WhyNameTaken fault.Reason = "name of another view"
	WhyNotAuthor fault.Reason = "comment of somebody else"
	WhyNoList    fault.Reason = "no list with views"
	WhyQuery     fault.Reason = "query of no list"
)

// Author is who comments: a member of the staff by their email, or with StaffID 0
// an API account by its name.
type Author struct {
	StaffID int64
	Name    string
}

// Comment is what somebody wrote about a customer.
type Comment struct {
	ID, CustomerID int64
	By             Author
	Text           string
	Pinned         bool
	Created        int64
	Modified       int64
}

// CommentList declares the comments on a customer, the newest first.
var CommentList = &listing.Spec{
	Table:      "customer_comments",
	Fields:     []listing.Field{{Name: customerField, Kind: listing.Int, Ops: []listing.Op{listing.In}, Column: "customer_id", Hidden: true}},
	Descending: true,
	Cursors:    true,
}

const customerField = "customer_id"

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
)

func (c *Comment) scan(r *sqldb.Row) {
	*c = Comment{r.Int(0), r.Int(1), Author{r.Int(2), r.Text(3)}, r.Text(4), r.Flag(5), r.Int(6), r.Int(7)}
}

var errNoComment = fault.New(fault.NotFound, "there is no such comment")

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

// ListComments returns a page of the comments on a customer.
func (s *Service) ListComments(ctx context.Context, storeID, customerID int64, q *listing.Query) (out []Comment, res *listing.Result, err error) {
	q.Where(customerField, listing.In, []int64{customerID}, nil)
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		if out, res, err = listing.Rows(tx, q, commentColumns, func(k *Comment, r *sqldb.Row) error { k.scan(r); return nil }); err != nil || len(out) > 0 {
			return err
		}
		found, err := customer.Exists(tx, customerID)
		if err == nil && !found {
			err = customer.ErrNoCustomer
		}
		return err
	})
	return out, res, err
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
		return tx.Exec(insertComment, in.ID, in.CustomerID, in.By.StaffID, in.By.Name, in.Text, sqldb.Flag(in.Pinned), in.Created)
	})
	return in, err
}

var errNotAuthor = fault.Broken(fault.Forbidden, fault.Item{Field: FieldComment, Code: fault.Denied, Why: WhyNotAuthor})

// Change has who wrote a comment write it anew, or pin it: in is the comment as it
// is to be, with its id, its customer and who changes it.
func (s *Service) Change(ctx context.Context, storeID int64, in Comment) (Comment, error) {
	if err := checkComment(in.Text); err != nil {
		return Comment{}, err
	}
	var now Comment
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		if err := customer.HoldOne(tx, in.CustomerID); err != nil {
			return err
		}
		var was Comment
		if err := found(tx, in.CustomerID, in.ID, &was); err != nil {
			return err
		}
		if !was.Of(in.By) {
			return errNotAuthor
		}
		if now = was; was.Text == in.Text && was.Pinned == in.Pinned {
			return nil
		}
		now.Text, now.Pinned, now.Modified = in.Text, in.Pinned, s.sys.Now()
		if e := now.entry(history.Updated, &was, &now); e.Changed() {
			if err := history.Enter(tx, now.Modified, e); err != nil {
				return err
			}
		}
		return tx.Exec(updateComment, now.ID, now.Text, sqldb.Flag(now.Pinned), now.Modified)
	})
	return now, err
}

// Of reports whether somebody wrote the comment. The email of a member of the staff
// may have changed since.
func (c *Comment) Of(by Author) bool {
	return c.By.StaffID == by.StaffID && (by.StaffID != 0 || c.By.Name == by.Name)
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

// Personal is what this package keeps of persons.
var Personal = []personal.Part{personal.Table{
	Name: "customer_comments", Title: "Comments", By: personal.ByCustomer, Key: []string{"id"},
	Select: sqldb.Static(`SELECT id, customer_id, staff_id, author, comment, pinned, date_created, date_modified
		FROM customer_comments WHERE store_id = $1 AND customer_id = $2 AND id > $3 ORDER BY id LIMIT $4`),
	Kinds: "id int, customer_id int, staff_id id, pinned flag, date_created time, date_modified time",
}.Part()}
