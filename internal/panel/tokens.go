package panel

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/auth"
	"clientele/internal/channel"
	"clientele/internal/html"
	"clientele/internal/opt"
	"clientele/internal/staff"
)

// tokenRoutes are the pages of storefront tokens.
func tokenRoutes() []Route {
	const at = ofStore + "/storefront-tokens"
	see, make := In(staff.Apps), In(staff.MakeAccounts)
	return []Route{
		get(at, see, (*call).tokensPage), get(at+"/api", see, (*call).tokensAPI),
		sudo(get(at+"/new", make, (*call).newTokenPage)), sudo(post(at+"/new", make, (*call).makeToken)),
		get(at+"/decode", see, (*call).decodePage), post(at+"/decode", see, (*call).decodeToken),
		get(at+"/{id}/revoke", see, (*call).revokeTokenPage), post(at+"/{id}/revoke", see, (*call).revokeToken),
	}
}

var tokenLozenges = map[auth.TokenStatus]string{auth.StatusActive: "success", auth.StatusExpired: "neutral"}

func (c *call) tokenStatus(s auth.TokenStatus) Lozenge {
	kind := tokenLozenges[s]
	if kind == "" {
		kind = "danger"
	}
	return Lozenge{kind, c.look.Text("tokens.status." + string(s))}
}

// channelNames are the names of the store's channels, with their numbers.
func (c *call) channelNames() ([]channel.Channel, map[int64]string, error) {
	q := channel.List.New()
	q.Limit = auth.MaxTokenChannels
	all, _, err := c.Channels.List(c.R.Context(), c.store.ID, q)
	if err != nil {
		return nil, nil, err
	}
	names := map[int64]string{}
	for i := range all {
		names[all[i].ID] = all[i].Name
	}
	return all, names, nil
}

// channelsInWords names channels.
func channelsInWords(ids []int64, names map[int64]string) string {
	var out []string
	for _, id := range ids {
		if names[id] != "" {
			out = append(out, names[id])
		} else {
			out = append(out, "#"+strconv.FormatInt(id, 10))
		}
	}
	return short(strings.Join(out, ", "), 120)
}

