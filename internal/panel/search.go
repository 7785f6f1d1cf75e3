package panel

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/sync/errgroup"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/fold"
	"clientele/internal/group"
	"clientele/internal/html"
	"clientele/internal/rule"
	"clientele/internal/search"
	"clientele/internal/segment"
	"clientele/internal/sso"
	"clientele/internal/staff"
	"clientele/internal/subscriber"
	"clientele/internal/webhook"
)

// Found are things of one kind that a search has found.
type Found struct {
	Label string
	Items []FoundItem
}

// FoundItem is one of them. Without an address it has no page.
type FoundItem struct{ Text, Sub, URL string }

// Reading is what a text says that was pasted into the search, such as a token.
type Reading struct {
	Note  Message
	Facts []Fact
}

// perKind is how many of a kind are shown.
const perKind = 8

// place is somewhere to go, or something to do. Its words are its label and the
// text "search.words.{key}".
type place struct {
	key, at string
	apart   bool // not below a store
}

var pages = []place{
	{"nav.home", "", false}, {"nav.all_customers", "/customers", false}, {"nav.groups", "/groups", false}, {"nav.segments", "/segments", false},
	{"subscribers.title", "/subscribers", false}, {"consents.title", "/consents", false}, {"unsubscribed.title", "/unsubscribed", false}, {"nav.staff", "/staff", false},
	{"nav.history", "/history", false}, {"nav.api_accounts", "/api-accounts", false}, {"nav.webhooks", "/webhooks", false},
	{"nav.storefront_tokens", "/storefront-tokens", false}, {"nav.import", "/import", false}, {"nav.export", "/export", false}, {"bulk.title", "/bulk", false},
	{"privacy.title", "/privacy", false}, {"emails.title", "/emails", false}, {"texts.title", "/texts", false}, {"nav.store_settings", "/settings", false},
	{"nav.accounts_settings", "/settings/accounts", false}, {"nav.sign_up_form", "/settings/sign-up-form", false}, {"nav.attributes", "/settings/attributes", false},
	{"nav.newsletter", "/settings/newsletter", false}, {"nav.channels", "/settings/channels", false}, {"nav.privacy_settings", "/settings/privacy", false},
	{"stores.title", "/stores", true}, {"nav.system", "/system", true}, {"profile.title", "/profile", true}, {"password.title", "/profile/password", true}, {"profile.tab.security", "/profile/security", true},
	{"profile.tab.sessions", "/profile/sessions", true}, {"help.title", "/help", true},
}

// made are what "+ New" makes, and deeds what else can be done from everywhere.
var (
	made = []place{
		{"customers.new", "/customers/new", false}, {"groups.new", "/groups/new", false}, {"segments.new", "/segments/new", false}, {"subscribers.new", "/subscribers/new", false}, {"staff.new", "/staff/new", false}, {"stores.new", "/stores/new", true}, {"accounts.new", "/api-accounts/new", false}, {"hooks.new", "/webhooks/new", false}, {"tokens.new", "/storefront-tokens/new", false},
	}
	deeds = []place{{"tokens.decode", "/storefront-tokens/decode", false}, {"history.export.csv", "/history/export?format=csv", false}}
)

// ways returns the places to which who is signed in may come.
func (c *call) ways(all []place) []html.Link {
	var out []html.Link
	for _, p := range all {
		below, at := ofStore, c.storeAt(p.at)
		if p.apart {
			below, at = "", Base+p.at
		}
		if path, _, _ := strings.Cut(p.at, "?"); c.mayOpen(below + path) {
			out = append(out, html.Link{Label: c.look.Text(p.key), URL: at})
		}
	}
	return out
}

// placesOf finds places by the beginnings of their words.
func (c *call) placesOf(all []place, text string) []FoundItem {
	var out []FoundItem
	for _, p := range all {
		known := wordsOf(c.look.Text(p.key))
		if key := "search.words." + p.key; c.look.Has(key) {
			known = append(known, wordsOf(c.look.Text(key))...)
		}
		if !fits(text, known) {
			continue
		}
		for _, l := range c.ways([]place{p}) {
			out = append(out, FoundItem{Text: l.Label, URL: l.URL})
		}
	}
	return out[:min(len(out), perKind)]
}

