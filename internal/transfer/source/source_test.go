package source

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"clientele/internal/transfer/table"
	"clientele/internal/transfer/value"
)

// read reads all records of a file that is recognised by itself.
func read(t *testing.T, name, file string, own Own) (*Format, []Column, []Record) {
	t.Helper()
	layout, err := table.Detect(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	matches := Recognise(layout.Header)
	if len(matches) == 0 {
		t.Fatalf("nobody knows %q", layout.Header)
	}
	f := matches[0].Format
	cols := f.Map(f.Kind, layout.Header, nil, own)
	rows, err := table.NewReader(strings.NewReader(file), layout)
	if err != nil {
		t.Fatal(err)
	}
	r := NewReader(rows, Settings{Format: f, Kind: f.Kind, Columns: cols, File: name, Zone: time.UTC, Now: 1_900_000_000, Orders: map[int]value.Order{}})
	var out []Record
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return f, cols, out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, rec)
	}
}

// told is a record in JSON without what is empty.
func told(t *testing.T, rec Record) string {
	t.Helper()
	rec.Rows = nil
	b, err := json.Marshal(rec)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	b, err = json.Marshal(full(m))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func full(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if e = full(e); e == nil {
				delete(v, k)
			} else {
				v[k] = e
			}
		}
		if len(v) == 0 {
			return nil
		}
	case []any:
		for i := range v {
			v[i] = full(v[i])
		}
		if len(v) == 0 {
			return nil
		}
	case string:
		if v == "" {
			return nil
		}
	case float64:
		if v == 0 {
			return nil
		}
	case bool:
		if !v {
			return nil
		}
	}
	return v
}

