package main

import (
	"context"
	"fmt"
	"os"

	"clientele/internal/app"
	"clientele/internal/mail"
	"clientele/internal/rekey"
)

type emailCommands struct {
	List     emailList        `cmd:"" help:"List a store's emails, newest first."`
	Retry    emailRetry       `cmd:"" help:"Send an email again that was given up."`
	Clashes  emailClashes     `cmd:"" help:"List customers and subscribers with one email address, which an upgrade found."`
	Template templateCommands `cmd:"" help:"Look after a store's own texts of emails."`
}

type emailList struct {
	ofStore
	Status string `env:"-" help:"Only those that are queued, sent, failed or expired."`
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
	List  templateList  `cmd:"" help:"List a store's templates."`
	Put   templatePut   `cmd:"" help:"Set a template from files. What is not given is the program's own."`
	Reset templateReset `cmd:"" help:"Go back to the program's own texts."`
	Show  templateShow  `cmd:"" help:"Print an email as it would be sent, with sample values."`
	Names placeholders  `cmd:"" name:"placeholders" help:"List what the texts of an email may hold, such as {{.Link}}."`
}

type placeholders struct {
	Kind string `arg:"" optional:"" help:"The kind of email, such as sign_in_link (default: all kinds)."`
}

// Help completes the command's help.
func (placeholders) Help() string {
	return "{{if .Link}}…{{else}}…{{end}} and {{with .Data.reason}}…{{.}}…{{end}} leave out what an email does not have; and, or, not, eq and ne compare."
}

// Run lists the placeholders. It needs no database.
func (c *placeholders) Run() error {
	kinds := mail.Kinds()
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
	Kind string `arg:"" help:"The kind of email, such as sign_in_link."`
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
	w := table("KIND", "LOCALE", "PARTS", "MODIFIED")
	for _, t := range own {
		parts := ""
		for _, p := range []struct{ name, text string }{{"subject ", t.Subject}, {"text ", t.Text}, {"html ", t.HTML}} {
			if p.text != "" {
				parts += p.name
			}
		}
		locale := t.Locale
		if locale == "" {
			locale = "(all)"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", t.Kind, locale, parts, date(t.DateModified))
	}
	return w.Flush()
}

type templatePut struct {
	ofKind
	Locale  string `env:"-" help:"The language, such as de or pt-BR (default: every language)."`
	Subject string `env:"-" help:"The subject line."`
	Text    string `env:"-" type:"existingfile" help:"A file with the plain text."`
	HTML    string `name:"html" env:"-" type:"existingfile" help:"A file with the HTML."`
}

func (c *templatePut) Run(ctx context.Context) error {
	t := mail.Template{Kind: mail.Kind(c.Kind), Locale: c.Locale, Subject: c.Subject}
	for _, f := range []struct {
		name string
		to   *string
	}{{c.Text, &t.Text}, {c.HTML, &t.HTML}} {
		if f.name == "" {
			continue
		}
		text, err := os.ReadFile(f.name)
		if err != nil {
			return err
		}
		*f.to = string(text)
	}
	if err := mail.CheckTemplate(&t); err != nil {
		return &app.ConfigError{Err: err}
	}
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	if err := core.Mail.Put(ctx, st.ID, t); err != nil {
		return err
	}
	fmt.Println("The template is set.")
	return nil
}

type templateReset struct {
	ofKind
	Locale string `env:"-" help:"The language of the template (default: that for every language)."`
}

func (c *templateReset) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	if err := core.Mail.Reset(ctx, st.ID, mail.Kind(c.Kind), c.Locale); err != nil {
		return err
	}
	fmt.Println("The program's own texts are used again.")
	return nil
}

type templateShow struct{ ofKind }

func (c *templateShow) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	subject, text, html, err := core.Mail.Preview(ctx, st.ID, mail.Kind(c.Kind))
	if err != nil {
		return err
	}
	fmt.Printf("Subject: %s\n\n%s\n\n%s\n", subject, text, html)
	return nil
}
