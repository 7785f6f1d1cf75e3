package panel

import (
	"bytes"
	"encoding/base64"
	"errors"
	"html/template"
	"image/png"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/html"
	"clientele/internal/opt"
	"clientele/internal/staff"
)

// profileTabs are the pages of one's own.
func (c *call) profileTabs(current string) *Tabs {
	t := &Tabs{Label: c.look.Text("profile.tabs")}
	for _, key := range []string{"details", "password", "security", "sessions"} {
		at := Base + "/profile/" + key
		if key == "details" {
			at = Base + "/profile"
		}
		t.Items = append(t.Items, NavItem{Label: c.look.Text("profile.tab." + key), URL: at, Current: key == current})
	}
	return t
}

func (c *call) profileForm(u *staff.User) *formPage {
	p := &formPage{}
	p.Title, p.Tabs = c.look.Text("profile.title"), c.profileTabs("details")
	name := c.textField("name", "field.name")
	name.Value, name.Autocomplete = u.Name, "name"
	address := c.emailField("username")
	address.Value = u.Email
	p.Form = c.newForm(Base+"/profile", "save", name, address, c.languageField(u.Locale, "field.language.browser"), c.zoneField(u.Timezone, "field.timezone.store"))
	p.Form.Sections[0].Legend = c.look.Text("profile.details")
	p.Form.Hide("version", strconv.FormatInt(u.Version, 10))
	return p
}

func (c *call) profilePage() error { return c.show(http.StatusOK, c.profileForm(&c.staff.User)) }

func (c *call) saveProfile() error {
	p := c.profileForm(&c.staff.User)
	p.Form.Hidden = nil
	p.Form.Hide("version", c.form.Get("version"))
	if !c.filled(p.Form) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	version, err := strconv.ParseInt(c.form.Get("version"), 10, 64)
	if err != nil {
		return errBad
	}
	// Another address is another way in.
	if address := c.value("email"); address != c.staff.Email && !c.Staff.Proved(c.staff) {
		return c.askProof()
	}
	err = c.Staff.Change(c.R.Context(), &c.staff.Person, c.staff.ID, staff.Details{
		Name: opt.Some(c.value("name")), Email: opt.Some(c.value("email")), Locale: opt.Some(c.value("locale")), Timezone: opt.Some(c.value("timezone")), Version: opt.Some(version),
	})
	if errors.Is(err, staff.ErrStale) {
		now, err := c.Staff.Get(c.R.Context(), c.staff.ID)
		if err != nil {
			return err
		}
		c.conflict(p.Form, c.profileForm(&now.User).Form)
		return c.show(http.StatusConflict, p)
	}
	if err != nil {
		return c.again(p, p.Form, err)
	}
	return c.done(Base+"/profile", "profile_saved")
}

// conflict has a form that was filled in show what the record is by now, which is
// the form as it would be shown. Sent again it changes that.
func (c *call) conflict(f, now *Form) {
	f.Hidden = now.Hidden
	f.Conflict = &Conflict{Text: c.look.Text("conflict.text")}
	differ := func(label, yours, theirs string) {
		if yours != theirs {
			f.Conflict.Fields = append(f.Conflict.Fields, ConflictField{label, yours, theirs})
		}
	}
	for i, s := range f.Sections {
		for _, x := range s.Fields {
			if other := now.Field(x.Name); x.Type != "password" && other != nil {
				differ(x.Label, c.shown(x), c.shown(other))
			}
		}
		if s.More != nil {
			differ(s.Legend, c.shownLines(s), c.shownLines(now.Sections[i]))
		}
	}
}

// shownLines is what the lines of a section say to a person.
func (c *call) shownLines(s *html.Section) string {
	var out []string
	for _, l := range s.Lines {
		var line []string
		for _, x := range l.Fields {
			if len(x.Options) > 0 || x.Value != "" {
				line = append(line, c.shown(x))
			}
		}
		out = append(out, strings.Join(line, " "))
	}
	if len(out) == 0 {
		return c.look.Text("nothing")
	}
	return strings.Join(out, "; ")
}

// shown is what a field says to a person.
func (c *call) shown(x *html.Field) string {
	switch {
	case x.Type == "check" && x.Checked:
		return c.look.Text("yes")
	case x.Type == "check":
		return c.look.Text("no")
	case len(x.Options) > 0:
		var out []string
		for _, o := range x.Options {
			if o.Selected {
				out = append(out, o.Label)
			}
		}
		return strings.Join(out, ", ")
	case x.Value == "":
		return c.look.Text("nothing")
	}
	return x.Value
}

func (c *call) passwordForm() *formPage {
	p := &formPage{}
	p.Title, p.Tabs = c.look.Text("profile.title"), c.profileTabs("password")
	p.Form = c.newForm(Base+"/profile/password", "password.submit", append([]*html.Field{c.passwordField("current_password", "field.current_password", "current-password")}, c.newPassword()...)...)
	p.Form.Sections[0].Legend = c.look.Text("password.title")
	p.Form.Username = c.staff.Email
	return p
}

