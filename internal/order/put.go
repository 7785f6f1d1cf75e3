package order

import (
	"fmt"
	"slices"

	"clientele/internal/catalog"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

const (
	columns     = `id, customer_id, channel_id, status_id, total, subtotal, quantity, date_created, date_modified`
	lineColumns = `order_id, place, product_id, quantity, price`
)

func (o *Order) scan(r *sqldb.Row) {
	*o = Order{ID: r.Int(0), CustomerID: r.Int(1), ChannelID: r.Int(2), StatusID: r.Int(3), Total: r.Int(4), Subtotal: r.Int(5), Quantity: r.Int(6), DateCreated: r.Int(7), DateModified: r.Int(8)}
}

var (
	howMany = sqldb.Static(`SELECT COUNT(*) FROM orders WHERE store_id = $1`)
	upsert  = sqldb.Static(`INSERT INTO orders (store_id, id, customer_id, channel_id, status_id, total, subtotal, quantity, date_created, date_modified) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (store_id, id) DO UPDATE SET channel_id = excluded.channel_id, status_id = excluded.status_id, total = excluded.total, subtotal = excluded.subtotal,
			quantity = excluded.quantity, date_created = excluded.date_created, date_modified = excluded.date_modified`)
	deleteLines = sqldb.Static(`DELETE FROM order_lines WHERE store_id = $1 AND order_id = $2`)
	insertLine  = sqldb.Static(`INSERT INTO order_lines (store_id, order_id, place, product_id, quantity, price) VALUES ($1, $2, $3, $4, $5, $6)`)
)

// maxIDs is how many orders one statement looks for.
const maxIDs = 1000

// Put brings what is known of orders in line with what is given; others stay,
// and only what differs is written. Who calls it holds sqldb.LockProgram. failed
// is the place of the order that an error is about.
func Put(tx *sqldb.Tx, in []Given, now int64) (failed int, err error) {
	if len(in) == 0 {
		return 0, nil
	}
	known, lines, err := read(tx, in)
	if err != nil {
		return 0, err
	}
	products, owners, channels := map[int64]*catalog.Product{}, map[int64]bool{}, map[int64]bool{}
	var productIDs, ownerIDs, channelIDs []int64
	for i := range in {
		for _, l := range in[i].Lines {
			productIDs = append(productIDs, l.ProductID)
		}
		ownerIDs, channelIDs = append(ownerIDs, in[i].CustomerID), append(channelIDs, in[i].ChannelID)
	}
	if err := catalog.ByID(tx, distinct(productIDs), products); err != nil {
		return 0, err
	}
	// Held, so that they cannot go before the orders are theirs.
	for part := range slices.Chunk(distinct(ownerIDs), maxIDs) {
		if err := tx.Pipeline(customer.HoldQuery(tx, part, owners)); err != nil {
			return 0, err
		}
	}
	for part := range slices.Chunk(distinct(channelIDs), maxIDs) {
		if err := tx.Pipeline(store.HoldChannels(tx, part, channels)); err != nil {
			return 0, err
		}
	}
	var count int64
	if err := tx.Query(howMany, func(r *sqldb.Row) error { count = r.Int(0); return nil }); err != nil {
		return 0, err
	}
	given := map[int64]bool{}
	var entries []history.Entry
	for i := range in {
		o, ls, err := in[i].order(products)
		if err != nil {
			return i, err
		}
		before, there := known[o.ID]
		switch {
		case given[o.ID]:
			return i, broken(FieldID, fault.Duplicate, WhyTwice, "")
		case there && before.CustomerID != o.CustomerID:
			return i, broken(FieldID, fault.Taken, WhyTheirs, "")
		case !owners[o.CustomerID]:
			return i, customer.ErrNoCustomer
		case !channels[o.ChannelID]:
			return i, broken(FieldChannel, fault.Unknown, WhyNoChannel, "")
		}
		given[o.ID] = true
		if o.DateModified = before.DateModified; there && *o == before && slices.EqualFunc(ls, lines[o.ID], sameLine) {
			continue
		}
		if o.DateModified = now; !there {
			if count++; count > MaxOrders {
				return i, broken(FieldID, fault.TooManyItems, WhyMany, fmt.Sprint(MaxOrders))
			}
		}
		var was *withLines
		if there {
			was = &withLines{&before, lines[o.ID]}
		}
		entries = append(entries, orderHistory.Change(history.Order, o.ID, o.CustomerID, was, &withLines{o, ls}))
		if err := write(tx, o, ls); err != nil {
			return i, err
		}
	}
	return 0, history.Enter(tx, now, history.Brought(entries)...)
}

func sameLine(a, b Line) bool {
	a.Product, b.Product = nil, nil
	return a == b
}

func broken(field fault.Field, code fault.Code, why fault.Reason, want string) error {
	return fault.Broken(fault.Invalid, fault.Item{Field: field, Code: code, Why: why, Want: want})
}

func distinct(ids []int64) []int64 {
	slices.Sort(ids)
	return slices.Compact(ids)
}

// read returns which of the given orders are known, with their lines.
func read(tx *sqldb.Tx, in []Given) (map[int64]Order, map[int64][]Line, error) {
	ids := make([]int64, len(in))
	for i := range in {
		ids[i] = in[i].ID
	}
	known, lines := map[int64]Order{}, map[int64][]Line{}
	for part := range slices.Chunk(distinct(ids), maxIDs) {
		of, args := sqldb.In(nil, part)
		if err := tx.Pipeline(
			sqldb.Q{Stmt: sqldb.Dynamic(`SELECT ` + columns + ` FROM orders WHERE store_id = $1 AND id IN ` + of), Args: args, Each: func(r *sqldb.Row) error {
				var o Order
				o.scan(r)
				known[o.ID] = o
				return nil
			}},
			linesQuery(part, lines),
		); err != nil {
			return nil, nil, err
		}
	}
	return known, lines, nil
}

// linesQuery notes the lines of orders.
func linesQuery(ids []int64, into map[int64][]Line) sqldb.Q {
	of, args := sqldb.In(nil, ids)
	return sqldb.Q{Stmt: sqldb.Dynamic(`SELECT ` + lineColumns + ` FROM order_lines WHERE store_id = $1 AND order_id IN ` + of + ` ORDER BY order_id, place`), Args: args, Each: func(r *sqldb.Row) error {
		into[r.Int(0)] = append(into[r.Int(0)], Line{Place: r.Int(1), ProductID: r.Int(2), Quantity: r.Int(3), Price: r.Int(4)})
		return nil
	}}
}

func write(tx *sqldb.Tx, o *Order, lines []Line) error {
	if err := tx.Exec(upsert, o.ID, o.CustomerID, o.ChannelID, o.StatusID, o.Total, o.Subtotal, o.Quantity, o.DateCreated, o.DateModified); err != nil {
		return err
	}
	if err := tx.Exec(deleteLines, o.ID); err != nil {
		return err
	}
	for i := range lines {
		if err := tx.Exec(insertLine, o.ID, lines[i].Place, lines[i].ProductID, lines[i].Quantity, lines[i].Price); err != nil {
			return err
		}
	}
	return nil
}
