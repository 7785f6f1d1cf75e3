package subscriber

import (
	"clientele/internal/fault"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
)

// Copy is a subscriber as another store has one.
type Copy struct {
	Create // with its id there
	// At is when it was made there.
	At int64
	// Place is the address of that store.
	Place string
}

// Copied is what became of subscribers that were copied.
type Copied struct{ Created, Changed, Kept int }

// CopyTx makes subscribers what another store has them to be, with their ids: all of
// them or, if any breaks a rule, none. Those whose addresses are suppressed here are
// kept as they are.
func CopyTx(tx *sqldb.Tx, in []Copy, now int64) (out Copied, err error) {
	ids := make([]int64, len(in))
	subs := make([]Subscriber, len(in))
	var b fault.Batch
	b.Each(len(in), func(i int, c *fault.Collector) {
		ids[i] = in[i].ID
		var err error
		if subs[i], err = in[i].build(); err != nil {
			c.Items = fault.As(err).Items
		}
	})
	if err := b.Err(fault.Invalid); err != nil || len(in) == 0 {
		return out, err
	}
	there := map[int64]*Subscriber{}
	list, args := sqldb.In(nil, ids)
	if err := tx.Query(sqldb.Dynamic(`SELECT `+columns+` FROM subscribers WHERE store_id = $1 AND id IN `+list+` ORDER BY id`+tx.ForUpdate()), func(r *sqldb.Row) error {
		s := &Subscriber{}
		s.scan(r)
		there[s.ID] = s
		return nil
	}, args...); err != nil {
		return out, err
	}
	var fresh []*creation
	for i := range subs {
		s, by := &subs[i], in[i].by()
		old := there[s.ID]
		if old == nil {
			fresh = append(fresh, &creation{Subscriber: *s, given: s.ID, by: by})
			continue
		}
		order := opt.Some(s.OrderID)
		if s.OrderID == 0 {
			order = opt.Null[int64]()
		}
		after, err := changeHeld(tx, old, &Update{
			Email: opt.Some(s.Email), FirstName: opt.Some(s.FirstName), LastName: opt.Some(s.LastName), ChannelID: opt.Some(s.ChannelID), Source: opt.Some(s.Source),
			OrderID: order, Consents: opt.Some(s.Consents),
		}, by, now)
		switch {
		case Refused(err):
			out.Kept++
		case err != nil:
			return out, err
		case after != old:
			out.Changed++
		}
	}
	own, err := createAll(tx, fresh, now)
	if err != nil {
		return out, err
	}
	for _, err := range own {
		switch {
		case Refused(err):
			out.Kept++
		case err != nil:
			return out, err
		default:
			out.Created++
		}
	}
	return out, nil
}

// by is where a copied consent comes from, with what is known of it.
func (c *Copy) by() Origin {
	return Origin{Via: ViaImport, Follows: true, Proof: Proof{Surface: ViaImport, Asked: &Asked{Time: c.At, Shown: Shown{Place: c.Place}}}}
}

// RemoveTx removes the subscribers with some ids, and returns how many there were.
func RemoveTx(tx *sqldb.Tx, ids []int64, now int64) (int, error) {
	if len(ids) == 0 {
		return 0, nil
	}
	var gone []Subscriber
	list, args := sqldb.In(nil, ids)
	if err := tx.Query(sqldb.Dynamic(`SELECT `+columns+` FROM subscribers WHERE store_id = $1 AND id IN `+list+` ORDER BY id`+tx.ForDelete()), func(r *sqldb.Row) error {
		gone = append(gone, Subscriber{})
		gone[len(gone)-1].scan(r)
		return nil
	}, args...); err != nil || len(gone) == 0 {
		return 0, err
	}
	return len(gone), remove(tx, gone, Origin{Via: ViaImport}, now, deletions(gone))
}

var idsAfter = sqldb.Static(`SELECT id FROM subscribers WHERE store_id = $1 AND id > $2 ORDER BY id LIMIT $3`)

// IDsAfter returns the ids of some subscribers above an id, in order.
func IDsAfter(tx *sqldb.Tx, id int64, most int) (out []int64, err error) {
	return out, tx.Query(idsAfter, func(r *sqldb.Row) error { out = append(out, r.Int(0)); return nil }, id, int64(most))
}
