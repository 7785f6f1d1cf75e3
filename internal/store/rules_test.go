package store_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"clientele/internal/fault"
	"clientele/internal/seed"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
	"clientele/internal/words"
)

// bad are settings that take nonsense nowhere, good ones that are taken, by
// their dotted keys.
var (
	bad = map[string][]any{
		"domain":                       {"shop.example.com/path", "a b", "user@shop.example", ":80"},
		"secure_url":                   {"shop", "shop.example.com", "ftp://shop.example.com", "https://", "https://user:secret@shop.example.com", "javascript:alert(1)"},
		"control_panel_base_url":       {"foo"},
		"status":                       {"foo", "Live", "launched"},
		"country_code":                 {"QQ", "us", "USA", "United States"},
		"admin_email":                  {"foo", "a@example..com", "Shop <shop@example.com>"},
		"order_email":                  {"foo"},
		"favicon_url":                  {"foo", "//cdn.example.com/icon.png", "data:,"},
		"logo_url":                     {"foo", "/logo.png", "https://cdn.example.com/a b.png"},
		"timezone":                     {"Moon", "Local", "EST5"},
		"language":                     {"xx", "english", "en US", "und", "12", strings.Repeat("en-", 20) + "US"},
		"currency":                     {"ZZZ", "usd", "XXX", "$"},
		"currency_symbol_location":     {"middle"},
		"decimal_separator":            {"comma"},
		"thousands_separator":          {"comma"},
		"decimal_places":               {-1, 5},
		"weight_units":                 {"Stones", "ounces"},
		"dimension_units":              {"Feet"},
		"display_date_format":          {strings.Repeat("Y", 256)},
		"export_date_format":           {strings.Repeat("Y", 256)},
		"extended_display_date_format": {strings.Repeat("Y", 256)},
		"currency_symbol":              {strings.Repeat("$", 256)},
		"first_name":                   {strings.Repeat("x", 256), "a\x00"},
		"last_name":                    {strings.Repeat("x", 256)},
		"address":                      {strings.Repeat("x", 1001)},
		"phone":                        {strings.Repeat("1", 256)},
		"plan_name":                    {strings.Repeat("x", 256)},
		"plan_level":                   {strings.Repeat("x", 256)},
		"industry":                     {strings.Repeat("x", 256)},
		"storefront.password.minimum_password_length":                {0, 1, 6, 65, -1},
		"storefront.password.minimum_numbers":                        {0, 33},
		"storefront.password.minimum_special_characters":             {-1, 33},
		"storefront.recaptcha.enabled":                               {true}, // without keys
		"storefront.recaptcha.verify_url":                            {"foo"},
		"storefront.recaptcha.site_key":                              {strings.Repeat("k", 256)},
		"storefront.recaptcha.secret_key":                            {strings.Repeat("k", 256)},
		"storefront.recaptcha.failed_login_lockout_duration_seconds": {-1},
		"storefront.shopper_inactivity_duration_seconds":             {-1, 59, 34560001},
		"storefront.current_customer_algorithm":                      {"none", "hs256"},
		"storefront.shop_url":                                        {"foo", "/", "//shop.example.com", "javascript:alert(1)", "https://shop.example.com\\@evil.example", "https://shop.example.com@evil.example", "https:shop.example.com", "https://shop.example.com:65536", "https://shop.example.com:0"},
		"storefront.theme_color":                                     {"red", "#fff"},
		"storefront.status_message":                                  {strings.Repeat("x", 2001)},
		"storefront.robots_txt":                                      {strings.Repeat("x", 65537)},
		"storefront.locales":                                         {[]any{"de", "xx"}, []any{"de", "de"}, []any{"de", "DE"}, []any{"pt-BR", "pt_br"}, slices.Repeat([]any{"de"}, 101)},
		"migration.upstream":                                         {"foo", "https://api.example.com", "https://api.example.com/stores/", "https://api.example.com/stores/a/v3", "https://api.example.com/stores/a?x=1", "https://user@api.example.com/stores/a", "https://api.example.com/stores/a"}, // the last without a token
		"migration.token":                                            {strings.Repeat("k", 256)},
		"migration.until":                                            {"soon", "2027-02-30", "31.03.2027"},
	}
	good = map[string][]any{
		"domain":                   {"shop.example.com", "localhost:8080", "münchen.example"},
		"secure_url":               {"https://shop.example.com:8443/eu", "http://[::1]:8080"},
		"status":                   {"live", "trial", "pre_launch", "maintenance", "down_for_maintenance", "hibernation"},
		"country_code":             {"PT", "XK"},
		"admin_email":              {"a@münchen.de"},
		"logo_url":                 {"http://cdn.example.com/logo.png?v=1"},
		"timezone":                 {"Europe/Lisbon", "UTC"},
		"language":                 {"de", "pt-BR", "pt_BR", "zh-Hant-TW", "it"},
		"currency":                 {"EUR", "LSL", "JPY"},
		"decimal_separator":        {","},
		"decimal_places":           {0, 4},
		"weight_units":             {"KGS"},
		"dimension_units":          {"Centimeters"},
		"currency_symbol_location": {"right"},
		"storefront.shop_url":      {"https://shop.example.com", "https://shop.example.com:65535", "https://shop.example.com:8443/de/?from=account#top"},
		"storefront.password.minimum_password_length": {7, 64},
		"storefront.locales":                          {[]any{"en", "fr-CA"}, []any{}},
		"migration.until":                             {"2027-03-31"},
	}
)

