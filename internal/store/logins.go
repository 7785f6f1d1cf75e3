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
