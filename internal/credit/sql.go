package credit

import (
	"errors"
	"strconv"
	"strings"

	"clientele/internal/sqldb"
)

const columns = `id, customer_id, kind, amount, balance, reason, reference, actor_kind, actor_id, actor_name, expires_at, remaining, spent, entry_id, reverted_by, date_created`

var (
	selectEntry = sqldb.Static(`SELECT ` + columns + ` FROM credit_entries WHERE store_id = $1 AND customer_id = $2 AND id = $3`)
	selectLast  = sqldb.Static(`SELECT id FROM credit_entries WHERE store_id = $1 AND customer_id = $2 ORDER BY id DESC LIMIT 1`)
	selectOpen  = sqldb.Static(`SELECT id, expires_at, remaining FROM credit_entries WHERE store_id = $1 AND customer_id = $2 AND remaining > 0 ORDER BY expires_at, id`)
	selectDue   = sqldb.Static(`SELECT customer_id FROM credit_entries WHERE store_id = $1 AND remaining > 0 AND expires_at <= $2 ORDER BY expires_at, customer_id, id LIMIT $3`)
	storesDue   = sqldb.Global(`SELECT s.id FROM stores s WHERE EXISTS (SELECT 1 FROM credit_entries e WHERE e.store_id = s.id AND e.remaining > 0 AND e.expires_at <= $1)`)

	insertEntries = sqldb.StaticRows(`INSERT INTO credit_entries (store_id, date_created, customer_id, id, kind, amount, balance, reason, reference, actor_kind, actor_id, actor_name, expires_at, remaining, spent, entry_id, reverted_by) VALUES `,
		1, entryArgs, 6, ``)
	updateLeft     = sqldb.Static(`UPDATE credit_entries SET remaining = $4 WHERE store_id = $1 AND customer_id = $2 AND id = $3`)
	updateReverted = sqldb.Static(`UPDATE credit_entries SET reverted_by = $4 WHERE store_id = $1 AND customer_id = $2 AND id = $3`)
)

const entryArgs = 15 // of each row

func (e *Entry) scan(r *sqldb.Row) error {
	*e = Entry{
		ID: r.Int(0), CustomerID: r.Int(1), Kind: Kind(r.Text(2)), Amount: r.Int(3), Balance: r.Int(4), Reason: r.Text(5), Reference: r.Text(6),
		By: Actor{Kind: r.Text(7), ID: r.Int(8), Name: r.Text(9)}, ExpiresAt: r.Int(10), Remaining: r.Int(11),
		Of: r.Int(13), RevertedBy: r.Int(14), Created: r.Int(15),
	}
	var err error
	e.spent, err = readShares(r.Text(12))
	return err
}

// appendEntry adds the row of an entry but for its date.
func appendEntry(rows []any, e *Entry) []any {
	return append(rows, e.CustomerID, e.ID, string(e.Kind), e.Amount, e.Balance, e.Reason, e.Reference, e.By.Kind, e.By.ID, e.By.Name,
		e.ExpiresAt, e.Remaining, sharesText(e.spent), e.Of, e.RevertedBy)
}

// sharesText and readShares convert between shares and their column.
func sharesText(all []share) string {
	var b []byte
	for i, s := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(strconv.AppendInt(b, s.id, 10), ':'), s.amount, 10)
	}
	return string(b)
}

func readShares(text string) (out []share, err error) {
	if text == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		id, amount, _ := strings.Cut(part, ":")
		var s share
		var failed error
		if s.id, err = strconv.ParseInt(id, 10, 64); err == nil {
			s.amount, failed = strconv.ParseInt(amount, 10, 64)
		}
		if err = errors.Join(err, failed); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// load returns the ledgers of locked customers with the balances that they have.
func load(tx *sqldb.Tx, ids []int64, balances map[int64]int64) ([]*ledger, error) {
	out := make([]*ledger, len(ids))
	qs := make([]sqldb.Q, 0, 2*len(ids))
	for i, id := range ids {
		l := &ledger{customerID: id, had: balances[id], balance: balances[id]}
		out[i] = l
		qs = append(qs, sqldb.Q{Stmt: selectLast, Args: []any{id}, Each: func(r *sqldb.Row) error { l.last = r.Int(0); return nil }},
			sqldb.Q{Stmt: selectOpen, Args: []any{id}, Each: func(r *sqldb.Row) error {
				l.open = append(l.open, lot{r.Int(0), r.Int(1), r.Int(2)})
				return nil
			}})
	}
	if len(qs) == 0 {
		return out, nil
	}
	return out, tx.Pipeline(qs...)
}

// save writes what ledgers made. It comes after the store's counters are locked.
func save(tx *sqldb.Tx, now int64, ledgers ...*ledger) error {
	var rows []any
	for _, l := range ledgers {
		for i := range l.made {
			rows = appendEntry(rows, &l.made[i])
		}
	}
	if err := insertEntries.Exec(tx, []any{now}, rows); err != nil {
		return err
	}
	for _, l := range ledgers {
		for id, left := range l.left {
			if err := tx.Exec(updateLeft, l.customerID, id, left); err != nil {
				return err
			}
		}
		if l.revoked != 0 {
			if err := tx.Exec(updateReverted, l.customerID, l.revoked, l.last); err != nil {
				return err
			}
		}
	}
	return nil
}

// Opened makes the first entries of customers that are made with a balance.
func Opened(tx *sqldb.Tx, now int64, balances []Balance) error {
	rows := make([]any, 0, entryArgs*len(balances))
	for _, b := range balances {
		rows = appendEntry(rows, &Entry{ID: 1, CustomerID: b.CustomerID, Kind: Adjust, Amount: b.Amount, Balance: b.Amount})
	}
	return insertEntries.Exec(tx, []any{now}, rows)
}

// Set makes the entries of locked customers whose balances are being set from
// some amounts to others. It comes after the store's counters are locked.
func Set(tx *sqldb.Tx, now int64, from, to []Balance) error {
	ids, had := make([]int64, len(from)), make(map[int64]int64, len(from))
	for i, b := range from {
		ids[i], had[b.CustomerID] = b.CustomerID, b.Amount
	}
	ledgers, err := load(tx, ids, had)
	if err != nil {
		return err
	}
	for i, l := range ledgers {
		l.begin(now)
		if by := to[i].Amount - l.balance; by != 0 {
			l.move(Entry{Kind: Adjust, Amount: by, Created: now})
		}
	}
	return save(tx, now, ledgers...)
}
