package jobs

import (
	"strings"

	"clientele/internal/portable"
)

// Portable is what moves of this package's table: the jobs of some kinds, which
// have to be done where the store arrives. Those that were given up stay.
func Portable(kinds ...string) portable.Part {
	return portable.Table{
		Table: "jobs", Key: "id", Columns: "id int, kind, payload, due_at int, date_created int",
		Where: "kind IN ('" + strings.Join(kinds, "', '") + "') AND date_failed = 0",
		Own:   portable.Everything, // of other kinds; ids are drawn
		Hidden: map[string]string{
			"lease_owner": "whose it is at the moment", "attempts": "they begin anew", "date_failed": "none has failed", "error": "none has failed",
		},
	}.Part()
}
