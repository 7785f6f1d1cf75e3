package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"clientele/internal/app"
	"clientele/internal/customer"
	"clientele/internal/duplicate"
	"clientele/internal/merge"
)

type mergesCommands struct {
	List    mergesList    `cmd:"" help:"List merges, newest first."`
	Preview mergesPreview `cmd:"" help:"Tell what a merge would do."`
	Create  mergesCreate  `cmd:"" help:"Make several customers one."`
	Undo    mergesUndo    `cmd:"" help:"Part merged customers again."`
}

type mergesList struct {
	ofStore
	Customer int64 `env:"-" placeholder:"ID" help:"Only those of a customer."`
	Limit    int   `default:"50" env:"-" help:"How many, at most 250 (default: ${default})."`
}

func (c *mergesList) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	of := ""
	if c.Customer != 0 {
		of = "&customer_id:in=" + strconv.FormatInt(c.Customer, 10)
	}
	q, err := limited(merge.List, c.Limit, of)
	if err != nil {
		return err
	}
	all, _, err := core.Merges.List(ctx, st.ID, q)
	if err != nil {
		return err
	}
	w := table("ID", "CUSTOMER", "MERGED", "CREATED", "UNDO UNTIL", "UNDONE", "LEFT")
	for i := range all {
		m := &all[i]
		fmt.Fprintf(w, "%d\t%d\t%s\t%s\t%s\t%s\t%d\n", m.ID, m.Customer, idList(m.Merged), date(m.Created), date(m.Expires), date(m.Ended), len(m.Left))
	}
	return w.Flush()
}

func idList(ids []int64) string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = strconv.FormatInt(id, 10)
	}
	return strings.Join(out, ",")
}

// mergeOf says who is merged.
type mergeOf struct {
	ofStore
	Keep   int64            `arg:"" help:"The id of the customer who stays."`
	Merge  []int64          `arg:"" help:"The ids of the customers who become one with them."`
	Take   map[string]int64 `env:"-" placeholder:"FIELD=ID" help:"Whose value is taken: email, first_name, last_name, company, phone, notes, tax_exempt_category, customer_group_id, locale, password, attribute.N or form_field.N."`
	SignIn bool             `name:"keep-sign-in" env:"-" help:"The other addresses sign in to the account, too."`
}

func (c *mergeOf) ask() (merge.Ask, error) {
	a := merge.Ask{Keep: c.Keep, Merge: c.Merge, SignIn: c.SignIn, Take: map[merge.Field]int64{}, TakeOf: map[merge.Choice]int64{}}
	for name, id := range c.Take {
		field, number, several := strings.Cut(name, ".")
		of, err := strconv.ParseInt(number, 10, 64)
		switch {
		case several && err == nil && field == "attribute":
			a.TakeOf[merge.Choice{Table: customer.AttributeValues, Of: of}] = id
		case several && err == nil && field == "form_field":
			a.TakeOf[merge.Choice{Table: customer.FormValues, Of: of}] = id
		case slices.Contains(merge.Fields, merge.Field(name)):
			a.Take[merge.Field(name)] = id
		default:
			return a, &app.ConfigError{Err: fmt.Errorf("--take: there is no field %q", name)}
		}
	}
	return a, nil
}

type mergesPreview struct{ mergeOf }

func (c *mergesPreview) Run(ctx context.Context) error {
	a, err := c.ask()
	if err != nil {
		return err
	}
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	p, err := core.Merges.Preview(ctx, st.ID, a)
	if err != nil {
		return err
	}
	fmt.Printf("Customer %d: %s <%s>, store credit %s\n", p.Customer.ID, customer.FullName(p.Customer.FirstName, p.Customer.LastName), p.Customer.Email, amount(p.Customer.StoreCredit))
	w := table("WHAT", "MOVE", "SAME", "END")
	for _, m := range p.Moves {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\n", m.Title, m.Moved, m.Same, m.Ends)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, k := range p.Conflicts {
		name := string(k.Field)
		if name == "" {
			name = k.Table + "." + strconv.FormatInt(k.Of, 10)
		}
		fmt.Printf("%s is that of %d:", name, k.Taken)
		for _, v := range k.Values {
			fmt.Printf(" %d %q", v.CustomerID, v.Text)
		}
		fmt.Println()
	}
	for _, b := range p.Blockers {
		fmt.Printf("In the way: %s %s%s\n", b.Why, b.Table, b.Email)
	}
	fmt.Printf("ETag: %s\n", p.ETag)
	return nil
}

