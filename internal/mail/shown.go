package mail

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// shown returns the program's own texts of a kind as a template in Handlebars: to
// begin with for who writes one, and with the same outcome.
func (t *texts) shown(kind Kind, color string) Template {
	out := Template{Kind: kind, Translations: Translations{}}
	for code, l := range t.languages {
		phrases := map[string]string{"hello": l.Hello, "hello_anybody": l.HelloAnybody, "sender": l.Sender}
		for _, p := range textsOf(l, kind) {
			p.put(l, phrases)
		}
		out.Translations[code] = phrases
	}
	w := handlebarsWriter{kind: kind, color: color}
	w.write(t.languages[defaultLanguage], t.style())
	out.Subject, out.HTML = w.subject, w.b.String()
	return out
}

// textsOf returns the texts that a kind of templates says: two for what tells of
// either a new address or a new password.
func textsOf(l *language, kind Kind) []section {
	switch kind {
	case GuestAccountCreated:
		return []section{{"", "", l.Kinds[AccountCreated].ForAWhile}}
	case DetailsChanged:
		return []section{{"email_", "details_changed.new_email", l.Kinds[EmailChanged]}, {"password_", "", l.Kinds[PasswordChanged]}}
	}
	return []section{{"", "", l.Kinds[kind]}}
}

// section is the texts that an email has while a merge field is not empty; its
// phrases begin with prefix.
type section struct {
	prefix, field string
	texts         *kindOfTexts
}

// put adds the section's phrases.
func (p *section) put(l *language, to map[string]string) {
	to[p.prefix+"subject"], to[p.prefix+"heading"] = p.texts.Subject, p.texts.Heading
	for i, line := range p.texts.Body {
		to[p.prefix+"body_"+strconv.Itoa(i+1)] = line
	}
	if p.texts.Button != "" {
		to[p.prefix+"button"], to["copy"] = p.texts.Button, l.Copy
	}
	for _, note := range p.texts.Notes {
		to[note] = map[string]string{"valid": l.Valid, "ignore": l.Ignore}[note]
	}
}

var styleOf = regexp.MustCompile(`(?s)<style>.*</style>`)

// style returns the style of the program's own layout.
func (t *texts) style() string {
	text, err := textFiles.ReadFile("texts/layout.html")
	if err != nil {
		panic(err) // it is part of the program
	}
	return styleOf.FindString(string(text))
}

type handlebarsWriter struct {
	kind    Kind
	color   string
	subject string
	b       strings.Builder
}

func (w *handlebarsWriter) p(format string, args ...any) { fmt.Fprintf(&w.b, format+"\n", args...) }

// fieldOf returns the merge field that fills a place of the program's own lines,
// and whether it may be empty.
func (w *handlebarsWriter) fieldOf(place string) (field string, optional bool) {
	switch place {
	case "store":
		return "store.name", false
	case "name":
		return "customer.full_name", true
	case "email":
		return "customer.email", false
	case "duration":
		return "duration", true
	case "new_email":
		if w.kind == DetailsChanged || w.kind == EmailChanged {
			return "details_changed.new_email", true
		}
	}
	return "data." + place, true
}

// lang returns what shows a phrase, and the merge fields without which it is
// left out.
func (w *handlebarsWriter) lang(key, phrase string) (code string, needs []string) {
	code = `{{lang "` + key + `"`
	given := map[string]bool{}
	for _, part := range cut(phrase) {
		place := part.place
		if place == "" || given[place] {
			continue
		}
		given[place] = true
		field, optional := w.fieldOf(place)
		code += " " + place + "=" + field
		if optional {
			needs = append(needs, field)
		}
	}
	return code + "}}", needs
}

// line writes a phrase between tags.
func (w *handlebarsWriter) line(before, key, phrase, after string) {
	code, needs := w.lang(key, phrase)
	for _, n := range needs {
		before, after = "{{#if "+n+"}}"+before, after+"{{/if}}"
	}
	w.p("%s%s%s", before, code, after)
}

