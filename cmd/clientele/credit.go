package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"clientele/internal/app"
	"clientele/internal/credit"
	"clientele/internal/jsonx"
)

type creditCommands struct {
	List creditList `cmd:"" help:"List the entries of a customer's store credit, newest first."`
	Add  creditAdd  `cmd:"" help:"Give, spend, correct or take back store credit of a customer."`
}

type creditList struct {
	ofStore
	Customer int64 `arg:"" help:"The customer's id."`
	Limit    int   `default:"50" env:"-" help:"How many, at most 250 (default: ${default})."`
}

func (c *creditList) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	q, err := limited(credit.List, c.Limit, "")
	if err != nil {
		return err
	}
	entries, _, err := core.Credit.List(ctx, st.ID, c.Customer, q)
	if err != nil {
		return err
	}
	w := table("ID", "KIND", "AMOUNT", "BALANCE", "CREATED", "EXPIRES", "LEFT", "ENTRY", "BY", "REFERENCE", "REASON")
	for i := range entries {
		e := &entries[i]
		left, of := "-", "-"
		if e.ExpiresAt != 0 {
			left = amount(e.Remaining)
		}
		if e.Of != 0 {
			of = strconv.FormatInt(e.Of, 10)
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.ID, e.Kind, amount(e.Amount), amount(e.Balance), date(e.Created), date(e.ExpiresAt), left, of,
			cmp.Or(e.By.Name, e.By.Kind, "-"), e.Reference, e.Reason)
	}
	return w.Flush()
}

// amount writes an amount of store credit.
func amount(v int64) string { return string(jsonx.AppendDecimal(nil, v, credit.Scale)) }

type creditAdd struct {
	ofStore
	Customer  int64  `arg:"" help:"The customer's id."`
	Kind      string `arg:"" enum:"credit,debit,adjust,revert" help:"credit, debit, adjust or revert."`
	Amount    string `arg:"" help:"The amount, such as 12.5; of a revert, the id of the entry."`
	Expires   string `env:"-" placeholder:"TIME" help:"When a credit expires, such as 2027-01-31T00:00:00Z (default: never)."`
	Reason    string `env:"-" help:"Why."`
	Reference string `env:"-" help:"The order or the ticket, for example."`
}

// Help completes the command's help.
func (creditAdd) Help() string {
	return "An adjust below zero comes after two dashes: clientele credit add --store H 7 adjust -- -2.5"
}

func (c *creditAdd) Run(ctx context.Context) error {
	in := credit.Write{CustomerID: c.Customer, Kind: credit.Kind(c.Kind), Reason: c.Reason, Reference: c.Reference, By: credit.ByCommand}
	if in.Kind == credit.Revert {
		id, err := strconv.ParseInt(c.Amount, 10, 64)
		if err != nil {
			return &app.ConfigError{Err: errors.New("after revert comes the id of an entry")}
		}
		in.EntryID = id
	} else {
		v, ok, exact := jsonx.ParseDecimal(c.Amount, credit.Scale)
		if !ok || !exact {
			return &app.ConfigError{Err: fmt.Errorf("%q is no amount such as 12.5", c.Amount)}
		}
		in.Amount = v
	}
	if c.Expires != "" {
		at, err := time.Parse(time.RFC3339, c.Expires)
		if err != nil {
			return &app.ConfigError{Err: errors.New("--expires must be a time such as 2027-01-31T00:00:00Z")}
		}
		in.ExpiresAt = at.Unix()
	}
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	e, err := core.Credit.Write(ctx, st.ID, in)
	if err != nil {
		return err
	}
	fmt.Printf("Entry %d: %s. The balance is %s.\n", e.ID, amount(e.Amount), amount(e.Balance))
	return nil
}
