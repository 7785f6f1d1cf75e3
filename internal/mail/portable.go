package mail

import (
	"clientele/internal/portable"
)

// Portable is what moves of this package's tables.
var Portable = []portable.Part{
	portable.Table{Table: "email_statuses", Key: "channel_id, kind", Columns: "channel_id int, kind, is_on flag"}.Part(),
	portable.Table{
		Table: "email_template_versions", Key: "kind, channel_id, locale, version",
		Columns: "kind, channel_id int, locale, version int, is_latest flag, subject, body_text, body_html, translations, writer, is_undo flag, restores int, date_created int",
	}.Part(),
}
