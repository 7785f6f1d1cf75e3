package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/history/historytest"
	"clientele/internal/password/passwordtest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/storekey"
	"clientele/internal/system"
	"clientele/internal/transfer/source"
	"clientele/internal/transfer/table"
	"clientele/internal/transfer/value"
)

type importing struct {
	*testing.T
	db   *sqldb.DB
	svc  *Service
	a, b int64
}

func newImporting(t *testing.T, db *sqldb.DB) *importing {
	t.Helper()
	sys := system.Real()
	w := &importing{T: t, db: db}
	stores := store.NewService(db, sys)
	for i, id := range []*int64{&w.a, &w.b} {
		st, err := stores.Create(t.Context(), fmt.Sprint("store", i), "", "")
		if err != nil {
			t.Fatal(err)
		}
		*id = st.ID
		historytest.Forget(t, db, st.ID)
	}
	w.svc = NewService(db, sys, customer.NewService(db, sys, passwordtest.New(sys)), storekey.NewService(db, sys))
	return w
}

// bring inspects a file and imports it into a store.
func (w *importing) bring(storeID int64, name, file string, o Options) *Import {
	w.Helper()
	f := strings.NewReader(file)
	in, err := w.svc.Inspect(w.Context(), storeID, f, name, o)
	if err != nil {
		w.Fatal(err)
	}
	tried, err := w.svc.Try(w.Context(), storeID, in, f, nil)
	if err != nil {
		w.Fatal(err)
	}
	imp := w.take(storeID, in, f)
	if tried.Counts != imp.Counts {
		w.Errorf("tried %+v\ndone  %+v", tried.Counts, imp.Counts)
	}
	stored, err := w.svc.Get(w.Context(), storeID, imp.ID)
	if err != nil || stored.Counts != imp.Counts || stored.State != imp.State || stored.Position != imp.Position {
		w.Errorf("stored %+v, %v", stored, err)
	}
	return imp
}

// take imports a file that was inspected.
func (w *importing) take(storeID int64, in *Inspection, f io.ReadSeeker) *Import {
	w.Helper()
	imp, err := w.svc.Begin(w.Context(), storeID, in.Plan, in.File)
	if err != nil {
		w.Fatal(err)
	}
	if err := w.svc.Run(w.Context(), storeID, imp, f, nil); err != nil {
		w.Fatal(err)
	}
	return imp
}

func (w *importing) problems(storeID, id int64) string {
	w.Helper()
	var out []string
	if err := w.svc.Problems(w.Context(), storeID, id, func(p Problem) error {
		s := fmt.Sprintf("%d %s %s", p.Line, p.Column, p.Code)
		if p.Warning {
			s += "?"
		}
		out = append(out, s)
		return nil
	}); err != nil {
		w.Fatal(err)
	}
	return strings.Join(out, "; ")
}

// rows tells what a store holds, as text.
func (w *importing) rows(storeID int64, sql string) string {
	w.Helper()
	var out []string
	if err := w.db.Read(w.Context(), storeID, func(tx *sqldb.Tx) error {
		out = nil
		return tx.Query(sqldb.Dynamic(sql), func(r *sqldb.Row) error { out = append(out, r.Text(0)); return nil })
	}); err != nil {
		w.Fatal(err)
	}
	return strings.Join(out, "; ")
}

const everybody = `SELECT c.email || ' ' || c.first_name || ' ' || c.last_name || ' ' || COALESCE(g.name, '-') || ' ' || c.tax_exempt_category || ' ' || (SELECT CAST(COUNT(*) AS TEXT) FROM addresses a WHERE a.store_id = c.store_id AND a.customer_id = c.id)
	|| ' ' || COALESCE((SELECT MAX(v.value) FROM attribute_values v WHERE v.store_id = c.store_id AND v.customer_id = c.id), '')
	FROM customers c LEFT JOIN customer_groups g ON g.store_id = c.store_id AND g.id = c.customer_group_id WHERE c.store_id = $1 ORDER BY c.id`

const shopify = "First Name,Last Name,Email,Company,Address1,Address2,City,Province,Province Code,Country,Country Code,Zip,Phone,Accepts Marketing,Total Spent,Total Orders,Tags,Note,Tax Exempt\n"

