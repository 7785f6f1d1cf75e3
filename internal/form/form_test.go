package form_test

import (
	"context"
	"slices"
	"strconv"
	"testing"

	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
)

// formWorld is a service over a store with nothing but its built-in fields.
func formWorld(t *testing.T, db *sqldb.DB) *form.Service {
	t.Helper()
	sys := system.Real()
	if _, err := store.NewService(db, sys).Create(t.Context(), "formstore", "", ""); err != nil {
		t.Fatal(err)
	}
	return form.NewService(db, sys)
}

func TestChoicesKeepTheirIDs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := formWorld(t, db)
		f, err := s.Create(t.Context(), 1, form.Field{Form: "customer", Name: "Size", Type: "dropdown", Options: form.Options{Choices: []string{"S", "M", "L"}}})
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
			if f, err = s.Update(t.Context(), 1, form.Update{ID: f.ID, Choices: opt.Some(step.choices)}); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(f.Options.ChoiceIDs, step.want) {
				t.Errorf("%q: %v, want %v", step.choices, f.Options.ChoiceIDs, step.want)
			}
			stored, err := s.Field(t.Context(), 1, f.ID)
			if err != nil || !slices.Equal(stored.Options.ChoiceIDs, step.want) {
				t.Errorf("%q: stored %v, %v", step.choices, stored, err)
			}
		}
		// A seed names choices only.
		seed := form.Field{Form: "customer", Name: "size", Type: "dropdown", Options: form.Options{Label: "Size", Choices: []string{"tiny", "c", "huge"}}}
		if err := db.Write(t.Context(), 1, func(tx *sqldb.Tx) error { return form.Put(tx, seed, 1) }); err != nil {
			t.Fatal(err)
		}
		if f, err = s.Field(t.Context(), 1, f.ID); err != nil || !slices.Equal(f.Options.ChoiceIDs, []int64{5, 9, 7}) {
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
		f, err := s.Field(t.Context(), 1, 90)
		if err != nil || !slices.Equal(f.Options.ChoiceIDs, []int64{1, 2}) {
			t.Fatalf("%v, %v", f, err)
		}
		if f, err = s.Update(t.Context(), 1, form.Update{ID: 90, Choices: opt.Some([]string{"y", "z", "x"})}); err != nil || !slices.Equal(f.Options.ChoiceIDs, []int64{2, 3, 1}) {
			t.Fatalf("%v, %v", f, err)
		}
	})
}

func TestFormIsInTheOrderOfShoppers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := formWorld(t, db)
		if _, err := s.Create(t.Context(), 1, form.Field{Form: "address", Name: "Floor", Type: "number", Options: form.Options{SortOrder: 5}}); err != nil {
			t.Fatal(err)
		}
		fields, err := s.Form(context.Background(), 1, form.Address, "")
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, f := range fields {
			names = append(names, f.Name)
		}
		if want := []string{"FirstName", "LastName", "Floor", "CompanyName"}; !slices.Equal(names[:4], want) {
			t.Errorf("%q", names)
		}
		if other, err := s.Form(context.Background(), 2, form.Address, ""); err != nil || len(other) != 0 {
			t.Errorf("another store's form: %v, %v", other, err)
		}
	})
}

