package sqldb

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// The counters of a store are one row that nearly every write changes. PostgreSQL
// keeps each version of it for as long as somebody has a snapshot that is older, such
// as pg_dump, and whoever looks the row up by its store passes all of them: after ten
// minutes of writes that takes longer than all else. So the row has a number, its lap,
// which grows now and then and is part of its key, and each process remembers the last
// lap that it saw of a store: a look begins just before it.

// Newest ends the condition "store_id = $1" of a declared statement about
// store_counters that has to be fast while an old snapshot is open. It changes nothing
// of what is found.
const Newest = ` /*newest*/`

// NextLap is the lap after n more entries of the history, for SET.
func NextLap(n string) string {
	return fmt.Sprintf(`lap + CASE WHEN (history_id + %[1]s) / %[2]d > history_id / %[2]d THEN 1 ELSE 0 END`, n, entriesOfLap)
}

// entriesOfLap is how many entries of the history a lap has: so many versions are
// passed at most, of which some twenty have one page. Each lap is an entry of the index.
const entriesOfLap = 1024

var parameter = regexp.MustCompile(`\$[0-9]+`)

// lapped returns a statement with Newest as PostgreSQL runs it: with one more argument,
// the lap to begin at. A store whose content was replaced may have a lower one.
func lapped(sql string) string {
	last := 1
	for _, p := range parameter.FindAllString(sql, -1) {
		n, _ := strconv.Atoi(p[1:]) // it is one
		last = max(last, n)
	}
	return strings.ReplaceAll(sql, Newest, fmt.Sprintf(` AND lap >= COALESCE((SELECT n.lap FROM store_counters n WHERE n.store_id = $1 AND n.lap >= $%d LIMIT 1), 0)`, last+1))
}

// laps are where to begin, by store.
type laps struct{ of sync.Map }

func (l *laps) get(store int64) int64 {
	if n, ok := l.of.Load(store); ok {
		return n.(int64)
	}
	return 0
}

// Lapped notes the lap of the store's counters, as a statement returned it. Others look
// from the one before on: this one is not there for them before the commit.
func (tx *Tx) Lapped(lap int64) {
	if from := lap - 1; tx.pg != nil && tx.pg.laps.get(tx.store) != from {
		tx.pg.laps.of.Store(tx.store, from)
	}
}
