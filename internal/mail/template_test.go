package mail_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"clientele/internal/channel"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/group"
	"clientele/internal/mail"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/password/passwordtest"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

func put(w *world, svc *mail.Service, t mail.Template, by mail.Writer) {
	w.t.Helper()
	w.now.Add(1)
	if err := svc.Put(w.t.Context(), w.mine, t, by); err != nil {
		w.t.Fatal(err)
	}
}

// said returns what a page says.
func said(page string) string {
	var out []string
	z := html.NewTokenizer(strings.NewReader(page))
	skip := false
	for t := z.Next(); t != html.ErrorToken; t = z.Next() {
		token := z.Token()
		switch {
		case token.Data == "style":
			skip = t == html.StartTagToken
		case t == html.TextToken && !skip:
			out = append(out, strings.Fields(token.Data)...)
		case token.Data == "a" && t == html.StartTagToken:
			for _, a := range token.Attr {
				out = append(out, a.Key+"="+a.Val)
			}
		}
	}
	return strings.Join(out, " ")
}

// What is shown of the program's own texts makes the emails that they make, in
// every language.
func TestShownTemplatesSayTheSame(t *testing.T) {
	each(t, func(w *world) {
		ctx := w.t.Context()
		out := &sender{}
		svc, r := w.start(mail.Options{Sender: out})
		login := link(mail.AccountCreated)
		delete(login.Data, "minutes")
		messages := []mail.Message{
			link(mail.SignInLink), link(mail.PasswordReset), link(mail.AccountCreated), login, {Kind: mail.AccountCreated, To: "a@b.example"},
			{Kind: mail.EmailChanged, To: "a@b.example", ToName: "Jo", Data: mail.Data{"new_email": "new@b.example"}}, {Kind: mail.PasswordChanged, To: "a@b.example", ToName: "Jo"},
		}
		send := func() (texts []string) {
			w.t.Helper()
			out.letters = nil
			for _, language := range []string{"en", "de", "fr"} {
				w.settings(w.mine, store.Settings{OrderEmail: "o@example.com", Language: language, LogoURL: map[string]string{"de": "https://x.example/l.png"}[language]})
				for _, m := range messages {
					w.queue(svc, w.mine, m)
					w.due(r, 1)
				}
			}
			for _, l := range out.letters {
				texts = append(texts, l.Subject+"\n"+said(l.HTML))
			}
			return texts
		}
		before := send()
		all, err := svc.Templates(ctx, w.mine, 0)
		if err != nil || len(all) != 5 {
			w.t.Fatalf("%d templates, %v", len(all), err)
		}
		for _, shown := range all {
			if shown.Kind.TypeID() == "" || !strings.Contains(shown.HTML, "{{lang ") || shown.Translations["de"]["hello"] == "" {
				w.t.Errorf("%+v", shown)
			}
			// Writing back what was read changes nothing, and makes no version.
			if _, err := svc.Write(ctx, w.mine, mail.Write{Kind: shown.Kind, Subject: opt.Some(shown.Subject), HTML: opt.Some(shown.HTML), Translations: opt.Some(shown.Translations)}, mail.ByAPI); err != nil {
				w.t.Errorf("%s: %v", shown.Kind, err)
			}
			if versions, err := svc.History(ctx, w.mine, shown.Place()); err != nil || len(versions) != 0 {
				w.t.Errorf("%s has %d versions, %v", shown.Kind, len(versions), err)
			}
			put(w, svc, shown, mail.ByAPI)
		}
		after := send()
		for i := range before {
			if before[i] != after[i] {
				w.t.Errorf("%d:\n%s\n%s", i, before[i], after[i])
			}
		}
	})
}