func TestShopify(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newImporting(t, db)
		file := shopify +
			"Ann,Lee,ann@example.com,,1 Rd,,Austin,Texas,TX,United States,US,78701,,yes,7.5,1,\"retail, farm\",n,yes\n" +
			"Bob,Lee,bob@example.com,,,,,,,,,,,no,0,0,,,no\n" +
			",Nobody,,,,,,,,,,,+31,no,0,0,,,no\n" +
			"Ann,Else,ANN@example.com,,2 Rd,,Austin,Texas,TX,United States,US,78701,,no,0,0,,,no\n" +
			"Dan,Lee,dan@example.com,,1 Rd,,X,,,Atlantis,,1,,no,0,0,,,no\n"
		imp := w.bring(w.a, "customers.csv", file, Options{})
		if got, want := imp.Counts, (Counts{Rows: 5, Created: 2, Skipped: 1, Rejected: 2, Warnings: 1, Subscribed: 1}); got != want || imp.State != Done {
			t.Errorf("%s %+v", imp.State, got)
		}
		if got := w.problems(w.a, imp.ID); got != "2  consent_without_time?; 4  no_email; 6 Address1 country_unknown" {
			t.Error(got)
		}
		if got := w.rows(w.a, everybody); got != "ann@example.com Ann Lee - exempt 1 retail, farm; bob@example.com Bob Lee -  0 " {
			t.Error(got)
		}
		if got := w.rows(w.a, `SELECT email || ' ' || consents FROM subscribers WHERE store_id = $1`); got != "ann@example.com marketing_newsletter" {
			t.Error(got)
		}
		// One entry of the history for all of it, and one for the attribute.
		if got := historytest.Lines(t, db, w.a, 0); strings.Count(strings.Join(got, "\n"), "\n") > 1 {
			t.Errorf("%q", got)
		}
		again := w.bring(w.a, "customers.csv", file, Options{OnExisting: customer.FillExisting})
		if got, want := again.Counts, (Counts{Rows: 5, Changed: 1, Unchanged: 2, Rejected: 2, Warnings: 1, Subscribed: 1}); got != want {
			t.Errorf("again: %+v", got)
		}
		if got := w.rows(w.b, everybody); got != "" {
			t.Errorf("the other store has %s", got)
		}
	})
}

// What was not taken stands in a file with the reasons, which can be mended and
// imported.
func TestReport(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newImporting(t, db)
		head := "email,_website,_store,firstname,lastname,password_hash,_address_city,_address_country_id,_address_postcode,_address_street\n"
		file := head + "ann@example.com,base,,Ann,Lee,nonsense,Bonn,DE,53111,\"1 Rd\nB\"\nbad,base,,\"Bad, Bad\",Lee,,Bonn,Atlantis,1,1 Rd\n,,,,,,Ulm,DE,89073,2 Rd\ncy@example.com,base,,\"open,Lee\ndan@example.com,base,,Dan,Lee,,,,,\n"
		imp := w.bring(w.a, "c.csv", file, Options{})
		tell := func(warnings bool) string {
			var b strings.Builder
			if _, err := w.svc.Report(t.Context(), w.a, imp, strings.NewReader(file), warnings, &b); err != nil {
				t.Fatal(err)
			}
			return b.String()
		}
		first := "_line,_field,_code,_message," + head
		wrong := tell(false)
		if want := first + "4,_address_city,country_unknown,no country has this name or code,bad,base,,\"Bad, Bad\",Lee,,Bonn,Atlantis,1,1 Rd\n,,,,,,,,,,Ulm,DE,89073,2 Rd\n" +
			"6,,unclosed_quote,a quote begins here that is not closed,cy@example.com,base,,\"open,Lee\n"; wrong != want {
			t.Errorf("%s\nwant %s", wrong, want)
		}
		if want := first + "2,,password_hash_unknown,the password hash has no known form; the customer has no password,ann@example.com,base,,Ann,Lee,nonsense,Bonn,DE,53111,\"1 Rd\nB\"\n"; tell(true) != want {
			t.Errorf("%s\nwant %s", tell(true), want)
		}
		mended := strings.NewReplacer("bad,", "bad@example.com,", "Atlantis", "AT", "\"open", "Cy").Replace(wrong)
		again := w.bring(w.a, "c.errors.csv", mended, Options{})
		if again.Counts.Created != 2 || again.Counts.Rejected != 0 {
			t.Errorf("%+v %s", again.Counts, w.problems(w.a, again.ID))
		}
	})
}

