package panel

import (
	"cmp"
	"embed"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"clientele/internal/html"
	"clientele/internal/staff"
	"clientele/internal/store"
)

//go:embed templates/*.html
var templates embed.FS

// page is what a template is executed with.
type page interface {
	base() *frame
	template() string
}

// frame is what every page shows around its own contents.
type frame struct {
	html.Frame
	Lead      string      // below the title
	Crumbs    []html.Link // above the title: the pages that this one is below
	Actions   []Action    // beside the title
	More      []Action    // in a menu beside them
	Copy      string      // that a button copies; empty: none
	Tabs      *Tabs
	Notice    *Notice
	Store     *storeLink // of the page; nil: none
	Stores    []storeLink
	AllStores bool // there are more, or the person keeps them
	Nav       []NavGroup
	SearchAt  string      // where everything of the store is searched; empty: nowhere
	New       []html.Link // what "+ New" makes
	Me        *me         // nil: nobody is signed in, and the page stands alone
	Here      string
	Schemes   []html.Option
}

func (f *frame) base() *frame { return f }

// me is who is signed in.
type me struct{ Name, Email, Role, Initials string }

type storeLink struct {
	Name, Hash, URL string
	Current         bool
}

// NavGroup is a part of the side navigation. Without a label its items stand by
// themselves.
type NavGroup struct {
	Label, Icon string
	Items       []NavItem
	Current     bool
}

// NavItem is an entry of the side navigation.
type NavItem struct {
	Label, URL, Icon string
	Current          bool
}

// Action is a button that leads to a page.
type Action struct {
	Label, URL string
	Primary    bool
	Danger     bool
	Dialog     bool // the script shows the page as a dialog
	Print      bool // it prints the page instead, where there are scripts
}

// Notice says what has happened.
type Notice struct {
	Text string
	Undo *Undo
}

// Message is an inline message. Kind is success, info, warning or error.
type Message struct {
	Kind, Title, Text string
	Items             []string
	Link              *html.Link
}

// Lozenge is a state in a word. Kind is neutral, success, info, warning or
// danger.
type Lozenge struct{ Kind, Text string }

// Empty is in the place of a list that has nothing: what it is for, and the next
// step.
type Empty struct {
	Icon, Title, Text string
	Action            *Action
}

// Tabs are pages beside each other.
type Tabs struct {
	Label string
	Items []NavItem
}

// Steps are those of something that takes several pages.
type Steps struct {
	Label   string
	Items   []string
	Current int // from 0
}

// Table is a list of records.
type Table struct {
	ID      string // of the element
	Caption string
	Columns []Column
	Rows    []Row
	// Select: rows can be chosen, by their Pick.
	Select *Selecting
}

// Column is a column of a table.
type Column struct {
	Label   string
	Numeric bool
	Hidden  bool // the label is read out only
	// Sort is the address that sorts by it, Sorted how it is: ascending, descending
	// or "" for by another one.
	Sort, Sorted string
	Swap         string
}

// Row is a record in a table.
type Row struct {
	ID    string // tells rows apart when the script takes in new ones
	Cells []Cell
	Pick  string // the value by which it is chosen
	Name  string // what it is called where it is chosen
}

// Cell is what a row has in a column.
type Cell struct {
	Text, Sub, URL string
	Lozenges       []Lozenge
	When           *stamp
	Actions        []Action
	// Post is a button that sends a form.
	Post *Button
	// Changes are those of fields.
	Changes []ChangeLine
	Bar     *Bar
	Edit    *Action // a sign that leads to where the value is changed
}

// Button sends a form of its own.
type Button struct {
	Label, Action string
	Fields        []html.Option
	Danger        bool
	Primary       bool
	About         string // what it is about, to be read out
}

// Pages are the pages of a list. One that goes by cursors has neither numbers nor
// a last page: its Total is -1.
type Pages struct {
	From, To, Total         int
	First, Prev, Next, Last string // addresses; empty: there is none
	Sizes                   []html.Link
	Size                    int
	Swap                    string // ids of what changes
	Range                   string // in place of From, To and Total
}

