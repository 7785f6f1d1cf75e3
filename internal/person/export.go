package person

import (
	"archive/zip"
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	_ "embed"

	"clientele/internal/history"
	"clientele/internal/jsonx"
	"clientele/internal/personal"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Archive is what a store keeps of a person, ready to be written.
type Archive struct {
	s      *Service
	store  *store.Store
	who    *personal.Who
	counts []Count
	made   int64
}

// Export looks for what a store keeps of a person, and records that it is asked
// for. It is NotFound where that is nothing.
func (s *Service) Export(ctx context.Context, st *store.Store, in Ask) (*Archive, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	w, err := s.find(ctx, st.ID, in.Email)
	if err != nil {
		return nil, err
	}
	counts, err := s.counts(ctx, st.ID, w)
	if err != nil {
		return nil, err
	}
	if len(counts) == 0 {
		return nil, errNobody
	}
	now := s.sys.Now()
	if err := s.db.Write(ctx, st.ID, func(tx *sqldb.Tx) error {
		if err := history.Enter(tx, now, entry(tx, history.Exported, history.Person, 0, w.Hash, rows(counts), in.Reason)); err != nil {
			return err
		}
		return s.answered(tx, ForExport, w.Hash, 0, now)
	}); err != nil {
		return nil, err
	}
	return &Archive{s, st, w, s.andEntry(counts), now}, nil
}

// andEntry counts the entry of an export, which it tells of as well.
func (s *Service) andEntry(counts []Count) []Count {
	i := 0
	for k := range s.parts {
		p := &s.parts[k]
		here := i < len(counts) && counts[i].Table == p.Table
		switch {
		case p.Table != history.TableName:
		case here:
			counts[i].Rows++
		default:
			counts, here = slices.Insert(counts, i, Count{p.Table, 1, becoming(p)}), true
		}
		if here {
			i++
		}
	}
	return counts
}

// Name is what the archive's file may be called.
func (a *Archive) Name() string {
	return "person-" + a.store.Hash + "-" + time.Unix(a.made, 0).UTC().Format("20060102-150405") + ".zip"
}

// Write writes the archive: data.json, for programs, and index.html, to be read
// and printed. It holds a few rows in memory at a time. An error leaves a ZIP
// file without its end, which nothing opens.
func (a *Archive) Write(ctx context.Context, to io.Writer) error {
	z := zip.NewWriter(to)
	for _, file := range []struct {
		name  string
		write func(context.Context, *bufio.Writer) error
	}{{"data.json", a.writeJSON}, {"index.html", a.writePage}} {
		f, err := z.CreateHeader(&zip.FileHeader{Name: file.name, Method: zip.Deflate, Modified: time.Unix(a.made, 0).UTC()})
		if err != nil {
			return err
		}
		b := bufio.NewWriterSize(f, 32<<10)
		if err := file.write(ctx, b); err != nil {
			return err
		}
		if err := b.Flush(); err != nil {
			return err
		}
	}
	return z.Close()
}

// parts calls each for the parts that hold something.
func (a *Archive) parts(each func(i int, p *personal.Part, n int64) error) error {
	i := 0
	for k := range a.s.parts {
		p := &a.s.parts[k]
		if i == len(a.counts) || a.counts[i].Table != p.Table {
			continue
		}
		if err := each(i, p, a.counts[i].Rows); err != nil {
			return err
		}
		i++
	}
	return nil
}

func (a *Archive) writeJSON(ctx context.Context, w *bufio.Writer) error {
	head := jsonx.AppendString([]byte(`{"store":{"hash":`), a.store.Hash)
	head = jsonx.AppendString(append(head, `,"name":`...), a.store.Name)
	head = jsonx.AppendString(append(head, `},"email":`...), a.who.Email)
	head = append(append(head, `,"exported_at":`...), personal.TimeOrNull(a.made)...)
	head = jsonx.AppendInts(append(head, `,"customer_ids":`...), a.who.Customers)
	head = jsonx.AppendInts(append(head, `,"subscriber_ids":`...), a.who.Subscribers)
	head = append(head, `,"tables":{`...)
	if _, err := w.Write(head); err != nil {
		return err
	}
	if err := a.parts(func(i int, p *personal.Part, _ int64) error {
		start := "\n"
		if i > 0 {
			start = "],\n"
		}
		if _, err := w.WriteString(start + personal.TextJSON(p.Table) + ":["); err != nil {
			return err
		}
		first := true
		return a.s.read(ctx, a.store.ID, a.who, p, func(r *personal.Row) error {
			b := []byte("\n{")
			if !first {
				b = []byte(",\n{")
			}
			first = false
			for k, f := range r.Fields {
				if k > 0 {
					b = append(b, ',')
				}
				b = append(append(jsonx.AppendString(b, f.Name), ':'), f.JSON...)
			}
			_, err := w.Write(append(b, '}'))
			return err
		})
	}); err != nil {
		return err
	}
	_, err := w.WriteString("]}}\n")
	return err
}

//go:embed page.html
var pageText string

// page are the templates of the readable page. It has no script and loads
// nothing.
var page = template.Must(template.New("page").Parse(pageText))

type chapter struct {
	ID, Title string
	Rows      int64
}

func (a *Archive) writePage(ctx context.Context, w *bufio.Writer) error {
	chapters := make([]chapter, 0, len(a.counts))
	if err := a.parts(func(_ int, p *personal.Part, n int64) error {
		chapters = append(chapters, chapter{p.Table, p.Title, n})
		return nil
	}); err != nil {
		return err
	}
	if err := page.ExecuteTemplate(w, "head", map[string]any{
		"Store": a.store.Name, "Email": a.who.Email, "Made": time.Unix(a.made, 0).UTC().Format("2 January 2006, 15:04 MST"), "Chapters": chapters,
	}); err != nil {
		return err
	}
	if err := a.parts(func(i int, p *personal.Part, _ int64) error {
		if err := page.ExecuteTemplate(w, "begin", chapters[i]); err != nil {
			return err
		}
		if err := a.s.read(ctx, a.store.ID, a.who, p, func(r *personal.Row) error {
			return page.ExecuteTemplate(w, "row", lines(r))
		}); err != nil {
			return err
		}
		return page.ExecuteTemplate(w, "end", nil)
	}); err != nil {
		return err
	}
	return page.ExecuteTemplate(w, "foot", nil)
}

// line is a value as people read it.
type line struct {
	Name, Text string
	Long       bool
}

// lines are those of a row that say something.
func lines(r *personal.Row) []line {
	out := make([]line, 0, len(r.Fields))
	for _, f := range r.Fields {
		text, long := readable(f.JSON)
		if text == "" {
			continue
		}
		name := strings.ReplaceAll(f.Name, "_", " ")
		out = append(out, line{strings.ToUpper(name[:1]) + name[1:], text, long})
	}
	return out
}

// readable returns a JSON text for people; empty for one that says nothing.
func readable(text string) (string, bool) {
	var v any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return text, true
	}
	switch v := v.(type) {
	case nil:
		return "", false
	case string:
		if t, err := time.Parse(time.RFC3339, v); err == nil {
			return t.UTC().Format("2 January 2006, 15:04:05 MST"), false
		}
		return v, strings.ContainsAny(v, "\n") || len(v) > 200
	case bool:
		if v {
			return "yes", false
		}
		return "no", false
	case json.Number:
		return v.String(), false
	case []any:
		if len(v) == 0 {
			return "", false
		}
	case map[string]any:
		if len(v) == 0 {
			return "", false
		}
	}
	var b strings.Builder
	tell(&b, v, 0)
	return strings.TrimRight(b.String(), "\n"), true
}

// tell writes a value that holds others, a line for each.
func tell(b *strings.Builder, v any, depth int) {
	indent := strings.Repeat("  ", depth)
	switch v := v.(type) {
	case map[string]any:
		for _, name := range sorted(v) {
			if nested(v[name]) {
				fmt.Fprintf(b, "%s%s:\n", indent, name)
				tell(b, v[name], depth+1)
			} else if text := plain(v[name]); text != "" {
				fmt.Fprintf(b, "%s%s: %s\n", indent, name, text)
			}
		}
	case []any:
		for i, e := range v {
			if nested(e) {
				if i > 0 {
					b.WriteByte('\n')
				}
				tell(b, e, depth)
			} else {
				fmt.Fprintf(b, "%s%s\n", indent, plain(e))
			}
		}
	default:
		fmt.Fprintf(b, "%s%s\n", indent, plain(v))
	}
}

func nested(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return len(v) > 0
	case []any:
		return len(v) > 0
	}
	return false
}

func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return v.String()
	}
	return ""
}

func sorted(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
