package panel

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"clientele/internal/fold"
	"clientele/internal/html"
	"clientele/internal/opt"
	"clientele/internal/staff"
)

// staffAt is where the staff of the store of the address is.
func (c *call) staffAt(more string) string { return Base + "/store/" + c.store.Hash + "/staff" + more }

// pageSizes are how many rows a list may have on a page; the first is for who
// says nothing.
var pageSizes = []int{25, 50, 100, 250}

// part cuts a page out of a list that is all there, and says where it is.
func (c *call) part(total int, q url.Values, swap string) (from, to int, p *Pages) {
	size := pageSizes[0]
	for _, n := range pageSizes {
		if q.Get("limit") == strconv.Itoa(n) {
			size = n
		}
	}
	last := max(1, (total+size-1)/size)
	at, err := strconv.Atoi(q.Get("page"))
	if err != nil || at < 1 {
		at = 1
	}
	at = min(at, last)
	from, to = (at-1)*size, min(at*size, total)
	address := func(page, limit int) string {
		next := url.Values{}
		for k, v := range q {
			next[k] = v
		}
		next.Del("page")
		next.Del("limit")
		if page > 1 {
			next.Set("page", strconv.Itoa(page))
		}
		if limit != pageSizes[0] {
			next.Set("limit", strconv.Itoa(limit))
		}
		if len(next) == 0 {
			return c.R.URL.Path
		}
		return c.R.URL.Path + "?" + next.Encode()
	}
	p = &Pages{From: from + 1, To: to, Total: total, Size: size, Swap: swap}
	if total == 0 {
		p.From = 0
	}
	if at > 1 {
		p.First, p.Prev = address(1, size), address(at-1, size)
	}
	if at < last {
		p.Next, p.Last = address(at+1, size), address(last, size)
	}
	for _, n := range pageSizes {
		p.Sizes = append(p.Sizes, html.Link{Label: strconv.Itoa(n), URL: address(1, n)})
	}
	return from, to, p
}

// chips are the choices of a filter of the address.
func (c *call) chips(label, name string, q url.Values, choices []html.Option) ChipGroup {
	g := ChipGroup{Label: label}
	for _, o := range choices {
		next := url.Values{}
		for k, v := range q {
			if k != "page" && k != "after" && k != "before" && k != name {
				next[k] = v
			}
		}
		if o.Value != "" {
			next.Set(name, o.Value)
		}
		to := c.R.URL.Path
		if len(next) > 0 {
			to += "?" + next.Encode()
		}
		g.Chips = append(g.Chips, Chip{Label: o.Label, URL: to, Chosen: q.Get(name) == o.Value})
	}
	return g
}

// lozenges tell the state of a person.
func (c *call) lozenges(p *staff.Person) []Lozenge {
	var out []Lozenge
	if p.Invited() {
		out = append(out, Lozenge{"info", c.look.Text("staff.invited")})
	}
	if p.SecondFactor() {
		out = append(out, Lozenge{"success", c.look.Text("staff.second_factor")})
	} else if !p.Invited() && p.Rights.Strong() {
		out = append(out, Lozenge{"warning", c.look.Text("staff.no_second_factor")})
	}
	return out
}

// roles tell in words what a person is in the store.
func (c *call) roles(p *staff.Person) string {
	var out []string
	for _, m := range p.Rights {
		switch m.StoreID {
		case c.store.ID:
			out = append(out, c.look.Text("role."+string(m.Role)))
		case staff.AllStores:
			out = append(out, c.look.Text("role.everywhere", c.look.Text("role."+string(m.Role))))
		}
	}
	return strings.Join(out, ", ")
}