// Several reports whether there is more than one page, or might be.
func (p *Pages) Several() bool { return p.Total > pageSizes[0] || p.First != "" || p.Next != "" }

// Filters are above a list.
type Filters struct {
	Action string // the address that the form asks
	Label  string
	Query  string
	Hidden []html.Option // what else is filtered by
	Fields []*html.Field // further questions
	Groups []ChipGroup
	Swap   string
	Count  string // how many there are, to be read out
	// Counting tells that Count may come by itself, Later from where.
	Counting bool
	Later    string
	// Set are the filters that are set, Actions what else is done about them.
	Set     []SetFilter
	Actions []Action
	Problem *Message
	Further *html.Link // another way to look
}

// SetFilter is a filter that is set, in words, and the address without it.
type SetFilter struct{ Label, URL string }

// ChipGroup are chips of one question, of which one can be chosen.
type ChipGroup struct {
	Label string
	Chips []Chip
}

// Chip is a choice of a filter.
type Chip struct {
	Label, URL string
	Chosen     bool
}

// Form is a form as it is shown.
type Form struct {
	html.Form
	// ID is that of a form which shows itself again before it is sent, for a line
	// more or less.
	ID string
	// Again has buttons besides the main one, by the value of "then".
	Again []html.Option
	// Conflict is shown above.
	Conflict *Conflict
	// Danger: what is done cannot be undone.
	Danger bool
	Inline bool // without an action bar that stays in sight
	Files  bool // files can be sent with it
	// Drop is what a place says onto which a file can be dragged; empty: there is none.
	Drop string
	// Preview is shown with a form of a rule, Tree with one that ticks many boxes.
	Preview *Preview
	Tree    *Tree
	// Sample is shown with the form of a field.
	Sample *Sample
}

// Conflict tells of a record that somebody else has changed meanwhile.
type Conflict struct {
	Text   string
	Fields []ConflictField
}

// ConflictField is a field in both versions.
type ConflictField struct{ Label, Yours, Theirs string }

// Dialog is a question before something is done.
type Dialog struct {
	Text  string
	Lines []string
	After []string // below the lines
	Table *Table
	Form  *Form
}

// Fact is a line of a description.
type Fact struct {
	Label, Value string
	When         *stamp
	Lozenge      *Lozenge
}

// stamp is a moment, to be shown in a time zone.
type stamp struct {
	unix int64
	zone *time.Location
	now  int64
}

// The pages. Each names its template.
type (
	messagePage struct {
		frame
		Text string
		Hint string
		Next *html.Link
		// Apart opens Next in another tab.
		Apart bool
	}
	reloadPage struct {
		frame
		URL string
	}
	formPage struct {
		frame
		Steps    *Steps
		Intro    string
		Messages []Message
		Facts    []Fact
		Form     *Form
		Links    []html.Link
		Danger   []Action // what else is done with the record
	}
	questionPage struct {
		frame
		Dialog *Dialog
	}
	signInView struct {
		frame
		Form    *Form
		Passkey bool
		SignOn  string // the provider's name; empty: none
		To      string
		Text    string
	}
	againPage struct {
		frame
		Form *Form
		Text string
	}
	homeView struct {
		frame
		Hello      string
		Cards      []FigureCard
		Tasks      []task
		Left       int
		Fresh      bool // the store is new
		Attention  []Attention
		Sources    *Table
		Groups     *Table
		History    *Table
		HistoryURL string
		Facts      []Fact
	}
	listPage struct {
		frame
		Note    *Message
		Filters *Filters
		Table   *Table
		Pages   *Pages
		Empty   *Empty
	}
	securityView struct {
		frame
		Messages  []Message
		Codes     []string // shown once
		HasApp    bool
		Passkeys  *Table
		CodesLeft int64
		Any       bool // there is a second factor
		Required  bool
		Named     bool // passkeys can be made at this host
	}
	appView struct {
		frame
		Picture template.URL
		Secret  string
		Address template.URL
		Form    *Form
	}
	memberView struct {
		frame
		Facts  []Fact
		Form   *Form
		Second *Form
		Danger []Action
		Posts  []Button
		Note   *Message
	}
	searchView struct {
		frame
		Action, Query, Count string
		Reading              *Reading
		Found                []Found
		Empty                *Empty
	}
	segmentView struct {
		frame
		Note     *Message
		Facts    []Fact
		Rule     string
		Events   string // the address that tells of changes
		Building bool
		Progress int64
		Table    *Table
		Pages    *Pages
		Empty    *Empty
		Add      *Form
	}
	helpView struct {
		frame
		Guides []guideView
	}
	// guideView is a document and what it is good for.
	guideView struct {
		html.Link
		Text string
	}
)

