package customer_test

import (
	"context"
	"slices"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
)

// formWorld is a service over a store with nothing but its built-in fields.
func formWorld(t *testing.T, db *sqldb.DB) *customer.Service {
	t.Helper()
	sys := system.Real()
	if _, err := store.NewService(db, sys).Create(t.Context(), "formstore", "", ""); err != nil {
		t.Fatal(err)
	}
	return customer.NewService(db, sys, nil)
}

func TestChoicesKeepTheirIDs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := formWorld(t, db)
		f, err := s.CreateFormField(t.Context(), 1, customer.FormField{Form: "customer", Name: "Size", Type: "dropdown", Options: customer.FieldOptions{Choices: []string{"S", "M", "L"}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			choices []string
			want    []int64
		}{
			{[]string{"S", "M", "L"}, []int64{1, 2, 3}},
			{[]string{"L", "M", "S"}, []int64{3, 2, 1}},      // moved
			{[]string{"L", "Medium", "S"}, []int64{3, 2, 1}}, // renamed
			{[]string{"L", "S"}, []int64{3, 1}},              // one is gone
			{[]string{"L", "S", "Medium"}, []int64{3, 1, 4}}, // and comes back as another
			{nil, nil},                                        //
			{[]string{"L"}, []int64{5}},                       // no id is given again
			{[]string{"XL", "L"}, []int64{6, 5}},              //
			{[]string{"L", "XXL"}, []int64{5, 7}},             // XXL is where L was, which is there still
			{[]string{"tiny", "huge"}, []int64{5, 7}},         //
			{[]string{"a", "tiny", "huge"}, []int64{8, 5, 7}}, //
			{[]string{"huge", "b", "tiny"}, []int64{7, 9, 5}}, // in the place of tiny, which only moved
		} {
			if f, err = s.UpdateFormField(t.Context(), 1, customer.FormFieldUpdate{ID: f.ID, Choices: opt.Some(step.choices)}); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(f.Options.ChoiceIDs, step.want) {
				t.Errorf("%q: %v, want %v", step.choices, f.Options.ChoiceIDs, step.want)
			}
			stored, err := s.FormField(t.Context(), 1, f.ID)
			if err != nil || !slices.Equal(stored.Options.ChoiceIDs, step.want) {
				t.Errorf("%q: stored %v, %v", step.choices, stored, err)
			}
		}
		// A seed names choices only.
		seed := customer.FormField{Form: "customer", Name: "size", Type: "dropdown", Options: customer.FieldOptions{Label: "Size", Choices: []string{"tiny", "c", "huge"}}}
		if err := db.Write(t.Context(), 1, func(tx *sqldb.Tx) error { return customer.PutFormField(tx, seed, 1) }); err != nil {
			t.Fatal(err)
		}
		if f, err = s.FormField(t.Context(), 1, f.ID); err != nil || !slices.Equal(f.Options.ChoiceIDs, []int64{5, 9, 7}) {
			t.Errorf("%v, %v", f, err)
		}
	})
}

var oldField = sqldb.Static(`INSERT INTO form_fields (store_id, id, form, name, name_norm, type, required, options, date_created, date_modified)
	VALUES ($1, 90, 'customer', 'Old', 'old', 'radio', 0, '{"label":"Old","sort_order":90,"choices":["x","y"]}', 1, 1)`)

func TestChoicesFromBeforeTheyHadIDs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := formWorld(t, db)
		if err := db.Write(t.Context(), 1, func(tx *sqldb.Tx) error { return tx.Exec(oldField) }); err != nil {
			t.Fatal(err)
		}
		f, err := s.FormField(t.Context(), 1, 90)
		if err != nil || !slices.Equal(f.Options.ChoiceIDs, []int64{1, 2}) {
			t.Fatalf("%v, %v", f, err)
		}
		if f, err = s.UpdateFormField(t.Context(), 1, customer.FormFieldUpdate{ID: 90, Choices: opt.Some([]string{"y", "z", "x"})}); err != nil || !slices.Equal(f.Options.ChoiceIDs, []int64{2, 3, 1}) {
			t.Fatalf("%v, %v", f, err)
		}
	})
}

func TestFormIsInTheOrderOfShoppers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := formWorld(t, db)
		if _, err := s.CreateFormField(t.Context(), 1, customer.FormField{Form: "address", Name: "Floor", Type: "number", Options: customer.FieldOptions{SortOrder: 5}}); err != nil {
			t.Fatal(err)
		}
		form, err := s.Form(context.Background(), 1, customer.AddressForm)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, f := range form {
			names = append(names, f.Name)
		}
		if want := []string{"FirstName", "LastName", "Floor", "CompanyName"}; !slices.Equal(names[:4], want) {
			t.Errorf("%q", names)
		}
		if other, err := s.Form(context.Background(), 2, customer.AddressForm); err != nil || len(other) != 0 {
			t.Errorf("another store's form: %v, %v", other, err)
		}
	})
}