func (c *call) staffPage() error {
	people, err := c.Staff.Members(c.R.Context(), c.store.ID)
	if err != nil {
		return err
	}
	q := c.R.URL.Query()
	word, role := fold.Text(strings.TrimSpace(q.Get("q"))), staff.Role(q.Get("role"))
	var found []*staff.Person
	for i := range people {
		p := &people[i]
		has := role == ""
		for _, m := range p.Rights {
			has = has || m.Role == role
		}
		if has && (word == "" || strings.Contains(fold.Text(p.Name+" "+p.Email), word)) {
			found = append(found, p)
		}
	}
	p := &listPage{Table: &Table{ID: "list", Caption: c.look.Text("staff.title"), Columns: []Column{
		{Label: c.look.Text("field.name")}, {Label: c.look.Text("field.role")}, {Label: c.look.Text("staff.state")}, {Label: c.look.Text("staff.signed_in")},
	}}}
	p.Title, p.Lead = c.look.Text("staff.title"), c.look.Text("staff.lead")
	p.Actions = []Action{{Label: c.look.Text("staff.new"), URL: c.staffAt("/new"), Primary: true}}
	choices := []html.Option{{Label: c.look.Text("all")}}
	for _, r := range staff.Roles {
		choices = append(choices, html.Option{Value: string(r), Label: c.look.Text("role." + string(r))})
	}
	p.Filters = &Filters{Action: c.staffAt(""), Label: c.look.Text("staff.search"), Query: q.Get("q"), Swap: "results", Groups: []ChipGroup{c.chips(c.look.Text("field.role"), "role", q, choices)}, Count: c.look.Plural("staff.count", len(found))}
	if role != "" {
		p.Filters.Hidden = append(p.Filters.Hidden, html.Option{Label: "role", Value: string(role)})
	}
	from, to, pages := c.part(len(found), q, "results")
	p.Pages = pages
	for _, who := range found[from:to] {
		p.Table.Rows = append(p.Table.Rows, Row{ID: "staff-" + strconv.FormatInt(who.ID, 10), Cells: []Cell{
			{Text: who.Name, Sub: who.Email, URL: c.staffAt("/" + strconv.FormatInt(who.ID, 10))}, {Text: c.roles(who)}, {Lozenges: c.lozenges(who)}, {When: c.when(who.SignedIn), Text: c.look.Text("never")},
		}})
	}
	if len(found) == 0 {
		p.Table, p.Pages = nil, nil
		p.Empty = &Empty{Icon: "people", Title: c.look.Text("none.title"), Text: c.look.Text("none.text"), Action: &Action{Label: c.look.Text("none.reset"), URL: c.staffAt("")}}
	}
	return c.show(http.StatusOK, p)
}

// whereField chooses between the store and all stores, for who may.
func (c *call) whereField() *html.Field {
	if !c.staff.Rights.Can(staff.ManageStaff, staff.AllStores) {
		return nil
	}
	return &html.Field{Name: "where", Label: c.look.Text("field.where"), Type: "radio", Required: true, Options: []html.Option{
		{Value: "store", Label: c.look.Text("field.where.store", c.store.Name), Selected: true}, {Value: "all", Label: c.look.Text("field.where.all")},
	}}
}

// roleField chooses a role that who is signed in may give in a store.
func (c *call) roleField(chosen staff.Role, storeID int64) *html.Field {
	f := &html.Field{Name: "role", Label: c.look.Text("field.role"), Type: "radio", Required: true}
	for _, r := range staff.Roles {
		if r == staff.Owner && !c.staff.Rights.Owns(storeID) && chosen != r {
			continue
		}
		f.Options = append(f.Options, html.Option{Value: string(r), Label: c.look.Text("role."+string(r)) + " – " + c.look.Text("role."+string(r)+".text"), Selected: r == chosen})
	}
	return f
}

// grantField lets an owner give an administrator more.
func (c *call) grantField(m *staff.Membership) *html.Field {
	f := &html.Field{Name: "accounts", Label: c.look.Text("field.grant.accounts"), Hint: c.look.Text("field.grant.accounts.hint"), Type: "check"}
	for _, p := range m.Grants {
		f.Checked = f.Checked || p == staff.MakeAccounts
	}
	return f
}

// chosen reads a role and what is given besides.
func (c *call) chosen() (staff.Role, []staff.Permission) {
	role := staff.Role(c.form.Get("role"))
	if c.form.Get("accounts") == "" || len(role.Grantable()) == 0 {
		return role, nil
	}
	return role, []staff.Permission{staff.MakeAccounts}
}

func (c *call) inviteForm() *formPage {
	p := &formPage{Intro: c.look.Text("invite.intro")}
	p.Title = c.look.Text("invite.title")
	p.Crumbs = []html.Link{{Label: c.look.Text("staff.title"), URL: c.staffAt("")}}
	name := c.textField("name", "field.name")
	name.Autocomplete = "off"
	p.Form = c.newForm(c.staffAt("/new"), "invite.submit", name, c.emailField("off"), c.languageField("", "field.language.browser"))
	p.Form.Sections[0].Legend = c.look.Text("invite.person")
	fields := []*html.Field{c.roleField("", c.store.ID)}
	if x := c.whereField(); x != nil {
		fields = append(fields, x)
	}
	c.section(p.Form, "invite.role", fields...)
	p.Form.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: c.staffAt("")}
	p.Form.Again = []html.Option{{Value: "another", Label: c.look.Text("invite.another")}}
	return p
}

