package subscriber

import (
	"cmp"
	"context"
	"slices"

	"clientele/internal/email"
	"clientele/internal/history"
	"clientele/internal/jobs"
	"clientele/internal/personal"
	"clientele/internal/sqldb"
)

const changePage = ` FROM consent_changes WHERE store_id = $1`

var (
	changesNewest = sqldb.Static(`SELECT ` + changeColumns + changePage + ` AND id < $2 ORDER BY id DESC LIMIT $3`)
	changesNewer  = sqldb.Static(`SELECT ` + changeColumns + changePage + ` AND id > $2 ORDER BY id LIMIT $3`)
	changesOf     = sqldb.Static(`SELECT ` + changeColumns + changePage + ` AND email_norm = $2 AND email_norm <> '' AND id < $3 ORDER BY id DESC LIMIT $4`)
	changesOfUp   = sqldb.Static(`SELECT ` + changeColumns + changePage + ` AND email_norm = $2 AND email_norm <> '' AND id > $3 ORDER BY id LIMIT $4`)
	keylessAfter  = sqldb.Static(`SELECT id, email, email_norm FROM consent_changes WHERE store_id = $1 AND id > $2 ORDER BY id LIMIT $3`)
	giveKey       = sqldb.Static(`UPDATE consent_changes SET email_norm = $3 WHERE store_id = $1 AND id = $2 AND email = $4`)
)

// ConsentsAsked asks for a page of what happened to consents, the newest first:
// before an id or after it, of all or of an address, also when subscribers are gone
// or the address was erased.
type ConsentsAsked struct {
	Email         string
	Keys          personal.Hasher // with which the address's hash is made
	Before, After int64
	Limit         int
}

// ConsentsPage is a page of changes, with the texts that were shown.
type ConsentsPage struct {
	Changes      []Change
	Older, Newer bool
}

// Consents returns what happened to consents.
func (s *Service) Consents(ctx context.Context, storeID int64, in ConsentsAsked) (out ConsentsPage, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = ConsentsPage{}
		down, up, keys := changesNewest, changesNewer, [][]any{nil}
		if in.Email != "" {
			down, up = changesOf, changesOfUp
			keys = [][]any{{email.Key(in.Email)}, {personal.Mark(personal.HashOf(in.Keys, in.Email))}}
		}
		stmt, from := down, in.Before
		if in.After != 0 {
			stmt, from = up, in.After
		} else if from == 0 {
			from = 1 << 62
		}
		var qs []sqldb.Q
		for _, key := range keys {
			qs = append(qs, sqldb.Q{Stmt: stmt, Args: append(key, from, int64(in.Limit+1)), Each: func(r *sqldb.Row) error {
				out.Changes = append(out.Changes, Change{})
				out.Changes[len(out.Changes)-1].scan(r)
				return nil
			}})
		}
		if err := tx.Pipeline(qs...); err != nil {
			return err
		}
		slices.SortFunc(out.Changes, func(a, b Change) int {
			if in.After != 0 {
				return cmp.Compare(a.ID, b.ID)
			}
			return cmp.Compare(b.ID, a.ID)
		})
		more := len(out.Changes) > in.Limit
		out.Changes = out.Changes[:min(len(out.Changes), in.Limit)]
		out.Older, out.Newer = more, in.Before != 0
		if in.After != 0 {
			out.Older, out.Newer = true, more
			slices.Reverse(out.Changes)
		}
		return readTexts(tx, out.Changes)
	})
	return out, err
}

// fillKeys gives entries from before the keys of their addresses.
func (s *Service) fillKeys(ctx context.Context, j jobs.Job) error {
	type entry struct {
		id    int64
		email string
	}
	for after, more := int64(0), true; more; {
		n := 0
		var without []entry
		if err := s.db.Read(ctx, j.StoreID, func(tx *sqldb.Tx) error {
			n, without = 0, nil
			return tx.Query(keylessAfter, func(r *sqldb.Row) error {
				n++
				if after = r.Int(0); r.Text(2) == "" {
					without = append(without, entry{after, r.Text(1)})
				}
				return nil
			}, after, int64(endsBite))
		}); err != nil {
			return err
		}
		more = n == endsBite
		if len(without) == 0 {
			continue
		}
		if err := s.db.Write(ctx, j.StoreID, func(tx *sqldb.Tx) error {
			for _, e := range without {
				if err := tx.Exec(giveKey, e.id, email.Key(e.email), e.email); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// Taken records that somebody takes the proof of a subscriber's consents with them.
func (s *Service) Taken(ctx context.Context, storeID, id int64) error {
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		e := history.Entry{Action: history.Exported, Resource: history.Subscriber, ID: id}
		e.Add(false, history.FieldKind, "", history.Text("consents"))
		return history.Enter(tx, s.sys.Now(), e)
	})
}