func TestCheckForm(t *testing.T) {
	form := customer.Form{
		{ID: 8, Name: "AddressLine1", Form: "address", Type: "text", Required: true},
		{ID: 26, Name: "Note", Type: "text", Required: true, Options: customer.FieldOptions{MaxLength: 3}},
		{ID: 27, Name: "Age", Type: "number", Options: customer.FieldOptions{Min: "18", Max: "99"}},
		{ID: 28, Name: "Day", Type: "date", Options: customer.FieldOptions{Min: "2020-01-01"}},
		{ID: 29, Name: "Size", Type: "dropdown", Options: customer.FieldOptions{Choices: []string{"S", "M"}, ChoiceIDs: []int64{1, 2}}},
		{ID: 30, Name: "Likes", Type: "checkbox", Required: true, Options: customer.FieldOptions{Choices: []string{"a", "b"}, ChoiceIDs: []int64{4, 3}}},
		{ID: 31, Name: "Pin", Type: "password", Required: true},
	}
	full := []customer.FieldAnswer{
		{FieldID: 26, Value: value(t, `"abc"`)}, {FieldID: 27, Value: value(t, `18`)}, {FieldID: 28, Value: value(t, `"2020-01-01"`)},
		{FieldID: 29, ChoiceIDs: []int64{2}}, {FieldID: 30, ChoiceIDs: []int64{3, 4}}, {FieldID: 31, Value: value(t, `"x"`)},
	}
	with := func(a ...customer.FieldAnswer) []customer.FieldAnswer {
		out := slices.Clone(full)
		for _, one := range a {
			i := slices.IndexFunc(out, func(o customer.FieldAnswer) bool { return o.FieldID == one.FieldID })
			if i < 0 {
				out = append(out, one)
			} else {
				out[i] = one
			}
		}
		return out
	}
	for name, test := range map[string]struct {
		answers []customer.FieldAnswer
		partial bool
		want    []string
	}{
		"all good":     {answers: full},
		"nothing":      {answers: nil, want: []string{"form_fields.26 required", "form_fields.30 required", "form_fields.31 required"}},
		"nothing, yet": {answers: nil, partial: true},
		"blanks":       {answers: with(customer.FieldAnswer{FieldID: 26, Value: value(t, `"  "`)}, customer.FieldAnswer{FieldID: 30, Value: value(t, `[]`)}, customer.FieldAnswer{FieldID: 31, Value: value(t, `""`)}, customer.FieldAnswer{FieldID: 27, Value: value(t, `""`)}, customer.FieldAnswer{FieldID: 29, ChoiceIDs: []int64{}}), want: []string{"form_fields.26 required", "form_fields.30 required", "form_fields.31 required"}},
		"kept pin":     {answers: with(customer.FieldAnswer{FieldID: 31, Value: value(t, `""`)}), partial: true},
		"cleared":      {answers: []customer.FieldAnswer{{FieldID: 26, Value: value(t, `""`)}}, partial: true, want: []string{"form_fields.26 required"}},
		"limits":       {answers: with(customer.FieldAnswer{FieldID: 26, Value: value(t, `"abcd"`)}, customer.FieldAnswer{FieldID: 27, Value: value(t, `17.9`)}, customer.FieldAnswer{FieldID: 28, Value: value(t, `"2019-12-31"`)}), want: []string{"form_fields.26 bad_format", "form_fields.27 bad_format", "form_fields.28 bad_format"}},
		"types":        {answers: with(customer.FieldAnswer{FieldID: 26, Value: value(t, `["a"]`)}, customer.FieldAnswer{FieldID: 27, Value: value(t, `"x"`)}, customer.FieldAnswer{FieldID: 28, Value: value(t, `"tomorrow"`)}, customer.FieldAnswer{FieldID: 30, Value: value(t, `7`)}), want: []string{"form_fields.26 bad_format", "form_fields.27 bad_format", "form_fields.28 bad_format", "form_fields.30 bad_format"}},
		"choices":      {answers: with(customer.FieldAnswer{FieldID: 29, ChoiceIDs: []int64{1, 2}}, customer.FieldAnswer{FieldID: 30, ChoiceIDs: []int64{3, 9}}), want: []string{"form_fields.29 too_many_items", "form_fields.30 unknown"}},
		"no choice":    {answers: with(customer.FieldAnswer{FieldID: 29, Value: value(t, `"XXL"`)}), want: []string{"form_fields.29 bad_format"}},
		"built-in":     {answers: with(customer.FieldAnswer{FieldID: 8, Value: value(t, `"x"`)}), want: []string{"form_fields.8 unknown"}},
		"unknown":      {answers: with(customer.FieldAnswer{FieldID: 99, Value: value(t, `"x"`)}), want: []string{"form_fields.99 unknown"}},
		"twice":        {answers: append(slices.Clone(full), full[0]), want: []string{"form_fields.26 duplicate"}},
		"null":         {answers: with(customer.FieldAnswer{FieldID: 26, Value: value(t, `null`)}, customer.FieldAnswer{FieldID: 27, Value: value(t, `null`)}), want: []string{"form_fields.26 required", "form_fields.27 bad_format"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := fault.Collector{Index: -1}
			customer.CheckForm(&c, form, form.Inputs(&c, test.answers), !test.partial)
			var got []string
			for _, it := range c.Items {
				got = append(got, it.Field+" "+string(it.Code))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}
