package form_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

func TestTranslations(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := formWorld(t, db)
		ctx := t.Context()
		made, err := s.Create(ctx, 1, form.Update{
			Form: opt.Some(form.Customer), Name: opt.Some("Tint"), Type: opt.Some(form.DropdownField), Label: opt.Some("Colour"), Placeholder: opt.Some("Choose"), Choices: opt.Some([]string{"Red", "Blue"}),
			Translations: map[string]*form.Translate{
				"DE":    {Label: opt.Some("Farbe"), Placeholder: opt.Some("Bitte wählen"), Choices: map[string]string{"Red": "Rot", "Blue": "Blau"}},
				"de_at": {Choices: map[string]string{"Red": "Roserl"}},
				"fr":    {},
				"es":    {Label: opt.Some(" \t"), Placeholder: opt.Some("\u00a0"), Choices: map[string]string{"Red": " "}},
			},
		}.Definition())
		if err != nil {
			t.Fatal(err)
		}
		texts := func(tag string) string {
			t.Helper()
			fields, err := s.Form(ctx, 1, form.Customer, tag)
			if err != nil {
				t.Fatal(err)
			}
			all, err := s.All(ctx, 1, tag)
			if err != nil {
				t.Fatal(err)
			}
			f, g := fields.Field(made.ID), all.Field(made.ID)
			if f == nil || g == nil {
				t.Fatalf("%q: the field is gone", tag)
			}
			out := fmt.Sprint(f.Options.Label, "/", f.Options.Placeholder, f.Options.Choices)
			for i := range f.Options.Choices {
				out += " " + f.Options.ChoiceLabel(i)
				if g.Options.ChoiceLabel(i) != f.Options.ChoiceLabel(i) || g.Options.Label != f.Options.Label {
					t.Errorf("%q: a form and all fields differ", tag)
				}
			}
			return out
		}
		want := func(when string, by map[string]string) {
			t.Helper()
			for tag, text := range by {
				if got := texts(tag); got != text {
					t.Errorf("%s, %q: %s, want %s", when, tag, got, text)
				}
			}
		}
		const plain = "Colour/Choose[Red Blue] Red Blue"
		want("made", map[string]string{"": plain, "en": plain, "fr": plain, "es": plain, "nonsense!": plain, "de": "Farbe/Bitte wählen[Red Blue] Rot Blau", "de-DE": "Farbe/Bitte wählen[Red Blue] Rot Blau", "de_AT": "Farbe/Bitte wählen[Red Blue] Roserl Blau"})
		change := func(u form.Update) (*form.Field, error) {
			u.ID = made.ID
			return s.Update(ctx, 1, u)
		}
		good := func(u form.Update) {
			t.Helper()
			if _, err := change(u); err != nil {
				t.Fatal(err)
			}
		}
		// Languages and texts that are not named stay.
		good(form.Update{Translations: map[string]*form.Translate{"fr": {Label: opt.Some("Couleur")}, "de-AT": nil, "de": {Choices: map[string]string{"Red": ""}}}})
		want("changed", map[string]string{"fr": "Couleur/Choose[Red Blue] Red Blue", "de-AT": "Farbe/Bitte wählen[Red Blue] Red Blau"})
		good(form.Update{Required: opt.Some(true)})
		want("something else changed", map[string]string{"fr": "Couleur/Choose[Red Blue] Red Blue", "de": "Farbe/Bitte wählen[Red Blue] Red Blau"})
		// A choice that goes takes its label along; one that comes has none.
		good(form.Update{Choices: opt.Some([]string{"Red", "Green"})})
		good(form.Update{Choices: opt.Some([]string{"Red", "Blue"})})
		want("choices changed", map[string]string{"de": "Farbe/Bitte wählen[Red Blue] Red Blue"})
		if f, err := s.Field(ctx, 1, made.ID); err != nil || len(f.Translations) != 2 || f.Translations["fr"].Label != "Couleur" {
			t.Errorf("%+v, %v", f, err)
		}
		before, err := s.Field(ctx, 1, made.ID)
		if err != nil {
			t.Fatal(err)
		}

		many := map[string]*form.Translate{}
		for i := range 21 {
			many[fmt.Sprint("de-x-", i)] = &form.Translate{Label: opt.Some("x")}
		}
		for name, bad := range map[string]map[string]*form.Translate{
			"no language": {"deutsch!": {Label: opt.Some("x")}}, "no language to end": {"deutsch!": nil}, "long label": {"de": {Label: opt.Some(strings.Repeat("x", 256))}},
			"NUL": {"de": {Label: opt.Some("a\x00")}}, "no choice": {"de": {Choices: map[string]string{"Purple": "Lila"}}}, "long choice": {"de": {Choices: map[string]string{"Red": strings.Repeat("x", 256)}}},
			"long placeholder": {"de": {Placeholder: opt.Some(strings.Repeat("x", 256))}}, "many": many,
		} {
			if _, err := change(form.Update{Translations: bad}); fault.As(err) == nil || fault.As(err).Kind != fault.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		if after, err := s.Field(ctx, 1, made.ID); err != nil || fmt.Sprint(after) != fmt.Sprint(before) {
			t.Errorf("what was refused changed %+v to %+v, %v", before, after, err)
		}

		// A built-in field has a label, and no more.
		if _, err := s.Update(ctx, 1, form.Update{ID: form.Company, Translations: map[string]*form.Translate{"de": {Label: opt.Some("Firma")}}}); err != nil {
			t.Fatal(err)
		}
		if f, err := s.Form(ctx, 1, form.Address, "de"); err != nil || f.BuiltIn(form.Company).Options.Label != "Firma" {
			t.Errorf("%+v, %v", f, err)
		}
		if _, err := s.Update(ctx, 1, form.Update{ID: form.Country, Translations: map[string]*form.Translate{"de": {Placeholder: opt.Some("Land")}}}); fault.As(err) == nil || fault.As(err).Kind != fault.Invalid {
			t.Errorf("placeholder of a built-in field: %v", err)
		}

		// A seed that says nothing of it leaves it alone.
		put := func(f form.Field) {
			t.Helper()
			if err := db.Write(ctx, 1, func(tx *sqldb.Tx) error { return form.Put(tx, f, 9) }); err != nil {
				t.Fatal(err)
			}
		}
		again := form.Field{Form: form.Customer, Name: "tint", Type: form.DropdownField, Options: form.Options{Label: "Colour", Placeholder: "Choose", Choices: []string{"Red", "Blue"}}}
		put(again)
		want("seeded", map[string]string{"fr": "Couleur/Choose[Red Blue] Red Blue"})
		again.Translations = form.Translations{"de": {Choices: map[string]string{"Blue": "Blau"}}}
		put(again)
		want("seeded with it", map[string]string{"fr": plain, "de": "Colour/Choose[Red Blue] Red Blau"})

		// No store sees another's, and a field that goes takes it along.
		if f, err := s.Form(ctx, 2, form.Customer, "de"); err != nil || len(f) != 0 {
			t.Errorf("%+v, %v", f, err)
		}
		if err := s.Delete(ctx, 1, made.ID); err != nil {
			t.Fatal(err)
		}
		var left []int64
		if err := db.Read(ctx, 1, func(tx *sqldb.Tx) error {
			return tx.Query(sqldb.Dynamic(`SELECT field_id FROM form_field_translations WHERE store_id = $1`), func(r *sqldb.Row) error { left = append(left, r.Int(0)); return nil })
		}); err != nil || !slices.Equal(left, []int64{form.Company}) {
			t.Errorf("left of %v, %v", left, err)
		}
	})
}

