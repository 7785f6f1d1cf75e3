package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"clientele/internal/app"
	"clientele/internal/mail"
	"clientele/internal/opt"
	"clientele/internal/rekey"
)

type emailCommands struct {
	List     emailList        `cmd:"" help:"List a store's emails, newest first."`
	Retry    emailRetry       `cmd:"" help:"Send an email again that was given up."`
	Clashes  emailClashes     `cmd:"" help:"List customers and subscribers with one email address, which an upgrade found."`
	Status   emailStatus      `cmd:"" help:"Show which emails are sent, and switch them on or off."`
	Template templateCommands `cmd:"" help:"Look after a store's own texts of emails."`
}

type emailList struct {
	ofStore
	Status string `env:"-" help:"Only those that are queued, sent, failed, expired or off (of a kind that is switched off)."`
	Limit  int    `default:"50" env:"-" help:"How many (default: ${default})."`
}

func (c *emailList) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	emails, err := core.Mail.Messages(ctx, st.ID, mail.Filter{Status: c.Status, Limit: c.Limit})
	if err != nil {
		return err
	}
	w := table("ID", "KIND", "STATUS", "TO", "CREATED", "DONE", "ERROR")
	for _, m := range emails {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", m.ID, m.Kind, m.Status, m.To, date(m.Created), date(m.Done), m.Error)
	}
	return w.Flush()
}

type emailRetry struct {
	ofStore
	ID int64 `arg:"" help:"The email's id, as listed."`
}

func (c *emailRetry) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	if err := core.Mail.Retry(ctx, st.ID, c.ID); err != nil {
		return err
	}
	fmt.Printf("Email %d is queued again.\n", c.ID)
	return nil
}

type emailStatus struct {
	ofStore
	Kind    string `arg:"" optional:"" help:"The kind of email, such as account_created (default: show all)."`
	Status  string `arg:"" optional:"" help:"on, off or, on a channel, inherit."`
	Channel int64  `env:"-" help:"The channel (default: the store, for all channels that say nothing themselves)."`
}

func (c *emailStatus) Run(ctx context.Context) error {
	change := mail.StatusChange{}
	if c.Kind != "" {
		to, ok := map[string]opt.Field[bool]{"on": opt.Some(true), "off": opt.Some(false), "inherit": opt.Null[bool]()}[c.Status]
		if !ok {
			return &app.ConfigError{Err: errors.New("after the kind of email comes on, off or inherit")}
		}
		change[mail.Kind(c.Kind)] = to
	}
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	said, err := core.Mail.SetStatuses(ctx, st.ID, c.Channel, change)
	if err != nil {
		return err
	}
	w := table("KIND", "STATUS")
	for _, kind := range mail.Switches() {
		status := "as the store"
		if on, ok := said[kind]; ok {
			status = map[bool]string{true: "on", false: "off"}[on]
		}
		fmt.Fprintf(w, "%s\t%s\n", kind, status)
	}
	return w.Flush()
}

type emailClashes struct{ ofStore }

func (c *emailClashes) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	clashes, pending, err := rekey.Clashes(ctx, core.DB, st.ID, app.EmailLists...)
	if err != nil {
		return err
	}
	w := table("LIST", "ID", "OTHER ID", "FOUND")
	for _, x := range clashes {
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\n", x.List, x.ID, x.OtherID, date(x.Found))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, list := range pending {
		fmt.Printf("The job rekey_%s is not done yet.\n", list)
	}
	return nil
}

type templateCommands struct {
	List    templateList    `cmd:"" help:"List a store's templates."`
	Put     templatePut     `cmd:"" help:"Set a template from files. What is not given is the program's own."`
	Reset   templateReset   `cmd:"" help:"Go back to the program's own texts, or on a channel to the store's."`
	Show    templateShow    `cmd:"" help:"Print an email as it would be sent, with sample values."`
	History templateHistory `cmd:"" help:"List what a template was, the latest version first."`
	Undo    templateUndo    `cmd:"" help:"Go back to what a template was before its last change."`
	Names   placeholders    `cmd:"" name:"placeholders" help:"List what the texts of an email may hold, such as {{customer.first_name}} or {{.Link}}."`
}

type placeholders struct {
	Kind string `arg:"" optional:"" help:"The kind of email, such as sign_in_link (default: all kinds)."`
}

// Help completes the command's help.
func (placeholders) Help() string {
	return "A text is in Handlebars or in Go's template language. Handlebars: {{#if link}}…{{else}}…{{/if}}, {{#unless …}}, {{#each …}} and {{#with …}}, " +
		"and {{lang \"hello\" name=store.name}} for a phrase of the template's translations. " +
		"Go: {{if .Link}}…{{else}}…{{end}} and {{with .Data.reason}}…{{.}}…{{end}} leave out what an email does not have; and, or, not, eq and ne compare."
}

// Run lists the placeholders. It needs no database.
func (c *placeholders) Run() error {
	kinds := mail.TemplateKinds()
	if c.Kind != "" {
		kinds = []mail.Kind{mail.Kind(c.Kind)}
	}
	w := table("KIND", "PLACEHOLDER", "MEANING", "SAMPLE")
	for _, k := range kinds {
		all, err := mail.Placeholders(k)
		if err != nil {
			return &app.ConfigError{Err: err}
		}
		for _, p := range all {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k, p.Name, p.Meaning, p.Sample)
		}
	}
	return w.Flush()
}

