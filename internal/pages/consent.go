package pages

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/html"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/subscriber"
	"clientele/internal/visit"
)

// subscription returns the subscriber with an email on this channel, or nil.
func (c *call) subscription(email string) (*subscriber.Subscriber, error) {
	q := subscriber.List.New().Where("email", listing.Eq, nil, []string{email})
	q.Limit = listing.MaxLimit
	rows, _, err := c.Subscribers.List(c.R.Context(), c.Site.StoreID, q)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		if rows[i].ChannelID == c.Site.ChannelID {
			return &rows[i], nil
		}
	}
	return nil, nil
}

func (c *call) newsletterForm(me *customer.Customer) (*formPage, *subscriber.Subscriber, error) {
	s, err := c.subscription(me.Email)
	if err != nil {
		return nil, nil, err
	}
	p := &formPage{Intro: c.look.Text("newsletter.intro", me.Email)}
	p.Title = c.look.Text("menu.newsletter")
	p.Form = c.newForm("/account.php?action=newsletter", "save",
		&html.Field{Name: "newsletter", Label: c.look.Text("newsletter.news"), Type: "check", Checked: s != nil && slices.Contains(s.Consents, subscriber.MarketingNewsletter), Hint: c.look.Text("newsletter.news.hint")},
		&html.Field{Name: "reviews", Label: c.look.Text("newsletter.reviews"), Type: "check", Checked: me.AcceptsEmails, Hint: c.look.Text("newsletter.reviews.hint")},
	)
	p.Form.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: "/account.php"}
	return p, s, nil
}

func (c *call) newsletterPage() error {
	me, done, err := c.signedIn()
	if done || err != nil {
		return err
	}
	p, _, err := c.newsletterForm(me)
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) saveNewsletter() error {
	me, done, err := c.signedIn()
	if done || err != nil {
		return err
	}
	p, s, err := c.newsletterForm(me)
	if err != nil {
		return err
	}
	had := p.Form.Field("newsletter").Checked
	p.Form.Enter(c.form)
	ctx := c.R.Context()
	if wants := c.form.Get("reviews") != ""; wants != me.AcceptsEmails {
		if _, err := c.Customers.UpdateFor(ctx, password.Party{StoreID: c.Site.StoreID}, []customer.Update{{ID: me.ID, AcceptsEmails: opt.Some(wants)}}); err != nil {
			return err
		}
	}
	message := "newsletter_saved"
	switch wants := c.form.Get("newsletter") != ""; {
	case wants && !had:
		pending, err := c.Accounts.Subscribe(ctx, c.Site, me.Email, me.FirstName, me.LastName,
			c.shown("/account.php?action=newsletter", c.look.Text("newsletter.news"), c.look.Text("newsletter.news.hint"), c.look.Text("save")))
		if err != nil {
			if c.explain(p.Form, err) {
				return c.show(problemStatus(err), p)
			}
			return err
		}
		if pending {
			message = "subscription_pending"
		}
	case !wants && had:
		token, err := c.Accounts.UnsubscribeToken(ctx, c.Site.StoreID, s.ID)
		if err != nil {
			return err
		}
		if err := c.Accounts.Unsubscribe(ctx, c.Site.StoreID, token, c.client()); err != nil {
			return err
		}
	}
	c.Flash(message, "")
	return c.redirect("/account.php?action=newsletter")
}

// shown is the client with what the visitor was shown who gives a consent: texts,
// on the page at a path.
func (c *call) shown(path string, texts ...string) account.Client {
	who := c.client()
	who.Shown = subscriber.Shown{Place: c.Origin() + path, Locale: c.look.Lang, Text: strings.Join(texts, "\n")}
	return who
}

// subscribe takes the form at the foot of every page.
func (c *call) subscribe() error {
	back := visit.SafeRedirect(c.form.Get("back"), c.firstPage())
	address := c.trimmed("nl_email")
	pending, err := c.Accounts.Subscribe(c.R.Context(), c.Site, address, c.trimmed("nl_first_name"), c.trimmed("nl_last_name"),
		c.shown(back, c.look.Text("signup.title"), c.look.Text("signup.text"), c.look.Text("signup.submit")))
	if f := fault.As(err); f != nil && f.Kind == fault.Invalid {
		c.Flash("bad_email", "")
		return c.redirect(back)
	}
	if err != nil {
		return err
	}
	if pending {
		c.Flash("subscription_pending", "")
	} else {
		c.Flash("subscribed", "")
	}
	return c.redirect(back)
}

// confirmPage is where the emailed link of a double opt-in leads. It asks for
// a click, so that programs that look into emails confirm nothing.
func (c *call) confirmPage() error {
	return c.confirm("/subscribe.php?action=confirm", "subscribe.confirm.title", "subscribe.confirm.text", "subscribe.confirm.submit")
}

// confirm asks for the click that sends the token of an emailed link to an
// address. The words are keys of texts.
func (c *call) confirm(action, title, text, submit string) error {
	c.private = true
	p := &confirmView{Text: c.look.Text(text, c.storeName()), Button: c.look.Text(submit), Cancel: &html.Link{Label: c.look.Text("cancel"), URL: c.shop()}}
	p.Title = c.look.Text(title)
	p.Form = c.newForm(action, submit).Hide("token", c.R.URL.Query().Get("token"))
	return c.show(http.StatusOK, p)
}

