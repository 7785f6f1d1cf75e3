package transfer

import (
	"strings"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/transfer/source"
)

// Who has left, and whose address is barred, is subscribed again by no format, whatever
// its rows are about and whatever becomes of customers that are there, also under another
// spelling of the address.
func TestNobodyWhoLeftIsSubscribedAgain(t *testing.T) {
	w := newImporting(t, dbtest.Open(t, sqldb.SQLite))
	const mailchimp = "Email Address,MEMBER_RATING,OPTIN_TIME,LEID,EUID\n"
	w.bring(w.a, "unsubscribed_members.csv", mailchimp+"left@example.com,2,,1,a\n", Options{})
	w.bring(w.a, "cleaned_members.csv", mailchimp+"bad@example.com,2,,1,a\n", Options{})
	want := w.rows(w.a, `SELECT email || '=' || consents FROM subscribers WHERE store_id = $1 ORDER BY id`)
	if want != "left@example.com=; bad@example.com=" {
		t.Fatal(want)
	}
	for _, c := range []struct{ name, format, head, row string }{
		{"a.csv", "shopify", "First Name,Last Name,Email,Accepts Marketing,Total Spent,Total Orders,Tags,Note,Tax Exempt", "Ann,Lee,%,yes,1,1,,,no"},
		{"a.csv", "shopify", "First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Tax Exempt,Tags", "Ann,Lee,%,yes,,no,"},
		{"subscribed.csv", "mailchimp", strings.TrimSpace(mailchimp), "%,2,2024-01-01 00:00:00,1,a"},
		{"a.csv", "klaviyo", "Email,Klaviyo ID,Email Marketing Consent,Email Marketing Consent Timestamp", "%,1,SUBSCRIBED,2025-05-01T10:00:00+00:00"},
		{"a.csv", "brevo", "EMAIL;EMAIL_BLACKLISTED;SMS_BLACKLISTED;DOUBLE_OPT-IN", "%;No;No;1"},
		{"a.csv", "constant-contact", "Email address,First name,Email status,Email permission status", "%,Ann,Active,Express"},
		{"a.csv", "bigcommerce-subscribers", "ID,First Name,Last Name,Email,Source,Channel Name,Order ID,Consents", "1,A,B,%,x,y,,Marketing_Newsletter"},
		{"a.csv", "bigcommerce", "Customer ID,First Name,Last Name,Email,Customer Group,Date Joined,Store Credit,Receive Marketing Emails?", "1,A,B,%,,,,Yes"},
		{"a.csv", "csv", "email,first name,last name,newsletter,consent time", "%,A,B,yes,2024-01-01"},
	} {
		file := c.head + "\n"
		for _, address := range []string{"left@example.com", "LEFT@Example.com", "bad@example.com", "Bad <bad@example.com>"} {
			file += strings.Replace(c.row, "%", address, 1) + "\n"
		}
		kinds := []source.Kind{""}
		if c.format == "csv" {
			kinds = append(kinds, source.Customers, source.Subscribers)
		}
		for _, kind := range kinds {
			for _, existing := range customer.Existings {
				imp := w.bring(w.a, c.name, file, Options{Kind: kind, OnExisting: existing})
				if imp.Plan.Format != c.format || imp.Counts.Subscribed != 0 || imp.Counts.Kept == 0 && existing != customer.FailExisting {
					t.Errorf("%s as %s, %s: %s %+v", c.format, kind, existing, imp.Plan.Format, imp.Counts)
				}
				if got := w.rows(w.a, `SELECT email || '=' || consents FROM subscribers WHERE store_id = $1 ORDER BY id`); got != want {
					t.Fatalf("%s as %s, %s: %s", c.format, kind, existing, got)
				}
			}
		}
	}
}
