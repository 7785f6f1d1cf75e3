package customer

import (
	"clientele/internal/email"
	"clientele/internal/personal"
	"clientele/internal/sqldb"
)

// Alias is a customer who became one with another, and whose address that was.
type Alias struct {
	ID         int64 // of who is no more
	MergeID    int64
	CustomerID int64 // who stayed
	Email      string
	SignsIn    bool // with the address who stayed signs in too
	Created    int64
}

const aliasColumns = `id, merge_id, customer_id, email, signs_in, date_created`

var (
	insertAlias   = sqldb.Static(`INSERT INTO customer_aliases (store_id, id, merge_id, customer_id, email, email_norm, signs_in, date_created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`)
	aliasesOf     = sqldb.Static(`SELECT ` + aliasColumns + ` FROM customer_aliases WHERE store_id = $1 AND customer_id = $2 ORDER BY id`)
	dropAlias     = sqldb.Static(`DELETE FROM customer_aliases WHERE store_id = $1 AND id = $2 AND merge_id = $3`)
	selectSignIns = sqldb.Static(`SELECT ` + personColumns + `, e.channel_id, '' AS former FROM customer_emails e
		JOIN customers c ON c.store_id = e.store_id AND c.id = e.customer_id
		WHERE e.store_id = $1 AND e.email_norm = $2
		UNION ALL SELECT ` + personColumns + `, e.channel_id, a.email FROM customer_aliases a
		JOIN customers c ON c.store_id = a.store_id AND c.id = a.customer_id
		JOIN customer_emails e ON e.store_id = c.store_id AND e.customer_id = c.id
		WHERE a.store_id = $1 AND a.email_norm = $2 AND a.signs_in = 1 ORDER BY former, channel_id`)
	aliasOwners = sqldb.Static(`SELECT customer_id, email FROM customer_aliases WHERE store_id = $1 AND email_norm = $2 ORDER BY id`)
	ownAliases  = sqldb.Static(`SELECT a.id FROM customer_emails e JOIN customer_aliases a ON a.store_id = e.store_id AND a.customer_id = e.customer_id
		WHERE e.store_id = $1 AND e.email_norm = $2`)
)

func (a *Alias) scan(r *sqldb.Row) {
	*a = Alias{ID: r.Int(0), MergeID: r.Int(1), CustomerID: r.Int(2), Email: r.Text(3), SignsIn: r.Flag(4), Created: r.Int(5)}
}

// InsertAlias notes who became one with whom.
func InsertAlias(tx *sqldb.Tx, a Alias) error {
	return tx.Exec(insertAlias, a.ID, a.MergeID, a.CustomerID, a.Email, email.Key(a.Email), sqldb.Flag(a.SignsIn), a.Created)
}

// DropAlias forgets it.
func DropAlias(tx *sqldb.Tx, id, mergeID int64) error { return tx.Exec(dropAlias, id, mergeID) }

// AliasesQuery returns the query for who became one with a customer.
func AliasesQuery(id int64, each func(Alias)) sqldb.Q {
	return sqldb.Q{Stmt: aliasesOf, Args: []any{id}, Each: func(r *sqldb.Row) error {
		var a Alias
		a.scan(r)
		each(a)
		return nil
	}}
}

// SignInQuery is HoldersQuery with those who sign in with the address besides their
// own, after those whose own it is.
func SignInQuery(address string, each func(Holder)) []sqldb.Q {
	var qs []sqldb.Q
	for _, norm := range email.Keys(address) {
		qs = append(qs, sqldb.Q{Stmt: selectSignIns, Args: []any{norm}, Each: func(r *sqldb.Row) error {
			var h Holder
			h.scan(r)
			h.ChannelID = r.Int(8)
			former := r.Text(9)
			if h.Alias = former != ""; h.Alias && email.Same(former, address) || !h.Alias && email.Same(h.Email, address) {
				each(h)
			}
			return nil
		}})
	}
	return qs
}

// formerAddresses finds the customer who has somebody's former address, and who became
// one with whom.
var formerAddresses = func() personal.Part {
	p := personal.Table{
		Name: "customer_aliases", Title: "Former addresses of accounts that became one", By: personal.ByCustomer, Key: []string{"id", "merge_id"},
		Select: sqldb.Static(`SELECT id, merge_id, customer_id, email, signs_in, date_created FROM customer_aliases WHERE store_id = $1 AND customer_id = $2 AND (id, merge_id) > ($3, $4) ORDER BY id, merge_id LIMIT $5`),
		Kinds:  "id int, merge_id int, customer_id int, signs_in flag, date_created time",
		Hidden: map[string]string{"email_norm": folded},
	}.Part()
	p.Find = func(tx *sqldb.Tx, w *personal.Who, at personal.Place) (personal.Place, error) {
		var keeps []int64
		for _, key := range email.Keys(w.Email) {
			if err := tx.Pipeline(
				sqldb.Q{Stmt: aliasOwners, Args: []any{key}, Each: func(r *sqldb.Row) error {
					if w.Is(r.Text(1)) {
						keeps = append(keeps, r.Int(0))
					}
					return nil
				}},
				sqldb.Q{Stmt: ownAliases, Args: []any{key}, Each: func(r *sqldb.Row) error { w.AddFormer(r.Int(0)); return nil }},
			); err != nil {
				return at, err
			}
		}
		for _, id := range keeps {
			w.AddCustomer(id)
			if err := tx.Pipeline(AliasesQuery(id, func(a Alias) { w.AddFormer(a.ID) })); err != nil {
				return at, err
			}
		}
		return personal.Place{End: true}, nil
	}
	return p
}()