// Dates of a column with both orders read as they can, and in the order that is asked for
// where they read in both. What was not taken of a file with a separator of its own is
// read as that file is.
func TestDatesOfBothOrders(t *testing.T) {
	w := newImporting(t, dbtest.Open(t, sqldb.SQLite))
	file := "sep=^\nEmail^Date Joined^Country^Address1^City\nann@example.com^31/12/2024^^^\nbob@example.com^12/31/2024^^^\ncy@example.com^02/01/2025^^^\ndan@example.com^^Atlantis^1 Rd^Ulm\n"
	imp := w.bring(w.a, "c.csv", file, Options{})
	if got := w.problems(w.a, imp.ID); got != "5 Date Joined date_undecidable?; 6 Country country_unknown" {
		t.Error(got)
	}
	var b strings.Builder
	if _, err := w.svc.Report(t.Context(), w.a, imp, strings.NewReader(file), false, &b); err != nil {
		t.Fatal(err)
	}
	if again := w.bring(w.a, "c.errors.csv", strings.ReplaceAll(b.String(), "Atlantis", "FR"), Options{}); again.Counts.Rows != 1 {
		t.Errorf("%q: %+v", b.String(), again.Counts)
	}
	for order, want := range map[value.Order]string{value.DayFirst: "1735776000", value.MonthFirst: "1738368000"} {
		imp := w.bring(w.b, "c.csv", strings.ReplaceAll(file, "@", "@"+string(order)+"."), Options{DateOrder: order})
		if imp.Counts.Warnings != 0 {
			t.Errorf("%s: %s", order, w.problems(w.b, imp.ID))
		}
		if got := w.rows(w.b, `SELECT CAST(date_created AS TEXT) FROM customers WHERE store_id = $1 AND email LIKE '%@`+string(order)+`.%' ORDER BY id`); got != "1735603200; 1735603200; "+want {
			t.Errorf("%s: %s", order, got)
		}
	}
}

// Whoever has left stays away, whatever a later file says.
func TestConsentOfFiles(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newImporting(t, db)
		head := "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LEID,EUID\n"
		w.bring(w.a, "unsubscribed_1.csv", head+"ann@example.com,,,2,,,,,1,a\n", Options{})
		imp := w.bring(w.a, "subscribed_1.csv", head+"ann@example.com,,,2,,,,,1,a\nbob@example.com,Bob,,2,2024-03-14 09:12:00,192.0.2.1,,,1,b\n", Options{})
		if got, want := imp.Counts, (Counts{Rows: 2, Created: 1, Skipped: 1, Warnings: 1, Subscribed: 1, Kept: 1}); got != want {
			t.Errorf("%+v", got)
		}
		if got := w.rows(w.a, `SELECT email || ' ' || consents FROM subscribers WHERE store_id = $1 ORDER BY id`); got != "ann@example.com ; bob@example.com marketing_newsletter" {
			t.Error(got)
		}
	})
}

func TestGroupsAndStopping(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newImporting(t, db)
		w.svc.batch = 3
		var b strings.Builder
		b.WriteString("Email,Name,Customer Group,Store Credit\n")
		for i := range 7 {
			fmt.Fprintf(&b, "c%d@example.com,C%d Lee,Group %d,%d.50\n", i, i, i%2, i)
		}
		b.WriteString("c7@example.com,C7 Lee,Group 1,-5\nc8@example.com,C8 Lee,Group 2,1\nc9@example.com,C9 Lee,,x\n")
		f := strings.NewReader(b.String())
		in, err := w.svc.Inspect(t.Context(), w.a, f, "c.csv", Options{StopOnError: true})
		if err != nil {
			t.Fatal(err)
		}
		imp := w.take(w.a, in, f)
		if imp.State != Stopped || imp.Counts != (Counts{Rows: 8, Created: 7, Rejected: 1}) {
			t.Errorf("%s %+v", imp.State, imp.Counts)
		}
		if got := w.problems(w.a, imp.ID); got != "9 store_credit out_of_range" {
			t.Error(got)
		}
		if got := w.rows(w.a, `SELECT name FROM customer_groups WHERE store_id = $1 ORDER BY id`); got != "Group 0; Group 1; Group 2" {
			t.Error(got)
		}
		// What goes on after its end is told of itself.
		for imp, err = w.svc.Unfinished(t.Context(), w.a, in.File.Hash); imp != nil && err == nil; imp, err = w.svc.Unfinished(t.Context(), w.a, in.File.Hash) {
			if err := w.svc.Run(t.Context(), w.a, imp, f, nil); err != nil {
				t.Fatal(err)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(historytest.Lines(t, db, w.a, 0), "; "); !strings.HasSuffix(got, `imported customer 0: count ->7, report ->"imports/1"; imported customer 0: count ->1, report ->"imports/1"`) {
			t.Error(got)
		}
	})
}

