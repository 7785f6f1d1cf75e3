package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"clientele/internal/app"
	"clientele/internal/customer"
	"clientele/internal/listing"
	"clientele/internal/search"
)

type customerCommands struct {
	List   customerList   `cmd:"" help:"List the newest customers."`
	Show   customerShow   `cmd:"" help:"Show a customer with addresses."`
	Search customerSearch `cmd:"" help:"Find customers by words, also misspelled ones."`
}

type customerList struct {
	ofStore
	Limit int64 `env:"-" default:"50" placeholder:"N" help:"How many (default: ${default})."`
}

func (c *customerList) Run(ctx context.Context) error {
	if c.Limit < 1 || c.Limit > listing.MaxLimit {
		return &app.ConfigError{Err: fmt.Errorf("--limit must be 1 to %d", listing.MaxLimit)}
	}
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	q := customer.List.New()
	q.Limit = c.Limit
	rows, _, err := core.Customers.List(ctx, st.ID, q, nil)
	if err != nil {
		return err
	}
	w := table("ID", "EMAIL", "NAME", "COMPANY", "PHONE", "CREATED")
	for i := range rows {
		r := &rows[i]
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", r.ID, printable(r.Email), printable(customer.FullName(r.FirstName, r.LastName)), printable(r.Company), printable(r.Phone), date(r.DateCreated))
	}
	return w.Flush()
}

type customerShow struct {
	ofStore
	ID int64 `arg:"" help:"The customer's id."`
}

func (c *customerShow) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	r, err := core.Customers.Get(ctx, st.ID, c.ID)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	channels := "all"
	if r.ChannelIDs != nil {
		channels = strings.Trim(fmt.Sprint(r.ChannelIDs), "[]")
	}
	lines := [][2]string{
		{"Id", strconv.FormatInt(r.ID, 10)}, {"Email", r.Email}, {"Name", customer.FullName(r.FirstName, r.LastName)}, {"Company", r.Company}, {"Phone", r.Phone},
		{"Notes", r.Notes}, {"Customer group", strconv.FormatInt(r.GroupID, 10)}, {"Channels", channels},
		{"Created", date(r.DateCreated)}, {"Modified", date(r.DateModified)},
	}
	addresses, err := core.Customers.Book(ctx, st.ID, c.ID, customer.AddressBook.New())
	if err != nil {
		return err
	}
	for i := range addresses {
		a := &addresses[i]
		var parts []string
		for _, p := range []string{customer.FullName(a.FirstName, a.LastName), a.Company, a.Address1, a.Address2, a.PostalCode, a.City, a.StateOrProvince, a.CountryCode, a.Phone} {
			if p != "" {
				parts = append(parts, p)
			}
		}
		lines = append(lines, [2]string{fmt.Sprintf("Address %d", a.ID), strings.Join(parts, ", ")})
	}
	for _, line := range lines {
		if line[1] != "" {
			fmt.Fprintf(w, "%s\t%s\n", line[0], printable(line[1]))
		}
	}
	return w.Flush()
}

type customerSearch struct {
	ofStore
	Limit int64    `env:"-" default:"20" placeholder:"N" help:"How many (default: ${default})."`
	Words []string `arg:"" help:"One to eight words, each of which has to match."`
}

func (c *customerSearch) Run(ctx context.Context) error {
	limit, err := search.CheckLimit(c.Limit)
	if err != nil {
		return &app.ConfigError{Err: errors.New("--limit must be 1 to " + strconv.Itoa(search.MaxLimit))}
	}
	q, err := search.Parse(strings.Join(c.Words, " "))
	if err != nil {
		return &app.ConfigError{Err: fmt.Errorf("the words are no search: %w", err)}
	}
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	found, err := core.Customers.Search(ctx, st.ID, q, limit)
	if err != nil {
		return err
	}
	w := table("ID", "EMAIL", "NAME", "COMPANY", "PHONE", "MATCHES")
	for i := range found.Customers {
		r := &found.Customers[i]
		var matches []string
		for _, m := range r.Matches {
			matches = append(matches, fmt.Sprintf("%s: %s (%s)", m.Field, printable(m.Text), m.Kind))
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", r.ID, printable(r.Email), printable(customer.FullName(r.FirstName, r.LastName)), printable(r.Company), printable(r.Phone), strings.Join(matches, ", "))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if !found.Complete {
		fmt.Fprintln(os.Stderr, "Not all customers were searched: older ones are still being taken in. A running server does it.")
	}
	return nil
}

// printable keeps what a terminal would act on out of a table.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || 0x80 <= r && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}
