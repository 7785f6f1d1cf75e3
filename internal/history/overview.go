package history

import (
	"context"
	"maps"
	"slices"
	"strings"

	"clientele/internal/sqldb"
)

var sealedTo = sqldb.Static(`SELECT to_id, date_sealed FROM history_seals WHERE store_id = $1 ORDER BY block DESC LIMIT 1`)

// Sealing is how far the entries of a store are sealed.
type Sealing struct {
	// To is the last entry that is sealed, At when that was, 0 for never.
	To, At int64
	// Last is the last entry that there is.
	Last int64
}

// Sealed returns how far the entries of a store are sealed.
func (s *Service) Sealed(ctx context.Context, store int64) (out Sealing, err error) {
	err = s.db.Read(ctx, store, func(tx *sqldb.Tx) error {
		out = Sealing{}
		return tx.Pipeline(
			sqldb.Q{Stmt: sealedTo, Each: func(r *sqldb.Row) error { out.To, out.At = r.Int(0), r.Int(1); return nil }},
			sqldb.Q{Stmt: lastID, Each: func(r *sqldb.Row) error { out.Last = r.Int(0); return nil }},
		)
	})
	return out, err
}

// Exported records that entries are taken away in a format.
func (s *Service) Exported(ctx context.Context, store, now int64, format string) error {
	e := Entry{Action: Exported, Resource: Entries}
	e.Add(false, FieldType, "", Text(format))
	return s.db.Write(ctx, store, func(tx *sqldb.Tx) error { return Enter(tx, now, e) })
}

// Actors returns those who have changed something in a store and have a name,
// and its API accounts, by kind and name.
func (s *Service) Actors(ctx context.Context, store int64) (out []Actor, err error) {
	err = s.db.Read(ctx, store, func(tx *sqldb.Tx) error {
		n, err := readNames(tx)
		if err != nil {
			return err
		}
		out = slices.AppendSeq(slices.Collect(maps.Values(n.named)), maps.Values(n.accounts))
		slices.SortFunc(out, func(a, b Actor) int {
			if a.Kind != b.Kind {
				return int(a.Kind) - int(b.Kind)
			}
			return strings.Compare(a.Name, b.Name)
		})
		return nil
	})
	return out, err
}

// Actions, Resources and Surfaces are the names by which entries can be asked
// for.
func Actions() []string { return listed(actionNames[:]) }

// Resources: see Actions.
func Resources() []string { return listed(resourceNames[:]) }

func listed(all []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == "" })
}

// Shown returns the value of a change as a person reads it: a text without its
// quotes.
func Shown(value string) string { return shown(value) }