func (c *call) confirmSubscription() error {
	err := c.Accounts.ConfirmSubscription(c.R.Context(), c.Site, c.form.Get("token"),
		c.shown("/subscribe.php?action=confirm", c.look.Text("subscribe.confirm.text", c.storeName()), c.look.Text("subscribe.confirm.submit")))
	if errors.Is(err, account.ErrLink) {
		c.Flash("invalid_link", err.Error())
		return c.redirect(c.firstPage())
	}
	if err != nil {
		return err
	}
	m := &messagePage{Text: c.look.Text("subscribe.done.text", c.storeName()), Next: &html.Link{Label: c.look.Text("home.link"), URL: c.shop()}}
	m.Title = c.look.Text("subscribe.done.title")
	return c.show(http.StatusOK, m)
}

// unsubscribePage asks for a click, or says at once that the link is not good.
func (c *call) unsubscribePage() error {
	err := c.Accounts.CheckUnsubscribe(c.R.Context(), c.Site.StoreID, c.R.URL.Query().Get("token"), c.client())
	if errors.Is(err, account.ErrLink) {
		return c.unsubscribeInvalid()
	}
	if err != nil {
		return err
	}
	return c.confirm("/unsubscribe.php", "unsubscribe.title", "unsubscribe.text", "unsubscribe.submit")
}

// unsubscribe takes the page's own form, and the click that a mail program
// makes on a reader's behalf (RFC 8058), which comes without cookies and wants
// no redirect. The signed token proves either.
func (c *call) unsubscribe() error {
	oneClick := c.form.Get("List-Unsubscribe") == "One-Click"
	token := c.form.Get("token")
	if oneClick || token == "" {
		token = c.R.URL.Query().Get("token")
	}
	err := c.Accounts.Unsubscribe(c.R.Context(), c.Site.StoreID, token, c.client())
	if oneClick && (err == nil || errors.Is(err, account.ErrLink)) {
		status := http.StatusOK
		if err != nil {
			status = http.StatusBadRequest
		}
		c.headers()
		c.W.WriteHeader(status)
		return nil
	}
	if errors.Is(err, account.ErrLink) {
		return c.unsubscribeInvalid()
	}
	if err != nil {
		return err
	}
	m := &messagePage{Text: c.look.Text("unsubscribe.done.text", c.storeName()), Next: &html.Link{Label: c.look.Text("home.link"), URL: c.shop()}}
	m.Title = c.look.Text("unsubscribe.done.title")
	return c.show(http.StatusOK, m)
}

// unsubscribeInvalid says that a link does not work.
func (c *call) unsubscribeInvalid() error {
	m := &messagePage{Text: c.look.Text("unsubscribe.invalid.text"), Next: &html.Link{Label: c.look.Text("home.link"), URL: c.shop()}}
	m.Title = c.look.Text("unsubscribe.invalid.title")
	return c.show(http.StatusUnprocessableEntity, m)
}

func (c *call) privacyForm() (*formPage, error) {
	have, _ := c.Consent()
	if c.session != nil {
		mine, err := c.Customers.Consent(c.R.Context(), c.Site.StoreID, c.session.CustomerID)
		if err != nil {
			return nil, err
		}
		if len(mine.Allow)+len(mine.Deny) > 0 {
			have.Allow = mine.Allow
		}
	}
	p := &formPage{Intro: c.look.Text("privacy.intro")}
	p.Title = c.look.Text("privacy.title")
	var fields []*html.Field
	for _, kind := range visit.ConsentCategories {
		fields = append(fields, &html.Field{Name: kind, Label: c.look.Text("privacy." + kind), Type: "check", Checked: slices.Contains(have.Allow, kind), Hint: c.look.Text("privacy." + kind + ".hint")})
	}
	p.Form = c.newForm("/privacy.php", "save", fields...)
	p.Form.Hide("back", "/privacy.php").Hide("choice", "some")
	return p, nil
}

func (c *call) privacyPage() error {
	if c.privacy.AskConsent == nil || !*c.privacy.AskConsent {
		return errNoPage
	}
	p, err := c.privacyForm()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) savePrivacy() error {
	if c.privacy.AskConsent == nil || !*c.privacy.AskConsent {
		return errNoPage
	}
	out := customer.Consent{DateModified: c.visits.System.Now()}
	for _, kind := range visit.ConsentCategories {
		if choice := c.form.Get("choice"); choice == "all" || choice == "some" && c.form.Get(kind) != "" {
			out.Allow = append(out.Allow, kind)
		} else {
			out.Deny = append(out.Deny, kind)
		}
	}
	if c.session != nil {
		var err error
		if out, err = c.Customers.SetConsent(c.R.Context(), c.Site.StoreID, c.session.CustomerID, out); err != nil {
			return err
		}
	}
	c.SetConsent(out)
	c.Flash("choices_saved", "")
	return c.redirect(visit.SafeRedirect(c.form.Get("back"), c.firstPage()))
}