// either returns one of several sections' codes, by their fields.
func either(sections []section, code func(section) string) string {
	out := code(sections[len(sections)-1])
	for i := len(sections) - 2; i >= 0; i-- {
		out = "{{#if " + sections[i].field + "}}" + code(sections[i]) + "{{else}}" + out + "{{/if}}"
	}
	return out
}

// linkOf returns the merge field of the link of a kind.
func linkOf(kind Kind) string {
	switch kind {
	case GuestAccountCreated:
		return "guest_account.link"
	case PasswordReset:
		return "reset_password.link"
	case SignInLink:
		return "passwordless_login.link"
	}
	return "link"
}

func (w *handlebarsWriter) write(l *language, style string) {
	sections := textsOf(l, w.kind)
	w.subject = either(sections, func(s section) string {
		code, _ := w.lang(s.prefix+"subject", s.texts.Subject)
		return code
	})
	w.p("<!doctype html>\n<html lang=\"{{store.language.code}}\">\n<head>\n<meta charset=\"utf-8\">")
	w.p("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">")
	w.p("<title>%s</title>\n%s\n</head>\n<body>\n<main>", w.subject, style)
	w.p(`<p class="store">{{#if store.logo.url}}<img src="{{store.logo.url}}" alt="{{store.name}}">{{else}}{{store.name}}{{/if}}</p>`)
	w.p("<article>")
	for i, s := range sections {
		if s.field != "" {
			w.p("{{#if %s}}", s.field)
		}
		w.section(l, s)
		if i < len(sections)-1 {
			w.p("{{else}}")
		} else if i > 0 {
			w.p("{{/if}}")
		}
	}
	w.p("</article>")
	sender, _ := w.lang("sender", l.Sender)
	w.p(`<p class="small" style="padding: 16px 24px 0">%s<br>{{#if store.path}}<a href="{{store.path}}">{{store.name}}</a>{{else}}{{store.name}}{{/if}}</p>`, sender)
	w.p("</main>\n</body>\n</html>")
}

func (w *handlebarsWriter) section(l *language, s section) {
	k := s.texts
	heading, _ := w.lang(s.prefix+"heading", k.Heading)
	w.p("<h1>%s</h1>", heading)
	hello, _ := w.lang("hello", l.Hello)
	w.p(`<p>{{#if customer.full_name}}%s{{else}}{{lang "hello_anybody"}}{{/if}}</p>`, hello)
	for i, line := range k.Body {
		w.line("<p>", s.prefix+"body_"+strconv.Itoa(i+1), line, "</p>")
	}
	if k.Button != "" {
		link := linkOf(w.kind)
		w.p(`{{#if %[1]s}}<p><a class="button" style="background-color: %[3]s" href="{{%[1]s}}">{{lang "%[2]sbutton"}}</a></p>`, link, s.prefix, w.color)
		w.p(`<p class="small">{{lang "copy"}}<br><a href="{{%[1]s}}">{{%[1]s}}</a></p>{{/if}}`, link)
	}
	for _, note := range k.Notes {
		w.line(`<p class="small">`, note, map[string]string{"valid": l.Valid, "ignore": l.Ignore}[note], "</p>")
	}
}

// OnChannel declares the query of operations on emails of a channel, or without
// it of the store.
var OnChannel = &listing.Spec{Fields: []listing.Field{{Name: "channel_id", Kind: listing.Int, Column: "channel_id", Ops: []listing.Op{listing.Eq}}}, Unpaged: true}

// OnOneChannel is OnChannel for what is deleted.
var OnOneChannel = &listing.Spec{Fields: OnChannel.Fields, Unpaged: true, Deletes: true}

// documented returns the kinds of templates that have documented names, by
// these.
func documented() []Kind {
	var out []Kind
	for k, t := range templated {
		if t.typeID != "" {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b Kind) int { return strings.Compare(a.TypeID(), b.TypeID()) })
	return out
}

// under completes a template with what holds where it says nothing.
func (t Template) under(base *Template) Template {
	if base == nil || t.Subject != "" && t.HTML != "" {
		return t
	}
	merged := Translations{}
	for _, from := range []Translations{base.Translations, t.Translations} {
		for l, phrases := range from {
			if merged[l] == nil {
				merged[l] = map[string]string{}
			}
			maps.Copy(merged[l], phrases)
		}
	}
	t.Subject, t.HTML, t.Translations = cmp.Or(t.Subject, base.Subject), cmp.Or(t.HTML, base.HTML), merged
	return t
}

// look returns what is said of a kind on a channel (0: the store) in every
// language, completed by what holds without it. found tells that the store or
// the channel says something itself.
func (s *Service) look(tx *sqldb.Tx, kind Kind, channelID int64, set *store.Settings) (out Template, found *Template, err error) {
	program := s.own().shown(kind, set.Storefront.ThemeColor)
	base := &program
	if found, err = current(tx, Place{Kind: kind}); err != nil {
		return out, nil, err
	}
	if channelID != 0 {
		if found != nil {
			of := found.under(base)
			base = &of
		}
		if found, err = current(tx, Place{Kind: kind, ChannelID: channelID}); err != nil {
			return out, nil, err
		}
	}
	out = Template{Kind: kind}
	if found != nil {
		out = *found
	}
	out = out.under(base)
	out.ChannelID = channelID
	return out, found, nil
}

// Templates returns the templates with documented names: those that hold for the
// store, or those that a channel has itself.
func (s *Service) Templates(ctx context.Context, storeID, channelID int64) (out []Template, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		set, err := store.ReadSettings(tx)
		if err == nil {
			err = holdChannel(tx, channelID)
		}
		if err != nil {
			return err
		}
		for _, kind := range documented() {
			t, found, err := s.look(tx, kind, channelID, set)
			if err != nil {
				return err
			}
			if found != nil || channelID == 0 {
				out = append(out, t)
			}
		}
		return nil
	})
	return out, err
}

