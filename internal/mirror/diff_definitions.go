package mirror

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"clientele/internal/group"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/segment"
	"clientele/internal/setting"
)

// definitions compares what the upstream says of its store, groups, segments and
// settings of customers. What is only here stays, and is not told.
func (d *diff) definitions(ctx context.Context) error {
	there, err := d.define(ctx)
	if err != nil {
		return err
	}
	for _, step := range []func(context.Context, *definitions) error{d.store, d.groups, d.segments, d.settings} {
		if err := step(ctx, &there); err != nil {
			return err
		}
	}
	return nil
}

func (d *diff) store(ctx context.Context, there *definitions) error {
	settings, err := d.s.stores.Settings(ctx, d.storeID)
	if err != nil {
		return err
	}
	text, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	var all map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	said, here := fields{}, fields{}
	for name, v := range there.Store.settings() {
		said[name], here[name] = fmt.Sprint(v), fmt.Sprint(cmp.Or(all[name], any("")))
	}
	return d.compare("store", 0, said, here)
}

// everyPage calls list for the pages of a list until one is not full.
func everyPage[T any](spec *listing.Spec, list func(*listing.Query) ([]T, error), each func(*T)) error {
	for n := int64(1); ; n++ {
		q := spec.New()
		q.Page, q.Limit = n, listing.MaxLimit
		rows, err := list(q)
		if err != nil {
			return err
		}
		for i := range rows {
			each(&rows[i])
		}
		if len(rows) < listing.MaxLimit {
			return nil
		}
	}
}

func groupFields(name string, isDefault, isGuest bool, access group.Access, rules []group.Rule) fields {
	f := fields{}
	f.text("name", name)
	f.flag("is_default", isDefault)
	f.flag("is_group_for_guests", isGuest)
	if access.Type = cmp.Or(access.Type, group.AccessAll); len(access.Categories) == 0 {
		access.Categories = nil
	}
	f.text("category_access", fmt.Sprint(access.Type, access.Categories))
	if len(rules) > 0 {
		f.text("discount_rules", fmt.Sprintf("%+v", rules))
	}
	return f
}

func (d *diff) groups(ctx context.Context, there *definitions) error {
	here := map[int64]fields{}
	groups := group.NewService(d.s.db, d.s.sys, nil)
	if err := everyPage(group.List, func(q *listing.Query) ([]group.Group, error) { return groups.List(ctx, d.storeID, q) }, func(g *group.Group) {
		here[g.ID] = groupFields(g.Name, g.IsDefault, g.IsGuest, g.Access, g.Rules)
	}); err != nil {
		return err
	}
	for i := range there.Groups {
		g := &there.Groups[i]
		if here[g.ID] == nil {
			if err := d.each(Difference{Kind: "group", ID: g.ID, There: isThere}); err != nil {
				return err
			}
			continue
		}
		w := g.command()
		if err := d.compare("group", g.ID, groupFields(w.Name.Value, w.IsDefault.Value, w.IsGuest.Value, w.Access.Value, w.Rules.Value), here[g.ID]); err != nil {
			return err
		}
	}
	return nil
}

func (d *diff) segments(ctx context.Context, there *definitions) error {
	here := map[string]fields{}
	if err := everyPage(segment.List, func(q *listing.Query) ([]segment.Segment, error) {
		rows, _, err := d.s.segments.List(ctx, d.storeID, q)
		return rows, err
	}, func(s *segment.Segment) { here[s.UUID] = segmentFields(s.Name, s.Description) }); err != nil {
		return err
	}
	for _, s := range there.Segments {
		kind := "segment " + s.ID
		if here[s.ID] == nil {
			if err := d.each(Difference{Kind: kind, There: isThere}); err != nil {
				return err
			}
			continue
		}
		if err := d.compare(kind, 0, segmentFields(s.Name, s.Description), here[s.ID]); err != nil {
			return err
		}
	}
	return nil
}

func segmentFields(name, description string) fields {
	f := fields{}
	f.text("name", name)
	f.text("description", description)
	return f
}

// settings compares what the store and its channels say of customers themselves.
func (d *diff) settings(ctx context.Context, there *definitions) error {
	own := setting.NewService(d.s.db, d.s.sys)
	channels := []int64{0}
	for i := range there.Channels {
		channels = append(channels, there.Channels[i].ID)
	}
	for _, id := range channels {
		s, ok := there.Settings[id]
		if !ok {
			continue
		}
		here, err := own.Get(ctx, d.storeID, id)
		if err != nil {
			return err
		}
		u, said, is := s.command(), fields{}, fields{}
		settingField(said, is, "ask_shopper_for_tracking_consent", u.AskConsent, here.AskConsent)
		settingField(said, is, "ask_shopper_for_tracking_consent_on_checkout", u.AskConsentOnCheckout, here.AskConsentOnCheckout)
		settingField(said, is, "policy_url", u.PolicyURL, here.PolicyURL)
		settingField(said, is, "guest_customer_group_id", u.GuestGroupID, here.GuestGroupID)
		settingField(said, is, "default_customer_group_id", u.DefaultGroupID, here.DefaultGroupID)
		settingField(said, is, "allow_global_logins", u.AllowGlobalLogins, here.AllowGlobalLogins)
		kind := "settings of customers"
		if id != 0 {
			kind = fmt.Sprintf("settings of customers on channel %d", id)
		}
		if err := d.compare(kind, 0, said, is); err != nil {
			return err
		}
	}
	return nil
}

// settingField adds a setting to what is compared, if the upstream tells it.
func settingField[T comparable](there, here fields, name string, said opt.Field[T], is *T) {
	var none, value T
	if said.Set && is != nil {
		value = *is
	}
	if said.Set && (said.Value != none || value != none) {
		there[name], here[name] = fmt.Sprint(said.Value), fmt.Sprint(value)
	}
}
