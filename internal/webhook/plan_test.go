package webhook

import (
	"strings"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// What is done for every delivery finds those that are pending by the indexes
// of those, not among all that were ever made.
func TestPlansOfDeliveries(t *testing.T) {
	db := dbtest.Open(t, sqldb.SQLite)
	work := strings.Replace(selectWork.SQL(), "k.event_id - c.event_id", "k.event_id - c.event_id, $1", 1) // it is about all stores
	for query, indexes := range map[string][]string{
		selectDue:      {"webhook_deliveries_due", "webhook_deliveries_lane"},
		giveBack.SQL(): {"webhook_deliveries_lane"},
		pushLane.SQL(): {"webhook_deliveries_lane"},
		selectTakenLanes + "(5, 6, 7) GROUP BY lane": {"webhook_deliveries_lane"},
		selectBehind + "(5, 6, 7) GROUP BY lane":     {"webhook_deliveries_lane"},
		work:                                         {"webhook_deliveries_due"},
	} {
		var plan strings.Builder
		var args []any
		for n := 2; strings.Contains(query, "$"+string(rune('0'+n))); n++ {
			args = append(args, int64(1))
		}
		if err := db.Read(t.Context(), 1, func(tx *sqldb.Tx) error {
			return tx.Query(sqldb.Dynamic("EXPLAIN QUERY PLAN "+query), func(r *sqldb.Row) error {
				plan.WriteString(r.Text(3) + "\n")
				return nil
			}, args...)
		}); err != nil {
			t.Fatal(err)
		}
		for _, index := range indexes {
			if !strings.Contains(plan.String(), index) {
				t.Errorf("%s\n%swant %s", query, plan.String(), index)
			}
		}
	}
}
