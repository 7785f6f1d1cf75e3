package panel

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"

	"clientele/internal/webhook"
)

// toldKind is the part of a timeline that has what apps were told.
const toldKind = "webhooks"

// shownTold is how many deliveries to webhooks a part of a timeline has.
const shownTold = 25

// withTold puts what apps were told of the customer between the entries of a part
// of the timeline.
func (c *call) withTold(t *Timeline, id int64, first, last bool) error {
	oldest, newest := t.span(first, last)
	told, err := c.Webhooks.OfCustomer(c.R.Context(), c.store.ID, webhook.Told{CustomerID: id, Before: 1 << 62, From: oldest, To: newest, Most: shownTold})
	if err != nil {
		return err
	}
	for i := range told {
		t.Entries = append(t.Entries, c.toldEntry(&told[i]))
	}
	slices.SortStableFunc(t.Entries, func(x, y Entry) int { return cmp.Compare(y.When.unix, x.When.unix) })
	return nil
}

// onlyTold fills a timeline with what apps were told, before an event.
func (c *call) onlyTold(t *Timeline, id, before int64, at func(more ...string) string) error {
	if before == 0 {
		before = 1 << 62
	} else {
		t.Newer = at("kind", toldKind)
	}
	told, err := c.Webhooks.OfCustomer(c.R.Context(), c.store.ID, webhook.Told{CustomerID: id, Before: before, To: 1 << 62, Most: shownTold + 1})
	if err != nil {
		return err
	}
	if len(told) > shownTold {
		// An event may go to several webhooks: the next part begins with a whole one.
		n := shownTold
		for n > 1 && told[n-1].ID == told[shownTold].ID {
			n--
		}
		told = told[:n]
		t.Older = at("kind", toldKind, "before", strconv.FormatInt(told[n-1].ID, 10))
	}
	for i := range told {
		t.Entries = append(t.Entries, c.toldEntry(&told[i]))
	}
	return nil
}

// toldEntry tells of a delivery to a webhook and what came of it.
func (c *call) toldEntry(d *webhook.Delivery) Entry {
	e := Entry{ID: "told-" + strconv.FormatInt(d.HookID, 10) + "-" + strconv.FormatInt(d.ID, 10), When: c.when(d.Created), Kind: "told", What: c.look.Text("customer.told", d.Scope), Who: c.look.Text("customer.told.hook", strconv.FormatInt(d.HookID, 10))}
	if n := len(d.Tries); n > 0 {
		if u, err := url.Parse(d.Tries[n-1].URL); err == nil && u.Host != "" { // a path may be a secret
			e.Who = u.Host
		}
	}
	answer := c.look.Text("customer.told.silent")
	if d.Status != 0 {
		answer = c.look.Text("customer.told.status", strconv.FormatInt(d.Status, 10))
	}
	switch {
	case d.State == webhook.Delivered:
		e.Reason = c.look.Text("customer.told.delivered", strconv.FormatInt(d.Status, 10))
	case d.State == webhook.Failed:
		e.Kind, e.Reason = "alert", c.look.Text("customer.told.failed", answer, strconv.FormatInt(d.Attempts, 10))
	case d.Attempts == 0:
		e.Reason = c.look.Text("customer.told.waits")
	default:
		e.Kind, e.Reason = "alert", c.look.Text("customer.told.again", answer, strconv.FormatInt(d.Attempts, 10))
	}
	return e
}
