package panel

import (
	"net/http"
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/channel"
	"clientele/internal/html"
	"clientele/internal/opt"
	"clientele/internal/reach"
	"clientele/internal/staff"
	"clientele/internal/store"
)

// channelRoutes are the pages of channels and their sites.
func channelRoutes() []Route {
	const at = ofStore + "/settings/channels"
	may := In(staff.Settings)
	return []Route{
		get(at, may, (*call).channelsPage), get(at+"/new", may, (*call).newChannelPage), post(at+"/new", may, (*call).makeChannel), get(at+"/api", may, (*call).channelsAPI),
		get(at+"/{id}", may, (*call).channelPage), post(at+"/{id}", may, (*call).saveChannel), post(at+"/{id}/site", may, (*call).saveSite), post(at+"/{id}/check", may, (*call).checkSite),
	}
}

func (c *call) channelsAt(id int64, more string) string {
	at := c.storeAt("/settings/channels")
	if id != 0 {
		at += "/" + strconv.FormatInt(id, 10)
	}
	return at + more
}

// channelLozenge is a channel's status in a word.
func (c *call) channelLozenge(ch *channel.Channel) Lozenge {
	kind := "neutral"
	if ch.Enabled() {
		kind = "success"
	}
	return Lozenge{kind, c.look.Text("channels.status." + ch.Status)}
}

func (c *call) channelsPage() error {
	all, _, err := c.channelNames()
	if err != nil {
		return err
	}
	q := channel.SiteList.New()
	q.Limit = auth.MaxTokenChannels
	sites, _, err := c.Channels.Sites(c.R.Context(), c.store.ID, q)
	if err != nil {
		return err
	}
	of := map[int64]*channel.Site{}
	for i := range sites {
		of[sites[i].ChannelID] = &sites[i]
	}
	p := &listPage{Table: &Table{ID: "list", Caption: c.look.Text("channels.title"), Columns: []Column{
		{Label: c.look.Text("field.name")}, {Label: c.look.Text("channels.type")}, {Label: c.look.Text("channels.site")}, {Label: c.look.Text("hooks.state")},
	}}}
	p.Title, p.Lead = c.look.Text("channels.title"), c.look.Text("channels.lead")
	p.Actions = []Action{{Label: c.look.Text("api.title"), URL: c.channelsAt(0, "/api")}, {Label: c.look.Text("channels.new"), URL: c.channelsAt(0, "/new"), Primary: true}}
	for i := range all {
		ch := &all[i]
		site := Cell{Text: c.look.Text("channels.no_site")}
		if s := of[ch.ID]; s != nil {
			site = Cell{Text: s.URL, Sub: short(s.WhyNot, 160)}
		}
		p.Table.Rows = append(p.Table.Rows, Row{ID: "channel-" + strconv.FormatInt(ch.ID, 10), Cells: []Cell{
			{Text: ch.Name, Sub: "#" + strconv.FormatInt(ch.ID, 10), URL: c.channelsAt(ch.ID, "")}, {Text: c.known("channels.type.", ch.Type)}, site, {Lozenges: []Lozenge{c.channelLozenge(ch)}},
		}})
	}
	return c.show(http.StatusOK, p)
}

func (c *call) newChannelForm() *formPage {
	p := &formPage{Intro: c.look.Text("channels.new.intro")}
	p.Title = c.look.Text("channels.new")
	p.Crumbs = []html.Link{{Label: c.look.Text("channels.title"), URL: c.channelsAt(0, "")}}
	name := c.textField("name", "field.name")
	name.Autocomplete = "off"
	p.Form = c.newForm(c.channelsAt(0, "/new"), "add", name)
	p.Form.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: c.channelsAt(0, "")}
	return p
}

func (c *call) newChannelPage() error { return c.show(http.StatusOK, c.newChannelForm()) }

func (c *call) makeChannel() error {
	p := c.newChannelForm()
	if !c.filled(p.Form) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	ch, err := c.Channels.Create(c.R.Context(), c.store.ID, channel.Create{Name: c.value("name"), Type: channel.Storefront, Platform: "custom", Status: opt.Some(channel.Active)})
	if err != nil {
		return c.again(p, p.Form, err)
	}
	return c.done(c.channelsAt(ch.ID, ""), "channel_made", ch.Name)
}

