package subscriber

import (
	"context"

	"clientele/internal/fault"
	"clientele/internal/listing"
	"clientele/internal/sqldb"
)

// List declares the list of subscribers.
var List = &listing.Spec{
	Table: "subscribers",
	Fields: []listing.Field{
		{Name: "id", Kind: listing.Int, Ops: []listing.Op{listing.Eq, listing.In}, Column: "id"},
		{Name: "email", Kind: listing.Email, Ops: []listing.Op{listing.Eq}, Column: "email_norm"},
		{Name: "first_name", Kind: listing.Folded, Ops: []listing.Op{listing.Eq}, Column: "first_name_norm", NonEmpty: true},
		{Name: "last_name", Kind: listing.Folded, Ops: []listing.Op{listing.Eq}, Column: "last_name_norm", NonEmpty: true},
		{Name: "source", Kind: listing.Text, Ops: []listing.Op{listing.Eq}, Column: "source"},
		{Name: "order_id", Kind: listing.Int, Ops: []listing.Op{listing.Eq}, Column: "order_id", NonEmpty: true},
		{Name: "date_created", Kind: listing.Time, Ops: []listing.Op{listing.Eq, listing.Min, listing.Max}, Column: "date_created", Ordered: true},
		{Name: "date_modified", Kind: listing.Time, Ops: []listing.Op{listing.Eq, listing.Min, listing.Max}, Column: "date_modified", Ordered: true},
	},
	Links: true,
	Gaps:  listing.Subscribers,
	Total: countAll,
}

// DeleteList declares what subscribers may be selected by for deletion: not by
// id, and by dates as a whole only.
var DeleteList = &listing.Spec{Table: "subscribers", Fields: deleteFields(), Unpaged: true, Deletes: true, Total: countAll}

func deleteFields() []listing.Field {
	fields := append([]listing.Field(nil), List.Fields[1:]...)
	for i := range fields {
		fields[i].Ops = fields[i].Ops[:1]
	}
	return fields
}

// HistoryList declares a subscriber's history, the oldest entry first.
var HistoryList = &listing.Spec{
	Table:  "consent_changes",
	Fields: []listing.Field{{Name: "subscriber_id", Kind: listing.Int, Ops: []listing.Op{listing.In}, Column: "subscriber_id", Hidden: true}},
}

var errNotFound = fault.New(fault.NotFound, "there is no such subscriber")

// List returns a page of subscribers.
func (s *Service) List(ctx context.Context, storeID int64, q *listing.Query) ([]Subscriber, *listing.Result, error) {
	var out []Subscriber
	var res *listing.Result
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out = make([]Subscriber, 0, min(q.Limit, 64))
		res, err = q.Run(tx, columns, func(r *sqldb.Row) error {
			out = append(out, Subscriber{})
			out[len(out)-1].scan(r)
			return nil
		})
		return err
	})
	return out, res, err
}

// Get returns a subscriber, or a NotFound fault.
func (s *Service) Get(ctx context.Context, storeID, id int64) (*Subscriber, error) {
	var out *Subscriber
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		return tx.Query(byID, func(r *sqldb.Row) error {
			out = &Subscriber{}
			out.scan(r)
			return nil
		}, id)
	})
	if err == nil && out == nil {
		return nil, errNotFound
	}
	return out, err
}

// History returns a page of what happened to a subscriber's consents, also
// after the subscriber is gone. An id that never was is NotFound.
func (s *Service) History(ctx context.Context, storeID, id int64, q *listing.Query) ([]Change, *listing.Result, error) {
	return s.history(ctx, storeID, id, q, nil)
}

// Proofs is History with the texts that were shown.
func (s *Service) Proofs(ctx context.Context, storeID, id int64, q *listing.Query) ([]Change, *listing.Result, error) {
	return s.history(ctx, storeID, id, q, readTexts)
}

func (s *Service) history(ctx context.Context, storeID, id int64, q *listing.Query, also func(*sqldb.Tx, []Change) error) ([]Change, *listing.Result, error) {
	q.Where("subscriber_id", listing.In, []int64{id}, nil)
	var out []Change
	var res *listing.Result
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out = make([]Change, 0, min(q.Limit, 64))
		if res, err = q.Run(tx, changeColumns, func(r *sqldb.Row) error {
			out = append(out, Change{})
			out[len(out)-1].scan(r)
			return nil
		}); err != nil || also == nil {
			return err
		}
		return also(tx, out)
	})
	if err == nil && res.Total == 0 {
		err = errNotFound
	}
	return out, res, err
}
