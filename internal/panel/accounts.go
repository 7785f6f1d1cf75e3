package panel

import (
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"clientele/internal/auth"
	"clientele/internal/html"
	"clientele/internal/staff"
)

// accountRoutes are the pages of API accounts.
func accountRoutes() []Route {
	const at = ofStore + "/api-accounts"
	see, make := In(staff.Apps), In(staff.MakeAccounts)
	return []Route{
		get(at, see, (*call).accountsPage),
		sudo(get(at+"/new", make, (*call).newAccountPage)), sudo(post(at+"/new", make, (*call).makeAccount)),
		get(at+"/{id}", see, (*call).accountPage),
		sudo(get(at+"/{id}/rotate", make, (*call).rotatePage)), sudo(post(at+"/{id}/rotate", make, (*call).rotateAccount)),
		sudo(get(at+"/{id}/revoke", see, (*call).revokePage)), sudo(post(at+"/{id}/revoke", see, (*call).revokeAccount)),
	}
}

func (c *call) accountAt(id int64, more string) string {
	return c.storeAt("/api-accounts/" + strconv.FormatInt(id, 10) + more)
}

// accountState is an API account's state in a word.
func (c *call) accountState(a *auth.APIAccount) []Lozenge {
	switch {
	case a.Revoked != 0:
		return []Lozenge{{"neutral", c.look.Text("accounts.revoked")}}
	case a.OldUntil > c.visits.System.Now():
		return []Lozenge{{"success", c.look.Text("accounts.good")}, {"warning", c.look.Text("accounts.two")}}
	}
	return []Lozenge{{"success", c.look.Text("accounts.good")}}
}

// scopesInShort tells of scopes in a few words.
func (c *call) scopesInShort(scopes []auth.Scope) string {
	if len(scopes) >= len(auth.FullScopes()) {
		return c.look.Text("accounts.all")
	}
	return c.look.Plural("accounts.scopes", len(scopes))
}

func (c *call) accountsPage() error {
	all, err := c.APIAccounts.List(c.R.Context(), c.store.ID)
	if err != nil {
		return err
	}
	requests, err := c.APIAccounts.Requests(c.R.Context(), c.store.ID)
	if err != nil {
		return err
	}
	q := c.R.URL.Query()
	revoked := q.Get("state") == "revoked"
	var found []*auth.APIAccount
	for _, a := range slices.Backward(all) {
		if inForce(a) != revoked {
			found = append(found, a)
		}
	}
	from, to, pages := c.part(len(found), q, "results")
	p := &listPage{Pages: pages, Table: &Table{ID: "list", Caption: c.look.Text("accounts.title"), Columns: []Column{
		{Label: c.look.Text("field.name")}, {Label: c.look.Text("accounts.may")}, {Label: c.look.Text("accounts.used")}, {Label: c.look.Text("accounts.requests"), Numeric: true}, {Label: c.look.Text("hooks.state")},
	}}}
	p.Title, p.Lead = c.look.Text("accounts.title"), c.look.Text("accounts.lead")
	for _, a := range found[from:to] {
		of := requests[a.ID]
		p.Table.Rows = append(p.Table.Rows, Row{ID: "account-" + strconv.FormatInt(a.ID, 10), Cells: []Cell{
			{Text: short(a.Name, 80), Sub: a.ClientID, URL: c.accountAt(a.ID, "")}, {Text: c.scopesInShort(a.Scopes)}, {When: c.when(a.Used), Text: c.look.Text("never")}, {Text: c.look.number(of.All())}, {Lozenges: c.accountState(a)},
		}})
	}
	p.Filters = &Filters{Groups: []ChipGroup{c.chips(c.look.Text("hooks.state"), "state", q, []html.Option{{Label: c.look.Text("accounts.filter.good")}, {Value: "revoked", Label: c.look.Text("accounts.filter.revoked")}})}, Swap: "results", Count: c.look.Plural("accounts.count", len(found))}
	if c.can(staff.MakeAccounts) {
		p.Actions = []Action{{Label: c.look.Text("accounts.new"), URL: c.storeAt("/api-accounts/new"), Primary: true}}
	}
	if len(found) == 0 {
		p.Table, p.Pages = nil, nil
		p.Empty = &Empty{Icon: "key", Title: c.look.Text("accounts.none.title"), Text: c.look.Text("accounts.none.text")}
		if revoked {
			p.Empty.Title, p.Empty.Text = c.look.Text("none.title"), c.look.Text("none.text")
		} else if len(p.Actions) > 0 {
			p.Empty.Action, p.Actions = &p.Actions[0], nil
		}
	}
	return c.show(http.StatusOK, p)
}