// channelView is the page of a channel.
func (c *call) channelView(id int64) (*memberView, error) {
	ch, err := c.Channels.Get(c.R.Context(), c.store.ID, id)
	if err != nil {
		return nil, err
	}
	site, err := c.Channels.Site(c.R.Context(), c.store.ID, id)
	if err != nil && !isNotFound(err) {
		return nil, err
	}
	p := &memberView{}
	p.Title = ch.Name
	p.Crumbs = []html.Link{{Label: c.look.Text("channels.title"), URL: c.channelsAt(0, "")}}
	state := c.channelLozenge(&ch)
	p.Facts = []Fact{
		{Label: c.look.Text("hooks.state"), Lozenge: &state}, {Label: c.look.Text("channels.type"), Value: c.known("channels.type.", ch.Type)}, {Label: c.look.Text("channels.platform"), Value: ch.Platform},
		{Label: c.look.Text("hooks.id"), Value: strconv.FormatInt(ch.ID, 10)}, {Label: c.look.Text("created"), When: c.when(ch.DateCreated)},
	}
	name := c.textField("name", "field.name")
	name.Value, name.Autocomplete = ch.Name, "off"
	status := &html.Field{Name: "status", Label: c.look.Text("hooks.state"), Type: "select", Narrow: true, Required: true}
	for _, s := range channel.Writable(ch.Type) {
		if s != channel.Deleted || s == ch.Status {
			status.Options = append(status.Options, html.Option{Value: s, Label: c.look.Text("channels.status." + s), Selected: s == ch.Status})
		}
	}
	url := &html.Field{Name: "url", Label: c.look.Text("channels.url"), Hint: c.look.Text("channels.url.hint"), Type: "url", MaxLength: 2048, Value: site.URL, Plain: true}
	p.Form = c.newForm(c.channelsAt(id, ""), "save", name, status)
	p.Second = c.newForm(c.channelsAt(id, "/site"), "channels.site.save", url)
	p.Form.Inline, p.Second.Inline = true, true
	p.Second.Sections[0].Legend = c.look.Text("channels.site")
	if site.URL != "" {
		p.Posts = []Button{{Label: c.look.Text("channels.check"), Action: c.channelsAt(id, "/check")}}
	}
	if site.WhyNot != "" {
		p.Note = &Message{Kind: "warning", Title: c.look.Text("channels.not_served"), Text: site.WhyNot}
		claims, err := c.Stores.HostClaims(c.R.Context(), c.store)
		if err != nil {
			return nil, err
		}
		for _, h := range claims {
			if h.ChannelID == id && h.Record != "" && h.State != store.Counting {
				p.Note.Items = []string{c.look.Text("channels.proof", h.Record, h.RecordText)}
			}
		}
	}
	return p, nil
}

// channelHere is the page of the channel of the address.
func (c *call) channelHere() (int64, *memberView, error) {
	id, err := c.param("id")
	if err != nil {
		return 0, nil, err
	}
	p, err := c.channelView(id)
	return id, p, err
}

func (c *call) channelPage() error {
	_, p, err := c.channelHere()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) saveChannel() error {
	id, p, err := c.channelHere()
	if err != nil {
		return err
	}
	if !c.filled(p.Form) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	ch, err := c.Channels.Update(c.R.Context(), c.store.ID, channel.Update{ID: id, Name: opt.Some(c.value("name")), Status: opt.Some(c.form.Get("status"))})
	if err != nil {
		return c.again(p, p.Form, err)
	}
	return c.done(c.channelsAt(id, ""), "channel_saved", ch.Name)
}

// saveSite moves a channel's site, makes it, or takes it away where the address is
// empty.
func (c *call) saveSite() error {
	id, p, err := c.channelHere()
	if err != nil {
		return err
	}
	x := p.Second.Field("url")
	had, url, ctx := x.Value, c.value("url"), c.R.Context()
	p.Second.Enter(c.form)
	if url != "" && !store.IsWebURL(url) {
		x.Error = c.look.Text("wrong.url")
		return c.show(http.StatusUnprocessableEntity, p)
	}
	switch {
	case url == "" && had != "":
		err = c.Channels.DeleteSite(ctx, c.store.ID, id)
	case url != "" && had == "":
		_, err = c.Channels.CreateSite(ctx, c.store.ID, id, url)
	case url != "":
		_, err = c.Channels.UpdateSite(ctx, c.store.ID, id, url)
	}
	if isConflict(err) {
		x.Error = c.look.Text("wrong.site")
		return c.show(http.StatusConflict, p)
	}
	if err != nil {
		return c.again(p, p.Second, err)
	}
	return c.done(c.channelsAt(id, ""), "channel_saved", p.Title)
}

// reached are how findings read: as a message of a kind.
var reached = map[reach.Finding]string{reach.Ours: "success", reach.Another: "warning"}

func (c *call) checkSite() error {
	id, p, err := c.channelHere()
	if err != nil {
		return err
	}
	site, err := c.Channels.Site(c.R.Context(), c.store.ID, id)
	if err != nil {
		return err
	}
	found := c.Reach.Check(c.R.Context(), site.URL)
	m := &Message{Kind: reached[found.Finding], Title: c.look.Text("channels.found."+string(found.Finding), site.URL), Text: short(found.Detail, 200)}
	if m.Kind == "" {
		m.Kind = "error"
	}
	switch {
	case !found.Secure:
		m.Items = append(m.Items, c.look.Text("channels.insecure"))
	case found.Expires != 0:
		m.Items = append(m.Items, c.look.Text("channels.expires", c.look.Date(found.Expires, c.zone())))
	}
	if p.Note != nil {
		m.Items = append(append(m.Items, p.Note.Text), p.Note.Items...)
	}
	p.Note = m
	return c.show(http.StatusOK, p)
}

func (c *call) channelsAPI() error {
	p := &apiView{Text: c.look.Text("api.text")}
	p.Title = c.look.Text("api.title")
	p.Crumbs = []html.Link{{Label: c.look.Text("channels.title"), URL: c.channelsAt(0, "")}}
	p.Examples = []Example{c.example("channels.title", "/v3/channels?limit=50", ""), c.example("channels.site", "/v3/sites?limit=50", "")}
	return c.show(http.StatusOK, p)
}
