package clientele

import (
	"strconv"
	"time"

	"clientele/internal/auth"
	"clientele/internal/figure"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
	v3 "clientele/internal/rest/v3"
)

func (s *Surface) figureRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/figures", Need: auth.ReadCustomers, List: figure.List, Handle: v3.Get(daysAsked, s.figuresOf, v3.One(appendFigures))},
	}
}

func daysAsked(c *rest.Call) (int, error) {
	q, err := c.List().Parse(c.R.URL.RawQuery)
	if err != nil {
		return 0, err
	}
	return figure.DaysOf(q)
}

func (s *Surface) figuresOf(c *rest.Call, days int) (*figure.Period, error) {
	return s.Figures.Period(c.Ctx(), c.StoreID(), days)
}

func appendFigures(b []byte, p *figure.Period) []byte {
	b = append(b, '[')
	for i := range p.Series[0].Days {
		b = append(separate(b, i), `{"date":"`...)
		b = append(figure.Day(p.First+int64(i)).AppendFormat(b, time.DateOnly), '"')
		for j := range p.Series {
			s := &p.Series[j]
			b = append(jsonx.AppendString(append(b, ','), s.Kind.String()), ':')
			b = strconv.AppendInt(b, s.Days[i], 10)
		}
		b = append(b, '}')
	}
	return append(b, ']')
}
