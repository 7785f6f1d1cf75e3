package customer_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/password/passwordtest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
)

// eachFormStore runs a test with two stores, ids 1 and 2, which have two
// customers each.
func eachFormStore(t *testing.T, fn func(t *testing.T, s *customer.Service, forms *form.Service)) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		sys := &system.System{Clock: func() time.Time { return time.Unix(dbtest.Now, 0) }, Random: rand.Reader}
		stores := store.NewService(db, sys)
		s := customer.NewService(db, sys, passwordtest.New(sys))
		for range 2 {
			st, err := stores.Create(t.Context(), "", "", "")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.CreateFor(t.Context(), password.Party{StoreID: st.ID}, []customer.Create{
				{Email: "a@example.com", FirstName: "A", LastName: "A"}, {Email: "b@example.com", FirstName: "B", LastName: "B"},
			}); err != nil {
				t.Fatal(err)
			}
		}
		fn(t, s, form.NewService(db, sys))
	})
}

// fatal fails unless err is nil or a fault that a caller can mend.
func fatal(t *testing.T, err error) {
	t.Helper()
	if f := fault.As(err); err != nil && (f == nil || f.Kind != fault.Invalid && f.Kind != fault.Conflict && f.Kind != fault.NotFound) {
		t.Errorf("want success or a fault of the caller: %v", err)
	}
}

func TestAttributesAtOnce(t *testing.T) {
	eachFormStore(t, func(t *testing.T, s *customer.Service, _ *form.Service) {
		ctx := t.Context()
		var wg sync.WaitGroup
		var mu sync.Mutex
		made := 0
		for i := range 16 {
			wg.Go(func() {
				var in []customer.AttributeCreate
				for j := range 5 { // 16 × 5 do not fit
					in = append(in, customer.AttributeCreate{Name: fmt.Sprintf("a %d %d", i/2, j), Type: "string"})
				}
				out, err := s.CreateAttributes(ctx, 1, in)
				fatal(t, err)
				mu.Lock()
				made += len(out)
				mu.Unlock()
			})
		}
		wg.Wait()
		rows, res, err := s.Attributes(ctx, 1, customer.AttributeList.New())
		if err != nil || made != 40 || res.Total != 40 || rows[39].ID != 40 {
			t.Fatalf("%d attributes were made, %d are there: %v", made, res.Total, err)
		}

		// Everyone wants the same new name, and two keep swapping theirs.
		for i := range 12 {
			wg.Go(func() {
				_, err := s.UpdateAttributes(ctx, 1, []customer.AttributeUpdate{{ID: int64(i + 1), Name: "The one"}})
				fatal(t, err)
			})
			wg.Go(func() {
				a, b := "left", "right"
				if i%2 == 0 {
					a, b = b, a
				}
				_, err := s.UpdateAttributes(ctx, 1, []customer.AttributeUpdate{{ID: 39, Name: a}, {ID: 40, Name: b}})
				fatal(t, err)
			})
		}
		wg.Wait()
		_, res, err = s.Attributes(ctx, 1, customer.AttributeList.New().Where("name", "", nil, []string{"the one"}))
		if err != nil || res.Total != 1 {
			t.Errorf("%d attributes have the name: %v", res.Total, err)
		}
		if _, res, _ := s.Attributes(ctx, 2, customer.AttributeList.New()); res.Total != 0 {
			t.Errorf("the other store has %d attributes", res.Total)
		}
	})
}

