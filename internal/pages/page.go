package pages

import (
	"cmp"
	"embed"
	"html/template"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"clientele/internal/html"
	"clientele/internal/store"
	"clientele/internal/visit"
)

//go:embed templates/*.html
var templates embed.FS

// page is what a template is executed with.
type page interface {
	base() *frame
	template() string
	asked() *html.Form
}

// frame is what every page shows around its own contents.
type frame struct {
	html.Frame
	StoreName string
	Logo      string
	Home      string // where the shop is
	CSRF      string
	CSRFField string
	SignedIn  bool
	Acting    *acting // not the customer, but somebody who works for the store
	Notice    *html.Notice
	Signup    bool // the newsletter's form
	Banner    bool // ask for consent
	Privacy   bool // consent can be given
	PolicyURL string
	Register  bool
	Languages []languageLink
	Place     string      // where the switch of languages returns to
	Back      string      // where the small forms of the frame return to
	Menu      []html.Link // of the account
	Current   string      // the entry of Menu
	Inner     bool        // not the first page of the account
	Year      int
}

func (f *frame) base() *frame      { return f }
func (f *frame) asked() *html.Form { return nil }

// acting is what the bar says of who acts as a customer.
type acting struct {
	Customer, By string
	Until        stamp
}

// stamp is a moment, to be shown in a time zone.
type stamp struct {
	unix int64
	zone *time.Location
}

// The pages. Each names its template.
type (
	homePage struct {
		frame
		Name string
	}
	signInView struct {
		frame
		Form, Link *html.Form
		Reasons    []string
	}
	formPage struct {
		frame
		Intro string
		Form  *html.Form
		Links []html.Link
	}
	confirmView struct {
		frame
		Text   string
		Lines  []string // instead of Text
		Danger bool     // there is no way back
		Button string
		Form   *html.Form
		Cancel *html.Link
	}
	messagePage struct {
		frame
		Key          string
		Status       int
		Text, Detail string
		Hint         string
		Outbox       string // where emails can be seen in development
		Mailed       bool   // the way on is in an email
		Next         *html.Link
	}
	overviewPage struct {
		frame
		Name, Email string
		Credit      string // in the store's money, empty for none
		Cards       []card
	}
	bookPage struct {
		frame
		Addresses  []addressCard
		Prev, Next string
	}
	wishlistsPage struct {
		frame
		Lists      []wishlistRow
		Prev, Next string
	}
	wishlistView struct {
		frame
		Count                string
		Items                []wishlistItem
		Own                  bool   // the shopper's own list
		Share                string // where others can see it
		Edit, Delete, Remove string
		Prev, Next           string
	}
	ordersView struct {
		frame
		Orders     []orderRow
		Prev, Next string
	}
	orderView struct {
		frame
		Date            stamp
		Status          string
		Lines           []orderLine
		Subtotal, Total string
		Back            html.Link
	}
	sessionsView struct {
		frame
		Sessions []sessionRow
		Others   bool
		Own      bool // they may be ended
	}
)

type card struct {
	Title, Text, URL string
	Facts            []string // instead of Text
}

type addressCard struct {
	ID    int64
	Lines []string
	Name  string // tells one from another
}

type wishlistRow struct {
	Name               string
	Public             bool
	Count              string
	View, Edit, Delete string
}

type wishlistItem struct {
	ID          int64
	Name, Price string // Price is "" where nothing is known of the product
	Out         bool   // of stock
}

type orderRow struct {
	Name, URL, Status, Count, Total string
	Date                            stamp
}

type orderLine struct {
	Name, SKU  string
	Quantity   int64
	Price, Sum string
}

type sessionRow struct {
	ID        int64
	Device    string
	Peer      string
	Seen      stamp
	Created   stamp
	IsCurrent bool
}

func (*homePage) template() string      { return "home" }
func (*signInView) template() string    { return "signin" }
func (*formPage) template() string      { return "form" }
func (*confirmView) template() string   { return "confirm" }
func (*messagePage) template() string   { return "message" }
func (*overviewPage) template() string  { return "overview" }
func (*bookPage) template() string      { return "book" }
func (*wishlistsPage) template() string { return "wishlists" }
func (*wishlistView) template() string  { return "wishlist" }
func (*ordersView) template() string    { return "orders" }
func (*orderView) template() string     { return "order" }
func (*sessionsView) template() string  { return "sessions" }