// An import that is cut off between any two batches goes on where it was, and one
// that runs in two places is done once.
func TestCutOff(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newImporting(t, db)
		w.svc.batch, w.svc.bites = 2, 2
		var b strings.Builder
		b.WriteString("email,_website,_store,firstname,lastname,group_id,_address_city,_address_country_id,_address_postcode,_address_street\n")
		for i := range 40 {
			fmt.Fprintf(&b, "c%d@example.com,base,,\"C\n%d\",Lee,%d,Bonn,DE,53111,%d Rd\n,,,,,,Bonn,DE,53111,B%d\n", i, i, i%3, i, i)
			if i%7 == 0 {
				b.WriteString("bad,base,,X,Y,1,,,,\n")
			}
		}
		whole := w.bring(w.b, "c.csv", b.String(), Options{})
		f := strings.NewReader(b.String())
		in, err := w.svc.Inspect(t.Context(), w.a, f, "c.csv", Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.svc.Begin(t.Context(), w.a, in.Plan, in.File); err != nil {
			t.Fatal(err)
		}
		ends := 0
		for ; ; ends++ {
			imp, err := w.svc.Unfinished(t.Context(), w.a, in.File.Hash)
			if err != nil {
				t.Fatal(err)
			}
			if imp == nil {
				break
			}
			stale := *imp
			ctx, cut := context.WithCancel(t.Context())
			if err := w.svc.Run(ctx, w.a, imp, strings.NewReader(b.String()), func(*Import) { cut() }); err != nil && !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			cut()
			if err := w.svc.Run(t.Context(), w.a, &stale, strings.NewReader(b.String()), nil); !errors.Is(err, ErrElsewhere) {
				t.Fatalf("from where another has gone on: %v", err)
			}
		}
		if ends < 10 {
			t.Errorf("cut off %d times", ends)
		}
		got, err := w.svc.Get(t.Context(), w.a, 1)
		if err != nil || got.Counts != whole.Counts || w.problems(w.a, 1) != w.problems(w.b, whole.ID) {
			t.Errorf("%+v, whole %+v, %v", got, whole.Counts, err)
		}
		if a, b := w.rows(w.a, everybody), w.rows(w.b, everybody); a != b || strings.Count(a, ";") != 39 {
			t.Errorf("%s\nwhole %s", a, b)
		}
	})
}

// A mapping makes attributes, and is refused for what neither the file nor the store
// has.
func TestMapping(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newImporting(t, db)
		file := "Mail,Shoe,Customer Group\nann@example.com,40," + strings.Repeat("g", 300) + "\nbob@example.com,,\n"
		f := strings.NewReader(file)
		to := func(column, target string) Options {
			parsed, err := source.ParseTarget(target)
			if err != nil {
				t.Fatal(err)
			}
			return Options{Map: map[string]source.Target{column: parsed}}
		}
		for _, o := range []Options{to("Shoes", "attribute:Size"), to("Shoe", "form_field:Size")} {
			if _, err := w.svc.Inspect(t.Context(), w.a, f, "x.csv", o); fault.As(err) == nil || fault.As(err).Kind != fault.Invalid {
				t.Errorf("%+v: %v", o, err)
			}
			f.Reset(file)
		}
		in, err := w.svc.Inspect(t.Context(), w.a, f, "x.csv", to("SHOE", "attribute:Size"))
		if err != nil {
			t.Fatal(err)
		}
		imp := w.take(w.a, in, f)
		if got := w.rows(w.a, everybody); got != "ann@example.com   -  0 40; bob@example.com   -  0 " {
			t.Error(got)
		}
		if got := w.problems(w.a, imp.ID); got != "2  group_not_made?" {
			t.Error(got)
		}
	})
}