// accountScopes are the scopes of API accounts as boxes, in groups by what they are
// about. Those of what is kept elsewhere come last.
func (c *call) accountScopes(chosen []string) *Tree {
	t := &Tree{Name: "scope", Legend: c.look.Text("accounts.may"), Hint: c.look.Text("accounts.may.hint")}
	at := map[string]int{}
	for _, s := range auth.Scopes() {
		group := scopeGroup(s)
		if _, is := at[group]; !is {
			at[group] = len(t.Nodes)
			t.Nodes = append(t.Nodes, TreeNode{Label: c.look.Text("scopes.group." + group), Open: group != "elsewhere"})
		}
		n := &t.Nodes[at[group]]
		leaf := TreeNode{Value: string(s), Label: c.scopeText(s), Checked: slices.Contains(chosen, string(s))}
		n.Nodes, n.Open = append(n.Nodes, leaf), n.Open || leaf.Checked
	}
	return t
}

// scopeGroup is the group in which a scope is shown.
func scopeGroup(s auth.Scope) string {
	name := strings.TrimSuffix(string(s), "_read_only")
	for _, g := range []struct {
		key   string
		names []auth.Scope
	}{
		{"customers", []auth.Scope{auth.Customers, auth.CustomersLogin, auth.Instruments, auth.Marketing}},
		{"own", []auth.Scope{auth.ClienteleHistory, auth.ClienteleImpersonate, auth.ClientelePerson, auth.ClienteleTransfer, auth.ClienteleTokens}},
		{"store", []auth.Scope{auth.Information, auth.ChannelSettings, auth.Sites, auth.StorefrontAPI, auth.CustomerImpersonation, auth.Translations}},
		{"metafields", []auth.Scope{auth.MetafieldWrite, auth.MetafieldWriteAll, auth.MetafieldChangeOwner}},
	} {
		if slices.Contains(g.names, auth.Scope(name)) {
			return g.key
		}
	}
	return "elsewhere"
}

// scopeText says what a scope allows.
func (c *call) scopeText(s auth.Scope) string {
	if key := "scope." + string(s); c.look.Has(key) {
		return c.look.Text(key)
	}
	return string(s)
}

func (c *call) newAccountForm() *formPage {
	p := &formPage{Intro: c.look.Text("accounts.new.intro")}
	p.Title = c.look.Text("accounts.new.title")
	p.Crumbs = []html.Link{{Label: c.look.Text("accounts.title"), URL: c.storeAt("/api-accounts")}}
	name := c.textField("name", "field.name")
	name.Hint, name.Autocomplete = c.look.Text("accounts.name.hint"), "off"
	p.Form = c.newForm(c.storeAt("/api-accounts/new"), "accounts.new.submit", name)
	p.Form.Tree = c.accountScopes(c.form["scope"])
	p.Form.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: c.storeAt("/api-accounts")}
	return p
}

func (c *call) newAccountPage() error { return c.show(http.StatusOK, c.newAccountForm()) }

