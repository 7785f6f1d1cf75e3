package panel

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/html"
	"clientele/internal/mail"
	"clientele/internal/opt"
	"clientele/internal/rule"
	"clientele/internal/staff"
	"clientele/internal/store"
	"clientele/internal/subscriber"
)

// shownConsents is how many entries of what happened to consents a page has.
const shownConsents = 250

// byStaff is the origin of what who is signed in does with consents.
func (c *call) byStaff() subscriber.Origin { return subscriber.Origin{Via: subscriber.ViaPanel} }

// oneSubscriber returns the subscriber of the address.
func (c *call) oneSubscriber() (*subscriber.Subscriber, error) {
	id, err := c.param("id")
	if err != nil {
		return nil, err
	}
	return c.Subscribers.Get(c.R.Context(), c.store.ID, id)
}

// belowSubscribers leads back to the list.
func (c *call) belowSubscribers() []html.Link {
	return []html.Link{{Label: c.look.Text("subscribers.title"), URL: c.storeAt("/subscribers")}}
}

func (c *call) belowSubscriber(s *subscriber.Subscriber) []html.Link {
	return append(c.belowSubscribers(), html.Link{Label: s.Email, URL: c.subscriberAt(s.ID, "")})
}

// proofsOf returns what happened to a subscriber's consents, the newest first, also
// when they are gone.
func (c *call) proofsOf(id int64) ([]subscriber.Change, error) {
	q := subscriber.HistoryList.New()
	q.Limit = shownConsents
	changes, _, err := c.Subscribers.Proofs(c.R.Context(), c.store.ID, id, q)
	return changes, err
}

// siteOn is the storefront of a channel with its address, if it has one.
func (c *call) siteOn(channelID int64) (store.Site, bool, error) {
	site, ok, err := c.visits.Hosts.SiteOf(c.R.Context(), c.store.Hash, channelID, "")
	if err != nil || !ok {
		return site, false, err
	}
	site.URL, err = c.visits.Hosts.LinkTo(c.R.Context(), site.StoreHash, site.ChannelID)
	return site, err == nil, err
}

func (c *call) subscriberPage() error {
	s, err := c.oneSubscriber()
	if isNotFound(err) {
		return c.formerSubscriber()
	}
	if err != nil {
		return err
	}
	ctx := c.R.Context()
	names, _, err := c.Rules.Ask(ctx, c.store.ID, nil)
	if err != nil {
		return err
	}
	bounces, err := c.Subscribers.BouncesOf(ctx, c.store.ID, []subscriber.Subscriber{*s})
	if err != nil {
		return err
	}
	bounce, bounced := bounces[s.ID]
	state := s.StateOf(bounced)
	p := &recordView{}
	p.Title, p.Copy = s.Email, s.Email
	p.Lead = cmp.Or(customer.FullName(s.FirstName, s.LastName), c.look.Text("subscribers.unnamed"))
	p.Crumbs = c.belowSubscribers()
	p.Lozenges = []Lozenge{c.subscriberLozenge(state)}
	p.Facts = []Fact{
		{Label: c.look.Text("subscribers.consents"), Value: c.agreedTo(s)}, {Label: c.look.Text("subscribers.source"), Value: c.look.Text("subscribers.source." + s.Source)},
		{Label: c.look.Text("subscribers.channel"), Value: channelName(names, s.ChannelID)}, {Label: c.look.Text("subscribers.since"), When: c.when(s.DateCreated)}, {Label: c.look.Text("changed"), When: c.when(s.DateModified)},
	}
	if s.OrderID != 0 {
		p.Facts = append(p.Facts, Fact{Label: c.look.Text("subscribers.of_order"), Value: strconv.FormatInt(s.OrderID, 10)})
	}
	c.subscriberActions(p, s, bounced)
	if bounced {
		text := c.look.Text("subscribers.bounce."+bounce.Kind, c.look.Date(bounce.Time, c.zone()))
		p.Message = &Message{Kind: "warning", Title: c.look.Text("subscribers.state.bounced"), Text: text}
		if bounce.Reason != "" {
			p.Message.Items = []string{bounce.Reason}
		}
	}
	proof, err := c.proofBlock(s.ID, names)
	if err != nil {
		return err
	}
	p.Left = []*Block{proof}
	link, err := c.unsubscribeBlock(s)
	if err != nil {
		return err
	}
	p.Right = append(p.Right, link)
	person, err := c.customerBlock(s.Email)
	if err != nil {
		return err
	}
	p.Right = append(p.Right, person)
	if c.can(staff.Emails) {
		emails, err := c.emailsTo(s.Email)
		if err != nil {
			return err
		}
		p.Right = append(p.Right, emails)
	}
	return c.show(http.StatusOK, p)
}

