package clientele

import (
	"context"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/intake"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
	"clientele/internal/rest/shape"
	v3 "clientele/internal/rest/v3"
	"clientele/internal/serve"
	"clientele/internal/transfer"
	"clientele/internal/transfer/source"
)

var (
	createImport = &rest.Titles{Failed: "Create import failed.", Conflict: http.StatusConflict}
	changeImport = &rest.Titles{Failed: "Change import failed.", Conflict: http.StatusConflict}
)

// table is the media type of rows that were not taken.
const table = "text/csv"

func (s *Surface) importRoutes() []rest.Route {
	change := func(verb string, do func(context.Context, int64, int64) (*transfer.Import, error)) rest.Route {
		return rest.Route{Method: "POST", Pattern: "/imports/{import_id}/" + verb, Need: auth.Transfer, Class: rest.Updating, Titles: changeImport,
			Handle: shape.Call(shape.ID("import_id"), shape.Scoped(do), sendImport)}
	}
	return []rest.Route{
		{Method: "GET", Pattern: "/imports", Need: auth.Transfer, List: transfer.List, Handle: v3.List(shape.ScopedPage(s.Transfer.Page), appendImport)},
		{Method: "POST", Pattern: "/imports", Need: auth.Transfer, Class: rest.Creating, Titles: createImport, List: transfer.Parameters, Streams: true, Handle: s.createImport},
		{Method: "GET", Pattern: "/imports/{import_id}", Need: auth.Transfer, Handle: v3.Get(shape.ID("import_id"), shape.Scoped(s.Transfer.Get), v3.One(appendImport))},
		{Method: "GET", Pattern: "/imports/{import_id}/errors", Need: auth.Transfer, Types: []string{table, lines}, Handle: s.importReport(false)},
		{Method: "GET", Pattern: "/imports/{import_id}/warnings", Need: auth.Transfer, Types: []string{table, lines}, Handle: s.importReport(true)},
		change("cancel", s.Transfer.Cancel),
		change("resume", s.Transfer.Resume),
		change("undo", s.Transfer.Undo),
	}
}

// createImport keeps the body, which is a file, and has it taken.
func (s *Surface) createImport(c *rest.Call) error {
	q, err := c.List().Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	options, name, err := transfer.ParseOptions(q)
	if err != nil {
		return err
	}
	options.App = c.Account.ClientID // whose the metafields are
	if _, err := serve.Key(c.R); err != nil {
		return err
	}
	body, err := c.BodyStream(transfer.MaxFile)
	if err != nil {
		return err
	}
	file, err := s.Transfer.Receive(c.Ctx(), c.StoreID(), body)
	if err := body.End(err); err != nil {
		return err
	}
	defer file.Drop(c.Ctx())
	return c.OnceWith(file.Hash(), func() error {
		imp, err := s.Transfer.Accept(c.Ctx(), file, name, options)
		if err != nil {
			return err
		}
		c.Located("/imports", imp.ID)
		sendImport(c, imp)
		return nil
	})
}

// sendImport answers with an import at which a server is or will be.
func sendImport(c *rest.Call, i *transfer.Import) {
	b := rest.Buffer()
	b.B = append(appendImport(append(b.B, `{"data":`...), i), `,"meta":{}}`...)
	c.Send(http.StatusAccepted, b.B)
	b.Free()
}

// importReport answers with the rows that were not taken, or in part.
func (s *Surface) importReport(warnings bool) func(*rest.Call) error {
	return func(c *rest.Call) error {
		if _, err := c.List().Parse(c.R.URL.RawQuery); err != nil {
			return err
		}
		id, err := c.PathID("import_id")
		if err != nil {
			return err
		}
		imp, f, err := s.Transfer.Open(c.Ctx(), c.StoreID(), id)
		if err != nil {
			return err
		}
		defer f.Close()
		c.Lasts()
		intake.Long(c.W)
		kind := table
		if imp.Plan.Layout.Objects {
			kind = lines
		}
		return c.SendFile(kind+"; charset=utf-8", imp.ReportName(warnings), func(w io.Writer) error {
			_, err := s.Transfer.Report(c.Ctx(), c.StoreID(), imp, f, warnings, w)
			return err
		})
	}
}

