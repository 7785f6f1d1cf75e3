package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Rates depend on what else the machine does. What a request costs hardly does:
// the processor time of the server and of the database, the statements that it
// runs and what it allocates.

// side is what answers: one process or several, and the store or stores that
// they have, each with as many customers.
type side struct {
	servers   []*child
	customers int64
	stores    int
}

func (s *side) addrs() []string {
	out := make([]string, len(s.servers))
	for i, c := range s.servers {
		out[i] = c.addr
	}
	return out
}

func (s *side) cpu() (sum time.Duration) {
	for _, c := range s.servers {
		sum += c.cpu()
	}
	return sum
}

// sample is what was counted up to a moment.
type sample struct {
	server, database        time.Duration
	statements, allocations float64
}

// cost is what one request takes; the times are in microseconds.
type cost struct{ server, database, statements, allocations float64 }

// The metrics of the server that tell what it does.
const (
	metricStatements  = "clientele_database_statements_total"
	metricAllocations = "go_memstats_mallocs_total"
)

// scrape returns metrics of a server, with labels the sum over them.
func scrape(ctx context.Context, addr string, names ...string) (map[string]float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	client := http.Client{Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	out := map[string]float64{}
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		line := lines.Text()
		name, _, _ := strings.Cut(line, " ")
		name, _, _ = strings.Cut(name, "{")
		if !slices.Contains(names, name) {
			continue
		}
		value, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
		if err != nil {
			return nil, err
		}
		out[name] += value
	}
	return out, nil
}

// sample counts. Processes of the floor have no metrics.
func (b *bencher) sample(ctx context.Context, s *side, metrics bool) (out sample, err error) {
	out.server, out.database = s.cpu(), b.database()
	for _, c := range s.servers {
		if !metrics {
			break
		}
		m, err := scrape(ctx, c.addr, metricStatements, metricAllocations)
		if err != nil {
			return out, err
		}
		out.statements += m[metricStatements]
		out.allocations += m[metricAllocations]
		if m[metricAllocations] == 0 {
			return out, fmt.Errorf("the server has no metric %s", metricAllocations)
		}
	}
	return out, nil
}

// spent returns how fast something is done and what each costs. What counting
// itself costs is taken off.
func (b *bencher) spent(ctx context.Context, s *side, metrics bool, do func() (pace, error)) (pace, cost, error) {
	var at [4]sample
	var done pace
	for i := range at {
		var err error
		if i == 2 {
			if done, err = do(); err != nil {
				return done, cost{}, err
			}
		}
		if at[i], err = b.sample(ctx, s, metrics); err != nil {
			return done, cost{}, err
		}
	}
	// at[1] to at[2] has the work and one count, as at[0] to at[1] and at[2] to
	// at[3] have the count alone.
	if done.all == 0 {
		return done, cost{}, errors.New("nothing was done")
	}
	n := float64(done.all)
	each := func(of func(*sample) float64, counting float64) float64 {
		return max(0, of(&at[2])-of(&at[1])-counting) / n
	}
	allocations := func(s *sample) float64 { return s.allocations }
	return done, cost{
		server:      each(func(s *sample) float64 { return micros(s.server) }, 0),
		database:    each(func(s *sample) float64 { return micros(s.database) }, 0),
		statements:  each(func(s *sample) float64 { return s.statements }, 0),
		allocations: each(allocations, min(allocations(&at[1])-allocations(&at[0]), allocations(&at[3])-allocations(&at[2]))),
	}, nil
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