// Merge fields are those of the documents, with the values of the reader.
func TestMergeFields(t *testing.T) {
	each(t, func(w *world) {
		ctx := w.t.Context()
		out := &sender{}
		svc, r := w.start(mail.Options{Sender: out})
		customers := customer.NewService(w.db, w.sys, passwordtest.New(w.sys))
		groups := group.NewService(w.db, w.sys, customers)
		g, err := groups.Create(ctx, w.mine, group.Write{Name: opt.Some("Gold <3")})
		if err != nil {
			w.t.Fatal(err)
		}
		made, err := customers.CreateFor(ctx, password.Party{StoreID: w.mine}, []customer.Create{{Email: "j@example.com", FirstName: "Jane Ann", LastName: "Doe", GroupID: g.ID}})
		if err != nil {
			w.t.Fatal(err)
		}
		w.settings(w.mine, store.Settings{OrderEmail: "o@example.com", Address: "1 Street", Phone: "12", LogoURL: "https://cdn.example/logo.png", Language: "he", Timezone: "UTC"})
		put(w, svc, mail.Template{
			Kind: mail.PasswordReset, Subject: `{{lang "title" name=store.name}}`,
			HTML: `{{!-- a comment with {{braces}} --}}<a href="{{reset_password.link}}">{{account.reset_password_link}}</a>
{{customer.first_name}}|{{customer.full_name}}|{{customer.email}}|{{#each customer.group}}{{name}} {{{name}}}{{/each}}|{{misc.year}}
{{store.name}}|{{store.domain_name}}|{{store.path}}|{{store.ssl_path}}|{{store.address}}|{{store.phone}}|{{store.logo.url}}|{{store.logo.name}}|{{store.language.code}}|{{store.language.direction}}|{{store.cdn_path}}
{{#if unsubscribe}}no{{else if duration}}{{~ duration ~}}{{else}}no{{/if}}{{#unless unsubscribe}} none{{/unless}}
{{#with store.logo}}[{{title}} {{../misc.year}} {{@root.misc.year}}]{{/with}}
{{{lang "html" link=store.path who=customer.first_name}}} {{lang "html" link='a"b' who="x"}} {{{lang "html" link='"' who="<i>"}}}`,
			Translations: mail.Translations{"en": {"title": "For {name}", "html": `<b title="{{link}}">{who}</b>`}, "he": {"title": "עבור {name}"}},
		}, mail.ByAPI)
		m := link(mail.PasswordReset)
		m.CustomerID, m.To, m.ToName = made[0].ID, "j@example.com", "Jane Ann Doe"
		w.queue(svc, w.mine, m)
		w.due(r, 1)
		if len(out.letters) != 1 {
			w.t.Fatal(w.stored(svc, w.mine))
		}
		l := out.letters[0]
		want := `<a href="https://mine.example.com/x?token=s3cret&amp;y=1">https://mine.example.com/x?token=s3cret&amp;y=1</a>
Jane Ann|Jane Ann Doe|j@example.com|Gold &lt;3 Gold &lt;3|2025
Zoë &amp; Söhne|mine.example.com|https://mine.example.com|https://mine.example.com|1 Street|12|https://cdn.example/logo.png|logo.png|he|rtl|
15 minutes none
[Zoë &amp; Söhne 2025 2025]
<b title="https://mine.example.com">Jane Ann</b> &lt;b title=&#34;a&#34;b&#34;&gt;x&lt;/b&gt; <b title="&#34;">&lt;i&gt;</b>`
		if l.Subject != "עבור Zoë & Söhne" || l.HTML != want {
			w.t.Errorf("%s\n%s\nwant %s", l.Subject, l.HTML, want)
		}
		// The text is made of the HTML.
		if !strings.HasPrefix(l.Text, "https://mine.example.com/x?token=s3cret&y=1 Jane Ann|") {
			w.t.Error(l.Text)
		}
	})
}