func (c *call) makeAccount() error {
	p := c.newAccountForm()
	ok := c.filled(p.Form)
	grant, err := auth.ParseGrant(c.form["scope"])
	if err != nil || grant.Empty() {
		p.Form.Tree.Error, ok = c.look.Text("wrong.choose"), false
	}
	if !ok {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	made, err := c.APIAccounts.Create(c.R.Context(), c.store.ID, c.value("name"), grant.New(), auth.Credentials{})
	if err != nil {
		return c.again(p, p.Form, err)
	}
	return c.showSecrets(c.look.Text("accounts.made", c.value("name")), made)
}

// secretsView shows secrets once.
type secretsView struct {
	frame
	Note    Message
	Secrets []Fact
	File    template.URL
	Next    *html.Link
}

func (*secretsView) template() string { return "secrets" }

// showSecrets shows what an app needs, once, with a file of it.
func (c *call) showSecrets(title string, made auth.Credentials) error {
	p := &secretsView{Note: Message{Kind: "success", Title: title, Text: c.look.Text("new_store.once")}}
	p.Title = c.look.Text("accounts.secrets")
	p.Crumbs = []html.Link{{Label: c.look.Text("accounts.title"), URL: c.storeAt("/api-accounts")}}
	env := []string{"CLIENTELE_API_URL", c.URL + "/stores/" + c.store.Hash, "CLIENTELE_STORE_HASH", c.store.Hash, "CLIENTELE_CLIENT_ID", made.ClientID}
	p.Secrets = []Fact{{Label: c.look.Text("accounts.url"), Value: c.URL + "/stores/" + c.store.Hash}, {Label: c.look.Text("new_store.client_id"), Value: made.ClientID}}
	if made.ClientSecret != "" {
		p.Secrets = append(p.Secrets, Fact{Label: c.look.Text("new_store.client_secret"), Value: made.ClientSecret})
		env = append(env, "CLIENTELE_CLIENT_SECRET", made.ClientSecret)
	}
	p.Secrets = append(p.Secrets, Fact{Label: c.look.Text("new_store.token"), Value: made.AccessToken})
	env = append(env, "CLIENTELE_ACCESS_TOKEN", made.AccessToken)
	var text strings.Builder
	for i := 0; i < len(env); i += 2 {
		text.WriteString(env[i] + "=" + env[i+1] + "\n")
	}
	p.File = template.URL("data:text/plain;base64," + base64.StdEncoding.EncodeToString([]byte(text.String())))
	p.Next = &html.Link{Label: c.look.Text("accounts.title"), URL: c.storeAt("/api-accounts")}
	return c.show(http.StatusOK, p)
}

// oneAccount is the API account of the address.
func (c *call) oneAccount() (*auth.APIAccount, error) {
	id, err := c.param("id")
	if err != nil {
		return nil, err
	}
	return c.APIAccounts.Get(c.R.Context(), c.store.ID, id)
}

// accountView is the page of an API account.
type accountView struct {
	frame
	Note      *Message
	Facts     []Fact
	Chart     *Chart
	Addresses *Table
	Scopes    []string
	Links     []html.Link
}

func (*accountView) template() string { return "account" }

func (c *call) accountPage() error {
	a, err := c.oneAccount()
	if err != nil {
		return err
	}
	requests, err := c.APIAccounts.Requests(c.R.Context(), c.store.ID)
	if err != nil {
		return err
	}
	of := requests[a.ID]
	p := &accountView{}
	p.Title, p.Lead, p.Copy = short(a.Name, 100), a.ClientID, a.ClientID
	p.Crumbs = []html.Link{{Label: c.look.Text("accounts.title"), URL: c.storeAt("/api-accounts")}}
	state := c.accountState(a)[0]
	p.Facts = []Fact{
		{Label: c.look.Text("hooks.state"), Lozenge: &state}, {Label: c.look.Text("created"), When: c.when(a.Created)}, {Label: c.look.Text("accounts.used"), When: c.when(a.Used), Value: c.look.Text("never")},
		{Label: c.look.Text("accounts.requests"), Value: c.look.number(of.All())}, {Label: c.look.Text("hooks.id"), Value: strconv.FormatInt(a.ID, 10)},
	}
	switch now := c.visits.System.Now(); {
	case a.Revoked != 0:
		p.Note = &Message{Kind: "info", Text: c.look.Text("accounts.revoked.text", c.look.Date(a.Revoked, c.zone()))}
	case a.OldUntil > now:
		p.Note = &Message{Kind: "warning", Text: c.look.Text("accounts.two.text", c.look.Date(a.OldUntil, c.zone()))}
	}
	if inForce(a) {
		if c.can(staff.MakeAccounts) {
			p.Actions = append(p.Actions, Action{Label: c.look.Text("accounts.rotate"), URL: c.accountAt(a.ID, "/rotate")})
		}
		p.Actions = append(p.Actions, Action{Label: c.look.Text("accounts.revoke"), URL: c.accountAt(a.ID, "/revoke"), Danger: true})
	}
	p.Chart = c.requestChart(&of)
	if len(of.Addresses) > 0 {
		p.Addresses = &Table{ID: "addresses", Caption: c.look.Text("accounts.addresses"), Columns: []Column{{Label: c.look.Text("accounts.address")}, {Label: c.look.Text("accounts.address.requests"), Numeric: true}, {Label: c.look.Text("accounts.address.last")}}}
		for i, from := range of.Addresses {
			p.Addresses.Rows = append(p.Addresses.Rows, Row{ID: "address-" + strconv.Itoa(i), Cells: []Cell{{Text: from.Address}, {Text: c.look.number(from.N)}, {When: c.when(from.Last)}}})
		}
	}
	for _, s := range a.Scopes {
		p.Scopes = append(p.Scopes, c.scopeText(s))
	}
	q := url.Values{"account": {a.ClientID}}
	p.Links = []html.Link{{Label: c.look.Text("accounts.hooks"), URL: c.storeAt("/webhooks?" + q.Encode())}, {Label: c.look.Text("accounts.tokens"), URL: c.storeAt("/storefront-tokens?" + q.Encode())}}
	return c.show(http.StatusOK, p)
}

// requestChart is the line of an account's requests by day.
func (c *call) requestChart(of *auth.Requests) *Chart {
	if of.All() == 0 {
		return nil
	}
	first := c.visits.System.Now()/daySeconds - auth.RequestDays + 1
	days := make([]int64, auth.RequestDays)
	for _, d := range of.Days {
		if i := d.Day - first; i >= 0 && i < auth.RequestDays {
			days[i] = d.N
		}
	}
	return c.chart(c.look.Text("accounts.requests"), days, first)
}

// keepHours are for how long a token can stay good beside the next one.
var keepHours = []int{0, 1, 24, 24 * 7, 24 * 30}

// askOfAccount is a question about the API account in force of the address.
func (c *call) askOfAccount(key string, danger bool) (*questionPage, *auth.APIAccount, error) {
	a, err := c.oneAccount()
	if err != nil {
		return nil, nil, err
	}
	if !inForce(a) {
		return nil, nil, errNoPage
	}
	p := c.ask("accounts."+key, c.accountAt(a.ID, "/"+key), danger, c.accountAt(a.ID, ""), a.Name)
	p.Crumbs = []html.Link{{Label: c.look.Text("accounts.title"), URL: c.storeAt("/api-accounts")}, {Label: short(a.Name, 60), URL: c.accountAt(a.ID, "")}}
	return p, a, nil
}

func (c *call) rotateForm() (*questionPage, *auth.APIAccount, error) {
	p, a, err := c.askOfAccount("rotate", false)
	if err != nil {
		return nil, nil, err
	}
	keep := &html.Field{Name: "hours", Label: c.look.Text("accounts.rotate.keep"), Type: "select", Required: true}
	for _, n := range keepHours {
		keep.Options = append(keep.Options, html.Option{Value: strconv.Itoa(n), Label: c.look.Text("accounts.rotate.keep." + strconv.Itoa(n)), Selected: n == 24})
	}
	p.Dialog.Form.Sections[0].Fields = []*html.Field{keep}
	return p, a, nil
}

func (c *call) rotatePage() error {
	p, _, err := c.rotateForm()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) rotateAccount() error {
	p, a, err := c.rotateForm()
	if err != nil {
		return err
	}
	if !c.filled(p.Dialog.Form) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	hours, err := strconv.Atoi(c.form.Get("hours"))
	if err != nil || !slices.Contains(keepHours, hours) {
		return errBad
	}
	made, err := c.APIAccounts.Rotate(c.R.Context(), c.store.ID, a.ID, time.Duration(hours)*time.Hour)
	if err != nil {
		return err
	}
	return c.showSecrets(c.look.Text("accounts.rotated", a.Name), made)
}

func (c *call) revokePage() error {
	p, a, err := c.askOfAccount("revoke", true)
	if err != nil {
		return err
	}
	requests, err := c.APIAccounts.Requests(c.R.Context(), c.store.ID)
	if err != nil {
		return err
	}
	of := requests[a.ID]
	p.Dialog.Lines = []string{c.look.Text("accounts.revoke.requests", c.look.number(of.All())), c.look.Text("accounts.revoke.with")}
	return c.show(http.StatusOK, p)
}

func (c *call) revokeAccount() error {
	a, err := c.oneAccount()
	if err != nil {
		return err
	}
	if err := c.APIAccounts.Revoke(c.R.Context(), c.store.ID, a.ID); err != nil {
		return err
	}
	return c.done(c.storeAt("/api-accounts"), "account_revoked", a.Name)
}