type task struct {
	Title, Text string
	Done        bool
	URL         string
}

func (*messagePage) template() string  { return "message" }
func (*reloadPage) template() string   { return "reload" }
func (*formPage) template() string     { return "form" }
func (*questionPage) template() string { return "question" }
func (*signInView) template() string   { return "signin" }
func (*againPage) template() string    { return "again" }
func (*homeView) template() string     { return "home" }
func (*listPage) template() string     { return "list" }
func (*securityView) template() string { return "security" }
func (*appView) template() string      { return "app" }
func (*memberView) template() string   { return "member" }
func (*segmentView) template() string  { return "segment" }
func (*searchView) template() string   { return "search" }
func (*helpView) template() string     { return "help" }

var pageNames = []string{
	"message", "reload", "form", "question", "signin", "again", "home", "list", "security", "app", "member", "segment", "search", "help", "record", "api",
	"work",
	"hook", "delivery", "snippets", "secrets", "account",
	"privacy", "email", "text",
	"settings", "fields", "system",
	"merge",
}

// parse returns the templates with the texts of a language.
func (l *look) parse() *html.Templates {
	return html.NewTemplates(l.Catalogue, template.FuncMap{
		"exact":   func(s *stamp) string { return l.Date(s.unix, cmp.Or(s.zone, time.UTC)) },
		"iso":     func(s *stamp) string { return time.Unix(s.unix, 0).UTC().Format(time.RFC3339) },
		"ago":     l.ago,
		"number":  l.number,
		"several": l.several,
		"add":     func(a, b int) int { return a + b },
	}, templates, []string{"layout", "blocks"}, pageNames)
}

// ago tells a moment by its distance from now.
func (l *look) ago(s *stamp) string {
	switch d := s.now - s.unix; {
	case d < 60:
		return l.Text("ago.now")
	case d < 60*60:
		return l.Plural("ago.minutes", int(d/60))
	case d < 24*60*60:
		return l.Plural("ago.hours", int(d/3600))
	case d < 30*24*60*60:
		return l.Plural("ago.days", int(d/86400))
	}
	return time.Unix(s.unix, 0).In(cmp.Or(s.zone, time.UTC)).Format(l.Text("date.day"))
}

// marks stand between thousands.
var marks = map[string]string{"en": ",", "de": ".", "fr": "\u202f"}

// number writes a number with the marks of the language.
func (l *look) number(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + marks[l.Lang] + text[i:]
	}
	return text
}

// several is the text of a number of things, of which the first argument is the number.
func (l *look) several(key string, n int64, args ...string) string {
	return l.PluralWith(key, n, append([]string{l.number(n)}, args...)...)
}

