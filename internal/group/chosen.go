package group

import (
	"clientele/internal/history"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Names of the settings by which a channel chooses groups of its own in place
// of the store's.
const (
	DefaultSetting = store.DefaultGroup
	GuestSetting   = "guest_group_id"
)

var (
	selectDefault = sqldb.Static(`SELECT id FROM customer_groups WHERE store_id = $1 AND is_default = 1`)
	selectGuest   = sqldb.Static(`SELECT id FROM customer_groups WHERE store_id = $1 AND is_guest = 1`)
	setDefault    = sqldb.Static(`UPDATE customer_groups SET is_default = 1, date_modified = $3 WHERE store_id = $1 AND is_default = 0 AND id = $2 RETURNING id`)
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
// and 0 are no group. The caller calls Lock, then Hold for each group, then
// Make. Lock comes first because Service.Update locks the store's counters
// before a group, and the opposite order would deadlock with it. Make comes last
// because it does not look whether the groups exist: Hold does, and keeps them.
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

// HoldQuery is Hold for several groups, to be run in a pipeline.
func HoldQuery(tx *sqldb.Tx, ids []int64, found map[int64]bool) sqldb.Q {
	return sqldb.Among(`SELECT id FROM customer_groups WHERE store_id = $1 AND id IN `, ids, ` ORDER BY id`+tx.ForShare(), found)
}

var selectName = sqldb.Static(`SELECT name FROM customer_groups WHERE store_id = $1 AND id = $2`)

// NameQuery returns the query for a group's name, to be run in a pipeline.
func NameQuery(id int64, name *string) sqldb.Q {
	*name = ""
	return sqldb.Q{Stmt: selectName, Args: []any{id}, Each: func(r *sqldb.Row) error { *name = r.Text(0); return nil }}
}

var allNames = sqldb.Static(`SELECT id, name, is_default FROM customer_groups WHERE store_id = $1 ORDER BY id`)

// NamesQuery returns the query for the names of all groups and for which one is
// the store's default, to be run in a pipeline.
func NamesQuery(each func(id int64, name string, isDefault bool)) sqldb.Q {
	return sqldb.Q{Stmt: allNames, Each: func(r *sqldb.Row) error { each(r.Int(0), r.Text(1), r.Flag(2)); return nil }}
}

// joinedGroup and guestGroup find the group that new customers of a channel
// join, and that for its guests: what the channel says, where "0" is none, and
// else the store's group.
const (
	channelsGroup = `SELECT id FROM customer_groups WHERE store_id = $1 AND id = COALESCE(
	(SELECT CAST(s.value AS BIGINT) FROM customer_settings s WHERE s.store_id = $1 AND s.channel_id = $2 AND s.name = '`
	storesGroup = `'),
	(SELECT g.id FROM customer_groups g WHERE g.store_id = $1 AND g.`
	joinedGroup = channelsGroup + DefaultSetting + storesGroup + `is_default = 1))`
	guestGroup  = channelsGroup + GuestSetting + storesGroup + `is_guest = 1))`
)

var selectGuestOf = sqldb.Static(guestGroup)

// GuestQuery returns the query for the group of a channel's guests, 0 for none,
// to be run in a pipeline.
func GuestQuery(channelID int64, id *int64) sqldb.Q {
	*id = 0
	return sqldb.Q{Stmt: selectGuestOf, Args: []any{channelID}, Each: func(r *sqldb.Row) error {
		*id = r.Int(0)
		return nil
	}}
}

// JoinedQuery returns the query for the group that new customers of a channel
// join, 0 for none, to be run in a pipeline. The group is kept from going until
// the end of tx.
func JoinedQuery(tx *sqldb.Tx, channelID int64, id *int64) sqldb.Q {
	*id = 0
	return sqldb.Q{Stmt: sqldb.Dynamic(joinedGroup + tx.ForShare()), Args: []any{channelID}, Each: func(r *sqldb.Row) error {
		*id = r.Int(0)
		return nil
	}}
}

// NameOf returns the statement for the name of the group whose id a scalar
// subquery finds.
func NameOf(id string) string {
	return `SELECT g.name FROM customer_groups g WHERE g.store_id = $1 AND g.id = ` + id
}

// Make carries out the choice, inside tx.
func (c Choice) Make(tx *sqldb.Tx, now int64) error {
	for _, f := range []struct {
		field     opt.Field[int64]
		drop, set *sqldb.Stmt
		flag      history.Field
	}{{c.Default, dropDefault, setDefault, history.FieldDefault}, {c.Guest, dropGuest, setGuest, history.FieldGuests}} {
		if !f.field.Set {
			continue
		}
		if err := flip(tx, f.drop, f.flag, false, f.field.Value, now); err != nil {
			return err
		}
		if f.field.Value == 0 {
			continue
		}
		if err := flip(tx, f.set, f.flag, true, f.field.Value, now); err != nil {
			return err
		}
	}
	return nil
}