func (c *call) subscriberActions(p *recordView, s *subscriber.Subscriber, bounced bool) {
	if c.can(staff.Subscribers) {
		if len(s.Consents) > 0 {
			p.Actions = append(p.Actions, Action{Label: c.look.Text("subscriber.unsubscribe"), URL: c.subscriberAt(s.ID, "/unsubscribe"), Dialog: true})
		} else {
			p.Actions = append(p.Actions, Action{Label: c.look.Text("subscribers.anew"), URL: c.with(c.storeAt("/subscribers/new"), "email", s.Email, "channel", strconv.FormatInt(s.ChannelID, 10))})
		}
		p.More = append(p.More, Action{Label: c.look.Text("subscriber.proof"), URL: c.subscriberAt(s.ID, "/proof")}, Action{Label: c.look.Text("subscriber.json"), URL: c.subscriberAt(s.ID, "/proof.json")})
	}
	p.More = append(p.More, Action{Label: c.look.Text("api.title"), URL: c.subscriberAt(s.ID, "/api")})
	if c.can(staff.Subscribers) {
		if bounced {
			p.More = append(p.More, Action{Label: c.look.Text("subscriber.reachable"), URL: c.subscriberAt(s.ID, "/reachable"), Dialog: true})
		}
		p.More = append(p.More, Action{Label: c.look.Text("delete"), URL: c.subscriberAt(s.ID, "/delete"), Dialog: true, Danger: true})
	}
	if c.can(staff.PersonalData) && c.mayOpen(ofStore+"/privacy") {
		p.More = append(p.More, Action{Label: c.look.Text("privacy.title"), URL: c.with(c.storeAt("/privacy"), "email", s.Email)})
	}
}

// formerSubscriber is the page of one who is gone, whose consents stay on record.
func (c *call) formerSubscriber() error {
	id, err := c.param("id")
	if err != nil {
		return err
	}
	if !c.can(staff.Subscribers) {
		return errNoPage
	}
	names, _, err := c.Rules.Ask(c.R.Context(), c.store.ID, nil)
	if err != nil {
		return err
	}
	proof, err := c.proofBlock(id, names)
	if err != nil {
		return err
	}
	p := &recordView{Left: []*Block{proof}}
	p.Title = c.look.Text("subscribers.former", strconv.FormatInt(id, 10))
	p.Crumbs = c.belowSubscribers()
	p.Lozenges = []Lozenge{{"neutral", c.look.Text("subscribers.gone")}}
	p.Message = &Message{Kind: "info", Text: c.look.Text("subscribers.gone.text")}
	p.Actions = []Action{{Label: c.look.Text("subscriber.proof"), URL: c.subscriberAt(id, "/proof")}}
	return c.show(http.StatusOK, p)
}

// proofBlock is what happened to a subscriber's consents.
func (c *call) proofBlock(id int64, names *rule.Names) (*Block, error) {
	changes, err := c.proofsOf(id)
	if err != nil {
		return nil, err
	}
	b := &Block{ID: "proof", Title: c.look.Text("subscriber.proofs"), Nothing: c.look.Text("consents.none")}
	for i := len(changes) - 1; i >= 0; i-- {
		b.Cards = append(b.Cards, c.proofCard(&changes[i], names))
	}
	return b, nil
}

// proofCard tells of a change of consents all that is known.
func (c *call) proofCard(ch *subscriber.Change, names *rule.Names) Card {
	k := Card{ID: "consent-" + strconv.FormatInt(ch.ID, 10), Title: c.consentDid(ch), When: c.when(ch.DateCreated), Sub: c.consentHow(ch, names)}
	p := &ch.Proof
	line := func(key string, args ...string) { k.Lines = append(k.Lines, c.look.Text(key, args...)) }
	if p.Ground != "" {
		line("consents.ground", p.Ground)
	}
	if p.Anew {
		line("consents.anew")
	}
	if p.Undoes != 0 && ch.Action != subscriber.Deleted {
		line("consents.undone")
	}
	if p.Confirmed == subscriber.ByEmail {
		line("consents.confirmed", c.look.Date(ch.DateCreated, c.zone()))
	}
	shown := p.Shown
	if a := p.Asked; a != nil {
		if a.Time != 0 {
			line("consents.asked", c.look.Date(a.Time, c.zone()))
		}
		if a.IP != "" {
			line("consents.asked.from", a.IP)
		}
		if shown.Text == "" && shown.Version == "" {
			shown = a.Shown
		}
	}
	if ch.IP != "" {
		line("consents.ip", ch.IP)
	}
	if shown.Place != "" {
		line("consents.place", shown.Place)
	}
	if shown.Version != "" {
		line("consents.version", cmp.Or(shown.Locale, "–"), shown.Version)
	}
	if shown.Text != "" {
		line("consents.shown")
		k.Note = []TextPart{{Text: "“" + shown.Text + "”"}}
	}
	return k
}

