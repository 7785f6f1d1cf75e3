package bulk_test

import (
	"testing"

	"clientele/internal/bulk"
	"clientele/internal/customer"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/person"
	"clientele/internal/subscriber"
)

// An undo of consents puts back what was, and leaves no wish behind that nobody had:
// those who were subscribed by mistake are subscribed again without a new consent, and
// those who had left before are not.
func TestUndoneConsents(t *testing.T) {
	each(t, 8, func(w *world) {
		ctx := t.Context()
		do := func(_ any, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		storefront := subscriber.Origin{Via: subscriber.ViaStorefront}
		enter := func(address string, consents ...string) int64 {
			t.Helper()
			in := subscriber.Create{Email: address}
			if consents != nil {
				in.Consents = opt.Some(consents)
			}
			made, err := w.Subscribers.Create(ctx, w.a, in, subscriber.Origin{Via: "seed"})
			do(made, err)
			return made.ID
		}
		subscribe := func(anew bool, ids ...int64) *bulk.Action {
			t.Helper()
			return w.ask(bulk.Options{Kind: bulk.Subscribe, IDs: ids, Ground: "Signed at the fair", Anew: anew}, false)
		}
		standing := func(address string) subscriber.Standing {
			t.Helper()
			keys, err := w.Keys.Keys(ctx, w.a)
			if err != nil {
				t.Fatal(err)
			}
			out, err := w.Subscribers.Standing(ctx, w.a, address, keys)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}

		// 1 is nobody's subscriber, 2 agreed to something else alone.
		enter("c2@example.com", subscriber.AbandonedCart)
		first := subscribe(false, 1, 2)
		w.want(first, bulk.Done, 2, 0, 0)
		w.undo(first.ID, 2, 0)
		if s := standing("c1@example.com"); len(s.Ends) != 0 {
			t.Errorf("an undo is told as a leave: %+v", s.Ends)
		}
		w.wantFound("consent = 'abandoned_cart'", 1)
		w.wantFound("consent = 'marketing_newsletter'", 0)
		again := subscribe(false, 1, 2)
		w.want(again, bulk.Done, 2, 0, 0)
		w.undo(again.ID, 2, 0)
		if _, err := w.Subscribers.Enter(ctx, w.a, subscriber.Enter{Create: subscriber.Create{Email: "c1@example.com", ChannelID: opt.Some[int64](1)}, Ground: "Fair"}, subscriber.Origin{Via: subscriber.ViaPanel}); err != nil {
			t.Errorf("by the page of one: %v", err)
		}
		changes, err := w.Subscribers.Consents(ctx, w.a, subscriber.ConsentsAsked{Email: "c2@example.com", Keys: must(w.Keys.Keys(ctx, w.a)), Limit: 9})
		if err != nil || len(changes.Changes) != 5 || changes.Changes[0].Proof.Undoes != changes.Changes[1].ID || changes.Changes[0].Proof.Ground != "" || changes.Changes[1].Proof.Undoes != 0 {
			t.Errorf("%+v %v", changes.Changes, err)
		}

		// Undone as subscribers, too.
		other := enter("other@example.com", subscriber.AbandonedCart)
		all := bulk.Options{Subject: bulk.Subscribers, Kind: bulk.Subscribe, IDs: []int64{other}, Ground: "Fair"}
		for range 2 {
			a := w.ask(all, false)
			w.want(a, bulk.Done, 1, 0, 0)
			w.undo(a.ID, 1, 0)
		}

		// 3 left by their own wish, 4 complained, 5 was erased, 6 took the newsletter
		// back: a new consent that is undone is none.
		enter("c3@example.com")
		do(nil, w.Subscribers.Leave(ctx, w.a, 1, "c3@example.com", storefront))
		enter("c4@example.com")
		do(w.Subscribers.Bounce(ctx, w.a, subscriber.Report{Email: "c4@example.com", Kind: "complaint"}, subscriber.Origin{Via: subscriber.ViaComplaint}))
		enter("c6@example.com", subscriber.MarketingNewsletter, subscriber.AbandonedCart)
		if err := w.wishes("c6@example.com", storefront, subscriber.AbandonedCart); err != nil {
			t.Fatal(err)
		}
		do(w.Persons.Erase(ctx, w.a, person.Ask{Email: "c5@example.com"}))
		w.run()
		do(w.Customers.CreateFor(ctx, password.Party{StoreID: w.a}, []customer.Create{{Email: "c5@example.com", FirstName: "Ann", LastName: "L"}}))
		before := map[string]subscriber.Standing{}
		for _, address := range []string{"c3@example.com", "c4@example.com", "c5@example.com", "c6@example.com"} {
			before[address] = standing(address)
		}
		ids := []int64{3, 4, 9, 6}
		w.want(subscribe(false, ids...), bulk.Done, 0, 0, 4)
		anew := subscribe(true, ids...)
		w.want(anew, bulk.Done, 4, 0, 0)
		w.undo(anew.ID, 4, 0)
		for address, was := range before {
			is := standing(address)
			if is.Suppressed != was.Suppressed || len(is.Ends) != len(was.Ends) || (is.Bounce == nil) != (was.Bounce == nil) {
				t.Errorf("%s: %+v, was %+v", address, is, was)
			}
			for i := range is.Ends {
				if is.Ends[i] != was.Ends[i] {
					t.Errorf("%s: %+v, was %+v", address, is.Ends, was.Ends)
				}
			}
			if is.Bounce != nil && was.Bounce != nil && (is.Bounce.Kind != was.Bounce.Kind || is.Bounce.Time != was.Bounce.Time) {
				t.Errorf("%s: %+v, was %+v", address, is.Bounce, was.Bounce)
			}
		}
		w.want(subscribe(false, ids...), bulk.Done, 0, 0, 4)

		// Who said something meanwhile stays as they said.
		since := subscribe(false, 7, 8)
		w.want(since, bulk.Done, 2, 0, 0)
		if err := w.wishes("c7@example.com", storefront, subscriber.MarketingNewsletter, subscriber.AbandonedCart); err != nil {
			t.Fatal(err)
		}
		w.undo(since.ID, 1, 1)
		w.wantFound("consent = 'marketing_newsletter' and email = 'c7@example.com'", 1)
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// wishes has a person say what they agree to.
func (w *world) wishes(address string, by subscriber.Origin, consents ...string) error {
	q, err := subscriber.List.Parse("email=" + address)
	if err != nil {
		return err
	}
	subs, _, err := w.Subscribers.List(w.t.Context(), w.a, q)
	if err != nil || len(subs) != 1 {
		w.t.Fatal(subs, err)
	}
	_, err = w.Subscribers.Update(w.t.Context(), w.a, subs[0].ID, subscriber.Update{Consents: opt.Some(consents)}, by)
	return err
}