func (c *call) invitePage() error { return c.show(http.StatusOK, c.inviteForm()) }

func (c *call) invite() error {
	p := c.inviteForm()
	if !c.filled(p.Form) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	in := staff.Invite{Create: staff.Create{Email: c.value("email"), Name: c.value("name"), Locale: c.value("locale"), StoreID: c.store.ID}, Link: c.invitation}
	in.Role, in.Grants = c.chosen()
	if c.form.Get("where") == "all" {
		in.StoreID = staff.AllStores
	}
	who, _, err := c.Staff.Invite(c.R.Context(), &c.staff.Person, in)
	if err != nil {
		return c.again(p, p.Form, err)
	}
	to := c.staffAt("")
	if c.form.Get("then") == "another" {
		to = c.staffAt("/new")
	}
	return c.done(to, "invited", who.Email)
}

// invitation is the link of an invitation's token.
func (c *call) invitation(token string) string { return staff.InvitationLink(c.URL, token) }

// member returns the person of the address, who has to be one of the store's.
func (c *call) member() (*staff.Person, error) {
	id, err := c.param("id")
	if err != nil {
		return nil, err
	}
	who, err := c.Staff.Get(c.R.Context(), id)
	if err != nil {
		return nil, err
	}
	if _, here := who.Rights.Of(c.store.ID); !here && !who.Rights.Everywhere() {
		return nil, errNoPage
	}
	return who, nil
}

// membership is the one that the page of a person is about: that of the store, or
// else that of all stores.
func (c *call) membership(who *staff.Person) staff.Membership {
	if m, ok := who.Rights.Of(c.store.ID); ok {
		return m
	}
	m, _ := who.Rights.Of(staff.AllStores)
	return m
}

// may reports whether who is signed in may change a membership.
func (c *call) may(m staff.Membership) bool {
	return c.staff.Rights.Can(staff.ManageStaff, m.StoreID) && (m.Role != staff.Owner || c.staff.Rights.Owns(m.StoreID))
}

func (c *call) memberView(who *staff.Person) *memberView {
	m, at := c.membership(who), c.staffAt("/"+strconv.FormatInt(who.ID, 10))
	p := &memberView{}
	p.Title, p.Lead = who.Name, who.Email
	p.Crumbs = []html.Link{{Label: c.look.Text("staff.title"), URL: c.staffAt("")}}
	p.Facts = []Fact{
		{Label: c.look.Text("field.role"), Value: c.roles(who)},
		{Label: c.look.Text("staff.signed_in"), When: c.when(who.SignedIn), Value: c.look.Text("never")},
		{Label: c.look.Text("created"), When: c.when(who.Created)},
	}
	for _, l := range c.lozenges(who) {
		p.Facts = append(p.Facts, Fact{Label: c.look.Text("staff.state"), Lozenge: &l})
	}
	if !c.may(m) {
		p.Note = &Message{Kind: "info", Text: c.look.Text("staff.fixed")}
		return p
	}
	p.Form = c.newForm(at, "save", c.roleField(m.Role, m.StoreID))
	p.Form.Sections[0].Legend = c.look.Text("staff.role")
	if c.staff.Rights.Owns(m.StoreID) {
		p.Form.Sections[0].Fields = append(p.Form.Sections[0].Fields, c.grantField(&m))
	}
	p.Form.Hide("version", strconv.FormatInt(who.Version, 10))
	p.Form.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: c.staffAt("")}
	p.Danger = append(p.Danger, Action{Label: c.look.Text("staff.remove.action"), URL: at + "/remove", Danger: true, Dialog: true})
	if who.SecondFactor() {
		p.Danger = append(p.Danger, Action{Label: c.look.Text("staff.reset.action"), URL: at + "/reset", Danger: true, Dialog: true})
	}
	if who.Invited() {
		p.Posts = append(p.Posts, Button{Label: c.look.Text("staff.invite_again"), Action: at + "/invite"})
	} else {
		p.Posts = append(p.Posts, Button{Label: c.look.Text("staff.end"), Action: at + "/end"})
	}
	return p
}

func (c *call) memberPage() error {
	who, err := c.member()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, c.memberView(who))
}

