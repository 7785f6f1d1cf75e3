package setting_test

import (
	"maps"
	"testing"

	"clientele/internal/opt"
	"clientele/internal/setting"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
)

// A channel checks out as it says, then as the store says, then as the store's
// flag for guests and the defaults have it; never as another store does.
func TestChannelsInheritTheCheckout(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, sys := t.Context(), system.Real()
		stores, settings := store.NewService(db, sys), setting.NewService(db, sys)
		var ids []int64
		for _, hash := range []string{"shop", "other"} {
			st, err := stores.Create(ctx, hash, "", "")
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, st.ID)
		}
		held := func(when string, differs map[store.CheckoutName]string) {
			t.Helper()
			want := map[store.CheckoutName]string{}
			for _, name := range store.CheckoutNames() {
				want[name] = ""
				if setting.IsCheckoutFlag(name) {
					want[name] = "0"
				}
			}
			maps.Copy(want, map[store.CheckoutName]string{store.CheckoutType: "optimized", store.GuestCheckoutType: store.GuestCheckout, store.GuestCheckoutForExisting: "allow_guest", store.CheckoutPolicyConsent: "none"})
			maps.Copy(want, differs)
			got, err := settings.EffectiveCheckout(ctx, ids[0], 1)
			if err != nil || !maps.Equal(got, want) {
				t.Errorf("%s: %v, %v", when, got, err)
			}
		}
		put := func(st, channel int64, in setting.CheckoutUpdate) {
			t.Helper()
			if _, err := settings.PutCheckout(ctx, st, channel, in); err != nil {
				t.Fatal(err)
			}
		}
		held("nobody says anything", nil)
		put(ids[1], 0, setting.CheckoutUpdate{store.CheckoutPolicyConsent: opt.Some("express")})
		put(ids[1], 1, setting.CheckoutUpdate{store.CheckoutType: opt.Some("custom")})
		held("another store says something", nil)
		if _, err := stores.ChangeSettings(ctx, ids[0], map[string]any{"storefront": map[string]any{"guest_checkout": false}}); err != nil {
			t.Fatal(err)
		}
		held("the store has no guests", map[store.CheckoutName]string{store.GuestCheckoutType: store.NoGuestCheckout})
		in := setting.CheckoutUpdate{store.GuestCheckoutType: opt.Some(store.GuestCheckoutAccount), store.CheckoutTermsText: opt.Some("T")}
		in.Flag(store.RedirectForAuth, opt.Some(true))
		put(ids[0], 0, in)
		held("the store says", map[store.CheckoutName]string{store.GuestCheckoutType: store.GuestCheckoutAccount, store.CheckoutTermsText: "T", store.RedirectForAuth: "1"})
		in = setting.CheckoutUpdate{store.CheckoutTermsText: opt.Some("")}
		in.Flag(store.RedirectForAuth, opt.Some(false))
		put(ids[0], 1, in)
		held("the channel says nothing of it", map[store.CheckoutName]string{store.GuestCheckoutType: store.GuestCheckoutAccount})
		in = setting.CheckoutUpdate{store.CheckoutTermsText: opt.Null[string]()}
		in.Flag(store.RedirectForAuth, opt.Null[bool]())
		put(ids[0], 1, in)
		held("left to the store again", map[store.CheckoutName]string{store.GuestCheckoutType: store.GuestCheckoutAccount, store.CheckoutTermsText: "T", store.RedirectForAuth: "1"})
	})
}