// Shoppers choose their names: a first name is one line and no link, as a whole
// name is.
func TestMergeFieldsStayInTheirLine(t *testing.T) {
	each(t, func(w *world) {
		out := &sender{}
		svc, r := w.start(mail.Options{Sender: out})
		put(w, svc, mail.Template{Kind: mail.SignInLink, Subject: "x", HTML: "{{customer.first_name}}", Text: "{{customer.first_name}}"}, mail.ByAPI)
		customers := customer.NewService(w.db, w.sys, passwordtest.New(w.sys))
		for i, c := range []struct{ name, want string }{{"Jane\r\n\r\nCall\u202e 555", "Jane Call 555"}, {"evil.\u2060com", "Ann"}} {
			address := fmt.Sprintf("j%d@example.com", i)
			made, err := customers.CreateFor(w.t.Context(), password.Party{StoreID: w.mine}, []customer.Create{{Email: address, FirstName: c.name, LastName: "Doe"}})
			if err != nil {
				w.t.Fatal(err)
			}
			m := link(mail.SignInLink)
			m.CustomerID, m.To, m.ToName = made[0].ID, address, "Ann Doe"
			w.queue(svc, w.mine, m)
			w.due(r, 1)
			if l := out.letters[i]; l.HTML != c.want || strings.TrimSpace(l.Text) != c.want {
				w.t.Errorf("%q: %q and %q, want %q", c.name, l.HTML, l.Text, c.want)
			}
		}
	})
}

func TestHandlebarsAreChecked(t *testing.T) {
	en := mail.Translations{"en": {"a": "A {x}", "b": "B"}}
	for body, want := range map[string]string{
		"{{store.nme}}":                              "line 1: there is no merge field store.nme in these emails",
		"a\nb {{order.id}}":                          "line 2: there is no merge field order.id",
		"{{guest_account.link}}":                     "no merge field guest_account.link",
		"{{store}}":                                  "store is not one text",
		"{{customer.group}}":                         "customer.group is not one text",
		"{{#each store.name}}x{{/each}}":             "store.name is no list",
		"{{#each customer.group}}{{email}}{{/each}}": "no merge field email",
		"{{#if link}}x":                              "{{#if}} is not ended by {{/if}}",
		"{{/if}}":                                    "{{/if}} ends nothing",
		"{{#if link}}x{{/each}}":                     "{{/each}} ends nothing",
		"{{else}}":                                   "is in no block",
		"{{link":                                     "{{ is not closed by }}",
		"{{!-- x":                                    "not closed",
		"{{}}":                                       "holds no merge field",
		"{{> header}}":                               "> is not supported",
		"{{upper store.name}}":                       "upper is no helper",
		"{{#compare a b}}x{{/compare}}":              "is not supported",
		"{{lang a}}":                                 "in quotes",
		`{{lang "none"}}`:                            `the translations have no phrase "none"`,
		`{{lang "a"}}`:                               `has a place {x}, which lang is not given`,
		`{{lang "b" 3}}`:                             "3 is no argument",
		`{{lang (concat "a")}}`:                      "cannot stand between",
		`<a href="{{link}}`:                          "ends in a non-text context",
		"{{{{raw}}}}":                                "is not supported",
		"{{store.__proto__}}":                        "is no merge field",
		"{{constructor}}":                            "no merge field constructor",
		strings.Repeat("{{#if link}}", 21):           "more than 20 blocks",
		strings.Repeat("{{#each @root.customer.group}}", 3) + strings.Repeat("{{/each}}", 3): "more than 2 {{#each}} in each other",
		`{{lang "b"` + strings.Repeat(" x=link", 21) + "}}":                                  "at most 20 arguments",
	} {
		err := mail.CheckTemplate(&mail.Template{Kind: mail.SignInLink, HTML: body, Translations: en})
		f := fault.As(err)
		if f == nil || len(f.Items) != 1 || f.Items[0].Field != mail.FieldHTML || !strings.Contains(f.Items[0].Value, want) {
			t.Errorf("%s: %+v, want %s", body, f, want)
		}
	}
	for name, bad := range map[string]mail.Translations{
		"locale": {"english!": {"a": "A"}}, "key": {"en": {`a"`: "A"}}, "long": {"en": {"a": strings.Repeat("x", 5001)}},
		"many": func() mail.Translations {
			m := map[string]string{}
			for i := range 501 {
				m[fmt.Sprint(i)] = "x"
			}
			return mail.Translations{"en": m}
		}(),
	} {
		if f := fault.As(mail.CheckTemplate(&mail.Template{Kind: mail.SignInLink, Subject: "x", Translations: bad})); f == nil || f.Items[0].Field != mail.FieldTranslations {
			t.Errorf("%s: %v", name, f)
		}
	}
	for _, good := range []string{"{{~link~}}", "{{{link}}}", "{{& link}}", "{{#with customer}}{{this.email}}{{/with}}", `{{lang 'b'}}`, "{ {{link}} }} {", "{{! it's a link }}{{link}}", "{{~! don't ~}}{{link}}"} {
		if err := mail.CheckTemplate(&mail.Template{Kind: mail.SignInLink, HTML: good, Translations: en}); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}

// What a locale says twice, by names in two cases, has one outcome.
func TestTemplatesOfALocaleNamedTwice(t *testing.T) {
	for range 50 {
		tm := mail.Template{Kind: mail.SignInLink, Subject: `{{lang "a"}}`, Translations: mail.Translations{"EN": {"a": "1"}, "en": {"a": "2"}}}
		if err := mail.CheckTemplate(&tm); err != nil || tm.Translations["en"]["a"] != "2" {
			t.Fatalf("%v, %v", tm.Translations, err)
		}
	}
}

// Phrases whose places are filled with nothing make nothing, and cost time all
// the same: how much of them is read has a bound.
func TestPhrasesOfATextAreBounded(t *testing.T) {
	body := "x" + strings.Repeat(`{{lang "k" a=store.cdn_path}}`, 200)
	for phrase, want := range map[string]string{strings.Repeat("{a}", 800): "", strings.Repeat("{a}", 1600): "it makes more than 512 KiB"} {
		err := mail.CheckTemplate(&mail.Template{Kind: mail.SignInLink, HTML: body, Translations: mail.Translations{"en": {"k": phrase}}})
		f := fault.As(err)
		if (want == "") != (err == nil) || want != "" && (f == nil || !strings.Contains(f.Items[0].Value, want)) {
			t.Errorf("%d places: %v, want %q", len(phrase)/3, err, want)
		}
	}
}

func FuzzHandlebars(f *testing.F) {
	for _, s := range []string{"{{#if link}}a{{else}}b{{/if}}", `{{lang "a" x=store.name}}`, "{{{store.name}}}", "{{#each customer.group}}{{name}}{{../link}}{{/each}}", "{{.Link}}", "{{!-- --}}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		// Whatever it is, it is accepted or refused.
		tm := mail.Template{Kind: mail.SignInLink, HTML: body, Subject: body, Translations: mail.Translations{"en": {"a": body}}}
		if err := mail.CheckTemplate(&tm); err != nil && fault.As(err) == nil {
			t.Error(err)
		}
	})
}

