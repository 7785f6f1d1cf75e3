package panel

import (
	"context"
	"net/http"
	"runtime"
	"strconv"

	"clientele/internal/html"
	"clientele/internal/jobs"
	"clientele/internal/process"
	"clientele/internal/sqldb"
)

// systemRoutes are the pages of the installation, for owners of all stores.
func systemRoutes() []Route {
	return []Route{
		get("/system", Owning, (*call).systemPage), post("/system/retry", Owning, (*call).retryJob), post("/system/mail", Owning, (*call).testMail),
	}
}

// Installation is what the page System tells of.
type Installation struct {
	Version string
	About   func(ctx context.Context) (sqldb.About, error)
	Jobs    *jobs.Runner
	// Measured are the figures of /metrics.
	Measured func() ([]Measure, error)
	// TestMail sends an email to somebody; it returns what the mail server says.
	TestMail func(ctx context.Context, to, subject, text string) error
	// Processes knows which processes use the database.
	Processes *process.Service
}

// Measure is a figure of /metrics, summed up, with what it means.
type Measure struct {
	Name, Help string
	Value      float64
}

// systemView is the page System.
type systemView struct {
	frame
	Note      *Message
	Facts     []Fact
	Processes *Table
	Queues    *Table
	Failed    *Table
	Measures  *Table
	Posts     []Button
}

func (*systemView) template() string { return "system" }

func (c *call) systemView() (*systemView, error) {
	ctx := c.R.Context()
	about, err := c.Installation.About(ctx)
	if err != nil {
		return nil, err
	}
	queues, failed, err := c.Installation.Jobs.Overview(ctx)
	if err != nil {
		return nil, err
	}
	measured, err := c.Installation.Measured()
	if err != nil {
		return nil, err
	}
	p := &systemView{}
	p.Title, p.Lead = c.look.Text("system.title"), c.look.Text("system.lead")
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	mail := Lozenge{"success", c.look.Text("system.mail.there")}
	switch {
	case c.Mail.Keeps():
		mail = Lozenge{"info", c.look.Text("system.mail.kept")}
	case !c.Mail.HasServer():
		mail = Lozenge{"warning", c.look.Text("system.mail.none")}
	}
	p.Facts = []Fact{
		{Label: c.look.Text("system.version"), Value: c.Installation.Version}, {Label: c.look.Text("system.engine"), Value: engines[about.Engine] + " " + about.Version}, {Label: c.look.Text("system.size"), Value: c.bytes(about.Bytes)},
		{Label: c.look.Text("system.migration"), Value: strconv.FormatInt(about.Migration, 10) + " " + about.MigrationName}, {Label: c.look.Text("system.migrated"), When: c.when(about.MigratedAt)},
		{Label: c.look.Text("system.memory"), Value: c.bytes(int64(memory.HeapAlloc))}, {Label: c.look.Text("system.mail"), Lozenge: &mail},
	}
	if c.Mail.HasServer() && !c.Mail.Keeps() {
		p.Posts = []Button{{Label: c.look.Text("system.mail.test", c.staff.Email), Action: Base + "/system/mail"}}
	}
	if p.Processes, err = c.processTable(); err != nil {
		return nil, err
	}
	if len(queues) > 0 {
		p.Queues = &Table{ID: "queues", Caption: c.look.Text("system.queues"), Columns: []Column{{Label: c.look.Text("system.kind")}, {Label: c.look.Text("system.waits"), Numeric: true}, {Label: c.look.Text("system.failed"), Numeric: true}, {Label: c.look.Text("system.late")}}}
		for _, q := range queues {
			p.Queues.Rows = append(p.Queues.Rows, Row{ID: "queue-" + q.Kind, Cells: []Cell{{Text: c.jobName(q.Kind)}, {Text: c.look.number(q.Waits)}, {Text: c.look.number(q.Failed)}, {When: c.when(q.Oldest), Text: c.look.Text("system.on_time")}}})
		}
	}
	if len(failed) > 0 {
		all, err := c.Stores.List(ctx)
		if err != nil {
			return nil, err
		}
		names := map[int64]string{}
		for i := range all {
			names[all[i].ID] = all[i].Name
		}
		p.Failed = &Table{ID: "failed", Caption: c.look.Text("system.given_up"), Columns: []Column{{Label: c.look.Text("system.kind")}, {Label: c.look.Text("system.store")}, {Label: c.look.Text("hooks.delivery.attempts"), Numeric: true}, {Label: c.look.Text("system.when")}, {Label: c.look.Text("system.error")}, {Label: c.look.Text("actions"), Hidden: true}}}
		for _, j := range failed {
			id := strconv.FormatInt(j.ID, 10)
			p.Failed.Rows = append(p.Failed.Rows, Row{ID: "job-" + id, Cells: []Cell{
				{Text: c.jobName(j.Kind)}, {Text: names[j.StoreID]}, {Text: c.look.number(j.Attempts)}, {When: c.when(j.At)}, {Text: short(j.Error, 200)},
				{Post: &Button{Label: c.look.Text("system.retry"), Action: Base + "/system/retry", Fields: []html.Option{{Label: "store", Value: strconv.FormatInt(j.StoreID, 10)}, {Label: "job", Value: id}}, About: c.jobName(j.Kind)}},
			}})
		}
	}
	p.Measures = &Table{ID: "measures", Caption: c.look.Text("system.measures"), Columns: []Column{{Label: c.look.Text("system.measure")}, {Label: c.look.Text("system.value"), Numeric: true}}}
	for _, m := range measured {
		p.Measures.Rows = append(p.Measures.Rows, Row{ID: m.Name, Cells: []Cell{{Text: m.Help, Sub: m.Name}, {Text: c.measured(m.Value)}}})
	}
	return p, nil
}