// fits reports whether each word of a text begins one of the known words. Signs
// alone fit nothing.
func fits(text string, known []string) bool {
	words := wordsOf(text)
	if len(words) == 0 {
		return text == ""
	}
	for _, w := range words {
		if !slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(k, w) }) {
			return false
		}
	}
	return true
}

// wordsOf are the words of a text, as texts are searched.
func wordsOf(text string) []string {
	return strings.FieldsFunc(fold.Plain(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// findSettings finds settings by the beginnings of the words of their labels and of
// what they do.
func (c *call) findSettings(text string) []FoundItem {
	if text == "" || !c.can(staff.Settings) {
		return nil
	}
	var out []FoundItem
	for i := range settingPages {
		p := &settingPages[i]
		for _, s := range p.sections {
			for _, f := range s.settings {
				label := c.look.Text("set." + f.name)
				words := label
				if key := "set." + f.name + ".hint"; c.look.Has(key) {
					words += " " + c.look.Text(key)
				}
				if fits(text, wordsOf(words)) && len(out) < perKind {
					out = append(out, FoundItem{Text: label, Sub: c.look.Text("settings." + p.key + ".title"), URL: c.storeAt(p.path) + "#f-" + f.name})
				}
			}
		}
	}
	return out
}

func (c *call) searchPage() error {
	text := clean(c.R.URL.Query().Get("q"))
	p := &searchView{Query: text, Action: c.storeAt("/search")}
	p.Title = c.look.Text("search.title")
	if len(text) > maxPasted {
		text = ""
		p.Reading = &Reading{Note: Message{Kind: "error", Text: c.look.Text("search.long")}}
	}
	if text != "" {
		if err := c.find(p, text); err != nil {
			return err
		}
	}
	acting, err := c.findActing(text)
	if err != nil {
		return err
	}
	p.add(c.look.Text("search.actions"), append(c.placesOf(append(made[:len(made):len(made)], deeds...), text), acting...))
	p.add(c.look.Text("search.pages"), c.placesOf(pages, text))
	p.add(c.look.Text("search.settings"), c.findSettings(text))
	n := 0
	for _, f := range p.Found {
		n += len(f.Items)
	}
	p.Count = c.look.Plural("search.count", n)
	if n == 0 && p.Reading == nil {
		p.Empty = &Empty{Icon: "search", Title: c.look.Text("none.title"), Text: c.look.Text("search.none")}
	}
	return c.show(http.StatusOK, p)
}

// maxPasted bounds what is searched for, in bytes: a token may be long.
const maxPasted = 8000

func (p *searchView) add(label string, items []FoundItem) {
	if len(items) > 0 {
		p.Found = append(p.Found, Found{label, items})
	}
}

// find looks for records of the store, of all kinds at once.
func (c *call) find(p *searchView, text string) error {
	if is, err := c.readPasted(p, text); is || err != nil {
		return err
	}
	kinds := []struct {
		label string
		find  func(text string) ([]FoundItem, error)
	}{
		{"search.customers", c.findCustomers}, {"search.subscribers", c.findSubscribers}, {"groups.title", c.findGroups}, {"segments.title", c.findSegments},
	}
	if len([]rune(text)) > maxWord {
		kinds = kinds[:1]
	}
	found := make([][]FoundItem, len(kinds))
	var all errgroup.Group
	for i := range kinds {
		all.Go(func() (err error) {
			found[i], err = kinds[i].find(text)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return err
	}
	for i := range kinds {
		p.add(c.look.Text(kinds[i].label), found[i])
	}
	return nil
}

// maxWord is the most characters that a filter of names takes.
const maxWord = 200

// byName is a filter by a part of a name, whose commas are no list.
func byName(text string) string {
	return url.Values{"name:like": {strings.ReplaceAll(text, ",", " ")}, "limit": {strconv.Itoa(perKind)}}.Encode()
}

func (c *call) findGroups(text string) ([]FoundItem, error) {
	q, err := group.Browse.Parse(byName(text))
	if err != nil {
		return nil, err
	}
	groups, _, err := c.Groups.Browse(c.R.Context(), c.store.ID, q)
	if err != nil {
		return nil, err
	}
	var out []FoundItem
	for i := range groups {
		item := FoundItem{Text: groups[i].Name, URL: c.groupAt(groups[i].ID, "")}
		if len(groups[i].Rules) > 0 {
			item.Sub = c.discounts(groups[i].Rules, 1)
		}
		out = append(out, item)
	}
	return out, nil
}

// findSegments finds segments by a part of their name, or the one of a UUID.
func (c *call) findSegments(text string) ([]FoundItem, error) {
	q, err := segment.Browse.Parse(byName(text))
	if err != nil {
		return nil, err
	}
	segments, _, err := c.Segments.List(c.R.Context(), c.store.ID, q)
	if err != nil {
		return nil, err
	}
	if one, err := c.Rules.Get(c.R.Context(), c.store.ID, text); err == nil {
		segments = append(segments[:0], one.Segment)
	}
	var out []FoundItem
	for i := range segments {
		out = append(out, FoundItem{segments[i].Name, short(segments[i].Description, 80), c.segmentAt(segments[i].UUID, "")})
	}
	return out, nil
}

// findActing offers to sign in as a customer to who may: "sign in as jane", in the words
// of the language.
func (c *call) findActing(text string) ([]FoundItem, error) {
	words, begin := wordsOf(text), wordsOf(c.look.Text("search.acting"))
	if len(words) <= len(begin) || !slices.Equal(words[:len(begin)], begin) || !c.can(staff.SignInAs) {
		return nil, nil
	}
	fields := strings.Fields(text)
	people, err := c.findCustomers(strings.Join(fields[min(len(begin), len(fields)):], " "))
	var out []FoundItem
	for i := range people {
		out = append(out, FoundItem{Text: c.look.Text("search.act", people[i].Text), Sub: people[i].Sub, URL: people[i].URL + "/sign-in-as"})
	}
	return out, err
}

var numbered = regexp.MustCompile(`^#\d{1,18}$`)

// findCustomers finds customers by words, in any order; by "#17" the one with
// the number.
func (c *call) findCustomers(text string) ([]FoundItem, error) {
	ctx := c.R.Context()
	var out []FoundItem
	add := func(x *customer.Customer) {
		at := c.customerAt(x.ID, "")
		if len(out) < perKind && !slices.ContainsFunc(out, func(f FoundItem) bool { return f.URL == at }) {
			out = append(out, FoundItem{Text: customerName(x), Sub: x.Email, URL: at})
		}
	}
	if numbered.MatchString(text) {
		id, err := strconv.ParseInt(text[1:], 10, 64)
		if err != nil {
			return nil, nil
		}
		x, err := c.Customers.Get(ctx, c.store.ID, id)
		if errors.Is(err, customer.ErrNoCustomer) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		add(x)
		return out, nil
	}
	words := strings.Fields(text)
	if len(words) == 1 && len([]rune(text)) <= fewLetters && numberLess(text) {
		people, err := c.namesBegin(text)
		for i := range people {
			add(&people[i])
		}
		return out, err
	}
	texts := []string{text}
	if len(words) == 2 { // the first one may be the one that is not finished
		texts = append(texts, words[1]+" "+words[0])
	}
	for _, t := range texts {
		q, err := search.Parse(t)
		if fault.As(err) != nil {
			return out, nil // what cannot be looked for is not found
		}
		if err != nil {
			return nil, err
		}
		q.Typing = true
		found, err := c.Customers.Search(ctx, c.store.ID, q, perKind)
		if err != nil {
			return nil, err
		}
		for i := range found.Customers {
			add(&found.Customers[i].Customer)
		}
		if len(out) >= perKind {
			break
		}
	}
	return out, nil
}

// fewLetters are too few to search by: half of all have them. The index on names
// leads to the first ones.
const fewLetters = 2

func numberLess(text string) bool { return !strings.ContainsAny(text, "0123456789+") }

// namesBegin returns the first customers whose names or last names begin with a
// text.
func (c *call) namesBegin(text string) (out []customer.Customer, err error) {
	for _, field := range []string{"name", "last_name"} {
		n := &rule.Node{Kind: rule.Compare, Field: rule.Field{Name: field}, Op: rule.Starts, Values: []rule.Value{{Text: text}}}
		_, asked, err := c.Rules.Ask(c.R.Context(), c.store.ID, n)
		var wrong *rule.Fault
		if errors.As(err, &wrong) || err == nil && asked == nil {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		found, err := c.Customers.Browse(c.R.Context(), c.store.ID, customer.Browse{Rule: asked.Checked, Clock: asked.Clock, Node: asked.Node, Sort: field, Limit: perKind})
		if err != nil {
			return nil, err
		}
		out = append(out, found.Customers...)
	}
	return out, nil
}

// findSubscribers finds subscribers by the beginnings of their address and names.
// Those who are customers are among the customers too.
func (c *call) findSubscribers(text string) ([]FoundItem, error) {
	rows, err := c.Subscribers.Search(c.R.Context(), c.store.ID, text, perKind)
	if err != nil {
		return nil, err
	}
	var out []FoundItem
	for i := range rows {
		out = append(out, c.subscriberItem(&rows[i]))
	}
	return out, nil
}

func (c *call) subscriberItem(s *subscriber.Subscriber) FoundItem {
	item := FoundItem{Text: s.Email, Sub: c.look.Text("search.of_channel", strconv.FormatInt(s.ChannelID, 10)), URL: c.subscriberAt(s.ID, "")}
	if name := customer.FullName(s.FirstName, s.LastName); name != "" {
		item.Sub = name + " · " + item.Sub
	}
	return item
}

// readPasted reads what somebody has at hand: a link to unsubscribe, the id of a
// webhook's message, a login token. It reports whether the text was that.
func (c *call) readPasted(p *searchView, text string) (is bool, err error) {
	ctx := c.R.Context()
	if strings.HasPrefix(text, "msg_") {
		if !c.can(staff.Apps) {
			return true, nil
		}
		d, err := c.Webhooks.Message(ctx, c.store.ID, c.store.Hash, text)
		if err != nil || d.ID == 0 {
			return true, err
		}
		p.Reading = c.readDelivery(&d)
		p.add(c.look.Text("hooks.title"), []FoundItem{{Text: d.Scope, Sub: text, URL: c.deliveryAt(d.HookID, d.ID, "")}})
		return true, nil
	}
	if token, ok := unsubscribeToken(text); ok {
		id, err := c.Accounts.Unsubscriber(ctx, c.store.ID, token)
		if errors.Is(err, account.ErrLink) {
			p.Reading = &Reading{Note: Message{Kind: "warning", Text: c.look.Text("search.unsubscribe.wrong")}}
			return true, nil
		}
		if err != nil {
			return true, err
		}
		s, err := c.Subscribers.Get(ctx, c.store.ID, id)
		if e := fault.As(err); e != nil && e.Kind == fault.NotFound {
			p.Reading = &Reading{Note: Message{Kind: "info", Text: c.look.Text("search.unsubscribe.ended")}}
			return true, nil
		}
		if err != nil {
			return true, err
		}
		p.Reading = &Reading{Note: Message{Kind: "info", Text: c.look.Text("search.unsubscribe")}}
		p.add(c.look.Text("search.subscribers"), []FoundItem{c.subscriberItem(s)})
		return true, nil
	}
	if strings.Count(text, ".") != 2 || !strings.HasPrefix(text, "ey") {
		return false, nil
	}
	token, err := c.Tokens.Inspect(ctx, c.store.ID, c.store.Hash, text)
	if err != nil || token == nil {
		return false, err
	}
	p.Reading = c.readToken(token)
	if token.CustomerID != 0 && token.Refused != sso.WrongStore {
		people, err := c.findCustomers("#" + strconv.FormatInt(token.CustomerID, 10))
		if err != nil {
			return true, err
		}
		p.add(c.look.Text("search.customers"), people)
	}
	return true, nil
}

// unsubscribeToken returns what a link to unsubscribe carries.
func unsubscribeToken(text string) (string, bool) {
	u, err := url.Parse(text)
	if err != nil || !strings.Contains(u.Path, "unsubscribe") {
		return "", false
	}
	token := u.Query().Get("token")
	return token, token != ""
}

func (c *call) readDelivery(d *webhook.Delivery) *Reading {
	kind := map[webhook.State]string{webhook.Delivered: "success", webhook.Failed: "error"}[d.State]
	if kind == "" {
		kind = "info"
	}
	r := &Reading{Note: Message{Kind: kind, Text: c.look.Text("search.delivery." + string(d.State))}}
	r.Facts = []Fact{
		{Label: c.look.Text("search.delivery.scope"), Value: d.Scope}, {Label: c.look.Text("search.delivery.hook"), Value: strconv.FormatInt(d.HookID, 10)},
		{Label: c.look.Text("search.delivery.attempts"), Value: strconv.FormatInt(d.Attempts, 10)}, {Label: c.look.Text("search.delivery.at"), When: c.when(d.Created)},
	}
	if d.Status != 0 {
		r.Facts = append(r.Facts, Fact{Label: c.look.Text("search.delivery.status"), Value: strconv.FormatInt(d.Status, 10)})
	}
	if d.Error != "" {
		r.Facts = append(r.Facts, Fact{Label: c.look.Text("search.delivery.error"), Value: short(d.Error, 200)})
	}
	return r
}

// readToken tells what a login token says, and why it would be refused.
func (c *call) readToken(t *sso.Inspected) *Reading {
	r := &Reading{Note: Message{Kind: "success", Title: c.look.Text("search.token"), Text: c.look.Text("search.token.good")}}
	if t.Refused != "" {
		r.Note.Kind, r.Note.Text = "warning", c.look.Text("search.token.refused", c.refusal(t.Refused))
	}
	number := func(n int64) string {
		if n == 0 {
			return c.look.Text("nothing")
		}
		return strconv.FormatInt(n, 10)
	}
	text := func(s string) string {
		if s == "" {
			return c.look.Text("nothing")
		}
		return short(s, 200)
	}
	r.Facts = []Fact{
		{Label: "iss", Value: text(t.ClientID)}, {Label: "operation", Value: text(t.Operation)}, {Label: "store_hash", Value: text(t.StoreHash)}, {Label: "customer_id", Value: number(t.CustomerID)},
		{Label: "channel_id", Value: number(t.ChannelID)}, {Label: "iat", When: c.when(t.Made), Value: c.look.Text("nothing")}, {Label: "exp", When: c.when(t.Expires), Value: c.look.Text("nothing")},
		{Label: "redirect_to", Value: text(t.RedirectTo)}, {Label: "request_ip", Value: text(t.Address)},
	}
	return r
}

// refusals are the texts of reasons why login tokens are refused, below
// "search.token.".
var refusals = map[sso.Reason]string{
	sso.WrongType: "type", sso.WrongAlgorithm: "algorithm", sso.NoIssuer: "issuer", sso.UnknownIssuer: "unknown_issuer", sso.BadSignature: "signature", sso.RevokedIssuer: "revoked",
	sso.MissingScope: "scope", sso.WrongOperation: "operation", sso.WrongStore: "store", sso.NoTime: "time", sso.TooOld: "old", sso.TooEarly: "early", sso.Expired: "expired", sso.NoID: "id",
	sso.NoCustomer: "customer", sso.WrongChannel: "channel", sso.WrongAddress: "address", sso.BadRedirect: "redirect", sso.BadMember: "member", sso.UnknownPerson: "person", sso.NoAccess: "access", sso.Used: "used",
}

func (c *call) refusal(r sso.Reason) string {
	if key := refusals[r]; key != "" {
		return c.look.Text("search.token." + key)
	}
	return string(r)
}
