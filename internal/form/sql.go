package form

// JoinFields joins the definitions, as f, to stored values, as v.
const JoinFields = ` JOIN form_fields f ON f.store_id = v.store_id AND f.id = v.field_id`

// FieldsWhere returns the SQL that finds the fields that meet a condition.
func FieldsWhere(condition string) string {
	return `SELECT id FROM form_fields WHERE store_id = $1 AND ` + condition
}