func (c *call) tokensPage() error {
	have := c.R.URL.Query()
	kind := have.Get("kind")
	if !slices.ContainsFunc(tokenKinds, func(k auth.TokenKind) bool { return k.String() == kind }) {
		kind = ""
	}
	q, err := c.asked(auth.StorefrontTokenList, "kind", kind, "client_id", clean(have.Get("account")))
	if err != nil {
		return err
	}
	tokens, res, err := c.StorefrontTokens.List(c.R.Context(), c.store.ID, q)
	if err != nil {
		return err
	}
	accounts, _, err := c.accountNames()
	if err != nil {
		return err
	}
	_, channels, err := c.channelNames()
	if err != nil {
		return err
	}
	p := &listPage{Pages: c.pagesOf(q, res, "results"), Table: &Table{ID: "list", Caption: c.look.Text("tokens.title"), Columns: []Column{
		{Label: c.look.Text("tokens.kind")}, {Label: c.look.Text("hooks.account")}, {Label: c.look.Text("tokens.channels")}, {Label: c.look.Text("tokens.expires")}, {Label: c.look.Text("accounts.used")},
		{Label: c.look.Text("hooks.state")}, {Label: c.look.Text("actions"), Hidden: true},
	}}}
	p.Title, p.Lead = c.look.Text("tokens.title"), c.look.Text("tokens.lead")
	for i := range tokens {
		t := &tokens[i]
		id := strconv.FormatInt(t.ID, 10)
		row := Row{ID: "token-" + id, Cells: []Cell{
			{Text: c.look.Text("tokens.kind." + t.Kind.String()), Sub: "#" + id + " · " + strings.Join(t.Origins, ", ")}, {Text: short(accounts[t.ClientID], 60)}, {Text: channelsInWords(t.Channels, channels)},
			{Text: c.tokenEnd(t.Expires)}, {When: c.when(t.Used), Text: c.look.Text("never")}, {Lozenges: []Lozenge{c.tokenStatus(t.Status)}}, {},
		}}
		row.Cells[0].Sub = strings.TrimSuffix(row.Cells[0].Sub, " · ")
		if t.Status == auth.StatusActive {
			row.Cells[6].Actions = []Action{{Label: c.look.Text("accounts.revoke"), URL: c.storeAt("/storefront-tokens/" + id + "/revoke"), Danger: true, Dialog: true}}
		}
		p.Table.Rows = append(p.Table.Rows, row)
	}
	kinds := []html.Option{{Label: c.look.Text("all")}}
	for _, k := range tokenKinds {
		kinds = append(kinds, html.Option{Value: k.String(), Label: c.look.Text("tokens.kind." + k.String())})
	}
	p.Filters = &Filters{Groups: []ChipGroup{c.chips(c.look.Text("tokens.kind"), "kind", have, kinds)}, Swap: "results", Count: c.look.Plural("tokens.count", len(tokens)), Set: c.ofAccount(have, accounts)}
	p.Actions = []Action{{Label: c.look.Text("api.title"), URL: c.storeAt("/storefront-tokens/api")}, {Label: c.look.Text("tokens.decode"), URL: c.storeAt("/storefront-tokens/decode")}}
	if c.can(staff.MakeAccounts) {
		p.Actions = append(p.Actions, Action{Label: c.look.Text("tokens.new"), URL: c.storeAt("/storefront-tokens/new"), Primary: true})
	}
	if len(tokens) == 0 {
		p.Table, p.Pages = nil, nil
		p.Empty = &Empty{Icon: "key", Title: c.look.Text("tokens.none.title"), Text: c.look.Text("tokens.none.text")}
		if kind != "" || have.Get("account") != "" {
			p.Empty = &Empty{Icon: "key", Title: c.look.Text("none.title"), Text: c.look.Text("none.text"), Action: &Action{Label: c.look.Text("none.reset"), URL: c.storeAt("/storefront-tokens")}}
		}
	}
	return c.show(http.StatusOK, p)
}

// tokenEnd tells when a token ends.
func (c *call) tokenEnd(at int64) string {
	if at == 0 {
		return c.look.Text("tokens.expires.never")
	}
	return c.look.Date(at, c.zone())
}

// tokenKinds are the kinds of tokens as they are offered, and tokenDays how long they
// can be good; 0 is for ever.
var (
	tokenKinds = []auth.TokenKind{auth.BrowserToken, auth.PrivateToken, auth.ImpersonationToken}
	tokenDays  = []int{1, 7, 30, 90, 365, 0}
)

