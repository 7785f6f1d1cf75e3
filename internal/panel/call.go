package panel

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/html"
	"clientele/internal/intake"
	"clientele/internal/locale"
	"clientele/internal/serve"
	"clientele/internal/staff"
	"clientele/internal/store"
)

// call is one request for a page.
type call struct {
	*Panel
	W        http.ResponseWriter
	R        *http.Request
	exchange *serve.Exchange
	route    Route
	look     *look
	client   staff.Client
	staff    *staff.Signed // nil: nobody is signed in
	store    *store.Store  // of the address; nil: none
	form     url.Values
	body     []byte // of what is no form
	private  bool   // the address holds a secret
}

// Cookies of the panel. Over https their names keep other hosts from setting
// them.
const (
	sessionCookie = "clientele_staff"
	browserCookie = "clientele_staff_browser"
	noticeCookie  = "clientele_staff_notice"
	schemeCookie  = "clientele_staff_scheme"
)

func (c *call) secure() bool { return c.visits.Scheme(c.R) == "https" }

func (c *call) cookieName(name string) string {
	if c.secure() {
		return "__Host-" + name
	}
	return name
}

func (c *call) cookie(name string) string {
	k, err := c.R.Cookie(c.cookieName(name))
	if err != nil {
		return ""
	}
	return k.Value
}

// setCookie keeps a value in the browser; an age of 0 is until it is closed, a
// negative one takes it away.
func (c *call) setCookie(name, value string, age int) {
	http.SetCookie(c.W, &http.Cookie{Name: c.cookieName(name), Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: c.secure(), SameSite: http.SameSiteStrictMode})
}

// rememberSeconds is for how long a browser is remembered.
const rememberSeconds = 30 * 24 * 60 * 60

// enter keeps a new session in the browser.
func (c *call) enter(g staff.Grant) {
	if g.Token == "" {
		return
	}
	c.setCookie(sessionCookie, g.Token, 0)
	if g.Browser != "" {
		c.setCookie(browserCookie, g.Browser, rememberSeconds)
	}
}

// speak shows pages in a person's language or else the browser's.
func (c *call) speak(kept string) {
	wish := locale.Wish{Chosen: kept, Accept: c.R.Header.Get("Accept-Language")}
	c.look = c.looks[locale.Base(wish.Choose(html.Languages).Locale)]()
}

// maxStaffForm bounds what who is signed in posts, such as lists of members and
// notes; others may post less.
const maxStaffForm = 1 << 20

// read reads what was posted.
func (c *call) read() error {
	from := intake.Source{Peer: c.client.Peer}
	if c.staff != nil {
		from.Most = maxStaffForm
	}
	body, err := c.exchange.Body(from)
	if err != nil {
		return err
	}
	defer body.Free()
	if strings.HasPrefix(c.R.Header.Get("Content-Type"), "application/json") {
		c.body = bytes.Clone(body.B)
		return nil
	}
	if c.form, err = body.Form(c.R); err != nil {
		return errBad
	}
	return nil
}

// value is a posted value without spaces around it.
func (c *call) value(name string) string {
	return strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(c.form.Get(name), "\x00", ""), "\uFFFD"))
}

// redirect answers a post, or leads elsewhere.
func (c *call) redirect(to string) error {
	html.Secure(c.W.Header(), c.referrer())
	http.Redirect(c.W, c.R, to, http.StatusSeeOther)
	return nil
}

func (c *call) referrer() string {
	if c.private {
		return html.OriginAlone
	}
	return html.SameOrigin
}

// Undo is how what was just done is undone: a form that is sent.
type Undo struct {
	Action string   `json:"a"`
	Fields []string `json:"f"` // names and values in turn
}

// Hidden are the fields as a form has them.
func (u *Undo) Hidden() []html.Option {
	var out []html.Option
	for i := 0; i+1 < len(u.Fields); i += 2 {
		out = append(out, html.Option{Label: u.Fields[i], Value: u.Fields[i+1]})
	}
	return out
}

// left is a notice that one request leaves for the next page.
type left struct {
	Key  string   `json:"k"`
	Args []string `json:"v,omitempty"`
	Undo *Undo    `json:"u,omitempty"`
}

