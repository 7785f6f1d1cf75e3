package setting_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/group"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/password/passwordtest"
	"clientele/internal/setting"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
)

// Groups are chosen from both sides and deleted, all at once: one is left at
// most, and nothing names a group that is gone.
func TestGroupsAreChosenWhileTheyGo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, sys := t.Context(), system.Real()
		st, err := store.NewService(db, sys).Create(ctx, "shop", "", "")
		if err != nil {
			t.Fatal(err)
		}
		groups, settings := group.NewService(db, sys, customer.NewService(db, sys, passwordtest.New(sys))), setting.NewService(db, sys)
		refused := func(err error) bool {
			fe := fault.As(err)
			return err == nil || fe != nil && (fe.Kind == fault.Invalid || fe.Kind == fault.NotFound)
		}
		for range 5 {
			var ids []int64
			for i := range 4 {
				g, err := groups.Create(ctx, st.ID, group.Write{Name: opt.Some(fmt.Sprint("G", i))})
				if err != nil {
					t.Fatal(err)
				}
				ids = append(ids, g.ID)
			}
			var wg sync.WaitGroup
			for i, id := range ids {
				both := setting.Update{DefaultGroupID: opt.Some(id), GuestGroupID: opt.Some(ids[(i+1)%len(ids)])}
				for _, channel := range []int64{0, 1} {
					wg.Go(func() {
						if _, err := settings.Put(ctx, st.ID, channel, both); !refused(err) {
							t.Errorf("channel %d: %v", channel, err)
						}
					})
				}
				wg.Go(func() {
					if _, err := groups.Update(ctx, st.ID, id, group.Write{IsDefault: opt.Some(true), IsGuest: opt.Some(true)}); !refused(err) {
						t.Error(err)
					}
				})
				if i > 0 {
					wg.Go(func() {
						if err := groups.Delete(ctx, st.ID, id); err != nil {
							t.Error(err)
						}
					})
				}
			}
			wg.Wait()
			there := func(id *int64) bool { return id == nil || *id == 0 || *id == ids[0] }
			for _, channel := range []int64{0, 1} {
				s, err := settings.Get(ctx, st.ID, channel)
				if err != nil || !there(s.DefaultGroupID) || !there(s.GuestGroupID) {
					t.Errorf("channel %d names a group that is gone: %+v, %v", channel, s, err)
				}
			}
			for _, flag := range []string{"is_default", "is_group_for_guests"} {
				if n, err := groups.Count(ctx, st.ID, group.List.New().Where(flag, listing.Eq, []int64{1}, nil)); err != nil || n > 1 {
					t.Errorf("%d groups are %s: %v", n, flag, err)
				}
			}
			if err := groups.Delete(ctx, st.ID, ids[0]); err != nil {
				t.Fatal(err)
			}
			eff, err := settings.Effective(ctx, st.ID, 1)
			if err != nil || *eff.DefaultGroupID != 0 || *eff.GuestGroupID != 0 {
				t.Errorf("without groups hold %+v, %v", eff, err)
			}
		}
	})
}

// Only a group whose flag changes is modified.
func TestChoosingTheSameGroupKeepsItsDate(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, sys := t.Context(), system.Real()
		now := time.Unix(1_780_000_000, 0)
		sys.Clock = func() time.Time { return now }
		st, err := store.NewService(db, sys).Create(ctx, "shop", "", "")
		if err != nil {
			t.Fatal(err)
		}
		groups, settings := group.NewService(db, sys, customer.NewService(db, sys, passwordtest.New(sys))), setting.NewService(db, sys)
		g, err := groups.Create(ctx, st.ID, group.Write{Name: opt.Some("G"), IsDefault: opt.Some(true)})
		if err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Hour)
		if _, err := settings.Put(ctx, st.ID, 0, setting.Update{DefaultGroupID: opt.Some(g.ID), GuestGroupID: opt.Some[int64](0)}); err != nil {
			t.Fatal(err)
		}
		got, err := groups.Get(ctx, st.ID, g.ID, group.One.New())
		if err != nil || !got.IsDefault || got.DateModified != g.DateModified {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// A channel that says nothing itself has what the store says, field by field.
func TestChannelsInherit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx, sys := t.Context(), system.Real()
		st, err := store.NewService(db, sys).Create(ctx, "shop", "", "")
		if err != nil {
			t.Fatal(err)
		}
		groups, settings := group.NewService(db, sys, customer.NewService(db, sys, passwordtest.New(sys))), setting.NewService(db, sys)
		for i := range 4 {
			if _, err := groups.Create(ctx, st.ID, group.Write{Name: opt.Some(fmt.Sprint("G", i))}); err != nil {
				t.Fatal(err)
			}
		}
		all := func(yes bool, url string, guest, joined int64) setting.Update {
			return setting.Update{
				AskConsent: opt.Some(yes), AskConsentOnCheckout: opt.Some(yes), PolicyURL: opt.Some(url),
				GuestGroupID: opt.Some(guest), DefaultGroupID: opt.Some(joined),
			}
		}
		// held compares all that holds on channel 1.
		held := func(when string, yes bool, url string, guest, joined int64) {
			t.Helper()
			s, err := settings.Effective(ctx, st.ID, 1)
			if err != nil {
				t.Fatal(err)
			}
			if *s.AskConsent != yes || *s.AskConsentOnCheckout != yes || *s.PolicyURL != url || *s.GuestGroupID != guest || *s.DefaultGroupID != joined {
				t.Errorf("%s: %v %v %q %d %d", when, *s.AskConsent, *s.AskConsentOnCheckout, *s.PolicyURL, *s.GuestGroupID, *s.DefaultGroupID)
			}
		}
		put := func(channel int64, in setting.Update) {
			t.Helper()
			if _, err := settings.Put(ctx, st.ID, channel, in); err != nil {
				t.Fatal(err)
			}
		}
		held("nobody says anything", false, "", 0, 0)
		put(0, all(true, "https://a.example/p", 1, 2))
		held("the store says", true, "https://a.example/p", 1, 2)
		put(1, all(false, "", 0, 0))
		held("the channel says nothing of it", false, "", 0, 0)
		put(1, all(false, "https://b.example/p", 3, 4))
		held("the channel says", false, "https://b.example/p", 3, 4)
		put(1, setting.Update{
			AskConsent: opt.Null[bool](), AskConsentOnCheckout: opt.Null[bool](), PolicyURL: opt.Null[string](),
			GuestGroupID: opt.Null[int64](), DefaultGroupID: opt.Null[int64](),
		})
		held("left to the store again", true, "https://a.example/p", 1, 2)
		for name, bad := range map[string]setting.Update{
			"scheme": {PolicyURL: opt.Some("ftp://a.example/p")}, "no host": {PolicyURL: opt.Some("https:///p")},
			"guests": {GuestGroupID: opt.Some(int64(9))}, "default": {DefaultGroupID: opt.Some(int64(9))},
		} {
			for _, channel := range []int64{0, 1} {
				if _, err := settings.Put(ctx, st.ID, channel, bad); fault.As(err) == nil || fault.As(err).Kind != fault.Invalid {
					t.Errorf("%s on %d: %v", name, channel, err)
				}
			}
		}
		held("what was refused", true, "https://a.example/p", 1, 2)
	})
}