func (c *call) saveMember() error {
	who, err := c.member()
	if err != nil {
		return err
	}
	p := c.memberView(who)
	if p.Form == nil {
		return errDenied
	}
	p.Form.Hidden = nil
	p.Form.Hide("version", c.form.Get("version"))
	if !c.filled(p.Form) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	version, err := strconv.ParseInt(c.form.Get("version"), 10, 64)
	if err != nil {
		return errBad
	}
	before := c.membership(who)
	in := staff.Member{StaffID: who.ID, StoreID: before.StoreID, Version: opt.Some(version)}
	in.Role, in.Grants = c.chosen()
	if !c.staff.Rights.Owns(before.StoreID) && in.Role == before.Role {
		in.Grants = before.Grants // which the form does not have
	}
	err = c.Staff.SetMember(c.R.Context(), &c.staff.Person, in)
	if errors.Is(err, staff.ErrStale) {
		if who, err = c.member(); err != nil {
			return err
		}
		c.conflict(p.Form, c.memberView(who).Form)
		return c.show(http.StatusConflict, p)
	}
	if err != nil {
		return c.again(p, p.Form, err)
	}
	now, err := c.Staff.Get(c.R.Context(), who.ID)
	if err != nil {
		return err
	}
	undo := &Undo{Action: c.staffAt("/" + strconv.FormatInt(who.ID, 10)), Fields: []string{"role", string(before.Role), "version", strconv.FormatInt(now.Version, 10)}}
	if len(before.Grants) > 0 {
		undo.Fields = append(undo.Fields, "accounts", "1")
	}
	if who.ID == c.staff.ID {
		undo = nil // whose session has ended
	}
	return c.doneUndo(c.staffAt(""), undo, "role_changed", who.Name, c.look.Text("role."+string(in.Role)))
}

// askAbout shows a question about the person of the address.
func (c *call) askAbout(key, path string, lines ...string) error {
	who, err := c.member()
	if err != nil {
		return err
	}
	if !c.may(c.membership(who)) {
		return errDenied
	}
	at := c.staffAt("/" + strconv.FormatInt(who.ID, 10))
	p := c.ask(key, at+path, true, at, who.Name)
	for _, l := range lines {
		p.Dialog.Lines = append(p.Dialog.Lines, c.look.Text(l))
	}
	p.Crumbs = []html.Link{{Label: c.look.Text("staff.title"), URL: c.staffAt("")}, {Label: who.Name, URL: at}}
	return c.show(http.StatusOK, p)
}

func (c *call) removeMemberPage() error { return c.askAbout("staff.remove", "/remove") }

func (c *call) removeMember() error {
	who, err := c.member()
	if err != nil {
		return err
	}
	if err := c.Staff.RemoveMember(c.R.Context(), &c.staff.Person, who.ID, c.membership(who).StoreID); err != nil {
		return c.refuse(err)
	}
	return c.done(c.staffAt(""), "removed", who.Name)
}

// refuse says on the page of a person why something cannot be done.
func (c *call) refuse(err error) error {
	text, ok := c.problem(err)
	if !ok {
		return err
	}
	who, err := c.member()
	if err != nil {
		return err
	}
	p := c.memberView(who)
	p.Note = &Message{Kind: "error", Text: text}
	return c.show(http.StatusConflict, p)
}

func (c *call) resetFactorPage() error { return c.askAbout("staff.reset", "/reset") }

func (c *call) resetFactor() error {
	who, err := c.member()
	if err != nil {
		return err
	}
	if err := c.Staff.ResetFactors(c.R.Context(), &c.staff.Person, who.ID); err != nil {
		return c.refuse(err)
	}
	return c.done(c.staffAt("/"+strconv.FormatInt(who.ID, 10)), "factor_reset", who.Name)
}

func (c *call) inviteAgain() error {
	who, err := c.member()
	if err != nil {
		return err
	}
	if _, err := c.Staff.InviteAgain(c.R.Context(), &c.staff.Person, who.ID, c.store.ID, c.invitation); err != nil {
		return c.refuse(err)
	}
	return c.done(c.staffAt("/"+strconv.FormatInt(who.ID, 10)), "invited", who.Email)
}

func (c *call) endMember() error {
	who, err := c.member()
	if err != nil {
		return err
	}
	if err := c.Staff.EndAll(c.R.Context(), &c.staff.Person, who.ID); err != nil {
		return c.refuse(err)
	}
	return c.done(c.staffAt("/"+strconv.FormatInt(who.ID, 10)), "sessions_ended", who.Name)
}