func TestCheck(t *testing.T) {
	fields := form.Form{
		{ID: 8, Name: "AddressLine1", Form: "address", Type: "text", Required: true},
		{ID: 26, Name: "Note", Type: "text", Required: true, Options: form.Options{MaxLength: 3}},
		{ID: 27, Name: "Age", Type: "number", Options: form.Options{Min: "18", Max: "99"}},
		{ID: 28, Name: "Day", Type: "date", Options: form.Options{Min: "2020-01-01"}},
		{ID: 29, Name: "Size", Type: "dropdown", Options: form.Options{Choices: []string{"S", "M"}, ChoiceIDs: []int64{1, 2}}},
		{ID: 30, Name: "Likes", Type: "checkbox", Required: true, Options: form.Options{Choices: []string{"a", "b"}, ChoiceIDs: []int64{4, 3}}},
		{ID: 31, Name: "Pin", Type: "password", Required: true},
	}
	in := func(id int64, v form.Value, types ...string) form.Input {
		return form.Input{FieldID: id, Value: v, Types: types}
	}
	full := []form.Input{
		in(26, form.Text("abc")), in(27, form.Number("18")), in(28, form.Text("2020-01-01")),
		in(29, form.Choices([]int64{2})), in(30, form.Choices([]int64{3, 4})), in(31, form.Text("x")),
	}
	with := func(changed ...form.Input) []form.Input {
		out := slices.Clone(full)
		for _, one := range changed {
			i := slices.IndexFunc(out, func(o form.Input) bool { return o.FieldID == one.FieldID })
			if i < 0 {
				out = append(out, one)
			} else {
				out[i] = one
			}
		}
		return out
	}
	none := []string{"26 required", "30 required", "31 required"}
	for name, test := range map[string]struct {
		in     []form.Input
		extent form.Extent
		want   []string
	}{
		"all good":         {in: full, extent: form.Whole},
		"by name":          {in: []form.Input{{Name: " NOTE ", Value: form.Text("a")}}},
		"nothing":          {extent: form.Whole, want: none},
		"nothing, yet":     {extent: form.Part},
		"nothing, ever":    {extent: form.Free},
		"again, nothing":   {extent: form.Again, want: []string{"26 required", "30 required"}},
		"again, no pin":    {in: full[:5], extent: form.Again},
		"again, one":       {in: full[:1], extent: form.Again, want: []string{"30 required"}},
		"blanks":           {in: with(in(26, form.Text("  ")), in(30, form.Texts(nil)), in(31, form.Text("")), in(27, form.Text("")), in(29, form.Choices(nil))), extent: form.Whole, want: none},
		"kept pin":         {in: with(in(31, form.Text(""))), extent: form.Part},
		"cleared":          {in: []form.Input{in(26, form.Text(""))}, extent: form.Part, want: []string{"26 required"}},
		"cleared by apps":  {in: []form.Input{in(26, form.Text("")), in(31, form.Text(""))}, want: []string{"26 required"}},
		"blank of apps":    {in: []form.Input{in(26, form.Text(" \t"))}, want: []string{"26 required"}},
		"limits":           {in: with(in(26, form.Text("abcd")), in(27, form.Number("17.9")), in(28, form.Text("2019-12-31"))), want: []string{"26 bad_format", "27 bad_format", "28 bad_format"}},
		"types":            {in: with(in(26, form.Texts([]string{"a"})), in(27, form.Text("x")), in(28, form.Text("tomorrow")), in(30, form.Number("7"))), want: []string{"26 bad_format", "27 bad_format", "28 bad_format", "30 bad_format"}},
		"no value":         {in: with(in(26, form.Other())), want: []string{"26 bad_format"}},
		"no number":        {in: with(in(27, form.Number("NaN"))), want: []string{"27 bad_format"}},
		"another type":     {in: with(in(26, form.Text("a"), form.MultilineField), in(29, form.Choices([]int64{1}), form.RadioField, form.DropdownField)), want: []string{"26 wrong_type"}},
		"choices":          {in: with(in(29, form.Choices([]int64{1, 2})), in(30, form.Choices([]int64{3, 9}))), want: []string{"29 too_many_items", "30 unknown"}},
		"no choice":        {in: with(in(29, form.Text("XXL"))), want: []string{"29 bad_format"}},
		"choices by id":    {in: with(in(29, form.Text("2").OrChoiceIDs()), in(30, form.Texts([]string{"4", "b"}).OrChoiceIDs()))},
		"a number by id":   {in: with(in(29, form.Number("2").OrChoiceIDs()))},
		"no choice's id":   {in: with(in(29, form.Text("2"))), want: []string{"29 bad_format"}},
		"built-in":         {in: with(in(8, form.Text("x"))), want: []string{"8 unknown"}},
		"unknown":          {in: with(in(99, form.Text("x"))), want: []string{"99 unknown"}},
		"unknown name":     {in: []form.Input{{Name: "Nope"}}, want: []string{"0 unknown"}},
		"built-in by name": {in: []form.Input{{Name: "AddressLine1"}}, want: []string{"0 unknown"}},
		"twice":            {in: append(slices.Clone(full), full[0]), want: []string{"26 duplicate"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := fault.Collector{}
			stored := fields.Check(&c, test.extent, test.in)
			var got []string
			for _, it := range c.Items {
				got = append(got, strconv.FormatInt(it.FormField, 10)+" "+string(it.Code))
				if it.Field != form.Values {
					t.Errorf("at %q", it.Field)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("%q, want %q", got, test.want)
			}
			for _, v := range stored {
				// An empty password is none: the stored one stays.
				if empty := name == "kept pin" || name == "cleared by apps"; v.Stays() != (empty && v.Field.ID == 31) {
					t.Errorf("that field %d stays is %v", v.Field.ID, v.Stays())
				}
			}
			if missing := len(test.want); (test.in == nil || test.extent == form.Again) && missing > 0 {
				return
			} else if len(stored) != len(test.in)-missing {
				t.Errorf("%d values of %d are good, %d faults", len(stored), len(test.in), missing)
			}
		})
	}
}

func TestCheckOwn(t *testing.T) {
	fields := form.Form{{ID: form.Company, Required: true}, {ID: form.Phone}, {ID: form.Address2, Required: true}, {ID: form.FirstName, Required: true}}
	absent := opt.Field[string]{}
	for name, test := range map[string]struct {
		own    map[int64]opt.Field[string]
		extent form.Extent
		want   []string
	}{
		"whole":    {map[int64]opt.Field[string]{form.Company: opt.Some(" "), form.Phone: opt.Some(""), form.Address2: absent}, form.Whole, []string{"company", "address2"}},
		"part":     {map[int64]opt.Field[string]{form.Company: opt.Some(""), form.Address2: absent}, form.Part, []string{"company"}},
		"again":    {map[int64]opt.Field[string]{form.Company: opt.Some(""), form.Address2: absent}, form.Again, []string{"company"}},
		"free":     {map[int64]opt.Field[string]{form.Company: opt.Some("")}, form.Free, nil},
		"filled":   {map[int64]opt.Field[string]{form.Company: opt.Some("C"), form.Address2: opt.Some("x")}, form.Whole, nil},
		"not here": {map[int64]opt.Field[string]{form.Phone: absent}, form.Whole, nil},
	} {
		c := fault.Collector{}
		fields.CheckOwn(&c, test.extent, test.own)
		var got []string
		for _, it := range c.Items {
			got = append(got, string(it.Field))
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestRangesAndDays(t *testing.T) {
	field := func(typ, least, most string) form.Field {
		return form.Field{Form: form.Customer, Name: "X", Type: typ, Options: form.Options{Min: least, Max: most}}
	}
	for name, test := range map[string]struct {
		field form.Field
		good  bool
	}{
		"one number":    {field(form.NumberField, "5", "5"), true},
		"one day":       {field(form.DateField, "2024-05-14", "2024-05-14"), true},
		"no number":     {field(form.NumberField, "5", "4.9"), false},
		"no day":        {field(form.DateField, "2024-05-14", "2024-05-13"), false},
		"only the most": {field(form.NumberField, "", "-1"), true},
	} {
		err := form.CheckField(test.field)
		if (err == nil) != test.good {
			t.Errorf("%s: %v", name, err)
		}
		if f := fault.As(err); f != nil && (len(f.Items) != 1 || f.Items[0].Field != form.FieldMax) {
			t.Errorf("%s: %+v", name, f.Items)
		}
	}
	// The first and the last day count whole, in UTC.
	fields := form.Form{field(form.DateField, "2024-05-14", "2024-05-15")}
	fields[0].ID = 26
	for day, good := range map[string]bool{
		"2024-05-13T23:59:59Z": false, "2024-05-14": true, "2024-05-14T00:00:00Z": true, "2024-05-15": true, "2024-05-15T10:30:00Z": true,
		"2024-05-15T23:59:59Z": true, "2024-05-15T23:30:00-01:00": false, "2024-05-14T00:30:00+01:00": false, "2024-05-16": false,
	} {
		c := fault.Collector{}
		fields.Check(&c, form.Free, []form.Input{{FieldID: 26, Value: form.Text(day)}})
		if (len(c.Items) == 0) != good {
			t.Errorf("%s: %+v", day, c.Items)
		}
	}
}

// A field keeps its form and its type. Of a built-in one the label and the place
// may change, and whether it is required where nothing else depends on it.
func TestWhatOfAFieldStays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := formWorld(t, db)
		own, err := s.Create(t.Context(), 1, form.Field{Form: form.Customer, Name: "Size", Type: form.TextField})
		if err != nil {
			t.Fatal(err)
		}
		for name, test := range map[string]struct {
			in   form.Update
			want fault.Reason
		}{
			"another type":       {form.Update{ID: own.ID, Type: opt.Some(form.NumberField)}, form.WhyTypeStays},
			"its type":           {form.Update{ID: own.ID, Type: opt.Some(form.TextField)}, ""},
			"another form":       {form.Update{ID: own.ID, Form: opt.Some(form.Address)}, form.WhyFormStays},
			"its form":           {form.Update{ID: own.ID, Form: opt.Some(form.Customer)}, ""},
			"required":           {form.Update{ID: own.ID, Required: opt.Some(true)}, ""},
			"email not required": {form.Update{ID: form.Email, Required: opt.Some(false)}, form.WhyBuiltInRequired},
			"phone required":     {form.Update{ID: form.Phone, Required: opt.Some(true)}, ""},
			"phone not required": {form.Update{ID: form.Phone, Required: opt.Some(false)}, ""},
			"phone renamed":      {form.Update{ID: form.Phone, Name: opt.Some("Fax")}, form.WhyBuiltInName},
			"label of the phone": {form.Update{ID: form.Phone, Label: opt.Some("Mobile")}, ""},
			"longer phone":       {form.Update{ID: form.Phone, MaxLength: opt.Some[int64](9)}, form.WhyBuiltIn},
		} {
			_, err := s.Update(t.Context(), 1, test.in)
			var got fault.Reason
			if f := fault.As(err); f != nil && f.Kind == fault.Invalid && len(f.Items) == 1 {
				got = f.Items[0].Why
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if got != test.want {
				t.Errorf("%s: %q, want %q", name, got, test.want)
			}
		}
	})
}

// A store has five hundred fields of its own at most, the built-in ones not
// counted.
func TestAStoreHasFiveHundredFields(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := formWorld(t, db)
		put := func(i int) error {
			return db.Write(t.Context(), 1, func(tx *sqldb.Tx) error {
				return form.Put(tx, form.Field{Form: form.Customer, Name: strconv.Itoa(i), Type: form.TextField}, 1)
			})
		}
		err := db.Write(t.Context(), 1, func(tx *sqldb.Tx) error {
			for i := range 499 {
				if err := form.Put(tx, form.Field{Form: form.Customer, Name: strconv.Itoa(i), Type: form.TextField}, 1); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		last, err := s.Create(t.Context(), 1, form.Field{Form: form.Address, Name: "last", Type: form.TextField})
		if err != nil {
			t.Fatalf("the last one: %v", err)
		}
		_, err = s.Create(t.Context(), 1, form.Field{Form: form.Address, Name: "more", Type: form.TextField})
		for _, err := range []error{err, put(500)} {
			if f := fault.As(err); f == nil || len(f.Items) != 1 || f.Items[0].Code != fault.TooManyItems {
				t.Errorf("one too many: %v", err)
			}
		}
		if err := put(0); err != nil {
			t.Errorf("one that there is: %v", err)
		}
		if err := s.Delete(t.Context(), 1, last.ID); err != nil {
			t.Fatal(err)
		}
		if err := put(500); err != nil {
			t.Errorf("in the place of one that is gone: %v", err)
		}
	})
}