// Template returns one of Templates.
func (s *Service) Template(ctx context.Context, storeID int64, kind Kind, channelID int64) (out Template, err error) {
	all, err := s.Templates(ctx, storeID, channelID)
	if err != nil {
		return out, err
	}
	i := slices.IndexFunc(all, func(t Template) bool { return t.Kind == kind })
	if i < 0 {
		return out, noTemplate()
	}
	return all[i], nil
}

// Write is the command to change the template of a kind for every language: what
// is absent stays as Template shows it.
type Write struct {
	Kind         Kind
	ChannelID    int64 // 0: all that have none of their own
	Subject      opt.Field[string]
	HTML         opt.Field[string]
	Translations opt.Field[Translations]
}

// Write changes a template and returns it.
func (s *Service) Write(ctx context.Context, storeID int64, in Write, by Writer) (out Template, err error) {
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		if err := hold(tx, in.ChannelID); err != nil {
			return err
		}
		set, err := store.ReadSettings(tx)
		if err != nil {
			return err
		}
		was, found, err := s.look(tx, in.Kind, in.ChannelID, set)
		if err != nil {
			return err
		}
		out = was
		if in.Subject.Set {
			out.Subject = in.Subject.Value
		}
		if in.HTML.Set && in.HTML.Value != was.HTML {
			out.HTML, out.Text = in.HTML.Value, ""
		}
		if in.Translations.Set {
			out.Translations = in.Translations.Value
		}
		if out.says(&was) && (found != nil || in.ChannelID == 0) {
			return nil // holds already
		}
		c := fault.Collector{}
		for _, part := range []struct {
			field fault.Field
			text  string
		}{{FieldSubject, out.Subject}, {FieldHTML, out.HTML}} {
			if part.text == "" {
				c.Because(part.field, fault.Required, WhyMakesNothing, "")
			}
		}
		if err := c.Err(fault.Invalid); err != nil {
			return err
		}
		return PutTemplate(tx, out, by, s.sys.Now())
	})
	return out, err
}