func (c *call) newTokenForm() (*formPage, error) {
	_, accounts, err := c.accountNames()
	if err != nil {
		return nil, err
	}
	channels, _, err := c.channelNames()
	if err != nil {
		return nil, err
	}
	kind := &html.Field{Name: "kind", Label: c.look.Text("tokens.kind"), Type: "radio", Required: true}
	for i, k := range tokenKinds {
		kind.Options = append(kind.Options, html.Option{Value: k.String(), Label: c.look.Text("tokens.kind." + k.String() + ".text"), Selected: i == 0})
	}
	account := &html.Field{Name: "client_id", Label: c.look.Text("hooks.account"), Hint: c.look.Text("tokens.account.hint"), Type: "select", Required: true}
	for _, a := range accounts {
		if inForce(a) && (a.Allows(auth.CreateStorefrontTokens) || a.Allows(auth.CreateImpersonationTokens)) {
			account.Options = append(account.Options, html.Option{Value: a.ClientID, Label: a.Name})
		}
	}
	on := &html.Field{Name: "channel_ids", Label: c.look.Text("tokens.channels"), Type: "checks", Required: true}
	for i := range channels {
		ch := &channels[i]
		on.Options = append(on.Options, html.Option{Value: strconv.FormatInt(ch.ID, 10), Label: ch.Name, Selected: i == 0})
	}
	until := &html.Field{Name: "days", Label: c.look.Text("tokens.expires"), Type: "select", Required: true}
	for _, n := range tokenDays {
		until.Options = append(until.Options, html.Option{Value: strconv.Itoa(n), Label: c.look.Text("tokens.days." + strconv.Itoa(n)), Selected: n == 90})
	}
	origins := &html.Field{Name: "allowed_cors_origins", Label: c.look.Text("tokens.origins"), Hint: c.look.Text("tokens.origins.hint"), Type: "textarea", Rows: 2}
	scopes := &html.Field{Name: "scopes", Label: c.look.Text("tokens.scopes"), Hint: c.look.Text("tokens.scopes.hint"), Type: "checks"}
	for _, s := range []auth.AccessScope{auth.AccessUnauthenticated, auth.AccessCustomer, auth.AccessB2B} {
		scopes.Options = append(scopes.Options, html.Option{Value: string(s), Label: c.look.Text("tokens.scope." + string(s))})
	}
	p := &formPage{Intro: c.look.Text("tokens.new.intro")}
	p.Title = c.look.Text("tokens.new.title")
	p.Crumbs = []html.Link{{Label: c.look.Text("tokens.title"), URL: c.storeAt("/storefront-tokens")}}
	p.Form = c.newForm(c.storeAt("/storefront-tokens/new"), "tokens.new.submit", kind, account, on, until, origins, scopes)
	p.Form.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: c.storeAt("/storefront-tokens")}
	if len(account.Options) == 0 {
		p.Messages = []Message{{Kind: "warning", Text: c.look.Text("tokens.no_account")}}
	}
	return p, nil
}

func (c *call) newTokenPage() error {
	p, err := c.newTokenForm()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) makeToken() error {
	p, err := c.newTokenForm()
	if err != nil {
		return err
	}
	if !c.filled(p.Form) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	in := auth.NewToken{ClientID: c.form.Get("client_id"), Scopes: c.form["scopes"]}
	for _, k := range tokenKinds {
		if k.String() == c.form.Get("kind") {
			in.Kind = k
		}
	}
	days, err := strconv.Atoi(c.form.Get("days"))
	if in.Kind == 0 || err != nil || in.ClientID == "" {
		return errBad
	}
	if days > 0 {
		in.Expires = c.visits.System.Now() + int64(days)*daySeconds
	}
	var ids []int64
	for _, text := range c.form["channel_ids"] {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return errBad
		}
		ids = append(ids, id)
	}
	in.ChannelIDs = opt.Some(ids)
	if origins := strings.Fields(c.value("allowed_cors_origins")); len(origins) > 0 {
		in.Origins = opt.Some(origins)
	}
	token, err := c.StorefrontTokens.Create(c.R.Context(), c.store.ID, in)
	if err != nil {
		return c.again(p, p.Form, err)
	}
	next := &secretsView{Note: Message{Kind: "success", Title: c.look.Text("tokens.made"), Text: c.look.Text("tokens.made.text")}}
	next.Title, next.Crumbs = c.look.Text("tokens.token"), p.Crumbs
	next.Secrets = []Fact{{Label: c.look.Text("tokens.token"), Value: token}}
	next.Next = &html.Link{Label: c.look.Text("tokens.title"), URL: c.storeAt("/storefront-tokens")}
	return c.show(http.StatusOK, next)
}

func (c *call) decodeForm() *formPage {
	p := &formPage{Intro: c.look.Text("tokens.decode.intro")}
	p.Title = c.look.Text("tokens.decode")
	p.Crumbs = []html.Link{{Label: c.look.Text("tokens.title"), URL: c.storeAt("/storefront-tokens")}}
	p.Form = c.newForm(c.storeAt("/storefront-tokens/decode"), "tokens.decode.submit", &html.Field{Name: "token", Label: c.look.Text("tokens.token"), Type: "textarea", Rows: 4, Required: true})
	return p
}

func (c *call) decodePage() error { return c.show(http.StatusOK, c.decodeForm()) }

