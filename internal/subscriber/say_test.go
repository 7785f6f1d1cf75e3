package subscriber_test

import (
	"slices"
	"testing"

	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/subscriber"
)

// What is said changes what it names, of an address that is known and of one
// that is not; a refusal is kept and gives no consent.
func TestSay(t *testing.T) {
	const news, cart = subscriber.MarketingNewsletter, subscriber.AbandonedCart
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		wish := func(newsletter, abandonedCart opt.Field[bool]) subscriber.Wish {
			return subscriber.Wish{Email: "jane@example.com", ChannelID: 1, Newsletter: newsletter, AbandonedCart: abandonedCart}
		}
		yes, no, nothing := opt.Some(true), opt.Some(false), opt.Field[bool]{}
		for i, step := range []struct {
			wish subscriber.Wish
			want []string
		}{
			{wish(no, nothing), nil},
			{wish(yes, nothing), []string{news}},
			{wish(yes, nothing), []string{news}},
			{wish(nothing, yes), []string{news, cart}},
			{wish(no, nothing), []string{cart}},
			{wish(nothing, nothing), []string{cart}},
			{wish(yes, no), []string{news}},
			{wish(no, no), nil},
		} {
			got, err := w.Say(t.Context(), w.a, step.wish, subscriber.Origin{Via: subscriber.ViaStorefront, IP: "203.0.113.9"})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Consents, step.want) {
				t.Errorf("step %d: %q, want %q", i, got.Consents, step.want)
			}
			stored, err := w.Get(t.Context(), w.a, got.ID)
			if err != nil || !slices.Equal(stored.Consents, step.want) {
				t.Errorf("step %d: stored are %q, %v", i, stored.Consents, err)
			}
		}
		if ids, _ := w.ids(t, w.a, ""); len(ids) != 1 {
			t.Errorf("there are the subscribers %d", ids)
		}
	})
}
