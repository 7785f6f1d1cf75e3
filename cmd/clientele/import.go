package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"clientele/internal/app"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/transfer"
	"clientele/internal/transfer/source"
	layout "clientele/internal/transfer/table"
	"clientele/internal/transfer/value"
)

type importCommand struct {
	ofStore
	File       string `arg:"" type:"existingfile" help:"The file: a table with a header or JSON, as other systems export it, or a bundle, which fills an empty store."`
	Format     string `env:"-" placeholder:"NAME" help:"The system that wrote it (default: found out by its columns)."`
	Map        string `env:"-" type:"existingfile" placeholder:"FILE" help:"A YAML file that says where columns go which nobody knows."`
	App        string `env:"-" placeholder:"CLIENT_ID" help:"The client id of the app whose metafields the file has (default: these are left behind)."`
	HashConfig string `env:"-" name:"hash-config" type:"existingfile" placeholder:"FILE" help:"A file with the parameters of Firebase's password hashes, as its console shows them."`
	OnExisting string `env:"-" enum:"skip,fill,overwrite,fail" default:"skip" help:"What becomes of a customer that is there: skip, fill in what it lacks, overwrite it, or fail, which rejects the row (default: ${default})."`
	Match      string `env:"-" enum:"email,id" default:"email" help:"Which customer a row is about: the one with its email or the one with its id (default: ${default})."`
	Kind       string `env:"-" enum:",customers,addresses,subscribers,credit,group_members" default:"" placeholder:"KIND" help:"What the rows are: customers, addresses, subscribers, credit or group_members (default: found out by its columns)."`
	Amounts    string `env:"-" enum:"add,set" default:"add" help:"What amounts of store credit are: added to the balance, or the balance: add or set (default: ${default})."`
	Blank      string `env:"-" enum:"leave,empty" default:"leave" help:"What an empty cell says, of a group, and of company, phone, notes, tax category and group where customers are overwritten: nothing, or that there is none: leave or empty (default: ${default})."`
	OnError    string `env:"-" enum:"skip,stop" default:"skip" help:"What becomes of a row that cannot be taken: skip it, or stop there (default: ${default})."`
	DateOrder  string `env:"-" enum:",dmy,mdy" default:"" placeholder:"ORDER" help:"The order of dates that read in two ways: dmy or mdy (default: they are left out)."`
	TaxExempt  string `env:"-" placeholder:"CODE" help:"The tax exempt category of those of whom the file only says that they are exempt (default: exempt)."`
	Events     string `env:"-" enum:"none,all" default:"none" help:"Whether webhooks are told of each customer: none or all (default: ${default})."`
	DryRun     bool   `env:"-" help:"Only tell what would be done."`
	Resume     bool   `env:"-" help:"Go on with the import of this file that was cut off."`
}

// importMemory bounds what the import has of memory, with what atWork holds and
// does not touch, so that all of the program stays below 96 MiB.
const importMemory = 64 << 20

func (c *importCommand) Run(ctx context.Context) error {
	debug.SetMemoryLimit(importMemory)
	behindOthers()
	options, err := c.options()
	if err != nil {
		return &app.ConfigError{Err: err}
	}
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	f, err := os.Open(c.File)
	if err != nil {
		return &app.ConfigError{Err: err}
	}
	defer f.Close()
	if b, err := openBundle(core, f); b != nil || err != nil {
		if err != nil {
			return &app.ConfigError{Err: err}
		}
		return c.bundle(ctx, core, st, b)
	}
	in, err := core.Transfer.Inspect(ctx, st.ID, f, filepath.Base(c.File), options)
	if transfer.NotUnderstood(err) || fault.As(err) != nil {
		return &app.ConfigError{Err: err}
	}
	if err != nil {
		return err
	}
	showInspection(os.Stdout, in)
	if !c.DryRun && !c.Resume {
		showExpected(os.Stdout, in)
	}
	bar := progress{steps: steps{elapsed: core.System.Elapsed, out: os.Stderr}, total: in.Rows}
	if c.DryRun {
		imp, err := core.Transfer.Try(ctx, st.ID, in, f, bar.show)
		bar.end()
		if err != nil {
			return err
		}
		fmt.Println("\nNothing was stored. The import would end with:")
		showCounts(os.Stdout, &imp.Counts)
		return nil
	}
	imp, err := c.begin(ctx, core, st.ID, in)
	if err != nil {
		return err
	}
	found := in.Findings
	imp.Inspection = &found // which tells how much of the file was taken, and keeps no more of in
	err = core.Transfer.Run(ctx, st.ID, imp, f, bar.show)
	bar.end()
	if err == nil && imp.State == transfer.Cancelled {
		return fmt.Errorf("the import was cancelled after %d rows", imp.Counts.Rows)
	}
	if err != nil {
		return fmt.Errorf("the import was cut off after %d rows; --resume goes on there: %w", imp.Counts.Rows, err)
	}
	fmt.Printf("\nImport %d is %s:\n", imp.ID, imp.State)
	showCounts(os.Stdout, &imp.Counts)
	if err := c.report(ctx, core, st.ID, imp, f); err != nil {
		return err
	}
	if imp.State == transfer.Stopped {
		return errors.New("the import stopped at a row that cannot be taken")
	}
	return nil
}