func TestAttributeValuesAtOnce(t *testing.T) {
	eachFormStore(t, func(t *testing.T, s *customer.Service, _ *form.Service) {
		ctx := t.Context()
		for _, st := range []int64{1, 2} {
			if _, err := s.CreateAttributes(ctx, st, []customer.AttributeCreate{{Name: "one", Type: "number"}, {Name: "two", Type: "string"}}); err != nil {
				t.Fatal(err)
			}
		}
		var wg sync.WaitGroup
		for i := range 24 {
			wg.Go(func() {
				in := []customer.AttributeUpsert{{CustomerID: 1, AttributeID: 1, Value: fmt.Sprint(i)}, {CustomerID: 2, AttributeID: 2, Value: fmt.Sprint(i)}, {CustomerID: 1, AttributeID: 2, Value: fmt.Sprint(i)}}
				if i%2 == 0 {
					in[0], in[2] = in[2], in[0]
				}
				_, err := s.PutAttributeValues(ctx, 1, in)
				fatal(t, err)
			})
			if i == 12 {
				// The attribute goes while it is being used.
				wg.Go(func() {
					_, err := s.DeleteAttributes(ctx, 1, customer.DeleteAttributeList.New().Where("id", "in", []int64{2}, nil))
					fatal(t, err)
				})
				wg.Go(func() {
					_, err := s.CreateFor(ctx, password.Party{StoreID: 1}, []customer.Create{{Email: "c@example.com", FirstName: "C", LastName: "C", Attributes: []customer.AttributeInput{{AttributeID: 2, Value: "x"}}}})
					fatal(t, err)
				})
			}
		}
		wg.Wait()
		rows, res, err := s.AttributeValues(ctx, 1, customer.AttributeValueList.New())
		if err != nil || res.Total > 1 || res.Total == 1 && (rows[0].CustomerID != 1 || rows[0].AttributeID != 1) {
			t.Errorf("values are %v: %v", rows, err)
		}

		// Another store's ids mean nothing here.
		if _, err := s.PutAttributeValues(ctx, 2, []customer.AttributeUpsert{{CustomerID: 2, AttributeID: 2, Value: "theirs"}}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.PutAttributeValues(ctx, 1, []customer.AttributeUpsert{{CustomerID: 2, AttributeID: 2, Value: "ours"}}); fault.As(err) == nil {
			t.Errorf("an attribute of another store is accepted: %v", err)
		}
		if n, err := s.DeleteAttributeValues(ctx, 1, customer.DeleteAttributeValueList.New()); n != 0 || err != nil {
			t.Errorf("without a condition %d values are deleted: %v", n, err)
		}
		if n, err := s.DeleteAttributes(ctx, 1, customer.DeleteAttributeList.New().Where("id", "in", []int64{2}, nil)); n != 0 || err != nil {
			t.Errorf("%d attributes are deleted twice: %v", n, err)
		}
		if rows, _, err := s.AttributeValues(ctx, 2, customer.AttributeValueList.New()); err != nil || len(rows) != 1 || rows[0].Value != "theirs" {
			t.Errorf("the other store has %v: %v", rows, err)
		}
	})
}

func TestFormFieldsAtOnce(t *testing.T) {
	eachFormStore(t, func(t *testing.T, s *customer.Service, forms *form.Service) {
		ctx := t.Context()
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				_, err := forms.Create(ctx, 1, form.Field{Form: form.Customer, Name: []string{"Size", "SIZE"}[i%2], Type: form.TextField})
				fatal(t, err)
			})
		}
		wg.Wait()
		rows, _, err := forms.Fields(ctx, 1, form.List.New().Where("name", "", nil, []string{"size"}))
		if err != nil || len(rows) != 1 || rows[0].ID != form.LastBuiltIn+1 {
			t.Fatalf("fields are %v: %v", rows, err)
		}
		id := rows[0].ID
		put := func(ctx context.Context, st int64, v string) error {
			_, err := s.PutFormValues(ctx, st, []customer.FormValueUpsert{
				{CustomerID: opt.Some[int64](1), Input: form.Input{Name: "size", Value: form.Text(v)}},
				{CustomerID: opt.Some[int64](2), Input: form.Input{Name: "size", Value: form.Text(v)}},
			})
			return err
		}
		for i := range 16 {
			wg.Go(func() { fatal(t, put(ctx, 1, strings.Repeat("x", i))) })
			wg.Go(func() {
				_, err := s.UpdateFor(ctx, password.Party{StoreID: 1}, []customer.Update{{ID: int64(i%2 + 1), FormFields: []form.Input{{Name: "Size", Value: form.Text(fmt.Sprint(i))}}}})
				fatal(t, err)
			})
			if i == 8 {
				wg.Go(func() { fatal(t, forms.Delete(ctx, 1, id)) })
			}
		}
		wg.Wait()
		if rows, res, err := s.FormValues(ctx, 1, customer.FormValueList.New()); err != nil || len(rows) != 0 || res.Total != 0 {
			t.Errorf("values of a deleted field: %v, %v", rows, err)
		}
		if err := put(ctx, 2, "x"); fault.As(err) == nil {
			t.Errorf("a field of another store is accepted: %v", err)
		}
		if _, err := forms.Field(ctx, 2, id); fault.As(err) == nil {
			t.Errorf("a field of another store is found: %v", err)
		}
	})
}