func TestFormats(t *testing.T) {
	for _, c := range []struct {
		format, name, file string
		left               string // columns
		want               []string
	}{
		{"bigcommerce", "customers.csv", "Customer ID,First Name,Last Name,Company,Email,Phone,Notes,Store Credit,Customer Group,Date Joined,Addresses,Receive Review/Abandoned Cart Emails?,Tax Exempt Category\n" +
			`7,Ann,Lee,,ann@example.com,555-0100,,25.00,"Trade, big",04/22/2024,"Address First Name: Ann, Address Last Name: Lee, Address Company: , Address Line 1: Attn: Foo, Bar, Address Line 2: Suite 4, Floor 2, City/Suburb: Austin, State Abbreviation: TX, Zip/Postcode: 78701, Country: United States, Address Phone: 555|Address First Name: Al, Address Last Name: Lee, Address Company: , Address Line 1: 1 Rd, Address Line 2: , City/Suburb: Bonn, State Abbreviation: , Zip/Postcode: 1067, Country: Germany, Address Phone: ",Y,A1` + "\n", "",
			[]string{`{"AcceptsEmails":1,"Addresses":[{"Address1":"Attn: Foo, Bar","Address2":"Suite 4, Floor 2","City":"Austin","CountryCode":"US","FirstName":"Ann","LastName":"Lee","Phone":"555","PostalCode":"78701","State":"Texas"},{"Address1":"1 Rd","City":"Bonn","CountryCode":"DE","FirstName":"Al","LastName":"Lee","PostalCode":"01067"}],"DateCreated":1713744000,"Email":"ann@example.com","FirstName":"Ann","Group":"Trade, big","HasCredit":true,"ID":7,"LastName":"Lee","Phone":"555-0100","StoreCredit":250000,"TaxCategory":"A1"}`}},
		{"bigcommerce-bulk", "bulk.csv", "Email Address,First Name,Last Name,Company,Phone,Notes,Store Credit,Customer Group,Address ID - 1,Address First Name - 1,Address Last Name - 1,Address Company - 1,Address Line 1 - 1,Address Line 2 - 1,Address City - 1,Address State - 1,Address Zip - 1,Address Country - 1,Address Phone - 1,Address Line 1 - 2,Address City - 2,Address Country - 2,Receive Review/Abandoned Cart Emails?\n" +
			"ann@example.com,Ann,Lee,,,,,,12,Ann,Lee,,1 Rd,,Perth,Western Australia,6000,Australia,4.41E+11,2 Rd,Wien,Austria,0\n", "Address ID - 1",
			[]string{`{"AcceptsEmails":2,"Addresses":[{"Address1":"1 Rd","City":"Perth","CountryCode":"AU","FirstName":"Ann","LastName":"Lee","PostalCode":"6000","State":"Western Australia"}],"Email":"ann@example.com","FirstName":"Ann","LastName":"Lee","Problems":[{"code":"phone_lost_digits","column":"Address First Name - 1","line":2,"value":"4.41E+11","warning":true},{"code":"address_without_postal_code","column":"Address Line 1 - 2","line":2,"warning":true}]}`}},
		{"shopify", "customers_export.csv", "First Name,Last Name,Email,Company,Address1,Address2,City,Province,Province Code,Country,Country Code,Zip,Phone,Accepts Marketing,Total Spent,Total Orders,Tags,Note,Tax Exempt\n" +
			"Ann,'t Hooft,ann@example.com,,1 Rd,,Austin,Texas,TX,United States,US,'78701,'+15550100,yes,7.5,1,\"retail, ag-exempt\",n,yes\n", "Total Spent,Total Orders",
			[]string{`{"Addresses":[{"Address1":"1 Rd","City":"Austin","CountryCode":"US","FirstName":"Ann","LastName":"'t Hooft","PostalCode":"78701","State":"Texas"}],"Consent":{"State":1},"Email":"ann@example.com","FirstName":"Ann","LastName":"'t Hooft","Notes":"n","Phone":"+15550100","Problems":[{"code":"consent_without_time","line":2,"warning":true}],"Tags":["retail","ag-exempt"],"TaxExempt":1}`}},
		{"shopify", "customers_export.csv", "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Default Address Address1,Default Address Address2,Default Address City,Default Address Province Code,Default Address Country Code,Default Address Zip,Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Note,Tax Exempt,Tags,Fecha (customer.metafields.facts.birthDate)\n" +
			"'7210448301122,Ann,Lee,ann@example.com,no,Acme,1 Rd,,Austin,TX,US,78701,,,no,0,0,,no,,1990-01-02\n,Geen,Email,,no,,,,,,,,,+31,no,0,0,,maybe,,\n", "Customer ID,Accepts SMS Marketing,Total Spent,Total Orders",
			[]string{`{"Addresses":[{"Address1":"1 Rd","City":"Austin","Company":"Acme","CountryCode":"US","FirstName":"Ann","LastName":"Lee","PostalCode":"78701","State":"Texas"}],"Email":"ann@example.com","FirstName":"Ann","LastName":"Lee","Own":[{"Field":"metafield","Name":"facts.birthDate","Value":"1990-01-02"}],"TaxExempt":2}`,
				`{"FirstName":"Geen","LastName":"Email","Phone":"+31","Problems":[{"code":"neither_yes_nor_no","column":"Tax Exempt","line":3,"value":"maybe"},{"code":"no_email","line":3}]}`}},
		{"woocommerce", "customers.csv", "Name,Username,Last Active,Sign Up,Email,Orders,Total Spend,AOV,Country / Region,City,Region,Postal Code,Billing Phone,Shipping Phone,Role\n" +
			"Ann van Lee,ann,2026-01-02T03:04:05,2025-01-02T03:04:05,ann@example.com,1,2,2,DE,Bonn,,53111,'+49,,customer\nBoss,boss,,,boss@example.com,0,0,0,,,,,,,\"administrator, customer\"\n", "Username,Last Active,Orders,Total Spend,AOV,Shipping Phone",
			[]string{`{"DateCreated":1735787045,"Email":"ann@example.com","FirstName":"Ann","LastName":"van Lee","Phone":"+49","Problems":[{"code":"address_without_street","column":"Country / Region","line":2,"warning":true}]}`,
				`{"Email":"boss@example.com","FirstName":"Boss","Problems":[{"code":"not_a_customer","line":3,"value":"administrator, customer"}]}`}},
		{"wordpress", "users.csv", "user_login,user_email,source_user_id,user_pass,user_registered,display_name,role,first_name,last_name,billing_first_name,billing_last_name,billing_address_1,billing_city,billing_postcode,billing_country,billing_state,shipping_address_1,shipping_city,shipping_postcode,shipping_country\n" +
			"ann,ann@example.com,4,$P$B7iRIgPpnqsnLIvbWEEQ5dAoWyn3tz.,2025-01-02 03:04:05,Ann L,customer,Ann,Lee,Ann,Lee,1 Rd,Austin,78701,US,TX,1 Rd,Bonn,53111,DE\nbob,bob@example.com,5,secret123,0000-00-00 00:00:00,Bob,subscriber,,,,,,,,,,,,,\n", "user_login,source_user_id",
			[]string{`{"Addresses":[{"Address1":"1 Rd","City":"Austin","CountryCode":"US","FirstName":"Ann","LastName":"Lee","PostalCode":"78701","State":"Texas"},{"Address1":"1 Rd","City":"Bonn","CountryCode":"DE","FirstName":"Ann","LastName":"Lee","PostalCode":"53111"}],"DateCreated":1735787045,"Email":"ann@example.com","FirstName":"Ann","Hash":{"Hash":"$P$B7iRIgPpnqsnLIvbWEEQ5dAoWyn3tz."},"LastName":"Lee"}`,
				`{"Email":"bob@example.com","FirstName":"Bob","Problems":[{"code":"date_unreadable","column":"user_registered","line":3,"value":"0000-00-00 00:00:00","warning":true},{"code":"password_hash_unknown","line":3,"warning":true}]}`}},
		{"wordpress", "users.csv", "user_login,user_email,display_name,billing_phone,billing_company,wp_capabilities,user_pass\n" +
			"ann,ann@example.com,ann@example.com,+49 1,Acme,\"a:1:{s:8:\"\"customer\"\";b:1;}\",$wp$2y$04$5Ip2o/t2hyXKEhm8zTFTVe8yH/hNTq7jPE/QtimYmOQff6SonLP72\nboss,boss@example.com,Boss,,,\"a:1:{s:13:\"\"administrator\"\";b:1;}\",\n", "user_login",
			[]string{`{"Company":"Acme","Email":"ann@example.com","Hash":{"Hash":"$wp$2y$04$5Ip2o/t2hyXKEhm8zTFTVe8yH/hNTq7jPE/QtimYmOQff6SonLP72"},"Phone":"+49 1"}`,
				`{"Email":"boss@example.com","FirstName":"Boss","Problems":[{"code":"not_a_customer","line":3,"value":"a:1:{s:13:\"administrator\";b:1;}"}]}`}},
		{"magento-customers-addresses", "c.csv", "email,_website,_store,confirmation,created_at,firstname,group_id,lastname,password_hash,_address_city,_address_country_id,_address_postcode,_address_region,_address_street,_address_telephone,_address_default_billing_\n" +
			"ann@example.com,base,default,,2010-05-23 14:05:21,Ann,1,Lee,3ed1c2ddf56c8ad3a9ad0b5d9b5d3c3b3e0cd9d0ce4d0ff8f8a6a6fbd3a8a0b7:SALT:1,Austin,US,78701,Texas,\"1 Rd\nSuite 2\", 555,1\n,,,,,,,,,Bonn,DE,53111,,2 Str,,\nbob@example.com,base,,,NULL,Bob,1,Lee,,,,,,,,\n", "_website,_store,confirmation,_address_default_billing_",
			[]string{`{"Addresses":[{"Address1":"1 Rd","Address2":"Suite 2","City":"Austin","CountryCode":"US","FirstName":"Ann","LastName":"Lee","Phone":"555","PostalCode":"78701","State":"Texas"},{"Address1":"2 Str","City":"Bonn","CountryCode":"DE","FirstName":"Ann","LastName":"Lee","PostalCode":"53111"}],"DateCreated":1274623521,"Email":"ann@example.com","FirstName":"Ann","Group":"1","Hash":{"Hash":"3ed1c2ddf56c8ad3a9ad0b5d9b5d3c3b3e0cd9d0ce4d0ff8f8a6a6fbd3a8a0b7:SALT:1"},"LastName":"Lee"}`,
				`{"Email":"bob@example.com","FirstName":"Bob","Group":"1","LastName":"Lee"}`}},
		{"magento", "customers.csv", "email,_website,_store,created_at,firstname,group_id,lastname,password_hash,password\nann@example.com,base,default,2010-05-23 14:05:21,Ann,1,Lee,$2a$04$X/ZpVKgRWIIgwxOfNz4WceHA7lJ5tdLh.9.3ue5jWgMnB6mLh3oP.:0,\n", "_website,_store,password",
			[]string{`{"DateCreated":1274623521,"Email":"ann@example.com","FirstName":"Ann","Group":"1","Hash":{"Hash":"$2a$04$X/ZpVKgRWIIgwxOfNz4WceHA7lJ5tdLh.9.3ue5jWgMnB6mLh3oP.:0"},"LastName":"Lee"}`}},
		{"magento-addresses", "a.csv", "_website,_email,_entity_id,city,country_id,firstname,lastname,postcode,region,street,telephone,_address_default_billing_\nbase,ann@example.com,,London,GB,Ann,Lee,SW1A 1AA,,\"1 Rd\nFlat 2\", +4434,1\n", "_website,_entity_id,_address_default_billing_",
			[]string{`{"Addresses":[{"Address1":"1 Rd","Address2":"Flat 2","City":"London","CountryCode":"GB","FirstName":"Ann","LastName":"Lee","Phone":"+4434","PostalCode":"SW1A 1AA"}],"Email":"ann@example.com","FirstName":"Ann","LastName":"Lee"}`}},
		{"mailchimp", "subscribed_email_audience_export_1.csv", "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LATITUDE,CC,LAST_CHANGED,LEID,EUID,NOTES,TAGS\nann@example.com,Ann,Lee,2,2024-03-14 09:12:00,192.0.2.1,2024-03-14 09:12:31,192.0.2.2,1.5,DE,2024-03-14 09:12:31,1,a,,\"\"\"VIP\"\",\"\"Blog\"\"\"\n", "MEMBER_RATING,LATITUDE,CC,LAST_CHANGED,LEID,EUID,NOTES,TAGS",
			[]string{`{"Consent":{"At":1710407520,"IP":"192.0.2.1","State":1},"Email":"ann@example.com","FirstName":"Ann","LastName":"Lee"}`}},
		{"mailchimp", "unsubscribed_email_audience_export_1.csv", "Email Address,MEMBER_RATING,OPTIN_TIME,UNSUB_TIME,UNSUB_REASON,LEID,EUID\nann@example.com,2,,2024-03-14 09:12:31,normal,1,a\n", "MEMBER_RATING,UNSUB_REASON,LEID,EUID",
			[]string{`{"Consent":{"State":2},"Email":"ann@example.com"}`}},
		// Another name tells nothing, and a column more than the name.
		{"mailchimp", "audience.csv", "Email Address,MEMBER_RATING,OPTIN_TIME,LEID,EUID\nann@example.com,2,,1,a\n", "MEMBER_RATING,LEID,EUID", []string{`{"Email":"ann@example.com"}`}},
		{"mailchimp", "all_subscribed.csv", "Email Address,Status,MEMBER_RATING,OPTIN_TIME,LEID,EUID\na@x.com,Subscribed,2,2024-03-14 09:12:00,1,a\nb@x.com,unsubscribed,2,,1,a\nc@x.com,Non-Subscribed,2,,1,a\nd@x.com,cleaned,2,,1,a\ne@x.com,archived,2,,1,a\n", "MEMBER_RATING,LEID,EUID",
			[]string{`{"Consent":{"At":1710407520,"State":1},"Email":"a@x.com"}`, `{"Consent":{"State":2},"Email":"b@x.com"}`, `{"Email":"c@x.com"}`, `{"Consent":{"Reason":"cleaned","State":3},"Email":"d@x.com"}`, `{"Email":"e@x.com"}`}},
		{"klaviyo", "list.csv", "Email,Klaviyo ID,First Name,Email Marketing Consent,Email Marketing Consent Timestamp,Email Suppressions,City\na@x.com,1,Ann,SUBSCRIBED,2025-05-01T10:00:00.123+00:00,HARD_BOUNCE,Bonn\nb@x.com,2,,NEVER_SUBSCRIBED,,,\nc@x.com,3,,UNSUBSCRIBED,,[],\nd@x.com,4,,subscribe,2999-05-01T10:00:00Z,,\n", "Klaviyo ID,City",
			[]string{`{"Consent":{"At":1746093600,"Reason":"HARD_BOUNCE","State":3},"Email":"a@x.com","FirstName":"Ann"}`, `{"Email":"b@x.com"}`, `{"Consent":{"State":2},"Email":"c@x.com"}`,
				`{"Consent":{"State":1},"Email":"d@x.com","Problems":[{"code":"date_unreadable","column":"Email Marketing Consent Timestamp","line":5,"value":"2999-05-01T10:00:00Z","warning":true},{"code":"consent_without_time","line":5,"warning":true}]}`}},
		{"brevo", "contacts.csv", "EMAIL;LASTNAME;FIRSTNAME;SMS;EMAIL_BLACKLISTED;SMS_BLACKLISTED;ADDED_TIME;MODIFIED_TIME\nann@example.com;Lee;Ann;336;Yes;No;12-04-2022 09:30;\nbob@example.com;;;;No;No;;\n", "SMS,SMS_BLACKLISTED,ADDED_TIME,MODIFIED_TIME",
			[]string{`{"Consent":{"State":3},"Email":"ann@example.com","FirstName":"Ann","LastName":"Lee"}`, `{"Email":"bob@example.com"}`}},
		{"constant-contact", "contacts.csv", "Email address,First name,Last name,Email status,Email permission status,Confirmed Opt-Out Date,Created At,City - Home\na@x.com,Ann,Lee,Active,Express,,2024-01-02,Bonn\nb@x.com,,,Unsubscribed,,,,\nc@x.com,,,Active,,2024-01-02,,\n", "Email permission status,Created At,City - Home",
			[]string{`{"Consent":{"State":1},"Email":"a@x.com","FirstName":"Ann","LastName":"Lee","Problems":[{"code":"consent_without_time","line":2,"warning":true}]}`, `{"Consent":{"State":2},"Email":"b@x.com"}`, `{"Consent":{"State":2},"Email":"c@x.com"}`}},
		{"constant-contact", "contacts.csv", "Email address,Email permission status\na@x.com,Express\nb@x.com,Unsubscribed\nc@x.com,Pending confirmation\n", "",
			[]string{`{"Consent":{"State":1},"Email":"a@x.com","Problems":[{"code":"consent_without_time","line":2,"warning":true}]}`, `{"Consent":{"State":2},"Email":"b@x.com"}`,
				`{"Email":"c@x.com","Problems":[{"code":"neither_yes_nor_no","column":"Email permission status","line":4,"value":"Pending confirmation","warning":true}]}`}},
		{"bigcommerce-subscribers", "subscribers.csv", "ID,Email,First Name,Last Name,Source,Channel Name,Order ID,Consents\n1,a@x.com,A,B,storefront,Shop,,marketing_newsletter\n2,b@x.com,,,,,,\n3,c@x.com,,,,,,abandoned_cart\n", "ID,Channel Name,Order ID",
			[]string{`{"Consent":{"Source":"storefront","State":1},"Email":"a@x.com","FirstName":"A","LastName":"B","Problems":[{"code":"consent_without_time","line":2,"warning":true}]}`, `{"Consent":{"State":2},"Email":"b@x.com"}`, `{"Email":"c@x.com"}`}},
		// Names of places, as our own exports have them.
		{"csv", "all.csv", "id,email,address.2.city,address.2.address1,address.2.country_code,address.2.postal_code,address.2.id,attribute:New one,form_field:None,consents,registration_ip_address\n1,a@x.com,Bonn,1 Rd,DE,53111,7,40,x,marketing_newsletter,192.0.2.1\n", "address.2.id,form_field:None",
			[]string{`{"Consent":{"State":1},"Email":"a@x.com","ID":1,"Own":[{"Field":"attribute","Name":"New one","Value":"40"}],"Problems":[{"code":"address_without_name","column":"address.2.city","line":2,"warning":true},{"code":"consent_without_time","line":2,"warning":true}],"RegistrationIP":"192.0.2.1"}`}},
		{"csv", "kunden.csv", "E-Mail;Vorname;Nachname;Straße;PLZ;Ort;Land;Guthaben;Angelegt;Shoe size;Lieblingsfarbe\n\"Lee, Ann <ann@example.com>\";Ann;Lee;Weg 1;1067;Dresden;Deutschland;1.250,50 €;31.12.2024;40;rot\nbob@example.com;;;Weg 2;1;X;Atlantis;12x3;1/2/2024;;\n", "Lieblingsfarbe",
			[]string{`{"Addresses":[{"Address1":"Weg 1","City":"Dresden","CountryCode":"DE","FirstName":"Ann","LastName":"Lee","PostalCode":"01067"}],"DateCreated":1735603200,"Email":"ann@example.com","FirstName":"Ann","HasCredit":true,"LastName":"Lee","Own":[{"Field":"attribute","Name":"shoe size","Value":"40"}],"StoreCredit":12505000}`,
				`{"Email":"bob@example.com","Problems":[{"code":"amount_unreadable","column":"Guthaben","line":3,"value":"12x3"},{"code":"date_undecidable","column":"Angelegt","line":3,"value":"1/2/2024","warning":true},{"code":"country_unknown","column":"Straße","line":3,"value":"Atlantis"}]}`}},
	} {
		f, cols, recs := read(t, c.name, c.file, Own{Attributes: []string{"shoe size"}})
		if f.Name != c.format {
			t.Errorf("%s is taken for %s", c.format, f.Name)
			continue
		}
		if left := strings.Join(LeftBehind(cols), ","); left != c.left {
			t.Errorf("%s leaves %s\nwant %s", c.format, left, c.left)
		}
		if len(recs) != len(c.want) {
			t.Errorf("%s: %d records", c.format, len(recs))
			continue
		}
		for i, rec := range recs {
			if got := told(t, rec); got != c.want[i] {
				t.Errorf("%s, %d:\n got %s\nwant %s", c.format, i, got, c.want[i])
			}
		}
	}
}
