package store

import "clientele/internal/sqldb"

// AllowGlobalLogins names a channel's setting of whether customers who may use
// all channels may sign in there.
const AllowGlobalLogins = "allow_global_logins"

var selectSetting = sqldb.Static(`SELECT value FROM customer_settings WHERE store_id = $1 AND channel_id = $2 AND name = $3`)

// AdmitsGlobal reports whether a channel that does not say lets customers of
// all channels sign in: the default channel does, others do not.
func AdmitsGlobal(channelID int64) bool { return channelID == DefaultChannel }

// GlobalLogins returns the query for whether customers who may use all
// channels may sign in on one, to be run in a pipeline.
func GlobalLogins(channelID int64, allowed *bool) sqldb.Q {
	*allowed = AdmitsGlobal(channelID)
	return sqldb.Q{Stmt: selectSetting, Args: []any{channelID, AllowGlobalLogins}, Each: func(r *sqldb.Row) error {
		*allowed = r.Text(0) == "1"
		return nil
	}}
}

// DefaultGroupSetting names a channel's setting of the customer group that new
// customers join.
const DefaultGroupSetting = "default_group_id"

// joinedGroup finds the group that new customers of a channel join: what the
// channel says, where "0" is none, and else the store's default group.
const joinedGroup = `SELECT id FROM customer_groups WHERE store_id = $1 AND id = COALESCE(
	(SELECT CAST(s.value AS BIGINT) FROM customer_settings s WHERE s.store_id = $1 AND s.channel_id = $2 AND s.name = '` + DefaultGroupSetting + `'),
	(SELECT g.id FROM customer_groups g WHERE g.store_id = $1 AND g.is_default = 1))`

// JoinedGroup returns the query for the group that new customers of a channel
// join, 0 for none, to be run in a pipeline. The group is kept from going until
// the end of tx.
func JoinedGroup(tx *sqldb.Tx, channelID int64, id *int64) sqldb.Q {
	*id = 0
	return sqldb.Q{Stmt: sqldb.Dynamic(joinedGroup + tx.ForShare()), Args: []any{channelID}, Each: func(r *sqldb.Row) error {
		*id = r.Int(0)
		return nil
	}}
}