func (c *call) passwordPage() error { return c.show(http.StatusOK, c.passwordForm()) }

func (c *call) changePassword() error {
	p := c.passwordForm()
	if !c.filled(p.Form) || !c.alike(p.Form) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	err := c.Staff.ChangePassword(c.R.Context(), c.staff, c.form.Get("current_password"), c.form.Get("password"))
	if errors.Is(err, staff.ErrWrongPassword) {
		p.Form.Field("current_password").Error = c.look.Text("prove.wrong")
		return c.show(http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		return c.again(p, p.Form, err)
	}
	return c.done(Base+"/profile/password", "password_changed")
}

func (c *call) securityView(codes []string) (*securityView, error) {
	p := &securityView{Named: c.namedIn(), HasApp: c.staff.HasTOTP, Codes: codes, Any: c.staff.SecondFactor(), Required: c.staff.Session.Stage == staff.NeedsEnroll}
	p.Title = c.look.Text("profile.title")
	if !p.Required {
		p.Tabs = c.profileTabs("security")
	} else {
		p.Messages = append(p.Messages, Message{Kind: "warning", Title: c.look.Text("security.required.title"), Text: c.look.Text("security.required.text")})
	}
	if len(codes) > 0 {
		p.Messages = append(p.Messages, Message{Kind: "success", Title: c.look.Text("security.codes.title"), Text: c.look.Text("security.codes.text")})
	}
	keys, err := c.Staff.Passkeys(c.R.Context(), c.staff.ID)
	if err != nil {
		return nil, err
	}
	if p.CodesLeft, err = c.Staff.Codes(c.R.Context(), c.staff.ID); err != nil {
		return nil, err
	}
	if len(keys) > 0 {
		p.Passkeys = &Table{ID: "passkeys", Caption: c.look.Text("security.passkeys"), Columns: []Column{
			{Label: c.look.Text("security.passkey.name")}, {Label: c.look.Text("created")}, {Label: c.look.Text("used")}, {Label: c.look.Text("actions"), Hidden: true},
		}}
		for i := range keys {
			k := &keys[i]
			p.Passkeys.Rows = append(p.Passkeys.Rows, Row{ID: "passkey-" + k.ID, Cells: []Cell{
				{Text: k.Name}, {When: c.when(k.Created)}, {When: c.when(k.Used), Text: c.look.Text("never")},
				{Actions: []Action{{Label: c.look.Text("remove"), URL: c.with(Base+"/profile/security/passkey/remove", "passkey", k.ID), Danger: true, Dialog: true}}},
			}})
		}
	}
	return p, nil
}

func (c *call) securityPage() error {
	p, err := c.securityView(nil)
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) appView(secret string) (*appView, error) {
	made, err := c.Staff.NewTOTP(&c.staff.User, secret)
	if err != nil {
		return nil, err
	}
	picture, err := made.Key().Image(220, 220)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		return nil, err
	}
	p := &appView{Picture: template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())), Address: template.URL(made.URL)}
	for part := range slices.Chunk([]byte(made.Secret), 4) {
		p.Secret += string(part) + " "
	}
	p.Title = c.look.Text("app.title")
	p.Crumbs = []html.Link{{Label: c.look.Text("profile.tab.security"), URL: Base + "/profile/security"}}
	code := &html.Field{Name: "code", Label: c.look.Text("field.code"), Type: "text", InputMode: "numeric", Autocomplete: "one-time-code", Required: true, MaxLength: 10, Hint: c.look.Text("app.code_hint")}
	p.Form = c.newForm(Base+"/profile/security/app", "app.submit", code)
	p.Form.Hide("secret", made.Secret)
	p.Form.Inline = true
	return p, nil
}

