package store_test

import (
	"fmt"
	"strings"
	"testing"

	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
	"clientele/internal/words"
)

// eventsAfter returns the scopes of the events of tx's store after an id, and the
// last id.
var eventsAfter = sqldb.Static(`SELECT id, scope FROM events WHERE store_id = $1 AND id > $2 ORDER BY id`)

func TestLocales(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		s := store.NewService(db, system.Real())
		for _, hash := range []string{"aaa", "bbb"} {
			if _, err := s.Create(ctx, hash, "", "https://"+hash+".example"); err != nil {
				t.Fatal(err)
			}
		}
		var last int64
		told := func() string {
			t.Helper()
			var out []string
			if err := db.Read(ctx, 1, func(tx *sqldb.Tx) error {
				out = nil
				return tx.Query(eventsAfter, func(r *sqldb.Row) error {
					last = r.Int(0)
					out = append(out, r.Text(1))
					return nil
				}, last)
			}); err != nil {
				t.Fatal(err)
			}
			return strings.Join(out, " ")
		}
		told()
		has := func(storeID int64) string {
			t.Helper()
			is, err := s.Settings(ctx, storeID)
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(is.Locales(), is.Languages())
		}
		add := func(code string, active bool) func() error {
			return func() error { _, err := s.AddLocale(ctx, 1, code, active); return err }
		}
		update := func(code string, in store.LocaleUpdate) func() error {
			return func() error { _, err := s.UpdateLocale(ctx, 1, code, in); return err }
		}
		remove := func(code string) func() error {
			return func() error { _, err := s.DeleteLocale(ctx, 1, code); return err }
		}
		active := func(v bool) store.LocaleUpdate { return store.LocaleUpdate{Active: opt.Some(v)} }
		initial := func(v bool) store.LocaleUpdate { return store.LocaleUpdate{Default: opt.Some(v)} }
		const (
			added   = event.LocaleAdded
			updated = event.LocaleUpdated
			deleted = event.LocaleDeleted
		)
		for _, c := range []struct {
			name   string
			do     func() error
			want   string // what is wrong, or else what the store has then
			scopes string
		}{
			{"no language", add("x1", true), `"x1" is no BCP 47 name of a language, such as en or pt-BR`, ""},
			{"the default once more", add("EN", true), `the store has the locale "en" already`, ""},
			{"one inactive", add("fr", false), `[{en true true} {fr false false}] [en]`, added},
			{"one active", add("pt_br", true), `[{en true true} {pt-BR false true} {fr false false}] [en pt-BR]`, added},
			{"twice", add("PT-BR", false), `the store has the locale "pt-BR" already`, ""},
			{"active now", update("FR", active(true)), `[{en true true} {pt-BR false true} {fr false true}] [en pt-BR fr]`, updated},
			{"the same again", update("fr", active(true)), `[{en true true} {pt-BR false true} {fr false true}] [en pt-BR fr]`, ""},
			{"no change", update("fr", store.LocaleUpdate{}), `[{en true true} {pt-BR false true} {fr false true}] [en pt-BR fr]`, ""},
			{"the default inactive", update("en", active(false)), "the default locale cannot be inactive", ""},
			{"no default", update("en", initial(false)), `"en" is the default locale until another one becomes it`, ""},
			{"not there", update("de", active(true)), "the store does not have this locale", ""},
			{"inactive and default", update("fr", store.LocaleUpdate{Active: opt.Some(false), Default: opt.Some(true)}), "the default locale cannot be inactive", ""},
			{"inactive again", update("fr", active(false)), `[{en true true} {pt-BR false true} {fr false false}] [en pt-BR]`, updated},
			{"an inactive default", update("fr", initial(true)), "the default locale cannot be inactive", ""},
			{"another default", update("pt-BR", initial(true)), `[{pt-BR true true} {en false true} {fr false false}] [pt-BR en]`, "store/information/updated " + updated},
			{"a fourth", add("de", true), `[{pt-BR true true} {en false true} {de false true} {fr false false}] [pt-BR en de]`, added},
			{"a fifth", add("it", false), `[{pt-BR true true} {en false true} {de false true} {fr false false} {it false false}] [pt-BR en de]`, added},
			{"a sixth", add("es", false), "at most 5 languages", ""},
			{"the default goes", remove("pt-BR"), "the default locale cannot be deleted", ""},
			{"nothing goes", remove("es"), "the store does not have this locale", ""},
			{"no language goes", remove("!"), `"!" is no BCP 47 name of a language, such as en or pt-BR`, ""},
			{"an inactive one goes", remove("it"), `[{pt-BR true true} {en false true} {de false true} {fr false false}] [pt-BR en de]`, deleted},
			{"an active one goes", remove("EN"), `[{pt-BR true true} {de false true} {fr false false}] [pt-BR de]`, deleted},
		} {
			got, err := "", c.do()
			if f := fault.As(err); f != nil {
				got = f.Message
				if len(f.Items) > 0 {
					_, got, _ = strings.Cut(words.Terminal.Told(err).Error(), ": ")
				}
			} else if err != nil {
				t.Fatal(err)
			} else {
				got = has(1)
			}
			if got != c.want {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
			scopes := strings.ReplaceAll(told(), "store/channel/1/", "")
			if scopes != c.scopes {
				t.Errorf("%s: told of %q, want %q", c.name, scopes, c.scopes)
			}
		}
		if got := has(2); got != "[{en true true}] [en]" {
			t.Error("the other store: " + got)
		}
		// The settings say the same, and are held to it.
		for _, c := range []struct{ set, want string }{
			{"fr de", `storefront.inactive_locales: "de" is given twice`},
			{"pt-br", `storefront.inactive_locales: "pt-br" is given twice`},
			{"fr FR", `storefront.inactive_locales: "FR" is given twice`},
			{"fr !", `storefront.inactive_locales: "!" is no BCP 47 name of a language, such as en or pt-BR`},
		} {
			var list []any
			for _, code := range strings.Fields(c.set) {
				list = append(list, code)
			}
			if _, err := s.ChangeSettings(ctx, 1, map[string]any{"storefront": map[string]any{"inactive_locales": list}}); fault.As(err) == nil || words.Terminal.Told(err).Error() != c.want {
				t.Errorf("%s: %v, want %s", c.set, err, c.want)
			}
		}
	})
}