func appendImport(b []byte, i *transfer.Import) []byte {
	o := &i.Plan.Options
	b = strconv.AppendInt(append(b, `{"id":`...), i.ID, 10)
	b = jsonx.AppendString(append(b, `,"state":`...), string(i.State))
	b = textOrNull(append(b, `,"kind":`...), string(i.Kind()))
	b = textOrNull(append(b, `,"format":`...), o.Format)
	b = textOrNull(append(b, `,"file":{"name":`...), i.File)
	b = strconv.AppendInt(append(b, `,"size":`...), i.Size, 10)
	b = jsonx.AppendString(append(b, `,"sha256":`...), i.FileHash)
	b = strconv.AppendBool(append(b, `,"kept":`...), i.Kept)
	b = appendOptions(append(b, `},"options":`...), o)
	b = strconv.AppendInt(append(b, `,"progress":{"rows":`...), i.Counts.Rows, 10)
	total := int64(0)
	if i.Inspection != nil {
		total = i.Inspection.Rows
	}
	b = v3.AppendIDOrNull(append(b, `,"total_rows":`...), total)
	b = strconv.AppendInt(append(b, `,"bytes":`...), i.Bytes(), 10)
	b = strconv.AppendInt(append(b, `,"total_bytes":`...), i.Size, 10)
	b = append(b, `,"rows_per_second":`...)
	if rate := i.Rate(); rate > 0 {
		b = strconv.AppendInt(b, int64(rate+0.5), 10)
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `,"seconds_left":`...)
	if left := i.Left(); left >= 0 {
		b = strconv.AppendInt(b, left, 10)
	} else {
		b = append(b, "null"...)
	}
	b = appendCounts(append(b, `},"counts":`...), &i.Counts)
	b = appendFindings(append(b, `,"inspection":`...), i)
	b = textOrNull(append(b, `,"error":`...), i.Error)
	b = append(b, `,"undo":`...)
	if u := i.Undone; u != nil {
		b = appendNumbers(b, []number{{"customers", u.Customers}, {"subscribers", u.Subscribers}, {"kept_customers", u.KeptCustomers}, {"kept_subscribers", u.KeptSubscribers}, {"changed", u.Changed}, {"kept_changed", u.KeptChanged}})
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `,"kept_customer_ids":[`...)
	if i.Undone != nil {
		for n, id := range i.Undone.Kept {
			if n > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(b, id, 10)
		}
	}
	b = jsonx.AppendTime(append(b, `],"date_created":`...), i.Created)
	b = jsonx.AppendTime(append(b, `,"date_modified":`...), i.Modified)
	return append(appendTimeOrNull(append(b, `,"date_ended":`...), i.Ended), '}')
}

func appendOptions(b []byte, o *transfer.Options) []byte {
	either := func(name string, is bool, yes, no string) {
		if !is {
			yes = no
		}
		b = jsonx.AppendString(append(append(append(b, `,"`...), name...), `":`...), yes)
	}
	b = jsonx.AppendString(append(b, `{"on_existing":`...), string(o.OnExisting))
	either("on_error", o.StopOnError, "stop", "skip")
	either("match", o.ByID, "id", "email")
	either("amounts", o.SetCredit, "set", "add")
	either("blank", o.Empty, "empty", "leave")
	b = strconv.AppendBool(append(b, `,"dry_run":`...), o.DryRun)
	b = textOrNull(append(b, `,"date_order":`...), string(o.DateOrder))
	either("events", o.Events, "all", "none")
	b = textOrNull(append(b, `,"tax_exempt":`...), o.TaxExempt)
	b = append(b, `,"map":{`...)
	for n, name := range slices.Sorted(maps.Keys(o.Map)) {
		b = jsonx.AppendString(append(jsonx.AppendString(separate(b, n), name), ':'), o.Map[name].String())
	}
	return append(b, `}}`...)
}

// number is a member that is one.
type number struct {
	name string
	n    int64
}

func appendNumbers(b []byte, members []number) []byte {
	b = append(b, '{')
	for i, m := range members {
		b = strconv.AppendInt(append(jsonx.AppendString(separate(b, i), m.name), ':'), m.n, 10)
	}
	return append(b, '}')
}

func appendCounts(b []byte, c *transfer.Counts) []byte {
	return appendNumbers(b, []number{
		{"rows", c.Rows}, {"created", c.Created}, {"changed", c.Changed}, {"unchanged", c.Unchanged}, {"skipped", c.Skipped}, {"rejected", c.Rejected}, {"warnings", c.Warnings},
		{"subscribed", c.Subscribed}, {"unsubscribed", c.Left}, {"kept_unsubscribed", c.Kept},
	})
}

// appendCodes appends how many there are of each.
func appendCodes(b []byte, of map[string]int64) []byte {
	var members []number
	for _, name := range slices.Sorted(maps.Keys(of)) {
		members = append(members, number{name, of[name]})
	}
	return appendNumbers(b, members)
}

// appendFindings appends what a file is, or null before a server has looked.
func appendFindings(b []byte, i *transfer.Import) []byte {
	in := i.Inspection
	if in == nil {
		return append(b, "null"...)
	}
	l := &i.Plan.Layout
	b = textOrNull(append(b, `{"encoding":`...), string(l.Encoding))
	b = textOrNull(append(b, `,"separator":`...), l.Separator)
	b = jsonx.AppendString(append(b, `,"format":`...), i.Plan.Format)
	b = textOrNull(append(b, `,"runner_up":`...), in.RunnerUp)
	b = strconv.AppendInt(append(b, `,"rows":`...), in.Rows, 10)
	b = append(b, `,"columns":[`...)
	n := 0
	for _, c := range i.Plan.Columns {
		if c.Field == source.Left {
			continue
		}
		b = jsonx.AppendString(append(separate(b, n), `{"column":`...), c.Name)
		b = append(jsonx.AppendString(append(b, `,"target":`...), c.Target.String()), '}')
		n++
	}
	b = jsonx.AppendStrings(append(b, `],"left_behind":`...), in.LeftBehind)
	b = strconv.AppendInt(append(b, `,"duplicates":`...), in.Duplicates, 10)
	b = appendCodes(append(b, `,"password_hashes":`...), in.Hashes)
	b = appendCodes(append(b, `,"problems":`...), in.Problems)
	b = appendCodes(append(b, `,"warnings":`...), in.Warnings)
	b = strconv.AppendBool(append(b, `,"expected":{"of_all_rows":`...), in.Whole)
	b = strconv.AppendInt(append(b, `,"seconds":`...), in.Seconds, 10)
	return append(appendCounts(append(b, `,"counts":`...), &in.Expected), "}}"...)
}
