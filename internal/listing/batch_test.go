package listing_test

import (
	"slices"
	"testing"

	"clientele/internal/fault"
	"clientele/internal/listing"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// channelList is a list over a table with few columns.
var channelList = &listing.Spec{
	Table: "channels",
	Fields: []listing.Field{
		{Name: "name", Kind: listing.Text, Ops: []listing.Op{listing.Eq, listing.In}, Column: "name", NonEmpty: true},
		{Name: "number", Kind: listing.Int, Ops: []listing.Op{listing.Eq}, Column: "id"},
		{Name: "made", Kind: listing.Int, Ops: []listing.Op{listing.In}, Column: "date_created", Hidden: true},
	},
	Links: true,
}

var insertNamed = sqldb.Static(`INSERT INTO channels (store_id, id, name, date_created, date_modified) VALUES ($1, $2, $3, $4, 1)`)

func TestHiddenFieldsAndBatches(t *testing.T) {
	if got := channelList.Params(); !slices.Equal(got, []string{"name", "name:in", "number", "page", "limit"}) {
		t.Errorf("parameters are %v", got)
	}
	if _, err := channelList.Parse("made:in=1"); fault.As(err) == nil || fault.As(err).Items[0].Code != fault.UnknownFilter {
		t.Errorf("a hidden field in a request: %v", err)
	}
	if _, err := channelList.Parse("number=1,2"); fault.As(err) == nil || fault.As(err).Items[0].Code != fault.BadFormat {
		t.Errorf("a list for one value: %v", err)
	}
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		err := db.Write(t.Context(), 3, func(tx *sqldb.Tx) error {
			for i, name := range []string{"a", "b", "a,b", "", "a", "b"} {
				if err := tx.Exec(insertNamed, int64(i+1), name, int64(i%2)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		batch := func(q *listing.Query, after, last, n int64) (ids []int64) {
			t.Helper()
			err := db.Write(t.Context(), 3, func(tx *sqldb.Tx) (err error) {
				ids, err = q.Batch(tx, after, last, n)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return ids
		}
		parse := func(query string) *listing.Query {
			t.Helper()
			q, err := channelList.Parse(query)
			if err != nil {
				t.Fatal(err)
			}
			return q
		}
		for _, test := range []struct {
			q              *listing.Query
			after, last, n int64
			want           []int64
		}{
			{channelList.New(), 0, 9, 9, []int64{1, 2, 3, 4, 5, 6}},
			{channelList.New(), 1, 5, 3, []int64{2, 3, 4}},
			{channelList.New(), 6, 9, 3, nil},
			{parse("name=a"), 0, 9, 9, []int64{1, 5}},
			{parse("name=a"), 1, 9, 9, []int64{5}},
			{parse("name=a,b"), 0, 9, 9, []int64{3}},
			{parse("name=b&name=a"), 0, 9, 9, []int64{1, 5}}, // the last counts
			{parse("name="), 0, 9, 9, []int64{4}},
			{parse("name:in=a,b"), 0, 9, 9, []int64{1, 2, 5, 6}},
			{channelList.New().Where("made", listing.In, []int64{1}, nil), 0, 9, 9, []int64{2, 4, 6}},
		} {
			if got := batch(test.q, test.after, test.last, test.n); !slices.Equal(got, test.want) {
				t.Errorf("%+v: %v, want %v", test.q.Filters, got, test.want)
			}
		}
	})
}
