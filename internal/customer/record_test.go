package customer_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/form"
	"clientele/internal/history"
	"clientele/internal/history/historytest"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// recorded holds what was recorded since the last call to what is expected.
func recorded(w *world, last *int64, what string, want ...string) {
	w.t.Helper()
	got := historytest.Lines(w.t, w.db, w.mine, *last)
	if !slices.Equal(got, want) {
		w.t.Errorf("%s: the history says\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	*last = historytest.Last(w.t, w.db, w.mine)
}

// fieldOf returns the id of a form field that values are of.
func fieldOf(w *world, values []customer.FormValue, name string) string {
	w.t.Helper()
	for _, v := range values {
		if v.Name == name {
			return strconv.FormatInt(v.FieldID, 10)
		}
	}
	w.t.Fatalf("no value of %s", name)
	return ""
}

func TestHistoryOfCustomers(t *testing.T) {
	each(t, func(w *world) {
		last := historytest.Last(t, w.db, w.mine)
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		party := password.Party{StoreID: w.mine}
		create := named("jane@example.com")
		create.GroupID, create.StoreCredit, create.Notes = 2, 15_0000, "likes \"tea\""
		create.Addresses = []customer.AddressCreate{home(0, "Street 1")}
		create.Attributes = []customer.AttributeInput{{AttributeID: 1, Value: "blue"}}
		create.FormFields = []form.Input{w.field("f text", `"abc"`), w.field("f password", `"s3cret"`)}
		rows, err := w.svc.CreateFor(t.Context(), party, []customer.Create{create, named("john@example.com", 2)})
		must(err)
		text, secret := fieldOf(w, rows[0].FormFields, "f text"), fieldOf(w, rows[0].FormFields, "f password")
		recorded(w, &last, "create",
			`created customer 1: customer_group_id ->2, store_credit ->15, origin_channel_id ->1, form_fields.`+secret+` "***">"***", email ->"jane@example.com", first_name ->"Jane", last_name ->"Doe", notes ->"likes \"tea\"", form_fields.`+text+` ->"abc"`,
			`created address 1 of 1: address_type ->"residential", country_code ->"DE", first_name ->"Jane", last_name ->"Doe", address1 ->"Street 1", city ->"Berlin", state_or_province ->"Berlin", postal_code ->"10115"`,
			`created attribute_value 1 of 1: attribute_id ->1, value ->"blue"`,
			`created customer 2: origin_channel_id ->1, channel_ids ->[2], email ->"john@example.com", first_name ->"Jane", last_name ->"Doe"`,
		)
		jane := rows[0].ID

		_, err = w.svc.UpdateFor(t.Context(), party, []customer.Update{
			{ID: jane, FirstName: opt.Some("Janet"), Notes: opt.Some(""), NewPassword: opt.Some("another1")},
			{ID: rows[1].ID, LastName: opt.Some("Doe")}, // nothing changes
		})
		must(err)
		recorded(w, &last, "update", `updated customer 1: first_name "Jane">"Janet", notes "likes \"tea\"">""`, `password_changed customer 1`)

		_, err = w.svc.UpdateAddresses(t.Context(), w.mine, []customer.AddressUpdate{{ID: 1, City: opt.Some("Bonn")}})
		must(err)
		recorded(w, &last, "address", `updated address 1 of 1: city "Berlin">"Bonn"`)
		_, err = w.svc.UpdateAddresses(t.Context(), w.mine, []customer.AddressUpdate{{ID: 1, City: opt.Some("Bonn")}})
		must(err)
		recorded(w, &last, "the same address")

		_, err = w.svc.CreateAddresses(t.Context(), w.mine, []customer.AddressCreate{home(jane, "Street 2")})
		must(err)
		recorded(w, &last, "another address",
			`created address 2 of 1: address_type ->"residential", country_code ->"DE", first_name ->"Jane", last_name ->"Doe", address1 ->"Street 2", city ->"Berlin", state_or_province ->"Berlin", postal_code ->"10115"`)

		_, err = w.svc.PutAttributeValues(t.Context(), w.mine, []customer.AttributeUpsert{{CustomerID: jane, AttributeID: 1, Value: "red"}, {CustomerID: jane, AttributeID: 2, Value: "3"}})
		must(err)
		recorded(w, &last, "attribute values", `updated attribute_value 1 of 1: value "blue">"red"`, `created attribute_value 2 of 1: attribute_id ->2, value ->"3"`)

		_, err = w.svc.PutFormValues(t.Context(), w.mine, []customer.FormValueUpsert{{CustomerID: opt.Some(jane), Input: w.field("f text", `"xyz"`)}})
		must(err)
		recorded(w, &last, "form values", `updated customer 1: form_fields.`+text+` "abc">"xyz"`)

		_, err = w.svc.SetConsent(t.Context(), w.mine, jane, customer.Consent{Allow: []string{"analytics"}})
		must(err)
		recorded(w, &last, "consent", `consented customer 1: allow ->["analytics"]`)

		_, err = w.svc.SetLocale(t.Context(), w.mine, customer.Locale{CustomerID: jane, Tag: "de"})
		must(err)
		recorded(w, &last, "locale", `updated customer 1: locale ->"de"`)

		must(w.db.Write(t.Context(), w.mine, func(tx *sqldb.Tx) error { return (store.Lowest{AttributeID: 3}).Lift(tx) }))
		attributes, err := w.svc.CreateAttributes(t.Context(), w.mine, []customer.AttributeCreate{{Name: "size", Type: "string"}})
		must(err)
		_, err = w.svc.UpdateAttributes(t.Context(), w.mine, []customer.AttributeUpdate{{ID: attributes[0].ID, Name: "height"}})
		must(err)
		_, err = w.svc.DeleteAttributes(t.Context(), w.mine, customer.DeleteAttributeList.New().Where("id", listing.In, []int64{attributes[0].ID}, nil))
		must(err)
		recorded(w, &last, "attributes", `created attribute 4: name ->"size", type ->"string"`, `updated attribute 4: name "size">"height"`, `deleted attribute 4: name "height">-, type "string">-`)

		must(w.svc.DeleteAddress(t.Context(), w.mine, jane, 2))
		recorded(w, &last, "an address goes",
			`deleted address 2 of 1: address_type "residential">-, country_code "DE">-, first_name "Jane">-, last_name "Doe">-, address1 "Street 2">-, city "Berlin">-, state_or_province "Berlin">-, postal_code "10115">-`)

		must(w.svc.DeleteOne(t.Context(), w.mine, jane))
		recorded(w, &last, "a customer goes",
			`deleted address 1 of 1: address_type "residential">-, country_code "DE">-, first_name "Jane">-, last_name "Doe">-, address1 "Street 1">-, city "Bonn">-, state_or_province "Berlin">-, postal_code "10115">-`,
			`deleted attribute_value 1 of 1: attribute_id 1>-, value "red">-`,
			`deleted attribute_value 2 of 1: attribute_id 2>-, value "3">-`,
			`deleted customer 1: customer_group_id 2>-, store_credit 15>-, origin_channel_id 1>-, form_fields.`+secret+` "***">"***", email "jane@example.com">-, first_name "Janet">-, last_name "Doe">-, form_fields.`+text+` "xyz">-`)

		must(w.svc.DeleteAll(t.Context(), w.mine))
		recorded(w, &last, "all go", `deleted_all customer 0: count 1>-, up_to_id 2>-`)
		must(w.svc.DeleteAll(t.Context(), w.mine))
		recorded(w, &last, "nobody is there")
		if n := historytest.Last(t, w.db, w.other); n != 0 {
			t.Errorf("the other store has %d entries", n)
		}
	})
}

// Each customer's entry names who made the customer, also of those that were
// written in one transaction with others'.
func TestHistoryOfCreatesTogether(t *testing.T) {
	each(t, func(w *world) {
		const n = 24
		errs := make(chan error, n)
		for i := range int64(n) {
			go func() {
				ctx := history.With(context.WithoutCancel(t.Context()), &history.Origin{Surface: history.V3, Actor: history.APIAccountActor(i + 1), Address: "203.0.113.7", RequestID: strings.Repeat("0a", 16)})
				_, err := w.svc.CreateFor(ctx, password.Party{StoreID: w.mine}, []customer.Create{{Email: "c" + string(rune('a'+i)) + "@example.com", FirstName: string(rune('a' + i)), LastName: "x"}})
				errs <- err
			}()
		}
		for range n {
			if err := <-errs; err != nil {
				t.Fatal(err)
			}
		}
		entries := historytest.Entries(t, w.db, w.mine, 0)
		seen := map[int64]bool{}
		for i, e := range entries {
			name := string(rune('a' + e.Actor.ID - 1))
			if e.ID != int64(i+1) || e.Surface != history.V3 || e.Actor.Kind != history.ByAccount || e.Address != "203.0.113.7" || e.RequestID != strings.Repeat("0a", 16) ||
				!slices.Contains(e.Changes, history.Change{Field: "first_name", After: `"` + name + `"`}) {
				t.Errorf("entry %d: %+v", i, e)
			}
			seen[e.Actor.ID] = true
		}
		if len(entries) != n || len(seen) != n {
			t.Errorf("%d entries of %d accounts", len(entries), len(seen))
		}
	})
}

// What is undone leaves no entry and no gap.
func TestHistoryOfWhatFailed(t *testing.T) {
	each(t, func(w *world) {
		party := password.Party{StoreID: w.mine}
		create := func(email string) error {
			_, err := w.svc.CreateFor(t.Context(), party, []customer.Create{named(email)})
			return err
		}
		if err := create("a@example.com"); err != nil {
			t.Fatal(err)
		}
		if err := create("a@example.com"); err == nil {
			t.Fatal("the email was given twice")
		}
		if err := create("b@example.com"); err != nil {
			t.Fatal(err)
		}
		_ = w.db.Write(t.Context(), w.mine, func(tx *sqldb.Tx) error {
			if _, err := w.svc.CreateTx(tx, []customer.Create{named("c@example.com")}, []string{""}); err != nil {
				t.Error(err)
			}
			return context.Canceled
		})
		entries := historytest.Entries(t, w.db, w.mine, 0)
		if len(entries) != 2 || entries[0].ID != 1 || entries[1].ID != 2 || historytest.Last(t, w.db, w.mine) != 2 {
			t.Errorf("%+v", entries)
		}
	})
}