// Bounds of translations: twenty languages, and a placeholder only where a
// choice is waited for.
func TestBoundsOfTranslations(t *testing.T) {
	languages := func(n int) form.Translations {
		out := form.Translations{}
		for i := range n {
			out[fmt.Sprint("de-x-", i)] = form.Translation{Label: "x"}
		}
		return out
	}
	placeholder := form.Translations{"de": {Placeholder: "x"}}
	for name, c := range map[string]struct {
		typ  string
		in   form.Translations
		want fault.Field
	}{
		"twenty":               {form.TextField, languages(20), ""},
		"one more":             {form.TextField, languages(21), form.FieldTranslations},
		"longest label":        {form.TextField, form.Translations{"de": {Label: strings.Repeat("ä", 255)}}, ""},
		"where one chooses":    {form.DropdownField, placeholder, ""},
		"where one writes":     {form.TextField, placeholder, form.FieldPlaceholder},
		"where all are shown":  {form.RadioField, placeholder, form.FieldPlaceholder},
		"a label of no choice": {form.RadioField, form.Translations{"de": {Choices: map[string]string{"x": "y"}}}, form.FieldTranslations},
	} {
		err := form.CheckField(form.Field{Form: form.Customer, Name: "X", Type: c.typ, Translations: c.in})
		var got fault.Field
		if f := fault.As(err); f != nil && len(f.Items) == 1 {
			got = f.Items[0].Field
		}
		if (err == nil) != (c.want == "") || got != c.want {
			t.Errorf("%s: %v, want a fault of %q", name, err, c.want)
		}
	}
}