// engines are what people call the engines of databases.
var engines = map[sqldb.Engine]string{sqldb.SQLite: "SQLite", sqldb.Postgres: "PostgreSQL"}

// processTable lists the processes that use the database; nil for none.
func (c *call) processTable() (*Table, error) {
	all, err := c.Installation.Processes.List(c.R.Context())
	if err != nil || len(all) == 0 {
		return nil, err
	}
	t := &Table{ID: "processes", Caption: c.look.Text("system.processes"), Columns: []Column{{Label: c.look.Text("system.process")}, {Label: c.look.Text("system.version")}, {Label: c.look.Text("system.engine")}, {Label: c.look.Text("system.started")}, {Label: c.look.Text("system.seen")}, {Label: c.look.Text("system.state")}}}
	for i := range all {
		p := &all[i]
		state := Lozenge{"success", c.look.Text("system.process.runs")}
		switch {
		case p.ID == c.Installation.Processes.ID():
			state = Lozenge{"info", c.look.Text("system.process.this")}
		case p.Late(c.visits.System.Now()):
			state = Lozenge{"warning", c.look.Text("system.process.late")}
		}
		t.Rows = append(t.Rows, Row{ID: "process-" + p.ID, Cells: []Cell{{Text: p.ID, Sub: p.Host}, {Text: p.Version}, {Text: engines[p.Engine]}, {When: c.when(p.Started)}, {When: c.when(p.Seen)}, {Lozenges: []Lozenge{state}}}})
	}
	return t, nil
}

// jobName is what a kind of jobs is called.
func (c *call) jobName(kind string) string { return c.known("system.job.", kind) }

// measured writes a figure without needless decimals.
func (c *call) measured(v float64) string {
	if v == float64(int64(v)) {
		return c.look.number(int64(v))
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

func (c *call) systemPage() error {
	p, err := c.systemView()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) retryJob() error {
	storeID, bad := strconv.ParseInt(c.form.Get("store"), 10, 64)
	id, worse := strconv.ParseInt(c.form.Get("job"), 10, 64)
	if bad != nil || worse != nil {
		return errBad
	}
	if err := c.Installation.Jobs.Retry(c.R.Context(), storeID, id); err != nil {
		return err
	}
	return c.done(Base+"/system", "job_retried")
}

func (c *call) testMail() error {
	err := c.Installation.TestMail(c.R.Context(), c.staff.Email, c.look.Text("system.mail.subject"), c.look.Text("system.mail.text"))
	if err == nil {
		return c.done(Base+"/system", "mail_tested", c.staff.Email)
	}
	p, other := c.systemView()
	if other != nil {
		return other
	}
	p.Note = &Message{Kind: "error", Title: c.look.Text("system.mail.bad"), Text: short(err.Error(), 300)}
	return c.show(http.StatusOK, p)
}
