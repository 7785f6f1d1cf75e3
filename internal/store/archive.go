package store

import (
	"context"
	"strconv"

	"clientele/internal/history"
	"clientele/internal/sqldb"
)

var archive = sqldb.Global(`UPDATE stores SET date_archived = $2 WHERE id = $1 AND (date_archived = 0) <> ($2 = 0)`)

// Archive takes a store out of service, or puts it back. It keeps all that it has,
// and its hash and hosts: nobody else gets them. Its API accounts are refused and
// its storefronts are not found, in every process within the time that tokens and
// hosts are trusted. What was on its way, such as emails, still goes out. Archive
// reports whether that was not so already.
func (s *Service) Archive(ctx context.Context, id int64, archived bool) (changed bool, err error) {
	now, at := s.sys.Now(), int64(0)
	if archived {
		at = now
	}
	e := history.Entry{Action: history.Updated, Resource: history.Store, ID: id}
	e.Add(false, history.FieldArchived, strconv.FormatBool(!archived), strconv.FormatBool(archived))
	err = s.db.Write(ctx, id, func(tx *sqldb.Tx) error {
		n, err := tx.ExecCount(archive, id, at)
		if changed = n > 0; err != nil || !changed {
			return err
		}
		return history.Enter(tx, now, e)
	})
	return changed, err
}