// done leads on after a post that went well, and says what happened: the text
// "notice.{key}" with arguments.
func (c *call) done(to, key string, args ...string) error { return c.doneUndo(to, nil, key, args...) }

// doneUndo is done with a way back.
func (c *call) doneUndo(to string, undo *Undo, key string, args ...string) error {
	for i := range args {
		if r := []rune(args[i]); len(r) > 100 {
			args[i] = string(r[:100]) + "…"
		}
	}
	text, err := json.Marshal(left{Key: key, Args: args, Undo: undo})
	if err != nil {
		return err
	}
	c.setCookie(noticeCookie, base64.RawURLEncoding.EncodeToString(text), 60)
	return c.redirect(to)
}

// notice returns what the last request left, once.
func (c *call) notice() *Notice {
	text, err := base64.RawURLEncoding.DecodeString(c.cookie(noticeCookie))
	if err != nil || len(text) == 0 {
		return nil
	}
	c.setCookie(noticeCookie, "", -1)
	var l left
	if json.Unmarshal(text, &l) != nil || !c.look.Has("notice."+l.Key) {
		return nil
	}
	if l.Undo != nil {
		l.Undo.Action = safe(l.Undo.Action)
	}
	return &Notice{Text: c.look.Text("notice."+l.Key, l.Args...), Undo: l.Undo}
}

// Refuse implements serve.Renderer: with a page, or with JSON for the script.
func (c *call) Refuse(x *serve.Exchange, f *fault.Error) {
	status, key := serve.StatusOf(f.Kind), "internal"
	switch f.Kind {
	case fault.NotFound:
		key = "not_found"
	case fault.Forbidden, fault.Unauthorized:
		status, key = http.StatusForbidden, "forbidden"
		if f == errForged {
			key = "forged"
		}
	case fault.TooMany:
		key = "too_many"
	case fault.TooLarge:
		key = "too_large"
	case fault.TooSlow, fault.Malformed, fault.BadInput, fault.WrongMedia, fault.BadFilter, fault.Invalid, fault.Conflict:
		key = "bad_request"
	case fault.Unavailable:
		key = "unavailable"
	}
	if !c.reachable(c.R) { // to whom there is nothing here
		serve.Plain{}.Refuse(x, errNoPage)
		return
	}
	if c.body != nil {
		html.Secure(c.W.Header(), c.referrer())
		c.json(status, map[string]string{"error": c.look.Text("error." + key + ".text")})
		return
	}
	p := &messagePage{Text: c.look.Text("error." + key + ".text"), Next: &html.Link{Label: c.look.Text("error.home"), URL: Base}}
	p.Title = c.look.Text("error." + key + ".title")
	if key == "too_many" && f.RetryAfter > 0 {
		p.Text = c.wait(f)
	}
	if err := c.show(status, p); err != nil {
		x.Judge(err)
		http.Error(x, http.StatusText(status), status)
	}
}

// json answers the script.
func (c *call) json(status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		text = []byte(`{}`)
	}
	html.Secure(c.W.Header(), c.referrer())
	c.W.Header().Set("Content-Type", "application/json")
	c.W.WriteHeader(status)
	// A client that hung up is of no interest here.
	_, _ = c.W.Write(text)
}

// wait tells for how long to wait.
func (c *call) wait(f *fault.Error) string {
	return c.look.Plural("wait", max(1, (f.RetryAfter+59)/60))
}

// schemes are the colours that one can choose; the first follows the device.
var schemes = []string{"system", "light", "dark"}

// scheme is the chosen one.
func (c *call) scheme() string {
	k, err := c.R.Cookie(c.cookieName(schemeCookie))
	if err != nil || !slices.Contains(schemes, k.Value) {
		return schemes[0]
	}
	return k.Value
}

// appearance keeps the choice of colours in the browser.
func (c *call) appearance() error {
	if v := c.form.Get("scheme"); slices.Contains(schemes, v) {
		c.setCookie(schemeCookie, v, 365*24*60*60)
	}
	return c.redirect(c.to())
}