type mergesCreate struct {
	mergeOf
	ETag string `name:"etag" env:"-" help:"That of the preview; without it a merge is done as things are."`
}

func (c *mergesCreate) Run(ctx context.Context) error {
	a, err := c.ask()
	if err != nil {
		return err
	}
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	if a.ETag = c.ETag; a.ETag == "" {
		p, err := core.Merges.Preview(ctx, st.ID, a)
		if err != nil {
			return err
		}
		a.ETag = p.ETag
	}
	m, err := core.Merges.Merge(ctx, st.ID, a)
	if err != nil {
		return err
	}
	fmt.Printf("Merge %d: the customers %s are customer %d. It can be undone until %s.\n", m.ID, idList(m.Merged), m.Customer, date(m.Expires))
	return nil
}

type mergesUndo struct {
	ofStore
	Merge int64 `arg:"" help:"The merge's id."`
}

func (c *mergesUndo) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	m, err := core.Merges.Part(ctx, st.ID, c.Merge)
	if err != nil {
		return err
	}
	fmt.Printf("The customers %s are back.\n", idList(m.Merged))
	for _, l := range m.Left {
		state := "changed since"
		if l.Gone {
			state = "gone"
		}
		fmt.Println(strings.Join(strings.Fields("Left: "+l.Table+" "+l.Key+" "+l.Field+" ("+state+")"), " "))
	}
	return nil
}

type duplicatesCommands struct {
	List    duplicatesList    `cmd:"" help:"List pairs of customers who may be one, the most alike first."`
	Find    duplicatesFind    `cmd:"" help:"Look through a store, and from then on at what changes."`
	Dismiss duplicatesDismiss `cmd:"" help:"Say that the customers of a pair are two."`
}

type duplicatesList struct {
	ofStore
	Dismissed bool `env:"-" help:"Those of which somebody said that they are two."`
	Limit     int  `default:"50" env:"-" help:"How many, at most 250 (default: ${default})."`
}

func (c *duplicatesList) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	q, err := limited(duplicate.List, c.Limit, "&is_dismissed="+strconv.FormatBool(c.Dismissed))
	if err != nil {
		return err
	}
	pairs, _, err := core.Duplicates.List(ctx, st.ID, q)
	if err != nil {
		return err
	}
	w := table("ID", "CUSTOMERS", "SCORE", "REASONS", "FOUND")
	for i := range pairs {
		p := &pairs[i]
		fmt.Fprintf(w, "%d\t%s\t%d\t%v\t%s\n", p.ID, idList([]int64{p.First, p.Second}), p.Score, p.Reasons, date(p.Created))
	}
	return w.Flush()
}

type duplicatesFind struct{ ofStore }

func (c *duplicatesFind) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	if _, err := core.Duplicates.Start(ctx, st.ID); err != nil {
		return err
	}
	for more := true; more; {
		if more, err = core.Duplicates.Look(ctx, st.ID, time.Second); err != nil {
			return err
		}
	}
	fmt.Println("All customers were looked at. Servers look at those that change.")
	return nil
}

type duplicatesDismiss struct {
	ofStore
	Pair int64 `arg:"" help:"The pair's id."`
	Undo bool  `env:"-" help:"Say that they may be one after all."`
}

func (c *duplicatesDismiss) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	p, err := core.Duplicates.Dismiss(ctx, st.ID, c.Pair, !c.Undo)
	if err != nil {
		return err
	}
	fmt.Printf("Pair %d: the customers %s are kept as noted.\n", p.ID, idList([]int64{p.First, p.Second}))
	return nil
}
