package company

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
	Title: "Companies", Rows: portable.Of(Portable, "companies"), Same: owned.One, Resource: history.Company, ID: "id",
	Changed: func(r portable.Record, customerID int64) event.Event {
		return event.Company(event.CompanyUpdated, r.Int("id"), customerID)
	},
	Made: func(r portable.Record, customerID int64) event.Event {
		return event.Company(event.CompanyCreated, r.Int("id"), customerID)
	},
	Counted: func(tx *sqldb.Tx, rows []portable.Record, by int64) error {
		return total.Companies.Move(tx, "", by*int64(len(rows)))
	},
}}
