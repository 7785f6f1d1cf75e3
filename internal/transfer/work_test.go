package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/filestore"
	"clientele/internal/jobs"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/system"
	"clientele/internal/transfer/source"
)

// runner returns what does the jobs of imports.
func (w *importing) runner() *jobs.Runner {
	r := jobs.NewRunner(w.db, w.svc.sys, jobs.Options{})
	w.svc.Register(r)
	return r
}

// accept has a server take a file.
func (w *importing) accept(storeID int64, file string, o Options) *Import {
	w.Helper()
	got, err := w.svc.Receive(w.Context(), storeID, strings.NewReader(file))
	if err != nil {
		w.Fatal(err)
	}
	imp, err := w.svc.Accept(w.Context(), got, "file.csv", o)
	if err != nil {
		w.Fatal(err)
	}
	return imp
}

func (w *importing) get(storeID, id int64) *Import {
	w.Helper()
	imp, err := w.svc.Get(w.Context(), storeID, id)
	if err != nil {
		w.Fatal(err)
	}
	return imp
}

// What is tried ends with the counts of the import, also where rows of one email lie
// in several batches, and where it stops at one of them.
func TestTriedAsDone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		for seed := range uint64(6) {
			w := newImporting(t, dbtest.Open(t, db.Engine()))
			w.svc.batch = 5
			if seed%2 == 1 {
				w.svc.together = 3 * recordSize // so that the file is read again and again
			}
			random := rand.New(rand.NewPCG(seed, 1))
			var b strings.Builder
			b.WriteString("Email,Name,Company,Customer Group,Address1,City,Country,ZIP,Size,Newsletter,Consent time,Store credit\n")
			for range 120 {
				n := random.IntN(40)
				email := fmt.Sprintf("c%d@example.com", n)
				if random.IntN(3) == 0 {
					email = strings.ToUpper(email)
				}
				pick := func(of ...string) string { return of[random.IntN(len(of))] }
				fmt.Fprintf(&b, "%s,%s,%s,%s,%s,Bonn,DE,53111,%s,%s,2024-01-02,%s\n", email, pick("Ann Lee", "Bob Lee", ""), pick("", "Acme", "Corp"), pick("", "", "New", strings.Repeat("g", 300)), pick("1 Rd", "2 Rd", ""),
					pick("", "40", "41"), pick("yes", "no", "", "unsubscribed"), pick("", "1", "2", "", "", "", "-1"))
			}
			for _, o := range []Options{
				{}, {OnExisting: customer.FillExisting}, {OnExisting: customer.OverwriteExisting}, {OnExisting: customer.OverwriteExisting, StopOnError: true}, {OnExisting: customer.FillExisting, StopOnError: true},
			} {
				f := strings.NewReader(b.String())
				in, err := w.svc.Inspect(t.Context(), w.a, f, "x.csv", o)
				if err != nil {
					t.Fatal(err)
				}
				tried, err := w.svc.Try(t.Context(), w.a, in, f, nil)
				if err != nil {
					t.Fatal(err)
				}
				before := w.rows(w.a, everybody)
				imp := w.take(w.a, in, f)
				if tried.Counts != imp.Counts || tried.State != imp.State {
					t.Errorf("%d, %+v:\ntried %s %+v\ndone  %s %+v", seed, o, tried.State, tried.Counts, imp.State, imp.Counts)
				}
				if in.Whole && in.Expected != imp.Counts {
					t.Errorf("%d, %+v:\nexpected %+v\ndone     %+v", seed, o, in.Expected, imp.Counts)
				}
				if in.Duplicates < 80 {
					t.Errorf("%d duplicates", in.Duplicates)
				}
				if seed > 2 && before == "" { // the next ones on an empty store, too
					w.a, w.b = w.b, w.a
				}
			}
		}
	})
}

