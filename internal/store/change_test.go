package store_test

import (
	"strings"
	"sync"
	"testing"

	"clientele/internal/fault"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
	"clientele/internal/words"
)

func TestChangeSettings(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := store.NewService(db, system.Real())
		for _, hash := range []string{"aaa", "bbb"} {
			if _, err := s.Create(t.Context(), hash, "", "https://"+hash+".example"); err != nil {
				t.Fatal(err)
			}
		}
		change := func(c map[string]any) *store.Settings {
			t.Helper()
			out, err := s.ChangeSettings(t.Context(), 1, c)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		got := change(map[string]any{"timezone": "Europe/London", "storefront": map[string]any{"guest_checkout": false, "password": map[string]any{"minimum_password_length": 9}}})
		if got.Timezone != "Europe/London" || *got.Storefront.GuestCheckout || *got.Storefront.Password.MinimumLength != 9 || !*got.Storefront.Registration {
			t.Errorf("%+v", got)
		}
		got = change(map[string]any{"timezone": nil, "storefront": map[string]any{"locales": []any{"en", "fr"}, "password": map[string]any{"minimum_numbers": 2}}})
		if got.Timezone != "UTC" || *got.Storefront.GuestCheckout || *got.Storefront.Password.MinimumLength != 9 || *got.Storefront.Password.MinimumNumbers != 2 || strings.Join(got.Storefront.Locales, " ") != "en fr" {
			t.Errorf("%+v", got)
		}
		for _, c := range []struct {
			change map[string]any
			want   string
		}{
			{map[string]any{"guests": true}, `there is no setting "guests"`},
			{map[string]any{"storefront": map[string]any{"guests": true}}, `there is no setting "guests"`},
			{map[string]any{"storefront": map[string]any{"guest_checkout": "no"}}, "storefront.guest_checkout: a string is not what this setting takes"},
			{map[string]any{"storefront": 7}, "storefront: a number is not what this setting takes"},
			{map[string]any{"timezone": "Moon"}, `timezone: "Moon" is no time zone, such as Europe/London`},
			{map[string]any{"storefront": map[string]any{"password": map[string]any{"minimum_password_length": 0}}}, "storefront.password.minimum_password_length: must be between 7 and 64"},
			{map[string]any{"storefront": map[string]any{"recaptcha": map[string]any{"enabled": true}}}, "storefront.recaptcha.enabled: needs site_key and secret_key"},
		} {
			if _, err := s.ChangeSettings(t.Context(), 1, c.change); fault.As(err) == nil || words.Terminal.Told(err).Error() != c.want {
				t.Errorf("%v: %v, want %s", c.change, err, c.want)
			}
		}
		if other, err := s.Settings(t.Context(), 2); err != nil || !*other.Storefront.GuestCheckout {
			t.Errorf("the other store: %+v, %v", other, err)
		}
		if _, err := s.ChangeSettings(t.Context(), 9, map[string]any{}); err == nil {
			t.Error("a store that is not there has settings")
		}
		// Changes at once do not undo each other.
		var wg sync.WaitGroup
		for _, key := range []string{"phone", "address", "first_name", "last_name"} {
			wg.Go(func() {
				if _, err := s.ChangeSettings(t.Context(), 2, map[string]any{key: "x"}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if o, err := s.Settings(t.Context(), 2); err != nil || o.Phone+o.Address+o.FirstName+o.LastName != "xxxx" {
			t.Errorf("%+v, %v", o, err)
		}
	})
}
