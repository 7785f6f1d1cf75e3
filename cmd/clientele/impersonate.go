package main

import (
	"cmp"
	"context"
	"fmt"
	"strconv"

	"clientele/internal/account"
	"clientele/internal/history"
	"clientele/internal/store"
)

type impersonateCommands struct {
	Start impersonateStart `cmd:"" help:"Make an address that signs in as a customer, once and for a while."`
	List  impersonateList  `cmd:"" help:"List who signed in as whom, newest first."`
	End   impersonateEnd   `cmd:"" help:"End an impersonation and its session."`
}

type impersonateStart struct {
	ofStore
	Customer int64  `arg:"" help:"The customer's id."`
	Reason   string `required:"" env:"-" help:"Why. The history keeps it."`
	Minutes  int64  `default:"30" env:"-" help:"For how long, at most 60 (default: ${default})."`
	Channel  int64  `default:"1" env:"-" placeholder:"ID" help:"The channel whose storefront it is (default: ${default})."`
	URL      string `name:"url" env:"-" placeholder:"URL" help:"The storefront's URL (default: that of the channel's site, or else http://store-HASH.localhost:8080)."`
}

// Help completes the command's help.
func (impersonateStart) Help() string {
	return "The address is good until the time is over, and once. The password, the email address and the devices of the customer cannot be changed in the session, and what is done in it is recorded under the name of who ran the command."
}

func (c *impersonateStart) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	site, err := siteOf(ctx, store.NewHosts(core.DB, core.System), st, c.Channel, c.URL)
	if err != nil {
		return err
	}
	_, url, err := core.Shoppers.Impersonate(ctx, site, account.Impersonate{
		CustomerID: c.Customer, Reason: c.Reason, Minutes: c.Minutes, By: history.Of(ctx).Actor,
	})
	if err != nil {
		return err
	}
	fmt.Println(url)
	return nil
}

type impersonateList struct {
	ofStore
	Customer int64 `env:"-" placeholder:"ID" help:"Only of this customer."`
	Limit    int   `default:"50" env:"-" help:"How many, at most 250 (default: ${default})."`
}

func (c *impersonateList) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	of := ""
	if c.Customer != 0 {
		of = "&customer_id=" + strconv.FormatInt(c.Customer, 10)
	}
	q, err := limited(account.Impersonations, c.Limit, of)
	if err != nil {
		return err
	}
	all, _, err := core.Shoppers.ListImpersonations(ctx, st.ID, q)
	if err != nil {
		return err
	}
	w := table("ID", "CUSTOMER", "CHANNEL", "STATUS", "BY", "CREATED", "USED", "EXPIRES", "ENDED", "HOW", "REASON")
	for i := range all {
		m := &all[i]
		fmt.Fprintf(w, "%d\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", m.ID, m.CustomerID, m.ChannelID, m.Status(), cmp.Or(m.By.Name, m.By.Kind.String()),
			date(m.Created), date(m.Used), date(m.Expires), date(m.Ended), cmp.Or(string(m.How), "-"), m.Reason)
	}
	return w.Flush()
}

type impersonateEnd struct {
	ofStore
	ID int64 `arg:"" help:"The impersonation's id."`
}

func (c *impersonateEnd) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	return core.Shoppers.EndImpersonation(ctx, st.ID, c.ID)
}
