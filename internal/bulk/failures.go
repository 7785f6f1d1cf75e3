package bulk

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"clientele/internal/customer"
	"clientele/internal/export"
	"clientele/internal/sqldb"
	"clientele/internal/subscriber"
)

// Failure is somebody to whom it could not be done.
type Failure struct {
	ID                         int64
	Email, FirstName, LastName string // as they are now; empty for who is gone
	Code                       string
}

var failures = sqldb.Static(`SELECT id, detail FROM bulk_items WHERE store_id = $1 AND bulk_action_id = $2 AND failed > 0 AND id > $3 ORDER BY id LIMIT $4`)

// Failures returns those after an id to whom it could not be done, most at most.
func (s *Service) Failures(ctx context.Context, storeID int64, a *Action, after int64, most int) (out []Failure, err error) {
	err = s.DB.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		at, ids := map[int64]int{}, []int64(nil)
		if err := tx.Query(failures, func(r *sqldb.Row) error {
			at[r.Int(0)] = len(out)
			ids = append(ids, r.Int(0))
			out = append(out, Failure{ID: r.Int(0), Code: r.Text(1)})
			return nil
		}, a.ID, after, int64(most)); err != nil {
			return err
		}
		if a.Subject == Subscribers {
			subs, err := subscriber.ReadByID(tx, ids)
			for i := range subs {
				f := &out[at[subs[i].ID]]
				f.Email, f.FirstName, f.LastName = subs[i].Email, subs[i].FirstName, subs[i].LastName
			}
			return err
		}
		rows, err := customer.ReadByID(tx, ids)
		for i := range rows {
			f := &out[at[rows[i].ID]]
			f.Email, f.FirstName, f.LastName = rows[i].Email, rows[i].FirstName, rows[i].LastName
		}
		return err
	})
	return out, err
}

// WriteFailures writes a table of those to whom it could not be done.
func (s *Service) WriteFailures(ctx context.Context, storeID int64, a *Action, to io.Writer) error {
	const page = 500
	table := csv.NewWriter(to)
	_ = table.Write([]string{"id", "email", "first_name", "last_name", "_code", "_message"}) // the error is that of the Flush
	for after := int64(0); ; {
		some, err := s.Failures(ctx, storeID, a, after, page)
		if err != nil {
			return err
		}
		for i := range some {
			f := &some[i]
			after = f.ID
			row := []string{strconv.FormatInt(f.ID, 10), f.Email, f.FirstName, f.LastName, f.Code, Message(f.Code)}
			for n := range row {
				row[n] = export.Defused(row[n])
			}
			_ = table.Write(row)
		}
		if len(some) < page {
			table.Flush()
			return table.Error()
		}
	}
}

// Message says what a code means.
func Message(code string) string {
	if s := sentences[code]; s != "" {
		return s
	}
	return "it was refused"
}

var sentences = map[string]string{
	"unknown":       "there is nobody with this id any more",
	"suppressed":    "the person was erased and has to ask by themselves",
	"no_storefront": "the customer may not sign in on any storefront",
	"bad_format":    "the value has not the form that is wanted",
	"taken":         "another one has this value",
}

// report is where there is more about a bulk action.
func (a *Action) report() string { return fmt.Sprintf("bulk/%d", a.ID) }