func TestNotUnderstood(t *testing.T) {
	w := newImporting(t, dbtest.Open(t, sqldb.SQLite))
	for _, file := range []string{"", "\x00\x01PK", "a,b\n1,2\n", "\"Email\nann@example.com\n"} {
		if _, err := w.svc.Inspect(t.Context(), w.a, strings.NewReader(file), "x", Options{}); !NotUnderstood(err) {
			t.Errorf("%q: %v", file, err)
		}
	}
	// A spreadsheet is told at once what to do.
	sheet := "PK\x03\x04" + strings.Repeat("\x00", 22) + "\x13\x00\x00\x00[Content_Types].xml" + strings.Repeat("\x00", 999)
	if _, err := w.svc.Inspect(t.Context(), w.a, strings.NewReader(sheet), "x.xlsx", Options{}); !NotUnderstood(err) || !errors.Is(err, table.ErrSpreadsheet) {
		t.Error(err)
	}
	if _, err := w.svc.Receive(t.Context(), w.a, strings.NewReader(sheet)); !errors.Is(err, ErrSpreadsheet) {
		t.Error(err)
	}
}

// By their ids rows find customers whose emails they change, and nobody's ids are
// rejected.
func TestByID(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newImporting(t, db)
		w.bring(w.a, "x.csv", "Email,Name\nann@example.com,Ann Lee\nbob@example.com,Bob Lee\ncy@example.com,Cy Lee\n", Options{})
		file := "ID,Email,Company\n2,robert@example.com,B\n1,cy@example.com,A\n9,nobody@example.com,N\nx,dan@example.com,D\n,cy@example.com,C\n,eve@example.com,E\n2,bobby@example.com,\n"
		imp := w.bring(w.a, "y.csv", file, Options{ByID: true, OnExisting: customer.OverwriteExisting})
		if got, want := imp.Counts, (Counts{Rows: 7, Created: 1, Changed: 3, Rejected: 3}); got != want {
			t.Errorf("%+v", got)
		}
		if got := w.problems(w.a, imp.ID); got != "3 Email email_in_use; 4 ID no_such_customer; 5 ID id_unreadable" {
			t.Error(got)
		}
		var told strings.Builder
		if n, err := w.svc.Report(t.Context(), w.a, imp, strings.NewReader(file), false, &told); err != nil || n != 3 || strings.Count(told.String(), "\n") != 4 {
			t.Errorf("%d, %v: %s", n, err, told.String())
		}
		if got := w.rows(w.a, `SELECT email || ' ' || company FROM customers WHERE store_id = $1 ORDER BY id`); got != "ann@example.com ; bobby@example.com B; cy@example.com C; eve@example.com E" {
			t.Error(got)
		}
		f := strings.NewReader("Email\na@example.com\n")
		if _, err := w.svc.Inspect(t.Context(), w.a, f, "z.csv", Options{ByID: true}); fault.As(err) == nil {
			t.Errorf("without ids: %v", err)
		}
	})
}

// What was not taken of a file of JSON is told in JSON, and can be imported.
func TestReportOfObjects(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newImporting(t, db)
		w.svc.batch = 2
		file := `{"realm":"r","users":[{"username":"a","enabled":true,"email":"a@example.com","firstName":"Ann","lastName":"Lee"},{"username":"b","enabled":true,"email":"b"}, {"username":"c","enabled":true,
 "email":""},{"username":"d","enabled":true,"email":"d@example.com","lastName":"D"}]}`
		imp := w.bring(w.a, "realm.json", file, Options{})
		if got, want := imp.Counts, (Counts{Rows: 4, Created: 2, Rejected: 2}); got != want || imp.Plan.Format != "keycloak" || imp.ReportName(false) != "realm.errors.ndjson" {
			t.Errorf("%s %+v", imp.Plan.Format, got)
		}
		var b strings.Builder
		if _, err := w.svc.Report(t.Context(), w.a, imp, strings.NewReader(file), false, &b); err != nil {
			t.Fatal(err)
		}
		if want := `{"_line":2,"_field":"email","_code":"bad_format","_message":"the value has not the form that is wanted","username":"b","enabled":true,"email":"b"}` + "\n" +
			`{"_line":3,"_field":"","_code":"no_email","_message":"there is no email address","username":"c","enabled":true,"email":""}` + "\n"; b.String() != want {
			t.Errorf("%s", b.String())
		}
		again := w.bring(w.a, "realm.errors.ndjson", strings.ReplaceAll(strings.ReplaceAll(b.String(), `:"b"}`, `:"b@example.com"}`), `:""}`, `:"c@example.com"}`), Options{})
		if again.Counts.Created != 2 || again.Plan.Format != "keycloak" {
			t.Errorf("%s %+v", again.Plan.Format, again.Counts)
		}
	})
}