// ofKind names the emails that a command is about.
type ofKind struct {
	ofStore
	Kind    string `arg:"" help:"The kind of email, such as sign_in_link."`
	Channel int64  `env:"-" help:"The channel (default: all that have no template of their own)."`
}

// ofTemplate names a template.
type ofTemplate struct {
	ofKind
	Locale string `env:"-" help:"The language, such as de or pt-BR (default: every language)."`
}

func (t *ofTemplate) place() mail.Place {
	return mail.Place{Kind: mail.Kind(t.Kind), ChannelID: t.Channel, Locale: t.Locale}
}

type templateList struct{ ofStore }

func (c *templateList) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	own, err := core.Mail.List(ctx, st.ID)
	if err != nil {
		return err
	}
	w := table("KIND", "CHANNEL", "LOCALE", "PARTS", "MODIFIED")
	for _, t := range own {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", t.Kind, orAll(t.ChannelID), cmp.Or(t.Locale, "(all)"), partsOf(&t), date(t.DateModified))
	}
	return w.Flush()
}

func orAll(channelID int64) string {
	if channelID == 0 {
		return "(all)"
	}
	return strconv.FormatInt(channelID, 10)
}

// partsOf tells of what a template has a text.
func partsOf(t *mail.Template) string {
	var parts []string
	for _, p := range []struct{ name, text string }{{"subject", t.Subject}, {"text", t.Text}, {"html", t.HTML}} {
		if p.text != "" {
			parts = append(parts, p.name)
		}
	}
	return cmp.Or(strings.Join(parts, " "), "(none: the program's own)")
}

type templatePut struct {
	ofTemplate
	Subject      string `env:"-" help:"The subject line."`
	Text         string `env:"-" type:"existingfile" help:"A file with the plain text (default: what the HTML says)."`
	HTML         string `name:"html" env:"-" type:"existingfile" help:"A file with the HTML."`
	Translations string `env:"-" type:"existingfile" help:"A YAML file with the phrases that {{lang}} finds, by locale and key."`
}

func (c *templatePut) Run(ctx context.Context) error {
	t := mail.Template{Kind: mail.Kind(c.Kind), ChannelID: c.Channel, Locale: c.Locale, Subject: c.Subject}
	translations := ""
	for _, f := range []struct {
		name string
		to   *string
	}{{c.Text, &t.Text}, {c.HTML, &t.HTML}, {c.Translations, &translations}} {
		if f.name == "" {
			continue
		}
		text, err := os.ReadFile(f.name)
		if err != nil {
			return err
		}
		*f.to = string(text)
	}
	if err := yaml.Unmarshal([]byte(translations), &t.Translations); err != nil {
		return &app.ConfigError{Err: fmt.Errorf("%s: want phrases by locale and key: %w", c.Translations, err)}
	}
	if err := mail.CheckTemplate(&t); err != nil {
		return &app.ConfigError{Err: err}
	}
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	if err := core.Mail.Put(ctx, st.ID, t, mail.ByCommand); err != nil {
		return err
	}
	fmt.Println("The template is set.")
	return nil
}

type templateReset struct{ ofTemplate }

func (c *templateReset) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	if err := core.Mail.Reset(ctx, st.ID, c.place(), mail.ByCommand); err != nil {
		return err
	}
	fmt.Println("What holds without this template is used again.")
	return nil
}

type templateShow struct{ ofKind }

func (c *templateShow) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	subject, text, html, err := core.Mail.Preview(ctx, st.ID, mail.Kind(c.Kind), c.Channel)
	if err != nil {
		return err
	}
	fmt.Printf("Subject: %s\n\n%s\n\n%s\n", subject, text, html)
	return nil
}

type templateHistory struct {
	ofTemplate
	Version int64 `env:"-" help:"Print the texts of one version."`
}

func (c *templateHistory) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	versions, err := core.Mail.History(ctx, st.ID, c.place())
	if err != nil {
		return err
	}
	if c.Version != 0 {
		return printVersion(versions, c.Version)
	}
	w := table("VERSION", "WRITTEN", "BY", "PARTS", "GOES BACK TO")
	for _, v := range versions {
		back := ""
		if v.Undo {
			back = strconv.FormatInt(v.Restores, 10)
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", v.Number, date(v.DateModified), cmp.Or(v.Writer, "(unknown)"), partsOf(&v.Template), back)
	}
	return w.Flush()
}

func printVersion(versions []mail.Version, number int64) error {
	for _, v := range versions {
		if v.Number != number {
			continue
		}
		translations := []byte{}
		if len(v.Translations) > 0 {
			var err error
			if translations, err = yaml.Marshal(v.Translations); err != nil {
				return err
			}
		}
		fmt.Printf("Subject: %s\n\n%s\n\n%s\n\n%s", v.Subject, v.Text, v.HTML, translations)
		return nil
	}
	return fmt.Errorf("there is no version %d of this template", number)
}

type templateUndo struct {
	ofTemplate
	To *int64 `env:"-" help:"Go back to this version; 0: to no template."`
}

func (c *templateUndo) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	to := opt.Field[int64]{}
	if c.To != nil {
		to = opt.Some(*c.To)
	}
	v, err := core.Mail.Undo(ctx, st.ID, c.place(), to, mail.ByCommand)
	if err != nil {
		return err
	}
	if v.Restores == 0 {
		fmt.Println("There is no such template any more, as before it was first set.")
		return nil
	}
	fmt.Printf("The template is again what it was in version %d.\n", v.Restores)
	return nil
}