// setting returns a tree of settings with one at a dotted key.
func setting(key string, value any) map[string]any {
	names := strings.Split(key, ".")
	for i := len(names) - 1; i > 0; i-- {
		value = map[string]any{names[i]: value}
	}
	return map[string]any{names[0]: value}
}

// Every door refuses the same settings, in words that name the setting, and
// keeps what was there.
func TestSettingsTakeNoNonsense(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		sys := system.Real()
		stores := store.NewService(db, sys)
		st, err := stores.Create(t.Context(), "one", "", "https://one.example")
		if err != nil {
			t.Fatal(err)
		}
		before, err := stores.Settings(t.Context(), st.ID)
		if err != nil {
			t.Fatal(err)
		}
		planted := &seed.Applier{DB: db, System: sys, Stores: stores}
		sow := func(key string, value any) error {
			doc, err := seed.Parse(fmt.Appendf(nil, "stores:\n  - hash: one\n    settings:\n      %s", yamlOf(key, value)))
			if err != nil {
				t.Fatalf("%s: %v", key, err)
			}
			_, err = planted.Apply(t.Context(), doc)
			return err
		}
		for _, key := range slices.Sorted(maps.Keys(bad)) {
			for _, value := range bad[key] {
				_, err := stores.ChangeSettings(t.Context(), st.ID, setting(key, value))
				if f := fault.As(err); f == nil || f.Kind != fault.Invalid || !strings.HasPrefix(words.Terminal.Text(f), key+": ") {
					t.Errorf("%s = %v is changed to: %v", key, value, err)
				}
				if err := sow(key, value); err == nil || !strings.Contains(err.Error(), key+": ") || !strings.HasPrefix(err.Error(), "line ") {
					t.Errorf("%s = %v is seeded: %v", key, value, err)
				}
			}
		}
		now, err := stores.Settings(t.Context(), st.ID)
		if err != nil || !reflect.DeepEqual(now, before) {
			t.Errorf("the settings are %+v, were %+v: %v", now, before, err)
		}
		for _, key := range slices.Sorted(maps.Keys(good)) {
			for _, value := range good[key] {
				if _, err := stores.ChangeSettings(t.Context(), st.ID, setting(key, value)); err != nil {
					t.Errorf("%s = %v: %v", key, value, words.Terminal.Told(err))
				}
				if err := sow(key, value); err != nil {
					t.Errorf("%s = %v is not seeded: %v", key, value, err)
				}
			}
		}
	})
}

