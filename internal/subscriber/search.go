package subscriber

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"clientele/internal/email"
	"clientele/internal/fold"
	"clientele/internal/sqldb"
)

// findLook is how many subscribers whose names or addresses begin with a word are
// looked at.
const findLook = 100

var (
	findByEmail = sqldb.Static(`SELECT ` + columns + ` FROM subscribers WHERE store_id = $1 AND email_norm >= $2 AND email_norm < $3 ORDER BY email_norm, channel_id LIMIT $4`)
	findByFirst = sqldb.Static(`SELECT ` + columns + ` FROM subscribers WHERE store_id = $1 AND first_name_norm <> '' AND first_name_norm >= $2 AND first_name_norm < $3 ORDER BY first_name_norm, id LIMIT $4`)
	findByLast  = sqldb.Static(`SELECT ` + columns + ` FROM subscribers WHERE store_id = $1 AND last_name_norm <> '' AND last_name_norm >= $2 AND last_name_norm < $3 ORDER BY last_name_norm, id LIMIT $4`)
)

// Search returns subscribers by the beginnings of their address and names, all words
// of a text, in any order. It looks at a bounded number by the longest word: of a
// word that many have, not all are found.
func (s *Service) Search(ctx context.Context, storeID int64, text string, most int) (out []Subscriber, err error) {
	words := strings.Fields(fold.Text(text))
	if len(words) == 0 {
		return nil, nil
	}
	word := slices.MaxFunc(words, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
	begin := word
	if strings.Contains(word, "@") {
		begin = email.Key(word)
	}
	fits := func(x *Subscriber) bool {
		known := append(strings.Fields(fold.Text(x.FirstName+" "+x.LastName)), email.Key(x.Email))
		for _, w := range words {
			if !slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(k, w) || strings.HasPrefix(k, email.Key(w)) }) {
				return false
			}
		}
		return true
	}
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		var qs []sqldb.Q
		for _, stmt := range []*sqldb.Stmt{findByEmail, findByLast, findByFirst} {
			qs = append(qs, sqldb.Q{Stmt: stmt, Args: []any{begin, begin + "\U0010FFFF", int64(findLook)}, Each: func(r *sqldb.Row) error {
				var x Subscriber
				x.scan(r)
				if len(out) < most && fits(&x) && !slices.ContainsFunc(out, func(o Subscriber) bool { return o.ID == x.ID }) {
					out = append(out, x)
				}
				return nil
			}})
		}
		return tx.Pipeline(qs...)
	})
	return out, err
}