// Metafields become those of an app, and segments are made; one that keeps itself is
// left alone.
func TestMetafieldsAndSegments(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newImporting(t, db)
		m, err := source.MapOf(map[string]string{"Born": "metafield:facts.birth_date", "Vip": "segments"})
		if err != nil {
			t.Fatal(err)
		}
		file := "Email,Name,Born,Vip\nann@example.com,Ann Lee,1990-01-02,\"Gold, Early\"\nbob@example.com,Bob Lee,,Gold\n"
		f := strings.NewReader(file)
		if _, err := w.svc.Inspect(t.Context(), w.a, f, "x.csv", Options{Map: m}); fault.As(err) == nil {
			t.Errorf("of no app: %v", err)
		}
		imp := w.bring(w.a, "x.csv", file, Options{Map: m, App: "crm"})
		if imp.Counts.Created != 2 || imp.Problems != 0 {
			t.Errorf("%+v %s", imp.Counts, w.problems(w.a, imp.ID))
		}
		const fields = `SELECT CAST(customer_id AS TEXT) || ' ' || client_id || ' ' || namespace || '.' || key || ' ' || value FROM metafields WHERE store_id = $1 ORDER BY id`
		const members = `SELECT s.name || ' ' || CAST(p.customer_id AS TEXT) FROM segment_members m JOIN segments s ON s.store_id = m.store_id AND s.id = m.segment_id JOIN shopper_profiles p ON p.store_id = m.store_id AND p.id = m.profile_id WHERE m.store_id = $1 ORDER BY 1`
		if got := w.rows(w.a, fields) + "|" + w.rows(w.a, members); got != "1 crm facts.birth_date 1990-01-02|Early 1; Gold 1; Gold 2" {
			t.Error(got)
		}
		// That was a while ago: dates tell who was changed since.
		if err := w.db.Write(t.Context(), w.a, func(tx *sqldb.Tx) error {
			if err := tx.Exec(sqldb.Dynamic(`UPDATE customers SET date_modified = date_modified - 5 WHERE store_id = $1`)); err != nil {
				return err
			}
			return tx.Exec(sqldb.Dynamic(`UPDATE imports SET date_created = date_created - 5, date_ended = date_ended - 5 WHERE store_id = $1`))
		}); err != nil {
			t.Fatal(err)
		}
		// Filled in they stay, overwritten they change, and the same changes nothing.
		other := strings.ReplaceAll(file, "1990", "1991")
		for _, c := range []struct {
			existing           customer.Existing
			changed, unchanged int64
			year               string
		}{{customer.FillExisting, 0, 2, "1990"}, {customer.OverwriteExisting, 1, 1, "1991"}, {customer.OverwriteExisting, 0, 2, "1991"}} {
			imp := w.bring(w.a, "x.csv", other, Options{Map: m, App: "crm", OnExisting: c.existing})
			if imp.Counts.Changed != c.changed || imp.Counts.Unchanged != c.unchanged || !strings.Contains(w.rows(w.a, fields), c.year) {
				t.Errorf("%s: %+v %s", c.existing, imp.Counts, w.rows(w.a, fields))
			}
		}
		// Undone they go with their customers, but for who was changed since.
		if _, err := w.svc.Undo(t.Context(), w.a, imp.ID); err != nil {
			t.Fatal(err)
		}
		for {
			now, err := w.svc.UndoSome(t.Context(), w.a, imp.ID)
			if err != nil {
				t.Fatal(err)
			}
			if now.State == Reverted {
				if got := w.rows(w.a, fields) + "|" + w.rows(w.a, members); now.Undone.Customers != 1 || !slices.Equal(now.Undone.Kept, []int64{1}) || got != "1 crm facts.birth_date 1991-01-02|Early 1; Gold 1" {
					t.Errorf("%+v %s", now.Undone, got)
				}
				break
			}
		}
	})
}