// yamlOf writes a setting as YAML in one line.
func yamlOf(key string, value any) string {
	names := strings.Split(key, ".")
	text := fmt.Sprintf("%v", value)
	switch v := value.(type) {
	case string:
		text = fmt.Sprintf("%q", v)
	case []any:
		text = strings.ReplaceAll(text, " ", ", ")
	}
	return strings.Join(names, ": {") + ": " + text + strings.Repeat("}", len(names)-1)
}

// What is wrong is told with the line of the setting.
func TestSeedTellsTheLineOfASetting(t *testing.T) {
	db := dbtest.Open(t, sqldb.SQLite)
	stores := store.NewService(db, system.Real())
	text := "stores:\n  - hash: one\n    settings:\n      phone: '1'\n      storefront:\n        password:\n          minimum_password_length: 1\n"
	file := filepath.Join(t.TempDir(), "seed.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	doc, err := seed.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	_, err = (&seed.Applier{DB: db, System: system.Real(), Stores: stores}).Apply(t.Context(), doc)
	if want := "line 7: store one: settings: storefront.password.minimum_password_length: must be between 7 and 64"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// A store that has nonsense from before these rules can change everything
// else, and what it has does not come back once it is mended.
func TestNonsenseFromBefore(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		stores := store.NewService(db, system.Real())
		st, err := stores.Create(t.Context(), "one", "", "https://one.example")
		if err != nil {
			t.Fatal(err)
		}
		plant := sqldb.Dynamic(`INSERT INTO store_settings (store_id, settings) VALUES ($1, $2)`)
		if err := db.Write(t.Context(), st.ID, func(tx *sqldb.Tx) error {
			return tx.Exec(plant, `{"currency":"ZZZ","status":"Down for Maintenance","storefront":{"password":{"minimum_password_length":3}}}`)
		}); err != nil {
			t.Fatal(err)
		}
		got, err := stores.ChangeSettings(t.Context(), st.ID, map[string]any{"phone": "7", "currency": "ZZZ"})
		if err != nil || got.Phone != "7" || got.Currency != "ZZZ" || got.Standing() != store.Maintenance || !got.Down() {
			t.Fatalf("%+v, %v", got, err)
		}
		if _, err := stores.ChangeSettings(t.Context(), st.ID, map[string]any{"currency": "ZZY"}); err == nil {
			t.Error("another nonsense is taken")
		}
		if _, err := stores.ChangeSettings(t.Context(), st.ID, map[string]any{"currency": "EUR"}); err != nil {
			t.Fatal(err)
		}
		if _, err := stores.ChangeSettings(t.Context(), st.ID, map[string]any{"currency": "ZZZ"}); err == nil {
			t.Error("the nonsense came back")
		}
	})
}

func TestNamesOfStores(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		stores := store.NewService(db, system.Real())
		for _, name := range []string{" ", "a\nb", "\x00", strings.Repeat("x", 256), "\xff"} {
			if _, err := stores.Create(t.Context(), "one", name, ""); fault.As(err) == nil {
				t.Errorf("a store is named %q: %v", name, err)
			}
		}
		st, err := stores.Create(t.Context(), "one", "Crème & Söhne", "")
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Write(t.Context(), 0, func(tx *sqldb.Tx) error { return store.RenameTx(tx, st.ID, " ") }); fault.As(err) == nil {
			t.Errorf("a store is renamed to nothing: %v", err)
		}
	})
}

// One mark that a store sets leaves the other one to the other use: money is
// never written with the same mark twice.
func TestOneSeparatorIsSet(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		stores := store.NewService(db, system.Real())
		st, err := stores.Create(t.Context(), "one", "", "https://one.example")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			decimal, thousands any
			want               string
		}{{",", "", "$1.234,50"}, {"", ".", "$1.234,50"}, {"", "'", "$1'234.50"}, {",", " ", "$1 234,50"}, {"", "", "$1,234.50"}} {
			if _, err := stores.ChangeSettings(t.Context(), st.ID, map[string]any{"decimal_separator": c.decimal, "thousands_separator": c.thousands}); err != nil {
				t.Fatal(err)
			}
			s, err := stores.Settings(t.Context(), st.ID)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Price(123450, 2); got != c.want {
				t.Errorf("%v and %v: %s, want %s", c.decimal, c.thousands, got, c.want)
			}
		}
	})
}