// begin makes an import, or finds the one that was cut off.
func (c *importCommand) begin(ctx context.Context, core *app.Core, storeID int64, in *transfer.Inspection) (*transfer.Import, error) {
	if c.Resume {
		imp, err := core.Transfer.Unfinished(ctx, storeID, in.File.Hash)
		if err == nil && imp == nil {
			err = &app.ConfigError{Err: errors.New("no import of a file with these bytes was cut off")}
		}
		return imp, err
	}
	return core.Transfer.Begin(ctx, storeID, in.Plan, in.File)
}

// options reads the flags.
func (c *importCommand) options() (transfer.Options, error) {
	o := transfer.Options{
		Format: c.Format, OnExisting: customer.Existing(c.OnExisting), ByID: c.Match == "id", StopOnError: c.OnError == "stop", DateOrder: value.Order(c.DateOrder),
		Kind: source.Kind(c.Kind), SetCredit: c.Amounts == "set", Empty: c.Blank == "empty", App: c.App, TaxExempt: c.TaxExempt, Events: c.Events == "all",
	}
	if c.Format != "" {
		if _, ok := source.Named(c.Format); !ok {
			var names []string
			for _, f := range source.Formats {
				names = append(names, f.Name)
			}
			return o, fmt.Errorf("--format must be one of %s", strings.Join(names, ", "))
		}
	}
	if c.HashConfig != "" {
		text, err := os.ReadFile(c.HashConfig)
		if err != nil {
			return o, err
		}
		if o.Firebase, err = source.ParseFirebaseHash(string(text)); err != nil {
			return o, fmt.Errorf("%s: %w", c.HashConfig, err)
		}
	}
	if c.Map == "" {
		return o, nil
	}
	text, err := os.ReadFile(c.Map)
	if err != nil {
		return o, err
	}
	var named map[string]string
	if err := yaml.Unmarshal(text, &named); err != nil {
		return o, fmt.Errorf("%s: %w", c.Map, err)
	}
	if o.Map, err = source.MapOf(named); err != nil {
		return o, fmt.Errorf("%s: %w", c.Map, err)
	}
	return o, nil
}