func (c *call) appPage() error {
	if !c.mayAdd() {
		return c.askProof()
	}
	p, err := c.appView("")
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) confirmApp() error {
	if !c.mayAdd() {
		return c.askProof()
	}
	p, err := c.appView(c.form.Get("secret"))
	if err != nil {
		return err
	}
	if !c.filled(p.Form) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	codes, g, err := c.Staff.ConfirmTOTP(c.R.Context(), c.staff, c.form.Get("secret"), c.value("code"), c.client)
	if errors.Is(err, staff.ErrCode) {
		p.Form.Field("code").Error = c.look.Text("factor.wrong")
		return c.show(http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		return err
	}
	return c.enrolled(codes, g)
}

// enrolled shows the recovery codes that came with a second factor, or says that
// it is there.
func (c *call) enrolled(codes []string, g staff.Grant) error {
	c.enter(g)
	if len(codes) == 0 {
		return c.done(Base+"/profile/security", "factor_added")
	}
	token := g.Token
	if token == "" {
		token = c.client.Previous
	}
	now, err := c.Staff.Authenticate(c.R.Context(), token)
	if err != nil || now == nil {
		return errors.Join(err, staff.ErrSession)
	}
	c.staff = now
	p, err := c.securityView(codes)
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) newCodes() error {
	codes, err := c.Staff.NewCodes(c.R.Context(), c.staff)
	if err != nil {
		return err
	}
	p, err := c.securityView(codes)
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

// ask returns the page of a question.
func (c *call) ask(key, action string, danger bool, cancel string, args ...string) *questionPage {
	p := &questionPage{Dialog: &Dialog{Text: c.look.Text(key+".text", args...)}}
	p.Title = c.look.Text(key+".title", args...)
	p.Dialog.Form = c.newForm(action, key+".submit")
	p.Dialog.Form.Danger, p.Dialog.Form.Inline = danger, true
	p.Dialog.Form.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: cancel}
	return p
}

func (c *call) removeAppPage() error {
	return c.show(http.StatusOK, c.ask("app.remove", Base+"/profile/security/app/remove", true, Base+"/profile/security"))
}

func (c *call) removeApp() error {
	if err := c.Staff.RemoveTOTP(c.R.Context(), c.staff); err != nil {
		return err
	}
	return c.done(Base+"/profile/security", "factor_removed")
}

func (c *call) removePasskeyPage() error {
	p := c.ask("passkey.remove", Base+"/profile/security/passkey/remove", true, Base+"/profile/security")
	p.Dialog.Form.Hide("passkey", c.R.URL.Query().Get("passkey"))
	return c.show(http.StatusOK, p)
}

func (c *call) removePasskey() error {
	if err := c.Staff.RemovePasskey(c.R.Context(), c.staff, c.value("passkey")); err != nil {
		return err
	}
	return c.done(Base+"/profile/security", "factor_removed")
}

func (c *call) sessionsPage() error {
	list, err := c.Staff.Sessions(c.R.Context(), c.staff.ID)
	if err != nil {
		return err
	}
	p := &listPage{Table: &Table{ID: "sessions", Caption: c.look.Text("sessions.caption"), Columns: []Column{
		{Label: c.look.Text("sessions.device")}, {Label: c.look.Text("sessions.address")}, {Label: c.look.Text("sessions.seen")}, {Label: c.look.Text("sessions.since")}, {Label: c.look.Text("actions"), Hidden: true},
	}}}
	p.Title, p.Tabs, p.Lead = c.look.Text("profile.title"), c.profileTabs("sessions"), c.look.Text("sessions.lead")
	for i := range list {
		o := &list[i]
		device := Cell{Text: c.device(o.UserAgent)}
		end := Cell{Post: &Button{Label: c.look.Text("sessions.end"), Action: Base + "/profile/sessions", Fields: []html.Option{{Label: "session", Value: strconv.FormatInt(o.ID, 10)}}, Danger: true, About: device.Text}}
		if o.ID == c.staff.Session.ID {
			device.Lozenges, end = []Lozenge{{"success", c.look.Text("sessions.this")}}, Cell{}
		}
		p.Table.Rows = append(p.Table.Rows, Row{ID: "session-" + strconv.FormatInt(o.ID, 10), Cells: []Cell{device, {Text: o.Address}, {When: c.when(o.Seen)}, {When: c.when(o.Created)}, end}})
	}
	return c.show(http.StatusOK, p)
}

// device is a browser in a few words.
func (c *call) device(agent string) string {
	browser, on := "", ""
	for _, b := range [][2]string{{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"}} {
		if browser == "" && strings.Contains(agent, b[0]) {
			browser = b[1]
		}
	}
	for _, o := range [][2]string{{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"}} {
		if on == "" && strings.Contains(agent, o[0]) {
			on = o[1]
		}
	}
	switch {
	case browser != "" && on != "":
		return c.look.Text("device", browser, on)
	case browser != "":
		return browser
	}
	return c.look.Text("device.unknown")
}

func (c *call) endSession() error {
	id, err := strconv.ParseInt(c.form.Get("session"), 10, 64)
	if err != nil {
		return errBad
	}
	if err := c.Staff.EndSession(c.R.Context(), c.staff, id); err != nil && !errors.Is(err, staff.ErrSession) {
		return err
	}
	return c.done(Base+"/profile/sessions", "session_ended")
}

// guides are the documents that are for who works with the panel.
var guides = []string{"control-panel", "moving-in", "moving-out", "segments", "trust", "webhooks"}

func (c *call) helpPage() error {
	p := &helpView{}
	p.Title = c.look.Text("help.title")
	for _, g := range guides {
		p.Guides = append(p.Guides, guideView{html.Link{Label: c.look.Text("help.guide." + g), URL: c.Documents + "/docs/" + g}, c.look.Text("help.guide." + g + ".text")})
	}
	return c.show(http.StatusOK, p)
}