func (p *formPage) asked() *html.Form    { return p.Form }
func (p *confirmView) asked() *html.Form { return p.Form }
func (p *signInView) asked() *html.Form  { return p.Link }

// pageNames are the templates of pages.
var pageNames = []string{"home", "signin", "form", "confirm", "message", "overview", "book", "wishlists", "wishlist", "orders", "order", "sessions"}

// parse returns the templates with the texts of a language.
func (l *look) parse() *html.Templates {
	return html.NewTemplates(l.Catalogue, template.FuncMap{
		"when":  func(s stamp) string { return l.Date(s.unix, cmp.Or(s.zone, time.UTC)) },
		"clock": func(s stamp) string { return time.Unix(s.unix, 0).In(cmp.Or(s.zone, time.UTC)).Format("15:04") },
		"iso":   func(s stamp) string { return time.Unix(s.unix, 0).UTC().Format(time.RFC3339) },
	}, templates, []string{"layout"}, pageNames)
}

// fill completes what every page shows.
func (c *call) fill(f *frame) {
	s := c.settings
	f.StoreName, f.Logo = c.storeName(), image(s.LogoURL)
	f.Home = c.shop()
	p := html.NewPalette(s.Storefront.ThemeColor)
	f.Lang, f.Site, f.Icon, f.Hidden = c.look.Lang, f.StoreName, cmp.Or(image(s.FaviconURL), store.FaviconPath), true
	f.Theme, f.Style = p.Accent, c.sheet.In(p).At("/assets/style.css")
	f.SignedIn = c.session != nil
	if f.SignedIn && c.session.Acting != nil {
		as := c.session.Acting
		f.Acting = &acting{cmp.Or(as.Name, as.Email), as.By, stamp{as.Expires, c.zone()}}
	}
	f.Year = time.Unix(c.visits.System.Now(), 0).UTC().Year()
	f.Register = s.Storefront.Registration == nil || *s.Storefront.Registration
	if c.Site.StoreID == 0 || s.Down() && c.R.URL.Path != "/unsubscribe.php" {
		f.Register = false
		return
	}
	f.CSRF, f.CSRFField = c.FormToken(), visit.FormField
	switch c.R.URL.Path {
	case "/account.php", "/subscribe.php", "/unsubscribe.php": // which are about that themselves
	default:
		f.Signup = s.Storefront.ShowNewsletter == nil || *s.Storefront.ShowNewsletter
	}
	f.Back = c.here()
	f.Languages, f.Place = c.others(), c.place()
	if c.privacy.AskConsent != nil && *c.privacy.AskConsent {
		f.Privacy = true
		_, chosen := c.Consent()
		f.Banner = !chosen && c.R.URL.Path != "/privacy.php"
	}
	if c.privacy.PolicyURL != nil && (strings.HasPrefix(*c.privacy.PolicyURL, "https://") || strings.HasPrefix(*c.privacy.PolicyURL, "http://") || strings.HasPrefix(*c.privacy.PolicyURL, "/")) {
		f.PolicyURL = *c.privacy.PolicyURL
	}
	if f.SignedIn && (c.R.URL.Path == "/account.php" || f.Current != "") {
		for _, m := range c.menu() {
			f.Menu = append(f.Menu, html.Link{Label: c.look.Text("menu." + m), URL: menuURL(m)})
		}
		if f.Current == "" {
			f.Current = c.R.URL.Query().Get("action")
		}
		entry := menuEntry(f.Current)
		f.Current, f.Inner = "", entry != accountMenu[0]
		if entry != "" {
			f.Current = c.look.Text("menu." + entry)
		}
	}
	if f.Notice == nil {
		f.Notice = c.flashed()
	}
}

var accountMenu = []string{"overview", "account_details", "address_book", wishlistsMenu, "newsletter", passwordMenu, "sessions"}

const passwordMenu = "change_password"

// menu are the entries of the account's menu for who is signed in: the password
// is the customer's own.
func (c *call) menu() []string {
	if !c.session.OnBehalf() {
		return accountMenu
	}
	return slices.DeleteFunc(slices.Clone(accountMenu), func(entry string) bool { return entry == passwordMenu })
}

