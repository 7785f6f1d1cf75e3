package store

import "clientele/internal/sqldb"

// AllowGlobalLogins names a channel's setting of whether customers who may use
// all channels may sign in there.
const AllowGlobalLogins = "allow_global_logins"

// Entrance is what a channel says about customers who come to it.
type Entrance struct {
	Open   bool // the channel exists and has not ended
	Global bool // customers of all channels may sign in
}

var (
	selectSetting = sqldb.Static(`SELECT value FROM customer_settings WHERE store_id = $1 AND channel_id = $2 AND name = $3`)
	channelStatus = sqldb.Static(`SELECT status FROM channels WHERE store_id = $1 AND id = $2`)
)

// Query returns the queries for the entrance of a channel, to be run in a
// pipeline.
func (e *Entrance) Query(channelID int64) []sqldb.Q {
	*e = Entrance{Global: AdmitsGlobal(channelID)}
	return []sqldb.Q{
		{Stmt: channelStatus, Args: []any{channelID}, Each: func(r *sqldb.Row) error { e.Open = alive(r.Text(0)); return nil }},
		{Stmt: selectSetting, Args: []any{channelID, AllowGlobalLogins}, Each: func(r *sqldb.Row) error { e.Global = r.Text(0) == "1"; return nil }},
	}
}

// EntranceColumns are the columns of EntranceJoin.
const EntranceColumns = `ch.status, g.value`

// EntranceJoin joins a channel's entrance to a table, by its alias and its
// column channel_id.
func EntranceJoin(alias string) string {
	return ` JOIN channels ch ON ch.store_id = ` + alias + `.store_id AND ch.id = ` + alias + `.channel_id
		LEFT JOIN customer_settings g ON g.store_id = ` + alias + `.store_id AND g.channel_id = ` + alias + `.channel_id AND g.name = '` + AllowGlobalLogins + `'`
}

// Scan reads EntranceColumns from column at on.
func (e *Entrance) Scan(r *sqldb.Row, at int, channelID int64) {
	*e = Entrance{Open: alive(r.Text(at)), Global: AdmitsGlobal(channelID)}
	if !r.Null(at + 1) {
		e.Global = r.Text(at+1) == "1"
	}
}

// AdmitsGlobal reports whether a channel that does not say lets customers of
// all channels sign in: the default channel does, others do not.
func AdmitsGlobal(channelID int64) bool { return channelID == DefaultChannel }

// alive reports whether customers may come to a channel with the status.
func alive(status string) bool { return status != "deleted" && status != "terminated" }

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