// fill completes what every page shows.
func (c *call) fill(f *frame) error {
	f.Lang, f.Site, f.Hidden = c.look.Lang, c.look.Text("panel.name"), true
	f.Icon, f.Theme, f.Style = icon.At(Base+"/assets/icon.svg"), "#313440", sheet.At(Base+"/assets/panel.css")
	f.Scripts = []string{script.At(Base + "/assets/panel.js")}
	f.Scheme = c.scheme()
	f.Here = c.here()
	if c.private {
		f.Here = Base
	}
	for _, s := range schemes {
		f.Schemes = append(f.Schemes, html.Option{Value: s, Label: c.look.Text("scheme." + s), Selected: s == f.Scheme})
	}
	if f.Notice == nil {
		f.Notice = c.notice()
	}
	if c.staff == nil || c.staff.Session.Stage == staff.NeedsFactor {
		return nil
	}
	f.Me = &me{Name: c.staff.Name, Email: c.staff.Email, Initials: initials(c.staff.Name)}
	if c.staff.Session.Stage == staff.NeedsEnroll {
		return nil
	}
	mine, err := c.mine()
	if err != nil {
		return err
	}
	f.AllStores = len(mine) > switcher || c.staff.Rights.Everywhere()
	if c.store == nil {
		c.store = c.last(mine)
	}
	for i := range mine {
		s := &mine[i]
		here := c.store != nil && s.ID == c.store.ID
		l := storeLink{Name: s.Name, Hash: s.Hash, URL: Base + "/store/" + s.Hash, Current: here}
		if here {
			f.Store = &l
			f.Me.Role = c.look.Text("role." + string(c.role(s.ID)))
		}
		if len(mine) <= switcher {
			f.Stores = append(f.Stores, l)
		}
	}
	if c.store != nil {
		f.Nav = c.nav()
		f.SearchAt, f.New = c.storeAt("/search"), c.ways(made)
		if f.Store != nil {
			f.Site = f.Store.Name + " · " + f.Site
		}
	}
	return nil
}

// switcher is how many stores the switcher lists; more are searched for.
const switcher = 7

// role is the most powerful role of who is signed in that counts in a store.
func (c *call) role(storeID int64) staff.Role {
	for _, r := range staff.Roles {
		if slices.ContainsFunc(c.staff.Rights, func(m staff.Membership) bool {
			return m.Role == r && (m.StoreID == storeID || m.StoreID == staff.AllStores)
		}) {
			return r
		}
	}
	return staff.ReadOnly
}

// mine returns the stores of who is signed in that are served, by name.
func (c *call) mine() ([]store.Store, error) {
	all, err := c.storesOf()
	return slices.DeleteFunc(all, func(s store.Store) bool { return s.DateArchived != 0 }), err
}

