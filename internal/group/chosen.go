package group

import (
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Names of the settings by which a channel chooses groups of its own in place
// of the store's.
const (
	DefaultSetting = store.DefaultGroupSetting
	GuestSetting   = "guest_group_id"
)

var (
	selectDefault = sqldb.Static(`SELECT id FROM customer_groups WHERE store_id = $1 AND is_default = 1`)
	selectGuest   = sqldb.Static(`SELECT id FROM customer_groups WHERE store_id = $1 AND is_guest = 1`)
	setDefault    = sqldb.Static(`UPDATE customer_groups SET is_default = 1, date_modified = $3 WHERE store_id = $1 AND is_default = 0 AND id = $2`)
	setGuest      = sqldb.Static(`UPDATE customer_groups SET is_guest = 1, date_modified = $3 WHERE store_id = $1 AND is_guest = 0 AND id = $2`)
	unchoose      = sqldb.Static(`DELETE FROM customer_settings WHERE store_id = $1 AND name IN ('` + DefaultSetting + `', '` + GuestSetting + `') AND value = $2`)
)

// Chosen are the store's groups for new customers and for guests, 0: none.
type Chosen struct{ Default, Guest int64 }

// Queries returns what fills in c, to be run in a pipeline.
func (c *Chosen) Queries() []sqldb.Q {
	*c = Chosen{}
	return []sqldb.Q{
		{Stmt: selectDefault, Each: func(r *sqldb.Row) error { c.Default = r.Int(0); return nil }},
		{Stmt: selectGuest, Each: func(r *sqldb.Row) error { c.Guest = r.Int(0); return nil }},
	}
}

// Choice is the command to change what is chosen: absent fields stay, null
// and 0 are no group. Lock it, Hold the groups and Make it, in this order.
type Choice struct{ Default, Guest opt.Field[int64] }

// Lock makes other choices of the store wait, inside tx.
func (c Choice) Lock(tx *sqldb.Tx) error {
	if !c.Default.Set && !c.Guest.Set {
		return nil
	}
	return tx.Exec(touch)
}

// Hold reports whether there is a group and keeps it from going until the end
// of tx.
func Hold(tx *sqldb.Tx, id int64) (found bool, err error) {
	err = tx.Query(sqldb.Dynamic(`SELECT id FROM customer_groups WHERE store_id = $1 AND id = $2`+tx.ForShare()), func(*sqldb.Row) error {
		found = true
		return nil
	}, id)
	return found, err
}

// Make carries out the choice, inside tx.
func (c Choice) Make(tx *sqldb.Tx, now int64) error {
	for _, f := range []struct {
		field     opt.Field[int64]
		drop, set *sqldb.Stmt
	}{{c.Default, dropDefault, setDefault}, {c.Guest, dropGuest, setGuest}} {
		if !f.field.Set {
			continue
		}
		if err := tx.Exec(f.drop, f.field.Value, now); err != nil {
			return err
		}
		if f.field.Value == 0 {
			continue
		}
		if err := tx.Exec(f.set, f.field.Value, now); err != nil {
			return err
		}
	}
	return nil
}
