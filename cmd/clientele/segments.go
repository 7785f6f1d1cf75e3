package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"clientele/internal/app"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/listing"
	"clientele/internal/rule"
	"clientele/internal/segment"
	"clientele/internal/words"
)

type segmentCommands struct {
	List    segmentList    `cmd:"" help:"List the segments that keep themselves, with their rules."`
	Rule    segmentRule    `cmd:"" help:"Show the rule of a segment, give it one or take it away."`
	Preview segmentPreview `cmd:"" help:"See whom a rule finds."`
}

type segmentList struct{ ofStore }

func (c *segmentList) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	rules, err := core.Rules.Rules(ctx, st.ID)
	if err != nil {
		return err
	}
	w := table("SEGMENT", "NAME", "LOOKED AT", "GROUP", "PRIORITY", "RULE")
	for i := range rules {
		r := &rules[i]
		fmt.Fprintf(w, "%s\t%s\t%d %%\t%d\t%d\t%s\n", r.UUID, printable(r.Segment), r.Progress(), r.GroupID, r.Priority, printable(r.Node.String()))
	}
	return w.Flush()
}

type segmentRule struct {
	ofStore
	Segment   string `arg:"" help:"The segment's id."`
	Rule      string `arg:"" optional:"" help:"Its new rule, such as date_created >= -90d."`
	Drop      bool   `env:"-" help:"Take the rule away. The segment keeps its members."`
	Group     int64  `env:"-" placeholder:"N" help:"The customer group that members are put into."`
	Priority  int64  `env:"-" placeholder:"N" help:"Among the rules that set a group, the lowest first."`
	Overrides bool   `env:"-" name:"override-groups" help:"Put members into the group whose group was set by hand, too."`
}

func (c *segmentRule) Run(ctx context.Context) error {
	if c.Drop && c.Rule != "" {
		return &app.ConfigError{Err: errors.New("there is a rule to set, and --drop")}
	}
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	switch {
	case c.Drop:
		if err := core.Rules.Drop(ctx, st.ID, c.Segment); err != nil {
			return err
		}
		fmt.Println("The segment has no rule any more, and the members that it had.")
		return nil
	case c.Rule == "":
		r, err := core.Rules.Rule(ctx, st.ID, c.Segment)
		if err != nil {
			return err
		}
		fmt.Println(printable(r.Node.String()))
		return nil
	}
	n, err := rule.Parse(c.Rule)
	if err != nil {
		return c.wrong(err)
	}
	r, err := core.Rules.Put(ctx, st.ID, c.Segment, segment.PutRule{Node: n, GroupID: c.Group, Priority: c.Priority, TakesOver: c.Overrides})
	if err != nil {
		return c.wrong(err)
	}
	fmt.Printf("%s\nA running server looks at all customers now.\n", printable(r.Node.String()))
	return nil
}

func (c *segmentRule) wrong(err error) error { return pointed(c.Rule, err) }

// pointed shows where a rule is wrong.
func pointed(text string, err error) error {
	f := new(rule.Fault)
	if !errors.As(err, &f) {
		return err
	}
	speech := &words.Speech{Spell: words.Snake}
	message := string(f.Why)
	if all := fault.As(err); all != nil && len(all.Items) > 0 {
		message = speech.Sentence(&all.Items[0])
	}
	if f.At >= 0 && f.At <= len(text) {
		fmt.Fprintf(os.Stderr, "%s\n%s^\n", printable(text), strings.Repeat(" ", len([]rune(text[:f.At]))))
	}
	if f.Suggestion != "" {
		message += " (did you mean " + printable(f.Suggestion) + "?)"
	}
	return &app.ConfigError{Err: errors.New(message)}
}

type segmentPreview struct {
	ofStore
	Rule string `arg:"" help:"A rule, such as date_created >= -90d."`
}

func (c *segmentPreview) Run(ctx context.Context) error {
	n, err := rule.Parse(c.Rule)
	if err != nil {
		return pointed(c.Rule, err)
	}
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	p, err := core.Rules.Preview(ctx, st.ID, n)
	if err != nil {
		return pointed(c.Rule, err)
	}
	least := ""
	if !p.Complete {
		least = "at least "
	}
	fmt.Printf("%s\n%s%d customers (%s)\n", printable(p.Node.String()), least, p.Count, p.Cost)
	if len(p.Customers) == 0 {
		return nil
	}
	rows, _, err := core.Customers.List(ctx, st.ID, customer.List.New().Where("id", listing.In, p.Customers, nil), nil)
	if err != nil {
		return err
	}
	w := table("ID", "EMAIL", "NAME", "COMPANY")
	for i := range rows {
		r := &rows[i]
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", r.ID, printable(r.Email), printable(customer.FullName(r.FirstName, r.LastName)), printable(r.Company))
	}
	return w.Flush()
}
