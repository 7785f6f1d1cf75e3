package channel

import (
	"clientele/internal/portable"
)

// Portable is what moves of this package's tables. Where sites are is of the
// installation: a host has to be claimed and proved where the store arrives.
var Portable = []portable.Part{
	portable.Table{
		Table: "channels", Key: "id", Own: "id <= 1",
		Columns: "id int, name, type, platform, status, external_id, is_listable flag, is_visible flag, currencies, unique_name, date_created int, date_modified int",
		Hidden: map[string]string{
			"url": "of the installation", "site_created": "of the installation", "site_modified": "of the installation",
			"checkout_url": "of the installation", "checkout_created": "of the installation", "checkout_modified": "of the installation",
		},
	}.Part(),
	portable.Table{
		Table: "site_routes", Key: "id",
		Columns: "id int, channel_id int, type, matching, route, date_created int, date_modified int",
	}.Part(),
}