// consentDid tells what a change of consents was.
func (c *call) consentDid(ch *subscriber.Change) string {
	switch {
	case ch.Action == subscriber.Deleted && ch.Via == subscriber.ViaErasure:
		return c.look.Text("consents.did.erased")
	case ch.Action == subscriber.Deleted && ch.Proof.Undoes != 0:
		return c.look.Text("consents.undone")
	case ch.Action == subscriber.Deleted:
		return c.look.Text("consents.did.deleted")
	case len(ch.Consents) == 0:
		return c.look.Text("consents.did.none")
	case ch.Action == subscriber.Created:
		return c.look.Text("consents.did.created", c.consentNames(ch.Consents))
	}
	return c.look.Text("consents.did.updated", c.consentNames(ch.Consents))
}

// consentHow tells by which way a change of consents came, by whom and where.
func (c *call) consentHow(ch *subscriber.Change, names *rule.Names) string {
	parts := []string{}
	if ch.Via != "" {
		parts = append(parts, c.known("consents.via.", ch.Via))
	}
	if ch.AccountID != 0 {
		parts = append(parts, c.look.Text("consents.account", strconv.FormatInt(ch.AccountID, 10)))
	}
	if ch.Proof.ActorName != "" {
		parts = append(parts, ch.Proof.ActorName)
	}
	if name := channelName(names, ch.ChannelID); name != "" {
		parts = append(parts, name)
	}
	return strings.Join(parts, " · ")
}

// unsubscribeBlock has the link with which the subscriber leaves.
func (c *call) unsubscribeBlock(s *subscriber.Subscriber) (*Block, error) {
	b := &Block{ID: "link", Title: c.look.Text("subscriber.link"), Nothing: c.look.Text("subscriber.link.none")}
	site, ok, err := c.siteOn(s.ChannelID)
	if err != nil || !ok || site.URL == "" {
		return b, err
	}
	link, err := c.Accounts.UnsubscribeLink(c.R.Context(), site, s.ID)
	if err != nil {
		return nil, err
	}
	b.Text, b.Copy = c.look.Text("subscriber.link.text"), link
	return b, nil
}

// customerBlock leads to the customers who have an address.
func (c *call) customerBlock(address string) (*Block, error) {
	b := &Block{ID: "customer", Title: c.look.Text("subscriber.customer"), Nothing: c.look.Text("subscriber.customer.none")}
	q, err := customer.List.Parse(url.Values{"limit": {"10"}, "email:in": {address}}.Encode())
	if err != nil {
		return b, nil // what cannot be looked for is nobody's
	}
	people, _, err := c.Customers.List(c.R.Context(), c.store.ID, q.WithoutTotal(), nil)
	if err != nil {
		return nil, err
	}
	for i := range people {
		b.Cards = append(b.Cards, Card{Title: customerName(&people[i]), Sub: people[i].Company, Actions: []Action{{Label: c.look.Text("show"), URL: c.customerAt(people[i].ID, "")}}})
	}
	return b, nil
}

// emailsTo are the last emails to an address.
func (c *call) emailsTo(address string) (*Block, error) {
	b := c.block("emails")
	b.Nothing = c.look.Text("subscriber.emails.none")
	emails, err := c.Mail.Headers(c.R.Context(), c.store.ID, mail.Filter{To: address, Limit: shownEmails})
	if err != nil {
		return nil, err
	}
	c.emailCards(b, emails)
	return b, nil
}