func (c *call) decodeToken() error {
	p := c.decodeForm()
	if !c.filled(p.Form) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	t, bad, err := c.StorefrontTokens.Inspect(c.R.Context(), c.store.ID, strings.Join(strings.Fields(c.value("token")), ""))
	if err != nil {
		return err
	}
	note := Message{Kind: "success", Title: c.look.Text("tokens.good")}
	switch {
	case bad != "":
		note = Message{Kind: "error", Title: c.look.Text("tokens.refused"), Text: c.look.Text("tokens.bad." + tokenFaults[bad])}
	case t.Status != auth.StatusActive:
		note = Message{Kind: "warning", Title: c.look.Text("tokens.refused"), Text: c.look.Text("tokens.status." + string(t.Status))}
	}
	p.Messages = []Message{note}
	if t.Kind == 0 {
		return c.show(http.StatusOK, p)
	}
	accounts, _, err := c.accountNames()
	if err != nil {
		return err
	}
	_, channels, err := c.channelNames()
	if err != nil {
		return err
	}
	p.Facts = []Fact{
		{Label: c.look.Text("tokens.kind"), Value: c.look.Text("tokens.kind." + t.Kind.String())}, {Label: c.look.Text("tokens.channels"), Value: channelsInWords(t.Channels, channels)},
		{Label: c.look.Text("created"), When: c.when(t.Issued)}, {Label: c.look.Text("tokens.expires"), Value: c.tokenEnd(t.Expires)},
		{Label: c.look.Text("hooks.account"), Value: short(accounts[t.ClientID], 60)},
	}
	if len(t.Origins) > 0 {
		p.Facts = append(p.Facts, Fact{Label: c.look.Text("tokens.origins"), Value: short(strings.Join(t.Origins, ", "), 200)})
	}
	var scopes []string
	for _, s := range t.Scopes {
		scopes = append(scopes, string(s))
	}
	if len(scopes) > 0 {
		p.Facts = append(p.Facts, Fact{Label: c.look.Text("tokens.scopes"), Value: short(strings.Join(scopes, ", "), 200)})
	}
	return c.show(http.StatusOK, p)
}

// tokenFaults are the texts of reasons why storefront tokens are refused, below
// "tokens.bad.".
var tokenFaults = map[auth.TokenFault]string{
	auth.TokenMissing: "jwt", auth.TokenNoJWT: "jwt", auth.TokenNoJSON: "jwt", auth.TokenUnknownFormat: "format", auth.TokenBadSignature: "signature", auth.TokenWrongStore: "store",
	auth.TokenWrongChannel: "format", auth.TokenExpired: "format", auth.TokenRevoked: "signature",
}

func (c *call) revokeTokenPage() error {
	id, err := c.param("id")
	if err != nil {
		return err
	}
	p := c.ask("tokens.revoke", c.storeAt("/storefront-tokens/"+strconv.FormatInt(id, 10)+"/revoke"), true, c.storeAt("/storefront-tokens"), strconv.FormatInt(id, 10))
	p.Crumbs = []html.Link{{Label: c.look.Text("tokens.title"), URL: c.storeAt("/storefront-tokens")}}
	return c.show(http.StatusOK, p)
}

func (c *call) revokeToken() error {
	id, err := c.param("id")
	if err != nil {
		return err
	}
	if err := c.StorefrontTokens.RevokeID(c.R.Context(), c.store.ID, id); err != nil {
		return err
	}
	return c.done(c.storeAt("/storefront-tokens"), "token_revoked", strconv.FormatInt(id, 10))
}

func (c *call) tokensAPI() error {
	p := &apiView{Text: c.look.Text("api.text")}
	p.Title = c.look.Text("api.title")
	p.Crumbs = []html.Link{{Label: c.look.Text("tokens.title"), URL: c.storeAt("/storefront-tokens")}}
	p.Examples = []Example{c.example("hooks.api.list", "/v3/clientele/storefront-tokens?limit=50", ""), c.example("tokens.new", "/v3/storefront/api-token", `{"channel_id":1,"expires_at":0}`)}
	return c.show(http.StatusOK, p)
}
