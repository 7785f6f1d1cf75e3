package subscriber

import (
	"slices"

	"clientele/internal/email"
	"clientele/internal/sqldb"
)

var (
	readAll     = sqldb.Static(`SELECT ` + columns + ` FROM subscribers WHERE store_id = $1 AND id > $2 ORDER BY id LIMIT $3`)
	readChanged = sqldb.Static(`SELECT ` + columns + ` FROM subscribers WHERE store_id = $1 AND (date_modified, id) > ($2, $3) ORDER BY date_modified, id LIMIT $4`)
)

// Position is that of the subscriber after which reading goes on; the zero value is
// before all of them.
type Position struct{ Modified, ID int64 }

// ReadAfter returns the next subscribers, n at most, and where to go on: all in the
// order of their ids or, with a time, those that were changed since, in the order of
// their changes.
func ReadAfter(tx *sqldb.Tx, since int64, after Position, n int) (out []Subscriber, next Position, err error) {
	take := func(r *sqldb.Row) error {
		out = append(out, Subscriber{})
		out[len(out)-1].scan(r)
		return nil
	}
	if since == 0 {
		err = tx.Query(readAll, take, after.ID, int64(n))
	} else {
		if after == (Position{}) {
			after.Modified, after.ID = since, -1
		}
		err = tx.Query(readChanged, take, after.Modified, after.ID, int64(n))
	}
	if err != nil || len(out) == 0 {
		return nil, after, err
	}
	last := &out[len(out)-1]
	return out, Position{last.DateModified, last.ID}, nil
}

// ReadByAddress returns the subscribers with any of some addresses, in the order of ids.
func ReadByAddress(tx *sqldb.Tx, addresses []string) (out []Subscriber, err error) {
	var norms []string
	for _, a := range addresses {
		norms = append(norms, email.Keys(a)...)
	}
	if len(norms) == 0 {
		return nil, nil
	}
	in, args := sqldb.In(nil, norms)
	return out, tx.Query(sqldb.Dynamic(`SELECT `+columns+` FROM subscribers WHERE store_id = $1 AND email_norm IN `+in+` ORDER BY id`), func(r *sqldb.Row) error {
		out = append(out, Subscriber{})
		out[len(out)-1].scan(r)
		return nil
	}, args...)
}

// Agreed reports whether a subscriber has agreed to the newsletter.
func (s *Subscriber) Agreed() bool { return slices.Contains(s.Consents, MarketingNewsletter) }