// A server that is cut off goes on where it was, and whoever cancels is heard.
func TestServerTakesFiles(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newImporting(t, db)
		w.svc.batch, w.svc.bites = 3, 1
		var b strings.Builder
		b.WriteString("Email,Name\n")
		for i := range 60 {
			fmt.Fprintf(&b, "c%d@example.com,C%d Lee\n", i, i)
		}
		imp := w.accept(w.a, b.String(), Options{})
		w.svc.shift = 0
		text, err := json.Marshal(working{imp.ID})
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; ; n++ {
			// Another process each time: it knows nothing of the one before.
			err := w.svc.work(t.Context(), jobs.Job{StoreID: w.a, Payload: text})
			if imp = w.get(w.a, imp.ID); imp.State == Done {
				if n < 19 {
					t.Errorf("cut off %d times", n)
				}
				break
			}
			if err == nil || n > 30 || imp.State != Running {
				t.Fatalf("%d: %s, %v", n, imp.State, err)
			}
		}
		w.svc.shift = time.Minute
		if imp.Counts.Created != 60 || imp.Counts.Rows != 60 {
			t.Errorf("%+v", imp.Counts)
		}
		if got := w.rows(w.a, `SELECT CAST(COUNT(*) AS TEXT) || ' ' || CAST(MAX(id) AS TEXT) FROM customers WHERE store_id = $1`); got != "60 60" {
			t.Error(got)
		}

		// Cancelled from elsewhere in the middle.
		other := w.accept(w.a, strings.ReplaceAll(b.String(), "c", "d"), Options{})
		cancelled := false
		in, err := w.svc.inspect(t.Context(), w.a, strings.NewReader(strings.ReplaceAll(b.String(), "c", "d")), File{"x", other.FileHash, other.Size}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.svc.found(t.Context(), w.a, other, in); err != nil {
			t.Fatal(err)
		}
		f, err := w.svc.files.open(t.Context(), w.a, other.ID)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := w.svc.Run(t.Context(), w.a, other, f, func(i *Import) {
			if i.Counts.Rows >= 30 && !cancelled {
				cancelled = true
				if _, err := w.svc.Cancel(t.Context(), w.a, other.ID); err != nil {
					t.Error(err)
				}
			}
		}); err != nil {
			t.Fatal(err)
		}
		if got := w.get(w.a, other.ID); other.State != Cancelled || got.State != Cancelled || got.Counts.Rows != 30 || got.Counts.Created != 30 || got.Ended == 0 {
			t.Errorf("%s, %s %+v", other.State, got.State, got.Counts)
		}
		if _, err := w.svc.Resume(t.Context(), w.a, other.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.runner().RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := w.get(w.a, other.ID); got.State != Done || got.Counts.Created != 60 || got.RowsBegun != 30 {
			t.Errorf("%s %+v", got.State, got.Counts)
		}
	})
}

// A job hears within two seconds that its import was cancelled, also while it looks
// at the file.
func TestCancelledIsHeard(t *testing.T) {
	w := newImporting(t, dbtest.Open(t, sqldb.SQLite))
	imp := w.accept(w.a, "Email\na@example.com\n", Options{})
	ctx, stop := w.svc.watch(t.Context(), w.a, imp.ID)
	defer stop()
	if _, err := w.svc.Cancel(t.Context(), w.a, imp.ID); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ctx.Done():
		if !errors.Is(context.Cause(ctx), errOver) {
			t.Error(context.Cause(ctx))
		}
	case <-system.Countdown(2 * time.Second).C:
		t.Error("not heard")
	}
}