// report writes the files of what was not taken, beside the file.
func (c *importCommand) report(ctx context.Context, core *app.Core, storeID int64, imp *transfer.Import, f io.ReadSeeker) error {
	named := func(warnings bool) string { return filepath.Join(filepath.Dir(c.File), imp.ReportName(warnings)) }
	for _, r := range []struct {
		name     string
		n        int64
		warnings bool
	}{{named(false), imp.Counts.Rejected, false}, {named(true), imp.Counts.Warnings, true}} {
		if r.n == 0 {
			continue
		}
		out, err := os.OpenFile(r.name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		n, err := core.Transfer.Report(ctx, storeID, imp, f, r.warnings, out)
		if err := errors.Join(err, out.Close()); err != nil {
			return err
		}
		fmt.Printf("%s tells of %d\n", r.name, n)
	}
	return nil
}

// written tells how rows are told apart.
func written(l *layout.Layout) string {
	if l.Objects {
		return "JSON"
	}
	return fmt.Sprintf("separator %q", l.Separator)
}

func showInspection(w io.Writer, in *transfer.Inspection) {
	format := in.Format
	if in.RunnerUp != "" && in.RunnerUp != source.Plain.Name {
		format += ", or " + in.RunnerUp
	}
	fmt.Fprintf(w, "%s: %d rows of %s, format %s, %s, %s\n", printable(in.File.Name), in.Rows, in.Plan.Kind, format, in.Plan.Layout.Encoding, written(&in.Plan.Layout))
	t := table("COLUMN", "GOES TO", "FIRST VALUE")
	for i, col := range in.Plan.Columns {
		if col.Field != source.Left {
			fmt.Fprintf(t, "%s\t%s\t%s\n", printable(col.Name), printable(col.Target.String()), sample(in, i))
		}
	}
	_ = t.Flush() // it goes to the terminal
	if len(in.LeftBehind) > 0 {
		fmt.Fprintf(w, "Left behind: %s\n", printable(strings.Join(in.LeftBehind, ", ")))
	}
	if in.Duplicates > 0 {
		fmt.Fprintf(w, "%d rows have the address of an earlier one.\n", in.Duplicates)
	}
	for _, kind := range slices.Sorted(maps.Keys(in.Hashes)) {
		fmt.Fprintf(w, "%d password hashes of the kind %s\n", in.Hashes[kind], kind)
	}
	for _, list := range []struct {
		codes map[string]int64
		what  string
	}{{in.Problems, "cannot be taken"}, {in.Warnings, "are taken without something"}} {
		for _, code := range slices.Sorted(maps.Keys(list.codes)) {
			fmt.Fprintf(w, "%d rows %s: %s (%s)\n", list.codes[code], list.what, transfer.Message(code), code)
		}
	}
}

// sample is the first value of a column among the first records. Hashes are not
// shown.
func sample(in *transfer.Inspection, column int) string {
	switch in.Plan.Columns[column].Field {
	case source.PasswordHash, source.PasswordSalt, source.HashPart:
		return "***"
	}
	for i := range in.Samples {
		for _, row := range in.Samples[i].Rows {
			if column >= len(row.Cells) || strings.TrimSpace(row.Cells[column]) == "" {
				continue
			}
			text := []rune(printable(strings.Join(strings.Fields(row.Cells[column]), " ")))
			if len(text) > shownSample {
				text = append(text[:shownSample], '…')
			}
			return string(text)
		}
	}
	return ""
}

// shownSample bounds what is shown of a value, in characters.
const shownSample = 30

// showExpected tells what is to become of the rows.
func showExpected(w io.Writer, in *transfer.Inspection) {
	if in.Whole {
		fmt.Fprintln(w, "\nThe import is to end with:")
	} else {
		fmt.Fprintln(w, "\nOf the first rows the import is to make:")
	}
	showCounts(w, &in.Expected)
	fmt.Fprintf(w, "About %s for all rows.\n\n", time.Duration(in.Seconds)*time.Second)
}

func showCounts(w io.Writer, c *transfer.Counts) {
	for _, n := range []struct {
		name string
		n    int64
	}{
		{"rows", c.Rows}, {"created", c.Created}, {"changed", c.Changed}, {"unchanged", c.Unchanged}, {"skipped", c.Skipped}, {"rejected", c.Rejected},
		{"warnings", c.Warnings}, {"subscribed", c.Subscribed}, {"unsubscribed", c.Left}, {"kept unsubscribed", c.Kept},
	} {
		if n.n > 0 || n.name == "rows" || n.name == "created" || n.name == "rejected" {
			fmt.Fprintf(w, "  %-18s %d\n", n.name, n.n)
		}
	}
}

// progress tells how far an import has come: in a line that is written anew where
// it is a terminal, else once a second.
type progress struct {
	steps
	total int64

	from  int64 // rows that were taken when it began
	began time.Duration
}

// barWidth is how wide the bar is, in characters.
const barWidth = 20

func (p *progress) show(imp *transfer.Import) {
	now := p.elapsed()
	if p.began == 0 {
		p.began, p.last, p.from = now, now, imp.Counts.Rows
	}
	if !p.due(now) {
		return
	}
	rate := float64(imp.Counts.Rows-p.from) / max(now-p.began, time.Millisecond).Seconds()
	line := fmt.Sprintf("%d of %d rows, %.1f of %.1f MB, %d a second", imp.Counts.Rows, p.total, float64(imp.Bytes())/1e6, float64(imp.Size)/1e6, int64(rate))
	if rate > 0 {
		line += ", " + (time.Duration(float64(p.total-imp.Counts.Rows)/rate) * time.Second).String() + " left"
	}
	done := 0
	if p.total > 0 {
		done = int(min(imp.Counts.Rows, p.total) * barWidth / p.total)
	}
	p.tell("["+strings.Repeat("=", done)+strings.Repeat(" ", barWidth-done)+"] ", line)
}
