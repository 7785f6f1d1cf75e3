package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"clientele/internal/jsonx"
)

const (
	caseSegments = "segments"
	// ruleCount is how many segments have a rule while changes are measured.
	ruleCount = 50
	// ruleChanges is how many changes are waited for.
	ruleChanges = 200
	// buildWithin bounds the build of one rule.
	buildWithin = 10 * time.Minute
	// readyEach is how often it is asked whether a rule is built: seldom, as builds
	// give way to requests. askedAlone is how long pages are read without a build.
	readyEach  = 100 * time.Millisecond
	askedAlone = 5 * time.Second
)

// SegmentsRow is what segments with a rule take.
type SegmentsRow struct {
	members             int64         // of the large one
	built               time.Duration // how long its build took
	alone, beside       time.Duration // 99th percentile of a page before and while it was built
	changes             []time.Duration
	before, after       []float64 // creates a second without and with rules
	indexed, unindexed  time.Duration
	counted, unfinished bool // the second preview counted all; the first one did not
}

// Late is the 99th percentile of the time from the answer to a change until the
// segment shows it.
func (r *SegmentsRow) Late() time.Duration { return r.changes[(len(r.changes)-1)*99/100] }

// Creates is what creates keep of their speed beside rules.
func (r *SegmentsRow) Creates() float64 { return median(r.after) / median(r.before) }

func (r *SegmentsRow) figures() []Figure {
	build := 20 * time.Second
	least := "all counted"
	if !r.counted {
		least = "at least so many"
	}
	return []Figure{
		figureOf("From a change of a customer until a segment has it, median and 99th percentile", "99th ≤ 1 s "+met(r.Late() <= time.Second), inMillis(r.changes[len(r.changes)/2]).less(), inMillis(r.Late()).less()),
		figureOf(fmt.Sprintf("Creates beside %d rules, of those without", ruleCount), target(r.Creates(), 0.8), amount(unitRatio, r.Creates()).more(), amount(unitRate, r.after...), amount(unitRate, r.before...)).as("%s (%s and %s a second)"),
		figureOf("Preview of a rule with an index", "≤ 100 ms "+met(!r.unfinished && r.indexed <= 100*time.Millisecond), inMillis(r.indexed).less()),
		figureOf("Preview of a rule without one ("+least+")", "≤ 2 s "+met(r.unindexed <= 2*time.Second+200*time.Millisecond), inMillis(r.unindexed).less()),
		figureOf(fmt.Sprintf("Build of a rule that finds %s", quantity(r.members, "customers")), "≤ 20 s for 200,000 "+met(r.built <= build), inMillis(r.built).less()),
		figureOf("99th percentile of a page beside the build, of that alone", "≤ 2 "+met(r.beside <= 2*r.alone), amount(unitRatio, float64(r.beside)/float64(r.alone)).less(), inMillis(r.beside), inMillis(r.alone)).as("%s (%s and %s)"),
	}
}

// ruleText returns the rule of a segment by its number. The first is about one
// customer, the last about a quarter of all.
func ruleText(n int) string {
	switch {
	case n == 0:
		return `company = 'Watched'`
	case n == ruleCount-1:
		return `attribute['Tier'] = 'Gold'`
	}
	name := lastNames[n%len(lastNames)]
	return []string{
		`last_name = '` + name + `' AND date_created >= '2020-09-14'`,
		`address(country = 'US' AND city STARTS WITH '` + places[n%len(places)].city[:3] + `') AND first_name = '` + firstNames[n%len(firstNames)] + `'`,
		`store_credit > ` + fmt.Sprint(n) + ` AND consent CONTAINS 'marketing_newsletter'`,
		`company CONTAINS '` + name + `' AND NOT (email ENDS WITH '@spam.test')`,
		`date_created >= -90d AND attribute['Tier'] IN ('Gold','Silver')`,
	}[n%5]
}

// ruler speaks to the segments of a server.
type ruler struct {
	*bencher
	addr string
	c    *caller
	ids  []string // of segments
}

// send sends a request of the store, which is to be answered with a status, and
// reads the answer into out, unless that is nil.
func (r *ruler) send(status int, method, path string, body []byte, out any) error {
	var kept bytes.Buffer
	err := r.c.do(func(b []byte) []byte {
		b = fmt.Appendf(b, "%s /stores/%s/v3%s HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: %s\r\nAccept: application/json\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
			method, storeHash, path, accessToken, len(body))
		return append(b, body...)
	}, status, &kept)
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(kept.Bytes(), &struct{ Data any }{out})
}

// segments measures segments with a rule, in a database of its own.
func (b *bencher) segments(ctx context.Context, d data) (_ *SegmentsRow, err error) {
	server, end, err := b.opened(ctx, d, caseSegments)
	if err != nil {
		return nil, err
	}
	defer end(&err)
	c, err := dial(ctx, server.addr)
	if err != nil {
		return nil, err
	}
	defer c.conn.Close()
	r := &ruler{bencher: b, addr: server.addr, c: c}
	row := &SegmentsRow{}
	if row.before, err = r.creates(ctx, server); err != nil {
		return nil, err
	}
	if err := r.previews(row); err != nil {
		return nil, err
	}
	if err := r.make(ctx); err != nil {
		return nil, err
	}
	if err := r.large(ctx, row); err != nil {
		return nil, err
	}
	if err := r.change(ctx, row); err != nil {
		return nil, err
	}
	if row.after, err = r.creates(ctx, server); err != nil {
		return nil, err
	}
	for _, f := range row.figures() {
		b.say("%-11s %s", caseSegments, f)
	}
	return row, nil
}

