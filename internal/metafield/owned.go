package metafield

import (
	"clientele/internal/event"
	"clientele/internal/history"
	"clientele/internal/owned"
	"clientele/internal/portable"
	"clientele/internal/sqldb"
	"clientele/internal/total"
)

// Owned is what customers have of this package's table.
var Owned = []owned.Part{{
	Title: "Metafields", Rows: portable.Of(Portable, "metafields"), Same: owned.By("client_id", "namespace", "key"),
	Resource: history.Metafield, ID: "id",
	Changed: func(r portable.Record, customerID int64) event.Event {
		return event.Metafield(event.MetafieldUpdated, r.Int("id"), customerID, r.Text("namespace"))
	},
	Made: func(r portable.Record, customerID int64) event.Event {
		return event.Metafield(event.MetafieldCreated, r.Int("id"), customerID, r.Text("namespace"))
	},
	Counted: func(tx *sqldb.Tx, rows []portable.Record, by int64) error {
		n := map[string]int64{}
		for _, r := range rows {
			n[total.Readers(r.Text("client_id"), r.Text("permission_set"))] += by
		}
		return total.Metafields.MoveAll(tx, n)
	},
}}
