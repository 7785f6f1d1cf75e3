package store

import (
	"clientele/internal/portable"
	"clientele/internal/sqldb"
)

// Portable is what moves of this package's tables: the ids given out last, which go
// on where the store arrives, and what the store says of itself. The counters of what
// does not move, and of the history, which brings its own, stay.
var Portable = []portable.Part{
	portable.Table{
		Name: "counters", Table: "store_counters", Own: portable.Everything, There: true,
		Columns: "channel_id int, group_id int, attribute_id int, attribute_value_id int, form_field_id int, customer_id int, address_id int, subscriber_id int, " +
			"consent_change_id int, segment_id int, shopper_profile_id int, metafield_id int, wishlist_id int, wishlist_item_id int, " +
			"price_list_assignment_id int, site_route_id int, company_id int, erasure_id int, comment_id int, merge_id int, person_request_id int",
		Hidden: map[string]string{
			"account_id": "of API accounts", "event_id": "of events", "webhook_id": "of webhooks", "email_id": "of emails", "storefront_token_id": "of tokens",
			"history_id": "set with the entries", "impersonation_id": "of impersonations", "view_id": "of staff", "import_id": "of imports", "bulk_action_id": "of bulk actions", "export_id": "of exports", "duplicate_id": "of pairs that are found anew",
			"customers": "counted", "addresses": "counted", "subscribers": "counted", "shopper_profiles": "counted", "attribute_values": "counted",
			"form_values": "counted", "uncounted": "counted", "uncounted_lists": "counted", "rules": "counted", "lap": "counted",
		},
	}.Part(),
	portable.Table{
		Name: "settings", Table: "store_settings", Columns: "settings", Own: portable.Everything,
		Out: func(tx *sqldb.Tx, o portable.Options, r portable.Record) error {
			return withinRecord(r, func(row, stored string) (string, error) {
				if !o.Secrets {
					return "", nil
				}
				return tx.Unseal(secretSettings, row, stored)
			})
		},
		In: func(tx *sqldb.Tx, r portable.Record) error {
			return withinRecord(r, func(row, plain string) (string, error) { return tx.Seal(secretSettings, row, plain) })
		},
	}.Part(),
	portable.Table{Name: "logo", Table: "store_logos", Columns: "name, kind, width int, height int, data bytes, date_created int", Own: portable.Everything}.Part(),
}

// withinRecord changes the secrets within settings on their way.
func withinRecord(r portable.Record, change func(row, value string) (string, error)) error {
	text := r.Text("settings")
	for _, row := range secretRows {
		var err error
		if text, err = withinSettings(row)(text, func(value string) (string, error) { return change(row, value) }); err != nil {
			return err
		}
	}
	r.SetText("settings", text)
	return nil
}

// Totals are how many rows of lists have arrived.
type Totals struct {
	Customers, Addresses, Subscribers, ShopperProfiles, AttributeValues, FormValues, Rules int64
}

// Given are the ids given out last in lists whose gaps are kept.
type Given struct{ Customers, Addresses, Subscribers, ShopperProfiles int64 }

var arrived = sqldb.Static(`UPDATE store_counters SET customers = customers + $2, addresses = addresses + $3, subscribers = subscribers + $4, shopper_profiles = shopper_profiles + $5,
	attribute_values = attribute_values + $6, form_values = form_values + $7, rules = rules + $8 WHERE store_id = $1
	RETURNING customer_id, address_id, subscriber_id, shopper_profile_id`)

// Arrived counts what has arrived in a store.
func (t Totals) Arrived(tx *sqldb.Tx) (g Given, err error) {
	return g, tx.Query(arrived, func(r *sqldb.Row) error {
		g = Given{r.Int(0), r.Int(1), r.Int(2), r.Int(3)}
		return nil
	}, t.Customers, t.Addresses, t.Subscribers, t.ShopperProfiles, t.AttributeValues, t.FormValues, t.Rules)
}

// Name returns the name of a transaction's store.
func Name(tx *sqldb.Tx) (name string, err error) {
	return name, tx.In(0).Query(selectByID, func(r *sqldb.Row) error { name = scan(r).Name; return nil }, tx.Store())
}