// storesOf returns the stores of who is signed in, by name. Of those that are
// archived only owners of all stores know.
func (c *call) storesOf() ([]store.Store, error) {
	all, err := c.Stores.List(c.R.Context())
	if err != nil {
		return nil, err
	}
	out := slices.DeleteFunc(all, func(s store.Store) bool {
		return !c.staff.Rights.In(s.ID) || s.DateArchived != 0 && !c.staff.Rights.Owns(staff.AllStores)
	})
	slices.SortStableFunc(out, func(a, b store.Store) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return out, nil
}

// last is the store that a page which is about none shows in its frame: the only
// one.
func (c *call) last(mine []store.Store) *store.Store {
	if len(mine) == 1 {
		return &mine[0]
	}
	return nil
}

// nav is the side navigation: the pages that there are, as far as who is signed
// in may come to them.
func (c *call) nav() []NavGroup {
	root := Base + "/store/" + c.store.Hash
	at := c.R.URL.Path
	item := func(key, path, icon string) NavItem {
		below := path != "" && strings.HasPrefix(at, root+path+"/")
		if path == "/settings" { // pages that have an entry of their own are below it, too
			below = slices.Contains(settingTabs, strings.TrimPrefix(at, root+path+"/"))
		}
		return NavItem{Label: c.look.Text("nav." + key), URL: root + path, Icon: icon, Current: at == root+path || below}
	}
	var out []NavGroup
	group := func(label, icon string, items ...NavItem) {
		if len(items) == 0 {
			return
		}
		g := NavGroup{Icon: icon, Items: items, Current: slices.ContainsFunc(items, func(i NavItem) bool { return i.Current })}
		if label != "" {
			g.Label = c.look.Text("nav." + label)
		}
		out = append(out, g)
	}
	group("", "", item("home", "", "home"))
	var customers, settings []NavItem
	add := func(to *[]NavItem, key, path, icon string) {
		if c.mayOpen(ofStore + path) {
			*to = append(*to, item(key, path, icon))
		}
	}
	add(&customers, "all_customers", "/customers", "")
	add(&customers, "groups", "/groups", "")
	add(&customers, "segments", "/segments", "")
	add(&customers, "duplicates", "/duplicates", "")
	add(&customers, "import", "/import", "")
	add(&customers, "export", "/export", "")
	group("customers", "people", customers...)
	var subscribers, apps []NavItem
	add(&subscribers, "all_subscribers", "/subscribers", "")
	add(&subscribers, "consents", "/consents", "")
	add(&subscribers, "unsubscribed", "/unsubscribed", "")
	group("subscribers", "mail", subscribers...)
	if c.mayOpen(ofStore + "/privacy") {
		group("", "", item("privacy", "/privacy", "key"))
	}
	var emails []NavItem
	add(&emails, "emails_sent", "/emails", "")
	add(&emails, "texts", "/texts", "")
	group("emails", "mail", emails...)
	add(&apps, "api_accounts", "/api-accounts", "")
	add(&apps, "webhooks", "/webhooks", "")
	add(&apps, "storefront_tokens", "/storefront-tokens", "")
	group("apps", "code", apps...)
	add(&settings, "store_settings", "/settings", "")
	add(&settings, "accounts_settings", "/settings/accounts", "")
	add(&settings, "sign_up_form", "/settings/sign-up-form", "")
	add(&settings, "attributes", "/settings/attributes", "")
	add(&settings, "newsletter", "/settings/newsletter", "")
	add(&settings, "channels", "/settings/channels", "")
	add(&settings, "privacy_settings", "/settings/privacy", "")
	add(&settings, "staff", "/staff", "people")
	add(&settings, "history", "/history", "")
	if c.mayOpen("/system") {
		settings = append(settings, NavItem{Label: c.look.Text("nav.system"), URL: Base + "/system", Current: at == Base+"/system"})
	}
	group("settings", "gear", settings...)
	return out
}

// initials are the first letters of a name.
func initials(name string) string {
	var out []rune
	for _, word := range strings.Fields(name) {
		if out = append(out, []rune(word)[0]); len(out) == 2 {
			break
		}
	}
	return strings.ToUpper(string(out))
}

// show renders a page.
func (c *call) show(status int, p page) error {
	if err := c.fill(p.base()); err != nil {
		return err
	}
	body, err := html.Render(c.look.pages.Page(p.template()), p)
	if err != nil {
		return err
	}
	allowed := policy
	if f, ok := p.(interface{ frames() bool }); ok && f.frames() {
		allowed.Frames = []string{"'self'"}
	}
	// The exchange keeps the error.
	_ = html.Send(c.W, c.R, html.Answer{Status: status, Body: harmless(body), Lang: c.look.Lang, Policy: allowed, Referrer: c.referrer(), Vary: "Accept-Language, Cookie"})
	return nil
}

// reload has a page of this site load the address anew.
func (c *call) reload() error {
	p := &reloadPage{URL: c.R.URL.RequestURI()}
	p.Title = c.look.Text("reload.title")
	return c.show(http.StatusOK, p)
}

// zone is the time zone of who is signed in, or else the store's.
func (c *call) zone() *time.Location {
	name := ""
	if c.staff != nil {
		name = c.staff.Timezone
	}
	if name == "" && c.store != nil {
		if s, err := c.Stores.Settings(c.R.Context(), c.store.ID); err == nil {
			name = s.Timezone
		}
	}
	if zone, err := time.LoadLocation(name); err == nil && name != "" {
		return zone
	}
	return time.UTC
}

// when is a moment to be shown; nil for never.
func (c *call) when(unix int64) *stamp {
	if unix == 0 {
		return nil
	}
	return &stamp{unix: unix, zone: c.zone(), now: c.visits.System.Now()}
}
