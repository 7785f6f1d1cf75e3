package v3

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/mail"
	"clientele/internal/opt"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
)

func (s *Surface) emailRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/marketing/email-templates", Need: auth.ReadInformation, List: mail.OnChannel, Handle: shape.Call(onChannel, s.getTemplates, rows(appendTemplate))},
		{Method: "GET", Pattern: "/marketing/email-templates/{template-name}", Need: auth.ReadInformation, List: mail.OnChannel,
			Handle: shape.Call(emailTemplate, s.getTemplate, one(appendTemplate))},
		{Method: "PUT", Pattern: "/marketing/email-templates/{template-name}", Need: auth.ModifyInformation, Class: rest.Updating, List: mail.OnChannel, Titles: writeEmail,
			Handle: shape.CallAt(emailTemplate, templateBody, s.putTemplate, one(appendTemplate))},
		{Method: "DELETE", Pattern: "/marketing/email-templates/{template-name}", Need: auth.ModifyInformation, List: mail.OnOneChannel,
			Handle: shape.Call(overridden, s.deleteTemplate, func(c *rest.Call, _ struct{}) { c.SendEmpty(http.StatusOK) })},
		{Method: "GET", Pattern: "/settings/email-statuses", Need: auth.ReadInformation, List: mail.OnChannel, Handle: shape.Call(onChannel, s.getStatuses, one(appendStatuses))},
		{Method: "PUT", Pattern: "/settings/email-statuses", Need: auth.ModifyInformation, Class: rest.Updating, List: mail.OnChannel, Titles: updateStatuses,
			Handle: shape.CallAt(onChannel, object(decodeStatuses), s.putStatuses, one(appendStatuses))},
	}
}

// onChannel reads the channel that a query names; 0 is the store.
func onChannel(c *rest.Call) (int64, error) {
	q, err := query(c)
	if err != nil {
		return 0, err
	}
	channel := int64(0)
	for _, f := range q.Filters {
		channel = f.Ints[0]
		if channel < 1 {
			return 0, noSuchChannel
		}
	}
	return channel, nil
}

var (
	noSuchChannel = fault.New(fault.NotFound, "there is no such channel")
	noTemplate    = fault.New(fault.NotFound, "there is no such email template")
	needsChannel  = &fault.Error{Kind: fault.BadFilter, Items: []fault.Item{{Path: "channel_id", Code: fault.Required, Message: "channel_id is required: the store's own templates cannot be deleted"}}}
)

// emailTemplate reads which template a request is about.
func emailTemplate(c *rest.Call) (at mail.Place, err error) {
	if at.ChannelID, err = onChannel(c); err != nil {
		return at, err
	}
	kind, ok := mail.KindOfType(chi.URLParam(c.R, "template-name"))
	if !ok {
		return at, noTemplate
	}
	at.Kind = kind
	return at, nil
}

// overridden is emailTemplate where there has to be a channel.
func overridden(c *rest.Call) (mail.Place, error) {
	at, err := emailTemplate(c)
	if err == nil && at.ChannelID == 0 {
		err = needsChannel
	}
	return at, err
}

func (s *Surface) getTemplates(c *rest.Call, channel int64) ([]mail.Template, error) {
	return s.Mail.Templates(c.Ctx(), c.StoreID(), channel)
}

func (s *Surface) getTemplate(c *rest.Call, at mail.Place) (*mail.Template, error) {
	return shape.Ref(s.Mail.Template(c.Ctx(), c.StoreID(), at.Kind, at.ChannelID))
}

func (s *Surface) putTemplate(c *rest.Call, at mail.Place, in mail.Write) (*mail.Template, error) {
	in.Kind, in.ChannelID = at.Kind, at.ChannelID
	return shape.Ref(s.Mail.Write(c.Ctx(), c.StoreID(), in, mail.ByAPI))
}

func (s *Surface) deleteTemplate(c *rest.Call, at mail.Place) (struct{}, error) {
	return struct{}{}, s.Mail.Reset(c.Ctx(), c.StoreID(), at, mail.ByAPI)
}

func (s *Surface) getStatuses(c *rest.Call, channel int64) (*statuses, error) {
	said, err := s.Mail.Statuses(c.Ctx(), c.StoreID(), channel)
	return &statuses{channel, said}, err
}

func (s *Surface) putStatuses(c *rest.Call, channel int64, in mail.StatusChange) (*statuses, error) {
	said, err := s.Mail.SetStatuses(c.Ctx(), c.StoreID(), channel, in)
	return &statuses{channel, said}, err
}

// templateBody reads what a template becomes. Its name, where it is given, is
// that of the path.
func templateBody(c *rest.Call) (mail.Write, error) {
	name := chi.URLParam(c.R, "template-name")
	return object(func(o decode.Object) (in mail.Write) {
		o.Only([]string{"type_id", "body", "subject", "translations"}, nil)
		if id := o.Text("type_id"); id.Set && id.Value != name {
			o.Faults.Add("type_id", fault.ReadOnly, "", "")
		}
		in.Subject, in.HTML = o.Text("subject"), o.Text("body")
		if v, ok := o.Given("translations"); ok {
			in.Translations = opt.Some(decodePhrases(o, v))
		}
		return in
	})(c)
}

