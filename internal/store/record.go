package store

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"clientele/internal/history"
)

// ChannelFacts are what the history tells of a channel.
type ChannelFacts struct {
	Name, Type, Platform, Status, ExternalID string
	Currencies                               string // separated by commas
	Listable, Visible                        bool
}

// ChannelHistory is what the history tells of changes of channels.
var ChannelHistory = history.Table[ChannelFacts]{
	history.TextColumn(history.FieldName, func(c *ChannelFacts) string { return c.Name }),
	history.TextColumn(history.FieldType, func(c *ChannelFacts) string { return c.Type }),
	history.TextColumn(history.FieldPlatform, func(c *ChannelFacts) string { return c.Platform }),
	history.TextColumn(history.FieldStatus, func(c *ChannelFacts) string { return c.Status }),
	history.TextColumn(history.FieldExternalID, func(c *ChannelFacts) string { return c.ExternalID }),
	history.FlagColumn(history.FieldListable, func(c *ChannelFacts) bool { return c.Listable }),
	history.FlagColumn(history.FieldVisible, func(c *ChannelFacts) bool { return c.Visible }),
	history.TextColumn(history.FieldCurrencies, func(c *ChannelFacts) string { return c.Currencies }),
}

var siteHistory = history.Table[toldChannel]{
	history.TextColumn(history.FieldURL, func(c *toldChannel) string { return c.site }),
	history.TextColumn(history.FieldCheckoutURL, func(c *toldChannel) string { return c.checkout }),
	history.TextColumn(history.FieldHost, func(c *toldChannel) string { return c.host }),
	history.TextColumn(history.FieldProof, func(c *toldChannel) string { return c.proof }),
}

func (c *toldChannel) facts() *ChannelFacts {
	return &ChannelFacts{
		Status: c.itself[0], Name: c.itself[1], ExternalID: c.itself[2], Listable: c.itself[3] == flagText(true), Visible: c.itself[4] == flagText(true),
		Type: c.kind, Platform: c.platform, Currencies: c.currencies,
	}
}

// hasSite reports whether there is anything to tell of a channel's site.
func (c *toldChannel) hasSite() bool { return c.site != "" || c.host != "" }

// siteChange returns the entry of what became of a channel's site.
func siteChange(before, after *toldChannel) (history.Entry, bool) {
	id := after.id
	if !before.hasSite() {
		before = nil
	}
	if !after.hasSite() {
		after = nil
	}
	if before == nil && after == nil {
		return history.Entry{}, false
	}
	e := siteHistory.Change(history.Site, id, 0, before, after)
	return e, e.Changed()
}

// entries returns what the history tells of what differs between t and is.
func (t *Told) entries(is *Told, channels bool) ([]history.Entry, error) {
	var out []history.Entry
	add := func(e history.Entry) {
		if e.Changed() {
			out = append(out, e)
		}
	}
	before, err := t.said.tree()
	if err != nil {
		return nil, err
	}
	after, err := is.said.tree()
	if err != nil {
		return nil, err
	}
	e := history.Entry{Action: history.Updated, Resource: history.StoreSettings}
	e.Add(false, history.FieldName, history.Text(t.store.Name), history.Text(is.store.Name))
	if err := addChanged(&e, before, after); err != nil {
		return nil, err
	}
	add(e)
	for i := range is.channels {
		c := &is.channels[i]
		old := &toldChannel{id: c.id}
		at := slices.IndexFunc(t.channels, func(o toldChannel) bool { return o.id == c.id })
		if at >= 0 {
			old = &t.channels[at]
		}
		if channels {
			was := old.facts()
			if at < 0 {
				was = nil
			}
			add(ChannelHistory.Change(history.Channel, c.id, 0, was, c.facts()))
		}
		if e, changed := siteChange(old, c); changed {
			add(e)
		}
	}
	for _, r := range []struct {
		of            history.Resource
		before, after map[int64]map[string]string
	}{{history.CustomerSettings, t.settings, is.settings}, {history.CheckoutSettings, named(t.checkout), named(is.checkout)}} {
		ids := slices.Sorted(maps.Keys(r.before))
		for id := range r.after {
			if _, had := r.before[id]; !had {
				ids = append(ids, id)
			}
		}
		slices.Sort(ids)
		for _, id := range ids {
			e := history.Entry{Action: history.Updated, Resource: r.of, ID: id}
			if err := addChanged(&e, anyOf(r.before[id]), anyOf(r.after[id])); err != nil {
				return nil, err
			}
			add(e)
		}
	}
	return out, nil
}

func named(in map[int64]map[CheckoutName]string) map[int64]map[string]string {
	out := make(map[int64]map[string]string, len(in))
	for id, of := range in {
		out[id] = make(map[string]string, len(of))
		for name, v := range of {
			out[id][string(name)] = v
		}
	}
	return out
}

func anyOf(in map[string]string) map[string]any {
	out := make(map[string]any, len(in))
	for name, v := range in {
		out[name] = v
	}
	return out
}

// addChanged adds what of settings changes.
func addChanged(e *history.Entry, before, after map[string]any) error {
	was, is := differing(before, after, "")
	texts := [2]string{}
	for i, part := range []map[string]any{was, is} {
		if len(part) == 0 {
			continue
		}
		text, err := json.Marshal(part)
		if err != nil {
			return err
		}
		texts[i] = string(text)
	}
	if texts[0] == texts[1] && texts[0] != "" {
		e.AddMasked(history.FieldSettings, 0) // it is the secret alone
	}
	e.Add(false, history.FieldSettings, texts[0], texts[1])
	return nil
}

// differing returns of two trees what they do not have in common. Of a secret it
// tells that it is another one.
func differing(before, after map[string]any, at string) (was, is map[string]any) {
	was, is = map[string]any{}, map[string]any{}
	names := map[string]bool{}
	for name := range before {
		names[name] = true
	}
	for name := range after {
		names[name] = true
	}
	for name := range names {
		b, hadB := before[name]
		a, hasA := after[name]
		if reflect.DeepEqual(a, b) {
			continue
		}
		place := at + name
		bMap, _ := b.(map[string]any)
		aMap, _ := a.(map[string]any)
		if bMap != nil || aMap != nil {
			b, a := differing(bMap, aMap, place+".")
			hadB, hasA = len(b) > 0, len(a) > 0
			if hadB {
				was[name] = b
			}
			if hasA {
				is[name] = a
			}
			continue
		}
		if IsSecret(place) {
			b, a = strings.Trim(history.Masked, `"`), strings.Trim(history.Masked, `"`)
		}
		if hadB {
			was[name] = b
		}
		if hasA {
			is[name] = a
		}
	}
	return was, is
}

// made returns the entries of a new store with its default channel.
func (s *Store) made(channelName, url string) []history.Entry {
	e := history.Entry{Action: history.Created, Resource: history.Store, ID: s.ID}
	e.Add(false, history.FieldHash, "", history.Text(s.Hash))
	e.Add(false, history.FieldName, "", history.Text(s.Name))
	out := []history.Entry{e, ChannelHistory.Change(history.Channel, DefaultChannel, 0, nil, &ChannelFacts{Name: channelName, Type: "storefront", Platform: "bigcommerce", Status: "active", Currencies: "USD", Listable: true, Visible: true})}
	if url != "" {
		out = append(out, siteHistory.Change(history.Site, DefaultChannel, 0, nil, &toldChannel{site: url, host: hostOf(url), proof: ByOperator}))
	}
	return out
}