// A channel's own template comes first, and what tells of changed details stands
// in for what has no template of its own.
func TestTemplatesOfChannels(t *testing.T) {
	each(t, func(w *world) {
		ctx := w.t.Context()
		out := &sender{}
		svc, r := w.start(mail.Options{Sender: out})
		w.write(w.mine, func(tx *sqldb.Tx) error { return channel.Put(tx, channel.Given{ID: 2, Name: "Two"}, w.now.Load()) })
		put(w, svc, mail.Template{Kind: mail.SignInLink, Subject: "store", Text: "store text"}, mail.ByCommand)
		put(w, svc, mail.Template{Kind: mail.SignInLink, Locale: "en", Subject: "store en"}, mail.ByCommand)
		put(w, svc, mail.Template{Kind: mail.SignInLink, ChannelID: 1, HTML: "<p>channel {{link}}</p>"}, mail.ByCommand)
		put(w, svc, mail.Template{Kind: mail.DetailsChanged, Subject: "{{#each details_changed.fields}}{{this}}{{/each}} {{details_changed.new_email}}"}, mail.BySeed)
		put(w, svc, mail.Template{Kind: mail.EmailChanged, ChannelID: 2, Subject: "never"}, mail.BySeed)
		send := func(m mail.Message, subject, text string) {
			w.t.Helper()
			w.queue(svc, w.mine, m)
			w.due(r, 1)
			if l := out.letters[len(out.letters)-1]; l.Subject != subject || !strings.Contains(l.Text, text) {
				w.t.Errorf("%s\n%s", l.Subject, l.Text)
			}
		}
		send(link(mail.SignInLink), "store en", "channel https://mine.example.com/x?token=s3cret&y=1")
		m := link(mail.SignInLink)
		m.Site.ChannelID = 2
		send(m, "store en", "store text")
		send(mail.Message{Kind: mail.EmailChanged, To: "a@b.example", Data: mail.Data{"new_email": "n@b.example"}}, "Email n@b.example", "n@b.example")
		send(mail.Message{Kind: mail.PasswordChanged, To: "a@b.example"}, "Password", "password")
		if err := svc.Put(ctx, w.mine, mail.Template{Kind: mail.SignInLink, ChannelID: 9, Subject: "x"}, mail.ByAPI); fault.As(err) == nil || fault.As(err).Kind != fault.NotFound {
			w.t.Error(err)
		}
		// Who has no password has a welcome of their own.
		put(w, svc, mail.Template{Kind: mail.AccountCreated, Subject: "with"}, mail.ByCommand)
		put(w, svc, mail.Template{Kind: mail.GuestAccountCreated, Subject: "without", HTML: `<a href="{{guest_account.link}}">x</a>`}, mail.ByCommand)
		send(mail.Message{Kind: mail.AccountCreated, To: "a@b.example"}, "with", "Go to your account")
		send(link(mail.AccountCreated), "without", "x https://mine.example.com/x")
	})
}