// subscriberForm enters a subscriber on stated grounds.
func (c *call) subscriberForm() (*formPage, error) {
	names, _, err := c.Rules.Ask(c.R.Context(), c.store.ID, nil)
	if err != nil {
		return nil, err
	}
	q := c.R.URL.Query()
	email := c.emailField("off")
	email.Value = short(clean(q.Get("email")), 255)
	first, last := c.textField("first_name", "customer.field.first_name"), c.textField("last_name", "customer.field.last_name")
	first.Required, last.Required, first.Narrow, last.Narrow = false, false, true, true
	consents := &html.Field{Name: "consents", Label: c.look.Text("subscribers.consents"), Type: "checks", Required: true}
	for i, name := range subscriber.Consents {
		consents.Options = append(consents.Options, html.Option{Value: name, Label: c.consentName(name), Selected: i == 0})
	}
	ground := c.textField("ground", "subscribers.ground")
	ground.Hint, ground.MaxLength, ground.Autocomplete = c.look.Text("subscribers.ground.hint"), 500, "off"
	fields := []*html.Field{email, first, last}
	if len(names.Channels) > 1 {
		x := &html.Field{Name: "channel_id", Label: c.look.Text("subscribers.channel"), Type: "select", Required: true}
		for _, n := range names.Channels {
			id := strconv.FormatInt(n.ID, 10)
			x.Options = append(x.Options, html.Option{Value: id, Label: n.Name, Selected: id == q.Get("channel")})
		}
		fields = append(fields, x)
	}
	fields = append(fields, consents, ground)
	p := &formPage{Intro: c.look.Text("subscribers.new.intro")}
	p.Title, p.Crumbs = c.look.Text("subscribers.new"), c.belowSubscribers()
	p.Form = c.newForm(c.storeAt("/subscribers/new"), "subscribers.new.submit", fields...)
	p.Form.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: c.storeAt("/subscribers")}
	if q.Get("email") != "" && c.R.Method == http.MethodGet || c.form.Has("reconsent_asked") {
		c.askAnew(p.Form)
	}
	return p, nil
}

// askAnew has the form of a subscriber ask whether somebody who had left has agreed
// again.
func (c *call) askAnew(f *Form) {
	s := f.Sections[0]
	s.Fields = append(s.Fields, &html.Field{Name: "reconsent", Label: c.look.Text("subscribers.reconsent"), Hint: c.look.Text("subscribers.reconsent.hint"), Type: "check"})
	f.Hide("reconsent_asked", "1")
}

func (c *call) newSubscriberPage() error {
	p, err := c.subscriberForm()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) addSubscriber() error {
	p, err := c.subscriberForm()
	if err != nil {
		return err
	}
	f := p.Form
	if !c.filled(f) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	in := subscriber.Enter{Ground: c.value("ground"), Anew: c.form.Get("reconsent") != ""}
	in.Create = subscriber.Create{Email: c.value("email"), FirstName: c.value("first_name"), LastName: c.value("last_name"), Consents: opt.Some(c.form["consents"])}
	if text := c.value("channel_id"); text != "" {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return errBad
		}
		in.ChannelID = opt.Some(id)
	}
	s, err := c.Subscribers.Enter(c.R.Context(), c.store.ID, in, c.byStaff())
	if err != nil {
		if subscriber.Refused(err) && f.Field("reconsent") == nil {
			c.askAnew(f)
		}
		return c.again(p, f, err)
	}
	return c.done(c.subscriberAt(s.ID, ""), "subscriber_added", s.Email)
}

// subscriberQuestion is a question about the subscriber of the address. Its texts
// are below "subscriber.{key}".
func (c *call) subscriberQuestion(key, path string, danger bool) (*questionPage, *subscriber.Subscriber, error) {
	s, err := c.oneSubscriber()
	if err != nil {
		return nil, nil, err
	}
	p := c.ask("subscriber."+key, c.subscriberAt(s.ID, path), danger, c.subscriberAt(s.ID, ""), s.Email)
	p.Crumbs = c.belowSubscriber(s)
	return p, s, nil
}

func (c *call) askSubscriber(key, path string, danger bool) error {
	p, _, err := c.subscriberQuestion(key, path, danger)
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) unsubscribePage() error {
	return c.askSubscriber("unsubscribe_q", "/unsubscribe", false)
}

func (c *call) unsubscribeSubscriber() error {
	s, err := c.oneSubscriber()
	if err != nil {
		return err
	}
	if _, err := c.Subscribers.Unsubscribe(c.R.Context(), c.store.ID, s.ID, c.byStaff()); err != nil {
		return err
	}
	return c.done(c.subscriberAt(s.ID, ""), "subscriber_unsubscribed", s.Email)
}