// What was created is undone, however others write between the batches; what they
// changed stays.
func TestUndo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newImporting(t, db)
		w.svc.batch = 4
		create := func(email string) {
			t.Helper()
			if err := db.Write(t.Context(), w.a, func(tx *sqldb.Tx) error {
				_, err := w.svc.customers.CreateTx(tx, []customer.Create{{Email: email, FirstName: "Some", LastName: "Body"}}, []string{""})
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		create("there@example.com")
		var b strings.Builder
		b.WriteString("Email,Name,Company,Newsletter,Consent time,Size\nthere@example.com,,Acme,,,\n")
		for i := range 30 {
			fmt.Fprintf(&b, "c%d@example.com,C%d Lee,,%s,2024-01-02,%d\n", i, i, []string{"yes", ""}[i%2], i)
		}
		b.WriteString("c3@example.com,,Late,,,\n") // changed by the import itself
		f := strings.NewReader(b.String())
		in, err := w.svc.Inspect(t.Context(), w.a, f, "x.csv", Options{OnExisting: customer.FillExisting})
		if err != nil {
			t.Fatal(err)
		}
		imp, err := w.svc.Begin(t.Context(), w.a, in.Plan, in.File)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.svc.Undo(t.Context(), w.a, imp.ID); fault.As(err) == nil || fault.As(err).Kind != fault.Conflict {
			t.Errorf("while it runs: %v", err)
		}
		n := 0
		if err := w.svc.Run(t.Context(), w.a, imp, f, func(*Import) { create(fmt.Sprintf("between%d@example.com", n)); n++ }); err != nil {
			t.Fatal(err)
		}
		if got := w.rows(w.a, `SELECT CAST(COUNT(*) AS TEXT) FROM import_ranges WHERE store_id = $1 AND resource = 'customers'`); got != "8" {
			t.Errorf("%s ranges", got)
		}
		id := int64(0)
		if err := db.Write(t.Context(), w.a, func(tx *sqldb.Tx) error {
			if err := tx.Query(sqldb.Dynamic(`SELECT id FROM customers WHERE store_id = $1 AND email = 'c5@example.com'`), func(r *sqldb.Row) error { id = r.Int(0); return nil }); err != nil {
				return err
			}
			_, err := w.svc.customers.UpdateTx(tx, []customer.Update{{ID: id, Company: opt.Some("Elsewhere")}}, []string{""})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.svc.Undo(t.Context(), w.b, imp.ID); fault.As(err) == nil || fault.As(err).Kind != fault.NotFound {
			t.Errorf("of another store: %v", err)
		}
		if _, err := w.svc.Undo(t.Context(), w.a, imp.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.runner().RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := w.get(w.a, imp.ID)
		if want := (Undone{Customers: 29, Subscribers: 15, KeptCustomers: 1, Kept: []int64{id}}); got.State != Reverted || got.Undone == nil || !reflect.DeepEqual(*got.Undone, want) {
			t.Errorf("%s %+v", got.State, got.Undone)
		}
		if got := w.rows(w.a, `SELECT email || ' ' || company FROM customers WHERE store_id = $1 ORDER BY id`); !strings.HasPrefix(got, "there@example.com Acme; between0@example.com ; c5@example.com Elsewhere; between1") || strings.Count(got, ";") != n+1 {
			t.Error(got)
		}
		if got := w.rows(w.a, `SELECT email FROM subscribers WHERE store_id = $1`); got != "" {
			t.Error(got)
		}
		if again, err := w.svc.Undo(t.Context(), w.a, imp.ID); fault.As(err) == nil {
			t.Errorf("again: %+v, %v", again, err)
		}
	})
}

// Whom a later import gave something stays when an earlier one is undone, also where
// it left the customers' own fields alone.
func TestUndoLeavesWhatALaterImportChanged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newImporting(t, db)
		first := w.bring(w.a, "first.csv", "Email,First Name,Last Name\nc1@example.com,C,One\nc2@example.com,C,Two\nc3@example.com,C,Three\nc4@example.com,C,Four\n", Options{})
		if err := db.Write(t.Context(), w.a, func(tx *sqldb.Tx) error { // ten seconds ago
			if err := tx.Exec(sqldb.Dynamic(`UPDATE customers SET date_modified = date_modified - 10 WHERE store_id = $1`)); err != nil {
				return err
			}
			return tx.Exec(sqldb.Dynamic(`UPDATE imports SET date_created = date_created - 10, date_ended = date_ended - 10 WHERE store_id = $1`))
		}); err != nil {
			t.Fatal(err)
		}
		w.bring(w.a, "second.csv", "Email,First Name,Last Name,Address 1,City,Postal code,Country code\nc2@example.com,C,Two,1 Rd,Bonn,53111,DE\nc4@example.com,C,Four,,,,\n", Options{OnExisting: customer.FillExisting})
		w.bring(w.a, "third.csv", "Email,Size\nc3@example.com,L\n", Options{OnExisting: customer.FillExisting, Map: map[string]source.Target{"Size": {Field: source.Attribute, Name: "Size"}}})
		if _, err := w.svc.Undo(t.Context(), w.a, first.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.runner().RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, want := w.get(w.a, first.ID), (Undone{Customers: 2, KeptCustomers: 2, Kept: []int64{2, 3}}); got.Undone == nil || !reflect.DeepEqual(*got.Undone, want) {
			t.Errorf("%+v, want %+v", got.Undone, want)
		}
		if got := w.rows(w.a, `SELECT email FROM customers WHERE store_id = $1 ORDER BY id`); got != "c2@example.com; c3@example.com" {
			t.Error(got)
		}
	})
}

// An import of a command that somebody cancelled goes on with the same file.
func TestUnfinishedAfterCancel(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newImporting(t, db)
		w.svc.batch, w.svc.bites = 2, 1
		f := strings.NewReader("Email,Name\nc1@example.com,C One\nc2@example.com,C Two\nc3@example.com,C Three\nc4@example.com,C Four\nc5@example.com,C Five\n")
		in, err := w.svc.Inspect(t.Context(), w.a, f, "x.csv", Options{})
		if err != nil {
			t.Fatal(err)
		}
		imp, err := w.svc.Begin(t.Context(), w.a, in.Plan, in.File)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.svc.Run(t.Context(), w.a, imp, f, func(i *Import) {
			if _, err := w.svc.Cancel(t.Context(), w.a, i.ID); err != nil {
				t.Error(err)
			}
		}); err != nil || imp.State != Cancelled || imp.Counts.Rows != 2 {
			t.Fatalf("%s %+v, %v", imp.State, imp.Counts, err)
		}
		if other, err := w.svc.Unfinished(t.Context(), w.b, in.File.Hash); err != nil || other != nil {
			t.Errorf("in another store: %+v, %v", other, err)
		}
		again, err := w.svc.Unfinished(t.Context(), w.a, in.File.Hash)
		if err != nil || again == nil || again.ID != imp.ID || again.State != Running || again.Ended != 0 {
			t.Fatalf("%+v, %v", again, err)
		}
		if err := w.svc.Run(t.Context(), w.a, again, f, nil); err != nil || again.State != Done || again.Counts.Created != 5 {
			t.Errorf("%s %+v, %v", again.State, again.Counts, err)
		}
		if none, err := w.svc.Unfinished(t.Context(), w.a, in.File.Hash); err != nil || none != nil {
			t.Errorf("when all is done: %+v, %v", none, err)
		}
	})
}