func TestFieldValuesByType(t *testing.T) {
	field := func(typ string, o form.Options) form.Field {
		return form.Field{Form: form.Customer, Name: "F", Type: typ, Options: o}
	}
	for name, test := range map[string]struct {
		field form.Field
		good  map[string]string // what is sent, and how it is shown
		bad   []string
	}{
		"text":         {field("text", form.Options{MaxLength: 3}), map[string]string{`"ééé"`: `"ééé"`, `12`: `"12"`, `""`: `""`}, []string{`"éééé"`, `["a"]`, `"\u0000"`}},
		"multiline":    {field("multiline", form.Options{}), map[string]string{`"a\nb"`: `"a\nb"`}, []string{`"` + strings.Repeat("x", 10_001) + `"`}},
		"number":       {field("number", form.Options{Min: "-1", Max: "1e2"}), map[string]string{`1.50`: `1.50`, `" 7 "`: `7`, `""`: `""`, `-1`: `-1`, `100`: `100`}, []string{`"x"`, `-1.01`, `101`, `[]`, `1e999`, `"0x1"`}},
		"digits":       {field("number", form.Options{MaxLength: 3}), map[string]string{`999`: `999`}, []string{`1000`, `"0.12"`}},
		"password":     {field("password", form.Options{MaxLength: 4}), map[string]string{`"hush"`: `""`, `1234`: `""`}, []string{`"hushed"`}},
		"date":         {field("date", form.Options{Min: "2024-01-01", Max: "2024-12-31"}), map[string]string{`"2024-01-01"`: `"2024-01-01"`, `"2024-12-31T23:59:59Z"`: `"2024-12-31T23:59:59Z"`, `""`: `""`}, []string{`"2023-12-31"`, `"2025-01-01"`, `"soon"`, `20240101`, `"2024-02-30"`}},
		"checkbox":     {field("checkbox", form.Options{Choices: []string{"a", "b"}}), map[string]string{`["b","a"]`: `["b","a"]`, `"a"`: `["a"]`, `[]`: `[]`, `""`: `[]`}, []string{`["c"]`, `[1]`, `1`}},
		"any checkbox": {field("checkbox", form.Options{}), map[string]string{`["whatever"]`: `["whatever"]`}, []string{`[` + strings.Repeat(`"x",`, 100) + `"x"]`}},
		"radio":        {field("radio", form.Options{Choices: []string{"a", "1"}}), map[string]string{`"a"`: `"a"`, `1`: `"1"`, `""`: `""`}, []string{`"A"`, `["a"]`}},
		"dropdown":     {field("dropdown", form.Options{Choices: []string{"a"}}), map[string]string{`"a"`: `"a"`}, []string{`"b"`}},
		"required": {form.Field{Form: form.Customer, Name: "F", Type: "checkbox", Required: true},
			map[string]string{`["a"]`: `["a"]`}, []string{`[]`, `""`}},
	} {
		t.Run(name, func(t *testing.T) {
			db := dbtest.Open(t, sqldb.SQLite)
			s := customer.NewService(db, system.Real(), passwordtest.New(system.Real()))
			if _, err := store.NewService(db, system.Real()).Create(t.Context(), "", "", ""); err != nil {
				t.Fatal(err)
			}
			if _, err := s.CreateFor(t.Context(), password.Party{StoreID: 1}, []customer.Create{{Email: "a@example.com", FirstName: "A", LastName: "A"}}); err != nil {
				t.Fatal(err)
			}
			if _, err := form.NewService(db, system.Real()).Create(t.Context(), 1, test.field); err != nil {
				t.Fatal(err)
			}
			put := func(text string) (string, error) {
				out, err := s.PutFormValues(t.Context(), 1, []customer.FormValueUpsert{{CustomerID: opt.Some[int64](1), Input: form.Input{Name: " f ", Value: value(t, text)}}})
				if err != nil {
					return "", err
				}
				return out[0].JSON, nil
			}
			for text, want := range test.good {
				if got, err := put(text); err != nil || got != want {
					t.Errorf("%s: %s, %v; want %s", text, got, err, want)
				}
			}
			for _, text := range test.bad {
				if got, err := put(text); fault.As(err) == nil || fault.As(err).Kind != fault.Invalid {
					t.Errorf("%.40s is accepted as %s: %v", text, got, err)
				}
			}
		})
	}
}
