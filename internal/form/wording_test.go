package form_test

import (
	"fmt"
	"strings"
	"testing"

	"clientele/internal/form"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// Fields are worded by themselves: what is wrong with one stays with it.
func TestWord(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := formWorld(t, db)
		ctx := t.Context()
		made, err := s.Create(ctx, 1, form.Update{
			Form: opt.Some(form.Customer), Name: opt.Some("Tint"), Type: opt.Some(form.DropdownField), Choices: opt.Some([]string{"Red", "Blue"}),
			Translations: map[string]*form.Translate{"de": {Label: opt.Some("Farbe"), Placeholder: opt.Some("Bitte")}, "fr-CA": {Label: opt.Some("Couleur")}},
		}.Definition())
		if err != nil {
			t.Fatal(err)
		}
		shown := func(of, tag string) string {
			t.Helper()
			fields, err := s.Translated(ctx, 1, of, tag)
			if err != nil {
				t.Fatal(err)
			}
			out := ""
			for _, f := range fields {
				if f.Form != of {
					t.Errorf("%d is of the form %s", f.ID, f.Form)
				}
				for tag, is := range f.Translations {
					out += fmt.Sprintf("%d %s %q %q %v ", f.ID, tag, is.Label, is.Placeholder, is.Choices)
				}
			}
			return strings.TrimSpace(out)
		}
		out, err := s.Word(ctx, 1, form.Customer, "de", []form.Wording{
			{ID: 999, Label: opt.Some("x")},
			{ID: form.City, Label: opt.Some("Ort")}, // of the other form
			{ID: made.ID, Choices: map[string]string{"Red": "Rot", "Pink": "Rosa", "Green": ""}},
			{ID: form.Email, Label: opt.Some(strings.Repeat("x", 10_000))},
			{ID: form.Password, Label: opt.Some("Kennwort")},
			{ID: made.ID},
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{"missing", "missing", "[Green Pink]", "refused", "[]", "[]"} {
			got := fmt.Sprint(out[i].Unknown)
			if out[i].Missing {
				got = "missing"
			}
			if out[i].Err != nil {
				got = "refused"
			}
			if got != want {
				t.Errorf("%d: %s (%v), want %s", i, got, out[i].Err, want)
			}
		}
		if got, want := shown(form.Customer, "de"), fmt.Sprintf(`2 de "Kennwort" "" map[] %d de "Farbe" "Bitte" map[Red:Rot]`, made.ID); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if got := shown(form.Address, "de"); got != "" {
			t.Error(got)
		}
		if got := shown(form.Customer, "fr"); got != "" {
			t.Errorf("another language stands in: %s", got)
		}
		if _, err := s.Word(ctx, 1, form.Customer, "de", []form.Wording{{ID: made.ID, Label: opt.Some(""), Choices: map[string]string{"Red": ""}}, {ID: form.Password, Label: opt.Some("")}}); err != nil {
			t.Fatal(err)
		}
		if got, want := shown(form.Customer, "de"), fmt.Sprintf(`%d de "" "Bitte" map[]`, made.ID); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}
