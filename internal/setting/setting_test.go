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
