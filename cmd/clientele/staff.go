package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"clientele/internal/app"
	"clientele/internal/fault"
	"clientele/internal/staff"
)

type staffCommands struct {
	Create staffCreate `cmd:"" help:"Add somebody who works with the control panel, with a password."`
	Invite staffInvite `cmd:"" help:"Add somebody by an invitation, or let somebody choose another password."`
	List   staffList   `cmd:"" help:"List who works with the control panel."`
	Reset  staffReset  `cmd:"" name:"reset-second-factor" help:"Take away the second factors of somebody who has lost them."`
	Remove staffRemove `cmd:"" help:"Take somebody away, with all sessions."`
}

// somebody is what is said of a new person of the staff.
type somebody struct {
	app.Database
	Email    string `arg:"" help:"The email address to sign in with."`
	Name     string `env:"-" help:"The person's name (default: the address)."`
	Role     string `default:"owner" enum:"owner,administrator,customer_service,marketing,privacy,developer,read_only" env:"-" help:"owner, administrator, customer_service, marketing, privacy, developer or read_only (default: ${default})."`
	Store    string `env:"-" placeholder:"HASH" help:"The store that the role is for (default: all stores)."`
	Locale   string `env:"-" placeholder:"TAG" help:"The language to be spoken to in, such as de (default: the browser's)."`
	Timezone string `env:"-" placeholder:"ZONE" help:"The time zone of dates, such as Europe/Berlin (default: the store's)."`
}

func (c *somebody) open(ctx context.Context) (*app.Core, staff.Create, error) {
	in := staff.Create{Email: c.Email, Name: cmp.Or(c.Name, c.Email), Role: staff.Role(c.Role), Locale: c.Locale, Timezone: c.Timezone}
	core, err := open(ctx, c.Database)
	if err != nil {
		return nil, in, err
	}
	in.StoreID, err = storeOf(ctx, core, c.Store)
	if err != nil {
		defer core.DB.Close()
	}
	return core, in, err
}

// storeOf returns the id of a store, for no hash that of all of them.
func storeOf(ctx context.Context, core *app.Core, hash string) (int64, error) {
	if hash == "" {
		return staff.AllStores, nil
	}
	st, err := core.Stores.ByHash(ctx, hash)
	if err != nil {
		return 0, namingStores(ctx, core, err)
	}
	return st.ID, nil
}

type staffCreate struct {
	somebody
	PasswordFile string `name:"password-file" env:"-" placeholder:"FILE" help:"Take the password from the first line of this file; - is standard input (default: one is drawn and shown once)."`
}

func (c *staffCreate) Run(ctx context.Context) error {
	password := ""
	if c.PasswordFile != "" {
		var err error
		if password, err = firstLine(c.PasswordFile); err != nil {
			return err
		}
	}
	core, in, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	if in.Password = password; password == "" {
		in.Password = core.System.Token(20)
	}
	who, err := core.Staff.Create(ctx, nil, in)
	if err != nil {
		return err
	}
	fmt.Printf("%s can sign in to the control panel.\n", who.Email)
	if password == "" {
		fmt.Printf("The password is shown once: %s\n", in.Password)
	}
	return nil
}

// firstLine returns the first line of a file, or of standard input for "-".
func firstLine(file string) (string, error) {
	in := io.Reader(os.Stdin)
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", err
		}
		defer f.Close()
		in = f
	}
	line, err := bufio.NewReader(io.LimitReader(in, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", &app.ConfigError{Err: errors.New("--password-file: the first line is empty")}
	}
	return line, nil
}

type staffInvite struct {
	somebody
	URL string `name:"url" default:"http://127.0.0.1:8080" env:"-" placeholder:"URL" help:"Where the control panel is (default: ${default})."`
}

func (c *staffInvite) Run(ctx context.Context) error {
	core, in, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	to := func(token string) string { return staff.InvitationLink(c.URL, token) }
	who, err := core.Staff.ByEmail(ctx, c.Email)
	link := ""
	if errors.Is(err, staff.ErrNobody) {
		who, link, err = core.Staff.Invite(ctx, nil, staff.Invite{Create: in, Link: to})
	} else if err == nil {
		link, err = core.Staff.InviteAgain(ctx, nil, who.ID, staff.AllStores, to)
	}
	if err != nil {
		return err
	}
	fmt.Printf("With this link %s chooses a password, once and within seven days:\n%s\n", who.Email, link)
	return nil
}

type staffList struct {
	app.Database
	Store string `env:"-" placeholder:"HASH" help:"Only who works for this store."`
}

func (c *staffList) Run(ctx context.Context) error {
	core, err := openExisting(ctx, c.Database)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	of, err := storeOf(ctx, core, c.Store)
	if err != nil {
		return err
	}
	list := core.Staff.List
	if c.Store != "" {
		list = func(ctx context.Context) ([]staff.Person, error) { return core.Staff.Members(ctx, of) }
	}
	people, err := list(ctx)
	if err != nil {
		return err
	}
	stores, err := core.Stores.List(ctx)
	if err != nil {
		return err
	}
	names := map[int64]string{staff.AllStores: "all"}
	for _, s := range stores {
		names[s.ID] = s.Hash
	}
	w := table("EMAIL", "NAME", "ROLES", "SECOND FACTOR", "LAST SIGN-IN")
	for i := range people {
		p := &people[i]
		roles := make([]string, len(p.Rights))
		for i, m := range p.Rights {
			roles[i] = names[m.StoreID] + ":" + string(m.Role)
		}
		factor := "-"
		if p.SecondFactor() {
			factor = "yes"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", p.Email, p.Name, strings.Join(roles, " "), factor, date(p.SignedIn))
	}
	return w.Flush()
}

// ofPerson names the person that a command is about.
type ofPerson struct {
	app.Database
	Email string `arg:"" help:"The person's email address."`
}

func (o *ofPerson) open(ctx context.Context) (*app.Core, *staff.Person, error) {
	core, err := openExisting(ctx, o.Database)
	if err != nil {
		return nil, nil, err
	}
	who, err := core.Staff.ByEmail(ctx, o.Email)
	if err != nil {
		defer core.DB.Close()
		if f := fault.As(err); f != nil && f.Kind == fault.NotFound {
			err = fmt.Errorf("%w: see clientele staff list", err)
		}
	}
	return core, who, err
}

type staffReset struct{ ofPerson }

func (c *staffReset) Run(ctx context.Context) error {
	core, who, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	if err := core.Staff.ResetFactors(ctx, nil, who.ID); err != nil {
		return err
	}
	fmt.Printf("%s signs in with the password alone now, and is signed out everywhere.\n", who.Email)
	return nil
}

type staffRemove struct{ ofPerson }

func (c *staffRemove) Run(ctx context.Context) error {
	core, who, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	if err := core.Staff.Remove(ctx, nil, who.ID); err != nil {
		return err
	}
	fmt.Printf("%s cannot sign in any more, and is signed out everywhere.\n", who.Email)
	return nil
}