func (c *call) deleteSubscriberPage() error { return c.askSubscriber("delete_q", "/delete", true) }

func (c *call) deleteSubscriber() error {
	s, err := c.oneSubscriber()
	if err != nil {
		return err
	}
	if err := c.Subscribers.DeleteOne(c.R.Context(), c.store.ID, s.ID, c.byStaff()); err != nil {
		return err
	}
	return c.done(c.storeAt("/subscribers"), "subscriber_deleted", s.Email)
}

func (c *call) reachablePage() error { return c.askSubscriber("reachable_q", "/reachable", false) }

func (c *call) reachableSubscriber() error {
	s, err := c.oneSubscriber()
	if err != nil {
		return err
	}
	if err := c.Subscribers.Reachable(c.R.Context(), c.store.ID, s.Email); err != nil {
		return err
	}
	return c.done(c.subscriberAt(s.ID, ""), "subscriber_reachable", s.Email)
}

// subscriberAPI tells how apps get a subscriber and what proves the consents.
func (c *call) subscriberAPI() error {
	s, err := c.oneSubscriber()
	if err != nil {
		return err
	}
	id := strconv.FormatInt(s.ID, 10)
	p := &apiView{Text: c.look.Text("api.text")}
	p.Title, p.Crumbs = c.look.Text("api.title"), c.belowSubscriber(s)
	p.Examples = []Example{c.example("api.v3", "/v3/customers/subscribers/"+id, ""), c.example("subscriber.proofs", "/v3/clientele/subscribers/"+id+"/consents", "")}
	return c.show(http.StatusOK, p)
}

// proofPage is the proof of a subscriber's consents, to be printed.
func (c *call) proofPage() error {
	id, err := c.param("id")
	if err != nil {
		return err
	}
	names, _, err := c.Rules.Ask(c.R.Context(), c.store.ID, nil)
	if err != nil {
		return err
	}
	changes, err := c.proofsOf(id)
	if err != nil {
		return err
	}
	b := &Block{ID: "proof", Title: c.look.Text("subscriber.proofs"), Nothing: c.look.Text("consents.none")}
	for i := range changes {
		k := c.proofCard(&changes[i], names)
		k.Lines = append([]string{c.look.Date(changes[i].DateCreated, c.zone()), changes[i].Email}, k.Lines...)
		b.Cards = append(b.Cards, k)
	}
	p := &recordView{Left: []*Block{b}}
	p.Title = c.look.Text("proof.title")
	p.Lead = c.look.Text("proof.lead", c.store.Name)
	p.Crumbs = append(c.belowSubscribers(), html.Link{Label: c.look.Text("subscribers.number", strconv.FormatInt(id, 10)), URL: c.subscriberAt(id, "")})
	p.Facts = []Fact{{Label: c.look.Text("proof.store"), Value: c.store.Name + " (" + c.store.Hash + ")"}, {Label: c.look.Text("proof.subscriber"), Value: strconv.FormatInt(id, 10)}, {Label: c.look.Text("proof.made"), Value: c.look.Date(c.visits.System.Now(), c.zone())}}
	p.Actions = []Action{{Label: c.look.Text("print"), Print: true}, {Label: c.look.Text("subscriber.json"), URL: c.subscriberAt(id, "/proof.json")}}
	return c.show(http.StatusOK, p)
}

// proofJSON is the proof of a subscriber's consents for programs. That it is taken
// is in the history.
func (c *call) proofJSON() error {
	id, err := c.param("id")
	if err != nil {
		return err
	}
	changes, err := c.proofsOf(id)
	if err != nil {
		return err
	}
	if c.R.Method != http.MethodHead {
		if err := c.Subscribers.Taken(c.R.Context(), c.store.ID, id); err != nil {
			return err
		}
	}
	out := make([]subscriber.Proven, len(changes))
	for i := range changes {
		out[i] = changes[i].Proven()
	}
	text, err := json.MarshalIndent(map[string]any{"store_hash": c.store.Hash, "subscriber_id": id, "consents": out}, "", "  ")
	if err != nil {
		return err
	}
	c.attach("application/json", "consents-"+c.store.Hash+"-"+strconv.FormatInt(id, 10)+".json", text)
	return nil
}

