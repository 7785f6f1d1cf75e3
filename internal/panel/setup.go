package panel

import (
	"errors"
	"net/http"

	"clientele/internal/html"
	"clientele/internal/staff"
	"clientele/internal/store"
)

func (c *call) setupSteps(current int) *Steps {
	return &Steps{Label: c.look.Text("setup.steps"), Current: current, Items: []string{c.look.Text("setup.step.owner"), c.look.Text("setup.step.store"), c.look.Text("setup.step.done")}}
}

func (c *call) setupForm(key string) *formPage {
	c.private = true
	p := &formPage{Intro: c.look.Text("setup.intro"), Steps: c.setupSteps(0)}
	p.Title = c.look.Text("setup.title")
	name := c.textField("name", "field.name")
	name.Autocomplete = "name"
	p.Form = c.newForm(Base+"/setup", "setup.submit", append([]*html.Field{name, c.emailField("username")}, c.newPassword()...)...)
	p.Form.Hide("key", key)
	return p
}

func (c *call) setupPage() error {
	key := c.R.URL.Query().Get("key")
	if err := c.Staff.CheckSetup(c.R.Context(), key); err != nil {
		return c.badKey(err)
	}
	return c.show(http.StatusOK, c.setupForm(key))
}

// badKey says that a key does not make an owner, and where to find one that
// does.
func (c *call) badKey(err error) error {
	if !errors.Is(err, staff.ErrLink) {
		return err
	}
	some, err := c.Staff.Any(c.R.Context())
	if err != nil {
		return err
	}
	if some {
		return c.badLink(staff.ErrLink)
	}
	return c.redirect(Base)
}

func (c *call) setup() error {
	key := c.form.Get("key")
	p := c.setupForm(key)
	if !c.filled(p.Form) || !c.alike(p.Form) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	g, err := c.Staff.SetUp(c.R.Context(), key, staff.Create{Email: c.value("email"), Name: c.value("name"), Password: c.form.Get("password")}, c.client)
	if errors.Is(err, staff.ErrLink) {
		return c.badKey(err)
	}
	if err != nil {
		return c.again(p, p.Form, err)
	}
	c.enter(g)
	return c.redirect(Base + "/setup/store")
}

// first is the store that is set up: the only one, or none yet.
func (c *call) first() (*store.Store, error) {
	all, err := c.Stores.List(c.R.Context())
	if err != nil || len(all) != 1 {
		return nil, err
	}
	return &all[0], nil
}

func (c *call) storeForm(st *store.Store) (*formPage, error) {
	p := &formPage{Intro: c.look.Text("setup_store.intro"), Steps: c.setupSteps(1)}
	p.Title = c.look.Text("setup_store.title")
	set := &store.Settings{Language: c.look.Lang}
	if st != nil {
		var err error
		if set, err = c.Stores.Settings(c.R.Context(), st.ID); err != nil {
			return nil, err
		}
	}
	name := c.textField("name", "field.store_name")
	if st != nil {
		name.Value = st.Name
	}
	sender := c.emailField("off")
	sender.Name, sender.Label, sender.Hint, sender.Value, sender.Required = "admin_email", c.look.Text("field.sender"), c.look.Text("field.sender.hint"), set.AdminEmail, false
	if sender.Value == "" {
		sender.Value = c.staff.Email
	}
	color := &html.Field{Name: "theme_color", Label: c.look.Text("field.color"), Type: "color", Value: set.Storefront.ThemeColor, Narrow: true, Required: true}
	if color.Value == "" {
		color.Value = "#1f4e79"
	}
	fields := []*html.Field{name, c.languageField(set.Language, ""), c.zoneField(set.Timezone, ""), color, sender}
	if c.Sample != nil {
		fields = append(fields, &html.Field{Name: "sample", Label: c.look.Text("setup_store.sample"), Hint: c.look.Text("setup_store.sample.hint"), Type: "check"})
	}
	p.Form = c.newForm(Base+"/setup/store", "setup_store.submit", fields...)
	return p, nil
}

func (c *call) setupStorePage() error {
	st, err := c.first()
	if err != nil {
		return err
	}
	p, err := c.storeForm(st)
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) setupStore() error {
	ctx := c.R.Context()
	st, err := c.first()
	if err != nil {
		return err
	}
	p, err := c.storeForm(st)
	if err != nil {
		return err
	}
	if !c.filled(p.Form) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	settings := map[string]any{
		"language": c.value("locale"), "timezone": c.value("timezone"), "admin_email": c.value("admin_email"),
		"storefront": map[string]any{"theme_color": c.value("theme_color")},
	}
	if st == nil {
		if st, err = c.Stores.Create(ctx, "", c.value("name"), ""); err != nil {
			return c.again(p, p.Form, err)
		}
	}
	if err := c.Stores.Rename(ctx, st.ID, c.value("name")); err != nil {
		return c.again(p, p.Form, err)
	}
	if _, err := c.Stores.ChangeSettings(ctx, st.ID, settings); err != nil {
		return c.again(p, p.Form, err)
	}
	if c.Sample != nil && c.form.Get("sample") != "" {
		if err := c.Sample(ctx, st.Hash); err != nil {
			return err
		}
	}
	return c.done(Base+"/store/"+st.Hash, "store_ready", c.value("name"))
}