// Amounts are written exactly, however large, and rounded half away from zero.
func TestPricesAreExact(t *testing.T) {
	for _, c := range []struct {
		amount int64
		places int
		want   string
	}{
		{99_999_999_999_999, 4, "$9,999,999,999.9999"}, {1_000_000_000_000_001, 4, "$100,000,000,000.0001"}, {90_071_992_547_409_931, 4, "$9,007,199,254,740.9931"},
		{10_050, 2, "$1.01"}, {25_00_50, 2, "$25.01"}, {-12_345_050, 2, "-$1,234.51"}, {-49, 2, "$0.00"}, {5_000, 0, "$1"},
	} {
		s := store.Settings{CurrencySymbol: "$", ThousandsMark: ",", DecimalSeparator: ".", DecimalPlaces: &c.places}
		if got := s.Price(c.amount, 4); got != c.want {
			t.Errorf("%d: %s, want %s", c.amount, got, c.want)
		}
	}
}

// Settings that are good by themselves may not go together.
func TestSettingsThatDoNotGoTogether(t *testing.T) {
	mark := func(decimal, thousands string) store.Settings {
		return store.Settings{DecimalSeparator: decimal, ThousandsMark: thousands}
	}
	robots := func(enabled bool, site, secret string) store.Settings {
		var s store.Settings
		s.Storefront.ReCaptcha.Enabled, s.Storefront.ReCaptcha.SiteKey, s.Storefront.ReCaptcha.SecretKey = enabled, site, secret
		return s
	}
	for _, c := range []struct {
		settings store.Settings
		want     fault.Field // that is wrong; "" for none
	}{
		{mark(".", ","), ""}, {mark(",", "."), ""}, {mark("", ""), ""}, {mark(",", ","), store.FieldThousandsSeparator}, {mark(".", "."), store.FieldThousandsSeparator},
		{robots(true, "site", "secret"), ""}, {robots(false, "site", ""), ""}, {robots(false, "", ""), ""},
		{robots(true, "site", ""), store.FieldRecaptchaEnabled}, {robots(true, "", "secret"), store.FieldRecaptchaEnabled}, {robots(true, "", ""), store.FieldRecaptchaEnabled},
	} {
		err := c.settings.Check()
		var got fault.Field
		if f := fault.As(err); f != nil && len(f.Items) == 1 {
			got = f.Items[0].Field
		}
		if (err == nil) != (c.want == "") || got != c.want {
			t.Errorf("%+v: %v, want a fault of %q", c.settings, err, c.want)
		}
	}
}

// Shoppers are kept out of a store that is down or asleep, and of no other.
func TestStandings(t *testing.T) {
	for status, want := range map[string]struct {
		standing store.Standing
		down     bool
	}{
		"live": {store.Launched, false}, "": {store.Launched, false}, "anything": {store.Launched, false},
		"pre_launch": {store.PreLaunch, false}, "prelaunch": {store.PreLaunch, false}, "Pre Launch": {store.PreLaunch, false}, "trial": {store.PreLaunch, false},
		"maintenance": {store.Maintenance, true}, "down": {store.Maintenance, true}, "closed": {store.Maintenance, true}, "DOWN FOR MAINTENANCE": {store.Maintenance, true},
		"hibernation": {store.Hibernation, true}, "Hibernated": {store.Hibernation, true},
	} {
		s := store.Settings{Status: status}
		if s.Standing() != want.standing || s.Down() != want.down {
			t.Errorf("%q: %s, down %v", status, s.Standing(), s.Down())
		}
	}
}