// After a restore numbers of imports come again whose files may be there.
func TestReceivedAfterARestore(t *testing.T) {
	w := newImporting(t, dbtest.Open(t, sqldb.SQLite))
	w.svc.KeepIn(t.TempDir())
	for range 2 {
		w.accept(w.a, "Email\nann@example.com\n", Options{})
	}
	if err := w.db.Write(t.Context(), w.a, func(tx *sqldb.Tx) error {
		if err := tx.Exec(sqldb.Dynamic(`DELETE FROM imports WHERE store_id = $1`)); err != nil {
			return err
		}
		return tx.Exec(sqldb.Dynamic(`UPDATE store_counters SET import_id = 0 WHERE store_id = $1`))
	}); err != nil {
		t.Fatal(err)
	}
	if imp := w.accept(w.a, "Email\nbob@example.com\n", Options{}); imp.ID != 3 {
		t.Errorf("import %d", imp.ID)
	}
}

// Files come back as they came, wherever they are kept.
func TestFiles(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newImporting(t, db)
		for _, size := range []int{1, filestore.ChunkSize - 1, filestore.ChunkSize, filestore.ChunkSize + 1, 3*filestore.ChunkSize + 5} {
			text := make([]byte, size)
			for i := range text {
				text[i] = byte(i * 7)
			}
			got, err := w.svc.Receive(t.Context(), w.a, strings.NewReader(string(text)))
			if err != nil {
				t.Fatal(err)
			}
			f, err := w.svc.files.open(t.Context(), w.a, got.id)
			if err != nil {
				t.Fatal(err)
			}
			for _, from := range []int64{0, int64(size / 2), int64(size - 1), int64(size)} {
				if _, err := f.Seek(from, io.SeekStart); err != nil {
					t.Fatal(err)
				}
				if back, err := io.ReadAll(f); err != nil || string(back) != string(text[from:]) {
					t.Errorf("%d from %d: %d bytes, %v", size, from, len(back), err)
				}
			}
			f.Close()
			got.Drop(t.Context())
			if _, err := w.svc.files.open(t.Context(), w.a, got.id); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("after it was dropped: %v", err)
			}
		}
		if _, err := w.svc.Receive(t.Context(), w.a, strings.NewReader("")); fault.As(err) == nil {
			t.Errorf("nothing: %v", err)
		}
	})
}