// Every writing makes a version; undo goes back by one each time, and makes one
// too.
func TestVersions(t *testing.T) {
	each(t, func(w *world) {
		ctx := w.t.Context()
		svc, _ := w.start(mail.Options{})
		at := mail.Place{Kind: mail.SignInLink}
		history := func(want string) {
			w.t.Helper()
			all, err := svc.History(ctx, w.mine, at)
			if err != nil {
				w.t.Fatal(err)
			}
			var got []string
			for _, v := range all {
				back := ""
				if v.Undo {
					back = fmt.Sprintf("<%d", v.Restores)
				}
				got = append(got, fmt.Sprintf("%d%s:%s:%s", v.Number, back, v.Subject, v.Writer))
			}
			if s := strings.Join(got, " "); s != want {
				w.t.Errorf("history is %s\nwant       %s", s, want)
			}
		}
		undo := func(to opt.Field[int64], want string) {
			w.t.Helper()
			v, err := svc.Undo(ctx, w.mine, at, to, mail.ByCommand)
			if err != nil || v.Subject != want {
				w.t.Errorf("%+v, %v, want %s", v, err, want)
			}
		}
		history("")
		if _, err := svc.History(ctx, w.mine, mail.Place{Kind: "x"}); fault.As(err) == nil {
			w.t.Error(err)
		}
		if _, err := svc.Undo(ctx, w.mine, at, opt.Field[int64]{}, mail.ByCommand); fault.As(err) == nil {
			w.t.Error(err)
		}
		for i, subject := range []string{"A", "B", "B", "C"} {
			put(w, svc, mail.Template{Kind: mail.SignInLink, Subject: subject}, []mail.Writer{mail.ByAPI, mail.BySeed, mail.BySeed, mail.ByCommand}[i])
		}
		history("3:C:command 2:B:seed 1:A:api")
		undo(opt.Field[int64]{}, "B")
		undo(opt.Field[int64]{}, "A")
		history("5<1:A:command 4<2:B:command 3:C:command 2:B:seed 1:A:api")
		put(w, svc, mail.Template{Kind: mail.SignInLink, Subject: "D"}, mail.ByAPI)
		undo(opt.Field[int64]{}, "A") // what held before D
		undo(opt.Field[int64]{}, "")  // and before A there was none
		if _, err := svc.Get(ctx, w.mine, at); fault.As(err) == nil {
			w.t.Error(err)
		}
		if _, err := svc.Undo(ctx, w.mine, at, opt.Field[int64]{}, mail.ByCommand); fault.As(err) == nil {
			w.t.Error(err)
		}
		undo(opt.Some[int64](3), "C")
		undo(opt.Some[int64](3), "C") // holds already
		if err := svc.Reset(ctx, w.mine, at, mail.ByAPI); err != nil {
			w.t.Error(err)
		}
		history("10::api 9<3:C:command 8<0::command 7<1:A:command 6:D:api 5<1:A:command 4<2:B:command 3:C:command 2:B:seed 1:A:api")
		undo(opt.Field[int64]{}, "C")
		// They are bounded, and one that is forgotten cannot come back.
		for i := range 30 {
			put(w, svc, mail.Template{Kind: mail.SignInLink, Subject: fmt.Sprint(i)}, mail.ByAPI)
		}
		all, err := svc.History(ctx, w.mine, at)
		if err != nil || len(all) != mail.MaxVersions || all[0].Subject != "29" || all[19].Number != all[0].Number-19 {
			w.t.Errorf("%d versions, %v", len(all), err)
		}
		if _, err := svc.Undo(ctx, w.mine, at, opt.Some[int64](3), mail.ByCommand); fault.As(err) == nil || fault.As(err).Kind != fault.NotFound {
			w.t.Error(err)
		}
		// No store reaches another's.
		if all, err := svc.History(ctx, w.other, at); err != nil || len(all) != 0 {
			w.t.Errorf("%+v, %v", all, err)
		}
		if _, err := svc.Undo(ctx, w.other, at, opt.Field[int64]{}, mail.ByCommand); fault.As(err) == nil {
			w.t.Error(err)
		}
	})
}

