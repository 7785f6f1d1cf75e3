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

// KeepEntrances returns the entrances of channels, by their ids, as they are
// kept for those who only read.
func KeepEntrances(db *sqldb.DB) *sqldb.Kept[int64, Entrance] {
	return sqldb.Keep(db, func(tx *sqldb.Tx, channelID int64) (e Entrance, err error) {
		err = tx.Pipeline(e.Query(channelID)...)
		return e, err
	}, "channels", "customer_settings")
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

var allChannels = sqldb.Static(`SELECT id, status FROM channels WHERE store_id = $1 ORDER BY id`)

// OpenChannels returns the query for the channels to which customers may come,
// to be run in a pipeline.
func OpenChannels(into *[]int64) sqldb.Q {
	*into = nil
	return sqldb.Q{Stmt: allChannels, Each: func(r *sqldb.Row) error {
		if alive(r.Text(1)) {
			*into = append(*into, r.Int(0))
		}
		return nil
	}}
}

// HoldChannels returns the query for which of the ids are channels, to be run
// in a pipeline. They stay until the end of tx.
func HoldChannels(tx *sqldb.Tx, ids []int64, found map[int64]bool) sqldb.Q {
	return sqldb.Among(`SELECT id FROM channels WHERE store_id = $1 AND id IN `, ids, ` ORDER BY id`+tx.ForShare(), found)
}

var channelNames = sqldb.Static(`SELECT id, name FROM channels WHERE store_id = $1 ORDER BY id`)

// ChannelNamesQuery returns the query for the names of a store's channels, to be
// run in a pipeline.
func ChannelNamesQuery(each func(id int64, name string)) sqldb.Q {
	return sqldb.Q{Stmt: channelNames, Each: func(r *sqldb.Row) error { each(r.Int(0), r.Text(1)); return nil }}
}
