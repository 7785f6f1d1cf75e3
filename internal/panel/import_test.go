package panel_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/staff"
)

// upload sends a file by the form for it.
func (b *browser) upload(path, name, text string) *browser {
	b.t.Helper()
	return b.uploadAs("file", path, name, text)
}

// uploadAs sends a file as a field of a form.
func (b *browser) uploadAs(field, path, name, text string) *browser {
	b.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile(field, name)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := part.Write([]byte(text)); err != nil {
		b.t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		b.t.Fatal(err)
	}
	b.extra.Set("Content-Type", form.FormDataContentType())
	defer b.extra.Del("Content-Type")
	return b.do(http.MethodPost, path, body.String())
}

func (w *world) jobs() {
	w.t.Helper()
	if _, err := w.Jobs.Settle(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

const imports = "/manage/store/one/import"

// A file becomes customers step by step, and each step says what is wrong with it.
func TestImport(t *testing.T) {
	each(t, crowd(), func(t *testing.T, w *world) {
		w.person("olga@example.com", 1, staff.Owner)
		w.person("mia@example.com", 1, staff.Marketing)
		w.person("ann@example.com", 1, staff.CustomerService)
		w.person("two@example.com", 2, staff.Owner)
		b, mia, ann, two := w.browser().signIn("olga@example.com"), w.browser().signIn("mia@example.com"), w.browser().signIn("ann@example.com"), w.browser().signIn("two@example.com")
		ann.get(imports).want(403, "")
		ann.upload(imports, "x.csv", "Email\na@example.com\n").want(403, "")

		b.get(imports).want(200, imports, "Upload", "1 GiB")
		b.upload(imports, "empty.csv", "").want(422, "", "Please choose.")
		b.upload(imports, "customers.xlsx", "PK\x03\x04"+strings.Repeat("\x00", 22)+"\x13\x00\x00\x00[Content_Types].xml").want(422, "", "Save it there as CSV")
		b.post(imports, "file", "x").want(422, "", "Please choose.")
		b.extra.Set("Content-Type", "multipart/form-data; boundary=x")
		b.do(http.MethodPost, imports, "--x\r\nnonsense").want(400, "")
		b.extra.Del("Content-Type")
		b.upload(imports, "picture.csv", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR").want(200, imports+"/2", "Being checked")
		w.jobs()
		b.get(imports+"/2").want(200, "", "cannot be imported")

		// A name that is markup, and a column whose place nobody knows.
		const evil = `"><img src=x onerror=alert(1)>.csv`
		b.upload(imports, evil, "Mailbox;Given;Firma;Shoe size\nnew1@example.com;Nora;Neu GmbH;41\nc1@example.com;Bob;;43\nbroken;Nobody;;1\n;Nobody;;1\n").want(200, imports+"/3")
		w.jobs()
		b.get(imports+"/3").want(200, imports+"/3/columns", "4 rows", "UTF-8", "semicolons", "For example new1@example.com", "!<img src=x", "&lt;img")
		b.get(imports).want(200, "", "!<img src=x", "Waits for you")
		two.get("/manage/store/two/import/3").want(404, "", "!Nora")
		mia.get(imports+"/3/columns").want(404, "", "!Nora")
		mia.post(imports+"/3/run").want(404, "")
		b.post(imports+"/3/columns", "kind", "customers", "column0", "-", "column1", "first_name").want(200, imports+"/3/rules", "is the same customer")
		b.post(imports+"/3/rules", "on_existing", "fill", "match", "email", "on_error", "skip").want(422, "", "No column goes to the email address")
		b.post(imports+"/3/columns", "kind", "orders").want(422, "")
		b.post(imports+"/3/columns", "kind", "customers", "column0", "nonsense").want(422, "", "This is not accepted.")
		b.post(imports+"/3/columns", "kind", "customers", "column0", "email", "column1", "first_name", "column2", "company", "column3", "attribute:Shoe size").want(200, imports+"/3/rules")
		b.post(imports+"/3/rules", "on_existing", "fill", "match", "id", "on_error", "skip").want(422, "", "number of the customer")
		b.post(imports+"/3/rules", "on_existing", "all", "match", "email", "on_error", "skip").want(422, "", "Please choose.")
		b.post(imports+"/3/rules", "on_existing", "fill", "match", "email", "on_error", "skip", "date_order", "ymd").want(422, "", "Please choose.")
		b.post(imports+"/3/rules", "on_existing", "fill", "match", "email", "on_error", "skip").want(200, imports+"/3", "Dry run")
		w.jobs()
		b.get(imports+"/3").want(200, "", "2 rows are wrong", "new1@example.com", "There is no email address", "The value does not have the right form", ">4<", "Import now")
		b.get("/manage/store/one/customers?rule=email+%3D+%27new1@example.com%27").want(200, "", "0 customers") // it was only tried
		b.get(imports+"/3/errors").want(200, "", "_line;_field;_code;_message;Mailbox", "broken;Nobody", "!new1@")
		if got := b.header.Get("Content-Disposition"); got != `attachment; filename=">img src=x onerror=alert(1)>.errors.csv"` && strings.ContainsAny(strings.Trim(got[len(`attachment; filename=`):], `"`), `"\`) {
			t.Error(got)
		}
		b.post(imports+"/3/run").want(200, imports+"/3", "has begun")
		w.jobs()
		b.get(imports+"/3").want(200, "", "2 rows were not imported", "Undo the import")
		b.get("/manage/store/one/customers?rule=email+%3D+%27new1@example.com%27").want(200, "", "1 customer<", "Neu GmbH")
		b.get("/manage/store/one").want(200, "", "2 rows were wrong", "!<img src=x")
		mia.get("/manage/store/one").want(200, "", "!2 rows were wrong")
		b.post(imports+"/3/run").want(200, imports+"/3", "not possible any more")
		b.post(imports+"/3/columns", "kind", "customers").want(200, imports+"/3")
		b.post(imports+"/3/undo").want(200, imports+"/3", "being undone")
		w.jobs()
		b.get(imports+"/3").want(200, "", "Undone", "Taken away again")
		b.get("/manage/store/one/customers?rule=email+%3D+%27new1@example.com%27").want(200, "", "0 customers")

		// Marketing imports subscribers alone, with what their consent rests on.
		mia.upload(imports, "list.csv", "Email,First name\nsub1@example.com,Sue\nsub2@example.com,Sam\n").want(200, imports+"/4")
		w.jobs()
		mia.get(imports+"/4").want(200, imports+"/4/columns", `value="subscribers" selected`, `!value="customers"`)
		mia.post(imports+"/4/columns", "kind", "customers").want(403, "")
		mia.post(imports+"/4/columns", "kind", "subscribers").want(200, imports+"/4/rules", "What their consent rests on")
		mia.post(imports+"/4/rules", "on_error", "skip").want(422, "")
		mia.post(imports+"/4/rules", "on_error", "skip", "ground", "Signed at the fair").want(200, imports+"/4")
		w.jobs()
		mia.get(imports+"/4").want(200, "", "sub1@example.com", "Import now")
		mia.post(imports+"/4/run").want(200, imports+"/4")
		w.jobs()
		mia.get(imports+"/4").want(200, "", "All rows are imported.")
		b.get("/manage/store/one/history").want(200, "", "imports/4", "mia@example.com")
	})
}

// The hashes of Firebase need what its console shows, which no page shows again.
func TestImportOfFirebase(t *testing.T) {
	each(t, crowd(), func(t *testing.T, w *world) {
		w.person("olga@example.com", 1, staff.Owner)
		b := w.browser().signIn("olga@example.com")
		b.upload(imports, "users.json", `{"users":[{"localId":"u1","email":"fire@example.com","passwordHash":"lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==","salt":"42xEC+ixf3L2lw=="}]}`).want(200, imports+"/1")
		w.jobs()
		b.get(imports+"/1").want(200, imports+"/1/columns")
		b.post(imports+"/1/columns", "kind", "customers").want(200, imports+"/1/rules", "Parameters of the password hashes")
		rules := []string{"on_existing", "skip", "match", "email", "on_error", "skip"}
		b.post(imports+"/1/rules", rules...).want(200, imports+"/1")
		w.jobs()
		b.get(imports+"/1").want(200, "", "The parameters of the password hashes are missing")
		b.post(imports+"/1/rules", append(rules, "hash_config", "rounds: 8")...).want(422, "", "base64_signer_key, base64_salt_separator")
		b.post(imports+"/1/rules", append(rules, "hash_config", "base64_signer_key: jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==,\nbase64_salt_separator: Bw==,\nrounds: 8,\nmem_cost: 14")...).want(200, imports+"/1")
		w.jobs()
		b.get(imports+"/1").want(200, "", "!The parameters of the password hashes are missing")
		b.get(imports+"/1/rules").want(200, "", "They were given", "!jxspr8Ki")
		b.post(imports+"/1/rules", rules...).want(200, imports+"/1")
		w.jobs()
		b.post(imports+"/1/run").want(200, imports+"/1")
		w.jobs()
		if err := w.DB.Read(t.Context(), 1, func(tx *sqldb.Tx) error {
			n := 0
			err := tx.Query(sqldb.Dynamic(`SELECT password_hash FROM customers WHERE store_id = $1 AND email = 'fire@example.com'`), func(r *sqldb.Row) error {
				n++
				if !strings.Contains(r.Text(0), "firebase-scrypt") {
					t.Error(r.Text(0))
				}
				return nil
			})
			if n != 1 {
				t.Errorf("%d customers", n)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}