// A write keeps what it does not name, begins a channel's own template with what
// holds, and has the text follow the HTML.
func TestWriteOfTemplates(t *testing.T) {
	each(t, func(w *world) {
		ctx := w.t.Context()
		svc, _ := w.start(mail.Options{})
		put(w, svc, mail.Template{Kind: mail.PasswordReset, Subject: "S {{.Store.Name}}", Text: "T"}, mail.ByCommand)
		got, err := svc.Write(ctx, w.mine, mail.Write{Kind: mail.PasswordReset, ChannelID: 1, Subject: opt.Some("channel")}, mail.ByAPI)
		if err != nil || got.ChannelID != 1 || got.Subject != "channel" || !strings.Contains(got.HTML, "{{reset_password.link}}") || got.Translations["fr"]["button"] == "" {
			w.t.Errorf("%+v, %v", got, err)
		}
		got, err = svc.Write(ctx, w.mine, mail.Write{Kind: mail.PasswordReset, HTML: opt.Some("<p>{{link}}</p>"), Translations: opt.Some(mail.Translations{})}, mail.ByAPI)
		if err != nil || got.Subject != "S {{.Store.Name}}" || got.Text != "" || len(got.Translations) != 0 {
			w.t.Errorf("%+v, %v", got, err)
		}
		for name, in := range map[string]mail.Write{
			"phrase": {Kind: mail.SignInLink, Translations: opt.Some(mail.Translations{})}, "body": {Kind: mail.SignInLink, HTML: opt.Some("")}, "subject": {Kind: mail.SignInLink, Subject: opt.Some("")},
			"field": {Kind: mail.SignInLink, Subject: opt.Some("{{order.id}}")}, "long": {Kind: mail.SignInLink, HTML: opt.Some(strings.Repeat("x", 65_537))},
		} {
			if _, err := svc.Write(ctx, w.mine, in, mail.ByAPI); fault.As(err) == nil || fault.As(err).Kind != fault.Invalid {
				w.t.Errorf("%s: %v", name, err)
			}
		}
		all, err := svc.Templates(ctx, w.mine, 1)
		if err != nil || len(all) != 1 || all[0].Subject != "channel" {
			w.t.Errorf("%+v, %v", all, err)
		}
		if _, err := svc.Templates(ctx, w.mine, 9); fault.As(err) == nil || fault.As(err).Kind != fault.NotFound {
			w.t.Error(err)
		}
		if _, err := svc.Template(ctx, w.mine, mail.SignInLink, 1); fault.As(err) == nil || fault.As(err).Kind != fault.NotFound {
			w.t.Error(err)
		}
		if got, err := svc.Template(ctx, w.other, mail.PasswordReset, 0); err != nil || strings.Contains(got.Subject, "S ") {
			w.t.Errorf("%+v, %v", got.Subject, err)
		}
	})
}

