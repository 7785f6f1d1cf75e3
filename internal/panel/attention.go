package panel

import (
	"strconv"
	"strings"

	"clientele/internal/account"
	"clientele/internal/html"
	"clientele/internal/mail"
	"clientele/internal/staff"
)

// Attention is something that somebody should look at.
type Attention struct {
	Text string
	More *html.Link // nil: there is no page of it
}

// What Home tells of.
const (
	unconfirmedDays = 7
	unusedDays      = 90
	givenUpDays     = 7
	daySeconds      = 24 * 60 * 60
	// attentionMost is how many of a kind are counted, attentionLinked how many
	// customers a link leads to.
	attentionMost   = 1000
	attentionLinked = 50
	attentionNamed  = 3 // API accounts
)

// attention returns what needs attention, as far as who is signed in may know of
// it. All of it is bounded reads by indexes.
func (c *call) attention() (out []Attention, err error) {
	for _, look := range []struct {
		who  staff.Permission
		what func() ([]Attention, error)
	}{
		{staff.Apps, c.troubledHooks}, {staff.Emails, c.troubledEmails}, {staff.SeeCustomers, c.attacks}, {staff.SeeCustomers, c.longUnconfirmed}, {staff.Apps, c.unusedAccounts}, {staff.ImportSubscribers, c.troubledImports}, {staff.PersonalData, c.duePersons},
	} {
		if !c.can(look.who) {
			continue
		}
		some, err := look.what()
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

func (c *call) troubledHooks() (out []Attention, err error) {
	t, err := c.Webhooks.Trouble(c.R.Context(), c.store.ID)
	if err != nil {
		return nil, err
	}
	for _, n := range []struct {
		key, state string
		n          int64
	}{{"hooks_off", "off", t.Disabled}, {"hooks_failing", "on", t.Failing}, {"hooks_blocked", "on", t.Blocked}} {
		if n.n > 0 {
			out = append(out, Attention{Text: c.look.Plural("attention."+n.key, int(n.n)), More: &html.Link{Label: c.look.Text("attention.show.hooks"), URL: c.storeAt("/webhooks?state=" + n.state)}})
		}
	}
	return out, nil
}

func (c *call) troubledEmails() (out []Attention, err error) {
	if !c.Mail.HasServer() {
		out = append(out, Attention{Text: c.look.Text("attention.no_server")})
	}
	settings, err := c.Stores.Settings(c.R.Context(), c.store.ID)
	if err != nil {
		return nil, err
	}
	if !c.Mail.HasSender(settings) {
		out = append(out, Attention{Text: c.look.Text("attention.no_sender")})
	}
	more := &html.Link{Label: c.look.Text("attention.show"), URL: c.with(c.storeAt("/emails"), "state", mail.Failed)}
	n, most, err := c.Mail.GivenUp(c.R.Context(), c.store.ID, c.visits.System.Now()-givenUpDays*daySeconds)
	switch {
	case err != nil:
		return nil, err
	case n > most:
		out = append(out, Attention{Text: c.look.Text("attention.emails.over", c.look.number(most)), More: more})
	case n > 0:
		out = append(out, Attention{Text: c.look.Plural("attention.emails", int(n)), More: more})
	}
	return out, nil
}

// attacks tells of accounts that are locked after wrong passwords, and of
// addresses from which guesses are held back.
func (c *call) attacks() (out []Attention, err error) {
	held, err := c.Accounts.Held(c.R.Context(), c.store.ID, account.Whose{})
	if err != nil {
		return nil, err
	}
	var ids []int64
	locked, networks := map[int64]bool{}, map[string]bool{}
	for i := range held {
		switch h := &held[i]; {
		case h.CustomerID == 0 && h.Network != "":
			networks[h.Network] = true
		case h.CustomerID != 0 && !locked[h.CustomerID]:
			locked[h.CustomerID] = true
			ids = append(ids, h.CustomerID)
		}
	}
	if len(ids) > 0 {
		out = append(out, Attention{Text: c.look.Plural("attention.locked", len(ids)), More: c.thoseCustomers(ids)})
	}
	if len(networks) > 0 {
		out = append(out, Attention{Text: c.look.Plural("attention.held", len(networks))})
	}
	return out, nil
}

// thoseCustomers leads to the list of some customers.
func (c *call) thoseCustomers(ids []int64) *html.Link {
	label := c.look.Text("attention.show")
	if len(ids) > attentionLinked {
		ids, label = ids[:attentionLinked], c.look.Text("attention.show.some", strconv.Itoa(attentionLinked))
	}
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = strconv.FormatInt(id, 10)
	}
	return &html.Link{Label: label, URL: c.with(c.customersAt(""), "rule", "id IN ("+strings.Join(texts, ", ")+")")}
}

func (c *call) longUnconfirmed() (out []Attention, err error) {
	ids, err := c.Accounts.Unconfirmed(c.R.Context(), c.store.ID, c.visits.System.Now()-unconfirmedDays*daySeconds, attentionMost+1)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	a := Attention{Text: c.look.Plural("attention.unconfirmed", len(ids)), More: c.thoseCustomers(ids)}
	if len(ids) > attentionMost {
		a.Text = c.look.Text("attention.unconfirmed.over", c.look.number(attentionMost))
	}
	return []Attention{a}, nil
}

func (c *call) unusedAccounts() (out []Attention, err error) {
	unused, err := c.APIAccounts.Unused(c.R.Context(), c.store.ID, c.visits.System.Now()-unusedDays*daySeconds, attentionMost)
	if err != nil || len(unused) == 0 {
		return nil, err
	}
	var names []string
	for i := range unused[:min(len(unused), attentionNamed)] {
		names = append(names, short(unused[i].Name, 40))
	}
	if len(unused) > attentionNamed {
		names = append(names, "…")
	}
	return []Attention{{Text: c.look.Text("attention.unused", strings.Join(names, ", ")), More: &html.Link{Label: c.look.Text("attention.show.accounts"), URL: c.storeAt("/api-accounts")}}}, nil
}
