package panel

import (
	"cmp"
	"slices"
	"strconv"

	"clientele/internal/mail"
)

// mailedKind is the part of a timeline that has the emails that went to the customer.
const mailedKind = "emails"

// shownMailed is how many emails a part of a timeline has.
const shownMailed = 25

// withMailed puts emails between the entries of a part of the timeline.
func (c *call) withMailed(t *Timeline, emails []mail.Stored, first, last bool) {
	oldest, newest := t.span(first, last)
	for i := range emails {
		if m := &emails[i]; m.Created >= oldest && m.Created <= newest {
			t.Entries = append(t.Entries, c.mailedEntry(m))
		}
	}
	slices.SortStableFunc(t.Entries, func(x, y Entry) int { return cmp.Compare(y.When.unix, x.When.unix) })
}

// onlyMailed fills a timeline with the emails to an address, before one of them.
func (c *call) onlyMailed(t *Timeline, address string, before int64, at func(more ...string) string) error {
	if before != 0 {
		t.Newer = at("kind", mailedKind)
	}
	emails, err := c.Mail.Headers(c.R.Context(), c.store.ID, mail.Filter{To: address, Before: before, Limit: shownMailed + 1})
	if err != nil {
		return err
	}
	if len(emails) > shownMailed {
		emails = emails[:shownMailed]
		t.Older = at("kind", mailedKind, "before", strconv.FormatInt(emails[shownMailed-1].ID, 10))
	}
	for i := range emails {
		t.Entries = append(t.Entries, c.mailedEntry(&emails[i]))
	}
	return nil
}

// mailedEntry tells of an email, and leads to it.
func (c *call) mailedEntry(m *mail.Stored) Entry {
	e := Entry{
		ID: "mailed-" + strconv.FormatInt(m.ID, 10), When: c.when(m.Created), Kind: "email", What: c.look.Text("customer.mailed", c.emailTitle(m)), Who: c.known("email.status.", m.Status),
		Actions: []Action{{Label: c.look.Text("show"), URL: c.emailAt(m.ID, "")}},
	}
	if m.Error != "" {
		e.Kind, e.Reason = "alert", c.mailError(m.Error)
	}
	return e
}
