package panel

import (
	"io"
	"net/http"
	"strconv"

	"clientele/internal/fault"
	"clientele/internal/html"
	"clientele/internal/store"
)

// LogoView is the picture that a store has as its logo, as the page of its look shows
// it.
type LogoView struct {
	URL, Text, Note string
	Remove          Button
}

// logoForm asks for a picture.
func (c *call) logoForm() *Form {
	f := c.newForm(c.storeAt("/settings/look/logo"), "settings.logo.submit", &html.Field{
		Name: "logo", Label: c.look.Text("settings.logo.file"), Hint: c.look.Text("settings.logo.hint", c.bytes(store.MaxLogo)), Type: "file", Required: true,
	})
	f.Sections[0].Legend = c.look.Text("settings.logo.title")
	f.Files, f.Inline, f.Drop = true, true, c.look.Text("settings.logo.drop")
	return f
}

// besideLogo shows the picture, and asks for another one.
func (c *call) besideLogo(p *settingsView, s *store.Settings) error {
	p.First = c.logoForm()
	logo, err := c.Stores.Logo(c.R.Context(), c.store.ID)
	if err != nil || logo == nil {
		return err
	}
	p.First.Submit = c.look.Text("settings.logo.replace")
	p.Logo = &LogoView{
		URL: c.with(c.storeAt("/settings/look/logo"), "name", logo.Name), Text: c.look.Text("settings.logo.of", c.store.Name),
		Note:   c.look.Text("settings.logo.about", logoKinds[logo.Type], strconv.Itoa(logo.Width), strconv.Itoa(logo.Height), c.bytes(int64(len(logo.Data)))),
		Remove: Button{Label: c.look.Text("settings.logo.remove"), Action: c.storeAt("/settings/look/logo/remove"), Danger: true},
	}
	if !store.IsOwnLogo(s.LogoURL) {
		p.Logo.Note += " " + c.look.Text("settings.logo.unused")
	}
	return nil
}

// logoKinds are what people call the types of pictures.
var logoKinds = map[string]string{"image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF", "image/webp": "WebP"}

// logoPicture is the picture for the page of the look.
func (c *call) logoPicture() error {
	logo, err := c.Stores.Logo(c.R.Context(), c.store.ID)
	if err != nil {
		return err
	}
	if logo == nil {
		return c.redirect(c.storeAt("/settings/look"))
	}
	a := html.NewAsset(logo.Type, logo.Data)
	a.Keep = "private, no-cache"
	a.ServeHTTP(c.W, c.R)
	return nil
}

func (c *call) saveLogo() error {
	view, _, err := c.settingsView(settingPageOf("look"))
	if err != nil {
		return err
	}
	data, err := c.fileOf("logo", store.MaxLogo)
	if f := fault.As(err); f != nil && f.Kind == fault.TooLarge {
		view.First.Field("logo").Error = c.look.Text("wrong.logo_size", strconv.Itoa(store.MaxLogo>>10))
		return c.show(http.StatusUnprocessableEntity, view)
	}
	if err != nil {
		return err
	}
	if err := c.Stores.PutLogo(c.R.Context(), c.store.ID, data); err != nil {
		return c.again(view, view.First, err)
	}
	return c.done(c.storeAt("/settings/look"), "logo_saved")
}

// fileOf is the file of a form that nobody has read, as far as one byte over a bound.
func (c *call) fileOf(name string, most int64) ([]byte, error) {
	if err := c.read(); err != nil {
		return nil, err
	}
	if c.R.MultipartForm == nil || len(c.R.MultipartForm.File[name]) == 0 {
		return nil, nil
	}
	file, err := c.R.MultipartForm.File[name][0].Open()
	if err != nil {
		return nil, errBad
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil {
		return nil, errBad
	}
	return data, nil
}

func (c *call) removeLogo() error {
	if err := c.Stores.RemoveLogo(c.R.Context(), c.store.ID); err != nil {
		return err
	}
	return c.done(c.storeAt("/settings/look"), "logo_removed")
}

// logoRoutes are the picture of the look, and what puts another one in its place.
func logoRoutes(need Need) []Route {
	const at = ofStore + "/settings/look/logo"
	save := post(at, need, (*call).saveLogo)
	save.Streams = true
	return []Route{get(at, need, (*call).logoPicture), save, post(at+"/remove", need, (*call).removeLogo)}
}