// decodePhrases reads the phrases of a template. A locale that is given
// twice has the phrases of both.
func decodePhrases(o decode.Object, v jsonx.Value) mail.Translations {
	out := mail.Translations{}
	if v.Kind() != jsonx.Array {
		o.Wrong("translations", jsonx.Array)
		return out
	}
	prefix := o.Faults.Prefix
	defer func() { o.Faults.Prefix = prefix }()
	for i, item := range v.Elems() {
		o.Faults.Prefix = prefix + "translations." + strconv.Itoa(i) + "."
		e := dialect.Object(item, o.Faults)
		if !isObject(e) {
			continue
		}
		e.Only([]string{"locale", "keys"}, nil)
		e.Required("locale")
		locale := strings.ReplaceAll(strings.ToLower(e.Text("locale").Value), "_", "-")
		if out[locale] == nil {
			out[locale] = map[string]string{}
		}
		keys, ok := e.Given("keys")
		if !ok {
			continue
		}
		if keys.Kind() != jsonx.Object {
			e.Wrong("keys", jsonx.Object)
			continue
		}
		for key, phrase := range keys.Members() {
			text, ok := phrase.Str()
			if !ok {
				e.Wrong("keys."+key, jsonx.String)
			}
			out[locale][key] = text
		}
	}
	return out
}

func appendTemplate(b []byte, t *mail.Template) []byte {
	b = jsonx.AppendString(append(b, `{"type_id":`...), t.Kind.TypeID())
	b = jsonx.AppendString(append(b, `,"body":`...), t.HTML)
	b = append(b, `,"translations":[`...)
	for i, locale := range t.Translations.Locales() {
		if i > 0 {
			b = append(b, ',')
		}
		b = jsonx.AppendString(append(b, `{"locale":`...), locale)
		b = append(b, `,"keys":{`...)
		for j, key := range t.Translations.Keys(locale) {
			if j > 0 {
				b = append(b, ',')
			}
			b = jsonx.AppendString(b, key)
			b = jsonx.AppendString(append(b, ':'), t.Translations[locale][key])
		}
		b = append(b, `}}`...)
	}
	b = jsonx.AppendString(append(b, `],"subject":`...), t.Subject)
	return append(b, '}')
}

// statuses is what a channel says of emails, or the store as channel 0.
type statuses struct {
	channel int64
	said    mail.Statuses
}

// statusNames are the emails that statuses name, as the documents' examples
// show them.
var statusNames = []string{
	"abandoned_cart_email", "account_details_changed_email", "combined_order_status_email", "createaccount_email", "createguestaccount_email", "giftcertificate_email",
	"invoice_email", "ordermessage_notification", "product_review_email", "return_confirmation_email", "return_statuschange_email",
}

// otherNames are those that the documents' schema has for some of them.
var otherNames = map[string]string{
	"createaccount_email": "create_account_email", "createguestaccount_email": "create_guest_account_email", "giftcertificate_email": "gift_certificate_email",
	"ordermessage_notification": "order_message_notification_email",
}

// decodeStatuses reads which emails are sent. Those of orders and the like never
// are: they may be sent back as they were read.
func decodeStatuses(o decode.Object) mail.StatusChange {
	out := mail.StatusChange{}
	o.Only(statusMembers(), nil)
	for _, name := range statusNames {
		f := decode.OrNull(o, name, o.Flag)
		if other := otherNames[name]; other != "" {
			if o.Value.Get(other).Present() && o.Value.Get(name).Present() {
				o.Faults.Add(other, fault.Duplicate, "", other+" and "+name+" are the same")
			} else if o.Value.Get(other).Present() {
				f = decode.OrNull(o, other, o.Flag)
				name = other
			}
		}
		kind, ok := mail.KindOfType(typeOf(name))
		switch {
		case ok:
			out[kind] = f
		case f.Value:
			o.Faults.Add(name, fault.NotAccepted, "", name+" must be false: emails of orders, carts and products are not sent here")
		}
	}
	return out
}

// typeOf returns the name of an email in the documents' examples.
func typeOf(name string) string {
	for id, other := range otherNames {
		if other == name {
			return id
		}
	}
	return name
}

func statusMembers() []string {
	out := slices.Clone(statusNames)
	for _, other := range otherNames {
		out = append(out, other)
	}
	return out
}

func appendStatuses(b []byte, s *statuses) []byte {
	b = append(b, '{')
	for i, name := range statusNames {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(jsonx.AppendString(b, name), ':')
		kind, _ := mail.KindOfType(name)
		if on, said := s.said[kind]; said {
			b = appendFlag(b, &on)
		} else if s.channel != 0 {
			b = append(b, "null"...)
		} else {
			b = append(b, "false"...)
		}
	}
	return append(b, '}')
}
