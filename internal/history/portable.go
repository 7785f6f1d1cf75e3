package history

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"clientele/internal/portable"
	"clientele/internal/sqldb"
	"clientele/internal/storekey"
)

// A store that moves takes its entries along, with their ids and all that they say.
// The chain of blocks stays behind: its hashes begin with the store's number and
// its signatures are made with the key of the store that was left. Where the
// entries arrive they are sealed anew, after a block that stands for what retention
// had taken away before.
//
// The entries at the end that say no more than that the store was written to a file
// or read from one stay as well: a store that has arrived consists of what was sent.

var (
	movedActors = portable.Table{
		Table: "history_actors", Key: "id", Columns: "id int, kind int, name", Own: portable.Everything, Clear: true,
	}.Part()
	movedEntries = portable.Table{
		Table: "history", Key: "id", Own: portable.Everything, Clear: true,
		Columns: "id int, date_created int, actor int, surface int, action int, resource int, resource_id int, customer_id int, request_id bytes, facts bytes, personal bytes, digest bytes",
	}.Part()

	dropAllSeals = sqldb.Static(`DELETE FROM history_seals WHERE store_id = $1`)
	setLast      = sqldb.Static(`UPDATE store_counters SET history_id = $2 WHERE store_id = $1`)
	newest       = sqldb.Static(`SELECT id, actor, action, resource FROM history WHERE store_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`)
	anyBy        = sqldb.Static(`SELECT id FROM history WHERE store_id = $1 AND actor = $2 AND id <= $3 ORDER BY id LIMIT 1`)
	insertAnchor = sqldb.Static(`INSERT INTO history_seals (store_id, block, from_id, to_id, date_last, date_sealed, date_dropped, hash, key_id, signature, marks)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`)
)

// Portable is what moves of this package's tables, to stores with the keys of a
// service.
func Portable(keys *storekey.Service) []portable.Part {
	actors, entries := movedActors, movedEntries
	actors.Clear = func(tx *sqldb.Tx) error {
		if err := vacate(tx); err != nil {
			return err
		}
		return movedActors.Clear(tx)
	}
	actors.Read = func(tx *sqldb.Tx, o portable.Options, after []any, n int64, each func(portable.Record) error) error {
		end, err := findEnd(tx)
		if err != nil {
			return err
		}
		stay, err := end.onlyThere(tx)
		if err != nil {
			return err
		}
		return movedActors.Read(tx, o, after, n, func(r portable.Record) error {
			if slices.Contains(stay, r.Int("id")) {
				return nil
			}
			return each(r)
		})
	}
	entries.Clear = vacate
	entries.Read = func(tx *sqldb.Tx, o portable.Options, after []any, n int64, each func(portable.Record) error) error {
		end, err := findEnd(tx)
		if err != nil {
			return err
		}
		return movedEntries.Read(tx, o, after, n, func(r portable.Record) error {
			if r.Int("id") > end.last {
				return nil
			}
			return each(r)
		})
	}
	entries.Write = func(tx *sqldb.Tx, b portable.Batch) error {
		if len(b.Records) == 0 {
			return nil
		}
		if first := b.Records[0]; b.Before == 0 && first.Int("id") > 1 {
			if err := anchor(tx, keys, first.Int("id")-1, first.Int("date_created"), b.Now); err != nil {
				return err
			}
		}
		if err := movedEntries.Write(tx, b); err != nil {
			return err
		}
		return tx.Exec(setLast, b.Records[len(b.Records)-1].Int("id"))
	}
	return []portable.Part{actors, entries}
}

// vacate takes away what a store says of itself where another one arrives in it.
func vacate(tx *sqldb.Tx) error {
	if err := tx.Exec(dropAllSeals); err != nil {
		return err
	}
	if err := movedEntries.Clear(tx); err != nil {
		return err
	}
	return tx.Exec(setLast, int64(0))
}

// anchor makes the block that stands for the entries up to one, which did not move.
func anchor(tx *sqldb.Tx, keys *storekey.Service, to, last, now int64) error {
	k, err := keys.KeysTx(tx)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "clientele history of store %d, which arrived without the entries up to %d\n", tx.Store(), to))
	s := seal{block: 1, from: 1, to: to, last: last, sealed: now, dropped: now, hash: sum[:], marks: none}
	s.sign(k, tx.Store())
	return tx.Exec(insertAnchor, s.block, s.from, s.to, s.last, s.sealed, s.dropped, s.hash, s.key, s.signature, s.marks)
}

// end is where the history ends that moves.
type end struct {
	last   int64   // the last entry
	actors []int64 // codes of those who made the entries after it
}

// moves reports whether an entry says no more than that the store moved.
func moves(action, resource int64) bool {
	return Resource(resource) == Bundle && (Action(action) == Exported || Action(action) == Imported)
}

// findEnd finds the last entry that moves.
func findEnd(tx *sqldb.Tx) (end, error) {
	const page = 20
	var out end
	before := int64(1) << 62
	for n := page; n == page && out.last == 0; {
		n = 0
		if err := tx.Query(newest, func(r *sqldb.Row) error {
			n++
			before = r.Int(0)
			switch {
			case out.last != 0:
			case !moves(r.Int(2), r.Int(3)):
				out.last = before
			case !slices.Contains(out.actors, r.Int(1)):
				out.actors = append(out.actors, r.Int(1))
			}
			return nil
		}, before, int64(page)); err != nil {
			return out, err
		}
	}
	return out, nil
}

// onlyThere returns the ids of the actors who made entries after the end alone.
func (e *end) onlyThere(tx *sqldb.Tx) (ids []int64, err error) {
	for _, code := range e.actors {
		if ActorKind(code&(1<<kindBits-1)) != named {
			continue
		}
		before := false
		if err := tx.Query(anyBy, func(*sqldb.Row) error { before = true; return nil }, code, e.last); err != nil {
			return nil, err
		}
		if !before {
			ids = append(ids, code>>kindBits)
		}
	}
	return ids, nil
}