// menuURL is the page of an entry of the account's menu.
func menuURL(entry string) string {
	switch entry {
	case accountMenu[0]:
		return "/account.php"
	case wishlistsMenu:
		return wishlistsPath
	case ordersMenu:
		return ordersPath
	}
	return "/account.php?action=" + entry
}

// menuEntry is the entry of the account's menu that an action belongs to, or "".
func menuEntry(action string) string {
	for _, m := range accountMenu {
		if m == action {
			return m
		}
	}
	if strings.HasSuffix(action, "_shipping_address") {
		return "address_book"
	}
	if action == "" {
		return accountMenu[0]
	}
	return ""
}

// here is the address of the page itself, for what returns to it.
func (c *call) here() string {
	if c.private || c.R.Method == "POST" {
		return c.firstPage()
	}
	return visit.SafeRedirect(c.R.URL.RequestURI(), c.firstPage())
}

// shop is where links home lead: the store's shop, or the pages' own first page.
func (c *call) shop() string {
	if c.settings == nil || c.settings.Storefront.ShopURL == "" {
		return "/"
	}
	return c.settings.Storefront.ShopURL
}

// firstPage is the first of the pages that shows something: where there is a
// shop elsewhere, "/" leads away.
func (c *call) firstPage() string {
	switch {
	case !c.elsewhere():
		return "/"
	case c.session != nil:
		return "/account.php"
	}
	return "/login.php"
}

// elsewhere reports whether the shop is not the pages' own first page, which
// cannot lead to itself.
func (c *call) elsewhere() bool {
	u, err := url.Parse(c.shop())
	if err != nil || u.Host == "" {
		return false
	}
	// Browsers take "/." and "//" for the first page or lead back to it, and who
	// comes by a proxy may come by the other scheme.
	here := store.SameHost(u.Scheme, u.Host, c.Scheme(), c.Host) || store.SameHost(u.Scheme, u.Host, u.Scheme, c.Host)
	return !here || path.Clean("/"+u.Path) != "/"
}

// reveal lets the fields of a page that take passwords be shown by a button,
// where scripts run.
func (c *call) reveal(p page) {
	var f *html.Form
	switch p := p.(type) {
	case *formPage:
		f = p.Form
	case *signInView:
		f = p.Form
	}
	if f == nil {
		return
	}
	found := false
	for _, x := range f.Fields() {
		if x.Secret() {
			found, x.Show, x.Hide = true, c.look.Text("password.show"), c.look.Text("password.hide")
		}
	}
	if found {
		b := p.base()
		b.Scripts = append(slices.Clone(b.Scripts), passwordScripts...)
	}
}

// zone is the store's time zone.
func (c *call) zone() *time.Location {
	zone, err := time.LoadLocation(c.settings.Timezone)
	if err != nil {
		return time.UTC
	}
	return zone
}

func (c *call) storeName() string {
	if c.settings.Name != "" {
		return c.settings.Name
	}
	if u, err := url.Parse(c.Site.URL); err == nil && u.Host != "" {
		return u.Host
	}
	return c.look.Text("store")
}

// image is the address of a picture that pages may show.
func image(address string) string {
	if strings.HasPrefix(address, "https://") || strings.HasPrefix(address, "/") {
		return address
	}
	return ""
}

// successes are the codes of messages that something went well.
var successes = map[string]bool{
	"account_created": true, "account_confirmed": true, "signed_out": true, "details_saved": true, "confirm_email": true, "address_saved": true, "address_deleted": true, "wishlist_saved": true, "wishlist_deleted": true, "wish_removed": true, "password_changed": true,
	"password_reset": true, "subscribed": true, "subscription_pending": true, "unsubscribed": true, "newsletter_saved": true,
	"session_ended": true, "impersonation_ended": true, "sessions_ended": true, "choices_saved": true,
}

// failures are those of what did not.
var failures = map[string]bool{
	"invalid_login_token": true, "invalid_link": true, "no_access": true, "sign_in_first": true, "reset_required": true, "bad_email": true, "registration_closed": true, "robot": true,
}

// flashed returns the message that the last request left.
func (c *call) flashed() *html.Notice {
	code, reason := c.TakeFlash()
	switch {
	case successes[code]:
		return &html.Notice{Kind: "success", Text: c.look.Text("flash." + code), Detail: reason}
	case failures[code]:
		return &html.Notice{Kind: "error", Text: c.look.Text("flash." + code), Detail: reason}
	}
	return nil
}