// attach answers with a file.
func (c *call) attach(kind, name string, body []byte) {
	h := c.W.Header()
	html.Secure(h, c.referrer())
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="`+strings.Map(plainName, name)+`"`)
	c.W.WriteHeader(http.StatusOK)
	if c.R.Method != http.MethodHead {
		_, _ = c.W.Write(body) // a client that hung up is of no interest here
	}
}

// oneWaiting returns the subscription that waits of the address.
func (c *call) oneWaiting() (*account.Waiting, error) {
	return c.Accounts.OneWaiting(c.R.Context(), c.store.ID, chi.URLParam(c.R, "id"))
}

func (c *call) waitingPage() error {
	w, err := c.oneWaiting()
	if err != nil {
		return err
	}
	names, _, err := c.Rules.Ask(c.R.Context(), c.store.ID, nil)
	if err != nil {
		return err
	}
	p := &recordView{}
	p.Title, p.Copy, p.Crumbs = w.Email, w.Email, c.belowSubscribers()
	p.Lead = cmp.Or(customer.FullName(w.FirstName, w.LastName), c.look.Text("subscribers.unnamed"))
	p.Lozenges = []Lozenge{{"warning", c.look.Text("subscribers.state.waiting")}}
	p.Message = &Message{Kind: "info", Text: c.look.Text("subscribers.waiting.text", c.look.Date(w.Expires, c.zone()))}
	p.Facts = []Fact{{Label: c.look.Text("subscribers.channel"), Value: channelName(names, w.ChannelID)}}
	if c.can(staff.Subscribers) {
		p.Actions = []Action{{Label: c.look.Text("subscribers.waiting.send"), URL: c.waitingAt(w.Key, "/send"), Primary: true, Dialog: true}}
		p.More = []Action{{Label: c.look.Text("subscribers.waiting.drop"), URL: c.waitingAt(w.Key, "/drop"), Dialog: true, Danger: true}}
	}
	asked := &Block{ID: "asked", Title: c.look.Text("subscribers.waiting.asked"), Nothing: c.look.Text("consents.none")}
	if a := w.Asked; a != nil {
		ch := subscriber.Change{Action: subscriber.Created, Consents: []string{subscriber.MarketingNewsletter}, ChannelID: w.ChannelID, DateCreated: a.Time, Origin: subscriber.Origin{Via: subscriber.ViaStorefront, Proof: subscriber.Proof{Asked: a}}}
		k := c.proofCard(&ch, names)
		k.Title = c.look.Text("subscribers.waiting.did")
		asked.Cards = []Card{k}
	}
	p.Left = []*Block{asked}
	if c.can(staff.Emails) {
		emails, err := c.emailsTo(w.Email)
		if err != nil {
			return err
		}
		p.Right = []*Block{emails}
	}
	return c.show(http.StatusOK, p)
}

// askWaiting is a question about the subscription that waits of the address.
func (c *call) askWaiting(key, path string, danger bool) (*questionPage, *account.Waiting, error) {
	w, err := c.oneWaiting()
	if err != nil {
		return nil, nil, err
	}
	p := c.ask("subscribers.waiting."+key, c.waitingAt(w.Key, path), danger, c.waitingAt(w.Key, ""), w.Email)
	p.Crumbs = append(c.belowSubscribers(), html.Link{Label: w.Email, URL: c.waitingAt(w.Key, "")})
	return p, w, nil
}

func (c *call) confirmAgainPage() error {
	p, _, err := c.askWaiting("send_q", "/send", false)
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) confirmAgain() error {
	p, w, err := c.askWaiting("send_q", "/send", false)
	if err != nil {
		return err
	}
	site, ok, err := c.siteOn(w.ChannelID)
	if err != nil {
		return err
	}
	if !ok {
		return c.again(p, p.Dialog.Form, account.ErrNoChannel)
	}
	next, err := c.Accounts.ConfirmAgain(c.R.Context(), site, w.Key, account.Client{Peer: c.client.Peer})
	if err != nil {
		return c.again(p, p.Dialog.Form, err)
	}
	return c.done(c.waitingAt(next.Key, ""), "confirmation_sent", w.Email)
}

func (c *call) dropWaitingPage() error {
	p, _, err := c.askWaiting("drop_q", "/drop", true)
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) dropWaiting() error {
	w, err := c.oneWaiting()
	if err != nil {
		return err
	}
	if err := c.Accounts.DropWaiting(c.R.Context(), c.store.ID, w.Key); err != nil {
		return err
	}
	return c.done(c.with(c.storeAt("/subscribers"), "state", waitingState), "waiting_dropped", w.Email)
}
