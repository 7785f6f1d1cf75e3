package store

import "clientele/internal/sqldb"

// CustomFields is the number that custom form fields begin after: the numbers
// up to it are built-in fields, which storefronts know by heart.
const CustomFields = 25

// builtInField is a form field that every store has. A later migration that
// changes this table changes the rows of existing stores as well.
type builtInField struct {
	id                    int64
	form, name, norm, typ string
	required              bool
	options               string
}

// The norm begins with a space, which no folded name does: these fields never
// stand in the way of a custom field's name.
var builtInFields = []builtInField{
	{1, "customer", "EmailAddress", " emailaddress", "text", true, `{"label":"Email Address","sort_order":1}`},
	{2, "customer", "Password", " password", "password", true, `{"label":"Password","sort_order":2}`},
	{3, "customer", "ConfirmPassword", " confirmpassword", "password", true, `{"label":"Confirm Password","sort_order":3}`},
	{4, "address", "FirstName", " firstname", "text", true, `{"label":"First Name","sort_order":4}`},
	{5, "address", "LastName", " lastname", "text", true, `{"label":"Last Name","sort_order":5}`},
	{6, "address", "CompanyName", " companyname", "text", false, `{"label":"Company Name","sort_order":6}`},
	{7, "address", "Phone", " phone", "text", false, `{"label":"Phone Number","sort_order":7}`},
	{8, "address", "AddressLine1", " addressline1", "text", true, `{"label":"Address Line 1","sort_order":8}`},
	{9, "address", "AddressLine2", " addressline2", "text", false, `{"label":"Address Line 2","sort_order":9}`},
	{10, "address", "City", " city", "text", true, `{"label":"City","sort_order":10}`},
	{11, "address", "Country", " country", "dropdown", true, `{"label":"Country","sort_order":11}`},
	{12, "address", "State", " state", "dropdown", true, `{"label":"State/Province","sort_order":12}`},
	{13, "address", "Zip", " zip", "text", true, `{"label":"Postal Code","sort_order":13}`},
	{24, "customer", "CurrentPassword", " currentpassword", "password", false, `{"label":"Current Password","sort_order":24}`},
	{25, "customer", "ReceiveMarketingEmails", " receivemarketingemails", "checkbox", false, `{"label":"Receive offers by email","sort_order":25}`},
}

var insertBuiltIn = sqldb.Global(`INSERT INTO form_fields (store_id, id, form, name, name_norm, type, required, options, date_created, date_modified)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)`)

func insertBuiltIns(tx *sqldb.Tx, store, now int64) error {
	for _, f := range builtInFields {
		if err := tx.Exec(insertBuiltIn, store, f.id, f.form, f.name, f.norm, f.typ, sqldb.Flag(f.required), f.options, now); err != nil {
			return err
		}
	}
	return nil
}