func (r *ruler) creates(ctx context.Context, server *child) (out []float64, err error) {
	for run := range r.Runs {
		p, err := r.serverRate(ctx, caseNamed(caseCreate), r.side(server), run)
		if err != nil {
			return nil, err
		}
		out = append(out, p.rate)
	}
	return out, nil
}

func (r *ruler) preview(text string) (took time.Duration, complete bool, err error) {
	var out struct{ Complete bool }
	start := time.Now()
	err = r.send(200, "POST", "/clientele/segments/preview", appendRuleBody(nil, text), &out)
	return time.Since(start), out.Complete, err
}

func (r *ruler) previews(row *SegmentsRow) (err error) {
	complete := false
	if row.indexed, complete, err = r.preview(`email = '` + anEmail + `'`); err != nil {
		return err
	}
	row.unfinished = !complete
	row.unindexed, row.counted, err = r.preview(`notes CONTAINS 'nobody'`)
	return err
}

func appendRuleBody(b []byte, text string) []byte {
	return append(jsonx.AppendString(append(b, `{"rule":`...), text), '}')
}

// make makes segments, all but the last with a rule that is built.
func (r *ruler) make(ctx context.Context) error {
	for from := 0; from < ruleCount; from += 10 {
		body := []byte{'['}
		for n := from; n < min(from+10, ruleCount); n++ {
			if n > from {
				body = append(body, ',')
			}
			body = fmt.Appendf(body, `{"name":"Rule %d"}`, n)
		}
		var made []struct{ ID string }
		if err := r.send(201, "POST", "/segments", append(body, ']'), &made); err != nil {
			return err
		}
		for _, s := range made {
			r.ids = append(r.ids, s.ID)
		}
	}
	for n := range ruleCount - 1 {
		if err := r.put(n); err != nil {
			return err
		}
	}
	for n := range ruleCount - 1 {
		if err := r.ready(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

func (r *ruler) put(n int) error {
	return r.send(200, "PUT", "/clientele/segments/"+r.ids[n]+"/rule", appendRuleBody(nil, ruleText(n)), nil)
}

// ready waits until a rule is built.
func (r *ruler) ready(ctx context.Context, n int) error {
	for end := time.Now().Add(buildWithin); time.Now().Before(end); time.Sleep(readyEach) {
		var out struct{ State string }
		if err := r.send(200, "GET", "/clientele/segments/"+r.ids[n]+"/rule", nil, &out); err != nil || out.State == "ready" {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return fmt.Errorf("rule %q is not built within %s", ruleText(n), buildWithin)
}

// large builds the last rule while somebody reads pages.
func (r *ruler) large(ctx context.Context, row *SegmentsRow) error {
	pages := func(until context.Context) (time.Duration, error) {
		waits, err := r.watch(until, r.addr, caseNamed(casePage).toServer(r.gen(r.Customers, 0, 0)))
		slices.Sort(waits)
		if err != nil || len(waits) == 0 {
			return 0, err
		}
		return waits[(len(waits)-1)*99/100], nil
	}
	asking, stop := context.WithTimeout(ctx, max(r.Duration, askedAlone))
	defer stop()
	var err error
	if row.alone, err = pages(asking); err != nil {
		return err
	}
	asking, stop = context.WithCancel(ctx)
	defer stop()
	read := make(chan error, 1)
	go func() {
		var err error
		row.beside, err = pages(asking)
		read <- err
	}()
	start := time.Now()
	if err = r.put(ruleCount - 1); err == nil {
		err = r.ready(ctx, ruleCount-1)
	}
	row.built = time.Since(start)
	stop()
	if watched := <-read; err == nil {
		err = watched
	}
	if err != nil {
		return err
	}
	for i := int64(1); i <= r.Customers; i++ {
		if tier(i) == "Gold" {
			row.members++
		}
	}
	return nil
}

// change has one customer enter the first segment and leave it, again and again.
func (r *ruler) change(ctx context.Context, row *SegmentsRow) error {
	const who = 5
	for n := range ruleChanges {
		company, in := "Watched", n%2 == 0
		if !in {
			company = ""
		}
		if err := r.send(200, "PUT", "/customers", fmt.Appendf(nil, `[{"id":%d,"company":%q}]`, who, company), nil); err != nil {
			return err
		}
		start := time.Now()
		for {
			var out []struct {
				Segments []string `json:"segment_ids"`
			}
			if err := r.send(200, "GET", fmt.Sprintf("/customers?id:in=%d&include=segment_ids", who), nil, &out); err != nil {
				return err
			}
			took := time.Since(start)
			if len(out) == 1 && slices.ContainsFunc(out[0].Segments, func(id string) bool { return strings.EqualFold(id, r.ids[0]) }) == in {
				row.changes = append(row.changes, took)
				break
			}
			if err := ctx.Err(); err != nil || took > time.Minute {
				return fmt.Errorf("change %d is not in the segment after %s: %w", n, took, err)
			}
			time.Sleep(time.Millisecond)
		}
	}
	slices.Sort(row.changes)
	return nil
}