// What is switched off is not sent, and is kept with the reason. A channel that
// says something itself goes by that.
func TestStatuses(t *testing.T) {
	each(t, func(w *world) {
		ctx := w.t.Context()
		out := &sender{}
		svc, r := w.start(mail.Options{Sender: out})
		set := func(storeID, channelID int64, in mail.StatusChange, want mail.Statuses) {
			w.t.Helper()
			got, err := svc.SetStatuses(ctx, storeID, channelID, in)
			if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				w.t.Errorf("%v, %v, want %v", got, err, want)
			}
			if got, err := svc.Statuses(ctx, storeID, channelID); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				w.t.Errorf("%v, %v, want %v", got, err, want)
			}
		}
		send := func(m mail.Message, want string) {
			w.t.Helper()
			w.queue(svc, w.mine, m)
			w.due(r, 1)
			if got := w.stored(svc, w.mine); !strings.HasPrefix(strings.SplitN(got, " ", 2)[1], want) {
				w.t.Errorf("%s, want %s", got, want)
			}
		}
		const off = `off "" "emails of this kind are switched off" -`
		all := mail.Statuses{mail.AccountCreated: true, mail.GuestAccountCreated: true, mail.DetailsChanged: true}
		set(w.mine, 0, nil, all)
		all[mail.GuestAccountCreated] = false
		set(w.mine, 0, mail.StatusChange{mail.GuestAccountCreated: opt.Some(false)}, all)
		send(mail.Message{Kind: mail.AccountCreated, To: "a@b.example"}, "sent")
		send(link(mail.AccountCreated), off)
		if len(out.letters) != 1 {
			w.t.Errorf("%d letters", len(out.letters))
		}
		set(w.mine, 1, mail.StatusChange{mail.GuestAccountCreated: opt.Some(true), mail.DetailsChanged: opt.Some(false)}, mail.Statuses{mail.GuestAccountCreated: true, mail.DetailsChanged: false})
		send(link(mail.AccountCreated), "sent")
		send(mail.Message{Kind: mail.EmailChanged, To: "a@b.example", Data: mail.Data{"new_email": "n@b.example"}}, off)
		send(mail.Message{Kind: mail.PasswordChanged, To: "a@b.example"}, off)
		send(link(mail.PasswordReset), "sent")
		set(w.mine, 1, mail.StatusChange{mail.GuestAccountCreated: opt.Null[bool](), mail.DetailsChanged: opt.Null[bool]()}, mail.Statuses{})
		send(link(mail.AccountCreated), off)
		send(mail.Message{Kind: mail.PasswordChanged, To: "a@b.example"}, "sent")
		// It cannot be tried again, and is forgotten as what was sent is.
		if err := svc.Retry(ctx, w.mine, 2); fault.As(err) == nil {
			w.t.Error(err)
		}
		w.now.Add(8 * 24 * 3600)
		if err := svc.Prune(ctx); err != nil {
			w.t.Error(err)
		}
		w.want(svc, w.mine, "")
		// What cannot be switched off, and what is not there.
		for name, in := range map[string]struct {
			channel int64
			change  mail.StatusChange
		}{
			"reset": {0, mail.StatusChange{mail.PasswordReset: opt.Some(false)}}, "kind": {1, mail.StatusChange{"x": opt.Some(false)}},
			"no level": {0, mail.StatusChange{mail.AccountCreated: opt.Null[bool]()}}, "channel": {9, mail.StatusChange{mail.AccountCreated: opt.Some(false)}},
		} {
			if _, err := svc.SetStatuses(ctx, w.mine, in.channel, in.change); fault.As(err) == nil {
				w.t.Errorf("%s: %v", name, err)
			}
		}
		all[mail.GuestAccountCreated] = true
		set(w.other, 0, nil, all)
	})
}
